//! Timestamps in the service's form: UTC with milliseconds.

use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;
use serde::de::Error;
use serde::{Deserialize, Deserializer};

/// Converts any RFC 3339 timestamp, such as the AWS CLI's `2025-09-29T13:27:12.322000+00:00`, to the service's form.
pub(super) fn deserialize<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<String>, D::Error> {
    let Some(text) = Option::<String>::deserialize(deserializer)? else {
        return Ok(None);
    };
    DateTime::from_str(&text, Format::DateTimeWithOffset)
        .ok()
        .and_then(format)
        .map(Some)
        .ok_or_else(|| {
            D::Error::custom(format!(
                "invalid timestamp {text:?}; expected a time such as 2025-09-29T13:27:12.322Z"
            ))
        })
}

/// Formats a time; `None` outside the years of RFC 3339.
pub(super) fn format(time: DateTime) -> Option<String> {
    let mut text = DateTime::from_secs(time.secs())
        .fmt(Format::DateTime)
        .ok()?;
    let milliseconds = format!(".{:03}Z", time.subsec_nanos() / 1_000_000);
    text.replace_range(text.len() - 1.., &milliseconds);
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timestamps_of_both_aws_cli_versions_are_converted() {
        for (written, read) in [
            (
                "2025-09-29T13:27:12.322000+00:00",
                "2025-09-29T13:27:12.322Z",
            ),
            ("2025-09-29T13:27:12.322Z", "2025-09-29T13:27:12.322Z"),
            ("2025-09-29T13:27:12+00:00", "2025-09-29T13:27:12.000Z"),
            ("2025-09-29T13:27:12.320Z", "2025-09-29T13:27:12.320Z"),
            (
                "2025-09-29T15:27:12.322000+02:00",
                "2025-09-29T13:27:12.322Z",
            ),
        ] {
            let read_back = deserialize(serde_json::json!(written)).unwrap();
            assert_eq!(read_back.as_deref(), Some(read), "{written}");
        }
    }
}
