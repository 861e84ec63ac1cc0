//! Watches each attempt of a request: where it went, how many there were, and with `--debug` what was asked and
//! how long it took.

use std::fmt;
use std::io::{self, Write};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, OnceLock};
use std::time::Instant;

use aws_sdk_ec2::config::interceptors::{
    BeforeTransmitInterceptorContextMut, BeforeTransmitInterceptorContextRef,
    FinalizerInterceptorContextRef,
};
use aws_sdk_ec2::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_ec2::error::BoxError;
use aws_smithy_runtime_api::client::retries::RequestAttempts;
use aws_smithy_types::config_bag::{Storable, StoreReplace};

use super::attempt::Attempt;
use super::clock::ServiceClock;
use super::error::chain;
use crate::output::escape;

/// An interceptor on every attempt.
///
/// What it prints comes from the request's URL and form and the response's status: headers, which hold the
/// signature and the session token, are never looked at.
#[derive(Clone, Debug)]
pub(super) struct Trace {
    debug: bool,
    /// What stands before a debug line, to tell one client from another.
    label: Option<Arc<str>>,
    origin: Arc<OnceLock<String>>,
    retries: Retries,
    clock: ServiceClock,
}

/// Counts the attempts that had to be made again, of all requests of one or more clients.
#[derive(Clone, Debug, Default)]
pub struct Retries(Arc<AtomicU64>);

impl Retries {
    /// How many there were so far.
    pub fn count(&self) -> u64 {
        self.0.load(Relaxed)
    }
}

/// When an attempt began.
#[derive(Debug)]
struct Began(Instant);

impl Storable for Began {
    type Storer = StoreReplace<Self>;
}

impl Trace {
    /// Counts the client's retries in `retries`, beside those of others.
    pub(super) fn new(debug: bool, label: Option<Arc<str>>, retries: Retries) -> Self {
        Self {
            debug,
            label,
            origin: Arc::default(),
            retries,
            clock: ServiceClock::default(),
        }
    }

    /// The scheme, host and port that the first request went to.
    pub(super) fn origin(&self) -> Option<String> {
        self.origin.get().cloned()
    }

    pub(super) fn clock(&self) -> &ServiceClock {
        &self.clock
    }

    pub(super) fn retries(&self) -> Retries {
        self.retries.clone()
    }

    fn debug(&self, message: fmt::Arguments<'_>) {
        let message = match &self.label {
            Some(label) => format!("{label}: {message}"),
            None => message.to_string(),
        };
        // A log that cannot be written is no reason to lose the answer.
        let _ = writeln!(io::stderr(), "debug: {}", escape(&message));
    }
}

impl Intercept for Trace {
    fn name(&self) -> &'static str {
        "Trace"
    }

    fn modify_before_transmit(
        &self,
        context: &mut BeforeTransmitInterceptorContextMut<'_>,
        _components: &RuntimeComponents,
        config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let attempt = attempt(config);
        context.request_mut().add_extension(Attempt(attempt));
        Ok(())
    }

    fn read_before_transmit(
        &self,
        context: &BeforeTransmitInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let request = context.request();
        let origin = self.origin.get_or_init(|| origin(request.uri()));
        let attempt = attempt(config);
        if attempt > 1 {
            self.retries.0.fetch_add(1, Relaxed);
        }
        if self.debug {
            let form = request
                .body()
                .bytes()
                .map(String::from_utf8_lossy)
                .unwrap_or_default();
            self.debug(format_args!("attempt {attempt}: POST {origin} {form}"));
            config.interceptor_state().store_put(Began(Instant::now()));
        }
        Ok(())
    }

    fn read_after_attempt(
        &self,
        context: &FinalizerInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let date = (context.response()).and_then(|response| response.headers().get("date"));
        if let Some(date) = date {
            self.clock.synchronize(date);
        }
        if !self.debug {
            return Ok(());
        }
        let took = config
            .load::<Began>()
            .map(|began| began.0.elapsed())
            .unwrap_or_default();
        let status = match context.response() {
            Some(response) => format!("status {}", response.status().as_u16()),
            None => "no response".to_owned(),
        };
        match context.output_or_error() {
            Some(Err(error)) => {
                self.debug(format_args!("{status} after {took:.1?}: {}", chain(error)));
            }
            _ => self.debug(format_args!("{status} after {took:.1?}")),
        }
        Ok(())
    }
}

/// The number of the attempt that is being made.
fn attempt(config: &ConfigBag) -> u32 {
    config
        .load::<RequestAttempts>()
        .map_or(1, RequestAttempts::attempts)
}

/// The scheme, host and port of a URL, without any user name and password in it.
fn origin(uri: &str) -> String {
    match uri.parse::<http::Uri>() {
        Ok(uri) => {
            let authority = uri.authority().map_or("", http::uri::Authority::as_str);
            let host = authority.rsplit('@').next().unwrap_or_default();
            format!("{}://{host}", uri.scheme_str().unwrap_or("https"))
        }
        Err(_) => "an unreadable URL".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_has_no_password() {
        assert_eq!(
            origin("https://ec2.us-east-1.amazonaws.com/?x=1"),
            "https://ec2.us-east-1.amazonaws.com"
        );
        assert_eq!(
            origin("http://user:secret@127.0.0.1:4566/"),
            "http://127.0.0.1:4566"
        );
    }
}
