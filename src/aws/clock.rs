//! The service's time, from the `Date` header of its responses.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering::Relaxed};
use std::time::{Duration, SystemTime};

use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;

/// The local clock, corrected where it differs from the service's. Clones share the correction.
#[derive(Clone, Debug, Default)]
pub(super) struct ServiceClock {
    /// What to add to the local time, in milliseconds.
    offset: Arc<AtomicI64>,
}

impl ServiceClock {
    /// Up to this difference the local clock is used: `Date` has whole seconds, and a response is in transit for a
    /// while.
    const TOLERANCE: Duration = Duration::from_secs(60);

    /// Compares the local time with the `Date` header of a response that has just arrived. A malformed one is ignored.
    pub(super) fn synchronize(&self, date: &str) {
        let date = DateTime::from_str(date, Format::HttpDate).ok();
        if let Some(service) = date.and_then(|date| date.to_millis().ok())
            && let Ok(local) = DateTime::from(SystemTime::now()).to_millis()
        {
            let offset = service.saturating_sub(local);
            let tolerated = u128::from(offset.unsigned_abs()) <= Self::TOLERANCE.as_millis();
            self.offset
                .store(if tolerated { 0 } else { offset }, Relaxed);
        }
    }

    /// The service's time.
    pub(super) fn now(&self) -> SystemTime {
        let offset = self.offset.load(Relaxed);
        let amount = Duration::from_millis(offset.unsigned_abs());
        let local = SystemTime::now();
        let corrected = if offset < 0 {
            local.checked_sub(amount)
        } else {
            local.checked_add(amount)
        };
        corrected.unwrap_or(local)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn http_date(time: SystemTime) -> String {
        DateTime::from(time).fmt(Format::HttpDate).unwrap()
    }

    /// Seconds between two times, whichever is later.
    fn seconds_apart(a: SystemTime, b: SystemTime) -> u64 {
        (a.duration_since(b).or_else(|_| b.duration_since(a)))
            .unwrap()
            .as_secs()
    }

    #[test]
    fn a_difference_of_more_than_a_minute_is_corrected() {
        let clock = ServiceClock::default();
        let local = SystemTime::now();
        for seconds in [62, 3600, 400 * 24 * 3600] {
            let amount = Duration::from_secs(seconds);
            for service in [local + amount, local - amount] {
                clock.clone().synchronize(&http_date(service));
                assert!(seconds_apart(clock.now(), service) < 30, "{seconds}");
            }
        }
        clock.synchronize("Tue, 21 Oct 2025 06:00:00 GMT");
        let service = SystemTime::UNIX_EPOCH + Duration::from_secs(1_761_026_400);
        assert!(seconds_apart(clock.now(), service) < 30);
    }

    #[test]
    fn the_local_clock_is_used_otherwise() {
        let clock = ServiceClock::default();
        let is_local = |clock: &ServiceClock| {
            let before = SystemTime::now();
            let now = clock.now();
            before <= now && now <= SystemTime::now()
        };
        assert!(is_local(&clock));
        clock.synchronize("yesterday");
        assert!(is_local(&clock));
        clock.synchronize("Tue, 21 Oct 2025 06:00:00 GMT");
        assert!(!is_local(&clock));
        clock.synchronize("yesterday");
        assert!(!is_local(&clock));
        clock.synchronize(&http_date(SystemTime::now() + Duration::from_secs(30)));
        assert!(is_local(&clock));
    }
}
