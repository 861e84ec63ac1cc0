//! The parameters that both listings of reports share, and how they are split into batches.

use std::num::NonZeroI32;

use aws_sdk_ec2::types;
use sha2::{Digest, Sha256};

/// The maximum number of IDs of one kind per request, according to the API reference.
const MAX_IDS_PER_REQUEST: usize = 200;

/// The minimum number of batches that a list with enough IDs is split into.
const BATCHES: usize = 8;

/// A filter: items whose attribute `name` has one of `values`.
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

/// The parameters of a listing: any number of distinct IDs, and all filters.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Request {
    /// Only items of these images, if any.
    pub image_ids: Vec<String>,
    /// Only items of these reports, if any.
    pub report_ids: Vec<String>,
    /// The filters, combined with AND.
    pub filters: Vec<Filter>,
    /// Maximum number of items per page; chosen by the service when absent.
    pub page_size: Option<NonZeroI32>,
}

impl Request {
    /// Whether this fits into one request.
    pub fn is_one_request(&self) -> bool {
        self.image_ids.len() <= MAX_IDS_PER_REQUEST && self.report_ids.len() <= MAX_IDS_PER_REQUEST
    }

    /// Splits the IDs into batches, in their order: for each group of images, each group of reports.
    ///
    /// The service combines images and reports with AND, so each group of images is paired with each group of reports, and
    /// no item is in two batches. Batches can be requested concurrently, so a short list is split as well. The split
    /// depends on the lists alone.
    pub fn batches(&self) -> Vec<Self> {
        let groups = |ids: &[String], least: usize| -> Vec<Vec<String>> {
            let count = least
                .max(ids.len().div_ceil(MAX_IDS_PER_REQUEST))
                .min(ids.len());
            match count {
                0 => vec![Vec::new()],
                count => (0..count)
                    .map(|n| ids[n * ids.len() / count..(n + 1) * ids.len() / count].to_vec())
                    .collect(),
            }
        };
        let image_groups = groups(&self.image_ids, BATCHES);
        let least = if image_groups.len() > 1 { 1 } else { BATCHES };
        let report_groups = groups(&self.report_ids, least);
        image_groups
            .iter()
            .flat_map(|image_ids| {
                report_groups.iter().map(|report_ids| Self {
                    image_ids: image_ids.clone(),
                    report_ids: report_ids.clone(),
                    ..self.clone()
                })
            })
            .collect()
    }

    /// A fingerprint of the IDs, by which a resume token recognizes its listing.
    pub fn fingerprint(&self) -> String {
        let mut hash = Sha256::new();
        for (kind, ids) in [("image", &self.image_ids), ("report", &self.report_ids)] {
            for id in ids {
                hash.update(format!("{kind}\0{id}\0"));
            }
        }
        short(hash)
    }

    /// The image IDs for the SDK's builders: `None` if empty, because an empty list would be sent as a parameter.
    pub fn sdk_image_ids(&self) -> Option<Vec<String>> {
        (!self.image_ids.is_empty()).then(|| self.image_ids.clone())
    }

    /// The report IDs, like [`sdk_image_ids`](Self::sdk_image_ids).
    pub fn sdk_report_ids(&self) -> Option<Vec<String>> {
        (!self.report_ids.is_empty()).then(|| self.report_ids.clone())
    }

    /// The filters, like [`sdk_image_ids`](Self::sdk_image_ids).
    pub fn sdk_filters(&self) -> Option<Vec<types::Filter>> {
        let filters: Vec<_> = self
            .filters
            .iter()
            .map(|filter| {
                types::Filter::builder()
                    .name(&filter.name)
                    .set_values(Some(filter.values.clone()))
                    .build()
            })
            .collect();
        (!filters.is_empty()).then_some(filters)
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

    #[test]
    fn no_ids_are_one_batch_that_asks_for_all() {
        assert_eq!(Request::default().batches(), [Request::default()]);
    }

    #[test]
    fn lists_are_split_evenly_in_the_order_given() {
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
                let batches = request.batches();
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
    fn each_image_meets_each_report_once() {
        let request = Request {
            image_ids: ids(0..201),
            report_ids: ids(0..201),
            ..Request::default()
        };
        let mut pairs = std::collections::HashSet::new();
        for batch in request.batches() {
            for image in &batch.image_ids {
                for report in &batch.report_ids {
                    assert!(pairs.insert((image.clone(), report.clone())));
                }
            }
        }
        assert_eq!(pairs.len(), 201 * 201);
    }

    #[test]
    fn the_fingerprint_tells_lists_apart() {
        let images = Request {
            image_ids: ids(0..2),
            ..Request::default()
        };
        let reports = Request {
            report_ids: ids(0..2),
            ..Request::default()
        };
        let turned = Request {
            image_ids: ids(0..2).into_iter().rev().collect(),
            ..Request::default()
        };
        assert_ne!(images.fingerprint(), reports.fingerprint());
        assert_ne!(images.fingerprint(), turned.fingerprint());
        assert_eq!(images.fingerprint(), images.clone().fingerprint());
    }
}
