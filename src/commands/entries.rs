//! `amiusage entries`: from arguments to a listing that is written whole, or that says where it stopped.

use std::io::{self, IsTerminal};
use std::num::NonZeroU64;
use std::path::PathBuf;
use std::pin::pin;

use super::connection::connect;
use super::mfa;
use super::progress::{self, Progress};
use super::signals::Signals;
use super::terminal::Terminal;
use crate::cli::error::ArgumentError;
use crate::cli::{Connection, entries::Entries, entries::Output, filter, list};
use crate::entries::{Entry, Filter, Listing, Request, Token, dry_run};
use crate::output::{Answer, Destination, Format, Options, Query, Record};

/// Why a listing came to no end, and where a later run goes on. The cause is the error below it.
#[derive(Debug, thiserror::Error)]
#[error("stopped after {entries} entries{}", if *.torn { " and a part of one, to be removed" } else { "" })]
pub struct Stopped {
    /// How many entries this run wrote, whole.
    pub entries: u64,
    /// Whether a part of the next one stands after them.
    pub torn: bool,
    /// Before the first entry that is not written.
    pub resume: Option<Token>,
}

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
    let mut signals = Signals::listen(terminal)?;
    let ec2 = signals.or(connect(connection, terminal.debug)).await?;
    if plan.dry_run {
        signals
            .or(async { Ok(dry_run(&ec2, &plan.request).await?) })
            .await?;
        terminal.note("the request would have succeeded (DryRunOperation)");
        return Ok(());
    }

    let filtered = !plan.request.filters.is_empty();
    let resumed = plan.start != Token::default();
    let mut progress = Progress::new(ec2.retries());
    let listing = Listing::new(ec2, plan.request, plan.start, plan.limit)
        .map_err(|error| ArgumentError::new("--starting-token", error))?;
    let destination = Destination::open(plan.out_file.as_deref())?;
    let to_terminal = plan.options.terminal;
    let sink = destination.sink(|out| match to_terminal {
        true => progress.beside(out),
        false => out,
    })?;
    let mut copy = Copy {
        page: listing.place(),
        before: 0,
        listing,
        answer: Answer::new(plan.options, sink),
    };
    let line = progress.handle();
    let outcome = {
        let mut shown = !terminal.shows_progress();
        let mut copying = pin!(signals.or(copy.run(&mut progress, plan.one_page)));
        loop {
            tokio::select! {
                outcome = &mut copying => break outcome,
                () = tokio::time::sleep(progress::A_MOMENT), if !shown => {
                    shown = !mfa::is_asking();
                    if shown {
                        progress::show(&line);
                    }
                }
            }
        }
    };
    let found = progress.entries();
    drop(progress);
    match outcome {
        Ok(_) => destination.commit()?,
        Err(error) if destination.is_atomic() => {
            let path = plan.out_file.unwrap_or_default();
            return Err(error.context(format!("{} is left as it was", path.display())));
        }
        Err(error) => return Err(copy.stopped(error)),
    }
    if let Ok(Some(token)) = outcome {
        terminal.resume(
            "more entries follow; go on with the same arguments and",
            &token,
        );
    } else if found == 0 {
        terminal.note(nothing_found(filtered, resumed));
    }
    Ok(())
}

/// From the service to the reader.
struct Copy {
    listing: Listing,
    answer: Answer<Entry>,
    /// Where the page begins that is being written, and how many entries are written before it.
    page: Option<Token>,
    before: u64,
}

impl Copy {
    /// Copies pages until the answer ends, and gives the token for more when it is cut there.
    async fn run(
        &mut self,
        progress: &mut Progress,
        one_page: bool,
    ) -> anyhow::Result<Option<String>> {
        while let Some(page) = self.listing.next().await? {
            self.answer.page(&page.entries).await?;
            self.page = page.next;
            self.before = self.answer.rows();
            progress.page(page.entries.len());
            if one_page {
                break;
            }
        }
        let token = self.page.as_ref().map(|token| match &token.page {
            // As the service gave it; but what is to be skipped beyond this page it cannot say.
            Some(page) if one_page && token.skip == 0 => page.clone(),
            _ => token.to_string(),
        });
        self.answer.finish(token.as_deref()).await?;
        Ok(token)
    }

    /// An error, with what was written before it.
    fn stopped(mut self, error: anyhow::Error) -> anyhow::Error {
        let torn = self.answer.mend();
        let entries = self.answer.rows();
        if entries == 0 {
            // A run that wrote nothing is simply made again.
            return error;
        }
        let resume = self.page.map(|token| Token {
            skip: token.skip + (entries - self.before),
            ..token
        });
        error.context(Stopped {
            entries,
            torn,
            resume,
        })
    }
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
        let resumed = start != Token::default();
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
                header: !resumed,
                style: terminal.table_style(to_terminal),
                terminal: to_terminal,
            },
            out_file: arguments.out_file,
        })
    }
}
