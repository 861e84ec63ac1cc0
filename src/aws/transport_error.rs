//! Why a request has no complete response.

use std::time::Duration;

use aws_smithy_runtime_api::box_error::BoxError;

use super::xml::BodyError;

/// Why a request has no complete response.
#[derive(Debug, thiserror::Error)]
pub(super) enum TransportError {
    /// The connect timeout passed.
    #[error("connecting timed out after {}", humantime::format_duration(*.0))]
    ConnectTimeout(Duration),
    /// The read timeout passed before the response's headers arrived.
    #[error("no response within {}", humantime::format_duration(*.0))]
    ReadTimeout(Duration),
    /// The read timeout passed within the body, or the body arrived too slowly.
    #[error("the response stalled after {bytes} bytes and {:.1}s", elapsed.as_secs_f64())]
    Stalled {
        /// The length of what arrived.
        bytes: usize,
        /// Since the start of the body.
        elapsed: Duration,
    },
    /// The connection closed before the end of the body.
    #[error("the connection broke in the middle of the response")]
    ConnectionBroken(#[source] BoxError),
    /// The body arrived, but is not a response to the request.
    #[error("{error} (status {status})")]
    Body {
        /// What is wrong with it.
        error: BodyError,
        /// The HTTP status.
        status: u16,
    },
}
