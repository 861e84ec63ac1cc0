//! Formats times as the service does, without an allocation: a listing has a million of them.

use std::fmt;
use std::io::Write;
use std::time::{Duration, SystemTime};

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

/// The years that `humantime` formats, in seconds since 1970.
const YEARS_1970_TO_9999: std::ops::Range<i64> = 0..253_402_300_800;

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
}

impl From<DateTime> for Time {
    fn from(time: DateTime) -> Self {
        let mut text = [0; MAX_LENGTH];
        let mut rest = text.as_mut_slice();
        write(&mut rest, time).expect("the longest form fits");
        let length = (MAX_LENGTH - rest.len()) as u8;
        Self { time, length, text }
    }
}

fn write(out: &mut impl Write, time: DateTime) -> std::io::Result<()> {
    let (seconds, nanos) = (time.secs(), time.subsec_nanos());
    let is_exact = nanos.is_multiple_of(1_000_000);
    if YEARS_1970_TO_9999.contains(&seconds) {
        let time = SystemTime::UNIX_EPOCH + Duration::new(seconds.unsigned_abs(), nanos);
        return match is_exact {
            true => write!(out, "{}", humantime::format_rfc3339_millis(time)),
            false => write!(out, "{}", humantime::format_rfc3339_nanos(time)),
        };
    }
    // Slower, for times that the service does not send. RFC 3339 cannot express all of them; seconds are exact.
    let text = DateTime::from_secs(seconds).fmt(Format::DateTime);
    let (text, zone) = match &text {
        Ok(text) => (text.trim_end_matches('Z'), "Z"),
        Err(_) => (&*seconds.to_string(), ""),
    };
    match is_exact {
        true => write!(out, "{text}.{:03}{zone}", nanos / 1_000_000),
        false => write!(out, "{text}.{nanos:09}{zone}"),
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
impl schemars::JsonSchema for Time {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Time".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string", "format": "date-time" })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SECONDS_PER_DAY: i64 = 24 * 60 * 60;

    /// The years 1 to 9999, which RFC 3339 can express.
    const RFC_3339_RANGE: std::ops::RangeInclusive<i64> = -62_135_596_800..=253_402_300_799;

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
