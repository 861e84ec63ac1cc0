//! `amiusage entries`: what its arguments ask for.

use std::io;

use super::form::Form;
use super::listing::{self, Plan};
use super::terminal::Terminal;
use crate::cli::{Connection, entries::Entries, filter, list};
use crate::entries::DescribeEntries;
use crate::listing::{Filter, Request};

/// Does what `arguments` ask for.
pub(super) async fn run(
    arguments: Entries,
    connection: Connection,
    terminal: &Terminal,
) -> anyhow::Result<()> {
    listing::run(plan(arguments, terminal)?, connection, terminal).await
}

fn plan(arguments: Entries, terminal: &Terminal) -> anyhow::Result<Plan<DescribeEntries>> {
    let mut stdin = list::Stdin::new(io::stdin());
    let mut list = |flag, values: &[String]| list::expand(flag, values, &mut stdin);
    let image_ids = list("--image-ids", &arguments.image_ids)?;
    let report_ids = list("--report-ids", &arguments.report_ids)?;
    let mut filters = filter::parse_filters(&arguments.filter)?;
    for (flag, name, values) in [
        ("--account-ids", "account-id", &arguments.account_ids),
        (
            "--resource-types",
            "resource-type",
            &arguments.resource_types,
        ),
        ("--created", "creation-time", &arguments.created),
    ] {
        let values = list(flag, values)?;
        if !values.is_empty() {
            filters.push(Filter {
                name: name.to_owned(),
                values,
            });
        }
    }
    let nothing_found = if filters.is_empty() {
        "nothing found, which does not mean unused: there may be no report yet, or only a pending one. \
         `amiusage reports list` tells the state, `amiusage reports create` makes one"
    } else {
        "nothing found: no entry passes the filters, or no report is available yet. Run it again without the \
         filters, and `amiusage reports list` for the state of the reports"
    };
    let question = DescribeEntries(Request {
        image_ids,
        report_ids,
        filters,
        page_size: arguments.paging.page_size,
    });
    let form = |resumed| Form::check(arguments.output, resumed, terminal);
    Ok(Plan::check(
        question,
        &arguments.paging,
        arguments.dry_run,
        form,
        nothing_found,
    )?)
}
