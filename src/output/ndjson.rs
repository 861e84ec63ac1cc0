//! NDJSON: one JSON object a line, nothing round them.

use std::io::{self, Write};

use super::{Out, Record, Writer, json};

/// Writes each record as one line of JSON.
pub(super) struct Ndjson {
    out: Out,
    columns: Option<Vec<usize>>,
}

impl Ndjson {
    pub(super) fn new(out: Out, columns: Option<Vec<usize>>) -> Self {
        Self { out, columns }
    }
}

impl<R: Record> Writer<R> for Ndjson {
    fn page(&mut self, records: &[R]) -> io::Result<()> {
        for record in records {
            json::object(&mut self.out, record, self.columns.as_deref())?;
            self.out.write_all(b"\n")?;
        }
        self.out.flush()
    }

    fn finish(&mut self, _next_token: Option<&str>) -> io::Result<()> {
        self.out.flush()
    }
}
