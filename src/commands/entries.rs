//! `amiusage entries`: lists who uses images.

use std::io;

use super::account_names::{self, NameSource};
use super::listing::{self, Plan};
use super::terminal::Terminal;
use crate::args::error::ArgumentError;
use crate::args::list;
use crate::cli::{Connection, entries::Entries};
use crate::entries::{DescribeEntries, Entry};
use crate::error::Error;
use crate::listing::{Filter, Request};

/// Runs `amiusage entries`.
pub(super) async fn run(
    arguments: Entries,
    connection: Connection,
    terminal: &Terminal,
) -> Result<(), Error> {
    let plan = plan(arguments, &connection, terminal)?;
    listing::run(plan, connection, terminal).await
}

fn plan(
    mut arguments: Entries,
    connection: &Connection,
    terminal: &Terminal,
) -> Result<Plan<DescribeEntries>, ArgumentError> {
    let mut stdin = list::Stdin::new(io::stdin());
    let image_ids = list::expand("--image-ids", &arguments.image_ids, &mut stdin)?;
    let report_ids = list::expand("--report-ids", &arguments.report_ids, &mut stdin)?;
    account_names::keep_patterns(&mut arguments.account_ids);
    let types = &arguments.resource_types;
    let shorthands: [(_, _, &[_]); _] = [
        ("--account-ids", "account-id", &arguments.account_ids),
        ("--resource-types", "resource-type", types),
        ("--created", "creation-time", &arguments.created),
    ];
    let filters = listing::filters(&arguments.filter, &shorthands, &mut stdin)?;
    let account_ids: Vec<_> = (filters.iter())
        .filter(|filter| filter.name == "account-id")
        .flat_map(|filter| filter.values.clone())
        .collect();
    let names = NameSource::check(
        &arguments.names,
        connection,
        &account_ids,
        &arguments.listing.output.columns,
    )?;
    let no_rows = if filters.is_empty() {
        "no entries found, which does not mean that the images are unused: reports may be missing or still pending. \
         See `amiusage reports list`, and create missing ones with `amiusage reports create`"
    } else {
        "no entries found: no entry matches the filters, or no report is available yet. Rerun without the filters, and \
         see `amiusage reports list`"
    };
    let constants = listing::constants(&image_ids, &report_ids);
    let by = |filter: &Filter| format!("{}={}", filter.name, filter.values.join(","));
    let question = [
        ("Images", image_ids.clone()),
        ("Reports", report_ids.clone()),
        ("Filters", filters.iter().map(by).collect()),
    ];
    let operation = DescribeEntries(Request {
        image_ids,
        report_ids,
        filters,
        page_size: arguments.listing.paging.page_size(),
    });
    let plan =
        Plan::check(operation, arguments.listing, no_rows, terminal)?.with_output(|output| {
            output
                .with_constants::<Entry>(&constants)
                .with_details(names.is_some())
                .with_page("Uses of images", question)
        });
    Ok(plan.with_account_names(names, |entry, names| {
        let name = names.get(entry.account_id.as_deref());
        entry.account_name = name.map(str::to_owned);
    }))
}
