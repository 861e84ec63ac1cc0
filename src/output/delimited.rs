//! CSV and TSV, with a header and unchanged values.
//!
//! Quoting is that of RFC 4180 for both. Lines end with a line feed alone, where the RFC has CR LF: that is
//! what DuckDB, pandas and the Unix tools write, and every reader takes it.

use std::io;

use super::{Cell, Field, Options, Out, Record, Writer, digits};

/// Writes records as lines of values with a delimiter between them. An absent value is empty.
pub(super) struct Delimited {
    out: csv::Writer<Out>,
    fields: Vec<Field>,
    has_header: bool,
}

impl Delimited {
    pub(super) fn new<R: Record>(out: Out, options: &Options, delimiter: u8) -> Self {
        Self {
            out: csv::WriterBuilder::new()
                .delimiter(delimiter)
                .from_writer(out),
            fields: options.fields::<R>(),
            has_header: !options.header,
        }
    }

    fn begin<R: Record>(&mut self) -> io::Result<()> {
        if self.has_header {
            return Ok(());
        }
        self.has_header = true;
        let names = self.fields.iter().map(|field| field.column::<R>().name);
        Ok(self.out.write_record(names)?)
    }
}

impl<R: Record> Writer<R> for Delimited {
    fn page(&mut self, region: Option<&str>, records: &[R]) -> io::Result<()> {
        self.begin::<R>()?;
        let mut buffer = [0; 20];
        for record in records {
            for field in &self.fields {
                match field.cell(region, record) {
                    Cell::Number(number) => self.out.write_field(digits(number, &mut buffer))?,
                    cell => {
                        let text = cell.text().unwrap_or_default();
                        self.out.write_field(text.as_bytes())?;
                    }
                }
            }
            self.out.write_record(None::<&[u8]>)?;
        }
        self.out.flush()
    }

    fn finish(&mut self, _next_token: Option<&str>) -> io::Result<()> {
        self.begin::<R>()?;
        self.out.flush()
    }
}
