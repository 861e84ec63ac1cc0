//! Errors in argument values.

use std::borrow::Cow;
use std::fmt;

use crate::error::{Category, UserError};

/// An invalid value on the command line. Nothing was sent.
///
/// Shows the option, then the reason: one line, or three if the invalid text is shown with a caret.
#[derive(Debug, thiserror::Error)]
#[error("{flag}: {message}")]
pub struct ArgumentError {
    flag: String,
    message: String,
    hint: Option<&'static str>,
}

impl UserError for ArgumentError {
    fn category(&self) -> Category {
        Category::Usage
    }

    fn hint(&self) -> Option<Cow<'_, str>> {
        self.hint.map(Cow::from)
    }
}

impl ArgumentError {
    /// `flag` is the option as typed (`--filter`); `message` is what is wrong, and how to fix it.
    pub fn new(flag: &str, message: impl fmt::Display) -> Self {
        Self {
            flag: flag.to_owned(),
            message: message.to_string(),
            hint: None,
        }
    }

    /// Sets what the user can do about it.
    #[must_use]
    pub fn with_hint(mut self, hint: &'static str) -> Self {
        self.hint = Some(hint);
        self
    }
}
