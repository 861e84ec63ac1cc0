//! Command-line definition of `amiusage check`.

use std::time::Duration;

use clap::{ArgGroup, Args, ValueEnum};
use clap_complete::engine::ArgValueCompleter;

use super::account_names::AccountNameOptions;
use super::output::OutputFlags;
use super::selection::ImageSelection;
use super::{candidates, manual};
use crate::args::value;
use crate::verdict::Row;

/// Check whether images can be retired
///
/// The verdict for each image is in-use, unused or unknown. For each image, `check` takes the newest report with
/// sufficient coverage, or creates one and waits for it, reads which other accounts use the image, and looks for
/// references to it in your own account. An image is `unused` only if all of this succeeds and finds no use.
/// Incomplete evidence makes it `unknown`, with the reason.
///
/// The exit code is 1 if an image is in use, otherwise 2 if one is unknown, otherwise 0, even if the reader of the output
/// closes the pipe early (as `head` does).
#[derive(Debug, Args)]
#[command(
    after_help = manual::MORE,
    after_long_help = manual::CHECK,
    group = ArgGroup::new("images").args(["image_ids", "owned", "name"]).required(true).multiple(true)
)]
pub struct Check {
    #[command(flatten)]
    pub images: ImageSelection,

    /// Resource types to check in other accounts
    ///
    /// By default all four: `ec2:Instance`, `ec2:LaunchTemplate`, `imagebuilder:ImageRecipe` and
    /// `imagebuilder:ContainerRecipe`. If the endpoint does not support one of them, images without a use are `unknown`.
    /// Types that are omitted here are listed in `NotChecked`.
    #[arg(long, value_name = "TYPE", num_args = 1.., hide_short_help = true, add = ArgValueCompleter::new(candidates::resource_types))]
    pub resource_types: Vec<String>,

    /// Launch template versions to cover
    ///
    /// The newest versions of each template, from 1 to 10000; 20 if omitted. Reports with a smaller depth are ignored.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub version_depth: Option<u32>,

    /// Maximum report age, such as 3d
    #[arg(long, value_name = "TIME", allow_hyphen_values = true, value_parser = value::age, default_value = "12h")]
    pub max_report_age: Duration,

    /// Minimum age and time since the last launch
    ///
    /// An image that was launched within this time, in any account, is `in-use`. EC2 records launches up to 24 hours late.
    /// An image that was created within it is not `unused`. 0 disables both conditions.
    #[arg(long, value_name = "TIME", allow_hyphen_values = true, value_parser = value::time, default_value = "30d")]
    pub idle: Duration,

    /// Also read who may launch each image
    ///
    /// Accounts, organizations and organizational units with launch permission. They are not a use. Sends one request per
    /// image, and needs the permission ec2:DescribeImageAttribute.
    #[arg(long, hide_short_help = true)]
    pub launch_permissions: bool,

    /// Also check Auto Scaling launch configurations
    ///
    /// They reference images like launch templates, but EC2 does not report them. Needs the permission
    /// autoscaling:DescribeLaunchConfigurations.
    #[arg(long, hide_short_help = true)]
    pub auto_scaling: bool,

    /// Do not create reports
    ///
    /// Images without a usable report are unknown.
    #[arg(long)]
    pub no_create: bool,

    /// Maximum wait (0: no limit)
    ///
    /// For the reports of all images together, for example `90s` or `2h`. Images whose reports are then still pending are
    /// unknown. A later run picks up these reports.
    #[arg(long, value_name = "TIME", allow_hyphen_values = true, value_parser = value::time, default_value = "1h")]
    pub timeout: Duration,

    /// Wait before new reports without a use are read again
    ///
    /// A second reading proves that the first one was not too early. The service does not document how long the entries of
    /// an available report may be incomplete.
    #[arg(long, value_name = "TIME", hide_short_help = true, value_parser = value::time, default_value = "5s", env = "AMIUSAGE_REREAD_DELAY", hide_env = true)]
    pub reread_delay: Duration,

    /// List the requests that would be sent
    ///
    /// Reads images and their reports, creates nothing, and exits with 0.
    #[arg(long, conflicts_with_all = ["columns", "details"])]
    pub dry_run: bool,

    /// Verdicts that cause a non-zero exit code
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

    /// Also print who uses each image, and its attributes
    ///
    /// Who uses it, with one line per account and resource type, what was not checked, and attributes such as the state,
    /// the time of the last launch, snapshots, and copies among the checked images. JSON always has these details.
    #[arg(long, help_heading = "Output", conflicts_with = "columns")]
    pub details: bool,

    #[command(flatten)]
    pub names: AccountNameOptions,

    #[command(flatten)]
    pub output: OutputFlags<Row>,
}

/// Verdicts that cause a non-zero exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum FailOn {
    /// Exit with 1 if an image is in use
    InUse,
    /// Exit with 2 if an image is unknown
    Unknown,
    /// Exit with 0 for any verdict
    None,
}
