//! Ctrl-C in the middle of an answer.
#![cfg(unix)]

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::support::{Act, Ends, Run, Server, numbered};

const ENTRIES: u64 = 40;

/// A server that takes its time over each page.
fn slow() -> Server {
    Server::new(numbered(ENTRIES), |_, reply| {
        thread::sleep(Duration::from_millis(100));
        Act::Reply(reply)
    })
}

fn start(server: &Server, line: &str) -> Child {
    server
        .program(line.split_whitespace())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

fn wait_for_requests(server: &Server, number: usize) {
    let began = Instant::now();
    while server.requests().len() < number {
        assert!(began.elapsed() < Duration::from_secs(30));
        thread::sleep(Duration::from_millis(5));
    }
}

/// What Ctrl-C sends.
pub fn interrupt(child: &Child) {
    let kill = format!("kill -INT {}", child.id());
    assert!(
        Command::new("sh")
            .args(["-c", &kill])
            .status()
            .unwrap()
            .success()
    );
}

/// Ends a run after so many lines, and gives what it wrote.
fn interrupted(mut child: Child, lines: usize) -> Run {
    let mut reader = BufReader::new(child.stdout.take().unwrap());
    let mut stdout = String::new();
    for _ in 0..lines {
        reader.read_line(&mut stdout).unwrap();
    }
    interrupt(&child);
    reader.read_to_string(&mut stdout).unwrap();
    let mut run = Run::of(child.wait_with_output().unwrap(), 130);
    run.stdout = stdout;
    run
}

#[test]
fn the_answer_stops_at_a_whole_line_and_the_token_goes_on_from_there() {
    let server = slow();
    let line = "entries --output ndjson --page-size 3";
    let mut run = interrupted(start(&server, line), 4).says("interrupted");
    assert!(run.stdout.ends_with("}\n"), "{run:#?}");
    assert!(run.counts().len() < ENTRIES as usize);

    let token = run.token().unwrap();
    let rest = Server::of(numbered(ENTRIES))
        .words(&format!("entries --output ndjson --starting-token {token}"))
        .succeeds();
    run.stdout.push_str(&rest.stdout);
    assert_eq!(run.counts(), (0..ENTRIES).collect::<Vec<_>>());
}

#[test]
fn the_token_is_in_the_json_of_the_error() {
    let server = slow();
    let line = "entries --output ndjson --page-size 3 --error-format json";
    let run = interrupted(start(&server, line), 3);
    let error = run.error();
    assert_eq!(error["Status"], 130);
    assert!(error["ResumeToken"].is_string(), "{error:#}");
}

#[test]
fn before_the_first_page_there_is_nothing_to_resume() {
    let server = Server::new(numbered(1), |_, reply| {
        thread::sleep(Duration::from_secs(2));
        Act::Reply(reply)
    });
    let child = start(&server, "entries");
    wait_for_requests(&server, 1);
    let run = interrupted(child, 0).silent();
    assert_eq!(run.token(), None);
}

#[test]
fn a_file_stays_as_it_was() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("answer");
    fs::write(&path, "as it was").unwrap();
    let server = slow();
    let line = format!("entries --page-size 3 --out-file {}", path.display());
    let child = start(&server, &line);
    wait_for_requests(&server, 3);
    interrupted(child, 0).silent();
    assert_eq!(fs::read_to_string(&path).unwrap(), "as it was");
    assert_eq!(fs::read_dir(&directory).unwrap().count(), 1);
}
