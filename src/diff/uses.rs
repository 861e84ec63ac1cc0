//! What is compared: how many resources use an image, by account and resource type, according to one report.

use crate::reports::Scope;

/// An image in a Region. A document may not name its Region.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ImageKey {
    /// The Region, if it is known.
    pub region: Option<String>,
    /// The image's ID.
    pub image_id: String,
}

/// A count of an image's report. Its order is that of the output.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Use {
    /// The image.
    pub image: ImageKey,
    /// The account that uses it.
    pub account_id: String,
    /// What uses it, such as `ec2:Instance`.
    pub resource_type: String,
    /// The number of resources.
    pub count: i64,
}

impl Use {
    /// Whether both are of the same image, account and resource type.
    pub(super) fn has_key_of(&self, other: &Self) -> bool {
        self.key() == other.key()
    }

    pub(super) fn key(&self) -> (&ImageKey, &str, &str) {
        (&self.image, &self.account_id, &self.resource_type)
    }
}

/// The report of an image that is compared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReportInfo {
    /// Its ID.
    pub report_id: String,
    /// When its creation began, as text; `None` if that is unknown.
    pub created: Option<String>,
    /// What it covers; `None` if that is unknown.
    pub scope: Option<Scope>,
}
