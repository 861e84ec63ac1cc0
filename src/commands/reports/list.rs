//! `amiusage reports list`: lists reports and their states.

use std::io;

use crate::args::error::ArgumentError;
use crate::args::list;
use crate::cli::{Connection, reports::List};
use crate::commands::account_names::NameSource;
use crate::commands::listing::{self, Plan};
use crate::commands::terminal::Terminal;
use crate::error::Error;
use crate::listing::Request;
use crate::reports::{DescribeReports, Report};

/// Runs `amiusage reports list`.
pub(in crate::commands) async fn run(
    arguments: List,
    connection: Connection,
    terminal: &Terminal,
) -> Result<(), Error> {
    let plan = plan(arguments, &connection, terminal)?;
    listing::run(plan, connection, terminal).await
}

fn plan(
    arguments: List,
    connection: &Connection,
    terminal: &Terminal,
) -> Result<Plan<DescribeReports>, ArgumentError> {
    let mut stdin = list::Stdin::new(io::stdin());
    let image_ids = list::expand("--image-ids", &arguments.image_ids, &mut stdin)?;
    let report_ids = list::expand("--report-ids", &arguments.report_ids, &mut stdin)?;
    let shorthands: [(_, _, &[_]); _] = [
        ("--state", "state", &arguments.state),
        ("--created", "creation-time", &arguments.created),
    ];
    let filters = listing::filters(&arguments.filter, &shorthands, &mut stdin)?;
    let names = NameSource::check(
        &arguments.names,
        connection,
        &[],
        &arguments.listing.output.columns,
    )?;
    let no_rows = if filters.is_empty() {
        "no reports found; create one with `amiusage reports create` (the service deletes reports after 30 days)"
    } else {
        "no report matches the filters"
    };
    let constants = listing::constants(&image_ids, &report_ids);
    let operation = DescribeReports(Request {
        image_ids,
        report_ids,
        filters,
        page_size: arguments.listing.paging.page_size(),
    });
    let plan =
        Plan::check(operation, arguments.listing, no_rows, terminal)?.with_output(|output| {
            output
                .with_constants::<Report>(&constants)
                .with_details(names.is_some())
        });
    Ok(plan.with_account_names(names, |report, names| {
        let name = |id: &String| names.get(Some(id)).unwrap_or_default().to_owned();
        let ids = report.account_ids.as_ref();
        report.account_names = ids.map(|ids| ids.iter().map(name).collect());
    }))
}
