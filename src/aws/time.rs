//! Formats times as the service does, without an allocation: a listing has a million of them.

use std::fmt;
use std::time::SystemTime;

use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;
use serde::{Serialize, Serializer};

/// A time in the service's form: UTC, always with milliseconds, as the `creation-time` filter expects. A time with higher
/// precision, which the service does not send, keeps all its digits.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Time {
    time: DateTime,
    length: u8,
    /// ASCII, padded with zeros.
    text: [u8; MAX_LENGTH],
}

/// The longest forms are `2025-09-29T13:27:12.000000001Z` and `-9223372036854775808.000000001`.
const MAX_LENGTH: usize = 30;

/// The years 1 to 9999, which the SDK can express in RFC 3339, in seconds since 1970.
const RFC_3339_RANGE: std::ops::RangeInclusive<i64> = -62_135_596_800..=253_402_300_799;

const SECONDS_PER_DAY: i64 = 24 * 60 * 60;

impl Time {
    /// The time as the service writes it, such as `2025-09-29T13:27:12.322Z`.
    pub fn as_str(&self) -> &str {
        str::from_utf8(&self.text[..usize::from(self.length)]).expect("only ASCII is pushed")
    }

    /// Parses an RFC 3339 time in UTC, the form in which some actions return a time as text.
    pub fn parse(text: &str) -> Option<Self> {
        let time = DateTime::from_str(text, Format::DateTime).ok()?;
        Some(time.into())
    }

    /// The time as the system represents it; `None` if it is out of range.
    pub fn on_clock(&self) -> Option<SystemTime> {
        self.time.try_into().ok()
    }

    fn push(&mut self, byte: u8) {
        self.text[usize::from(self.length)] = byte;
        self.length += 1;
    }

    /// Pushes a number, padded with zeros.
    fn push_number(&mut self, number: u64, digits: u32) {
        for place in (0..digits).rev() {
            let digit = number / 10_u64.pow(place) % 10;
            self.push(b'0' + digit as u8);
        }
    }

    fn push_date(&mut self, days: i64) {
        let (year, month, day) = civil_from_days(days);
        self.push_number(year, 4);
        self.push(b'-');
        self.push_number(month, 2);
        self.push(b'-');
        self.push_number(day, 2);
    }

    fn push_time_of_day(&mut self, seconds: u64) {
        self.push_number(seconds / 3600, 2);
        self.push(b':');
        self.push_number(seconds / 60 % 60, 2);
        self.push(b':');
        self.push_number(seconds % 60, 2);
    }

    fn push_fraction(&mut self, nanos: u64) {
        self.push(b'.');
        if nanos.is_multiple_of(1_000_000) {
            self.push_number(nanos / 1_000_000, 3);
        } else {
            self.push_number(nanos, 9);
        }
    }
}

/// The year, month and day of a number of days since 1970-01-01, from the year 1 on: Howard Hinnant's
/// `civil_from_days`.
fn civil_from_days(days: i64) -> (u64, u64, u64) {
    // Days since 0000-03-01: in a year that starts in March, a leap day is the last day.
    let days = (days + 719_468) as u64;
    let (era, day) = (days / 146_097, days % 146_097);
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let (month, next) = if month < 10 {
        (month + 3, 0)
    } else {
        (month - 9, 1)
    };
    (era * 400 + year + next, month, day)
}

impl From<DateTime> for Time {
    fn from(time: DateTime) -> Self {
        let mut text = Self {
            time,
            length: 0,
            text: [0; MAX_LENGTH],
        };
        let (seconds, nanos) = (time.secs(), time.subsec_nanos().into());
        if RFC_3339_RANGE.contains(&seconds) {
            text.push_date(seconds.div_euclid(SECONDS_PER_DAY));
            text.push(b'T');
            text.push_time_of_day(seconds.rem_euclid(SECONDS_PER_DAY) as u64);
            text.push_fraction(nanos);
            text.push(b'Z');
        } else {
            // RFC 3339 cannot express it; seconds since 1970 are exact.
            for byte in seconds.to_string().bytes() {
                text.push(byte);
            }
            text.push_fraction(nanos);
        }
        text
    }
}

impl From<SystemTime> for Time {
    fn from(time: SystemTime) -> Self {
        DateTime::from(time).into()
    }
}

impl fmt::Debug for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_str().fmt(f)
    }
}

impl Serialize for Time {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn format(time: DateTime) -> String {
        Time::from(time).as_str().to_owned()
    }

    #[test]
    fn times_keep_their_milliseconds() {
        for (text, expected) in [
            ("2025-09-29T13:27:12.322Z", "2025-09-29T13:27:12.322Z"),
            ("2025-09-29T13:27:12.320Z", "2025-09-29T13:27:12.320Z"),
            ("2025-09-29T13:27:12Z", "2025-09-29T13:27:12.000Z"),
            (
                "2025-09-29T13:27:12.000001Z",
                "2025-09-29T13:27:12.000001000Z",
            ),
        ] {
            let time = DateTime::from_str(text, Format::DateTime).unwrap();
            assert_eq!(format(time), expected);
        }
    }

    #[test]
    fn a_time_out_of_range_is_exact() {
        assert_eq!(
            format(DateTime::from_secs(i64::MAX)),
            "9223372036854775807.000"
        );
        assert_eq!(
            format(DateTime::from_secs_and_nanos(i64::MIN, 1)),
            "-9223372036854775808.000000001"
        );
    }

    /// The time as the SDK formats it, with all digits.
    fn sdk_format(time: DateTime) -> Option<String> {
        let seconds = DateTime::from_secs(time.secs());
        let text = seconds.fmt(Format::DateTime).ok()?;
        let text = text.trim_end_matches('Z');
        Some(format!("{text}.{:09}Z", time.subsec_nanos()))
    }

    #[test]
    fn dates_equal_those_of_the_sdk() {
        let days = RFC_3339_RANGE.start() / SECONDS_PER_DAY - 1
            ..=RFC_3339_RANGE.end() / SECONDS_PER_DAY + 1;
        for day in days.step_by(1 + usize::from(cfg!(debug_assertions)) * 6) {
            let time = DateTime::from_secs_and_nanos(day * SECONDS_PER_DAY + 1, 1);
            if let Some(text) = sdk_format(time) {
                assert_eq!(format(time), text);
            }
        }
    }

    proptest! {
        #[test]
        fn times_equal_those_of_the_sdk(
            seconds in prop_oneof![RFC_3339_RANGE, RFC_3339_RANGE.start() - 3..RFC_3339_RANGE.start() + 3, RFC_3339_RANGE.end() - 3..RFC_3339_RANGE.end() + 3],
            nanos in 1..1_000_000_u32,
        ) {
            let time = DateTime::from_secs_and_nanos(seconds, nanos);
            let expected = sdk_format(time).unwrap_or_else(|| format!("{seconds}.{nanos:09}"));
            prop_assert_eq!(format(time), expected);
        }
    }
}
