//! `amiusage completions`: the script that makes a shell ask this program for candidates, and the answer to it.

use std::env;

use clap_complete::{CompleteEnv, Shell};

use crate::args::error::ArgumentError;
use crate::cli::{self, Completions};
use crate::error::Error;
use crate::output::write_to_stdout;

/// Prints the script of the shell asked for.
pub(super) fn run(arguments: &Completions) -> Result<(), Error> {
    let script = match arguments.shell {
        Shell::Bash => include_str!("../../completions/amiusage.bash"),
        Shell::Elvish => include_str!("../../completions/amiusage.elv"),
        Shell::Fish => include_str!("../../completions/amiusage.fish"),
        Shell::PowerShell => include_str!("../../completions/_amiusage.ps1"),
        Shell::Zsh => include_str!("../../completions/_amiusage"),
        other => {
            let problem = format_args!("no completion script for {other}");
            return Err(ArgumentError::new("SHELL", problem).into());
        }
    };
    Ok(write_to_stdout(script)?)
}

/// Answers a shell that asks for candidates, and tells whether one did.
///
/// The variable is this program's own: one as general as `COMPLETE`, set for something else, must not replace an
/// answer by a script. Without an answer there is no message either, which would spoil the line being typed.
pub fn complete() -> bool {
    CompleteEnv::with_factory(cli::command)
        .var("AMIUSAGE_COMPLETE")
        .bin("amiusage")
        .completer("amiusage")
        .try_complete(env::args_os(), env::current_dir().ok().as_deref())
        .unwrap_or(true)
}
