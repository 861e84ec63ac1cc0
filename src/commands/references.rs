//! `amiusage references`: lists what references images in the account itself.

use std::io;

use super::listing::{self, Plan};
use super::terminal::Terminal;
use crate::args::error::ArgumentError;
use crate::args::{list, structure};
use crate::cli::{Connection, images::References};
use crate::error::Error;
use crate::images::{DescribeImageReferences, Reference};
use crate::listing::Request;

/// Runs `amiusage references`.
pub(super) async fn run(
    arguments: References,
    connection: Connection,
    terminal: &Terminal,
) -> Result<(), Error> {
    listing::run(plan(arguments, terminal)?, connection, terminal).await
}

fn plan(
    arguments: References,
    terminal: &Terminal,
) -> Result<Plan<DescribeImageReferences>, ArgumentError> {
    let mut stdin = list::Stdin::new(io::stdin());
    let image_ids = list::expand("--image-ids", &arguments.image_ids, &mut stdin)?;
    let constants = listing::constants(&image_ids, &[]);
    let operation = DescribeImageReferences {
        include_all_resource_types: arguments.include_all_resource_types,
        resource_types: structure::resource_types(&arguments.resource_types, &mut stdin)?,
        request: Request {
            page_size: arguments.listing.paging.page_size(),
            ..Request::for_images(image_ids)
        },
    };
    let no_rows = "no references found in this account; see `amiusage entries` for other accounts";
    let plan = Plan::check(operation, arguments.listing, no_rows, terminal)?;
    Ok(plan.with_output(|output| output.with_constants::<Reference>(&constants)))
}
