//! `amiusage check`: writes a verdict for each image, and derives the exit status from them.

mod retire;
mod words;

use std::collections::HashSet;
use std::io;
use std::time::Duration;

use self::retire::retirement;
pub(super) use self::words::Summary;
use self::words::{caveat, omissions, progress_line};
use super::account_names::NameSource;
use super::output_plan::{OutputPlan, note_omitted_columns};
use super::regional::{Messages, Regional};
use super::regions::{Failures, Regions};
use super::rows::ignore_broken_pipe;
use super::selection::selected_images;
use super::terminal::Terminal;
use crate::accounts::AccountNames;
use crate::args::error::ArgumentError;
use crate::args::list;
use crate::cli::Connection;
use crate::cli::check::{Check, FailOn};
use crate::error::{Category, Error};
use crate::listing::ListError;
use crate::output::{Destination, Options, Page, Record, RowWriter};
use crate::reports::resource_type;
use crate::verdict::{
    self, CheckOptions, CheckProgress, Images, PlannedCall, Reason, Row, Source, Verdict,
    add_copies, planned_calls, unmatched_names,
};

/// The checked arguments.
struct Plan {
    options: CheckOptions,
    fail_on_use: bool,
    fail_on_unknown: bool,
    account_names: Option<NameSource>,
    output_plan: OutputPlan,
}

impl Plan {
    /// How the run ends with these verdicts.
    fn category(&self, summary: Summary) -> Category {
        if summary.in_use > 0 && self.fail_on_use {
            Category::InUse
        } else if summary.images == 0 || self.fail_on_unknown && summary.unknown > 0 {
            Category::Unknown
        } else {
            Category::Success
        }
    }
}

/// Runs `amiusage check`.
pub(super) async fn run(
    arguments: Check,
    connection: Connection,
    terminal: &Terminal,
) -> Result<Category, Error> {
    let dry_run = arguments.dry_run;
    let mut plan = plan(arguments, &connection, terminal)?;
    let regions = Regions::check(&connection)?;
    let is_regional = plan.output_plan.is_regional(regions.are_several());
    let mut regional = Regional::connect(connection, regions, terminal).await?;
    let account_names = regional.load_names(plan.account_names.take()).await?;
    let destination = Destination::open(plan.output_plan.out_file.as_deref())?;
    let run = Run {
        regional,
        is_regional,
        account_names,
        destination,
    };
    match dry_run {
        true => run.list_calls(&plan).await,
        false => run.check_images(&plan).await,
    }
}

/// A run with its clients and its destination.
struct Run<'a> {
    regional: Regional<'a>,
    /// Whether rows have their Region.
    is_regional: bool,
    account_names: Option<AccountNames>,
    destination: Destination,
}

/// The rows of each Region that did not fail, with the index of its client; without an index for those of all Regions.
type Rows<R> = Vec<(Option<usize>, Vec<R>)>;

impl Run<'_> {
    /// Lists the requests that a check would send.
    async fn list_calls(mut self, plan: &Plan) -> Result<Category, Error> {
        let terminal = self.regional.terminal;
        let calls =
            self.in_each_region(async |source, _| planned_calls(source, &plan.options).await);
        let (calls, mut failures) = calls.await?;
        let options = plan.output_plan.options(self.is_regional);
        let page = self.page(plan, &failures);
        self.write(calls, options.clone(), page).await?;
        note_omitted_columns::<PlannedCall>(&options, terminal);
        failures.print(false, terminal)?;
        self.destination.commit()?;
        terminal.note("no report was created; a list with several pages takes more requests");
        Ok(Category::Success)
    }

    /// Checks the images, and writes their verdicts.
    async fn check_images(mut self, plan: &Plan) -> Result<Category, Error> {
        let terminal = self.regional.terminal;
        let rows = self.in_each_region(async |source, report_progress| {
            verdict::check(source, &plan.options, report_progress).await
        });
        let (mut rows, mut failures) = rows.await?;
        if let Some(names) = &self.account_names {
            let rows = rows.iter_mut().flat_map(|(_, rows)| rows);
            for used in rows.flat_map(|row| &mut row.used_by) {
                used.account_name = names.get(used.account_id.as_deref()).map(str::to_owned);
            }
        }
        // A failed Region may have the images that the others do not have, and the other way around.
        if failures.count() == 0 {
            remove_not_owned_elsewhere(&mut rows);
            let all = rows.iter().flat_map(|(_, rows)| rows);
            let names = all.filter_map(|row| row.name.as_deref());
            let unmatched = unmatched_names(plan.options.images.names(), names);
            let unmatched = unmatched
                .map(|pattern| Row::no_image_found(pattern))
                .collect();
            rows.push((None, unmatched));
        }
        let mut by_region: Vec<_> = (rows.iter_mut())
            .filter_map(|(index, rows)| {
                Some((&*self.regional.names[(*index)?], rows.as_mut_slice()))
            })
            .collect();
        add_copies(&mut by_region);
        let all = || rows.iter().flat_map(|(_, rows)| rows);
        let summary = Summary::of(all());
        let mut notes: Vec<_> = [caveat(all()), omissions(all())].into();
        notes.extend(self.retirements(&rows).into_iter().map(Some));
        let options = plan.output_plan.options(self.is_regional);
        let page = self.page(plan, &failures);
        self.write(rows, options.clone(), page).await?;
        note_omitted_columns::<Row>(&options, terminal);
        for note in notes.into_iter().flatten() {
            terminal.note(&note);
        }
        if let Err(missing) = failures.print(false, terminal) {
            terminal.notice(&format!("other Regions: {summary}"));
            // An existing file stays unchanged.
            return Err(missing.into());
        }
        self.destination.commit()?;
        let category = plan.category(summary);
        terminal.summary(
            category,
            &summary.to_string(),
            summary.hint(category),
            summary,
        );
        Ok(category)
    }

    /// The commands that retire the unused images of each Region.
    fn retirements(&self, rows: &Rows<Row>) -> Vec<String> {
        let commands = |(index, rows): &(Option<usize>, Vec<Row>)| {
            let index = (*index)?;
            let image_ids: Vec<_> = (rows.iter())
                .filter(|row| row.verdict == Verdict::Unused)
                .filter_map(|row| row.image_id.as_deref())
                .filter(|id| {
                    id.bytes()
                        .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
                })
                .collect();
            let now = self.regional.clients[index].now();
            (!image_ids.is_empty())
                .then(|| retirement(&self.regional.names[index], &image_ids, now))
        };
        rows.iter().filter_map(commands).collect()
    }

    /// Runs `work` in all Regions at the same time, and returns its results and the Regions that failed.
    async fn in_each_region<R>(
        &mut self,
        work: impl AsyncFn(&Source, &dyn Fn(CheckProgress)) -> Result<Vec<R>, ListError>,
    ) -> Result<(Rows<R>, Failures), Error> {
        let messages = Messages {
            progress: progress_line,
            // An incomplete list could pass for a complete one.
            interrupted: "the check did not finish, and no verdict was written",
            hint: "rerun it: it picks up the reports it already created",
        };
        let work =
            async |_, source: &Source, report: &dyn Fn(CheckProgress)| work(source, report).await;
        let (rows, failures) = self.regional.run(messages, work).await?;
        let rows = rows.into_iter().map(|(index, rows)| (Some(index), rows));
        Ok((rows.collect(), failures))
    }

    /// The head of a page.
    fn page(&self, plan: &Plan, failures: &Failures) -> Page {
        let Regional { clients, names, .. } = &self.regional;
        plan.output_plan
            .page(names, failures.notices(), clients[0].now())
    }

    /// Writes the rows. A signal ends this even if the reader stalls.
    async fn write<R: Record>(
        &mut self,
        rows: Rows<R>,
        options: Options,
        page: Page,
    ) -> Result<(), Error> {
        let sink = self.destination.sink(|out| out)?;
        let mut writer = RowWriter::new(options, sink);
        writer.describe(page);
        let writing = async {
            for (index, rows) in &rows {
                let region = index.filter(|_| self.is_regional);
                let region = region.map(|index| &*self.regional.names[index]);
                writer.page(region, rows).await?;
            }
            writer.finish(None).await
        };
        ignore_broken_pipe(self.regional.signals.or(writing).await?)
    }
}

/// Removes the rows that say `NotOwned` about an image that another Region has.
fn remove_not_owned_elsewhere(rows: &mut Rows<Row>) {
    let is_owned = |row: &Row| row.reasons != [Reason::NotOwned];
    let found: HashSet<_> = (rows.iter().flat_map(|(_, rows)| rows))
        .filter(|row| is_owned(row))
        .map(|row| row.image_id.clone())
        .collect();
    for (_, rows) in rows {
        rows.retain(|row| is_owned(row) || !found.contains(&row.image_id));
    }
}

fn plan(arguments: Check, connection: &Connection, terminal: &Terminal) -> Result<Plan, Error> {
    let mut stdin = list::Stdin::new(io::stdin());
    let images = selected_images(arguments.images, &mut stdin)?;
    let none = arguments.fail_on.contains(&FailOn::None);
    if none && arguments.fail_on.len() > 1 {
        let problem = "`none` cannot be combined with other values";
        return Err(ArgumentError::new("--fail-on", problem).into());
    }
    let mut resource_types =
        list::expand("--resource-types", &arguments.resource_types, &mut stdin)?;
    if resource_types.is_empty() {
        resource_types = resource_type::ALL.map(str::to_owned).into();
    }
    let account_names = NameSource::check(&arguments.names, connection, &[], &[])?;
    let output_plan = match arguments.dry_run {
        true => OutputPlan::check::<PlannedCall>(arguments.output.of(), false, terminal)?,
        false => {
            let question = [
                match &images {
                    Images::Ids(ids) => ("Images", ids.clone()),
                    Images::Owned { names } => ("Names", names.clone()),
                },
                ("Resource types", resource_types.to_vec()),
            ];
            OutputPlan::check(arguments.output, false, terminal)?
                .with_details(arguments.details)
                .with_page("Images to retire", question)
        }
    };
    Ok(Plan {
        options: CheckOptions {
            images,
            resource_types,
            version_depth: arguments.version_depth,
            max_report_age: arguments.max_report_age,
            idle: arguments.idle,
            create: !arguments.no_create,
            launch_permissions: arguments.launch_permissions,
            auto_scaling: arguments.auto_scaling,
            timeout: (!arguments.timeout.is_zero()).then_some(arguments.timeout),
            reread_delay: match connection.offline {
                // The data is in this process.
                Some(_) => Duration::ZERO,
                None => arguments.reread_delay,
            },
        },
        fail_on_use: arguments.fail_on.contains(&FailOn::InUse),
        fail_on_unknown: arguments.fail_on.contains(&FailOn::Unknown),
        account_names,
        output_plan,
    })
}
