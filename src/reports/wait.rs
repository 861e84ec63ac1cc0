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

/// How long a report that was just created may be missing: not every server of the service lists it at once.
const MAX_CREATED_MISSING: Duration = Duration::from_secs(120);

/// How long a report with a given ID may be missing: it may have been created just before.
const MAX_GIVEN_MISSING: Duration = Duration::from_secs(4);

/// How long the requests may take that describe the reports a last time, at the end of the timeout.
const LAST_REQUESTS_TIMEOUT: Duration = Duration::from_secs(15);

/// A report to wait for.
#[derive(Clone, Debug)]
pub struct AwaitedReport {
    /// Its ID, `amiur-…`.
    pub report_id: String,
    /// How long it may be missing until it is listed for the first time.
    max_missing: Duration,
}

impl AwaitedReport {
    /// A report that this run has created.
    pub fn created(report_id: String) -> Self {
        Self {
            report_id,
            max_missing: MAX_CREATED_MISSING,
        }
    }

    /// A report with an ID from elsewhere.
    pub fn given(report_id: String) -> Self {
        Self {
            report_id,
            max_missing: MAX_GIVEN_MISSING,
        }
    }
}

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
/// At the end of the timeout all reports that are still pending are described once more. Returns outcomes in the order
/// of the reports; `observe` is called with each as it ends, by its index. Sends no more requests once it is dropped.
pub async fn wait(
    ec2: &Ec2,
    reports: Vec<AwaitedReport>,
    timeout: Option<Duration>,
    mut observe: impl FnMut(usize, &WaitOutcome),
) -> Vec<WaitOutcome> {
    let deadline = timeout.and_then(|timeout| Instant::now().checked_add(timeout));
    let mut backoff = Backoff::new(Duration::from_millis(500), Duration::from_secs(15));
    let mut reports: Vec<Wait> = reports.into_iter().map(Wait::new).collect();
    let started = Instant::now();
    loop {
        let waiting = reports.iter().filter(|report| report.outcome.is_none());
        let ids: Vec<String> = (waiting.map(|report| &report.awaited.report_id))
            .cloned()
            .collect();
        if ids.is_empty() {
            break;
        }
        let is_last = deadline.is_some_and(|deadline| deadline <= Instant::now());
        let states = read_states(ec2, ids);
        let states = match deadline {
            None => states.await,
            Some(deadline) => match timeout_at(deadline + LAST_REQUESTS_TIMEOUT, states).await {
                Ok(states) => states,
                Err(_) => break,
            },
        };
        for (index, report) in reports.iter_mut().enumerate() {
            if report.outcome.is_none()
                && let Some(state) = states.get(&report.awaited.report_id)
                && let Some(outcome) = report.record(state.clone(), started.elapsed())
            {
                observe(index, outcome);
            }
        }
        if is_last || reports.iter().all(|report| report.outcome.is_some()) {
            break;
        }
        let delay = backoff.next();
        let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
        sleep(left.map_or(delay, |left| delay.min(left))).await;
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

/// The wait for a report.
struct Wait {
    awaited: AwaitedReport,
    last: Option<Report>,
    throttled: u32,
    outcome: Option<WaitOutcome>,
}

impl Wait {
    fn new(awaited: AwaitedReport) -> Self {
        Self {
            awaited,
            last: None,
            throttled: 0,
            outcome: None,
        }
    }

    /// Records a state after a time of waiting, and returns the outcome if the wait is over.
    fn record(
        &mut self,
        state: Result<Option<Report>, RequestError>,
        elapsed: Duration,
    ) -> Option<&WaitOutcome> {
        let outcome = match state {
            Ok(Some(report)) if report.is_available() => WaitOutcome::Available(report),
            Ok(Some(report)) if report.is_in_error() => WaitOutcome::Error(report),
            Ok(Some(report)) => {
                self.last = Some(report);
                self.throttled = 0;
                return None;
            }
            Ok(None) if self.last.is_none() && elapsed < self.awaited.max_missing => return None,
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
            if (code.starts_with("Invalid") || error.concerns_one_of(&ids)) && ids.len() > 1 {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_created_report_may_be_missing_for_two_minutes() {
        let id = || "amiur-1".to_owned();
        let pending = Report {
            state: Some("pending".to_owned()),
            ..Report::default()
        };
        for (awaited, max_missing) in [
            (AwaitedReport::created(id()), Duration::from_secs(120)),
            (AwaitedReport::given(id()), Duration::from_secs(4)),
        ] {
            let before = max_missing - Duration::from_millis(1);
            let mut wait = Wait::new(awaited);
            assert!(wait.record(Ok(None), before).is_none());
            assert!(matches!(
                wait.record(Ok(None), max_missing),
                Some(WaitOutcome::Vanished)
            ));
            // A report that was listed before is deleted.
            let mut wait = Wait::new(wait.awaited);
            assert!(wait.record(Ok(Some(pending.clone())), before).is_none());
            assert!(matches!(
                wait.record(Ok(None), before),
                Some(WaitOutcome::Vanished)
            ));
        }
    }
}
