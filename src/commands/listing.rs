//! From a question to a listing that is written whole, or that says where it stopped.

use std::io;
use std::num::{NonZeroU64, NonZeroUsize};

use super::connection::connect_all;
use super::output_plan::{OutputPlan, note_omitted_columns};
use super::progress::{self, Progress};
use super::regions::{Failures, Regions};
use super::signals::Signals;
use super::terminal::Terminal;
use crate::args::error::ArgumentError;
use crate::args::{filter, list};
use crate::aws::Ec2;
use crate::cli::Connection;
use crate::cli::paging::Paging;
use crate::error::Error;
use crate::listing::{Filter, ListError, PaginatedOperation, Paginator, ResumeToken, dry_run};
use crate::output::{Destination, Record, RowWriter};

/// What the arguments of a listing come to, once checked: nothing after this asks whether a flag was given.
pub(super) struct Plan<Q> {
    operation: Q,
    start: ResumeToken,
    limit: Option<NonZeroU64>,
    one_page: bool,
    dry_run: bool,
    output_plan: OutputPlan,
    /// What to say when nothing was found from the beginning.
    nothing_found: &'static str,
}

/// Lists what `plan` asks for.
pub(super) async fn run<Q>(
    plan: Plan<Q>,
    connection: Connection,
    terminal: &Terminal,
) -> Result<(), Error>
where
    Q: PaginatedOperation,
    Q::Item: Record,
{
    let concurrency = connection.concurrency;
    let regions = Regions::check(&connection)?;
    if plan.one_page && regions.are_several() {
        let refusal = "one request asks in one Region; leave the flag away, or name one --region";
        return Err(ArgumentError::new("--no-paginate", refusal).into());
    }
    let regional = plan.output_plan.is_regional(regions.are_several());
    let mut signals = Signals::listen(terminal)?;
    let clients = signals
        .or(connect_all(connection, regions, terminal.debug))
        .await??;
    if plan.dry_run {
        let failures = signals.or(dry_run_all(&clients, &plan.operation)).await??;
        failures.print(false, terminal)?;
        terminal.note("the request would have succeeded (DryRunOperation)");
        return Ok(());
    }
    write(plan, clients, concurrency, signals, terminal, regional).await
}

/// Asks in each Region whether the requests would be allowed.
async fn dry_run_all<Q: PaginatedOperation>(
    clients: &[Ec2],
    operation: &Q,
) -> Result<Failures, Error> {
    let mut failures = Failures::of(clients.len());
    for ec2 in clients {
        if let Err(failure) = dry_run(ec2, operation).await {
            if failure.concerns_all_regions() {
                return Err(failure.into());
            }
            failures.add(ec2.region(), 0, None, failure)?;
        }
    }
    Ok(failures)
}

/// Writes the rows of all clients.
async fn write<Q>(
    plan: Plan<Q>,
    mut clients: Vec<Ec2>,
    concurrency: NonZeroUsize,
    mut signals: Signals,
    terminal: &Terminal,
    regional: bool,
) -> Result<(), Error>
where
    Q: PaginatedOperation,
    Q::Item: Record,
{
    let resumed = plan.start != ResumeToken::default();
    let regions: Vec<_> = clients.iter().map(|ec2| ec2.region().to_owned()).collect();
    let mut progress = Progress::new(clients[0].retries());
    let listing = if plan.one_page {
        Paginator::of_one_page(clients.swap_remove(0), plan.operation, plan.start)
    } else {
        Paginator::new(clients, plan.operation, plan.start, plan.limit, concurrency)
            .map_err(|error| ArgumentError::new("--starting-token", error))?
    };
    let options = plan.output_plan.options(regional);
    let destination = Destination::open(plan.output_plan.out_file.as_deref())?;
    // Where a file is left as it was, or a query wants all rows at once, there is nothing to append to.
    let appendable = !destination.is_atomic() && options.query.is_none();
    let to_terminal = options.terminal;
    let sink = destination.sink(|out| match to_terminal {
        true => progress.with_progress(out),
        false => out,
    })?;
    let mut failures = Failures::of(regions.len());
    let mut copy = ListingWriter {
        page: listing.place(),
        before: 0,
        first: listing.client(),
        client: listing.client(),
        before_client: 0,
        regions,
        listing,
        answer: RowWriter::new(options.clone(), sink),
        regional,
    };
    let bar = progress.handle();
    let copying = signals.or(copy.run(&mut progress, &mut failures, plan.one_page));
    let outcome = progress::with_progress(&bar, terminal, copying).await;
    let outcome = outcome.map_err(Error::from).flatten();
    let found = progress.rows();
    drop(progress);
    note_omitted_columns::<Q::Item>(&options, terminal);
    let missing = failures.print(appendable, terminal);
    let left_as_it_was = || {
        let path = plan.output_plan.out_file.unwrap_or_default();
        format!("{} is left as it was", path.display())
    };
    let token = match outcome {
        Ok(token) => token,
        Err(error) if destination.is_atomic() => return Err(error.context(left_as_it_was())),
        Err(error) => return Err(copy.stopped(error)),
    };
    match missing {
        Err(missing) if destination.is_atomic() => {
            return Err(Error::from(missing).context(left_as_it_was()));
        }
        _ => destination.commit()?,
    }
    if let Some(token) = token {
        terminal.resume("more follow; go on with the same arguments and", &token);
    } else if found == 0 && missing.is_ok() {
        terminal.note(if resumed {
            "nothing was left to list after the starting token"
        } else {
            plan.nothing_found
        });
    }
    Ok(missing?)
}

/// From the service to the reader.
struct ListingWriter<Q: PaginatedOperation> {
    listing: Paginator<Q>,
    answer: RowWriter<Q::Item>,
    /// Whether rows have their Region.
    regional: bool,
    /// Where the page begins that is being written, and how many rows are written before it.
    page: Option<ResumeToken>,
    before: u64,
    /// The names of the clients' Regions, and the number of the client that was the first to be asked.
    regions: Vec<String>,
    first: usize,
    /// The number of the client that is being asked, and how many rows are written before its own.
    client: usize,
    before_client: u64,
}

impl<Q> ListingWriter<Q>
where
    Q: PaginatedOperation,
    Q::Item: Record,
{
    /// Copies pages until the answer ends, and gives the token for more when it is cut there. Of several Regions those
    /// that fail are left out.
    async fn run(
        &mut self,
        progress: &mut Progress,
        failures: &mut Failures,
        one_page: bool,
    ) -> Result<Option<String>, Error> {
        loop {
            let page = match self.listing.next().await {
                Ok(Some(page)) => page,
                Ok(None) => break,
                Err(error) => {
                    self.pass_over(error, failures)?;
                    continue;
                }
            };
            self.enter(page.client);
            let region = self.regional.then(|| self.regions[page.client].as_str());
            self.answer.page(region, &page.items).await?;
            self.page = page.next;
            self.before = self.answer.rows();
            progress.page(page.items.len());
            if one_page {
                break;
            }
        }
        if failures.count() == self.regions.len() - self.first {
            // What no Region answered stays without an end, as a single Region's answer does.
            return Ok(None);
        }
        let token = self.page.as_ref().map(|token| match &token.page {
            // As the service gave it; but what is to be skipped beyond this page it cannot say.
            Some(page) if one_page && token.skip == 0 => page.clone(),
            _ => token.to_string(),
        });
        self.answer.finish(token.as_deref()).await?;
        Ok(token)
    }

    /// Tells that what comes now is of this client.
    fn enter(&mut self, client: usize) {
        if self.client != client {
            self.client = client;
            self.before_client = self.answer.rows();
        }
    }

    /// Goes on with the next Region, if there are several and this error is of one alone.
    fn pass_over(&mut self, error: ListError, failures: &mut Failures) -> Result<(), Error> {
        if error.concerns_all_regions() {
            return Err(error.into());
        }
        self.enter(self.listing.client());
        let rows = self.answer.rows() - self.before_client;
        let token = (self.listing.place_alone()).filter(|token| !token.is_beginning());
        let token = token.map(|token| token.to_string());
        failures.add(&self.regions[self.client], rows, token, error)?;
        self.listing.pass_over();
        self.page = self.listing.place();
        Ok(())
    }

    /// An error, with what was written before it.
    fn stopped(mut self, error: Error) -> Error {
        let torn = self.answer.truncate_partial_row();
        let rows = self.answer.rows();
        if rows == 0 {
            // A run that wrote nothing is simply made again.
            return error;
        }
        let token = self.page.map(|token| {
            let skip = token.skip + (rows - self.before);
            ResumeToken { skip, ..token }.to_string()
        });
        let plural = if rows == 1 { "" } else { "s" };
        let partial = if torn {
            " and a part of one, to be removed"
        } else {
            ""
        };
        error
            .context(format_args!("stopped after {rows} row{plural}{partial}"))
            .with_resume_token(token)
    }
}

/// The columns that have the same value in all rows, because one ID was requested.
pub(super) fn constants(image_ids: &[String], report_ids: &[String]) -> Vec<&'static str> {
    let columns = [("ImageId", image_ids), ("ReportId", report_ids)];
    let one = columns.into_iter().filter(|(_, ids)| ids.len() == 1);
    one.map(|(name, _)| name).collect()
}

/// The filters of `--filter`, then those that flags of their own stand for: each a flag, a filter's name, and the flag's
/// values.
pub(super) fn filters(
    given: &[String],
    short: &[(&str, &str, &[String])],
    stdin: &mut list::Stdin<impl io::Read>,
) -> Result<Vec<Filter>, ArgumentError> {
    let mut filters = filter::parse_filters(given)?;
    for &(flag, name, values) in short {
        let values = list::expand(flag, values, stdin)?;
        if !values.is_empty() {
            filters.push(Filter {
                name: name.to_owned(),
                values,
            });
        }
    }
    Ok(filters)
}

impl<Q: PaginatedOperation> Plan<Q> {
    /// Checks the flags that all listings have.
    pub(super) fn check(
        operation: Q,
        paging: &Paging,
        dry_run: bool,
        output_plan: impl FnOnce(bool) -> Result<OutputPlan, ArgumentError>,
        nothing_found: &'static str,
    ) -> Result<Self, ArgumentError> {
        if paging.no_paginate && !operation.is_one_request() {
            return Err(ArgumentError::new(
                "--no-paginate",
                "one request names at most 200 images and 200 reports; leave the flag away, or name fewer",
            ));
        }
        let start = match &paging.starting_token {
            Some(token) => ResumeToken::parse(token)
                .map_err(|error| ArgumentError::new("--starting-token", error))?,
            None => ResumeToken::default(),
        };
        let resumed = start != ResumeToken::default();
        Ok(Self {
            operation,
            start,
            limit: paging.max_items,
            one_page: paging.no_paginate,
            dry_run,
            output_plan: output_plan(resumed)?,
            nothing_found,
        })
    }
}
