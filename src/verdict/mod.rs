//! May an image be retired? Gathers the evidence, and judges it.
//!
//! [`judge`] is the rule, without any I/O; [`check`](check()) asks the service for what it needs. A [`Row`] is a verdict as every
//! format shows it. Nothing here knows of the command line or of a terminal.

mod check;
mod ensure;
mod evidence;
mod image;
mod plan;
mod read;
mod reason;
mod requests;
mod row;
mod rule;
mod tally;

#[cfg(test)]
mod tests;

pub use check::{CheckOptions, Images, check};
pub use evidence::{Evidence, Examined, Reading, State, Window};
pub use plan::{PlannedCall, planned_calls};
pub use read::Source;
pub use reason::Reason;
pub use row::{OwnReference, Row, Use};
pub use rule::{Judgement, Verdict, judge};
pub use tally::Tally;
