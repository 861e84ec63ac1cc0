//! The action `ListAccounts` of AWS Organizations.

use super::names::AccountNames;
use crate::aws::{Ec2, RequestError};

/// The number of accounts per page: the service's maximum.
const PAGE_SIZE: i32 = 20;

/// The names of all accounts of the organization.
///
/// # Errors
/// [`RequestError`], also for an incomplete response.
pub async fn list_accounts(ec2: &Ec2) -> Result<AccountNames, RequestError> {
    let service = &ec2.organizations;
    let client = service.client();
    let accounts = service.all_pages(async |token| {
        let request = client.list_accounts().max_results(PAGE_SIZE);
        let page = request.set_next_token(token).send().await?;
        Ok((page.accounts.unwrap_or_default(), page.next_token))
    });
    let mut names = AccountNames::default();
    for account in accounts.await? {
        let name = account.name.unwrap_or_default();
        (names.insert(account.id.unwrap_or_default(), name)).map_err(|problem| {
            RequestError::Response {
                endpoint: service.endpoint(),
                problem,
            }
        })?;
    }
    Ok(names)
}

/// Whether the account may not list the accounts: it is not in an organization, or neither its management account nor a
/// delegated administrator.
pub fn is_refusal(error: &RequestError) -> bool {
    const CODES: [&str; 3] = [
        "AWSOrganizationsNotInUseException",
        "AccessDeniedException",
        "AccessDenied",
    ];
    error.code().is_some_and(|code| CODES.contains(&code))
}
