//! An entry of an image usage report, as a row of output.

use aws_sdk_ec2::types::ImageUsageReportEntry;
use serde::Serialize;
use serde_with::skip_serializing_none;

use crate::aws::Time;
use crate::output::{Bar, Cell, Chart, Column, Record, Shown, Snapshot};

/// How many resources of one type in one account use an image, according to one report.
///
/// The members are those of the API's `ImageUsageReportEntry`, in its order, and the account's name. Absent members are `None`, and omitted from
/// the output.
#[skip_serializing_none]
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "PascalCase")]
pub struct Entry {
    /// What uses the image, such as `ec2:Instance`.
    pub resource_type: Option<String>,
    /// The report's ID, `amiur-…`.
    pub report_id: Option<String>,
    /// How many resources of this type use the image in this account.
    pub usage_count: Option<i64>,
    /// The 12 digits of the account that uses the image; they may begin with zeros.
    pub account_id: Option<String>,
    /// The name of the account, if it is requested and known.
    pub account_name: Option<String>,
    /// The image's ID, `ami-…`.
    pub image_id: Option<String>,
    /// When the creation of the report began, in UTC, in the form of the `creation-time` filter.
    pub report_creation_time: Option<Time>,
}

impl Entry {
    /// The memory use in bytes.
    pub(super) fn memory_size(&self) -> usize {
        let texts = [
            &self.resource_type,
            &self.report_id,
            &self.account_id,
            &self.image_id,
        ];
        let text =
            |text: &Option<String>| text.as_ref().map_or(0, |text| text.capacity() + ALLOCATION);
        size_of::<Self>() + texts.into_iter().map(text).sum::<usize>()
    }
}

/// The allocator's overhead per allocation, in bytes.
const ALLOCATION: usize = 16;

impl From<ImageUsageReportEntry> for Entry {
    fn from(entry: ImageUsageReportEntry) -> Self {
        Self {
            resource_type: entry.resource_type,
            report_id: entry.report_id,
            usage_count: entry.usage_count,
            account_id: entry.account_id,
            account_name: None,
            image_id: entry.image_id,
            report_creation_time: entry.report_creation_time.map(Time::from),
        }
    }
}

impl Record for Entry {
    const LIST: &'static str = "ImageUsageReportEntries";

    // The widths are those of the API's identifiers: `imagebuilder:ContainerRecipe`, `amiur-` and `ami-` with 17
    // hexadecimal digits, 12 digits of an account.
    const COLUMNS: &'static [Column<Self>] = &[
        Column::id("ResourceType", 28, |entry: &Self| {
            entry.resource_type.as_deref().into()
        }),
        Column::id("ReportId", 23, |entry: &Self| {
            entry.report_id.as_deref().into()
        })
        .rank(1),
        Column::number("UsageCount", 10, |entry: &Self| entry.usage_count.into()).optional(),
        Column::id("AccountId", 12, |entry: &Self| {
            entry.account_id.as_deref().into()
        }),
        Column::name("AccountName", 24, 12, |entry: &Self| {
            entry.account_name.as_deref().into()
        })
        .below()
        .shown(Shown::Details),
        Column::id("ImageId", 21, |entry: &Self| {
            entry.image_id.as_deref().into()
        }),
        Column::time("ReportCreationTime", |entry: &Self| {
            Cell::time(entry.report_creation_time.as_ref().map(Time::as_str))
        })
        .rank(2),
    ];

    const CHARTS: &'static [Chart<Self>] = &[
        Chart {
            title: "Uses by account",
            bars: |entry, add| {
                let (id, name) = (&entry.account_id, &entry.account_name);
                add(Bar::of(
                    id.as_deref(),
                    name.as_deref(),
                    entry.usage_count.unwrap_or_default(),
                ));
            },
        },
        Chart {
            title: "Uses by image",
            bars: |entry, add| {
                add(Bar::of(
                    entry.image_id.as_deref(),
                    None,
                    entry.usage_count.unwrap_or_default(),
                ));
            },
        },
    ];

    const CHART_NOTE: &'static str =
        "Charts count the newest report of each image and resource type; the rows have all.";

    fn snapshot(&self) -> Option<Snapshot<'_>> {
        let part = |text: &Option<String>| text.clone().unwrap_or_default();
        Some(Snapshot {
            subject: part(&self.image_id) + " " + &part(&self.resource_type),
            time: self.report_creation_time.as_ref()?.as_str(),
            id: self.report_id.as_deref().unwrap_or_default(),
        })
    }
}
