//! From the output flags to the form of an answer and the place where it goes.

use std::io::{self, IsTerminal};
use std::path::PathBuf;

use super::terminal::Terminal;
use crate::args::error::ArgumentError;
use crate::cli::output::{Output, OutputFlags};
use crate::output::{Format, Options, Query, Record, Regional};

/// What the output flags come to, once checked.
pub(super) struct OutputPlan {
    /// The columns in it are counted from `Region` on, which stands before those of the record.
    options: Options,
    pub(super) out_file: Option<PathBuf>,
}

impl OutputPlan {
    /// Checks the flags. What goes on where another run `resumed` from has no header.
    pub(super) fn check<R: Record + Send + Sync + 'static>(
        flags: OutputFlags<R>,
        resumed: bool,
        terminal: &Terminal,
    ) -> Result<Self, ArgumentError> {
        let to_terminal = flags.out_file.is_none() && io::stdout().is_terminal();
        let format = match flags.output {
            Output::Auto if to_terminal => Format::Table,
            Output::Auto | Output::Json => Format::Json,
            Output::Table => Format::Table,
            Output::Ndjson => Format::Ndjson,
            Output::Csv => Format::Csv,
            Output::Tsv => Format::Tsv,
            Output::Text => Format::Text,
            Output::Markdown => Format::Markdown,
        };
        let query = match &flags.query {
            Some(_) if !matches!(format, Format::Json | Format::Text | Format::Table) => {
                return Err(ArgumentError::new(
                    "--query",
                    "works with --output json, text and table; what it selects has no columns of its own",
                ));
            }
            Some(query) => {
                Some(Query::compile(query).map_err(|error| ArgumentError::new("--query", error))?)
            }
            None => None,
        };
        let only_in_table = |name: &&String| R::TABLE_ONLY.contains(&name.as_str());
        if let Some(name) = flags.columns.iter().find(only_in_table)
            && format != Format::Table
        {
            return Err(ArgumentError::new(
                "--columns",
                format_args!(
                    "{name} is for --output table: it changes with the hour; other forms have the time itself"
                ),
            ));
        }
        let columns = (!flags.columns.is_empty()).then(|| {
            let position = |name: &String| {
                Regional::<R>::COLUMNS
                    .iter()
                    .position(|column| column.name == *name)
            };
            flags.columns.iter().filter_map(position).collect()
        });
        Ok(Self {
            options: Options {
                format,
                columns,
                query,
                header: !resumed,
                style: terminal.table_style(to_terminal),
                terminal: to_terminal,
            },
            out_file: flags.out_file,
        })
    }

    /// Whether rows tell their Region: where `several` are asked, or where `--columns` names it.
    pub(super) fn is_regional(&self, several: bool) -> bool {
        let named = self
            .options
            .columns
            .iter()
            .flatten()
            .any(|&column| column == 0);
        several || named
    }

    /// What decides the bytes of rows that tell their Region, or do not.
    pub(super) fn options(&self, regional: bool) -> Options {
        let mut options = self.options.clone();
        if !regional {
            for column in options.columns.iter_mut().flatten() {
                *column -= 1;
            }
        }
        options
    }
}
