//! The entries of image usage reports.

mod operation;
mod record;

pub use operation::DescribeEntries;
pub use record::Entry;
