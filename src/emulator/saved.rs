//! Loads state from a saved JSON document, as the AWS CLI prints it.

use std::collections::{HashMap, HashSet};

use serde::Deserialize;

use super::model::{
    FailingReport, Image, LaunchConfiguration, MemberAccount, Reference, Report, Row,
};
use super::state::{Images, State};
use super::store::{Reports, Rows, Usage, group_by_report};
use super::timestamp;

/// Why a saved document cannot be loaded.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// It is not JSON, or a member is missing or has the wrong type. The source has the line and column.
    #[error(
        "invalid image usage document: {0}; create one with `amiusage entries --output json` \
         or `aws ec2 describe-image-usage-report-entries --output json`"
    )]
    Json(#[from] serde_json::Error),
    /// It has no usage list, so that every response would be empty, as if no image were in use.
    #[error(
        "no ImageUsageReportEntries, ImageUsageReports or Usage list in the document; create one with \
         `amiusage entries --output json` or `aws ec2 describe-image-usage-report-entries --output json`"
    )]
    NoLists,
    /// Two reports in the same Region have the same ID.
    #[error("report {0} is listed twice in ImageUsageReports; remove one of them")]
    RepeatedReport(String),
    /// A report has a Region in one place and none in another, so that it is ambiguous.
    #[error(
        "report {0} has a Region in one place and none in another; set Region in all of them or in none"
    )]
    InconsistentRegion(String),
    /// An entry has a different image than its report or an earlier entry.
    #[error(
        "entry {number} has image {entry_image} for report {report_id}, which is about {report_image}; \
         fix the image ID that is wrong"
    )]
    ImageMismatch {
        /// The number of the entry in `ImageUsageReportEntries`, from 1.
        number: usize,
        /// The report of both.
        report_id: String,
        /// The image of the entry.
        entry_image: String,
        /// The image of the report, or of its first entry.
        report_image: String,
    },
}

/// The document. Other keys, such as `NextToken`, are ignored.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Document {
    image_usage_reports: Option<Vec<Report>>,
    image_usage_report_entries: Option<Vec<SavedEntry>>,
    images: Option<Vec<Image>>,
    image_references: Option<Vec<Reference>>,
    launch_configurations: Option<Vec<LaunchConfiguration>>,
    accounts: Option<Vec<MemberAccount>>,
    usage: Option<Vec<SavedUsage>>,
    failing_reports: Option<Vec<FailingReport>>,
}

/// An entry of the document. Every member is optional in the API, but an entry without IDs could not be selected.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct SavedEntry {
    image_id: String,
    report_id: String,
    resource_type: Option<String>,
    usage_count: Option<i64>,
    account_id: Option<String>,
    #[serde(default, deserialize_with = "timestamp::deserialize")]
    report_creation_time: Option<String>,
    region: Option<String>,
}

/// An entry of new reports of an image.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct SavedUsage {
    image_id: String,
    resource_type: String,
    account_id: String,
    usage_count: i64,
    region: Option<String>,
}

impl State {
    /// Loads a JSON document, as the AWS CLI prints it: `ImageUsageReports`, `ImageUsageReportEntries`, `Images`,
    /// `ImageReferences`, `LaunchConfigurations` and `Accounts`, and two lists of the emulator's own for reports that are
    /// created later: `Usage`, their entries, and `FailingReports`, the images whose reports fail. Lists may be omitted.
    /// A report that has only entries is `available`.
    ///
    /// # Errors
    /// A document with another structure, without a usage list, or with contradictions.
    pub fn from_json(json: &str) -> Result<Self, LoadError> {
        // Some shells on Windows write a byte order mark, which is not JSON.
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
        let launch_configurations = document.launch_configurations.unwrap_or_default();

        let ranges = group_by_report(owners(&mut reports, &entries)?.into_iter());
        let images = match document.images {
            Some(images) => Images::new(images, true),
            None => Images::new(mentioned_images(&reports, &usage), false),
        };
        let item_regions = [
            reports.iter().map(|r| &r.region).collect::<Vec<_>>(),
            images.list().iter().map(|i| &i.region).collect(),
            references.iter().map(|r| &r.region).collect(),
            usage.iter().map(|u| &u.region).collect(),
            failing.iter().map(|f| &f.region).collect(),
            launch_configurations.iter().map(|l| &l.region).collect(),
        ];
        let regions = item_regions
            .into_iter()
            .flatten()
            .flatten()
            .cloned()
            .collect();

        let mut rows: Vec<Row> = entries.into_iter().map(Row::from).collect();
        let usage = usage_rows(usage, &mut rows);
        let reports = Reports::new(reports, ranges, Rows::Saved(rows), usage);
        let mut state = State::new(reports, images, references, regions, failing);
        state.launch_configurations = launch_configurations;
        state.accounts = document.accounts;
        Ok(state)
    }
}

/// Appends the usage to the rows, and returns the row ranges of each image.
fn usage_rows(usage: Vec<SavedUsage>, rows: &mut Vec<Row>) -> HashMap<String, Vec<Usage>> {
    let mut by_image: HashMap<String, Vec<Usage>> = HashMap::new();
    for usage in usage {
        let ranges = by_image.entry(usage.image_id.clone()).or_default();
        match ranges.last_mut() {
            Some(last) if last.rows.end == rows.len() && last.region == usage.region => {
                last.rows.end += 1;
            }
            _ => ranges.push(Usage {
                region: usage.region.clone(),
                rows: rows.len()..rows.len() + 1,
            }),
        }
        rows.push(usage.into());
    }
    by_image
}

/// The position of each entry's report. Adds the reports that only have entries.
fn owners(reports: &mut Vec<Report>, entries: &[SavedEntry]) -> Result<Vec<usize>, LoadError> {
    // By ID and Region, and for each ID whether it has a Region.
    let mut positions: HashMap<(String, Option<String>), usize> = HashMap::new();
    let mut is_regional: HashMap<String, bool> = HashMap::new();
    let mut position_of = |id: &str, region: &Option<String>, next: usize| {
        let regional = is_regional.entry(id.to_owned()).or_insert(region.is_some());
        if *regional != region.is_some() {
            return Err(LoadError::InconsistentRegion(id.to_owned()));
        }
        let key = (id.to_owned(), region.clone());
        Ok(*positions.entry(key).or_insert(next))
    };
    for (position, report) in reports.iter().enumerate() {
        if position_of(&report.report_id, &report.region, position)? != position {
            return Err(LoadError::RepeatedReport(report.report_id.clone()));
        }
    }
    let mut owners = Vec::with_capacity(entries.len());
    for (number, entry) in entries.iter().enumerate() {
        let owner = position_of(&entry.report_id, &entry.region, reports.len())?;
        if owner == reports.len() {
            reports.push(report_of(entry));
        }
        if reports[owner].image_id != entry.image_id {
            return Err(LoadError::ImageMismatch {
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

/// The report of an entry. Only `available` reports show entries.
fn report_of(entry: &SavedEntry) -> Report {
    Report {
        image_id: entry.image_id.clone(),
        report_id: entry.report_id.clone(),
        state: "available".to_owned(),
        creation_time: entry.report_creation_time.clone(),
        region: entry.region.clone(),
        ..Report::default()
    }
}

/// The images that a document without `Images` mentions.
fn mentioned_images(reports: &[Report], usage: &[SavedUsage]) -> Vec<Image> {
    let mut seen = HashSet::new();
    (reports
        .iter()
        .map(|report| (&report.image_id, &report.region)))
    .chain(usage.iter().map(|usage| (&usage.image_id, &usage.region)))
    .filter(|image| seen.insert(*image))
    .map(|(id, region)| Image::with_id(id, region.as_deref()))
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

#[cfg(test)]
mod tests {
    use super::*;

    fn error(json: &str) -> String {
        match State::from_json(json) {
            Ok(_) => panic!("this document should not load: {json}"),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn entries_without_reports_add_their_reports() {
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
    fn a_byte_order_mark_is_skipped() {
        assert!(State::from_json("\u{feff}{\"ImageUsageReports\": []}").is_ok());
    }

    #[test]
    fn errors_have_the_line_and_column() {
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
        assert!(time.contains("invalid timestamp \"today\""), "{time}");
        assert!(time.contains("line 2 column"), "{time}");
    }

    #[test]
    fn a_document_without_usage_is_rejected() {
        assert!(
            error(r#"{"Images": []}"#)
                .starts_with("no ImageUsageReportEntries, ImageUsageReports or")
        );
    }

    #[test]
    fn contradictions_are_rejected() {
        let twice = r#"{"ImageId": "i", "ReportId": "r", "State": "pending"}"#;
        assert!(
            error(&format!(r#"{{"ImageUsageReports": [{twice}, {twice}]}}"#))
                .starts_with("report r is listed twice")
        );
        assert!(
            error(
                r#"{"ImageUsageReportEntries": [
                {"ImageId": "i", "ReportId": "r"}, {"ImageId": "j", "ReportId": "r"}]}"#
            )
            .starts_with("entry 2 has image j for report r, which is about i;")
        );
        assert!(
            error(
                r#"{"ImageUsageReports": [{"ImageId": "i", "ReportId": "r", "State": "pending"}],
                "ImageUsageReportEntries": [{"ImageId": "i", "ReportId": "r", "Region": "a"}]}"#
            )
            .starts_with("report r has a Region in one place and none in another")
        );
    }
}
