//! The fault matrix: each fault, in each format, against what is wanted. `docs/faults.md` is its record, which
//! `SNAPSHOTS=overwrite` writes anew.
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

/// The formats, each with how many lines stand before the first entry. Each entry is a line.
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

/// What goes wrong.
enum Fault {
    /// With the answer to the second request, so many times; after one attempt each when that is for ever.
    Answer(fn() -> Script, usize),
    /// As that, with this flag.
    RetrySettings(fn() -> Script, &'static str),
    /// The run gets this signal while it waits for the second page.
    Signal(&'static str),
    /// The file behind stdout may grow to a part of the answer only.
    FullDisk,
    /// stdout is Linux's disk that is always full.
    DevFull,
    /// The reader takes the first page and goes.
    ClosedPipe,
}

use Fault::*;

const EVER: usize = usize::MAX;

/// Each row: how the page calls the fault, the fault, the exit status, and what is wanted.
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

/// What is to come of it.
#[derive(Clone, Copy)]
enum Wanted {
    /// The answer, as if nothing had happened.
    Whole,
    /// All but the entries that the service left out.
    WithoutPage,
    /// So many entries, and a token with which the next run's output, appended, makes the whole.
    Resume(usize),
    /// The same, with as many entries as there is room for.
    ResumeAnywhere,
    /// No output, so that the run is simply made again.
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

/// Cut just before the token, as if the page were the last one.
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

/// The third page gives the token of the second.
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

/// A server that does this to the answers of the second page.
fn server(script: Script, times: usize) -> Server {
    Server::new(numbered(ENTRIES), move |number, reply| match number {
        1 => Act::Reply(reply),
        n if n - 2 < times => script(n, reply),
        _ => Act::Reply(reply),
    })
}

/// Without the server's address, which is never the same.
fn nameless(mut output: Output, server: &Server) -> Output {
    let stderr = String::from_utf8(output.stderr).unwrap();
    output.stderr = stderr.replace(&server.url(), "the endpoint").into_bytes();
    output
}

/// A run that the fault strikes: its output, and what its stdout holds.
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
            // The second page is asked for before the first one is written. Its last line may have no end yet.
            let mut stdout = BufReader::new(child.stdout.take().unwrap());
            let mut written = Vec::new();
            for _ in 1..PAGE {
                stdout.read_until(b'\n', &mut written).unwrap();
            }
            // Nothing comes from the server any more: only the signal ends it.
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
            // Blocks of 512 bytes or of 1024, as the shell likes.
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

/// Checks one cell of the matrix, and gives what its row of the page says: entries, and words on stderr.
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
                // What broke off is no document; what follows is one, of the entries that are missing.
                serde_json::from_str::<serde_json::Value>(&stdout).expect_err(&context);
                let rest: serde_json::Value = serde_json::from_str(&rest).unwrap();
                let first = &rest["ImageUsageReportEntries"][0]["UsageCount"];
                assert_eq!(*first, said, "{context}");
            } else {
                assert!(stdout.ends_with('\n'), "{context}");
                assert_eq!(stdout.lines().count(), header + said, "{context}");
                // A table begins anew; the other formats have no header in what is appended.
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
        // The time is not the same twice.
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
