//! Limits and resume tokens: consecutive runs join to the complete output without repetition.

use std::num::{NonZeroI32, NonZeroU64, NonZeroUsize};
use std::slice::from_ref;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use amiusage::aws::Ec2;
use amiusage::emulator::{Emulator, State, in_memory_client};
use amiusage::entries::{DescribeEntries, Entry};
use amiusage::listing::{Paginator, Request, ResumeToken};
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use proptest::prelude::*;
use tokio::runtime::Runtime;

use crate::support::{
    Act, Ends, IMAGE, Run, Server, evenly, numbered, offline, page, refusal, scripted, words,
};

/// One of several runs that together read a listing.
#[derive(Clone, Debug)]
struct Step {
    limit: Option<NonZeroU64>,
    page_size: Option<NonZeroI32>,
    /// After this many pages the run stops, as with an error or an interruption.
    pages: Option<usize>,
}

/// Steps that each read something, except for empty pages.
fn steps(limit: u64, page_size: i32) -> impl Strategy<Value = Vec<Step>> {
    let limit = prop::option::of(1..=limit);
    let page_size = prop::option::weighted(0.9, 1..=page_size);
    let step =
        (limit, page_size, prop::option::of(1..4_usize)).prop_map(|(limit, page_size, pages)| {
            Step {
                limit: limit.and_then(NonZeroU64::new),
                page_size: page_size.and_then(NonZeroI32::new),
                pages,
            }
        });
    prop::collection::vec(step, 1..6)
}

const EIGHT: NonZeroUsize = NonZeroUsize::new(8).unwrap();

fn emulator(state: State) -> SharedHttpClient {
    in_memory_client(Arc::new(Emulator::new(state)))
}

/// The entries that one run reads from `start`, and where the next run resumes.
async fn read(
    clients: &[Ec2],
    request: Request,
    start: ResumeToken,
    step: &Step,
) -> (Vec<Entry>, Option<ResumeToken>) {
    let request = Request {
        page_size: step.page_size,
        ..request
    };
    let mut listing = Paginator::new(
        clients.to_vec(),
        DescribeEntries(request),
        start.clone(),
        step.limit,
        EIGHT,
    )
    .unwrap();
    let mut entries = Vec::new();
    let mut next = Some(start);
    let mut pages = 0;
    while let Some(page) = listing.next().await.unwrap() {
        if let Some(size) = step.page_size {
            assert!(page.items.len() <= size.get() as usize);
        }
        entries.extend(page.items);
        next = page.next;
        pages += 1;
        if step.pages == Some(pages) {
            break;
        }
    }
    if let Some(limit) = step.limit {
        assert!(entries.len() as u64 <= limit.get());
        // A run that was not stopped reads up to its limit.
        assert!(next.is_none() || step.pages == Some(pages) || entries.len() as u64 == limit.get());
    }
    (entries, next)
}

/// Reads a listing in several runs, by the steps in a cycle, with each token formatted and parsed in between.
async fn join(clients: &[Ec2], request: &Request, steps: &[Step]) -> Vec<Entry> {
    let mut entries = Vec::new();
    let mut start = ResumeToken::default();
    // A limit, so that a listing without progress ends too.
    for step in steps.iter().cycle().take(2000) {
        let (piece, next) = read(clients, request.clone(), start, step).await;
        entries.extend(piece);
        match next {
            Some(token) => start = ResumeToken::parse(&token.to_string()).unwrap(),
            None => break,
        }
    }
    entries
}

/// A client that responds to this many requests as in `region`, and rejects the others.
fn refusing_after(number: usize, region: &'static str, state: State) -> SharedHttpClient {
    let emulator = Emulator::new(state);
    let requests = AtomicUsize::new(0);
    scripted(move |form| match requests.fetch_add(1, Relaxed) {
        before if before < number => emulator.respond(Some(region), form),
        _ => refusal(403, "UnauthorizedOperation", "No more."),
    })
}

const WHOLE: Step = Step {
    limit: None,
    page_size: None,
    pages: None,
};

/// Generated images with at least one entry each, and their IDs.
async fn generated(images: usize, entries: usize) -> (Ec2, Vec<Entry>, Vec<String>) {
    let size = format!("images={images},entries={entries}");
    let ec2 = offline(None, emulator(State::synthetic(size.parse().unwrap()))).await;
    let (all, _) = read(
        from_ref(&ec2),
        Request::default(),
        ResumeToken::default(),
        &WHOLE,
    )
    .await;
    assert_eq!(all.len(), entries);
    let mut ids: Vec<_> = all
        .iter()
        .map(|entry| entry.image_id.clone().unwrap())
        .collect();
    ids.dedup();
    (ec2, all, ids)
}

fn wait<F: Future>(future: F) -> F::Output {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    let runtime: Runtime = builder.enable_all().build().unwrap();
    runtime.block_on(future)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(48) })]

    #[test]
    fn resumed_runs_of_one_batch_join(entries in 1..30_usize, steps in steps(9, 9)) {
        wait(async {
            let (ec2, all, _) = generated(1, entries).await;
            assert_eq!(join(from_ref(&ec2), &Request::default(), &steps).await, all);
        });
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(16) })]

    #[test]
    fn resumed_runs_of_several_batches_join(
        images in 195..420_usize,
        more in 0..40_usize,
        steps in steps(150, 90),
        turned in any::<bool>(),
    ) {
        wait(async {
            let (ec2, all, mut ids) = generated(images, images + more).await;
            if turned {
                ids.reverse();
            }
            // The order is that of the batches, and within each that of the service.
            let expected: Vec<Entry> = evenly(&ids)
                .flat_map(|batch| all.iter().filter(|entry| batch.contains(entry.image_id.as_ref().unwrap())))
                .cloned()
                .collect();
            let request = Request { image_ids: ids, ..Request::default() };
            assert_eq!(join(from_ref(&ec2), &request, &steps).await, expected);
        });
    }
}

/// Two Regions with the same images and different entries.
async fn two_regions(images: usize) -> ([Ec2; 2], Vec<Entry>, Vec<String>) {
    let mut clients = Vec::new();
    let mut all = Vec::new();
    let mut ids = Vec::new();
    for (region, more) in [("eu-west-1", 0), ("us-west-2", 30)] {
        let size = format!("images={images},entries={}", images + more);
        let answers = emulator(State::synthetic(size.parse().unwrap()));
        let ec2 = offline(Some(region), answers).await;
        let (entries, _) = read(
            from_ref(&ec2),
            Request::default(),
            ResumeToken::default(),
            &WHOLE,
        )
        .await;
        ids = entries
            .iter()
            .map(|entry| entry.image_id.clone().unwrap())
            .collect();
        ids.dedup();
        all.extend(entries);
        clients.push(ec2);
    }
    (clients.try_into().unwrap(), all, ids)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(24) })]

    #[test]
    fn resumed_runs_of_several_regions_join(
        images in 1..30_usize,
        steps in steps(20, 9),
        named in any::<bool>(),
    ) {
        wait(async {
            let (clients, all, ids) = two_regions(images).await;
            let image_ids = if named { ids } else { Vec::new() };
            let request = Request { image_ids, ..Request::default() };
            let joined = join(&clients, &request, &steps).await;
            // The images have the service's order, so that batches do not change it.
            assert_eq!(joined, all);
        });
    }
}

#[test]
fn a_failed_region_is_skipped_and_read_later() {
    wait(async {
        let (clients, all, ids) = two_regions(9).await;
        let [first, second] = &clients;
        for image_ids in [Vec::new(), ids] {
            let request = Request {
                image_ids,
                page_size: NonZeroI32::new(2),
                ..Request::default()
            };
            let question = DescribeEntries(request.clone());
            let refusing = offline(
                Some("eu-west-1"),
                refusing_after(
                    3,
                    "eu-west-1",
                    State::synthetic("images=9,entries=9".parse().unwrap()),
                ),
            )
            .await;
            let mut listing = Paginator::new(
                vec![refusing, second.clone()],
                question,
                ResumeToken::default(),
                None,
                EIGHT,
            )
            .unwrap();
            let mut entries: [Vec<Entry>; 2] = Default::default();
            let mut alone = None;
            loop {
                match listing.next().await {
                    Ok(Some(page)) => entries[page.client].extend(page.items),
                    Ok(None) => break,
                    Err(_) => {
                        assert_eq!((listing.client(), alone), (0, None));
                        alone = listing.client_resume_token();
                        listing.skip_client();
                        assert_eq!(listing.client(), 1);
                    }
                }
            }
            assert_eq!(listing.resume_token(), None);
            // The rest of the first Region, as in a run for it alone.
            let (rest, next) = read(from_ref(first), request, alone.unwrap(), &WHOLE).await;
            assert_eq!(next, None);
            assert!(!entries[0].is_empty() && !rest.is_empty());
            assert_eq!([&entries[0][..], &rest, &entries[1]].concat(), all);
        }
    });
}

#[test]
fn a_token_is_bound_to_its_regions() {
    wait(async {
        let (clients, ..) = two_regions(1).await;
        let [first, second] = clients.clone();
        let question = DescribeEntries(Request::default());
        let listing =
            |clients, start| Paginator::new(clients, question.clone(), start, None, EIGHT);
        let place = |clients| {
            listing(clients, ResumeToken::default())
                .unwrap()
                .resume_token()
                .unwrap()
        };
        let token = place(clients.to_vec());
        assert!(listing(clients.to_vec(), token.clone()).is_ok());
        for others in [
            vec![first.clone()],
            vec![second, first.clone()],
            vec![first; 2],
        ] {
            assert!(listing(others, token.clone()).is_err());
        }
        // The AWS CLI's tokens have no Region.
        let cli = ResumeToken {
            page: Some("opaque".to_owned()),
            ..ResumeToken::default()
        };
        assert!(listing(clients.to_vec(), cli).is_err());
    });
}

/// The output of consecutive runs, each with the token of the one before.
fn pieces(server: &Server, line: &str) -> Vec<Run> {
    let mut runs = vec![server.words(line).succeeds()];
    while let Some(token) = runs.last().unwrap().token() {
        assert!(runs.len() < 20, "there is no end to it: {runs:#?}");
        runs.push(
            server
                .words(&format!("{line} --starting-token {token}"))
                .succeeds(),
        );
    }
    runs
}

#[test]
fn limited_runs_join() {
    let server = Server::sample();
    let line = "entries --output ndjson";
    let whole = server.words(line).succeeds().stdout;
    for (flags, runs) in [
        ("--max-items 7", 3),
        ("--max-items 7 --page-size 2", 3),
        ("--max-items 4 --page-size 4", 6),
        ("--max-items 21 --page-size 7", 1),
    ] {
        let pieces = pieces(&server, &format!("{line} {flags}"));
        assert_eq!(pieces.len(), runs, "{flags}");
        let joined: String = pieces.iter().map(|run| run.stdout.as_str()).collect();
        assert_eq!(joined, whole, "{flags}");
    }
}

#[test]
fn a_limit_across_batches_resumes_in_the_batch() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("ids");
    let mut ids: Vec<_> = (0..400).map(|number| format!("ami-{number:08x}")).collect();
    ids.insert(10, IMAGE.to_owned());
    ids.push("ami-1a2b3c4d".to_owned());
    std::fs::write(&path, ids.join("\n")).unwrap();
    let server = Server::sample();
    let line = format!("entries --output ndjson --image-ids @{}", path.display());
    let runs = pieces(&server, &format!("{line} --max-items 2"));
    assert_eq!(
        runs.iter().map(Run::counts).collect::<Vec<_>>(),
        [vec![15, 4], vec![7, 2], vec![0]]
    );

    let token = runs[0].token().unwrap();
    let before = server.requests().len();
    server
        .words(&format!(
            "entries --image-ids {IMAGE} ami-1a2b3c4d --starting-token {token}"
        ))
        .ends(252)
        .silent()
        .says("--starting-token");
    std::fs::write(&path, ids[1..].join("\n")).unwrap();
    server
        .words(&format!("{line} --starting-token {token}"))
        .ends(252)
        .silent();
    assert_eq!(server.requests().len(), before);
}

/// The AWS CLI starts at 3 here: it skips on the first page only.
#[test]
fn resuming_with_smaller_pages_repeats_no_entry() {
    let server = Server::of(numbered(40));
    let run = server
        .words("entries --max-items 7 --page-size 10")
        .succeeds();
    assert_eq!(run.counts(), (0..7).collect::<Vec<_>>());
    let token = run.token().unwrap();
    let run = server
        .words(&format!(
            "entries --max-items 5 --page-size 3 --starting-token {token}"
        ))
        .succeeds();
    assert_eq!(run.counts(), (7..12).collect::<Vec<_>>());
}

#[test]
fn tokens_of_the_service_and_of_botocore_work() {
    let server = Server::of(numbered(20));
    let run = server
        .words("entries --no-paginate --page-size 5")
        .succeeds();
    let service = run.token().unwrap();
    for (token, first) in [
        (service.clone(), 5),
        (format!("{service}___3"), 8),
        ("None___3".to_owned(), 3),
        // {"NextToken": null, "boto_truncate_amount": 7}
        (
            "eyJOZXh0VG9rZW4iOiBudWxsLCAiYm90b190cnVuY2F0ZV9hbW91bnQiOiA3fQ==".to_owned(),
            7,
        ),
    ] {
        let run = server
            .words(&format!("entries --starting-token {token}"))
            .succeeds();
        assert_eq!(run.counts(), (first..20).collect::<Vec<_>>(), "{token}");
    }
}

#[test]
fn no_paginate_carries_the_remaining_skip() {
    let server = Server::of(numbered(9));
    let line = "entries --no-paginate --page-size 2 --starting-token";
    let run = server.words(&format!("{line} None___3")).succeeds();
    assert!(run.counts().is_empty());
    let run = server
        .words(&format!("{line} {}", run.token().unwrap()))
        .succeeds();
    assert_eq!(run.counts(), [3]);
}

#[test]
fn a_token_of_another_request_is_rejected_by_the_service() {
    let server = Server::sample();
    let run = server
        .words("entries --no-paginate --page-size 2")
        .succeeds();
    let token = run.token().unwrap();
    let other = format!("entries --image-ids {IMAGE} --starting-token {token}");
    server
        .words(&other)
        .ends(254)
        .silent()
        .says("InvalidNextToken");
}

#[test]
fn a_token_beyond_the_end_is_an_error() {
    let server = Server::of(numbered(5));
    server
        .words("entries --starting-token None___7")
        .ends(255)
        .says("2 rows")
        .says("hint: ");
    let run = server
        .words("entries --starting-token None___5")
        .succeeds()
        .says("note: ");
    assert!(run.counts().is_empty());
}

#[test]
fn a_repeated_token_is_an_error_with_a_resume_token() {
    let confused = Server::new(State::sample(), |number, _| {
        Act::Reply(match number {
            1 => page(0..3, Some("a")),
            _ => page(3..6, Some("a")),
        })
    });
    let line = "entries --output ndjson";
    let mut run = confused.words(line).ends(255).says("twice").says("hint: ");
    assert_eq!(confused.requests(), ["", "NextToken=a"]);

    let sane = Server::new(State::sample(), |number, _| {
        Act::Reply(match number {
            1 => page(3..6, Some("b")),
            _ => page(6..9, None),
        })
    });
    let token = run.token().unwrap();
    let rest = sane
        .words(&format!("{line} --starting-token {token}"))
        .succeeds();
    assert_eq!(sane.requests(), ["NextToken=a", "NextToken=b"]);
    run.stdout.push_str(&rest.stdout);
    assert_eq!(run.counts(), (0..9).collect::<Vec<_>>());
}

/// An error has a resume token, and the next run's output can be appended.
#[test]
fn failed_runs_resume_without_a_gap() {
    let line = "entries --page-size 4 --output";
    for output in ["ndjson", "csv", "tsv", "markdown", "text"] {
        let whole = Server::of(numbered(10))
            .words(&format!("{line} {output}"))
            .succeeds();
        for (fault, status) in [
            ("refusal", 254),
            ("unavailable", 254),
            ("reset", 255),
            ("short", 255),
            ("html", 255),
        ] {
            let server = Server::new(numbered(10), move |number, reply_| match (number, fault) {
                (1, _) => Act::Reply(reply_),
                (_, "refusal") => Act::Reply(refusal(403, "UnauthorizedOperation", "No more.")),
                (_, "unavailable") => Act::Reply(refusal(503, "Unavailable", "Later.")),
                (_, "reset") => Act::Hang,
                (_, "short") => {
                    let half = reply_.body.len() / 2;
                    Act::Cut(reply_, half)
                }
                _ => Act::Reply(crate::support::reply(502, "<html>")),
            });
            let run = server
                .words(&format!("{line} {output}"))
                .env("AWS_MAX_ATTEMPTS", "1")
                .ends(status)
                .says("stopped after 4 rows");
            assert_eq!(server.requests().len(), 2);
            let token = run.token().unwrap();
            let rest = Server::of(numbered(10))
                .words(&format!("{line} {output} --starting-token {token}"))
                .succeeds();
            assert_eq!(run.stdout + &rest.stdout, whole.stdout, "{output} {fault}");
        }
    }
}

#[test]
fn an_incomplete_json_document_does_not_parse() {
    let server = Server::new(numbered(10), |number, reply| match number {
        1 => Act::Reply(reply),
        _ => Act::Reply(refusal(403, "UnauthorizedOperation", "No more.")),
    });
    let run = server.words("entries --page-size 4").ends(254);
    assert!(serde_json::from_str::<serde_json::Value>(&run.stdout).is_err());
    assert!(run.token().is_some());
}

#[test]
fn a_failure_before_the_first_entry_has_no_token() {
    let run = words("entries --offline --image-ids bogus").ends(254);
    assert_eq!(run.token(), None);
    let server = Server::says(refusal(403, "UnauthorizedOperation", "No."));
    let run = server
        .words("entries --starting-token None___3")
        .ends(254)
        .silent();
    assert_eq!(run.token(), None);
}
