//! Requests all pages of a list from a service other than EC2.

use std::error::Error;

use aws_sdk_ec2::config::http::HttpResponse;
use aws_sdk_ec2::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_ec2::operation::RequestId;

use super::error::RequestError;
use super::service::Service;

impl<C> Service<C> {
    /// The items of all pages. `request` returns the page with a token, and the token of the next page.
    ///
    /// # Errors
    /// The first error of `request`, and a page token that the service returns twice.
    pub async fn all_pages<T, E>(
        &self,
        mut request: impl AsyncFnMut(
            Option<String>,
        )
            -> Result<(Vec<T>, Option<String>), SdkError<E, HttpResponse>>,
    ) -> Result<Vec<T>, RequestError>
    where
        E: Error + ProvideErrorMetadata + RequestId + 'static,
    {
        let mut all = Vec::new();
        let mut token = None;
        loop {
            let page = request(token.clone()).await;
            let (items, next) =
                page.map_err(|error| RequestError::from_sdk_at(error, self.endpoint()))?;
            all.extend(items);
            match next.filter(|token| !token.is_empty()) {
                None => return Ok(all),
                next if next == token => {
                    return Err(RequestError::Response {
                        endpoint: self.endpoint(),
                        problem: "the same page token twice".to_owned(),
                    });
                }
                next => token = next,
            }
        }
    }
}
