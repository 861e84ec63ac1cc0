//! The AWS CLI's shorthand syntax: `Name=account-id,Values=1,2`, `Types=[{Type=a,Options=[b,c]},d]`.
//!
//! A port of `awscli/shorthand.py` (version 1.45), the reference in doubt: `testdata/shorthand.json` contains the results
//! of that parser. Only the syntax is checked here; the caller checks the keys, and whether a single value is a list.
//!
//! Deliberate differences:
//! - An unquoted value may contain characters beyond U+FFFF; the AWS CLI stops at them.
//! - `a=b,c\,d=e` and `a=b,"c,d=e"f` are errors. The AWS CLI backtracks to the comma inside the value, takes `d` for a key
//!   and drops `c`. For the same reason the caret is after a quoted value, not under its opening quote.
//! - A duplicate key is an error in `{}` too, where the AWS CLI takes the last one. The caret is under the key.
//! - `key@=` applies only to the values of that key; in the AWS CLI a `{}` among the values changes it for the rest. The
//!   final newline of a file is not part of the value.
//! - Nesting is limited; the AWS CLI fails with Python's `RecursionError`.

use super::text_file;
use crate::error::SyntaxError;

/// A value in shorthand syntax.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// `b`, `'b'` or `"b"`, without the quotes and escapes.
    Text(String),
    /// `[b,c]`, or `b,c` after a top-level key.
    List(Vec<Value>),
    /// `{b=c,d=e}`, in the order written, without duplicate keys.
    Object(Vec<Member>),
}

/// One `key=value`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// The key, which may be empty.
    pub key: String,
    /// The value after the `=`.
    pub value: Value,
    /// The byte offset of the key in the input.
    pub offset: usize,
}

/// Parses `key=value,key=value,…`, in the order written, without duplicate keys.
///
/// A value after `key@=` that begins with `file://` is replaced by that file's text.
///
/// # Errors
/// The first syntax error, or a file that cannot be read.
pub fn parse(input: &str) -> Result<Vec<Member>, SyntaxError> {
    let mut parser = Parser {
        input,
        offset: 0,
        depth: 0,
    };
    let mut members = Vec::new();
    loop {
        let (key, offset, is_reference) = parser.key()?;
        let value = parser.values(is_reference)?;
        parser.add(&mut members, Member { key, value, offset })?;
        if parser.peek().is_none() {
            return Ok(members);
        }
        parser.skip_space();
        parser.require(',', "expected `,` or the end")?;
        parser.skip_space();
    }
}

/// The maximum nesting: more than any EC2 parameter has, and safe for any stack.
const MAX_DEPTH: usize = 50;

struct Parser<'a> {
    input: &'a str,
    offset: usize,
    depth: usize,
}

impl Parser<'_> {
    /// A key, its offset, and whether `@=` follows; consumes the white space after the `=`.
    fn key(&mut self) -> Result<(String, usize, bool), SyntaxError> {
        let start = self.offset;
        self.skip_while(|c| c.is_ascii_alphanumeric() || "-_.#/:".contains(c));
        let key = self.input[start..self.offset].to_owned();
        self.skip_space();
        let is_reference = self.peek() == Some('@');
        if is_reference {
            self.offset += 1;
            self.skip_space();
        }
        let expected = match (key.as_str(), self.peek()) {
            ("", Some('[' | '{')) if start > 0 => {
                "expected a key or a value; write a list of lists or objects as key=[...]"
                    .to_owned()
            }
            ("", _) => "expected a key and `=`".to_owned(),
            (key, _) => format!("expected `=` after the key `{key}`"),
        };
        self.require('=', &expected)?;
        self.skip_space();
        Ok((key, start, is_reference))
    }

    /// The value of a top-level key.
    fn values(&mut self, is_reference: bool) -> Result<Value, SyntaxError> {
        match self.peek() {
            Some('[' | '{') => self.nested(is_reference),
            _ => self.comma_separated(is_reference),
        }
    }

    /// `b` or `b,c`. In `b,c=d` the comma ends the value, because `c` is the next key.
    fn comma_separated(&mut self, is_reference: bool) -> Result<Value, SyntaxError> {
        let first = self.first_value(is_reference)?;
        self.skip_space();
        let mut values = vec![Value::Text(first)];
        while self.peek() == Some(',') {
            let comma = self.offset;
            self.offset += 1;
            self.skip_space();
            let start = self.offset;
            let raw = match self.peek() {
                None => return Err(self.error("expected a value or a key after the comma")),
                Some(quote @ ('\'' | '"')) => self.quoted(quote)?,
                // As in the AWS CLI, an empty value is skipped: `a=b,,c=d` is `a=b,c=d`.
                Some(',') => break,
                Some(_) => self.unquoted(continues_later),
            };
            let end = self.offset;
            self.skip_space();
            if !matches!(self.peek(), None | Some(',')) {
                let text = &self.input[start..end];
                if text.starts_with(['\'', '"']) || text.contains(',') {
                    return Err(self.error("expected `,` or the end after this value"));
                }
                self.offset = comma;
                break;
            }
            values.push(Value::Text(self.resolve(raw, start, is_reference)?));
        }
        Ok(match values.len() {
            1 => values.remove(0),
            _ => Value::List(values),
        })
    }

    /// A list item, or the value of a key in braces.
    fn nested(&mut self, is_reference: bool) -> Result<Value, SyntaxError> {
        let closing = match self.peek() {
            Some('[') => ']',
            Some('{') => '}',
            _ => return Ok(Value::Text(self.first_value(is_reference)?)),
        };
        if self.depth == MAX_DEPTH {
            return Err(self.error(&format!(
                "brackets are nested more than {MAX_DEPTH} levels deep"
            )));
        }
        self.depth += 1;
        self.offset += 1;
        self.skip_space();
        let mut list = Vec::new();
        let mut members = Vec::new();
        while self.peek() != Some(closing) {
            if closing == ']' {
                list.push(self.nested(is_reference)?);
            } else {
                let (key, offset, is_reference) = self.key()?;
                let value = self.nested(is_reference)?;
                self.add(&mut members, Member { key, value, offset })?;
            }
            self.skip_space();
            if self.peek() != Some(closing) {
                self.require(',', &format!("expected `,` or `{closing}`"))?;
                self.skip_space();
            }
        }
        self.offset += 1;
        self.depth -= 1;
        Ok(match closing {
            ']' => Value::List(list),
            _ => Value::Object(members),
        })
    }

    fn add(&self, members: &mut Vec<Member>, member: Member) -> Result<(), SyntaxError> {
        if members.iter().any(|earlier| earlier.key == member.key) {
            let message = format!("duplicate key `{}`", member.key);
            return Err(SyntaxError::new(self.input, member.offset, message));
        }
        members.push(member);
        Ok(())
    }

    /// A value that may be empty, and may contain `=`.
    fn first_value(&mut self, is_reference: bool) -> Result<String, SyntaxError> {
        let start = self.offset;
        let raw = match self.peek() {
            Some(quote @ ('\'' | '"')) => self.quoted(quote)?,
            _ => self.unquoted(continues_first),
        };
        self.resolve(raw, start, is_reference)
    }

    /// Quoted text. A quote after a backslash ends the text only if no other quote does.
    fn quoted(&mut self, quote: char) -> Result<String, SyntaxError> {
        let text = &self.input[self.offset + 1..];
        let is_escaped = |offset: &usize| text[..*offset].ends_with('\\');
        let mut quotes = text.match_indices(quote).map(|(offset, _)| offset);
        let end = quotes
            .clone()
            .find(|offset| !is_escaped(offset))
            .or_else(|| quotes.next_back())
            .ok_or_else(|| self.error(&format!("missing closing {quote}")))?;
        self.offset += 1 + end + 1;
        let unescaped = text[..end].replace(&format!("\\{quote}"), &quote.to_string());
        Ok(unescaped.replace("\\\\", "\\"))
    }

    /// Text without quotes, in which `\,` is a comma; empty if the next character cannot begin it.
    fn unquoted(&mut self, follows: fn(char) -> bool) -> String {
        let start = self.offset;
        let mut accepts: fn(char) -> bool = starts_value;
        loop {
            if self.input[self.offset..].starts_with("\\,") {
                self.offset += 2;
            } else {
                match self.peek() {
                    Some(c) if accepts(c) => self.offset += c.len_utf8(),
                    _ => break,
                }
            }
            accepts = follows;
        }
        let text = self.input[start..self.offset].replace("\\,", ",");
        text.trim_end_matches(is_space).to_owned()
    }

    /// The value itself, or after `@=` the text of the file that it names.
    fn resolve(
        &self,
        value: String,
        start: usize,
        is_reference: bool,
    ) -> Result<String, SyntaxError> {
        if !is_reference {
            return Ok(value);
        }
        match text_file::read_reference(&value) {
            None => Ok(value),
            Some(Ok(text)) => {
                let text = text.strip_suffix('\n').unwrap_or(&text);
                Ok(text.strip_suffix('\r').unwrap_or(text).to_owned())
            }
            Some(Err(message)) => Err(SyntaxError::new(self.input, start, message)),
        }
    }

    fn peek(&self) -> Option<char> {
        self.input[self.offset..].chars().next()
    }

    fn skip_while(&mut self, accepts: impl Fn(char) -> bool) {
        let rest = &self.input[self.offset..];
        self.offset += rest.len() - rest.trim_start_matches(accepts).len();
    }

    /// As in the AWS CLI, only ASCII white space is skipped between tokens.
    fn skip_space(&mut self) {
        self.skip_while(|c| matches!(c, ' ' | '\t'..='\r'));
    }

    fn require(&mut self, wanted: char, expected: &str) -> Result<(), SyntaxError> {
        if self.peek() != Some(wanted) {
            return Err(self.error(expected));
        }
        self.offset += wanted.len_utf8();
        Ok(())
    }

    fn error(&self, message: &str) -> SyntaxError {
        SyntaxError::new(self.input, self.offset, message)
    }
}

/// Python's `str.isspace`: Unicode white space and four ASCII separators.
fn is_space(c: char) -> bool {
    c.is_whitespace() || matches!(c, '\x1c'..='\x1f')
}

/// Whether a character may begin an unquoted value. These are the exact character classes of the AWS CLI: `]` and `}` may
/// only begin a value.
fn starts_value(c: char) -> bool {
    c > ' ' && !matches!(c, '"' | '\'' | ',' | '=' | '[' | '{')
}

/// Whether a character may continue a first value or a value in brackets.
fn continues_first(c: char) -> bool {
    (c > ' ' || is_space(c)) && !matches!(c, '"' | '\'' | ',' | ']' | '}')
}

/// Whether a character may continue a later value, where `=` means that the value was a key.
fn continues_later(c: char) -> bool {
    (c > ' ' || is_space(c)) && !matches!(c, '"' | '\'' | ',' | '=')
}

#[cfg(test)]
pub(super) mod tests {
    use std::{collections::BTreeMap, fs};

    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn to_json(value: &Value) -> serde_json::Value {
        match value {
            Value::Text(text) => json!(text),
            Value::List(values) => values.iter().map(to_json).collect(),
            Value::Object(members) => object(members),
        }
    }

    fn object(members: &[Member]) -> serde_json::Value {
        let members = members
            .iter()
            .map(|member| (member.key.clone(), to_json(&member.value)));
        serde_json::Value::Object(members.collect())
    }

    fn parsed(input: &str) -> serde_json::Value {
        object(&parse(input).unwrap_or_else(|error| panic!("{error}")))
    }

    /// The offset of the caret, and the message.
    fn error_of(input: &str) -> (usize, String) {
        let error = parse(input).expect_err(input);
        (error.at, error.message)
    }

    /// `testdata/shorthand.json` was generated with the parser of the AWS CLI 1.45: an input, and its value or the byte offset
    /// of the error.
    #[test]
    fn agrees_with_the_aws_cli() {
        let rows: Vec<serde_json::Value> =
            serde_json::from_str(include_str!("testdata/shorthand.json")).unwrap();
        assert!(rows.len() > 60);
        for row in rows {
            let input = row["input"].as_str().unwrap();
            let result = match parse(input) {
                Ok(members) => json!({"input": input, "value": object(&members)}),
                Err(error) => json!({"input": input, "fault": error.at}),
            };
            // As text, because the order of keys matters.
            assert_eq!(result.to_string(), row.to_string());
        }
    }

    #[test]
    fn deliberate_differences_from_the_aws_cli() {
        assert_eq!(parsed("a=b😀,😀"), json!({"a": ["b😀", "😀"]}));
        assert_eq!(error_of(r"a=b,c\,d=e").0, 8);
        assert_eq!(error_of("a=b,'c,d=e'f").0, 11);
        assert_eq!(error_of("a=b,'c'd").0, 7);
        assert_eq!(error_of("a={b=c,b=d}").0, 7);
        assert_eq!(error_of("a=b, a=c").0, 5);
    }

    #[test]
    fn an_error_names_what_was_expected() {
        assert_eq!(error_of("a").1, "expected `=` after the key `a`");
        assert_eq!(error_of(" a=b").1, "expected a key and `=`");
        assert_eq!(
            error_of("a=b,[c]").1,
            "expected a key or a value; write a list of lists or objects as key=[...]"
        );
        assert_eq!(error_of("a=[b").1, "expected `,` or `]`");
        assert_eq!(error_of("a={b=c").1, "expected `,` or `}`");
        assert_eq!(error_of("a=\"b").1, "missing closing \"");
        assert_eq!(error_of("a=b,a=c").1, "duplicate key `a`");
        assert_eq!(
            parse("Name=account-id,Values=a,\nb]\n=c")
                .unwrap_err()
                .to_string(),
            "expected `=` after the key `b` (line 2, column 2)\n  b]\n   ^"
        );
    }

    #[test]
    fn nesting_is_limited() {
        let nested = |depth: usize| format!("a={}{}", "[".repeat(depth), "]".repeat(depth));
        assert!(parse(&nested(MAX_DEPTH)).is_ok());
        assert_eq!(error_of(&nested(MAX_DEPTH + 1)).0, 2 + MAX_DEPTH);
        assert_eq!(
            error_of(&format!("a={}", "{b=[".repeat(100_000))).0,
            2 + 4 * (MAX_DEPTH / 2)
        );
        // Adjacent brackets do not nest.
        assert!(parse(&format!("a=[{}[]]", "[],".repeat(1000))).is_ok());
    }

    #[test]
    fn a_key_with_an_at_sign_reads_files() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("value");
        fs::write(&path, "x,y\r\n").unwrap();
        let url = format!("file://{}", path.display());

        assert_eq!(
            parsed(&format!("a@={url},b={url}")),
            json!({"a": "x,y", "b": url})
        );
        assert_eq!(
            parsed(&format!("a@={url},z,'{url}'")),
            json!({"a": ["x,y", "z", "x,y"]})
        );
        assert_eq!(
            parsed(&format!("a@=[{{b={url},c@={url}}},{url}],d=[{url}]")),
            json!({"a": [{"b": url, "c": "x,y"}, "x,y"], "d": [url]})
        );
        // A key is not read as a file.
        assert!(parse("a@=b,file:///none=c").is_ok());
        let (offset, message) = error_of(&format!("a@=b,{url}/none"));
        assert_eq!(offset, 5);
        assert!(message.starts_with("cannot read "), "{message}");
    }

    /// Text in quotes, as a user writes it. Text that ends in a backslash cannot be expressed.
    pub fn quoted(text: &str, quote: char) -> String {
        let escaped = text
            .replace('\\', r"\\")
            .replace(quote, &format!("\\{quote}"));
        format!("{quote}{escaped}{quote}")
    }

    /// Any text that can be expressed in quotes, with many special characters.
    pub fn text() -> impl Strategy<Value = String> {
        proptest::collection::vec(
            prop_oneof![Just(','), proptest::char::any(), hostile()],
            0..8,
        )
        .prop_map(|text| text.into_iter().collect::<String>())
        .prop_filter("ends in a backslash", |text| !text.ends_with('\\'))
    }

    fn hostile() -> impl Strategy<Value = char> {
        proptest::sample::select("abZ0-_.=,'\"\\[]{}@ \n\té😀".chars().collect::<Vec<_>>())
    }

    fn value() -> impl Strategy<Value = Value> {
        text()
            .prop_map(Value::Text)
            .prop_recursive(4, 20, 4, |inner| {
                prop_oneof![
                    proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::List),
                    members(inner).prop_map(Value::Object),
                ]
            })
    }

    fn members(value: impl Strategy<Value = Value>) -> impl Strategy<Value = Vec<Member>> {
        proptest::collection::btree_map("[a-zA-Z0-9_.#/:-]{1,3}", value, 0..4).prop_map(
            |members: BTreeMap<String, Value>| {
                let member = |(key, value)| Member {
                    key,
                    value,
                    offset: 0,
                };
                members.into_iter().map(member).collect()
            },
        )
    }

    fn written(value: &Value) -> String {
        match value {
            Value::Text(text) => quoted(text, '\''),
            Value::List(values) => {
                let values: Vec<String> = values.iter().map(written).collect();
                format!("[ {}]", values.join(" , "))
            }
            Value::Object(members) => format!("{{{}}}", written_members(members)),
        }
    }

    fn written_members(members: &[Member]) -> String {
        let members: Vec<String> = members
            .iter()
            .map(|member| format!("{} = {}", member.key, written(&member.value)))
            .collect();
        members.join(",\n\t")
    }

    proptest! {
        #[test]
        fn values_round_trip(members in members(value())) {
            prop_assume!(!members.is_empty());
            let input = written_members(&members);
            prop_assert_eq!(parsed(&input).to_string(), object(&members).to_string(), "{}", input);
        }

        #[test]
        fn the_offset_of_a_key_is_exact(members in members(value())) {
            prop_assume!(!members.is_empty());
            let input = written_members(&members);
            for member in parse(&input).unwrap() {
                prop_assert!(input[member.offset..].starts_with(&member.key));
            }
        }

        #[test]
        fn any_text_is_a_value_or_an_error(
            input in prop_oneof![
                any::<String>(),
                proptest::collection::vec(hostile(), 0..20).prop_map(|text| text.into_iter().collect()),
            ]
        ) {
            for input in [format!("a={input}"), input] {
                if let Err(error) = parse(&input) {
                    prop_assert!(input.is_char_boundary(error.at));
                    let shown = error.to_string();
                    prop_assert!(!shown.contains(|c: char| c.is_control() && c != '\n'), "{}", shown);
                    prop_assert!(matches!(shown.lines().count(), 1 | 3), "{}", shown);
                }
            }
        }
    }
}
