//! The API's data types, as far as the emulator returns them. A saved document has them under the same names.
//!
//! `Region` is an addition of the emulator. Items without one exist in every Region.

use std::borrow::Cow;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use serde_with::skip_serializing_none;

use super::timestamp;

/// Whether an item of `item_region` exists in `region`.
pub(super) fn is_in(item_region: Option<&str>, region: &str) -> bool {
    item_region.is_none_or(|item_region| item_region == region)
}

/// The service deletes reports after 30 days.
pub(super) const REPORT_LIFETIME: Duration = Duration::from_secs(30 * 24 * 60 * 60);

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
    #[serde(default, deserialize_with = "timestamp::deserialize")]
    pub creation_time: Option<String>,
    #[serde(default, deserialize_with = "timestamp::deserialize")]
    pub expiration_time: Option<String>,
    pub tags: Option<Vec<Tag>>,
    pub region: Option<String>,
}

impl Report {
    /// Whether the report covers the resource type and account of `entry`. An absent member excludes nothing.
    pub fn covers(&self, entry: &Entry<'_>) -> bool {
        let covers_type = |name: &str| {
            (self.resource_types.iter().flatten()).any(|covered| covered.resource_type == name)
        };
        let covers_account = |account: &str| {
            let mut accounts = self.account_ids.iter().flatten().peekable();
            accounts.peek().is_none() || accounts.any(|covered| covered == account)
        };
        entry.resource_type.is_none_or(covers_type)
            && entry.account_id.as_deref().is_none_or(covers_account)
    }
}

/// A resource type that a report covers.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ResourceType {
    pub resource_type: String,
    pub resource_type_options: Option<Vec<ResourceTypeOption>>,
}

/// An option of a resource type, such as `version-depth`.
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

/// The members of an entry that differ among the entries of a report.
#[derive(Debug)]
pub(super) struct Row {
    pub resource_type: Option<String>,
    pub usage_count: Option<i64>,
    pub account_id: Option<String>,
    /// From the document. Entries of a report that the emulator created have that report's time.
    pub report_creation_time: Option<String>,
}

/// One entry, with a reference to its report for the members that they share.
#[derive(Debug)]
pub(super) struct Entry<'s> {
    pub report: &'s Report,
    pub resource_type: Option<&'s str>,
    pub usage_count: Option<i64>,
    pub account_id: Option<Cow<'s, str>>,
    pub report_creation_time: Option<&'s str>,
}

/// An account of the organization, with members of the API's `Account`.
#[skip_serializing_none]
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct MemberAccount {
    pub id: String,
    pub name: Option<String>,
}

/// An image: the members of the API's `Image`, and additions of the emulator.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Image {
    pub image_id: String,
    pub owner_id: Option<String>,
    #[serde(default)]
    pub launch_permissions: Vec<LaunchPermission>,
    pub region: Option<String>,
    /// All other members, as the document has them.
    #[serde(flatten)]
    pub members: Map<String, Value>,
}

impl Image {
    /// An image with this ID and no other members.
    pub fn with_id(image_id: &str, region: Option<&str>) -> Self {
        Self {
            image_id: image_id.to_owned(),
            region: region.map(str::to_owned),
            ..Self::default()
        }
    }

    /// Adds what every image has, in front: an ID, an owner and a state.
    pub fn complete(&mut self, account: &str) {
        let owner_id = self.owner_id.get_or_insert_with(|| account.to_owned());
        let always = [
            ("ImageId", &*self.image_id),
            ("OwnerId", owner_id),
            ("State", "available"),
        ];
        let others = std::mem::take(&mut self.members);
        (self.members).extend(always.map(|(name, value)| (name.to_owned(), value.into())));
        self.members.extend(others);
    }

    /// The text of a member.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.members.get(name)?.as_str()
    }
}

/// A launch permission of an image: one of the members is set.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct LaunchPermission {
    pub group: Option<String>,
    pub user_id: Option<String>,
    pub organization_arn: Option<String>,
    pub organizational_unit_arn: Option<String>,
}

impl LaunchPermission {
    /// Whether it is for the accounts of an organization or of a part of one.
    pub fn is_of_organization(&self) -> bool {
        self.organization_arn.is_some() || self.organizational_unit_arn.is_some()
    }
}

/// A launch configuration of the account, with the members of the API that the emulator returns.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct LaunchConfiguration {
    pub launch_configuration_name: String,
    #[serde(rename = "LaunchConfigurationARN")]
    pub launch_configuration_arn: String,
    pub image_id: String,
    pub region: Option<String>,
}

/// A resource of the account itself that uses an image.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Reference {
    pub image_id: String,
    pub resource_type: String,
    pub arn: String,
    /// The state of an instance; `running` if absent.
    pub instance_state: Option<String>,
    pub region: Option<String>,
}

/// An image whose new reports fail, and why.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct FailingReport {
    pub image_id: String,
    pub state_reason: String,
    pub region: Option<String>,
}
