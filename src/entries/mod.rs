//! Image usage report entries: the request, its batches, pages, limits and resume tokens.
//!
//! Nothing here knows of the command line or of a terminal.

mod listing;
mod record;
mod request;
mod timestamp;
mod token;

pub use listing::{Listing, ListingError, Page, dry_run};
pub use record::Entry;
pub use request::{Batch, Filter, MOST_IDS, Request};
pub use timestamp::Timestamp;
pub use token::{BatchMark, Token, TokenError};
