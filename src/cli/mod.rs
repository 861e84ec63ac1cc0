//! What may be asked: the one definition of the command line, from which the parser, `--help`, the completions
//! and the manual are made.
//!
//! No work is done here. What was typed becomes a checked request in [`commands`](crate::commands).

mod candidates;
pub mod check;
pub mod emulator;
pub mod entries;
mod manual;
pub mod output;
pub mod paging;
mod regions;
pub mod reports;

use std::num::{NonZeroU32, NonZeroUsize};
use std::path::PathBuf;
use std::time::Duration;

use clap::builder::NonEmptyStringValueParser;
use clap::{Args, Parser, Subcommand, ValueEnum, ValueHint};
use clap_complete::engine::{ArgValueCandidates, ArgValueCompleter};

/// Tells the owners of Amazon machine images who runs them
///
/// Reads Amazon EC2's image usage reports: which accounts use an image, for what, and how often. Whoever knows
/// `aws ec2 describe-image-usage-report-entries` knows this program: flags, filters, tokens and JSON are the
/// same, and the AWS names of the actions work as names of subcommands.
#[derive(Debug, Parser)]
#[command(
    name = "amiusage",
    version,
    propagate_version = true,
    infer_long_args = true,
    // As in the AWS CLI, the last of two wins: a script may add a flag to a line that has it.
    args_override_self = true,
    arg_required_else_help = true,
    disable_help_subcommand = true,
    // `--region` takes several values, and may stand before the subcommand.
    subcommand_precedence_over_arg = true,
    max_term_width = 100,
    after_long_help = manual::PROGRAM
)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,

    /// How to reach the service.
    #[command(flatten)]
    pub connection: Connection,

    /// How to speak to the person at the terminal.
    #[command(flatten)]
    pub messages: Messages,
}

/// The subcommands.
#[derive(Debug, Subcommand)]
pub enum Command {
    #[allow(missing_docs)] // The help text is that of the arguments.
    #[command(alias = "describe-image-usage-report-entries")]
    Entries(entries::Entries),
    #[allow(missing_docs)]
    Reports(reports::Reports),
    #[allow(missing_docs)] // As in the AWS CLI, where these are commands of their own.
    #[command(name = "describe-image-usage-reports", hide = true)]
    ListReports(Box<reports::List>),
    #[allow(missing_docs)]
    #[command(name = "create-image-usage-report", hide = true)]
    CreateReport(Box<reports::Create>),
    #[allow(missing_docs)]
    #[command(name = "delete-image-usage-report", hide = true)]
    DeleteReport(Box<reports::Delete>),
    /// Wait for reports
    #[command(hide = true, subcommand, subcommand_precedence_over_arg = true)]
    Wait(reports::Waiter),
    #[allow(missing_docs)]
    Check(Box<check::Check>),
    #[allow(missing_docs)]
    Emulator(emulator::Emulator),
    #[allow(missing_docs)]
    Completions(Completions),
}

/// Print the script that completes this program's words in a shell
///
/// The script asks this program for the candidates, so that profiles, Regions, columns and filters complete with
/// real values.
#[derive(Debug, Args)]
#[command(after_long_help = manual::COMPLETIONS)]
pub struct Completions {
    /// The shell to print it for
    pub shell: clap_complete::Shell,
}

/// How the service is reached. The environment variables and files of the AWS CLI are obeyed.
#[derive(Debug, Args)]
#[command(next_help_heading = "Connection")]
pub struct Connection {
    /// Take settings and credentials from this profile of the AWS CLI's files
    #[arg(
        long,
        global = true,
        value_name = "NAME",
        value_parser = NonEmptyStringValueParser::new(),
        conflicts_with = "offline",
        add = ArgValueCandidates::new(candidates::profiles)
    )]
    pub profile: Option<String>,

    /// Ask in this Region, or in several: then each row tells its `Region`
    ///
    /// The rows come in the order of the Regions. Where one fails, the others are answered all the same; then the exit
    /// status is not 0, and stderr says which Region is missing.
    #[arg(
        long,
        global = true,
        value_name = "REGION",
        num_args = 1..,
        add = ArgValueCompleter::new(candidates::regions)
    )]
    pub region: Vec<String>,

    /// Ask in all Regions that are enabled for the account
    ///
    /// DescribeRegions tells them, in the Region of AWS_REGION or the profile, else in us-east-1; that needs the
    /// permission ec2:DescribeRegions. They are asked in the order of their names.
    #[arg(long, global = true, conflicts_with = "region")]
    pub all_regions: bool,

    /// Send requests to this URL instead of the Region's endpoint
    ///
    /// Requests to https and http URLs go through the proxies that HTTPS_PROXY and HTTP_PROXY name, or else ALL_PROXY,
    /// as in http://USER:PASSWORD@HOST:PORT, but not to the hosts that NO_PROXY lists. Lower-case names work too, and
    /// win. The metadata services of instances and containers are never asked through a proxy.
    // Checked later: the parser would repeat a wrong value, which may hold a password.
    #[arg(long, global = true, value_name = "URL", value_hint = ValueHint::Url, conflicts_with = "offline")]
    pub endpoint_url: Option<String>,

    /// Trust only the certificate authorities in this PEM file, instead of the system's
    ///
    /// For networks that inspect TLS. Without it, AWS_CA_BUNDLE is obeyed, then `ca_bundle` in the profile, for every
    /// service that is asked. Verification cannot be turned off.
    #[arg(long, global = true, value_name = "FILE", value_hint = ValueHint::FilePath, conflicts_with = "offline")]
    pub ca_bundle: Option<PathBuf>,
    /// Give a connection so long, TLS and proxy included; 0 for no limit
    ///
    /// Whole or decimal seconds. The time holds for each attempt.
    #[arg(
        long,
        visible_alias = "cli-connect-timeout",
        global = true,
        value_name = "SECONDS",
        value_parser = seconds,
        default_value = "10"
    )]
    pub connect_timeout: Duration,

    /// Give up on a service that is silent for so long; 0 for no limit
    ///
    /// Whole or decimal seconds: until an answer begins, and between its parts. An answer that trickles, with
    /// less than 1 KiB a second in all this time, is given up too. The time holds for each attempt.
    #[arg(
        long,
        visible_alias = "cli-read-timeout",
        global = true,
        value_name = "SECONDS",
        value_parser = seconds,
        default_value = "60"
    )]
    pub read_timeout: Duration,

    /// Try a request at most so often, 1 for no retries; else AWS_MAX_ATTEMPTS, the profile, or 10
    ///
    /// What is tried again: throttling, errors of the service's own, broken connections, time-outs, and answers
    /// that are not whole. The wait before the first retry is up to 1 second, and doubles up to 20 seconds.
    /// Where nobody says how often, throttling is waited out as long as the service answers anything, and an endpoint
    /// that has never answered is given up after 3 attempts.
    ///
    /// Once a request is throttled, all of them wait for turns at the pace that the service allows.
    #[arg(long, global = true, value_name = "N", value_parser = max_attempts)]
    pub max_attempts: Option<NonZeroU32>,

    /// Send so many requests at the same time, from 1 to 64
    ///
    /// Lists of IDs are split into batches that can be asked for at the same time. The answer is the same at any
    /// number. Where the service throttles, all of them slow down together. With --max-items it is one after the other.
    #[arg(
        long,
        global = true,
        value_name = "N",
        value_parser = concurrency,
        allow_negative_numbers = true,
        default_value = "8"
    )]
    pub concurrency: NonZeroUsize,

    /// Answer from built-in sample data, or from a saved document: no account, no network
    ///
    /// FILE holds what `amiusage entries --output json` or the AWS CLI wrote. The answer goes through the real
    /// client: signing, XML and paging; only the socket is replaced.
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
}

/// What goes to stderr, and in what form.
#[derive(Debug, Args)]
#[command(next_help_heading = "Messages")]
pub struct Messages {
    /// The form of an error on stderr
    #[arg(long, global = true, value_name = "FORM", value_enum, default_value_t)]
    pub error_format: ErrorFormat,

    /// Whether to colour
    #[arg(long, global = true, value_name = "WHEN", value_enum, default_value_t)]
    pub color: Color,

    /// No progress and no notes on stderr; errors and resume tokens remain
    #[arg(long, global = true)]
    pub quiet: bool,

    /// Log each request, attempt and its time to stderr, without secrets
    #[arg(long, global = true)]
    pub debug: bool,
}

/// The form of an error on stderr.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum ErrorFormat {
    /// One to three lines for a person
    #[default]
    Text,
    /// One JSON object on one line
    Json,
}

/// Whether to colour.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Color {
    /// On a terminal, unless `NO_COLOR` is set
    #[default]
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

fn max_attempts(text: &str) -> Result<NonZeroU32, String> {
    text.parse()
        .map_err(|_| "a whole number from 1 on; 1 tries once and never again".to_owned())
}

fn concurrency(text: &str) -> Result<NonZeroUsize, String> {
    // The service takes some 20 requests a second: more at once gain nothing.
    const MAX: usize = 64;
    text.parse()
        .ok()
        .filter(|number: &NonZeroUsize| number.get() <= MAX)
        .ok_or_else(|| format!("a whole number from 1 to {MAX}"))
}

/// A time-out: zero stands for none, as in the AWS CLI.
fn seconds(text: &str) -> Result<Duration, String> {
    // A year: times far beyond that overflow the clock.
    const MAX: f64 = 31_536_000.0;
    text.parse()
        .ok()
        .filter(|seconds| (0.0..=MAX).contains(seconds))
        .map(Duration::from_secs_f64)
        .ok_or_else(|| "a number of seconds, such as 60 or 0.5; 0 waits for ever".to_owned())
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_definition_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn seconds_are_whole_or_decimal() {
        assert_eq!(seconds("60"), Ok(Duration::from_secs(60)));
        assert_eq!(seconds("0.25"), Ok(Duration::from_millis(250)));
        assert_eq!(seconds("0"), Ok(Duration::ZERO));
        for wrong in ["", "-1", "1s", "inf", "nan", "1e300"] {
            assert!(seconds(wrong).is_err(), "{wrong}");
        }
    }
}
