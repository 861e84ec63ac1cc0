//! The AWS CLI's text form: a line a record, tabs between values, the list's name in capitals in front.
//!
//! The columns are in the alphabetical order of their names, as there. The AWS CLI leaves out a column that no
//! entry of a page has; here all columns always stand, because the same question must give the same bytes
//! whatever the pages are. Control characters are escaped, so that a record is one line of as many fields.

use std::io::{self, Write};

use super::{Cell, Out, Record, Writer, escape};

/// Writes records as tab-separated lines. An absent value is empty.
pub(super) struct Text {
    out: Out,
    columns: Vec<usize>,
    label: String,
}

impl Text {
    pub(super) fn new<R: Record>(out: Out, columns: Option<Vec<usize>>) -> Self {
        let columns = columns.unwrap_or_else(|| {
            let mut all = super::selected::<R>(None);
            all.sort_by_key(|&column| R::COLUMNS[column].name);
            all
        });
        Self {
            out,
            columns,
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
                    Cell::Number(number) => write!(self.out, "{number}")?,
                }
            }
            self.out.write_all(b"\n")?;
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
