//! Can an image be retired? Gathers the evidence, and judges it.
//!
//! [`judge`] is the rule, without I/O. [`check`](check()) queries the service. A [`Row`] is a verdict for output.

mod check;
mod copies;
mod ensure;
mod evidence;
mod image;
mod lists;
mod names;
mod optional;
mod options;
mod plan;
mod progress;
mod read;
mod reason;
mod row;
mod rule;
mod uses;

#[cfg(test)]
mod tests;

pub use check::check;
pub(crate) use check::find;
pub use copies::add_copies;
pub use evidence::{Evidence, PartialList, ReportEvidence, State, TimeLimits};
pub(crate) use image::state;
pub(crate) use lists::{entries_by_report, reports_by_id, reports_by_image};
pub use names::unmatched_names;
pub use options::{CheckOptions, Images};
pub use plan::{PlannedCall, planned_calls};
pub use progress::CheckProgress;
pub use read::Source;
pub(crate) use read::{fold, read};
#[cfg(test)]
pub(crate) use reason::Members;
pub use reason::Reason;
pub use row::{ImageCopy, OwnReference, Row, Use};
pub use rule::{Judgment, Verdict, judge};
