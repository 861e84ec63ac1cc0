//! The error contract: what every error reports to the user, and how a run can end.
//!
//! An error type implements [`UserError`] in its own file. Commands return an [`Error`], which `?` makes of any of them.
//! The numbers of the exit statuses are not known here; `exit` has them.

mod syntax;

use std::borrow::Cow;
use std::fmt;
use std::io;

pub use syntax::SyntaxError;

/// How a run ended. Each category has one exit status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Category {
    /// The output is complete, or a dry run would have succeeded.
    Success,
    /// `check`: an image is in use.
    InUse,
    /// `diff`: there are differences.
    Different,
    /// `check`: it is unknown whether an image is in use. `summary`: an image is left out. `diff`: an image could not be
    /// compared.
    Unknown,
    /// The reader closed the pipe, as `head` does. This is not an error, and nothing is printed.
    ReaderClosed,
    /// Ctrl-C.
    Interrupted,
    /// SIGTERM.
    Terminated,
    /// The command line is invalid; nothing was sent.
    Usage,
    /// Credentials, Region, profile or settings are missing or invalid.
    Configuration,
    /// The service returned an error.
    Service,
    /// Anything else: network, timeout, incomplete response, full disk.
    Other,
}

/// What an error reports to the user besides its message.
pub trait UserError: std::error::Error + Send + Sync + 'static {
    /// Decides the exit status.
    fn category(&self) -> Category;

    /// What the user can do about it: an imperative, without a period.
    fn hint(&self) -> Option<Cow<'_, str>> {
        None
    }

    /// The service's error code.
    fn code(&self) -> Option<&str> {
        None
    }

    /// The service's ID of the failed request.
    fn request_id(&self) -> Option<&str> {
        None
    }
}

impl UserError for io::Error {
    fn category(&self) -> Category {
        Category::Other
    }
}

/// Any [`UserError`], with what its callers know about it.
///
/// Shows as `outer: inner`, from the outermost context to the root cause.
#[derive(Debug)]
pub struct Error {
    error: Box<dyn UserError>,
    /// Outermost first, each followed by `: `.
    context: String,
    hint: Option<&'static str>,
    region: Option<String>,
    resume_token: Option<String>,
}

impl<E: UserError> From<E> for Error {
    fn from(error: E) -> Self {
        Self {
            error: Box::new(error),
            context: String::new(),
            hint: None,
            region: None,
            resume_token: None,
        }
    }
}

impl Error {
    /// Prefixes the message with what was being done.
    #[must_use]
    pub fn context(mut self, context: impl fmt::Display) -> Self {
        self.context = format!("{context}: {}", self.context);
        self
    }

    /// Replaces the hint.
    #[must_use]
    pub fn with_hint(mut self, hint: &'static str) -> Self {
        self.hint = Some(hint);
        self
    }

    /// Names the one of several Regions that failed.
    #[must_use]
    pub fn with_region(mut self, region: &str) -> Self {
        self.region = Some(region.to_owned());
        self
    }

    /// Sets the token with which a later run writes the rest, if there is one.
    #[must_use]
    pub fn with_resume_token(mut self, token: Option<String>) -> Self {
        self.resume_token = token;
        self
    }

    /// Decides the exit status.
    pub fn category(&self) -> Category {
        self.error.category()
    }

    /// What the user can do about it.
    pub fn hint(&self) -> Option<Cow<'_, str>> {
        self.hint.map(Cow::from).or_else(|| self.error.hint())
    }

    /// The service's error code.
    pub fn code(&self) -> Option<&str> {
        self.error.code()
    }

    /// The service's ID of the failed request.
    pub fn request_id(&self) -> Option<&str> {
        self.error.request_id()
    }

    /// Which one of several Regions failed.
    pub fn region(&self) -> Option<&str> {
        self.region.as_deref()
    }

    /// The token with which a later run writes the rest.
    pub fn resume_token(&self) -> Option<&str> {
        self.resume_token.as_deref()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.context, self.error)?;
        causes(&*self.error)
            .skip(1)
            .try_for_each(|cause| write!(f, ": {cause}"))
    }
}

/// An error and its causes, from the outermost to the root.
pub fn causes<'a>(
    error: &'a (dyn std::error::Error + 'static),
) -> impl Iterator<Item = &'a (dyn std::error::Error + 'static)> {
    std::iter::successors(Some(error), |error| error.source())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("cannot write")]
    struct Outer(#[source] io::Error);

    impl UserError for Outer {
        fn category(&self) -> Category {
            Category::Service
        }

        fn hint(&self) -> Option<Cow<'_, str>> {
            Some("free some space".into())
        }
    }

    #[test]
    fn each_cause_is_shown_once_from_the_outermost_context() {
        let error = Error::from(Outer(io::Error::other("disk full")));
        let error = error.context("row 2").context("page 1");
        assert_eq!(error.to_string(), "page 1: row 2: cannot write: disk full");
    }

    #[test]
    fn context_keeps_the_details_and_can_replace_the_hint() {
        let error = Error::from(Outer(io::Error::other("disk full"))).context("page 1");
        assert_eq!(error.category(), Category::Service);
        assert_eq!(error.hint().as_deref(), Some("free some space"));
        let error = error.with_hint("try another disk");
        assert_eq!(error.hint().as_deref(), Some("try another disk"));
    }
}
