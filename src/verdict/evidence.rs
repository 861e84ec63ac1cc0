//! What is known of an image, to judge by: what was found, and where looking came to no end.

use std::ops::RangeInclusive;
use std::time::{Duration, SystemTime};

use super::reason::Reason;
use crate::entries::Entry;
use crate::images::Reference;
use crate::reports::CoverageGap;

/// What was read of a list.
#[derive(Clone, Debug)]
pub struct Reading<T> {
    /// What was found, which may be a part.
    pub found: Vec<T>,
    /// Why there may be more; nothing when the list was read to its end.
    pub gap: Option<Reason>,
}

impl<T> Reading<T> {
    /// Nothing was found, and this is why.
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
    /// It is past its time, at which the service deletes it: its entries may be gone.
    Expired,
    /// It is being made: its list of entries is empty, which says nothing.
    Pending,
    /// It could not be made, with the service's reason.
    Error(Option<String>),
    /// None that is documented.
    Other(Option<String>),
}

/// A report of the image, and what was read of it.
#[derive(Clone, Debug)]
pub struct Examined {
    /// Its ID, `amiur-…`.
    pub report_id: String,
    /// Its state when it was last asked for.
    pub state: State,
    /// When its creation began: what it says is of then.
    pub created: Option<SystemTime>,
    /// What it leaves out of the question; nothing when it covers it.
    pub narrower: Vec<CoverageGap>,
    /// Its entries.
    pub entries: Reading<Entry>,
}

/// All that is known of an image.
#[derive(Clone, Debug)]
pub struct Evidence {
    /// The image's ID, as it was asked for.
    pub image_id: String,
    /// Its name.
    pub name: Option<String>,
    /// Why it is not known to be an image of the account's.
    pub not_owned: Option<Reason>,
    /// Its reports, and what was read of them.
    pub reports: Reading<Examined>,
    /// What stood in the way of a report that covers the question.
    pub blockers: Vec<Reason>,
    /// What of the account's own refers to it.
    pub references: Reading<Reference>,
}

/// The times at which a report may have been created to tell of the present.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Window {
    created: RangeInclusive<SystemTime>,
    /// When the evidence is weighed.
    pub now: SystemTime,
}

impl Window {
    /// How far the clocks of this machine and of the service may be apart: further than that, the service refuses the
    /// signatures of requests.
    const CLOCK_SKEW: Duration = Duration::from_secs(5 * 60);

    /// From `max_age` before the run `began` until `now`.
    pub fn new(began: SystemTime, max_age: Duration, now: SystemTime) -> Self {
        let oldest = began.checked_sub(max_age).unwrap_or(SystemTime::UNIX_EPOCH);
        Self {
            created: oldest..=now + Self::CLOCK_SKEW,
            now,
        }
    }

    /// Whether a report that was created then is old enough and no older.
    pub fn holds(&self, created: SystemTime) -> bool {
        self.created.contains(&created)
    }

    /// Whether a report that was created then is too old.
    pub fn is_past(&self, created: SystemTime) -> bool {
        created < *self.created.start()
    }
}
