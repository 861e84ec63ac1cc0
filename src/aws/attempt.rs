//! Marks responses and errors with the number of the attempt that they belong to.
//!
//! A client's requests run concurrently, so a shared counter could not tell.

use std::error::Error;
use std::fmt;

use aws_sdk_ec2::config::http::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::context::InterceptorContext;
use aws_smithy_runtime_api::client::result::ConnectorError;

use super::error_chain::{self, same_kind};

/// The number of an attempt, from 1.
#[derive(Clone, Copy, Debug)]
pub(super) struct AttemptNumber(pub(super) u32);

impl AttemptNumber {
    /// The attempt that sends `request`.
    pub(super) fn of_request(request: &HttpRequest) -> Self {
        request.extension().copied().unwrap_or(Self(1))
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
        error_chain::find(error).map(|error: &MarkedError| error.attempt)
    }

    /// The attempt that the SDK has just made.
    pub(super) fn of_context(context: &InterceptorContext) -> Option<Self> {
        match (context.response(), context.output_or_error()) {
            (Some(response), _) => response.extension().copied(),
            (None, Some(Err(error))) => Self::of_error(error.as_connector_error()?),
            (None, _) => None,
        }
    }
}

/// Adds the attempt to an error. It has no text of its own.
#[derive(Debug)]
struct MarkedError {
    attempt: AttemptNumber,
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
