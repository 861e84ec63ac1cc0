//! Gives up early on an endpoint that has never answered: a wrong URL, or a network that is not there.
//!
//! The many attempts that ride out throttling would take a minute to say "connection refused".

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use aws_sdk_ec2::config::interceptors::{FinalizerInterceptorContextRef, InterceptorContext};
use aws_sdk_ec2::config::retry::{ClassifyRetry, RetryAction};
use aws_sdk_ec2::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_ec2::error::BoxError;
use aws_smithy_runtime_api::client::retries::RequestAttempts;

/// The attempts of a request while there was no answer to any. It is the SDK's default number of all attempts.
const ATTEMPTS: u32 = 3;

/// An interceptor and a retry classifier for one client, which share what they saw.
#[derive(Clone, Debug, Default)]
pub(super) struct FirstContact {
    answered: Arc<AtomicBool>,
    hopeless: Arc<AtomicBool>,
}

impl Intercept for FirstContact {
    fn name(&self) -> &'static str {
        "FirstContact"
    }

    fn read_after_attempt(
        &self,
        context: &FinalizerInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        // An error of the service is an answer too; an incomplete body is none.
        if context.response().is_some() {
            self.answered.store(true, Relaxed);
        }
        let enough = config
            .load::<RequestAttempts>()
            .is_some_and(|attempts| attempts.attempts() >= ATTEMPTS);
        let hopeless = enough && !self.answered.load(Relaxed);
        self.hopeless.store(hopeless, Relaxed);
        Ok(())
    }
}

impl ClassifyRetry for FirstContact {
    fn classify_retry(&self, _context: &InterceptorContext) -> RetryAction {
        if self.hopeless.load(Relaxed) {
            RetryAction::RetryForbidden
        } else {
            RetryAction::NoActionIndicated
        }
    }

    fn name(&self) -> &'static str {
        "FirstContact"
    }
}
