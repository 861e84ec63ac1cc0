//! What the emulated account holds: reports, and the entries of each.

use std::borrow::Cow;
use std::collections::HashSet;
use std::ops::Range;

use serde::Deserialize;

use super::request::Request;
use super::saved::{self, LoadError, SavedEntry};
use super::synthetic::{self, Synthetic};

/// The reports and entries that an [`Emulator`](super::Emulator) answers from, in the order that it lists them.
#[derive(Debug)]
pub struct State {
    reports: Vec<Report>,
    runs: Vec<Run>,
    source: Source,
}

/// Entries of one report that stand together. Runs are in the order of the entries and leave no gap, so that
/// what a request does not ask for is stepped over whole.
#[derive(Debug)]
pub(super) struct Run {
    /// Positions among all entries.
    pub entries: Range<usize>,
    /// A position among the reports.
    pub report: usize,
}

/// Where the members of an entry come from.
#[derive(Debug)]
enum Source {
    Saved(Vec<SavedEntry>),
    /// Made when they are asked for: a million entries take no memory.
    Synthetic,
}

/// A report, with the members of the API's `ImageUsageReport`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Report {
    pub image_id: String,
    pub report_id: String,
    pub resource_types: Option<Vec<ResourceType>>,
    pub account_ids: Option<Vec<String>>,
    pub state: String,
    pub state_reason: Option<String>,
    #[serde(default, deserialize_with = "saved::time")]
    pub creation_time: Option<String>,
    #[serde(default, deserialize_with = "saved::time")]
    pub expiration_time: Option<String>,
    pub tags: Option<Vec<Tag>>,
}

/// A resource type that a report was asked to look at.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ResourceType {
    pub resource_type: String,
    pub resource_type_options: Option<Vec<ResourceTypeOption>>,
}

/// How a report was asked to look at a resource type.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ResourceTypeOption {
    pub option_name: String,
    pub option_values: Option<Vec<String>>,
}

/// A tag of a report.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Tag {
    pub key: String,
    pub value: String,
}

/// One entry, with what it has in common with its report left there.
#[derive(Debug)]
pub(super) struct Entry<'s> {
    pub report: &'s Report,
    pub resource_type: Option<&'s str>,
    pub usage_count: Option<i64>,
    pub account_id: Option<Cow<'s, str>>,
    pub report_creation_time: Option<&'s str>,
}

impl State {
    /// Reads a document in the shape that the AWS CLI prints: `ImageUsageReports`, `ImageUsageReportEntries` or
    /// both. Reports that only entries speak of are taken to be `available`.
    ///
    /// # Errors
    /// A document that is not of that shape, or whose entries and reports contradict each other.
    pub fn from_json(json: &str) -> Result<Self, LoadError> {
        let saved = saved::load(json)?;
        Ok(Self {
            reports: saved.reports,
            runs: saved.runs,
            source: Source::Saved(saved.entries),
        })
    }

    /// The built-in data: the user guide's example, and enough beside it to show every filter, a report in each
    /// state, a zero count, an image that nobody uses and an account that begins with zeros.
    pub fn sample() -> Self {
        Self::from_json(include_str!("sample.json")).expect("a test loads this document")
    }

    /// Generated images with one report each. The same numbers give the same data.
    pub fn synthetic(size: Synthetic) -> Self {
        let (reports, runs) = synthetic::reports(size);
        Self {
            reports,
            runs,
            source: Source::Synthetic,
        }
    }

    pub(super) fn reports(&self) -> &[Report] {
        &self.reports
    }

    /// For each report, whether it is among those that the request's IDs name: `ImageId` and `ReportId` both
    /// have to allow it, and where there is no list of IDs, all are allowed.
    pub(super) fn selected(&self, request: &Request) -> Vec<bool> {
        let images: HashSet<_> = request.image_ids.values().collect();
        let reports: HashSet<_> = request.report_ids.values().collect();
        (self.reports.iter())
            .map(|report| {
                (images.is_empty() || images.contains(&report.image_id))
                    && (reports.is_empty() || reports.contains(&report.report_id))
            })
            .collect()
    }

    /// The entries of `wanted` reports with their positions among all entries, from the position `start` on.
    pub(super) fn entries(
        &self,
        start: usize,
        wanted: &[bool],
    ) -> impl Iterator<Item = (usize, Entry<'_>)> {
        let first = self.runs.partition_point(|run| run.entries.end <= start);
        (self.runs[first..].iter())
            .filter(|run| wanted[run.report])
            .flat_map(move |run| {
                (run.entries.start.max(start)..run.entries.end)
                    .map(move |position| (position, self.entry(run, position)))
            })
    }

    fn entry(&self, run: &Run, position: usize) -> Entry<'_> {
        let report = &self.reports[run.report];
        match &self.source {
            Source::Saved(entries) => entries[position].in_report(report),
            Source::Synthetic => synthetic::entry(report, position - run.entries.start),
        }
    }
}

/// Makes runs of a list of entries, given the report that each one belongs to.
pub(super) fn runs(reports: impl Iterator<Item = usize>) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    for (position, report) in reports.enumerate() {
        match runs.last_mut() {
            Some(run) if run.report == report => run.entries.end += 1,
            _ => runs.push(Run {
                entries: position..position + 1,
                report,
            }),
        }
    }
    runs
}
