//! The emulated service: one request in, one response out.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use super::account::{Account, Settings};
use super::accounts;
use super::actions::{ACTIONS, AUTO_SCALING};
use super::clock::Clock;
use super::form::Parameters;
use super::region::region_of;
use super::request::{self, DEFAULT_REGION, RequestContext};
use super::response::{ApiError, Response};
use super::state::State;
use super::throttle::Bucket;

/// Handles the image usage actions on a [`State`], which some of them change.
#[derive(Debug)]
pub struct Emulator {
    account: Account,
    clock: Clock,
    bucket: Option<Bucket>,
    request_count: AtomicU64,
}

impl Emulator {
    /// An emulator of the account in `state`, with default [`Settings`].
    pub fn new(state: State) -> Self {
        Self::with_settings(state, Settings::default())
    }

    /// An emulator of the account in `state`.
    pub fn with_settings(state: State, settings: Settings) -> Self {
        Self {
            bucket: settings.throttle.map(Bucket::new),
            clock: Clock::new(state.clock_start()),
            account: Account::new(state, settings),
            request_count: AtomicU64::new(0),
        }
    }

    /// Handles one request, given the Region that it was [signed] for and its form body or query string. Invalid bytes
    /// get an error response. Without a Region, the request is for the one of a signed query string, or for us-east-1.
    ///
    /// [signed]: super::signed_region
    pub fn respond(&self, region: Option<&str>, form: &[u8]) -> Response {
        let request_id = self.next_request_id();
        match self.handle(region, form, &request_id) {
            Ok(body) => Response {
                status: 200,
                request_id,
                body,
            },
            Err(error) if is_for_auto_scaling(form) => error.into_auto_scaling_response(request_id),
            Err(error) => error.into_response(request_id),
        }
    }

    /// Handles one request to AWS Organizations, given the value of its header `X-Amz-Target` and its JSON body.
    pub fn respond_json(&self, target: &str, body: &[u8]) -> Response {
        let state = &self.account.read().state;
        let (status, body) = accounts::respond(state.accounts.as_deref(), target, body);
        Response {
            status,
            request_id: self.next_request_id(),
            body,
        }
    }

    /// The value of the HTTP header `Date` in a response sent now. The sample data has a clock of its own.
    pub fn http_date(&self) -> String {
        self.clock.http_date()
    }

    /// The response to an HTTP request that is not an EC2 Query request.
    pub(super) fn reject(&self, error: ApiError) -> Response {
        error.into_response(self.next_request_id())
    }

    fn handle(
        &self,
        region: Option<&str>,
        form: &[u8],
        request_id: &str,
    ) -> Result<String, ApiError> {
        if let Some(bucket) = &self.bucket
            && !bucket.take(Instant::now())
        {
            return Err(ApiError::with_status(
                503,
                "RequestLimitExceeded",
                "Request limit exceeded.",
            ));
        }
        let mut parameters = Parameters::parse(form)?;
        let credential = parameters.signature();
        let region =
            (region.or_else(|| region_of(credential.as_deref()?))).unwrap_or(DEFAULT_REGION);
        let (name, action) = request::action(&parameters, ACTIONS)?;
        let context = RequestContext::new(name, region, request_id, self.clock, &mut parameters)?;
        action(&self.account, &context, parameters)
    }

    /// Request IDs are sequential, so that the same requests get the same bytes.
    fn next_request_id(&self) -> String {
        let number = self.request_count.fetch_add(1, Ordering::Relaxed) + 1;
        format!("00000000-0000-4000-8000-{:012x}", number & 0xffff_ffff_ffff)
    }
}

/// Whether a request is for EC2 Auto Scaling, whose errors have another format.
fn is_for_auto_scaling(form: &[u8]) -> bool {
    form_urlencoded::parse(form).any(|(name, value)| name == "Version" && value == AUTO_SCALING)
}
