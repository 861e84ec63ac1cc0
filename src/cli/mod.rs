//! The command-line definition. The parser, `--help`, completions and manual pages are all generated from it.
//!
//! It contains definitions only. [`args`](crate::args) parses values and [`commands`](crate::commands) executes.

// Doc comments are help texts; a test checks that every option has one.
#![allow(missing_docs)]

pub mod account_names;
pub mod aws_cli;
mod candidates;
pub mod check;
pub mod diff;
pub mod document;
pub mod emulator;
pub mod entries;
pub mod images;
pub mod listing;
mod manual;
pub mod output;
mod regions;
pub mod reports;
pub mod selection;
pub mod summary;

use std::ffi::OsString;
use std::num::{NonZeroU32, NonZeroUsize};
use std::path::PathBuf;
use std::time::Duration;

use clap::builder::NonEmptyStringValueParser;
use clap::error::ErrorKind;
use clap::parser::ValueSource;
use clap::{
    Arg, ArgMatches, Args, CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum, ValueHint,
};
use clap_complete::engine::{ArgValueCandidates, ArgValueCompleter};

use crate::args::value;

/// Find out who uses your AMIs, and which ones you can retire
///
/// Reads Amazon EC2's image usage reports: which accounts use an image, for which resource types, and how many resources
/// use it. If you know `aws ec2 describe-image-usage-report-entries`, you know this program: options, filters, tokens and
/// JSON are the same, and the AWS names of the actions work as subcommands.
#[derive(Debug, Parser)]
#[command(
    name = "amiusage",
    version,
    propagate_version = true,
    infer_long_args = true,
    // As in the AWS CLI, the last occurrence wins: scripts may append options.
    args_override_self = true,
    arg_required_else_help = true,
    // `--region` takes several values and may precede the subcommand.
    subcommand_precedence_over_arg = true,
    max_term_width = 100,
    after_help = manual::MORE,
    after_long_help = manual::PROGRAM
)]
pub struct Cli {
    #[command(subcommand)]
    pub command: Command,

    #[command(flatten)]
    pub connection: Connection,

    #[command(flatten)]
    pub messages: Messages,

    #[command(flatten)]
    pub aws_cli: aws_cli::AwsCliOptions,

    #[command(flatten)]
    pub document: document::DocumentOptions,

    /// Whether neither `--output` nor AMIUSAGE_OUTPUT is set, in a command that has them.
    #[arg(skip)]
    pub has_default_output: bool,
}

/// The subcommands.
#[derive(Debug, Subcommand)]
pub enum Command {
    #[command(alias = "describe-image-usage-report-entries")]
    Entries(entries::Entries),
    Reports(reports::Reports),
    // As in the AWS CLI, the actions are also top-level commands.
    #[command(name = "describe-image-usage-reports", hide = true)]
    ListReports(Box<reports::List>),
    #[command(name = "create-image-usage-report", hide = true)]
    CreateReport(Box<reports::Create>),
    #[command(name = "delete-image-usage-report", hide = true)]
    DeleteReport(Box<reports::Delete>),
    /// Wait for reports
    #[command(hide = true, subcommand, subcommand_precedence_over_arg = true)]
    Wait(reports::Waiter),
    Check(Box<check::Check>),
    Diff(Box<diff::Diff>),
    #[command(alias = "describe-images")]
    Images(Box<images::Images>),
    #[command(alias = "describe-image-references")]
    References(Box<images::References>),
    #[command(alias = "describe-regions")]
    Regions(Box<images::Regions>),
    Summary(Box<summary::Summary>),
    Emulator(emulator::Emulator),
    Completions(Completions),
    /// Not a subcommand: any one with `--generate-cli-skeleton`.
    #[command(skip)]
    Skeleton(Box<document::Skeleton>),
}

/// Generate a shell completion script
///
/// The script gets its candidates from this program, including AWS profiles, Regions, columns and filters.
#[derive(Debug, Args)]
#[command(after_help = manual::MORE, after_long_help = manual::COMPLETIONS)]
pub struct Completions {
    /// Shell to generate the script for
    pub shell: clap_complete::Shell,
}

/// Options for connecting to AWS, which go before the AWS CLI's environment variables and files.
#[derive(Debug, Args)]
#[command(next_help_heading = "Connection")]
pub struct Connection {
    /// Profile in the AWS configuration files
    #[arg(
        long,
        short,
        global = true,
        value_name = "NAME",
        value_parser = NonEmptyStringValueParser::new(),
        conflicts_with = "offline",
        add = ArgValueCandidates::new(candidates::profiles)
    )]
    pub profile: Option<String>,

    /// AWS Region; several add a Region column
    ///
    /// Rows are in the order of the Regions. If one Region fails, the others still complete; the exit code is non-zero,
    /// and stderr names the missing Region.
    #[arg(
        long,
        short,
        global = true,
        value_name = "REGION",
        num_args = 1..,
        add = ArgValueCompleter::new(candidates::regions)
    )]
    pub region: Vec<String>,

    /// All Regions enabled for the account
    ///
    /// In alphabetical order. They are listed with DescribeRegions in the Region of AWS_REGION or the profile, or in
    /// us-east-1. This requires the permission ec2:DescribeRegions.
    #[arg(long, global = true, conflicts_with = "region")]
    pub all_regions: bool,

    /// Use sample data or a saved file instead of AWS
    ///
    /// Needs no account and no network. FILE is JSON output of `amiusage` or the AWS CLI. The data passes through the
    /// real client, including request signing, XML and paging; only the socket is replaced.
    #[arg(
        long,
        global = true,
        value_name = "FILE",
        num_args = 0..=1,
        require_equals = true,
        value_hint = ValueHint::FilePath
    )]
    #[allow(clippy::option_option)] // Absent, without a file, with a file.
    pub offline: Option<Option<PathBuf>>,

    /// Do not sign requests, for endpoints without accounts
    #[arg(long, global = true, hide_short_help = true)]
    pub no_sign_request: bool,

    /// Endpoint URL instead of the Region's endpoint
    ///
    /// Requests use the proxy in HTTPS_PROXY or HTTP_PROXY (by the URL's scheme), or else in ALL_PROXY, such as
    /// http://USER:PASSWORD@HOST:PORT, except for hosts listed in NO_PROXY. Lowercase names work too and take precedence.
    /// The metadata services of instances and containers are never accessed through a proxy.
    // Validated later: clap would print an invalid value, which may contain a password.
    #[arg(
        long,
        global = true,
        value_name = "URL",
        value_hint = ValueHint::Url,
        hide_short_help = true,
        conflicts_with = "offline"
    )]
    pub endpoint_url: Option<String>,

    /// Trust only the CA certificates in this PEM file
    ///
    /// For networks that inspect TLS traffic. The default is AWS_CA_BUNDLE, then `ca_bundle` in the profile, then the
    /// system's certificates. It applies to all services. Verification cannot be disabled.
    #[arg(
        long,
        global = true,
        value_name = "FILE",
        value_hint = ValueHint::FilePath,
        hide_short_help = true,
        conflicts_with = "offline"
    )]
    pub ca_bundle: Option<PathBuf>,

    /// Connect timeout in seconds, with TLS and proxy (0: none)
    ///
    /// Applies to each attempt. Fractions are allowed.
    #[arg(
        long,
        visible_alias = "cli-connect-timeout",
        global = true,
        value_name = "SECONDS",
        value_parser = value::seconds,
        hide_short_help = true,
        default_value = "10"
    )]
    pub connect_timeout: Duration,

    /// Read timeout in seconds (0: none)
    ///
    /// Maximum time without data, for each attempt. A response that averages less than 1 KiB per second over this
    /// time also times out. Fractions are allowed.
    #[arg(
        long,
        visible_alias = "cli-read-timeout",
        global = true,
        value_name = "SECONDS",
        value_parser = value::seconds,
        hide_short_help = true,
        default_value = "60"
    )]
    pub read_timeout: Duration,

    /// Maximum attempts per request (1: no retries)
    ///
    /// The default is AWS_MAX_ATTEMPTS, then `max_attempts` in the profile, then 10. Throttling, server errors, broken
    /// connections, timeouts and incomplete responses are retried with exponential backoff: up to 1 second before
    /// the first retry, up to 20 seconds later. Without an explicit limit, throttled requests are retried for as long as the
    /// service responds, and an endpoint that has never responded gets 3 attempts.
    ///
    /// Under throttling, all requests share one rate limit.
    #[arg(
        long,
        global = true,
        value_name = "N",
        value_parser = value::max_attempts,
        hide_short_help = true
    )]
    pub max_attempts: Option<NonZeroU32>,

    /// Maximum concurrent requests, 1 to 64
    ///
    /// Batches of a long list are requested concurrently, except with --max-items. The output does not depend on this
    /// number.
    #[arg(
        long,
        global = true,
        value_name = "N",
        value_parser = value::concurrency,
        allow_negative_numbers = true,
        hide_short_help = true,
        default_value = "8"
    )]
    pub concurrency: NonZeroUsize,
}

/// Options for messages on stderr.
#[derive(Debug, Args)]
#[command(next_help_heading = "Messages")]
pub struct Messages {
    /// Suppress progress and notes on stderr
    ///
    /// Errors and resume tokens are still printed.
    #[arg(long, short, global = true)]
    pub quiet: bool,

    /// When to print notes on stderr
    ///
    /// Notes are information about complete output. Scripts that capture stderr do not get them by default. The
    /// environment variable AMIUSAGE_NOTES sets the default.
    #[arg(
        long,
        global = true,
        value_name = "WHEN",
        value_enum,
        default_value_t,
        env = "AMIUSAGE_NOTES",
        hide_env = true,
        hide_short_help = true
    )]
    pub notes: Notes,

    /// Log each request and its timing, without secrets
    #[arg(long, global = true, hide_short_help = true)]
    pub debug: bool,

    /// When to use color
    #[arg(
        long,
        global = true,
        value_name = "WHEN",
        value_enum,
        default_value_t,
        hide_short_help = true
    )]
    pub color: Color,

    /// Error format
    #[arg(
        long,
        global = true,
        value_name = "FORMAT",
        value_enum,
        default_value_t,
        hide_short_help = true
    )]
    pub error_format: ErrorFormat,
}

/// Error format on stderr.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum ErrorFormat {
    /// One to three lines of text
    #[default]
    Text,
    /// One JSON object on one line
    Json,
}

/// When to print notes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Notes {
    /// If stderr is a terminal
    #[default]
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

/// When to use color.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Color {
    /// On a terminal, unless NO_COLOR is set
    #[default]
    Auto,
    /// Always
    #[value(alias = "on")]
    Always,
    /// Never
    #[value(alias = "off")]
    Never,
}

/// Subcommands that do not accept all global options, and the IDs of the options that they reject.
const REJECTED_OPTIONS: [(&[&str], &[&str]); 9] = [
    (&["emulator"], &NO_CONNECTION),
    (&["completions"], &NO_CONNECTION),
    (&["reports", "create"], &["all_regions"]),
    (&["create-image-usage-report"], &["all_regions"]),
    (&["reports", "wait"], &SEQUENTIAL),
    (&["wait"], &SEQUENTIAL),
    (&["wait", "image-usage-report-available"], &SEQUENTIAL),
    (&["reports", "delete"], &SEQUENTIAL),
    (&["delete-image-usage-report"], &SEQUENTIAL),
];

/// Rejected by commands that do not connect to AWS: all connection options and the log of requests.
const NO_CONNECTION: [&str; 12] = [
    "profile",
    "region",
    "all_regions",
    "offline",
    "no_sign_request",
    "endpoint_url",
    "ca_bundle",
    "connect_timeout",
    "read_timeout",
    "max_attempts",
    "concurrency",
    "debug",
];

/// Rejected by commands that send sequential requests to one Region.
const SEQUENTIAL: [&str; 2] = ["all_regions", "concurrency"];

/// The command-line definition, in which each subcommand shows only the options that it accepts.
pub fn command() -> clap::Command {
    let command = Cli::command();
    let globals: Vec<Arg> = (command.get_arguments())
        .filter(|arg| arg.is_global_set())
        .cloned()
        .collect();
    REJECTED_OPTIONS
        .iter()
        .fold(command, |command, (path, rejected)| {
            adapt_options(command, path, &globals, rejected)
        })
}

/// Adapts the options of the subcommand at `path`: clap does not propagate a global option to a subcommand that has its
/// own definition.
fn adapt_options(
    command: clap::Command,
    path: &[&str],
    globals: &[Arg],
    rejected: &[&str],
) -> clap::Command {
    if let [name, path @ ..] = path {
        return command.mut_subcommand(name, |command| {
            adapt_options(command, path, globals, rejected)
        });
    }
    let adapted = globals.iter().filter_map(|arg| {
        let id = arg.get_id().as_str();
        if rejected.contains(&id) {
            return Some(arg.clone().hide(true));
        }
        // Without --all-regions, the command uses one Region.
        (id == "region" && rejected.contains(&"all_regions")).then(|| {
            (arg.clone().num_args(1))
                .help("AWS Region")
                .long_help("AWS Region")
        })
    });
    command.args(adapted)
}

/// Parses a command line.
///
/// # Errors
/// An invalid command line, and requests for help or the version.
pub fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Cli, clap::Error> {
    // Leaked: to free it takes a twelfth of the start-up time.
    let command = Box::leak(Box::new(command()));
    let arguments = aws_cli::move_output_options(command, arguments);
    let mut matches = document::parse(command, arguments).map_err(|mut error| {
        aws_cli::remove_unsafe_tip(&mut error);
        error
    })?;
    aws_cli::refuse(command, &matches)?;
    reject_options(command, &matches, &mut Vec::new())?;
    let innermost = aws_cli::innermost(&matches);
    let has_default_output = innermost.try_contains_id("output").is_ok()
        && innermost.value_source("output") == Some(ValueSource::DefaultValue);
    if let Some(skeleton) = document::skeleton(command, &matches)? {
        return Ok(Cli {
            command: Command::Skeleton(Box::new(skeleton)),
            connection: Connection::from_arg_matches(&matches)?,
            messages: Messages::from_arg_matches(&matches)?,
            aws_cli: aws_cli::AwsCliOptions::from_arg_matches(&matches)?,
            document: document::DocumentOptions::from_arg_matches(&matches)?,
            has_default_output,
        });
    }
    let cli = Cli::from_arg_matches_mut(&mut matches);
    let cli = cli.map_err(|error| error.format(command))?;
    Ok(Cli {
        has_default_output,
        ..cli
    })
}

/// Fails if the command line has a global option that the subcommand does not accept, before or after its name.
fn reject_options<'a>(
    command: &mut clap::Command,
    matches: &'a ArgMatches,
    path: &mut Vec<&'a str>,
) -> Result<(), clap::Error> {
    if let Some((name, matches)) = matches.subcommand() {
        path.push(name);
        let command = command.find_subcommand_mut(name).expect("clap parsed it");
        return reject_options(command, matches, path);
    }
    let rejected = (REJECTED_OPTIONS.iter())
        .filter(|(rejecting, _)| rejecting == path)
        .flat_map(|(_, rejected)| *rejected)
        .find(|id| matches.value_source(id) == Some(ValueSource::CommandLine));
    match rejected {
        None => Ok(()),
        Some(id) => {
            let message = format!(
                "'{}' does not accept '--{}'",
                path.join(" "),
                id.replace('_', "-")
            );
            Err(command.error(ErrorKind::UnknownArgument, message))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// All subcommands at any depth, with the program itself.
    fn visit(command: &mut clap::Command, check: &mut impl FnMut(&mut clap::Command)) {
        check(command);
        for subcommand in command.get_subcommands_mut() {
            visit(subcommand, check);
        }
    }

    #[test]
    fn the_definition_is_valid() {
        command().debug_assert();
    }

    #[test]
    fn short_help_fits_on_a_terminal() {
        let mut program = command().term_width(80);
        program.build();
        visit(&mut program, &mut |command| {
            let help = command.render_help().to_string();
            assert!(help.lines().count() <= 40, "{help}");
            let sections = command.get_after_long_help().unwrap_or_default();
            for text in [help, sections.to_string()] {
                let is_narrow = text.lines().all(|line| line.chars().count() <= 80);
                assert!(is_narrow, "{text}");
            }
        });
    }

    #[test]
    fn commands_and_options_have_help_with_a_short_first_line() {
        visit(&mut command(), &mut |command| {
            assert!(command.get_about().is_some(), "{}", command.get_name());
            for option in command.get_arguments() {
                let help = option.get_help().unwrap_or_default().to_string();
                assert!(!help.is_empty(), "{}", option.get_id());
                assert!(help.chars().count() <= 60, "{}: {help}", option.get_id());
                assert!(!help.ends_with('.'), "{}: {help}", option.get_id());
            }
        });
    }

    #[test]
    fn connection_and_message_options_take_one_line_each() {
        let mut program = command().term_width(80);
        program.build();
        visit(&mut program, &mut |command| {
            let help = command.render_help().to_string();
            let sections = help.split("\n\n").filter(|section| {
                section.starts_with("Connection:") || section.starts_with("Messages:")
            });
            for line in sections.flat_map(|section| section.lines().skip(1)) {
                assert!(line.trim_start().starts_with('-'), "{help}");
            }
        });
    }

    #[test]
    fn options_that_do_not_apply_are_rejected_before_and_after_the_subcommand() {
        let parse = |line: &str| parse(line.split(' ').map(OsString::from));
        for line in [
            "amiusage emulator --region us-east-1",
            "amiusage --region us-east-1 emulator",
            "amiusage emulator --offline",
            "amiusage --debug completions bash",
            "amiusage reports delete --report-ids amiur-1 --all-regions",
            "amiusage --all-regions reports create --owned",
            "amiusage reports --concurrency 2 wait --report-ids amiur-1",
            "amiusage --concurrency 2 wait image-usage-report-available --report-ids amiur-1",
        ] {
            let error = parse(line).expect_err(line);
            assert_eq!(error.kind(), ErrorKind::UnknownArgument, "{line}");
            assert!(error.to_string().contains("does not accept"), "{error}");
        }
        for line in [
            "amiusage -q emulator",
            "amiusage -q completions bash",
            "amiusage --color never completions bash",
            "amiusage -r us-east-1 -p prod entries -o csv -f Name=account-id,Values=1 -q",
            "amiusage --all-regions check --owned",
            "amiusage --concurrency 2 reports create --owned",
        ] {
            assert!(parse(line).is_ok(), "{line}");
        }
    }
}
