//! The options that select images of the account.

use clap::Args;
use clap::builder::NonEmptyStringValueParser;
use clap_complete::engine::ArgValueCompleter;

use super::candidates;

/// Images by their IDs or names.
#[derive(Debug, Args)]
pub struct ImageSelection {
    /// Image IDs
    #[arg(long, value_name = "ID", num_args = 1.., conflicts_with_all = ["owned", "name"], add = ArgValueCompleter::new(candidates::list_files))]
    pub image_ids: Vec<String>,

    /// All images that the account owns
    ///
    /// Includes deprecated and disabled images.
    #[arg(long)]
    pub owned: bool,

    /// Owned images with names like 'golden-*'
    #[arg(long, value_name = "GLOB", num_args = 1.., value_parser = NonEmptyStringValueParser::new())]
    pub name: Vec<String>,
}
