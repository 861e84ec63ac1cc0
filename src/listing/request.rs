//! What the listings of reports and of their entries are asked, and how it is split into requests that the service
//! takes.

use std::num::NonZeroI32;

use aws_sdk_ec2::types;
use sha2::{Digest, Sha256};

/// How many IDs of a kind one request may name, by the API reference.
const MAX_IDS_PER_REQUEST: usize = 200;

/// Into how many batches a list is split at least, if it has as many IDs.
const BATCHES: usize = 8;

/// A condition: those whose attribute `name` has one of `values`.
///
/// Names and values are case-sensitive; `*` and `?` in a value are wildcards. Of entries the service knows
/// `account-id`, `creation-time` and `resource-type`; of reports `creation-time`, `state`, `tag:KEY` and `tag-key`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filter {
    /// The attribute's name, as the service spells it.
    pub name: String,
    /// The accepted values; the service joins them by OR.
    pub values: Vec<String>,
}

/// What both listings of reports can be asked: any number of IDs, each named once, and all filters.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Request {
    /// Those of these images; of any image when empty.
    pub image_ids: Vec<String>,
    /// Those of these reports; of any report when empty.
    pub report_ids: Vec<String>,
    /// The conditions, joined by AND.
    pub filters: Vec<Filter>,
    /// How many items the service is to put on a page; it chooses when absent.
    pub page_size: Option<NonZeroI32>,
}

impl Request {
    /// Whether the service takes this in one request.
    pub fn is_one_request(&self) -> bool {
        self.image_ids.len() <= MAX_IDS_PER_REQUEST && self.report_ids.len() <= MAX_IDS_PER_REQUEST
    }

    /// The batches, in the order of the IDs given: for each group of images, each group of reports.
    ///
    /// The service joins images and reports by AND, so each group of the one meets each group of the other, and
    /// nothing comes in two batches. The batches can be asked for at the same time, so a short list is split too; how
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

    /// A short name for the lists of IDs, by which a token of one of several batches knows them again.
    pub fn fingerprint(&self) -> String {
        let mut hash = Sha256::new();
        for (kind, ids) in [("image", &self.image_ids), ("report", &self.report_ids)] {
            for id in ids {
                hash.update(format!("{kind}\0{id}\0"));
            }
        }
        short(hash)
    }

    /// The image IDs as the SDK's builders take them: what is empty is left out, for an empty list would be a
    /// parameter of its own.
    pub fn sdk_image_ids(&self) -> Option<Vec<String>> {
        (!self.image_ids.is_empty()).then(|| self.image_ids.clone())
    }

    /// The report IDs, as [`sdk_image_ids`](Self::sdk_image_ids).
    pub fn sdk_report_ids(&self) -> Option<Vec<String>> {
        (!self.report_ids.is_empty()).then(|| self.report_ids.clone())
    }

    /// The filters, as [`sdk_image_ids`](Self::sdk_image_ids).
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

/// The fingerprint of a question that is asked in several Regions.
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
