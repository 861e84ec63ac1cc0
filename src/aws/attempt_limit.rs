//! Limits the attempts per request when no setting does.
//!
//! Throttling is retried while the service responds to anything at all: the rate limiter adapts. Other errors are
//! retried a few times, and fewer on an endpoint that has never responded, so that a wrong URL or a missing network is
//! reported in seconds.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use aws_sdk_ec2::config::interceptors::InterceptorContext;
use aws_sdk_ec2::config::retry::{ClassifyRetry, RetryAction};
use aws_smithy_runtime_api::client::retries::classifiers::RetryClassifierPriority;

use super::attempt::Attempt;
use super::rate_limiter::{RateLimiter, is_throttling};
use super::retry_settings::DEFAULT_MAX_ATTEMPTS;

/// Maximum attempts per request until the first response. The SDK's default for all requests.
const MAX_ATTEMPTS_BEFORE_RESPONSE: u32 = 3;

/// Whether the SDK retries a rejection because the local clock is wrong. It treats no other client error (4xx) as a server
/// error.
fn is_clock_error(context: &InterceptorContext, action: &RetryAction) -> bool {
    let is_rejection =
        (context.response()).is_some_and(|response| response.status().is_client_error());
    is_rejection && *action == RetryAction::server_error()
}

/// A retry classifier for one client.
#[derive(Debug)]
pub(super) struct AttemptLimit {
    has_responded: Arc<AtomicBool>,
    rate_limiter: RateLimiter,
}

impl AttemptLimit {
    pub(super) fn new(rate_limiter: RateLimiter) -> Self {
        Self {
            has_responded: Arc::default(),
            rate_limiter,
        }
    }
}

impl ClassifyRetry for AttemptLimit {
    fn classify_retry(&self, _context: &InterceptorContext) -> RetryAction {
        RetryAction::NoActionIndicated
    }

    fn classify_retry_v2(&self, context: &InterceptorContext, action: &RetryAction) -> RetryAction {
        // A service error is a response too; an incomplete body is not.
        if context.response().is_some() {
            self.has_responded.store(true, Relaxed);
        }
        let attempt = Attempt::of_context(context).unwrap_or_default();
        let is_throttled = is_throttling(action);
        if is_throttled {
            attempt.record_throttled();
        }
        let attempts = attempt.not_throttled();
        let exhausted = match is_throttled {
            true => self.rate_limiter.is_blocked(),
            // After the first one, requests are signed with the service's time, so the clock does not explain another.
            false if is_clock_error(context, action) => attempt.record_clock_error(),
            false if self.has_responded.load(Relaxed) => attempts >= DEFAULT_MAX_ATTEMPTS.get(),
            false => attempts >= MAX_ATTEMPTS_BEFORE_RESPONSE,
        };
        if exhausted {
            RetryAction::RetryForbidden
        } else {
            RetryAction::NoActionIndicated
        }
    }

    fn name(&self) -> &'static str {
        "AttemptLimit"
    }

    fn priority(&self) -> RetryClassifierPriority {
        RetryClassifierPriority::run_after(RetryClassifierPriority::transient_error_classifier())
    }
}
