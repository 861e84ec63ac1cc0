//! Times as the service writes them.

use std::time::SystemTime;

use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;
use serde::{Serialize, Serializer};

/// A time of the service's: UTC, with milliseconds, in the form that the `creation-time` filter takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Time {
    time: DateTime,
    text: String,
}

impl Time {
    /// The time as the service writes it, say `2025-09-29T13:27:12.322Z`.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The time on the system's clock, unless that cannot tell it.
    pub fn on_clock(&self) -> Option<SystemTime> {
        self.time.try_into().ok()
    }
}

impl From<DateTime> for Time {
    fn from(time: DateTime) -> Self {
        Self {
            text: timestamp(time),
            time,
        }
    }
}

impl From<SystemTime> for Time {
    fn from(time: SystemTime) -> Self {
        DateTime::from(time).into()
    }
}

impl Serialize for Time {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

/// Writes a time as the service does: UTC, with milliseconds even when they are zero. A finer time, which the
/// service does not send, keeps all its digits.
pub fn timestamp(time: DateTime) -> String {
    let nanos = time.subsec_nanos();
    let fraction = if nanos.is_multiple_of(1_000_000) {
        format!("{:03}", nanos / 1_000_000)
    } else {
        format!("{nanos:09}")
    };
    match DateTime::from_secs(time.secs()).fmt(Format::DateTime) {
        Ok(whole_seconds) => format!("{}.{fraction}Z", whole_seconds.trim_end_matches('Z')),
        // Outside the years 0 to 9999 there is no RFC 3339 form; seconds since 1970 lose nothing.
        Err(_) => format!("{}.{fraction}", time.secs()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_keep_their_milliseconds() {
        for (text, written) in [
            ("2025-09-29T13:27:12.322Z", "2025-09-29T13:27:12.322Z"),
            ("2025-09-29T13:27:12.320Z", "2025-09-29T13:27:12.320Z"),
            ("2025-09-29T13:27:12Z", "2025-09-29T13:27:12.000Z"),
            (
                "2025-09-29T13:27:12.000001Z",
                "2025-09-29T13:27:12.000001000Z",
            ),
        ] {
            let time = DateTime::from_str(text, Format::DateTime).unwrap();
            assert_eq!(timestamp(time), written);
        }
    }

    #[test]
    fn a_time_out_of_range_loses_nothing() {
        assert_eq!(
            timestamp(DateTime::from_secs(i64::MAX)),
            "9223372036854775807.000"
        );
    }
}
