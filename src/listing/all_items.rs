//! Reads a list that is complete or an error.

use std::num::NonZeroUsize;

use super::error::ListError;
use super::operation::PaginatedOperation;
use super::paginator::Paginator;
use super::resume_token::ResumeToken;
use crate::aws::{Ec2, RequestError};

/// All items of a list.
///
/// # Errors
/// A request failed, or a response has no list at all.
pub async fn all_items<Q: PaginatedOperation>(
    ec2: &Ec2,
    operation: Q,
    concurrency: NonZeroUsize,
) -> Result<Vec<Q::Item>, ListError> {
    let start = ResumeToken::default();
    let mut listing = Paginator::new(vec![ec2.clone()], operation, start, None, concurrency)
        .expect("a listing without a starting token");
    let mut items = Vec::new();
    while let Some(page) = listing.next().await? {
        if page.is_list_missing {
            return Err(ListError::RequestError(RequestError::Response {
                endpoint: ec2.endpoint(),
                problem: "a page without its list".to_owned(),
            }));
        }
        items.extend(page.items);
    }
    Ok(items)
}
