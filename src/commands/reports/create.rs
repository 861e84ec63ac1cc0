//! `amiusage reports create`: creates a report of each image, and writes the result of each.

use std::cell::RefCell;
use std::io;
use std::num::NonZeroUsize;
use std::time::{Duration, Instant};

use indicatif::ProgressBar;
use serde_json::json;

use crate::args::error::ArgumentError;
use crate::args::{list, structure};
use crate::aws::{Ec2, RequestError};
use crate::cli::Connection;
use crate::cli::reports::Create;
use crate::commands::account_names::{self, NameSource};
use crate::commands::connection::connect;
use crate::commands::output_plan::OutputPlan;
use crate::commands::progress;
use crate::commands::reports::wait::until_available;
use crate::commands::rows::{Rows, partial};
use crate::commands::signals::Signals;
use crate::commands::terminal::Terminal;
use crate::error::Error;
use crate::images::{self, DescribeImages, MAX_NAME_PATTERNS};
use crate::reports::{
    AwaitedReport, CreateEvent, CreateRow, CreateStatus, Created, RefusedTypes, ReportSpec,
    ResourceType, Tag, create, dry_run, resource_type,
};

/// The maximum length of a client token, by the API reference.
const MAX_TOKEN_LENGTH: usize = 128;

/// The checked arguments.
struct Plan {
    images: Images,
    resource_types: Vec<ResourceType>,
    /// Whether types that the endpoint refuses may be omitted, because the command line does not name them.
    can_omit_types: bool,
    account_ids: Vec<String>,
    account_names: Option<NameSource>,
    tags: Vec<Tag>,
    client_token: Option<String>,
    dry_run: bool,
    wait: bool,
    timeout: Option<Duration>,
    concurrency: NonZeroUsize,
}

/// The images to create reports of.
enum Images {
    /// One, with the AWS CLI's output.
    One(String),
    /// A list of IDs.
    Ids(Vec<String>),
    /// Those that the account owns, with names that match one of these patterns, if there are any.
    Owned(Vec<String>),
}

/// Runs `amiusage reports create`.
pub(in crate::commands) async fn run(
    arguments: Create,
    connection: Connection,
    terminal: &Terminal,
) -> Result<(), Error> {
    let (mut plan, output_plan) = plan(arguments, &connection, terminal)?;
    let started = Instant::now();
    let mut signals = Signals::listen(terminal)?;
    let ec2 = signals.or(connect(connection, terminal.debug)).await??;
    let needs_names = account_names::have_patterns(&plan.account_ids);
    if let Some(source) = plan.account_names.take().filter(|_| needs_names) {
        let names = signals
            .or(source.load(&ec2, needs_names, terminal))
            .await??;
        plan.account_ids = account_names::resolve(&plan.account_ids, &names)?;
    }
    let rows = Rows::open(output_plan, ec2.region())?;
    let specs = signals.or(plan.specs(&ec2)).await??;
    if specs.is_empty() {
        rows.write(&[]).await?;
        terminal.note("no reports created: the account owns no matching image in this Region");
        return Ok(());
    }
    let types = RefusedTypes::default();
    let refused = plan.can_omit_types.then_some(&types);
    if plan.dry_run {
        let results = signals.or(dry_run(&ec2, specs.clone(), refused)).await?;
        let errors = results.iter().map(|result| result.as_ref().err());
        partial(NOT_CREATED, specs.len(), &with_images(&specs, errors))?;
        note_refused(&types, terminal);
        terminal.notice("the request would have succeeded (DryRunOperation)");
        return Ok(());
    }

    let statuses = RefCell::new(vec![CreateStatus::Queued; specs.len()]);
    let bar = progress::bar(specs.len(), ec2.retries());
    let observe = |event: CreateEvent<'_>| update(&mut statuses.borrow_mut(), &bar, event);
    let creating = signals.or(create(&ec2, specs.clone(), plan.timeout, refused, observe));
    let outcome = progress::with_progress(&bar, terminal, creating).await;
    let statuses = statuses.into_inner();
    plan.write(rows, &specs, &statuses).await?;
    outcome.map_err(|interrupted| {
        Error::from(interrupted).with_hint("rerun to create the rest: pending reports are adopted")
    })?;

    note_refused(&types, terminal);
    note_adopted(&statuses, terminal);
    let created = all_created(&specs, &statuses);
    if !plan.wait {
        return created;
    }
    let reports: Vec<AwaitedReport> = (statuses.iter().filter_map(CreateStatus::created))
        .filter_map(|created| created.report_id().map(str::to_owned))
        .map(AwaitedReport::created)
        .collect();
    // Enough for one request: the reports may be available by now.
    const MIN_TIMEOUT: Duration = Duration::from_secs(1);
    let timeout = plan.timeout.map(|timeout| {
        let remaining = timeout.saturating_sub(started.elapsed());
        remaining.max(MIN_TIMEOUT)
    });
    let waited = until_available(&ec2, reports, timeout, &mut signals, terminal).await;
    match (created, waited) {
        (Err(created), Err(waited)) => Err(waited.context(created)),
        (created, waited) => created.and(waited),
    }
}

const NOT_CREATED: &str = "reports could not be created";

/// Records an event, and shows it on the progress bar.
fn update(statuses: &mut [CreateStatus], bar: &ProgressBar, event: CreateEvent<'_>) {
    match event {
        CreateEvent::Sent { index } => statuses[index] = CreateStatus::Sent,
        CreateEvent::Done { index, created } => {
            statuses[index] = CreateStatus::Done(created.clone());
            bar.set_message("reports created");
            bar.inc(1);
        }
        CreateEvent::Queued { index, queued } => {
            statuses[index] = CreateStatus::Queued;
            bar.set_message(format!("reports created, {queued} waiting for quota"));
        }
    }
}

fn note_refused(refused: &RefusedTypes, terminal: &Terminal) {
    let names = refused.names();
    if !names.is_empty() {
        terminal.notice(&format!(
            "the endpoint does not support {}; the reports do not cover them",
            names.join(", ")
        ));
    }
}

fn note_adopted(statuses: &[CreateStatus], terminal: &Terminal) {
    let is_adopted =
        |status: &&CreateStatus| matches!(status, CreateStatus::Done(Created::Adopted(_)));
    match statuses.iter().filter(is_adopted).count() {
        0 => {}
        1 => terminal.note("adopted 1 pending report that covers the request"),
        count => terminal.note(&format!(
            "adopted {count} pending reports that cover the request"
        )),
    }
}

/// # Errors
/// Some images have no report.
fn all_created(specs: &[ReportSpec], statuses: &[CreateStatus]) -> Result<(), Error> {
    let errors = statuses.iter().map(|status| match status.created()? {
        Created::Failed(error) | Created::Blocked { failure: error, .. } => Some(error),
        Created::New { .. } | Created::Adopted(_) => None,
    });
    partial(NOT_CREATED, specs.len(), &with_images(specs, errors)).map_err(|error| match statuses {
        // With several images, the row has the reason.
        [status @ CreateStatus::Done(Created::Blocked { .. })] => {
            let row = CreateRow::new(&specs[0], status);
            error.context(row.reason.unwrap_or_default())
        }
        _ => error,
    })
}

/// The images whose requests failed, with their errors.
fn with_images<'a>(
    specs: &'a [ReportSpec],
    errors: impl Iterator<Item = Option<&'a RequestError>>,
) -> Vec<(&'a str, &'a RequestError)> {
    (specs.iter().zip(errors))
        .filter_map(|(spec, error)| Some((spec.image_id.as_str(), error?)))
        .collect()
}

impl Plan {
    /// One report per image, in the order of the command line; images that the account owns are sorted by ID.
    async fn specs(&self, ec2: &Ec2) -> Result<Vec<ReportSpec>, Error> {
        let image_ids = match &self.images {
            Images::One(id) => vec![id.clone()],
            Images::Ids(ids) => ids.clone(),
            Images::Owned(names) => owned(ec2, names.clone(), self.concurrency).await?,
        };
        let token = |image_id: &String| {
            let token = self.client_token.as_ref()?;
            Some(match self.images {
                Images::One(_) => token.clone(),
                Images::Ids(_) | Images::Owned(_) => format!("{token}:{image_id}"),
            })
        };
        let specs: Vec<ReportSpec> = image_ids
            .into_iter()
            .map(|image_id| ReportSpec {
                client_token: token(&image_id),
                image_id,
                resource_types: self.resource_types.clone(),
                account_ids: self.account_ids.clone(),
                tags: self.tags.clone(),
            })
            .collect();
        let tokens = (specs.iter()).filter_map(|spec| spec.client_token.as_ref());
        match tokens.map(|token| token.chars().count()).max() {
            Some(longest) if longest > MAX_TOKEN_LENGTH => {
                let problem = format_args!(
                    "the service accepts at most {MAX_TOKEN_LENGTH} characters, and with an image ID it has {longest}"
                );
                Err(ArgumentError::new("--client-token", problem).into())
            }
            _ => Ok(specs),
        }
    }

    /// Writes the result of each report.
    async fn write(
        &self,
        rows: Rows<CreateRow>,
        specs: &[ReportSpec],
        statuses: &[CreateStatus],
    ) -> Result<(), Error> {
        let mut all: Vec<_> = (specs.iter().zip(statuses))
            .map(|(spec, status)| CreateRow::new(spec, status))
            .collect();
        match (&self.images, all.pop()) {
            (Images::One(_), Some(row)) => match &row.report_id {
                Some(report_id) => {
                    let response = json!({ "ReportId": report_id });
                    rows.write_one(response, row).await
                }
                // As in the AWS CLI, an error has no output.
                None => Ok(()),
            },
            (_, last) => {
                all.extend(last);
                rows.write(&all).await
            }
        }
    }
}

/// The sorted IDs of the images that the account owns, with names that match one of the patterns, if there are any.
async fn owned(
    ec2: &Ec2,
    names: Vec<String>,
    concurrency: NonZeroUsize,
) -> Result<Vec<String>, Error> {
    let images = images::owned(ec2, DescribeImages::by_name(names), concurrency).await?;
    let mut ids: Vec<String> = (images.into_iter())
        .filter_map(|image| image.image_id)
        .collect();
    ids.sort_unstable();
    ids.dedup();
    Ok(ids)
}

fn plan(
    mut arguments: Create,
    connection: &Connection,
    terminal: &Terminal,
) -> Result<(Plan, OutputPlan), Error> {
    let mut stdin = list::Stdin::new(io::stdin());
    let image_ids = list::expand("--image-ids", &arguments.image_ids, &mut stdin)?;
    account_names::keep_patterns(&mut arguments.account_ids);
    let account_ids = list::expand("--account-ids", &arguments.account_ids, &mut stdin)?;
    let account_names = NameSource::check(&arguments.names, connection, &account_ids, &[])?;
    let mut resource_types = structure::resource_types(&arguments.resource_types, &mut stdin)?;
    let can_omit_types = resource_types.is_empty();
    if can_omit_types {
        resource_types = resource_type::ALL.map(ResourceType::named).into();
    }
    if let Some(depth) = arguments.version_depth {
        set_version_depth(&mut resource_types, depth)?;
    }
    let mut tags = structure::tags(&arguments.tags)?;
    tags.extend(structure::tag_specifications(
        &arguments.tag_specifications,
    )?);
    if arguments.name.len() > MAX_NAME_PATTERNS {
        let problem = format!("the service accepts at most {MAX_NAME_PATTERNS} patterns");
        return Err(ArgumentError::new("--name", problem).into());
    }
    let output_plan = OutputPlan::check(arguments.output, false, terminal)?;
    let images = match arguments.image_id {
        Some(id) => Images::One(id),
        None if image_ids.is_empty() => Images::Owned(arguments.name),
        None => Images::Ids(image_ids),
    };
    let plan = Plan {
        images,
        resource_types,
        can_omit_types,
        account_ids,
        account_names,
        tags,
        client_token: arguments.client_token,
        dry_run: arguments.dry_run,
        wait: arguments.wait,
        timeout: (!arguments.timeout.is_zero()).then_some(arguments.timeout),
        concurrency: connection.concurrency,
    };
    Ok((plan, output_plan))
}

/// Sets how many versions of each launch template the reports cover.
fn set_version_depth(resource_types: &mut [ResourceType], depth: u32) -> Result<(), ArgumentError> {
    let mut templates = 0;
    for covered in resource_types {
        if covered.resource_type.as_deref() != Some(resource_type::LAUNCH_TEMPLATE) {
            continue;
        }
        if covered.has_version_depth() {
            let problem = "--resource-types already has a version-depth; use only one of the two";
            return Err(ArgumentError::new("--version-depth", problem));
        }
        templates += 1;
        covered.add_version_depth(depth);
    }
    match templates {
        0 => Err(ArgumentError::new(
            "--version-depth",
            "applies to ec2:LaunchTemplate, which --resource-types omits",
        )),
        _ => Ok(()),
    }
}
