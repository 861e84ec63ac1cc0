//! The results of creations and deletions, as rows of output.

use serde::Serialize;
use serde_with::skip_serializing_none;

use super::create::{CreateStatus, Created};
use super::record::Report;
use super::spec::ReportSpec;
use crate::aws::RequestError;
use crate::output::{Column, Record};

/// The result of a creation.
#[skip_serializing_none]
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "PascalCase")]
pub struct CreateRow {
    /// The image.
    pub image_id: String,
    /// The report of the image.
    pub report_id: Option<String>,
    /// `created`, `adopted`, `failed` or `interrupted`.
    pub result: &'static str,
    /// Why there is no report, or no new one.
    pub reason: Option<String>,
}

impl CreateRow {
    /// The result for a spec at the end of the run, even if it was interrupted.
    pub fn new(spec: &ReportSpec, status: &CreateStatus) -> Self {
        let (result, reason) = match status {
            CreateStatus::Done(Created::New { .. }) => ("created", None),
            CreateStatus::Done(Created::Adopted(_)) => (
                "adopted",
                Some("it was pending and covers the request".to_owned()),
            ),
            CreateStatus::Done(Created::Blocked { report, .. }) => {
                ("failed", Some(blocked_by(report, spec)))
            }
            CreateStatus::Done(Created::Failed(error)) => ("failed", Some(error.to_string())),
            CreateStatus::Queued => ("interrupted", Some("no report was created".to_owned())),
            CreateStatus::Sent => (
                "interrupted",
                Some("no response: it may have been created".to_owned()),
            ),
        };
        Self {
            image_id: spec.image_id.clone(),
            report_id: (status.created())
                .and_then(Created::report_id)
                .map(str::to_owned),
            result,
            reason,
        }
    }
}

/// Why a pending report blocks the creation of another one.
fn blocked_by(report: &Report, spec: &ReportSpec) -> String {
    let gaps: Vec<_> = (spec.gaps_in(report).iter())
        .map(ToString::to_string)
        .collect();
    format!(
        "{} is pending for this image and covers {}; wait for it or delete it",
        report.report_id.as_deref().unwrap_or("another report"),
        gaps.join(", ")
    )
}

impl Record for CreateRow {
    const LIST: &'static str = "CreatedImageUsageReports";

    const COLUMNS: &'static [Column<Self>] = &[
        Column::id("ImageId", 21, |row: &Self| row.image_id.as_str().into()),
        Column::id("ReportId", 23, |row: &Self| row.report_id.as_deref().into()),
        Column::id("Result", 11, |row: &Self| row.result.into()),
        Column::text("Reason", 44, 24, |row: &Self| row.reason.as_deref().into()).below(),
    ];
}

/// The result of a deletion.
#[skip_serializing_none]
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "PascalCase")]
pub struct DeleteRow {
    /// The report.
    pub report_id: String,
    /// `deleted`, `failed` or `interrupted`.
    pub result: &'static str,
    /// Why it was not deleted.
    pub reason: Option<String>,
}

impl DeleteRow {
    /// The result for the report `report_id`; `None` if the run ended before there was one.
    pub fn new(report_id: &str, deleted: Option<&Result<(), RequestError>>) -> Self {
        let (result, reason) = match deleted {
            Some(Ok(())) => ("deleted", None),
            Some(Err(error)) => ("failed", Some(error.to_string())),
            None => ("interrupted", Some("it may have been deleted".to_owned())),
        };
        Self {
            report_id: report_id.to_owned(),
            result,
            reason,
        }
    }
}

impl Record for DeleteRow {
    const LIST: &'static str = "DeletedImageUsageReports";

    const COLUMNS: &'static [Column<Self>] = &[
        Column::id("ReportId", 23, |row: &Self| row.report_id.as_str().into()),
        Column::id("Result", 11, |row: &Self| row.result.into()),
        Column::text("Reason", 44, 24, |row: &Self| row.reason.as_deref().into()).below(),
    ];
}
