//! Writes rows to their destination, and counts those that were written completely.
//!
//! Rows are rendered to memory and written from there, so the count is exact even if a write fails or is canceled: the
//! resume token is that of the first row that is missing. A pipe is written to only when it is writable, so a reader
//! that stalls does not delay Ctrl-C.

use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, ErrorKind, Seek, SeekFrom, Write};
use std::mem;
use std::rc::Rc;

use serde_json::Value;

use super::{Options, Page, Record, Writer, query, writer};
use crate::error::{Category, Error, UserError};

/// The maximum write to a pipe, in bytes: what Linux writes atomically (`PIPE_BUF`).
const MAX_PIPE_WRITE: usize = 4096;

/// The maximum write to a file, in bytes.
#[cfg(unix)]
const MAX_FILE_WRITE: usize = 256 * 1024;

/// Writing to a destination failed.
#[derive(Debug, thiserror::Error)]
#[error("cannot write to {name}")]
pub struct WriteError {
    /// The destination's name in messages.
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
                "free some disk space, or write to another file"
            }
            _ => "check where stdout or --out-file leads, or write to another file",
        };
        Some(hint.into())
    }
}

/// An open destination with its name in messages.
pub struct Sink {
    pub(super) name: String,
    /// The file descriptor behind `out`.
    pub(super) file: File,
    pub(super) out: Box<dyn Write>,
}

/// Writes rows in the requested format.
pub struct RowWriter<R> {
    writer: Box<dyn Writer<R>>,
    /// The output of `writer`.
    rendered: SharedBuffer,
    /// The rows that are rendered but not written: the length in bytes, of a partial row that of the rest, and their
    /// number, which is 1 unless the format held rows.
    rendered_rows: VecDeque<(usize, u64)>,
    /// The rows that the format holds: it rendered nothing for them yet.
    held: u64,
    sink: Sink,
    rows: u64,
    /// How many bytes of a partial row were written.
    partial: usize,
}

impl<R: Record> RowWriter<R> {
    /// Writes nothing yet.
    pub fn new(options: Options, sink: Sink) -> Self {
        let rendered = SharedBuffer::default();
        Self {
            writer: writer(options, Box::new(rendered.clone())),
            rendered,
            rendered_rows: VecDeque::new(),
            held: 0,
            sink,
            rows: 0,
            partial: 0,
        }
    }

    /// Writes the next rows. If canceled, it stops at the end of a row.
    ///
    /// # Errors
    /// [`WriteError`]. [`rows`](Self::rows) stays exact.
    pub async fn page(&mut self, region: Option<&str>, records: &[R]) -> Result<(), Error> {
        for record in records {
            let before = self.rendered.len();
            self.writer.page(region, std::slice::from_ref(record))?;
            self.held += 1;
            self.add_rows(before);
        }
        if records.is_empty() {
            // Writes the header, in formats that have one.
            self.writer.page(region, records)?;
        }
        let before = self.rendered.len();
        self.writer.end_page()?;
        self.add_rows(before);
        self.send().await
    }

    /// Sets what a page shows besides the rows, as [`Writer::describe`] does.
    pub fn describe(&mut self, page: Page) {
        self.writer.describe(page);
    }

    /// Ends complete output, as [`Writer::finish`] does.
    ///
    /// # Errors
    /// As for [`page`](Self::page), or a query that fails on the rows.
    pub async fn finish(&mut self, next_token: Option<&str>) -> Result<(), Error> {
        let before = self.rendered.len();
        self.writer.finish(next_token)?;
        self.add_rows(before);
        self.send().await
    }

    /// Writes `document` in place of rows, or the result of the query in `options`.
    ///
    /// # Errors
    /// As for [`finish`](Self::finish).
    pub async fn document(&mut self, document: Value, options: &Options) -> Result<(), Error> {
        query::write_one(&mut self.rendered, document, options)?;
        self.send().await
    }

    /// Adds the rows that the format rendered after the first `before` bytes, if any.
    fn add_rows(&mut self, before: usize) {
        let length = self.rendered.len() - before;
        if length > 0 && self.held > 0 {
            let rows = mem::take(&mut self.held);
            self.rendered_rows.push_back((length, rows));
        }
    }

    /// How many rows were written completely.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// Truncates a file that ends with a partial row. Returns whether a partial row remains, as in a pipe.
    pub fn truncate_partial_row(&mut self) -> bool {
        if self.partial > 0 && self.truncate().is_ok() {
            self.partial = 0;
        }
        self.partial > 0
    }

    fn truncate(&mut self) -> io::Result<()> {
        let file = &mut self.sink.file;
        let end = file.stream_position()?;
        if !file.metadata()?.is_file() || file.metadata()?.len() != end {
            return Err(io::ErrorKind::Unsupported.into());
        }
        let end = end.saturating_sub(self.partial as u64);
        file.set_len(end)?;
        file.seek(SeekFrom::Start(end)).map(drop)
    }

    /// Writes what is rendered.
    async fn send(&mut self) -> Result<(), Error> {
        let mut bytes = self.rendered.0.take();
        let mut sent = 0;
        while sent < bytes.len() {
            let limit = writable(&self.sink.file).await;
            let length = self.write_length(bytes.len() - sent, limit);
            match self.sink.out.write(&bytes[sent..sent + length]) {
                Ok(0) => return Err(self.error(io::ErrorKind::WriteZero.into())),
                Ok(length) => {
                    sent += length;
                    self.count(length);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(self.error(error)),
            }
        }
        // Reuse the allocation for the next page.
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

    /// The length of the next write, of at most `limit` of `rest` bytes: complete rows, unless one is longer than `limit`.
    fn write_length(&self, rest: usize, limit: usize) -> usize {
        let mut complete = 0;
        for (row, _) in &self.rendered_rows {
            if complete + row > limit {
                return if complete > 0 { complete } else { limit };
            }
            complete += row;
        }
        rest.min(limit)
    }

    /// Counts the rows that `length` more bytes complete.
    fn count(&mut self, mut length: usize) {
        while let Some((row, rows)) = self.rendered_rows.front_mut() {
            if length < *row {
                *row -= length;
                self.partial += length;
                return;
            }
            length -= *row;
            self.partial = 0;
            self.rows += *rows;
            self.rendered_rows.pop_front();
        }
    }
}

/// A buffer that the format writes to and [`RowWriter`] reads.
#[derive(Clone, Default)]
struct SharedBuffer(Rc<RefCell<Vec<u8>>>);

impl SharedBuffer {
    fn len(&self) -> usize {
        self.0.borrow().len()
    }
}

impl Write for SharedBuffer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.borrow_mut().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Waits until `file` is writable, and returns how many bytes to write at most.
#[cfg(unix)]
async fn writable(file: &File) -> usize {
    use tokio::net::unix::pipe::Sender;

    // The descriptor may be blocking, so readiness is known only right after its registration. Files and devices cannot
    // be registered, and are always writable.
    match file.try_clone().and_then(Sender::from_file_unchecked) {
        Ok(pipe) => {
            let _ = pipe.writable().await;
            MAX_PIPE_WRITE
        }
        Err(_) => MAX_FILE_WRITE,
    }
}

// Windows does not tell whether a pipe is writable, nor files from pipes.
#[cfg(windows)]
async fn writable(_: &File) -> usize {
    MAX_PIPE_WRITE
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde::Serialize;

    use super::*;
    use crate::output::{Column, Format};

    #[derive(Clone, Debug, Serialize)]
    struct Row {
        text: String,
    }

    impl Record for Row {
        const LIST: &'static str = "Rows";
        const COLUMNS: &'static [Column<Self>] =
            &[Column::id("text", 4, |row: &Self| row.text.as_str().into())];
    }

    /// A full disk: accepts at most `max_write` bytes per write and `capacity` bytes in total.
    struct LimitedFile {
        file: File,
        max_write: usize,
        capacity: usize,
    }

    impl Write for LimitedFile {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let length = bytes.len().min(self.max_write).min(self.capacity);
            if length == 0 {
                return Err(io::ErrorKind::StorageFull.into());
            }
            self.capacity -= length;
            self.file.write(&bytes[..length])
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// Writes pages until the file is full. Returns its content and the reported number of rows.
    fn write(
        format: Format,
        pages: &[Vec<Row>],
        max_write: usize,
        capacity: usize,
    ) -> (String, u64) {
        let mut named = tempfile::NamedTempFile::new().unwrap();
        let file = named.as_file().try_clone().unwrap();
        let out = LimitedFile {
            file: file.try_clone().unwrap(),
            max_write,
            capacity,
        };
        let options = Options::new(format);
        let sink = Sink {
            name: String::new(),
            file,
            out: Box::new(out),
        };
        let mut writer = RowWriter::new(options, sink);
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        let written = runtime.block_on(async {
            for page in pages {
                writer.page(None, page).await?;
            }
            writer.finish(None).await
        });
        if written.is_err() {
            assert!(!writer.truncate_partial_row());
        }
        let mut text = String::new();
        named.seek(SeekFrom::Start(0)).unwrap();
        io::Read::read_to_string(&mut named, &mut text).unwrap();
        (text, writer.rows())
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(200) })]

        #[test]
        fn complete_rows_are_counted(
            lengths in prop::collection::vec(prop::collection::vec(1..6000_usize, 0..6), 0..4),
            max_write in 1..9000_usize,
            capacity in 0..30_000_usize,
            csv: bool,
        ) {
            let pages: Vec<Vec<Row>> = lengths
                .iter()
                .map(|page| page.iter().map(|&length| Row { text: "x".repeat(length) }).collect())
                .collect();
            let format = if csv { Format::Csv } else { Format::Ndjson };
            let (complete, all) = write(format, &pages, usize::MAX, usize::MAX);
            prop_assert_eq!(all as usize, lengths.iter().flatten().count());
            let (text, rows) = write(format, &pages, max_write, capacity);
            prop_assert!(complete.starts_with(&text));
            prop_assert!(text.len() <= capacity);
            let header = usize::from(csv);
            // Complete rows, as many as fit. Without one, a part of the header may be missing.
            if rows > 0 {
                prop_assert!(text.ends_with('\n'));
                prop_assert_eq!(text.lines().count() - header, rows as usize);
            }
            let fit: usize = complete
                .split_inclusive('\n')
                .scan(0, |end, line| { *end += line.len(); Some(*end) })
                .filter(|&end| end <= capacity)
                .count();
            prop_assert_eq!(rows as usize, fit.saturating_sub(header));
        }
    }
}
