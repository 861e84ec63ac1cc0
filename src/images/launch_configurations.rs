//! The action `DescribeLaunchConfigurations` of EC2 Auto Scaling: which launch configurations reference images.
//!
//! `DescribeImageReferences` does not examine launch configurations, the predecessors of launch templates.

use aws_sdk_autoscaling::types::LaunchConfiguration;

use super::references::Reference;
use crate::aws::{Ec2, RequestError};

/// The number of launch configurations per page: the service's maximum.
const PAGE_SIZE: i32 = 100;

impl From<LaunchConfiguration> for Reference {
    fn from(configuration: LaunchConfiguration) -> Self {
        Self {
            image_id: configuration.image_id,
            resource_type: Some("autoscaling:LaunchConfiguration".to_owned()),
            arn: configuration.launch_configuration_arn,
        }
    }
}

/// Lists all launch configurations of the account in the client's Region.
///
/// # Errors
/// [`RequestError`], also for an incomplete response or a page token that the service returns twice.
pub async fn launch_configurations(ec2: &Ec2) -> Result<Vec<Reference>, RequestError> {
    let service = &ec2.auto_scaling;
    let client = service.client();
    let configurations = service.all_pages(async |token| {
        let request = client
            .describe_launch_configurations()
            .max_records(PAGE_SIZE);
        let page = request.set_next_token(token).send().await?;
        Ok((
            page.launch_configurations.unwrap_or_default(),
            page.next_token,
        ))
    });
    Ok(configurations
        .await?
        .into_iter()
        .map(Reference::from)
        .collect())
}
