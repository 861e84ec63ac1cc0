//! Parsers of single values: numbers, durations and addresses.

use std::net::SocketAddr;
use std::num::{NonZeroI32, NonZeroU32, NonZeroU64, NonZeroUsize};
use std::time::Duration;

/// One year. Durations far beyond it overflow the clock.
const MAX_DURATION: Duration = Duration::from_secs(31_536_000);

/// The service accepts about 20 requests per second: more concurrency gains nothing.
const MAX_CONCURRENCY: usize = 64;

/// The value of `--max-attempts`.
pub fn max_attempts(text: &str) -> Result<NonZeroU32, String> {
    text.parse()
        .map_err(|_| "expected a whole number, at least 1 (1: no retries)".to_owned())
}

/// The value of `--concurrency`.
pub fn concurrency(text: &str) -> Result<NonZeroUsize, String> {
    text.parse()
        .ok()
        .filter(|number: &NonZeroUsize| number.get() <= MAX_CONCURRENCY)
        .ok_or_else(|| format!("expected a whole number from 1 to {MAX_CONCURRENCY}"))
}

/// A timeout in seconds. As in the AWS CLI, zero means none.
pub fn seconds(text: &str) -> Result<Duration, String> {
    text.parse()
        .ok()
        .filter(|seconds| (0.0..=MAX_DURATION.as_secs_f64()).contains(seconds))
        .map(Duration::from_secs_f64)
        .ok_or_else(|| "expected seconds, such as 60 or 0.5 (0: no timeout)".to_owned())
}

/// A duration in seconds or with units. Zero means no limit.
pub fn time(text: &str) -> Result<Duration, String> {
    let time = match text.parse() {
        Ok(seconds) => Some(Duration::from_secs(seconds)),
        Err(_) => humantime::parse_duration(text).ok(),
    };
    time.filter(|time| *time <= MAX_DURATION).ok_or_else(|| {
        "expected a duration such as 90s, 30m or 2h, at most a year (0: no limit)".to_owned()
    })
}

/// An age, which cannot be zero.
pub fn age(text: &str) -> Result<Duration, String> {
    (time(text).ok().filter(|age| !age.is_zero()))
        .ok_or_else(|| "expected an age such as 90m, 24h or 3d, at most a year".to_owned())
}

/// The value of `--max-items`.
pub fn max_items(text: &str) -> Result<NonZeroU64, String> {
    text.parse()
        .map_err(|_| "expected a whole number, at least 1; omit the option for no limit".to_owned())
}

/// The value of `--page-size`.
pub fn page_size(text: &str) -> Result<NonZeroI32, String> {
    text.parse()
        .ok()
        .filter(|size: &NonZeroI32| size.is_positive())
        .ok_or_else(|| format!("expected a whole number from 1 to {}", i32::MAX))
}

/// The value of `--listen`.
pub fn address(text: &str) -> Result<SocketAddr, String> {
    text.parse()
        .map_err(|_| "expected an IP address and a port, such as 127.0.0.1:4566".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timeouts_are_whole_or_decimal_seconds() {
        assert_eq!(seconds("60"), Ok(Duration::from_secs(60)));
        assert_eq!(seconds("0.25"), Ok(Duration::from_millis(250)));
        assert_eq!(seconds("0"), Ok(Duration::ZERO));
        for invalid in ["", "-1", "1s", "inf", "nan", "1e300"] {
            assert!(seconds(invalid).is_err(), "{invalid}");
        }
    }

    #[test]
    fn durations_are_seconds_or_have_units() {
        assert_eq!(time("90"), Ok(Duration::from_secs(90)));
        assert_eq!(time("0"), Ok(Duration::ZERO));
        assert_eq!(time("1h 30m"), Ok(Duration::from_secs(5400)));
        for invalid in ["", "-1", "1x", "2y", "99999999999999999999"] {
            assert!(time(invalid).is_err(), "{invalid}");
        }
    }
}
