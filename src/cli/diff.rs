//! Command-line definition of `amiusage diff`.

use clap::Args;
use clap_complete::engine::ArgValueCompleter;

use super::account_names::AccountNameOptions;
use super::output::OutputFlags;
use super::{candidates, manual};
use crate::diff::Row;

/// Compare two reports, or two saved documents
///
/// Lists the accounts that started or stopped using an image, and those whose number of resources changed.
///
/// OLD and NEW are report IDs, or files with output of `amiusage entries` (JSON or NDJSON) or of the AWS CLI (JSON). With
/// --image-ids, the two newest reports of each image are compared that cover all accounts and the requested resource types.
/// Of several reports of one image in a file, the newest is compared. Reports with different scopes are not compared:
/// their counts differ for that reason alone.
///
/// Like diff, it exits with 0 if there is no difference, and with 1 if there is one. It exits with 2 if an image could not
/// be compared.
#[derive(Debug, Args)]
#[command(
    override_usage = "\
        amiusage diff [OPTIONS] <OLD> <NEW>
       amiusage diff [OPTIONS] --image-ids <ID>...",
    after_help = manual::MORE,
    after_long_help = manual::DIFF
)]
pub struct Diff {
    /// Report ID or file to compare
    #[arg(required_unless_present = "image_ids", requires = "new")]
    pub old: Option<String>,

    /// Report ID or file to compare with
    #[arg()]
    pub new: Option<String>,

    /// Images whose two newest reports are compared
    #[arg(long, value_name = "ID", num_args = 1.., conflicts_with_all = ["old", "new"], add = ArgValueCompleter::new(candidates::list_files))]
    pub image_ids: Vec<String>,

    /// Resource types that reports must cover
    ///
    /// By default all four: `ec2:Instance`, `ec2:LaunchTemplate`, `imagebuilder:ImageRecipe` and
    /// `imagebuilder:ContainerRecipe`.
    #[arg(long, value_name = "TYPE", num_args = 1.., requires = "image_ids", add = ArgValueCompleter::new(candidates::resource_types))]
    pub resource_types: Vec<String>,

    /// Also list what is unchanged
    #[arg(long)]
    pub all: bool,

    #[command(flatten)]
    pub names: AccountNameOptions,

    #[command(flatten)]
    pub output: OutputFlags<Row>,
}
