//! What a report is to cover.

use aws_sdk_ec2::operation::create_image_usage_report::builders::CreateImageUsageReportFluentBuilder as Call;
use aws_sdk_ec2::types;

use super::{Report, ResourceType, Tag};
use crate::aws::Ec2;

/// How many of a launch template's newest versions a report looks at, unless told otherwise.
const USUAL_DEPTH: u32 = 20;

/// One report to be created.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Order {
    /// The image's ID.
    pub image_id: String,
    /// The resource types, at least one; each with a version depth where that is not to be the service's 20.
    pub resource_types: Vec<ResourceType>,
    /// The accounts; all when there are none.
    pub account_ids: Vec<String>,
    /// The tags of the report.
    pub tags: Vec<Tag>,
    /// By which the service knows a request again and answers it with the report that it has. Without one the SDK makes
    /// one up for each request, which all its attempts have.
    pub client_token: Option<String>,
}

impl Order {
    /// Whether `report` covers all that this orders, and maybe more. Its state and its age are the caller's to judge.
    pub fn is_covered_by(&self, report: &Report) -> bool {
        let types = report.resource_types.as_deref().unwrap_or_default();
        let depth = |of: &ResourceType| of.version_depth().unwrap_or(USUAL_DEPTH);
        let accounts = report.account_ids.as_deref().unwrap_or_default();
        report.image_id.as_ref() == Some(&self.image_id)
            && self.resource_types.iter().all(|wanted| {
                types.iter().any(|has| {
                    has.resource_type == wanted.resource_type && depth(has) >= depth(wanted)
                })
            })
            && (accounts.is_empty()
                || !self.account_ids.is_empty()
                    && self.account_ids.iter().all(|id| accounts.contains(id)))
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

#[cfg(test)]
mod tests {
    use super::super::ResourceTypeOption;
    use super::*;

    fn templates(depth: u32) -> ResourceType {
        ResourceType {
            resource_type_options: Some(vec![ResourceTypeOption {
                option_name: Some("version-depth".to_owned()),
                option_values: Some(vec![depth.to_string()]),
            }]),
            ..ResourceType::named("ec2:LaunchTemplate")
        }
    }

    #[test]
    fn a_report_covers_what_is_asked_or_more() {
        let instances = || ResourceType::named("ec2:Instance");
        let any_templates = || ResourceType::named("ec2:LaunchTemplate");
        type Scope = (Vec<ResourceType>, &'static [&'static str]);
        let rows: Vec<(Scope, Scope, bool)> = vec![
            ((vec![instances()], &[]), (vec![instances()], &[]), true),
            (
                (vec![instances()], &[]),
                (vec![instances(), templates(5)], &[]),
                true,
            ),
            (
                (vec![instances(), any_templates()], &[]),
                (vec![instances()], &[]),
                false,
            ),
            (
                (vec![any_templates()], &[]),
                (vec![templates(20)], &[]),
                true,
            ),
            (
                (vec![any_templates()], &[]),
                (vec![templates(19)], &[]),
                false,
            ),
            (
                (vec![templates(20)], &[]),
                (vec![any_templates()], &[]),
                true,
            ),
            (
                (vec![templates(21)], &[]),
                (vec![any_templates()], &[]),
                false,
            ),
            ((vec![instances()], &["1"]), (vec![instances()], &[]), true),
            ((vec![instances()], &[]), (vec![instances()], &["1"]), false),
            (
                (vec![instances()], &["1"]),
                (vec![instances()], &["2", "1"]),
                true,
            ),
            (
                (vec![instances()], &["1", "3"]),
                (vec![instances()], &["2", "1"]),
                false,
            ),
        ];
        let texts = |ids: &[&str]| ids.iter().map(ToString::to_string).collect::<Vec<_>>();
        for (wanted, has, covers) in rows {
            let order = Order {
                image_id: "ami-1".to_owned(),
                resource_types: wanted.0,
                account_ids: texts(wanted.1),
                ..Order::default()
            };
            let mut report = Report {
                image_id: Some("ami-1".to_owned()),
                resource_types: Some(has.0),
                account_ids: Some(texts(has.1)),
                ..Report::default()
            };
            assert_eq!(order.is_covered_by(&report), covers, "{order:?} {report:?}");
            report.image_id = Some("ami-2".to_owned());
            assert!(!order.is_covered_by(&report));
        }
    }
}
