//! `amiusage images`: lists images.

use std::io;

use super::listing::{self, Plan};
use super::terminal::Terminal;
use crate::args::error::ArgumentError;
use crate::args::list;
use crate::cli::{Connection, images::Images};
use crate::error::Error;
use crate::images::DescribeImages;
use crate::listing::Request;

/// Runs `amiusage images`.
pub(super) async fn run(
    arguments: Images,
    connection: Connection,
    terminal: &Terminal,
) -> Result<(), Error> {
    listing::run(plan(arguments, terminal)?, connection, terminal).await
}

fn plan(arguments: Images, terminal: &Terminal) -> Result<Plan<DescribeImages>, ArgumentError> {
    let mut stdin = list::Stdin::new(io::stdin());
    let mut list = |flag, values: &[String]| list::expand(flag, values, &mut stdin);
    let operation = DescribeImages {
        owners: list("--owners", &arguments.owners)?,
        executable_users: list("--executable-users", &arguments.executable_users)?,
        include_deprecated: arguments.include_deprecated,
        include_disabled: arguments.include_disabled,
        request: Request {
            image_ids: list("--image-ids", &arguments.image_ids)?,
            filters: listing::filters(&arguments.filter, &[], &mut stdin)?,
            page_size: arguments.listing.paging.page_size(),
            ..Request::default()
        },
        skip_missing: false,
    };
    Plan::check(
        operation,
        arguments.listing,
        "no image matches; disabled images, and deprecated images of other owners, are listed with --include-disabled and \
         --include-deprecated",
        terminal,
    )
}
