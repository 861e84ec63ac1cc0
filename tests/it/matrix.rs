//! The fault matrix: each fault in each format, with the expected outcome. `SNAPSHOTS=overwrite` regenerates its
//! record, `docs/faults.md`.
#![cfg(target_os = "linux")]

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::sync::Mutex;
use std::thread;
use std::time::Duration;

use amiusage::emulator::Response;
use snapbox::{Assert, Data};

use crate::interrupt::{signal, wait_for_requests};
use crate::support::{Act, Ends, Server, numbered, refusal, reply};

const HTML: &str = "<!DOCTYPE html><html><body>Log in to go on<br></body></html>";

/// The formats, each with the number of lines before the first entry. Each entry is a line.
const FORMATS: [(&str, usize); 7] = [
    ("json", 1),
    ("ndjson", 0),
    ("csv", 1),
    ("tsv", 1),
    ("text", 0),
    ("markdown", 2),
    ("table", 1),
];

const ENTRIES: u64 = 40;
const PAGE: usize = 10;

type Script = Box<dyn Fn(usize, Response) -> Act + Send + Sync>;

/// A fault.
enum Fault {
    /// In the response to the second request, this many times; permanent faults with one attempt per request.
    Answer(fn() -> Script, usize),
    /// The same, with this option.
    RetrySettings(fn() -> Script, &'static str),
    /// This signal arrives while the run waits for the second page.
    Signal(&'static str),
    /// The size limit of the file behind stdout is smaller than the output.
    FullDisk,
    /// Stdout is a full disk (`/dev/full`).
    DevFull,
    /// The reader closes the pipe after the first page.
    ClosedPipe,
}

use Fault::*;

const EVER: usize = usize::MAX;

/// Each row: the description of the fault, the fault, the exit status, and the expected outcome.
const FAULTS: [(&str, Fault, i32, Wanted); 24] = [
    (
        "503 RequestLimitExceeded, once",
        Answer(throttled, 1),
        0,
        Wanted::Whole,
    ),
    ("500, twice", Answer(failing, 2), 0, Wanted::Whole),
    ("connection reset, once", Answer(reset, 1), 0, Wanted::Whole),
    (
        "body shorter than Content-Length, once",
        Answer(short, 1),
        0,
        Wanted::Whole,
    ),
    (
        "HTML page with status 200, once",
        Answer(html, 1),
        0,
        Wanted::Whole,
    ),
    (
        "truncated XML with status 200, once",
        Answer(cut, 1),
        0,
        Wanted::Whole,
    ),
    ("empty body, once", Answer(empty, 1), 0, Wanted::Whole),
    (
        "empty page with a token",
        Answer(hollow, 1),
        0,
        Wanted::WithoutPage,
    ),
    (
        "repeated token",
        Answer(repeated, 2),
        255,
        Wanted::Resume(30),
    ),
    (
        "503 RequestLimitExceeded, permanent",
        Answer(throttled, EVER),
        254,
        Wanted::Resume(10),
    ),
    (
        "500, permanent",
        Answer(failing, EVER),
        254,
        Wanted::Resume(10),
    ),
    (
        "connection reset, permanent",
        Answer(reset, EVER),
        255,
        Wanted::Resume(10),
    ),
    (
        "body shorter than Content-Length, permanent",
        Answer(short, EVER),
        255,
        Wanted::Resume(10),
    ),
    (
        "HTML page with status 200, permanent",
        Answer(html, EVER),
        255,
        Wanted::Resume(10),
    ),
    (
        "truncated XML with status 200, permanent",
        Answer(cut, EVER),
        255,
        Wanted::Resume(10),
    ),
    (
        "empty body, permanent",
        Answer(empty, EVER),
        255,
        Wanted::Resume(10),
    ),
    (
        "permission revoked",
        Answer(denied, EVER),
        254,
        Wanted::Resume(10),
    ),
    (
        "no response, `--read-timeout 0.3`",
        RetrySettings(silent, "--read-timeout 0.3"),
        255,
        Wanted::Resume(10),
    ),
    (
        "stalled body, `--read-timeout 0.3`",
        RetrySettings(stalled, "--read-timeout 0.3"),
        255,
        Wanted::Resume(10),
    ),
    ("Ctrl-C", Signal("INT"), 130, Wanted::Resume(10)),
    ("SIGTERM", Signal("TERM"), 143, Wanted::Resume(10)),
    (
        "disk full within a row",
        FullDisk,
        255,
        Wanted::ResumeAnywhere,
    ),
    (
        "disk full from the first byte",
        DevFull,
        255,
        Wanted::Nothing,
    ),
    ("reader closes the pipe", ClosedPipe, 0, Wanted::WhatIsRead),
];

/// The expected outcome.
#[derive(Clone, Copy)]
enum Wanted {
    /// Complete output.
    Whole,
    /// All but the entries that the service omitted.
    WithoutPage,
    /// This many entries, and a token: the next run's output, appended, makes the output complete.
    Resume(usize),
    /// The same, with as many entries as fit.
    ResumeAnywhere,
    /// No output: rerun.
    Nothing,
    /// No error.
    WhatIsRead,
}

fn throttled() -> Script {
    Box::new(|_, _| Act::Reply(refusal(503, "RequestLimitExceeded", "Slower.")))
}

fn failing() -> Script {
    Box::new(|_, _| Act::Reply(refusal(500, "InternalError", "Oh.")))
}

fn denied() -> Script {
    Box::new(|_, _| Act::Reply(refusal(403, "UnauthorizedOperation", "No more.")))
}

fn reset() -> Script {
    Box::new(|_, _| Act::Hang)
}

fn short() -> Script {
    Box::new(|_, reply| Act::Cut(reply, 700))
}

fn html() -> Script {
    Box::new(|_, _| Act::Reply(reply(200, HTML)))
}

fn empty() -> Script {
    Box::new(|_, _| Act::Reply(reply(200, "")))
}

/// Truncated before the token, as if the page were the last one.
fn cut() -> Script {
    Box::new(|_, mut reply| {
        let end = reply.body.find("<nextToken>").unwrap_or(700);
        reply.body.truncate(end);
        Act::Reply(reply)
    })
}

fn hollow() -> Script {
    Box::new(|_, mut reply| {
        let (start, rest) = reply.body.split_once("<item>").unwrap();
        let (_, end) = rest.rsplit_once("</item>").unwrap();
        reply.body = format!("{start}{end}");
        Act::Reply(reply)
    })
}

/// The third page has the token of the second.
fn repeated() -> Script {
    let first = Mutex::new(String::new());
    Box::new(move |number, mut reply| {
        let (before, rest) = reply.body.split_once("<nextToken>").unwrap();
        let (token, after) = rest.split_once('<').unwrap();
        let mut first = first.lock().unwrap();
        if number == 2 {
            *first = token.to_owned();
        } else {
            reply.body = format!("{before}<nextToken>{first}<{after}");
        }
        Act::Reply(reply)
    })
}

fn silent() -> Script {
    Box::new(|_, _| {
        thread::sleep(Duration::from_secs(60));
        Act::Hang
    })
}

fn stalled() -> Script {
    Box::new(|_, reply| Act::Stall(reply, 700))
}

/// A server with this fault in the second page.
fn server(script: Script, times: usize) -> Server {
    Server::new(numbered(ENTRIES), move |number, reply| match number {
        1 => Act::Reply(reply),
        n if n - 2 < times => script(n, reply),
        _ => Act::Reply(reply),
    })
}

/// Removes the server's address, which differs in each run.
fn nameless(mut output: Output, server: &Server) -> Output {
    let stderr = String::from_utf8(output.stderr).unwrap();
    output.stderr = stderr.replace(&server.url(), "the endpoint").into_bytes();
    output
}

/// Runs with the fault. Returns the run and its stdout.
fn strike(fault: &Fault, format: &str, directory: &Path) -> (Output, String) {
    let line = format!("entries --page-size {PAGE} --output {format}");
    let healthy = || Server::of(numbered(ENTRIES));
    let output = match fault {
        Answer(script, times) => {
            let once = if *times == EVER {
                "--max-attempts 1"
            } else {
                ""
            };
            let server = server(script(), *times);
            nameless(
                server.words(&format!("{line} {once}")).output().unwrap(),
                &server,
            )
        }
        RetrySettings(script, flag) => {
            let server = server(script(), EVER);
            let command = server.words(&format!("{line} {flag} --max-attempts 1"));
            nameless(command.output().unwrap(), &server)
        }
        Signal(name) => {
            let server = server(
                Box::new(|_, _| {
                    thread::sleep(Duration::from_secs(60));
                    Act::Hang
                }),
                EVER,
            );
            let mut program = server.program(line.split_whitespace());
            let mut child = program
                .stdout(Stdio::piped())
                .stderr(Stdio::piped())
                .spawn()
                .unwrap();
            wait_for_requests(&server, 2);
            // The second page is requested before the first one is written. Its last line may be incomplete.
            let mut stdout = BufReader::new(child.stdout.take().unwrap());
            let mut written = Vec::new();
            for _ in 1..PAGE {
                stdout.read_until(b'\n', &mut written).unwrap();
            }
            // The server does not respond any more: only the signal ends the run.
            signal(&child, name);
            stdout.read_to_end(&mut written).unwrap();
            let mut output = child.wait_with_output().unwrap();
            output.stdout = written;
            output
        }
        FullDisk => {
            let server = healthy();
            let program = server.program(line.split_whitespace());
            let path = directory.join(format);
            // Blocks of 512 or 1024 bytes, depending on the shell.
            let mut limited = Command::new("sh");
            limited.args(["-c", "ulimit -f 2; exec \"$0\" \"$@\""]);
            limited.arg(program.get_program()).args(program.get_args());
            limited.env_clear();
            limited.envs(
                program
                    .get_envs()
                    .filter_map(|(name, value)| Some((name, value?))),
            );
            let mut output = limited
                .stdout(File::create(&path).unwrap())
                .stderr(Stdio::piped())
                .spawn()
                .unwrap()
                .wait_with_output()
                .unwrap();
            output.stdout = fs::read(path).unwrap();
            output
        }
        DevFull => {
            let server = healthy();
            let mut program = server.program(line.split_whitespace());
            let full = File::options().write(true).open("/dev/full").unwrap();
            program
                .stdout(full)
                .stderr(Stdio::piped())
                .spawn()
                .unwrap()
                .wait_with_output()
                .unwrap()
        }
        ClosedPipe => {
            let server = server(
                Box::new(|_, reply| {
                    thread::sleep(Duration::from_millis(300));
                    Act::Reply(reply)
                }),
                EVER,
            );
            let mut program = server.program(line.split_whitespace());
            let mut child = program
                .stdout(Stdio::piped())
                .stderr(Stdio::piped())
                .spawn()
                .unwrap();
            let mut first = vec![0; 100];
            child.stdout.take().unwrap().read_exact(&mut first).unwrap();
            child.wait_with_output().unwrap()
        }
    };
    let stdout = String::from_utf8(output.stdout.clone()).unwrap();
    (output, stdout)
}

/// Checks one cell of the matrix, and returns its text for the record: entries and stderr.
fn check(row: usize, format: &str, header: usize, directory: &Path) -> [String; 2] {
    let (name, fault, status, wanted) = &FAULTS[row];
    let line = format!("entries --page-size {PAGE} --output {format}");
    let healthy = Server::of(numbered(ENTRIES));
    let whole = healthy.words(&line).succeeds().stdout;
    let (output, stdout) = strike(fault, format, directory);
    let stderr = String::from_utf8(output.stderr).unwrap();
    let context = format!("{name}, {format}: {stdout}\n{stderr}");
    assert_eq!(output.status.code(), Some(*status), "{context}");
    assert!(!stderr.contains("panicked"), "{context}");

    let entries = match wanted {
        Wanted::Whole => {
            assert_eq!(stdout, whole, "{context}");
            "all 40".to_owned()
        }
        Wanted::WithoutPage => {
            let left_out = header + PAGE..header + 2 * PAGE;
            let lines = whole.split_inclusive('\n').enumerate();
            let rest: String = lines
                .filter(|(number, _)| !left_out.contains(number))
                .map(|(_, line)| line)
                .collect();
            assert_eq!(stdout, rest, "{context}");
            "all there are".to_owned()
        }
        Wanted::Nothing => {
            assert_eq!(stdout, "", "{context}");
            "none".to_owned()
        }
        Wanted::WhatIsRead => "those read".to_owned(),
        Wanted::Resume(_) | Wanted::ResumeAnywhere => {
            let (_, said) = stderr.split_once("stopped after ").expect(&context);
            let said: usize = said.split_once(" row").unwrap().0.parse().unwrap();
            let (_, token) = stderr.split_once("--starting-token ").expect(&context);
            let rest = healthy
                .words(&format!("{line} --starting-token {}", token.trim_end()))
                .succeeds()
                .stdout;
            if format == "json" {
                // The incomplete output is not a document; the next run's is one, with the missing entries.
                serde_json::from_str::<serde_json::Value>(&stdout).expect_err(&context);
                let rest: serde_json::Value = serde_json::from_str(&rest).unwrap();
                let first = &rest["ImageUsageReportEntries"][0]["UsageCount"];
                assert_eq!(*first, said, "{context}");
            } else {
                assert!(stdout.ends_with('\n'), "{context}");
                assert_eq!(stdout.lines().count(), header + said, "{context}");
                // A table has a header again; the other formats have none in appended output.
                let again = if format == "table" { header } else { 0 };
                let rest: String = rest.split_inclusive('\n').skip(again).collect();
                assert_eq!(stdout.clone() + &rest, whole, "{context}");
            }
            match wanted {
                Wanted::Resume(entries) => {
                    assert_eq!(said, *entries, "{context}");
                    format!("the first {entries}")
                }
                _ => {
                    assert!(0 < said && said < ENTRIES as usize, "{context}");
                    "those that fit".to_owned()
                }
            }
        }
    };
    let mut says = stderr.lines().next().unwrap_or_default().to_owned();
    if let Some((before, _)) = says.split_once(" bytes and ") {
        // The time differs in each run.
        says = format!("{before} bytes and …");
    }
    if let Some((before, rest)) = says.split_once("stopped after ") {
        let (_, after) = rest.split_once(' ').unwrap();
        says = format!("{before}stopped after … {after}");
    }
    [entries, says]
}

const PAGE_HEAD: &str = "\
# Behavior on faults

Generated by `tests/it/matrix.rs`, which runs each row in each format (JSON, NDJSON, CSV, TSV, text, Markdown, table)
with one image of 40 entries in pages of 10. The fault occurs on the second page. Permanent faults run with
`--max-attempts 1`.

\"Exact\" means that the output ends with a complete row, and that appending the output of a second run with the token
from stderr (for a table without its header) equals one complete run, byte for byte. Interrupted JSON is left
unterminated, so that parsers reject it; the second run's document contains exactly the missing entries.

| fault | exit code | entries written | resume | first line of stderr |
| --- | --- | --- | --- | --- |
";

const PAGE_END: &str = "
With `--query` nothing is written before the response is complete, and with `--out-file` no file appears. After a fault
there is no token; rerun the command.

- **`--out-file`** is replaced atomically. After `kill -9`, a second Ctrl-C or a power failure, the file is either the
  old one or complete. A temporary file `.amiusage-…` may remain in the same directory; you can delete it.
- **If the reader stalls** (`amiusage … | less`), Ctrl-C and SIGTERM still take effect, and the data in the pipe ends
  with a complete row. If the run is blocked elsewhere, such as on a network disk, it is terminated after half a
  second; it then warns that the output may end within a row, and prints no token. A second Ctrl-C terminates it at once.
- **A full disk** may cut off a row. In a file, the partial row is removed. Otherwise (a device or a socket) stderr asks
  you to remove it before appending.
- **A closed stdout** (`>&-`) is indistinguishable from `>/dev/null`, because Rust's runtime opens `/dev/null` in its
  place before the program starts. The exit code is 0.
";

#[test]
fn faults_have_the_documented_outcome_in_each_format() {
    let directory = tempfile::tempdir().unwrap();
    let columns: Vec<Vec<[String; 2]>> = thread::scope(|scope| {
        let runs: Vec<_> = FORMATS
            .iter()
            .map(|&(format, header)| {
                let directory = directory.path();
                scope.spawn(move || {
                    (0..FAULTS.len())
                        .map(|row| check(row, format, header, directory))
                        .collect()
                })
            })
            .collect();
        runs.into_iter().map(|run| run.join().unwrap()).collect()
    });
    let mut page = PAGE_HEAD.to_owned();
    for (row, (name, _, status, wanted)) in FAULTS.iter().enumerate() {
        let [entries, says] = &columns[0][row];
        for column in &columns {
            assert_eq!(column[row], columns[0][row], "{name}");
        }
        let resume = match wanted {
            Wanted::Resume(_) | Wanted::ResumeAnywhere => "exact",
            Wanted::Nothing => "rerun",
            _ => "not needed",
        };
        page += &format!("| {name} | {status} | {entries} | {resume} | {says} |\n");
    }
    page += PAGE_END;
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/faults.md");
    Assert::new()
        .action_env("SNAPSHOTS")
        .eq(page, Data::read_from(&path, None));
}
