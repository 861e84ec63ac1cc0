//! Destinations that fail: full, closed, not writable, or closed during the run.
#![cfg(target_os = "linux")]

use std::fs::{self, File};
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use amiusage::emulator::State;
use serde_json::json;

use crate::interrupt::signal;
use crate::support::{Act, Ends, Run, Server, numbered, program, words};

#[test]
fn an_invalid_out_file_is_rejected_before_a_request() {
    let server = Server::of(numbered(9));
    let directory = tempfile::tempdir().unwrap();
    let missing = directory.path().join("missing/answer");
    for path in [directory.path(), &missing, Path::new("/dev/null/answer")] {
        let path = path.display().to_string();
        server
            .amiusage(["entries", "--out-file", &path])
            .ends(255)
            .silent()
            .says(&format!("error: cannot write to {path}: "));
    }
    assert!(server.requests().is_empty());
    assert_eq!(fs::read_dir(&directory).unwrap().count(), 0);
}

#[test]
fn a_full_disk_is_an_error_for_every_output() {
    for line in [
        "completions bash",
        "emulator --listen 127.0.0.1:0",
        "entries --offline",
        "entries --offline --query @",
        "--help",
    ] {
        let full = File::options().write(true).open("/dev/full").unwrap();
        let mut program = program(line.split_whitespace());
        let child = program.stdout(full).stderr(Stdio::piped()).spawn().unwrap();
        Run::of(child.wait_with_output().unwrap(), 255);
    }
    words("entries --offline --out-file /dev/full")
        .ends(255)
        .says("error: cannot write to /dev/full: No space left on device")
        .says("hint: free some disk space");
    words("reports delete --offline --report-ids amiur-11111111111111111 --out-file /dev/full")
        .ends(255)
        .says("the requests were sent")
        .says("hint: free some disk space");
}

/// Runs a command with a limit on the size of its files, in blocks of the shell. `redirection` is that of stdout.
fn limited(server: &Server, line: &str, blocks: u32, redirection: &str) -> Run {
    let program = server.program(line.split_whitespace());
    let mut shell = Command::new("sh");
    shell
        .args([
            "-c",
            &format!("ulimit -f {blocks}; exec \"$0\" \"$@\" {redirection}"),
        ])
        .arg(program.get_program())
        .args(program.get_args())
        .env_clear()
        .envs(
            program
                .get_envs()
                .filter_map(|(name, value)| Some((name, value?))),
        );
    Run::of(shell.output().unwrap(), 255)
}

#[test]
fn a_file_size_limit_keeps_the_old_file() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("answer");
    fs::write(&path, "as it was").unwrap();
    let server = Server::of(numbered(200));
    let line = format!("entries --out-file {}", path.display());
    let run = limited(&server, &line, 2, "").silent().says(&format!(
        "{} was not written: cannot write to",
        path.display()
    ));
    assert_eq!(run.token(), None);
    assert_eq!(fs::read_to_string(&path).unwrap(), "as it was");
    assert_eq!(fs::read_dir(&directory).unwrap().count(), 1);
}

/// Requires permission to mount.
#[test]
#[ignore = "mounts a file system; run as root"]
fn a_full_file_system() {
    let directory = tempfile::tempdir().unwrap();
    let disk = directory.path().display().to_string();
    let mounted = Command::new("mount")
        .args(["-t", "tmpfs", "-o", "size=64k", "tmpfs", &disk])
        .status()
        .unwrap();
    assert!(mounted.success());
    let server = Server::of(numbered(2000));
    let whole = server.words("entries --output ndjson").succeeds().stdout;
    let path = directory.path().join("answer");
    let mut program = server.program(["entries", "--output", "ndjson"]);
    let child = program
        .stdout(File::create(&path).unwrap())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let run = Run::of(child.wait_with_output().unwrap(), 255)
        .says("cannot write to stdout: No space left on device")
        .says("hint: free some disk space");
    let first = fs::read_to_string(&path).unwrap();
    let atomic = server
        .words(&format!("entries --out-file {disk}/other"))
        .output()
        .unwrap();
    let left = fs::read_dir(&directory).unwrap().count();
    Command::new("umount").arg(&disk).status().unwrap();

    let rest = server
        .words(&format!(
            "entries --output ndjson --starting-token {}",
            run.token().unwrap()
        ))
        .succeeds();
    assert_eq!(first + &rest.stdout, whole);
    assert_eq!(atomic.status.code(), Some(255));
    assert_eq!(left, 1);
}

#[test]
fn rows_written_to_a_named_pipe_are_counted() {
    let directory = tempfile::tempdir().unwrap();
    let fifo = directory.path().join("fifo");
    assert!(
        Command::new("mkfifo")
            .arg(&fifo)
            .status()
            .unwrap()
            .success()
    );
    let server = Server::new(numbered(20), |number, reply| match number {
        1 => Act::Reply(reply),
        _ => Act::Hang,
    });
    let reading = {
        let fifo = fifo.clone();
        thread::spawn(move || fs::read_to_string(fifo).unwrap())
    };
    let line = format!(
        "entries --page-size 10 --output ndjson --max-attempts 1 --out-file {}",
        fifo.display()
    );
    let mut run = server
        .words(&line)
        .ends(255)
        .silent()
        .says("stopped after 10 rows");
    run.stdout = reading.join().unwrap();
    assert_eq!(run.counts(), (0..10).collect::<Vec<_>>());
    assert!(run.token().is_some());
}

#[test]
fn a_killed_run_leaves_the_old_or_the_complete_new_file() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("answer");
    let server = Server::new(numbered(60), |_, reply| {
        thread::sleep(Duration::from_millis(10));
        Act::Reply(reply)
    });
    let line = format!(
        "entries --page-size 10 --output csv --out-file {}",
        path.display()
    );
    server.words(&line).succeeds();
    let whole = fs::read_to_string(&path).unwrap();
    let mut finished = 0;
    for round in 0..20 {
        fs::write(&path, "as it was").unwrap();
        let mut program = server.program(line.split_whitespace());
        let mut child = program
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        // Spread over the duration of a run, and after its end.
        thread::sleep(Duration::from_millis(round * 20));
        signal(&child, "KILL");
        child.wait().unwrap();
        let now = fs::read_to_string(&path).unwrap();
        assert!(now == "as it was" || now == whole, "{round}: {now}");
        finished += usize::from(now == whole);
    }
    assert!(finished < 20);
}

#[test]
fn a_repeated_column_is_one_member_and_two_columns() {
    let server = Server::of(numbered(1));
    let line = "entries --columns UsageCount,AccountId,UsageCount --output";
    let run = server.words(&format!("{line} ndjson")).succeeds();
    assert_eq!(
        run.stdout,
        "{\"UsageCount\":0,\"AccountId\":\"000000000000\"}\n"
    );
    let run = server.words(&format!("{line} csv")).succeeds();
    assert_eq!(
        run.stdout,
        "UsageCount,AccountId,UsageCount\n0,000000000000,0\n"
    );
}

#[test]
fn a_query_on_incomplete_rows_writes_nothing() {
    let server = Server::new(numbered(20), |number, reply| match number {
        1 => Act::Reply(reply),
        _ => Act::Hang,
    });
    let run = server
        .words("entries --page-size 10 --max-attempts 1 --query length(ImageUsageReportEntries)")
        .ends(255)
        .silent();
    assert_eq!(run.token(), None);
}

#[test]
fn notes_do_not_reach_a_captured_stderr() {
    let nothing = "entries --offline --image-ids ami-0123456789abcdef0";
    let by_default = words(nothing).env_remove("AMIUSAGE_NOTES").succeeds();
    assert_eq!(by_default.stderr, "");
    for (notes, variable, is_shown) in [
        ("", "always", true),
        ("", "never", false),
        ("--notes never", "always", false),
        ("--notes always", "never", true),
        ("--notes auto", "always", false),
        ("--notes always --quiet", "always", false),
    ] {
        let run = words(&format!("{nothing} {notes}"))
            .env("AMIUSAGE_NOTES", variable)
            .succeeds();
        let is_note = run.stderr.starts_with("note: no entries found");
        assert_eq!(is_note, is_shown, "{notes} {variable}: {run:#?}");
    }
}

#[test]
fn results_and_omissions_reach_a_captured_stderr() {
    let dry_run = words("entries --offline --dry-run")
        .env_remove("AMIUSAGE_NOTES")
        .succeeds();
    assert!(dry_run.stderr.contains("DryRunOperation"), "{dry_run:#?}");
    let narrow = words("entries --offline --output table")
        .env_remove("AMIUSAGE_NOTES")
        .env("COLUMNS", "80")
        .succeeds();
    assert!(narrow.stderr.contains("columns omitted"), "{narrow:#?}");
    let limited = words("entries --offline --max-items 1")
        .env_remove("AMIUSAGE_NOTES")
        .succeeds();
    assert!(limited.stderr.starts_with("resume: "), "{limited:#?}");
}

/// Text holds the first rows until a row has a value in the last column. The token is that of the first missing row.
#[test]
fn held_rows_of_text_are_counted_when_a_write_fails() {
    let report = |number: usize| {
        let mut report = json!({
            "ImageId": format!("ami-{number:017x}"),
            "ReportId": format!("amiur-{number:017x}"),
            "State": "available",
            "CreationTime": "2025-10-20T06:00:00.000Z",
            "ExpirationTime": "2025-11-19T06:00:00.000Z",
        });
        if matches!(number, 3 | 8) {
            report["State"] = "error".into();
            report["StateReason"] = "failed".into();
        }
        report
    };
    let reports: Vec<_> = (0..9).map(report).collect();
    let document = json!({ "ImageUsageReports": reports }).to_string();
    let server = Server::of(State::from_json(&document).unwrap());
    let line = "reports list --output text --page-size 3";
    let complete = server.words(line).succeeds().stdout;
    assert_eq!(complete.lines().count(), 9);

    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("rows");
    let run = limited(&server, line, 1, &format!("> {}", path.display()));
    let first = fs::read_to_string(&path).unwrap();
    let rows = first.lines().count();
    assert!((4..9).contains(&rows), "{run:#?}");
    let token = run.token().unwrap();
    let rest = server.words(&format!("{line} --starting-token {token}"));
    assert_eq!(first + &rest.succeeds().stdout, complete);
}
