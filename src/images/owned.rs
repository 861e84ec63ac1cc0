//! The action `DescribeImages`, for images that the account owns.

use std::num::NonZeroUsize;
use std::time::SystemTime;

use aws_sdk_ec2::operation::describe_images::{
    DescribeImagesError, DescribeImagesOutput, builders::DescribeImagesFluentBuilder as Call,
};
use aws_sdk_ec2::types::Filter;

use crate::aws::{Ec2, RequestError};
use crate::listing::{
    ListError, OperationResult, Pages, PaginatedOperation, Paginator, Request, ResumeToken,
};

/// The maximum number of name patterns: the service's limit of values per filter.
pub const MAX_NAME_PATTERNS: usize = 200;

/// The number of images per page: the service's maximum. Without it, the service returns all images on one page, and
/// advises against that.
const PAGE_SIZE: i32 = 1000;

/// An image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Image {
    /// The image's ID, `ami-…`. An image without one makes the response invalid.
    pub image_id: Option<String>,
    /// Its name.
    pub name: Option<String>,
}

/// Lists images that the account owns, including deprecated and disabled ones, which may still be in use.
///
/// Without IDs and names it lists all. IDs that the account does not own are not an error: they are missing from the
/// list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DescribeImages {
    /// Only these images.
    pub image_ids: Vec<String>,
    /// Only images with one of these names; `*` and `?` are wildcards. At most [`MAX_NAME_PATTERNS`].
    pub names: Vec<String>,
}

impl DescribeImages {
    fn call(&self, ec2: &Ec2) -> Call {
        let filter = |name: &str, values: &[String]| {
            (!values.is_empty()).then(|| {
                Filter::builder()
                    .name(name)
                    .set_values(Some(values.to_vec()))
                    .build()
            })
        };
        // The parameter `ImageId` would reject all IDs because of a missing one, and cannot be paginated.
        let filters: Vec<_> = [
            filter("image-id", &self.image_ids),
            filter("name", &self.names),
        ]
        .into_iter()
        .flatten()
        .collect();
        ec2.client
            .describe_images()
            .owners("self")
            .include_deprecated(true)
            .include_disabled(true)
            .set_filters((!filters.is_empty()).then_some(filters))
            .max_results(PAGE_SIZE)
    }

    fn request(&self) -> Request {
        Request {
            image_ids: self.image_ids.clone(),
            ..Request::default()
        }
    }
}

impl PaginatedOperation for DescribeImages {
    type Item = Image;
    type Output = DescribeImagesOutput;
    type Error = DescribeImagesError;

    fn parts(&self) -> Vec<Self> {
        (self.request().batches().into_iter())
            .map(|batch| Self {
                image_ids: batch.image_ids,
                names: self.names.clone(),
            })
            .collect()
    }

    fn is_one_request(&self) -> bool {
        self.request().is_one_request()
    }

    fn fingerprint(&self) -> String {
        self.request().fingerprint()
    }

    fn pages(&self, ec2: &Ec2, start: Option<String>) -> Pages<Self> {
        self.call(ec2)
            .set_next_token(start)
            .into_paginator()
            .stop_on_duplicate_token(false)
            .send()
    }

    async fn dry_run(&self, ec2: &Ec2) -> OperationResult<Self> {
        self.call(ec2).dry_run(true).send().await
    }

    fn open(page: Self::Output, _now: SystemTime) -> (Option<Vec<Image>>, Option<String>) {
        let items = page.images.map(|images| {
            (images.into_iter())
                .map(|image| Image {
                    image_id: image.image_id,
                    name: image.name,
                })
                .collect()
        });
        (items, page.next_token)
    }

    fn weight(items: &[Image]) -> usize {
        // An ID and a name, of up to 128 characters.
        items.len() * 2 * size_of::<Image>()
    }
}

/// Returns all images of an operation, in the service's order.
///
/// # Errors
/// [`ListError`], also for an incomplete response.
pub async fn owned(
    ec2: &Ec2,
    question: DescribeImages,
    concurrency: NonZeroUsize,
) -> Result<Vec<Image>, ListError> {
    let mut listing = Paginator::new(
        vec![ec2.clone()],
        question,
        ResumeToken::default(),
        None,
        concurrency,
    )
    .expect("a listing from its beginning has no token that could be wrong");
    let mut images = Vec::new();
    while let Some(page) = listing.next().await? {
        if page.listless || page.items.iter().any(|image| image.image_id.is_none()) {
            let failure = RequestError::Response {
                endpoint: ec2.endpoint(),
                problem: "a page without images or their IDs".to_owned(),
            };
            return Err(failure.into());
        }
        images.extend(page.items);
    }
    Ok(images)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_go_into_one_request_and_ids_into_batches() {
        let named = DescribeImages {
            names: vec!["golden-*".to_owned(), "base-?".to_owned()],
            ..DescribeImages::default()
        };
        assert_eq!(named.parts(), std::slice::from_ref(&named));

        let image_ids: Vec<_> = (0..2000)
            .map(|number| format!("ami-{number:017x}"))
            .collect();
        let these = DescribeImages {
            image_ids: image_ids.clone(),
            ..DescribeImages::default()
        };
        let parts = these.parts();
        assert_eq!(parts.len(), 10);
        let sent: Vec<_> = parts.into_iter().flat_map(|part| part.image_ids).collect();
        assert_eq!(sent, image_ids);
    }
}
