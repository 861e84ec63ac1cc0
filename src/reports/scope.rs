//! What a report covers, in a form that can be compared: counts of different scopes differ for that reason alone.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::record::Report;
use super::resource_type::{LAUNCH_TEMPLATE, ResourceType};

/// What a report covers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scope {
    /// The resource types, with the version depth of launch templates, which may be unknown.
    types: BTreeMap<String, Option<u32>>,
    /// The accounts; all when empty.
    accounts: BTreeSet<String>,
}

impl Scope {
    /// The scope of a report with these resource types and accounts.
    pub fn new(types: &[ResourceType], accounts: &[String]) -> Self {
        let entry = |covered: &ResourceType| {
            let name = covered.resource_type.clone().unwrap_or_default();
            let has_depth = name == LAUNCH_TEMPLATE;
            (name, covered.version_depth().filter(|_| has_depth))
        };
        Self {
            types: types.iter().map(entry).collect(),
            accounts: accounts.iter().cloned().collect(),
        }
    }
}

impl Report {
    /// What it covers; `None` if it does not show that.
    pub fn scope(&self) -> Option<Scope> {
        let accounts = self.account_ids.as_deref().unwrap_or_default();
        let types = self.resource_types.as_deref()?;
        Some(Scope::new(types, accounts))
    }
}

/// `ec2:Instance and ec2:LaunchTemplate (20 versions) in all accounts`.
impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let types: Vec<_> = (self.types.iter())
            .map(|(name, depth)| match depth {
                Some(depth) => format!("{name} ({depth} versions)"),
                None => name.clone(),
            })
            .collect();
        write!(f, "{} in ", types.join(", "))?;
        match self.accounts.len() {
            0 => f.write_str("all accounts"),
            1..=3 => {
                let accounts: Vec<_> = self.accounts.iter().map(String::as_str).collect();
                f.write_str(&accounts.join(", "))
            }
            count => write!(f, "{count} accounts"),
        }
    }
}
