//! `amiusage entries`: what its arguments ask for.

use std::io;

use super::listing::{self, Plan};
use super::output_plan::OutputPlan;
use super::terminal::Terminal;
use crate::args::error::ArgumentError;
use crate::args::list;
use crate::cli::{Connection, entries::Entries};
use crate::entries::{DescribeEntries, Entry};
use crate::error::Error;
use crate::listing::Request;

/// Does what `arguments` ask for.
pub(super) async fn run(
    arguments: Entries,
    connection: Connection,
    terminal: &Terminal,
) -> Result<(), Error> {
    listing::run(plan(arguments, terminal)?, connection, terminal).await
}

fn plan(arguments: Entries, terminal: &Terminal) -> Result<Plan<DescribeEntries>, ArgumentError> {
    let mut stdin = list::Stdin::new(io::stdin());
    let image_ids = list::expand("--image-ids", &arguments.image_ids, &mut stdin)?;
    let report_ids = list::expand("--report-ids", &arguments.report_ids, &mut stdin)?;
    let types = &arguments.resource_types;
    let short: [(_, _, &[_]); _] = [
        ("--account-ids", "account-id", &arguments.account_ids),
        ("--resource-types", "resource-type", types),
        ("--created", "creation-time", &arguments.created),
    ];
    let filters = listing::filters(&arguments.filter, &short, &mut stdin)?;
    let nothing_found = if filters.is_empty() {
        "nothing found, which does not mean unused: there may be no report yet, or only a pending one. \
         `amiusage reports list` tells the state, `amiusage reports create` makes one"
    } else {
        "nothing found: no entry passes the filters, or no report is available yet. Run it again without the \
         filters, and `amiusage reports list` for the state of the reports"
    };
    let constants = listing::constants(&image_ids, &report_ids);
    let operation = DescribeEntries(Request {
        image_ids,
        report_ids,
        filters,
        page_size: arguments.paging.page_size,
    });
    let output_plan = |resumed| {
        OutputPlan::check(arguments.output, resumed, terminal)
            .map(|plan| plan.with_constants::<Entry>(&constants))
    };
    Plan::check(
        operation,
        &arguments.paging,
        arguments.dry_run,
        output_plan,
        nothing_found,
    )
}
