//! Sees to it that there are reports: waits for those that are being made, and creates those that are lacking.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use super::check::CheckOptions;
use super::image::ImageUnderCheck;
use super::read::{Source, is_denied, refused, stops_the_run};
use super::reason::Reason;
use super::requests::not_told;
use super::tally::Watch;
use crate::listing::ListError;
use crate::reports::{CreateEvent, Created, ReportSpec, WaitOutcome, create, wait};

/// How often reports are created: a second time when a pending report of the image, which does not do, kept the first
/// one from being created.
const ROUNDS: usize = 2;

/// Sees to it that each image has a report that covers the question, as far as that can be had.
pub(super) async fn ensure_reports(
    source: &Source,
    asked: &CheckOptions,
    began: Instant,
    subjects: &mut [ImageUnderCheck],
    watch: &Watch<'_>,
) -> Result<(), ListError> {
    let deadline = asked.timeout.map(|timeout| Instant::now() + timeout);
    let left = || deadline.map(|end| end.saturating_duration_since(Instant::now()));
    let window = asked.window(began, &source.ec2);
    let mut waiting: Vec<(usize, String)> = (subjects.iter().enumerate())
        .filter_map(|(at, subject)| Some((at, subject.pending_report(asked, &window)?)))
        .collect();
    let mut lacking: Vec<usize> = (0..subjects.len())
        .filter(|&at| subjects[at].lacks_report(asked, &window))
        .collect();
    if !asked.create {
        for at in lacking.drain(..) {
            subjects[at].blockers.push(Reason::NoReport);
        }
    }
    for _ in 0..ROUNDS {
        let adopted = waiting.len();
        watch.update(|tally| {
            tally.created += adopted;
            tally.ordered = lacking.len();
        });
        let created = create_all(source, asked, subjects, &lacking, left(), watch).await;
        for (&at, created) in lacking.iter().zip(created) {
            let subject = &mut subjects[at];
            match created {
                Created::New { report_id } => waiting.push((at, report_id)),
                Created::Adopted(report) | Created::Blocked { report, .. } => {
                    match report.report_id {
                        Some(report_id) => waiting.push((at, report_id)),
                        None => subject.blockers.push(not_told("DescribeImageUsageReports")),
                    }
                }
                Created::Failed(failure) => {
                    // A code is about this image, or about the next request too.
                    if failure.code().is_none() && stops_the_run(&failure) {
                        return Err(failure.into());
                    }
                    let reason = refused("CreateImageUsageReport", &failure);
                    subject.blockers.push(reason);
                }
            }
        }

        watch.update(|tally| tally.pending = waiting.len());
        let ids = waiting.iter().map(|(_, id)| id.clone()).collect();
        let waited = wait(&source.ec2, ids, left(), |_, _| {
            watch.update(|tally| tally.pending -= 1);
        })
        .await;
        let mut available = HashSet::new();
        for ((at, report_id), waited) in waiting.drain(..).zip(waited) {
            let subject = &mut subjects[at];
            match waited {
                WaitOutcome::Available(report) => {
                    available.insert(at);
                    subject.update(report);
                }
                WaitOutcome::Error(report) => subject.update(report),
                WaitOutcome::Vanished => subject.gone(report_id),
                WaitOutcome::TimedOut(_) => {
                    (subject.blockers).push(Reason::ReportPending { report_id });
                }
                WaitOutcome::Failed(failure) if stops_the_run(&failure) => {
                    return Err(failure.into());
                }
                WaitOutcome::Failed(failure) => {
                    let reason = refused("DescribeImageUsageReports", &failure);
                    subject.blockers.push(reason);
                }
            }
        }
        // A pending report that does not do, and is pending no more, makes way for one that does.
        let window = asked.window(began, &source.ec2);
        lacking.retain(|&at| available.contains(&at) && subjects[at].lacks_report(asked, &window));
        if lacking.is_empty() || left() == Some(Duration::ZERO) {
            break;
        }
    }
    Ok(())
}

/// Creates the reports that are lacking, and tells what became of each.
async fn create_all(
    source: &Source,
    asked: &CheckOptions,
    subjects: &[ImageUnderCheck],
    lacking: &[usize],
    timeout: Option<Duration>,
    watch: &Watch<'_>,
) -> Vec<Created> {
    let mut orders: Vec<ReportSpec> = (lacking.iter())
        .map(|&at| asked.order(&subjects[at].image_id))
        .collect();
    let told = |creation: CreateEvent<'_>| {
        if let CreateEvent::Done { created, .. } = creation {
            let done = usize::from(created.report_id().is_some());
            watch.update(|tally| {
                tally.ordered -= 1;
                tally.created += done;
            });
        }
    };
    if orders.is_empty() {
        return Vec::new();
    }
    // The first one tells whether reports may be created at all.
    let others = orders.split_off(1);
    let mut created = create(&source.ec2, orders, timeout, told).await;
    match &created[0] {
        Created::Failed(failure) if is_denied(failure) || failure.code().is_none() => {
            let refusal = created[0].clone();
            created.resize(lacking.len(), refusal);
        }
        _ => created.extend(create(&source.ec2, others, timeout, told).await),
    }
    created
}
