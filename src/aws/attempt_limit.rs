//! How often a request is tried where nobody says.
//!
//! Throttling is waited out as long as the service answers anything at all: the pace of the requests follows it.
//! What fails otherwise is tried a few times, and fewer on an endpoint that has never answered, for a wrong URL or a
//! network that is not there: the many attempts would take a minute to say "connection refused".

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use aws_sdk_ec2::config::interceptors::InterceptorContext;
use aws_sdk_ec2::config::retry::{ClassifyRetry, RetryAction};
use aws_smithy_runtime_api::client::retries::classifiers::RetryClassifierPriority;

use super::attempt::Attempt;
use super::rate_limiter::{RateLimiter, is_throttling};
use super::retry_settings::MAX_ATTEMPTS;

/// The attempts of a request while there was no answer to any. It is the SDK's default number of all attempts.
const ATTEMPTS: u32 = 3;

/// A retry classifier for one client.
#[derive(Debug)]
pub(super) struct AttemptLimit {
    answered: Arc<AtomicBool>,
    rate_limiter: RateLimiter,
}

impl AttemptLimit {
    pub(super) fn new(rate_limiter: RateLimiter) -> Self {
        Self {
            answered: Arc::default(),
            rate_limiter,
        }
    }
}

impl ClassifyRetry for AttemptLimit {
    fn classify_retry(&self, _context: &InterceptorContext) -> RetryAction {
        RetryAction::NoActionIndicated
    }

    fn classify_retry_v2(
        &self,
        context: &InterceptorContext,
        verdict: &RetryAction,
    ) -> RetryAction {
        // An error of the service is an answer too; an incomplete body is none.
        if context.response().is_some() {
            self.answered.store(true, Relaxed);
        }
        let attempts = Attempt::of_context(context).map_or(1, |Attempt(number)| number);
        let hopeless = match is_throttling(verdict) {
            true => self.rate_limiter.is_stuck(),
            false if self.answered.load(Relaxed) => attempts >= MAX_ATTEMPTS.get(),
            false => attempts >= ATTEMPTS,
        };
        if hopeless {
            RetryAction::RetryForbidden
        } else {
            RetryAction::NoActionIndicated
        }
    }

    fn name(&self) -> &'static str {
        "FirstContact"
    }

    fn priority(&self) -> RetryClassifierPriority {
        RetryClassifierPriority::run_after(RetryClassifierPriority::transient_error_classifier())
    }
}
