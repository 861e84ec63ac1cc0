//! Deletes reports.

use super::bounded;
use crate::aws::{Ec2, RequestError};

/// Deletes reports, or checks with dry runs whether they could be deleted. Returns results in the order of the IDs.
///
/// `observe` is called with each result, by its index. Sends no more requests once it is dropped; requests already sent
/// may still take effect.
pub async fn delete(
    ec2: &Ec2,
    report_ids: Vec<String>,
    dry_run: bool,
    observe: impl FnMut(usize, &Result<(), RequestError>),
) -> Vec<Result<(), RequestError>> {
    let delete_one = async |id| delete_one(ec2, id, dry_run).await;
    bounded::for_each(report_ids, delete_one, observe).await
}

async fn delete_one(ec2: &Ec2, id: String, dry_run: bool) -> Result<(), RequestError> {
    let call = ec2.client.delete_image_usage_report().report_id(id);
    if dry_run {
        return RequestError::unless_dry_run(call.dry_run(true).send().await, ec2);
    }
    let response = call.send().await;
    let response = response.map_err(|error| RequestError::from_sdk(error, ec2))?;
    if response.r#return == Some(false) {
        return Err(RequestError::Response {
            endpoint: ec2.endpoint(),
            problem: "the report was not deleted, and no reason was given".to_owned(),
        });
    }
    Ok(())
}
