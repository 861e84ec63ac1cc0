//! The reports of the emulated account and their entries, in the order that they are listed in.
//!
//! The position of a report or an entry is never reused, so that paging through a list that changes neither skips nor
//! repeats an item.

use std::collections::HashMap;
use std::ops::Range;
use std::time::SystemTime;

use super::model::{Entry, Report, Row, is_in};

/// The reports and their entries.
#[derive(Debug)]
pub(super) struct Reports {
    reports: Vec<StoredReport>,
    ranges: Vec<EntryRange>,
    rows: Rows,
    usage: HashMap<String, Vec<Usage>>,
    /// Positions among the reports.
    by_id: HashMap<String, Vec<usize>>,
    by_image: HashMap<String, Vec<usize>>,
    /// Positions of the reports that were pending at the last check.
    pending: Vec<usize>,
    created: u64,
}

/// A report, which keeps its position when it is deleted.
#[derive(Debug)]
pub(super) struct StoredReport {
    /// The final report, even while it is pending.
    pub report: Report,
    /// When a report that the emulator created stops being pending; `None` for reports of a document.
    ready: Option<SystemTime>,
    deleted: bool,
    /// Positions among the ranges.
    ranges: Vec<usize>,
}

/// Consecutive entries of one report. Ranges are in the order of the entries and leave no gap, so that a request can
/// skip the entries of other reports.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct EntryRange {
    /// Positions among all entries.
    pub entries: Range<usize>,
    /// A position among the reports.
    pub report: usize,
    /// The position of the first entry's row.
    pub first_row: usize,
}

/// The source of the entries' members. Several reports may share rows.
#[derive(Debug)]
pub(super) enum Rows {
    Saved(Vec<Row>),
    /// Makes the entry of a report at a row on demand, so that a million entries take no memory. The rows of every
    /// report start at 0.
    Generated(fn(&Report, usize) -> Entry<'_>),
}

/// The rows of a new report of an image in a Region, or in every Region.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Usage {
    pub region: Option<String>,
    pub rows: Range<usize>,
}

/// The reports that a request selects: those in both `image_ids` and `report_ids`. An empty list selects all.
#[derive(Debug)]
pub(super) struct ReportSelection<'a> {
    pub image_ids: Vec<String>,
    pub report_ids: Vec<String>,
    pub region: &'a str,
    pub now: SystemTime,
}

impl StoredReport {
    pub fn state(&self, now: SystemTime) -> &str {
        if self.is_pending(now) {
            "pending"
        } else {
            &self.report.state
        }
    }

    pub fn state_reason(&self, now: SystemTime) -> Option<&str> {
        let reason = self.report.state_reason.as_deref();
        reason.filter(|_| !self.is_in_progress(now))
    }

    /// Whether the report is pending. A pending report of a document stays pending.
    fn is_pending(&self, now: SystemTime) -> bool {
        self.is_in_progress(now) || self.report.state == "pending"
    }

    fn is_in_progress(&self, now: SystemTime) -> bool {
        self.ready.is_some_and(|ready| now < ready)
    }

    fn is_in(&self, region: &str) -> bool {
        !self.deleted && is_in(self.report.region.as_deref(), region)
    }
}

impl Reports {
    /// Reports, the `ranges` of their entries, and the `usage` that new reports show.
    pub fn new(
        reports: Vec<Report>,
        ranges: Vec<EntryRange>,
        rows: Rows,
        usage: HashMap<String, Vec<Usage>>,
    ) -> Self {
        let mut store = Self {
            reports: Vec::with_capacity(reports.len()),
            ranges: Vec::with_capacity(ranges.len()),
            rows,
            usage,
            by_id: HashMap::new(),
            by_image: HashMap::new(),
            pending: Vec::new(),
            created: 0,
        };
        for report in reports {
            store.push(report, None);
        }
        for range in ranges {
            store.push_range(range);
        }
        store
    }

    fn push(&mut self, report: Report, ready: Option<SystemTime>) -> usize {
        let position = self.reports.len();
        for (index, id) in [
            (&mut self.by_id, &report.report_id),
            (&mut self.by_image, &report.image_id),
        ] {
            index.entry(id.clone()).or_default().push(position);
        }
        if ready.is_some() || report.state == "pending" {
            self.pending.push(position);
        }
        self.reports.push(StoredReport {
            report,
            ready,
            deleted: false,
            ranges: Vec::new(),
        });
        position
    }

    fn push_range(&mut self, range: EntryRange) {
        self.reports[range.report].ranges.push(self.ranges.len());
        self.ranges.push(range);
    }

    /// Whether a report has or had this ID in any Region.
    pub fn contains_id(&self, report_id: &str) -> bool {
        self.by_id.contains_key(report_id)
    }

    /// Whether there are reports or usage of this image in any Region.
    pub fn mentions_image(&self, image_id: &str) -> bool {
        self.by_image.contains_key(image_id) || self.usage.contains_key(image_id)
    }

    /// The report of this ID, unless it is deleted.
    pub fn find(&self, report_id: &str, region: &str) -> Option<usize> {
        (self.by_id.get(report_id)?.iter().copied())
            .find(|&position| self.reports[position].is_in(region))
    }

    /// The report at a position, unless it is deleted.
    pub fn get(&self, position: usize) -> Option<&Report> {
        let stored = &self.reports[position];
        (!stored.deleted).then_some(&stored.report)
    }

    /// The pending reports of a Region.
    pub fn pending(&mut self, region: &str, now: SystemTime) -> impl Iterator<Item = &Report> {
        let reports = &self.reports;
        (self.pending).retain(|&position| reports[position].is_pending(now));
        (self.pending.iter())
            .map(|&position| &reports[position])
            .filter(move |stored| stored.is_in(region))
            .map(|stored| &stored.report)
    }

    /// Adds a report under the next free ID. It is pending until `ready`. Returns its position and ID.
    pub fn create(&mut self, report: Report, region: &str, ready: SystemTime) -> (usize, String) {
        let report_id = loop {
            self.created += 1;
            let id = format!("amiur-0{:016x}", self.created);
            if !self.contains_id(&id) {
                break id;
            }
        };
        let usage = if report.state == "available" {
            self.usage_rows(&report.image_id, region)
        } else {
            Vec::new()
        };
        let report = Report {
            report_id: report_id.clone(),
            ..report
        };
        let position = self.push(report, Some(ready));
        for rows in usage {
            let start = self.ranges.last().map_or(0, |range| range.entries.end);
            self.push_range(EntryRange {
                entries: start..start + rows.len(),
                report: position,
                first_row: rows.start,
            });
        }
        (position, report_id)
    }

    /// Deletes a report and its entries.
    pub fn delete(&mut self, position: usize) {
        self.reports[position].deleted = true;
    }

    /// The rows of a new report of an image: those of the document's `Usage`, else those of the newest available
    /// report in the Region.
    fn usage_rows(&self, image_id: &str, region: &str) -> Vec<Range<usize>> {
        let usage: Vec<_> = (self.usage.get(image_id).into_iter().flatten())
            .filter(|usage| is_in(usage.region.as_deref(), region))
            .map(|usage| usage.rows.clone())
            .collect();
        if !usage.is_empty() {
            return usage;
        }
        (self.by_image.get(image_id).into_iter().flatten())
            .map(|&position| &self.reports[position])
            // Deleting a report does not change the usage.
            .filter(|stored| stored.ready.is_none() && stored.report.state == "available")
            .filter(|stored| is_in(stored.report.region.as_deref(), region))
            .max_by_key(|stored| &stored.report.creation_time)
            .into_iter()
            .flat_map(|stored| &stored.ranges)
            .map(|&range| &self.ranges[range])
            .map(|range| range.first_row..range.first_row + range.entries.len())
            .collect()
    }

    /// The selected reports with their positions, from the position `start` on.
    pub fn list<'s>(
        &'s self,
        selection: &'s ReportSelection<'_>,
        start: usize,
    ) -> impl Iterator<Item = (usize, &'s StoredReport)> {
        let positions: Box<dyn Iterator<Item = usize>> = match self.positions(selection) {
            None => Box::new(start..self.reports.len()),
            Some(positions) => Box::new(positions.into_iter().filter(move |&at| at >= start)),
        };
        positions
            .map(|position| (position, &self.reports[position]))
            .filter(|(_, stored)| stored.is_in(selection.region))
    }

    /// The selected entries with their positions, from the position `start` on. Only an `available` report shows
    /// entries, whatever the document contains.
    pub fn entries<'s>(
        &'s self,
        selection: &'s ReportSelection<'_>,
        start: usize,
    ) -> impl Iterator<Item = (usize, Entry<'s>)> {
        let ranges: Box<dyn Iterator<Item = &EntryRange>> = match self.positions(selection) {
            None => {
                let first = self
                    .ranges
                    .partition_point(|range| range.entries.end <= start);
                Box::new(self.ranges[first..].iter())
            }
            Some(positions) => {
                let mut ranges: Vec<usize> = (positions.iter())
                    .flat_map(|&position| &self.reports[position].ranges)
                    .copied()
                    .filter(|&range| self.ranges[range].entries.end > start)
                    .collect();
                ranges.sort_unstable();
                Box::new(ranges.into_iter().map(|range| &self.ranges[range]))
            }
        };
        ranges
            .map(|range| (range, &self.reports[range.report]))
            .filter(|(_, stored)| {
                stored.is_in(selection.region) && stored.state(selection.now) == "available"
            })
            .flat_map(move |(range, stored)| {
                (range.entries.start.max(start)..range.entries.end)
                    .map(move |position| (position, self.entry(range, stored, position)))
                    // A report of a document shows all entries of the document.
                    .filter(|(_, entry)| stored.ready.is_none() || stored.report.covers(entry))
            })
    }

    fn entry<'s>(
        &'s self,
        range: &EntryRange,
        stored: &'s StoredReport,
        position: usize,
    ) -> Entry<'s> {
        let row = range.first_row + (position - range.entries.start);
        match &self.rows {
            Rows::Saved(rows) => {
                let row = &rows[row];
                let created = match stored.ready {
                    Some(_) => &stored.report.creation_time,
                    None => &row.report_creation_time,
                };
                Entry {
                    report: &stored.report,
                    resource_type: row.resource_type.as_deref(),
                    usage_count: row.usage_count,
                    account_id: row.account_id.as_deref().map(Into::into),
                    report_creation_time: created.as_deref(),
                }
            }
            Rows::Generated(entry) => entry(&stored.report, row),
        }
    }

    /// The positions of the reports with the selected IDs, in order; `None` if all are selected.
    fn positions(&self, selection: &ReportSelection<'_>) -> Option<Vec<usize>> {
        let find = |index: &HashMap<String, Vec<usize>>, ids: &[String]| {
            let mut positions: Vec<usize> = (ids.iter())
                .flat_map(|id| index.get(id).into_iter().flatten())
                .copied()
                .collect();
            positions.sort_unstable();
            positions.dedup();
            positions
        };
        if selection.report_ids.is_empty() {
            return (!selection.image_ids.is_empty())
                .then(|| find(&self.by_image, &selection.image_ids));
        }
        let mut positions = find(&self.by_id, &selection.report_ids);
        if !selection.image_ids.is_empty() {
            positions.retain(|&at| {
                selection
                    .image_ids
                    .contains(&self.reports[at].report.image_id)
            });
        }
        Some(positions)
    }
}

/// Groups entries by the report that each one belongs to. Their rows are in the same order.
pub(super) fn group_by_report(reports: impl Iterator<Item = usize>) -> Vec<EntryRange> {
    let mut ranges: Vec<EntryRange> = Vec::new();
    for (position, report) in reports.enumerate() {
        match ranges.last_mut() {
            Some(range) if range.report == report => range.entries.end += 1,
            _ => ranges.push(EntryRange {
                entries: position..position + 1,
                report,
                first_row: position,
            }),
        }
    }
    ranges
}
