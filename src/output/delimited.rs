//! CSV and TSV, with a header and values as the service sent them.
//!
//! Quoting is that of RFC 4180 for both. Lines end with a line feed alone, where the RFC has CR LF: that is
//! what DuckDB, pandas and the Unix tools write, and every reader takes it.

use std::io;

use super::{Cell, Out, Record, Writer, digits, in_one_line};

/// Writes records as lines of values with a delimiter between them. An absent value is empty.
pub(super) struct Delimited {
    out: csv::Writer<Out>,
    columns: Vec<usize>,
    begun: bool,
}

impl Delimited {
    pub(super) fn new(out: Out, columns: Vec<usize>, delimiter: u8, header: bool) -> Self {
        Self {
            out: csv::WriterBuilder::new()
                .delimiter(delimiter)
                .from_writer(out),
            columns,
            begun: !header,
        }
    }

    fn begin<R: Record>(&mut self) -> io::Result<()> {
        if self.begun {
            return Ok(());
        }
        self.begun = true;
        let names = self.columns.iter().map(|&column| R::COLUMNS[column].name);
        Ok(self.out.write_record(names)?)
    }
}

impl<R: Record> Writer<R> for Delimited {
    fn page(&mut self, records: &[R]) -> io::Result<()> {
        self.begin::<R>()?;
        let mut place = [0; 20];
        for record in records {
            for &column in &self.columns {
                match record.cell(column) {
                    Cell::Absent => self.out.write_field("")?,
                    Cell::Text(text) => self.out.write_field(text)?,
                    Cell::Made(text) => self.out.write_field(text)?,
                    Cell::List(items) => self.out.write_field(in_one_line(&items))?,
                    Cell::Number(number) => {
                        self.out.write_field(digits(number, &mut place))?;
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
