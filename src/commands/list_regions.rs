//! `amiusage regions`: lists Regions.

use std::io;

use super::listing::{self, Plan};
use super::terminal::Terminal;
use crate::args::error::ArgumentError;
use crate::args::list;
use crate::cli::listing::{ListOptions, Paging};
use crate::cli::{Connection, images::Regions};
use crate::error::Error;
use crate::images::DescribeRegions;
use crate::listing::Request;

/// Runs `amiusage regions`.
pub(super) async fn run(
    arguments: Regions,
    connection: Connection,
    terminal: &Terminal,
) -> Result<(), Error> {
    // Here the option selects rows, not the Regions to query.
    let connection = Connection {
        all_regions: false,
        ..connection
    };
    listing::run(plan(arguments, terminal)?, connection, terminal).await
}

fn plan(arguments: Regions, terminal: &Terminal) -> Result<Plan<DescribeRegions>, ArgumentError> {
    let mut stdin = list::Stdin::new(io::stdin());
    let operation = DescribeRegions {
        region_names: list::expand("--region-names", &arguments.region_names, &mut stdin)?,
        all_regions: arguments.all_regions,
        request: Request {
            filters: listing::filters(&arguments.filter, &[], &mut stdin)?,
            ..Request::default()
        },
    };
    let options = ListOptions {
        dry_run: arguments.dry_run,
        paging: Paging::default(),
        output: arguments.output,
    };
    Plan::check(operation, options, "no Region matches", terminal)
}
