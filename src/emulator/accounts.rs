//! The action `ListAccounts` of AWS Organizations, which has the AWS JSON protocol.

use serde::Deserialize;
use serde_json::json;

use super::model::MemberAccount;

/// The header that names the action, and its value.
pub(super) const TARGET_HEADER: &str = "x-amz-target";
const LIST_ACCOUNTS: &str = "AWSOrganizationsV20161128.ListAccounts";

/// The service's page size without `MaxResults`, and the maximum.
const MAX_SIZE: usize = 20;

/// The parameters of the action.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Parameters {
    max_results: Option<usize>,
    next_token: Option<String>,
}

/// Returns a page of the accounts in the organization: an HTTP status and JSON. `None` for no organization.
pub(super) fn respond(
    accounts: Option<&[MemberAccount]>,
    target: &str,
    body: &[u8],
) -> (u16, String) {
    let error = |code: &str, message: &str| {
        let body = json!({ "__type": code, "Message": message });
        (400, body.to_string())
    };
    if target != LIST_ACCOUNTS {
        let message = format!("The emulator supports {LIST_ACCOUNTS} only");
        return error("UnknownOperationException", &message);
    }
    let Some(accounts) = accounts else {
        return error(
            "AWSOrganizationsNotInUseException",
            "Your account is not a member of an organization.",
        );
    };
    let parameters: Parameters = match serde_json::from_slice(body) {
        Ok(parameters) => parameters,
        Err(problem) => return error("SerializationException", &problem.to_string()),
    };
    let size = parameters.max_results.unwrap_or(MAX_SIZE);
    let start = parameters
        .next_token
        .map_or(Some(0), |token| token.parse().ok());
    match start.filter(|&start| start <= accounts.len()) {
        Some(start) if (1..=MAX_SIZE).contains(&size) => {
            let end = (start + size).min(accounts.len());
            let mut page = json!({ "Accounts": accounts[start..end] });
            if end < accounts.len() {
                page["NextToken"] = end.to_string().into();
            }
            (200, page.to_string())
        }
        _ => error(
            "InvalidInputException",
            "You specified an invalid value for MaxResults or NextToken.",
        ),
    }
}
