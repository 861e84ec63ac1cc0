//! Gathers the evidence: finds the images, their reports with their entries, and the owner's references.
//!
//! A later run finds the reports that this one creates, so an interrupted run can simply be repeated.

use std::cell::{Cell, RefCell};
use std::collections::HashSet;
use std::time::Instant;

use super::ensure::ensure_reports;
use super::evidence::PartialList;
use super::image::{ImageUnderCheck, Lists};
use super::lists::{
    entries_by_report, images_by_id, missing_item, references_by_image, reports_by_id,
    reports_by_image,
};
use super::optional::{add_launch_configurations, launch_configurations, launch_permissions};
use super::options::{CheckOptions, Images};
use super::progress::{CheckProgress, ProgressReporter};
use super::read::{PartialLists, Source, read};
use super::reason::Reason;
use super::row::Row;
use crate::entries::Entry;
use crate::images::{self, DescribeImages, Image, Reference};
use crate::listing::ListError;
use crate::reports::Report;

/// Checks images: the requested IDs in their order, or the owned images in the order of their names. `report_progress`
/// is called with every change.
///
/// Sends no more requests once it is dropped.
///
/// # Errors
/// Errors that every request would get, and those of the list of owned images. Any other error makes images *unknown*.
pub async fn check(
    source: &Source,
    options: &CheckOptions,
    report_progress: &dyn Fn(CheckProgress),
) -> Result<Vec<Row>, ListError> {
    let started = Instant::now();
    let reporter = ProgressReporter {
        progress: Cell::default(),
        report_progress,
    };
    let mut images = find(source, options, &reporter).await?;
    ensure_reports(source, options, started, &mut images, &reporter).await?;

    let mut lists = read_lists(source, options, &images, started, &reporter).await?;
    confirm_unused(source, &mut lists.entries).await?;

    let limits = options.limits(started, &source.ec2);
    Ok((images.into_iter())
        .map(|image| {
            let evidence = image.evidence(options, &limits, &mut lists);
            Row::new(&evidence, &limits)
        })
        .collect())
}

/// Reads the entries of the reports, the owner's references to the images, and what else is requested, at the same time.
async fn read_lists(
    source: &Source,
    options: &CheckOptions,
    images: &[ImageUnderCheck],
    started: Instant,
    reporter: &ProgressReporter<'_>,
) -> Result<Lists, ListError> {
    let limits = options.limits(started, &source.ec2);
    let report_ids = (images.iter())
        .flat_map(|image| image.reports_to_read(options, &limits))
        .collect();
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
        read(source, &by_image, owned_ids(images), &observe_references),
        launch_configurations(source, options),
        launch_permissions(source, options, owned_ids(images)),
    );
    let mut references = references?;
    add_launch_configurations(&mut references, configurations?);
    Ok(Lists {
        entries: entries?,
        references,
        launch_permissions: launch_permissions?,
    })
}

/// Finds the images and their reports.
pub(super) async fn find(
    source: &Source,
    options: &CheckOptions,
    reporter: &ProgressReporter<'_>,
) -> Result<Vec<ImageUnderCheck>, ListError> {
    let mut images = match &options.images {
        Images::Ids(ids) => find_ids(source, ids).await?,
        Images::Owned { names } => find_owned(source, names).await?,
    };
    reporter.update(|progress| progress.images = images.len());
    let mut reports = read(source, &reports_by_image(), owned_ids(&images), &|_, _| {}).await?;
    for image in &mut images {
        if let Some(list) = reports.remove(&image.image_id) {
            image.reports = list;
        }
    }
    Ok(images)
}

/// The IDs of those images that may have reports and references.
pub(super) fn owned_ids(images: &[ImageUnderCheck]) -> Vec<String> {
    (images.iter())
        .filter(|image| image.not_owned.is_none())
        .map(|image| image.image_id.clone())
        .collect()
}

/// The images with these IDs, whether or not the account owns them.
async fn find_ids(source: &Source, ids: &[String]) -> Result<Vec<ImageUnderCheck>, ListError> {
    let mut images = read(source, &images_by_id(), ids.to_vec(), &|_, _| {}).await?;
    Ok((ids.iter())
        .map(|id| {
            let unread = || PartialList::none(missing_item("DescribeImages"));
            let list = images.remove(id).unwrap_or_else(unread);
            let found = list.found.into_iter().next();
            let not_owned = match (&found, list.gap) {
                (_, Some(gap)) => Some(gap),
                (None, None) => Some(Reason::NotOwned),
                (Some(_), None) => None,
            };
            ImageUnderCheck {
                image: found.unwrap_or_default(),
                not_owned,
                ..ImageUnderCheck::new(id.clone())
            }
        })
        .collect())
}

/// The images that the account owns, in the order of their names.
async fn find_owned(source: &Source, names: &[String]) -> Result<Vec<ImageUnderCheck>, ListError> {
    let operation = DescribeImages::by_name(names.to_vec());
    let mut images: Vec<Image> = images::owned(&source.ec2, operation, source.concurrency).await?;
    images.sort_by(|one, other| (&one.name, &one.image_id).cmp(&(&other.name, &other.image_id)));
    images.dedup();
    Ok((images.into_iter())
        .map(|image| ImageUnderCheck {
            image_id: image.image_id.clone().unwrap_or_default(),
            image,
            ..ImageUnderCheck::new(String::new())
        })
        .collect())
}

/// Lists the reports without a use once more: a report that was deleted while it was read has no entries either.
async fn confirm_unused(
    source: &Source,
    entries: &mut PartialLists<Entry>,
) -> Result<(), ListError> {
    let is_unused = |list: &PartialList<Entry>| {
        let mut counts = list.found.iter().map(|entry| entry.usage_count);
        list.gap.is_none() && !counts.any(|count| count > Some(0))
    };
    let mut ids: Vec<String> = (entries.iter())
        .filter(|(_, list)| is_unused(list))
        .map(|(id, _)| id.clone())
        .collect();
    ids.sort_unstable();
    for (report_id, now) in read(source, &reports_by_id(), ids, &|_, _| {}).await? {
        let gap = match now.gap {
            None if !now.found.is_empty() && now.found.iter().all(Report::is_available) => continue,
            None => Reason::ReportDeleted {
                report_id: report_id.clone(),
            },
            Some(gap) => gap,
        };
        if let Some(list) = entries.get_mut(&report_id) {
            list.gap = Some(gap);
        }
    }
    Ok(())
}
