//! `--account-names`: loads the names, and replaces `name:PATTERN` by the IDs of the accounts with such names.

use std::collections::HashSet;
use std::env;

use serde_json::json;

use super::terminal::Terminal;
use crate::accounts::{AccountNames, Cache, is_refusal, list_accounts};
use crate::args::error::ArgumentError;
use crate::args::text_file;
use crate::aws::Ec2;
use crate::cli::Connection;
use crate::cli::account_names::AccountNameOptions;
use crate::error::Error;

/// Precedes a pattern of names in a list of account IDs.
const PREFIX: &str = "name:";

/// The column with the name of the account; `AccountNames` has those of several.
const COLUMN: &str = "AccountName";

/// The checked options.
#[derive(Debug)]
pub(super) enum NameSource {
    /// The names in a file.
    File(AccountNames),
    /// Those of the organization, cached unless there is no home directory, no cache is wanted, or nothing is requested.
    Organizations { cache: Option<Cache>, is_read: bool },
}

/// Settings that decide whose organization is listed.
const IDENTITY: [&str; 9] = [
    "AWS_PROFILE",
    "AWS_ACCESS_KEY_ID",
    "AWS_ROLE_ARN",
    "AWS_CONFIG_FILE",
    "AWS_SHARED_CREDENTIALS_FILE",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_ENDPOINT_URL",
    "AWS_ENDPOINT_URL_ORGANIZATIONS",
];

impl NameSource {
    /// Checks the options, and reads the file. `None` if no names are requested: then `account_ids` must not have patterns,
    /// and `columns` must not have names.
    pub(super) fn check(
        options: &AccountNameOptions,
        connection: &Connection,
        account_ids: &[String],
        columns: &[String],
    ) -> Result<Option<Self>, ArgumentError> {
        const FLAG: &str = "--account-names";
        match options.account_names.as_deref() {
            None => {
                let patterns = account_ids.iter().filter(|id| id.starts_with(PREFIX));
                let patterns = patterns.map(|pattern| ("--account-ids", pattern));
                let names = columns.iter().filter(|name| name.starts_with(COLUMN));
                match patterns.chain(names.map(|name| ("--columns", name))).next() {
                    None => Ok(None),
                    Some((flag, value)) => {
                        let problem = format!("`{value}` needs the names of accounts");
                        let hint = "add --account-names FILE or --account-names organizations";
                        Err(ArgumentError::new(flag, problem).with_hint(hint))
                    }
                }
            }
            Some("organizations") => Ok(Some(Self::Organizations {
                cache: match connection.offline {
                    Some(_) => None,
                    None => Cache::of_settings(settings(connection).iter().map(Option::as_deref)),
                },
                is_read: !options.no_cache,
            })),
            Some(path) => text_file::read(path)
                .and_then(|text| {
                    AccountNames::parse(&text).map_err(|error| format!("{path}: {error}"))
                })
                .map(|names| Some(Self::File(names)))
                .map_err(|error| ArgumentError::new(FLAG, error)),
        }
    }

    /// Loads the names. If the account may not list the accounts of its organization, there are none, and a note says so;
    /// it is an error if names `are_required`.
    pub(super) async fn load(
        self,
        ec2: &Ec2,
        are_required: bool,
        terminal: &Terminal,
    ) -> Result<AccountNames, Error> {
        let (cache, is_read) = match self {
            Self::File(names) => return Ok(names),
            Self::Organizations { cache, is_read } => (cache, is_read),
        };
        let cached = cache.as_ref().filter(|_| is_read).and_then(Cache::read);
        if let Some(names) = cached {
            return Ok(names);
        }
        match list_accounts(ec2).await {
            Ok(names) => {
                if let Some(Err(error)) = cache.map(|cache| cache.write(&names)) {
                    terminal.note(&format!("cannot cache the names of accounts: {error}"));
                }
                Ok(names)
            }
            Err(error) if is_refusal(&error) && !are_required => {
                terminal.note(&format!("accounts have no names: {error}"));
                Ok(AccountNames::default())
            }
            Err(error) => Err(Error::from(error).context("cannot list the names of accounts")),
        }
    }
}

fn settings(connection: &Connection) -> Vec<Option<String>> {
    let given = [&connection.profile, &connection.endpoint_url].map(Clone::clone);
    let variables = IDENTITY.iter().map(|name| env::var(name).ok());
    given.into_iter().chain(variables).collect()
}

/// Keeps each pattern as one item of its list: names of accounts have spaces and commas.
pub(super) fn keep_patterns(account_ids: &mut [String]) {
    for id in account_ids {
        if id.starts_with(PREFIX) {
            *id = json!([id]).to_string();
        }
    }
}

/// Whether one of these account IDs is a pattern of names.
pub(super) fn have_patterns(account_ids: &[String]) -> bool {
    account_ids.iter().any(|id| id.starts_with(PREFIX))
}

/// Account IDs without duplicates, with those that each pattern of names matches.
pub(super) fn resolve(
    account_ids: &[String],
    names: &AccountNames,
) -> Result<Vec<String>, ArgumentError> {
    let mut seen = HashSet::new();
    let mut ids = Vec::new();
    for id in account_ids {
        let matching = match id.strip_prefix(PREFIX) {
            None => vec![id.clone()],
            Some(pattern) => names.ids_matching(pattern),
        };
        if matching.is_empty() {
            let problem = format!("no account has a name that matches `{id}`");
            let hint = "names are case-sensitive; `*` and `?` are wildcards";
            return Err(ArgumentError::new("--account-ids", problem).with_hint(hint));
        }
        ids.extend(matching.into_iter().filter(|id| seen.insert(id.clone())));
    }
    Ok(ids)
}
