//! The IDs and filters of a listing, and how they are split into batches.

use std::num::NonZeroI32;

use aws_sdk_ec2::types;
use sha2::{Digest, Sha256};

/// The maximum number of IDs of a kind in one request about reports, by the API reference.
pub const MAX_IDS_PER_REQUEST: usize = 200;

/// The minimum number of batches for a list with at least as many IDs, so that several are requested concurrently.
pub(super) const MIN_BATCHES: usize = 8;

/// A condition: the attribute `name` has one of `values`.
///
/// Names and values are case-sensitive; `*` and `?` in a value are wildcards. Entries have the filters `account-id`,
/// `creation-time` and `resource-type`; reports have `creation-time`, `state`, `tag:KEY` and `tag-key`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filter {
    /// The attribute's name, as in the API.
    pub name: String,
    /// The accepted values, combined with OR.
    pub values: Vec<String>,
}

/// Any number of distinct IDs, and all filters.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Request {
    /// Items of these images; of any image if empty.
    pub image_ids: Vec<String>,
    /// Items of these reports; of any report if empty.
    pub report_ids: Vec<String>,
    /// The filters, combined with AND.
    pub filters: Vec<Filter>,
    /// Items per page; the service chooses if absent.
    pub page_size: Option<NonZeroI32>,
}

impl Request {
    /// The items of these images.
    pub fn for_images(image_ids: Vec<String>) -> Self {
        Self {
            image_ids,
            ..Self::default()
        }
    }

    /// The items of these reports.
    pub fn for_reports(report_ids: Vec<String>) -> Self {
        Self {
            report_ids,
            ..Self::default()
        }
    }

    /// Whether one request can name all IDs.
    pub(super) fn is_one_request(&self, max_ids: usize) -> bool {
        self.image_ids.len() <= max_ids && self.report_ids.len() <= max_ids
    }

    /// The batches, in the order of the IDs: for each group of images, each group of reports.
    ///
    /// The service joins images and reports by AND, so that no item is in two batches. How a list is split depends on its
    /// length alone.
    pub(super) fn batches(&self, max_ids: usize, min_batches: usize) -> impl Iterator<Item = Self> {
        let image_groups = groups(&self.image_ids, max_ids, min_batches);
        let min_batches = match image_groups.len() {
            1 => min_batches,
            _ => 1,
        };
        let report_groups = groups(&self.report_ids, max_ids, min_batches);
        image_groups.into_iter().flat_map(move |image_ids| {
            let batch = |report_ids: &Vec<String>| Self {
                image_ids: image_ids.clone(),
                report_ids: report_ids.clone(),
                ..self.clone()
            };
            report_groups.iter().map(batch).collect::<Vec<_>>()
        })
    }

    /// A hash of the IDs, by which the resume token of one of several batches recognizes them.
    pub(super) fn fingerprint(&self) -> String {
        let mut hash = Sha256::new();
        for (kind, ids) in [("image", &self.image_ids), ("report", &self.report_ids)] {
            for id in ids {
                hash.update(format!("{kind}\0{id}\0"));
            }
        }
        short(hash)
    }

    /// The image IDs for the SDK's builders, which would send an empty list as an empty parameter.
    pub fn sdk_image_ids(&self) -> Option<Vec<String>> {
        (!self.image_ids.is_empty()).then(|| self.image_ids.clone())
    }

    /// The report IDs for the SDK's builders.
    pub fn sdk_report_ids(&self) -> Option<Vec<String>> {
        (!self.report_ids.is_empty()).then(|| self.report_ids.clone())
    }

    /// The filters for the SDK's builders.
    pub fn sdk_filters(&self) -> Option<Vec<types::Filter>> {
        let filters = self.filters.iter().map(Filter::to_sdk);
        (!self.filters.is_empty()).then(|| filters.collect())
    }
}

impl Filter {
    fn to_sdk(&self) -> types::Filter {
        types::Filter::builder()
            .name(&self.name)
            .set_values(Some(self.values.clone()))
            .build()
    }
}

/// Splits a list evenly. No IDs are one group without IDs.
fn groups(ids: &[String], max_ids: usize, min_groups: usize) -> Vec<Vec<String>> {
    let count = ids.len().div_ceil(max_ids).max(min_groups).min(ids.len());
    match count {
        0 => vec![Vec::new()],
        count => (0..count)
            .map(|n| ids[n * ids.len() / count..(n + 1) * ids.len() / count].to_vec())
            .collect(),
    }
}

/// The fingerprint of an operation in several Regions.
pub(super) fn with_regions<'a>(
    fingerprint: &str,
    regions: impl IntoIterator<Item = &'a str>,
) -> String {
    let mut hash = Sha256::new();
    hash.update(fingerprint);
    for region in regions {
        hash.update(format!("\0{region}"));
    }
    short(hash)
}

fn short(hash: Sha256) -> String {
    hash.finalize()[..8]
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(range: std::ops::Range<usize>) -> Vec<String> {
        range.map(|number| format!("ami-{number:017x}")).collect()
    }

    fn batches(request: &Request) -> Vec<Request> {
        let batches = request.batches(MAX_IDS_PER_REQUEST, MIN_BATCHES);
        batches.collect()
    }

    #[test]
    fn no_ids_are_one_batch_of_all_items() {
        assert_eq!(batches(&Request::default()), [Request::default()]);
    }

    #[test]
    fn lists_are_split_evenly_in_order() {
        for (count, lengths) in [
            (1, vec![1]),
            (3, vec![1; 3]),
            (20, vec![2, 3, 2, 3, 2, 3, 2, 3]),
            (1600, vec![200; 8]),
            (1800, vec![200; 9]),
            (1801, vec![180, 180, 180, 180, 180, 180, 180, 180, 180, 181]),
        ] {
            for reports in [false, true] {
                let mut request = Request::default();
                let list = |request: &Request| match reports {
                    true => request.report_ids.clone(),
                    false => request.image_ids.clone(),
                };
                if reports {
                    request.report_ids = ids(0..count);
                } else {
                    request.image_ids = ids(0..count);
                }
                let batches = batches(&request);
                let split: Vec<_> = batches.iter().map(|batch| list(batch).len()).collect();
                assert_eq!(split, lengths);
                assert_eq!(
                    batches.iter().flat_map(list).collect::<Vec<_>>(),
                    ids(0..count)
                );
            }
        }
    }

    #[test]
    fn each_image_is_combined_with_each_report_once() {
        let request = Request {
            image_ids: ids(0..201),
            report_ids: ids(0..201),
            ..Request::default()
        };
        let mut pairs = std::collections::HashSet::new();
        for batch in batches(&request) {
            for image in &batch.image_ids {
                for report in &batch.report_ids {
                    assert!(pairs.insert((image.clone(), report.clone())));
                }
            }
        }
        assert_eq!(pairs.len(), 201 * 201);
    }

    #[test]
    fn fingerprints_of_different_lists_differ() {
        let images = Request {
            image_ids: ids(0..2),
            ..Request::default()
        };
        let reports = Request {
            report_ids: ids(0..2),
            ..Request::default()
        };
        let reversed = Request {
            image_ids: ids(0..2).into_iter().rev().collect(),
            ..Request::default()
        };
        assert_ne!(images.fingerprint(), reports.fingerprint());
        assert_ne!(images.fingerprint(), reversed.fingerprint());
        assert_eq!(images.fingerprint(), images.clone().fingerprint());
    }
}
