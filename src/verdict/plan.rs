//! The requests of a check, for a dry run.

use std::time::Instant;

use serde::Serialize;
use serde_with::skip_serializing_none;

use super::check::find;
use super::image::owned_ids;
use super::lists::{entries_by_report, references_by_image, reports_by_id};
use super::optional::{DESCRIBE_IMAGE_ATTRIBUTE, DESCRIBE_LAUNCH_CONFIGURATIONS};
use super::options::CheckOptions;
use super::read::Source;
use crate::listing::ListError;
use crate::output::{Column, Record};

/// A request that a check would send, with the minimum number of times.
#[skip_serializing_none]
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "PascalCase")]
pub struct PlannedCall {
    /// The action.
    pub action: &'static str,
    /// The image, if it concerns a single one.
    pub image_id: Option<String>,
    /// The number of requests.
    pub requests: i64,
}

impl Record for PlannedCall {
    const LIST: &'static str = "PlannedCalls";

    const COLUMNS: &'static [Column<Self>] = &[
        Column::id("Action", 31, |call: &Self| call.action.into()),
        Column::id("ImageId", 21, |call: &Self| call.image_id.as_deref().into()),
        Column::number("Requests", 8, |call: &Self| Some(call.requests).into()),
    ];
}

/// The requests that a check would send after it has listed the images and their reports. A list with several pages
/// takes more.
///
/// # Errors
/// As for [`check`](super::check()).
pub async fn planned_calls(
    source: &Source,
    options: &CheckOptions,
) -> Result<Vec<PlannedCall>, ListError> {
    let images = find(source, &options.images, &|_| {}).await?;
    let limits = options.limits(Instant::now(), &source.ec2);
    let mut calls: Vec<PlannedCall> = (images.iter())
        .filter(|image| options.create && image.needs_report(options, &limits))
        .map(|image| PlannedCall {
            action: "CreateImageUsageReport",
            image_id: Some(image.image_id.clone()),
            requests: 1,
        })
        .collect();
    let pending = (images.iter())
        .filter(|image| image.pending_report(options, &limits).is_some())
        .count();
    let created = calls.len();
    let available = (images.iter())
        .map(|image| image.reports_to_read(options, &limits).len())
        .sum::<usize>();
    let reports = vec![String::new(); created + pending + available];
    let image_ids = owned_ids(&images);
    let mut add = |action, requests: usize| {
        calls.extend((requests > 0).then(|| PlannedCall {
            action,
            image_id: None,
            requests: i64::try_from(requests).unwrap_or(i64::MAX),
        }));
    };
    let wait = reports_by_id();
    add(wait.action, wait.requests(&reports[..created + pending]));
    let entries = entries_by_report();
    add(entries.action, entries.requests(&reports));
    let references = references_by_image(options.version_depth);
    add(references.action, references.requests(&image_ids));
    add(
        DESCRIBE_LAUNCH_CONFIGURATIONS,
        usize::from(options.auto_scaling),
    );
    let permissions = usize::from(options.launch_permissions) * image_ids.len();
    add(DESCRIBE_IMAGE_ATTRIBUTE, permissions);
    Ok(calls)
}
