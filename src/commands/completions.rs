//! `amiusage completions`: prints a shell completion script, and answers the script's requests for candidates.

use std::env;

use clap_complete::{CompleteEnv, Shell};

use crate::args::error::ArgumentError;
use crate::cli::{self, Completions};
use crate::error::Error;
use crate::output::write_to_stdout;

/// Prints the script of the requested shell.
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

/// Prints candidates if a shell requests them, and returns whether it did.
///
/// The variable is specific to this program: `COMPLETE`, set for another program, must not replace the output with a
/// script. A failure prints no message, which would garble the line being typed.
pub fn complete() -> bool {
    CompleteEnv::with_factory(cli::command)
        .var("AMIUSAGE_COMPLETE")
        .bin("amiusage")
        .completer("amiusage")
        .try_complete(env::args_os(), env::current_dir().ok().as_deref())
        .unwrap_or(true)
}
