//! How many instructions the hot paths take, counted by Valgrind's callgrind: the same on a noisy machine as on a
//! quiet one, so that a change can be judged.
//!
//! `cargo bench --bench instructions`. A path is run once and eleven times, each in a process of its own, and a tenth
//! of the difference is what one run takes: neither the start of the process nor making the input counts. Start-up is
//! the whole of a process.

use std::hint::black_box;
use std::io;
use std::process::{Command, ExitCode, Stdio};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use amiusage::aws::decode_entries;
use amiusage::emulator::{self, Emulator, State};
use amiusage::entries::Entry;
use amiusage::output::{Format, Options, TableStyle, writer};
use anyhow::{Context, ensure};

/// As many entries as a page has at most.
const ENTRIES: u64 = 1000;

/// The hot paths, by the name that a process is told which one to run.
const PATHS: [&str; 8] = [
    "decode", "json", "ndjson", "csv", "tsv", "text", "markdown", "table",
];

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let done = match arguments.as_slice() {
        [path, times] if PATHS.contains(&path.as_str()) => repeat(path, times),
        _ => report(),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // A bench has no other way to say it, and nobody reads it through a pipe.
            #[expect(clippy::print_stderr)]
            {
                eprintln!("error: {error:#}");
            }
            ExitCode::FAILURE
        }
    }
}

/// Runs a path so many times: what a process under Valgrind does.
fn repeat(path: &str, times: &str) -> anyhow::Result<()> {
    let times: u32 = times.parse()?;
    let page = page();
    if path == "decode" {
        for _ in 0..times {
            let decoded = decode_entries(black_box(page.as_bytes()));
            black_box(decoded).context("the page is none")?;
        }
        return Ok(());
    }
    let options = Options {
        format: match path {
            "json" => Format::Json,
            "ndjson" => Format::Ndjson,
            "csv" => Format::Csv,
            "tsv" => Format::Tsv,
            "text" => Format::Text,
            "markdown" => Format::Markdown,
            _ => Format::Table,
        },
        fields: None,
        regional: false,
        details: false,
        grouping: Vec::new(),
        query: None,
        header: true,
        style: TableStyle::default(),
        terminal: false,
    };
    let page = decode_entries(page.as_bytes()).context("the page is none")?;
    let entries: Vec<Entry> = page
        .entries
        .unwrap_or_default()
        .into_iter()
        .map(Entry::from)
        .collect();
    let mut writer = writer(options, Box::new(io::sink()));
    for _ in 0..times {
        // Row by row, as an answer does.
        for entry in black_box(&entries) {
            writer.page(None, std::slice::from_ref(entry))?;
        }
    }
    Ok(())
}

/// A page as the service sends it.
fn page() -> String {
    let form =
        format!("Action=DescribeImageUsageReportEntries&Version=2016-11-15&MaxResults={ENTRIES}");
    emulator().answer(None, form.as_bytes()).body
}

fn emulator() -> Emulator {
    let size = format!("images=1,entries={}", 2 * ENTRIES);
    Emulator::new(State::synthetic(
        size.parse().expect("the size is well-formed"),
    ))
}

#[expect(clippy::print_stdout, reason = "a table for a person")]
fn report() -> anyhow::Result<()> {
    println!("instructions an entry, in pages of {ENTRIES}");
    let this = std::env::current_exe()?;
    for path in PATHS {
        let count = |times| {
            let mut command = valgrind();
            command.arg(&this).args([path, times]);
            counted(command)
        };
        let one = (count("11")? - count("1")?) / 10;
        println!("  {path:<10} {:>12}", one / ENTRIES);
    }
    println!("instructions a run");
    let url = serve()?;
    let page = [
        "--max-items",
        "100",
        "--page-size",
        "100",
        "--output",
        "csv",
    ];
    for (name, arguments) in [
        ("--help", vec!["--help"]),
        ("offline", vec!["entries", "--offline"]),
        (
            "HTTP",
            [&["entries", "--endpoint-url", &url][..], &page].concat(),
        ),
    ] {
        let mut command = valgrind();
        command.arg(env!("CARGO_BIN_EXE_amiusage")).args(arguments);
        println!("  {name:<10} {:>12}", counted(command)?);
    }
    Ok(())
}

/// Serves the emulator until this process ends, and tells its URL.
fn serve() -> anyhow::Result<String> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0"))?;
    let url = format!("http://{}", listener.local_addr()?);
    thread::spawn(move || {
        let never = std::future::pending::<()>();
        let emulator = Arc::new(emulator());
        runtime.block_on(emulator::serve(listener, emulator, Duration::ZERO, never));
    });
    Ok(url)
}

fn valgrind() -> Command {
    let mut command = Command::new("valgrind");
    command
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        // What the run finds on this machine must not count.
        .env_clear()
        .envs(["PATH"].map(|name| (name, std::env::var_os(name).unwrap_or_default())))
        .env("AWS_CONFIG_FILE", "/nonexistent")
        .env("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent")
        .env("AWS_ACCESS_KEY_ID", "bench")
        .env("AWS_SECRET_ACCESS_KEY", "bench")
        .env("AWS_REGION", "us-east-1")
        .stdin(Stdio::null());
    command
}

/// Runs a command under Valgrind, and gives the number of its instructions.
fn counted(mut command: Command) -> anyhow::Result<u64> {
    let output = command
        .output()
        .context("Valgrind cannot be run; it is a package of most systems")?;
    let log = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "a measured run failed: {log}");
    let count = log
        .lines()
        .find_map(|line| line.split_once("Collected : "))
        .context("Valgrind tells no count")?;
    Ok(count.1.trim().parse()?)
}
