//! What several actions share: the context of a request, and checks of IDs.

use std::time::SystemTime;

use sha2::{Digest, Sha256};

use super::clock::Clock;
use super::form::Parameters;
use super::response::ApiError;
use super::state::State;
use super::store::ReportSelection;

/// The Region of a request without one; also the one that `amiusage emulator` exports for other tools.
pub(super) const DEFAULT_REGION: &str = "us-east-1";

/// The service's limit of IDs of one kind in a request about reports.
pub(super) const MAX_IDS: usize = 200;

/// A request, apart from the parameters of its action.
#[derive(Debug)]
pub(super) struct RequestContext<'a> {
    pub action: &'static str,
    pub region: &'a str,
    pub request_id: &'a str,
    pub clock: Clock,
    pub now: SystemTime,
    /// A digest of the parameters, except those of paging, and the Region.
    pub query: [u8; 32],
    dry_run: bool,
}

impl<'a> RequestContext<'a> {
    /// Takes the common parameters out of `parameters`.
    ///
    /// # Errors
    /// An invalid `DryRun`.
    pub fn new(
        action: &'static str,
        region: &'a str,
        request_id: &'a str,
        clock: Clock,
        parameters: &mut Parameters,
    ) -> Result<Self, ApiError> {
        let mut query = Sha256::new();
        let query_parameters = parameters
            .iter()
            .filter(|(name, _)| !matches!(name.as_str(), "MaxResults" | "NextToken" | "DryRun"));
        for text in query_parameters.flat_map(|(name, value)| [&**name, &**value]) {
            query.update(text.len().to_be_bytes());
            query.update(text);
        }
        query.update(region);
        for name in ["Action", "Version"] {
            parameters.text(name);
        }
        Ok(Self {
            action,
            region,
            request_id,
            clock,
            now: clock.now(),
            query: query.finalize().into(),
            dry_run: parameters.boolean("DryRun")?,
        })
    }

    /// Ends a dry run. Call it after all other checks.
    ///
    /// # Errors
    /// `DryRunOperation` for a dry run.
    pub fn check_dry_run(&self) -> Result<(), ApiError> {
        if !self.dry_run {
            return Ok(());
        }
        Err(ApiError::with_status(
            412,
            "DryRunOperation",
            "Request would have succeeded, but DryRun flag is set.",
        ))
    }
}

/// Finds the requested action, and checks the API version.
///
/// # Errors
/// The service's errors for an unknown or missing action or version.
pub(super) fn action<T: Copy>(
    parameters: &Parameters,
    actions: &[(&'static str, &str, T)],
) -> Result<(&'static str, T), ApiError> {
    let value = |key: &str| {
        let (_, value) = parameters.iter().find(|(name, _)| *name == key)?;
        Some(value.as_str())
    };
    let Some(name) = value("Action") else {
        return Err(ApiError::new(
            "MissingAction",
            "The request is missing an action",
        ));
    };
    let Some(&(name, supported, action)) = actions.iter().find(|(known, ..)| *known == name) else {
        let known: Vec<_> = actions.iter().map(|(known, ..)| *known).collect();
        return Err(ApiError::new(
            "InvalidAction",
            format!(
                "The action {name} is not valid for this web service: the emulator supports {}",
                known.join(", ")
            ),
        ));
    };
    match value("Version") {
        Some(version) if version == supported => Ok((name, action)),
        Some(version) => Err(ApiError::new(
            "NoSuchVersion",
            format!("The requested version ({version}) of the service does not exist"),
        )),
        None => Err(parameters.missing("Version")),
    }
}

/// Takes a list with a maximum length. EC2 documents the limits of these actions but not the error; the code is that
/// of its other actions.
pub(super) fn list_up_to(
    max: usize,
    parameters: &mut Parameters,
    name: &str,
) -> Result<Vec<String>, ApiError> {
    let list = parameters.list(name);
    if list.len() > max {
        return Err(ApiError::new(
            "InvalidParameterValue",
            format!(
                "The request has {} values for {name}; the maximum is {max}",
                list.len()
            ),
        ));
    }
    Ok(list)
}

/// Takes the lists of IDs of the actions about reports.
///
/// # Errors
/// A malformed ID, and too many of them.
pub(super) fn report_selection<'a>(
    state: &State,
    context: &RequestContext<'a>,
    parameters: &mut Parameters,
) -> Result<ReportSelection<'a>, ApiError> {
    let image_ids = list_up_to(MAX_IDS, parameters, "ImageId")?;
    for id in &image_ids {
        check_image_id(state, id)?;
    }
    // An unknown report ID matches nothing, like an unknown image ID: the service documents no error for it, and
    // describes `ReportId` as a selection.
    let report_ids = list_up_to(MAX_IDS, parameters, "ReportId")?;
    for id in &report_ids {
        check_report_id(state, id)?;
    }
    Ok(ReportSelection {
        image_ids,
        report_ids,
        region: context.region,
        now: context.now,
    })
}

/// Rejects a malformed image ID.
///
/// IDs of the data are always valid, so that a document may have made-up IDs.
///
/// # Errors
/// `InvalidAMIID.Malformed`.
pub(super) fn check_image_id(state: &State, id: &str) -> Result<(), ApiError> {
    if is_id("ami-", id) || state.mentions_image(id) {
        return Ok(());
    }
    Err(malformed("InvalidAMIID.Malformed", id))
}

/// Rejects a malformed report ID.
///
/// # Errors
/// A code that is not documented; it follows `InvalidAMIID.Malformed`.
pub(super) fn check_report_id(state: &State, id: &str) -> Result<(), ApiError> {
    if is_id("amiur-", id) || state.reports.contains_id(id) {
        return Ok(());
    }
    Err(malformed("InvalidImageUsageReportId.Malformed", id))
}

fn malformed(code: &'static str, id: &str) -> ApiError {
    ApiError::new(code, format!("Invalid id: \"{id}\""))
}

/// Whether `id` is `prefix` plus 8 or 17 hexadecimal digits.
fn is_id(prefix: &str, id: &str) -> bool {
    id.strip_prefix(prefix).is_some_and(|digits| {
        matches!(digits.len(), 8 | 17) && digits.bytes().all(|byte| byte.is_ascii_hexdigit())
    })
}
