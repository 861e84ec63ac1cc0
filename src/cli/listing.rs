//! Options of the commands that list.

use std::num::{NonZeroI32, NonZeroU64};

use clap::Args;

use super::output::OutputFlags;
use crate::args::value;
use crate::output::Record;

/// How rows of type `R` are listed.
#[derive(Debug, Args)]
pub struct ListOptions<R: Record> {
    /// Check permissions without listing anything
    ///
    /// Exits with 0 if the request would succeed.
    #[arg(long)]
    pub dry_run: bool,

    #[command(flatten)]
    pub paging: Paging,

    #[command(flatten)]
    pub output: OutputFlags<R>,
}

/// Pages, limits and resume tokens.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Paging")]
pub struct Paging {
    /// Stop after N items and print a resume token
    ///
    /// The token goes to stderr, and into JSON and text output as in the AWS CLI.
    #[arg(
        long,
        value_name = "N",
        value_parser = value::max_items,
        allow_negative_numbers = true,
        conflicts_with = "no_paginate",
    )]
    pub max_items: Option<NonZeroU64>,

    /// Resume an earlier run with its token
    ///
    /// Accepts tokens from this program, from the AWS CLI and from the service. Use the same IDs, filters and Regions as
    /// in the earlier run; the page size may differ. CSV, TSV and Markdown omit the header, so that the output can be
    /// appended.
    #[arg(long, value_name = "TOKEN")]
    pub starting_token: Option<String>,

    /// Request N items per page; does not change the output
    #[arg(
        long,
        value_name = "N",
        value_parser = value::page_size,
        allow_negative_numbers = true,
        hide_short_help = true,
    )]
    pub page_size: Option<NonZeroI32>,

    /// Fetch only the first page
    #[arg(long, hide_short_help = true)]
    pub no_paginate: bool,

    /// Fetch one page of at most N items, as in the AWS CLI
    #[arg(
        long,
        value_name = "N",
        value_parser = value::page_size,
        allow_negative_numbers = true,
        hide_short_help = true,
        conflicts_with_all = ["max_items", "page_size", "starting_token"],
    )]
    pub max_results: Option<NonZeroI32>,

    /// Fetch the page of this service token, as in the AWS CLI
    #[arg(
        long,
        value_name = "TOKEN",
        hide_short_help = true,
        conflicts_with_all = ["max_items", "page_size", "starting_token"],
    )]
    pub next_token: Option<String>,
}

impl Paging {
    /// The number of items per page; the service chooses if absent.
    pub fn page_size(&self) -> Option<NonZeroI32> {
        self.page_size.or(self.max_results)
    }

    /// Whether to fetch one page only. As in the AWS CLI, the service's own paging parameters select a page.
    pub fn is_one_page(&self) -> bool {
        self.no_paginate || self.max_results.is_some() || self.next_token.is_some()
    }
}
