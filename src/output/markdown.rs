//! A Markdown table that GitHub renders in a job summary, an issue or a comment.

use std::borrow::Cow;
use std::io::{self, Write};

use super::escape::{is_control, push_escaped, replace};
use super::{Align, Cell, Out, Record, Writer, in_one_line};

/// Writes records as rows of a table. An absent value is an empty cell.
pub(super) struct Markdown {
    out: Out,
    columns: Vec<usize>,
    begun: bool,
}

impl Markdown {
    pub(super) fn new(out: Out, columns: Vec<usize>, header: bool) -> Self {
        Self {
            out,
            columns,
            begun: !header,
        }
    }

    fn begin<R: Record>(&mut self) -> io::Result<()> {
        if self.begun {
            return Ok(());
        }
        self.begun = true;
        for &column in &self.columns {
            write!(self.out, "| {} ", R::COLUMNS[column].name)?;
        }
        self.out.write_all(b"|\n")?;
        for &column in &self.columns {
            let rule: &[u8] = match R::COLUMNS[column].align {
                Align::Left => b"| --- ",
                Align::Right => b"| ---: ",
            };
            self.out.write_all(rule)?;
        }
        self.out.write_all(b"|\n")
    }
}

impl<R: Record> Writer<R> for Markdown {
    fn page(&mut self, records: &[R]) -> io::Result<()> {
        self.begin::<R>()?;
        for record in records {
            for &column in &self.columns {
                match record.cell(column) {
                    Cell::Absent => self.out.write_all(b"|  ")?,
                    Cell::Text(text) => write!(self.out, "| {} ", literal(text))?,
                    Cell::Made(text) => write!(self.out, "| {} ", literal(&text))?,
                    Cell::List(items) => {
                        write!(self.out, "| {} ", literal(&in_one_line(&items)))?;
                    }
                    Cell::Number(number) => write!(self.out, "| {number} ")?,
                }
            }
            self.out.write_all(b"|\n")?;
        }
        self.out.flush()
    }

    fn finish(&mut self, _next_token: Option<&str>) -> io::Result<()> {
        self.begin::<R>()?;
        self.out.flush()
    }
}

/// Writes a value so that Markdown and HTML show it as it is.
fn literal(text: &str) -> Cow<'_, str> {
    let is_mark = |c| {
        matches!(
            c,
            '\\' | '|' | '`' | '*' | '_' | '~' | '[' | ']' | '<' | '>' | '&' | '$'
        )
    };
    let special = |c| is_mark(c) || is_control(c);
    replace(text, special, |character, literal| match character {
        '<' => literal.push_str("&lt;"),
        '>' => literal.push_str("&gt;"),
        '&' => literal.push_str("&amp;"),
        control if is_control(control) => push_escaped(control, literal),
        mark => literal.extend(['\\', mark]),
    })
}

#[cfg(test)]
mod tests {
    use super::literal;

    #[test]
    fn marks_of_markdown_and_html_are_literal() {
        assert_eq!(
            literal("a|b\\|c\n<img src=x>&amp; `*_~[l](u)$x$"),
            r"a\|b\\\|c\u{a}&lt;img src=x&gt;&amp;amp; \`\*\_\~\[l\](u)\$x\$"
        );
        assert_eq!(literal("ami-0abcdef1234567890"), "ami-0abcdef1234567890");
    }
}
