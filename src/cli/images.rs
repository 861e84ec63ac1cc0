//! Command-line definition of `amiusage images`, `references` and `regions`.

use clap::Args;
use clap_complete::engine::ArgValueCompleter;

use super::listing::ListOptions;
use super::output::OutputFlags;
use super::{candidates, manual};
use crate::images::{ImageRow, Reference, RegionRow};

/// List images
///
/// Also available as `describe-images`, with the options of the AWS CLI. JSON and `--query` have all members of an image.
///
/// Without IDs, owners, users and filters, lists all images that the account may launch, including all public ones. As in
/// the AWS CLI, these are one page; with --page-size, they are listed in pages, which AWS recommends.
#[derive(Debug, Args)]
#[command(after_help = manual::MORE, after_long_help = manual::IMAGES)]
pub struct Images {
    /// Image IDs
    ///
    /// An ID that does not exist is an error.
    #[arg(long, value_name = "ID", num_args = 1.., add = ArgValueCompleter::new(candidates::list_files))]
    pub image_ids: Vec<String>,

    /// Owners: account IDs, self or aliases
    ///
    /// The aliases are `amazon`, `aws-backup-vault` and `aws-marketplace`.
    #[arg(long, value_name = "OWNER", num_args = 1.., add = ArgValueCompleter::new(candidates::owners))]
    pub owners: Vec<String>,

    /// Users: account IDs, self or all
    ///
    /// Only images for which one of these users has an explicit launch permission; `all` are public images.
    #[arg(long, value_name = "USER", num_args = 1.., add = ArgValueCompleter::new(candidates::executable_users))]
    pub executable_users: Vec<String>,

    /// Filters in AWS CLI syntax
    ///
    /// Shorthand, such as `Name=name,Values='golden-*'`, or JSON. Among the names are `architecture`, `creation-date` (such
    /// as `2025-11-29T*`), `description`, `is-public`, `name`, `state`, `tag:KEY` and `tag-key`. Multiple filters are
    /// combined with AND, multiple values of a filter with OR. Values are case-sensitive; `*` and `?` are wildcards.
    #[arg(
        long,
        short,
        visible_alias = "filters",
        value_name = "FILTER",
        num_args = 1..,
        add = ArgValueCompleter::new(candidates::image_filters)
    )]
    pub filter: Vec<String>,

    /// Include deprecated images of other owners
    #[arg(long)]
    pub include_deprecated: bool,

    /// The default, as the AWS CLI writes it
    #[arg(long, hide = true, overrides_with = "include_deprecated")]
    pub no_include_deprecated: bool,

    /// Include disabled images
    #[arg(long)]
    pub include_disabled: bool,

    /// The default, as the AWS CLI writes it
    #[arg(long, hide = true, overrides_with = "include_disabled")]
    pub no_include_disabled: bool,

    #[command(flatten)]
    pub listing: ListOptions<ImageRow>,
}

/// List the account's resources that reference images
///
/// Also available as `describe-image-references`, with the options of the AWS CLI.
///
/// Lists instances, launch templates, Systems Manager parameters and Image Builder recipes of the account itself. By default
/// EC2 includes terminated instances, and examines the 10 newest versions of each launch template.
#[derive(Debug, Args)]
#[command(after_help = manual::MORE, after_long_help = manual::REFERENCES)]
pub struct References {
    /// Image IDs
    #[arg(long, value_name = "ID", num_args = 1.., required = true, add = ArgValueCompleter::new(candidates::list_files))]
    pub image_ids: Vec<String>,

    /// List references of all types
    #[arg(long)]
    pub include_all_resource_types: bool,

    /// The default, as the AWS CLI writes it
    #[arg(long, hide = true, overrides_with = "include_all_resource_types")]
    pub no_include_all_resource_types: bool,

    /// Resource types, such as ec2:Instance
    ///
    /// Names, or structures as in the AWS CLI, in shorthand or JSON:
    /// `ResourceType=ec2:Instance,ResourceTypeOptions=[{OptionName=state-name,OptionValues=[running,stopped]}]`. With
    /// --include-all-resource-types, these are the options of some types.
    #[arg(long, value_name = "TYPE", num_args = 1.., add = ArgValueCompleter::new(candidates::reference_types))]
    pub resource_types: Vec<String>,

    #[command(flatten)]
    pub listing: ListOptions<Reference>,
}

/// List Regions
///
/// Also available as `describe-regions`, with the options of the AWS CLI.
#[derive(Debug, Args)]
#[command(after_help = manual::MORE, after_long_help = manual::REGIONS)]
pub struct Regions {
    /// Names of Regions
    #[arg(long, value_name = "REGION", num_args = 1.., add = ArgValueCompleter::new(candidates::regions))]
    pub region_names: Vec<String>,

    /// Filters in AWS CLI syntax
    ///
    /// Shorthand, such as `Name=opt-in-status,Values=opted-in`, or JSON. The names are `endpoint`, `opt-in-status` and
    /// `region-name`.
    #[arg(
        long,
        short,
        visible_alias = "filters",
        value_name = "FILTER",
        num_args = 1..,
        add = ArgValueCompleter::new(candidates::region_filters)
    )]
    pub filter: Vec<String>,

    /// Include Regions that are not enabled for the account
    ///
    /// As in the AWS CLI. In other commands, this option selects the Regions to query.
    // Replaces the global option with this ID.
    #[arg(long)]
    pub all_regions: bool,

    /// The default, as the AWS CLI writes it
    #[arg(long, hide = true, overrides_with = "all_regions")]
    pub no_all_regions: bool,

    /// Check permissions without listing anything
    ///
    /// Exits with 0 if the request would succeed.
    #[arg(long)]
    pub dry_run: bool,

    #[command(flatten)]
    pub output: OutputFlags<RegionRow>,
}
