//! `amiusage reports create`: from images to reports, and what became of each.

use std::cell::RefCell;
use std::io;
use std::num::NonZeroUsize;
use std::time::{Duration, Instant};

use serde_json::json;

use super::wait;
use crate::args::error::ArgumentError;
use crate::args::{list, structure};
use crate::aws::{Ec2, RequestError};
use crate::cli::Connection;
use crate::cli::reports::Create;
use crate::commands::connection::connect;
use crate::commands::output_plan::OutputPlan;
use crate::commands::progress;
use crate::commands::rows::{Rows, partial};
use crate::commands::signals::Signals;
use crate::commands::terminal::Terminal;
use crate::error::Error;
use crate::images::{self, DescribeImages, MAX_NAME_PATTERNS};
use crate::reports::{
    CreateEvent, CreateRow, CreateStatus, Created, ReportSpec, ResourceType, ResourceTypeOption,
    Tag, create, dry_run,
};

/// How long a client token may be, by the API reference.
const MAX_TOKEN: usize = 128;

/// What the arguments come to, once checked.
struct Plan {
    images: Images,
    /// What all reports are to cover.
    resource_types: Vec<ResourceType>,
    account_ids: Vec<String>,
    tags: Vec<Tag>,
    client_token: Option<String>,
    dry_run: bool,
    wait: bool,
    timeout: Option<Duration>,
    concurrency: NonZeroUsize,
}

/// Which images to create reports of.
enum Images {
    /// One, in the AWS CLI's way.
    One(String),
    /// These.
    These(Vec<String>),
    /// Those that the account owns; where there are patterns, by such a name.
    Owned(Vec<String>),
}

/// Does what `arguments` ask for.
pub(in crate::commands) async fn run(
    arguments: Create,
    connection: Connection,
    terminal: &Terminal,
) -> Result<(), Error> {
    let (plan, output_plan) = plan(arguments, connection.concurrency, terminal)?;
    let began = Instant::now();
    let mut signals = Signals::listen(terminal)?;
    let ec2 = signals.or(connect(connection, terminal.debug)).await??;
    let rows = Rows::open(output_plan)?;
    let orders = signals.or(plan.orders(&ec2)).await??;
    let total = orders.len();
    if total == 0 {
        rows.write(&[]).await?;
        terminal.note("nothing was created: the account owns no such image in this Region");
        return Ok(());
    }
    if plan.dry_run {
        let results = signals.or(dry_run(&ec2, orders.clone())).await?;
        let failed = failures(&orders, results.iter().map(|result| result.as_ref().err()));
        partial("reports could not be created", total, &failed)?;
        terminal.note("the request would have succeeded (DryRunOperation)");
        return Ok(());
    }

    let fates = RefCell::new(vec![CreateStatus::Waits; total]);
    let bar = progress::bar(total, ec2.retries());
    let creating = signals.or(async {
        let observe = |creation: CreateEvent<'_>| {
            let mut fates = fates.borrow_mut();
            match creation {
                CreateEvent::Sent { index } => fates[index] = CreateStatus::Sent,
                CreateEvent::Done { index, created } => {
                    fates[index] = CreateStatus::Done(created.clone());
                    bar.set_message("images have reports");
                    bar.inc(1);
                }
                CreateEvent::Queued { index, orders } => {
                    fates[index] = CreateStatus::Waits;
                    bar.set_message(format!("images have reports, {orders} wait for room"));
                }
            }
        };
        create(&ec2, orders.clone(), plan.timeout, observe).await;
    });
    let outcome = progress::with_progress(&bar, terminal, creating).await;
    let fates = fates.into_inner();
    plan.write(rows, &orders, &fates).await?;
    if outcome.is_err() {
        terminal.note("run it again for the rest: what is pending by then is adopted");
    }
    outcome?;

    let adopted = |fate: &&CreateStatus| matches!(fate, CreateStatus::Done(Created::Adopted(_)));
    match fates.iter().filter(adopted).count() {
        0 => {}
        1 => terminal.note("one report was pending already, and covers what is asked for: it is adopted as it is"),
        count => terminal.note(&format!(
            "{count} reports were pending already, and cover what is asked for: they are adopted as they are"
        )),
    }
    let refused = failures(&orders, fates.iter().map(|fate| failure(fate.created())));
    let created = partial("images have no report", total, &refused).map_err(|error| {
        // Otherwise the row tells it.
        match fates.as_slice() {
            [fate @ CreateStatus::Done(Created::Blocked { .. })] => {
                let row = CreateRow::new(&orders[0], fate);
                error.context(row.reason.unwrap_or_default())
            }
            _ => error,
        }
    });
    let waited = if plan.wait {
        let ids: Vec<String> = (fates.iter().filter_map(CreateStatus::created))
            .filter_map(|created| created.report_id().map(str::to_owned))
            .collect();
        // At least one look: the reports may be available by now.
        let left = |timeout: Duration| {
            timeout
                .saturating_sub(began.elapsed())
                .max(Duration::from_secs(1))
        };
        wait::until_available(&ec2, ids, plan.timeout.map(left), &mut signals, terminal).await
    } else {
        Ok(())
    };
    match (created, waited) {
        (Err(created), Err(waited)) => Err(waited.context(created)),
        (created, waited) => created.and(waited),
    }
}

fn failure(created: Option<&Created>) -> Option<&RequestError> {
    match created? {
        Created::Failed(failure) | Created::Blocked { failure, .. } => Some(failure),
        Created::New { .. } | Created::Adopted(_) => None,
    }
}

/// The images whose orders failed, and why.
fn failures<'a>(
    orders: &'a [ReportSpec],
    failures: impl Iterator<Item = Option<&'a RequestError>>,
) -> Vec<(&'a str, &'a RequestError)> {
    (orders.iter().zip(failures))
        .filter_map(|(order, failure)| Some((order.image_id.as_str(), failure?)))
        .collect()
}

impl Plan {
    /// An order for each image, in the order of the IDs given; of the account's own images, in that of their IDs.
    async fn orders(&self, ec2: &Ec2) -> Result<Vec<ReportSpec>, Error> {
        let image_ids = match &self.images {
            Images::One(id) => vec![id.clone()],
            Images::These(ids) => ids.clone(),
            Images::Owned(names) => owned(ec2, names.clone(), self.concurrency).await?,
        };
        let token = |image_id: &String| {
            let token = self.client_token.as_ref()?;
            Some(match self.images {
                Images::One(_) => token.clone(),
                Images::These(_) | Images::Owned(_) => format!("{token}:{image_id}"),
            })
        };
        let orders: Vec<ReportSpec> = image_ids
            .into_iter()
            .map(|image_id| ReportSpec {
                client_token: token(&image_id),
                image_id,
                resource_types: self.resource_types.clone(),
                account_ids: self.account_ids.clone(),
                tags: self.tags.clone(),
            })
            .collect();
        let tokens = orders
            .iter()
            .filter_map(|order| order.client_token.as_ref());
        match tokens.map(|token| token.chars().count()).max() {
            Some(longest) if longest > MAX_TOKEN => Err(ArgumentError::new(
                "--client-token",
                format_args!(
                    "the service takes {MAX_TOKEN} characters, and with an image's ID it has {longest}"
                ),
            )
            .into()),
            _ => Ok(orders),
        }
    }

    /// Writes what became of the orders.
    async fn write(
        &self,
        rows: Rows<CreateRow>,
        orders: &[ReportSpec],
        fates: &[CreateStatus],
    ) -> Result<(), Error> {
        let mut all: Vec<_> = (orders.iter().zip(fates))
            .map(|(order, fate)| CreateRow::new(order, fate))
            .collect();
        match (&self.images, all.pop()) {
            (Images::One(_), Some(row)) => match &row.report_id {
                Some(report_id) => {
                    let answer = json!({ "ReportId": report_id });
                    rows.write_one(answer, row).await
                }
                // As the AWS CLI: an error is no answer.
                None => Ok(()),
            },
            (_, last) => {
                all.extend(last);
                rows.write(&all).await
            }
        }
    }
}

/// The IDs of the images that the account owns, by names if there are any, in their order.
async fn owned(
    ec2: &Ec2,
    names: Vec<String>,
    concurrency: NonZeroUsize,
) -> Result<Vec<String>, Error> {
    let operation = DescribeImages {
        image_ids: Vec::new(),
        names,
    };
    let images = images::owned(ec2, operation, concurrency).await?;
    let mut ids: Vec<String> = (images.into_iter())
        .filter_map(|image| image.image_id)
        .collect();
    ids.sort_unstable();
    ids.dedup();
    Ok(ids)
}

fn plan(
    arguments: Create,
    concurrency: NonZeroUsize,
    terminal: &Terminal,
) -> Result<(Plan, OutputPlan), Error> {
    let mut stdin = list::Stdin::new(io::stdin());
    let image_ids = list::expand("--image-ids", &arguments.image_ids, &mut stdin)?;
    let account_ids = list::expand("--account-ids", &arguments.account_ids, &mut stdin)?;
    let mut resource_types = structure::resource_types(&arguments.resource_types, &mut stdin)?;
    if resource_types.is_empty() {
        resource_types = ["ec2:Instance", "ec2:LaunchTemplate"]
            .map(ResourceType::named)
            .into();
    }
    if let Some(depth) = arguments.version_depth {
        look_deeper(&mut resource_types, depth)?;
    }
    let mut tags = structure::tags(&arguments.tags)?;
    tags.extend(structure::tag_specifications(
        &arguments.tag_specifications,
    )?);
    if arguments.name.len() > MAX_NAME_PATTERNS {
        let problem = format!("the service takes at most {MAX_NAME_PATTERNS} patterns");
        return Err(ArgumentError::new("--name", problem).into());
    }
    let output_plan = OutputPlan::check(arguments.output, false, terminal)?;
    let images = match arguments.image_id {
        Some(id) => Images::One(id),
        None if image_ids.is_empty() => Images::Owned(arguments.name),
        None => Images::These(image_ids),
    };
    let plan = Plan {
        images,
        resource_types,
        account_ids,
        tags,
        client_token: arguments.client_token,
        dry_run: arguments.dry_run,
        wait: arguments.wait,
        timeout: (!arguments.timeout.is_zero()).then_some(arguments.timeout),
        concurrency,
    };
    Ok((plan, output_plan))
}

/// Has launch templates looked at to this depth.
fn look_deeper(resource_types: &mut [ResourceType], depth: u32) -> Result<(), ArgumentError> {
    let mut templates = 0;
    for of in resource_types {
        if of.resource_type.as_deref() != Some("ec2:LaunchTemplate") {
            continue;
        }
        if of.has_version_depth() {
            let problem = "--resource-types has a version-depth already; give one of the two";
            return Err(ArgumentError::new("--version-depth", problem));
        }
        templates += 1;
        of.resource_type_options
            .get_or_insert_default()
            .push(ResourceTypeOption {
                option_name: Some("version-depth".to_owned()),
                option_values: Some(vec![depth.to_string()]),
            });
    }
    match templates {
        0 => Err(ArgumentError::new(
            "--version-depth",
            "it is for ec2:LaunchTemplate, which --resource-types leaves out",
        )),
        _ => Ok(()),
    }
}
