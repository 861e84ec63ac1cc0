//! YAML, and YAML with one list item per page, as version 2 of the AWS CLI writes them.
//!
//! The AWS CLI (`YAMLDumper` in `awscli/formatter.py`) dumps with `ruamel.yaml.YAML(typ="safe")`: keys in alphabetical order,
//! block style, lines folded at 80 columns by the emitter of libyaml, and strings quoted where YAML 1.2 would read them as
//! another type. The conformance tests compare the bytes with that package. Two things differ: an object that occurs twice
//! is written twice, without an anchor, and `--columns` sets the order of a row's keys.

use std::borrow::Cow;
use std::io::{self, Write};

use serde_json::{Map, Value};

use super::{Field, Out, Record, Writer, json, python, result};

/// A space beyond this column is replaced by a line break: the default of libyaml.
const FOLD_AFTER: usize = 80;

/// The maximum length of a key on one line with its value, in bytes (`yaml_emitter_check_simple_key` of libyaml).
const MAX_SIMPLE_KEY: usize = 128;

/// The spaces by which a collection is indented in another one.
const INDENT: usize = 2;

/// Writes `List:` and the rows below it. In a stream, each page is an item of a list, so that outputs can be appended.
pub(super) struct Yaml {
    out: Out,
    fields: Option<Vec<Field>>,
    is_stream: bool,
    /// Whether the list of rows was begun: of the document, or of the page in a stream.
    begun: bool,
}

impl Yaml {
    pub(super) fn new(out: Out, fields: Option<Vec<Field>>, is_stream: bool) -> Self {
        Self {
            out,
            fields,
            is_stream,
            begun: false,
        }
    }

    fn begin<R: Record>(&mut self, rows: &str) -> io::Result<()> {
        if self.begun {
            return Ok(());
        }
        self.begun = true;
        let item = if self.is_stream { "- " } else { "" };
        writeln!(self.out, "{item}{}:{rows}", R::LIST)
    }
}

impl<R: Record> Writer<R> for Yaml {
    fn page(&mut self, region: Option<&str>, records: &[R]) -> io::Result<()> {
        let indent = if self.is_stream { INDENT } else { 0 };
        for record in records {
            self.begin::<R>("")?;
            let mut yaml = Emitter::default();
            yaml.spaces(indent);
            yaml.push('-');
            match &self.fields {
                Some(fields) => {
                    let members = json::selected(region, record, fields)?;
                    yaml.mapping(members.iter().collect(), indent, true);
                }
                None => yaml.node(&json::value(region, record)?, indent, true),
            }
            self.out.write_all(yaml.text.as_bytes())?;
            self.out.write_all(b"\n")?;
        }
        self.out.flush()
    }

    fn end_page(&mut self) -> io::Result<()> {
        if self.is_stream {
            self.begin::<R>(" []")?;
            self.begun = false;
        }
        self.out.flush()
    }

    fn finish(&mut self, next_token: Option<&str>) -> io::Result<()> {
        if !self.is_stream {
            self.begin::<R>(" []")?;
        }
        if let Some(token) = next_token {
            let indent = if self.is_stream { INDENT } else { 0 };
            let mut yaml = Emitter::default();
            yaml.spaces(indent);
            yaml.member("NextToken", &token.into(), indent);
            writeln!(self.out, "{}", yaml.text)?;
        }
        self.out.flush()
    }
}

/// Writes the result of a query, or a document that is not a list of rows. A scalar is JSON, and an empty document
/// nothing, as in the AWS CLI.
pub(super) fn document(out: &mut impl Write, value: &Value) -> io::Result<()> {
    let mut yaml = Emitter::default();
    match value {
        Value::Object(members) if members.is_empty() => return Ok(()),
        Value::Array(values) if values.is_empty() => yaml.text.push_str("[]"),
        Value::Object(members) => yaml.members(sorted(members), 0),
        Value::Array(values) => yaml.items(values, 0),
        scalar => return result::json(out, scalar),
    }
    writeln!(out, "{}", yaml.text)
}

/// Writes a value as an item of a stream.
pub(super) fn item(out: &mut impl Write, value: Value) -> io::Result<()> {
    document(out, &Value::Array(vec![value]))
}

fn sorted(members: &Map<String, Value>) -> Vec<(&String, &Value)> {
    let mut sorted: Vec<_> = members.iter().collect();
    sorted.sort_unstable_by_key(|(key, _)| *key);
    sorted
}

/// Block-style YAML, line by line as libyaml's `emitter.c` writes it.
#[derive(Default)]
struct Emitter {
    text: String,
    /// The length of the last line, in characters.
    column: usize,
}

impl Emitter {
    fn push(&mut self, character: char) {
        self.text.push(character);
        self.column += 1;
    }

    fn push_str(&mut self, text: &str) {
        self.text.push_str(text);
        self.column += text.chars().count();
    }

    fn spaces(&mut self, count: usize) {
        (0..count).for_each(|_| self.push(' '));
    }

    fn new_line(&mut self, indent: usize) {
        self.text.push('\n');
        self.column = 0;
        self.spaces(indent);
    }

    /// Writes a value of a collection that is indented by `indent`: on the line of its indicator (`-`, `?` or `:`), or below
    /// its key.
    fn node(&mut self, value: &Value, indent: usize, after_indicator: bool) {
        match value {
            Value::Object(members) if !members.is_empty() => {
                self.mapping(sorted(members), indent, after_indicator);
            }
            Value::Array(values) if !values.is_empty() => {
                if after_indicator {
                    self.push(' ');
                    self.items(values, indent + INDENT);
                } else {
                    self.new_line(indent);
                    self.items(values, indent);
                }
            }
            Value::Object(_) => self.push_str(" {}"),
            Value::Array(_) => self.push_str(" []"),
            Value::String(text) => {
                self.push(' ');
                self.string(text, Some(indent + INDENT));
            }
            Value::Number(number) => self.push_str(&format!(" {}", python::number(number))),
            scalar => self.push_str(&format!(" {scalar}")),
        }
    }

    fn mapping(&mut self, members: Vec<(&String, &Value)>, indent: usize, after_indicator: bool) {
        match after_indicator {
            _ if members.is_empty() => return self.push_str(" {}"),
            true => self.push(' '),
            false => self.new_line(indent + INDENT),
        }
        self.members(members, indent + INDENT);
    }

    fn members(&mut self, members: Vec<(&String, &Value)>, indent: usize) {
        for (index, (key, value)) in members.into_iter().enumerate() {
            if index > 0 {
                self.new_line(indent);
            }
            self.member(key, value, indent);
        }
    }

    fn member(&mut self, key: &str, value: &Value, indent: usize) {
        let is_simple = key.len() <= MAX_SIMPLE_KEY && !key.contains(is_break);
        if is_simple {
            self.string(key, None);
        } else {
            self.push_str("? ");
            self.string(key, Some(indent + INDENT));
            self.new_line(indent);
        }
        self.push(':');
        self.node(value, indent, !is_simple);
    }

    fn items(&mut self, values: &[Value], indent: usize) {
        for (index, value) in values.iter().enumerate() {
            if index > 0 {
                self.new_line(indent);
            }
            self.push('-');
            self.node(value, indent, true);
        }
    }

    /// Writes a string in the first of the plain, single-quoted and double-quoted styles that preserves it. Long lines are
    /// folded, and continued at `indent`; `None` for a key, which is not folded.
    fn string(&mut self, text: &str, indent: Option<usize>) {
        match Style::of(text) {
            Style::Plain => self.folded(text, indent),
            Style::Single => {
                self.push('\'');
                self.folded(text, indent);
                self.push('\'');
            }
            Style::Double => {
                self.push('"');
                self.escaped(text, indent);
                self.push('"');
            }
        }
    }

    /// Whether to write a line break for the space at `at`.
    fn is_fold(&self, text: &str, at: usize) -> bool {
        let is_inside = at > 0 && at + 1 < text.len();
        is_inside && self.column > FOLD_AFTER && !text[..at].ends_with(' ')
    }

    /// Writes a plain string, or a single-quoted one, whose quotes are doubled.
    fn folded(&mut self, text: &str, indent: Option<usize>) {
        let is_quoted = self.text.ends_with('\'');
        let mut after_break = false;
        for (at, character) in text.char_indices() {
            if is_break(character) {
                // A single line break would be read as a space.
                if character == '\n' && !after_break {
                    self.text.push('\n');
                }
                self.text.push(character);
                self.column = 0;
                after_break = true;
                continue;
            }
            if after_break {
                self.spaces(indent.unwrap_or_default());
                after_break = false;
            }
            match (character, indent) {
                (' ', Some(indent))
                    if self.is_fold(text, at) && !text[at + 1..].starts_with(' ') =>
                {
                    self.new_line(indent);
                }
                ('\'', _) if is_quoted => self.push_str("''"),
                _ => self.push(character),
            }
        }
        if after_break {
            self.spaces(indent.unwrap_or_default());
        }
    }

    /// Writes the content of a double-quoted string.
    fn escaped(&mut self, text: &str, indent: Option<usize>) {
        for (at, character) in text.char_indices() {
            match (character, indent) {
                (' ', Some(indent)) if self.is_fold(text, at) => {
                    self.new_line(indent);
                    if text[at + 1..].starts_with(' ') {
                        self.push('\\');
                    }
                }
                ('"' | '\\', _) => self.push_str(&format!("\\{character}")),
                _ if is_break(character) || !is_printable(character) => {
                    self.push_str(&escape(character));
                }
                _ => self.push(character),
            }
        }
    }
}

/// How a string is written.
#[derive(PartialEq)]
enum Style {
    Plain,
    Single,
    Double,
}

impl Style {
    /// The rules of `yaml_emitter_analyze_scalar` and `yaml_emitter_select_scalar_style` of libyaml, in block style.
    fn of(text: &str) -> Self {
        let mut is_plain = !text.starts_with("---")
            && !text.starts_with("...")
            && !text.starts_with([
                ' ', '#', ',', '[', ']', '{', '}', '&', '*', '!', '|', '>', '\'', '"', '%', '@',
                '`',
            ])
            && !text.ends_with(' ');
        let is_blank = |c: char| c == ' ' || c == '\t' || c == '\0' || is_break(c);
        let mut characters = text.chars().peekable();
        let mut previous = None;
        while let Some(character) = characters.next() {
            let is_space_at_break = match previous {
                Some(previous) => {
                    previous == ' ' && is_break(character) || is_break(previous) && character == ' '
                }
                None => false,
            };
            if is_space_at_break || !is_printable(character) {
                return Self::Double;
            }
            let before_blank = characters.peek().is_none_or(|&next| is_blank(next));
            is_plain &= match character {
                ':' => !before_blank,
                '-' | '?' => previous.is_some() || !before_blank,
                '#' => !previous.is_some_and(is_blank),
                _ => !is_break(character),
            };
            previous = Some(character);
        }
        if is_plain && !is_other_type(text) {
            Self::Plain
        } else {
            Self::Single
        }
    }
}

/// A line break of YAML 1.1.
fn is_break(character: char) -> bool {
    matches!(character, '\n' | '\r' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

/// Whether libyaml writes the character without an escape. It escapes all characters beyond the basic plane.
fn is_printable(character: char) -> bool {
    matches!(character, '\n' | ' '..='~' | '\u{a0}'..='\u{fffd}') && character != '\u{feff}'
}

fn escape(character: char) -> Cow<'static, str> {
    Cow::Borrowed(match character {
        '\0' => "\\0",
        '\u{7}' => "\\a",
        '\u{8}' => "\\b",
        '\t' => "\\t",
        '\n' => "\\n",
        '\u{b}' => "\\v",
        '\u{c}' => "\\f",
        '\r' => "\\r",
        '\u{1b}' => "\\e",
        '\u{85}' => "\\N",
        '\u{2028}' => "\\L",
        '\u{2029}' => "\\P",
        _ => {
            return Cow::Owned(match u32::from(character) {
                code @ ..=0xff => format!("\\x{code:02X}"),
                code @ ..=0xffff => format!("\\u{code:04X}"),
                code => format!("\\U{code:08X}"),
            });
        }
    })
}

/// Whether a plain string would be read as another type, by the implicit resolvers of ruamel.yaml for YAML 1.2.
fn is_other_type(text: &str) -> bool {
    match text {
        "" | "~" | "null" | "Null" | "NULL" | "=" | "<<" => true,
        "true" | "True" | "TRUE" | "false" | "False" | "FALSE" => true,
        _ if text.starts_with(['-', '+', '.'])
            || text.starts_with(|c: char| c.is_ascii_digit()) =>
        {
            is_int(text) || is_float(text) || is_timestamp(text)
        }
        _ => false,
    }
}

/// Whether the text is not empty and has digits of this base and underscores only.
fn has_digits(text: &str, base: u32) -> bool {
    !text.is_empty() && text.chars().all(|c| c == '_' || c.is_digit(base))
}

fn is_int(text: &str) -> bool {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    match digits.get(..2) {
        Some("0b") => has_digits(&digits[2..], 2),
        Some("0o") => has_digits(&digits[2..], 8),
        Some("0x") => has_digits(&digits[2..], 16),
        _ => has_digits(digits, 10),
    }
}

fn is_float(text: &str) -> bool {
    let number = text.strip_prefix(['-', '+']).unwrap_or(text);
    if matches!(number, ".inf" | ".Inf" | ".INF") || matches!(text, ".nan" | ".NaN" | ".NAN") {
        return true;
    }
    let (mantissa, exponent) = match number.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (number, None),
    };
    let unsigned = exponent.map(|text| text.strip_prefix(['-', '+']).unwrap_or(text));
    if unsigned.is_some_and(|digits| !has_digits(digits, 10) || digits.contains('_')) {
        return false;
    }
    match mantissa.split_once('.') {
        // Without digits before the point, the exponent must have a sign.
        Some(("", fraction)) => {
            has_digits(fraction, 10) && exponent.is_none_or(|text| unsigned != Some(text))
        }
        Some((digits, fraction)) => {
            !digits.starts_with('_')
                && has_digits(digits, 10)
                && (fraction.is_empty() || has_digits(fraction, 10))
        }
        None => exponent.is_some() && !mantissa.starts_with('_') && has_digits(mantissa, 10),
    }
}

/// A date, or a date and a time: `2025-10-20`, `2025-10-20T2:15:40.127Z`, `2025-1-2 03:04:05 +01:00`.
fn is_timestamp(text: &str) -> bool {
    let mut rest = Scanner(text);
    if !(rest.digits(4, 4) && rest.one_of("-")) {
        return false;
    }
    if !(rest.digits(1, 2) && rest.one_of("-") && rest.digits(1, 2)) {
        return false;
    }
    if rest.0.is_empty() {
        return text.len() == "2025-10-20".len();
    }
    let has_time = (rest.one_of("Tt") || rest.blanks())
        && rest.digits(1, 2)
        && rest.one_of(":")
        && rest.digits(2, 2)
        && rest.one_of(":")
        && rest.digits(2, 2);
    if !has_time {
        return false;
    }
    if rest.one_of(".") {
        rest.digits(0, usize::MAX);
    }
    if rest.0.is_empty() {
        return true;
    }
    rest.blanks();
    let has_zone = rest.one_of("Z")
        || rest.one_of("-+") && rest.digits(1, 2) && (!rest.one_of(":") || rest.digits(2, 2));
    has_zone && rest.0.is_empty()
}

/// Text that is recognized from left to right.
struct Scanner<'a>(&'a str);

impl Scanner<'_> {
    /// Skips as many digits as possible, up to `max`. Returns whether there are at least `min`.
    fn digits(&mut self, min: usize, max: usize) -> bool {
        let count = self
            .0
            .bytes()
            .take(max)
            .take_while(u8::is_ascii_digit)
            .count();
        self.0 = &self.0[count..];
        count >= min
    }

    fn one_of(&mut self, characters: &str) -> bool {
        let rest = self.0.strip_prefix(|c| characters.contains(c));
        self.0 = rest.unwrap_or(self.0);
        rest.is_some()
    }

    fn blanks(&mut self) -> bool {
        let rest = self.0.trim_start_matches([' ', '\t']);
        let is_blank = rest.len() < self.0.len();
        self.0 = rest;
        is_blank
    }
}
