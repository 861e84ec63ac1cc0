//! Amazon EC2's image usage actions, answered locally.
//!
//! [`Emulator`] turns the form body of an EC2 Query request into the service's XML; it knows nothing of HTTP.
//! Two fronts carry it: [`in_memory_client`] replaces the socket of an AWS SDK client, and [`serve`] listens on
//! a real one. This room is the far side of the wire: it shares no types with the client's side, so that a
//! mistake is not made twice alike.

mod actions;
mod clock;
mod connector;
mod filter;
mod form;
mod http;
mod model;
mod paging;
mod refusal;
mod region;
mod request;
mod saved;
mod state;
mod store;
mod synthetic;
mod throttle;
mod xml;

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use actions::{ACTIONS, Account};
use clock::Clock;
pub use connector::in_memory_client;
use form::Parameters;
pub use http::serve;
use refusal::Refusal;
pub use region::signed_region;
use request::{Call, DEFAULT_REGION};
pub use saved::LoadError;
pub use state::State;
pub use synthetic::{Synthetic, SyntheticError};
use throttle::Bucket;
pub use throttle::{Throttle, ThrottleError};

/// Answers the actions about image usage from a [`State`], which some of them change.
#[derive(Debug)]
pub struct Emulator {
    account: Account,
    clock: Clock,
    bucket: Option<Bucket>,
    answered: AtomicU64,
}

/// How an [`Emulator`] behaves, beside what it holds.
#[derive(Clone, Debug)]
pub struct Settings {
    /// How long a new report is pending.
    pub report_delay: Duration,
    /// How many pending reports there may be in a Region. The service's quota is 2,000.
    pub max_pending: usize,
    /// How many requests are answered; without it, all.
    pub throttle: Option<Throttle>,
}

impl Default for Settings {
    /// A delay of 300 milliseconds, so that nobody waits long for an example; the service's quota; no throttling.
    fn default() -> Self {
        Self {
            report_delay: Duration::from_millis(300),
            max_pending: 2_000,
            throttle: None,
        }
    }
}

/// An answer of the service, before HTTP carries it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    /// The HTTP status.
    pub status: u16,
    /// What identifies this answer: in the body, and in the header `x-amzn-requestid`.
    pub request_id: String,
    /// XML, in UTF-8.
    pub body: String,
}

impl Emulator {
    /// An emulator whose account holds what `state` says, with default [`Settings`].
    pub fn new(state: State) -> Self {
        Self::with_settings(state, Settings::default())
    }

    /// An emulator whose account holds what `state` says.
    pub fn with_settings(state: State, settings: Settings) -> Self {
        Self {
            bucket: settings.throttle.map(Bucket::new),
            clock: Clock::new(state.clock_start),
            account: Account::new(state, settings),
            answered: AtomicU64::new(0),
        }
    }

    /// Answers one request, given the Region that it was [signed](signed_region) for and its form body. Whatever
    /// the bytes, there is an answer. A request without a Region is asked in us-east-1.
    pub fn respond(&self, region: Option<&str>, form: &[u8]) -> Response {
        let request_id = self.next_request_id();
        match self.body(region.unwrap_or(DEFAULT_REGION), form, &request_id) {
            Ok(body) => Response {
                status: 200,
                request_id,
                body,
            },
            Err(refusal) => refusal.into_reply(request_id),
        }
    }

    /// The value of the HTTP header `Date` in a response sent now. The sample data has a clock of its own.
    pub fn http_date(&self) -> String {
        self.clock.http_date()
    }

    /// The error answer to something that is no request form at all.
    fn refuse(&self, refusal: Refusal) -> Response {
        refusal.into_reply(self.next_request_id())
    }

    fn body(&self, region: &str, form: &[u8], request_id: &str) -> Result<String, Refusal> {
        if let Some(bucket) = &self.bucket
            && !bucket.take(Instant::now())
        {
            return Err(Refusal::with_status(
                503,
                "RequestLimitExceeded",
                "Request limit exceeded.",
            ));
        }
        let mut parameters = Parameters::parse(form)?;
        let (name, answer) = request::action(&parameters, ACTIONS)?;
        let call = Call::new(name, region, request_id, self.clock, &mut parameters)?;
        answer(&self.account, &call, parameters)
    }

    /// Request IDs count up, so that the same requests get the same bytes.
    fn next_request_id(&self) -> String {
        let number = self.answered.fetch_add(1, Ordering::Relaxed) + 1;
        format!("00000000-0000-4000-8000-{:012x}", number & 0xffff_ffff_ffff)
    }
}

#[cfg(test)]
mod tests;
