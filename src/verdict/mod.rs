//! May an image be retired? Gathers the evidence, and judges it.
//!
//! [`judge`] is the rule, without any I/O; [`check`](check()) asks the service for what it needs. A [`Row`] is a verdict as every
//! format shows it. Nothing here knows of the command line or of a terminal.

mod check;
mod evidence;
mod read;
mod reason;
mod row;
mod rule;

#[cfg(test)]
mod tests;

pub use check::{Asked, Images, Tally, check, planned_calls};
pub use evidence::{Evidence, Examined, Reading, State, Window};
pub use read::Source;
pub use reason::Reason;
pub use row::{OwnReference, PlannedCall, Row, Use};
pub use rule::{Judgement, Verdict, judge};
