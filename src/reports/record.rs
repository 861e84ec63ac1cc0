//! An image usage report, as a row of output.

use std::fmt::{self, Display};
use std::time::{Duration, SystemTime};

use aws_sdk_ec2::types;
use serde::{Deserialize, Serialize};
use serde_with::skip_serializing_none;

use super::resource_type::ResourceType;
use crate::aws::Time;
use crate::output::{Cell, Column, Record, Shown};

/// A report: what it covers, and its state.
///
/// The members are those of the API's `ImageUsageReport`, in its order. Absent members are `None`, and omitted from the
/// output.
#[skip_serializing_none]
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "PascalCase")]
pub struct Report {
    /// The image's ID, `ami-…`.
    pub image_id: Option<String>,
    /// The report's ID, `amiur-…`.
    pub report_id: Option<String>,
    /// The resource types that it covers.
    pub resource_types: Option<Vec<ResourceType>>,
    /// The accounts that it covers; all when there are none.
    pub account_ids: Option<Vec<String>>,
    /// The names of these accounts, if they are requested: empty for an unknown one.
    pub account_names: Option<Vec<String>>,
    /// `pending`, `available` or `error`.
    pub state: Option<String>,
    /// Why it is in `error`.
    pub state_reason: Option<String>,
    /// When its creation began.
    pub creation_time: Option<Time>,
    /// When the service deletes it.
    pub expiration_time: Option<Time>,
    /// Its tags.
    pub tags: Option<Vec<Tag>>,
    /// The service's time when this was received.
    #[serde(skip)]
    pub received: Option<SystemTime>,
}

/// A tag of a report.
#[skip_serializing_none]
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct Tag {
    /// Its key.
    pub key: Option<String>,
    /// Its value, which may be empty.
    pub value: Option<String>,
}

impl Report {
    /// The time from `time` to when the report was received, or from then to `time` if that is in the `future`.
    fn between(&self, time: &Option<Time>, future: bool) -> Cell<'static> {
        match (time.as_ref().and_then(Time::on_clock), self.received) {
            (Some(time), Some(now)) if future => between(now, time).into(),
            (Some(time), Some(now)) => between(time, now).into(),
            _ => Cell::Absent,
        }
    }

    /// The approximate memory use in bytes.
    pub(super) fn memory_size(&self) -> usize {
        let accounts = self.account_ids.as_ref().map_or(0, Vec::len);
        let tags = self.tags.as_ref().map_or(0, Vec::len);
        // With strings for IDs, times and two resource types.
        3 * size_of::<Self>() + accounts * 40 + tags * 100
    }

    /// Whether its entries can be read.
    pub fn is_available(&self) -> bool {
        self.state.as_deref() == Some("available")
    }

    /// Whether it is being created.
    pub fn is_pending(&self) -> bool {
        self.state.as_deref() == Some("pending")
    }

    /// Whether its creation failed; it will have no entries.
    pub fn is_in_error(&self) -> bool {
        // The documented state is `error`; the SDK's waiter looks for `failed`.
        matches!(self.state.as_deref(), Some("error" | "failed"))
    }
}

impl From<types::ImageUsageReport> for Report {
    fn from(report: types::ImageUsageReport) -> Self {
        Self {
            image_id: report.image_id,
            report_id: report.report_id,
            resource_types: report
                .resource_types
                .map(|types| types.into_iter().map(ResourceType::from).collect()),
            account_ids: report.account_ids,
            account_names: None,
            state: report.state,
            state_reason: report.state_reason,
            creation_time: report.creation_time.map(Time::from),
            expiration_time: report.expiration_time.map(Time::from),
            tags: report
                .tags
                .map(|tags| tags.into_iter().map(Tag::from).collect()),
            received: None,
        }
    }
}

impl From<types::Tag> for Tag {
    fn from(tag: types::Tag) -> Self {
        Self {
            key: tag.key,
            value: tag.value,
        }
    }
}

/// `Key=Value`.
impl Display for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let part = |text: &Option<String>| text.clone().unwrap_or_default();
        write!(f, "{}={}", part(&self.key), part(&self.value))
    }
}

/// A list in one cell.
fn list<T: Display>(items: &Option<Vec<T>>) -> Cell<'static> {
    match items {
        None => Cell::Absent,
        Some(items) => {
            let items: Vec<_> = items.iter().map(T::to_string).collect();
            items.join(", ").into()
        }
    }
}

/// A duration in at most two units, without seconds beyond the first minute: `3d 4h`.
pub(crate) fn span(time: Duration) -> String {
    let seconds = time.as_secs();
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86_400);
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{seconds}s"),
        (0, 0, _) => format!("{minutes}m"),
        (0, _, _) => format!("{hours}h {}m", minutes % 60),
        _ => format!("{days}d {}h", hours % 24),
    }
}

/// The duration from one time to another; zero if that is earlier.
fn between(from: SystemTime, to: SystemTime) -> String {
    span(to.duration_since(from).unwrap_or_default())
}

impl Record for Report {
    const LIST: &'static str = "ImageUsageReports";

    const COLUMNS: &'static [Column<Self>] = &[
        Column::id("ImageId", 21, |report: &Self| {
            report.image_id.as_deref().into()
        }),
        Column::id("ReportId", 23, |report: &Self| {
            report.report_id.as_deref().into()
        }),
        Column::text("ResourceTypes", 32, 28, |report: &Self| {
            list(&report.resource_types)
        })
        .nested()
        .rank(3),
        Column::text("AccountIds", 12, 12, |report: &Self| {
            list(&report.account_ids)
        })
        .nested()
        .rank(5),
        Column::text("AccountNames", 24, 12, |report: &Self| {
            list(&report.account_names)
        })
        .nested()
        .shown(Shown::Details)
        .rank(4),
        Column::id("State", 9, |report: &Self| report.state.as_deref().into()),
        Column::text("StateReason", 24, 16, |report: &Self| {
            report.state_reason.as_deref().into()
        })
        .below()
        .optional(),
        Column::time("CreationTime", |report: &Self| {
            Cell::time(report.creation_time.as_ref().map(Time::as_str))
        })
        .shown(Shown::Data),
        Column::time("ExpirationTime", |report: &Self| {
            Cell::time(report.expiration_time.as_ref().map(Time::as_str))
        })
        .shown(Shown::Data),
        Column::text("Tags", 20, 16, |report: &Self| list(&report.tags))
            .nested()
            .shown(Shown::Data),
        Column::number("Age", 8, |report: &Self| {
            report.between(&report.creation_time, false)
        })
        .shown(Shown::Table)
        .rank(1),
        Column::number("ExpiresIn", 9, |report: &Self| {
            report.between(&report.expiration_time, true)
        })
        .shown(Shown::Table)
        .rank(2),
    ];
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_have_at_most_two_units() {
        for (seconds, shown) in [
            (0, "0s"),
            (59, "59s"),
            (60, "1m"),
            (3599, "59m"),
            (3600, "1h 0m"),
            (86_399, "23h 59m"),
            (2_592_000, "30d 0h"),
        ] {
            assert_eq!(span(Duration::from_secs(seconds)), shown);
        }
        let now = SystemTime::now();
        assert_eq!(between(now, now - Duration::from_secs(5)), "0s");
    }
}
