//! What a shell is offered when TAB is pressed behind a flag, where the flag's own definition does not say it.
//!
//! A candidate is a help and no more: nothing here decides what is allowed. There is no network and no message; what
//! cannot be read offers nothing.

use std::ffi::OsStr;

use aws_types::os_shim_internal::{Env, Fs};
use clap_complete::engine::{CompletionCandidate, PathCompleter, ValueCompleter};

use super::regions::REGIONS;

/// Each with its help, of which these need none.
const RESOURCE_TYPES: [(&str, &str); 2] = [("ec2:Instance", ""), ("ec2:LaunchTemplate", "")];

/// The filters that the service has for entries.
const FILTERS: [(&str, &str); 3] = [
    ("account-id", "The 12 digits of the account"),
    (
        "creation-time",
        "When the report was created, say 2025-11-29T*",
    ),
    ("resource-type", "ec2:Instance or ec2:LaunchTemplate"),
];

/// The states of a report.
const STATES: [(&str, &str); 3] = [("available", ""), ("pending", ""), ("error", "")];

/// The filters that the service has for reports.
const REPORT_FILTERS: [(&str, &str); 4] = [
    (
        "Name=creation-time,Values=",
        "When the report was created, say 2025-11-29T*",
    ),
    ("Name=state,Values=", "available, pending or error"),
    ("Name=tag:", "The value of the tag with this key"),
    ("Name=tag-key,Values=", "The key of a tag"),
];

/// The public Regions, with their names, also behind a comma, each once.
pub(super) fn regions(current: &OsStr) -> Vec<CompletionCandidate> {
    next("", current.to_str().unwrap_or_default(), REGIONS)
}

/// The names of the profiles in the AWS CLI's files.
pub(super) fn profiles() -> Vec<CompletionCandidate> {
    let Ok(runtime) = tokio::runtime::Builder::new_current_thread().build() else {
        return Vec::new();
    };
    let files = Default::default();
    let Ok(profiles) = runtime.block_on(aws_config::profile::load(
        &Fs::real(),
        &Env::real(),
        &files,
        None,
    )) else {
        return Vec::new();
    };
    let mut names: Vec<_> = profiles.profiles().collect();
    names.sort_unstable();
    names.into_iter().map(CompletionCandidate::new).collect()
}

/// A list whose items are not known: the files that `@` may name.
pub(super) fn list_files(current: &OsStr) -> Vec<CompletionCandidate> {
    match current
        .to_str()
        .and_then(|current| current.strip_prefix('@'))
    {
        Some(path) => PathCompleter::file()
            .complete(OsStr::new(path))
            .into_iter()
            .map(|file| file.add_prefix("@"))
            .collect(),
        None => Vec::new(),
    }
}

/// The resource types, also behind a comma, each once.
pub(super) fn resource_types(current: &OsStr) -> Vec<CompletionCandidate> {
    list_of(&RESOURCE_TYPES, current)
}

/// The states of a report, also behind a comma, each once.
pub(super) fn states(current: &OsStr) -> Vec<CompletionCandidate> {
    list_of(&STATES, current)
}

fn list_of(names: &[(&'static str, &'static str)], current: &OsStr) -> Vec<CompletionCandidate> {
    let current = current.to_str().unwrap_or_default();
    if current.starts_with('@') {
        return list_files(OsStr::new(current));
    }
    next("", current, names)
}

/// The shorthand of a filter: `Name=` with the names, then `Values=` with the values that are known.
pub(super) fn filters(current: &OsStr) -> Vec<CompletionCandidate> {
    let filters = FILTERS.map(|(name, help)| (format!("Name={name},Values="), help));
    filters_of(
        &filters,
        "Name=resource-type,Values=",
        &RESOURCE_TYPES,
        current,
    )
}

/// The shorthand of a filter of reports.
pub(super) fn report_filters(current: &OsStr) -> Vec<CompletionCandidate> {
    let filters = REPORT_FILTERS.map(|(filter, help)| (filter.to_owned(), help));
    filters_of(&filters, "Name=state,Values=", &STATES, current)
}

/// Those of `filters` that may be meant; behind `known`, its `values`.
fn filters_of(
    filters: &[(String, &'static str)],
    known: &str,
    values: &[(&'static str, &'static str)],
    current: &OsStr,
) -> Vec<CompletionCandidate> {
    let current = current.to_str().unwrap_or_default();
    if let Some(list) = current.strip_prefix(known) {
        return next(known, list, values);
    }
    filters
        .iter()
        .filter(|(filter, _)| filter.starts_with(current) && filter != current)
        .map(|(filter, help)| CompletionCandidate::new(filter).help(Some((*help).into())))
        .collect()
}

/// The items, each with its help, that may follow the comma-separated `list`, which stands behind `prefix`.
fn next(
    prefix: &str,
    list: &str,
    items: &[(&'static str, &'static str)],
) -> Vec<CompletionCandidate> {
    let (given, last) = list.split_at(list.rfind(',').map_or(0, |comma| comma + 1));
    items
        .iter()
        .filter(|(name, _)| name.starts_with(last) && !given.split(',').any(|item| item == *name))
        .map(|(name, help)| {
            let help = (!help.is_empty()).then(|| (*help).into());
            CompletionCandidate::new(format!("{prefix}{given}{name}")).help(help)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(candidates: Vec<CompletionCandidate>) -> Vec<String> {
        candidates
            .iter()
            .map(|candidate| candidate.get_value().to_str().unwrap().to_owned())
            .collect()
    }

    #[test]
    fn resource_types_go_on_behind_a_comma_and_come_once() {
        let types = |current: &str| values(resource_types(OsStr::new(current)));
        assert_eq!(types(""), ["ec2:Instance", "ec2:LaunchTemplate"]);
        assert_eq!(types("ec2:L"), ["ec2:LaunchTemplate"]);
        assert_eq!(types("ec2:Instance,"), ["ec2:Instance,ec2:LaunchTemplate"]);
        assert!(types("ec2:Instance,ec2:LaunchTemplate,").is_empty());
        assert!(types("rds").is_empty());
    }

    #[test]
    fn a_filter_is_offered_name_first_then_values() {
        let filters = |current: &str| values(filters(OsStr::new(current)));
        assert_eq!(
            filters("Name="),
            [
                "Name=account-id,Values=",
                "Name=creation-time,Values=",
                "Name=resource-type,Values="
            ]
        );
        assert_eq!(filters(""), filters("Name="));
        assert_eq!(filters("Name=res"), ["Name=resource-type,Values="]);
        assert_eq!(
            filters("Name=resource-type,Values=ec2:Instance,"),
            ["Name=resource-type,Values=ec2:Instance,ec2:LaunchTemplate"]
        );
        assert!(filters("Name=account-id,Values=").is_empty());
        assert!(filters("{").is_empty());
    }

    #[test]
    fn a_filter_of_reports_has_states_and_tags() {
        let filters = |current: &str| values(report_filters(OsStr::new(current)));
        assert_eq!(filters("Name=t"), ["Name=tag:", "Name=tag-key,Values="]);
        assert_eq!(
            filters("Name=state,Values=available,"),
            [
                "Name=state,Values=available,pending",
                "Name=state,Values=available,error"
            ]
        );
        assert_eq!(values(states(OsStr::new("p"))), ["pending"]);
    }

    #[test]
    fn only_an_at_sign_asks_for_files() {
        assert_eq!(values(list_files(OsStr::new("@Cargo.t"))), ["@Cargo.toml"]);
        assert!(list_files(OsStr::new("Cargo.t")).is_empty());
    }

    #[test]
    fn regions_are_in_order_and_come_once() {
        assert!(REGIONS.is_sorted_by(|one, next| one.0 < next.0));
        for partition in ["us-east-1", "cn-north-1", "us-gov-west-1", "eusc-de-east-1"] {
            assert!(REGIONS.iter().any(|(code, _)| *code == partition));
        }
        let regions = |current: &str| values(regions(OsStr::new(current)));
        assert_eq!(regions("").len(), REGIONS.len());
        assert_eq!(regions("cn-n"), ["cn-north-1", "cn-northwest-1"]);
        assert_eq!(
            regions("sa-east-1,cn-north-1,cn-"),
            ["sa-east-1,cn-north-1,cn-northwest-1"]
        );
    }
}
