//! A table for people, streamed: the header stands once, and columns keep one width for the whole run.
//!
//! The widths are those of the columns' usual values, made smaller to fit a narrow window; a wider value wraps
//! within its cell, so that none is lost.

use std::io::{self, Write};

use comfy_table::presets::{ASCII_FULL, UTF8_FULL};
use comfy_table::{
    Attribute, CellAlignment, Color, ColumnConstraint, ContentLineStyle, LineStyle,
    TableStyle as Borders, Width,
};

use super::{Align, Cell, Column, Emphasis, Out, Record, Writer, digits, escape};

/// How a table looks; the caller knows the terminal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TableStyle {
    /// Borders of box-drawing characters; otherwise plain ASCII.
    pub unicode: bool,
    /// Bold headers, zeros dimmed, and the colours of values that have a tone.
    pub color: bool,
    /// The window's width in terminal columns, which the table stays within; as wide as it likes when `None`.
    pub width: Option<u16>,
}

impl TableStyle {
    /// All the lines that a table may have.
    pub(super) fn borders(self) -> Borders {
        if self.unicode {
            UTF8_FULL
                .with_solid_inner_borders()
                .with_rounded_corners()
                .header_separator(LineStyle::new('├', '─', '┼', '┤'))
                .row_separator(LineStyle::new('├', '╌', '┼', '┤'))
        } else {
            ASCII_FULL.header_separator(LineStyle::new('+', '=', '+', '+'))
        }
    }

    /// An empty table with this style's borders.
    pub(super) fn table(self, borders: Borders) -> comfy_table::Table {
        let mut table = comfy_table::Table::new();
        // The caller has looked at the terminal; the crate must not look again.
        table.force_no_tty().load_style(borders);
        // Values are split at the width alone: breaking at spaces would drop them. No value has a NUL, because
        // control characters are escaped.
        table.set_delimiter('\0');
        if self.color {
            table.enforce_styling();
            table.style_text_only();
        }
        table
    }

    /// A header's cell.
    pub(super) fn header(self, name: &str) -> comfy_table::Cell {
        let cell = comfy_table::Cell::new(escape(name));
        if self.color {
            cell.add_attribute(Attribute::Bold)
        } else {
            cell
        }
    }
}

/// Writes records as rows of a table.
pub(super) struct Table {
    out: Out,
    columns: Vec<usize>,
    style: TableStyle,
    layout: Layout,
    begun: bool,
    empty: bool,
    /// What a row is put together in.
    line: Vec<u8>,
}

impl Table {
    pub(super) fn new<R: Record>(out: Out, columns: Vec<usize>, style: TableStyle) -> Self {
        let shown: Vec<&Column> = columns.iter().map(|&column| &R::COLUMNS[column]).collect();
        let layout = Layout::fit(&shown, R::WRAPPING, style.width);
        Self {
            out,
            columns,
            style,
            layout,
            begun: false,
            empty: true,
            line: Vec::new(),
        }
    }

    /// Puts a row together that needs no crate to lay it out, because each of its values is plain and fits; `false`
    /// for any other row. Nearly every row is such, and this is a tenth of the crate's work.
    fn plain_row<R: Record>(&mut self, record: &R) -> bool {
        if self.layout.wraps {
            return false;
        }
        let ContentLineStyle {
            left,
            junction,
            right,
        } = self.style.borders().content_lines;
        let border = |line: &mut Vec<u8>, border: Option<char>| {
            if let Some(border) = border {
                line.extend_from_slice(border.encode_utf8(&mut [0; 4]).as_bytes());
            }
        };
        let line = &mut self.line;
        line.clear();
        border(line, left);
        for (index, (&column, &width)) in self.columns.iter().zip(&self.layout.widths).enumerate() {
            if index > 0 {
                border(line, junction);
            }
            if self.style.color && record.emphasis(column).is_some() {
                return false;
            }
            let mut place = [0; 20];
            let value = match record.cell(column) {
                Cell::Absent => b"",
                Cell::Text(text) => text.as_bytes(),
                // It is dimmed.
                Cell::Number(0) if self.style.color => return false,
                Cell::Made(_) | Cell::List(_) => return false,
                Cell::Number(number) => digits(number, &mut place),
            };
            let Some(room) = usize::from(width).checked_sub(value.len()) else {
                return false;
            };
            if !value.iter().all(u8::is_ascii_graphic) {
                return false;
            }
            let padding = usize::from(self.layout.padded);
            let before = match R::COLUMNS[column].align {
                Align::Left => 0,
                Align::Right => room,
            };
            line.resize(line.len() + padding + before, b' ');
            line.extend_from_slice(value);
            line.resize(line.len() + room - before + padding, b' ');
        }
        border(line, right);
        line.push(b'\n');
        true
    }

    /// Lays out rows with the run's widths; `borders` says which lines stand round and between them.
    fn lay_out<R: Record>(
        &self,
        borders: Borders,
        rows: impl Iterator<Item = Vec<comfy_table::Cell>>,
    ) -> comfy_table::Table {
        let mut table = self.style.table(borders);
        table.add_rows(rows);
        let padding = u16::from(self.layout.padded);
        let shown = self.columns.iter().map(|&column| &R::COLUMNS[column]);
        for ((laid_out, column), &width) in
            table.column_iter_mut().zip(shown).zip(&self.layout.widths)
        {
            laid_out
                .set_padding((padding, padding))
                .set_constraint(ColumnConstraint::Absolute(Width::Fixed(
                    width + 2 * padding,
                )))
                .set_cell_alignment(match column.align {
                    Align::Left => CellAlignment::Left,
                    Align::Right => CellAlignment::Right,
                });
        }
        table
    }

    fn header<R: Record>(&self, borders: Borders) -> comfy_table::Table {
        let names = self.columns.iter().map(|&column| R::COLUMNS[column].name);
        let row = names.map(|name| self.style.header(name)).collect();
        self.lay_out::<R>(borders, std::iter::once(row))
    }

    fn begin<R: Record>(&mut self) -> io::Result<()> {
        if self.begun {
            return Ok(());
        }
        self.begun = true;
        let borders = self.style.borders();
        let header = self.header::<R>(
            Borders::new()
                .top_border(borders.top_border)
                .content_lines(borders.content_lines)
                .bottom_border(borders.header_separator),
        );
        write_lines(&mut self.out, header.lines())
    }

    fn row<R: Record>(&self, record: &R) -> Vec<comfy_table::Cell> {
        let cell = |&column: &usize| match record.cell(column) {
            Cell::Absent => comfy_table::Cell::new(""),
            Cell::Text(text) => comfy_table::Cell::new(escape(text)),
            Cell::Made(text) => comfy_table::Cell::new(escape(&text)),
            Cell::List(items) => {
                let lines: Vec<_> = items.iter().map(|item| escape(item)).collect();
                comfy_table::Cell::new(lines.join("\n"))
            }
            Cell::Number(0) if self.style.color => {
                comfy_table::Cell::new(0).add_attribute(Attribute::Dim)
            }
            Cell::Number(number) => comfy_table::Cell::new(number),
        };
        let toned = |column: &usize| match record.emphasis(*column).filter(|_| self.style.color) {
            None => cell(column),
            Some(Emphasis::Good) => cell(column).fg(Color::Green),
            Some(Emphasis::Bad) => cell(column).fg(Color::Red),
            Some(Emphasis::Doubtful) => cell(column).fg(Color::Yellow),
        };
        self.columns.iter().map(toned).collect()
    }
}

impl<R: Record> Writer<R> for Table {
    fn page(&mut self, records: &[R]) -> io::Result<()> {
        self.begin::<R>()?;
        for record in records {
            if self.plain_row(record) {
                self.out.write_all(&self.line)?;
                continue;
            }
            let all = self.style.borders();
            let mut borders = Borders::new().content_lines(all.content_lines);
            if self.layout.wraps && !self.empty {
                borders = borders.top_border(all.row_separator);
            }
            self.empty = false;
            let row = self.lay_out::<R>(borders, std::iter::once(self.row(record)));
            write_lines(&mut self.out, row.lines())?;
        }
        self.out.flush()
    }

    fn finish(&mut self, _next_token: Option<&str>) -> io::Result<()> {
        self.begin::<R>()?;
        // The crate draws lines round rows only: of a header with a bottom line, the last line is wanted.
        let borders = Borders::new()
            .content_lines(ContentLineStyle::new(' ', ' ', ' '))
            .bottom_border(self.style.borders().bottom_border);
        let bottom = self.header::<R>(borders).lines().last();
        write_lines(&mut self.out, bottom)?;
        self.out.flush()
    }
}

/// Writes lines, each with its end.
pub(super) fn write_lines(
    out: &mut impl Write,
    lines: impl IntoIterator<Item = String>,
) -> io::Result<()> {
    for line in lines {
        writeln!(out, "{line}")?;
    }
    Ok(())
}

/// The widths of a run's columns.
#[derive(Debug, PartialEq, Eq)]
struct Layout {
    /// In terminal columns, without padding.
    widths: Vec<u16>,
    /// Whether a space stands on either side of a value.
    padded: bool,
    /// Whether usual values wrap: then lines between the rows show where one ends.
    wraps: bool,
}

impl Layout {
    /// No column is narrower: every character has room.
    const LEAST: u16 = 2;

    /// Fits columns into a window: first the padding goes, then the widest of the columns in `wrapping` shrink to their
    /// names, then the widest texts, and numbers last. A window too narrow for even that is overrun.
    fn fit(columns: &[&Column], wrapping: &[&str], window: Option<u16>) -> Self {
        let mut widths: Vec<u16> = columns.iter().map(|column| column.width).collect();
        let count = u16::try_from(columns.len()).unwrap_or(u16::MAX);
        let room = window.map_or(u16::MAX, |window| window.saturating_sub(count + 1));
        if widths.iter().sum::<u16>() + 2 * count <= room {
            return Self {
                widths,
                padded: true,
                wraps: false,
            };
        }
        let mut wraps = false;
        while widths.iter().sum::<u16>() > room {
            let widest = |may_shrink: &dyn Fn(usize) -> bool| {
                (0..widths.len())
                    .filter(|&index| widths[index] > Self::LEAST && may_shrink(index))
                    .max_by_key(|&index| widths[index])
            };
            let wraps_well = |index: usize| {
                let name = columns[index].name;
                wrapping.contains(&name) && usize::from(widths[index]) > name.len()
            };
            let is_text = |index: usize| columns[index].align == Align::Left;
            let Some(index) = widest(&wraps_well)
                .or_else(|| widest(&is_text))
                .or_else(|| widest(&|_| true))
            else {
                break;
            };
            widths[index] -= 1;
            wraps = true;
        }
        Self {
            widths,
            padded: false,
            wraps,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const TEXT: Column = Column::text("Text", 20);
    const NUMBER: Column = Column::number("Number", 6);

    #[test]
    fn a_window_takes_padding_then_text_then_numbers() {
        let fit = |window| {
            let Layout {
                widths,
                padded,
                wraps,
            } = Layout::fit(&[&TEXT, &NUMBER], &[], window);
            (widths, padded, wraps)
        };
        assert_eq!(fit(None), (vec![20, 6], true, false));
        assert_eq!(fit(Some(33)), (vec![20, 6], true, false));
        assert_eq!(fit(Some(32)), (vec![20, 6], false, false));
        assert_eq!(fit(Some(29)), (vec![20, 6], false, false));
        assert_eq!(fit(Some(28)), (vec![19, 6], false, true));
        assert_eq!(fit(Some(11)), (vec![2, 6], false, true));
        assert_eq!(fit(Some(10)), (vec![2, 5], false, true));
        assert_eq!(fit(Some(0)), (vec![2, 2], false, true));
    }

    #[derive(Clone, Debug, serde::Serialize)]
    struct Row(String, i64);

    impl Record for Row {
        const LIST: &'static str = "Rows";
        const COLUMNS: &'static [Column] = &[TEXT, NUMBER];

        fn cell(&self, column: usize) -> Cell<'_> {
            match column {
                0 => Cell::Text(&self.0),
                _ => Cell::Number(self.1),
            }
        }
    }

    proptest! {
        #[test]
        fn a_plain_row_is_what_the_crate_would_lay_out(
            text in "[!-~]{0,21}",
            number in -10_000..1_000_000_i64,
            unicode: bool,
            color: bool,
            width in prop::option::of(29..40_u16),
        ) {
            let style = TableStyle { unicode, color, width };
            let out = Out::new(Box::new(io::sink()));
            let mut table = Table::new::<Row>(out, vec![0, 1], style);
            let row = Row(text, number);
            let plain = table.plain_row(&row);
            prop_assert_eq!(plain, row.0.len() <= 20 && !(color && number == 0));
            if plain {
                let borders = Borders::new().content_lines(style.borders().content_lines);
                let laid_out = table.lay_out::<Row>(borders, std::iter::once(table.row(&row)));
                prop_assert_eq!(String::from_utf8(table.line).unwrap(), format!("{laid_out}\n"));
            }
        }
    }

    #[test]
    fn the_widest_text_shrinks_first() {
        let short = Column { width: 5, ..TEXT };
        let fitted = Layout::fit(&[&TEXT, &short], &[], Some(13));
        assert_eq!(fitted.widths, [5, 5]);
    }

    #[test]
    fn what_wraps_well_shrinks_to_its_name_before_others() {
        let id = Column { name: "Id", ..TEXT };
        let fit = |window| Layout::fit(&[&id, &TEXT], &["Text"], Some(window)).widths;
        assert_eq!(fit(40), [20, 17]);
        assert_eq!(fit(27), [20, 4]);
        assert_eq!(fit(26), [19, 4]);
    }
}
