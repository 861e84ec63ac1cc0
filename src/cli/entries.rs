//! `amiusage entries`: what may be asked of image usage report entries.

use clap::Args;
use clap_complete::engine::ArgValueCompleter;

use super::output::OutputFlags;
use super::paging::Paging;
use super::{candidates, manual};
use crate::entries::Entry;

/// List which accounts use an image, for what, how often: the entries of image usage reports
///
/// As `describe-image-usage-report-entries` it takes the command lines of the AWS CLI.
///
/// An answer is whole, or the exit status is not 0 and stderr says what is missing and how to go on.
///
/// Entries can be read only once a report is `available`; before that the list is empty, which is not the same
/// as unused. Several reports of one image may exist, and the entries of all of them are listed: adding them up
/// counts twice.
#[derive(Debug, Args)]
#[command(after_long_help = manual::ENTRIES)]
pub struct Entries {
    /// Entries of these images, `ami-…`
    #[arg(long, value_name = "ID", num_args = 1.., help_heading = "What to list", add = ArgValueCompleter::new(candidates::list_files))]
    pub image_ids: Vec<String>,

    /// Entries of these reports, `amiur-…`
    #[arg(long, value_name = "ID", num_args = 1.., help_heading = "What to list", add = ArgValueCompleter::new(candidates::list_files))]
    pub report_ids: Vec<String>,

    /// Entries that pass these filters, as in `Name=account-id,Values=123412341234`
    ///
    /// The syntax is the AWS CLI's: shorthand with quotes, escapes and explicit lists, or JSON. Names are
    /// `account-id`, `creation-time` (`2025-11-29T*`) and `resource-type` (`ec2:Instance`,
    /// `ec2:LaunchTemplate`). Several filters are joined by AND, several values of one by OR; `*` and `?` are
    /// wildcards; case matters.
    #[arg(
        long,
        visible_alias = "filters",
        value_name = "FILTER",
        num_args = 1..,
        add = ArgValueCompleter::new(candidates::filters),
        help_heading = "What to list"
    )]
    pub filter: Vec<String>,

    /// Entries of these accounts; short for `--filter Name=account-id,Values=…`
    #[arg(long, value_name = "ID", num_args = 1.., help_heading = "What to list", add = ArgValueCompleter::new(candidates::list_files))]
    pub account_ids: Vec<String>,

    /// Uses by `ec2:Instance` or `ec2:LaunchTemplate`; short for `--filter Name=resource-type,Values=…`
    #[arg(long, value_name = "TYPE", num_args = 1.., help_heading = "What to list", add = ArgValueCompleter::new(candidates::resource_types))]
    pub resource_types: Vec<String>,

    /// Entries of reports created then, say `2025-11-29T*`; short for `--filter Name=creation-time,Values=…`
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
    pub output: OutputFlags<Entry>,
}
