//! Runs a listing: writes its rows page by page, or reports where it stopped and how to resume.

use std::io;
use std::num::{NonZeroU64, NonZeroUsize};
use std::path::PathBuf;

use super::account_names::{self, NameSource};
use super::connection::connect_all;
use super::output_plan::{OutputPlan, note_omitted_columns};
use super::progress::{self, Progress};
use super::regions::{Failures, Regions};
use super::signals::Signals;
use super::terminal::Terminal;
use crate::accounts::AccountNames;
use crate::args::error::ArgumentError;
use crate::args::{filter, list};
use crate::aws::Ec2;
use crate::cli::Connection;
use crate::cli::listing::ListOptions;
use crate::error::Error;
use crate::listing::{Filter, ListError, PaginatedOperation, Paginator, ResumeToken, dry_run};
use crate::output::{Destination, Options, Record, RowWriter};

/// The checked arguments of a listing.
pub(super) struct Plan<Q: PaginatedOperation> {
    operation: Q,
    start: ResumeToken,
    limit: Option<NonZeroU64>,
    one_page: bool,
    dry_run: bool,
    output_plan: OutputPlan,
    /// The note for a complete listing without rows.
    no_rows: &'static str,
    account_names: Option<(NameSource, SetAccountNames<Q::Item>)>,
}

/// Sets the names of the accounts in a row.
type SetAccountNames<R> = fn(&mut R, &AccountNames);

/// Runs the listing of `plan`.
pub(super) async fn run<Q>(
    mut plan: Plan<Q>,
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
        let problem = "a single request covers one Region; omit this option, or name one --region";
        return Err(ArgumentError::new("--no-paginate", problem).into());
    }
    let regional = plan.output_plan.is_regional(regions.are_several());
    let options = plan.output_plan.options(regional);
    let mut signals = Signals::listen(terminal)?;
    let clients = signals
        .or(connect_all(connection, regions, terminal.debug))
        .await??;
    let names = match plan.account_names.take() {
        None => None,
        Some((source, set)) => {
            let (operation, names) = signals
                .or(with_account_names(
                    plan.operation,
                    source,
                    &clients[0],
                    terminal,
                ))
                .await??;
            plan.operation = operation;
            Some((names, set))
        }
    };
    if plan.dry_run {
        let mut failures = signals.or(dry_run_all(&clients, &plan.operation)).await??;
        failures.print(false, terminal)?;
        terminal.notice("the request would have succeeded (DryRunOperation)");
        return Ok(());
    }
    let no_rows = plan.no_rows;
    let mut writer = ListingWriter::open(plan, clients, concurrency, options.clone())?;
    writer.account_names = names;
    let bar = writer.progress.bar();
    let copying = signals.or(writer.copy_pages());
    let outcome = progress::with_progress(&bar, terminal, copying).await;
    if writer.writer.rows() > 0 {
        note_omitted_columns::<Q::Item>(&options, terminal);
    }
    writer.finish(outcome.map_err(Error::from).flatten(), no_rows, terminal)
}

/// Loads the names of accounts, and replaces patterns of names in the operation's filters.
async fn with_account_names<Q: PaginatedOperation>(
    operation: Q,
    source: NameSource,
    ec2: &Ec2,
    terminal: &Terminal,
) -> Result<(Q, AccountNames), Error> {
    let mut request = operation.request().clone();
    let mut filters: Vec<_> = (request.filters.iter_mut())
        .filter(|filter| filter.name == "account-id")
        .collect();
    let are_required = (filters.iter()).any(|filter| account_names::have_patterns(&filter.values));
    let names = source.load(ec2, are_required, terminal).await?;
    for filter in &mut filters {
        filter.values = account_names::resolve(&filter.values, &names)?;
    }
    Ok((operation.with_request(request), names))
}

/// Checks in each Region whether the requests would be allowed.
async fn dry_run_all<Q: PaginatedOperation>(
    clients: &[Ec2],
    operation: &Q,
) -> Result<Failures, Error> {
    let mut failures = Failures::of(clients.len());
    for ec2 in clients {
        if let Err(error) = dry_run(ec2, operation).await {
            if error.concerns_all_regions() {
                return Err(error.into());
            }
            failures.add(ec2.region(), 0, None, error)?;
        }
    }
    Ok(failures)
}

/// Copies rows from the service to the destination.
struct ListingWriter<Q: PaginatedOperation> {
    listing: Paginator<Q>,
    one_page: bool,
    writer: RowWriter<Q::Item>,
    destination: Destination,
    out_file: PathBuf,
    /// Whether rows have their Region.
    regional: bool,
    /// Whether a later run can append to the output. A file is replaced only if the output is complete, and the result of
    /// a query covers all rows at once.
    appendable: bool,
    progress: Progress,
    failures: Failures,
    output_plan: OutputPlan,
    /// A client, which knows the time of the service.
    ec2: Ec2,
    account_names: Option<(AccountNames, SetAccountNames<Q::Item>)>,
    /// The Regions of the clients.
    regions: Vec<String>,
    /// The index of the client that the listing starts with.
    first_client: usize,
    /// The index of the client whose rows are being written, and the number of rows before its own.
    client: usize,
    rows_before_client: u64,
    /// The start of the page that is being written, and the number of rows before it.
    page: Option<ResumeToken>,
    rows_before_page: u64,
}

impl<Q> ListingWriter<Q>
where
    Q: PaginatedOperation,
    Q::Item: Record,
{
    /// Opens the destination. Nothing is requested yet.
    fn open(
        plan: Plan<Q>,
        mut clients: Vec<Ec2>,
        concurrency: NonZeroUsize,
        options: Options,
    ) -> Result<Self, Error> {
        let regions: Vec<_> = clients.iter().map(|ec2| ec2.region().to_owned()).collect();
        let progress = Progress::new(clients[0].retries());
        let ec2 = clients[0].clone();
        let listing = if plan.one_page {
            Paginator::of_one_page(clients.swap_remove(0), plan.operation, plan.start)
        } else {
            Paginator::new(clients, plan.operation, plan.start, plan.limit, concurrency)
                .map_err(|error| ArgumentError::new("--starting-token", error))?
        };
        let destination = Destination::open(plan.output_plan.out_file.as_deref())?;
        let sink = destination.sink(|out| match options.terminal {
            true => progress.suspended_by(out),
            false => out,
        })?;
        Ok(Self {
            one_page: plan.one_page,
            appendable: !destination.is_atomic() && options.query.is_none(),
            regional: options.regional,
            writer: RowWriter::new(options, sink),
            destination,
            out_file: plan.output_plan.out_file.clone().unwrap_or_default(),
            progress,
            failures: Failures::of(regions.len()),
            output_plan: plan.output_plan,
            ec2,
            account_names: None,
            regions,
            first_client: listing.client(),
            client: listing.client(),
            rows_before_client: 0,
            page: listing.resume_token(),
            rows_before_page: 0,
            listing,
        })
    }

    /// Copies all pages, except those of Regions that fail. Returns the token for more if there is a limit.
    async fn copy_pages(&mut self) -> Result<Option<String>, Error> {
        loop {
            let mut page = match self.listing.next().await {
                Ok(Some(page)) => page,
                Ok(None) => break,
                Err(error) => {
                    self.skip_region(error)?;
                    continue;
                }
            };
            self.enter(page.client);
            let region = self.regional.then(|| self.regions[page.client].as_str());
            if let Some((names, set)) = &self.account_names {
                page.items.iter_mut().for_each(|item| set(item, names));
            }
            self.writer.page(region, &page.items).await?;
            self.page = page.next;
            self.progress.page(page.items.len());
            self.rows_before_page = self.progress.rows();
            if self.one_page {
                break;
            }
        }
        if self.failures.count() == self.regions.len() - self.first_client {
            // If all Regions fail, the output has no end, as with a single Region.
            return Ok(None);
        }
        let token = self.page.as_ref().map(|token| match &token.page {
            // As the service returned it, unless rows of the next page must be skipped.
            Some(page) if self.one_page && token.skip == 0 => page.clone(),
            _ => token.to_string(),
        });
        let notices = self.failures.notices();
        let page = self
            .output_plan
            .page(&self.regions, notices, self.ec2.now());
        self.writer.describe(page);
        self.writer.finish(token.as_deref()).await?;
        Ok(token)
    }

    fn enter(&mut self, client: usize) {
        if self.client != client {
            self.client = client;
            self.rows_before_client = self.progress.rows();
        }
    }

    /// Continues with the next Region, if there are several and the error concerns only this one.
    fn skip_region(&mut self, error: ListError) -> Result<(), Error> {
        if error.concerns_all_regions() {
            return Err(error.into());
        }
        self.enter(self.listing.client());
        let rows = self.progress.rows() - self.rows_before_client;
        let token = (self.listing.client_resume_token()).filter(|token| !token.is_start());
        let token = token.map(|token| token.to_string());
        self.failures
            .add(&self.regions[self.client], rows, token, error)?;
        self.listing.skip_client();
        self.page = self.listing.resume_token();
        Ok(())
    }

    /// Commits complete output, and reports what is missing.
    fn finish(
        mut self,
        outcome: Result<Option<String>, Error>,
        no_rows: &str,
        terminal: &Terminal,
    ) -> Result<(), Error> {
        let missing = self.failures.print(self.appendable, terminal);
        let not_written = || format!("{} was not written", self.out_file.display());
        let token = match outcome {
            Ok(token) => token,
            Err(error) if self.destination.is_atomic() => return Err(error.context(not_written())),
            Err(error) => return Err(self.stopped(error)),
        };
        match missing {
            Err(missing) if self.destination.is_atomic() => {
                return Err(Error::from(missing).context(not_written()));
            }
            _ => self.destination.commit()?,
        }
        if let Some(token) = token {
            terminal.resume("for more rows", None, &token);
        } else if self.progress.rows() == 0 && missing.is_ok() {
            terminal.note(no_rows);
        }
        Ok(missing?)
    }

    /// Adds to an error what was written before it.
    fn stopped(mut self, error: Error) -> Error {
        let is_torn = self.writer.truncate_partial_row();
        let rows = self.writer.rows();
        if rows == 0 {
            // There is nothing to append to.
            return error;
        }
        let token = self.page.map(|token| {
            let skip = token.skip + (rows - self.rows_before_page);
            ResumeToken { skip, ..token }.to_string()
        });
        let plural = if rows == 1 { "" } else { "s" };
        let partial = match is_torn {
            true => " and a partial row (remove it before appending)",
            false => "",
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

/// The filters of `--filter`, then those of `shorthands`: each an option, the filter's name, and the option's values.
pub(super) fn filters(
    given: &[String],
    shorthands: &[(&str, &str, &[String])],
    stdin: &mut list::Stdin<impl io::Read>,
) -> Result<Vec<Filter>, ArgumentError> {
    let mut filters = filter::parse_filters(given)?;
    for &(flag, name, values) in shorthands {
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

impl<Q> Plan<Q>
where
    Q: PaginatedOperation,
    Q::Item: Record,
{
    /// Checks the options that all listings have. `no_rows` is the note for a listing without rows.
    pub(super) fn check(
        operation: Q,
        options: ListOptions<Q::Item>,
        no_rows: &'static str,
        terminal: &Terminal,
    ) -> Result<Self, ArgumentError> {
        let paging = options.paging;
        if paging.is_one_page() && !operation.is_one_request() {
            let problem = format_args!(
                "a single request accepts at most {} IDs of a kind; omit this option, or name fewer",
                Q::MAX_IDS
            );
            return Err(ArgumentError::new("--no-paginate", problem));
        }
        let (limit, one_page) = (paging.max_items, paging.is_one_page());
        let start = match paging.starting_token {
            Some(token) => ResumeToken::parse(&token)
                .map_err(|error| ArgumentError::new("--starting-token", error))?,
            None => ResumeToken {
                page: paging.next_token,
                ..ResumeToken::default()
            },
        };
        let resumed = start != ResumeToken::default();
        Ok(Self {
            operation,
            start,
            limit,
            one_page,
            dry_run: options.dry_run,
            output_plan: OutputPlan::check(options.output, resumed, terminal)?,
            no_rows: match resumed {
                true => "no rows after the starting token",
                false => no_rows,
            },
            account_names: None,
        })
    }

    /// Adds to the output plan what only this listing knows.
    pub(super) fn with_output(mut self, add: impl FnOnce(OutputPlan) -> OutputPlan) -> Self {
        self.output_plan = add(self.output_plan);
        self
    }

    /// Adds the names of accounts to the rows.
    pub(super) fn with_account_names(
        mut self,
        source: Option<NameSource>,
        set: SetAccountNames<Q::Item>,
    ) -> Self {
        self.account_names = source.map(|source| (source, set));
        self
    }
}
