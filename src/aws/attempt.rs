//! Which attempt of its request something came from: a client's requests go on at the same time, so that no common
//! count could tell.

use std::error::Error;
use std::fmt;

use anyhow::Chain;
use aws_sdk_ec2::config::http::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::context::InterceptorContext;
use aws_smithy_runtime_api::client::result::ConnectorError;

/// The number of an attempt, from 1.
#[derive(Clone, Copy, Debug)]
pub(super) struct Attempt(pub(super) u32);

impl Attempt {
    /// The attempt that sends this.
    pub(super) fn of_request(request: &HttpRequest) -> Self {
        request.extension().copied().unwrap_or(Self(1))
    }

    /// Writes the number onto what the attempt came to.
    pub(super) fn mark(
        self,
        answer: Result<HttpResponse, ConnectorError>,
    ) -> Result<HttpResponse, ConnectorError> {
        match answer {
            Ok(mut response) => {
                response.add_extension(self);
                Ok(response)
            }
            Err(error) => {
                let (timeout, user, other) =
                    (error.is_timeout(), error.is_user(), error.as_other());
                let io = error.is_io();
                let source = Box::new(Failed {
                    attempt: self,
                    source: error.into_source(),
                });
                Err(match () {
                    () if timeout => ConnectorError::timeout(source),
                    () if user => ConnectorError::user(source),
                    () if io => ConnectorError::io(source),
                    () => ConnectorError::other(source, other),
                })
            }
        }
    }

    /// The attempt that came to this error without a response.
    pub(super) fn of_error(error: &(dyn Error + 'static)) -> Option<Self> {
        Chain::new(error).find_map(|cause| Some(cause.downcast_ref::<Failed>()?.attempt))
    }

    /// The attempt that the SDK has just made.
    pub(super) fn of_context(context: &InterceptorContext) -> Option<Self> {
        let error = || match context.output_or_error()? {
            Err(error) => Self::of_error(error.as_connector_error()?),
            Ok(_) => None,
        };
        match context.response() {
            Some(response) => response.extension().copied(),
            None => error(),
        }
    }
}

/// An error with the attempt that it came from. It has no words of its own.
#[derive(Debug)]
struct Failed {
    attempt: Attempt,
    source: BoxError,
}

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.source.fmt(f)
    }
}

impl Error for Failed {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&*self.source)
    }
}
