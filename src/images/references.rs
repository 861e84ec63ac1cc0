//! The action `DescribeImageReferences`: which resources of the caller's account reference images.

use aws_sdk_ec2::operation::describe_image_references::builders::DescribeImageReferencesFluentBuilder as Call;
use aws_sdk_ec2::types::{
    ImageReference, ImageReferenceOptionName, ImageReferenceResourceType, ResourceTypeOption,
    ResourceTypeRequest,
};
use serde::Serialize;

use crate::aws::Ec2;
use crate::listing::{Request, paginated_operation};

/// The states in which an instance is a use. By default the service also returns terminated instances.
const LIVE_STATES: [&str; 5] = ["pending", "running", "shutting-down", "stopping", "stopped"];

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

impl Reference {
    /// The approximate memory use in bytes, with an ID, a type and an ARN of some hundred characters.
    fn memory_size(&self) -> usize {
        3 * size_of::<Self>()
    }
}

impl From<ImageReference> for Reference {
    fn from(item: ImageReference) -> Self {
        Self {
            image_id: item.image_id,
            resource_type: item.resource_type.map(|kind| kind.as_str().to_owned()),
            arn: item.arn,
        }
    }
}

/// Lists all resources in the caller's account that reference these images, of all types.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DescribeImageReferences {
    request: Request,
    version_depth: u32,
}

impl DescribeImageReferences {
    /// The references of at least one image. Of each launch template, the newest `version_depth` versions are examined,
    /// from 1 to 10,000. The service's default of 10 is smaller than that of a usage report.
    pub fn new(image_ids: Vec<String>, version_depth: u32) -> Self {
        Self {
            request: Request::for_images(image_ids),
            version_depth,
        }
    }

    /// The images.
    pub fn image_ids(&self) -> &[String] {
        &self.request.image_ids
    }

    fn call(&self, ec2: &Ec2) -> Call {
        let with_option = |resource_type, name, values: Vec<String>| {
            let option = ResourceTypeOption::builder()
                .option_name(name)
                .set_option_values(Some(values))
                .build();
            ResourceTypeRequest::builder()
                .resource_type(resource_type)
                .resource_type_options(option)
                .build()
        };
        ec2.client
            .describe_image_references()
            .set_image_ids(self.request.sdk_image_ids())
            // All types; the options of these two replace the service's defaults.
            .include_all_resource_types(true)
            .resource_types(with_option(
                ImageReferenceResourceType::Ec2Instance,
                ImageReferenceOptionName::StateName,
                LIVE_STATES.map(str::to_owned).to_vec(),
            ))
            .resource_types(with_option(
                ImageReferenceResourceType::Ec2LaunchTemplate,
                ImageReferenceOptionName::VersionDepth,
                vec![self.version_depth.to_string()],
            ))
    }
}

paginated_operation! {
    DescribeImageReferences { request },
    describe_image_references -> DescribeImageReferencesOutput or DescribeImageReferencesError,
    image_references: |item, _| Reference::from(item) => Reference,
    // By the API reference. Requests are expensive here: the service makes several others for each.
    MAX_IDS = 10,
    MIN_BATCHES = 1,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::listing::PaginatedOperation;

    #[test]
    fn at_most_ten_images_fit_into_a_request() {
        let image_ids: Vec<_> = (0..25).map(|number| format!("ami-{number:017x}")).collect();
        let batches = DescribeImageReferences::new(image_ids.clone(), 20).batches();
        let sizes: Vec<_> = batches
            .iter()
            .map(|batch| batch.image_ids().len())
            .collect();
        assert_eq!(sizes, [8, 8, 9]);
        let sent: Vec<_> = (batches.iter())
            .flat_map(DescribeImageReferences::image_ids)
            .collect();
        assert_eq!(sent, image_ids.iter().collect::<Vec<_>>());
    }
}
