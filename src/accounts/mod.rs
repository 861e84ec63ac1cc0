//! The names of accounts, from a file or from AWS Organizations.

mod cache;
mod names;
mod organizations;

pub use cache::Cache;
pub use names::AccountNames;
pub use organizations::{is_refusal, list_accounts};
