//! Creates reports within the service's quotas and rate limits.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use futures_util::stream::{FuturesUnordered, StreamExt};
use tokio::time::{Instant, sleep};

use super::backoff::Backoff;
use super::bounded::{self, MAX_CONCURRENT, MAX_THROTTLED};
use super::read::read;
use super::record::Report;
use super::refused_types::RefusedTypes;
use super::spec::ReportSpec;
use crate::aws::{Ec2, RequestError};
use crate::listing::{Filter, MAX_IDS_PER_REQUEST, Request};

/// The result of a [`ReportSpec`].
#[derive(Clone, Debug)]
pub enum Created {
    /// A new report.
    New {
        /// Its ID, `amiur-…`.
        report_id: String,
    },
    /// The image has a pending report that covers the spec. There can be no second one.
    Adopted(Report),
    /// The image has a pending report that does not cover the spec, so the service rejects another one.
    Blocked {
        /// The pending report.
        report: Report,
        /// The error.
        failure: RequestError,
    },
    /// The creation failed.
    Failed(RequestError),
}

impl Created {
    /// The ID of the report for the spec.
    pub fn report_id(&self) -> Option<&str> {
        match self {
            Self::New { report_id } => Some(report_id),
            Self::Adopted(report) => report.report_id.as_deref(),
            Self::Blocked { .. } | Self::Failed(_) => None,
        }
    }
}

/// An event of a creation.
#[derive(Debug)]
pub enum CreateEvent<'a> {
    /// The request for a spec is about to be sent.
    Sent {
        /// The index of the spec.
        index: usize,
    },
    /// A spec has its result.
    Done {
        /// The index of the spec.
        index: usize,
        /// The result.
        created: &'a Created,
    },
    /// A spec was rejected for now and is queued: the account has its maximum of pending reports, or is throttled.
    Queued {
        /// The index of the spec.
        index: usize,
        /// The number of queued specs.
        queued: usize,
    },
}

/// The status of a spec.
#[derive(Clone, Debug)]
#[allow(clippy::large_enum_variant)] // Every status becomes `Done`.
pub enum CreateStatus {
    /// No report was created: the request was not sent, or was rejected for now.
    Queued,
    /// The request was sent and has no response yet.
    Sent,
    /// It has a result.
    Done(Created),
}

impl CreateStatus {
    /// The result, if there is one.
    pub fn created(&self) -> Option<&Created> {
        match self {
            Self::Done(created) => Some(created),
            Self::Queued | Self::Sent => None,
        }
    }
}

/// Creates reports, and returns their results in the order of the specs.
///
/// An image with a pending report adopts it. When the account has too many pending reports, specs are queued for `timeout`
/// in total, or without limit; under throttling they back off. `observe` is called with each event. Sends no more
/// requests once it is dropped; requests already sent may still take effect.
///
/// With `refused`, resource types that the endpoint refuses are omitted from the reports and added to it.
pub async fn create(
    ec2: &Ec2,
    specs: Vec<ReportSpec>,
    timeout: Option<Duration>,
    refused: Option<&RefusedTypes>,
    observe: impl FnMut(CreateEvent<'_>),
) -> Vec<Created> {
    let mut creation = Creation {
        queue: (0..specs.len()).collect(),
        results: specs.iter().map(|_| None).collect(),
        specs,
        refused,
        pending: HashMap::new(),
        deadline: timeout.and_then(|timeout| Instant::now().checked_add(timeout)),
        observe,
        backoff: Backoff::new(Duration::from_secs(1), Duration::from_secs(15)),
        throttled: 0,
        must_pause: false,
        is_probing: false,
    };
    creation.narrow();
    if creation.specs.len() > 1 {
        creation.pending = all_pending(ec2, &creation.specs).await;
        creation.adopt_pending();
    }
    let mut running = FuturesUnordered::new();
    loop {
        if creation.must_pause && running.is_empty() && !creation.queue.is_empty() {
            creation.pause().await;
        }
        while let Some(index) = creation.next(running.len()) {
            let spec = creation.specs[index].clone();
            running.push(async move {
                let attempt = attempt(ec2, &spec).await;
                (index, spec, attempt)
            });
        }
        let Some((index, spec, attempt)) = running.next().await else {
            break;
        };
        match attempt {
            Ok(Created::Failed(error)) if creation.can_narrow(&spec, &error) => {
                creation.queue.push_front(index);
                creation.narrow();
                creation.adopt_pending();
            }
            attempt => creation.record(index, attempt),
        }
    }
    (creation.results.into_iter())
        .map(|created| created.expect("the queue is empty"))
        .collect()
}

/// The state of [`create`].
struct Creation<'r, F> {
    specs: Vec<ReportSpec>,
    refused: Option<&'r RefusedTypes>,
    /// The pending reports of each image at the start.
    pending: HashMap<String, Vec<Report>>,
    /// The indexes of the specs without a result that are not being sent.
    queue: VecDeque<usize>,
    results: Vec<Option<Created>>,
    deadline: Option<Instant>,
    observe: F,
    backoff: Backoff,
    /// How many throttling errors there were since the last new report.
    throttled: u32,
    /// Whether to wait before the next request.
    must_pause: bool,
    /// Whether to send only one request at a time, because it may be rejected.
    is_probing: bool,
}

impl<F: FnMut(CreateEvent<'_>)> Creation<'_, F> {
    /// Whether the endpoint refuses types of the spec but may accept others.
    fn can_narrow(&self, spec: &ReportSpec, error: &RequestError) -> bool {
        (self.refused).is_some_and(|refused| refused.learn(spec, error))
    }

    /// Omits the refused types from all specs.
    fn narrow(&mut self) {
        if let Some(refused) = self.refused {
            for spec in &mut self.specs {
                *spec = refused.narrow(spec);
            }
        }
    }

    /// Adopts pending reports, so that a rerun after an interruption does not send a useless request for each of them.
    fn adopt_pending(&mut self) {
        for index in std::mem::take(&mut self.queue) {
            let spec = &self.specs[index];
            let mut reports = self.pending.get(&spec.image_id).into_iter().flatten();
            match reports.find(|report| spec.is_covered_by(report)).cloned() {
                Some(report) => self.finish(index, Created::Adopted(report)),
                None => self.queue.push_back(index),
            }
        }
    }

    async fn pause(&mut self) {
        self.must_pause = false;
        let delay = self.backoff.next();
        let left = (self.deadline).map(|end| end.saturating_duration_since(Instant::now()));
        sleep(left.map_or(delay, |left| delay.min(left))).await;
    }

    /// Takes the next spec to send from the queue, if another request may be sent now.
    fn next(&mut self, running: usize) -> Option<usize> {
        let max = if self.is_probing { 1 } else { MAX_CONCURRENT };
        if self.must_pause || running >= max {
            return None;
        }
        let index = self.queue.pop_front()?;
        (self.observe)(CreateEvent::Sent { index });
        Some(index)
    }

    fn finish(&mut self, index: usize, created: Created) {
        let created = self.results[index].insert(created);
        (self.observe)(CreateEvent::Done { index, created });
    }

    /// Records the result of an attempt, or queues its spec again.
    fn record(&mut self, index: usize, attempt: Result<Created, RetryReason>) {
        match attempt {
            Ok(created) => {
                if matches!(created, Created::New { .. }) {
                    self.is_probing = false;
                    self.throttled = 0;
                    self.backoff.reset();
                }
                self.finish(index, created);
            }
            Err(RetryReason::Full(error))
                if self.deadline.is_some_and(|end| end <= Instant::now()) =>
            {
                self.finish(index, Created::Failed(error.clone()));
                for index in std::mem::take(&mut self.queue) {
                    self.finish(index, Created::Failed(error.clone()));
                }
            }
            Err(RetryReason::Throttled(error)) if self.throttled == MAX_THROTTLED => {
                self.finish(index, Created::Failed(error));
            }
            Err(reason) => {
                self.throttled += u32::from(matches!(reason, RetryReason::Throttled(_)));
                (self.must_pause, self.is_probing) = (true, true);
                self.queue.push_front(index);
                (self.observe)(CreateEvent::Queued {
                    index,
                    queued: self.queue.len(),
                });
            }
        }
    }
}

/// Checks with dry runs whether the reports could be created. `refused` is used as in [`create`].
pub async fn dry_run(
    ec2: &Ec2,
    specs: Vec<ReportSpec>,
    refused: Option<&RefusedTypes>,
) -> Vec<Result<(), RequestError>> {
    let dry_run_one = async |spec: ReportSpec| {
        let mut spec = refused.map_or(spec.clone(), |refused| refused.narrow(&spec));
        loop {
            let result = spec.call(ec2).dry_run(true).send().await;
            match (RequestError::unless_dry_run(result, ec2), refused) {
                (Err(error), Some(refused)) if refused.learn(&spec, &error) => {
                    spec = refused.narrow(&spec);
                }
                (result, _) => return result,
            }
        }
    };
    bounded::for_each(specs, dry_run_one, |_, _| ()).await
}

/// Why a spec is retried later.
enum RetryReason {
    /// The account has too many pending reports.
    Full(RequestError),
    /// The account is throttled.
    Throttled(RequestError),
}

async fn attempt(ec2: &Ec2, spec: &ReportSpec) -> Result<Created, RetryReason> {
    let failure = match spec.call(ec2).send().await {
        Ok(response) => {
            return Ok(match response.report_id.filter(|id| !id.is_empty()) {
                Some(report_id) => Created::New { report_id },
                None => Created::Failed(RequestError::Response {
                    endpoint: ec2.endpoint(),
                    problem: "the created report has no ID".to_owned(),
                }),
            });
        }
        Err(error) => RequestError::from_sdk(error, ec2),
    };
    if failure.is_throttling() {
        return Err(RetryReason::Throttled(failure));
    }
    if !is_quota(&failure) {
        return Ok(Created::Failed(failure));
    }
    // Both quotas have the same code: a pending report of the image shows which one it is.
    let pending = pending(ec2, vec![spec.image_id.clone()]).await;
    let Ok(mut pending) = pending else {
        return Ok(Created::Failed(failure));
    };
    let covering = pending.iter().position(|report| spec.is_covered_by(report));
    match (covering, pending.is_empty()) {
        (Some(index), _) => Ok(Created::Adopted(pending.swap_remove(index))),
        (None, false) => Ok(Created::Blocked {
            report: pending.swap_remove(0),
            failure,
        }),
        (None, true) => Err(RetryReason::Full(failure)),
    }
}

/// Whether a quota is exhausted. The code for it is not documented; EC2's quota errors end like this.
fn is_quota(failure: &RequestError) -> bool {
    failure.code().is_some_and(|code| {
        (code.ends_with("LimitExceeded") || code.contains("Quota")) && !code.starts_with("Tag")
    })
}

/// The pending reports of the images. Images whose reports cannot be read are omitted: the creation will fail for them.
async fn all_pending(ec2: &Ec2, specs: &[ReportSpec]) -> HashMap<String, Vec<Report>> {
    let mut found: HashMap<String, Vec<Report>> = HashMap::new();
    for batch in specs.chunks(MAX_IDS_PER_REQUEST) {
        let image_ids = batch.iter().map(|spec| spec.image_id.clone()).collect();
        for report in pending(ec2, image_ids).await.unwrap_or_default() {
            if let Some(image_id) = report.image_id.clone() {
                found.entry(image_id).or_default().push(report);
            }
        }
    }
    found
}

async fn pending(ec2: &Ec2, image_ids: Vec<String>) -> Result<Vec<Report>, RequestError> {
    let request = Request {
        filters: vec![Filter {
            name: "state".to_owned(),
            values: vec!["pending".to_owned()],
        }],
        ..Request::for_images(image_ids)
    };
    let mut reports = read(ec2, request).await?;
    reports.retain(Report::is_pending);
    Ok(reports)
}
