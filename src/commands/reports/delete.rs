//! `amiusage reports delete`: which reports, and what became of each.

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

/// Does what `arguments` ask for.
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
    let rows = Rows::open(output_plan)?;

    let done: RefCell<Vec<Option<Result<(), RequestError>>>> = RefCell::new(vec![None; ids.len()]);
    let bar = progress::bar(ids.len(), ec2.retries()).with_message("reports");
    let deleting = signals.or(async {
        let observe = |index, deleted: &Result<(), RequestError>| {
            done.borrow_mut()[index] = Some(deleted.clone());
            bar.inc(1);
        };
        delete(&ec2, ids.clone(), arguments.dry_run, observe).await;
    });
    let outcome = progress::with_progress(&bar, terminal, deleting).await;
    let done = done.into_inner();
    let failed: Vec<_> = (ids.iter().zip(&done))
        .filter_map(|(id, deleted)| Some((id.as_str(), deleted.as_ref()?.as_ref().err()?)))
        .collect();
    if arguments.dry_run {
        outcome?;
        partial("reports could not be deleted", ids.len(), &failed)?;
        terminal.note("the request would have succeeded (DryRunOperation)");
        return Ok(());
    }
    let mut all: Vec<_> = (ids.iter().zip(&done))
        .map(|(id, deleted)| DeleteRow::new(id, deleted.as_ref()))
        .collect();
    match (is_one, failed.is_empty(), all.pop()) {
        (true, true, Some(row)) if outcome.is_ok() => {
            rows.write_one(json!({ "Return": true }), row).await?;
        }
        // As the AWS CLI: an error is no answer.
        (true, ..) => {}
        (false, _, last) => {
            all.extend(last);
            rows.write(&all).await?;
        }
    }
    outcome?;
    partial("reports were not deleted", ids.len(), &failed)
}
