//! Errors in a text: the message, the line, and a caret under the position.

use std::fmt;

use unicode_width::UnicodeWidthChar;

/// An error at one position of a text.
///
/// Shows the message, the line of the error (or the part of it around the error if it is long), and a caret under the
/// position. If the input is long or has several lines, the message includes the line and the column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SyntaxError {
    /// The complete text.
    pub input: String,
    /// The byte offset of the error in `input`, on a character boundary; the length of `input` for its end.
    pub at: usize,
    /// What is wrong, without a period.
    pub message: String,
}

impl std::error::Error for SyntaxError {}

impl SyntaxError {
    /// An error at byte `at` of `input`, or at the start of the character that contains it, or at the end.
    pub fn new(input: &str, at: usize, message: impl Into<String>) -> Self {
        Self {
            input: input.to_owned(),
            at: input.floor_char_boundary(at),
            // It may quote a JSON key, which can contain any character.
            message: message.into().chars().map(printable).collect(),
        }
    }

    /// An error of `serde_json` in `input`.
    pub fn from_json(input: &str, error: &serde_json::Error) -> Self {
        // Its columns count bytes from 1. Its message ends with the position, which this type adds itself.
        let message = error.to_string();
        let position = format!(" at line {} column {}", error.line(), error.column());
        let line_start = input
            .split_inclusive('\n')
            .take(error.line().saturating_sub(1))
            .map(str::len)
            .sum::<usize>();
        let message = message.strip_suffix(&position).unwrap_or(&message);
        Self::new(
            input,
            line_start + error.column().saturating_sub(1),
            format!("JSON: {message}"),
        )
    }

    /// The line and column of the error, in characters from 1.
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

/// How many characters of a long line are shown before and after the position of the error.
const MAX_BEFORE: usize = 50;
const MAX_AFTER: usize = 25;
const ELLIPSIS: &str = "...";

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
        } else if before.len() > MAX_BEFORE {
            write!(f, " (column {column})")?;
        }

        let mut shown = String::new();
        if before.len() > MAX_BEFORE {
            shown.push_str(ELLIPSIS);
        }
        shown.extend(
            before[before.len().saturating_sub(MAX_BEFORE)..]
                .iter()
                .copied()
                .map(printable),
        );
        let indent: usize = shown.chars().filter_map(|c| c.width()).sum();
        shown.extend(after.by_ref().take(MAX_AFTER).map(printable));
        if after.next().is_some() {
            shown.push_str(ELLIPSIS);
        }
        match shown.trim_end() {
            "" => Ok(()),
            shown => write!(f, "\n  {shown}\n  {:indent$}^", ""),
        }
    }
}

/// Replaces characters that must not reach a terminal or would move the caret.
fn printable(c: char) -> char {
    match c {
        '\t' | '\r' => ' ',
        // Marks that change the writing direction would move the text away from the caret.
        '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => '\u{fffd}',
        c if c.is_control() => '\u{fffd}',
        c => c,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(input: &str, at: usize) -> String {
        SyntaxError::new(input, at, "error").to_string()
    }

    #[test]
    fn the_caret_is_under_the_error() {
        assert_eq!(shown("abc=", 3), "error\n  abc=\n     ^");
        assert_eq!(shown("abc", 3), "error\n  abc\n     ^");
        assert_eq!(shown("", 0), "error");
    }

    #[test]
    fn only_the_line_of_the_error_is_shown() {
        assert_eq!(
            shown("a=b,\nc==d,\ne=f", 7),
            "error (line 2, column 3)\n  c==d,\n    ^"
        );
        // A newline is the end of its line.
        assert_eq!(shown("ab\ncd", 2), "error (line 1, column 3)\n  ab\n    ^");
    }

    #[test]
    fn tabs_control_and_wide_characters_do_not_move_the_caret() {
        assert_eq!(shown("a\tb\x07=", 4), "error\n  a b\u{fffd}=\n      ^");
        assert_eq!(shown("名前=x", 6), "error\n  名前=x\n      ^");
        assert_eq!(shown("e\u{301}=", 3), "error\n  e\u{301}=\n   ^");
        assert_eq!(shown("a\u{202e}b", 4), "error\n  a\u{fffd}b\n    ^");
    }

    #[test]
    fn the_message_is_one_line_without_control_characters() {
        let error = SyntaxError::new("a", 0, "unknown key `\x1b[0m\n`");
        assert_eq!(error.message, "unknown key `\u{fffd}[0m\u{fffd}`");
    }

    #[test]
    fn a_long_line_is_shortened_around_the_error() {
        let input = format!("{}={}", "x".repeat(1000), "y".repeat(1000));
        let expected = format!(
            "error (column 1001)\n  ...{}={}...\n  {}^",
            "x".repeat(50),
            "y".repeat(24),
            " ".repeat(53)
        );
        assert_eq!(shown(&input, 1000), expected);
    }

    #[test]
    fn a_position_inside_a_character_or_past_the_end_is_adjusted() {
        assert_eq!(SyntaxError::new("é", 1, "").at, 0);
        assert_eq!(SyntaxError::new("é", 9, "").at, 2);
    }
}
