//! The action `DescribeImageReferences`: which resources of the caller's account reference images.

use std::num::NonZeroI32;

use aws_sdk_ec2::operation::describe_image_references::builders::DescribeImageReferencesFluentBuilder as Call;
use aws_sdk_ec2::types;
use serde::Serialize;
use serde_with::skip_serializing_none;

use crate::aws::Ec2;
use crate::listing::{Request, paginated_operation};
use crate::output::{Column, Record};
use crate::reports::resource_type::{INSTANCE, LAUNCH_TEMPLATE};
use crate::reports::{ResourceType, ResourceTypeOption};

/// The states in which an instance is a use. By default the service also returns terminated instances.
const LIVE_STATES: [&str; 5] = ["pending", "running", "shutting-down", "stopping", "stopped"];

/// A resource of the caller's account that references an image.
///
/// The members are those of the API's `ImageReference`; absent ones are `None`.
#[skip_serializing_none]
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[cfg_attr(test, schemars(rename = "ImageReference"))]
#[serde(rename_all = "PascalCase")]
pub struct Reference {
    /// The image's ID, `ami-…`.
    pub image_id: Option<String>,
    /// `ec2:Instance`, `ec2:LaunchTemplate`, `ssm:Parameter`, `imagebuilder:ImageRecipe` or
    /// `imagebuilder:ContainerRecipe`.
    pub resource_type: Option<String>,
    /// The resource's ARN.
    pub arn: Option<String>,
}

impl Reference {
    /// The approximate memory use in bytes, with an ID, a type and an ARN of some hundred characters.
    fn memory_size(&self) -> usize {
        3 * size_of::<Self>()
    }
}

impl From<types::ImageReference> for Reference {
    fn from(item: types::ImageReference) -> Self {
        Self {
            image_id: item.image_id,
            resource_type: item.resource_type.map(|kind| kind.as_str().to_owned()),
            arn: item.arn,
        }
    }
}

impl Record for Reference {
    const LIST: &'static str = "ImageReferences";

    // An ARN is as wide as that of a launch template.
    const COLUMNS: &'static [Column<Self>] = &[
        Column::id("ImageId", 21, |reference: &Self| {
            reference.image_id.as_deref().into()
        }),
        Column::id("ResourceType", 28, |reference: &Self| {
            reference.resource_type.as_deref().into()
        })
        .rank(1),
        Column::id("Arn", 72, |reference: &Self| {
            reference.arn.as_deref().into()
        }),
    ];
}

/// Lists resources in the caller's account that reference images.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DescribeImageReferences {
    /// The images.
    pub request: Request,
    /// Whether to list resources of all types.
    pub include_all_resource_types: bool,
    /// The types to list, or the options of some types if all are listed.
    pub resource_types: Vec<ResourceType>,
}

impl DescribeImageReferences {
    /// The uses of images: references of all types, except terminated instances. Of each launch template, the newest
    /// `version_depth` versions are examined, from 1 to 10,000. The service's default of 10 is smaller than that of a
    /// usage report.
    pub fn uses(image_ids: Vec<String>, version_depth: u32) -> Self {
        let mut instances = ResourceType::named(INSTANCE);
        instances.resource_type_options = Some(vec![ResourceTypeOption {
            option_name: Some("state-name".to_owned()),
            option_values: Some(LIVE_STATES.map(str::to_owned).to_vec()),
        }]);
        let mut templates = ResourceType::named(LAUNCH_TEMPLATE);
        templates.add_version_depth(version_depth);
        Self {
            request: Request::for_images(image_ids),
            include_all_resource_types: true,
            // Their options replace the service's defaults.
            resource_types: vec![instances, templates],
        }
    }

    /// The images.
    pub fn image_ids(&self) -> &[String] {
        &self.request.image_ids
    }

    fn call(&self, ec2: &Ec2) -> Call {
        let types = self.resource_types.iter().map(to_sdk);
        ec2.client
            .describe_image_references()
            .set_image_ids(self.request.sdk_image_ids())
            .set_include_all_resource_types(self.include_all_resource_types.then_some(true))
            .set_resource_types((!self.resource_types.is_empty()).then(|| types.collect()))
            .set_max_results(self.request.page_size.map(NonZeroI32::get))
    }
}

fn to_sdk(resource_type: &ResourceType) -> types::ResourceTypeRequest {
    let options = resource_type.resource_type_options.as_ref().map(|options| {
        let option = |option: &ResourceTypeOption| {
            types::ResourceTypeOption::builder()
                .set_option_name(option.option_name.as_deref().map(Into::into))
                .set_option_values(option.option_values.clone())
                .build()
        };
        options.iter().map(option).collect()
    });
    types::ResourceTypeRequest::builder()
        .set_resource_type(resource_type.resource_type.as_deref().map(Into::into))
        .set_resource_type_options(options)
        .build()
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
        let batches = DescribeImageReferences::uses(image_ids.clone(), 20).batches();
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
