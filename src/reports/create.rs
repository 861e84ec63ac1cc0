//! Creates reports within the service's quotas and rate limits.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

use super::backoff::Backoff;
use super::bounded::{self, AT_ONCE};
use super::read::{MAX_IDS_PER_REQUEST, read};
use super::{Report, ReportSpec};
use crate::aws::{Ec2, RequestError};
use crate::listing::{Filter, Request};

/// How many throttling errors in a row end the creation of a report, each after all attempts of a request.
const MAX_THROTTLED: u32 = 8;

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
        orders: usize,
    },
}

/// The status of a spec.
#[derive(Clone, Debug)]
#[allow(clippy::large_enum_variant)] // Each comes to be the largest.
pub enum CreateStatus {
    /// No report was created: the request was not sent, or was rejected for now.
    Waits,
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
            Self::Waits | Self::Sent => None,
        }
    }
}

/// Creates reports, and returns their results in the order of the specs.
///
/// An image with a pending report adopts it. When the account has too many pending reports, specs are queued for `timeout`
/// in total, or without limit; under throttling they back off. `observe` is called with each event. Sends no more
/// requests once it is dropped; requests already sent may still take effect.
pub async fn create(
    ec2: &Ec2,
    orders: Vec<ReportSpec>,
    timeout: Option<Duration>,
    mut observe: impl FnMut(CreateEvent<'_>),
) -> Vec<Created> {
    let deadline = timeout.and_then(|timeout| Instant::now().checked_add(timeout));
    let mut done: Vec<Option<Created>> = orders.iter().map(|_| None).collect();
    let mut end = |index: usize, created: Created, observe: &mut dyn FnMut(CreateEvent<'_>)| {
        let created = done[index].insert(created);
        observe(CreateEvent::Done { index, created });
    };

    let mut queue: VecDeque<usize> = (0..orders.len()).collect();
    if orders.len() > 1 {
        // So that a rerun after an interruption does not send a useless request for each of them.
        let pending = all_pending(ec2, &orders).await;
        queue.retain(|&index| {
            let order = &orders[index];
            let reports = pending.get(&order.image_id).map(Vec::as_slice);
            let covering = reports
                .unwrap_or_default()
                .iter()
                .find(|report| order.is_covered_by(report));
            if let Some(report) = covering {
                end(index, Created::Adopted(report.clone()), &mut observe);
            }
            covering.is_none()
        });
    }

    let mut running = JoinSet::new();
    let mut backoff = Backoff::new(Duration::from_secs(1), Duration::from_secs(15));
    let mut throttled = 0;
    // Whether to wait before the next request, and whether to send only one at a time because it may be rejected.
    let (mut pause_first, mut probing) = (false, false);
    loop {
        if pause_first && running.is_empty() && !queue.is_empty() {
            pause_first = false;
            let pause = backoff.next();
            let left = deadline.map(|end| end.saturating_duration_since(Instant::now()));
            sleep(left.map_or(pause, |left| pause.min(left))).await;
        }
        let at_once = if probing { 1 } else { AT_ONCE };
        while running.len() < at_once && !pause_first {
            let Some(index) = queue.pop_front() else {
                break;
            };
            observe(CreateEvent::Sent { index });
            let (ec2, order) = (ec2.clone(), orders[index].clone());
            running.spawn(async move { (index, attempt(&ec2, &order).await) });
        }
        let Some(joined) = running.join_next().await else {
            break;
        };
        let (index, attempt) = joined.expect("a request neither panics nor is cancelled");
        match attempt {
            Ok(created) => {
                if matches!(created, Created::New { .. }) {
                    probing = false;
                    throttled = 0;
                    backoff.reset();
                }
                end(index, created, &mut observe);
            }
            Err(RetryReason::Full(failure))
                if deadline.is_some_and(|end| end <= Instant::now()) =>
            {
                end(index, Created::Failed(failure.clone()), &mut observe);
                for index in queue.drain(..) {
                    end(index, Created::Failed(failure.clone()), &mut observe);
                }
            }
            Err(RetryReason::Throttled(failure)) if throttled == MAX_THROTTLED => {
                end(index, Created::Failed(failure), &mut observe);
            }
            Err(again) => {
                throttled += u32::from(matches!(again, RetryReason::Throttled(_)));
                (pause_first, probing) = (true, true);
                queue.push_front(index);
                observe(CreateEvent::Queued {
                    index,
                    orders: queue.len(),
                });
            }
        }
    }
    done.into_iter()
        .map(|created| created.expect("every order came to its end"))
        .collect()
}

/// Checks with dry runs whether the reports could be created.
pub async fn dry_run(ec2: &Ec2, orders: Vec<ReportSpec>) -> Vec<Result<(), RequestError>> {
    let one = |order: ReportSpec| {
        let ec2 = ec2.clone();
        async move { RequestError::unless_dry_run(order.call(&ec2).dry_run(true).send().await, &ec2) }
    };
    bounded::for_each(orders, one, |_, _| ()).await
}

/// Why a spec is retried later.
enum RetryReason {
    /// The account has too many pending reports.
    Full(RequestError),
    /// The account is throttled.
    Throttled(RequestError),
}

async fn attempt(ec2: &Ec2, order: &ReportSpec) -> Result<Created, RetryReason> {
    let failure = match order.call(ec2).send().await {
        Ok(answer) => {
            return Ok(match answer.report_id.filter(|id| !id.is_empty()) {
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
    let pending = pending(ec2, vec![order.image_id.clone()]).await;
    let Ok(mut pending) = pending else {
        return Ok(Created::Failed(failure));
    };
    let covering = pending
        .iter()
        .position(|report| order.is_covered_by(report));
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
async fn all_pending(ec2: &Ec2, orders: &[ReportSpec]) -> HashMap<String, Vec<Report>> {
    let mut found: HashMap<String, Vec<Report>> = HashMap::new();
    for batch in orders.chunks(MAX_IDS_PER_REQUEST) {
        let image_ids = batch.iter().map(|order| order.image_id.clone()).collect();
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
        image_ids,
        filters: vec![Filter {
            name: "state".to_owned(),
            values: vec!["pending".to_owned()],
        }],
        ..Request::default()
    };
    let mut reports = read(ec2, request).await?;
    reports.retain(Report::is_pending);
    Ok(reports)
}
