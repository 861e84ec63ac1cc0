//! Reads complete lists of reports.

use std::collections::{HashMap, HashSet};

use super::operation::DescribeReports;
use super::record::Report;
use crate::aws::{Ec2, RequestError};
use crate::listing::{MAX_IDS_PER_REQUEST, PaginatedOperation, Request};

/// The reports of a request for at most 200 images and 200 reports.
///
/// # Errors
/// [`RequestError`]; a partial list is never returned.
pub async fn read(ec2: &Ec2, request: Request) -> Result<Vec<Report>, RequestError> {
    let mut pages = DescribeReports(request).pages(ec2, None);
    let mut seen = HashSet::new();
    let mut reports = Vec::new();
    while let Some(page) = pages.next().await {
        let page = page.map_err(|error| RequestError::from_sdk(error, ec2))?;
        let (items, token) = DescribeReports::into_items(page, ec2.now());
        reports.extend(items.unwrap_or_default());
        if let Some(token) = token
            && !seen.insert(token.clone())
        {
            return Err(RequestError::Response {
                endpoint: ec2.endpoint(),
                problem: format!("a repeated page token {token:?}"),
            });
        }
    }
    Ok(reports)
}

/// The newest report of each image, in any state, in the order of the images; `None` without a report.
///
/// # Errors
/// [`RequestError`], as for [`read`].
pub async fn newest(ec2: &Ec2, image_ids: &[String]) -> Result<Vec<Option<Report>>, RequestError> {
    let mut newest: HashMap<String, Report> = HashMap::new();
    for batch in image_ids.chunks(MAX_IDS_PER_REQUEST) {
        for report in read(ec2, Request::for_images(batch.to_vec())).await? {
            let Some(image_id) = report.image_id.clone() else {
                continue;
            };
            // Times in this form sort like their text; reports of the same time are sorted by ID.
            let rank = |report: &Report| {
                let time = report.creation_time.as_ref();
                (
                    time.map(|time| time.as_str().to_owned()),
                    report.report_id.clone(),
                )
            };
            let last = newest.entry(image_id).or_insert_with(|| report.clone());
            if rank(last) < rank(&report) {
                *last = report;
            }
        }
    }
    Ok(image_ids.iter().map(|id| newest.remove(id)).collect())
}
