//! The pages of one batch from one client: each page has the token of the next one.

use std::collections::HashSet;

use super::operation::{Pages, PaginatedOperation};
use crate::aws::{Ec2, RequestError};

/// A page as the service returned it.
#[derive(Debug)]
pub struct RawPage<T> {
    /// The items, in the service's order; maybe none.
    pub items: Vec<T>,
    /// Whether the response has no list at all, which proves less than an empty one.
    pub is_list_missing: bool,
    /// What follows.
    pub next: Next,
}

/// What follows a page.
#[derive(Debug, PartialEq, Eq)]
pub enum Next {
    /// The page with this token.
    Page(String),
    /// Nothing: the service returned this token before.
    Repeated(String),
    /// Nothing: the list is complete.
    End,
}

/// The pages of an operation that fits into one request.
#[derive(Debug)]
pub struct PageStream<Q: PaginatedOperation> {
    ec2: Ec2,
    pages: Pages<Q>,
    /// All tokens so far.
    seen: HashSet<String>,
}

impl<Q: PaginatedOperation> PageStream<Q> {
    /// The pages from the token `start` on. Sends nothing yet.
    pub fn new(ec2: Ec2, operation: &Q, start: Option<String>) -> Self {
        Self {
            pages: operation.pages(&ec2, start.clone()),
            seen: start.into_iter().collect(),
            ec2,
        }
    }

    /// The next page. Must not be called after a page without a next one.
    ///
    /// # Errors
    /// [`RequestError`]; the stream must not be used after one.
    pub async fn next(&mut self) -> Result<RawPage<Q::Item>, RequestError> {
        let page = match self.pages.next().await {
            Some(Ok(page)) => page,
            Some(Err(error)) => return Err(RequestError::from_sdk(error, &self.ec2)),
            None => unreachable!("the SDK's paginator ends after a page without a token"),
        };
        let (items, token) = Q::into_items(page, self.ec2.now());
        Ok(RawPage {
            is_list_missing: items.is_none(),
            items: items.unwrap_or_default(),
            next: match token.filter(|token| !token.is_empty()) {
                None => Next::End,
                Some(token) if self.seen.insert(token.clone()) => Next::Page(token),
                Some(token) => Next::Repeated(token),
            },
        })
    }
}

/// The page streams of a listing: for each client, in order, one for each batch.
#[derive(Debug)]
pub struct PageStreams<Q> {
    /// The clients.
    pub clients: Vec<Ec2>,
    /// What each client is sent.
    pub batches: Vec<Q>,
}

impl<Q: PaginatedOperation> PageStreams<Q> {
    /// The stream of an operation that fits into one request.
    pub fn one(ec2: Ec2, operation: Q) -> Self {
        Self {
            clients: vec![ec2],
            batches: vec![operation],
        }
    }

    /// How many streams there are.
    pub fn count(&self) -> usize {
        self.clients.len() * self.batches.len()
    }

    /// The stream with this index.
    pub fn open(&self, index: usize, start: Option<String>) -> PageStream<Q> {
        let batches = self.batches.len();
        let client = self.clients[index / batches].clone();
        PageStream::new(client, &self.batches[index % batches], start)
    }
}
