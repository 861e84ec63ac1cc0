//! Reports of the service: which two of an image are compared, and their entries.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};
use std::num::NonZeroUsize;

use super::uses::{ImageKey, ReportInfo, Use};
use crate::aws::{Ec2, RequestError, Time};
use crate::entries::{DescribeEntries, Entry};
use crate::listing::{ListError, Request, all_items};
use crate::reports::{DescribeReports, Report, ReportSpec};

/// The service to query, in one Region.
#[derive(Clone, Copy, Debug)]
pub struct Source<'a> {
    /// The client.
    pub ec2: &'a Ec2,
    /// The maximum number of concurrent requests.
    pub concurrency: NonZeroUsize,
    /// The Region of the images in the output, if there are several.
    pub region: Option<&'a str>,
}

/// The reports of one side, and their uses, sorted.
#[derive(Debug, Default)]
pub struct Reading {
    /// The report of each image.
    pub reports: BTreeMap<ImageKey, ReportInfo>,
    /// The entries of these reports.
    pub uses: Vec<Use>,
}

impl Reading {
    /// Adds the images of another Region.
    pub fn add(&mut self, other: Self) {
        self.reports.extend(other.reports);
        self.uses.extend(other.uses);
        self.uses.sort_unstable();
    }
}

/// Finds the two newest available reports of each image that cover what `spec` requests for it, and have the same scope.
/// Images without two such reports are returned with the reason.
///
/// # Errors
/// A request failed.
pub async fn two_newest(
    source: Source<'_>,
    image_ids: &[String],
    spec: impl Fn(&str) -> ReportSpec,
) -> Result<(Vec<[Report; 2]>, Vec<(ImageKey, &'static str)>), ListError> {
    let request = Request::for_images(image_ids.to_vec());
    let reports = all_items(source.ec2, DescribeReports(request), source.concurrency).await?;
    let mut by_image: HashMap<Option<String>, Vec<Report>> = HashMap::new();
    for report in reports {
        by_image
            .entry(report.image_id.clone())
            .or_default()
            .push(report);
    }
    let mut pairs = Vec::new();
    let mut missing = Vec::new();
    for image_id in image_ids {
        let spec = spec(image_id);
        let mut reports = by_image.remove(&Some(image_id.clone())).unwrap_or_default();
        reports.retain(|report| report.is_available() && spec.is_covered_by(report));
        reports.sort_by_key(|report| {
            let created = report.creation_time.as_ref().and_then(Time::on_clock);
            Reverse((created, report.report_id.clone()))
        });
        let mut reports = reports.into_iter();
        let new = reports.next();
        let has_older = reports.len() > 0;
        let old = new.as_ref().and_then(|new| {
            let scope = new.scope();
            reports.find(|report| report.scope() == scope)
        });
        match (old, new) {
            (Some(old), Some(new)) => pairs.push([old, new]),
            (None, new) => {
                let problem = match new {
                    None => "no available report covers what is compared",
                    Some(_) if has_older => "its reports have different scopes",
                    Some(_) => "only one available report covers what is compared",
                };
                missing.push((image_key(source, image_id), problem));
            }
            (Some(_), None) => unreachable!("an older report follows a newer one"),
        }
    }
    Ok((pairs, missing))
}

/// The reports with these IDs, in this order; `None` for an unknown one.
///
/// # Errors
/// The request failed.
pub async fn reports(
    source: Source<'_>,
    report_ids: &[String],
) -> Result<Vec<Option<Report>>, ListError> {
    let request = Request::for_reports(report_ids.to_vec());
    let found = all_items(source.ec2, DescribeReports(request), source.concurrency).await?;
    let find = |id: &String| {
        let mut found = found.iter();
        found
            .find(|report| report.report_id.as_ref() == Some(id))
            .cloned()
    };
    Ok(report_ids.iter().map(find).collect())
}

/// Reads the entries of these reports, at most one of each image.
///
/// # Errors
/// A request failed, or an entry is incomplete.
pub async fn read(source: Source<'_>, reports: &[Report]) -> Result<Reading, ListError> {
    let mut reading = Reading::default();
    let mut ids = Vec::new();
    for report in reports {
        let image_id = report.image_id.clone().unwrap_or_default();
        let report_id = report.report_id.clone().unwrap_or_default();
        ids.push(report_id.clone());
        let info = ReportInfo {
            report_id,
            created: (report.creation_time).map(|time| time.as_str().to_owned()),
            scope: report.scope(),
        };
        reading.reports.insert(image_key(source, &image_id), info);
    }
    // Without IDs, the service would list the entries of all reports.
    if !ids.is_empty() {
        let operation = DescribeEntries(Request::for_reports(ids));
        let entries = all_items(source.ec2, operation, source.concurrency).await?;
        for entry in entries {
            let used = as_use(source, entry).ok_or_else(|| RequestError::Response {
                endpoint: source.ec2.endpoint(),
                problem: "an entry without its image, account, resource type or count".to_owned(),
            })?;
            reading.uses.push(used);
        }
    }
    reading.uses.sort_unstable();
    Ok(reading)
}

fn image_key(source: Source<'_>, image_id: &str) -> ImageKey {
    ImageKey {
        region: source.region.map(str::to_owned),
        image_id: image_id.to_owned(),
    }
}

fn as_use(source: Source<'_>, entry: Entry) -> Option<Use> {
    Some(Use {
        image: image_key(source, &entry.image_id?),
        account_id: entry.account_id?,
        resource_type: entry.resource_type?,
        count: entry.usage_count?,
    })
}
