//! The AWS CLI's shorthand syntax: `Name=account-id,Values=1,2`, `Types=[{Type=a,Options=[b,c]},d]`.
//!
//! A port of `awscli/shorthand.py` (version 1.45), which is also what decides in doubt: `testdata/shorthand.json`
//! holds that parser's own answers. The text is judged by its form alone; which keys there may be, and whether a
//! single value stands for a list, is for the caller to say.
//!
//! It differs on purpose in what follows:
//! - Characters beyond U+FFFF may stand in an unquoted value, where the AWS CLI stops at them.
//! - `a=b,c\,d=e` and `a=b,"c,d=e"f` are errors. The AWS CLI goes back to the comma inside the value, takes `d` for
//!   a key and loses `c`. For the same reason the caret is under what follows a quoted value, not under its quote.
//! - A second instance of a key is an error in `{}` too, where the AWS CLI takes the last; the caret is under the key.
//! - `key@=` holds for the values of that key and for no others; in the AWS CLI a `{}` among the values changes it for
//!   the rest of them. A file's last line end is not part of the value, as no value ends in one.
//! - Nesting is limited, where the AWS CLI ends with Python's `RecursionError`.

use super::{error::SyntaxError, text_file};

/// A value in shorthand syntax.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// `b`, `'b'` or `"b"`, without the quotes and escapes.
    Text(String),
    /// `[b,c]`, or `b,c` behind a key of the outermost level.
    List(Vec<Value>),
    /// `{b=c,d=e}`, in the order written; no key comes twice.
    Object(Vec<Member>),
}

/// One `key=value`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// The key, which may be empty.
    pub key: String,
    /// What stands behind the `=`.
    pub value: Value,
    /// Where the key begins: a byte offset into the input.
    pub at: usize,
}

/// Parses `key=value,key=value,…`, in the order written. No key comes twice.
///
/// A value behind `key@=` that begins with `file://` is replaced by that file's text.
///
/// # Errors
/// The first fault of the text. A file that cannot be read is one too.
pub fn parse(input: &str) -> Result<Vec<Member>, SyntaxError> {
    let mut parser = Parser {
        input,
        at: 0,
        depth: 0,
    };
    let mut members = Vec::new();
    loop {
        let (key, at, is_reference) = parser.key()?;
        let value = parser.values(is_reference)?;
        parser.add(&mut members, Member { key, value, at })?;
        if parser.peek().is_none() {
            return Ok(members);
        }
        parser.skip_space();
        parser.expect(',', "expected `,` or the end")?;
        parser.skip_space();
    }
}

/// More levels than any parameter of EC2 has, and few enough for any stack.
const MAX_DEPTH: usize = 50;

struct Parser<'a> {
    input: &'a str,
    at: usize,
    depth: usize,
}

impl Parser<'_> {
    /// A key, where it begins, and whether it is followed by `@=`; ends behind the white space after the `=`.
    fn key(&mut self) -> Result<(String, usize, bool), SyntaxError> {
        let start = self.at;
        self.skip_while(|c| c.is_ascii_alphanumeric() || "-_.#/:".contains(c));
        let key = self.input[start..self.at].to_owned();
        self.skip_space();
        let is_reference = self.peek() == Some('@');
        if is_reference {
            self.at += 1;
            self.skip_space();
        }
        let expected = match (key.as_str(), self.peek()) {
            ("", Some('[' | '{')) if start > 0 => {
                "expected a key or a value; a list of such values is written key=[...]".to_owned()
            }
            ("", _) => "expected a key and `=`".to_owned(),
            (key, _) => format!("expected `=` after the key `{key}`"),
        };
        self.expect('=', &expected)?;
        self.skip_space();
        Ok((key, start, is_reference))
    }

    /// What may stand behind a key of the outermost level.
    fn values(&mut self, is_reference: bool) -> Result<Value, SyntaxError> {
        match self.peek() {
            Some('[' | '{') => self.nested(is_reference),
            _ => self.comma_separated(is_reference),
        }
    }

    /// `b`, or `b,c`: but in `b,c=d` the last comma ends the value, as `c` is the next key.
    fn comma_separated(&mut self, is_reference: bool) -> Result<Value, SyntaxError> {
        let first = self.first_value(is_reference)?;
        self.skip_space();
        let mut values = vec![Value::Text(first)];
        while self.peek() == Some(',') {
            let comma = self.at;
            self.at += 1;
            self.skip_space();
            let start = self.at;
            let raw = match self.peek() {
                None => return Err(self.fault("expected a value or a key after the comma")),
                Some(quote @ ('\'' | '"')) => self.quoted(quote)?,
                // An empty value is none here: `a=b,,c=d` is `a=b,c=d`, as the AWS CLI has it.
                Some(',') => break,
                Some(_) => self.unquoted(is_second_follow),
            };
            let end = self.at;
            self.skip_space();
            if !matches!(self.peek(), None | Some(',')) {
                let text = &self.input[start..end];
                if text.starts_with(['\'', '"']) || text.contains(',') {
                    return Err(self.fault("expected `,` or the end after this value"));
                }
                self.at = comma;
                break;
            }
            values.push(Value::Text(self.resolve(raw, start, is_reference)?));
        }
        Ok(match values.len() {
            1 => values.remove(0),
            _ => Value::List(values),
        })
    }

    /// What may stand in a list or behind a key in braces.
    fn nested(&mut self, is_reference: bool) -> Result<Value, SyntaxError> {
        let closing = match self.peek() {
            Some('[') => ']',
            Some('{') => '}',
            _ => return Ok(Value::Text(self.first_value(is_reference)?)),
        };
        if self.depth == MAX_DEPTH {
            return Err(self.fault(&format!("more than {MAX_DEPTH} levels of brackets")));
        }
        self.depth += 1;
        self.at += 1;
        self.skip_space();
        let mut list = Vec::new();
        let mut members = Vec::new();
        while self.peek() != Some(closing) {
            if closing == ']' {
                list.push(self.nested(is_reference)?);
            } else {
                let (key, at, is_reference) = self.key()?;
                let value = self.nested(is_reference)?;
                self.add(&mut members, Member { key, value, at })?;
            }
            self.skip_space();
            if self.peek() != Some(closing) {
                self.expect(',', &format!("expected `,` or `{closing}`"))?;
                self.skip_space();
            }
        }
        self.at += 1;
        self.depth -= 1;
        Ok(match closing {
            ']' => Value::List(list),
            _ => Value::Object(members),
        })
    }

    fn add(&self, members: &mut Vec<Member>, member: Member) -> Result<(), SyntaxError> {
        if members.iter().any(|earlier| earlier.key == member.key) {
            let message = format!("the key `{}` comes a second time", member.key);
            return Err(SyntaxError::new(self.input, member.at, message));
        }
        members.push(member);
        Ok(())
    }

    /// A value that may be empty, and in which `=` is a character like any other.
    fn first_value(&mut self, is_reference: bool) -> Result<String, SyntaxError> {
        let start = self.at;
        let raw = match self.peek() {
            Some(quote @ ('\'' | '"')) => self.quoted(quote)?,
            _ => self.unquoted(is_first_follow),
        };
        self.resolve(raw, start, is_reference)
    }

    /// Quoted text. A quote with a backslash before it does not end the text, unless there is no other that does.
    fn quoted(&mut self, quote: char) -> Result<String, SyntaxError> {
        let text = &self.input[self.at + 1..];
        let is_escaped = |at: &usize| text[..*at].ends_with('\\');
        let mut quotes = text.match_indices(quote).map(|(at, _)| at);
        let end = quotes
            .clone()
            .find(|at| !is_escaped(at))
            .or_else(|| quotes.next_back())
            .ok_or_else(|| self.fault(&format!("this {quote} has no closing {quote}")))?;
        self.at += 1 + end + 1;
        let unescaped = text[..end].replace(&format!("\\{quote}"), &quote.to_string());
        Ok(unescaped.replace("\\\\", "\\"))
    }

    /// Text without quotes, in which `\,` stands for a comma; empty when the next character cannot begin it.
    fn unquoted(&mut self, follows: fn(char) -> bool) -> String {
        let start = self.at;
        let mut accepts: fn(char) -> bool = is_start;
        loop {
            if self.input[self.at..].starts_with("\\,") {
                self.at += 2;
            } else {
                match self.peek() {
                    Some(c) if accepts(c) => self.at += c.len_utf8(),
                    _ => break,
                }
            }
            accepts = follows;
        }
        let text = self.input[start..self.at].replace("\\,", ",");
        text.trim_end_matches(is_space).to_owned()
    }

    /// The value itself, or the text of the file that it names behind `@=`.
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
        self.input[self.at..].chars().next()
    }

    fn skip_while(&mut self, accepts: impl Fn(char) -> bool) {
        let rest = &self.input[self.at..];
        self.at += rest.len() - rest.trim_start_matches(accepts).len();
    }

    /// Between tokens only ASCII white space counts, as in the AWS CLI.
    fn skip_space(&mut self) {
        self.skip_while(|c| matches!(c, ' ' | '\t'..='\r'));
    }

    fn expect(&mut self, wanted: char, expected: &str) -> Result<(), SyntaxError> {
        if self.peek() != Some(wanted) {
            return Err(self.fault(expected));
        }
        self.at += wanted.len_utf8();
        Ok(())
    }

    fn fault(&self, message: &str) -> SyntaxError {
        SyntaxError::new(self.input, self.at, message)
    }
}

/// Python's `str.isspace`: Unicode's white space and four separators of ASCII.
fn is_space(c: char) -> bool {
    c.is_whitespace() || matches!(c, '\x1c'..='\x1f')
}

/// May begin an unquoted value. The AWS CLI's classes are kept character by character: `]` and `}` may begin one, but
/// not follow in one.
fn is_start(c: char) -> bool {
    c > ' ' && !matches!(c, '"' | '\'' | ',' | '=' | '[' | '{')
}

/// May follow in a first value and in a value in brackets.
fn is_first_follow(c: char) -> bool {
    (c > ' ' || is_space(c)) && !matches!(c, '"' | '\'' | ',' | ']' | '}')
}

/// May follow in a second or later value, where `=` shows that the value was a key.
fn is_second_follow(c: char) -> bool {
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

    /// Where the caret stands, and the message.
    fn fault(input: &str) -> (usize, String) {
        let error = parse(input).expect_err(input);
        (error.at, error.message)
    }

    /// `testdata/shorthand.json` was written by the parser of the AWS CLI 1.45: an input, and the value that it gives
    /// or the byte at which it is refused.
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
            // As text, since the order of keys counts.
            assert_eq!(result.to_string(), row.to_string());
        }
    }

    #[test]
    fn differs_from_the_aws_cli_on_purpose() {
        assert_eq!(parsed("a=b😀,😀"), json!({"a": ["b😀", "😀"]}));
        assert_eq!(fault(r"a=b,c\,d=e").0, 8);
        assert_eq!(fault("a=b,'c,d=e'f").0, 11);
        assert_eq!(fault("a=b,'c'd").0, 7);
        assert_eq!(fault("a={b=c,b=d}").0, 7);
        assert_eq!(fault("a=b, a=c").0, 5);
    }

    #[test]
    fn a_fault_says_what_was_expected() {
        assert_eq!(fault("a").1, "expected `=` after the key `a`");
        assert_eq!(fault(" a=b").1, "expected a key and `=`");
        assert_eq!(
            fault("a=b,[c]").1,
            "expected a key or a value; a list of such values is written key=[...]"
        );
        assert_eq!(fault("a=[b").1, "expected `,` or `]`");
        assert_eq!(fault("a={b=c").1, "expected `,` or `}`");
        assert_eq!(fault("a=\"b").1, "this \" has no closing \"");
        assert_eq!(fault("a=b,a=c").1, "the key `a` comes a second time");
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
        assert_eq!(fault(&nested(MAX_DEPTH + 1)).0, 2 + MAX_DEPTH);
        assert_eq!(
            fault(&format!("a={}", "{b=[".repeat(100_000))).0,
            2 + 4 * (MAX_DEPTH / 2)
        );
        // Brackets side by side are no depth.
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
        // What turns out to be a key is not read.
        assert!(parse("a@=b,file:///none=c").is_ok());
        let (at, message) = fault(&format!("a@=b,{url}/none"));
        assert_eq!(at, 5);
        assert!(message.starts_with("cannot read "), "{message}");
    }

    /// Text in quotes, as a user writes it. A backslash at the end of the text cannot be written.
    pub fn quoted(text: &str, quote: char) -> String {
        let escaped = text
            .replace('\\', r"\\")
            .replace(quote, &format!("\\{quote}"));
        format!("{quote}{escaped}{quote}")
    }

    /// Any text that can be written in quotes, with many characters that mean something.
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
                let member = |(key, value)| Member { key, value, at: 0 };
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
        fn what_is_written_is_read(members in members(value())) {
            prop_assume!(!members.is_empty());
            let input = written_members(&members);
            prop_assert_eq!(parsed(&input).to_string(), object(&members).to_string(), "{}", input);
        }

        #[test]
        fn a_key_is_where_it_is_said_to_be(members in members(value())) {
            prop_assume!(!members.is_empty());
            let input = written_members(&members);
            for member in parse(&input).unwrap() {
                prop_assert!(input[member.at..].starts_with(&member.key));
            }
        }

        #[test]
        fn any_text_is_read_or_refused(
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
