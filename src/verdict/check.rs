//! Gathers the evidence: finds the images, their reports, the entries of these, and the owner's own references.
//!
//! What it creates, a later run finds: a run that was interrupted is simply made again.

use std::cell::{Cell, RefCell};
use std::collections::HashSet;
use std::time::{Duration, Instant};

use super::ensure::ensure_reports;
use super::evidence::Reading;
use super::image::ImageUnderCheck;
use super::read::{Readings, Source, read};
use super::reason::Reason;
use super::requests::{
    entries_by_report, images_by_id, not_told, references_by_image, reports_by_id, reports_by_image,
};
use super::row::Row;
use super::tally::{Tally, Watch};
use crate::entries::Entry;
use crate::images::{self, DescribeImages, Image, Reference};
use crate::listing::ListError;
use crate::reports::Report;

/// What is asked.
#[derive(Clone, Debug)]
pub struct CheckOptions {
    /// About which images.
    pub images: Images,
    /// How many of a launch template's newest versions are looked at; the service's 20 when absent.
    pub version_depth: Option<u32>,
    /// How old a report may be.
    pub max_report_age: Duration,
    /// Whether reports may be created.
    pub create: bool,
    /// How long to wait for reports, in all; without end when absent.
    pub timeout: Option<Duration>,
}

/// Which images.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Images {
    /// These, in this order.
    These(Vec<String>),
    /// All that the account owns and that have one of these names, with wildcards; of any name when there are none.
    Owned {
        /// The patterns.
        names: Vec<String>,
    },
}

/// Judges the images that are asked for: those that were named, in their order, or those that are owned, in the order
/// of their names. `tell` hears how far it is.
///
/// Dropped before its end, this sends nothing more.
///
/// # Errors
/// What stands in the way of every request, or of a list of what is owned. Anything else makes images *unknown*.
pub async fn check(
    source: &Source,
    asked: &CheckOptions,
    tell: &dyn Fn(Tally),
) -> Result<Vec<Row>, ListError> {
    let began = Instant::now();
    let watch = Watch {
        tally: Cell::default(),
        tell,
    };
    let mut subjects = find(source, asked, &watch).await?;
    ensure_reports(source, asked, began, &mut subjects, &watch).await?;

    let window = asked.window(began, &source.ec2);
    let wanted = (subjects.iter())
        .flat_map(|subject| subject.to_be_read(asked, &window))
        .collect();
    let images = owned(&subjects);
    let used = RefCell::new(HashSet::new());
    let seen = |reports, referenced, in_use: &mut dyn Iterator<Item = Option<String>>| {
        used.borrow_mut().extend(in_use.flatten());
        watch.update(|tally| {
            tally.read += reports;
            tally.referenced += referenced;
            tally.in_use = used.borrow().len();
        });
    };
    let entries_seen = |reports, entries: &[Entry]| {
        let mut in_use = (entries.iter())
            .filter(|entry| entry.usage_count > Some(0))
            .map(|entry| entry.image_id.clone());
        seen(reports, 0, &mut in_use);
    };
    let references_seen = |images, references: &[Reference]| {
        let mut in_use = references.iter().map(|item| item.image_id.clone());
        seen(0, images, &mut in_use);
    };
    let by_report = entries_by_report();
    let by_image = references_by_image(asked.version_depth);
    let (entries, references) = tokio::join!(
        read(source, &by_report, wanted, &entries_seen),
        read(source, &by_image, images, &references_seen),
    );
    let (mut entries, mut references) = (entries?, references?);
    confirm(source, &mut entries).await?;

    let window = asked.window(began, &source.ec2);
    Ok((subjects.into_iter())
        .map(|subject| {
            let evidence = subject.evidence(asked, &window, &mut entries, &mut references);
            Row::new(&evidence, &window)
        })
        .collect())
}

/// The images, with the reports that there are.
pub(super) async fn find(
    source: &Source,
    asked: &CheckOptions,
    watch: &Watch<'_>,
) -> Result<Vec<ImageUnderCheck>, ListError> {
    let mut subjects = match &asked.images {
        Images::These(ids) => named(source, ids).await?,
        Images::Owned { names } => all_owned(source, names).await?,
    };
    watch.update(|tally| tally.images = subjects.len());
    let mut reports = read(source, &reports_by_image(), owned(&subjects), &|_, _| {}).await?;
    for subject in &mut subjects {
        if let Some(reading) = reports.remove(&subject.image_id) {
            subject.reports = reading;
        }
    }
    Ok(subjects)
}

/// The IDs of those images that may have reports and references.
pub(super) fn owned(subjects: &[ImageUnderCheck]) -> Vec<String> {
    (subjects.iter())
        .filter(|subject| subject.not_owned.is_none())
        .map(|subject| subject.image_id.clone())
        .collect()
}

/// The images with these IDs, whether or not the account owns them.
async fn named(source: &Source, ids: &[String]) -> Result<Vec<ImageUnderCheck>, ListError> {
    let mut images = read(source, &images_by_id(), ids.to_vec(), &|_, _| {}).await?;
    Ok((ids.iter())
        .map(|id| {
            let unread = || Reading::none(not_told("DescribeImages"));
            let reading = images.remove(id).unwrap_or_else(unread);
            let found = reading.found.into_iter().next();
            let not_owned = match (&found, reading.gap) {
                (_, Some(gap)) => Some(gap),
                (None, None) => Some(Reason::NotOwned),
                (Some(_), None) => None,
            };
            ImageUnderCheck {
                name: found.and_then(|image| image.name),
                not_owned,
                ..ImageUnderCheck::new(id.clone())
            }
        })
        .collect())
}

/// The images that the account owns, in the order of their names.
async fn all_owned(source: &Source, names: &[String]) -> Result<Vec<ImageUnderCheck>, ListError> {
    let operation = DescribeImages {
        names: names.to_vec(),
        ..DescribeImages::default()
    };
    let mut images: Vec<Image> = images::owned(&source.ec2, operation, source.concurrency).await?;
    images.sort_by(|one, other| (&one.name, &one.image_id).cmp(&(&other.name, &other.image_id)));
    images.dedup();
    Ok((images.into_iter())
        .map(|image| ImageUnderCheck {
            name: image.name,
            ..ImageUnderCheck::new(image.image_id.unwrap_or_default())
        })
        .collect())
}

/// Asks once more for the reports that show no use: one that was deleted while it was read has no entries either.
async fn confirm(source: &Source, entries: &mut Readings<Entry>) -> Result<(), ListError> {
    let unused = |reading: &Reading<Entry>| {
        let mut counts = reading.found.iter().map(|entry| entry.usage_count);
        reading.gap.is_none() && !counts.any(|count| count > Some(0))
    };
    let mut ids: Vec<String> = (entries.iter())
        .filter(|(_, reading)| unused(reading))
        .map(|(id, _)| id.clone())
        .collect();
    ids.sort_unstable();
    for (report_id, now) in read(source, &reports_by_id(), ids, &|_, _| {}).await? {
        let gap = match now.gap {
            None if !now.found.is_empty() && now.found.iter().all(Report::is_available) => continue,
            None => Reason::ReportVanished {
                report_id: report_id.clone(),
            },
            Some(gap) => gap,
        };
        if let Some(reading) = entries.get_mut(&report_id) {
            reading.gap = Some(gap);
        }
    }
    Ok(())
}
