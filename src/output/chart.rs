//! The charts of a page: totals of all rows, of which each counts in the newest snapshot of its subject only.

use std::cmp::Reverse;
use std::collections::HashMap;

use super::record::{Bar, Chart};
use super::table::with_separators;
use super::{Emphasis, Record, escape};

/// The maximum number of bars in a chart, besides the bar of all others.
const MAX_BARS: usize = 10;

/// A chart of the page.
pub(super) struct ChartView {
    pub title: &'static str,
    pub bars: Vec<BarView>,
}

/// A bar.
pub(super) struct BarView {
    pub label: String,
    /// The CSS class of its color.
    pub class: &'static str,
    /// Its length, in percent of the longest one's.
    pub percent: i64,
    pub value: String,
}

/// The charts of rows of type `R`.
pub(super) struct Charts<R: Record> {
    charts: Vec<(&'static Chart<R>, Totals)>,
    snapshots: Snapshots,
}

impl<R: Record> Charts<R> {
    pub(super) fn new() -> Self {
        let charts = R::CHARTS.iter().map(|chart| (chart, Totals::default()));
        Self {
            charts: charts.collect(),
            snapshots: Snapshots::default(),
        }
    }

    /// Adds a row. Returns its rank: its part in the first chart.
    pub(super) fn add(&mut self, record: &R) -> i64 {
        let snapshot = self.snapshots.add(record);
        let mut rank = 0_i64;
        for (index, (chart, totals)) in self.charts.iter_mut().enumerate() {
            (chart.bars)(record, &mut |bar| {
                if index == 0 {
                    rank = rank.saturating_add(bar.value);
                }
                if let Some(snapshot) = snapshot {
                    totals.add(snapshot, bar);
                }
            });
        }
        rank
    }

    /// The charts that have bars.
    pub(super) fn views(&self) -> Vec<ChartView> {
        let charts = self.charts.iter().map(|(chart, totals)| ChartView {
            title: chart.title,
            bars: totals.bars(&self.snapshots),
        });
        charts.filter(|chart| !chart.bars.is_empty()).collect()
    }

    /// Whether rows of older snapshots are not counted.
    pub(super) fn are_superseded(&self) -> bool {
        self.snapshots.are_superseded
    }

    /// The times of the oldest and the newest snapshot.
    pub(super) fn times(&self) -> Option<&(String, String)> {
        self.snapshots.times.as_ref()
    }
}

/// The newest snapshot of each subject.
#[derive(Default)]
struct Snapshots {
    /// The version and the index of the newest one.
    newest: HashMap<String, (String, usize)>,
    /// Whether the snapshot of each index is the newest of its subject.
    are_newest: Vec<bool>,
    /// Whether there were several snapshots of a subject.
    are_superseded: bool,
    /// The oldest and the newest time.
    times: Option<(String, String)>,
}

impl Snapshots {
    /// The index of the row's snapshot; `None` if there is a newer one.
    fn add<R: Record>(&mut self, record: &R) -> Option<usize> {
        let snapshot = record.snapshot();
        if let Some(time) = snapshot.as_ref().map(|snapshot| snapshot.time) {
            let (oldest, newest) = self
                .times
                .get_or_insert_with(|| (time.to_owned(), time.to_owned()));
            if time < oldest.as_str() {
                time.clone_into(oldest);
            }
            if time > newest.as_str() {
                time.clone_into(newest);
            }
        }
        let (subject, version) = snapshot.map_or_else(Default::default, |snapshot| {
            (
                snapshot.subject,
                format!("{} {}", snapshot.time, snapshot.id),
            )
        });
        let next = self.are_newest.len();
        match self.newest.get_mut(&subject) {
            Some((newest, index)) if *newest == version => return Some(*index),
            Some((newest, _)) if *newest > version => {
                self.are_superseded = true;
                return None;
            }
            Some(newest) => {
                self.are_superseded = true;
                self.are_newest[newest.1] = false;
                *newest = (version, next);
            }
            None => {
                self.newest.insert(subject, (version, next));
            }
        }
        self.are_newest.push(true);
        Some(next)
    }
}

/// The values of the bars of a chart, per snapshot.
#[derive(Default)]
struct Totals {
    indices: HashMap<String, usize>,
    bars: Vec<(String, Option<Emphasis>)>,
    values: HashMap<(usize, usize), i64>,
}

impl Totals {
    fn add(&mut self, snapshot: usize, bar: Bar<'_>) {
        let index = match self.indices.get(&*bar.label) {
            Some(&index) => index,
            None => {
                let index = self.bars.len();
                self.indices.insert(bar.label.to_string(), index);
                self.bars.push((bar.label.into_owned(), bar.emphasis));
                index
            }
        };
        let value = self.values.entry((snapshot, index)).or_default();
        *value = value.saturating_add(bar.value);
    }

    /// The longest bars, and one for all others.
    fn bars(&self, snapshots: &Snapshots) -> Vec<BarView> {
        let mut values = vec![0_i64; self.bars.len()];
        for (&(snapshot, bar), &value) in &self.values {
            if snapshots.are_newest[snapshot] {
                values[bar] = values[bar].saturating_add(value);
            }
        }
        let mut bars: Vec<_> = (self.bars.iter().zip(values))
            .filter(|(_, value)| *value > 0)
            .collect();
        bars.sort_unstable_by_key(|((label, _), value)| (Reverse(*value), label));
        let max = bars.first().map_or(1, |(_, value)| *value);
        let others = bars.split_off(bars.len().min(MAX_BARS));
        let view = |label: &str, emphasis, value: i64| BarView {
            label: escape(label).into_owned(),
            class: class_of(emphasis),
            percent: (i128::from(value) * 100 / i128::from(max)).clamp(1, 100) as i64,
            value: with_separators(value),
        };
        let mut views: Vec<_> = (bars.iter())
            .map(|((label, emphasis), value)| view(label, *emphasis, *value))
            .collect();
        if !others.is_empty() {
            let sum = others
                .iter()
                .fold(0_i64, |sum, (_, value)| sum.saturating_add(*value));
            let label = format!("{} others", with_separators(others.len() as i64));
            // Not comparable with the single bars.
            views.push(BarView {
                percent: 0,
                ..view(&label, None, sum)
            });
        }
        views
    }
}

/// The CSS class of an emphasis.
pub(super) fn class_of(emphasis: Option<Emphasis>) -> &'static str {
    match emphasis {
        Some(Emphasis::Good) => "good",
        Some(Emphasis::Bad) => "bad",
        Some(Emphasis::Uncertain) => "uncertain",
        None => "",
    }
}
