//! Reads any paginated EC2 operation: its batches, pages, limits and resume tokens.
//!
//! A [`PaginatedOperation`] describes the action and its parameters.

mod page_stream;
mod paginator;
mod prefetch;
mod request;
mod resume_token;

use std::error::Error;
use std::fmt::Debug;
use std::time::SystemTime;

use aws_sdk_ec2::config::http::HttpResponse;
use aws_sdk_ec2::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_ec2::operation::RequestId;
use aws_smithy_async::future::pagination_stream::PaginationStream;

use crate::aws::Ec2;

pub use page_stream::ListError;
pub use paginator::{Page, Paginator, dry_run};
pub use request::{Filter, Request};
pub use resume_token::{BatchMark, ResumeToken, TokenError};

/// The result of one request.
pub type OperationResult<Q> = Result<
    <Q as PaginatedOperation>::Output,
    SdkError<<Q as PaginatedOperation>::Error, HttpResponse>,
>;

/// The SDK's paginator. It must not stop at a repeated token, which would truncate the output silently.
pub type Pages<Q> = PaginationStream<OperationResult<Q>>;

/// A paginated EC2 action with its parameters.
pub trait PaginatedOperation: Clone + Debug + Send + Sync + 'static {
    /// An item of a response.
    type Item: Debug + Send + 'static;
    /// The SDK's type of a page.
    type Output: Debug + Send + 'static;
    /// The SDK's type of the service's errors.
    type Error: Error + ProvideErrorMetadata + RequestId + Send + Sync + 'static;

    /// Splits the operation into batches that each fit into one request. No item belongs to two of them, and their number
    /// and order depend on the parameters alone.
    fn parts(&self) -> Vec<Self>;

    /// Whether the operation fits into one request.
    fn is_one_request(&self) -> bool;

    /// A fingerprint of the parameters, by which a resume token recognizes its operation.
    fn fingerprint(&self) -> String;

    /// Requests all pages, starting with the page of a token.
    fn pages(&self, ec2: &Ec2, start: Option<String>) -> Pages<Self>;

    /// Checks with a dry run whether the first page would be returned.
    fn dry_run(&self, ec2: &Ec2) -> impl Future<Output = OperationResult<Self>> + Send;

    /// Splits a page into its items, if it has a list of them, and the token of the next page. `now` is the service's time
    /// when the page arrived.
    fn open(page: Self::Output, now: SystemTime) -> (Option<Vec<Self::Item>>, Option<String>);

    /// The approximate memory use of these items, in bytes.
    fn weight(items: &[Self::Item]) -> usize;
}

/// The clients and batches of a listing: one stream of pages for each batch of each client, in this order.
#[derive(Debug)]
struct Scope<Q> {
    clients: Vec<Ec2>,
    parts: Vec<Q>,
}

impl<Q> Scope<Q> {
    /// The number of page streams.
    fn chains(&self) -> usize {
        self.clients.len() * self.parts.len()
    }

    /// The client and the batch of the page stream with this index.
    fn page_stream(&self, number: usize) -> (&Ec2, &Q) {
        let parts = self.parts.len();
        (&self.clients[number / parts], &self.parts[number % parts])
    }
}
