//! The AWS CLI's text form: one line per record, tabs between values, the list's name in capitals in front.
//!
//! The columns are in alphabetical order, as in the AWS CLI. The AWS CLI omits a column that no entry of a page has;
//! here every column is present, because the bytes must not depend on the page size. Control characters are escaped, so
//! that every line has the same number of fields. Nested members follow on lines of their own, after their name in
//! capitals.

use std::io::{self, Write};

use serde_json::Value;

use super::{Cell, Field, Options, Out, Record, Writer, escape, result};

/// Writes records as tab-separated lines. An absent value is empty.
pub(super) struct Text {
    out: Out,
    fields: Vec<Field>,
    /// The names of the columns that have lines of their own.
    nested: Vec<&'static str>,
    label: String,
}

impl Text {
    pub(super) fn new<R: Record>(out: Out, options: &Options) -> Self {
        let mut fields = options.fields::<R>();
        if options.fields.is_none() {
            fields.sort_by_key(|field| field.name::<R>());
        }
        let (nested, fields): (Vec<Field>, Vec<Field>) =
            fields.into_iter().partition(|field| field.is_nested::<R>());
        Self {
            out,
            fields,
            nested: nested.iter().map(|field| field.name::<R>()).collect(),
            label: R::LIST.to_uppercase(),
        }
    }
}

impl<R: Record> Writer<R> for Text {
    fn page(&mut self, region: Option<&str>, records: &[R]) -> io::Result<()> {
        for record in records {
            self.out.write_all(self.label.as_bytes())?;
            for field in &self.fields {
                self.out.write_all(b"\t")?;
                match field.cell(region, record) {
                    Cell::Number(number) => write!(self.out, "{number}")?,
                    cell => {
                        let text = cell.text().unwrap_or_default();
                        self.out.write_all(escape(&text).as_bytes())?;
                    }
                }
            }
            self.out.write_all(b"\n")?;
            if !self.nested.is_empty() {
                let mut members = serde_json::to_value(record)?;
                for name in &self.nested {
                    if let Some(value) = members.get_mut(name) {
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
