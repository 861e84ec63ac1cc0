//! Makes sure that images have reports: waits for pending ones, and creates those that are missing.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use super::image::ImageUnderCheck;
use super::lists::missing_item;
use super::options::CheckOptions;
use super::progress::ProgressReporter;
use super::read::{Source, is_denied, request_failed, stops_the_run};
use super::reason::Reason;
use crate::listing::ListError;
use crate::reports::{CreateEvent, Created, ReportSpec, WaitOutcome, create, wait};

/// Reports are created a second time when a pending report of the image, which does not cover, blocked the first one.
const MAX_ROUNDS: usize = 2;

/// A report to wait for: the index of its image, and its ID.
type Pending = (usize, String);

/// Makes sure that each image has a report that covers what is needed, where that is possible.
pub(super) async fn ensure_reports(
    source: &Source,
    options: &CheckOptions,
    started: Instant,
    images: &mut [ImageUnderCheck],
    reporter: &ProgressReporter<'_>,
) -> Result<(), ListError> {
    let deadline = options.timeout.map(|timeout| Instant::now() + timeout);
    let left = || deadline.map(|end| end.saturating_duration_since(Instant::now()));
    let limits = options.limits(started, &source.ec2);
    let mut pending: Vec<Pending> = (images.iter().enumerate())
        .filter_map(|(index, image)| Some((index, image.pending_report(options, &limits)?)))
        .collect();
    let mut missing: Vec<usize> = (0..images.len())
        .filter(|&index| images[index].needs_report(options, &limits))
        .collect();
    if !options.create {
        for index in missing.drain(..) {
            images[index].blockers.push(Reason::NoReport);
        }
    }
    for _ in 0..MAX_ROUNDS {
        let adopted = pending.len();
        reporter.update(|progress| {
            progress.created += adopted;
            progress.to_create = missing.len();
        });
        let specs = (missing.iter())
            .map(|&index| options.spec(&images[index].image_id))
            .collect();
        let created = create_all(source, specs, left(), reporter).await;
        pending.extend(note_created(images, &missing, created)?);
        let available = wait_for(source, images, pending.split_off(0), left(), reporter).await?;
        // A pending report that does not cover makes way for one that does.
        let limits = options.limits(started, &source.ec2);
        missing.retain(|&index| {
            available.contains(&index) && images[index].needs_report(options, &limits)
        });
        if missing.is_empty() || left() == Some(Duration::ZERO) {
            break;
        }
    }
    Ok(())
}

/// Creates the reports.
async fn create_all(
    source: &Source,
    mut specs: Vec<ReportSpec>,
    timeout: Option<Duration>,
    reporter: &ProgressReporter<'_>,
) -> Vec<Created> {
    let observe = |event: CreateEvent<'_>| {
        if let CreateEvent::Done { created, .. } = event {
            let done = usize::from(created.report_id().is_some());
            reporter.update(|progress| {
                progress.to_create -= 1;
                progress.created += done;
            });
        }
    };
    let count = specs.len();
    if count == 0 {
        return Vec::new();
    }
    // The first request shows whether reports may be created at all.
    let others = specs.split_off(1);
    let mut created = create(&source.ec2, specs, timeout, None, observe).await;
    match &created[0] {
        Created::Failed(error) if is_denied(error) || error.code().is_none() => {
            let refusal = created[0].clone();
            created.resize(count, refusal);
        }
        _ => created.extend(create(&source.ec2, others, timeout, None, observe).await),
    }
    created
}

/// Notes why a report could not be created, and returns the reports to wait for.
fn note_created(
    images: &mut [ImageUnderCheck],
    missing: &[usize],
    created: Vec<Created>,
) -> Result<Vec<Pending>, ListError> {
    let mut pending = Vec::new();
    for (&index, created) in missing.iter().zip(created) {
        let blocker = match created {
            Created::New { report_id } => {
                pending.push((index, report_id));
                continue;
            }
            Created::Adopted(report) | Created::Blocked { report, .. } => match report.report_id {
                Some(report_id) => {
                    pending.push((index, report_id));
                    continue;
                }
                None => missing_item("DescribeImageUsageReports"),
            },
            // An error code is about this image, or about the next request as well.
            Created::Failed(error) if error.code().is_none() && stops_the_run(&error) => {
                return Err(error.into());
            }
            Created::Failed(error) => request_failed("CreateImageUsageReport", &error),
        };
        images[index].blockers.push(blocker);
    }
    Ok(pending)
}

/// Waits for reports, and returns the images whose report became available.
async fn wait_for(
    source: &Source,
    images: &mut [ImageUnderCheck],
    pending: Vec<Pending>,
    timeout: Option<Duration>,
    reporter: &ProgressReporter<'_>,
) -> Result<HashSet<usize>, ListError> {
    reporter.update(|progress| progress.pending = pending.len());
    let ids = pending.iter().map(|(_, id)| id.clone()).collect();
    let outcomes = wait(&source.ec2, ids, timeout, |_, _| {
        reporter.update(|progress| progress.pending -= 1);
    })
    .await;
    let mut available = HashSet::new();
    for ((index, report_id), outcome) in pending.into_iter().zip(outcomes) {
        let image = &mut images[index];
        match outcome {
            WaitOutcome::Available(report) => {
                available.insert(index);
                image.update(report);
            }
            WaitOutcome::Error(report) => image.update(report),
            WaitOutcome::Vanished => image.remove_report(report_id),
            WaitOutcome::TimedOut(_) => image.blockers.push(Reason::ReportPending { report_id }),
            WaitOutcome::Failed(error) if stops_the_run(&error) => return Err(error.into()),
            WaitOutcome::Failed(error) => {
                let blocker = request_failed("DescribeImageUsageReports", &error);
                image.blockers.push(blocker);
            }
        }
    }
    Ok(available)
}
