//! The delays between polls.

use std::time::Duration;

/// Delays that grow by half each time, up to a limit, with a jitter of a fifth, so that programs that start together do
/// not poll together.
#[derive(Debug)]
pub(super) struct Backoff {
    first: Duration,
    max: Duration,
    next: Duration,
}

impl Backoff {
    pub(super) fn new(first: Duration, max: Duration) -> Self {
        Self {
            first,
            max,
            next: first,
        }
    }

    /// Returns the next delay.
    pub(super) fn next(&mut self) -> Duration {
        let delay = self.next;
        self.next = (delay * 3 / 2).min(self.max);
        delay.mul_f64(0.8 + 0.4 * fastrand::f64())
    }

    /// Resets the delay after progress.
    pub(super) fn reset(&mut self) {
        self.next = self.first;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_grow_to_their_limit() {
        let mut backoff = Backoff::new(Duration::from_millis(500), Duration::from_secs(15));
        let mut usual = 0.5;
        for _ in 0..20 {
            let delay = backoff.next().as_secs_f64();
            assert!(
                (0.79 * usual..1.21 * usual).contains(&delay),
                "{delay} {usual}"
            );
            usual = f64::min(usual * 1.5, 15.0);
        }
        backoff.reset();
        assert!(backoff.next() < Duration::from_secs(1));
    }
}
