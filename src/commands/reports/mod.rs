//! `amiusage reports`: the life of reports, a file for each of its subcommands.

mod create;
mod delete;
mod list;
mod wait;

use anyhow::Context;
use serde_json::Value;

pub(super) use create::run as create;
pub(super) use delete::run as delete;
pub(super) use list::run as list;
pub use wait::NotAvailable;
pub(super) use wait::run as wait;

use super::ignore_broken_pipe;
use super::output_plan::OutputPlan;
use crate::args::error::ArgumentError;
use crate::aws::RequestError;
use crate::output::{Destination, Format, Record, RowWriter};

/// Where the rows of a command go that changes something: opened before, so that nothing is changed whose outcome
/// cannot be told.
struct Rows<R> {
    output_plan: OutputPlan,
    destination: Destination,
    answer: RowWriter<R>,
}

/// A fault of the output comes too late to stop anything.
const DONE_UNTOLD: &str = "the requests were made, but not all that came of them is written";

impl<R: Record> Rows<R> {
    fn open(output_plan: OutputPlan) -> anyhow::Result<Self> {
        if output_plan.is_regional(false) {
            let refusal = "this command asks in one Region, and has no column for it";
            return Err(ArgumentError::new("--columns", refusal).into());
        }
        let destination = Destination::open(output_plan.out_file.as_deref())?;
        let sink = destination.sink(|out| out)?;
        Ok(Self {
            answer: RowWriter::new(output_plan.options(false), sink),
            output_plan,
            destination,
        })
    }

    /// Writes the rows, also those of a partial success.
    async fn write(mut self, rows: &[R]) -> anyhow::Result<()> {
        let written = async {
            self.answer.page(None, rows).await?;
            self.answer.finish(None).await
        };
        ignore_broken_pipe(written.await).context(DONE_UNTOLD)?;
        self.destination.commit().context(DONE_UNTOLD)
    }

    /// Writes the service's answer about one resource as the AWS CLI does, where a format of the AWS CLI's is asked for;
    /// else `row`.
    async fn write_one(mut self, answer: Value, row: R) -> anyhow::Result<()> {
        let options = &self.output_plan.options(false);
        if options.query.is_none() && !matches!(options.format, Format::Json | Format::Text) {
            return self.write(&[row]).await;
        }
        let written = self.answer.document(answer, options).await;
        ignore_broken_pipe(written).context(DONE_UNTOLD)?;
        self.destination.commit().context(DONE_UNTOLD)
    }
}

/// The error of a partial success: which ones there are, and the first one's reason. The rows have all reasons.
fn partial(what: &str, of: usize, failed: &[(&str, &RequestError)]) -> Result<(), anyhow::Error> {
    let Some(&(_, first)) = failed.first() else {
        return Ok(());
    };
    let error = anyhow::Error::from(first.clone());
    if of == 1 {
        return Err(error);
    }
    let ids: Vec<_> = failed.iter().map(|(id, _)| *id).collect();
    Err(error.context(format!(
        "{} of {of} {what}, {}{}",
        ids.len(),
        ids.join(", "),
        if ids.len() > 1 { "; the first" } else { "" }
    )))
}
