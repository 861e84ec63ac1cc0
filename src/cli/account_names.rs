//! Options for the names of accounts.

use clap::{Args, ValueHint};

/// Where the names of accounts come from.
#[derive(Debug, Default, Args)]
pub struct AccountNameOptions {
    /// Account names: a file, or organizations
    ///
    /// Adds names beside account IDs. A file is the output of `aws organizations list-accounts`, or CSV with the columns
    /// AccountId and Name. `organizations` lists the accounts of the organization, which requires the permission
    /// organizations:ListAccounts in its management account or a delegated administrator's. The list is cached for
    /// 24 hours. Unknown accounts have no name. The environment variable AMIUSAGE_ACCOUNT_NAMES sets the
    /// default.
    #[arg(
        long,
        value_name = "SOURCE",
        env = "AMIUSAGE_ACCOUNT_NAMES",
        hide_env = true,
        hide_short_help = true,
        value_hint = ValueHint::FilePath
    )]
    pub account_names: Option<String>,

    /// Ignore cached account names
    #[arg(long, requires = "account_names", hide_short_help = true)]
    pub no_cache: bool,
}
