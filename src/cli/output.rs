//! Output options of the commands that print rows.

use std::cmp::Reverse;
use std::marker::PhantomData;
use std::path::PathBuf;

use clap::builder::PossibleValuesParser;
use clap::{Args, ValueEnum, ValueHint};

use crate::output::{Field, Record};

/// Format and destination of rows of type `R`.
#[derive(Debug, Args)]
#[command(next_help_heading = "Output")]
pub struct OutputFlags<R: Record> {
    /// Output format
    ///
    /// The default is that of the environment variable AMIUSAGE_OUTPUT, AWS_DEFAULT_OUTPUT or the profile's `output`.
    #[arg(
        long,
        short,
        value_name = "FORMAT",
        value_enum,
        default_value_t,
        env = "AMIUSAGE_OUTPUT",
        hide_env = true
    )]
    pub output: Output,

    /// Columns to print, in this order
    #[arg(
        long,
        long_help = columns_help::<R>(),
        hide_possible_values = true,
        value_name = "COLUMN",
        num_args = 1..,
        value_delimiter = ',',
        value_parser = PossibleValuesParser::new(Field::names::<R>()),
        conflicts_with = "query",
    )]
    pub columns: Vec<String>,

    /// JMESPath expression to apply to the output
    ///
    /// For the formats of the AWS CLI: json, text, table, yaml and yaml-stream. The expression applies to the complete
    /// document, which is held in memory, or with `--output yaml-stream` to each page.
    #[arg(long, value_name = "JMESPATH")]
    pub query: Option<String>,

    /// Write to a file, created only on success
    ///
    /// The file is written under a temporary name and replaces PATH when the output is complete.
    #[arg(long, value_name = "PATH", value_hint = ValueHint::FilePath)]
    pub out_file: Option<PathBuf>,

    // Not an option: the row type, which defines the columns.
    #[arg(skip)]
    pub record: PhantomData<fn() -> R>,
}

impl<R: Record> OutputFlags<R> {
    /// JSON on stdout.
    pub fn json() -> Self {
        Self {
            output: Output::Json,
            columns: Vec::new(),
            query: None,
            out_file: None,
            record: PhantomData,
        }
    }

    /// The same format and destination for all columns of another row type.
    pub fn of<S: Record>(self) -> OutputFlags<S> {
        OutputFlags {
            output: self.output,
            columns: Vec::new(),
            query: self.query,
            out_file: self.out_file,
            record: PhantomData,
        }
    }
}

/// Lists the columns in the long help only, as they take several lines.
fn columns_help<R: Record>() -> String {
    let names: Vec<_> = Field::names::<R>().collect();
    let mut help = format!(
        "Columns to print, in this order\n\nSeparate names with commas or spaces. The columns are {}.",
        names.join(", ")
    );
    let mut omitted: Vec<_> = R::COLUMNS.iter().filter(|column| column.rank > 0).collect();
    omitted.sort_by_key(|column| Reverse(column.rank));
    let omitted: Vec<_> = omitted.iter().map(|column| column.name).collect();
    if !omitted.is_empty() {
        help += " A table that is wider than the terminal omits columns in this order: ";
        help += &omitted.join(", ");
        help += ".";
    }
    help
}

/// The output formats.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Output {
    /// Table on a terminal, JSON otherwise
    #[default]
    Auto,
    /// Table for reading
    Table,
    /// One document in the API's shape
    Json,
    /// One JSON object per line
    Ndjson,
    /// Comma-separated values with a header
    Csv,
    /// Tab-separated values with a header
    Tsv,
    /// Tab-separated text as in the AWS CLI
    Text,
    /// Markdown table, for example for a GitHub job summary
    Markdown,
    /// YAML document as in the AWS CLI
    Yaml,
    /// YAML list with an item per page as in the AWS CLI
    YamlStream,
    /// Web page with charts, for sharing
    Html,
    /// Nothing, as in the AWS CLI; errors are still printed
    Off,
}
