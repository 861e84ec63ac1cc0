//! Command lines that were written for the AWS CLI: options without a meaning here, options that are refused, and output
//! options before the subcommand.

use std::ffi::{OsStr, OsString};

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{ArgMatches, Args};

/// Options of the AWS CLI that have no effect or are refused. Hidden: `manual::PROGRAM` lists them.
#[derive(Debug, Args)]
pub struct AwsCliOptions {
    /// No effect: output is not paged
    #[arg(long, global = true, hide = true)]
    pub no_cli_pager: bool,

    /// No effect: there are no prompts
    #[arg(long, global = true, hide = true)]
    pub no_cli_auto_prompt: bool,

    /// No effect: no parameter is binary
    #[arg(long, global = true, hide = true, value_name = "FORMAT", value_parser = ["base64", "raw-in-base64-out"])]
    pub cli_binary_format: Option<String>,

    /// No effect: the default
    #[arg(long, global = true, hide = true)]
    pub no_dry_run: bool,

    /// Refused
    #[arg(long, global = true, hide = true)]
    pub no_verify_ssl: bool,

    /// Refused
    #[arg(long, global = true, hide = true)]
    pub cli_auto_prompt: bool,
}

/// Fails for an option of the AWS CLI that is refused.
pub(super) fn refuse(command: &mut clap::Command, matches: &ArgMatches) -> Result<(), clap::Error> {
    let matches = innermost(matches);
    let is_set = |id| matches!(matches.try_get_one(id), Ok(Some(true)));
    let message = if is_set("no_verify_ssl") {
        "'--no-verify-ssl' is refused: TLS verification cannot be disabled; trust your CA with --ca-bundle"
    } else if is_set("cli_auto_prompt") {
        "'--cli-auto-prompt' is refused: there are no prompts; see --help, or use shell completion"
    } else if is_set("no_dry_run") && is_set("dry_run") {
        "'--no-dry-run' cannot be used with '--dry-run'"
    } else {
        return Ok(());
    };
    Err(command.error(ErrorKind::ArgumentConflict, message))
}

/// The options of the subcommand, and of the program, which are the subcommand's too.
pub(super) fn innermost(mut matches: &ArgMatches) -> &ArgMatches {
    while let Some((_, subcommand)) = matches.subcommand() {
        matches = subcommand;
    }
    matches
}

/// Options that a tip may name: they do not change which rows are read or written, or what is created or deleted.
const SAFE_TIPS: [&str; 22] = [
    "--account-ids",
    "--ca-bundle",
    "--color",
    "--columns",
    "--concurrency",
    "--connect-timeout",
    "--created",
    "--debug",
    "--details",
    "--endpoint-url",
    "--error-format",
    "--filter",
    "--image-ids",
    "--notes",
    "--out-file",
    "--output",
    "--profile",
    "--query",
    "--quiet",
    "--read-timeout",
    "--region",
    "--report-ids",
];

/// Removes a tip that would change the result: a script that follows it would get other rows without an error.
pub(super) fn remove_unsafe_tip(error: &mut clap::Error) {
    let is_safe = match error.get(ContextKind::SuggestedArg) {
        Some(ContextValue::String(option)) => SAFE_TIPS.contains(&option.as_str()),
        _ => true,
    };
    if !is_safe {
        error.remove(ContextKind::SuggestedArg);
    }
}

/// Moves `--output` and `--query` from before the subcommand, where the AWS CLI accepts them, to after it. They stay before
/// the subcommand's own options, which override them.
pub(super) fn move_output_options(
    command: &clap::Command,
    arguments: impl IntoIterator<Item = OsString>,
) -> Vec<OsString> {
    let mut arguments = arguments.into_iter();
    let mut kept: Vec<OsString> = arguments.next().into_iter().collect();
    let mut moved = Vec::new();
    while let Some(argument) = arguments.next() {
        if let Some(mut subcommand) = command.find_subcommand(&argument) {
            kept.push(argument);
            let mut rest = arguments.peekable();
            while let Some(name) = rest.peek()
                && let Some(nested) = subcommand.find_subcommand(name)
            {
                subcommand = nested;
                kept.extend(rest.next());
            }
            kept.append(&mut moved);
            kept.extend(rest);
            return kept;
        }
        let is_flag = |names: [&str; 3]| names.iter().any(|name| argument == OsStr::new(name));
        let text = argument.to_string_lossy();
        if is_flag(["--output", "-o", "--query"]) {
            moved.push(argument);
            moved.extend(arguments.next());
        } else if text.starts_with("--output=") || text.starts_with("--query=") {
            moved.push(argument);
        } else {
            kept.push(argument);
        }
    }
    kept.append(&mut moved);
    kept
}
