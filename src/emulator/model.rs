//! The API's shapes, as far as the emulator answers with them. A document holds them under the same names.
//!
//! Each has a member of the emulator's own, `Region`: where it is. One without is in every Region.

use std::borrow::Cow;

use serde::Deserialize;

use super::saved;

/// Whether something in `place` is in `region`.
pub(super) fn is_in(place: Option<&str>, region: &str) -> bool {
    place.is_none_or(|place| place == region)
}

/// A report, with the members of the API's `ImageUsageReport`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Report {
    pub image_id: String,
    pub report_id: String,
    pub resource_types: Option<Vec<ResourceType>>,
    pub account_ids: Option<Vec<String>>,
    pub state: String,
    pub state_reason: Option<String>,
    #[serde(default, deserialize_with = "saved::time")]
    pub creation_time: Option<String>,
    #[serde(default, deserialize_with = "saved::time")]
    pub expiration_time: Option<String>,
    pub tags: Option<Vec<Tag>>,
    pub region: Option<String>,
}

impl Report {
    /// Whether the report was asked to look at what `entry` counts. What an entry does not say excludes nothing.
    pub fn covers(&self, entry: &Entry<'_>) -> bool {
        let covers_type = |wanted: &str| {
            (self.resource_types.iter().flatten()).any(|known| known.resource_type == wanted)
        };
        let covers_account = |account: &str| {
            let mut accounts = self.account_ids.iter().flatten().peekable();
            accounts.peek().is_none() || accounts.any(|known| known == account)
        };
        entry.resource_type.is_none_or(covers_type)
            && entry.account_id.as_deref().is_none_or(covers_account)
    }
}

/// A resource type that a report was asked to look at.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ResourceType {
    pub resource_type: String,
    pub resource_type_options: Option<Vec<ResourceTypeOption>>,
}

/// How a report was asked to look at a resource type.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ResourceTypeOption {
    pub option_name: String,
    pub option_values: Option<Vec<String>>,
}

/// A tag of a report or an image.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Tag {
    pub key: String,
    pub value: String,
}

/// What stands in an entry beside its report.
#[derive(Debug)]
pub(super) struct Row {
    pub resource_type: Option<String>,
    pub usage_count: Option<i64>,
    pub account_id: Option<String>,
    /// By the document; a report that the emulator made knows its own.
    pub report_creation_time: Option<String>,
}

/// One entry, with what it has in common with its report left there.
#[derive(Debug)]
pub(super) struct Entry<'s> {
    pub report: &'s Report,
    pub resource_type: Option<&'s str>,
    pub usage_count: Option<i64>,
    pub account_id: Option<Cow<'s, str>>,
    pub report_creation_time: Option<&'s str>,
}

/// An image, with those members of the API's `Image` that are answered.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Image {
    pub image_id: String,
    pub name: Option<String>,
    pub description: Option<String>,
    pub owner_id: Option<String>,
    pub state: Option<String>,
    pub creation_date: Option<String>,
    pub deprecation_time: Option<String>,
    pub last_launched_time: Option<String>,
    pub public: Option<bool>,
    pub tags: Option<Vec<Tag>>,
    pub region: Option<String>,
}

impl Image {
    /// An image of which no more is known than that it is there.
    pub fn known_by(image_id: &str, region: Option<&str>) -> Self {
        Self {
            image_id: image_id.to_owned(),
            region: region.map(str::to_owned),
            ..Self::default()
        }
    }
}

/// Something of the account's own that uses an image.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Reference {
    pub image_id: String,
    pub resource_type: String,
    pub arn: String,
    pub region: Option<String>,
}
