//! How much of a listing to write, and from where on: the same for each command that lists.

use std::num::{NonZeroI32, NonZeroU64};

use clap::Args;

/// Pages, limits and resume tokens.
#[derive(Debug, Args)]
#[command(next_help_heading = "Paging")]
pub struct Paging {
    /// Write at most so many, and tell the token for the rest
    ///
    /// The token goes to stderr, and into JSON and text as in the AWS CLI.
    #[arg(
        long,
        value_name = "N",
        value_parser = max_items,
        allow_negative_numbers = true,
        conflicts_with = "no_paginate",
    )]
    pub max_items: Option<NonZeroU64>,

    /// Ask the service for pages of this size; the answer is the same
    #[arg(
        long,
        value_name = "N",
        value_parser = page_size,
        allow_negative_numbers = true,
    )]
    pub page_size: Option<NonZeroI32>,

    /// Go on where an earlier run stopped, by its token
    ///
    /// It may come from this program, from the AWS CLI or from the service. The lists, Regions and filters must be those
    /// of that run; the page size need not. CSV, TSV and Markdown then have no header, so that the output can be appended.
    #[arg(long, value_name = "TOKEN")]
    pub starting_token: Option<String>,

    /// Send one request and write its page only
    #[arg(long)]
    pub no_paginate: bool,
}

fn max_items(text: &str) -> Result<NonZeroU64, String> {
    text.parse()
        .map_err(|_| "at least 1; leave the flag away for all of them".to_owned())
}

fn page_size(text: &str) -> Result<NonZeroI32, String> {
    text.parse()
        .ok()
        .filter(|size: &NonZeroI32| size.is_positive())
        .ok_or_else(|| format!("a page holds from 1 to {}", i32::MAX))
}
