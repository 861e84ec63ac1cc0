//! `amiusage reports wait`: until reports can be read, or why they cannot.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io;
use std::time::Duration;

use indicatif::ProgressBar;

use crate::args::list;
use crate::aws::{Ec2, RequestError};
use crate::cli::Connection;
use crate::cli::reports::Wait;
use crate::commands::connection::connect;
use crate::commands::progress;
use crate::commands::rows::partial;
use crate::commands::signals::Signals;
use crate::commands::terminal::Terminal;
use crate::error::{Category, Error, UserError};
use crate::reports::{WaitOutcome, newest, wait};

const UNKNOWN: &str = "reports have an unknown state";

/// Some reports are not available, and why.
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

/// Does what `arguments` ask for.
pub(in crate::commands) async fn run(
    arguments: Wait,
    connection: Connection,
    terminal: &Terminal,
) -> Result<(), Error> {
    let mut stdin = list::Stdin::new(io::stdin());
    let mut report_ids = list::expand("--report-ids", &arguments.report_ids, &mut stdin)?;
    let image_ids = list::expand("--image-ids", &arguments.image_ids, &mut stdin)?;
    let mut signals = Signals::listen(terminal)?;
    let ec2 = signals.or(connect(connection, terminal.debug)).await??;
    for id in signals.or(of_images(&ec2, &image_ids)).await?? {
        if !report_ids.contains(&id) {
            report_ids.push(id);
        }
    }
    let timeout = (!arguments.timeout.is_zero()).then_some(arguments.timeout);
    until_available(&ec2, report_ids, timeout, &mut signals, terminal).await
}

/// The newest report of each image.
async fn of_images(ec2: &Ec2, image_ids: &[String]) -> Result<Vec<String>, Error> {
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
        lines: vec![format!("there is no report of {}", missing.join(", "))],
        hint: "create it with `amiusage reports create`; if that was just now, try again",
    }
    .into())
}

/// Waits until these reports are available.
///
/// # Errors
/// [`NotAvailable`] with the reports that are not; a [`RequestError`] where the service did not answer.
pub(super) async fn until_available(
    ec2: &Ec2,
    report_ids: Vec<String>,
    timeout: Option<Duration>,
    signals: &mut Signals,
    terminal: &Terminal,
) -> Result<(), Error> {
    let total = report_ids.len();
    let bar: ProgressBar = progress::bar(total, ec2.retries()).with_message("reports are ready");
    let waiting = signals.or(async {
        let observe = |_, _: &WaitOutcome| bar.inc(1);
        wait(ec2, report_ids.clone(), timeout, observe).await
    });
    let waited = progress::with_progress(&bar, terminal, waiting).await?;

    let mut failed: Vec<(&str, &RequestError)> = Vec::new();
    let (mut pending, mut gone) = (Vec::new(), Vec::new());
    // By its reason, as one thing may be wrong with many.
    let mut in_error: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for (id, waited) in report_ids.iter().zip(&waited) {
        match waited {
            WaitOutcome::Available(_) => {}
            WaitOutcome::Failed(failure) => failed.push((id, failure)),
            WaitOutcome::TimedOut(_) => pending.push(id.as_str()),
            WaitOutcome::Vanished => gone.push(id.as_str()),
            WaitOutcome::Error(report) => {
                let reason = report.state_reason.as_deref().unwrap_or("no reason given");
                let image = report.image_id.as_deref().unwrap_or("an image");
                let of_reason = in_error.entry(reason).or_default();
                of_reason.push(format!("{id} of {image}"));
            }
        }
    }
    let mut lines: Vec<_> = (in_error.iter())
        .map(|(reason, reports)| format!("in error: {}: {reason}", reports.join(", ")))
        .collect();
    if !gone.is_empty() {
        lines.push(format!("there is no report {}", gone.join(", ")));
    }
    let hint = match (pending.is_empty(), in_error.is_empty(), gone.is_empty()) {
        (true, true, true) => return partial(UNKNOWN, total, &failed),
        (false, ..) => "wait again, with a longer --timeout: a report may take long",
        (true, false, _) => "create new ones with `amiusage reports create`",
        (true, true, false) => {
            "check the report IDs and the --region; reports are deleted after 30 days"
        }
    };
    if !pending.is_empty() {
        let time = humantime::format_duration(timeout.unwrap_or_default());
        lines.push(format!(
            "still pending after {time}: {}",
            pending.join(", ")
        ));
    }
    let problem = NotAvailable { lines, hint };
    // The service's refusal decides how the run ends.
    partial(UNKNOWN, total, &failed).map_err(|failure| failure.context(&problem))?;
    Err(problem.into())
}
