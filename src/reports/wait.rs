//! Waits until reports are available.

use std::collections::HashMap;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout_at};

use super::Report;
use super::backoff::Backoff;
use super::read::{MAX_IDS_PER_REQUEST, read};
use crate::aws::{Ec2, RequestError};
use crate::listing::Request;

/// The maximum number of concurrent requests.
const AT_ONCE: usize = 4;

/// How many times in a row a report that was never seen may be missing: a new one is not listed everywhere at once.
const MAX_MISSING: u32 = 4;

/// How many throttling errors in a row end the wait for a report, each after all attempts of a request.
const MAX_THROTTLED: u32 = 8;

/// The outcome of the wait for a report.
#[derive(Clone, Debug)]
pub enum WaitOutcome {
    /// Its entries can be read.
    Available(Report),
    /// Its creation failed; `state_reason` has the reason.
    Error(Report),
    /// It does not exist, or was deleted.
    Vanished,
    /// It was still pending at the timeout; with its latest description, if any.
    TimedOut(Option<Report>),
    /// Its state could not be read.
    Failed(RequestError),
}

/// Waits until each report is available or never will be, for at most `timeout` or without limit.
///
/// Returns outcomes in the order of the IDs; `observe` is called with each as it ends, by its index. Sends no more
/// requests once it is dropped.
pub async fn wait(
    ec2: &Ec2,
    report_ids: Vec<String>,
    timeout: Option<Duration>,
    mut observe: impl FnMut(usize, &WaitOutcome),
) -> Vec<WaitOutcome> {
    let deadline = timeout.and_then(|timeout| Instant::now().checked_add(timeout));
    let mut backoff = Backoff::new(Duration::from_millis(500), Duration::from_secs(15));
    let mut reports: Vec<Watch> = report_ids.into_iter().map(Watch::new).collect();
    loop {
        let ids: Vec<String> = reports
            .iter()
            .filter(|report| report.end.is_none())
            .map(|report| report.id.clone())
            .collect();
        if ids.is_empty() {
            break;
        }
        let states = look(ec2, ids);
        let states = match deadline {
            None => states.await,
            Some(deadline) => match timeout_at(deadline, states).await {
                Ok(states) => states,
                Err(_) => break,
            },
        };
        for (index, report) in reports.iter_mut().enumerate() {
            if report.end.is_none()
                && let Some(state) = states.get(&report.id)
                && let Some(end) = report.take(state.clone())
            {
                observe(index, end);
            }
        }
        if reports.iter().all(|report| report.end.is_some()) {
            break;
        }
        let mut pause = backoff.next();
        if let Some(deadline) = deadline {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            pause = pause.min(left);
        }
        sleep(pause).await;
    }
    for (index, report) in reports.iter_mut().enumerate() {
        if report.end.is_none() {
            let last = report.last.take();
            observe(index, report.end.insert(WaitOutcome::TimedOut(last)));
        }
    }
    reports
        .into_iter()
        .map(|report| report.end.expect("every wait came to its end"))
        .collect()
}

/// A report to wait for.
struct Watch {
    id: String,
    last: Option<Report>,
    missing: u32,
    throttled: u32,
    end: Option<WaitOutcome>,
}

impl Watch {
    fn new(id: String) -> Self {
        Self {
            id,
            last: None,
            missing: 0,
            throttled: 0,
            end: None,
        }
    }

    /// Records a state, and returns the outcome if the wait is over.
    fn take(&mut self, state: Result<Option<Report>, RequestError>) -> Option<&WaitOutcome> {
        let end = match state {
            Ok(Some(report)) if report.is_available() => WaitOutcome::Available(report),
            Ok(Some(report)) if report.is_in_error() => WaitOutcome::Error(report),
            Ok(Some(report)) => {
                self.last = Some(report);
                self.throttled = 0;
                return None;
            }
            Ok(None) if self.last.is_none() && self.missing < MAX_MISSING => {
                self.missing += 1;
                return None;
            }
            Ok(None) => WaitOutcome::Vanished,
            Err(failure) if failure.is_throttling() && self.throttled < MAX_THROTTLED => {
                self.throttled += 1;
                return None;
            }
            Err(failure) => WaitOutcome::Failed(failure),
        };
        Some(self.end.insert(end))
    }
}

type States = HashMap<String, Result<Option<Report>, RequestError>>;

/// The current reports with these IDs; `None` for those that do not exist.
async fn look(ec2: &Ec2, ids: Vec<String>) -> States {
    let mut batches: Vec<Vec<String>> = ids
        .chunks(MAX_IDS_PER_REQUEST)
        .map(<[String]>::to_vec)
        .collect();
    let mut running = JoinSet::new();
    let mut states = States::new();
    loop {
        while running.len() < AT_ONCE
            && let Some(ids) = batches.pop()
        {
            let ec2 = ec2.clone();
            running.spawn(async move {
                let request = Request {
                    report_ids: ids.clone(),
                    ..Request::default()
                };
                (ids, read(&ec2, request).await)
            });
        }
        let Some(joined) = running.join_next().await else {
            return states;
        };
        let (mut ids, read) = joined.expect("a request neither panics nor is cancelled");
        match read {
            Ok(reports) => {
                states.extend(ids.into_iter().map(|id| (id, Ok(None))));
                for report in reports {
                    if let Some(id) = report.report_id.clone() {
                        states.insert(id, Ok(Some(report)));
                    }
                }
            }
            // The service rejects all IDs because of one.
            Err(failure) if names_an_id(&failure) && ids.len() > 1 => {
                let rest = ids.split_off(ids.len() / 2);
                batches.extend([ids, rest]);
            }
            Err(failure)
                if failure
                    .code()
                    .is_some_and(|code| code.ends_with("NotFound")) =>
            {
                states.extend(ids.into_iter().map(|id| (id, Ok(None))));
            }
            Err(failure) => {
                states.extend(ids.into_iter().map(|id| (id, Err(failure.clone()))));
            }
        }
    }
}

/// Whether a request was rejected because of one of its IDs.
fn names_an_id(failure: &RequestError) -> bool {
    failure
        .code()
        .is_some_and(|code| code.starts_with("Invalid"))
}
