//! How long to wait for an answer, and how often to ask again.

use std::num::NonZeroU32;
use std::time::Duration;

use aws_config::profile::ProfileSet;
use aws_config::retry::{RetryConfig, RetryMode};
use aws_config::timeout::TimeoutConfig;
use aws_types::os_shim_internal::Env;

use super::RequestError;

/// What the user says about it.
#[derive(Clone, Copy, Debug)]
pub struct RetrySettings {
    /// How often to try a request at most; else as `AWS_MAX_ATTEMPTS` or the profile says.
    pub max_attempts: Option<NonZeroU32>,
    /// How long a connection may take, TLS and proxy included; without end when absent.
    pub connect_timeout: Option<Duration>,
    /// How long the service may be silent; without end when absent.
    pub read_timeout: Option<Duration>,
}

/// How often a request is tried at most where nobody says. Of EC2's requests those that are throttled do not count.
pub(super) const MAX_ATTEMPTS: NonZeroU32 = NonZeroU32::new(10).unwrap();

impl RetrySettings {
    /// The time-outs in the SDK's terms.
    pub(super) fn timeouts(&self) -> TimeoutConfig {
        let mut timeouts = TimeoutConfig::builder();
        // Absent is not unset: it takes the SDK's own limit away.
        timeouts.set_connect_timeout(self.connect_timeout);
        timeouts.set_read_timeout(self.read_timeout);
        timeouts.build()
    }

    /// The retries of a client that has no settings but these.
    pub(super) fn own_retries(&self) -> RetryConfig {
        retries(self.max_attempts, RetryMode::Standard)
    }

    /// The retries, each setting from the first that has it: the flag, the environment, the profile.
    ///
    /// The SDK reads these settings too, but panics on a value that it does not know, such as the mode `legacy`
    /// of older AWS CLIs.
    ///
    /// With them comes whether anybody chose the number of attempts.
    ///
    /// # Errors
    /// [`RequestError::Configuration`] for a value that makes no sense.
    pub(super) fn retries(
        &self,
        env: &Env,
        profiles: &ProfileSet,
    ) -> Result<(RetryConfig, bool), RequestError> {
        let setting = |variable: &'static str, key: &'static str| {
            let set = |value: &String| !value.trim().is_empty();
            let in_env = env.get(variable).ok().filter(set);
            let in_profile = || profiles.get(key).map(str::to_owned).filter(set);
            in_env
                .map(|value| (variable, value))
                .or_else(|| in_profile().map(|value| (key, value)))
        };
        let max_attempts = match self.max_attempts {
            Some(flag) => Some(flag),
            None => setting("AWS_MAX_ATTEMPTS", "max_attempts")
                .map(|(name, value)| {
                    value
                        .trim()
                        .parse()
                        .map_err(|_| wrong(name, &value, "a whole number from 1 on"))
                })
                .transpose()?,
        };
        let mode = match setting("AWS_RETRY_MODE", "retry_mode") {
            None => RetryMode::Standard,
            // botocore's oldest mode, which the SDK does not have, differs in the number of attempts above all.
            Some((_, mode)) if mode.trim().eq_ignore_ascii_case("legacy") => RetryMode::Standard,
            Some((name, value)) => value
                .parse()
                .map_err(|_| wrong(name, &value, "standard, adaptive or legacy"))?,
        };
        Ok((retries(max_attempts, mode), max_attempts.is_some()))
    }
}

fn retries(max_attempts: Option<NonZeroU32>, mode: RetryMode) -> RetryConfig {
    RetryConfig::standard()
        .with_retry_mode(mode)
        .with_max_attempts(max_attempts.unwrap_or(MAX_ATTEMPTS).get())
}

/// The same retries, but without an end to them: who uses it ends them otherwise.
pub(super) fn endless(retries: RetryConfig) -> RetryConfig {
    retries.with_max_attempts(u32::MAX)
}

fn wrong(name: &str, value: &str, wanted: &str) -> RequestError {
    RequestError::Configuration {
        problem: format!("{name} is `{value}`, which is not {wanted}"),
        hint: format!("mend or unset {name}"),
    }
}
