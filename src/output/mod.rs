//! Output formats: one file per format, one trait for all of them.
//!
//! A command's rows are one [`Record`], and every format works for every record. Nothing here knows AWS.

mod chart;
mod delimited;
mod destination;
mod escape;
mod html;
mod json;
mod markdown;
mod ndjson;
mod python;
mod query;
mod record;
mod result;
mod row_writer;
mod table;
mod text;
mod yaml;

use std::io::{self, BufWriter, Write};

pub use destination::{Destination, write_to_stdout};
pub use escape::{TerminalSafe, escape, escape_json};
pub use html::{MAX_ROWS as MAX_PAGE_ROWS, Page};
pub use query::{Query, QueryError};
pub use record::{Bar, Cell, Chart, Column, Emphasis, Field, Kind, Record, Shown, Snapshot};
pub use row_writer::{RowWriter, Sink, WriteError};
pub use table::{TableStyle, omitted_columns, wrap};

/// An output format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// A table for people.
    Table,
    /// One document in the service's shape.
    Json,
    /// One JSON object per line.
    Ndjson,
    /// RFC 4180 with a header, and lines that end with a line feed as Unix tools write them.
    Csv,
    /// CSV with tabs instead of commas.
    Tsv,
    /// The AWS CLI's tab-separated text form.
    Text,
    /// A table that GitHub renders.
    Markdown,
    /// One YAML document, as the AWS CLI writes it.
    Yaml,
    /// A YAML list with one item per page, as the AWS CLI writes it.
    YamlStream,
    /// A self-contained page with charts.
    Html,
}

impl Format {
    /// Whether the format can show any value, as the AWS CLI's formats do.
    pub fn takes_query(self) -> bool {
        matches!(
            self,
            Self::Json | Self::Text | Self::Table | Self::Yaml | Self::YamlStream
        )
    }
}

/// What decides the bytes of the output, besides its records.
#[derive(Clone, Debug)]
pub struct Options {
    /// The output format.
    pub format: Format,
    /// The columns to show, in the requested order; those of the format when `None`. A query sees every member
    /// regardless.
    pub fields: Option<Vec<Field>>,
    /// Whether rows have a Region.
    pub regional: bool,
    /// Columns that no row has: they are not shown unless requested.
    pub omit: Vec<Field>,
    /// Whether formats of one line per row show the columns of [`Shown::Details`].
    pub details: bool,
    /// Columns whose values repeat in consecutive rows, so that a narrow table can show them in a line above the rows.
    pub grouping: Vec<Field>,
    /// Writes the result of this query in place of the records, if [`Format::takes_query`].
    pub query: Option<Query>,
    /// Whether CSV, TSV and Markdown begin with their header. Output that continues that of an earlier run has none, so
    /// that it can be appended.
    pub header: bool,
    /// How a table looks.
    pub style: TableStyle,
    /// Whether stdout is a terminal: control characters are shown in a visible form, and numbers in tables have
    /// thousands separators.
    pub terminal: bool,
}

impl Options {
    /// Complete output in this format, not to a terminal.
    pub fn new(format: Format) -> Self {
        Self {
            format,
            fields: None,
            regional: false,
            omit: Vec::new(),
            details: false,
            grouping: Vec::new(),
            query: None,
            header: true,
            style: TableStyle::default(),
            terminal: false,
        }
    }

    /// Omits these columns unless they are requested.
    pub fn omitting<R: Record>(mut self, names: &[&str]) -> Self {
        let fields = names.iter().filter_map(|name| Field::named::<R>(name));
        self.omit.extend(fields);
        self
    }

    /// The requested columns, or the default ones of the format.
    fn fields<R: Record>(&self) -> Vec<Field> {
        if let Some(fields) = &self.fields {
            return fields.clone();
        }
        let is_table = self.format == Format::Table;
        let is_shown = |index: &usize| match R::COLUMNS[*index].shown {
            _ if self.omit.contains(&Field::Column(*index)) => false,
            Shown::Always => true,
            Shown::Table => is_table,
            Shown::Data => !is_table,
            Shown::Details => self.details,
        };
        let mut indices: Vec<usize> = (0..R::COLUMNS.len()).filter(is_shown).collect();
        if is_table {
            // Text that wraps comes last.
            indices.sort_by_key(|&index| matches!(R::COLUMNS[index].kind, Kind::Text(_)));
        }
        let region = self.regional.then_some(Field::Region);
        region
            .into_iter()
            .chain(indices.into_iter().map(Field::Column))
            .collect()
    }
}

/// Creates the writer of one command's output to `out`.
pub fn writer<R: Record>(options: Options, out: Box<dyn Write>) -> Box<dyn Writer<R>> {
    // The other formats escape values themselves, and a table's colors are control sequences.
    let keeps_values = matches!(
        options.format,
        Format::Json
            | Format::Ndjson
            | Format::Csv
            | Format::Tsv
            | Format::Yaml
            | Format::YamlStream
    );
    let out = Out::with_capacity(
        BUFFER,
        if options.terminal && keeps_values {
            Box::new(TerminalSafe::new(out))
        } else {
            out
        },
    );
    if let Some(query) = options.query {
        return Box::new(query::Results::new(
            out,
            options.format,
            query,
            options.style,
        ));
    }
    match options.format {
        Format::Table => Box::new(table::Table::new::<R>(out, &options)),
        Format::Json => Box::new(json::Json::new(out, options.fields)),
        Format::Ndjson => Box::new(ndjson::Ndjson::new(out, options.fields)),
        Format::Csv => Box::new(delimited::Delimited::new::<R>(out, &options, b',')),
        Format::Tsv => Box::new(delimited::Delimited::new::<R>(out, &options, b'\t')),
        Format::Text => Box::new(text::Text::new::<R>(out, &options)),
        Format::Markdown => Box::new(markdown::Markdown::new::<R>(out, &options)),
        Format::Yaml => Box::new(yaml::Yaml::new(out, options.fields, false)),
        Format::Html => Box::new(html::Html::<R>::new(out, &options)),
        Format::YamlStream => Box::new(yaml::Yaml::new(out, options.fields, true)),
    }
}

/// How many bytes are buffered within a page.
const BUFFER: usize = 64 * 1024;

/// Where a format writes: buffered, because formats write a value at a time.
type Out = BufWriter<Box<dyn Write>>;

/// Writes a number into `buffer`, without an allocation.
fn digits(number: i64, buffer: &mut [u8; 20]) -> &[u8] {
    let mut rest = buffer.as_mut_slice();
    write!(rest, "{number}").expect("the smallest number has 20 characters");
    let length = 20 - rest.len();
    &buffer[..length]
}

/// Writes output in one format, page by page, so that memory does not grow with the output.
///
/// Dropped before [`finish`](Writer::finish), a writer leaves the output visibly incomplete where the format can show
/// it (JSON stays unterminated), and at the end of a row elsewhere.
pub trait Writer<R: Record> {
    /// Writes the next rows, and flushes them. `region` is their Region, in output of several Regions.
    ///
    /// # Errors
    /// Any error of the destination.
    fn page(&mut self, region: Option<&str>, records: &[R]) -> io::Result<()>;

    /// Ends a page, in formats that show pages.
    ///
    /// # Errors
    /// Any error of the destination.
    fn end_page(&mut self) -> io::Result<()> {
        Ok(())
    }

    /// Sets what a page shows besides the rows, in a format that has a page.
    fn describe(&mut self, _page: Page) {}

    /// Ends complete output. `next_token` is the resume token of output that `--max-items` ended.
    ///
    /// # Errors
    /// Any error of the destination.
    fn finish(&mut self, next_token: Option<&str>) -> io::Result<()>;
}
