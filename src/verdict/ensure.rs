//! Makes sure that images have reports: waits for pending ones, and creates those that are missing.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use super::evidence::TimeLimits;
use super::image::ImageUnderCheck;
use super::lists::missing_item;
use super::options::CheckOptions;
use super::progress::ProgressReporter;
use super::read::{Source, is_denied, request_failed, stops_the_run};
use super::reason::Reason;
use crate::aws::RequestError;
use crate::listing::ListError;
use crate::reports::{
    AwaitedReport, CreateEvent, Created, RefusedTypes, ReportSpec, WaitOutcome, create, wait,
};

/// In the second round, reports replace those pending ones of the first round that this run did not create, and that
/// failed, were deleted, or do not cover.
const MAX_ROUNDS: usize = 2;

/// A report to wait for.
struct Pending {
    /// The index of its image.
    image: usize,
    report_id: String,
    /// Whether this run created it.
    is_created: bool,
}

/// The images that need new reports.
struct Missing<'a> {
    /// Indexes of images.
    indexes: Vec<usize>,
    images: &'a [ImageUnderCheck],
    options: &'a CheckOptions,
    limits: &'a TimeLimits,
    refused: &'a RefusedTypes,
}

impl Missing<'_> {
    fn specs(&self, indexes: &[usize]) -> Vec<ReportSpec> {
        let image_ids = indexes.iter().map(|&index| &self.images[index].image_id);
        image_ids.map(|id| self.options.spec(id)).collect()
    }

    /// Removes images after the first one that already have a report without the refused types.
    fn narrow(&mut self) {
        let options = self.options.without_types(&self.refused.names());
        let first = self.indexes.first().copied();
        self.indexes.retain(|&index| {
            Some(index) == first || self.images[index].needs_report(&options, self.limits)
        });
    }
}

impl Pending {
    /// The report that an image waits for, if there is one.
    fn of(
        index: usize,
        image: &ImageUnderCheck,
        options: &CheckOptions,
        limits: &TimeLimits,
    ) -> Option<Self> {
        Some(Self {
            image: index,
            report_id: image.pending_report(options, limits)?,
            is_created: false,
        })
    }

    /// The reports that images wait for.
    fn all(
        images: &mut [ImageUnderCheck],
        options: &CheckOptions,
        limits: &TimeLimits,
    ) -> Vec<Self> {
        let waits = |(index, image): (usize, &mut ImageUnderCheck)| {
            let pending = Self::of(index, image, options, limits)?;
            image.ignore_missing_list();
            Some(pending)
        };
        images.iter_mut().enumerate().filter_map(waits).collect()
    }
}

/// Makes sure that each image has a report that covers what is needed, where that is possible. Returns the reports that
/// became available.
pub(super) async fn ensure_reports(
    source: &Source,
    options: &CheckOptions,
    started: Instant,
    images: &mut [ImageUnderCheck],
    reporter: &ProgressReporter<'_>,
) -> Result<HashSet<String>, ListError> {
    let deadline = options.timeout.map(|timeout| Instant::now() + timeout);
    let left = || deadline.map(|end| end.saturating_duration_since(Instant::now()));
    let limits = options.limits(started, &source.ec2);
    let mut pending = Pending::all(images, options, &limits);
    let mut missing: Vec<usize> = (0..images.len())
        .filter(|&index| images[index].needs_report(options, &limits))
        .collect();
    if !options.create {
        for index in missing.drain(..) {
            images[index].blockers.push(Reason::NoReport);
        }
    }
    let mut available = HashSet::new();
    let refused = RefusedTypes::default();
    let mut options = options.clone();
    for _ in 0..MAX_ROUNDS {
        let adopted = pending.len();
        reporter.update(|progress| {
            progress.created += adopted;
            progress.to_create = missing.len();
        });
        let mut wanted = Missing {
            indexes: missing.clone(),
            images,
            options: &options,
            limits: &limits,
            refused: &refused,
        };
        let created = create_all(source, &mut wanted, left(), reporter).await;
        let requested: HashSet<usize> = wanted.indexes.iter().copied().collect();
        // What the endpoint refuses cannot be missing. The verdict still requires it.
        options = options.without_types(&refused.names());
        let has_report = |index: &usize| !requested.contains(index);
        pending.extend(
            (missing.iter().copied().filter(has_report))
                .filter_map(|index| Pending::of(index, &images[index], &options, &limits)),
        );
        missing.retain(|index| requested.contains(index));
        pending.extend(note_created(images, &missing, created)?);
        let waited = wait_for(source, images, pending.split_off(0), left(), reporter).await?;
        available.extend(waited.available);
        let limits = options.limits(started, &source.ec2);
        missing = waited.replaceable;
        missing.retain(|&index| options.create && images[index].needs_report(&options, &limits));
        if missing.is_empty() || left() == Some(Duration::ZERO) {
            break;
        }
    }
    Ok(available)
}

/// Creates the reports.
async fn create_all(
    source: &Source,
    missing: &mut Missing<'_>,
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
    let refused = Some(missing.refused);
    let Some(&first) = missing.indexes.first() else {
        return Vec::new();
    };
    let image_id = [missing.images[first].image_id.clone()];
    // The first request shows whether reports may be created at all, and of which types.
    let specs = missing.specs(&[first]);
    let mut created = create(&source.ec2, specs, timeout, refused, observe).await;
    if let Created::Failed(error) = &created[0]
        && fails_alike(error, &image_id)
    {
        let refusal = created[0].clone();
        created.resize(missing.indexes.len(), refusal);
        return created;
    }
    missing.narrow();
    let others = missing.specs(&missing.indexes[1..]);
    reporter.update(|progress| progress.to_create = others.len());
    created.extend(create(&source.ec2, others, timeout, refused, observe).await);
    created
}

/// Whether the creation of a report of any other image would fail like that of this one.
fn fails_alike(error: &RequestError, image_id: &[String]) -> bool {
    stops_the_run(error, image_id) || is_denied(error) && !error.concerns_one_of(image_id)
}

/// Notes why a report could not be created, and returns the reports to wait for.
fn note_created(
    images: &mut [ImageUnderCheck],
    missing: &[usize],
    created: Vec<Created>,
) -> Result<Vec<Pending>, ListError> {
    let mut pending = Vec::new();
    for (&index, created) in missing.iter().zip(created) {
        if created.report_id().is_some() {
            images[index].ignore_missing_list();
        }
        let mut push = |report_id, is_created| {
            pending.push(Pending {
                image: index,
                report_id,
                is_created,
            });
        };
        let blocker = match created {
            Created::New { report_id } => {
                push(report_id, true);
                continue;
            }
            Created::Adopted(report) | Created::Blocked { report, .. } => match report.report_id {
                Some(report_id) => {
                    push(report_id, false);
                    continue;
                }
                None => missing_item("DescribeImageUsageReports"),
            },
            // An error code is about this image, or about the next request as well.
            Created::Failed(error) if error.code().is_none() && stops_the_run(&error, &[]) => {
                return Err(error.into());
            }
            Created::Failed(error) => request_failed("CreateImageUsageReport", &error),
        };
        images[index].blockers.push(blocker);
    }
    Ok(pending)
}

/// The result of waiting for reports.
#[derive(Default)]
struct Waited {
    /// The reports that are available.
    available: Vec<String>,
    /// The images whose report is no longer pending, and was not created by this run.
    replaceable: Vec<usize>,
}

/// Waits for reports.
async fn wait_for(
    source: &Source,
    images: &mut [ImageUnderCheck],
    pending: Vec<Pending>,
    timeout: Option<Duration>,
    reporter: &ProgressReporter<'_>,
) -> Result<Waited, ListError> {
    reporter.update(|progress| progress.pending = pending.len());
    let awaited = |report: &Pending| match report.is_created {
        true => AwaitedReport::created(report.report_id.clone()),
        false => AwaitedReport::given(report.report_id.clone()),
    };
    let reports = pending.iter().map(awaited).collect();
    let outcomes = wait(&source.ec2, reports, timeout, |_, _| {
        reporter.update(|progress| progress.pending -= 1);
    })
    .await;
    let mut waited = Waited::default();
    for (pending, outcome) in pending.into_iter().zip(outcomes) {
        let image = &mut images[pending.image];
        let report_id = pending.report_id;
        match outcome {
            WaitOutcome::Available(report) => {
                if pending.is_created {
                    image.created.push(report_id.clone());
                }
                waited.available.push(report_id);
                image.update(report);
            }
            WaitOutcome::Error(report) => image.update(report),
            WaitOutcome::Vanished => image.remove_report(report_id),
            WaitOutcome::TimedOut(_) => {
                image.blockers.push(Reason::ReportPending { report_id });
                continue;
            }
            WaitOutcome::Failed(error)
                if stops_the_run(&error, std::slice::from_ref(&report_id)) =>
            {
                return Err(error.into());
            }
            WaitOutcome::Failed(error) => {
                let blocker = request_failed("DescribeImageUsageReports", &error);
                image.blockers.push(blocker);
                continue;
            }
        }
        if !pending.is_created {
            waited.replaceable.push(pending.image);
        }
    }
    Ok(waited)
}
