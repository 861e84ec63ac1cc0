//! The action `CreateImageUsageReport`.

use aws_smithy_types::DateTime;

use super::tag;
use crate::emulator::account::{Account, AccountData, Settings};
use crate::emulator::form::Parameters;
use crate::emulator::model::{REPORT_LIFETIME, Report};
use crate::emulator::request::{MAX_IDS, RequestContext, check_image_id, list_up_to};
use crate::emulator::resource_type;
use crate::emulator::response::ApiError;
use crate::emulator::state::State;
use crate::emulator::timestamp;
use crate::emulator::xml::Xml;

const MAX_CLIENT_TOKEN_CHARS: usize = 128;

/// Creates a report, and returns its ID.
pub(super) fn respond(
    account: &Account,
    context: &RequestContext<'_>,
    mut parameters: Parameters,
) -> Result<String, ApiError> {
    let AccountData { state, tokens } = &mut *account.write();
    let report = parse(state, &account.settings, context, &mut parameters)?;
    let token = client_token(&mut parameters)?;
    parameters.finish()?;
    check_owner(state, context, &report.image_id)?;
    context.check_dry_run()?;

    let key = token.map(|token| (context.region.to_owned(), token));
    // The token of a deleted report can be used again.
    let earlier = key
        .as_ref()
        .and_then(|key| tokens.get(key))
        .and_then(|&(query, position)| Some((query, state.reports.get(position)?)));
    let report_id = match earlier {
        Some((query, report)) if query == context.query => report.report_id.clone(),
        Some(_) => {
            return Err(ApiError::new(
                "IdempotentParameterMismatch",
                "The client token was used before, with other parameters",
            ));
        }
        None => {
            check_quotas(
                state,
                account.settings.max_pending,
                context,
                &report.image_id,
            )?;
            let ready = context.now + account.settings.report_delay;
            let (position, report_id) = state.reports.create(report, context.region, ready);
            if let Some(key) = key {
                tokens.insert(key, (context.query, position));
            }
            report_id
        }
    };
    Ok(Xml::response(context.action, context.request_id, |xml| {
        xml.text("reportId", &report_id);
    }))
}

/// The final report, without its ID.
fn parse(
    state: &State,
    settings: &Settings,
    context: &RequestContext<'_>,
    parameters: &mut Parameters,
) -> Result<Report, ApiError> {
    let image_id = parameters.required("ImageId")?;
    check_image_id(state, &image_id)?;
    let resource_types = resource_type::parse(parameters, &settings.resource_types)?;
    if resource_types.is_empty() {
        return Err(parameters.missing("ResourceType"));
    }
    let account_ids = account_ids(parameters)?;
    let tags = tag::parse(parameters)?;
    let created = context.clock.report_time(context.now);
    let failure = state.failure(&image_id, context.region).map(str::to_owned);
    let final_state = match failure {
        Some(_) => "error",
        None => "available",
    };
    Ok(Report {
        image_id,
        resource_types: Some(resource_types),
        account_ids: Some(account_ids),
        state: final_state.to_owned(),
        state_reason: failure,
        creation_time: timestamp::format(DateTime::from(created)),
        expiration_time: timestamp::format(DateTime::from(created + REPORT_LIFETIME)),
        tags: (!tags.is_empty()).then_some(tags),
        region: Some(context.region.to_owned()),
        ..Report::default()
    })
}

fn client_token(parameters: &mut Parameters) -> Result<Option<String>, ApiError> {
    let token = parameters
        .text("ClientToken")
        .filter(|token| !token.is_empty());
    match &token {
        Some(token) if token.chars().count() > MAX_CLIENT_TOKEN_CHARS => {
            let expected = format!("Expecting at most {MAX_CLIENT_TOKEN_CHARS} characters.");
            Err(ApiError::invalid_value("ClientToken", "…", &expected))
        }
        _ => Ok(token),
    }
}

/// Only the owner of an image can create a report on it. The errors are not documented; these are those of other
/// actions on images.
fn check_owner(
    state: &State,
    context: &RequestContext<'_>,
    image_id: &str,
) -> Result<(), ApiError> {
    if !state.images.complete {
        return Ok(());
    }
    match state.images.find(image_id, context.region) {
        Some(image) if image.owner_id.as_ref() == Some(&state.images.account) => Ok(()),
        Some(_) => Err(ApiError::with_status(
            403,
            "AuthFailure",
            format!("Not authorized for image:{image_id}"),
        )),
        None => Err(ApiError::image_not_found(&[image_id])),
    }
}

/// The quotas are documented, but not the error. `ResourceLimitExceeded` is that of EC2's other quotas on images.
fn check_quotas(
    state: &mut State,
    max_pending: usize,
    context: &RequestContext<'_>,
    image_id: &str,
) -> Result<(), ApiError> {
    let mut pending = 0;
    for report in state.reports.pending(context.region, context.now) {
        pending += 1;
        if report.image_id == image_id {
            return Err(ApiError::new(
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
        return Err(ApiError::new(
            "ResourceLimitExceeded",
            format!(
                "You have reached your quota of {max_pending} for the number of pending image usage reports in \
                 this Region"
            ),
        ));
    }
    Ok(())
}

fn account_ids(parameters: &mut Parameters) -> Result<Vec<String>, ApiError> {
    let ids = list_up_to(MAX_IDS, parameters, "AccountId")?;
    let is_id = |id: &String| id.len() == 12 && id.bytes().all(|byte| byte.is_ascii_digit());
    match ids.iter().find(|id| !is_id(id)) {
        Some(wrong) => Err(ApiError::invalid_value(
            "AccountId",
            wrong,
            "Expecting 12 digits.",
        )),
        None => Ok(ids),
    }
}
