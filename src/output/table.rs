//! A table for people, streamed: the width of a column never changes within a run.
//!
//! No ID, time or word is ever split. A table that is wider than the terminal first shows columns that repeat in a line
//! above the rows, then moves some text below each row, then omits columns in the order of their
//! [rank](super::Column::rank). Text wraps at spaces, names are shortened, and a value that is still wider than its column
//! makes its line longer.

use std::io::{self, Write};

use anstyle::{AnsiColor, Style};
use textwrap::{WordSeparator, WordSplitter};
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use super::{Cell, Emphasis, Field, Kind, Options, Out, Record, Writer, digits, escape};

/// How a table looks; the caller knows the terminal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TableStyle {
    /// Whether the locale is UTF-8: names are shortened with `…`, otherwise with `...`.
    pub unicode: bool,
    /// Whether headers are bold and verdicts colored.
    pub color: bool,
    /// The terminal's width in columns; `None` for no limit.
    pub width: Option<u16>,
}

/// The spaces between two columns.
const GAP: &str = "  ";

/// Writes records as rows of a table.
pub(super) struct Table {
    out: Out,
    style: TableStyle,
    layout: Layout,
    group_digits: bool,
    /// The values above the rows that are being written; `None` before the header.
    captions: Option<Vec<String>>,
    /// Buffer of the fast path.
    line: Vec<u8>,
}

impl Table {
    pub(super) fn new<R: Record>(out: Out, options: &Options) -> Self {
        Self {
            out,
            style: options.style,
            layout: Layout::fit::<R>(options),
            group_digits: options.terminal,
            captions: None,
            line: Vec::new(),
        }
    }

    /// Renders a row whose values are plain ASCII and fit, which nearly every row is; `false` for any other row. This
    /// takes a tenth of the time of [`row`](Self::row).
    fn plain_row<R: Record>(&mut self, region: Option<&str>, record: &R) -> bool {
        if !self.layout.below.is_empty() {
            return false;
        }
        let line = &mut self.line;
        line.clear();
        for &(field, width) in &self.layout.columns {
            if !line.is_empty() {
                line.extend_from_slice(GAP.as_bytes());
            }
            let cell = field.cell(region, record);
            let mut buffer = [0; 20];
            let (value, is_number) = match (&cell, field.column::<R>().kind) {
                (Cell::Absent, _) => (&b""[..], false),
                (Cell::Text(text), Kind::Id) => (text.as_bytes(), false),
                (Cell::Time(time), Kind::Time) => match minute(time) {
                    Some((date, minute)) => {
                        let text = buffer.first_chunk_mut::<16>().expect("20 bytes hold 16");
                        text[..10].copy_from_slice(date.as_bytes());
                        text[10] = b' ';
                        text[11..].copy_from_slice(minute.as_bytes());
                        (&text[..], false)
                    }
                    None => return false,
                },
                (Cell::Number(number), _) if !self.group_digits || (0..1000).contains(number) => {
                    (digits(*number, &mut buffer), true)
                }
                _ => return false,
            };
            let Some(padding) = width.checked_sub(value.len()) else {
                return false;
            };
            let has_emphasis = self.style.color && (field.column::<R>().emphasis)(record).is_some();
            if has_emphasis || !value.iter().all(|byte| (b' '..=b'~').contains(byte)) {
                return false;
            }
            let before = if is_number { padding } else { 0 };
            line.resize(line.len() + before, b' ');
            line.extend_from_slice(value);
            line.resize(line.len() + padding - before, b' ');
        }
        let end = line.trim_ascii_end().len();
        line.truncate(end);
        line.push(b'\n');
        true
    }

    /// Writes any row, on as many lines as its longest cell has, and the columns below it.
    fn row<R: Record>(&mut self, region: Option<&str>, record: &R) -> io::Result<()> {
        let cells = self.layout.columns.iter().map(|&(field, width)| {
            let lines = self.lines(field.cell(region, record), field.column::<R>().kind, width);
            let emphasis = (field.column::<R>().emphasis)(record)
                .map(color)
                .unwrap_or_default();
            let is_right = field.column::<R>().kind == Kind::Number;
            (lines, width, is_right, emphasis)
        });
        let cells: Vec<_> = cells.collect();
        let height = cells.iter().map(|(lines, ..)| lines.len()).max();
        for index in 0..height.unwrap_or_default().max(1) {
            let line = cells.iter().map(|(lines, width, is_right, style)| {
                let text = lines.get(index).map_or("", String::as_str);
                (text, *width, *is_right, *style)
            });
            write_line(&mut self.out, line, self.style.color)?;
        }
        for &field in &self.layout.below {
            let cell = field.cell(region, record);
            let name = field.column::<R>().name;
            let width = usize::from(self.style.width.unwrap_or(u16::MAX));
            let indent = GAP.len() + name.len() + GAP.len();
            let lines = self.lines(
                cell,
                field.column::<R>().kind,
                width.saturating_sub(indent).max(20),
            );
            for (index, line) in lines.iter().enumerate() {
                let name = if index == 0 {
                    format!("{GAP}{name}:")
                } else {
                    String::new()
                };
                writeln!(self.out, "{name:indent$}{line}")?;
            }
        }
        Ok(())
    }

    /// The lines of a cell.
    fn lines(&self, cell: Cell<'_>, kind: Kind, width: usize) -> Vec<String> {
        let wrap = |text: &str| wrap(&escape(text), width);
        match (cell, kind) {
            (Cell::Absent, _) => Vec::new(),
            (Cell::Number(number), _) if self.group_digits => vec![with_separators(number)],
            (Cell::Number(number), _) => vec![number.to_string()],
            (Cell::Time(time), _) => vec![to_the_minute(time)],
            (Cell::List(items), Kind::Text(_)) => {
                items.iter().flat_map(|item| wrap(item)).collect()
            }
            (Cell::Text(text), Kind::Text(_)) => wrap(&text),
            (Cell::Text(text), Kind::Name(_)) => {
                vec![shorten(&escape(&text), width, self.style.unicode)]
            }
            (cell, _) => {
                let text = cell.text().unwrap_or_default();
                vec![escape(&text).into_owned()]
            }
        }
    }

    /// Writes the header, after the lines above the rows that follow, where they change.
    fn begin<R: Record>(&mut self, region: Option<&str>, record: Option<&R>) -> io::Result<()> {
        if self.captions.is_some() && self.layout.captions.is_empty() {
            return Ok(());
        }
        let value = |&field: &Field| {
            let cell = record.map_or(Cell::Absent, |record| field.cell(region, record));
            let text = cell.text().unwrap_or_default();
            escape(&text).into_owned()
        };
        let captions: Vec<String> = self.layout.captions.iter().map(value).collect();
        if self.captions.as_ref() == Some(&captions) || record.is_none() && self.captions.is_some()
        {
            return Ok(());
        }
        if self.captions.is_some() {
            writeln!(self.out)?;
        }
        if record.is_some() {
            for (field, value) in self.layout.captions.iter().zip(&captions) {
                writeln!(self.out, "{}: {value}", field.column::<R>().name)?;
            }
        }
        self.captions = Some(captions);
        let bold = Style::new().bold();
        let names = self.layout.columns.iter().map(|&(field, width)| {
            let is_right = field.column::<R>().kind == Kind::Number;
            (header::<R>(field), width, is_right, bold)
        });
        let names: Vec<_> = names.collect();
        let cells = names
            .iter()
            .map(|(name, width, is_right, style)| (name.as_str(), *width, *is_right, *style));
        write_line(&mut self.out, cells, self.style.color)
    }
}

impl<R: Record> Writer<R> for Table {
    fn page(&mut self, region: Option<&str>, records: &[R]) -> io::Result<()> {
        for record in records {
            self.begin(region, Some(record))?;
            if self.plain_row(region, record) {
                self.out.write_all(&self.line)?;
            } else {
                self.row(region, record)?;
            }
        }
        self.out.flush()
    }

    fn finish(&mut self, _next_token: Option<&str>) -> io::Result<()> {
        self.begin::<R>(None, None)?;
        self.out.flush()
    }
}

/// Wraps text at spaces. A word that is longer than the width stays in one piece.
pub fn wrap(text: &str, width: usize) -> Vec<String> {
    let options = textwrap::Options::new(width)
        .break_words(false)
        .word_separator(WordSeparator::AsciiSpace)
        .word_splitter(WordSplitter::NoHyphenation);
    let lines = textwrap::wrap(text, options);
    lines.into_iter().map(|line| line.into_owned()).collect()
}

/// A field's header; a time's says its zone.
fn header<R: Record>(field: Field) -> String {
    match field.column::<R>().kind {
        Kind::Time => format!("{} (UTC)", field.column::<R>().name),
        _ => field.column::<R>().name.to_owned(),
    }
}

/// Writes one line of cells: text, width, whether it is aligned at the right, and style.
pub(super) fn write_line<'a>(
    out: &mut impl Write,
    cells: impl Iterator<Item = (&'a str, usize, bool, Style)>,
    color: bool,
) -> io::Result<()> {
    // Spaces are held back until text follows, so that no line ends with them.
    let mut spaces = 0;
    for (index, (text, width, is_right, style)) in cells.enumerate() {
        if index > 0 {
            spaces += GAP.len();
        }
        let padding = width.saturating_sub(text.width());
        if is_right {
            spaces += padding;
        }
        if !text.is_empty() {
            write!(out, "{:spaces$}", "")?;
            spaces = 0;
            if color {
                write!(out, "{style}{text}{style:#}")?;
            } else {
                out.write_all(text.as_bytes())?;
            }
        }
        if !is_right {
            spaces += padding;
        }
    }
    out.write_all(b"\n")
}

fn color(emphasis: Emphasis) -> Style {
    match emphasis {
        Emphasis::Good => AnsiColor::Green,
        Emphasis::Bad => AnsiColor::Red,
        Emphasis::Uncertain => AnsiColor::Yellow,
    }
    .on_default()
}

/// The date and the minute of a time such as `2025-09-29T13:27:12.322Z`.
fn minute(time: &str) -> Option<(&str, &str)> {
    let (date, rest) = time.strip_suffix('Z')?.split_once('T')?;
    let minute = rest.get(..5)?;
    (date.len() == 10).then_some((date, minute))
}

/// `2025-09-29T13:27:12.322Z` as `2025-09-29 13:27`; any other text unchanged.
pub(super) fn to_the_minute(time: &str) -> String {
    match minute(time) {
        Some((date, minute)) => format!("{date} {minute}"),
        None => escape(time).into_owned(),
    }
}

/// A number with its thousands separated, as in `1,234,567`.
pub(super) fn with_separators(number: i64) -> String {
    let digits = number.unsigned_abs().to_string();
    let mut text = String::from(if number < 0 { "-" } else { "" });
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Shortens text to a width in terminal columns.
fn shorten(text: &str, width: usize, unicode: bool) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let ellipsis = if unicode { "…" } else { "..." };
    let mut left = width.saturating_sub(ellipsis.width());
    let fits = |character: &char| match left.checked_sub(character.width().unwrap_or_default()) {
        Some(rest) => {
            left = rest;
            true
        }
        None => false,
    };
    text.chars().take_while(fits).collect::<String>() + ellipsis
}

/// The names of the columns that a table omits because the terminal is too narrow.
pub fn omitted_columns<R: Record>(options: &Options) -> Vec<&'static str> {
    match (options.format, &options.query) {
        (super::Format::Table, None) => Layout::fit::<R>(options).omitted,
        _ => Vec::new(),
    }
}

/// Which columns a table has, and how wide they are.
#[derive(Debug, PartialEq, Eq)]
struct Layout {
    /// Columns that are shown in lines above the rows.
    captions: Vec<Field>,
    /// With their widths in terminal columns.
    columns: Vec<(Field, usize)>,
    /// Text that has lines of its own below each row.
    below: Vec<Field>,
    omitted: Vec<&'static str>,
}

impl Layout {
    /// Fits the columns into the terminal's width. Requested columns are neither moved nor omitted.
    fn fit<R: Record>(options: &Options) -> Self {
        let columns = options.fields::<R>().into_iter();
        let mut layout = Self {
            captions: Vec::new(),
            columns: columns
                .map(|field| (field, natural_width::<R>(field)))
                .collect(),
            below: Vec::new(),
            omitted: Vec::new(),
        };
        let Some(window) = options.style.width.map(usize::from) else {
            return layout;
        };
        for (field, width) in &mut layout.columns {
            *width = min_width::<R>(*field);
        }
        if options.fields.is_none() {
            layout.remove_columns::<R>(options, window);
        }
        layout.widen::<R>(window);
        layout
    }

    /// The width of a row.
    fn width(&self) -> usize {
        let widths = self.columns.iter().map(|(_, width)| width + GAP.len());
        widths.sum::<usize>().saturating_sub(GAP.len())
    }

    /// Moves and omits columns until the others fit.
    fn remove_columns<R: Record>(&mut self, options: &Options, window: usize) {
        let mut grouping = options.grouping.iter();
        while self.width() > window {
            if let Some(field) = grouping.next() {
                let captions = self.take(|other| other == *field);
                self.captions.extend(captions);
                continue;
            }
            let below = self.take(|field| field.column::<R>().below);
            if !below.is_empty() {
                self.below = below;
                continue;
            }
            let rank = |field: Field| field.column::<R>().rank;
            let ranks = self.columns.iter().map(|(field, _)| rank(*field));
            let Some(last) = ranks.filter(|rank| *rank > 0).max() else {
                break;
            };
            let omitted = self.take(|field| rank(field) == last).into_iter();
            self.omitted
                .extend(omitted.map(|field| field.column::<R>().name));
        }
    }

    /// Removes and returns the selected columns.
    fn take(&mut self, is_selected: impl Fn(Field) -> bool) -> Vec<Field> {
        let taken = self
            .columns
            .extract_if(.., |(field, _)| is_selected(*field));
        taken.map(|(field, _)| field).collect()
    }

    /// Distributes the remaining width from the first column to the last.
    fn widen<R: Record>(&mut self, window: usize) {
        let mut rest = window.saturating_sub(self.width());
        for (field, width) in &mut self.columns {
            let more = (natural_width::<R>(*field) - *width).min(rest);
            *width += more;
            rest -= more;
        }
        if let Some((field, width)) = self.columns.last_mut()
            && matches!(field.column::<R>().kind, Kind::Text(_))
        {
            *width += rest;
        }
    }
}

/// The width of a column without a limit.
fn natural_width<R: Record>(field: Field) -> usize {
    header::<R>(field).len().max(field.column::<R>().width)
}

fn min_width<R: Record>(field: Field) -> usize {
    match field.column::<R>().kind {
        Kind::Name(least) | Kind::Text(least) => least.max(field.column::<R>().name.len()),
        _ => natural_width::<R>(field),
    }
}
