//! `amiusage diff`: writes how the use of images changed, and derives the exit status from it.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::time::SystemTime;

use indicatif::HumanCount;
use serde::Serialize;

use super::account_names::NameSource;
use super::connection::connect_all;
use super::output_plan::{OutputPlan, note_omitted_columns};
use super::progress;
use super::regions::Regions;
use super::rows::ignore_broken_pipe;
use super::signals::Signals;
use super::terminal::Terminal;
use crate::accounts::AccountNames;
use crate::args::error::ArgumentError;
use crate::args::list;
use crate::aws::Ec2;
use crate::cli::Connection;
use crate::cli::diff::Diff;
use crate::diff::{
    Change, Document, DocumentError, ImageKey, Reading, ReportInfo, Row, Source, Use, compare,
    read, reports, two_newest,
};
use crate::error::{Category, Error, UserError};
use crate::output::{Destination, RowWriter};
use crate::reports::{ReportSpec, ResourceType, resource_type};

/// The number of rows that are written at once.
const PAGE: usize = 1000;

/// The checked arguments.
struct Plan {
    sides: Sides,
    all: bool,
    account_names: Option<NameSource>,
    output_plan: OutputPlan,
}

/// What is compared.
enum Sides {
    /// Two reports or documents.
    Two([Input; 2]),
    /// The two newest reports of each image.
    Newest {
        image_ids: Vec<String>,
        resource_types: Vec<ResourceType>,
    },
}

/// A report or a document.
enum Input {
    Report(String),
    File(String),
}

/// One side of the comparison.
struct Side {
    reports: BTreeMap<ImageKey, ReportInfo>,
    /// Whether it has reports that are not compared.
    has_older_reports: bool,
    uses: Box<dyn Iterator<Item = Result<Use, NotComparable>>>,
}

/// Why two sides cannot be compared.
#[derive(Debug, thiserror::Error)]
enum NotComparable {
    #[error("report {0} does not exist, or is of another account or Region")]
    NoReport(String),
    #[error("report {0} is not available: its state is {1}")]
    NotAvailable(String, String),
    #[error("the reports are of different images: {0} and {1}")]
    Images(String, String),
    #[error("the reports of {0} cover different things: {1}, and {2}")]
    Scopes(String, String, String),
    #[error("cannot read {0}")]
    Document(String, #[source] DocumentError),
}

impl UserError for NotComparable {
    fn category(&self) -> Category {
        Category::Other
    }

    fn hint(&self) -> Option<Cow<'_, str>> {
        let hint = match self {
            Self::NoReport(_) => {
                "check the IDs, --region and --profile; EC2 deletes reports after 30 days"
            }
            Self::NotAvailable(..) => "wait for it with `amiusage reports wait`",
            Self::Images(..) | Self::Scopes(..) => {
                "compare two reports of one image with the same scope"
            }
            Self::Document(_, DocumentError::Io(_)) => {
                "name two report IDs (amiur-…) or files, or use --image-ids"
            }
            Self::Document(..) => "save it with `amiusage entries --output json`",
        };
        Some(hint.into())
    }
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
    let plan = plan(arguments, &connection, terminal)?;
    let concurrency = connection.concurrency;
    let mut signals = Signals::listen(terminal)?;
    let regions = Regions::check(&connection)?;
    let several = regions.are_several();
    if let (Sides::Two(_), true) = (&plan.sides, several) {
        let problem = "reports and files are compared in one Region; use --image-ids for several";
        return Err(ArgumentError::new("--region", problem).into());
    }
    let clients = match plan.needs_client() {
        true => {
            signals
                .or(connect_all(connection, regions, terminal.debug))
                .await??
        }
        false => Vec::new(),
    };
    let names = match (plan.account_names, clients.first()) {
        (Some(NameSource::File(names)), _) => Some(names),
        (Some(source), Some(ec2)) => Some(signals.or(source.load(ec2, false, terminal)).await??),
        _ => None,
    };
    let destination = Destination::open(plan.output_plan.out_file.as_deref())?;
    let sources: Vec<_> = (clients.iter())
        .map(|ec2| Source {
            ec2,
            concurrency,
            region: several.then(|| ec2.region()),
        })
        .collect();
    let reading = signals.or(plan.sides.read(&sources));
    let (sides, not_compared) = match clients.first() {
        None => reading.await??,
        Some(ec2) => {
            let bar = progress::line(ec2.retries()).with_message("reading reports");
            progress::with_progress(&bar, terminal, reading).await??
        }
    };
    note_reports(&sides, terminal)?;

    let [old, new] = sides;
    let is_regional = plan.output_plan.is_regional(several)
        || (old.reports.keys().chain(new.reports.keys())).any(|image| image.region.is_some());
    let options = plan.output_plan.options(is_regional);
    let mut writer = RowWriter::new(options.clone(), destination.sink(|out| out)?);
    let now = clients.first().map_or_else(SystemTime::now, Ec2::now);
    let regions: Vec<_> = clients.iter().map(Ec2::region).collect();
    let notices = not_compared.iter().map(not_compared_notice).collect();
    writer.describe(plan.output_plan.page(&regions, notices, now));
    let rows = compare(old.uses, new.uses);
    let writing = write(rows, plan.all, names.as_ref(), &mut writer);
    let mut summary = signals.or(writing).await??;
    note_omitted_columns::<Row>(&options, terminal);
    destination.commit()?;
    summary.not_compared = not_compared.len();
    for image in &not_compared {
        terminal.notice(&not_compared_notice(image));
    }
    Ok(summary.report(terminal))
}

fn not_compared_notice((image, problem): &(ImageKey, &str)) -> String {
    format!("{} is not compared: {problem}", image.image_id)
}

impl Sides {
    /// Reads both sides, and names the images that cannot be compared, with the reason.
    async fn read(
        &self,
        sources: &[Source<'_>],
    ) -> Result<([Side; 2], Vec<(ImageKey, &'static str)>), Error> {
        match self {
            Self::Two([old, new]) => {
                let mut sides = [
                    old.read(sources.first()).await?,
                    new.read(sources.first()).await?,
                ];
                if let (Input::Report(_), Input::Report(_)) = (old, new) {
                    let image = |side: &Side| side.reports.keys().next().cloned();
                    if let [Some(one), Some(other)] = sides.each_ref().map(image)
                        && one != other
                    {
                        return Err(NotComparable::Images(one.image_id, other.image_id).into());
                    }
                }
                // A report is compared with its image in a file.
                for (index, input) in [old, new].into_iter().enumerate() {
                    if let Input::Report(_) = input {
                        let image = sides[index].reports.keys().next().cloned();
                        sides[1 - index].retain(image);
                    }
                }
                Ok((sides, Vec::new()))
            }
            Self::Newest {
                image_ids,
                resource_types,
            } => {
                let mut sides = [Reading::default(), Reading::default()];
                let mut not_compared = Vec::new();
                for source in sources {
                    let spec = |image_id: &str| ReportSpec {
                        image_id: image_id.to_owned(),
                        resource_types: resource_types.clone(),
                        ..ReportSpec::default()
                    };
                    let (pairs, missing) = two_newest(*source, image_ids, spec).await?;
                    not_compared.extend(missing);
                    let (old, new): (Vec<_>, Vec<_>) =
                        pairs.into_iter().map(|[old, new]| (old, new)).unzip();
                    for (side, reports) in sides.iter_mut().zip([old, new]) {
                        side.add(read(*source, &reports).await?);
                    }
                }
                Ok((sides.map(Side::from), not_compared))
            }
        }
    }
}

impl Input {
    /// A report ID, or the path of a file.
    fn parse(text: String) -> Self {
        match text.strip_prefix("amiur-") {
            Some(digits) if digits.bytes().all(|byte| byte.is_ascii_hexdigit()) => {
                Self::Report(text)
            }
            _ => Self::File(text),
        }
    }

    async fn read(&self, source: Option<&Source<'_>>) -> Result<Side, Error> {
        let report_id = match (self, source) {
            (Self::Report(id), Some(_)) => id,
            (Self::File(name) | Self::Report(name), _) => {
                let path = name.clone();
                let unreadable = move |error| NotComparable::Document(path.clone(), error);
                let document = Document::open(Path::new(name)).map_err(&unreadable)?;
                return Ok(Side {
                    reports: document.reports.clone(),
                    has_older_reports: document.has_older_reports,
                    uses: Box::new(
                        (document.into_uses().map_err(&unreadable)?)
                            .map(move |used| used.map_err(&unreadable)),
                    ),
                });
            }
        };
        let source = *source.expect("a report has a client");
        let report = reports(source, std::slice::from_ref(report_id))
            .await?
            .pop();
        match report.flatten() {
            None => Err(NotComparable::NoReport(report_id.clone()).into()),
            Some(report) if !report.is_available() => {
                let state = report.state.unwrap_or_default();
                Err(NotComparable::NotAvailable(report_id.clone(), state).into())
            }
            Some(report) => Ok(read(source, &[report]).await?.into()),
        }
    }
}

impl From<Reading> for Side {
    fn from(reading: Reading) -> Self {
        Self {
            reports: reading.reports,
            has_older_reports: false,
            uses: Box::new(reading.uses.into_iter().map(Ok)),
        }
    }
}

impl Side {
    /// Keeps only this image.
    fn retain(&mut self, image: Option<ImageKey>) {
        let is_kept = move |other: &ImageKey| Some(other) == image.as_ref();
        self.reports.retain(|image, _| is_kept(image));
        let uses = std::mem::replace(&mut self.uses, Box::new(std::iter::empty()));
        let is_kept =
            move |used: &Result<Use, _>| used.as_ref().map_or(true, |used| is_kept(&used.image));
        self.uses = Box::new(uses.filter(is_kept));
    }
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

    /// Prints the result, and decides the exit status.
    fn report(self, terminal: &Terminal) -> Category {
        let differences = self.appeared + self.gone + self.changed;
        let category = match differences {
            _ if self.not_compared > 0 => Category::Unknown,
            0 => Category::Success,
            _ => Category::Different,
        };
        let mut line = match differences {
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
        let hint = (self.not_compared > 0).then(|| {
            line += &format!("; {} not compared", HumanCount(self.not_compared as u64));
            "create reports with `amiusage reports create`, or select --resource-types"
        });
        terminal.summary(category, &line, hint, self);
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
