//! Limits the rate of a client's requests: when the service throttles one, all of them back off together.
//!
//! A wrapper around the HTTP client delays each attempt, and a retry classifier adapts the rate to the responses. Before
//! the first throttled response nothing is delayed.

use std::collections::VecDeque;
use std::ops::RangeInclusive;
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

/// The rate limit that the requests of one client share.
#[derive(Clone, Debug, Default)]
pub(super) struct RateLimiter {
    rate: Arc<Mutex<Rate>>,
    /// Held by the next request to send, so that the others are scheduled at the rate of their time.
    queue: Arc<tokio::sync::Mutex<()>>,
}

impl RateLimiter {
    /// Wraps `client` so that its requests obey the limit.
    pub(super) fn wrap(&self, client: SharedHttpClient) -> SharedHttpClient {
        SharedHttpClient::new(RateLimitedClient {
            client,
            rate_limiter: self.clone(),
        })
    }

    /// Waits until a request may be sent.
    async fn acquire(&self) {
        let _guard = self.queue.lock().await;
        let slot = self.rate().reserve(Instant::now());
        if let Some(slot) = slot {
            sleep_until(slot).await;
        }
    }

    /// Whether the service has throttled all requests for [`MAX_THROTTLED_TIME`].
    pub(super) fn is_blocked(&self) -> bool {
        self.rate().is_blocked(Instant::now())
    }

    fn rate(&self) -> MutexGuard<'_, Rate> {
        self.rate.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether the SDK retries because of throttling.
pub(super) fn is_throttling(action: &RetryAction) -> bool {
    let throttling = ErrorKind::ThrottlingError;
    matches!(
        action,
        RetryAction::RetryIndicated(RetryReason::RetryableError { kind, .. }) if *kind == throttling
    )
}

impl ClassifyRetry for RateLimiter {
    fn classify_retry(&self, _context: &InterceptorContext) -> RetryAction {
        RetryAction::NoActionIndicated
    }

    fn classify_retry_v2(&self, context: &InterceptorContext, action: &RetryAction) -> RetryAction {
        let response = context.response();
        let Some(SentAt(sent)) = response.and_then(|response| response.extension()) else {
            return RetryAction::NoActionIndicated;
        };
        if is_throttling(action) {
            self.rate().record_throttled(*sent, Instant::now());
            // The rate limit delays the retry.
            let kind = ErrorKind::ThrottlingError;
            return RetryAction::retryable_error_with_explicit_delay(kind, Duration::ZERO);
        }
        self.rate().record_allowed(Instant::now());
        RetryAction::NoActionIndicated
    }

    fn name(&self) -> &'static str {
        "RateLimiter"
    }

    fn priority(&self) -> RetryClassifierPriority {
        // After the classifiers whose result this one reads.
        let transient = RetryClassifierPriority::transient_error_classifier();
        RetryClassifierPriority::run_after(RetryClassifierPriority::run_after(transient))
    }
}

#[derive(Debug)]
struct RateLimitedClient {
    client: SharedHttpClient,
    rate_limiter: RateLimiter,
}

impl HttpClient for RateLimitedClient {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(RateLimitedConnector {
            inner: self.client.http_connector(settings, components),
            rate_limiter: self.rate_limiter.clone(),
        })
    }
}

#[derive(Debug)]
struct RateLimitedConnector {
    inner: SharedHttpConnector,
    rate_limiter: RateLimiter,
}

/// When a request was sent.
#[derive(Clone, Copy, Debug)]
struct SentAt(Instant);

impl HttpConnector for RateLimitedConnector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let (inner, rate_limiter) = (self.inner.clone(), self.rate_limiter.clone());
        let attempt = Attempt::of_request(&request);
        HttpConnectorFuture::new(async move {
            rate_limiter.acquire().await;
            let sent = SentAt(Instant::now());
            let mut result = attempt.mark(inner.call(request).await);
            if let Ok(response) = &mut result {
                response.add_extension(sent);
            }
            result
        })
    }
}

/// The period over which the service's rate is measured.
const MEASUREMENT_WINDOW: Duration = Duration::from_secs(2);

/// After a throttled response the new rate is the measured rate times `DECREASE_FACTOR`, but between
/// `MIN_DECREASE_FACTOR` and `DECREASE_FACTOR` of the current rate: a client with few requests measures too little.
const DECREASE_FACTOR: f64 = 0.95;
const MIN_DECREASE_FACTOR: f64 = 0.7;

/// By how much each response that is not throttled increases the rate, in requests per second: at the full rate, by 5%
/// per second.
const INCREASE_PER_RESPONSE: f64 = 0.05;

/// The increase near the rate that was throttled last, where each probe is likely to be throttled again, and the part of
/// that rate from which, and up to which, it is near.
const INCREASE_NEAR_LIMIT: f64 = 0.01;
const NEAR_LIMIT: RangeInclusive<f64> = 0.95..=1.1;

/// The minimum rate, in requests per second.
const MIN_RATE: f64 = 0.5;

/// For how long requests wait while the service throttles all of them.
const MAX_THROTTLED_TIME: Duration = Duration::from_secs(120);

/// An estimate of the requests per second that the service allows.
#[derive(Debug, Default)]
struct Rate {
    /// `None` until the first throttled response.
    per_second: Option<f64>,
    /// When the next request may be sent.
    next_slot: Option<Instant>,
    /// When the rate was last decreased, and from which rate.
    decreased: Option<Instant>,
    limit: Option<f64>,
    /// When responses arrived that were not throttled, within the window.
    allowed: VecDeque<Instant>,
    /// When the service started to throttle all requests.
    throttled_since: Option<Instant>,
}

impl Rate {
    /// Reserves the next slot for a request; `None` if that is now.
    fn reserve(&mut self, now: Instant) -> Option<Instant> {
        let per_second = self.per_second?;
        let slot = self.next_slot.map_or(now, |slot| slot.max(now));
        self.next_slot = Some(slot + Duration::from_secs_f64(1.0 / per_second));
        (slot > now).then_some(slot)
    }

    /// Records that a request was not throttled.
    fn record_allowed(&mut self, now: Instant) {
        self.throttled_since = None;
        self.allowed.push_back(now);
        self.prune(now);
        if let Some(per_second) = &mut self.per_second {
            let is_near = |limit: f64| NEAR_LIMIT.contains(&(*per_second / limit));
            *per_second += match self.limit.is_some_and(is_near) {
                true => INCREASE_NEAR_LIMIT,
                false => INCREASE_PER_RESPONSE,
            };
        }
    }

    /// Records that a request was throttled.
    fn record_throttled(&mut self, sent: Instant, now: Instant) {
        self.throttled_since.get_or_insert(now);
        // A request that was sent at the old rate says nothing about the new one.
        if self.decreased.is_some_and(|decreased| sent <= decreased) {
            return;
        }
        self.prune(now);
        let measured = match self.allowed.front() {
            Some(first) => {
                let time = now.duration_since(*first).max(Duration::from_millis(100));
                self.allowed.len() as f64 / time.as_secs_f64()
            }
            None => 0.0,
        };
        let rate = self.per_second.unwrap_or(measured);
        self.limit = Some(rate);
        let decreased =
            (measured * DECREASE_FACTOR).clamp(rate * MIN_DECREASE_FACTOR, rate * DECREASE_FACTOR);
        self.per_second = Some(decreased.max(MIN_RATE));
        self.decreased = Some(now);
    }

    fn is_blocked(&self, now: Instant) -> bool {
        self.throttled_since
            .is_some_and(|since| now.duration_since(since) > MAX_THROTTLED_TIME)
    }

    fn prune(&mut self, now: Instant) {
        while (self.allowed.front())
            .is_some_and(|first| now.duration_since(*first) > MEASUREMENT_WINDOW)
        {
            self.allowed.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// Simulates `programs` with `streams` each that together read `pages` from a service with a token bucket. Returns
    /// the time in seconds and the number of requests.
    fn simulate(
        programs: usize,
        streams: usize,
        pages: usize,
        burst: f64,
        rate: f64,
    ) -> (f64, usize) {
        const LATENCY: Duration = Duration::from_millis(50);
        let start = Instant::now();
        let mut rates: Vec<_> = (0..programs).map(|_| Rate::default()).collect();
        let (mut tokens, mut filled) = (burst, start);
        let (mut left, mut requests, mut end) = (pages, 0, start);
        // The waiting streams of each program, the next to send first.
        let mut queues = vec![VecDeque::new(); programs];
        // Time, stream, and `None` for sending or whether the response is allowed.
        let mut events = BTreeSet::new();
        for stream in 0..programs * streams {
            queues[stream % programs].push_back(stream);
            if stream < programs {
                events.insert((start + Duration::from_micros(stream as u64), stream, None));
            }
        }
        while let Some((now, stream, response)) = events.pop_first() {
            let program = stream % programs;
            let (limit, queue) = (&mut rates[program], &mut queues[program]);
            let is_next = match response {
                None => {
                    // The request takes its token on arrival.
                    requests += 1;
                    tokens = (tokens + (now - filled).as_secs_f64() * rate).min(burst);
                    filled = now;
                    let allowed = tokens >= 1.0;
                    tokens -= f64::from(u8::from(allowed));
                    events.insert((now + LATENCY, stream, Some(allowed)));
                    queue.pop_front();
                    true
                }
                Some(allowed) => {
                    match allowed {
                        true => limit.record_allowed(now),
                        false => limit.record_throttled(now - LATENCY, now),
                    }
                    left -= usize::from(allowed);
                    if left == 0 {
                        end = now;
                        break;
                    }
                    queue.push_back(stream);
                    queue.len() == 1
                }
            };
            if let Some(stream) = queue.front().filter(|_| is_next) {
                events.insert((limit.reserve(now).unwrap_or(now), *stream, None));
            }
        }
        ((end - start).as_secs_f64(), requests)
    }

    #[test]
    fn the_allowed_rate_is_used() {
        for (programs, streams, pages, burst, rate) in [
            (1, 1, 1000, 100.0, 20.0),
            (1, 8, 400, 100.0, 20.0),
            (1, 8, 2000, 100.0, 20.0),
            (1, 64, 2000, 100.0, 20.0),
            (1, 8, 300, 10.0, 2.0),
            (1, 8, 2000, 100.0, 100.0),
            (16, 8, 4000, 100.0, 20.0),
        ] {
            let (seconds, requests) = simulate(programs, streams, pages, burst, rate);
            let round_trips = pages.div_ceil(programs * streams) as f64 * 0.05;
            let best = round_trips.max((pages as f64 - burst) / rate);
            let case = format!(
                "{programs} {streams} {pages} {burst} {rate}: {seconds:.1}s of {best:.1}s, {requests}"
            );
            assert!(seconds <= best * 1.05, "{case}");
            assert!(requests as f64 <= pages as f64 * 1.3, "{case}");
        }
    }

    #[test]
    fn nothing_is_delayed_before_the_first_throttled_response() {
        let now = Instant::now();
        let mut rate = Rate::default();
        for _ in 0..1000 {
            rate.record_allowed(now);
            assert_eq!(rate.reserve(now), None);
        }
    }

    #[test]
    fn concurrent_requests_decrease_the_rate_once() {
        let start = Instant::now();
        let second = Duration::from_secs(1);
        let mut rate = Rate::default();
        for _ in 0..100 {
            rate.record_allowed(start);
        }
        rate.record_throttled(start, start + second);
        let once = rate.per_second;
        assert_eq!(once, Some(95.0));
        rate.record_throttled(start, start + second);
        assert_eq!(rate.per_second, once);
        rate.record_throttled(start + 2 * second, start + 3 * second);
        assert!(rate.per_second < once);
        assert!(!rate.is_blocked(start + 100 * second));
        assert!(rate.is_blocked(start + 122 * second));
    }
}
