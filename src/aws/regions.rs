//! Which Regions an account may use.

use std::collections::BTreeSet;

use super::{Ec2, RequestError};

/// The Regions that are enabled for the account, in the order of their names.
///
/// # Errors
/// [`RequestError`] of the request, or an answer without a single Region.
pub(super) async fn enabled(ec2: &Ec2) -> Result<Vec<String>, RequestError> {
    // Without `AllRegions`, those that are not enabled are left out.
    let answer = ec2.client.describe_regions().send().await;
    let answer = answer.map_err(|error| RequestError::from_sdk(error, ec2))?;
    let regions = answer.regions.unwrap_or_default();
    let names: Option<BTreeSet<_>> = regions
        .into_iter()
        .map(|region| region.region_name)
        .collect();
    match names {
        Some(names) if !names.is_empty() => Ok(names.into_iter().collect()),
        _ => Err(RequestError::Response {
            endpoint: ec2.endpoint(),
            problem: "a list of Regions without their names".to_owned(),
        }),
    }
}
