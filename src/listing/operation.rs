//! What the paginated actions have in common, and the adapter from the SDK's builders to it.

use std::error::Error;
use std::fmt::Debug;
use std::time::SystemTime;

use aws_sdk_ec2::config::http::HttpResponse;
use aws_sdk_ec2::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_ec2::operation::RequestId;
use aws_smithy_async::future::pagination_stream::PaginationStream;

use super::request::{MAX_IDS_PER_REQUEST, MIN_BATCHES, Request};
use crate::aws::Ec2;

/// The result of one request.
pub type OperationResult<Q> = Result<
    <Q as PaginatedOperation>::Output,
    SdkError<<Q as PaginatedOperation>::Error, HttpResponse>,
>;

/// The SDK's paginator. It must not stop at a repeated token, which would end the listing without an error.
pub type Pages<Q> = PaginationStream<OperationResult<Q>>;

/// An action that returns a list in pages, with the parameters of one listing. Implemented by
/// `paginated_operation!`.
pub trait PaginatedOperation: Clone + Debug + Send + Sync + 'static {
    /// An item of the list.
    type Item: Debug + Send + 'static;
    /// The SDK's form of a page.
    type Output: Debug + Send + 'static;
    /// The SDK's form of the service's errors.
    type Error: Error + ProvideErrorMetadata + RequestId + Send + Sync + 'static;

    /// How many IDs of a kind one request may name.
    const MAX_IDS: usize = MAX_IDS_PER_REQUEST;
    /// How many batches to split the IDs into at least, so that they can be requested concurrently.
    const MIN_BATCHES: usize = MIN_BATCHES;

    /// The IDs and filters.
    fn request(&self) -> &Request;

    /// The same operation with other IDs and filters.
    fn with_request(&self, request: Request) -> Self;

    /// Requests the pages from the one with the token `start` on.
    fn pages(&self, ec2: &Ec2, start: Option<String>) -> Pages<Self>;

    /// Checks the permission for the first page.
    fn dry_run(&self, ec2: &Ec2) -> impl Future<Output = OperationResult<Self>> + Send;

    /// The items of a page, unless it has no list of them, and the token of the next page. `now` is the service's time
    /// when the page arrived.
    fn into_items(page: Self::Output, now: SystemTime)
    -> (Option<Vec<Self::Item>>, Option<String>);

    /// The memory that these items take, in bytes, roughly.
    fn memory_size(items: &[Self::Item]) -> usize;

    /// The operations that replace this one: each fits into one request, no item is returned by two of them, and their
    /// number and order depend on this operation alone.
    fn batches(&self) -> Vec<Self> {
        let batches = self.request().batches(Self::MAX_IDS, Self::MIN_BATCHES);
        batches.map(|batch| self.with_request(batch)).collect()
    }

    /// A hash of the IDs, by which a resume token recognizes them.
    fn fingerprint(&self) -> String {
        self.request().fingerprint()
    }

    /// Whether one request can name all IDs.
    fn is_one_request(&self) -> bool {
        self.request().is_one_request(Self::MAX_IDS)
    }
}

/// Implements [`PaginatedOperation`] for a struct with a field for the [`Request`] and a method
/// `call(&self, ec2: &Ec2)` that returns the SDK's fluent builder. A closure converts the SDK's item and the service's
/// time to an item, which has a method `memory_size(&self)`.
macro_rules! paginated_operation {
    (
        $operation:ident { $request:tt }, $action:ident -> $output:ident or $error:ident,
        $list:ident: $convert:expr => $item:ty $(, $limit:ident = $value:expr)* $(,)?
    ) => {
        impl $crate::listing::PaginatedOperation for $operation {
            type Item = $item;
            type Output = aws_sdk_ec2::operation::$action::$output;
            type Error = aws_sdk_ec2::operation::$action::$error;

            $(const $limit: usize = $value;)*

            fn request(&self) -> &$crate::listing::Request {
                &self.$request
            }

            fn with_request(&self, request: $crate::listing::Request) -> Self {
                let mut operation = self.clone();
                operation.$request = request;
                operation
            }

            fn pages(
                &self,
                ec2: &$crate::aws::Ec2,
                start: Option<String>,
            ) -> $crate::listing::Pages<Self> {
                self.call(ec2)
                    .set_next_token(start)
                    .into_paginator()
                    .stop_on_duplicate_token(false)
                    .send()
            }

            async fn dry_run(
                &self,
                ec2: &$crate::aws::Ec2,
            ) -> $crate::listing::OperationResult<Self> {
                self.call(ec2).dry_run(true).send().await
            }

            fn into_items(
                page: Self::Output,
                now: std::time::SystemTime,
            ) -> (Option<Vec<$item>>, Option<String>) {
                let convert = $convert;
                let all = |items: Vec<_>| {
                    let items = items.into_iter().map(|item| convert(item, now));
                    items.collect()
                };
                (page.$list.map(all), page.next_token)
            }

            fn memory_size(items: &[$item]) -> usize {
                items.iter().map(<$item>::memory_size).sum()
            }
        }
    };
}
pub(crate) use paginated_operation;
