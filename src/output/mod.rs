//! From records to bytes: one file a format, one trait for all of them.
//!
//! A command's rows are one [`Record`]; every format works for every record. Nothing here knows of AWS, and
//! nothing here chooses where the bytes go.

mod delimited;
mod destination;
mod escape;
mod json;
mod markdown;
mod ndjson;
mod query;
mod regional;
mod result;
mod row_writer;
mod table;
mod text;

#[cfg(test)]
mod tests;

use std::io::{self, BufWriter, Write};

use serde::Serialize;

pub use destination::{Destination, write_to_stdout};
pub use escape::{TerminalSafe, escape, escape_json};
pub use query::{Query, QueryError};
pub use regional::Regional;
pub use row_writer::{RowWriter, Sink, WriteError};
pub use table::TableStyle;

/// How an answer is written down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// A table with borders, for people.
    Table,
    /// One document in the service's shape.
    Json,
    /// One JSON object a line.
    Ndjson,
    /// RFC 4180 with a header, lines ended by a line feed as most Unix tools do.
    Csv,
    /// As CSV, with tabs for commas.
    Tsv,
    /// The AWS CLI's tab-separated text form.
    Text,
    /// A table that GitHub renders.
    Markdown,
}

/// What decides the bytes of an answer, besides its records.
#[derive(Clone, Debug)]
pub struct Options {
    /// How the answer is written down.
    pub format: Format,
    /// The columns to show, as indices into [`Record::COLUMNS`], in the order asked; all when `None`. A query
    /// sees every member whatever stands here.
    pub columns: Option<Vec<usize>>,
    /// Writes the result of this query in place of the records. Works with [`Format::Json`], [`Format::Text`]
    /// and [`Format::Table`]; any other format is written as JSON.
    pub query: Option<Query>,
    /// Whether CSV, TSV and Markdown begin with their header. An answer that goes on where another one stopped has
    /// none, so that it can be appended.
    pub header: bool,
    /// How a table looks.
    pub style: TableStyle,
    /// Whether a terminal shows the bytes: formats that keep values as they are then show control characters
    /// in a visible form.
    pub terminal: bool,
}

/// The writer of one answer to `out`.
pub fn writer<R: Record + 'static>(options: Options, out: Box<dyn Write>) -> Box<dyn Writer<R>> {
    let Options {
        format,
        columns,
        query,
        header,
        style,
        terminal,
    } = options;
    // The other formats escape values themselves, and a table's colours are control sequences.
    let keeps_values = matches!(
        format,
        Format::Json | Format::Ndjson | Format::Csv | Format::Tsv
    );
    let out = Out::with_capacity(
        BUFFER,
        if terminal && keeps_values {
            Box::new(TerminalSafe::new(out))
        } else {
            out
        },
    );
    match (format, query) {
        (format, Some(query)) => Box::new(query::Results::new(out, format, query, style)),
        (Format::Table, None) => Box::new(table::Table::new::<R>(
            out,
            selected::<R>(format, columns),
            style,
        )),
        (Format::Json, None) => Box::new(json::Json::new(out, columns)),
        (Format::Ndjson, None) => Box::new(ndjson::Ndjson::new(out, columns)),
        (Format::Csv | Format::Tsv, None) => {
            let delimiter = if format == Format::Csv { b',' } else { b'\t' };
            let columns = selected::<R>(format, columns);
            Box::new(delimited::Delimited::new(out, columns, delimiter, header))
        }
        (Format::Text, None) => Box::new(text::Text::new::<R>(out, columns)),
        (Format::Markdown, None) => Box::new(markdown::Markdown::new(
            out,
            selected::<R>(format, columns),
            header,
        )),
    }
}

/// How many bytes are handed on at a time, within a page.
const BUFFER: usize = 64 * 1024;

/// Where a format writes: buffered, because formats write a value at a time.
type Out = BufWriter<Box<dyn Write>>;

/// The digits of a number, in a place that holds those of any.
fn digits(number: i64, place: &mut [u8; 20]) -> &[u8] {
    let mut rest = place.as_mut_slice();
    write!(rest, "{number}").expect("the smallest number has 20 characters");
    let length = 20 - rest.len();
    &place[..length]
}

/// The columns asked for, or the usual ones of `format`.
fn selected<R: Record>(format: Format, columns: Option<Vec<usize>>) -> Vec<usize> {
    let position = |name: &&str| R::COLUMNS.iter().position(|column| column.name == *name);
    columns.unwrap_or_else(|| match format {
        Format::Table if !R::TABLE.is_empty() => R::TABLE.iter().filter_map(position).collect(),
        Format::Table => (0..R::COLUMNS.len()).collect(),
        _ => (0..R::COLUMNS.len())
            .filter(|&column| !R::TABLE_ONLY.contains(&R::COLUMNS[column].name))
            .collect(),
    })
}

/// A row of a command's answer, and how its columns are named and laid out.
///
/// The serde form is the row in JSON; the cells are the row everywhere else.
pub trait Record: Serialize {
    /// The API's name of the list that these rows form: the key of the JSON document.
    const LIST: &'static str;

    /// The columns, in the API's order.
    const COLUMNS: &'static [Column];

    /// The columns whose members are lists or objects. Where a row is one line their cells hold them in one readable
    /// text; the text form has them on lines of their own, as the AWS CLI.
    const NESTED: &'static [&'static str] = &[];

    /// The columns of a table, when none are asked for; all when empty.
    const TABLE: &'static [&'static str] = &[];

    /// The columns that a window too narrow for all takes room from first, down to their names: they are often empty, or
    /// hold what is read well in several lines, unlike an ID that is to be copied.
    const WRAPPING: &'static [&'static str] = &[];

    /// The columns that only a table may have, because they depend on when it is looked at.
    const TABLE_ONLY: &'static [&'static str] = &[];

    /// The value in `COLUMNS[column]`.
    fn cell(&self, column: usize) -> Cell<'_>;

    /// What its colour is to tell; nothing for most.
    fn emphasis(&self, _column: usize) -> Option<Emphasis> {
        None
    }
}

/// A column of a [`Record`].
#[derive(Clone, Copy, Debug)]
pub struct Column {
    /// The API's name of the member: JSON key, header, and what `--columns` takes.
    pub name: &'static str,
    /// The width in terminal columns that holds any usual value and the header.
    pub width: u16,
    /// The side that values stand at in a table.
    pub align: Align,
}

impl Column {
    /// A column of text, which stands at the left.
    pub const fn text(name: &'static str, width: u16) -> Self {
        Self {
            name,
            width,
            align: Align::Left,
        }
    }

    /// A column of numbers, which stand at the right.
    pub const fn number(name: &'static str, width: u16) -> Self {
        Self {
            name,
            width,
            align: Align::Right,
        }
    }
}

/// The side that a column's values stand at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Align {
    /// Text begins at the left.
    Left,
    /// Numbers end at the right.
    Right,
}

/// One value of a row, borrowed from its record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cell<'a> {
    /// The service did not send this member.
    Absent,
    /// Text as the service sent it: it may hold any character.
    Text(&'a str),
    /// Text that is made of what the service sent: it may hold any character.
    Made(String),
    /// Texts like that: a line each in a table, and all in one line elsewhere.
    List(Vec<String>),
    /// A whole number.
    Number(i64),
}

/// The items of a list in one line.
fn in_one_line(items: &[String]) -> String {
    items.join("; ")
}

/// What the colour of a value tells, where there are colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Emphasis {
    /// All is well.
    Good,
    /// There is something in the way.
    Bad,
    /// It is not known.
    Doubtful,
}

impl<'a> From<Option<&'a str>> for Cell<'a> {
    fn from(text: Option<&'a str>) -> Self {
        text.map_or(Self::Absent, Self::Text)
    }
}

impl From<Option<i64>> for Cell<'_> {
    fn from(number: Option<i64>) -> Self {
        number.map_or(Self::Absent, Self::Number)
    }
}

/// Writes one answer in one format, page by page, so that memory does not grow with the answer.
///
/// Dropped before [`finish`](Writer::finish), a writer leaves the answer visibly cut where the format can show
/// it (JSON stays unterminated), and at a whole row elsewhere.
pub trait Writer<R: Record> {
    /// Writes the next rows, and flushes them.
    ///
    /// # Errors
    /// Whatever the destination answers.
    fn page(&mut self, records: &[R]) -> io::Result<()>;

    /// Ends a whole answer. `next_token` is the resume token of an answer that `--max-items` cut.
    ///
    /// # Errors
    /// Whatever the destination answers.
    fn finish(&mut self, next_token: Option<&str>) -> io::Result<()>;
}
