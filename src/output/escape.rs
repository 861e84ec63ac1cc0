//! Control characters made visible, so that no value can move the cursor, hide text or start a new row.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::io::{self, Write};

/// Writes control characters (C0, DEL, C1), line and paragraph separators and the characters that reorder
/// text as `\u{1b}`, and leaves all else alone. Borrows when there is nothing to escape.
pub fn escape(text: &str) -> Cow<'_, str> {
    replace(text, is_control, push_escaped)
}

/// Writes the same characters in a line of JSON as JSON's `\u009b`, which no parser takes for anything else.
pub fn escape_json(line: &str) -> Cow<'_, str> {
    replace(line, is_control, |character, json| {
        // Writing to a String does not fail. None of them is beyond four digits.
        let _ = write!(json, "\\u{:04x}", u32::from(character));
    })
}

/// Copies `text` with each `special` character as `push` writes it; borrows when there is none.
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

/// Whether a terminal or a reader would act on the character rather than show it.
pub(super) fn is_control(character: char) -> bool {
    // Nearly all there is.
    if matches!(character, ' '..='~') {
        return false;
    }
    character.is_control() || matches!(character, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Appends the visible form of a control character.
pub(super) fn push_escaped(character: char, text: &mut String) {
    // Writing to a String does not fail.
    let _ = write!(text, "\\u{{{:x}}}", u32::from(character));
}

/// A writer to a terminal for formats that keep values as they are (JSON, CSV): shows control characters in
/// their visible form, except line feeds, tabs, and carriage returns before a line feed.
///
/// A byte that is not UTF-8 is shown as `\x9b`. Bytes may come in any pieces; an unfinished character waits
/// for the next piece or a flush.
#[derive(Debug)]
pub struct TerminalSafe<W: Write> {
    inner: W,
    /// The beginning of a character, or a carriage return, whose next byte is not known yet.
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

    /// Writes whole characters.
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
    fn write(&mut self, piece: &[u8]) -> io::Result<usize> {
        let mut bytes = std::mem::take(&mut self.pending);
        bytes.extend_from_slice(piece);
        self.pending = bytes.split_off(bytes.len() - unfinished(&bytes));
        self.show(&bytes)?;
        Ok(piece.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        let bytes = std::mem::take(&mut self.pending);
        self.show(&bytes)?;
        self.inner.flush()
    }
}

/// How many bytes at the end can only be understood with the byte that follows them.
fn unfinished(bytes: &[u8]) -> usize {
    if bytes.ends_with(b"\r") {
        return 1;
    }
    // A character has at most four bytes, so an unfinished one begins within the last three.
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

    fn shown(pieces: &[&[u8]]) -> String {
        let mut terminal = TerminalSafe::new(Vec::new());
        for piece in pieces {
            terminal.write_all(piece).unwrap();
        }
        terminal.flush().unwrap();
        String::from_utf8(terminal.inner).unwrap()
    }

    #[test]
    fn controls_are_shown_and_all_else_is_borrowed() {
        assert_eq!(
            escape("\x1b[2J\0\n\t\r\x7f\u{9b}\u{202e}\u{2066}\u{2028}"),
            r"\u{1b}[2J\u{0}\u{a}\u{9}\u{d}\u{7f}\u{9b}\u{202e}\u{2066}\u{2028}"
        );
        for clean in ["", "ami-0abcdef1234567890", r"C:\ü 日本 🙂 a|b<c>"] {
            assert!(matches!(escape(clean), Cow::Borrowed(text) if text == clean));
        }
    }

    #[test]
    fn a_terminal_keeps_line_ends_and_tabs_and_sees_nothing_else() {
        assert_eq!(
            shown(&[b"a,\"\x1b]0;x\x07\"\r\nb\tc\rd\n\xc2\x9b\xff\r"]),
            "a,\"\\u{1b}]0;x\\u{7}\"\r\nb\tc\\u{d}d\n\\u{9b}\\xff\\u{d}"
        );
    }

    #[test]
    fn characters_survive_being_cut_anywhere() {
        let text = "é\u{9b}日🙂\r\n\u{202e}\r!";
        let whole = shown(&[text.as_bytes()]);
        assert_eq!(whole, "é\\u{9b}日🙂\r\n\\u{202e}\\u{d}!");
        let bytes: Vec<&[u8]> = text.as_bytes().chunks(1).collect();
        assert_eq!(shown(&bytes), whole);
    }

    proptest! {
        #[test]
        fn no_pieces_bring_a_control_through(pieces: Vec<Vec<u8>>) {
            let pieces: Vec<&[u8]> = pieces.iter().map(Vec::as_slice).collect();
            let text = shown(&pieces).replace("\r\n", "\n");
            prop_assert!(text.chars().all(|c| c == '\n' || c == '\t' || !is_control(c)));
        }
    }
}
