//! `amiusage summary`: sums up uses, and derives the exit status from what is left out.

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;

use indicatif::HumanCount;

use super::account_names::NameSource;
use super::output_plan::{OutputPlan, note_omitted_columns};
use super::regional::{Messages, Regional};
use super::regions::Regions;
use super::report_limits::report_limits;
use super::rows::ignore_broken_pipe;
use super::selection::selected_images;
use super::terminal::Terminal;
use crate::args::error::ArgumentError;
use crate::args::list;
use crate::cli::Connection;
use crate::cli::summary::{By, SortBy, Summary as Arguments};
use crate::error::{Category, Error};
use crate::output::{Destination, Format, Options, RowWriter};
use crate::reports::resource_type;
use crate::summary::{
    CountedReport, Keys, Names, Reports, Row, Sort, Summary, SummaryOptions, SummaryProgress,
    Totals, bar, summarize,
};
use crate::verdict::Images;

/// The checked arguments.
struct Plan {
    options: SummaryOptions,
    sort: Sort,
    top: Option<usize>,
    details: bool,
    account_names: Option<NameSource>,
    /// Whether rows have the names of accounts.
    has_account_names: bool,
    allow_missing: bool,
    output_plan: OutputPlan,
    /// Whether rows have their Region.
    is_regional: bool,
}

/// The maximum number of rows that are rendered at once.
const PAGE_ROWS: usize = 1000;

/// Runs `amiusage summary`.
pub(super) async fn run(
    arguments: Arguments,
    connection: Connection,
    terminal: &Terminal,
) -> Result<Category, Error> {
    let regions = Regions::check(&connection)?;
    let mut plan = plan(arguments, &connection, regions.are_several(), terminal)?;
    let mut regional = Regional::connect(connection, regions, terminal).await?;
    let account_names = regional.load_names(plan.account_names.take()).await?;
    let destination = Destination::open(plan.output_plan.out_file.as_deref())?;
    let messages = Messages {
        progress: progress_line,
        interrupted: "the summary did not finish, and nothing was written",
        hint: "rerun it",
    };
    let names = Names::default();
    let (done, mut failures) = regional
        .run(messages, async |index, source, report_progress| {
            let region = index as u32;
            summarize(source, &plan.options, &names, region, report_progress).await
        })
        .await?;
    let mut done: BTreeMap<_, _> = done.into_iter().collect();
    let regions = (regional.names.iter().enumerate())
        .map(|(index, name)| (Arc::clone(name), done.remove(&index)))
        .collect();
    let mut summary = Summary::new(&plan.options, names, account_names, regions);
    // A failed Region may have the images that the others do not have.
    if let (Reports::Newest(images), 0) = (&plan.options.reports, failures.count()) {
        summary.add_unmatched_names(images.names());
    }
    let output = plan.output_options(&summary);
    let sink = destination.sink(|out| out)?;
    let mut writer = RowWriter::new(output.clone(), sink);
    let mut notices = failures.notices();
    if summary.left_out().next().is_some() {
        notices.push(result_line(&summary, summary.totals()));
    }
    let page = plan
        .output_plan
        .page(&regional.names, notices, regional.now());
    let times = summary
        .reports()
        .filter_map(|report| Some(report.created.as_ref()?.as_str()));
    writer.describe(page.with_evidence("Evidence", times));
    let writing = plan.write(&summary, writer, &output);
    ignore_broken_pipe(regional.signals.or(writing).await?)?;
    note_omitted_columns::<Row>(&output, terminal);
    note_reports(&summary, &regional);
    let totals = summary.totals();
    if let Err(missing) = failures.print(false, terminal) {
        terminal.notice(&format!("other Regions: {}", result_line(&summary, totals)));
        // An existing file stays unchanged.
        return Err(missing.into());
    }
    destination.commit()?;
    Ok(plan.report(&summary, totals, terminal))
}

/// Prints the limits of the counted reports.
fn note_reports(summary: &Summary, regional: &Regional<'_>) {
    let now = regional.now();
    let reports = (summary.reports()).filter_map(|report| {
        let created = report.created.as_ref()?;
        let age = now.duration_since(created.on_clock()?).unwrap_or_default();
        Some((created, age))
    });
    if let Some(limits) = report_limits(reports) {
        regional.terminal.note(&limits);
    }
    let unknown = summary
        .reports()
        .filter(|report| report.is_of_unknown_scope)
        .count();
    if unknown > 0 {
        regional.terminal.notice(&format!(
            "{unknown} of the counted reports do not show what they cover, as in a saved document without \
             ImageUsageReports: this summary takes them for complete"
        ));
    }
    let unusual: Vec<_> = summary.reports().filter_map(limits_of).collect();
    if !unusual.is_empty() {
        regional.terminal.notice(&unusual.join("; "));
    }
}

/// Why a report that was requested by ID would not be counted otherwise.
fn limits_of(report: &CountedReport) -> Option<String> {
    let CountedReport {
        report_id,
        image_id,
        ..
    } = report;
    let gaps: Vec<_> = report.gaps.iter().map(ToString::to_string).collect();
    match (gaps.as_slice(), &report.newer) {
        ([], None) => None,
        ([], Some(newer)) => Some(format!("{report_id} of {image_id} is older than {newer}")),
        (gaps, _) => Some(format!(
            "{report_id} of {image_id} covers {}",
            gaps.join(" and ")
        )),
    }
}

impl Plan {
    /// Writes the rows in pages of one Region.
    async fn write(
        &self,
        summary: &Summary,
        mut writer: RowWriter<Row>,
        output: &Options,
    ) -> Result<(), Error> {
        let mut rows = self.rows(summary, output).peekable();
        while let Some(first) = rows.next() {
            let region = first.region.clone().filter(|_| output.regional);
            let mut page = vec![first];
            let is_same = |row: &Row| !output.regional || row.region == region;
            while page.len() < PAGE_ROWS
                && let Some(row) = rows.next_if(is_same)
            {
                page.push(row);
            }
            writer.page(region.as_deref(), &page).await?;
        }
        writer.finish(None).await
    }

    /// The rows of the output: the groups, what is left out, and for people the total and bars.
    fn rows(&self, summary: &Summary, output: &Options) -> impl Iterator<Item = Row> {
        let is_for_people =
            output.query.is_none() && matches!(output.format, Format::Table | Format::Markdown);
        let largest = summary.largest_uses();
        let unicode = output.style.unicode;
        let groups = summary
            .rows(self.sort, self.top)
            .map(move |row| match row.other_groups {
                _ if !is_for_people => row,
                None => {
                    let uses = row.uses.unwrap_or_default();
                    let bar = bar(uses, largest, Row::BAR_WIDTH, unicode);
                    Row { bar, ..row }
                }
                Some(1) => self.label(row, "1 other"),
                Some(others) => self.label(row, &format!("{others} others")),
            });
        let total = (is_for_people && !summary.is_empty())
            .then(|| self.label(summary.total_row(), "Total"));
        let left_out = self.details.then(|| summary.left_out_rows());
        groups.chain(total).chain(left_out.into_iter().flatten())
    }

    /// Writes a label into the first column.
    fn label(&self, mut row: Row, label: &str) -> Row {
        let keys = self.options.keys;
        let label = label.to_owned();
        match () {
            () if self.is_regional => row.region = Some(label.into()),
            () if keys.image => row.image_id = Some(label),
            () if keys.account => row.account_id = Some(label),
            () => row.resource_type = Some(label),
        }
        row
    }

    /// The columns depend on the keys, and on whether something is left out.
    fn output_options(&self, summary: &Summary) -> Options {
        let shows_left_out = self.details && summary.left_out().next().is_some();
        let has_names = summary.reports().any(|report| report.name.is_some());
        let keys = self.options.keys;
        let image = keys.image || shows_left_out;
        let counts = |name| self.options.counts(name);
        let omitted = [
            ("ImageId", image),
            ("Name", image && has_names),
            ("AccountId", keys.account),
            ("AccountName", keys.account && self.has_account_names),
            ("ResourceType", keys.resource_type),
            ("OtherGroups", self.top.is_some()),
            ("Instances", counts(resource_type::INSTANCE)),
            ("LaunchTemplates", counts(resource_type::LAUNCH_TEMPLATE)),
            ("ImageRecipes", counts(resource_type::IMAGE_RECIPE)),
            ("ContainerRecipes", counts(resource_type::CONTAINER_RECIPE)),
            ("Reasons", shows_left_out),
            ("ReportId", image),
            ("ReportCreationTime", keys.image),
        ];
        let omitted = omitted.into_iter().filter(|(_, is_shown)| !is_shown);
        let omitted: Vec<_> = omitted.map(|(name, _)| name).collect();
        let mut options = self.output_plan.options(false).omitting::<Row>(&omitted);
        options.regional = self.is_regional;
        options
    }

    /// Prints the result, and decides the exit status.
    fn report(&self, summary: &Summary, totals: Totals, terminal: &Terminal) -> Category {
        let line = result_line(summary, totals);
        let is_complete = totals.left_out == 0 && totals.images > 0;
        if is_complete {
            terminal.note(&line);
            return Category::Success;
        }
        let (category, hint) = match (self.allow_missing, totals.left_out) {
            (true, _) => (Category::Success, None),
            (false, 0) => (
                Category::Unknown,
                Some("check --name, --region and --profile"),
            ),
            (false, _) => (
                Category::Unknown,
                Some(
                    "see --details; create missing reports with `amiusage reports create`, or accept this with \
                     --allow-missing",
                ),
            ),
        };
        terminal.summary(category, &line, hint, totals);
        category
    }
}

/// `6 images: 38 uses in 7 accounts; left out: 4 images (2 NotCovered, 2 ReportPending)`.
fn result_line(summary: &Summary, totals: Totals) -> String {
    let number = |count: i64| HumanCount(count.unsigned_abs());
    let noun = |count: i64, one: &str| match count {
        1 => format!("1 {one}"),
        count => format!("{} {one}s", number(count)),
    };
    let mut line = match totals.images {
        0 => "no image counted".to_owned(),
        images => format!(
            "{}: {} in {}",
            noun(images as i64, "image"),
            noun(totals.uses, "use"),
            noun(totals.accounts, "account")
        ),
    };
    let mut codes: BTreeMap<&str, usize> = BTreeMap::new();
    for item in summary.left_out() {
        let code = item
            .reasons
            .first()
            .map_or("Unknown", |reason| reason.code());
        *codes.entry(code).or_default() += 1;
    }
    if !codes.is_empty() {
        let codes: Vec<_> = codes
            .iter()
            .map(|(code, count)| format!("{count} {code}"))
            .collect();
        line += &format!("; left out: {}", codes.join(", "));
    }
    line
}

/// The progress, in one line.
fn progress_line(progress: SummaryProgress) -> String {
    let SummaryProgress {
        reports,
        read,
        entries,
    } = progress;
    let number = |count: usize| HumanCount(count as u64);
    match reports {
        0 => "listing reports".to_owned(),
        _ => format!(
            "{} of {} reports read, {} entries",
            number(read),
            number(reports),
            number(entries)
        ),
    }
}

fn plan(
    arguments: Arguments,
    connection: &Connection,
    several_regions: bool,
    terminal: &Terminal,
) -> Result<Plan, Error> {
    let mut stdin = list::Stdin::new(io::stdin());
    let report_ids = list::expand("--report-ids", &arguments.report_ids, &mut stdin)?;
    let mut resource_types =
        list::expand("--resource-types", &arguments.resource_types, &mut stdin)?;
    let is_limited = !resource_types.is_empty();
    if !is_limited {
        resource_types = resource_type::ALL.map(str::to_owned).into();
    }
    let reports = match report_ids.is_empty() {
        true => Reports::Newest(selected_images(arguments.images, &mut stdin)?),
        false => Reports::Ids(report_ids),
    };
    let columns = arguments.output.columns.clone();
    let account_names = NameSource::check(&arguments.names, connection, &[], &columns)?;
    let images = match &reports {
        Reports::Newest(Images::Ids(ids)) => ("Images", ids.clone()),
        Reports::Newest(Images::Owned { names }) => ("Names", names.clone()),
        Reports::Ids(ids) => ("Reports", ids.clone()),
    };
    let output_plan = OutputPlan::check(arguments.output, false, terminal)?
        .with_details(arguments.details)
        .with_page(
            "Uses of images",
            [images, ("Resource types", resource_types.clone())],
        );
    let has = |key| arguments.by.contains(&key);
    let is_regional = output_plan.is_regional(several_regions);
    let keys = Keys {
        image: has(By::Image),
        account: has(By::Account),
        resource_type: has(By::ResourceType),
        region: has(By::Region),
    };
    check_columns(&columns, keys)?;
    Ok(Plan {
        options: SummaryOptions {
            reports,
            resource_types,
            is_limited,
            version_depth: arguments.version_depth,
            keys,
        },
        sort: match arguments.sort {
            SortBy::Uses => Sort::Uses,
            SortBy::Accounts => Sort::Accounts,
            SortBy::Name => Sort::Name,
        },
        top: arguments.top.map(Into::into),
        details: arguments.details,
        has_account_names: account_names.is_some(),
        account_names,
        allow_missing: arguments.allow_missing,
        output_plan,
        is_regional: keys.region || is_regional && keys.image,
    })
}

/// Rejects columns that no row has.
fn check_columns(columns: &[String], keys: Keys) -> Result<(), ArgumentError> {
    for (column, key, is_key) in [
        ("ImageId", "image", keys.image),
        ("Name", "image", keys.image),
        ("ReportId", "image", keys.image),
        ("ReportCreationTime", "image", keys.image),
        ("AccountId", "account", keys.account),
        ("AccountName", "account", keys.account),
        ("ResourceType", "resource-type", keys.resource_type),
        ("Region", "region", keys.region || keys.image),
    ] {
        if !is_key && columns.iter().any(|name| name == column) {
            let problem = format!("the rows have no {column}; add `{key}` to --by");
            return Err(ArgumentError::new("--columns", problem));
        }
    }
    Ok(())
}
