//! JSON: one document in the service's shape, one row per line, streamed.

use std::io::{self, Write};

use serde_json::{Map, Value};

use super::record::Regional;
use super::{Field, Out, Record, Writer};

/// Writes `{"List": […], "NextToken": "…"}`. Until [`finish`](Writer::finish) the document stays open, so that
/// no parser accepts partial output.
pub(super) struct Json {
    out: Out,
    fields: Option<Vec<Field>>,
    begun: bool,
    empty: bool,
}

impl Json {
    pub(super) fn new(out: Out, fields: Option<Vec<Field>>) -> Self {
        Self {
            out,
            fields,
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
    fn page(&mut self, region: Option<&str>, records: &[R]) -> io::Result<()> {
        self.begin::<R>()?;
        for record in records {
            let separator: &[u8] = if self.empty { b"\n" } else { b",\n" };
            self.out.write_all(separator)?;
            self.empty = false;
            object(&mut self.out, region, record, self.fields.as_deref())?;
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

/// Writes a record as one JSON object on one line: all members, or those in `fields` in that order.
pub(super) fn object<R: Record>(
    out: &mut impl Write,
    region: Option<&str>,
    record: &R,
    fields: Option<&[Field]>,
) -> io::Result<()> {
    let Some(fields) = fields else {
        match region {
            Some(region) => serde_json::to_writer(out, &Regional { region, record })?,
            None => serde_json::to_writer(out, record)?,
        }
        return Ok(());
    };
    let selected = selected(region, record, fields)?;
    Ok(serde_json::to_writer(out, &selected)?)
}

/// The members of a record that `fields` names, in that order.
pub(super) fn selected<R: Record>(
    region: Option<&str>,
    record: &R,
    fields: &[Field],
) -> serde_json::Result<Map<String, Value>> {
    // Through a value, because a member may hold more than its cell shows, such as a list.
    let members = value(region, record)?;
    let mut selected = Map::with_capacity(fields.len());
    for field in fields {
        let name = field.column::<R>().name;
        if let Some(value) = members.get(name) {
            // A column that is requested twice is one member.
            selected.insert(name.to_owned(), value.clone());
        }
    }
    Ok(selected)
}

/// A record as a JSON value, with its Region.
pub(super) fn value<R: Record>(region: Option<&str>, record: &R) -> serde_json::Result<Value> {
    match region {
        Some(region) => serde_json::to_value(Regional { region, record }),
        None => serde_json::to_value(record),
    }
}
