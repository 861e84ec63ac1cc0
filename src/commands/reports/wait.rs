//! `amiusage reports wait`: waits until reports are available, or reports why they are not.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io;
use std::time::Duration;

use crate::args::{filter, list};
use crate::aws::Ec2;
use crate::cli::Connection;
use crate::cli::reports::Wait;
use crate::commands::connection::connect;
use crate::commands::progress;
use crate::commands::rows::partial;
use crate::commands::signals::Signals;
use crate::commands::terminal::Terminal;
use crate::error::{Category, Error, UserError};
use crate::listing::Request;
use crate::reports::{AwaitedReport, WaitOutcome, newest, read, wait};

/// Some reports are not available. Each line is a reason and the reports concerned.
#[derive(Debug, thiserror::Error)]
#[error("{}", lines.join("\n"))]
struct NotAvailable {
    lines: Vec<String>,
    hint: &'static str,
}

impl UserError for NotAvailable {
    fn category(&self) -> Category {
        Category::Other
    }

    fn hint(&self) -> Option<Cow<'_, str>> {
        Some(self.hint.into())
    }
}

/// Runs `amiusage reports wait`.
pub(in crate::commands) async fn run(
    arguments: Wait,
    connection: Connection,
    terminal: &Terminal,
) -> Result<(), Error> {
    let mut stdin = list::Stdin::new(io::stdin());
    let mut report_ids = list::expand("--report-ids", &arguments.report_ids, &mut stdin)?;
    let mut image_ids = list::expand("--image-ids", &arguments.image_ids, &mut stdin)?;
    let filters = filter::parse_filters(&arguments.filter)?;
    let mut signals = Signals::listen(terminal)?;
    let ec2 = signals.or(connect(connection, terminal.debug)).await??;
    if !filters.is_empty() {
        let request = Request {
            image_ids,
            report_ids,
            filters,
            ..Request::default()
        };
        report_ids = signals.or(matching(&ec2, request)).await??;
        image_ids = Vec::new();
    }
    for id in signals.or(newest_of(&ec2, &image_ids)).await?? {
        if !report_ids.contains(&id) {
            report_ids.push(id);
        }
    }
    let timeout = (!arguments.timeout.is_zero()).then_some(arguments.timeout);
    let reports = report_ids.into_iter().map(AwaitedReport::given).collect();
    until_available(&ec2, reports, timeout, &mut signals, terminal).await
}

/// The newest report of each image.
async fn newest_of(ec2: &Ec2, image_ids: &[String]) -> Result<Vec<String>, Error> {
    let reports = newest(ec2, image_ids).await?;
    let mut missing = Vec::new();
    let mut ids = Vec::new();
    for (image_id, report) in image_ids.iter().zip(reports) {
        match report.and_then(|report| report.report_id) {
            Some(id) => ids.push(id),
            None => missing.push(image_id.as_str()),
        }
    }
    if missing.is_empty() {
        return Ok(ids);
    }
    Err(NotAvailable {
        lines: vec![format!("no report exists for {}", missing.join(", "))],
        hint: "create it with `amiusage reports create`; if you just did, rerun this command",
    }
    .into())
}

/// The reports that match filters.
async fn matching(ec2: &Ec2, request: Request) -> Result<Vec<String>, Error> {
    let reports = read(ec2, request).await?;
    let ids: Vec<String> = (reports.into_iter())
        .filter_map(|report| report.report_id)
        .collect();
    match ids.is_empty() {
        false => Ok(ids),
        true => Err(NotAvailable {
            lines: vec!["no report matches the filters".to_owned()],
            hint: "see `amiusage reports list`; if you just created the report, rerun this command",
        }
        .into()),
    }
}

/// Waits until these reports are available.
///
/// # Errors
/// [`NotAvailable`] for reports that are not; an error of the request if one failed.
pub(super) async fn until_available(
    ec2: &Ec2,
    reports: Vec<AwaitedReport>,
    timeout: Option<Duration>,
    signals: &mut Signals,
    terminal: &Terminal,
) -> Result<(), Error> {
    let bar = progress::bar(reports.len(), ec2.retries()).with_message("reports available");
    let observe = |_, _: &WaitOutcome| bar.inc(1);
    let waiting = signals.or(wait(ec2, reports.clone(), timeout, observe));
    let outcomes = progress::with_progress(&bar, terminal, waiting).await?;

    let report_ids = reports.iter().map(|report| report.report_id.as_str());
    let outcomes = || report_ids.clone().zip(&outcomes);
    let failed: Vec<_> = outcomes()
        .filter_map(|(id, outcome)| match outcome {
            WaitOutcome::Failed(error) => Some((id, error)),
            _ => None,
        })
        .collect();
    let failed = partial("reports have an unknown state", reports.len(), &failed);
    match not_available(outcomes(), timeout) {
        None => failed,
        // The error of the service decides the exit status.
        Some(problem) => {
            failed.map_err(|error| error.context(&problem))?;
            Err(problem.into())
        }
    }
}

/// The reports that are not available, by reason.
fn not_available<'a>(
    outcomes: impl Iterator<Item = (&'a str, &'a WaitOutcome)>,
    timeout: Option<Duration>,
) -> Option<NotAvailable> {
    let (mut pending, mut missing) = (Vec::new(), Vec::new());
    // One reason may apply to many reports.
    let mut in_error: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for (id, outcome) in outcomes {
        match outcome {
            WaitOutcome::Available(_) | WaitOutcome::Failed(_) => {}
            WaitOutcome::TimedOut(_) => pending.push(id),
            WaitOutcome::Vanished => missing.push(id),
            WaitOutcome::Error(report) => {
                let reason = report.state_reason.as_deref().unwrap_or("no reason given");
                let image = report.image_id.as_deref().unwrap_or("unknown image");
                let reports = in_error.entry(reason).or_default();
                reports.push(format!("{id} ({image})"));
            }
        }
    }
    let hint = match (pending.is_empty(), in_error.is_empty(), missing.is_empty()) {
        (true, true, true) => return None,
        (false, ..) => "rerun with a longer --timeout",
        (true, false, _) => "create new ones with `amiusage reports create`",
        (true, true, false) => {
            "check the report IDs and --region; the service deletes reports after 30 days"
        }
    };
    let mut lines: Vec<_> = (in_error.iter())
        .map(|(reason, reports)| format!("in state error: {}: {reason}", reports.join(", ")))
        .collect();
    if !missing.is_empty() {
        lines.push(format!("no such report: {}", missing.join(", ")));
    }
    if !pending.is_empty() {
        let timeout = humantime::format_duration(timeout.unwrap_or_default());
        lines.push(format!(
            "still pending after {timeout}: {}",
            pending.join(", ")
        ));
    }
    Some(NotAvailable { lines, hint })
}
