//! A Markdown table that GitHub renders in a job summary, an issue or a comment.

use std::borrow::Cow;
use std::io::{self, Write};

use super::escape::{is_control, push_escaped, replace};
use super::{Cell, Field, Kind, Options, Out, Record, Writer};

/// Writes records as rows of a table. An absent value is an empty cell.
pub(super) struct Markdown {
    out: Out,
    fields: Vec<Field>,
    has_header: bool,
}

impl Markdown {
    pub(super) fn new<R: Record>(out: Out, options: &Options) -> Self {
        Self {
            out,
            fields: options.fields::<R>(),
            has_header: !options.header,
        }
    }

    fn begin<R: Record>(&mut self) -> io::Result<()> {
        if self.has_header {
            return Ok(());
        }
        self.has_header = true;
        for field in &self.fields {
            write!(self.out, "| {} ", field.column::<R>().name)?;
        }
        self.out.write_all(b"|\n")?;
        for field in &self.fields {
            let rule: &[u8] = match field.column::<R>().kind {
                Kind::Number => b"| ---: ",
                _ => b"| --- ",
            };
            self.out.write_all(rule)?;
        }
        self.out.write_all(b"|\n")
    }
}

impl<R: Record> Writer<R> for Markdown {
    fn page(&mut self, region: Option<&str>, records: &[R]) -> io::Result<()> {
        self.begin::<R>()?;
        for record in records {
            for field in &self.fields {
                match field.cell(region, record) {
                    Cell::Number(number) => write!(self.out, "| {number} ")?,
                    cell => {
                        let text = cell.text().unwrap_or_default();
                        write!(self.out, "| {} ", literal(&text))?;
                    }
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

/// Escapes a value so that Markdown and HTML show it unchanged.
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
