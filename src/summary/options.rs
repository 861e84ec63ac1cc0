//! The options of a summary.

use super::count::Keys;
use crate::reports::ReportSpec;
use crate::verdict::Images;

/// The options of a summary.
#[derive(Clone, Debug)]
pub struct SummaryOptions {
    /// Which reports to count.
    pub reports: Reports,
    /// The resource types that are counted, at least one. A report must cover them unless it is requested by ID.
    pub resource_types: Vec<String>,
    /// Whether uses by other resource types are omitted.
    pub is_limited: bool,
    /// How many of a launch template's newest versions a report must cover; the service's default when absent.
    pub version_depth: Option<u32>,
    /// What a group of uses has in common.
    pub keys: Keys,
}

/// Which reports to count.
#[derive(Clone, Debug)]
pub enum Reports {
    /// The newest one of each image that covers all accounts and the resource types.
    Newest(Images),
    /// Those with these IDs.
    Ids(Vec<String>),
}

impl SummaryOptions {
    /// What a report of the image must cover.
    pub(super) fn spec(&self, image_id: &str) -> ReportSpec {
        ReportSpec::of_all_accounts(image_id, &self.resource_types, self.version_depth)
    }

    /// Whether uses by this resource type are counted.
    pub fn counts(&self, resource_type: &str) -> bool {
        !self.is_limited || self.resource_types.iter().any(|name| name == resource_type)
    }
}
