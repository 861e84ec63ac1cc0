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
                "expected a key or a value; a list of such values is written key=[…]".to_owned()
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
