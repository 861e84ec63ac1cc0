//! `amiusage reports`: the life of image usage reports.

use std::time::Duration;

use clap::builder::NonEmptyStringValueParser;
use clap::{ArgGroup, Args, Subcommand};
use clap_complete::engine::ArgValueCompleter;

use super::output::OutputFlags;
use super::paging::Paging;
use super::{candidates, manual};
use crate::reports::{CreateRow, DeleteRow, Report};

/// Create, list and delete image usage reports, or wait for them
///
/// A report counts what uses one image, in other accounts. It is `pending` for a while, then `available`: only then
/// has it entries. The service deletes it after 30 days.
#[derive(Debug, Args)]
#[command(after_long_help = manual::REPORTS, subcommand_precedence_over_arg = true)]
pub struct Reports {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What to do with reports.
#[derive(Debug, Subcommand)]
pub enum Command {
    #[allow(missing_docs)] // The help text is that of the arguments.
    #[command(alias = "describe-image-usage-reports")]
    List(Box<List>),
    #[allow(missing_docs)]
    #[command(alias = "create-image-usage-report")]
    Create(Box<Create>),
    #[allow(missing_docs)]
    Wait(Wait),
    #[allow(missing_docs)]
    #[command(alias = "delete-image-usage-report")]
    Delete(Box<Delete>),
}

/// The subcommands of `amiusage wait`, as the AWS CLI has them.
#[derive(Debug, Subcommand)]
pub enum Waiter {
    /// Wait until reports are available
    ImageUsageReportAvailable(Wait),
}

/// List reports: what they cover, and how far they are
///
/// As `describe-image-usage-reports` it takes the command lines of the AWS CLI.
#[derive(Debug, Args)]
#[command(after_long_help = manual::REPORTS_LIST)]
pub struct List {
    /// Reports of these images, `ami-…`
    #[arg(long, value_name = "ID", num_args = 1.., help_heading = "What to list", add = ArgValueCompleter::new(candidates::list_files))]
    pub image_ids: Vec<String>,

    /// These reports, `amiur-…`
    #[arg(long, value_name = "ID", num_args = 1.., help_heading = "What to list", add = ArgValueCompleter::new(candidates::list_files))]
    pub report_ids: Vec<String>,

    /// Reports that pass these filters, as in `Name=state,Values=available`
    ///
    /// The syntax is the AWS CLI's: shorthand with quotes, escapes and explicit lists, or JSON. Names are
    /// `state` (`pending`, `available`, `error`), `creation-time` (`2025-11-29T*`), `tag:KEY` and `tag-key`. Several
    /// filters are joined by AND, several values of one by OR; `*` and `?` are wildcards; case matters.
    #[arg(
        long,
        visible_alias = "filters",
        value_name = "FILTER",
        num_args = 1..,
        add = ArgValueCompleter::new(candidates::report_filters),
        help_heading = "What to list"
    )]
    pub filter: Vec<String>,

    /// Reports that are `pending`, `available` or in `error`; short for `--filter Name=state,Values=…`
    #[arg(long, value_name = "STATE", num_args = 1.., help_heading = "What to list", add = ArgValueCompleter::new(candidates::states))]
    pub state: Vec<String>,

    /// Reports created then, say `2025-11-29T*`; short for `--filter Name=creation-time,Values=…`
    #[arg(long, value_name = "PATTERN", num_args = 1.., help_heading = "What to list", add = ArgValueCompleter::new(candidates::list_files))]
    pub created: Vec<String>,

    /// List nothing: only ask whether the request would be allowed; exits 0 if so
    #[arg(long, help_heading = "What to list")]
    pub dry_run: bool,

    /// Pages, limits and tokens.
    #[command(flatten)]
    pub paging: Paging,

    /// The form of the answer.
    #[command(flatten)]
    pub output: OutputFlags<Report>,
}

/// Create reports of images that the account owns
///
/// As `create-image-usage-report` it takes the command lines of the AWS CLI, whose --image-id is answered as there.
///
/// An image that has a pending report which covers what is asked for adopts it; the service allows one of an image.
/// Beyond 2,000 pending reports of an account, the rest waits until some are done. What was and was not created is
/// told for each image; if one has no report, the exit status is not 0.
#[derive(Debug, Args)]
#[command(
    after_long_help = manual::REPORTS_CREATE,
    group = ArgGroup::new("images").args(["image_id", "image_ids", "owned", "name"]).required(true).multiple(true)
)]
pub struct Create {
    /// Reports of these images, `ami-…`
    #[arg(long, value_name = "ID", num_args = 1.., help_heading = "What to create", conflicts_with_all = ["owned", "name"], add = ArgValueCompleter::new(candidates::list_files))]
    pub image_ids: Vec<String>,

    /// A report of this image; the answer is that of the AWS CLI
    #[arg(long, value_name = "ID", value_parser = NonEmptyStringValueParser::new(), help_heading = "What to create", conflicts_with_all = ["image_ids", "owned", "name"])]
    pub image_id: Option<String>,

    /// Reports of all images that the account owns
    #[arg(long, help_heading = "What to create")]
    pub owned: bool,

    /// Reports of the images that the account owns with such a name, say `golden-*`
    #[arg(long, value_name = "PATTERN", num_args = 1.., value_parser = NonEmptyStringValueParser::new(), help_heading = "What to create")]
    pub name: Vec<String>,

    /// What to count: `ec2:Instance`, `ec2:LaunchTemplate`; else both
    ///
    /// The AWS CLI's structures are taken too, in shorthand or JSON:
    /// `ResourceType=ec2:LaunchTemplate,ResourceTypeOptions=[{OptionName=version-depth,OptionValues=100}]`.
    #[arg(long, value_name = "TYPE", num_args = 1.., help_heading = "What to create", add = ArgValueCompleter::new(candidates::resource_types))]
    pub resource_types: Vec<String>,

    /// Look at so many of a launch template's newest versions, 1 to 10000; else 20
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=10_000), help_heading = "What to create")]
    pub version_depth: Option<u32>,

    /// Count in these accounts only; else in all
    ///
    /// Such a report says nothing about the others.
    #[arg(long, value_name = "ID", num_args = 1.., help_heading = "What to create", add = ArgValueCompleter::new(candidates::list_files))]
    pub account_ids: Vec<String>,

    /// Tag the new reports, as in `team=platform`
    #[arg(long, value_name = "KEY=VALUE", num_args = 1.., help_heading = "What to create")]
    pub tags: Vec<String>,

    /// The same, as in the AWS CLI: `ResourceType=image-usage-report,Tags=[{Key=team,Value=platform}]`
    #[arg(long, value_name = "TAGS", num_args = 1.., help_heading = "What to create")]
    pub tag_specifications: Vec<String>,

    /// Make this run idempotent: made again with the same token, it creates no second report
    ///
    /// Without it, each request has a token of its own, which all its attempts share. For several images the token of
    /// each is this one, a colon and the image's ID.
    #[arg(long, value_name = "TOKEN", value_parser = NonEmptyStringValueParser::new(), help_heading = "What to create")]
    pub client_token: Option<String>,

    /// Create nothing: only ask whether it would be allowed; exits 0 if so
    #[arg(long, help_heading = "What to create")]
    pub dry_run: bool,

    /// Then wait until the reports are available, as `amiusage reports wait`
    #[arg(long, help_heading = "What to create", conflicts_with = "dry_run")]
    pub wait: bool,

    /// Give up waiting after so long, for room and for reports, `90s` or `2h`; 0 for no limit
    #[arg(long, value_name = "TIME", value_parser = time, default_value = "1h", help_heading = "What to create")]
    pub timeout: Duration,

    /// The form of the answer.
    #[command(flatten)]
    pub output: OutputFlags<CreateRow>,
}

/// Wait until reports are available
///
/// Writes nothing, and exits 0 once all are available. A report in error, one that is gone, and the time-out end with
/// status 255; the service's refusal with 254.
#[derive(Debug, Args)]
#[command(
    after_long_help = manual::REPORTS_WAIT,
    group = ArgGroup::new("reports").args(["image_ids", "report_ids"]).required(true).multiple(true)
)]
pub struct Wait {
    /// Wait for these reports, `amiur-…`
    #[arg(long, value_name = "ID", num_args = 1.., help_heading = "What to wait for", add = ArgValueCompleter::new(candidates::list_files))]
    pub report_ids: Vec<String>,

    /// Wait for the newest report of each of these images, `ami-…`
    #[arg(long, value_name = "ID", num_args = 1.., help_heading = "What to wait for", add = ArgValueCompleter::new(candidates::list_files))]
    pub image_ids: Vec<String>,

    /// Give up after so long, `90s` or `2h`; 0 for no limit
    #[arg(long, value_name = "TIME", value_parser = time, default_value = "1h", help_heading = "What to wait for")]
    pub timeout: Duration,
}

/// Delete reports
///
/// Asks nothing. What was and was not deleted is told for each report; if one remains, the exit status is not 0.
#[derive(Debug, Args)]
#[command(
    after_long_help = manual::REPORTS_DELETE,
    group = ArgGroup::new("reports").args(["report_id", "report_ids"]).required(true)
)]
pub struct Delete {
    /// Delete these reports, `amiur-…`
    #[arg(long, value_name = "ID", num_args = 1.., help_heading = "What to delete", add = ArgValueCompleter::new(candidates::list_files))]
    pub report_ids: Vec<String>,

    /// Delete this report; the answer is that of the AWS CLI
    #[arg(long, value_name = "ID", value_parser = NonEmptyStringValueParser::new(), help_heading = "What to delete")]
    pub report_id: Option<String>,

    /// Delete nothing: only ask whether it would be allowed; exits 0 if so
    #[arg(long, help_heading = "What to delete")]
    pub dry_run: bool,

    /// The form of the answer.
    #[command(flatten)]
    pub output: OutputFlags<DeleteRow>,
}

/// A time to wait: zero stands for no limit.
pub(super) fn time(text: &str) -> Result<Duration, String> {
    // A year: times far beyond that overflow the clock.
    const MAX: Duration = Duration::from_secs(31_536_000);
    let time = match text.parse() {
        Ok(seconds) => Some(Duration::from_secs(seconds)),
        Err(_) => humantime::parse_duration(text).ok(),
    };
    time.filter(|time| *time <= MAX)
        .ok_or_else(|| "a time such as 90s, 30m or 2h, at most a year; 0 waits for ever".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_seconds_or_have_units() {
        assert_eq!(time("90"), Ok(Duration::from_secs(90)));
        assert_eq!(time("0"), Ok(Duration::ZERO));
        assert_eq!(time("1h 30m"), Ok(Duration::from_secs(5400)));
        for wrong in ["", "-1", "1x", "2y", "99999999999999999999"] {
            assert!(time(wrong).is_err(), "{wrong}");
        }
    }
}
