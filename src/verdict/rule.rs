//! The rule: from evidence to a verdict. It fails closed.
//!
//! *Unused* needs every one of these: the image is the account's own; its reports were listed to the end; one of them
//! covers the question, is of the present, available, and was read to its end; no entry of any report of the present
//! counts a use, and each entry has a count and belongs where it was found; what refers to the image in the owner's
//! account was read to its end, and is nothing. *In use* needs a use: an entry with a count above zero in a report of the present, or a reference.
//! Everything else is *unknown*.

use std::cmp::Reverse;
use std::collections::HashSet;

use super::evidence::{Evidence, Examined, State, Window};
use super::reason::Reason;
use crate::entries::Entry;

/// Whether an image may be retired.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Somebody uses it.
    InUse,
    /// Nobody does, as far as the service tells.
    Unused,
    /// It cannot be told.
    Unknown,
}

impl Verdict {
    /// The name of the verdict in every format.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::InUse => "in-use",
            Self::Unused => "unused",
            Self::Unknown => "unknown",
        }
    }
}

/// A verdict and what it rests on.
#[derive(Clone, Debug)]
pub struct Judgement<'e> {
    /// The verdict.
    pub verdict: Verdict,
    /// Why; first what decides, then what is missing. There is always one.
    pub reasons: Vec<Reason>,
    /// The report that tells most.
    pub report: Option<&'e Examined>,
}

/// Judges an image. Whatever the evidence, there is a verdict.
pub fn judge<'e>(evidence: &'e Evidence, window: &Window) -> Judgement<'e> {
    let image_id = evidence.image_id.as_str();
    let mut reports: Vec<&Examined> = evidence.reports.found.iter().collect();
    // The newest first; of two at once, the IDs decide.
    reports.sort_by_key(|report| Reverse((report.created, &report.report_id)));
    let present = || {
        let holds = |created| window.holds(created);
        (reports.iter().copied()).filter(move |report| report.created.is_some_and(holds))
    };
    let covering = present().find(|report| short_of(report, image_id, window).is_empty());
    let in_use = present().find(|report| accounts(report, image_id) > 0);
    let (own, stray): (Vec<_>, Vec<_>) = (evidence.references.found.iter())
        .partition(|reference| reference.image_id.as_deref() == Some(image_id));

    let mut uses = Vec::new();
    if let Some(report) = in_use {
        uses.push(Reason::UsedByAccounts {
            report_id: report.report_id.clone(),
            accounts: accounts(report, image_id),
            newer_shows_none: covering
                .is_some_and(|newer| newer.created > report.created && newer.entries.gap.is_none()),
        });
    }
    if !own.is_empty() {
        uses.push(Reason::UsedByOwner {
            references: own.len(),
        });
    }

    let mut gaps = Vec::new();
    gaps.extend(evidence.reports.gap.clone());
    if covering.is_none() {
        gaps.extend(evidence.blockers.iter().cloned());
        // Of the reports there are, the one that comes nearest tells what is missing.
        let short = reports
            .iter()
            .map(|report| short_of(report, image_id, window))
            .min_by_key(Vec::len);
        gaps.extend(short.unwrap_or_default());
    }
    for report in present().filter(|report| report.state == State::Available) {
        gaps.extend(flaws(report, image_id));
    }
    gaps.extend(evidence.references.gap.clone());
    if !stray.is_empty() {
        gaps.push(Reason::UnexpectedItem {
            action: "DescribeImageReferences",
        });
    }
    if let Some(reason) = &evidence.not_owned {
        // All the rest follows from it.
        gaps = vec![reason.clone()];
    }
    let mut said = HashSet::new();
    gaps.retain(|gap| said.insert(gap.clone()));

    let (verdict, reasons) = match (uses.is_empty(), gaps.is_empty(), covering) {
        (false, ..) => (Verdict::InUse, [uses, gaps].concat()),
        (true, true, Some(_)) => (Verdict::Unused, vec![Reason::NothingFound]),
        (true, true, None) => (Verdict::Unknown, vec![Reason::NoReport]),
        (true, false, _) => (Verdict::Unknown, gaps),
    };
    Judgement {
        verdict,
        reasons,
        report: in_use.or(covering).or(reports.first().copied()),
    }
}

/// What a report is short of, to cover the question for the present.
fn short_of(report: &Examined, image_id: &str, window: &Window) -> Vec<Reason> {
    let report_id = report.report_id.clone();
    let mut short = Vec::new();
    match &report.state {
        State::Available => {}
        State::Expired => short.push(Reason::ReportExpired {
            report_id: report_id.clone(),
        }),
        State::Pending => short.push(Reason::ReportPending {
            report_id: report_id.clone(),
        }),
        State::Error(reason) => short.push(Reason::ReportFailed {
            report_id: report_id.clone(),
            reason: reason.clone(),
        }),
        State::Other(state) => short.push(Reason::ReportInUnknownState {
            report_id: report_id.clone(),
            state: state.clone(),
        }),
    }
    if !report.narrower.is_empty() {
        short.push(Reason::ReportNarrower {
            report_id: report_id.clone(),
            narrower: report.narrower.clone(),
        });
    }
    match report.created {
        Some(created) if window.holds(created) => {}
        Some(created) if window.is_past(created) => {
            short.push(Reason::ReportTooOld {
                accounts: accounts(report, image_id),
                report_id,
            });
        }
        _ => short.push(Reason::ReportWithoutTime { report_id }),
    }
    short
}

/// What is wrong with the entries of a report.
fn flaws(report: &Examined, image_id: &str) -> Vec<Reason> {
    let mut flaws = Vec::new();
    flaws.extend(report.entries.gap.clone());
    for entry in &report.entries.found {
        if !belongs(entry, report, image_id) {
            flaws.push(Reason::UnexpectedItem {
                action: "DescribeImageUsageReportEntries",
            });
        }
        if entry.usage_count.is_none_or(|count| count < 0) {
            flaws.push(Reason::EntryWithoutCount {
                report_id: report.report_id.clone(),
                account_id: entry.account_id.clone(),
            });
        }
    }
    flaws
}

fn belongs(entry: &Entry, report: &Examined, image_id: &str) -> bool {
    entry.report_id.as_ref() == Some(&report.report_id)
        && entry.image_id.as_deref() == Some(image_id)
}

/// The entries of a report that show a use of the image.
pub fn uses<'e>(report: &'e Examined, image_id: &'e str) -> impl Iterator<Item = &'e Entry> {
    (report.entries.found.iter())
        .filter(move |entry| belongs(entry, report, image_id))
        .filter(|entry| entry.usage_count.is_some_and(|count| count > 0))
}

/// In how many accounts a report shows a use; an entry that names none stands for one.
pub fn accounts(report: &Examined, image_id: &str) -> usize {
    let accounts: HashSet<_> = uses(report, image_id)
        .map(|entry| &entry.account_id)
        .collect();
    accounts.len()
}
