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
pub use copies::add_copies;
pub use evidence::{Evidence, PartialList, ReportEvidence, State, TimeLimits};
pub use names::unmatched_names;
pub use options::{CheckOptions, Images};
pub use plan::{PlannedCall, planned_calls};
pub use progress::CheckProgress;
pub use read::Source;
pub use reason::Reason;
pub use row::{ImageCopy, OwnReference, Row, Use};
pub use rule::{Judgment, Verdict, judge};
