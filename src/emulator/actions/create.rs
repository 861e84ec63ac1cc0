//! The action `CreateImageUsageReport`.

use std::collections::HashMap;
use std::time::Duration;

use aws_smithy_types::DateTime;

use super::super::form::Parameters;
use super::super::model::{Report, ResourceType, Tag};
use super::super::refusal::Refusal;
use super::super::request::{Call, MAX_IDS, check_image_id, list_up_to};
use super::super::saved::service_time;
use super::super::state::State;
use super::super::xml::Xml;
use super::{Account, Held, resource_type};

/// The resource types that a report can look at.
const RESOURCE_TYPES: &[&str] = &["ec2:Instance", "ec2:LaunchTemplate"];

/// The service deletes reports after 30 days.
const LIFE_OF_A_REPORT: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// How long a client token may be, in characters, and the parts of a tag, of which there may be so many.
const MAX_TOKEN: usize = 128;
const MAX_TAG_KEY: usize = 128;
const MAX_TAG_VALUE: usize = 256;
const MAX_TAGS: usize = 50;

/// What was asked for with each client token in each Region, and the position of the report that came of it.
pub(super) type Tokens = HashMap<(String, String), ([u8; 32], usize)>;

/// Creates a report, and answers with its ID.
pub(super) fn answer(
    account: &Account,
    call: &Call<'_>,
    mut parameters: Parameters,
) -> Result<String, Refusal> {
    let Held { state, tokens } = &mut *account.write();
    let image_id = parameters.required("ImageId")?;
    check_image_id(state, &image_id)?;
    let resource_types = resource_type::read(&mut parameters, RESOURCE_TYPES)?;
    if resource_types.is_empty() {
        return Err(parameters.missing("ResourceType"));
    }
    let account_ids = account_ids(&mut parameters)?;
    let token = parameters
        .text("ClientToken")
        .filter(|token| !token.is_empty());
    if token
        .as_ref()
        .is_some_and(|token| token.chars().count() > MAX_TOKEN)
    {
        let wanted = format!("Expecting at most {MAX_TOKEN} characters.");
        return Err(Refusal::invalid_value("ClientToken", "…", &wanted));
    }
    let tags = tags(&mut parameters)?;
    parameters.finish()?;
    check_owner(state, call, &image_id)?;
    call.end_dry_run()?;

    let key = token.map(|token| (call.region.to_owned(), token));
    // The token of a deleted report is free again.
    let before = key
        .as_ref()
        .and_then(|key| tokens.get(key))
        .and_then(|&(query, position)| Some((query, state.reports.get(position)?)));
    let report_id = match before {
        Some((query, report)) if query == call.query => report.report_id.clone(),
        Some(_) => {
            return Err(Refusal::new(
                "IdempotentParameterMismatch",
                "The client token was used before, with other parameters",
            ));
        }
        None => {
            check_quotas(state, account.settings.max_pending, call, &image_id)?;
            let report = report(state, call, image_id, resource_types, account_ids, tags);
            let ready = call.now + account.settings.report_delay;
            let (position, report_id) = state.reports.create(report, call.region, ready);
            if let Some(key) = key {
                tokens.insert(key, (call.query, position));
            }
            report_id
        }
    };
    Ok(Xml::response(call.action, call.request_id, |xml| {
        xml.text("reportId", &report_id);
    }))
}

/// The report as it will be; its ID is yet to come.
fn report(
    state: &State,
    call: &Call<'_>,
    image_id: String,
    resource_types: Vec<ResourceType>,
    account_ids: Vec<String>,
    tags: Vec<Tag>,
) -> Report {
    let created = call.clock.report_time(call.now);
    let failure = state.failure(&image_id, call.region).map(str::to_owned);
    Report {
        image_id,
        resource_types: Some(resource_types),
        account_ids: Some(account_ids),
        state: if failure.is_some() {
            "error"
        } else {
            "available"
        }
        .to_owned(),
        state_reason: failure,
        creation_time: service_time(DateTime::from(created)),
        expiration_time: service_time(DateTime::from(created + LIFE_OF_A_REPORT)),
        tags: (!tags.is_empty()).then_some(tags),
        region: Some(call.region.to_owned()),
        ..Report::default()
    }
}

/// Only an image's owner can create a report on it. Which errors tell so is not documented; these are what other
/// actions on images have.
fn check_owner(state: &State, call: &Call<'_>, image_id: &str) -> Result<(), Refusal> {
    if !state.images.complete {
        return Ok(());
    }
    match state.images.find(image_id, call.region) {
        Some(image) if image.owner_id.as_ref() == Some(&state.images.account) => Ok(()),
        Some(_) => Err(Refusal::with_status(
            403,
            "AuthFailure",
            format!("Not authorized for image:{image_id}"),
        )),
        None => Err(Refusal::no_image(&[image_id])),
    }
}

/// The quotas are documented, the error is not: `ResourceLimitExceeded` is what EC2's other quotas on images have.
fn check_quotas(
    state: &mut State,
    max_pending: usize,
    call: &Call<'_>,
    image_id: &str,
) -> Result<(), Refusal> {
    let mut pending = 0;
    for report in state.reports.pending(call.region, call.now) {
        pending += 1;
        if report.image_id == image_id {
            return Err(Refusal::new(
                "ResourceLimitExceeded",
                format!(
                    "You have reached your quota of 1 for the number of pending image usage reports for an image: \
                     {} is pending for {image_id}",
                    report.report_id
                ),
            ));
        }
    }
    if pending >= max_pending {
        return Err(Refusal::new(
            "ResourceLimitExceeded",
            format!(
                "You have reached your quota of {max_pending} for the number of pending image usage reports in \
                 this Region"
            ),
        ));
    }
    Ok(())
}

fn account_ids(parameters: &mut Parameters) -> Result<Vec<String>, Refusal> {
    let ids = list_up_to(MAX_IDS, parameters, "AccountId")?;
    let is_id = |id: &String| id.len() == 12 && id.bytes().all(|byte| byte.is_ascii_digit());
    match ids.iter().find(|id| !is_id(id)) {
        Some(wrong) => Err(Refusal::invalid_value(
            "AccountId",
            wrong,
            "Expecting 12 digits.",
        )),
        None => Ok(ids),
    }
}

/// The tags that the report is to have. The service documents the resource type to name, the limits are those of
/// all tags in EC2.
fn tags(parameters: &mut Parameters) -> Result<Vec<Tag>, Refusal> {
    let specifications = parameters.structures("TagSpecification", |specification| {
        let resource_type = specification.required("ResourceType")?;
        if resource_type != "image-usage-report" {
            return Err(Refusal::invalid_value(
                "TagSpecification.ResourceType",
                &resource_type,
                "Expecting image-usage-report.",
            ));
        }
        specification.structures("Tag", |tag| {
            Ok(Tag {
                key: tag.required("Key")?,
                value: tag.text("Value").unwrap_or_default(),
            })
        })
    })?;
    let tags: Vec<Tag> = specifications.into_iter().flatten().collect();
    if tags.len() > MAX_TAGS {
        return Err(Refusal::new(
            "TagLimitExceeded",
            format!("A report has at most {MAX_TAGS} tags"),
        ));
    }
    for (place, tag) in tags.iter().enumerate() {
        let refuse = |wanted: &str| Err(Refusal::invalid_value("Tag.Key", &tag.key, wanted));
        if tag.key.chars().count() > MAX_TAG_KEY || tag.value.chars().count() > MAX_TAG_VALUE {
            return refuse(&format!(
                "A key has at most {MAX_TAG_KEY} characters, a value {MAX_TAG_VALUE}."
            ));
        }
        if tag.key.starts_with("aws:") {
            return refuse("Tag keys starting with 'aws:' are reserved for internal use.");
        }
        if tags[..place].iter().any(|earlier| earlier.key == tag.key) {
            return refuse("A tag key may be specified once only.");
        }
    }
    Ok(tags)
}
