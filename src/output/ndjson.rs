//! NDJSON: one JSON object per line.

use std::io::{self, Write};

use super::{Field, Out, Record, Writer, json};

/// Writes each record as one line of JSON.
pub(super) struct Ndjson {
    out: Out,
    fields: Option<Vec<Field>>,
}

impl Ndjson {
    pub(super) fn new(out: Out, fields: Option<Vec<Field>>) -> Self {
        Self { out, fields }
    }
}

impl<R: Record> Writer<R> for Ndjson {
    fn page(&mut self, region: Option<&str>, records: &[R]) -> io::Result<()> {
        for record in records {
            json::object(&mut self.out, region, record, self.fields.as_deref())?;
            self.out.write_all(b"\n")?;
        }
        self.out.flush()
    }

    fn finish(&mut self, _next_token: Option<&str>) -> io::Result<()> {
        self.out.flush()
    }
}
