//! What is asked of `DescribeImageUsageReportEntries`, and how it is split into requests that the service takes.

use std::num::NonZeroI32;

use sha2::{Digest, Sha256};

/// How many IDs of a kind one request may name, by the API reference.
pub const MOST_IDS: usize = 200;

/// A condition on the entries: those whose attribute `name` has one of `values`.
///
/// Names and values are case-sensitive; `*` and `?` in a value are wildcards. The names that the service
/// knows are `account-id`, `creation-time` and `resource-type`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filter {
    /// The attribute's name, as the service spells it.
    pub name: String,
    /// The accepted values; the service joins them by OR.
    pub values: Vec<String>,
}

/// The whole question: any number of IDs, all filters.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// Entries of these images; of any image when empty.
    pub image_ids: Vec<String>,
    /// Entries of these reports; of any report when empty.
    pub report_ids: Vec<String>,
    /// The conditions, joined by AND.
    pub filters: Vec<Filter>,
    /// How many entries the service is to put on a page; it chooses when absent.
    pub page_size: Option<NonZeroI32>,
}

/// The part of a [`Request`] that one listing of the service can answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Batch<'a> {
    /// At most [`MOST_IDS`] images.
    pub image_ids: &'a [String],
    /// At most [`MOST_IDS`] reports.
    pub report_ids: &'a [String],
}

impl Request {
    /// The batches, in the order of the IDs given: for each group of images, each group of reports.
    ///
    /// The service joins images and reports by AND, so each group of the one meets each group of the other,
    /// and no entry comes in two batches.
    pub fn batches(&self) -> Vec<Batch<'_>> {
        fn groups(ids: &[String]) -> Vec<&[String]> {
            match ids {
                [] => vec![&[]],
                ids => ids.chunks(MOST_IDS).collect(),
            }
        }
        let reports = groups(&self.report_ids);
        groups(&self.image_ids)
            .into_iter()
            .flat_map(|image_ids| {
                reports.iter().map(move |report_ids| Batch {
                    image_ids,
                    report_ids,
                })
            })
            .collect()
    }

    /// A short name for the lists of IDs, by which a token of one of several batches knows them again.
    pub(super) fn fingerprint(&self) -> String {
        let mut hash = Sha256::new();
        for (kind, ids) in [("image", &self.image_ids), ("report", &self.report_ids)] {
            for id in ids {
                hash.update(format!("{kind}\0{id}\0"));
            }
        }
        hash.finalize()[..8]
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(range: std::ops::Range<usize>) -> Vec<String> {
        range.map(|number| format!("ami-{number:017x}")).collect()
    }

    #[test]
    fn no_ids_are_one_batch_that_asks_for_all() {
        assert_eq!(
            Request::default().batches(),
            [Batch {
                image_ids: &[],
                report_ids: &[]
            }]
        );
    }

    #[test]
    fn batches_hold_two_hundred_in_the_order_given() {
        let request = Request {
            image_ids: ids(0..401),
            ..Request::default()
        };
        let batches = request.batches();
        assert_eq!(
            batches
                .iter()
                .map(|batch| batch.image_ids.len())
                .collect::<Vec<_>>(),
            [200, 200, 1]
        );
        let joined: Vec<_> = batches
            .iter()
            .flat_map(|batch| batch.image_ids)
            .cloned()
            .collect();
        assert_eq!(joined, request.image_ids);
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
            for image in batch.image_ids {
                for report in batch.report_ids {
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
