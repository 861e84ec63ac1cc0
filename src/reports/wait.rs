//! Waits until reports are available.

use std::collections::HashMap;
use std::time::Duration;

use tokio::time::{Instant, sleep, timeout_at};

use super::backoff::Backoff;
use super::bounded::{self, MAX_THROTTLED};
use super::read::read;
use super::record::Report;
use crate::aws::{Ec2, RequestError};
use crate::listing::{MAX_IDS_PER_REQUEST, Request};

/// How many times in a row a report that was never seen may be missing: a new one is not listed everywhere at once.
const MAX_MISSING: u32 = 4;

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
    let mut reports: Vec<Wait> = report_ids.into_iter().map(Wait::new).collect();
    loop {
        let waiting = reports.iter().filter(|report| report.outcome.is_none());
        let ids: Vec<String> = waiting.map(|report| report.id.clone()).collect();
        if ids.is_empty() {
            break;
        }
        let states = read_states(ec2, ids);
        let states = match deadline {
            None => states.await,
            Some(deadline) => match timeout_at(deadline, states).await {
                Ok(states) => states,
                Err(_) => break,
            },
        };
        for (index, report) in reports.iter_mut().enumerate() {
            if report.outcome.is_none()
                && let Some(state) = states.get(&report.id)
                && let Some(outcome) = report.record(state.clone())
            {
                observe(index, outcome);
            }
        }
        if reports.iter().all(|report| report.outcome.is_some()) {
            break;
        }
        let mut delay = backoff.next();
        if let Some(deadline) = deadline {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            delay = delay.min(left);
        }
        sleep(delay).await;
    }
    let mut outcomes = Vec::new();
    for (index, report) in reports.into_iter().enumerate() {
        outcomes.push(report.outcome.unwrap_or_else(|| {
            let outcome = WaitOutcome::TimedOut(report.last);
            observe(index, &outcome);
            outcome
        }));
    }
    outcomes
}

/// A report to wait for.
struct Wait {
    id: String,
    last: Option<Report>,
    missing: u32,
    throttled: u32,
    outcome: Option<WaitOutcome>,
}

impl Wait {
    fn new(id: String) -> Self {
        Self {
            id,
            last: None,
            missing: 0,
            throttled: 0,
            outcome: None,
        }
    }

    /// Records a state, and returns the outcome if the wait is over.
    fn record(&mut self, state: Result<Option<Report>, RequestError>) -> Option<&WaitOutcome> {
        let outcome = match state {
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
            Err(error) if error.is_throttling() && self.throttled < MAX_THROTTLED => {
                self.throttled += 1;
                return None;
            }
            Err(error) => WaitOutcome::Failed(error),
        };
        Some(self.outcome.insert(outcome))
    }
}

type States = HashMap<String, Result<Option<Report>, RequestError>>;

/// The current reports with these IDs; `None` for those that do not exist.
async fn read_states(ec2: &Ec2, ids: Vec<String>) -> States {
    let batches = ids.chunks(MAX_IDS_PER_REQUEST);
    let mut batches: Vec<Vec<String>> = batches.map(<[String]>::to_vec).collect();
    let mut states = States::new();
    while !batches.is_empty() {
        let read = async |ids: Vec<String>| {
            let reports = read(ec2, Request::for_reports(ids.clone())).await;
            (ids, reports)
        };
        for (mut ids, reports) in
            bounded::for_each(std::mem::take(&mut batches), read, |_, _| ()).await
        {
            let error = match reports {
                Ok(reports) => {
                    states.extend(ids.into_iter().map(|id| (id, Ok(None))));
                    for report in reports {
                        if let Some(id) = report.report_id.clone() {
                            states.insert(id, Ok(Some(report)));
                        }
                    }
                    continue;
                }
                Err(error) => error,
            };
            let code = error.code().unwrap_or_default();
            if code.starts_with("Invalid") && ids.len() > 1 {
                // The service rejects all IDs because of one.
                let rest = ids.split_off(ids.len() / 2);
                batches.extend([ids, rest]);
            } else {
                let state = match code.ends_with("NotFound") {
                    true => Ok(None),
                    false => Err(error),
                };
                states.extend(ids.into_iter().map(|id| (id, state.clone())));
            }
        }
    }
    states
}
