//! `amiusage reports delete`: deletes reports, and writes the result of each.

use std::cell::RefCell;
use std::io;

use serde_json::json;

use crate::args::list;
use crate::aws::RequestError;
use crate::cli::Connection;
use crate::cli::reports::Delete;
use crate::commands::connection::connect;
use crate::commands::output_plan::OutputPlan;
use crate::commands::progress;
use crate::commands::rows::{Rows, partial};
use crate::commands::signals::Signals;
use crate::commands::terminal::Terminal;
use crate::error::Error;
use crate::reports::{DeleteRow, delete};

const NOT_DELETED: &str = "reports could not be deleted";

/// Runs `amiusage reports delete`.
pub(in crate::commands) async fn run(
    arguments: Delete,
    connection: Connection,
    terminal: &Terminal,
) -> Result<(), Error> {
    let mut stdin = list::Stdin::new(io::stdin());
    let is_one = arguments.report_id.is_some();
    let ids = match arguments.report_id {
        Some(id) => vec![id],
        None => list::expand("--report-ids", &arguments.report_ids, &mut stdin)?,
    };
    let output_plan = OutputPlan::check(arguments.output, false, terminal)?;
    let mut signals = Signals::listen(terminal)?;
    let ec2 = signals.or(connect(connection, terminal.debug)).await??;
    let rows = Rows::open(output_plan, ec2.region())?;

    let results: RefCell<Vec<Option<Result<(), RequestError>>>> =
        RefCell::new(vec![None; ids.len()]);
    let bar = progress::bar(ids.len(), ec2.retries()).with_message("reports deleted");
    let observe = |index, result: &Result<(), RequestError>| {
        results.borrow_mut()[index] = Some(result.clone());
        bar.inc(1);
    };
    let deleting = signals.or(delete(&ec2, ids.clone(), arguments.dry_run, observe));
    let outcome = progress::with_progress(&bar, terminal, deleting).await;
    let results = results.into_inner();
    let failed: Vec<_> = (ids.iter().zip(&results))
        .filter_map(|(id, result)| Some((id.as_str(), result.as_ref()?.as_ref().err()?)))
        .collect();
    if arguments.dry_run {
        outcome?;
        partial(NOT_DELETED, ids.len(), &failed)?;
        terminal.notice("the request would have succeeded (DryRunOperation)");
        return Ok(());
    }
    let mut all: Vec<_> = (ids.iter().zip(&results))
        .map(|(id, result)| DeleteRow::new(id, result.as_ref()))
        .collect();
    match (is_one, failed.is_empty(), all.pop()) {
        (true, true, Some(row)) if outcome.is_ok() => {
            rows.write_one(json!({ "Return": true }), row).await?;
        }
        // As in the AWS CLI, an error has no output.
        (true, ..) => {}
        (false, _, last) => {
            all.extend(last);
            rows.write(&all).await?;
        }
    }
    outcome?;
    partial(NOT_DELETED, ids.len(), &failed)
}
