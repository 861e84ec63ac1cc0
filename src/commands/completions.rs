//! `amiusage completions`: the script that makes a shell ask this program for candidates.

use std::io::{self, Write};

use anyhow::Context;
use clap_complete::env::Shells;

use crate::cli::Completions;

/// Prints the script of the shell asked for.
pub(super) fn run(arguments: &Completions) -> anyhow::Result<()> {
    let shell = arguments.shell.to_string();
    let shells = Shells::builtins();
    let completer = shells
        .completer(&shell)
        .context("no completions for this shell")?;
    let mut script = Vec::new();
    completer.write_registration("COMPLETE", "amiusage", "amiusage", "amiusage", &mut script)?;
    io::stdout()
        .write_all(&script)
        .context("cannot write to stdout")
}
