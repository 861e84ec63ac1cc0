//! JSON: one document in the service's shape, an entry a line, streamed.

use std::io::{self, Write};

use serde_json::Map;

use super::{Out, Record, Writer};

/// Writes `{"List": […], "NextToken": "…"}`. Until [`finish`](Writer::finish) the document stays open, so that
/// no parser takes a part of an answer for the whole.
pub(super) struct Json {
    out: Out,
    columns: Option<Vec<usize>>,
    begun: bool,
    empty: bool,
}

impl Json {
    pub(super) fn new(out: Out, columns: Option<Vec<usize>>) -> Self {
        Self {
            out,
            columns,
            begun: false,
            empty: true,
        }
    }

    fn begin<R: Record>(&mut self) -> io::Result<()> {
        if self.begun {
            return Ok(());
        }
        self.begun = true;
        write!(self.out, "{{\"{}\": [", R::LIST)
    }
}

impl<R: Record> Writer<R> for Json {
    fn page(&mut self, records: &[R]) -> io::Result<()> {
        self.begin::<R>()?;
        for record in records {
            let separator: &[u8] = if self.empty { b"\n" } else { b",\n" };
            self.out.write_all(separator)?;
            self.empty = false;
            object(&mut self.out, record, self.columns.as_deref())?;
        }
        self.out.flush()
    }

    fn finish(&mut self, next_token: Option<&str>) -> io::Result<()> {
        self.begin::<R>()?;
        let end: &[u8] = if self.empty { b"]" } else { b"\n]" };
        self.out.write_all(end)?;
        if let Some(token) = next_token {
            self.out.write_all(b", \"NextToken\": ")?;
            serde_json::to_writer(&mut self.out, token)?;
        }
        self.out.write_all(b"}\n")?;
        self.out.flush()
    }
}

/// Writes a record as one JSON object on one line: all of it, or the members in `columns` in that order.
pub(super) fn object<R: Record>(
    out: &mut impl Write,
    record: &R,
    columns: Option<&[usize]>,
) -> io::Result<()> {
    let Some(columns) = columns else {
        return Ok(serde_json::to_writer(out, record)?);
    };
    // Through a value, because a member may be more than its cell shows: a list, say.
    let whole = serde_json::to_value(record)?;
    let mut part = Map::with_capacity(columns.len());
    for &column in columns {
        let name = R::COLUMNS[column].name;
        if let Some(value) = whole.get(name) {
            // A column asked for twice is one member.
            part.insert(name.to_owned(), value.clone());
        }
    }
    Ok(serde_json::to_writer(out, &part)?)
}
