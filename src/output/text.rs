//! The AWS CLI's text form: one line per record, tabs between values, the list's name in capitals in front.
//!
//! The columns are in alphabetical order, as in the AWS CLI. The AWS CLI omits a column that no row of a page has; here
//! only optional columns are omitted, and only if no row of all pages has them, so that the bytes do not depend on the
//! page size and other columns keep their positions. A resumed run decides by its own rows.
//!
//! Control characters are escaped, so that every line has the same number of fields. Nested members follow on lines of
//! their own, after their name in capitals.

use std::io::{self, Write};
use std::iter::zip;

use serde_json::Value;

use super::{Cell, Field, Options, Out, Record, Writer, escape, result};

/// Writes records as tab-separated lines. An absent value is empty.
pub(super) struct Text {
    out: Out,
    fields: Vec<Field>,
    /// The names of the columns that have lines of their own.
    nested: Vec<&'static str>,
    label: String,
    /// For each of the fields, whether it is written: if it is not optional, or once a row has a value.
    is_written: Vec<bool>,
    /// The rows until all fields are written: the cells, and the lines below them.
    held: Vec<(Vec<Vec<u8>>, Vec<u8>)>,
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
        // Requested columns are never omitted.
        let is_requested = options.fields.is_some();
        Self {
            out,
            is_written: (fields.iter())
                .map(|field| is_requested || !field.column::<R>().optional)
                .collect(),
            fields,
            nested: nested
                .iter()
                .map(|field| field.column::<R>().name)
                .collect(),
            label: R::LIST.to_uppercase(),
            held: Vec::new(),
        }
    }

    /// Writes the rows that were held until it is known which columns are written.
    fn release(&mut self) -> io::Result<()> {
        for (cells, below) in self.held.drain(..) {
            self.out.write_all(self.label.as_bytes())?;
            for (cell, _) in zip(cells, &self.is_written).filter(|(_, is_written)| **is_written) {
                self.out.write_all(b"\t")?;
                self.out.write_all(&cell)?;
            }
            self.out.write_all(b"\n")?;
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
        // As Python writes it.
        Cell::Bool(true) => out.write_all(b"True"),
        Cell::Bool(false) => out.write_all(b"False"),
        cell => out.write_all(escape(&cell.text().unwrap_or_default()).as_bytes()),
    }
}

impl<R: Record> Writer<R> for Text {
    fn page(&mut self, region: Option<&str>, records: &[R]) -> io::Result<()> {
        for record in records {
            for (field, is_written) in zip(&self.fields, &mut self.is_written) {
                *is_written = *is_written || field.cell(region, record) != Cell::Absent;
            }
            let mut below = Vec::new();
            self.write_nested(&mut below, record)?;
            if self.is_written.contains(&false) {
                let cell = |field: &Field| {
                    let mut cell = Vec::new();
                    write_cell(&mut cell, field.cell(region, record)).map(|()| cell)
                };
                let cells = self.fields.iter().map(cell).collect::<Result<_, _>>()?;
                self.held.push((cells, below));
                continue;
            }
            self.release()?;
            self.out.write_all(self.label.as_bytes())?;
            for field in &self.fields {
                self.out.write_all(b"\t")?;
                write_cell(&mut self.out, field.cell(region, record))?;
            }
            self.out.write_all(b"\n")?;
            self.out.write_all(&below)?;
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
