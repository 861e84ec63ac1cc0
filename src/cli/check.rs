//! `amiusage check`: what may be asked about images that are to be retired.

use std::time::Duration;

use clap::builder::NonEmptyStringValueParser;
use clap::{ArgGroup, Args, ValueEnum};
use clap_complete::engine::ArgValueCompleter;

use super::output::OutputFlags;
use super::reports::time;
use super::{candidates, manual};
use crate::verdict::Row;

/// Tell whether images may be retired: in use, unused, or unknown
///
/// For each image it takes the newest report that covers the question, or creates one and waits for it; reads what other
/// accounts use; and asks what refers to the image in this account. An image is `unused` only when all of that is known
/// and none of it is a use. What is not `in-use` and not proven is `unknown`, with the reason.
///
/// The exit status is 1 when an image is in use, else 2 when one is unknown, else 0. A reader that closes the pipe early,
/// as `head` does, does not change it.
#[derive(Debug, Args)]
#[command(
    after_long_help = manual::CHECK,
    group = ArgGroup::new("images").args(["image_ids", "owned", "name"]).required(true).multiple(true)
)]
pub struct Check {
    /// These images, `ami-…`; the rows are in this order
    #[arg(long, value_name = "ID", num_args = 1.., help_heading = "What to check", conflicts_with_all = ["owned", "name"], add = ArgValueCompleter::new(candidates::list_files))]
    pub image_ids: Vec<String>,

    /// All images that the account owns, also deprecated and disabled ones
    #[arg(long, help_heading = "What to check")]
    pub owned: bool,

    /// The images that the account owns with such a name, say `golden-*`
    #[arg(long, value_name = "PATTERN", num_args = 1.., value_parser = NonEmptyStringValueParser::new(), help_heading = "What to check")]
    pub name: Vec<String>,

    /// Look at so many of a launch template's newest versions, 1 to 10000; else 20
    ///
    /// A report that looked at fewer does not do.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=10_000), help_heading = "What it takes")]
    pub version_depth: Option<u32>,

    /// Take reports that are no older than this, `90m` or `3d`
    #[arg(long, value_name = "TIME", value_parser = age, default_value = "24h", help_heading = "What it takes")]
    pub max_report_age: Duration,

    /// Create no report: images that have none are unknown
    #[arg(long, help_heading = "What it takes")]
    pub no_create: bool,

    /// Wait for reports so long in all, `90s` or `2h`; 0 for no limit
    ///
    /// Images whose reports are pending then are unknown. Run again, it goes on with these reports.
    #[arg(long, value_name = "TIME", value_parser = time, default_value = "1h", help_heading = "What it takes")]
    pub timeout: Duration,

    /// Only list the calls that would be made; exits 0
    ///
    /// It asks for the images and for their reports, and creates nothing.
    #[arg(long, help_heading = "What it takes", conflicts_with_all = ["columns", "details"])]
    pub dry_run: bool,

    /// The verdicts that make the exit status 1 or 2; `none` leaves it 0
    #[arg(
        long,
        value_name = "VERDICT",
        value_enum,
        num_args = 1..,
        value_delimiter = ',',
        default_values = ["in-use", "unknown"],
        help_heading = "Output"
    )]
    pub fail_on: Vec<FailOn>,

    /// Also show who uses the images, for what, how often; JSON always does
    #[arg(long, help_heading = "Output", conflicts_with = "columns")]
    pub details: bool,

    /// The form of the answer.
    #[command(flatten)]
    pub output: OutputFlags<Row>,
}

/// What makes the exit status 1 or 2.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum FailOn {
    /// An image in use: status 1
    InUse,
    /// An image of which it is not known: status 2
    Unknown,
    /// Neither
    None,
}

/// An age, which is not nothing.
fn age(text: &str) -> Result<Duration, String> {
    (time(text).ok().filter(|age| !age.is_zero()))
        .ok_or_else(|| "an age such as 90m, 24h or 3d, at most a year".to_owned())
}
