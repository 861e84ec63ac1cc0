//! State from a saved answer, in the shape that the AWS CLI prints.

use std::borrow::Cow;
use std::collections::HashMap;

use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;
use serde::de::Error;
use serde::{Deserialize, Deserializer};

use super::state::{Entry, Report, Run, runs};

/// Why a saved document cannot be answered from.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// It is not JSON, or a member is missing or of another type. The source says in which line and column.
    #[error(
        "not a saved answer about image usage: {0}; save one with `amiusage entries --output json` \
         or `aws ec2 describe-image-usage-report-entries --output json`"
    )]
    Json(#[from] serde_json::Error),
    /// It has neither list, so that every answer would be empty, as if no image were in use.
    #[error(
        "neither ImageUsageReportEntries nor ImageUsageReports is in the document; save one with \
         `amiusage entries --output json` or `aws ec2 describe-image-usage-report-entries --output json`"
    )]
    NoLists,
    /// Two reports have one ID.
    #[error("the report {0} is listed twice in ImageUsageReports; remove one of the two")]
    RepeatedReport(String),
    /// An entry names another image than its report or than an earlier entry of it.
    #[error(
        "entry {number} says that report {report_id} is about {entry_image}, but before that it is about \
         {report_image}; correct the one that is wrong"
    )]
    OtherImage {
        /// The place of the entry in `ImageUsageReportEntries`, from 1 on.
        number: usize,
        /// The report that both speak of.
        report_id: String,
        /// The image by this entry.
        entry_image: String,
        /// The image by the report, or by the first entry that names it.
        report_image: String,
    },
}

/// The document. Other keys, such as `NextToken`, are nobody's concern.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Document {
    image_usage_reports: Option<Vec<Report>>,
    image_usage_report_entries: Option<Vec<SavedEntry>>,
}

/// An entry of the document. The service calls every member optional; without the IDs it could not be found.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct SavedEntry {
    image_id: String,
    report_id: String,
    resource_type: Option<String>,
    usage_count: Option<i64>,
    account_id: Option<String>,
    #[serde(default, deserialize_with = "time")]
    report_creation_time: Option<String>,
}

impl SavedEntry {
    pub fn in_report<'s>(&'s self, report: &'s Report) -> Entry<'s> {
        Entry {
            report,
            resource_type: self.resource_type.as_deref(),
            usage_count: self.usage_count,
            account_id: self.account_id.as_deref().map(Cow::Borrowed),
            report_creation_time: self.report_creation_time.as_deref(),
        }
    }
}

/// A document that holds together. Its entries are those of the runs, in order.
pub(super) struct Saved {
    pub reports: Vec<Report>,
    pub runs: Vec<Run>,
    pub entries: Vec<SavedEntry>,
}

pub(super) fn load(json: &str) -> Result<Saved, LoadError> {
    // A byte order mark, which some shells on Windows put before what they redirect, is no JSON.
    let document: Document = serde_json::from_str(json.trim_start_matches('\u{feff}'))?;
    if document.image_usage_reports.is_none() && document.image_usage_report_entries.is_none() {
        return Err(LoadError::NoLists);
    }

    let mut reports = document.image_usage_reports.unwrap_or_default();
    let mut by_id = HashMap::new();
    for (position, report) in reports.iter().enumerate() {
        if by_id.insert(report.report_id.clone(), position).is_some() {
            return Err(LoadError::RepeatedReport(report.report_id.clone()));
        }
    }

    let entries = document.image_usage_report_entries.unwrap_or_default();
    let mut owners = Vec::with_capacity(entries.len());
    for (place, entry) in entries.iter().enumerate() {
        let owner = *by_id.entry(entry.report_id.clone()).or_insert_with(|| {
            reports.push(derived(entry));
            reports.len() - 1
        });
        if reports[owner].image_id != entry.image_id {
            return Err(LoadError::OtherImage {
                number: place + 1,
                report_id: entry.report_id.clone(),
                entry_image: entry.image_id.clone(),
                report_image: reports[owner].image_id.clone(),
            });
        }
        owners.push(owner);
    }
    Ok(Saved {
        reports,
        runs: runs(owners.into_iter()),
        entries,
    })
}

/// The report that an entry must have come from: only `available` ones show entries.
fn derived(entry: &SavedEntry) -> Report {
    Report {
        image_id: entry.image_id.clone(),
        report_id: entry.report_id.clone(),
        state: "available".to_owned(),
        creation_time: entry.report_creation_time.clone(),
        ..Report::default()
    }
}

/// Reads a time in any RFC 3339 form, such as the AWS CLI's `2025-09-29T13:27:12.322000+00:00`, into the
/// service's: UTC, with milliseconds.
pub(super) fn time<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    let Some(text) = Option::<String>::deserialize(deserializer)? else {
        return Ok(None);
    };
    DateTime::from_str(&text, Format::DateTimeWithOffset)
        .ok()
        .and_then(service_time)
        .map(Some)
        .ok_or_else(|| {
            D::Error::custom(format!(
                "{text:?} is not a time such as 2025-09-29T13:27:12.322Z"
            ))
        })
}

/// A time as the service writes it; none outside the years that RFC 3339 knows.
pub(super) fn service_time(time: DateTime) -> Option<String> {
    let mut text = DateTime::from_secs(time.secs())
        .fmt(Format::DateTime)
        .ok()?;
    let milliseconds = format!(".{:03}Z", time.subsec_nanos() / 1_000_000);
    text.replace_range(text.len() - 1.., &milliseconds);
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(json: &str) -> String {
        match load(json) {
            Ok(_) => panic!("this document should not load: {json}"),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn times_of_either_aws_cli_become_the_service_s() {
        for (written, read) in [
            (
                "2025-09-29T13:27:12.322000+00:00",
                "2025-09-29T13:27:12.322Z",
            ),
            ("2025-09-29T13:27:12.322Z", "2025-09-29T13:27:12.322Z"),
            ("2025-09-29T13:27:12+00:00", "2025-09-29T13:27:12.000Z"),
            ("2025-09-29T13:27:12.320Z", "2025-09-29T13:27:12.320Z"),
            (
                "2025-09-29T15:27:12.322000+02:00",
                "2025-09-29T13:27:12.322Z",
            ),
        ] {
            let read_back = time(serde_json::json!(written)).unwrap();
            assert_eq!(read_back.as_deref(), Some(read), "{written}");
        }
    }

    #[test]
    fn entries_alone_bring_their_reports() {
        let saved = load(
            r#"{"NextToken": "x", "ImageUsageReportEntries": [
                {"ImageId": "i", "ReportId": "r", "ReportCreationTime": "2025-09-29T13:27:12Z"},
                {"ImageId": "j", "ReportId": "s"},
                {"ImageId": "i", "ReportId": "r"}]}"#,
        )
        .unwrap();
        let ids: Vec<_> = (saved.reports.iter())
            .map(|report| (&*report.image_id, &*report.report_id, &*report.state))
            .collect();
        assert_eq!(ids, [("i", "r", "available"), ("j", "s", "available")]);
        assert_eq!(
            saved.reports[0].creation_time.as_deref(),
            Some("2025-09-29T13:27:12.000Z")
        );
        assert_eq!((saved.runs.len(), saved.entries.len()), (3, 3));
    }

    #[test]
    fn a_byte_order_mark_is_no_hindrance() {
        assert!(load("\u{feff}{\"ImageUsageReports\": []}").is_ok());
    }

    #[test]
    fn an_unreadable_document_says_where() {
        let missing = error(
            r#"{"ImageUsageReportEntries": [
            {"ImageId": "i"}]}"#,
        );
        assert!(
            missing.contains("missing field `ReportId` at line 2 column 28"),
            "{missing}"
        );
        let time = error(
            r#"{"ImageUsageReports": [
            {"ImageId": "i", "ReportId": "r", "State": "pending", "CreationTime": "today"}]}"#,
        );
        assert!(time.contains("\"today\" is not a time"), "{time}");
        assert!(time.contains("line 2 column"), "{time}");
    }

    #[test]
    fn a_document_of_something_else_is_not_an_empty_answer() {
        assert!(error(r#"{"Images": []}"#).starts_with("neither ImageUsageReportEntries nor"));
    }

    #[test]
    fn contradictions_are_refused() {
        let twice = r#"{"ImageId": "i", "ReportId": "r", "State": "pending"}"#;
        assert!(
            error(&format!(r#"{{"ImageUsageReports": [{twice}, {twice}]}}"#))
                .starts_with("the report r is listed twice")
        );
        assert!(
            error(
                r#"{"ImageUsageReportEntries": [
                {"ImageId": "i", "ReportId": "r"}, {"ImageId": "j", "ReportId": "r"}]}"#
            )
            .starts_with("entry 2 says that report r is about j")
        );
    }
}
