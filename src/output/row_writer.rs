//! An answer on its way out: rows are rendered to memory, and leave it whole.
//!
//! What a reader has is known to the row, also when a write fails or is given up: a resume token can then name the
//! first entry that is missing. Pipes are written to only while they have room, so that a reader that stalls does
//! not keep Ctrl-C waiting; files, which always have, get more at a time.

use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, ErrorKind, Seek, SeekFrom, Write};
use std::rc::Rc;

use serde_json::Value;

use super::{Options, Record, Writer, query, writer};
use crate::error::{Category, Error, UserError};

/// As much as Linux puts into a pipe wholly or not at all (`PIPE_BUF`), in bytes.
const PIPE_PIECE: usize = 4096;

/// As much as is written to a file at a time, in bytes.
const FILE_PIECE: usize = 256 * 1024;

/// A destination cannot be written to.
#[derive(Debug, thiserror::Error)]
#[error("cannot write to {name}")]
pub struct WriteError {
    /// The destination, as the user calls it.
    pub name: String,
    /// Why.
    #[source]
    pub error: io::Error,
}

impl UserError for WriteError {
    fn category(&self) -> Category {
        match self.error.kind() {
            ErrorKind::BrokenPipe => Category::ReaderClosed,
            _ => Category::Other,
        }
    }

    fn hint(&self) -> Option<Cow<'_, str>> {
        let hint = match self.error.kind() {
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge => {
                "make room, or write elsewhere"
            }
            _ => "look at what stdout or --out-file leads to, or write elsewhere",
        };
        Some(hint.into())
    }
}

/// Where bytes go, and by which name a user knows it.
pub struct Sink {
    pub(super) name: String,
    /// The system's file behind `out`.
    pub(super) file: File,
    pub(super) out: Box<dyn Write>,
}

/// An answer that is being written.
pub struct RowWriter<R> {
    writer: Box<dyn Writer<R>>,
    /// What `writer` renders to.
    rendered: Rendered,
    /// How many bytes each row takes that is rendered and not out; of the first one, those that are left.
    lengths: VecDeque<usize>,
    sink: Sink,
    rows: u64,
    torn: usize,
}

impl<R: Record> RowWriter<R> {
    /// Nothing is written yet.
    pub fn new(options: Options, sink: Sink) -> Self {
        let rendered = Rendered::default();
        Self {
            writer: writer(options, Box::new(rendered.clone())),
            rendered,
            lengths: VecDeque::new(),
            sink,
            rows: 0,
            torn: 0,
        }
    }

    /// Writes the next rows. Dropped before its end, this stops at a whole row.
    ///
    /// # Errors
    /// [`WriteError`] in the error. Then, too, [`rows`](Self::rows) is right.
    pub async fn page(&mut self, region: Option<&str>, records: &[R]) -> Result<(), Error> {
        for record in records {
            let before = self.rendered.len();
            self.writer.page(region, std::slice::from_ref(record))?;
            self.lengths.push_back(self.rendered.len() - before);
        }
        if records.is_empty() {
            // A header may come all the same.
            self.writer.page(region, records)?;
        }
        self.send().await
    }

    /// Ends a whole answer, as [`Writer::finish`] does.
    ///
    /// # Errors
    /// As for [`page`](Self::page), or a query that does not fit the answer.
    pub async fn finish(&mut self, next_token: Option<&str>) -> Result<(), Error> {
        self.writer.finish(next_token)?;
        self.send().await
    }

    /// Writes `document` in place of all rows, or what the query of `options` makes of it: as JSON, text or table.
    ///
    /// # Errors
    /// As for [`finish`](Self::finish).
    pub async fn document(&mut self, document: Value, options: &Options) -> Result<(), Error> {
        query::write_one(&mut self.rendered, document, options)?;
        self.send().await
    }

    /// How many rows went out whole.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// Takes back the part of a row that went out, from a file; tells whether such a part remains.
    pub fn truncate_partial_row(&mut self) -> bool {
        if self.torn > 0 && self.cut().is_ok() {
            self.torn = 0;
        }
        self.torn > 0
    }

    fn cut(&mut self) -> io::Result<()> {
        let file = &mut self.sink.file;
        let end = file.stream_position()?;
        if !file.metadata()?.is_file() || file.metadata()?.len() != end {
            return Err(io::ErrorKind::Unsupported.into());
        }
        let whole = end.saturating_sub(self.torn as u64);
        file.set_len(whole)?;
        file.seek(SeekFrom::Start(whole)).map(drop)
    }

    async fn send(&mut self) -> Result<(), Error> {
        let mut bytes = self.rendered.0.take();
        let mut sent = 0;
        while sent < bytes.len() {
            let most = match room(&self.sink.file).await {
                Room::Some => PIPE_PIECE,
                Room::Always => FILE_PIECE,
            };
            let piece = self.piece(bytes.len() - sent, most);
            match self.sink.out.write(&bytes[sent..sent + piece]) {
                Ok(0) => return Err(self.error(io::ErrorKind::WriteZero.into())),
                Ok(length) => {
                    sent += length;
                    self.count(length);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(self.error(error)),
            }
        }
        // The next page takes its place.
        bytes.clear();
        self.rendered.0.replace(bytes);
        let flushed = self.sink.out.flush();
        flushed.map_err(|error| self.error(error))
    }

    fn error(&self, error: io::Error) -> Error {
        WriteError {
            name: self.sink.name.clone(),
            error,
        }
        .into()
    }

    /// The length of the next piece of `rest` bytes, `most` at most: of whole rows, unless one alone is longer.
    fn piece(&self, rest: usize, most: usize) -> usize {
        let mut whole = 0;
        for row in &self.lengths {
            if whole + row > most {
                return if whole > 0 { whole } else { most };
            }
            whole += row;
        }
        rest.min(most)
    }

    /// Counts the rows that are out, with `length` more bytes.
    fn count(&mut self, mut length: usize) {
        while let Some(row) = self.lengths.front_mut() {
            if length < *row {
                *row -= length;
                self.torn += length;
                return;
            }
            length -= *row;
            self.torn = 0;
            self.rows += 1;
            self.lengths.pop_front();
        }
    }
}

/// Bytes in memory, which a writer fills and an answer empties.
#[derive(Clone, Default)]
struct Rendered(Rc<RefCell<Vec<u8>>>);

impl Rendered {
    fn len(&self) -> usize {
        self.0.borrow().len()
    }
}

impl Write for Rendered {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.borrow_mut().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// How much may be written without being kept waiting.
enum Room {
    /// A pipe or a terminal has room for something.
    Some,
    /// Files and devices always have room.
    #[cfg_attr(not(unix), expect(dead_code))]
    Always,
}

/// Waits until there is room.
#[cfg(unix)]
async fn room(file: &File) -> Room {
    use tokio::net::unix::pipe::Sender;

    // Registered anew each time: of a descriptor that blocks, only this tells whether there is room now. Of what
    // always has room, the system takes no registration.
    match file.try_clone().and_then(Sender::from_file_unchecked) {
        Ok(pipe) => {
            let _ = pipe.writable().await;
            Room::Some
        }
        Err(_) => Room::Always,
    }
}

#[cfg(not(unix))]
async fn room(_: &File) -> Room {
    Room::Some
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde::Serialize;

    use super::*;
    use crate::output::{Column, Format, TableStyle};

    #[derive(Clone, Debug, Serialize)]
    struct Row {
        text: String,
    }

    impl Record for Row {
        const LIST: &'static str = "Rows";
        const COLUMNS: &'static [Column<Self>] =
            &[Column::id("text", 4, |row: &Self| row.text.as_str().into())];
    }

    /// Takes so many bytes at a time, and so many in all.
    struct Small {
        file: File,
        at_once: usize,
        left: usize,
    }

    impl Write for Small {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let length = bytes.len().min(self.at_once).min(self.left);
            if length == 0 {
                return Err(io::ErrorKind::StorageFull.into());
            }
            self.left -= length;
            self.file.write(&bytes[..length])
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// What a file holds after pages were written to it until it took no more, and how many rows that are said
    /// to be.
    fn write(format: Format, pages: &[Vec<Row>], at_once: usize, room: usize) -> (String, u64) {
        let mut named = tempfile::NamedTempFile::new().unwrap();
        let file = named.as_file().try_clone().unwrap();
        let out = Small {
            file: file.try_clone().unwrap(),
            at_once,
            left: room,
        };
        let options = Options {
            format,
            fields: None,
            regional: false,
            details: false,
            grouping: Vec::new(),
            query: None,
            header: true,
            style: TableStyle::default(),
            terminal: false,
        };
        let sink = Sink {
            name: String::new(),
            file,
            out: Box::new(out),
        };
        let mut answer = RowWriter::new(options, sink);
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        let written = runtime.block_on(async {
            for page in pages {
                answer.page(None, page).await?;
            }
            answer.finish(None).await
        });
        if written.is_err() {
            assert!(!answer.truncate_partial_row());
        }
        let mut text = String::new();
        named.seek(SeekFrom::Start(0)).unwrap();
        io::Read::read_to_string(&mut named, &mut text).unwrap();
        (text, answer.rows())
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(200) })]

        #[test]
        fn rows_are_counted_to_the_byte(
            lengths in prop::collection::vec(prop::collection::vec(1..6000_usize, 0..6), 0..4),
            at_once in 1..9000_usize,
            room in 0..30_000_usize,
            csv: bool,
        ) {
            let pages: Vec<Vec<Row>> = lengths
                .iter()
                .map(|page| page.iter().map(|&length| Row { text: "x".repeat(length) }).collect())
                .collect();
            let format = if csv { Format::Csv } else { Format::Ndjson };
            let (whole, all) = write(format, &pages, usize::MAX, usize::MAX);
            prop_assert_eq!(all as usize, lengths.iter().flatten().count());
            let (text, rows) = write(format, &pages, at_once, room);
            prop_assert!(whole.starts_with(&text));
            prop_assert!(text.len() <= room);
            let header = usize::from(csv);
            // Whole rows, as many as there was room for; without one, what comes before them may be missing.
            if rows > 0 {
                prop_assert!(text.ends_with('\n'));
                prop_assert_eq!(text.lines().count() - header, rows as usize);
            }
            let fit: usize = whole
                .split_inclusive('\n')
                .scan(0, |end, line| { *end += line.len(); Some(*end) })
                .filter(|&end| end <= room)
                .count();
            prop_assert_eq!(rows as usize, fit.saturating_sub(header));
        }
    }
}
