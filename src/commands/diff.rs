//! `amiusage diff`: writes how the use of images changed, and derives the exit status from it.

mod sides;

use std::io;

use indicatif::HumanCount;
use serde::Serialize;

use self::sides::{Input, NotComparable, Side, Sides};
use super::account_names::NameSource;
use super::output_plan::{OutputPlan, note_omitted_columns};
use super::regional::Regional;
use super::regions::Regions;
use super::rows::ignore_broken_pipe;
use super::terminal::Terminal;
use crate::accounts::AccountNames;
use crate::args::error::ArgumentError;
use crate::args::list;
use crate::cli::Connection;
use crate::cli::diff::Diff;
use crate::diff::{Change, ImageKey, Row, compare};
use crate::error::{Category, Error};
use crate::output::{Destination, RowWriter};
use crate::reports::{ResourceType, resource_type};

/// The number of rows that are written at once.
const PAGE: usize = 1000;

/// The checked arguments.
struct Plan {
    sides: Sides,
    all: bool,
    account_names: Option<NameSource>,
    output_plan: OutputPlan,
}

/// The numbers of differences, as `--error-format json` reports them.
#[derive(Clone, Copy, Debug, Default, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "PascalCase")]
pub(super) struct Summary {
    appeared: u64,
    gone: u64,
    changed: u64,
    unchanged: u64,
    /// Images that could not be compared.
    not_compared: usize,
}

/// Runs `amiusage diff`.
pub(super) async fn run(
    arguments: Diff,
    connection: Connection,
    terminal: &Terminal,
) -> Result<Category, Error> {
    let mut plan = plan(arguments, &connection, terminal)?;
    let regions = Regions::check(&connection)?;
    let several = regions.are_several();
    if let (Sides::Two(_), true) = (&plan.sides, several) {
        let problem = "reports and files are compared in one Region; use --image-ids for several";
        return Err(ArgumentError::new("--region", problem).into());
    }
    let mut regional = match plan.needs_client() {
        true => Regional::connect(connection, regions, terminal).await?,
        false => Regional::without_service(terminal)?,
    };
    let names = regional.load_names(plan.account_names.take()).await?;
    let destination = Destination::open(plan.output_plan.out_file.as_deref())?;
    let mut comparison = plan.sides.read(&mut regional, several).await?;
    note_reports(&comparison.sides, terminal)?;

    let [old, new] = comparison.sides;
    let is_regional = plan.output_plan.is_regional(several)
        || (old.reports.keys().chain(new.reports.keys())).any(|image| image.region.is_some());
    let options = plan.output_plan.options(is_regional);
    let mut writer = RowWriter::new(options.clone(), destination.sink(|out| out)?);
    let mut notices = comparison.failures.notices();
    notices.extend(comparison.not_compared.iter().map(not_compared_notice));
    let mut page = plan
        .output_plan
        .page(&regional.names, notices, regional.now());
    for (name, side) in [("Old evidence", &old), ("New evidence", &new)] {
        let times = side.reports.values();
        page = page.with_evidence(name, times.filter_map(|report| report.created.as_deref()));
    }
    writer.describe(page);
    let rows = compare(old.uses, new.uses);
    let writing = write(rows, plan.all, names.as_ref(), &mut writer);
    let mut summary = regional.signals.or(writing).await??;
    note_omitted_columns::<Row>(&options, terminal);
    summary.not_compared = comparison.not_compared.len();
    for image in &comparison.not_compared {
        terminal.notice(&not_compared_notice(image));
    }
    if let Err(missing) = comparison.failures.print(false, terminal) {
        terminal.notice(&format!("other Regions: {}", summary.line()));
        // An existing file stays unchanged.
        return Err(missing.into());
    }
    destination.commit()?;
    Ok(summary.report(terminal))
}

fn not_compared_notice((image, problem): &(ImageKey, &str)) -> String {
    format!("{} is not compared: {problem}", image.image_id)
}

/// Rejects reports of one image with different scopes, and names what the difference may not show.
fn note_reports([old, new]: &[Side; 2], terminal: &Terminal) -> Result<(), NotComparable> {
    let mut is_unknown = false;
    for (image, old) in &old.reports {
        let Some(new) = new.reports.get(image) else {
            continue;
        };
        match (&old.scope, &new.scope) {
            (Some(old), Some(new)) if old != new => {
                return Err(NotComparable::Scopes(
                    image.image_id.clone(),
                    old.to_string(),
                    new.to_string(),
                ));
            }
            (Some(_), Some(_)) => {}
            _ => is_unknown = true,
        }
    }
    if old.has_older_reports || new.has_older_reports {
        terminal.note(
            "a file has several reports of an image, of which the newest is compared: they count the same resources",
        );
    }
    if is_unknown {
        terminal.note(
            "a file with entries alone does not show what its reports cover; if their scopes differ, so do their counts",
        );
    }
    for (side, other, name) in [(old, new, "NEW"), (new, old, "OLD")] {
        let missing: Vec<_> = (side.reports.keys())
            .filter(|image| !other.reports.contains_key(image))
            .map(|image| image.image_id.as_str())
            .collect();
        if !missing.is_empty() {
            terminal.notice(&format!(
                "{name} has no entry of {}: the image had no use, or was not listed",
                missing.join(", ")
            ));
        }
    }
    Ok(())
}

/// Writes the rows of what changed, or with `all` of everything.
async fn write(
    rows: impl Iterator<Item = Result<Row, NotComparable>>,
    all: bool,
    names: Option<&AccountNames>,
    writer: &mut RowWriter<Row>,
) -> Result<Summary, Error> {
    let mut summary = Summary::default();
    let mut page: Vec<Row> = Vec::new();
    for row in rows {
        let mut row = row?;
        summary.count(row.change);
        if row.change == Change::Unchanged && !all {
            continue;
        }
        let name = names.and_then(|names| names.get(Some(&row.account_id)));
        row.account_name = name.map(str::to_owned);
        let is_other_region = page.last().is_some_and(|last| last.region != row.region);
        if page.len() == PAGE || is_other_region {
            write_page(writer, &mut page).await?;
        }
        page.push(row);
    }
    write_page(writer, &mut page).await?;
    ignore_broken_pipe(writer.finish(None).await)?;
    Ok(summary)
}

async fn write_page(writer: &mut RowWriter<Row>, page: &mut Vec<Row>) -> Result<(), Error> {
    let region = page.first().and_then(|row| row.region.clone());
    ignore_broken_pipe(writer.page(region.as_deref(), page).await)?;
    page.clear();
    Ok(())
}

impl Summary {
    fn count(&mut self, change: Change) {
        *match change {
            Change::Appeared => &mut self.appeared,
            Change::Gone => &mut self.gone,
            Change::Changed => &mut self.changed,
            Change::Unchanged => &mut self.unchanged,
        } += 1;
    }

    fn differences(self) -> u64 {
        self.appeared + self.gone + self.changed
    }

    /// The result, in one line.
    fn line(self) -> String {
        let mut line = match self.differences() {
            0 => "no differences".to_owned(),
            1 => "1 difference".to_owned(),
            count => format!("{} differences", HumanCount(count)),
        };
        let parts: Vec<_> = [
            (self.appeared, "appeared"),
            (self.gone, "gone"),
            (self.changed, "changed"),
        ]
        .into_iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, what)| format!("{} {what}", HumanCount(count)))
        .collect();
        if !parts.is_empty() {
            line += &format!(": {}", parts.join(", "));
        }
        if self.not_compared > 0 {
            line += &format!("; {} not compared", HumanCount(self.not_compared as u64));
        }
        line
    }

    /// Prints the result, and decides the exit status.
    fn report(self, terminal: &Terminal) -> Category {
        let (category, hint) = match self.differences() {
            _ if self.not_compared > 0 => (
                Category::Unknown,
                Some("create reports with `amiusage reports create`, or select --resource-types"),
            ),
            0 => (Category::Success, None),
            _ => (Category::Different, None),
        };
        terminal.summary(category, &self.line(), hint, self);
        category
    }
}

impl Plan {
    /// Whether the service is queried.
    fn needs_client(&self) -> bool {
        let is_live = match &self.sides {
            Sides::Two(inputs) => inputs.iter().any(|input| matches!(input, Input::Report(_))),
            Sides::Newest { .. } => true,
        };
        is_live || matches!(self.account_names, Some(NameSource::Organizations { .. }))
    }
}

fn plan(
    arguments: Diff,
    connection: &Connection,
    terminal: &Terminal,
) -> Result<Plan, ArgumentError> {
    let mut stdin = list::Stdin::new(io::stdin());
    let image_ids = list::expand("--image-ids", &arguments.image_ids, &mut stdin)?;
    let mut types = list::expand("--resource-types", &arguments.resource_types, &mut stdin)?;
    if types.is_empty() {
        types = resource_type::ALL.map(str::to_owned).into();
    }
    let columns = &arguments.output.columns;
    let account_names = NameSource::check(&arguments.names, connection, &[], columns)?;
    let one = |text: &Option<String>| text.iter().cloned().collect::<Vec<_>>();
    let question = [
        ("Old", one(&arguments.old)),
        ("New", one(&arguments.new)),
        ("Images", image_ids.clone()),
    ];
    let output_plan = OutputPlan::check(arguments.output, false, terminal)?
        .with_page("Changes of image usage", question)
        .with_constants::<Row>(&["ImageId"]);
    Ok(Plan {
        sides: match (arguments.old, arguments.new) {
            (Some(old), Some(new)) => Sides::Two([old, new].map(Input::parse)),
            _ => Sides::Newest {
                image_ids,
                resource_types: types.into_iter().map(ResourceType::named).collect(),
            },
        },
        all: arguments.all,
        output_plan: output_plan.with_details(account_names.is_some()),
        account_names,
    })
}
