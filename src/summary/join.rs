//! The uses of all Regions, and their rows in order.

use std::cmp::Ordering;
use std::collections::HashSet;
use std::sync::Arc;

use indexmap::IndexSet;
use serde::Serialize;

use super::count::{Counts, GroupKey, Names, Tally};
use super::options::SummaryOptions;
use super::row::Row;
use super::select::{CountedReport, LeftOut};
use super::summarize::RegionSummary;
use crate::accounts::AccountNames;
use crate::reports::resource_type;
use crate::verdict::{Reason, unmatched_names};

/// The order of the rows. Rows that are equal are in the order of their keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sort {
    /// Most uses first.
    Uses,
    /// Most accounts first.
    Accounts,
    /// By name, or by ID where there is none.
    Name,
}

/// The uses of all Regions that did not fail.
#[derive(Debug)]
pub struct Summary {
    /// Which types of [`resource_type::ALL`] are counted, and which of them any report covers.
    counted_types: [bool; resource_type::ALL.len()],
    covered_types: [bool; resource_type::ALL.len()],
    counts: Counts,
    /// The accounts and resource types, by their indexes; empty for one without a name.
    accounts: IndexSet<String>,
    types: IndexSet<String>,
    account_names: AccountNames,
    /// The name and the reports of each Region.
    regions: Vec<(Arc<str>, Vec<CountedReport>)>,
    /// What is left out, with its Region.
    left_out: Vec<(Arc<str>, LeftOut)>,
}

/// The numbers of a complete summary.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "PascalCase")]
pub struct Totals {
    /// The images whose reports are counted.
    pub images: usize,
    /// Those with a use.
    pub used_images: i64,
    /// The accounts with a use.
    pub accounts: i64,
    /// The uses.
    pub uses: i64,
    /// The images and reports that are left out.
    pub left_out: usize,
}

/// The name with this index, unless it is empty.
fn name(names: &IndexSet<String>, index: Option<u32>) -> Option<&str> {
    let name = names.get_index(index? as usize)?;
    (!name.is_empty()).then_some(name.as_str())
}

impl Summary {
    /// Joins the Regions, each at its own index; without a summary for those that failed.
    pub fn new(
        options: &SummaryOptions,
        names: Names,
        account_names: Option<AccountNames>,
        regions: Vec<(Arc<str>, Option<RegionSummary>)>,
    ) -> Self {
        let [accounts, types] = names.into_lists();
        let mut summary = Self {
            accounts,
            types,
            account_names: account_names.unwrap_or_default(),
            counted_types: resource_type::ALL.map(|name| options.counts(name)),
            covered_types: [false; resource_type::ALL.len()],
            counts: Counts::new(options.keys),
            regions: Vec::new(),
            left_out: Vec::new(),
        };
        for (name, region) in regions {
            let mut reports = Vec::new();
            if let Some(region) = region {
                summary.counts.merge(region.counts);
                reports = region.counted;
                let left_out = region.left_out.into_iter();
                summary
                    .left_out
                    .extend(left_out.map(|item| (Arc::clone(&name), item)));
            }
            for (covered, index) in summary.covered_types.iter_mut().zip(0..) {
                *covered |= reports.iter().any(|report| report.covers[index]);
            }
            summary.regions.push((name, reports));
        }
        summary.remove_found_elsewhere();
        summary
    }

    /// Removes images and reports that are not in a Region, but in another one.
    fn remove_found_elsewhere(&mut self) {
        let id_of = |item: &LeftOut| item.report_id.clone().or_else(|| item.image_id.clone());
        let counted = self.regions.iter().flat_map(|(_, reports)| reports);
        let mut found: HashSet<Option<String>> = counted
            .flat_map(|report| [&report.report_id, &report.image_id])
            .map(|id| Some(id.clone()))
            .collect();
        let present = self.left_out().filter(|item| !item.is_absent());
        found.extend(present.map(id_of));
        // What is in no Region is left out once.
        self.left_out
            .retain(|(_, item)| !item.is_absent() || found.insert(id_of(item)));
    }

    /// Leaves out the name patterns that match no image in any Region.
    pub fn add_unmatched_names(&mut self, patterns: &[String]) {
        let names = (self.reports().map(|report| &report.name))
            .chain(self.left_out().map(|item| &item.name))
            .filter_map(Option::as_deref);
        let unmatched: Vec<LeftOut> = unmatched_names(patterns, names)
            .map(|pattern| LeftOut {
                image_id: None,
                name: None,
                report_id: None,
                reasons: vec![Reason::NoImageFound {
                    pattern: pattern.clone(),
                }],
            })
            .collect();
        let no_region: Arc<str> = "".into();
        let unmatched = unmatched
            .into_iter()
            .map(|item| (Arc::clone(&no_region), item));
        self.left_out.extend(unmatched);
    }

    /// The numbers of the summary.
    pub fn totals(&self) -> Totals {
        let total = self.counts.sum(0..self.counts.groups.len());
        Totals {
            images: self.reports().count(),
            used_images: total.images(),
            accounts: total.accounts(),
            uses: total.uses,
            left_out: self.left_out.len(),
        }
    }

    /// The counted reports.
    pub fn reports(&self) -> impl Iterator<Item = &CountedReport> + Clone {
        self.regions.iter().flat_map(|(_, reports)| reports)
    }

    /// What is left out.
    pub fn left_out(&self) -> impl Iterator<Item = &LeftOut> + Clone {
        self.left_out.iter().map(|(_, item)| item)
    }

    /// Whether there is no group.
    pub fn is_empty(&self) -> bool {
        self.counts.groups.is_empty()
    }

    /// The uses of the group with the most.
    pub fn largest_uses(&self) -> i64 {
        let uses = self.counts.groups.values().map(|tally| tally.uses);
        uses.max().unwrap_or_default()
    }

    /// The rows of the groups in order. After the first `top` ones, a single row has the rest.
    pub fn rows(&self, sort: Sort, top: Option<usize>) -> impl Iterator<Item = Row> {
        let mut order: Vec<usize> = (0..self.counts.groups.len()).collect();
        order.sort_by(|&one, &other| self.compare(sort, one, other));
        let rest = order.split_off(top.unwrap_or(order.len()).min(order.len()));
        let rest = (!rest.is_empty()).then(|| Row {
            other_groups: Some(rest.len() as i64),
            ..self.sum(rest.into_iter())
        });
        let rows = order.into_iter().map(|group| self.group(group));
        rows.chain(rest)
    }

    /// The row of all groups.
    pub fn total_row(&self) -> Row {
        self.sum(0..self.counts.groups.len())
    }

    /// A row for each image and report that is left out.
    pub fn left_out_rows(&self) -> impl Iterator<Item = Row> {
        self.left_out.iter().map(|(region, item)| Row {
            region: (!region.is_empty()).then(|| Arc::clone(region)),
            image_id: item.image_id.clone(),
            name: item.name.clone(),
            report_id: item.report_id.clone(),
            reasons: item.reasons.clone(),
            ..Row::default()
        })
    }

    /// The row of several groups.
    fn sum(&self, groups: impl Iterator<Item = usize>) -> Row {
        let sum = self.counts.sum(groups);
        Row {
            accounts: Some(sum.accounts()),
            images: Some(sum.images()),
            ..self.row(&GroupKey::default(), &sum)
        }
    }

    /// The row of a group.
    fn group(&self, group: usize) -> Row {
        let (key, tally) = self
            .counts
            .groups
            .get_index(group)
            .expect("the group exists");
        Row {
            accounts: Some(key.accounts(tally)),
            images: Some(key.images(tally)),
            ..self.row(key, tally)
        }
    }

    fn compare(&self, sort: Sort, one: usize, other: usize) -> Ordering {
        let groups = &self.counts.groups;
        let group = |index| groups.get_index(index).expect("the group exists");
        let ((key, tally), (other_key, other_tally)) = (group(one), group(other));
        let order = match sort {
            Sort::Uses => other_tally.uses.cmp(&tally.uses),
            Sort::Accounts => other_key.accounts(other_tally).cmp(&key.accounts(tally)),
            Sort::Name => self.names(key).cmp(&self.names(other_key)),
        };
        order.then_with(|| self.ids(key).cmp(&self.ids(other_key)))
    }

    /// The names of a group, or the IDs of what has none.
    fn names(&self, key: &GroupKey) -> [Option<&str>; 3] {
        let [_, image, account, resource_type] = self.ids(key);
        let name = self.report(key).and_then(|report| report.name.as_deref());
        [
            name.or(image),
            self.account_names.get(account).or(account),
            resource_type,
        ]
    }

    /// What distinguishes a group from all others.
    fn ids(&self, key: &GroupKey) -> [Option<&str>; 4] {
        [
            key.region.map(|index| &*self.regions[index as usize].0),
            self.report(key).map(|report| report.image_id.as_str()),
            name(&self.accounts, key.account),
            name(&self.types, key.resource_type),
        ]
    }

    /// The report of the image that is a key.
    fn report(&self, key: &GroupKey) -> Option<&CountedReport> {
        let image = key.image?;
        Some(&self.regions[image.region()].1[image.report()])
    }

    /// The row of a group or of several, without accounts and images.
    fn row(&self, key: &GroupKey, tally: &Tally) -> Row {
        let report = self.report(key);
        let covers = |index: usize| match report {
            Some(report) => report.covers[index],
            None => self.covered_types[index],
        };
        let mut of_type = [None; resource_type::ALL.len()];
        for (index, count) in of_type.iter_mut().enumerate() {
            let uses = tally.of_type[index];
            // A type that no report covers has an unknown number of uses.
            *count = (self.counted_types[index] && (uses > 0 || covers(index))).then_some(uses);
        }
        let [
            instances,
            launch_templates,
            image_recipes,
            container_recipes,
        ] = of_type;
        let [_, image_id, account_id, resource_type] = self.ids(key);
        Row {
            region: key
                .region
                .map(|index| Arc::clone(&self.regions[index as usize].0)),
            image_id: image_id.map(str::to_owned),
            name: report.and_then(|report| report.name.clone()),
            report_id: report.map(|report| report.report_id.clone()),
            report_creation_time: report.and_then(|report| report.created),
            account_name: self.account_names.get(account_id).map(str::to_owned),
            account_id: account_id.map(str::to_owned),
            resource_type: resource_type.map(str::to_owned),
            instances,
            launch_templates,
            image_recipes,
            container_recipes,
            uses: Some(tally.uses),
            ..Row::default()
        }
    }
}
