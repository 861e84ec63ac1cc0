//! `amiusage entries`: from arguments to a listing that is written whole, or that says where it stopped.

use std::io::{self, IsTerminal};
use std::num::NonZeroU64;
use std::path::PathBuf;
use std::pin::pin;

use super::connection::connect;
use super::mfa;
use super::progress::{self, Progress};
use super::terminal::Terminal;
use crate::cli::error::ArgumentError;
use crate::cli::{Connection, entries::Entries, entries::Output, filter, list};
use crate::entries::{Entry, Filter, Listing, Request, Token, dry_run};
use crate::output::{Destination, Format, Options, Query, Record, Writer, writer};

/// Why a listing came to no end, and where a later run goes on. The cause is the error below it.
#[derive(Debug, thiserror::Error)]
#[error("stopped after {entries} entries")]
pub struct Stopped {
    /// How many entries this run wrote.
    pub entries: u64,
    /// Before the first entry that is not written.
    pub resume: Option<Token>,
}

/// The user pressed Ctrl-C.
#[derive(Debug, thiserror::Error)]
#[error("interrupted")]
pub struct Interrupted;

/// What the arguments come to, once checked: nothing after this asks whether a flag was given.
struct Plan {
    request: Request,
    start: Token,
    limit: Option<NonZeroU64>,
    one_page: bool,
    dry_run: bool,
    options: Options,
    out_file: Option<PathBuf>,
}

/// Does what `arguments` ask for.
pub(super) async fn run(
    arguments: Entries,
    connection: Connection,
    terminal: &Terminal,
) -> anyhow::Result<()> {
    let plan = Plan::check(arguments, terminal)?;
    let ec2 = connect(connection, terminal.debug).await?;
    if plan.dry_run {
        dry_run(&ec2, &plan.request).await?;
        terminal.note("the request would have succeeded (DryRunOperation)");
        return Ok(());
    }

    let filtered = !plan.request.filters.is_empty();
    let resumed = plan.start != Token::default();
    let retries = ec2.retries();
    let mut listing = Listing::new(ec2, plan.request, plan.start.clone(), plan.limit)
        .map_err(|error| ArgumentError::new("--starting-token", error))?;
    let destination = Destination::open(plan.out_file.as_deref())?;
    let mut writer = writer(plan.options, destination.writer()?);
    let mut progress = Progress::new(retries);
    let mut resume = Some(plan.start);
    let outcome = {
        let line = progress.handle();
        let mut shown = !terminal.shows_progress();
        let mut copying = pin!(copy(
            &mut listing,
            writer.as_mut(),
            &mut progress,
            &mut resume,
            plan.one_page
        ));
        loop {
            tokio::select! {
                outcome = &mut copying => break outcome,
                () = tokio::time::sleep(progress::A_MOMENT), if !shown => {
                    shown = !mfa::is_asking();
                    if shown {
                        progress::show(&line);
                    }
                }
                _ = tokio::signal::ctrl_c() => break Err(Interrupted.into()),
            }
        }
    };
    let entries = progress.entries();
    drop(progress);
    if let Err(error) = outcome {
        return Err(match plan.out_file {
            Some(path) => error.context(format!("{} is left as it was", path.display())),
            // A run that wrote nothing is simply made again.
            None if entries == 0 => error,
            None => error.context(Stopped { entries, resume }),
        });
    }

    let token = resume.map(|token| match token.page {
        // As the service gave it; but what is to be skipped beyond this page it cannot say.
        Some(page) if plan.one_page && token.skip == 0 => page,
        _ => token.to_string(),
    });
    writer.finish(token.as_deref())?;
    drop(writer);
    destination.commit()?;
    if let Some(token) = token {
        terminal.resume(
            "more entries follow; go on with the same arguments and",
            &token,
        );
    } else if entries == 0 {
        terminal.note(nothing_found(filtered, resumed));
    }
    Ok(())
}

/// Copies pages until the answer ends, with `resume` always before the first entry that is not written.
async fn copy(
    listing: &mut Listing,
    writer: &mut dyn Writer<Entry>,
    progress: &mut Progress,
    resume: &mut Option<Token>,
    one_page: bool,
) -> anyhow::Result<()> {
    while let Some(page) = listing.next().await? {
        progress.page(page.entries.len(), || writer.page(&page.entries))?;
        *resume = page.next;
        if one_page {
            break;
        }
    }
    Ok(())
}

fn nothing_found(filtered: bool, resumed: bool) -> &'static str {
    match (filtered, resumed) {
        (_, true) => "nothing was left to list after the starting token",
        (true, _) => {
            "nothing found: no entry passes the filters, or no report is available yet. Run it again without the \
             filters, and `aws ec2 describe-image-usage-reports` for the state of the reports"
        }
        (false, _) => {
            "nothing found, which does not mean unused: there may be no report yet, or only a pending one. \
             `aws ec2 describe-image-usage-reports` tells the state, `aws ec2 create-image-usage-report` makes one"
        }
    }
}

impl Plan {
    fn check(arguments: Entries, terminal: &Terminal) -> anyhow::Result<Self> {
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
        let request = Request {
            image_ids,
            report_ids,
            filters,
            page_size: arguments.page_size,
        };
        if arguments.no_paginate && request.batches().len() > 1 {
            return Err(ArgumentError::new(
                "--no-paginate",
                "one request names at most 200 images and 200 reports; leave the flag away, or name fewer",
            )
            .into());
        }
        let start = match &arguments.starting_token {
            Some(token) => Token::parse(token)
                .map_err(|error| ArgumentError::new("--starting-token", error))?,
            None => Token::default(),
        };

        let to_terminal = arguments.out_file.is_none() && io::stdout().is_terminal();
        let format = match arguments.output {
            Output::Auto if to_terminal => Format::Table,
            Output::Auto | Output::Json => Format::Json,
            Output::Table => Format::Table,
            Output::Ndjson => Format::Ndjson,
            Output::Csv => Format::Csv,
            Output::Tsv => Format::Tsv,
            Output::Text => Format::Text,
            Output::Markdown => Format::Markdown,
        };
        let query = match &arguments.query {
            Some(_) if !matches!(format, Format::Json | Format::Text | Format::Table) => {
                return Err(ArgumentError::new(
                    "--query",
                    "works with --output json, text and table; what it selects has no columns of its own",
                )
                .into());
            }
            Some(query) => {
                Some(Query::compile(query).map_err(|error| ArgumentError::new("--query", error))?)
            }
            None => None,
        };
        let columns = (!arguments.columns.is_empty()).then(|| {
            let position = |name: &String| {
                Entry::COLUMNS
                    .iter()
                    .position(|column| column.name == *name)
            };
            arguments.columns.iter().filter_map(position).collect()
        });
        Ok(Self {
            request,
            start,
            limit: arguments.max_items,
            one_page: arguments.no_paginate,
            dry_run: arguments.dry_run,
            options: Options {
                format,
                columns,
                query,
                style: terminal.table_style(to_terminal),
                terminal: to_terminal,
            },
            out_file: arguments.out_file,
        })
    }
}
