//! Counts the instructions of the hot paths with Valgrind's callgrind. The counts do not depend on the load of the machine,
//! so small changes are visible.
//!
//! Run `cargo bench --bench instructions`. Each path runs once in one process and eleven times in another; a tenth of the
//! difference is one run, without process start and input generation. Start-up figures are for a complete process.

use std::hint::black_box;
use std::io;
use std::process::{Command, ExitCode, Stdio};
use std::sync::Arc;
use std::thread;

use amiusage::aws::decode_entries;
use amiusage::emulator::{self, Emulator, State};
use amiusage::entries::Entry;
use amiusage::output::{Format, Options, writer};
use anyhow::{Context, ensure};

/// The maximum page size.
const ENTRIES: u64 = 1000;

/// The hot paths, as the first argument of a measured process.
const PATHS: [&str; 8] = [
    "decode", "json", "ndjson", "csv", "tsv", "text", "markdown", "table",
];

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let result = match arguments.as_slice() {
        [path, times] if PATHS.contains(&path.as_str()) => repeat(path, times),
        _ => report(),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Nothing reads the messages of a benchmark through a pipe.
            #[expect(clippy::print_stderr)]
            {
                eprintln!("error: {error:#}");
            }
            ExitCode::FAILURE
        }
    }
}

/// Runs a path repeatedly, in a process under Valgrind.
fn repeat(path: &str, times: &str) -> anyhow::Result<()> {
    let times: u32 = times.parse()?;
    let page = page();
    if path == "decode" {
        for _ in 0..times {
            let decoded = decode_entries(black_box(page.as_bytes()));
            black_box(decoded).context("the page is invalid")?;
        }
        return Ok(());
    }
    let format = match path {
        "json" => Format::Json,
        "ndjson" => Format::Ndjson,
        "csv" => Format::Csv,
        "tsv" => Format::Tsv,
        "text" => Format::Text,
        "markdown" => Format::Markdown,
        _ => Format::Table,
    };
    let page = decode_entries(page.as_bytes()).context("the page is invalid")?;
    let entries: Vec<Entry> = page
        .entries
        .unwrap_or_default()
        .into_iter()
        .map(Entry::from)
        .collect();
    let mut writer = writer(Options::new(format), Box::new(io::sink()));
    for _ in 0..times {
        // Row by row, as the commands do.
        for entry in black_box(&entries) {
            writer.page(None, std::slice::from_ref(entry))?;
        }
    }
    Ok(())
}

/// A page in the service's XML.
fn page() -> String {
    let form =
        format!("Action=DescribeImageUsageReportEntries&Version=2016-11-15&MaxResults={ENTRIES}");
    emulator().respond(None, form.as_bytes()).body
}

fn emulator() -> Emulator {
    let size = format!("images=1,entries={}", 2 * ENTRIES);
    Emulator::new(State::synthetic(
        size.parse().expect("the size is well-formed"),
    ))
}

#[expect(clippy::print_stdout, reason = "the report of a benchmark")]
fn report() -> anyhow::Result<()> {
    println!("instructions per entry, in pages of {ENTRIES}");
    let this = std::env::current_exe()?;
    for path in PATHS {
        let count = |times| {
            let mut command = valgrind();
            command.arg(&this).args([path, times]);
            count_instructions(command)
        };
        let one = (count("11")? - count("1")?) / 10;
        println!("  {path:<10} {:>12}", one / ENTRIES);
    }
    println!("instructions per run");
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
        println!("  {name:<10} {:>12}", count_instructions(command)?);
    }
    Ok(())
}

/// Serves the emulator until this process ends, and returns its URL.
fn serve() -> anyhow::Result<String> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0"))?;
    let url = format!("http://{}", listener.local_addr()?);
    thread::spawn(move || {
        let never = std::future::pending::<()>();
        let emulator = Arc::new(emulator());
        runtime.block_on(emulator::serve(
            listener,
            emulator,
            emulator::ServerOptions::default(),
            never,
        ));
    });
    Ok(url)
}

fn valgrind() -> Command {
    let mut command = Command::new("valgrind");
    command
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        // The configuration of this machine must not affect the counts.
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

/// Runs a command under Valgrind, and returns its number of instructions.
fn count_instructions(mut command: Command) -> anyhow::Result<u64> {
    let output = command
        .output()
        .context("cannot run Valgrind; install the package valgrind")?;
    let log = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "a measured run failed: {log}");
    let count = log
        .lines()
        .find_map(|line| line.split_once("Collected : "))
        .context("Valgrind printed no count")?;
    Ok(count.1.trim().parse()?)
}
