//! Escapes control characters, so that no value can move the cursor, hide text or start a new row.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::io::{self, Write};

/// Escapes control characters (C0, DEL, C1), line and paragraph separators and bidirectional formatting characters as
/// `\u{1b}`. Borrows if there are none.
pub fn escape(text: &str) -> Cow<'_, str> {
    replace(text, is_control, push_escaped)
}

/// Escapes the same characters in a line of JSON by JSON's own `\u009b`.
pub fn escape_json(line: &str) -> Cow<'_, str> {
    replace(line, is_control, |character, json| {
        // Writing to a String does not fail. None of the characters has more than four digits.
        let _ = write!(json, "\\u{:04x}", u32::from(character));
    })
}

/// Replaces each `special` character by what `push` appends. Borrows if there are none.
pub(super) fn replace(
    text: &str,
    special: impl Fn(char) -> bool,
    push: impl Fn(char, &mut String),
) -> Cow<'_, str> {
    let Some(first) = text.find(&special) else {
        return Cow::Borrowed(text);
    };
    let mut replaced = String::with_capacity(text.len() + 16);
    replaced.push_str(&text[..first]);
    for character in text[first..].chars() {
        if special(character) {
            push(character, &mut replaced);
        } else {
            replaced.push(character);
        }
    }
    Cow::Owned(replaced)
}

/// Whether a terminal would interpret the character rather than show it.
pub(super) fn is_control(character: char) -> bool {
    // The fast path.
    if matches!(character, ' '..='~') {
        return false;
    }
    character.is_control() || matches!(character, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Appends the escaped form of a control character.
pub(super) fn push_escaped(character: char, text: &mut String) {
    // Writing to a String does not fail.
    let _ = write!(text, "\\u{{{:x}}}", u32::from(character));
}

/// A writer to a terminal for formats that do not change values (JSON, CSV): escapes control characters, except line
/// feeds, tabs, and carriage returns before a line feed.
///
/// A byte that is not UTF-8 is shown as `\x9b`. A character that is split between writes is completed by the next write,
/// or shown by a flush.
#[derive(Debug)]
pub struct TerminalSafe<W: Write> {
    inner: W,
    /// An incomplete character, or a carriage return that a line feed may follow.
    pending: Vec<u8>,
}

impl<W: Write> TerminalSafe<W> {
    /// Wraps the writer to a terminal.
    pub fn new(inner: W) -> Self {
        Self {
            inner,
            pending: Vec::new(),
        }
    }

    /// Writes complete characters.
    fn show(&mut self, bytes: &[u8]) -> io::Result<()> {
        for chunk in bytes.utf8_chunks() {
            let mut text = chunk.valid();
            while let Some(at) = text.find(|c| c != '\n' && c != '\t' && is_control(c)) {
                let (clean, rest) = text.split_at(at);
                self.inner.write_all(clean.as_bytes())?;
                if let Some(next_line) = rest.strip_prefix("\r\n") {
                    self.inner.write_all(b"\r\n")?;
                    text = next_line;
                } else if let Some(control) = rest.chars().next() {
                    write!(self.inner, "\\u{{{:x}}}", u32::from(control))?;
                    text = &rest[control.len_utf8()..];
                }
            }
            self.inner.write_all(text.as_bytes())?;
            for byte in chunk.invalid() {
                write!(self.inner, "\\x{byte:02x}")?;
            }
        }
        Ok(())
    }
}

impl<W: Write> Write for TerminalSafe<W> {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        let mut bytes = std::mem::take(&mut self.pending);
        bytes.extend_from_slice(buffer);
        self.pending = bytes.split_off(bytes.len() - incomplete_suffix(&bytes));
        self.show(&bytes)?;
        Ok(buffer.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        let bytes = std::mem::take(&mut self.pending);
        self.show(&bytes)?;
        self.inner.flush()
    }
}

/// The length of an incomplete character, or a carriage return, at the end.
fn incomplete_suffix(bytes: &[u8]) -> usize {
    if bytes.ends_with(b"\r") {
        return 1;
    }
    // A character has at most four bytes, so an incomplete one starts within the last three.
    (1..=bytes.len().min(3))
        .find(|&length| {
            matches!(std::str::from_utf8(&bytes[bytes.len() - length..]),
                Err(error) if error.valid_up_to() == 0 && error.error_len().is_none())
        })
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn shown(writes: &[&[u8]]) -> String {
        let mut terminal = TerminalSafe::new(Vec::new());
        for bytes in writes {
            terminal.write_all(bytes).unwrap();
        }
        terminal.flush().unwrap();
        String::from_utf8(terminal.inner).unwrap()
    }

    #[test]
    fn control_characters_are_escaped() {
        assert_eq!(
            escape("\x1b[2J\0\n\t\r\x7f\u{9b}\u{202e}\u{2066}\u{2028}"),
            r"\u{1b}[2J\u{0}\u{a}\u{9}\u{d}\u{7f}\u{9b}\u{202e}\u{2066}\u{2028}"
        );
        for clean in ["", "ami-0abcdef1234567890", r"C:\ü 日本 🙂 a|b<c>"] {
            assert!(matches!(escape(clean), Cow::Borrowed(text) if text == clean));
        }
    }

    #[test]
    fn a_terminal_gets_line_ends_and_tabs_unchanged() {
        assert_eq!(
            shown(&[b"a,\"\x1b]0;x\x07\"\r\nb\tc\rd\n\xc2\x9b\xff\r"]),
            "a,\"\\u{1b}]0;x\\u{7}\"\r\nb\tc\\u{d}d\n\\u{9b}\\xff\\u{d}"
        );
    }

    #[test]
    fn characters_may_be_split_between_writes() {
        let text = "é\u{9b}日🙂\r\n\u{202e}\r!";
        let expected = shown(&[text.as_bytes()]);
        assert_eq!(expected, "é\\u{9b}日🙂\r\n\\u{202e}\\u{d}!");
        let bytes: Vec<&[u8]> = text.as_bytes().chunks(1).collect();
        assert_eq!(shown(&bytes), expected);
    }

    proptest! {
        #[test]
        fn control_characters_never_reach_a_terminal(writes: Vec<Vec<u8>>) {
            let writes: Vec<&[u8]> = writes.iter().map(Vec::as_slice).collect();
            let text = shown(&writes).replace("\r\n", "\n");
            prop_assert!(text.chars().all(|c| c == '\n' || c == '\t' || !is_control(c)));
        }
    }
}
