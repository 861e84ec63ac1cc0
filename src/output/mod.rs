//! From records to bytes: one file a format, one trait for all of them.
//!
//! A command's rows are one [`Record`]; every format works for every record. Nothing here knows of AWS, and
//! nothing here chooses where the bytes go.

use std::io;

use serde::Serialize;

/// A row of a command's answer, and how its columns are named and laid out.
///
/// The serde form is the row in JSON; the cells are the row everywhere else.
pub trait Record: Serialize {
    /// The API's name of the list that these rows form: the key of the JSON document.
    const LIST: &'static str;

    /// The columns, in the API's order.
    const COLUMNS: &'static [Column];

    /// The value in `COLUMNS[column]`.
    fn cell(&self, column: usize) -> Cell<'_>;
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

/// The side that a column's values stand at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Align {
    /// Text begins at the left.
    Left,
    /// Numbers end at the right.
    Right,
}

/// One value of a row, borrowed from its record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cell<'a> {
    /// The service did not send this member.
    Absent,
    /// Text as the service sent it: it may hold any character.
    Text(&'a str),
    /// A whole number.
    Number(i64),
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
