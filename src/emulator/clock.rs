//! The clock of the emulated service.

use std::time::{Duration, Instant, SystemTime};

use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;

/// The time of the emulated service: the system's, or one that starts at a fixed time of its own.
#[derive(Clone, Copy, Debug)]
pub(super) struct Clock {
    fixed: Option<FixedStart>,
}

#[derive(Clone, Copy, Debug)]
struct FixedStart {
    time: SystemTime,
    started: Instant,
}

/// The times of new reports are rounded up to this on a clock with a fixed start, so that two runs print the same.
/// Up, because a report must not be older than the request that created it.
const REPORT_TIME_STEP: Duration = Duration::from_secs(60);

impl Clock {
    /// The system clock, or one that shows `start` now.
    pub fn new(start: Option<SystemTime>) -> Self {
        let fixed = start.map(|time| FixedStart {
            time,
            started: Instant::now(),
        });
        Self { fixed }
    }

    pub fn now(&self) -> SystemTime {
        match self.fixed {
            Some(fixed) => fixed.time + fixed.started.elapsed(),
            None => SystemTime::now(),
        }
    }

    /// The creation time of a report that is created at `now`.
    pub fn report_time(&self, now: SystemTime) -> SystemTime {
        let Some(fixed) = self.fixed else {
            return now;
        };
        let elapsed = now.duration_since(fixed.time).unwrap_or_default();
        let steps = elapsed.as_secs() / REPORT_TIME_STEP.as_secs() + 1;
        fixed.time + Duration::from_secs(steps * REPORT_TIME_STEP.as_secs())
    }

    /// The value of an HTTP `Date` header.
    pub fn http_date(&self) -> String {
        DateTime::from_secs(DateTime::from(self.now()).secs())
            .fmt(Format::HttpDate)
            .unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fixed_start_ticks_and_rounds_report_times_up() {
        let start = SystemTime::UNIX_EPOCH + Duration::from_secs(1_761_026_400);
        let clock = Clock::new(Some(start));
        let now = clock.now();
        assert!(now >= start && now < start + REPORT_TIME_STEP);
        assert!(clock.now() >= now);
        assert!(clock.http_date().starts_with("Tue, 21 Oct 2025 06:00:"));
        for (elapsed, rounded) in [(0, 60), (59, 60), (60, 120), (61, 120)] {
            assert_eq!(
                clock.report_time(start + Duration::from_secs(elapsed)),
                start + Duration::from_secs(rounded)
            );
        }
    }

    #[test]
    fn the_system_clock_is_exact() {
        let clock = Clock::new(None);
        let before = SystemTime::now();
        let now = clock.now();
        assert!(now >= before && now <= SystemTime::now());
        assert_eq!(clock.report_time(now), now);
    }
}
