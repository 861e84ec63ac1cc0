//! The AWS CLI's text form: one line per record, tabs between values, the list's name in capitals in front.
//!
//! The columns are in alphabetical order, as in the AWS CLI. The AWS CLI omits a column that no entry of a page has; here
//! only the last column is omitted, and only if no row of all pages has it, so that the bytes do not depend on the page
//! size and other columns keep their positions. A resumed run decides by its own rows.
//!
//! Control characters are escaped, so that every line has the same number of fields. Nested members follow on lines of
//! their own, after their name in capitals.

use std::io::{self, Write};
use std::mem;

use serde_json::Value;

use super::{Cell, Field, Options, Out, Record, Writer, escape, result};

/// Writes records as tab-separated lines. An absent value is empty.
pub(super) struct Text {
    out: Out,
    fields: Vec<Field>,
    /// The names of the columns that have lines of their own.
    nested: Vec<&'static str>,
    label: String,
    /// Whether the last column is written.
    has_last: bool,
    /// Buffer of a line.
    line: Vec<u8>,
    /// Until then, each row: the line without its last column, and the lines below it.
    held: Vec<(Vec<u8>, Vec<u8>)>,
}

impl Text {
    pub(super) fn new<R: Record>(out: Out, options: &Options) -> Self {
        let mut fields = options.fields::<R>();
        if options.fields.is_none() {
            fields.sort_by_key(|field| field.column::<R>().name);
        }
        let (nested, fields): (Vec<Field>, Vec<Field>) = fields
            .into_iter()
            .partition(|field| field.column::<R>().nested);
        Self {
            out,
            fields,
            nested: nested
                .iter()
                .map(|field| field.column::<R>().name)
                .collect(),
            label: R::LIST.to_uppercase(),
            // Requested columns are never omitted.
            has_last: options.fields.is_some(),
            line: Vec::new(),
            held: Vec::new(),
        }
    }

    /// Writes the rows that were held until it is known whether the last column is written.
    fn release(&mut self) -> io::Result<()> {
        let end: &[u8] = if self.has_last { b"\t\n" } else { b"\n" };
        for (line, below) in self.held.drain(..) {
            self.out.write_all(&line)?;
            self.out.write_all(end)?;
            self.out.write_all(&below)?;
        }
        Ok(())
    }

    /// Writes the nested members of a record.
    fn write_nested<R: Record>(&self, out: &mut impl Write, record: &R) -> io::Result<()> {
        if self.nested.is_empty() {
            return Ok(());
        }
        let mut members = serde_json::to_value(record)?;
        for name in &self.nested {
            if let Some(value) = members.get_mut(name) {
                escape_all(value);
                result::text_value(out, value, Some(name))?;
            }
        }
        Ok(())
    }
}

/// Writes the value of a column.
fn write_cell(out: &mut impl Write, cell: Cell<'_>) -> io::Result<()> {
    match cell {
        Cell::Number(number) => write!(out, "{number}"),
        cell => out.write_all(escape(&cell.text().unwrap_or_default()).as_bytes()),
    }
}

impl<R: Record> Writer<R> for Text {
    fn page(&mut self, region: Option<&str>, records: &[R]) -> io::Result<()> {
        for record in records {
            let mut line = mem::take(&mut self.line);
            line.clear();
            line.extend_from_slice(self.label.as_bytes());
            let (last, others) = match self.fields.split_last() {
                Some((last, others)) => (last.cell(region, record), others),
                None => (Cell::Absent, &[][..]),
            };
            for field in others {
                line.push(b'\t');
                write_cell(&mut line, field.cell(region, record))?;
            }
            let mut below = Vec::new();
            self.write_nested(&mut below, record)?;
            if !self.has_last && last == Cell::Absent {
                self.held.push((line, below));
                continue;
            }
            self.has_last = true;
            self.release()?;
            line.push(b'\t');
            write_cell(&mut line, last)?;
            line.push(b'\n');
            self.out.write_all(&line)?;
            self.out.write_all(&below)?;
            self.line = line;
        }
        self.out.flush()
    }

    fn finish(&mut self, next_token: Option<&str>) -> io::Result<()> {
        self.release()?;
        if let Some(token) = next_token {
            writeln!(self.out, "NEXTTOKEN\t{}", escape(token))?;
        }
        self.out.flush()
    }
}

/// Escapes the control characters in all texts of a value.
fn escape_all(value: &mut Value) {
    match value {
        Value::String(text) => *text = escape(text).into_owned(),
        Value::Array(values) => values.iter_mut().for_each(escape_all),
        Value::Object(members) => members.values_mut().for_each(escape_all),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}
