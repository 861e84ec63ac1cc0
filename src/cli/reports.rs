//! Command-line definition of `amiusage reports`.

use std::time::Duration;

use clap::builder::NonEmptyStringValueParser;
use clap::{ArgGroup, Args, Subcommand};
use clap_complete::engine::ArgValueCompleter;

use super::account_names::AccountNameOptions;
use super::listing::ListOptions;
use super::output::{Output, OutputFlags};
use super::{candidates, manual};
use crate::args::value;
use crate::reports::{CreateRow, DeleteRow, Report};

/// Create, list, wait for and delete image usage reports
///
/// A report counts the resources in other accounts that use an image. It is `pending` at first and has entries once it is
/// `available`. EC2 deletes reports after 30 days.
#[derive(Debug, Args)]
#[command(after_help = manual::MORE, after_long_help = manual::REPORTS, subcommand_precedence_over_arg = true)]
pub struct Reports {
    #[command(subcommand)]
    pub command: Command,
}

/// The subcommands of `amiusage reports`.
#[derive(Debug, Subcommand)]
pub enum Command {
    #[command(alias = "describe-image-usage-reports")]
    List(Box<List>),
    #[command(alias = "create-image-usage-report")]
    Create(Box<Create>),
    Wait(Wait),
    #[command(alias = "delete-image-usage-report")]
    Delete(Box<Delete>),
}

/// The subcommands of `amiusage wait`, as in the AWS CLI.
#[derive(Debug, Subcommand)]
pub enum Waiter {
    /// Wait until reports are available
    #[command(
        override_usage = "amiusage wait image-usage-report-available [OPTIONS] --report-ids <ID>..."
    )]
    ImageUsageReportAvailable(Wait),
}

/// List reports with their state and coverage
///
/// Also available as `describe-image-usage-reports`, with the options of the AWS CLI.
#[derive(Debug, Args)]
#[command(after_help = manual::MORE, after_long_help = manual::REPORTS_LIST)]
pub struct List {
    /// Image IDs
    #[arg(long, value_name = "ID", num_args = 1.., add = ArgValueCompleter::new(candidates::list_files))]
    pub image_ids: Vec<String>,

    /// Report IDs
    #[arg(long, value_name = "ID", num_args = 1.., add = ArgValueCompleter::new(candidates::list_files))]
    pub report_ids: Vec<String>,

    /// Filters in AWS CLI syntax
    ///
    /// Shorthand, such as `Name=state,Values=available`, or JSON. The names are `state`, `creation-time` (such as
    /// `2025-11-29T*`), `tag:KEY` and `tag-key`. Multiple filters are combined with AND, multiple values of a filter with
    /// OR. Values are case-sensitive; `*` and `?` are wildcards.
    #[arg(
        long,
        short,
        visible_alias = "filters",
        value_name = "FILTER",
        num_args = 1..,
        add = ArgValueCompleter::new(candidates::report_filters)
    )]
    pub filter: Vec<String>,

    /// Only these states: pending, available, error
    ///
    /// Short for `--filter Name=state,Values=STATE,…`.
    #[arg(long, value_name = "STATE", num_args = 1.., add = ArgValueCompleter::new(candidates::states))]
    pub state: Vec<String>,

    /// Creation times, such as '2025-11-29T*'
    ///
    /// Short for `--filter Name=creation-time,Values=PATTERN,…`.
    #[arg(long, value_name = "PATTERN", num_args = 1.., add = ArgValueCompleter::new(candidates::list_files))]
    pub created: Vec<String>,

    #[command(flatten)]
    pub names: AccountNameOptions,

    #[command(flatten)]
    pub listing: ListOptions<Report>,
}

/// Create reports for images that the account owns
///
/// Also available as `create-image-usage-report`, with the options of the AWS CLI.
///
/// EC2 allows one pending report per image: if an image already has one with sufficient coverage, it is adopted. EC2
/// also allows 2,000 pending reports per account and Region; further images are queued until earlier reports finish.
/// The output has one row per image. The exit code is non-zero if an image has no report.
#[derive(Debug, Args)]
#[command(
    override_usage = "\
        amiusage reports create [OPTIONS] --image-ids <ID>...
       amiusage reports create [OPTIONS] --owned
       amiusage reports create [OPTIONS] --name <GLOB>...",
    after_help = manual::MORE,
    after_long_help = manual::REPORTS_CREATE,
    group = ArgGroup::new("images").args(["image_id", "image_ids", "owned", "name"]).required(true).multiple(true)
)]
pub struct Create {
    /// Image IDs
    #[arg(long, value_name = "ID", num_args = 1.., conflicts_with_all = ["owned", "name"], add = ArgValueCompleter::new(candidates::list_files))]
    pub image_ids: Vec<String>,

    /// Image ID, with the output of the AWS CLI
    #[arg(long, value_name = "ID", value_parser = NonEmptyStringValueParser::new(), hide_short_help = true, conflicts_with_all = ["image_ids", "owned", "name"])]
    pub image_id: Option<String>,

    /// All images that the account owns
    #[arg(long)]
    pub owned: bool,

    /// Owned images with names like 'golden-*'
    #[arg(long, value_name = "GLOB", num_args = 1.., value_parser = NonEmptyStringValueParser::new())]
    pub name: Vec<String>,

    /// Resource types to count, such as ec2:Instance
    ///
    /// If omitted, `ec2:Instance`, `ec2:LaunchTemplate`, `imagebuilder:ImageRecipe` and
    /// `imagebuilder:ContainerRecipe`, without those that the endpoint does not support; a note names them. Also accepts
    /// the structures of the AWS CLI, in shorthand or JSON:
    /// `ResourceType=ec2:LaunchTemplate,ResourceTypeOptions=[{OptionName=version-depth,OptionValues=100}]`.
    #[arg(long, value_name = "TYPE", num_args = 1.., add = ArgValueCompleter::new(candidates::resource_types))]
    pub resource_types: Vec<String>,

    /// Launch template versions to cover
    ///
    /// The newest versions of each template, from 1 to 10000; 20 if omitted.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub version_depth: Option<u32>,

    /// Count only in these accounts
    ///
    /// The report does not cover other accounts. With --account-names, `name:PATTERN` selects accounts by name, such as
    /// `name:prod-*`.
    #[arg(long, value_name = "ID", num_args = 1.., add = ArgValueCompleter::new(candidates::accounts))]
    pub account_ids: Vec<String>,

    /// Tags for new reports, such as team=platform
    #[arg(long, value_name = "KEY=VALUE", num_args = 1..)]
    pub tags: Vec<String>,

    /// Tags for new reports in the AWS CLI's syntax
    ///
    /// For example `ResourceType=image-usage-report,Tags=[{Key=team,Value=platform}]`.
    #[arg(long, value_name = "TAGS", num_args = 1.., hide_short_help = true)]
    pub tag_specifications: Vec<String>,

    /// Idempotency token
    ///
    /// A second run with the same token creates no second report. For several images, the token of each request is this
    /// one, a colon and the image ID. By default each request has its own token, shared by its retries.
    #[arg(long, value_name = "TOKEN", value_parser = NonEmptyStringValueParser::new())]
    pub client_token: Option<String>,

    /// Check permissions without creating anything
    ///
    /// Exits with 0 if the requests would succeed.
    #[arg(long)]
    pub dry_run: bool,

    /// Wait until the reports are available
    #[arg(long, conflicts_with = "dry_run")]
    pub wait: bool,

    /// Maximum wait (0: no limit)
    ///
    /// For example `90s` or `2h`. Includes the time that images are queued for the service's quotas.
    #[arg(long, value_name = "TIME", allow_hyphen_values = true, value_parser = value::time, default_value = "1h")]
    pub timeout: Duration,

    #[command(flatten)]
    pub names: AccountNameOptions,

    #[command(flatten)]
    pub output: OutputFlags<CreateRow>,
}

/// Wait until reports are available
///
/// Prints nothing and exits with 0 once all reports are available. Fails with exit code 255 if a report fails, is
/// deleted, or is not available in time.
#[derive(Debug, Args)]
#[command(
    override_usage = "\
        amiusage reports wait [OPTIONS] --report-ids <ID>...
       amiusage reports wait [OPTIONS] --image-ids <ID>...",
    after_help = manual::MORE,
    after_long_help = manual::REPORTS_WAIT,
    group = ArgGroup::new("reports").args(["image_ids", "report_ids", "filter"]).required(true).multiple(true)
)]
pub struct Wait {
    /// Report IDs
    #[arg(long, value_name = "ID", num_args = 1.., add = ArgValueCompleter::new(candidates::list_files))]
    pub report_ids: Vec<String>,

    /// Image IDs; waits for the newest report of each
    #[arg(long, value_name = "ID", num_args = 1.., add = ArgValueCompleter::new(candidates::list_files))]
    pub image_ids: Vec<String>,

    /// Filters in AWS CLI syntax; waits for all reports that match
    ///
    /// As in `reports list`, for example `Name=tag:team,Values=platform`. With IDs, only reports of these images and with
    /// these IDs match.
    #[arg(
        long,
        short,
        visible_alias = "filters",
        value_name = "FILTER",
        num_args = 1..,
        add = ArgValueCompleter::new(candidates::report_filters)
    )]
    pub filter: Vec<String>,

    /// Maximum wait, such as 90s or 2h (0: no limit)
    #[arg(long, value_name = "TIME", allow_hyphen_values = true, value_parser = value::time, default_value = "1h")]
    pub timeout: Duration,

    /// No effect: nothing is printed
    #[arg(long, short, hide = true, value_name = "FORMAT", value_enum)]
    pub output: Option<Output>,

    /// No effect: nothing is printed
    #[arg(long, hide = true, value_name = "JMESPATH")]
    pub query: Option<String>,
}

/// Delete reports
///
/// Does not ask for confirmation. The output has one row per report. The exit code is non-zero if a report was not
/// deleted.
#[derive(Debug, Args)]
#[command(
    override_usage = "amiusage reports delete [OPTIONS] --report-ids <ID>...",
    after_help = manual::MORE,
    after_long_help = manual::REPORTS_DELETE,
    group = ArgGroup::new("reports").args(["report_id", "report_ids"]).required(true)
)]
pub struct Delete {
    /// Report IDs
    #[arg(long, value_name = "ID", num_args = 1.., add = ArgValueCompleter::new(candidates::list_files))]
    pub report_ids: Vec<String>,

    /// Report ID, with the output of the AWS CLI
    #[arg(long, value_name = "ID", value_parser = NonEmptyStringValueParser::new(), hide_short_help = true)]
    pub report_id: Option<String>,

    /// Check permissions without deleting anything
    ///
    /// Exits with 0 if the requests would succeed.
    #[arg(long)]
    pub dry_run: bool,

    #[command(flatten)]
    pub output: OutputFlags<DeleteRow>,
}
