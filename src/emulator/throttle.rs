//! The service's token bucket.

use std::str::FromStr;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

/// How many requests are answered: `burst=100,rate=20` answers 100 at once, and 20 a second in the long run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Throttle {
    burst: u32,
    rate: u32,
}

/// Why a text is no [`Throttle`].
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}; write it as burst=100,rate=20")]
pub struct ThrottleError(String);

impl FromStr for Throttle {
    type Err = ThrottleError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut burst = None;
        let mut rate = None;
        for part in text.split(',') {
            let Some((key, value)) = part.split_once('=') else {
                return Err(ThrottleError(format!("'{part}' has no '='")));
            };
            let number = match key.trim() {
                "burst" => &mut burst,
                "rate" => &mut rate,
                other => return Err(ThrottleError(format!("there is no '{other}' to set"))),
            };
            let parsed = value.trim().parse().ok().filter(|&n: &u32| n > 0);
            let parsed = parsed
                .ok_or_else(|| ThrottleError(format!("'{part}' needs a whole number from 1 on")))?;
            if number.replace(parsed).is_some() {
                return Err(ThrottleError(format!("'{}' stands twice", key.trim())));
            }
        }
        match (burst, rate) {
            (Some(burst), Some(rate)) => Ok(Self { burst, rate }),
            (None, _) => Err(ThrottleError("'burst' is missing".to_owned())),
            (_, None) => Err(ThrottleError("'rate' is missing".to_owned())),
        }
    }
}

/// A bucket of tokens, of which each request that is answered takes one.
#[derive(Debug)]
pub(super) struct Bucket {
    throttle: Throttle,
    level: Mutex<Level>,
}

#[derive(Debug)]
struct Level {
    tokens: f64,
    at: Instant,
}

impl Bucket {
    /// A full bucket.
    pub fn new(throttle: Throttle) -> Self {
        Self {
            throttle,
            level: Mutex::new(Level {
                tokens: throttle.burst.into(),
                at: Instant::now(),
            }),
        }
    }

    /// Takes a token, if there is one.
    pub fn take(&self, now: Instant) -> bool {
        let mut level = self.level.lock().unwrap_or_else(PoisonError::into_inner);
        let new =
            now.saturating_duration_since(level.at).as_secs_f64() * f64::from(self.throttle.rate);
        level.tokens = (level.tokens + new).min(self.throttle.burst.into());
        level.at = level.at.max(now);
        let taken = level.tokens >= 1.0;
        if taken {
            level.tokens -= 1.0;
        }
        taken
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_bucket_empties_and_fills() {
        let bucket = Bucket::new("burst=3,rate=2".parse().unwrap());
        let start = bucket.level.lock().unwrap().at;
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
    fn what_is_no_throttle_says_so() {
        assert_eq!(
            " rate = 20, burst=100".parse(),
            Ok(Throttle {
                burst: 100,
                rate: 20
            })
        );
        for (text, why) in [
            ("", "'' has no '='"),
            ("rate=1", "'burst' is missing"),
            ("burst=1", "'rate' is missing"),
            ("burst=0,rate=1", "'burst=0' needs a whole number from 1 on"),
            ("burst=1,rate=0.5", "'rate=0.5' needs"),
            ("burst=1,burst=1,rate=1", "'burst' stands twice"),
            ("depth=1", "there is no 'depth'"),
        ] {
            let error = text.parse::<Throttle>().unwrap_err().to_string();
            assert!(error.starts_with(why), "{text}: {error}");
        }
    }
}
