//! Image usage report entries: how they are asked for, and what one is.
//!
//! Nothing here knows of the command line or of a terminal.

mod operation;
mod record;

pub use operation::DescribeEntries;
pub use record::Entry;
