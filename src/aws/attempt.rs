//! Marks responses and errors with the attempt that they belong to.
//!
//! A client's requests run concurrently, so a shared counter could not tell.

use std::error::Error;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use aws_sdk_ec2::config::http::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::context::InterceptorContext;
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_types::config_bag::{Storable, StoreReplace};

use super::error_chain::{self, same_kind};

/// An attempt of a request.
#[derive(Clone, Debug)]
pub(super) struct Attempt {
    /// Its number, from 1.
    pub(super) number: u32,
    history: Arc<History>,
}

/// What happened to the attempts of a request so far. The SDK classifies an attempt more than once, so each is recorded by
/// its number.
#[derive(Debug, Default)]
struct History {
    /// How many attempts were throttled.
    throttled: AtomicU32,
    /// The last attempt that was throttled; 0 for none.
    last_throttled: AtomicU32,
    /// The first attempt that was rejected while the local clock was wrong; 0 for none.
    first_clock_error: AtomicU32,
}

impl Default for Attempt {
    fn default() -> Self {
        Self {
            number: 1,
            history: Arc::default(),
        }
    }
}

impl Storable for Attempt {
    type Storer = StoreReplace<Self>;
}

impl Attempt {
    /// The next attempt of the same request.
    pub(super) fn next(&self) -> Self {
        Self {
            number: self.number + 1,
            history: Arc::clone(&self.history),
        }
    }

    /// Records that the service throttled this attempt.
    pub(super) fn record_throttled(&self) {
        if self.history.last_throttled.swap(self.number, Relaxed) != self.number {
            self.history.throttled.fetch_add(1, Relaxed);
        }
    }

    /// Records that the service rejected this attempt while the local clock was wrong. Returns whether it rejected an
    /// earlier one too.
    pub(super) fn record_clock_error(&self) -> bool {
        let first = &self.history.first_clock_error;
        let earlier = first.compare_exchange(0, self.number, Relaxed, Relaxed);
        earlier.is_err_and(|number| number != self.number)
    }

    /// How many attempts up to this one were not throttled.
    pub(super) fn not_throttled(&self) -> u32 {
        self.number - self.history.throttled.load(Relaxed)
    }

    /// The attempt that sends `request`.
    pub(super) fn of_request(request: &HttpRequest) -> Self {
        request.extension().cloned().unwrap_or_default()
    }

    /// Marks the result of this attempt.
    pub(super) fn mark(
        self,
        result: Result<HttpResponse, ConnectorError>,
    ) -> Result<HttpResponse, ConnectorError> {
        match result {
            Ok(mut response) => {
                response.add_extension(self);
                Ok(response)
            }
            Err(error) => Err(same_kind(&error)(Box::new(MarkedError {
                attempt: self,
                source: error.into_source(),
            }))),
        }
    }

    /// The attempt that failed with `error` and without a response.
    pub(super) fn of_error(error: &(dyn Error + 'static)) -> Option<Self> {
        error_chain::find(error).map(|error: &MarkedError| error.attempt.clone())
    }

    /// The attempt that the SDK has just made.
    pub(super) fn of_context(context: &InterceptorContext) -> Option<Self> {
        match (context.response(), context.output_or_error()) {
            (Some(response), _) => response.extension().cloned(),
            (None, Some(Err(error))) => Self::of_error(error.as_connector_error()?),
            (None, _) => None,
        }
    }
}

/// Adds the attempt to an error. It has no text of its own.
#[derive(Debug)]
struct MarkedError {
    attempt: Attempt,
    source: BoxError,
}

impl fmt::Display for MarkedError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.source.fmt(f)
    }
}

impl Error for MarkedError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&*self.source)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_attempt_is_recorded_once() {
        let first = Attempt::default();
        first.record_throttled();
        first.record_throttled();
        assert_eq!(first.not_throttled(), 0);
        let second = first.next();
        assert_eq!(second.not_throttled(), 1);
        assert!(!second.record_clock_error());
        assert!(!second.record_clock_error());
        let third = second.next();
        assert!(third.record_clock_error());
        assert_eq!(third.not_throttled(), 2);
    }
}
