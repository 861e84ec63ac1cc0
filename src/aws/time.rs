//! Times as the service writes them, without an allocation: a listing has a million of them.

use std::fmt;
use std::time::SystemTime;

use aws_smithy_types::DateTime;
use serde::{Serialize, Serializer};

/// A time in the service's form: UTC, with milliseconds even when they are zero, as the `creation-time` filter takes
/// it. A finer time, which the service does not send, keeps all its digits.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Time {
    time: DateTime,
    length: u8,
    /// ASCII, and zeros.
    text: [u8; MAX_LENGTH],
}

/// The longest forms are `2025-09-29T13:27:12.000000001Z` and `-9223372036854775808.000000001`.
const MAX_LENGTH: usize = 30;

/// The seconds since 1970 that have an RFC 3339 form in the SDK: the years 1 to 9999.
const YEARS: std::ops::RangeInclusive<i64> = -62_135_596_800..=253_402_300_799;

const DAY: i64 = 24 * 60 * 60;

impl Time {
    /// The time as the service writes it, say `2025-09-29T13:27:12.322Z`.
    pub fn as_str(&self) -> &str {
        str::from_utf8(&self.text[..usize::from(self.length)]).expect("only ASCII is pushed")
    }

    /// The time on the system's clock, unless that cannot tell it.
    pub fn on_clock(&self) -> Option<SystemTime> {
        self.time.try_into().ok()
    }

    fn push(&mut self, byte: u8) {
        self.text[usize::from(self.length)] = byte;
        self.length += 1;
    }

    /// Pushes a number with zeros in front of it.
    fn number(&mut self, number: u64, digits: u32) {
        for place in (0..digits).rev() {
            let digit = number / 10_u64.pow(place) % 10;
            self.push(b'0' + digit as u8);
        }
    }

    fn date(&mut self, days: i64) {
        let (year, month, day) = civil(days);
        self.number(year, 4);
        self.push(b'-');
        self.number(month, 2);
        self.push(b'-');
        self.number(day, 2);
    }

    fn time_of_day(&mut self, seconds: u64) {
        self.number(seconds / 3600, 2);
        self.push(b':');
        self.number(seconds / 60 % 60, 2);
        self.push(b':');
        self.number(seconds % 60, 2);
    }

    fn fraction(&mut self, nanos: u64) {
        self.push(b'.');
        if nanos.is_multiple_of(1_000_000) {
            self.number(nanos / 1_000_000, 3);
        } else {
            self.number(nanos, 9);
        }
    }
}

/// The date of a day, counted from 1970-01-01. Howard Hinnant's `civil_from_days`, for years from 1 on.
fn civil(days: i64) -> (u64, u64, u64) {
    // Days since 0000-03-01: leap days stand at the end of a year that begins in March.
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
        if YEARS.contains(&seconds) {
            text.date(seconds.div_euclid(DAY));
            text.push(b'T');
            text.time_of_day(seconds.rem_euclid(DAY) as u64);
            text.fraction(nanos);
            text.push(b'Z');
        } else {
            // There is no RFC 3339 form; seconds since 1970 lose nothing.
            for byte in seconds.to_string().bytes() {
                text.push(byte);
            }
            text.fraction(nanos);
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
    use aws_smithy_types::date_time::Format;
    use proptest::prelude::*;

    use super::*;

    fn written(time: DateTime) -> String {
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
            assert_eq!(written(time), expected);
        }
    }

    #[test]
    fn a_time_out_of_range_loses_nothing() {
        assert_eq!(
            written(DateTime::from_secs(i64::MAX)),
            "9223372036854775807.000"
        );
        assert_eq!(
            written(DateTime::from_secs_and_nanos(i64::MIN, 1)),
            "-9223372036854775808.000000001"
        );
    }

    /// The form by way of the SDK.
    fn by_the_sdk(time: DateTime) -> Option<String> {
        let seconds = DateTime::from_secs(time.secs());
        let text = seconds.fmt(Format::DateTime).ok()?;
        let text = text.trim_end_matches('Z');
        Some(format!("{text}.{:09}Z", time.subsec_nanos()))
    }

    #[test]
    fn every_day_that_there_is_has_its_date() {
        let days = YEARS.start() / DAY - 1..=YEARS.end() / DAY + 1;
        for day in days.step_by(1 + usize::from(cfg!(debug_assertions)) * 6) {
            let time = DateTime::from_secs_and_nanos(day * DAY + 1, 1);
            if let Some(text) = by_the_sdk(time) {
                assert_eq!(written(time), text);
            }
        }
    }

    proptest! {
        #[test]
        fn times_are_the_sdks(
            seconds in prop_oneof![YEARS, YEARS.start() - 3..YEARS.start() + 3, YEARS.end() - 3..YEARS.end() + 3],
            nanos in 1..1_000_000_u32,
        ) {
            let time = DateTime::from_secs_and_nanos(seconds, nanos);
            let expected = by_the_sdk(time).unwrap_or_else(|| format!("{seconds}.{nanos:09}"));
            prop_assert_eq!(written(time), expected);
        }
    }
}
