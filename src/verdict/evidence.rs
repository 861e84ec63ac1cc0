//! The evidence about an image: what was found, and what could not be read.

use std::ops::RangeInclusive;
use std::time::{Duration, SystemTime};

use super::reason::Reason;
use crate::entries::Entry;
use crate::images::Reference;
use crate::reports::CoverageGap;

/// A list that may be incomplete.
#[derive(Clone, Debug)]
pub struct PartialList<T> {
    /// The items that were read.
    pub found: Vec<T>,
    /// Why there may be more; `None` if the list is complete.
    pub gap: Option<Reason>,
}

impl<T> PartialList<T> {
    /// A list of which nothing could be read, and why.
    pub fn none(gap: Reason) -> Self {
        Self {
            found: Vec::new(),
            gap: Some(gap),
        }
    }
}

/// The state of a report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// Its entries can be read.
    Available,
    /// It is past its expiration time, after which the service deletes its entries.
    Expired,
    /// It is being created: its list of entries is empty, which looks like no use.
    Pending,
    /// Its creation failed, with the service's reason.
    Error(Option<String>),
    /// An undocumented state.
    Other(Option<String>),
}

/// A report of the image with its entries.
#[derive(Clone, Debug)]
pub struct ReportEvidence {
    /// Its ID, `amiur-…`.
    pub report_id: String,
    /// Its latest known state.
    pub state: State,
    /// When its creation began: it is a snapshot of this time.
    pub created: Option<SystemTime>,
    /// What it does not cover of what is needed.
    pub gaps: Vec<CoverageGap>,
    /// Its entries.
    pub entries: PartialList<Entry>,
}

/// All evidence about an image.
#[derive(Clone, Debug)]
pub struct Evidence {
    /// The image's ID, as requested.
    pub image_id: String,
    /// Its name.
    pub name: Option<String>,
    /// Why the image is not known to belong to the account.
    pub not_owned: Option<Reason>,
    /// Its reports.
    pub reports: PartialList<ReportEvidence>,
    /// Why there is no report that covers what is needed.
    pub blockers: Vec<Reason>,
    /// The resources of the account that reference it.
    pub references: PartialList<Reference>,
}

/// The creation times of reports that are recent enough to judge by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReportWindow {
    created: RangeInclusive<SystemTime>,
    /// The time of the verdict.
    pub now: SystemTime,
}

impl ReportWindow {
    /// The maximum difference between the clocks of this machine and the service. With a larger one the service rejects
    /// signatures.
    const CLOCK_SKEW: Duration = Duration::from_secs(5 * 60);

    /// Creates the window from `max_age` before the run `started` until `now`.
    pub fn new(started: SystemTime, max_age: Duration, now: SystemTime) -> Self {
        let oldest = started
            .checked_sub(max_age)
            .unwrap_or(SystemTime::UNIX_EPOCH);
        Self {
            created: oldest..=now + Self::CLOCK_SKEW,
            now,
        }
    }

    /// Whether a report that was created then is recent enough.
    pub fn contains(&self, created: SystemTime) -> bool {
        self.created.contains(&created)
    }

    /// Whether a report that was created then is too old.
    pub fn is_past(&self, created: SystemTime) -> bool {
        created < *self.created.start()
    }
}
