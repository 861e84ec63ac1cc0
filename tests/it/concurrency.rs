//! Concurrent requests: neither the output nor the position of an error depends on the concurrency.

use std::collections::HashMap;
use std::num::{NonZeroI32, NonZeroUsize};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Barrier, Mutex};
use std::thread;
use std::time::Duration;

use amiusage::emulator::State;
use amiusage::entries::DescribeEntries;
use amiusage::listing::{Paginator, Request, ResumeToken};

use crate::support::{Act, Ends, Run, Server, offline, refusal, scripted, words};

/// Forty images of ten entries each, in an order other than the service's, as a file and its option.
struct Images {
    _directory: tempfile::TempDir,
    ids: Vec<String>,
    flag: String,
}

fn state() -> State {
    State::synthetic("images=40,entries=400".parse().unwrap())
}

fn images() -> Images {
    let run = Server::of(state()).words("entries --output csv").succeeds();
    let mut ids: Vec<String> = (run.stdout.lines().skip(1))
        .map(|line| line.split(',').nth(4).unwrap().to_owned())
        .collect();
    ids.dedup();
    ids.rotate_left(17);
    ids.reverse();
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("ids");
    std::fs::write(&path, ids.join("\n")).unwrap();
    Images {
        flag: format!("--image-ids @{}", path.display()),
        ids,
        _directory: directory,
    }
}

/// A server whose responses take 0 to 20 ms, in no order.
fn unsteady() -> Server {
    Server::new(state(), |number, reply| {
        thread::sleep(Duration::from_millis((number * 7919 % 21) as u64));
        Act::Reply(reply)
    })
}

#[test]
fn output_does_not_depend_on_the_concurrency() {
    let images = images();
    let line = |concurrency| {
        format!(
            "entries {} --page-size 4 --output csv --concurrency {concurrency}",
            images.flag
        )
    };
    let one = Server::of(state()).words(&line(1)).succeeds();
    assert_eq!(one.stdout.lines().count(), 401);
    let sorted = |server: &Server| {
        let mut requests = server.requests();
        requests.sort_unstable();
        requests
    };
    let mut asked = None;
    for concurrency in [1, 2, 8, 64] {
        let server = unsteady();
        let run = server.words(&line(concurrency)).succeeds();
        assert_eq!(run.stdout, one.stdout, "{concurrency}");
        let requests = sorted(&server);
        assert_eq!(asked.get_or_insert(requests.clone()), &requests);
    }
}

#[test]
fn concurrency_limits_the_requests_in_flight() {
    let images = images();
    for concurrency in [1, 3, 8] {
        let (now, most) = (AtomicUsize::new(0), Arc::new(AtomicUsize::new(0)));
        let together = Barrier::new(concurrency);
        let seen = Arc::clone(&most);
        let server = Server::new(state(), move |number, reply| {
            seen.fetch_max(now.fetch_add(1, Relaxed) + 1, Relaxed);
            if number <= concurrency {
                // No response is sent before all of the first requests arrived.
                together.wait();
            }
            now.fetch_sub(1, Relaxed);
            Act::Reply(reply)
        });
        let line = format!(
            "entries {} --page-size 4 --concurrency {concurrency}",
            images.flag
        );
        server.words(&line).succeeds();
        assert_eq!(most.load(Relaxed), concurrency);
        // More than a hundred requests reuse the connections.
        let connections = server.connections();
        assert!(connections <= 2 * concurrency, "{connections}");
    }
    words("entries --offline --concurrency 0")
        .ends(252)
        .says("from 1 to 64");
    words("entries --offline --concurrency 65")
        .ends(252)
        .says("from 1 to 64");
}

/// Rows before the error are written, none after it, and the token resumes there.
#[test]
fn an_error_is_reported_after_the_rows_before_it() {
    let images = images();
    let line = format!("entries {} --page-size 4 --output ndjson", images.flag);
    let whole = Server::of(state()).words(&line).succeeds();
    // The batches have five images each.
    for (failing, delay) in [(3, 0), (3, 100), (7, 0)] {
        let image = images.ids[failing * 5].clone();
        let flag = images.flag.clone();
        let pages: Mutex<HashMap<String, usize>> = Mutex::default();
        let first = images.ids[0].clone();
        let server = Server::asked(state(), move |asked, reply| {
            let of = |image: &str| asked.form.contains(&format!("ImageId.1={image}"));
            if of(&first) {
                thread::sleep(Duration::from_millis(delay));
            }
            // The second page of this batch.
            let mut pages = pages.lock().unwrap();
            let page = pages.entry(flag.clone()).or_default();
            *page += usize::from(of(&image));
            match of(&image) && *page == 2 {
                true => Act::Reply(refusal(403, "UnauthorizedOperation", "No more.")),
                false => Act::Reply(reply),
            }
        });
        let run = server.words(&line).ends(254);
        let written = failing * 50 + 4;
        assert_eq!(run.stdout.lines().count(), written, "{run:#?}");
        let token = run.token().unwrap();
        let rest = Server::of(state())
            .words(&format!("{line} --starting-token {token}"))
            .succeeds();
        assert_eq!(run.stdout + &rest.stdout, whole.stdout);
    }
}

/// With a limit, as many pages are requested as without concurrency.
#[test]
fn a_limit_stops_prefetching() {
    let images = images();
    for (limit, requests) in [(1, 1), (8, 2), (9, 3), (50, 13), (51, 14)] {
        let server = unsteady();
        let line = format!("entries {} --page-size 4 --max-items {limit}", images.flag);
        server.words(&line).succeeds();
        assert_eq!(server.requests().len(), requests, "{limit}");
    }
}

/// Attempts are counted per request: concurrent requests do not change the number in a message.
#[test]
fn attempts_are_counted_per_request() {
    let images = images();
    let image = images.ids[0].clone();
    for status in [502, 0] {
        let image = image.clone();
        let server = Server::asked(state(), move |asked, reply| {
            if asked.form.contains(&format!("ImageId.1={image}")) {
                return match status {
                    0 => Act::Hang,
                    _ => Act::Reply(crate::support::reply(status, "<html>")),
                };
            }
            thread::sleep(Duration::from_millis(20));
            Act::Reply(reply)
        });
        let line = format!("entries {} --page-size 1 --max-attempts 2", images.flag);
        let run: Run = server.words(&line).ends(255).silent();
        assert!(run.stderr.contains("2 attempts)"), "{run:#?}");
    }
}

/// With a slow reader, only a few pages are prefetched.
#[test]
fn a_slow_reader_limits_prefetching() {
    let requests = Arc::new(AtomicUsize::new(0));
    let seen = Arc::clone(&requests);
    let emulator = amiusage::emulator::Emulator::new(state());
    let client = scripted(move |form| {
        seen.fetch_add(1, Relaxed);
        emulator.respond(None, form)
    });
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let request = Request {
            page_size: NonZeroI32::new(4),
            ..Request::default()
        };
        let mut listing = Paginator::new(
            vec![offline(None, client).await],
            DescribeEntries(request),
            ResumeToken::default(),
            None,
            NonZeroUsize::new(8).unwrap(),
        )
        .unwrap();
        for page in 1..=20 {
            assert!(listing.next().await.unwrap().is_some());
            tokio::time::sleep(Duration::from_millis(20)).await;
            while requests.load(Relaxed) <= page {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            let ahead = requests.load(Relaxed) - page;
            assert!(ahead <= 4, "{ahead} ahead of page {page}");
        }
    });
}
