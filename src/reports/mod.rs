//! Image usage reports: create, list, wait, delete.
//!
//! A report is created for one image, is `pending` for a while, and then `available` or in `error`. The service deletes
//! it after 30 days.

mod backoff;
mod bounded;
mod coverage;
mod create;
mod delete;
mod operation;
mod read;
mod record;
mod refused_types;
pub mod resource_type;
mod rows;
mod scope;
mod spec;
mod wait;

pub use coverage::CoverageGap;
pub use create::{CreateEvent, CreateStatus, Created, create, dry_run};
pub use delete::delete;
pub use operation::DescribeReports;
pub use read::{newest, read};
pub(crate) use record::span;
pub use record::{Report, Tag};
pub use refused_types::RefusedTypes;
pub use resource_type::{ResourceType, ResourceTypeOption};
pub use rows::{CreateRow, DeleteRow};
pub use scope::Scope;
pub use spec::ReportSpec;
pub use wait::{AwaitedReport, WaitOutcome, wait};
