//! In what form an answer is written, and where to: the same for each command that has rows.

use std::marker::PhantomData;
use std::path::PathBuf;

use clap::builder::PossibleValuesParser;
use clap::{Args, ValueEnum, ValueHint};

use crate::output::{Record, Regional};

/// The form of an answer whose rows are `R`s.
#[derive(Debug, Args)]
#[command(next_help_heading = "Output")]
pub struct OutputFlags<R: Record + Send + Sync + 'static> {
    /// The form of the answer
    #[arg(
        long,
        value_name = "FORMAT",
        value_enum,
        default_value_t,
        env = "AMIUSAGE_OUTPUT",
        hide_env_values = true
    )]
    pub output: Output,

    /// Only these columns, in this order, with commas or blanks between
    ///
    /// `Region` may be one of them where one Region is asked, too.
    #[arg(
        long,
        value_name = "COLUMN",
        num_args = 1..,
        value_delimiter = ',',
        value_parser = PossibleValuesParser::new(Regional::<R>::COLUMNS.iter().map(|column| column.name)),
        conflicts_with = "query",
    )]
    pub columns: Vec<String>,

    /// Select from the whole document with a JMESPath expression; for json, text and table
    ///
    /// Unlike everything else this holds the whole answer in memory.
    #[arg(long, value_name = "JMESPATH")]
    pub query: Option<String>,

    /// Write to this file, which appears only when the answer is whole
    #[arg(
        long,
        value_name = "PATH",
        value_hint = ValueHint::FilePath,
    )]
    pub out_file: Option<PathBuf>,

    #[allow(missing_docs)] // No flag: which columns there are.
    #[arg(skip)]
    pub record: PhantomData<fn() -> R>,
}

impl<R: Record + Send + Sync + 'static> OutputFlags<R> {
    /// The same form for rows of another type, in all of their columns.
    pub fn of<S: Record + Send + Sync + 'static>(self) -> OutputFlags<S> {
        OutputFlags {
            output: self.output,
            columns: Vec::new(),
            query: self.query,
            out_file: self.out_file,
            record: PhantomData,
        }
    }
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
