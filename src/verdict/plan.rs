//! What a check would do, for a dry run.

use std::cell::Cell;
use std::time::Instant;

use serde::Serialize;

use super::check::{CheckOptions, find, owned};
use super::read::{By, Source};
use super::requests::{entries_by_report, references_by_image, reports_by_id};
use super::tally::Watch;
use crate::listing::{ListError, PaginatedOperation};
use crate::output::{Column, Record};
use crate::reports::DescribeReports;

/// A call that a check would make, so many times at least.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct PlannedCall {
    /// The action.
    pub action: &'static str,
    /// The image that it is about, where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image_id: Option<String>,
    /// How many requests.
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

/// The calls that a check would make from now on, each list being of one page at least. Only what they rest on is asked
/// for: the images and their reports.
///
/// # Errors
/// As for [`check`](super::check()).
pub async fn planned_calls(
    source: &Source,
    asked: &CheckOptions,
) -> Result<Vec<PlannedCall>, ListError> {
    let watch = Watch {
        tally: Cell::default(),
        tell: &|_| {},
    };
    let subjects = find(source, asked, &watch).await?;
    let window = asked.window(Instant::now(), &source.ec2);
    let mut calls: Vec<PlannedCall> = (subjects.iter())
        .filter(|subject| asked.create && subject.lacks_report(asked, &window))
        .map(|subject| PlannedCall {
            action: "CreateImageUsageReport",
            image_id: Some(subject.image_id.clone()),
            requests: 1,
        })
        .collect();
    let pending = (subjects.iter())
        .filter(|subject| subject.pending_report(asked, &window).is_some())
        .count();
    let created = calls.len();
    let available = (subjects.iter())
        .map(|subject| subject.to_be_read(asked, &window).len())
        .sum::<usize>();
    let reports = vec![String::new(); created + pending + available];
    let images = owned(&subjects);
    let mut add = |action, requests: usize| {
        calls.extend((requests > 0).then(|| PlannedCall {
            action,
            image_id: None,
            requests: i64::try_from(requests).unwrap_or(i64::MAX),
        }));
    };
    let wait = reports_by_id();
    let parts = |by: &By<DescribeReports>, count: usize| match count {
        0 => 0,
        count => (by.ask)(reports[..count].to_vec()).parts().len(),
    };
    add(wait.action, parts(&wait, created + pending));
    let entries = entries_by_report();
    if !reports.is_empty() {
        add(entries.action, (entries.ask)(reports.clone()).parts().len());
    }
    let references = references_by_image(asked.version_depth);
    add(references.action, (references.ask)(images).parts().len());
    Ok(calls)
}
