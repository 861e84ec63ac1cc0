//! Request throttling with a token bucket, as the service does it.

use std::str::FromStr;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use super::number_list;

/// A rate limit: `burst=100,rate=20` allows 100 requests at once, and 20 per second after that.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Throttle {
    burst: u32,
    rate: u32,
}

/// Why a text is not a valid [`Throttle`].
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}; the format is burst=100,rate=20")]
pub struct ThrottleError(String);

const MAX_NUMBER: usize = u32::MAX as usize;

impl FromStr for Throttle {
    type Err = ThrottleError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let keys = [("burst", 1..=MAX_NUMBER), ("rate", 1..=MAX_NUMBER)];
        let [burst, rate] = number_list::parse(text, keys).map_err(ThrottleError)?;
        Ok(Self {
            burst: burst as u32,
            rate: rate as u32,
        })
    }
}

/// A token bucket. Each request takes a token.
#[derive(Debug)]
pub(super) struct Bucket {
    throttle: Throttle,
    state: Mutex<BucketState>,
}

#[derive(Debug)]
struct BucketState {
    tokens: f64,
    updated: Instant,
}

impl Bucket {
    /// A full bucket.
    pub fn new(throttle: Throttle) -> Self {
        Self {
            throttle,
            state: Mutex::new(BucketState {
                tokens: throttle.burst.into(),
                updated: Instant::now(),
            }),
        }
    }

    /// Takes a token if one is left.
    pub fn take(&self, now: Instant) -> bool {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let refill = now.saturating_duration_since(state.updated).as_secs_f64()
            * f64::from(self.throttle.rate);
        state.tokens = (state.tokens + refill).min(self.throttle.burst.into());
        state.updated = state.updated.max(now);
        let taken = state.tokens >= 1.0;
        if taken {
            state.tokens -= 1.0;
        }
        taken
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_bucket_drains_and_refills() {
        let bucket = Bucket::new("burst=3,rate=2".parse().unwrap());
        let start = bucket.state.lock().unwrap().updated;
        let at = |milliseconds| start + Duration::from_millis(milliseconds);
        let taken = |milliseconds| (0..9).filter(|_| bucket.take(at(milliseconds))).count();
        assert_eq!(taken(0), 3);
        assert_eq!(taken(499), 0);
        assert_eq!(taken(501), 1);
        assert_eq!(taken(1501), 2);
        assert_eq!(taken(60_000), 3);
        assert_eq!(taken(1), 0);
    }

    #[test]
    fn invalid_limits_are_rejected() {
        assert_eq!(
            " rate = 20, burst=100".parse(),
            Ok(Throttle {
                burst: 100,
                rate: 20
            })
        );
        for (text, why) in [
            ("", "missing '=' in ''"),
            ("rate=1", "missing key 'burst'"),
            ("burst=1", "missing key 'rate'"),
            (
                "burst=0,rate=1",
                "invalid value in 'burst=0': expected a whole number from 1 to 4294967295",
            ),
            ("burst=1,rate=0.5", "invalid value in 'rate=0.5'"),
            ("burst=1,burst=1,rate=1", "duplicate key 'burst'"),
            ("depth=1", "unknown key 'depth'"),
        ] {
            let error = text.parse::<Throttle>().unwrap_err().to_string();
            assert!(error.starts_with(why), "{text}: {error}");
        }
    }
}
