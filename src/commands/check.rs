//! `amiusage check`: from the arguments to verdicts, and to the exit status that they make.

mod words;

use std::cell::Cell;
use std::collections::HashSet;
use std::future::poll_fn;
use std::io;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::task::Poll;

use self::words::{caveat, progress_line, summary};
use super::connection::connect_all;
use super::ignore_broken_pipe;
use super::output_plan::{OutputPlan, note_omitted_columns};
use super::progress;
use super::regions::{Failures, RegionFailed, Regions};
use super::signals::{Interrupted, Signals};
use super::terminal::Terminal;
use crate::args::error::ArgumentError;
use crate::args::list;
use crate::aws::Ec2;
use crate::cli::Connection;
use crate::cli::check::{Check, FailOn};
use crate::images::MAX_NAME_PATTERNS;
use crate::listing::ListError;
use crate::output::{Destination, Options, Record, RowWriter};
use crate::verdict::{
    self, CheckOptions, CheckProgress, Images, PlannedCall, Reason, Row, Source, Verdict,
    planned_calls,
};

/// Not all images may be retired, by the verdicts that were to matter.
#[derive(Debug, thiserror::Error)]
#[error("{}", summary(*.images, *.in_use, *.unknown))]
pub struct NotRetirable {
    images: usize,
    /// How many are in use.
    pub in_use: usize,
    /// How many are unknown.
    pub unknown: usize,
    /// Whether those in use make the exit status, rather than the unknown ones.
    pub by_use: bool,
}

impl NotRetirable {
    /// What the user can do about it.
    pub fn hint(&self) -> &'static str {
        match (self.images, self.by_use) {
            (0, _) => {
                "check --name and --region: an answer about no image says that none may be retired"
            }
            (_, true) => "Reasons say why; --details shows who uses the images",
            (_, false) => {
                "Reasons say why; run it again when that is mended: it goes on with the reports that it created"
            }
        }
    }
}

/// A check was ended before it had all verdicts. None is written: some alone could pass for all.
#[derive(Debug, thiserror::Error)]
#[error("the check did not finish, and no verdict was written ({})", progress_line(*.0))]
pub struct Unfinished(CheckProgress);

impl Unfinished {
    /// What the user can do about it.
    pub fn hint(&self) -> &'static str {
        "run it again: it goes on with the reports that it created"
    }
}

/// What the arguments come to, once checked.
struct Plan {
    asked: CheckOptions,
    concurrency: NonZeroUsize,
    fail_on_use: bool,
    fail_on_unknown: bool,
    output_plan: OutputPlan,
}

/// Does what `arguments` ask for.
pub(super) async fn run(
    arguments: Check,
    connection: Connection,
    terminal: &Terminal,
) -> anyhow::Result<()> {
    let dry_run = arguments.dry_run;
    let plan = plan(arguments, connection.concurrency, terminal)?;
    let regions = Regions::check(&connection)?;
    let regional = plan.output_plan.is_regional(regions.are_several());
    let mut signals = Signals::listen(terminal)?;
    let clients = signals
        .or(connect_all(connection, regions, terminal.debug))
        .await?;
    let destination = Destination::open(plan.output_plan.out_file.as_deref())?;
    let mut run = Run {
        names: clients.iter().map(|ec2| ec2.region().into()).collect(),
        regional,
        clients,
        signals,
        terminal,
        destination,
    };
    if dry_run {
        let calls = run.each(&plan, async |source, _| {
            planned_calls(source, &plan.asked).await
        });
        let (calls, failures) = calls.await?;
        let options = plan.output_plan.options(regional);
        run.write(calls, options).await?;
        failures.tell(false, terminal)?;
        run.destination.commit()?;
        terminal.note("nothing was created; where a list has several pages, there are more calls");
        return Ok(());
    }

    let rows = run.each(&plan, async |source, tell| {
        verdict::check(source, &plan.asked, tell).await
    });
    let (rows, failures) = rows.await?;
    let rows = in_their_regions(rows, failures.count() > 0);
    let all = || rows.iter().flat_map(|(_, rows)| rows);
    let count = |verdict| all().filter(|row| row.verdict == verdict).count();
    let (images, in_use, unknown) = (
        all().count(),
        count(Verdict::InUse),
        count(Verdict::Unknown),
    );
    let caveat = caveat(all());
    let options = plan.output_plan.options(regional);
    run.write(rows, options.clone()).await?;
    note_omitted_columns::<Row>(&options, terminal);
    if let Some(caveat) = caveat {
        terminal.note(&caveat);
    }
    if let Err(missing) = failures.tell(false, terminal) {
        terminal.note(&format!(
            "in the others, {}",
            summary(images, in_use, unknown)
        ));
        // A file is left as it was.
        return Err(missing.into());
    }
    run.destination.commit()?;
    let by_use = in_use > 0 && plan.fail_on_use;
    if by_use || plan.fail_on_unknown && (unknown > 0 || images == 0) {
        return Err(NotRetirable {
            images,
            in_use,
            unknown,
            by_use,
        }
        .into());
    }
    terminal.note(&summary(images, in_use, unknown));
    Ok(())
}

/// A run under way.
struct Run<'a> {
    clients: Vec<Ec2>,
    /// The names of their Regions.
    names: Vec<Arc<str>>,
    /// Whether rows tell their Region.
    regional: bool,
    signals: Signals,
    terminal: &'a Terminal,
    destination: Destination,
}

/// The rows of each Region that answered, by its number.
type Rows<R> = Vec<(usize, Vec<R>)>;

impl Run<'_> {
    /// What `work` comes to in each Region, all of them at the same time, and the Regions that failed.
    async fn each<R>(
        &mut self,
        plan: &Plan,
        work: impl AsyncFn(&Source, &dyn Fn(CheckProgress)) -> Result<Vec<R>, ListError>,
    ) -> anyhow::Result<(Rows<R>, Failures)> {
        let bar = progress::words(self.clients[0].retries());
        let tallies: Vec<Cell<CheckProgress>> =
            self.clients.iter().map(|_| Cell::default()).collect();
        let total = || tallies.iter().map(Cell::get).sum::<CheckProgress>();
        let works = (self.clients.iter().zip(&tallies)).map(|(ec2, tally)| {
            let source = Source {
                ec2: ec2.clone(),
                concurrency: plan.concurrency,
            };
            let (work, bar, total) = (&work, &bar, &total);
            async move {
                let tell = |now| {
                    tally.set(now);
                    bar.set_message(progress_line(total()));
                };
                work(&source, &tell).await
            }
        });
        let works = self.signals.or(async { Ok(together(works).await) });
        let answers = progress::with_progress(&bar, self.terminal, works).await;
        let answers = answers.map_err(|error| match error.is::<Interrupted>() {
            true => error.context(Unfinished(total())),
            false => error,
        })?;

        let mut failures = Failures::of(self.clients.len());
        let mut rows = Rows::new();
        for (number, answer) in answers.into_iter().enumerate() {
            match answer {
                Ok(answer) => rows.push((number, answer)),
                Err(error) if error.concerns_all_regions() => return Err(error.into()),
                Err(error) => {
                    let failed = RegionFailed {
                        region: self.names[number].to_string(),
                        rows: 0,
                        resume: None,
                    };
                    failures.add(failed, error)?;
                }
            }
        }
        Ok((rows, failures))
    }

    /// Writes the rows, which may be interrupted where a reader stalls.
    async fn write<R: Record>(&mut self, rows: Rows<R>, options: Options) -> anyhow::Result<()> {
        let sink = self.destination.sink(|out| out)?;
        let mut answer = RowWriter::new(options, sink);
        let writing = async {
            for (number, rows) in &rows {
                let region = self.regional.then(|| &*self.names[*number]);
                answer.page(region, rows).await?;
            }
            answer.finish(None).await
        };
        ignore_broken_pipe(self.signals.or(writing).await)
    }
}

/// What all of these come to, in their order, worked on at the same time.
async fn together<F: Future>(works: impl Iterator<Item = F>) -> Vec<F::Output> {
    let mut works: Vec<_> = works.map(|work| (Box::pin(work), None)).collect();
    poll_fn(|context| {
        let mut ended = true;
        for (work, outcome) in &mut works {
            if outcome.is_none() {
                match work.as_mut().poll(context) {
                    Poll::Ready(done) => *outcome = Some(done),
                    Poll::Pending => ended = false,
                }
            }
        }
        if ended {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    })
    .await;
    works
        .into_iter()
        .filter_map(|(_, outcome)| outcome)
        .collect()
}

/// Leaves out, of an image that one Region has, that the others have it not; where a Region is missing, nothing.
fn in_their_regions(mut rows: Rows<Row>, missing: bool) -> Rows<Row> {
    let is_there = |row: &Row| row.reasons != [Reason::NotOwned];
    let found: HashSet<String> = (rows.iter().flat_map(|(_, rows)| rows))
        .filter(|row| is_there(row))
        .map(|row| row.image_id.clone())
        .collect();
    if !missing {
        for (_, rows) in &mut rows {
            rows.retain(|row| is_there(row) || !found.contains(&row.image_id));
        }
    }
    rows
}

fn plan(arguments: Check, concurrency: NonZeroUsize, terminal: &Terminal) -> anyhow::Result<Plan> {
    let mut stdin = list::Stdin::new(io::stdin());
    let image_ids = list::expand("--image-ids", &arguments.image_ids, &mut stdin)?;
    if arguments.name.len() > MAX_NAME_PATTERNS {
        let problem = format!("the service takes at most {MAX_NAME_PATTERNS} patterns");
        return Err(ArgumentError::new("--name", problem).into());
    }
    let none = arguments.fail_on.contains(&FailOn::None);
    if none && arguments.fail_on.len() > 1 {
        let problem = "`none` stands alone: name the verdicts, or none";
        return Err(ArgumentError::new("--fail-on", problem).into());
    }
    let output_plan = match arguments.dry_run {
        true => OutputPlan::check::<PlannedCall>(arguments.output.of(), false, terminal)?,
        false => {
            OutputPlan::check(arguments.output, false, terminal)?.with_details(arguments.details)
        }
    };
    Ok(Plan {
        asked: CheckOptions {
            images: match image_ids.is_empty() {
                true => Images::Owned {
                    names: arguments.name,
                },
                false => Images::Ids(image_ids),
            },
            version_depth: arguments.version_depth,
            max_report_age: arguments.max_report_age,
            create: !arguments.no_create,
            timeout: (!arguments.timeout.is_zero()).then_some(arguments.timeout),
        },
        concurrency,
        fail_on_use: arguments.fail_on.contains(&FailOn::InUse),
        fail_on_unknown: arguments.fail_on.contains(&FailOn::Unknown),
        output_plan,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn works_go_on_together_and_end_in_their_order() {
        let (first, second) = (tokio::sync::Notify::new(), tokio::sync::Notify::new());
        let (first, second) = (&first, &second);
        // Each waits for the other one: one after the other they would never end.
        let work = |number: u32| async move {
            match number {
                1 => {
                    second.notified().await;
                    first.notify_one();
                }
                _ => {
                    second.notify_one();
                    first.notified().await;
                }
            }
            number
        };
        assert_eq!(together([1, 2].into_iter().map(work)).await, [1, 2]);
    }
}
