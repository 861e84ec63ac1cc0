//! The parameters of an action as one document, as in the AWS CLI: `--cli-input-json`, `--cli-input-yaml` and
//! `--generate-cli-skeleton`.
//!
//! The members of a document become options at the end of the command line, before it is validated.

use std::ffi::OsString;

use clap::error::ErrorKind;
use clap::parser::ValueSource;
use clap::{Arg, ArgMatches, Args, FromArgMatches, ValueEnum};
use serde_json::{Map, Value};

use super::output::OutputFlags;
use crate::args::document;
use crate::entries::Entry;

/// Options for documents. Hidden: `manual::PROGRAM` lists them.
#[derive(Debug, Args)]
pub struct DocumentOptions {
    /// Parameters in JSON, or a file:// URL
    #[arg(long, global = true, hide = true, value_name = "JSON")]
    pub cli_input_json: Option<String>,

    /// Parameters in YAML, or a file:// URL
    #[arg(
        long,
        global = true,
        hide = true,
        value_name = "YAML",
        conflicts_with = "cli_input_json"
    )]
    pub cli_input_yaml: Option<String>,

    /// Print a document to fill in, and send no request
    #[arg(
        long,
        global = true,
        hide = true,
        value_name = "KIND",
        value_enum,
        num_args = 0..=1,
        default_missing_value = "input"
    )]
    pub generate_cli_skeleton: Option<SkeletonKind>,
}

/// The kinds of [`Skeleton`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum SkeletonKind {
    /// Parameters for `--cli-input-json`
    Input,
    /// Sample output
    Output,
    /// Parameters for `--cli-input-yaml`
    YamlInput,
}

/// A document with placeholders, which is printed instead of running the subcommand.
#[derive(Debug)]
pub struct Skeleton {
    /// Which document.
    pub kind: SkeletonKind,
    /// The document.
    pub document: Value,
    /// How to write sample output. The row type has no effect on a document.
    pub output: OutputFlags<Entry>,
}

/// The placeholders of each action's parameters and output, as the AWS CLI generates them.
const ACTIONS: &str = include_str!("actions.json");

/// The placeholders of the action that a subcommand stands for, by its name or an alias.
fn placeholders(command: &clap::Command, part: &str) -> Option<Value> {
    let mut actions: Map<String, Value> = serde_json::from_str(ACTIONS).expect("tests parse it");
    let mut names = command.get_all_aliases().chain([command.get_name()]);
    names.find_map(|name| {
        let mut action = actions.remove(match name {
            "wait" | "image-usage-report-available" => "describe-image-usage-reports",
            name => name,
        })?;
        Some(action[part].take())
    })
}

/// The subcommand that a command line invokes, and its arguments.
pub(super) fn leaf<'a>(
    mut command: &'a clap::Command,
    mut matches: &'a ArgMatches,
) -> (&'a clap::Command, &'a ArgMatches) {
    while let Some((name, subcommand)) = matches.subcommand() {
        command = command.find_subcommand(name).expect("clap parsed it");
        matches = subcommand;
    }
    (command, matches)
}

/// The arguments of a command line in which required ones may be missing.
fn parse_incomplete(command: &clap::Command, arguments: &[OsString]) -> Option<ArgMatches> {
    fn ignore_errors(command: clap::Command) -> clap::Command {
        command.ignore_errors(true).mut_subcommands(ignore_errors)
    }
    ignore_errors(command.clone())
        .try_get_matches_from(arguments)
        .ok()
}

/// Parses a command line and its document. Printing parameters to fill in requires none.
pub(super) fn parse(
    command: &mut clap::Command,
    mut arguments: Vec<OsString>,
) -> Result<ArgMatches, clap::Error> {
    add_members(command, &mut arguments)?;
    (command.try_get_matches_from_mut(&arguments)).or_else(|error| {
        let matches = match error.kind() {
            ErrorKind::MissingRequiredArgument => parse_incomplete(command, &arguments),
            _ => None,
        };
        let prints_parameters = |matches: &ArgMatches| {
            let kind = matches.get_one::<SkeletonKind>("generate_cli_skeleton");
            kind.is_some_and(|kind| *kind != SkeletonKind::Output)
        };
        matches.filter(prints_parameters).ok_or(error)
    })
}

/// Adds the members of the document as options.
fn add_members(
    command: &mut clap::Command,
    arguments: &mut Vec<OsString>,
) -> Result<(), clap::Error> {
    let is_document = |argument: &OsString| argument.to_string_lossy().starts_with("--cli-i");
    if !arguments.iter().any(is_document) {
        return Ok(());
    }
    let Some(matches) = parse_incomplete(command, arguments) else {
        return Ok(());
    };
    let (subcommand, matches) = leaf(command, &matches);
    let members = members(subcommand, matches)
        .map_err(|problem| command.error(ErrorKind::ValueValidation, problem))?;
    arguments.extend(members);
    Ok(())
}

/// The members of the document as options, without those that the command line has: it takes precedence.
fn members(command: &clap::Command, matches: &ArgMatches) -> Result<Vec<OsString>, String> {
    let value = |id| matches.get_one::<String>(id);
    let (flag, argument) = match (value("cli_input_json"), value("cli_input_yaml")) {
        (Some(json), _) => ("--cli-input-json", json),
        (_, Some(yaml)) => ("--cli-input-yaml", yaml),
        (None, None) => return Ok(Vec::new()),
    };
    let placeholders = placeholders(command, "Input").ok_or_else(|| not_accepted(command, flag))?;
    let parse = match flag {
        "--cli-input-json" => document::json,
        _ => document::yaml,
    };
    let document = parse(flag, argument, &placeholders).map_err(|error| error.to_string())?;
    let is_given = |id| matches.value_source(id) == Some(ValueSource::CommandLine);
    let mut options = Vec::new();
    for (member, value) in document.as_object().into_iter().flatten() {
        let option = option(command, member)
            .ok_or_else(|| format!("{flag}: {}", not_accepted(command, member)))?;
        let id = option.get_id().as_str();
        let has_opposite = id == "dry_run" && is_given("no_dry_run");
        if !is_given(id) && !has_opposite {
            options.extend(with_value(option.get_long().unwrap_or_default(), value));
        }
    }
    Ok(options)
}

fn not_accepted(command: &clap::Command, what: &str) -> String {
    format!("'{}' does not accept '{what}'", command.get_name())
}

/// The option for a parameter of the service: `--image-ids` for `ImageIds`.
fn option<'a>(command: &'a clap::Command, member: &str) -> Option<&'a Arg> {
    let mut name = String::new();
    for character in member.chars() {
        if character.is_ascii_uppercase() && !name.is_empty() {
            name.push('-');
        }
        name.push(character.to_ascii_lowercase());
    }
    command.get_arguments().find(|option| {
        let aliases = option.get_all_aliases().unwrap_or_default();
        option.get_long() == Some(&name) || aliases.contains(&&*name)
    })
}

/// The option with this value. Options without a value are off by default.
fn with_value(name: &str, value: &Value) -> Option<OsString> {
    let option = match value {
        Value::Bool(false) => return None,
        Value::Bool(true) => format!("--{name}"),
        Value::String(text) => format!("--{name}={text}"),
        value => format!("--{name}={value}"),
    };
    Some(option.into())
}

/// The skeleton that a command line requests.
pub(super) fn skeleton(
    command: &mut clap::Command,
    matches: &ArgMatches,
) -> Result<Option<Skeleton>, clap::Error> {
    let Some(&kind) = matches.get_one::<SkeletonKind>("generate_cli_skeleton") else {
        return Ok(None);
    };
    let (subcommand, matches) = leaf(command, matches);
    let part = match kind {
        SkeletonKind::Output => "Output",
        SkeletonKind::Input | SkeletonKind::YamlInput => "Input",
    };
    let Some(document) = placeholders(subcommand, part) else {
        let problem = not_accepted(subcommand, "--generate-cli-skeleton");
        return Err(command.error(ErrorKind::UnknownArgument, problem));
    };
    let mut output = OutputFlags::json();
    if kind == SkeletonKind::Output && matches.try_contains_id("columns").is_ok() {
        output = OutputFlags::from_arg_matches(matches)?;
    }
    Ok(Some(Skeleton {
        kind,
        document,
        output,
    }))
}
