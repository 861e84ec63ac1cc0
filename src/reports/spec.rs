//! What a report must cover.

use aws_sdk_ec2::operation::create_image_usage_report::builders::CreateImageUsageReportFluentBuilder as Call;
use aws_sdk_ec2::types;

use super::record::Tag;
use super::resource_type::{LAUNCH_TEMPLATE, ResourceType};
use crate::aws::Ec2;

/// The parameters of a report.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReportSpec {
    /// The image's ID.
    pub image_id: String,
    /// The resource types, at least one; with a version depth unless it is the service's default of 20.
    pub resource_types: Vec<ResourceType>,
    /// The accounts; all when empty.
    pub account_ids: Vec<String>,
    /// The tags of the report.
    pub tags: Vec<Tag>,
    /// Idempotency token: the service returns the same report for the same token. By default the SDK generates one per
    /// request, which all its attempts share.
    pub client_token: Option<String>,
}

impl ReportSpec {
    /// A report of all accounts and these resource types, at this version depth or the service's default.
    pub fn of_all_accounts(
        image_id: &str,
        resource_types: &[String],
        version_depth: Option<u32>,
    ) -> Self {
        let covered = |name: &String| {
            let mut covered = ResourceType::named(name);
            if let Some(depth) = version_depth
                && name == LAUNCH_TEMPLATE
            {
                covered.add_version_depth(depth);
            }
            covered
        };
        Self {
            image_id: image_id.to_owned(),
            resource_types: resource_types.iter().map(covered).collect(),
            ..Self::default()
        }
    }

    pub(super) fn call(&self, ec2: &Ec2) -> Call {
        let call = ec2
            .client
            .create_image_usage_report()
            .image_id(&self.image_id)
            .set_resource_types(Some(self.resource_types.iter().map(sdk_type).collect()))
            .set_client_token(self.client_token.clone());
        let call = match self.account_ids.as_slice() {
            [] => call,
            ids => call.set_account_ids(Some(ids.to_vec())),
        };
        match self.tags.as_slice() {
            [] => call,
            tags => call.tag_specifications(
                types::TagSpecification::builder()
                    .resource_type(types::ResourceType::ImageUsageReport)
                    .set_tags(Some(tags.iter().map(sdk_tag).collect()))
                    .build(),
            ),
        }
    }
}

fn sdk_tag(tag: &Tag) -> types::Tag {
    types::Tag::builder()
        .set_key(tag.key.clone())
        .set_value(tag.value.clone())
        .build()
}

fn sdk_type(of: &ResourceType) -> types::ImageUsageResourceTypeRequest {
    let options = of.resource_type_options.as_ref().map(|options| {
        (options.iter())
            .map(|option| {
                types::ImageUsageResourceTypeOptionRequest::builder()
                    .set_option_name(option.option_name.clone())
                    .set_option_values(option.option_values.clone())
                    .build()
            })
            .collect()
    });
    types::ImageUsageResourceTypeRequest::builder()
        .set_resource_type(of.resource_type.clone())
        .set_resource_type_options(options)
        .build()
}
