//! The action `DescribeImageReferences`: which resources of the caller's account reference images.

use std::time::SystemTime;

use aws_sdk_ec2::operation::describe_image_references::{
    DescribeImageReferencesError, DescribeImageReferencesOutput,
    builders::DescribeImageReferencesFluentBuilder as Call,
};
use aws_sdk_ec2::types::{
    ImageReferenceOptionName, ImageReferenceResourceType, ResourceTypeOption, ResourceTypeRequest,
};
use serde::Serialize;

use crate::aws::Ec2;
use crate::listing::{OperationResult, Pages, PaginatedOperation, Request};

/// The maximum number of images per request, according to the API reference.
const MAX_IDS_PER_REQUEST: usize = 10;

/// A resource of the caller's account that references an image.
///
/// The members are those of the API's `ImageReference`; absent ones are `None`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Reference {
    /// The image's ID, `ami-…`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image_id: Option<String>,
    /// `ec2:Instance`, `ec2:LaunchTemplate`, `ssm:Parameter`, `imagebuilder:ImageRecipe` or
    /// `imagebuilder:ContainerRecipe`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resource_type: Option<String>,
    /// The resource's ARN.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub arn: Option<String>,
}

/// Lists all resources in the caller's account that reference these images, of all types.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DescribeImageReferences {
    /// The images: at least one, and distinct.
    pub image_ids: Vec<String>,
    /// How many of a launch template's newest versions are examined, from 1 to 10,000. The service's default of 10 is
    /// smaller than that of a usage report.
    pub version_depth: u32,
}

impl DescribeImageReferences {
    fn call(&self, ec2: &Ec2) -> Call {
        let depth = ResourceTypeOption::builder()
            .option_name(ImageReferenceOptionName::VersionDepth)
            .option_values(self.version_depth.to_string())
            .build();
        let templates = ResourceTypeRequest::builder()
            .resource_type(ImageReferenceResourceType::Ec2LaunchTemplate)
            .resource_type_options(depth)
            .build();
        ec2.client
            .describe_image_references()
            .set_image_ids(Some(self.image_ids.clone()))
            // All types, with a different option for this one.
            .include_all_resource_types(true)
            .resource_types(templates)
    }
}

impl PaginatedOperation for DescribeImageReferences {
    type Item = Reference;
    type Output = DescribeImageReferencesOutput;
    type Error = DescribeImageReferencesError;

    fn parts(&self) -> Vec<Self> {
        (self.image_ids.chunks(MAX_IDS_PER_REQUEST))
            .map(|chunk| Self {
                image_ids: chunk.to_vec(),
                version_depth: self.version_depth,
            })
            .collect()
    }

    fn is_one_request(&self) -> bool {
        self.image_ids.len() <= MAX_IDS_PER_REQUEST
    }

    fn fingerprint(&self) -> String {
        let request = Request {
            image_ids: self.image_ids.clone(),
            ..Request::default()
        };
        request.fingerprint()
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

    fn open(page: Self::Output, _now: SystemTime) -> (Option<Vec<Reference>>, Option<String>) {
        let items = page.image_references.map(|items| {
            (items.into_iter())
                .map(|item| Reference {
                    image_id: item.image_id,
                    resource_type: item.resource_type.map(|kind| kind.as_str().to_owned()),
                    arn: item.arn,
                })
                .collect()
        });
        (items, page.next_token)
    }

    fn weight(items: &[Reference]) -> usize {
        // An ID, a type, and an ARN of some hundred characters.
        items.len() * 3 * size_of::<Reference>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ten_images_go_into_a_request() {
        let image_ids: Vec<_> = (0..25).map(|number| format!("ami-{number:017x}")).collect();
        let question = DescribeImageReferences {
            image_ids: image_ids.clone(),
            version_depth: 20,
        };
        let parts = question.parts();
        let sizes: Vec<_> = parts.iter().map(|part| part.image_ids.len()).collect();
        assert_eq!(sizes, [10, 10, 5]);
        let sent: Vec<_> = parts.into_iter().flat_map(|part| part.image_ids).collect();
        assert_eq!(sent, image_ids);
    }
}
