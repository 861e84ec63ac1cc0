//! Lists the items of any paginated action: batches of IDs, pages, limits and resume tokens.
//!
//! A [`PaginatedOperation`] holds the parameters of a listing and knows how its action is called. Nothing here knows of
//! the command line or of a terminal.

mod all_items;
mod error;
mod operation;
mod page_stream;
mod paginator;
mod prefetch;
mod request;
mod resume_token;

pub use all_items::all_items;
pub use error::ListError;
pub(crate) use operation::paginated_operation;
pub use operation::{OperationResult, Pages, PaginatedOperation};
pub use paginator::{Page, Paginator, dry_run};
pub use request::{Filter, MAX_IDS_PER_REQUEST, Request};
pub use resume_token::{BatchMark, ResumeToken, TokenError};
