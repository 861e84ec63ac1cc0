//! Ctrl-C during a listing.
#![cfg(unix)]

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::support::{Act, Ends, Run, Server, numbered};

const ENTRIES: u64 = 40;

/// A server that responds with five pages and then hangs.
fn slow() -> Server {
    Server::new(numbered(ENTRIES), |number, reply| {
        if number > 5 {
            thread::sleep(Duration::from_secs(60));
        }
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

pub fn wait_for_requests(server: &Server, number: usize) {
    let began = Instant::now();
    while server.requests().len() < number {
        assert!(began.elapsed() < Duration::from_secs(30));
        thread::sleep(Duration::from_millis(5));
    }
}

/// Sends a signal, by its name for `kill`.
pub fn signal(child: &Child, name: &str) {
    let kill = format!("kill -{name} {}", child.id());
    assert!(
        Command::new("sh")
            .args(["-c", &kill])
            .status()
            .unwrap()
            .success()
    );
}

/// Sends the signal of Ctrl-C.
pub fn interrupt(child: &Child) {
    signal(child, "INT");
}

/// Interrupts a run after `lines` lines, and returns its output.
pub fn interrupted(mut child: Child, lines: usize) -> Run {
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
fn ctrl_c_stops_at_a_complete_row_with_its_token() {
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
fn the_json_error_contains_the_token() {
    let server = slow();
    let line = "entries --output ndjson --page-size 3 --error-format json";
    let run = interrupted(start(&server, line), 3);
    let error = run.error();
    assert_eq!(error["Status"], 130);
    assert!(error["ResumeToken"].is_string(), "{error:#}");
}

#[test]
fn before_the_first_page_there_is_no_token() {
    let server = Server::new(numbered(1), |_, reply| {
        thread::sleep(Duration::from_secs(60));
        Act::Reply(reply)
    });
    let child = start(&server, "entries");
    wait_for_requests(&server, 1);
    let run = interrupted(child, 0).silent();
    assert_eq!(run.token(), None);
}

#[test]
fn ctrl_c_leaves_the_out_file_unchanged() {
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

/// Ends a run by a signal, and returns its output.
fn ends(mut child: Child, name: &str, status: i32) -> Run {
    signal(&child, name);
    // Nothing is read before the run ends.
    child.wait().unwrap();
    Run::of(child.wait_with_output().unwrap(), status)
}

#[test]
fn a_stalled_reader_does_not_delay_ctrl_c_and_gets_complete_rows() {
    const MANY: u64 = 2000;
    let server = Server::of(numbered(MANY));
    let line = "entries --output ndjson";
    let whole = server.words(line).succeeds();
    for (name, status) in [("INT", 130), ("TERM", 143)] {
        // The reader stalls, and the output exceeds the capacity of the pipe.
        let mut child = start(&server, line);
        let mut reader = BufReader::new(child.stdout.take().unwrap());
        let mut stdout = String::new();
        reader.read_line(&mut stdout).unwrap();
        thread::sleep(Duration::from_millis(700));
        let mut run = ends(child, name, status);
        reader.read_to_string(&mut stdout).unwrap();
        run.stdout = stdout;
        assert!(run.stdout.ends_with("}\n"), "{name}");
        assert!((1..MANY as usize).contains(&run.counts().len()));
        let token = run.token().unwrap();
        let rest = server
            .words(&format!("{line} --starting-token {token}"))
            .succeeds();
        assert_eq!(run.stdout + &rest.stdout, whole.stdout, "{name}");
    }
}

#[test]
fn ctrl_c_ends_the_backoff() {
    let server = Server::new(numbered(1), |_, _| Act::Hang);
    let child = start(&server, "entries --max-attempts 20");
    wait_for_requests(&server, 4);
    ends(child, "TERM", 143).silent().says("terminated");
}

/// Sends signals to a run that is stuck because nothing reads its log, and returns its status; `None` if it was not
/// stuck and could still print its error.
fn end_of_a_stuck_run(signals: &[&str]) -> Option<i32> {
    let server = Server::of(numbered(3000));
    let mut child = start(
        &server,
        "entries --debug --page-size 5 --out-file /dev/null",
    );
    // A stuck run sends no more requests.
    let mut requests = 0;
    while requests == 0 || requests < server.requests().len() {
        requests = server.requests().len();
        thread::sleep(Duration::from_millis(500));
    }
    for name in signals {
        signal(&child, name);
        thread::sleep(Duration::from_millis(20));
    }
    let status = child.wait().unwrap().code();
    let mut log = String::new();
    child.stderr.unwrap().read_to_string(&mut log).unwrap();
    status.filter(|_| !log.contains("error: "))
}

#[test]
fn a_second_ctrl_c_ends_a_stuck_process() {
    // On a slow machine, a run may not be stuck yet, or the second signal may be late: try again.
    let mut once = (0..10).filter_map(|_| end_of_a_stuck_run(&["INT"]));
    assert_eq!(once.next(), Some(130));
    // The status is that of the second signal, so the run did not wait for the grace period of the first.
    let mut twice = (0..10).filter_map(|_| end_of_a_stuck_run(&["INT", "TERM"]));
    assert!(twice.any(|status| status == 143));
}

/// Runs on its own terminal, by util-linux; skipped if that is not installed.
#[test]
fn ctrl_c_on_a_terminal_clears_the_progress_line() {
    let server = slow();
    let program = snapbox::cmd::cargo_bin!("amiusage");
    let line = format!(
        "{} entries --page-size 1 --output csv > /dev/null",
        program.display()
    );
    let terminal = Command::new("script")
        .args(["-qec", &line, "/dev/null"])
        .env_clear()
        .envs(server.environment())
        .envs([("SHELL", "/bin/sh"), ("TERM", "xterm"), ("NO_COLOR", "1")])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn();
    let Ok(mut terminal) = terminal else { return };
    let (mut keys, mut screen) = (
        terminal.stdin.take().unwrap(),
        terminal.stdout.take().unwrap(),
    );
    let mut shown = Vec::new();
    let mut see = |shown: &mut Vec<u8>, words: &str| {
        while !shown.ends_with(words.as_bytes()) {
            let mut byte = [0];
            assert_eq!(
                screen.read(&mut byte).unwrap(),
                1,
                "{}",
                String::from_utf8_lossy(shown)
            );
            shown.push(byte[0]);
        }
    };
    see(&mut shown, " rows, ");
    keys.write_all(b"\x03").unwrap();
    see(&mut shown, "error: stopped after ");
    let shown = String::from_utf8_lossy(&shown);
    let (progress, _) = shown.rsplit_once("error: ").unwrap();
    assert!(progress.ends_with("\r\x1b[2K"), "{shown:?}");
    // The `^C` that the terminal echoes must not wrap: the line is not padded with spaces.
    assert!(!progress.contains("  "), "{shown:?}");
    terminal.wait().unwrap();
}
