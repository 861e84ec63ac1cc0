//! `amiusage diff`: writes how the use of images changed, and derives the exit status from it.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use indicatif::HumanCount;
use serde::Serialize;

use super::account_names::NameSource;
use super::output_plan::{OutputPlan, note_omitted_columns};
use super::progress;
use super::regional::{Messages, Regional};
use super::regions::{Failures, Regions};
use super::rows::ignore_broken_pipe;
use super::terminal::Terminal;
use crate::accounts::AccountNames;
use crate::args::error::ArgumentError;
use crate::args::list;
use crate::cli::Connection;
use crate::cli::diff::Diff;
use crate::diff::{
    Change, Document, DocumentError, ImageKey, Reading, ReportInfo, Row, Source, Use, compare,
    read, reports, two_newest,
};
use crate::error::{Category, Error, UserError};
use crate::output::{Destination, RowWriter};
use crate::reports::{ReportSpec, ResourceType, resource_type};
use crate::verdict;

/// The number of rows that are written at once.
const PAGE: usize = 1000;

/// What the progress line shows.
const READING: &str = "reading reports";

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

/// What was read.
struct Comparison {
    sides: [Side; 2],
    /// The images that cannot be compared, with the reason.
    not_compared: Vec<(ImageKey, &'static str)>,
    /// The Regions that could not be read.
    failures: Failures,
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
    let page = plan
        .output_plan
        .page(&regional.names, notices, regional.now());
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

impl Sides {
    /// Reads both sides.
    async fn read(&self, regional: &mut Regional<'_>, several: bool) -> Result<Comparison, Error> {
        match self {
            Self::Two(inputs) => {
                let sides = read_two(inputs, regional).await?;
                Ok(Comparison {
                    sides,
                    not_compared: Vec::new(),
                    failures: Failures::of(1),
                })
            }
            Self::Newest {
                image_ids,
                resource_types,
            } => read_newest(image_ids, resource_types, regional, several).await,
        }
    }
}

/// Reads two reports or documents.
async fn read_two(
    [old, new]: &[Input; 2],
    regional: &mut Regional<'_>,
) -> Result<[Side; 2], Error> {
    let source = regional.clients.first().map(|ec2| Source {
        ec2,
        concurrency: regional.concurrency,
        region: None,
    });
    let reading = (regional.signals)
        .or(async { Ok::<_, Error>([old.read(source).await?, new.read(source).await?]) });
    let mut sides = match source {
        None => reading.await??,
        Some(source) => {
            let bar = progress::line(source.ec2.retries()).with_message(READING);
            progress::with_progress(&bar, regional.terminal, reading).await??
        }
    };
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
    Ok(sides)
}

/// Reads the two newest reports of each image in each Region.
async fn read_newest(
    image_ids: &[String],
    resource_types: &[ResourceType],
    regional: &mut Regional<'_>,
    several: bool,
) -> Result<Comparison, Error> {
    let messages = Messages {
        progress: |_: usize| READING.to_owned(),
        interrupted: "the comparison did not finish, and nothing was written",
        hint: "rerun it",
    };
    let spec = |image_id: &str| ReportSpec {
        image_id: image_id.to_owned(),
        resource_types: resource_types.to_vec(),
        ..ReportSpec::default()
    };
    let work = async |_, source: &verdict::Source, _: &dyn Fn(usize)| {
        let source = Source {
            ec2: &source.ec2,
            concurrency: source.concurrency,
            region: several.then(|| source.ec2.region()),
        };
        let (pairs, not_compared) = two_newest(source, image_ids, spec).await?;
        let (old, new): (Vec<_>, Vec<_>) = pairs.into_iter().map(|[old, new]| (old, new)).unzip();
        Ok((
            [read(source, &old).await?, read(source, &new).await?],
            not_compared,
        ))
    };
    let (done, failures) = regional.run(messages, work).await?;
    let mut sides = [Reading::default(), Reading::default()];
    let mut all_not_compared = Vec::new();
    for (_, (readings, not_compared)) in done {
        for (side, reading) in sides.iter_mut().zip(readings) {
            side.add(reading);
        }
        all_not_compared.extend(not_compared);
    }
    Ok(Comparison {
        sides: sides.map(Side::from),
        not_compared: all_not_compared,
        failures,
    })
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

    async fn read(&self, source: Option<Source<'_>>) -> Result<Side, Error> {
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
        let source = source.expect("a report has a client");
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
