//! The evidence about an image: what was found, and what could not be read.

use std::ops::RangeInclusive;
use std::time::{Duration, SystemTime};

use super::reason::Reason;
use crate::entries::Entry;
use crate::images::{Image, LaunchPermission, Reference};
use crate::reports::{CoverageGap, resource_type};

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

impl State {
    /// Why the entries of a report in this state cannot be read.
    pub fn problem(&self, report_id: &str) -> Option<Reason> {
        let report_id = report_id.to_owned();
        Some(match self {
            Self::Available => return None,
            Self::Expired => Reason::ReportExpired { report_id },
            Self::Pending => Reason::ReportPending { report_id },
            Self::Error(reason) => Reason::ReportFailed {
                report_id,
                reason: reason.clone(),
            },
            Self::Other(state) => Reason::UnknownReportState {
                report_id,
                state: state.clone(),
            },
        })
    }
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
    /// Whether they were not the same when they were read again.
    pub has_changed: bool,
    /// Whether this run created the report.
    pub is_new: bool,
}

/// All evidence about an image.
#[derive(Clone, Debug)]
pub struct Evidence {
    /// The image's ID, as requested.
    pub image_id: String,
    /// The image as the service describes it, if it does.
    pub image: Image,
    /// Why the image is not known to belong to the account.
    pub not_owned: Option<Reason>,
    /// Its reports.
    pub reports: PartialList<ReportEvidence>,
    /// Why there is no report that covers what is needed.
    pub blockers: Vec<Reason>,
    /// The resources of the account that reference it.
    pub references: PartialList<Reference>,
    /// Who may launch it; `None` if that was not requested.
    pub launch_permissions: Option<PartialList<LaunchPermission>>,
    /// What was not checked, because it was not requested.
    pub not_checked: Vec<String>,
}

impl Evidence {
    /// The resource types among what was not checked.
    pub fn omitted_types(&self) -> Vec<String> {
        let is_type = |name: &&String| resource_type::ALL.contains(&name.as_str());
        self.not_checked.iter().filter(is_type).cloned().collect()
    }
}

/// The times that evidence is compared with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TimeLimits {
    report_created: RangeInclusive<SystemTime>,
    /// The earliest creation time of a report that the run itself created.
    new_report_created: SystemTime,
    /// The start of the idle time that *unused* requires; `None` if it requires none.
    pub idle_since: Option<SystemTime>,
    /// The time of the verdict.
    pub now: SystemTime,
}

impl TimeLimits {
    /// The maximum difference between the clocks of this machine and the service that changes no verdict.
    const CLOCK_SKEW: Duration = Duration::from_secs(15 * 60);

    /// The limits for a run that `started` then. Reports are at most `max_report_age` older than that, and the image was
    /// idle for `idle`.
    pub fn new(
        started: SystemTime,
        now: SystemTime,
        max_report_age: Duration,
        idle: Duration,
    ) -> Self {
        let before = |age| started.checked_sub(age).unwrap_or(SystemTime::UNIX_EPOCH);
        Self {
            report_created: before(max_report_age)..=now + Self::CLOCK_SKEW,
            new_report_created: before(max_report_age.max(Self::CLOCK_SKEW)),
            idle_since: (!idle.is_zero()).then(|| before(idle)),
            now,
        }
    }

    /// Whether a report that was created then, by this run if `is_new`, is recent enough.
    pub fn is_recent(&self, created: SystemTime, is_new: bool) -> bool {
        !self.is_too_old(created, is_new) && created <= *self.report_created.end()
    }

    /// Whether a report that was created then is too old.
    pub fn is_too_old(&self, created: SystemTime, is_new: bool) -> bool {
        let earliest = match is_new {
            true => self.new_report_created,
            false => *self.report_created.start(),
        };
        created < earliest
    }

    /// Whether the service's clock may be past this time.
    pub fn may_have_passed(&self, time: SystemTime) -> bool {
        time <= self.now + Self::CLOCK_SKEW
    }
}
