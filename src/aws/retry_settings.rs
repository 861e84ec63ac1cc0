//! Timeouts and the number of attempts, from the flags, the environment and the profile.

use std::num::NonZeroU32;
use std::time::Duration;

use aws_config::profile::ProfileSet;
use aws_config::retry::{RetryConfig, RetryMode};
use aws_config::timeout::TimeoutConfig;
use aws_types::os_shim_internal::Env;

use super::error::RequestError;

/// The settings that the flags give.
#[derive(Clone, Copy, Debug)]
pub struct RetrySettings {
    /// Maximum attempts per request; `None` for `AWS_MAX_ATTEMPTS`, the profile or the default.
    pub max_attempts: Option<NonZeroU32>,
    /// Connect timeout, including TLS and proxy; `None` for no limit.
    pub connect_timeout: Option<Duration>,
    /// Read timeout; `None` for no limit.
    pub read_timeout: Option<Duration>,
}

/// Maximum attempts per request if no setting says otherwise. Throttled requests to EC2 do not count.
pub(super) const DEFAULT_MAX_ATTEMPTS: NonZeroU32 = NonZeroU32::new(10).unwrap();

impl RetrySettings {
    /// The timeouts as an SDK configuration.
    pub(super) fn timeouts(&self) -> TimeoutConfig {
        let mut timeouts = TimeoutConfig::builder();
        // Setting `None` removes the SDK's own limit.
        timeouts.set_connect_timeout(self.connect_timeout);
        timeouts.set_read_timeout(self.read_timeout);
        timeouts.build()
    }

    /// The retries without regard to environment and profile.
    pub(super) fn own_retries(&self) -> RetryConfig {
        retries(self.max_attempts, RetryMode::Standard)
    }

    /// The retries, each setting from the first of the flag, the environment and the profile that has it, and whether
    /// any of them limits the attempts.
    ///
    /// The SDK reads these settings too, but panics on unknown values, such as the mode `legacy` of older AWS CLIs.
    ///
    /// # Errors
    /// [`RequestError::Configuration`] for an invalid value.
    pub(super) fn retries(
        &self,
        env: &Env,
        profiles: &ProfileSet,
    ) -> Result<(RetryConfig, bool), RequestError> {
        let setting = |variable: &'static str, key: &'static str| {
            let is_set = |value: &String| !value.trim().is_empty();
            let in_env = env.get(variable).ok().filter(is_set);
            let in_profile = || profiles.get(key).map(str::to_owned).filter(is_set);
            in_env
                .map(|value| (variable, value))
                .or_else(|| in_profile().map(|value| (key, value)))
        };
        let max_attempts = match self.max_attempts {
            Some(flag) => Some(flag),
            None => setting("AWS_MAX_ATTEMPTS", "max_attempts")
                .map(|(name, value)| {
                    (value.trim().parse()).map_err(|_| invalid(name, &value, "a positive integer"))
                })
                .transpose()?,
        };
        let mode = match setting("AWS_RETRY_MODE", "retry_mode") {
            None => RetryMode::Standard,
            // botocore's oldest mode, which the SDK lacks, differs mainly in the number of attempts.
            Some((_, mode)) if mode.trim().eq_ignore_ascii_case("legacy") => RetryMode::Standard,
            Some((name, value)) => value
                .parse()
                .map_err(|_| invalid(name, &value, "standard, adaptive or legacy"))?,
        };
        Ok((retries(max_attempts, mode), max_attempts.is_some()))
    }
}

fn retries(max_attempts: Option<NonZeroU32>, mode: RetryMode) -> RetryConfig {
    RetryConfig::standard()
        .with_retry_mode(mode)
        .with_max_attempts(max_attempts.unwrap_or(DEFAULT_MAX_ATTEMPTS).get())
}

/// The same retries without a limit, for a client that limits them by other means.
pub(super) fn unlimited(retries: RetryConfig) -> RetryConfig {
    retries.with_max_attempts(u32::MAX)
}

fn invalid(name: &str, value: &str, expected: &str) -> RequestError {
    RequestError::Configuration {
        problem: format!("invalid {name} `{value}`: expected {expected}"),
        hint: format!("fix or unset {name}"),
    }
}
