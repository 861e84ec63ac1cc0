//! Transport faults: the output is complete after retries, or an error says that it is not.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::num::{NonZeroI32, NonZeroUsize};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use amiusage::aws::RequestError;
use amiusage::emulator::{Emulator, Response, State};
use amiusage::entries::DescribeEntries;
use amiusage::listing::{ListError, Paginator, Request, ResumeToken};
use aws_smithy_runtime_api::client::http::SharedHttpClient;

use crate::support::{
    Act, Ends, Run, Server, amiusage, numbered, offline, page, refusal, reply, scripted,
};

const HTML: &str = "<!DOCTYPE html><html><body>Log in to go on<br></body></html>";

/// A successful response with this body.
fn success(body: impl Into<String>) -> Act {
    Act::Reply(reply(200, &body.into()))
}

/// A response truncated before its token, or in the middle without one, that claims to be complete.
fn half(reply: Response) -> Act {
    let end = reply
        .body
        .find("<nextToken>")
        .unwrap_or(reply.body.len() / 2);
    success(&reply.body[..end])
}

/// Of 40 entries in pages of 10, the second page has a fault. Each row: the fault, and how often it occurs.
#[test]
fn transient_faults_do_not_affect_the_output() {
    type Fault = fn(Response) -> Act;
    let faults: [(&str, Fault, usize); 13] = [
        (
            "503",
            |_| Act::Reply(refusal(503, "RequestLimitExceeded", "Slower.")),
            1,
        ),
        (
            "500 twice",
            |_| Act::Reply(refusal(500, "InternalError", "Oh.")),
            2,
        ),
        ("502 of a proxy", |_| Act::Reply(reply(502, HTML)), 1),
        ("503 and nothing", |_| Act::Reply(reply(503, "")), 1),
        ("closed without a word", |_| Act::Hang, 1),
        (
            "a body shorter than its length",
            |reply| Act::Cut(reply, 700),
            1,
        ),
        ("an HTML page", |_| success(HTML), 1),
        ("an empty body", |_| success(""), 1),
        ("JSON", |_| success("{}"), 1),
        ("cut before the token", half, 1),
        ("cut before the token twice", half, 2),
        (
            "another action's answer",
            |reply| success(reply.body.replace("Entries", "s")),
            1,
        ),
        ("another root", |_| success("<Response></Response>"), 1),
    ];
    let whole = Server::of(numbered(40))
        .words("entries --page-size 10 --output ndjson")
        .succeeds();
    thread::scope(|scope| {
        for (name, fault, times) in faults {
            let whole = &whole;
            scope.spawn(move || {
                let server = Server::new(numbered(40), move |number, reply| match number {
                    n if (2..2 + times).contains(&n) => fault(reply),
                    _ => Act::Reply(reply),
                });
                let run = server
                    .words("entries --page-size 10 --output ndjson")
                    .succeeds();
                assert_eq!(run.stdout, whole.stdout, "{name}");
                assert_eq!(server.requests().len(), 4 + times, "{name}");
            });
        }
    });
}

/// The same, but permanently: an error follows the rows before it, and its token resumes exactly.
#[test]
fn persistent_faults_are_reported_with_a_resume_token() {
    type Fault = fn(Response) -> Act;
    let faults: [(&str, Fault, i32); 8] = [
        (
            "RequestLimitExceeded",
            |_| Act::Reply(refusal(503, "RequestLimitExceeded", "Slower.")),
            254,
        ),
        (
            "an HTML page (status 502, 2 attempts)",
            |_| Act::Reply(reply(502, HTML)),
            255,
        ),
        (
            "an empty body (status 503, 2 attempts)",
            |_| Act::Reply(reply(503, "")),
            255,
        ),
        (
            "the connection broke in the middle of the response",
            |reply| Act::Cut(reply, 700),
            255,
        ),
        (
            "an HTML page (status 200, 2 attempts)",
            |_| success(HTML),
            255,
        ),
        (
            "an empty body (status 200, 2 attempts)",
            |_| success(""),
            255,
        ),
        ("truncated XML (status 200, 2 attempts)", half, 255),
        (
            "unexpected root element `Response` (status 200",
            |_| success("<Response/>"),
            255,
        ),
    ];
    let healthy = Server::of(numbered(40));
    let line = "entries --page-size 10 --output ndjson";
    let whole = healthy.words(line).succeeds();
    thread::scope(|scope| {
        for (words, fault, status) in faults {
            let (whole, healthy) = (&whole, &healthy);
            scope.spawn(move || {
                let server = Server::new(numbered(40), move |number, reply| match number {
                    1 => Act::Reply(reply),
                    _ => fault(reply),
                });
                let run = server
                    .words(&format!("{line} --max-attempts 2"))
                    .ends(status)
                    .says(words);
                assert_eq!(server.requests().len(), 3, "{words}");
                assert_eq!(run.counts(), (0..10).collect::<Vec<_>>(), "{words}");
                let token = run.token().unwrap();
                let rest = healthy
                    .words(&format!("{line} --starting-token {token}"))
                    .succeeds();
                assert_eq!(run.stdout + &rest.stdout, whole.stdout, "{words}");
            });
        }
    });
}

/// Error responses are left to the SDK: their code says more than that they are truncated.
#[test]
fn a_truncated_error_response_keeps_its_code() {
    let body = "<Response><Errors><Error><Code>AuthFailure</Code><Message>No";
    let server = Server::says(reply(401, body));
    server.words("entries").ends(254).says("AuthFailure");
    assert_eq!(server.requests().len(), 1);
}

/// The result of a listing.
struct Outcome {
    entries: usize,
    next: Option<ResumeToken>,
    error: Option<ListError>,
}

/// Reads in pages of 3, to the end or to the error.
async fn read(client: SharedHttpClient) -> Outcome {
    let ec2 = offline(None, client).await;
    let request = Request {
        page_size: NonZeroI32::new(3),
        ..Request::default()
    };
    let mut entries = 0;
    let mut next = Some(ResumeToken::default());
    let mut listing = Paginator::new(
        vec![ec2],
        DescribeEntries(request),
        ResumeToken::default(),
        None,
        NonZeroUsize::MIN,
    )
    .unwrap();
    let error = loop {
        match listing.next().await {
            Ok(Some(page)) => {
                entries += page.items.len();
                next = page.next;
            }
            Ok(None) => break None,
            Err(error) => break Some(error),
        }
    };
    Outcome {
        entries,
        next,
        error,
    }
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
        .block_on(future)
}

#[test]
fn a_page_truncated_at_any_byte_is_never_the_last_page() {
    let second = |form: &[u8]| form_urlencoded::parse(form).any(|(name, _)| name == "NextToken");
    // Once the second page is the last one, and once it has a token, without which it would look like the last one.
    for (last, number) in [(true, 5), (false, 8)] {
        let emulator = Emulator::new(numbered(number));
        let cut_at = Arc::new(Mutex::new(None));
        let length = Arc::new(Mutex::new(0));
        let (end, seen) = (Arc::clone(&cut_at), Arc::clone(&length));
        let client = scripted(move |form| {
            let mut reply = emulator.respond(None, form);
            match *end.lock().unwrap() {
                Some(end) if second(form) => {
                    *seen.lock().unwrap() = reply.body.len();
                    assert_eq!(reply.body.contains("<nextToken>"), !last);
                    reply.body.truncate(end);
                }
                _ => {}
            }
            reply
        });
        block_on(async {
            let whole = read(client.clone()).await;
            assert_eq!((whole.entries as u64, whole.next), (number, None));
            assert!(whole.error.is_none());

            let mut end = 0;
            while end == 0 || end < *length.lock().unwrap() {
                *cut_at.lock().unwrap() = Some(end);
                let cut = read(client.clone()).await;
                let error = cut
                    .error
                    .unwrap_or_else(|| panic!("{end}: a short success"));
                assert!(
                    matches!(
                        error,
                        ListError::RequestError(RequestError::Response { .. })
                    ),
                    "{end}: {error:?}"
                );
                assert_eq!(cut.entries, 3, "{end}");
                assert!(cut.next.is_some_and(|token| token.page.is_some()), "{end}");
                end += 1;
            }
            assert!(end > 500, "only {end} bytes");
        });
    }
}

#[test]
fn token_cycles_are_errors_and_empty_pages_are_not() {
    let token = |form: &[u8]| {
        form_urlencoded::parse(form)
            .find(|(name, _)| name == "NextToken")
            .map_or(0, |(_, token)| token.parse::<usize>().unwrap())
    };
    for length in [1, 2, 5] {
        // Pages 1, 2, 3, … each of one entry; after page 3 + length the token of page 3 is repeated.
        let client = scripted(move |form| {
            let number = token(form);
            let next = if number == 2 + length { 3 } else { number + 1 };
            page(number as u64..number as u64 + 1, Some(&next.to_string()))
        });
        let Outcome {
            entries,
            next,
            error,
        } = block_on(read(client));
        let error = error.unwrap();
        assert!(
            matches!(&error, ListError::RepeatedToken(token) if token == "3"),
            "{error:?}"
        );
        assert!(error.to_string().contains("\"3\""));
        // Every entry before the repeated token, and none twice.
        assert_eq!(entries, 3 + length);
        let next = next.unwrap();
        assert_eq!(next.page, Some((2 + length).to_string()));
        assert_eq!(next.skip, 1);
    }

    let client = scripted(move |form| match token(form) {
        number @ 0..6 => page(
            0..u64::from(number % 3 == 2),
            Some(&(number + 1).to_string()),
        ),
        _ => page(0..1, None),
    });
    let outcome = block_on(read(client));
    assert_eq!((outcome.entries, outcome.next), (3, None));
    assert!(outcome.error.is_none());
}

#[test]
fn a_repeated_token_has_a_working_resume_token() {
    let first = Mutex::new(String::new());
    let server = Server::new(numbered(40), move |number, mut reply| {
        let token = |body: &str| {
            let (_, rest) = body.split_once("<nextToken>").unwrap();
            rest.split_once('<').unwrap().0.to_owned()
        };
        match number {
            1 => *first.lock().unwrap() = token(&reply.body),
            2 => {
                reply.body = reply
                    .body
                    .replace(&token(&reply.body), &first.lock().unwrap())
            }
            _ => {}
        }
        Act::Reply(reply)
    });
    let line = "entries --page-size 10 --output ndjson";
    let run = server.words(line).ends(255).says("returned the page token");
    assert_eq!(run.counts(), (0..20).collect::<Vec<_>>());
    let rest = server
        .words(&format!("{line} --starting-token {}", run.token().unwrap()))
        .succeeds();
    assert_eq!(rest.counts(), (20..40).collect::<Vec<_>>());
}

#[test]
fn an_empty_page_is_not_the_last_page() {
    let server = Server::new(numbered(40), |number, mut reply| {
        if number == 2 {
            let (start, rest) = reply.body.split_once("<item>").unwrap();
            let (_, end) = rest.rsplit_once("</item>").unwrap();
            reply.body = format!("{start}{end}");
        }
        Act::Reply(reply)
    });
    let run = server
        .words("entries --page-size 10 --output ndjson")
        .succeeds();
    assert_eq!(run.counts(), (0..10).chain(20..40).collect::<Vec<_>>());
}

/// The URL of a server that handles each connection by `act`.
fn raw(serve: impl Fn(TcpStream) + Send + Sync + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let serve = Arc::new(serve);
    thread::spawn(move || {
        for stream in listener.incoming() {
            let serve = Arc::clone(&serve);
            thread::spawn(move || serve(stream.unwrap()));
        }
    });
    url
}

fn times_out(url: &str, flags: &str, words: &str, flag: &str) -> Run {
    let began = Instant::now();
    let line = format!("entries --endpoint-url {url} --region us-east-1 {flags}");
    let run = amiusage(line.split_whitespace())
        .env("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE")
        .env("AWS_SECRET_ACCESS_KEY", "secret")
        .ends(255)
        .says(words)
        .says(flag);
    assert!(began.elapsed() < Duration::from_secs(45), "{run:#?}");
    run
}

const HEAD: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n";

fn wait(stream: &mut TcpStream) {
    let _ = stream.read(&mut [0; 65536]);
}

#[test]
fn a_silent_server_times_out() {
    let url = raw(|mut stream| {
        wait(&mut stream);
        thread::sleep(Duration::from_secs(60));
    });
    times_out(
        &url,
        "--read-timeout 0.3 --max-attempts 1",
        "no response within 300ms",
        "--read-timeout",
    );
    times_out(
        &url,
        "--cli-read-timeout 0.3 --max-attempts 2",
        "no response within 300ms (2 attempts)",
        "--read-timeout",
    );
}

#[test]
fn a_stalled_body_times_out() {
    for status in ["200 OK", "503 Slow Down"] {
        let url = raw(move |mut stream| {
            wait(&mut stream);
            let head = format!("HTTP/1.1 {status}\r\nContent-Length: 100000\r\n\r\n<Desc");
            stream.write_all(head.as_bytes()).unwrap();
            thread::sleep(Duration::from_secs(60));
        });
        times_out(
            &url,
            "--read-timeout 0.3 --max-attempts 1",
            "stalled after 5 bytes",
            "--read-timeout",
        );
    }
}

#[test]
fn a_slow_body_times_out() {
    let url = raw(|mut stream| {
        wait(&mut stream);
        stream.write_all(HEAD).unwrap();
        while stream.write_all(b"<").is_ok() {
            thread::sleep(Duration::from_millis(50));
        }
    });
    times_out(
        &url,
        "--read-timeout 0.5 --max-attempts 1",
        "stalled after",
        "--read-timeout",
    );
}

#[test]
fn a_slow_but_steady_body_is_read() {
    let body = page(0..40, None).body;
    let url = raw(move |mut stream| {
        wait(&mut stream);
        let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", body.len());
        stream.write_all(head.as_bytes()).unwrap();
        // About 4 KiB per second, in total for longer than the timeout.
        for part in body.as_bytes().chunks(400) {
            stream.write_all(part).unwrap();
            thread::sleep(Duration::from_millis(100));
        }
    });
    let line = format!("entries --endpoint-url {url} --region us-east-1 --read-timeout 2");
    let run = amiusage(line.split_whitespace())
        .env("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE")
        .env("AWS_SECRET_ACCESS_KEY", "secret")
        .succeeds();
    assert_eq!(run.counts().len(), 40);
}

#[test]
fn connecting_times_out() {
    // In TLS the client speaks first, and this server never responds.
    let url = raw(|_stream| thread::sleep(Duration::from_secs(60))).replace("http://", "https://");
    times_out(
        &url,
        "--connect-timeout 0.3 --max-attempts 1",
        "connecting timed out after 300ms",
        "--connect-timeout",
    );
}

#[test]
fn a_connection_reset_is_an_error_with_a_hint() {
    // Closing a connection with unread data resets it.
    let url = raw(|stream| {
        let _ = stream.peek(&mut [0]);
    });
    times_out(&url, "--max-attempts 1", "request to", "--endpoint-url");
}

#[test]
fn max_attempts_comes_from_the_flag_the_environment_or_the_profile() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("config");
    std::fs::write(&path, "[default]\nmax_attempts = 3\nretry_mode = legacy\n").unwrap();
    for (flag, variable, attempts) in [
        ("--max-attempts 1", "2", 1),
        ("", "2", 2),
        ("", "", 3),
        ("--max-attempts 2", "nonsense", 2),
    ] {
        let server = Server::says(reply(200, ""));
        server
            .words(&format!("entries {flag}"))
            .env("AWS_CONFIG_FILE", &path)
            .env("AWS_MAX_ATTEMPTS", variable)
            .ends(255);
        assert_eq!(server.requests().len(), attempts, "{flag} {variable}");
    }
    let server = Server::sample();
    for (variable, value) in [
        ("AWS_MAX_ATTEMPTS", "0"),
        ("AWS_MAX_ATTEMPTS", "many"),
        ("AWS_RETRY_MODE", "eager"),
    ] {
        server
            .words("entries")
            .env(variable, value)
            .ends(253)
            .says(variable)
            .says(value);
    }
    assert!(server.requests().is_empty());
    for mode in ["standard", "Adaptive", "legacy"] {
        server
            .words("entries")
            .env("AWS_RETRY_MODE", mode)
            .succeeds();
    }
}

#[test]
fn an_endpoint_that_never_responded_fails_sooner() {
    let server = Server::new(numbered(9), |_, _| Act::Hang);
    server.words("entries").ends(255).says("(3 attempts)");
    assert_eq!(server.requests().len(), 3);
    // A flag allows more attempts, and an endpoint that responded once is retried more often.
    server.words("entries --max-attempts 4").ends(255);
    assert_eq!(server.requests().len(), 3 + 4);
    let server = Server::new(numbered(9), |number, reply| match number {
        2..5 => Act::Hang,
        _ => Act::Reply(reply),
    });
    let run = server
        .words("entries --page-size 5 --output ndjson")
        .succeeds();
    assert_eq!(run.counts(), (0..9).collect::<Vec<_>>());
}

#[test]
fn retries_are_logged() {
    let server = Server::new(numbered(3), |number, reply| match number {
        1 => success(HTML),
        _ => Act::Reply(reply),
    });
    server
        .words("entries --debug")
        .succeeds()
        .says("attempt 1: POST")
        .says("an HTML page (status 200)")
        .says("attempt 2: POST");
}

/// A server with a token bucket of `burst` requests that refills at `rate` per second, as EC2 has.
fn throttling(state: State, burst: f64, rate: f64) -> Server {
    let bucket = Mutex::new((burst, Instant::now()));
    Server::new(state, move |_, reply| {
        let mut bucket = bucket.lock().unwrap();
        let (tokens, since) = *bucket;
        let tokens = (tokens + since.elapsed().as_secs_f64() * rate).min(burst);
        let (tokens, act) = if tokens >= 1.0 {
            (tokens - 1.0, Act::Reply(reply))
        } else {
            (
                tokens,
                Act::Reply(refusal(
                    503,
                    "RequestLimitExceeded",
                    "Request limit exceeded.",
                )),
            )
        };
        *bucket = (tokens, Instant::now());
        act
    })
}

#[test]
fn throttled_requests_are_retried() {
    // EC2's refill rate, with a small burst instead of a long listing.
    let server = throttling(numbered(60), 10.0, 20.0);
    let run = server
        .words("entries --page-size 1 --output ndjson")
        .succeeds();
    assert_eq!(run.counts(), (0..60).collect::<Vec<_>>());
    assert!(server.requests().len() > 60, "nothing was throttled");
}

/// The full size, at EC2's figures: 40 images of 1,000 entries each in pages of 100, read by `PROGRAMS` at once with
/// `FLAGS` and in the retry mode `MODE`.
#[test]
#[ignore = "takes minutes; run it with --nocapture"]
fn throttling_measured() {
    let programs: usize = std::env::var("PROGRAMS").map_or(1, |n| n.parse().unwrap());
    let flags = std::env::var("FLAGS").unwrap_or_default();
    let mode = std::env::var("MODE").unwrap_or_else(|_| "standard".to_owned());
    let state = || State::synthetic("images=40,entries=40000".parse().unwrap());
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("ids");
    let all = Server::of(state()).words("entries --output csv").succeeds();
    let mut ids: Vec<_> = (all.stdout.lines().skip(1))
        .map(|line| line.split(',').nth(4).unwrap())
        .collect();
    ids.dedup();
    std::fs::write(&path, ids.join("\n")).unwrap();
    let list = format!("@{}", path.display());

    let server = throttling(state(), 100.0, 20.0);
    let began = Instant::now();
    let runs: Vec<_> = thread::scope(|scope| {
        let runs: Vec<_> = (0..programs)
            .map(|_| {
                scope.spawn(|| {
                    let mut command = server.program(["entries", "--image-ids", &list]);
                    let output = command
                        .args(["--page-size", "100", "--output", "csv"])
                        .args(flags.split_whitespace())
                        .env("AWS_RETRY_MODE", &mode)
                        .output()
                        .unwrap();
                    let whole = output.stdout == all.stdout.as_bytes();
                    (output.status.code(), whole, began.elapsed())
                })
            })
            .collect();
        runs.into_iter().map(|run| run.join().unwrap()).collect()
    });
    let best = (400.0 * programs as f64 - 100.0) / 20.0;
    writeln!(
        std::io::stderr(),
        "{programs} programs, {mode}, {flags:?}: {} requests, {best} s at best; {runs:?}",
        server.requests().len()
    )
    .unwrap();
    assert!(runs.iter().all(|run| (run.0, run.1) == (Some(0), true)));
}
