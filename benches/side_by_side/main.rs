//! Compares `amiusage` with the AWS CLI, boto3's paginator and a minimal client, the floor.
//!
//! Every program queries the emulator of this build on loopback. Its output goes to a file and is verified before its time
//! counts. Wrong output fails the run. Times are printed next to the goals, and never fail it.
//!
//! ```text
//! cargo bench                          all scenarios except the build
//! cargo bench -- cold million          only these
//! cargo bench -- --quick               small sizes, one run each, as a smoke test
//! cargo bench -- build                 a clean release build (several minutes)
//! ```
//!
//! `AMIUSAGE_AWS_CLI` is the AWS CLI (default: `aws` on PATH), `AMIUSAGE_PYTHON` a Python with boto3 (default: `python3`).
//! Programs that are not installed are skipped. Output files are in TMPDIR. The AWS CLI writes text, which it streams; its
//! JSON takes as long, and is built in memory.

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

/// The argument with which this program runs itself as the floor.
const FLOOR: &str = "floor";

/// The scenario that runs only on request.
const BUILD: &str = "build";

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let outcome = match arguments.split_first() {
        Some((first, rest)) if first == FLOOR => floor::main(rest),
        _ => match arguments.split_last() {
            // `cargo bench` appends it to the arguments.
            Some((last, rest)) if last == "--bench" => side_by_side(rest),
            // `cargo test --all-targets` does not append it.
            _ => {
                table::note("nothing measured; run `cargo bench`");
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
            "unknown scenario '{other}'; scenarios are {}, {BUILD}",
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
