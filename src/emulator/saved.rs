//! State from a saved answer, in the shape that the AWS CLI prints.

use std::collections::{BTreeSet, HashMap, HashSet};

use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;
use serde::de::Error;
use serde::{Deserialize, Deserializer};

use super::model::{Image, Reference, Report, Row};
use super::state::Images;
use super::store::{Reports, Rows, Usage, runs};

/// Why a saved document cannot be answered from.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// It is not JSON, or a member is missing or of another type. The source says in which line and column.
    #[error(
        "not a saved answer about image usage: {0}; save one with `amiusage entries --output json` \
         or `aws ec2 describe-image-usage-report-entries --output json`"
    )]
    Json(#[from] serde_json::Error),
    /// It has no list about usage, so that every answer would be empty, as if no image were in use.
    #[error(
        "neither ImageUsageReportEntries nor ImageUsageReports nor Usage is in the document; save one with \
         `amiusage entries --output json` or `aws ec2 describe-image-usage-report-entries --output json`"
    )]
    NoLists,
    /// Two reports of one Region have one ID.
    #[error("the report {0} is listed twice in ImageUsageReports; remove one of the two")]
    RepeatedReport(String),
    /// A report has a Region in one place and none in another, so that it may be one report or two.
    #[error(
        "the report {0} is in one place with a Region and in another without; give it a Region everywhere \
         or nowhere"
    )]
    HalfRegional(String),
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
    images: Option<Vec<Image>>,
    image_references: Option<Vec<Reference>>,
    usage: Option<Vec<SavedUsage>>,
    failing_reports: Option<Vec<FailingReport>>,
}

/// An entry of the document. The service calls every member optional; without the IDs it could not be found.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct SavedEntry {
    image_id: String,
    report_id: String,
    resource_type: Option<String>,
    usage_count: Option<i64>,
    account_id: Option<String>,
    #[serde(default, deserialize_with = "time")]
    report_creation_time: Option<String>,
    region: Option<String>,
}

/// What a new report of an image finds: an entry to be.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct SavedUsage {
    image_id: String,
    resource_type: String,
    account_id: String,
    usage_count: i64,
    region: Option<String>,
}

/// An image whose new reports fail, and why.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct FailingReport {
    pub image_id: String,
    pub state_reason: String,
    pub region: Option<String>,
}

/// A document that holds together.
#[derive(Debug)]
pub(super) struct Saved {
    pub reports: Reports,
    pub images: Images,
    pub references: Vec<Reference>,
    pub failing: Vec<FailingReport>,
    pub regions: BTreeSet<String>,
}

pub(super) fn load(json: &str) -> Result<Saved, LoadError> {
    // A byte order mark, which some shells on Windows put before what they redirect, is no JSON.
    let document: Document = serde_json::from_str(json.trim_start_matches('\u{feff}'))?;
    if document.image_usage_reports.is_none()
        && document.image_usage_report_entries.is_none()
        && document.usage.is_none()
    {
        return Err(LoadError::NoLists);
    }
    let mut reports = document.image_usage_reports.unwrap_or_default();
    let entries = document.image_usage_report_entries.unwrap_or_default();
    let usage = document.usage.unwrap_or_default();
    let references = document.image_references.unwrap_or_default();
    let failing = document.failing_reports.unwrap_or_default();

    let runs = runs(owners(&mut reports, &entries)?.into_iter());
    let images = match document.images {
        Some(images) => Images::new(images, true),
        None => Images::new(mentioned(&reports, &usage), false),
    };
    let places = [
        reports.iter().map(|r| &r.region).collect::<Vec<_>>(),
        images.list().iter().map(|i| &i.region).collect(),
        references.iter().map(|r| &r.region).collect(),
        usage.iter().map(|u| &u.region).collect(),
        failing.iter().map(|f| &f.region).collect(),
    ];
    let regions = places.into_iter().flatten().flatten().cloned().collect();

    let mut rows: Vec<Row> = entries.into_iter().map(Row::from).collect();
    let mut found: HashMap<String, Vec<Usage>> = HashMap::new();
    for usage in usage {
        let found = found.entry(usage.image_id.clone()).or_default();
        match found.last_mut() {
            Some(last) if last.rows.end == rows.len() && last.region == usage.region => {
                last.rows.end += 1;
            }
            _ => found.push(Usage {
                region: usage.region.clone(),
                rows: rows.len()..rows.len() + 1,
            }),
        }
        rows.push(usage.into());
    }
    Ok(Saved {
        reports: Reports::new(reports, runs, Rows::Saved(rows), found),
        images,
        references,
        failing,
        regions,
    })
}

/// The report that each entry belongs to, by its position. Reports that only entries speak of are added.
fn owners(reports: &mut Vec<Report>, entries: &[SavedEntry]) -> Result<Vec<usize>, LoadError> {
    // By ID and Region, and for each ID whether its Region is said.
    let mut positions: HashMap<(String, Option<String>), usize> = HashMap::new();
    let mut is_regional: HashMap<String, bool> = HashMap::new();
    let mut place = |id: &str, region: &Option<String>, next: usize| {
        let regional = is_regional.entry(id.to_owned()).or_insert(region.is_some());
        if *regional != region.is_some() {
            return Err(LoadError::HalfRegional(id.to_owned()));
        }
        let key = (id.to_owned(), region.clone());
        Ok(*positions.entry(key).or_insert(next))
    };
    for (position, report) in reports.iter().enumerate() {
        if place(&report.report_id, &report.region, position)? != position {
            return Err(LoadError::RepeatedReport(report.report_id.clone()));
        }
    }
    let mut owners = Vec::with_capacity(entries.len());
    for (number, entry) in entries.iter().enumerate() {
        let owner = place(&entry.report_id, &entry.region, reports.len())?;
        if owner == reports.len() {
            reports.push(derived(entry));
        }
        if reports[owner].image_id != entry.image_id {
            return Err(LoadError::OtherImage {
                number: number + 1,
                report_id: entry.report_id.clone(),
                entry_image: entry.image_id.clone(),
                report_image: reports[owner].image_id.clone(),
            });
        }
        owners.push(owner);
    }
    Ok(owners)
}

/// The report that an entry must have come from: only `available` ones show entries.
fn derived(entry: &SavedEntry) -> Report {
    Report {
        image_id: entry.image_id.clone(),
        report_id: entry.report_id.clone(),
        state: "available".to_owned(),
        creation_time: entry.report_creation_time.clone(),
        region: entry.region.clone(),
        ..Report::default()
    }
}

/// The images that a document without images speaks of. Only an owner has reports.
fn mentioned(reports: &[Report], usage: &[SavedUsage]) -> Vec<Image> {
    let mut seen = HashSet::new();
    (reports
        .iter()
        .map(|report| (&report.image_id, &report.region)))
    .chain(usage.iter().map(|usage| (&usage.image_id, &usage.region)))
    .filter(|image| seen.insert(*image))
    .map(|(id, region)| Image::known_by(id, region.as_deref()))
    .collect()
}

impl From<SavedEntry> for Row {
    fn from(entry: SavedEntry) -> Self {
        Self {
            resource_type: entry.resource_type,
            usage_count: entry.usage_count,
            account_id: entry.account_id,
            report_creation_time: entry.report_creation_time,
        }
    }
}

impl From<SavedUsage> for Row {
    fn from(usage: SavedUsage) -> Self {
        Self {
            resource_type: Some(usage.resource_type),
            usage_count: Some(usage.usage_count),
            account_id: Some(usage.account_id),
            report_creation_time: None,
        }
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
        let entries: Vec<SavedEntry> = serde_json::from_str(
            r#"[
                {"ImageId": "i", "ReportId": "r", "ReportCreationTime": "2025-09-29T13:27:12Z"},
                {"ImageId": "j", "ReportId": "s", "Region": "a"},
                {"ImageId": "k", "ReportId": "s", "Region": "b"},
                {"ImageId": "i", "ReportId": "r"}]"#,
        )
        .unwrap();
        let mut reports = Vec::new();
        assert_eq!(owners(&mut reports, &entries).unwrap(), [0, 1, 2, 0]);
        let ids: Vec<_> = (reports.iter())
            .map(|report| {
                let region = report.region.as_deref();
                (
                    &*report.image_id,
                    &*report.report_id,
                    &*report.state,
                    region,
                )
            })
            .collect();
        assert_eq!(
            ids,
            [
                ("i", "r", "available", None),
                ("j", "s", "available", Some("a")),
                ("k", "s", "available", Some("b"))
            ]
        );
        assert_eq!(
            reports[0].creation_time.as_deref(),
            Some("2025-09-29T13:27:12.000Z")
        );
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
        assert!(
            error(
                r#"{"ImageUsageReports": [{"ImageId": "i", "ReportId": "r", "State": "pending"}],
                "ImageUsageReportEntries": [{"ImageId": "i", "ReportId": "r", "Region": "a"}]}"#
            )
            .starts_with("the report r is in one place with a Region")
        );
    }
}
