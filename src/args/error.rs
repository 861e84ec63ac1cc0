//! What is wrong with an argument, and where: a sentence, the text, and a caret under the fault.
//!
//! Only the wording and the drawing are here. The exit status and the JSON form of an error are decided by the
//! caller.

use std::fmt;

use unicode_width::UnicodeWidthChar;

use crate::error::{Category, UserError};

/// A value on the command line that cannot be used. Nothing was sent.
///
/// Shows the flag, then the reason: one line, or three when the text at fault is shown with a caret.
#[derive(Debug, thiserror::Error)]
#[error("{flag}: {message}")]
pub struct ArgumentError {
    flag: String,
    message: String,
}

impl UserError for ArgumentError {
    fn category(&self) -> Category {
        Category::Usage
    }
}

impl ArgumentError {
    /// `flag` as the user knows it (`--filter`), and a sentence that says what is wrong and what to do.
    pub fn new(flag: &str, message: impl fmt::Display) -> Self {
        Self {
            flag: flag.to_owned(),
            message: message.to_string(),
        }
    }
}

/// A fault in a text, at one place of it.
///
/// Shows the message, the faulty line of the input (or the part of it round the fault when it is long), and a caret
/// under the fault. When the input has several lines or is long, the line and the column are named too.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SyntaxError {
    /// The whole text.
    pub input: String,
    /// Where the fault is: a byte offset into `input`, on a character boundary; the length of `input` for its end.
    pub at: usize,
    /// What is wrong, as part of a sentence without its full stop.
    pub message: String,
}

impl std::error::Error for SyntaxError {}

impl SyntaxError {
    /// A fault at byte `at` of `input`, or at the character around it, or at the end.
    pub fn new(input: &str, at: usize, message: impl Into<String>) -> Self {
        Self {
            input: input.to_owned(),
            at: input.floor_char_boundary(at),
            // A key of a JSON text may hold anything.
            message: message.into().chars().map(printable).collect(),
        }
    }

    /// A fault that `serde_json` found in `input`, at its place.
    pub fn from_json(input: &str, error: &serde_json::Error) -> Self {
        // Its columns count bytes from 1, and its message ends in the place, which is said here already.
        let message = error.to_string();
        let place = format!(" at line {} column {}", error.line(), error.column());
        let line_start = input
            .split_inclusive('\n')
            .take(error.line().saturating_sub(1))
            .map(str::len)
            .sum::<usize>();
        let message = message.strip_suffix(&place).unwrap_or(&message);
        Self::new(
            input,
            line_start + error.column().saturating_sub(1),
            format!("JSON: {message}"),
        )
    }

    /// The line and column of the fault, in characters, from 1.
    fn line_and_column(&self) -> (usize, usize) {
        let start = self.line_start();
        (
            self.input[..start].matches('\n').count() + 1,
            self.input[start..self.at].chars().count() + 1,
        )
    }

    fn line_start(&self) -> usize {
        self.input[..self.at]
            .rfind('\n')
            .map_or(0, |newline| newline + 1)
    }
}

/// How many characters of a long line are shown before the fault, and from the fault on.
const BEFORE: usize = 50;
const AFTER: usize = 25;
const CUT: &str = "...";

impl fmt::Display for SyntaxError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let start = self.line_start();
        let before: Vec<char> = self.input[start..self.at].chars().collect();
        let mut after = self.input[self.at..]
            .split('\n')
            .next()
            .unwrap_or_default()
            .chars();

        let (line, column) = self.line_and_column();
        f.write_str(&self.message)?;
        if self.input.contains('\n') {
            write!(f, " (line {line}, column {column})")?;
        } else if before.len() > BEFORE {
            write!(f, " (column {column})")?;
        }

        let mut shown = String::new();
        if before.len() > BEFORE {
            shown.push_str(CUT);
        }
        shown.extend(
            before[before.len().saturating_sub(BEFORE)..]
                .iter()
                .copied()
                .map(printable),
        );
        let indent: usize = shown.chars().filter_map(|c| c.width()).sum();
        shown.extend(after.by_ref().take(AFTER).map(printable));
        if after.next().is_some() {
            shown.push_str(CUT);
        }
        match shown.trim_end() {
            "" => Ok(()),
            shown => write!(f, "\n  {shown}\n  {:indent$}^", ""),
        }
    }
}

/// What stands for `c` in an error: no control character reaches a terminal, and none moves the caret.
fn printable(c: char) -> char {
    match c {
        '\t' | '\r' => ' ',
        // The marks that turn the writing direction round would part the caret from its place.
        '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => '\u{fffd}',
        c if c.is_control() => '\u{fffd}',
        c => c,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(input: &str, at: usize) -> String {
        SyntaxError::new(input, at, "fault").to_string()
    }

    #[test]
    fn the_caret_stands_under_the_fault() {
        assert_eq!(shown("abc=", 3), "fault\n  abc=\n     ^");
        assert_eq!(shown("abc", 3), "fault\n  abc\n     ^");
        assert_eq!(shown("", 0), "fault");
    }

    #[test]
    fn only_the_line_at_fault_is_shown() {
        assert_eq!(
            shown("a=b,\nc==d,\ne=f", 7),
            "fault (line 2, column 3)\n  c==d,\n    ^"
        );
        // The newline itself is the end of its line.
        assert_eq!(shown("ab\ncd", 2), "fault (line 1, column 3)\n  ab\n    ^");
    }

    #[test]
    fn tabs_controls_and_wide_characters_do_not_move_the_caret() {
        assert_eq!(shown("a\tb\x07=", 4), "fault\n  a b\u{fffd}=\n      ^");
        assert_eq!(shown("名前=x", 6), "fault\n  名前=x\n      ^");
        assert_eq!(shown("e\u{301}=", 3), "fault\n  e\u{301}=\n   ^");
        assert_eq!(shown("a\u{202e}b", 4), "fault\n  a\u{fffd}b\n    ^");
    }

    #[test]
    fn the_message_is_one_line_without_controls() {
        let error = SyntaxError::new("a", 0, "unknown key `\x1b[0m\n`");
        assert_eq!(error.message, "unknown key `\u{fffd}[0m\u{fffd}`");
    }

    #[test]
    fn a_long_line_is_cut_round_the_fault() {
        let input = format!("{}={}", "x".repeat(1000), "y".repeat(1000));
        let expected = format!(
            "fault (column 1001)\n  ...{}={}...\n  {}^",
            "x".repeat(50),
            "y".repeat(24),
            " ".repeat(53)
        );
        assert_eq!(shown(&input, 1000), expected);
    }

    #[test]
    fn a_place_inside_a_character_or_past_the_end_is_put_right() {
        assert_eq!(SyntaxError::new("é", 1, "").at, 0);
        assert_eq!(SyntaxError::new("é", 9, "").at, 2);
    }
}
