//! Completion candidates for option values that the definition itself does not enumerate.
//!
//! Candidates are suggestions: they do not restrict the values. Completion neither uses the network nor prints errors; a
//! file that cannot be read yields no candidates.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::{env, fs};

use aws_types::os_shim_internal::{Env, Fs};
use clap_complete::engine::{CompletionCandidate, PathCompleter, ValueCompleter};

use super::regions::REGIONS;
use crate::accounts::{AccountNames, Cache};
use crate::reports::resource_type;

/// Resource types. Each candidate has a description, which is empty here.
const RESOURCE_TYPES: [(&str, &str); 4] = [
    (resource_type::INSTANCE, ""),
    (resource_type::LAUNCH_TEMPLATE, ""),
    (resource_type::IMAGE_RECIPE, ""),
    (resource_type::CONTAINER_RECIPE, ""),
];

/// Filters for entries.
const FILTERS: [(&str, &str); 3] = [
    ("Name=account-id,Values=", "12-digit account ID"),
    (
        "Name=creation-time,Values=",
        "Report creation time, such as 2025-11-29T*",
    ),
    (
        "Name=resource-type,Values=",
        "Resource type, such as ec2:Instance",
    ),
];

/// Resource types that reference images.
const REFERENCE_TYPES: [(&str, &str); 5] = [
    RESOURCE_TYPES[0],
    RESOURCE_TYPES[1],
    ("ssm:Parameter", ""),
    RESOURCE_TYPES[2],
    RESOURCE_TYPES[3],
];

/// Owners and users that are not accounts.
const OWNERS: [(&str, &str); 4] = [
    ("self", ""),
    ("amazon", ""),
    ("aws-backup-vault", ""),
    ("aws-marketplace", ""),
];
const EXECUTABLE_USERS: [(&str, &str); 2] = [("self", ""), ("all", "Public images")];

/// Frequent filters for images.
const IMAGE_FILTERS: [(&str, &str); 12] = [
    ("Name=architecture,Values=", "x86_64, arm64 or i386"),
    (
        "Name=block-device-mapping.snapshot-id,Values=",
        "Snapshot ID",
    ),
    (
        "Name=creation-date,Values=",
        "Creation time, such as 2025-11-29T*",
    ),
    ("Name=description,Values=", "Description"),
    ("Name=is-public,Values=", "true or false"),
    ("Name=name,Values=", "Image name, such as golden-*"),
    ("Name=platform,Values=", "windows"),
    ("Name=root-device-type,Values=", "ebs or instance-store"),
    ("Name=state,Values=", "available, disabled or another state"),
    ("Name=tag:", "Value of the tag with this key"),
    ("Name=tag-key,Values=", "Tag key"),
    ("Name=virtualization-type,Values=", "hvm or paravirtual"),
];

/// Image states.
const IMAGE_STATES: [(&str, &str); 8] = [
    ("available", ""),
    ("pending", ""),
    ("disabled", ""),
    ("failed", ""),
    ("error", ""),
    ("invalid", ""),
    ("transient", ""),
    ("deregistered", ""),
];

/// Filters for Regions.
const REGION_FILTERS: [(&str, &str); 3] = [
    ("Name=endpoint,Values=", "Host name of the endpoint"),
    (OPT_IN_STATUS, "Whether the account opted in"),
    ("Name=region-name,Values=", "Region, such as eu-*"),
];
const OPT_IN_STATUS: &str = "Name=opt-in-status,Values=";
const OPT_IN_STATUSES: [(&str, &str); 3] = [
    ("opt-in-not-required", ""),
    ("opted-in", ""),
    ("not-opted-in", ""),
];

/// Report states.
const STATES: [(&str, &str); 3] = [("available", ""), ("pending", ""), ("error", "")];

/// Filters for reports.
const REPORT_FILTERS: [(&str, &str); 4] = [
    (
        "Name=creation-time,Values=",
        "Report creation time, such as 2025-11-29T*",
    ),
    ("Name=state,Values=", "available, pending or error"),
    ("Name=tag:", "Value of the tag with this key"),
    ("Name=tag-key,Values=", "Tag key"),
];

/// Public Regions and their names, as a comma-separated list without repetition.
pub(super) fn regions(current: &OsStr) -> Vec<CompletionCandidate> {
    list_items("", current.to_str().unwrap_or_default(), REGIONS)
}

/// Profile names from the AWS configuration files.
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

/// Files for `@FILE`, for lists of unknown items.
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

/// Names of accounts, as `name:NAME`, from the file in AMIUSAGE_ACCOUNT_NAMES and from earlier runs.
pub(super) fn accounts(current: &OsStr) -> Vec<CompletionCandidate> {
    let text = current.to_str().unwrap_or_default();
    if text.starts_with('@') {
        return list_files(current);
    }
    let file = env::var_os("AMIUSAGE_ACCOUNT_NAMES");
    let text_of_file = file.and_then(|path| fs::read_to_string(path).ok());
    let names = text_of_file.and_then(|text| AccountNames::parse(&text).ok());
    let names: BTreeSet<_> = (names
        .iter()
        .flat_map(AccountNames::names)
        .map(str::to_owned))
    .chain(Cache::all_names())
    .map(|name| format!("name:{name}"))
    .collect();
    let matching = names.into_iter().filter(|name| name.starts_with(text));
    matching.map(CompletionCandidate::new).collect()
}

/// Resource types, as a comma-separated list without repetition.
pub(super) fn resource_types(current: &OsStr) -> Vec<CompletionCandidate> {
    list_of(&RESOURCE_TYPES, current)
}

/// Types of references, as a comma-separated list without repetition.
pub(super) fn reference_types(current: &OsStr) -> Vec<CompletionCandidate> {
    list_of(&REFERENCE_TYPES, current)
}

/// Owners of images, as a comma-separated list without repetition.
pub(super) fn owners(current: &OsStr) -> Vec<CompletionCandidate> {
    list_of(&OWNERS, current)
}

/// Users with launch permissions, as a comma-separated list without repetition.
pub(super) fn executable_users(current: &OsStr) -> Vec<CompletionCandidate> {
    list_of(&EXECUTABLE_USERS, current)
}

/// Report states, as a comma-separated list without repetition.
pub(super) fn states(current: &OsStr) -> Vec<CompletionCandidate> {
    list_of(&STATES, current)
}

fn list_of(names: &[(&'static str, &'static str)], current: &OsStr) -> Vec<CompletionCandidate> {
    let current = current.to_str().unwrap_or_default();
    if current.starts_with('@') {
        return list_files(OsStr::new(current));
    }
    list_items("", current, names)
}

/// Shorthand of a filter for entries: first `Name=NAME,Values=`, then known values.
pub(super) fn filters(current: &OsStr) -> Vec<CompletionCandidate> {
    filters_of(
        &FILTERS,
        "Name=resource-type,Values=",
        &RESOURCE_TYPES,
        current,
    )
}

/// Shorthand of a filter for reports.
pub(super) fn report_filters(current: &OsStr) -> Vec<CompletionCandidate> {
    filters_of(&REPORT_FILTERS, "Name=state,Values=", &STATES, current)
}

/// Shorthand of a filter for images.
pub(super) fn image_filters(current: &OsStr) -> Vec<CompletionCandidate> {
    filters_of(&IMAGE_FILTERS, "Name=state,Values=", &IMAGE_STATES, current)
}

/// Shorthand of a filter for Regions.
pub(super) fn region_filters(current: &OsStr) -> Vec<CompletionCandidate> {
    filters_of(&REGION_FILTERS, OPT_IN_STATUS, &OPT_IN_STATUSES, current)
}

/// The `filters` that start with `current`, or the `values` of the filter that starts with `prefix`.
fn filters_of(
    filters: &[(&str, &'static str)],
    prefix: &str,
    values: &[(&'static str, &'static str)],
    current: &OsStr,
) -> Vec<CompletionCandidate> {
    let current = current.to_str().unwrap_or_default();
    if let Some(list) = current.strip_prefix(prefix) {
        return list_items(prefix, list, values);
    }
    filters
        .iter()
        .filter(|(filter, _)| filter.starts_with(current) && *filter != current)
        .map(|(filter, help)| {
            CompletionCandidate::new((*filter).to_owned()).help(Some((*help).into()))
        })
        .collect()
}

/// Items that can complete the comma-separated `list`, which follows `prefix`.
fn list_items(
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
    fn resource_types_are_completed_as_a_list_without_repetition() {
        let types = |current: &str| values(resource_types(OsStr::new(current)));
        assert_eq!(types("").len(), 4);
        assert_eq!(types("ec2:"), ["ec2:Instance", "ec2:LaunchTemplate"]);
        assert_eq!(types("ec2:L"), ["ec2:LaunchTemplate"]);
        assert_eq!(types("ec2:Instance,e"), ["ec2:Instance,ec2:LaunchTemplate"]);
        assert!(types("ec2:Instance,ec2:LaunchTemplate,e").is_empty());
        assert!(types("rds").is_empty());
    }

    #[test]
    fn a_filter_is_completed_by_name_then_values() {
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
            filters("Name=resource-type,Values=ec2:Instance,e"),
            ["Name=resource-type,Values=ec2:Instance,ec2:LaunchTemplate"]
        );
        assert!(filters("Name=account-id,Values=").is_empty());
        assert!(filters("{").is_empty());
    }

    #[test]
    fn report_filters_include_states_and_tags() {
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
    fn only_an_at_sign_completes_files() {
        assert_eq!(values(list_files(OsStr::new("@Cargo.t"))), ["@Cargo.toml"]);
        assert!(list_files(OsStr::new("Cargo.t")).is_empty());
    }

    #[test]
    fn regions_are_sorted_and_completed_without_repetition() {
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
