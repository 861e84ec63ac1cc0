//! `amiusage entries`: what may be asked of image usage report entries.

use std::num::{NonZeroI32, NonZeroU64};

use clap::builder::PossibleValuesParser;
use clap::{Args, ValueEnum};
use clap_complete::engine::ArgValueCompleter;

use super::{candidates, manual};
use crate::entries::Entry;
use crate::output::Record;

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

    /// Write at most this many entries, and tell the token for the rest
    ///
    /// The token goes to stderr, and into JSON and text as in the AWS CLI.
    #[arg(
        long,
        value_name = "N",
        value_parser = max_items,
        allow_negative_numbers = true,
        conflicts_with = "no_paginate",
        help_heading = "Paging"
    )]
    pub max_items: Option<NonZeroU64>,

    /// Ask the service for pages of this size; the answer is the same
    #[arg(
        long,
        value_name = "N",
        value_parser = page_size,
        allow_negative_numbers = true,
        help_heading = "Paging"
    )]
    pub page_size: Option<NonZeroI32>,

    /// Go on where an earlier run stopped, by its token
    ///
    /// It may come from this program, from the AWS CLI or from the service. The lists and filters must be those of
    /// that run; the page size need not. CSV, TSV and Markdown then have no header, so that the output can be appended.
    #[arg(long, value_name = "TOKEN", help_heading = "Paging")]
    pub starting_token: Option<String>,

    /// Send one request and write its page only
    #[arg(long, help_heading = "Paging")]
    pub no_paginate: bool,

    /// List nothing: only ask whether the request would be allowed; exits 0 if so
    #[arg(long, help_heading = "What to list")]
    pub dry_run: bool,

    /// The form of the answer
    #[arg(
        long,
        value_name = "FORMAT",
        value_enum,
        default_value_t,
        env = "AMIUSAGE_OUTPUT",
        hide_env_values = true,
        help_heading = "Output"
    )]
    pub output: Output,

    /// Only these columns, in this order, with commas or blanks between
    #[arg(
        long,
        value_name = "COLUMN",
        num_args = 1..,
        value_delimiter = ',',
        value_parser = PossibleValuesParser::new(Entry::COLUMNS.iter().map(|column| column.name)),
        conflicts_with = "query",
        help_heading = "Output"
    )]
    pub columns: Vec<String>,

    /// Select from the whole document with a JMESPath expression; for json, text and table
    ///
    /// Unlike everything else this holds the whole answer in memory.
    #[arg(long, value_name = "JMESPATH", help_heading = "Output")]
    pub query: Option<String>,

    /// Write to this file, which appears only when the answer is whole
    #[arg(
        long,
        value_name = "PATH",
        value_hint = clap::ValueHint::FilePath,
        help_heading = "Output"
    )]
    pub out_file: Option<std::path::PathBuf>,
}

/// The form of an answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Output {
    /// A table on a terminal, JSON elsewhere
    #[default]
    Auto,
    /// A table for people
    Table,
    /// One document in the service's shape
    Json,
    /// One JSON object a line
    Ndjson,
    /// Comma-separated values with a header
    Csv,
    /// Tab-separated values with a header
    Tsv,
    /// The AWS CLI's tab-separated text
    Text,
    /// A table for a job summary on GitHub
    Markdown,
}

fn max_items(text: &str) -> Result<NonZeroU64, String> {
    text.parse()
        .map_err(|_| "at least 1 entry; leave the flag away for all of them".to_owned())
}

fn page_size(text: &str) -> Result<NonZeroI32, String> {
    text.parse()
        .ok()
        .filter(|size: &NonZeroI32| size.is_positive())
        .ok_or_else(|| format!("a page holds from 1 to {} entries", i32::MAX))
}
