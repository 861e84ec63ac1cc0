//! Reads an answer of the service page by page, whatever the action: its batches, pages, limits and resume tokens.
//!
//! A [`PaginatedOperation`] says what is asked and how its action is called. Nothing here knows of the command line or of a
//! terminal.

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

/// What one request comes to.
pub type OperationResult<Q> = Result<
    <Q as PaginatedOperation>::Output,
    SdkError<<Q as PaginatedOperation>::Error, HttpResponse>,
>;

/// The SDK's paginator. It is not to stop at a repeated token, which would end the answer without a word.
pub type Pages<Q> = PaginationStream<OperationResult<Q>>;

/// What is asked of an action that answers in pages.
pub trait PaginatedOperation: Clone + Debug + Send + Sync + 'static {
    /// An item of the answer.
    type Item: Debug + Send + 'static;
    /// The SDK's form of a page.
    type Output: Debug + Send + 'static;
    /// The SDK's form of the service's errors.
    type Error: Error + ProvideErrorMetadata + RequestId + Send + Sync + 'static;

    /// The questions that are sent in place of this one: each is small enough for one request, no item answers two of
    /// them, and their number and order depend on this question alone.
    fn parts(&self) -> Vec<Self>;

    /// Whether one request may ask all of this.
    fn is_one_request(&self) -> bool;

    /// A short name of this question, by which a resume token knows it again.
    fn fingerprint(&self) -> String;

    /// Asks for all pages, from the token of a page on.
    fn pages(&self, ec2: &Ec2, start: Option<String>) -> Pages<Self>;

    /// Asks whether the first page would be given.
    fn dry_run(&self, ec2: &Ec2) -> impl Future<Output = OperationResult<Self>> + Send;

    /// The items of a page, if there is a list of them, and the token of the next page. `now` is the service's time when
    /// it arrived.
    fn open(page: Self::Output, now: SystemTime) -> (Option<Vec<Self::Item>>, Option<String>);

    /// How many bytes of memory these items take, roughly.
    fn weight(items: &[Self::Item]) -> usize;
}

/// Who is asked what: of each client, in their order, a chain of pages for each part of the question.
#[derive(Debug)]
struct Scope<Q> {
    clients: Vec<Ec2>,
    parts: Vec<Q>,
}

impl<Q> Scope<Q> {
    /// How many chains there are.
    fn chains(&self) -> usize {
        self.clients.len() * self.parts.len()
    }

    /// Whom the chain with this number, from 0, asks for what.
    fn page_stream(&self, number: usize) -> (&Ec2, &Q) {
        let parts = self.parts.len();
        (&self.clients[number / parts], &self.parts[number % parts])
    }
}
