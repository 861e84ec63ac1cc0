//! Image usage report entries: the request, its batches, pages, limits and resume tokens.
//!
//! Nothing here knows of the command line or of a terminal.

mod record;
mod request;

pub use record::Entry;
pub use request::Filter;
