//! The difference between two readings of image usage: which accounts started or stopped using an image.

mod compare;
mod document;
mod live;
mod row;
mod uses;

pub use compare::compare;
pub use document::{Document, DocumentError};
pub use live::{Reading, Source, read, reports, two_newest};
pub use row::{Change, Row};
pub use uses::{ImageKey, ReportInfo, Use};
