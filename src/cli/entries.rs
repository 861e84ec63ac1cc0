//! Command-line definition of `amiusage entries`.

use clap::Args;
use clap_complete::engine::ArgValueCompleter;

use super::account_names::AccountNameOptions;
use super::listing::ListOptions;
use super::{candidates, manual};
use crate::entries::Entry;

/// List which accounts use an image, and how much
///
/// Lists the entries of image usage reports. Also available as `describe-image-usage-report-entries`, with the
/// options of the AWS CLI.
///
/// You get complete output, or a non-zero exit code with what is missing and how to resume on stderr.
///
/// A report has entries only once it is `available`. Until then the list is empty, which does not mean that the image is
/// unused. An image can have several reports, and the entries of all of them are listed. Do not add up counts across
/// reports: they count the same resources.
#[derive(Debug, Args)]
#[command(after_help = manual::MORE, after_long_help = manual::ENTRIES)]
pub struct Entries {
    /// Image IDs
    #[arg(long, value_name = "ID", num_args = 1.., add = ArgValueCompleter::new(candidates::list_files))]
    pub image_ids: Vec<String>,

    /// Report IDs
    #[arg(long, value_name = "ID", num_args = 1.., add = ArgValueCompleter::new(candidates::list_files))]
    pub report_ids: Vec<String>,

    /// Filters in AWS CLI syntax
    ///
    /// Shorthand, such as `Name=account-id,Values=123412341234`, or JSON. The names are `account-id`, `creation-time`
    /// (such as `2025-11-29T*`) and `resource-type`. Multiple filters are combined with AND, multiple values of a filter
    /// with OR. Values are case-sensitive; `*` and `?` are wildcards.
    #[arg(
        long,
        short,
        visible_alias = "filters",
        value_name = "FILTER",
        num_args = 1..,
        add = ArgValueCompleter::new(candidates::filters)
    )]
    pub filter: Vec<String>,

    /// Only these accounts
    ///
    /// Short for `--filter Name=account-id,Values=ID,…`. With --account-names, `name:PATTERN` selects accounts by name, such
    /// as `name:prod-*`.
    #[arg(long, value_name = "ID", num_args = 1.., add = ArgValueCompleter::new(candidates::accounts))]
    pub account_ids: Vec<String>,

    /// Resource types, such as ec2:Instance
    ///
    /// Short for `--filter Name=resource-type,Values=TYPE,…`.
    #[arg(long, value_name = "TYPE", num_args = 1.., add = ArgValueCompleter::new(candidates::resource_types))]
    pub resource_types: Vec<String>,

    /// Report creation times, such as '2025-11-29T*'
    ///
    /// Short for `--filter Name=creation-time,Values=PATTERN,…`.
    #[arg(long, value_name = "PATTERN", num_args = 1.., add = ArgValueCompleter::new(candidates::list_files))]
    pub created: Vec<String>,

    #[command(flatten)]
    pub names: AccountNameOptions,

    #[command(flatten)]
    pub listing: ListOptions<Entry>,
}
