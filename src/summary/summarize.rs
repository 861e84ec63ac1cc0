//! Reads the entries of the selected reports of one Region, page by page.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::iter::Sum;

use super::count::{Counts, ImageIndex, Names};
use super::options::{Reports, SummaryOptions};
use super::select::{CountedReport, LeftOut, Selection, of_ids, of_images};
use crate::entries::Entry;
use crate::listing::ListError;
use crate::reports::Report;
use crate::verdict::{PartialList, Reason, Source, entries_by_report, fold, read, reports_by_id};

/// The progress of a summary.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SummaryProgress {
    /// Reports to read.
    pub reports: usize,
    /// Reports whose entries were read.
    pub read: usize,
    /// Entries that were read.
    pub entries: usize,
}

impl Sum for SummaryProgress {
    fn sum<I: Iterator<Item = Self>>(parts: I) -> Self {
        parts.fold(Self::default(), |sum, part| Self {
            reports: sum.reports + part.reports,
            read: sum.read + part.read,
            entries: sum.entries + part.entries,
        })
    }
}

/// The uses of one Region.
#[derive(Debug)]
pub struct RegionSummary {
    /// The uses of the counted reports.
    pub(super) counts: Counts,
    /// The reports that are counted.
    pub(super) counted: Vec<CountedReport>,
    /// What is not counted.
    pub(super) left_out: Vec<LeftOut>,
}

/// The maximum number of passes over the same reports.
const MAX_PASSES: u32 = 3;

/// Sums up the uses of one Region, which has this index. `names` are those of all Regions.
///
/// # Errors
/// Errors that every request would get, and those of the list of owned images. Any other error leaves out reports.
pub async fn summarize(
    source: &Source,
    options: &SummaryOptions,
    names: &Names,
    region: u32,
    report_progress: &dyn Fn(SummaryProgress),
) -> Result<RegionSummary, ListError> {
    let Selection {
        mut counted,
        mut left_out,
    } = match &options.reports {
        Reports::Newest(images) => of_images(source, options, images).await?,
        Reports::Ids(ids) => of_ids(source, options, ids).await?,
    };
    let mut passes = 0;
    loop {
        passes += 1;
        let reading = Reading {
            source,
            options,
            names,
            region,
            counted: &counted,
            counts: RefCell::new(Counts::new(options.keys)),
            added: Cell::default(),
            progress: Cell::default(),
            report_progress,
        };
        let (mut failed, is_exact) = reading.count().await?;
        let mut counts = reading.counts.into_inner();
        failed.extend(deleted(source, &counted, &failed).await?);
        if failed.is_empty() && is_exact {
            for report in 0..counted.len() {
                counts.add_image(ImageIndex::new(region, report));
            }
            return Ok(RegionSummary {
                counts,
                counted,
                left_out,
            });
        }
        if failed.is_empty() && passes == MAX_PASSES {
            let reason = Reason::RequestFailed {
                action: ENTRIES,
                problem: "reading the entries failed too often".to_owned(),
            };
            let ids = counted.iter().map(|report| report.report_id.clone());
            failed = ids.map(|id| (id, reason.clone())).collect();
        }
        // Some uses of these reports may be counted: start over without them.
        counted.retain_mut(|report| match failed.remove(&report.report_id) {
            None => true,
            Some(reason) => {
                passes = 0;
                left_out.push(LeftOut::of_report(report.clone(), reason));
                false
            }
        });
    }
}

const ENTRIES: &str = "DescribeImageUsageReportEntries";

/// Why reports could not be read, by their IDs.
type Failed = HashMap<String, Reason>;

/// One pass over the entries of the reports.
struct Reading<'a> {
    source: &'a Source,
    options: &'a SummaryOptions,
    names: &'a Names,
    region: u32,
    counted: &'a [CountedReport],
    counts: RefCell<Counts>,
    /// The number of entries that were added to the counts.
    added: Cell<usize>,
    progress: Cell<SummaryProgress>,
    report_progress: &'a dyn Fn(SummaryProgress),
}

/// What was read of a batch of reports. Its uses are added to the counts at once: a batch may have as many groups as all.
#[derive(Default)]
struct Batch {
    entries: usize,
    /// Why reports of the batch cannot be counted.
    failed: Failed,
    /// Whether an entry belongs to no requested report or to another image.
    has_unexpected: bool,
}

impl Reading<'_> {
    /// Counts the uses. Returns why reports cannot be counted, and whether the uses of all others are counted once.
    async fn count(&self) -> Result<(Failed, bool), ListError> {
        let positions: HashMap<&str, usize> = (self.counted.iter().enumerate())
            .map(|(position, report)| (report.report_id.as_str(), position))
            .collect();
        let report_ids = (self.counted.iter()).map(|report| report.report_id.clone());
        let report_ids: Vec<String> = report_ids.collect();
        self.update(|progress| progress.reports = report_ids.len());
        let mut failed = Failed::new();
        let mut complete = 0;
        let add = |batch: &mut Batch, entries: Vec<Entry>| {
            self.update(|progress| progress.entries += entries.len());
            for entry in &entries {
                self.add(batch, &positions, entry);
            }
        };
        let mut end = |ids: &[String], batch: Batch, gap: Option<Reason>| {
            self.update(|progress| progress.read += ids.len());
            let unexpected = Reason::UnexpectedItem { action: ENTRIES };
            match gap.or(batch.has_unexpected.then_some(unexpected)) {
                Some(gap) => failed.extend(ids.iter().map(|id| (id.clone(), gap.clone()))),
                None => failed.extend(batch.failed),
            }
            complete += batch.entries;
        };
        fold(
            self.source,
            &entries_by_report(),
            report_ids,
            &add,
            &mut end,
        )
        .await?;
        // A batch that failed after its first page, and was split, was counted in part.
        Ok((failed, complete == self.added.get()))
    }

    /// Counts an entry.
    fn add(&self, batch: &mut Batch, positions: &HashMap<&str, usize>, entry: &Entry) {
        let report_id = entry.report_id.as_deref().unwrap_or_default();
        let report = positions
            .get(report_id)
            .map(|&position| (position, &self.counted[position]));
        let Some((position, _)) =
            report.filter(|(_, report)| entry.image_id.as_ref() == Some(&report.image_id))
        else {
            batch.has_unexpected = true;
            return;
        };
        let Some(uses) = entry.usage_count.filter(|count| *count >= 0) else {
            let reason = Reason::InvalidUsageCount {
                report_id: report_id.to_owned(),
                account_id: entry.account_id.clone(),
            };
            batch.failed.insert(report_id.to_owned(), reason);
            return;
        };
        let resource_type = entry.resource_type.as_deref().unwrap_or_default();
        if uses > 0 && self.options.counts(resource_type) {
            let image = ImageIndex::new(self.region, position);
            let user = [
                entry.account_id.as_deref().unwrap_or_default(),
                resource_type,
            ];
            self.counts.borrow_mut().add(image, self.names, user, uses);
            self.added.update(|added| added + 1);
            batch.entries += 1;
        }
    }

    fn update(&self, change: impl FnOnce(&mut SummaryProgress)) {
        let mut progress = self.progress.get();
        change(&mut progress);
        self.progress.set(progress);
        (self.report_progress)(progress);
    }
}

/// The reports that are no longer available after their entries were read: some entries may have been deleted before.
async fn deleted(
    source: &Source,
    counted: &[CountedReport],
    failed: &Failed,
) -> Result<Failed, ListError> {
    let report_ids = (counted.iter())
        .map(|report| report.report_id.clone())
        .filter(|report_id| !failed.contains_key(report_id));
    let lists = read(source, &reports_by_id(), report_ids.collect(), &|_, _| {}).await?;
    let problem = |(report_id, list): (String, PartialList<Report>)| {
        let is_available = !list.found.is_empty() && list.found.iter().all(Report::is_available);
        let deleted = || Reason::ReportDeleted {
            report_id: report_id.clone(),
        };
        let reason = list.gap.or_else(|| (!is_available).then(deleted));
        reason.map(|reason| (report_id, reason))
    };
    Ok(lists.into_iter().filter_map(problem).collect())
}
