//! The action `DescribeImageAttribute` for launch permissions: who may launch an image.

use std::fmt::{self, Display};

use aws_sdk_ec2::types;
use aws_sdk_ec2::types::ImageAttributeName;
use serde::Serialize;
use serde_with::skip_serializing_none;

use crate::aws::{Ec2, RequestError};

/// A launch permission: one of the members says for whom.
///
/// The members are those of the API's `LaunchPermission`; absent ones are `None`.
#[skip_serializing_none]
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "PascalCase")]
pub struct LaunchPermission {
    /// `all` for a public image.
    pub group: Option<String>,
    /// The ID of an account.
    pub user_id: Option<String>,
    /// The ARN of an organization.
    pub organization_arn: Option<String>,
    /// The ARN of an organizational unit.
    pub organizational_unit_arn: Option<String>,
}

/// `all`, an account ID or an ARN.
impl Display for LaunchPermission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let members = [
            &self.group,
            &self.user_id,
            &self.organization_arn,
            &self.organizational_unit_arn,
        ];
        let member = members.into_iter().flatten().next();
        f.write_str(member.map_or("?", String::as_str))
    }
}

impl From<types::LaunchPermission> for LaunchPermission {
    fn from(permission: types::LaunchPermission) -> Self {
        Self {
            group: permission.group.map(|group| group.as_str().to_owned()),
            user_id: permission.user_id,
            organization_arn: permission.organization_arn,
            organizational_unit_arn: permission.organizational_unit_arn,
        }
    }
}

/// The launch permissions of an image that the account owns. They are not a use.
///
/// # Errors
/// [`RequestError`], also for a response without a list or about another image.
pub async fn launch_permissions(
    ec2: &Ec2,
    image_id: &str,
) -> Result<Vec<LaunchPermission>, RequestError> {
    let response = (ec2.client.describe_image_attribute())
        .image_id(image_id)
        .attribute(ImageAttributeName::LaunchPermission)
        .send()
        .await
        .map_err(|error| RequestError::from_sdk(error, ec2))?;
    match response.launch_permissions {
        Some(list) if response.image_id.as_deref() == Some(image_id) => {
            Ok(list.into_iter().map(LaunchPermission::from).collect())
        }
        _ => Err(RequestError::Response {
            endpoint: ec2.endpoint(),
            problem: format!("no launch permissions of {image_id}"),
        }),
    }
}
