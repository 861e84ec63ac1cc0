//! The pace of a client's requests: once the service throttles one, all of them slow down together.
//!
//! A wrapper round the HTTP client makes each attempt wait for its turn, and a retry classifier learns from the SDK's
//! verdict what the service allows. Until the first throttling answer nothing waits.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use aws_sdk_ec2::config::SharedHttpClient;
use aws_sdk_ec2::config::interceptors::InterceptorContext;
use aws_sdk_ec2::config::retry::{ClassifyRetry, RetryAction};
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::retries::classifiers::{RetryClassifierPriority, RetryReason};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::retry::ErrorKind;
use tokio::time::{Instant, sleep_until};

use super::attempt::Attempt;

/// The pace that the requests of one client share.
#[derive(Clone, Debug, Default)]
pub(super) struct RateLimiter {
    rate: Arc<Mutex<Rate>>,
    /// Held by the request whose turn is next: the others learn theirs by the rate that holds then.
    gate: Arc<tokio::sync::Mutex<()>>,
}

impl RateLimiter {
    /// `client`, each of whose requests waits for its turn.
    pub(super) fn of(&self, client: SharedHttpClient) -> SharedHttpClient {
        SharedHttpClient::new(Paced {
            client,
            rate_limiter: self.clone(),
        })
    }

    /// Waits for the turn of a request.
    async fn turn(&self) {
        let _gate = self.gate.lock().await;
        let turn = self.rate().turn(Instant::now());
        if let Some(turn) = turn {
            sleep_until(turn).await;
        }
    }

    /// Whether the service has throttled all requests for so long that waiting seems to be of no use.
    pub(super) fn is_stuck(&self) -> bool {
        self.rate().is_stuck(Instant::now())
    }

    fn rate(&self) -> MutexGuard<'_, Rate> {
        self.rate.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether the SDK takes an answer for a throttling one.
pub(super) fn is_throttling(verdict: &RetryAction) -> bool {
    let throttling = ErrorKind::ThrottlingError;
    matches!(
        verdict,
        RetryAction::RetryIndicated(RetryReason::RetryableError { kind, .. }) if *kind == throttling
    )
}

impl ClassifyRetry for RateLimiter {
    fn classify_retry(&self, _context: &InterceptorContext) -> RetryAction {
        RetryAction::NoActionIndicated
    }

    fn classify_retry_v2(
        &self,
        context: &InterceptorContext,
        verdict: &RetryAction,
    ) -> RetryAction {
        let response = context.response();
        let Some(Sent(sent)) = response.and_then(|response| response.extension()) else {
            return RetryAction::NoActionIndicated;
        };
        if is_throttling(verdict) {
            self.rate().throttled(*sent, Instant::now());
            // The wait is that for its turn.
            let kind = ErrorKind::ThrottlingError;
            return RetryAction::retryable_error_with_explicit_delay(kind, Duration::ZERO);
        }
        self.rate().allowed(Instant::now());
        RetryAction::NoActionIndicated
    }

    fn name(&self) -> &'static str {
        "Pace"
    }

    fn priority(&self) -> RetryClassifierPriority {
        // The last word, after those whose verdict this is about.
        let transient = RetryClassifierPriority::transient_error_classifier();
        RetryClassifierPriority::run_after(RetryClassifierPriority::run_after(transient))
    }
}

#[derive(Debug)]
struct Paced {
    client: SharedHttpClient,
    rate_limiter: RateLimiter,
}

impl HttpClient for Paced {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(PacedConnector {
            inner: self.client.http_connector(settings, components),
            rate_limiter: self.rate_limiter.clone(),
        })
    }
}

#[derive(Debug)]
struct PacedConnector {
    inner: SharedHttpConnector,
    rate_limiter: RateLimiter,
}

/// When a request was sent.
#[derive(Clone, Copy, Debug)]
struct Sent(Instant);

impl HttpConnector for PacedConnector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let (inner, rate_limiter) = (self.inner.clone(), self.rate_limiter.clone());
        let attempt = Attempt::of_request(&request);
        HttpConnectorFuture::new(async move {
            rate_limiter.turn().await;
            let sent = Sent(Instant::now());
            let mut answer = attempt.mark(inner.call(request).await);
            if let Ok(response) = &mut answer {
                response.add_extension(sent);
            }
            answer
        })
    }
}

/// How far back the answers go from which the service's rate is told.
const WINDOW: Duration = Duration::from_secs(2);

/// What is left of the rate at the most after a throttling answer, and at the least: what the service allowed just
/// now lies in between, as long as there was as much to ask.
const LESS: f64 = 0.95;
const LEAST: f64 = 0.7;

/// By how much each answer raises the rate, in requests a second: a twentieth of the rate in a second.
const MORE: f64 = 0.05;

/// The rate does not fall below this, in requests a second.
const SLOWEST: f64 = 0.5;

/// How long the service may throttle everything.
const STUCK: Duration = Duration::from_secs(120);

/// How many requests a second the service seems to allow.
#[derive(Debug, Default)]
struct Rate {
    /// Absent until the first throttling answer.
    per_second: Option<f64>,
    /// The next turn that is free.
    free: Option<Instant>,
    /// When the rate was lowered for the last time.
    lowered: Option<Instant>,
    /// When requests were answered otherwise than by throttling, within the window.
    allowed: VecDeque<Instant>,
    /// The first throttling answer after the last other one.
    stuck: Option<Instant>,
}

impl Rate {
    /// Gives away the next turn; nothing when it is now.
    fn turn(&mut self, now: Instant) -> Option<Instant> {
        let per_second = self.per_second?;
        let turn = self.free.map_or(now, |free| free.max(now));
        self.free = Some(turn + Duration::from_secs_f64(1.0 / per_second));
        (turn > now).then_some(turn)
    }

    /// Learns that a request was not throttled.
    fn allowed(&mut self, now: Instant) {
        self.stuck = None;
        self.allowed.push_back(now);
        self.forget(now);
        if let Some(per_second) = &mut self.per_second {
            *per_second += MORE;
        }
    }

    /// Learns that a request was throttled.
    fn throttled(&mut self, sent: Instant, now: Instant) {
        self.stuck.get_or_insert(now);
        // What was sent at the old rate says nothing about the new one.
        if self.lowered.is_some_and(|lowered| sent <= lowered) {
            return;
        }
        self.forget(now);
        let seen = match self.allowed.front() {
            Some(first) => {
                let time = now.duration_since(*first).max(Duration::from_millis(100));
                self.allowed.len() as f64 / time.as_secs_f64()
            }
            None => 0.0,
        };
        let rate = self.per_second.unwrap_or(seen);
        self.per_second = Some((seen * LESS).clamp(rate * LEAST, rate * LESS).max(SLOWEST));
        self.lowered = Some(now);
    }

    fn is_stuck(&self, now: Instant) -> bool {
        self.stuck
            .is_some_and(|since| now.duration_since(since) > STUCK)
    }

    fn forget(&mut self, now: Instant) {
        while (self.allowed.front()).is_some_and(|first| now.duration_since(*first) > WINDOW) {
            self.allowed.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// Programs of so many chains each that together ask for `pages`, of a service with a bucket: how long they take,
    /// and how many requests they send.
    fn run(programs: usize, chains: usize, pages: usize, burst: f64, rate: f64) -> (f64, usize) {
        const ANSWER: Duration = Duration::from_millis(50);
        let start = Instant::now();
        let mut rates: Vec<_> = (0..programs).map(|_| Rate::default()).collect();
        let (mut tokens, mut filled) = (burst, start);
        let (mut left, mut requests, mut end) = (pages, 0, start);
        // Which chains of a program wait at its gate, first the one whose turn is next.
        let mut gates = vec![VecDeque::new(); programs];
        // What happens next: when, to which chain, and whether it sends or is answered, as allowed or not.
        let mut events = BTreeSet::new();
        for chain in 0..programs * chains {
            gates[chain % programs].push_back(chain);
            if chain < programs {
                events.insert((start + Duration::from_micros(chain as u64), chain, None));
            }
        }
        while let Some((now, chain, answer)) = events.pop_first() {
            let (own, gate) = (&mut rates[chain % programs], &mut gates[chain % programs]);
            let first = match answer {
                None => {
                    // The token is taken when the request arrives.
                    requests += 1;
                    tokens = (tokens + (now - filled).as_secs_f64() * rate).min(burst);
                    filled = now;
                    let allowed = tokens >= 1.0;
                    tokens -= f64::from(u8::from(allowed));
                    events.insert((now + ANSWER, chain, Some(allowed)));
                    gate.pop_front();
                    true
                }
                Some(allowed) => {
                    match allowed {
                        true => own.allowed(now),
                        false => own.throttled(now - ANSWER, now),
                    }
                    left -= usize::from(allowed);
                    if left == 0 {
                        end = now;
                        break;
                    }
                    gate.push_back(chain);
                    gate.len() == 1
                }
            };
            if let Some(chain) = gate.front().filter(|_| first) {
                events.insert((own.turn(now).unwrap_or(now), *chain, None));
            }
        }
        ((end - start).as_secs_f64(), requests)
    }

    #[test]
    fn what_the_service_allows_is_used() {
        for (programs, chains, pages, burst, rate) in [
            (1, 1, 1000, 100.0, 20.0),
            (1, 8, 400, 100.0, 20.0),
            (1, 8, 2000, 100.0, 20.0),
            (1, 64, 2000, 100.0, 20.0),
            (1, 8, 300, 10.0, 2.0),
            (1, 8, 2000, 100.0, 100.0),
            (16, 8, 4000, 100.0, 20.0),
        ] {
            let (took, requests) = run(programs, chains, pages, burst, rate);
            let round_trips = pages.div_ceil(programs * chains) as f64 * 0.05;
            let best = round_trips.max((pages as f64 - burst) / rate);
            let case = format!(
                "{programs} {chains} {pages} {burst} {rate}: {took:.1} s of {best:.1}, {requests}"
            );
            assert!(took <= best * 1.05, "{case}");
            assert!(requests as f64 <= pages as f64 * 1.4, "{case}");
        }
    }

    #[test]
    fn nothing_waits_before_the_first_throttling_answer() {
        let now = Instant::now();
        let mut rate = Rate::default();
        for _ in 0..1000 {
            rate.allowed(now);
            assert_eq!(rate.turn(now), None);
        }
    }

    #[test]
    fn answers_to_what_was_sent_together_lower_the_rate_once() {
        let start = Instant::now();
        let second = Duration::from_secs(1);
        let mut rate = Rate::default();
        for _ in 0..100 {
            rate.allowed(start);
        }
        rate.throttled(start, start + second);
        let once = rate.per_second;
        assert_eq!(once, Some(95.0));
        rate.throttled(start, start + second);
        assert_eq!(rate.per_second, once);
        rate.throttled(start + 2 * second, start + 3 * second);
        assert!(rate.per_second < once);
        assert!(!rate.is_stuck(start + 100 * second));
        assert!(rate.is_stuck(start + 122 * second));
    }
}
