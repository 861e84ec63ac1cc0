//! The rows of commands that change something: one for each resource, also for a partial success.

use serde_json::Value;

use super::output_plan::OutputPlan;
use crate::aws::RequestError;
use crate::error::{Category, Error};
use crate::output::{Destination, Format, Record, RowWriter};

/// Where the rows go. It is opened before the first request, so that no change is made whose result cannot be written.
pub(super) struct Rows<R> {
    output_plan: OutputPlan,
    /// The Region of the rows, if they have a column for it.
    region: Option<String>,
    destination: Destination,
    writer: RowWriter<R>,
}

impl<R: Record> Rows<R> {
    /// Opens the destination of rows from `region`.
    pub(super) fn open(output_plan: OutputPlan, region: &str) -> Result<Self, Error> {
        let is_regional = output_plan.is_regional(false);
        let destination = Destination::open(output_plan.out_file.as_deref())?;
        let sink = destination.sink(|out| out)?;
        Ok(Self {
            writer: RowWriter::new(output_plan.options(is_regional), sink),
            output_plan,
            region: is_regional.then(|| region.to_owned()),
            destination,
        })
    }

    /// Writes the rows.
    pub(super) async fn write(mut self, rows: &[R]) -> Result<(), Error> {
        let written = async {
            self.writer.page(self.region.as_deref(), rows).await?;
            self.writer.finish(None).await
        };
        let written = written.await;
        self.commit(written)
    }

    /// Writes `response` as the AWS CLI does if the format is one of the AWS CLI's and no columns are selected, else `row`.
    pub(super) async fn write_one(mut self, response: Value, row: R) -> Result<(), Error> {
        let options = &self.output_plan.options(false);
        let is_format_of_aws_cli = options.format.takes_query() && options.format != Format::Table;
        if options.query.is_none() && (options.fields.is_some() || !is_format_of_aws_cli) {
            return self.write(&[row]).await;
        }
        let written = self.writer.document(response, options).await;
        self.commit(written)
    }

    fn commit(self, written: Result<(), Error>) -> Result<(), Error> {
        ignore_broken_pipe(written)
            .and_then(|()| Ok(self.destination.commit()?))
            .map_err(|error| {
                error.context("the requests were sent, but their results could not all be written")
            })
    }
}

/// Continues after the reader closed the pipe, as `head` does: such a run still has an exit status to determine.
pub(super) fn ignore_broken_pipe(written: Result<(), Error>) -> Result<(), Error> {
    written.or_else(|error| match error.category() {
        Category::ReaderClosed => Ok(()),
        _ => Err(error),
    })
}

/// The error of a partial success: the IDs that failed, and the first one's reason. The rows have all reasons.
pub(super) fn partial(
    what: &str,
    total: usize,
    failed: &[(&str, &RequestError)],
) -> Result<(), Error> {
    let Some(&(_, first)) = failed.first() else {
        return Ok(());
    };
    let error = Error::from(first.clone());
    if total == 1 {
        return Err(error);
    }
    let ids: Vec<_> = failed.iter().map(|(id, _)| *id).collect();
    let first = if ids.len() > 1 { "; first error" } else { "" };
    Err(error.context(format_args!(
        "{} of {total} {what} ({}){first}",
        ids.len(),
        ids.join(", "),
    )))
}
