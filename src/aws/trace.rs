//! Observes each attempt of a request: endpoint, number of retries, the service's time, and a debug log of requests and
//! response times.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, OnceLock};
use std::time::Instant;

use aws_sdk_ec2::config::interceptors::{
    BeforeTransmitInterceptorContextMut, BeforeTransmitInterceptorContextRef,
    FinalizerInterceptorContextRef,
};
use aws_sdk_ec2::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_ec2::error::BoxError;
use aws_smithy_types::config_bag::{Storable, StoreReplace};

use super::attempt::Attempt;
use super::clock::ServiceClock;
use super::error_chain::describe;

/// Writes a line to the debug log.
pub type DebugLog = fn(line: &str);

/// An interceptor on every attempt.
///
/// It logs only the request's URL and form and the response's status: headers contain the signature and the session
/// token.
#[derive(Clone, Debug)]
pub(super) struct Trace {
    debug_log: Option<DebugLog>,
    /// Precedes debug lines when there are several clients.
    label: Option<Arc<str>>,
    origin: Arc<OnceLock<String>>,
    retries: Retries,
    clock: ServiceClock,
}

/// Counts the retries of all requests of one or more clients.
#[derive(Clone, Debug, Default)]
pub struct Retries(Arc<AtomicU64>);

impl Retries {
    /// The number of retries so far.
    pub fn count(&self) -> u64 {
        self.0.load(Relaxed)
    }
}

/// When an attempt started.
#[derive(Debug)]
struct AttemptStart(Instant);

impl Storable for AttemptStart {
    type Storer = StoreReplace<Self>;
}

impl Trace {
    /// Adds the client's retries to `retries`.
    pub(super) fn new(
        debug_log: Option<DebugLog>,
        label: Option<Arc<str>>,
        retries: Retries,
    ) -> Self {
        Self {
            debug_log,
            label,
            origin: Arc::default(),
            retries,
            clock: ServiceClock::default(),
        }
    }

    /// Scheme, host and port of the first request's URL.
    pub(super) fn origin(&self) -> Option<&str> {
        self.origin.get().map(String::as_str)
    }

    pub(super) fn clock(&self) -> &ServiceClock {
        &self.clock
    }

    pub(super) fn retries(&self) -> Retries {
        self.retries.clone()
    }

    fn log(&self, message: fmt::Arguments<'_>) {
        match (self.debug_log, &self.label) {
            (Some(log), Some(label)) => log(&format!("{label}: {message}")),
            (Some(log), None) => log(&message.to_string()),
            (None, _) => {}
        }
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
        let previous = config.load::<Attempt>();
        let attempt = previous.map_or_else(Attempt::default, Attempt::next);
        context.request_mut().add_extension(attempt.clone());
        config.interceptor_state().store_put(attempt);
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
        let attempt = config.load::<Attempt>().map_or(1, |attempt| attempt.number);
        if attempt > 1 {
            self.retries.0.fetch_add(1, Relaxed);
        }
        if self.debug_log.is_some() {
            let form = request
                .body()
                .bytes()
                .map(String::from_utf8_lossy)
                .unwrap_or_default();
            self.log(format_args!("attempt {attempt}: POST {origin} {form}"));
            config
                .interceptor_state()
                .store_put(AttemptStart(Instant::now()));
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
        if self.debug_log.is_none() {
            return Ok(());
        }
        let start = config.load::<AttemptStart>();
        let elapsed = start.map(|start| start.0.elapsed()).unwrap_or_default();
        let status = match context.response() {
            Some(response) => format!("status {}", response.status().as_u16()),
            None => "no response".to_owned(),
        };
        match context.output_or_error() {
            Some(Err(error)) => {
                let error = describe(error);
                self.log(format_args!("{status} after {elapsed:.1?}: {error}"));
            }
            _ => self.log(format_args!("{status} after {elapsed:.1?}")),
        }
        Ok(())
    }
}

/// Scheme, host and port of a URL, without user name and password.
fn origin(uri: &str) -> String {
    match uri.parse::<http::Uri>() {
        Ok(uri) => {
            let authority = uri.authority().map_or("", http::uri::Authority::as_str);
            let host = authority.rsplit('@').next().unwrap_or_default();
            format!("{}://{host}", uri.scheme_str().unwrap_or("https"))
        }
        Err(_) => "an invalid URL".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins_omit_passwords() {
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
