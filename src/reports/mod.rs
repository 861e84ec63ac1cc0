//! The life of image usage reports: create, list, wait, delete.
//!
//! A report is created for one image, is `pending` for a while, and then `available` or in `error`; the service deletes
//! it after 30 days. Nothing here knows of the command line or of a terminal.

mod backoff;
mod coverage;
mod create;
mod delete;
mod gently;
mod order;
mod question;
mod read;
mod record;
mod rows;
mod wait;

pub use coverage::Narrower;
pub use create::{Created, Creation, Fate, create, dry_run};
pub use delete::delete;
pub use order::Order;
pub use question::DescribeReports;
pub use read::{newest, read};
pub(crate) use record::between;
pub use record::{Report, ResourceType, ResourceTypeOption, Tag};
pub use rows::{CreateRow, DeleteRow};
pub use wait::{Waited, wait};
