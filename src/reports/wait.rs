//! Waits until reports can be read.

use std::collections::HashMap;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout_at};

use super::Report;
use super::backoff::Backoff;
use super::read::{MAX_IDS_PER_REQUEST, read};
use crate::aws::{Ec2, RequestError};
use crate::listing::Request;

/// How many requests go out at once.
const AT_ONCE: usize = 4;

/// How often in a row a report that was never seen may be missing: one that was just created may not be known
/// everywhere yet.
const MAX_MISSING: u32 = 4;

/// How often in a row the service may say that it is asked too much, each time after all the attempts of a request,
/// before that is an error.
const MAX_THROTTLED: u32 = 8;

/// What the wait for a report came to.
#[derive(Clone, Debug)]
pub enum WaitOutcome {
    /// Its entries can be read.
    Available(Report),
    /// It could not be made: `state_reason` tells why.
    Error(Report),
    /// There is no such report, or no longer.
    Vanished,
    /// It was still pending when time was up; as it was seen last, if it was.
    TimedOut(Option<Report>),
    /// Its state could not be had.
    Failed(RequestError),
}

/// Waits until each of these reports is available, or will never be, for at most `timeout` or without end.
///
/// What became of each comes in the order of the IDs; `observe` hears of each as it ends, by its place in the list.
/// Dropped before its end, this sends nothing more.
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

/// A report that is waited for.
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

    /// Takes note of a state, and tells what the wait came to if it is over.
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

/// The reports with these IDs, as they are now; nothing for those that there are not.
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
            // One ID at fault has the service refuse all of them.
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

/// Whether a request was refused for one of the IDs in it.
fn names_an_id(failure: &RequestError) -> bool {
    failure
        .code()
        .is_some_and(|code| code.starts_with("Invalid"))
}
