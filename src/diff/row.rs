//! A difference, as a row of output.

use std::fmt;

use serde::{Serialize, Serializer};
use serde_with::skip_serializing_none;

use crate::output::{Bar, Cell, Chart, Column, Emphasis, Record, Shown};

/// How the use of an image by one account and resource type changed.
#[skip_serializing_none]
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[cfg_attr(test, schemars(rename = "ImageUsageChange"))]
#[serde(rename_all = "PascalCase")]
pub struct Row {
    /// The Region; the output has it in its own column.
    #[serde(skip)]
    pub region: Option<String>,
    /// The image's ID.
    pub image_id: String,
    /// The account that uses it.
    pub account_id: String,
    /// The name of the account, if it is requested and known.
    pub account_name: Option<String>,
    /// What uses it, such as `ec2:Instance`.
    pub resource_type: String,
    /// What happened.
    pub change: Change,
    /// The number of resources before.
    pub old_usage_count: i64,
    /// The number of resources after.
    pub new_usage_count: i64,
    /// The new number minus the old one.
    pub difference: i64,
}

impl Row {
    fn bar(&self, value: i64) -> Bar<'_> {
        Bar::of(Some(&self.account_id), self.account_name.as_deref(), value)
    }
}

/// What happened between two readings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[cfg_attr(test, schemars(rename_all = "kebab-case"))]
pub enum Change {
    /// The use began.
    Appeared,
    /// The use ended.
    Gone,
    /// The number of resources changed.
    Changed,
    /// It is the same.
    Unchanged,
}

impl Change {
    /// The change from one number of resources to another.
    pub(super) fn between(old: i64, new: i64) -> Self {
        match (old, new) {
            (old, new) if old == new => Self::Unchanged,
            (0, _) => Self::Appeared,
            (_, 0) => Self::Gone,
            _ => Self::Changed,
        }
    }

    fn as_str(self) -> &'static str {
        match self {
            Self::Appeared => "appeared",
            Self::Gone => "gone",
            Self::Changed => "changed",
            Self::Unchanged => "unchanged",
        }
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for Change {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl Record for Row {
    const LIST: &'static str = "ImageUsageChanges";

    const COLUMNS: &'static [Column<Self>] = &[
        Column::id("ImageId", 21, |row: &Self| row.image_id.as_str().into()),
        Column::id("AccountId", 12, |row: &Self| row.account_id.as_str().into()),
        Column::name("AccountName", 24, 12, |row: &Self| {
            row.account_name.as_deref().into()
        })
        .below()
        .shown(Shown::Details),
        Column::id("ResourceType", 28, |row: &Self| {
            row.resource_type.as_str().into()
        }),
        Column::id("Change", 9, |row: &Self| row.change.as_str().into()).emphasis(|row| match row
            .change
        {
            Change::Appeared => Some(Emphasis::Bad),
            Change::Gone => Some(Emphasis::Good),
            Change::Changed => Some(Emphasis::Uncertain),
            Change::Unchanged => None,
        }),
        Column::number("OldUsageCount", 13, |row: &Self| {
            Cell::Number(row.old_usage_count)
        })
        .rank(3),
        Column::number("NewUsageCount", 13, |row: &Self| {
            Cell::Number(row.new_usage_count)
        })
        .rank(2),
        Column::number("Difference", 10, |row: &Self| Cell::Number(row.difference)).rank(1),
    ];

    const CHARTS: &'static [Chart<Self>] = &[
        Chart {
            title: "More uses by account",
            bars: |row, add| add(row.bar(row.difference.max(0))),
        },
        Chart {
            title: "Fewer uses by account",
            bars: |row, add| add(row.bar(row.difference.saturating_neg().max(0))),
        },
    ];
}
