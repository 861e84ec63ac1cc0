//! Lists the Regions of an account.

use std::collections::BTreeSet;

use super::ec2::Ec2;
use super::error::RequestError;

/// The Regions that are enabled for the account, sorted by name.
///
/// # Errors
/// [`RequestError`] of the request, or of a response without Regions.
pub(super) async fn enabled(ec2: &Ec2) -> Result<Vec<String>, RequestError> {
    // Without `AllRegions` the response omits those that are not enabled.
    let response = ec2.client.describe_regions().send().await;
    let response = response.map_err(|error| RequestError::from_sdk(error, ec2))?;
    let regions = response.regions.unwrap_or_default();
    let names: Option<BTreeSet<_>> = regions
        .into_iter()
        .map(|region| region.region_name)
        .collect();
    match names {
        Some(names) if !names.is_empty() => Ok(names.into_iter().collect()),
        _ => Err(RequestError::Response {
            endpoint: ec2.endpoint(),
            problem: "no Region names in the response to DescribeRegions".to_owned(),
        }),
    }
}
