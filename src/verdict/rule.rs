//! The rule: from evidence to a verdict. It fails closed.
//!
//! *Unused* needs all of these: the account owns the image; the list of its reports is complete; one report covers what is
//! needed, is recent and available, and its entries are complete; no entry of any recent report counts a use, and each
//! entry has a count and belongs to its report and image; the list of the owner's references is complete and empty; the
//! launch permissions are complete, if requested; the image is not too young.
//! *In use* needs one use: an entry of a recent report with a count above zero, a reference, a recent launch, or a recent
//! report whose entries change. Everything else is *unknown*.

use std::cmp::Reverse;
use std::collections::HashSet;

use super::evidence::{Evidence, ReportEvidence, State, TimeLimits};
use super::reason::Reason;
use crate::aws::Time;
use crate::entries::Entry;
use crate::images::Image;

/// Whether an image can be retired.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[cfg_attr(test, schemars(rename_all = "kebab-case"))]
pub enum Verdict {
    /// It is used.
    InUse,
    /// There is proof that the service sees no use.
    Unused,
    /// There is no proof of either.
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

/// A verdict and its grounds.
#[derive(Clone, Debug)]
pub struct Judgment<'e> {
    /// The verdict.
    pub verdict: Verdict,
    /// Why: first what decides, then what is missing. There is always one.
    pub reasons: Vec<Reason>,
    /// The most relevant report.
    pub report: Option<&'e ReportEvidence>,
}

/// Judges an image.
pub fn judge<'e>(evidence: &'e Evidence, limits: &TimeLimits) -> Judgment<'e> {
    let image_id = evidence.image_id.as_str();
    let mut reports: Vec<&ReportEvidence> = evidence.reports.found.iter().collect();
    // Newest first, then by ID.
    reports.sort_by_key(|report| Reverse((report.created, &report.report_id)));
    let is_recent = |report: &&&ReportEvidence| {
        (report.created).is_some_and(|created| limits.is_recent(created, report.is_new))
    };
    let recent: Vec<&ReportEvidence> = reports.iter().filter(is_recent).copied().collect();
    let find = |holds: &dyn Fn(&ReportEvidence) -> bool| {
        (recent.iter().copied()).find(|report| holds(report))
    };
    let covering = find(&|report| coverage_problems(report, image_id, limits).is_empty());
    let in_use = find(&|report| accounts(report, image_id) > 0);

    let mut uses = Vec::new();
    uses.extend(in_use.map(|report| {
        Reason::UsedByAccounts {
            report_id: report.report_id.clone(),
            accounts: accounts(report, image_id),
            newer_shows_none: covering
                .is_some_and(|newer| newer.created > report.created && newer.entries.gap.is_none()),
        }
    }));
    let changed = recent.iter().filter(|report| report.has_changed);
    uses.extend(changed.map(|report| Reason::ReportChanged {
        report_id: report.report_id.clone(),
    }));
    uses.extend(match own_references(evidence) {
        0 => None,
        references => Some(Reason::ReferencedByOwner { references }),
    });
    let activity = activity(&evidence.image, limits);
    uses.extend(activity.iter().filter(|reason| reason.is_use()).cloned());

    let mut gaps = Vec::new();
    gaps.extend(evidence.reports.gap.clone());
    if covering.is_none() {
        gaps.extend(evidence.blockers.iter().cloned());
        // Report what is missing in the report that comes closest.
        let problems = (reports.iter()).map(|report| coverage_problems(report, image_id, limits));
        gaps.extend(problems.min_by_key(Vec::len).unwrap_or_default());
    }
    gaps.extend(list_problems(evidence, &recent));
    if uses.is_empty() {
        gaps.extend(activity);
    }
    if let Some(reason) = &evidence.not_owned {
        // All other gaps follow from it.
        gaps = vec![reason.clone()];
    }
    let mut known = HashSet::new();
    gaps.retain(|gap| known.insert(gap.clone()));

    let (verdict, reasons) = decide(evidence, uses, gaps, covering.is_some());
    Judgment {
        verdict,
        reasons,
        report: in_use.or(covering).or(reports.first().copied()),
    }
}

/// The verdict that uses, gaps and the coverage lead to, with its reasons.
fn decide(
    evidence: &Evidence,
    uses: Vec<Reason>,
    gaps: Vec<Reason>,
    is_covered: bool,
) -> (Verdict, Vec<Reason>) {
    match (uses.is_empty(), gaps.is_empty(), is_covered) {
        (false, ..) => (Verdict::InUse, [uses, gaps].concat()),
        (true, true, true) => {
            let omitted_types = evidence.omitted_types();
            (Verdict::Unused, vec![Reason::NoUseFound { omitted_types }])
        }
        (true, true, false) => (Verdict::Unknown, vec![Reason::NoReport]),
        (true, false, _) => (Verdict::Unknown, gaps),
    }
}

/// The number of the owner's references to the image.
fn own_references(evidence: &Evidence) -> usize {
    let image_id = Some(evidence.image_id.as_str());
    (evidence.references.found.iter())
        .filter(|reference| reference.image_id.as_deref() == image_id)
        .count()
}

/// What is missing in the lists of entries of recent reports, of references, and of launch permissions.
fn list_problems(evidence: &Evidence, recent: &[&ReportEvidence]) -> Vec<Reason> {
    let mut problems = Vec::new();
    let available = recent
        .iter()
        .filter(|report| report.state == State::Available);
    problems.extend(available.flat_map(|report| entry_problems(report, &evidence.image_id)));
    problems.extend(evidence.references.gap.clone());
    let permissions = evidence.launch_permissions.as_ref();
    problems.extend(permissions.and_then(|list| list.gap.clone()));
    if own_references(evidence) < evidence.references.found.len() {
        problems.push(Reason::UnexpectedItem {
            action: "DescribeImageReferences",
        });
    }
    problems
}

/// What the image's own times show against *unused*.
fn activity(image: &Image, limits: &TimeLimits) -> Vec<Reason> {
    let Some(idle_since) = limits.idle_since else {
        return Vec::new();
    };
    let parse = |text: &String| Time::parse(text).as_ref().and_then(Time::on_clock);
    let mut reasons = Vec::new();
    if let Some(text) = &image.last_launched_time {
        match parse(text) {
            Some(time) if time < idle_since => {}
            Some(_) => reasons.push(Reason::LaunchedRecently { time: text.clone() }),
            None => reasons.push(Reason::InvalidImageTime {
                member: "LastLaunchedTime",
            }),
        }
    }
    match image.creation_date.as_ref().map(|text| (text, parse(text))) {
        Some((_, Some(time))) if time < idle_since => {}
        Some((text, Some(_))) => reasons.push(Reason::TooYoung { time: text.clone() }),
        _ => reasons.push(Reason::InvalidImageTime {
            member: "CreationDate",
        }),
    }
    reasons
}

/// Why a report does not cover what is needed.
fn coverage_problems(report: &ReportEvidence, image_id: &str, limits: &TimeLimits) -> Vec<Reason> {
    let report_id = report.report_id.clone();
    let mut problems = Vec::from_iter(report.state.problem(&report_id));
    if !report.gaps.is_empty() {
        problems.push(Reason::NotCovered {
            report_id: report_id.clone(),
            gaps: report.gaps.clone(),
        });
    }
    match report.created {
        Some(created) if limits.is_recent(created, report.is_new) => {}
        Some(created) if limits.is_too_old(created, report.is_new) => {
            problems.push(Reason::ReportTooOld {
                accounts: accounts(report, image_id),
                report_id,
            });
        }
        _ => problems.push(Reason::InvalidReportTime { report_id }),
    }
    problems
}

/// What is wrong with the entries of a report.
fn entry_problems(report: &ReportEvidence, image_id: &str) -> Vec<Reason> {
    let mut problems = Vec::new();
    problems.extend(report.entries.gap.clone());
    for entry in &report.entries.found {
        if !belongs(entry, report, image_id) {
            problems.push(Reason::UnexpectedItem {
                action: "DescribeImageUsageReportEntries",
            });
        }
        if entry.usage_count.is_none_or(|count| count < 0) {
            problems.push(Reason::InvalidUsageCount {
                report_id: report.report_id.clone(),
                account_id: entry.account_id.clone(),
            });
        }
    }
    problems
}

fn belongs(entry: &Entry, report: &ReportEvidence, image_id: &str) -> bool {
    entry.report_id.as_ref() == Some(&report.report_id)
        && entry.image_id.as_deref() == Some(image_id)
}

/// The entries of a report that show a use of the image.
pub fn uses<'e>(report: &'e ReportEvidence, image_id: &'e str) -> impl Iterator<Item = &'e Entry> {
    (report.entries.found.iter())
        .filter(move |entry| belongs(entry, report, image_id))
        .filter(|entry| entry.usage_count.is_some_and(|count| count > 0))
}

/// The number of accounts in which a report shows a use. Entries without an account count as one.
pub fn accounts(report: &ReportEvidence, image_id: &str) -> usize {
    let accounts: HashSet<_> = uses(report, image_id)
        .map(|entry| &entry.account_id)
        .collect();
    accounts.len()
}
