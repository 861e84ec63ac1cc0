//! Gathers the evidence: finds the images, their reports with their entries, and the owner's references.
//!
//! A later run finds the reports that this one creates, so an interrupted run can simply be repeated.

use std::cell::Cell;
use std::time::Instant;

use super::ensure::ensure_reports;
use super::evidence::PartialList;
use super::image::{ImageUnderCheck, owned_ids};
use super::lists::{images_by_id, missing_item, reports_by_image};
use super::options::{CheckOptions, Images};
use super::progress::{CheckProgress, ProgressReporter};
use super::read::{Source, read};
use super::reason::Reason;
use super::row::Row;
use super::uses::Uses;
use crate::images::{self, DescribeImages, Image};
use crate::listing::ListError;

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
    let observe = |images| reporter.update(|progress| progress.images = images);
    let mut images = find(source, &options.images, &observe).await?;
    let new_reports = ensure_reports(source, options, started, &mut images, &reporter).await?;

    let limits = options.limits(started, &source.ec2);
    let report_ids = (images.iter())
        .flat_map(|image| image.reports_to_read(options, &limits))
        .collect();
    let image_ids = owned_ids(&images);
    let mut uses = Uses::read(source, options, report_ids, image_ids, &reporter).await?;
    let delay = options.reread_delay;
    uses.read_again(source, delay, &new_reports).await?;
    uses.confirm_unused(source).await?;

    let limits = options.limits(started, &source.ec2);
    Ok((images.into_iter())
        .map(|image| {
            let evidence = image.evidence(options, &limits, &mut uses);
            Row::new(&evidence, &limits)
        })
        .collect())
}

/// Finds the images and their reports. `observe` is called with the number of images.
///
/// # Errors
/// As for [`check`].
pub(crate) async fn find(
    source: &Source,
    images: &Images,
    observe: &dyn Fn(usize),
) -> Result<Vec<ImageUnderCheck>, ListError> {
    let mut images = match images {
        Images::Ids(ids) => find_ids(source, ids).await?,
        Images::Owned { names } => find_owned(source, names).await?,
    };
    observe(images.len());
    let mut reports = read(source, &reports_by_image(), owned_ids(&images), &|_, _| {}).await?;
    for image in &mut images {
        if let Some(list) = reports.remove(&image.image_id) {
            image.reports = list;
        }
    }
    Ok(images)
}

/// The images with these IDs, whether or not the account owns them.
async fn find_ids(source: &Source, ids: &[String]) -> Result<Vec<ImageUnderCheck>, ListError> {
    let mut images = read(source, &images_by_id(), ids.to_vec(), &|_, _| {}).await?;
    Ok((ids.iter())
        .map(|id| {
            let unread = || PartialList::none(missing_item("DescribeImages"));
            let list = images.remove(id).unwrap_or_else(unread);
            let found = list.found.into_iter().next();
            let found = found.map(|row| Image::from(row.0));
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
