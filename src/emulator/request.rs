//! What the requests of several actions have in common.

use std::time::SystemTime;

use sha2::{Digest, Sha256};

use super::clock::Clock;
use super::form::Parameters;
use super::refusal::Refusal;
use super::state::State;

/// The Region of a request that does not say one: the one that `amiusage emulator` tells other tools to use.
pub(super) const DEFAULT_REGION: &str = "us-east-1";

/// The most IDs of one kind that the actions about reports take in a request.
pub(super) const MAX_IDS: usize = 200;

/// The circumstances of a request: all of it but the parameters of its action.
#[derive(Debug)]
pub(super) struct Call<'a> {
    pub action: &'static str,
    pub region: &'a str,
    pub request_id: &'a str,
    pub clock: Clock,
    pub now: SystemTime,
    /// What the parameters and the Region come to, paging apart.
    pub query: [u8; 32],
    dry_run: bool,
}

impl<'a> Call<'a> {
    /// Takes what all actions have out of `parameters`.
    ///
    /// # Errors
    /// An unreadable `DryRun`.
    pub fn new(
        action: &'static str,
        region: &'a str,
        request_id: &'a str,
        clock: Clock,
        parameters: &mut Parameters,
    ) -> Result<Self, Refusal> {
        let mut query = Sha256::new();
        let shared = parameters
            .iter()
            .filter(|(name, _)| !matches!(name.as_str(), "MaxResults" | "NextToken" | "DryRun"));
        for text in shared.flat_map(|(name, value)| [&**name, &**value]) {
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

    /// Ends a dry run, once all is checked.
    ///
    /// # Errors
    /// `DryRunOperation`, for a dry run.
    pub fn end_dry_run(&self) -> Result<(), Refusal> {
        if !self.dry_run {
            return Ok(());
        }
        Err(Refusal::with_status(
            412,
            "DryRunOperation",
            "Request would have succeeded, but DryRun flag is set.",
        ))
    }
}

/// The action, by its name in the request, and the API version that the emulator has.
///
/// # Errors
/// What the service would answer to another action or version, or to none.
pub(super) fn action<T: Copy>(
    parameters: &Parameters,
    actions: &[(&'static str, T)],
) -> Result<(&'static str, T), Refusal> {
    let value = |wanted: &str| {
        let (_, value) = parameters.iter().find(|(name, _)| *name == wanted)?;
        Some(value.as_str())
    };
    let Some(name) = value("Action") else {
        return Err(Refusal::new(
            "MissingAction",
            "The request is missing an action",
        ));
    };
    let Some(&action) = actions.iter().find(|(known, _)| *known == name) else {
        let known: Vec<_> = actions.iter().map(|(known, _)| *known).collect();
        return Err(Refusal::new(
            "InvalidAction",
            format!(
                "The action {name} is not valid for this web service: the emulator answers {}",
                known.join(", ")
            ),
        ));
    };
    match value("Version") {
        Some("2016-11-15") => Ok(action),
        Some(version) => Err(Refusal::new(
            "NoSuchVersion",
            format!("The requested version ({version}) of service AmazonEC2 does not exist"),
        )),
        None => Err(parameters.missing("Version")),
    }
}

/// A list of at most so many texts. EC2 documents the limits but not, for these actions, the error; the code is
/// that of its other actions.
pub(super) fn list_up_to(
    most: usize,
    parameters: &mut Parameters,
    name: &str,
) -> Result<Vec<String>, Refusal> {
    let list = parameters.list(name);
    if list.len() > most {
        return Err(Refusal::new(
            "InvalidParameterValue",
            format!(
                "The request has {} values for {name}; the maximum is {most}",
                list.len()
            ),
        ));
    }
    Ok(list)
}

/// Refuses an ID that cannot be any image's.
///
/// What `state` itself holds is taken as it is, so that a document with made-up IDs can be asked for them.
///
/// # Errors
/// `InvalidAMIID.Malformed`.
pub(super) fn check_image_id(state: &State, id: &str) -> Result<(), Refusal> {
    if is_id("ami-", id) || state.mentions_image(id) {
        return Ok(());
    }
    Err(malformed("InvalidAMIID.Malformed", id))
}

/// Refuses an ID that cannot be any report's.
///
/// # Errors
/// The like of `InvalidAMIID.Malformed`, whose code is a guess by EC2's naming.
pub(super) fn check_report_id(state: &State, id: &str) -> Result<(), Refusal> {
    if is_id("amiur-", id) || state.reports.mentions(id) {
        return Ok(());
    }
    Err(malformed("InvalidImageUsageReportId.Malformed", id))
}

fn malformed(code: &'static str, id: &str) -> Refusal {
    Refusal::new(code, format!("Invalid id: \"{id}\""))
}

/// Whether `id` is `prefix` and 8 or 17 hexadecimal digits.
fn is_id(prefix: &str, id: &str) -> bool {
    id.strip_prefix(prefix).is_some_and(|digits| {
        matches!(digits.len(), 8 | 17) && digits.bytes().all(|byte| byte.is_ascii_hexdigit())
    })
}
