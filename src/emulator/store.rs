//! The reports of the emulated account and their entries, in the order that they are listed in.
//!
//! Reports come and go. A position, once given to a report or an entry, is never given to another one, so that
//! paging through a list that changes skips and repeats nothing.

use std::collections::HashMap;
use std::ops::Range;
use std::time::SystemTime;

use super::model::{Entry, Report, Row, is_in};
use super::synthetic;

/// The reports and their entries.
#[derive(Debug)]
pub(super) struct Reports {
    slots: Vec<Slot>,
    runs: Vec<Run>,
    rows: Rows,
    usage: HashMap<String, Vec<Usage>>,
    /// Positions among the reports.
    by_id: HashMap<String, Vec<usize>>,
    by_image: HashMap<String, Vec<usize>>,
    /// Positions of the reports that were pending when somebody looked last.
    pending: Vec<usize>,
    created: u64,
}

/// A report in its place, which it keeps when it is deleted.
#[derive(Debug)]
pub(super) struct Slot {
    /// As it is in the end, if it is still pending.
    pub report: Report,
    /// When a report that the emulator made ceases to be pending.
    ready: Option<SystemTime>,
    deleted: bool,
    /// Positions among the runs.
    runs: Vec<usize>,
}

/// Entries of one report that stand together. Runs are in the order of the entries and leave no gap, so that
/// what a request does not ask for is stepped over whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Run {
    /// Positions among all entries.
    pub entries: Range<usize>,
    /// A position among the reports.
    pub report: usize,
    /// Where the rows of these entries begin.
    pub first_row: usize,
}

/// Where the members of an entry come from. Several reports may show the same rows.
#[derive(Debug)]
pub(super) enum Rows {
    Saved(Vec<Row>),
    /// Made when they are asked for: a million entries take no memory. Every report's rows begin at 0.
    Synthetic,
}

/// What a new report of an image finds in a Region, or in all: some of the rows.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Usage {
    pub region: Option<String>,
    pub rows: Range<usize>,
}

/// The reports that a request is about: those that `image_ids` and `report_ids` both allow. Where there is no
/// list of IDs, all are allowed.
#[derive(Debug)]
pub(super) struct Wanted<'a> {
    pub image_ids: Vec<String>,
    pub report_ids: Vec<String>,
    pub region: &'a str,
    pub now: SystemTime,
}

impl Slot {
    pub fn state(&self, now: SystemTime) -> &str {
        if self.is_pending(now) {
            "pending"
        } else {
            &self.report.state
        }
    }

    pub fn state_reason(&self, now: SystemTime) -> Option<&str> {
        let reason = self.report.state_reason.as_deref();
        reason.filter(|_| !self.is_waiting(now))
    }

    /// Whether the report is pending, by itself or by the document, which makes it so for ever.
    fn is_pending(&self, now: SystemTime) -> bool {
        self.is_waiting(now) || self.report.state == "pending"
    }

    fn is_waiting(&self, now: SystemTime) -> bool {
        self.ready.is_some_and(|ready| now < ready)
    }

    fn is_in(&self, region: &str) -> bool {
        !self.deleted && is_in(self.report.region.as_deref(), region)
    }
}

impl Reports {
    /// The reports of a document, the `runs` of their entries, and what new reports find.
    pub fn new(
        reports: Vec<Report>,
        runs: Vec<Run>,
        rows: Rows,
        usage: HashMap<String, Vec<Usage>>,
    ) -> Self {
        let mut store = Self {
            slots: Vec::with_capacity(reports.len()),
            runs: Vec::with_capacity(runs.len()),
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
        for run in runs {
            store.push_run(run);
        }
        store
    }

    fn push(&mut self, report: Report, ready: Option<SystemTime>) -> usize {
        let position = self.slots.len();
        for (index, id) in [
            (&mut self.by_id, &report.report_id),
            (&mut self.by_image, &report.image_id),
        ] {
            index.entry(id.clone()).or_default().push(position);
        }
        if ready.is_some() || report.state == "pending" {
            self.pending.push(position);
        }
        self.slots.push(Slot {
            report,
            ready,
            deleted: false,
            runs: Vec::new(),
        });
        position
    }

    fn push_run(&mut self, run: Run) {
        self.slots[run.report].runs.push(self.runs.len());
        self.runs.push(run);
    }

    /// Whether there is a report of this ID, in any Region, or was.
    pub fn mentions(&self, report_id: &str) -> bool {
        self.by_id.contains_key(report_id)
    }

    /// Whether there are reports of this image, or something for them to find, in any Region.
    pub fn mentions_image(&self, image_id: &str) -> bool {
        self.by_image.contains_key(image_id) || self.usage.contains_key(image_id)
    }

    /// The report of this ID, unless it is deleted.
    pub fn find(&self, report_id: &str, region: &str) -> Option<usize> {
        (self.by_id.get(report_id)?.iter().copied())
            .find(|&position| self.slots[position].is_in(region))
    }

    /// The report at a position, unless it is deleted.
    pub fn get(&self, position: usize) -> Option<&Report> {
        let slot = &self.slots[position];
        (!slot.deleted).then_some(&slot.report)
    }

    /// The pending reports of a Region.
    pub fn pending(&mut self, region: &str, now: SystemTime) -> impl Iterator<Item = &Report> {
        let slots = &self.slots;
        (self.pending).retain(|&position| slots[position].is_pending(now));
        (self.pending.iter())
            .map(|&position| &slots[position])
            .filter(move |slot| slot.is_in(region))
            .map(|slot| &slot.report)
    }

    /// Adds a report, which gets the next free ID. It is pending until `ready`, and what it says it is then. Its
    /// position and ID come back.
    pub fn create(&mut self, report: Report, region: &str, ready: SystemTime) -> (usize, String) {
        let report_id = loop {
            self.created += 1;
            let id = format!("amiur-0{:016x}", self.created);
            if !self.mentions(&id) {
                break id;
            }
        };
        let found = if report.state == "available" {
            self.findings(&report.image_id, region)
        } else {
            Vec::new()
        };
        let report = Report {
            report_id: report_id.clone(),
            ..report
        };
        let position = self.push(report, Some(ready));
        for rows in found {
            let start = self.runs.last().map_or(0, |run| run.entries.end);
            self.push_run(Run {
                entries: start..start + rows.len(),
                report: position,
                first_row: rows.start,
            });
        }
        (position, report_id)
    }

    /// Deletes a report and its entries.
    pub fn delete(&mut self, position: usize) {
        self.slots[position].deleted = true;
    }

    /// The rows that a new report of an image finds: those that the document has for it, or else those of its
    /// newest available report there.
    fn findings(&self, image_id: &str, region: &str) -> Vec<Range<usize>> {
        let usage: Vec<_> = (self.usage.get(image_id).into_iter().flatten())
            .filter(|usage| is_in(usage.region.as_deref(), region))
            .map(|usage| usage.rows.clone())
            .collect();
        if !usage.is_empty() {
            return usage;
        }
        (self.by_image.get(image_id).into_iter().flatten())
            .map(|&position| &self.slots[position])
            // What was deleted is no less true.
            .filter(|slot| slot.ready.is_none() && slot.report.state == "available")
            .filter(|slot| is_in(slot.report.region.as_deref(), region))
            .max_by_key(|slot| &slot.report.creation_time)
            .into_iter()
            .flat_map(|slot| &slot.runs)
            .map(|&run| &self.runs[run])
            .map(|run| run.first_row..run.first_row + run.entries.len())
            .collect()
    }

    /// The reports with their positions, from the position `start` on.
    pub fn list<'s>(
        &'s self,
        wanted: &'s Wanted<'_>,
        start: usize,
    ) -> impl Iterator<Item = (usize, &'s Slot)> {
        let positions: Box<dyn Iterator<Item = usize>> = match self.named(wanted) {
            None => Box::new(start..self.slots.len()),
            Some(positions) => Box::new(positions.into_iter().filter(move |&at| at >= start)),
        };
        positions
            .map(|position| (position, &self.slots[position]))
            .filter(|(_, slot)| slot.is_in(wanted.region))
    }

    /// The entries with their positions, from the position `start` on. Only a report that is `available` has any
    /// to show, whatever the document says.
    pub fn entries<'s>(
        &'s self,
        wanted: &'s Wanted<'_>,
        start: usize,
    ) -> impl Iterator<Item = (usize, Entry<'s>)> {
        let runs: Box<dyn Iterator<Item = &Run>> = match self.named(wanted) {
            None => {
                let first = self.runs.partition_point(|run| run.entries.end <= start);
                Box::new(self.runs[first..].iter())
            }
            Some(positions) => {
                let mut runs: Vec<usize> = (positions.iter())
                    .flat_map(|&position| &self.slots[position].runs)
                    .copied()
                    .filter(|&run| self.runs[run].entries.end > start)
                    .collect();
                runs.sort_unstable();
                Box::new(runs.into_iter().map(|run| &self.runs[run]))
            }
        };
        runs.map(|run| (run, &self.slots[run.report]))
            .filter(|(_, slot)| slot.is_in(wanted.region) && slot.state(wanted.now) == "available")
            .flat_map(move |(run, slot)| {
                (run.entries.start.max(start)..run.entries.end)
                    .map(move |position| (position, self.entry(run, slot, position)))
                    // A document's report shows what the document says.
                    .filter(|(_, entry)| slot.ready.is_none() || slot.report.covers(entry))
            })
    }

    fn entry<'s>(&'s self, run: &Run, slot: &'s Slot, position: usize) -> Entry<'s> {
        let row = run.first_row + (position - run.entries.start);
        match &self.rows {
            Rows::Saved(rows) => {
                let row = &rows[row];
                let created = match slot.ready {
                    Some(_) => &slot.report.creation_time,
                    None => &row.report_creation_time,
                };
                Entry {
                    report: &slot.report,
                    resource_type: row.resource_type.as_deref(),
                    usage_count: row.usage_count,
                    account_id: row.account_id.as_deref().map(Into::into),
                    report_creation_time: created.as_deref(),
                }
            }
            Rows::Synthetic => synthetic::entry(&slot.report, row),
        }
    }

    /// The positions of the reports that the IDs in `wanted` name, in order; none where all are wanted.
    fn named(&self, wanted: &Wanted<'_>) -> Option<Vec<usize>> {
        let find = |index: &HashMap<String, Vec<usize>>, ids: &[String]| {
            let mut positions: Vec<usize> = (ids.iter())
                .flat_map(|id| index.get(id).into_iter().flatten())
                .copied()
                .collect();
            positions.sort_unstable();
            positions.dedup();
            positions
        };
        if wanted.report_ids.is_empty() {
            return (!wanted.image_ids.is_empty()).then(|| find(&self.by_image, &wanted.image_ids));
        }
        let mut positions = find(&self.by_id, &wanted.report_ids);
        if !wanted.image_ids.is_empty() {
            positions.retain(|&at| wanted.image_ids.contains(&self.slots[at].report.image_id));
        }
        Some(positions)
    }
}

/// Makes runs of a list of entries whose rows are in the same order, given the report that each one belongs to.
pub(super) fn runs(reports: impl Iterator<Item = usize>) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    for (position, report) in reports.enumerate() {
        match runs.last_mut() {
            Some(run) if run.report == report => run.entries.end += 1,
            _ => runs.push(Run {
                entries: position..position + 1,
                report,
                first_row: position,
            }),
        }
    }
    runs
}
