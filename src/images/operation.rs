//! The action `DescribeImages`.

use std::num::NonZeroI32;

use aws_sdk_ec2::operation::describe_images::builders::DescribeImagesFluentBuilder as Call;

use super::member::Row;
use super::record::ImageRow;
use crate::aws::Ec2;
use crate::listing::{Filter, Request, paginated_operation};

/// Lists images.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DescribeImages {
    /// The IDs and filters.
    pub request: Request,
    /// Images of these owners: account IDs, `self` or aliases; of any owner if empty.
    pub owners: Vec<String>,
    /// Images that these users have explicit launch permissions for: account IDs, `self` or `all`.
    pub executable_users: Vec<String>,
    /// Whether to list deprecated images of other owners.
    pub include_deprecated: bool,
    /// Whether to list disabled images.
    pub include_disabled: bool,
    /// Whether IDs that do not exist are missing from the list, rather than an error for all IDs.
    pub skip_missing: bool,
}

impl DescribeImages {
    /// The IDs; none if the images are selected by other means.
    pub fn image_ids(&self) -> &[String] {
        &self.request.image_ids
    }

    fn call(&self, ec2: &Ec2) -> Call {
        let list = |texts: &[String]| (!texts.is_empty()).then(|| texts.to_vec());
        let mut request = self.request.clone();
        if self.skip_missing && !request.image_ids.is_empty() {
            let ids = Filter {
                name: "image-id".to_owned(),
                values: std::mem::take(&mut request.image_ids),
            };
            request.filters.insert(0, ids);
        }
        ec2.client
            .describe_images()
            .set_image_ids(request.sdk_image_ids())
            .set_owners(list(&self.owners))
            .set_executable_users(list(&self.executable_users))
            .set_include_deprecated(self.include_deprecated.then_some(true))
            .set_include_disabled(self.include_disabled.then_some(true))
            .set_filters(request.sdk_filters())
            .set_max_results(request.page_size.map(NonZeroI32::get))
    }
}

paginated_operation! {
    DescribeImages { request },
    describe_images -> DescribeImagesOutput or DescribeImagesError,
    images: |image, _| Row(image) => ImageRow,
    // As in the AWS CLI, an ID that does not exist is an error before any row.
    MIN_BATCHES = 1,
}
