//! The AWS CLI's text form: a line a record, tabs between values, the list's name in capitals in front.
//!
//! The columns are in the alphabetical order of their names, as there. The AWS CLI leaves out a column that no
//! entry of a page has; here all columns always stand, because the same question must give the same bytes
//! whatever the pages are. Control characters are escaped, so that a line is one of as many fields. What is nested in
//! a record is on lines of its own below it, after its name in capitals.

use std::io::{self, Write};

use serde_json::Value;

use super::{Cell, Format, Out, Record, Writer, escape, in_one_line, result};

/// Writes records as tab-separated lines. An absent value is empty.
pub(super) struct Text {
    out: Out,
    columns: Vec<usize>,
    /// The names of the columns that have lines of their own.
    nested: Vec<&'static str>,
    label: String,
}

impl Text {
    pub(super) fn new<R: Record>(out: Out, columns: Option<Vec<usize>>) -> Self {
        let columns = columns.unwrap_or_else(|| {
            let mut all = super::selected::<R>(Format::Text, None);
            all.sort_by_key(|&column| R::COLUMNS[column].name);
            all
        });
        let (nested, columns): (Vec<_>, Vec<_>) = columns
            .into_iter()
            .partition(|&column| R::NESTED.contains(&R::COLUMNS[column].name));
        Self {
            out,
            columns,
            nested: (nested.into_iter())
                .map(|column| R::COLUMNS[column].name)
                .collect(),
            label: R::LIST.to_uppercase(),
        }
    }
}

impl<R: Record> Writer<R> for Text {
    fn page(&mut self, records: &[R]) -> io::Result<()> {
        for record in records {
            self.out.write_all(self.label.as_bytes())?;
            for &column in &self.columns {
                self.out.write_all(b"\t")?;
                match record.cell(column) {
                    Cell::Absent => {}
                    Cell::Text(text) => self.out.write_all(escape(text).as_bytes())?,
                    Cell::Made(text) => self.out.write_all(escape(&text).as_bytes())?,
                    Cell::List(items) => {
                        let text = in_one_line(&items);
                        self.out.write_all(escape(&text).as_bytes())?;
                    }
                    Cell::Number(number) => write!(self.out, "{number}")?,
                }
            }
            self.out.write_all(b"\n")?;
            if !self.nested.is_empty() {
                let mut whole = serde_json::to_value(record)?;
                for name in &self.nested {
                    if let Some(value) = whole.get_mut(name) {
                        escape_all(value);
                        result::text_value(&mut self.out, value, Some(name))?;
                    }
                }
            }
        }
        self.out.flush()
    }

    fn finish(&mut self, next_token: Option<&str>) -> io::Result<()> {
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
