//! Command-line definition of `amiusage summary`.

use std::num::NonZeroUsize;

use clap::{ArgGroup, Args, ValueEnum};
use clap_complete::engine::ArgValueCompleter;

use super::account_names::AccountNameOptions;
use super::output::OutputFlags;
use super::selection::ImageSelection;
use super::{candidates, manual};
use crate::summary::Row;

/// Sum up uses by image, account, resource type or Region
///
/// For each image, `summary` counts the newest available report that covers all accounts and the requested resource types.
/// Reports of one image are never added up: they count the same resources. `summary` creates no reports; see `reports
/// create`.
///
/// Images without such a report are left out, and the exit code is 2: the summary would look complete and is not. See
/// --details and --allow-missing.
#[derive(Debug, Args)]
#[command(
    override_usage = "\
        amiusage summary [OPTIONS] <--image-ids <ID>...|--owned|--name <GLOB>...>
       amiusage summary [OPTIONS] --report-ids <ID>...",
    after_help = manual::MORE,
    after_long_help = manual::SUMMARY,
    group = ArgGroup::new("reports").args(["image_ids", "owned", "name", "report_ids"]).required(true).multiple(true)
)]
pub struct Summary {
    #[command(flatten)]
    pub images: ImageSelection,

    /// Report IDs; the newest of an image counts
    ///
    /// These reports count even if newer ones exist or they cover less. A note names such reports.
    #[arg(long, value_name = "ID", num_args = 1.., conflicts_with_all = ["image_ids", "owned", "name"], add = ArgValueCompleter::new(candidates::list_files))]
    pub report_ids: Vec<String>,

    /// Resource types to count, such as ec2:Instance
    ///
    /// Reports that do not cover them are ignored. By default reports must cover all four: `ec2:Instance`,
    /// `ec2:LaunchTemplate`, `imagebuilder:ImageRecipe` and `imagebuilder:ContainerRecipe`.
    #[arg(long, value_name = "TYPE", num_args = 1.., hide_short_help = true, add = ArgValueCompleter::new(candidates::resource_types))]
    pub resource_types: Vec<String>,

    /// Launch template versions to cover
    ///
    /// The newest versions of each template, from 1 to 10000; 20 if omitted. Reports with a smaller depth are ignored.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=10_000), hide_short_help = true)]
    pub version_depth: Option<u32>,

    #[command(flatten)]
    pub names: AccountNameOptions,

    /// Group by image, account, resource-type or region
    ///
    /// With several keys, there is a row for each combination. The default is `image`, with its report.
    #[arg(long, value_name = "KEY", value_enum, num_args = 1.., value_delimiter = ',', default_values = ["image"], hide_possible_values = true, hide_default_value = true)]
    pub by: Vec<By>,

    /// Order: uses, accounts or name
    ///
    /// Most uses or accounts first, or by name; what has no name is sorted by its ID.
    #[arg(
        long,
        value_name = "ORDER",
        value_enum,
        default_value = "uses",
        hide_possible_values = true
    )]
    pub sort: SortBy,

    /// Print N rows, and one for the rest
    #[arg(long, value_name = "N")]
    pub top: Option<NonZeroUsize>,

    /// Exit with 0 even if something is left out
    #[arg(long)]
    pub allow_missing: bool,

    /// Also print a row for each image that is left out
    #[arg(long, help_heading = "Output", conflicts_with = "columns")]
    pub details: bool,

    #[command(flatten)]
    pub output: OutputFlags<Row>,
}

/// What the uses of a row have in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum By {
    /// The image, with its report
    Image,
    /// The account that uses the images
    Account,
    /// The resource type
    ResourceType,
    /// The Region
    Region,
}

/// The order of rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum SortBy {
    /// Most uses first
    Uses,
    /// Most accounts first
    Accounts,
    /// By name, or by ID where there is none
    Name,
}
