//! `amiusage` beside other ways to the same answer, in one run: the AWS CLI, boto3's paginator, and a floor.
//!
//! Every program asks the same emulator, this build's own, on loopback; its output goes to a file and is checked
//! before its time counts. A wrong output fails the run. A time never does: times are printed, with the goals.
//!
//! ```text
//! cargo bench                          all scenarios but the build
//! cargo bench -- cold million          these
//! cargo bench -- --quick               small sizes, once each: does it work?
//! cargo bench -- build                 a clean release build in a directory of its own (minutes)
//! ```
//!
//! `AMIUSAGE_AWS_CLI` names the AWS CLI if it is not `aws` on PATH, `AMIUSAGE_PYTHON` a Python with boto3 if it is not
//! `python3`. What is not installed is left out. Output goes below TMPDIR. The AWS CLI writes text, which it streams:
//! its JSON takes as long, and holds the whole answer in memory.

mod build;
mod check;
mod emulator;
mod floor;
mod http;
mod machine;
mod measure;
mod programs;
mod scenarios;
mod table;

use std::env;
use std::process::ExitCode;

use anyhow::bail;
use scenarios::Scenario;

/// The argument by which this program runs itself as the floor.
const FLOOR: &str = "floor";

/// The scenario that runs only when it is named.
const BUILD: &str = "build";

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let outcome = match arguments.split_first() {
        Some((first, rest)) if first == FLOOR => floor::main(rest),
        _ => match arguments.split_last() {
            // `cargo bench` adds it to whatever was typed.
            Some((last, rest)) if last == "--bench" => side_by_side(rest),
            // `cargo test --all-targets` does not.
            _ => {
                table::note("nothing is measured; run `cargo bench`");
                Ok(())
            }
        },
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            table::note(&format!("error: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

fn side_by_side(arguments: &[String]) -> anyhow::Result<()> {
    let (quick, named): (Vec<_>, Vec<_>) = arguments.iter().partition(|a| *a == "--quick");
    let quick = !quick.is_empty();
    let scenarios = scenarios::all(quick);
    let known = |name: &str| name == BUILD || scenarios.iter().any(|s| s.name == name);
    if let Some(other) = named.iter().find(|name| !known(name)) {
        let names: Vec<_> = scenarios.iter().map(|scenario| scenario.name).collect();
        bail!(
            "there is no scenario '{other}': {}, {BUILD}",
            names.join(", ")
        );
    }
    let wanted =
        |scenario: &&Scenario| named.is_empty() || named.iter().any(|n| *n == scenario.name);

    let programs = programs::Programs::find();
    table::print(&machine::description(&programs)?)?;
    for scenario in scenarios.iter().filter(wanted) {
        scenario.run(&programs, quick)?;
    }
    if named.iter().any(|name| *name == BUILD) {
        build::run()?;
    }
    Ok(())
}
