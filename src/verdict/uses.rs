//! Reads the uses of images: the entries of their reports, the owner's references, and what is read only on request.

use std::cell::RefCell;
use std::collections::HashSet;
use std::time::Duration;

use super::evidence::PartialList;
use super::lists::{entries_by_report, references_by_image, reports_by_id};
use super::optional::{add_launch_configurations, launch_configurations, launch_permissions};
use super::options::CheckOptions;
use super::progress::ProgressReporter;
use super::read::{PartialLists, Source, read};
use super::reason::Reason;
use crate::entries::Entry;
use crate::images::{LaunchPermission, Reference};
use crate::listing::ListError;
use crate::reports::Report;

/// What was read about the uses of images.
pub(super) struct Uses {
    /// The entries of each report.
    pub entries: PartialLists<Entry>,
    /// The reports whose entries were not the same when they were read again.
    pub changed: HashSet<String>,
    /// The references to each image.
    pub references: PartialLists<Reference>,
    /// Who may launch each image; empty if not requested.
    pub launch_permissions: PartialLists<LaunchPermission>,
}

impl Uses {
    /// Reads the entries of the reports, the owner's references to the images, and what else is requested, at the same
    /// time.
    pub async fn read(
        source: &Source,
        options: &CheckOptions,
        report_ids: Vec<String>,
        image_ids: Vec<String>,
        reporter: &ProgressReporter<'_>,
    ) -> Result<Self, ListError> {
        let used = RefCell::new(HashSet::new());
        let observe = |reports, referenced, in_use: &mut dyn Iterator<Item = Option<String>>| {
            used.borrow_mut().extend(in_use.flatten());
            reporter.update(|progress| {
                progress.read += reports;
                progress.referenced += referenced;
                progress.in_use = used.borrow().len();
            });
        };
        let observe_entries = |reports, entries: &[Entry]| {
            let mut in_use = (entries.iter())
                .filter(|entry| entry.usage_count > Some(0))
                .map(|entry| entry.image_id.clone());
            observe(reports, 0, &mut in_use);
        };
        let observe_references = |images, references: &[Reference]| {
            let mut in_use = references.iter().map(|item| item.image_id.clone());
            observe(0, images, &mut in_use);
        };
        let by_report = entries_by_report();
        let by_image = references_by_image(options.version_depth);
        let (entries, references, configurations, launch_permissions) = tokio::join!(
            read(source, &by_report, report_ids, &observe_entries),
            read(source, &by_image, image_ids.clone(), &observe_references),
            launch_configurations(source, options),
            launch_permissions(source, options, image_ids),
        );
        let mut references = references?;
        add_launch_configurations(&mut references, configurations?);
        Ok(Self {
            entries: entries?,
            changed: HashSet::new(),
            references,
            launch_permissions: launch_permissions?,
        })
    }

    /// Reads those of these new reports again that show no use, after a delay for all of them: not every server of the
    /// service may have their entries at once.
    pub async fn read_again(
        &mut self,
        source: &Source,
        delay: Duration,
        new_reports: &HashSet<String>,
    ) -> Result<(), ListError> {
        let mut ids = self.unused_reports();
        ids.retain(|id| new_reports.contains(id));
        if ids.is_empty() {
            return Ok(());
        }
        tokio::time::sleep(delay).await;
        for (report_id, again) in read(source, &entries_by_report(), ids, &|_, _| {}).await? {
            let first = self.entries.insert(report_id.clone(), again);
            let again = &self.entries[&report_id];
            if first.is_some_and(|first| counts(&first.found) != counts(&again.found)) {
                self.changed.insert(report_id);
            }
        }
        Ok(())
    }

    /// Lists the reports without a use once more: a report that was deleted while it was read has no entries either.
    pub async fn confirm_unused(&mut self, source: &Source) -> Result<(), ListError> {
        let ids = self.unused_reports();
        for (report_id, now) in read(source, &reports_by_id(), ids, &|_, _| {}).await? {
            let gap = match now.gap {
                None if !now.found.is_empty() && now.found.iter().all(Report::is_available) => {
                    continue;
                }
                None => Reason::ReportDeleted {
                    report_id: report_id.clone(),
                },
                Some(gap) => gap,
            };
            if let Some(list) = self.entries.get_mut(&report_id) {
                list.gap = Some(gap);
            }
        }
        Ok(())
    }

    /// The reports that were read completely and show no use, in the order of their IDs.
    fn unused_reports(&self) -> Vec<String> {
        let is_unused = |list: &PartialList<Entry>| {
            let mut counts = list.found.iter().map(|entry| entry.usage_count);
            list.gap.is_none() && !counts.any(|count| count > Some(0))
        };
        let mut ids: Vec<String> = (self.entries.iter())
            .filter(|(_, list)| is_unused(list))
            .map(|(id, _)| id.clone())
            .collect();
        ids.sort_unstable();
        ids
    }
}

/// What entries count, in any order.
fn counts(entries: &[Entry]) -> Vec<(Option<&str>, Option<&str>, Option<i64>)> {
    let mut counts: Vec<_> = (entries.iter())
        .map(|entry| {
            let account_id = entry.account_id.as_deref();
            (
                account_id,
                entry.resource_type.as_deref(),
                entry.usage_count,
            )
        })
        .collect();
    counts.sort_unstable();
    counts
}
