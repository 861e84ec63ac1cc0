//! Which report of each image is counted, and why an image is left out.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::time::{Duration, SystemTime};

use super::options::SummaryOptions;
use crate::aws::Time;
use crate::listing::ListError;
use crate::reports::{CoverageGap, Report, ReportSpec, resource_type};
use crate::verdict::{
    Images, Reason, Source, State, TimeLimits, find, read, reports_by_id, reports_by_image, state,
};

/// A report that is counted.
#[derive(Clone, Debug)]
pub struct CountedReport {
    /// Its image.
    pub image_id: String,
    /// The image's name, if it was read.
    pub name: Option<String>,
    /// Its ID.
    pub report_id: String,
    /// When its creation began.
    pub created: Option<Time>,
    /// What it does not cover, if it was requested by ID.
    pub gaps: Vec<CoverageGap>,
    /// A newer report that would be counted, if this one was requested by ID.
    pub newer: Option<String>,
    /// Whether it does not show what it covers, as a saved document without reports.
    pub is_of_unknown_scope: bool,
    /// Which types of [`resource_type::ALL`] it covers.
    pub(super) covers: [bool; resource_type::ALL.len()],
}

/// An image or a report that is not counted.
#[derive(Clone, Debug)]
pub struct LeftOut {
    /// The image.
    pub image_id: Option<String>,
    /// The image's name.
    pub name: Option<String>,
    /// The report, if it was requested by ID.
    pub report_id: Option<String>,
    /// Why.
    pub reasons: Vec<Reason>,
}

impl LeftOut {
    /// Whether the image or the report is not in this Region.
    pub(super) fn is_absent(&self) -> bool {
        let is_absence = |reason: &Reason| match reason {
            Reason::NotOwned | Reason::ReportNotFound { .. } => true,
            // The service may reject an unknown ID.
            Reason::RequestFailed { problem, .. } => {
                self.report_id.is_some() && problem.contains(".NotFound")
            }
            _ => false,
        };
        self.reasons.iter().all(is_absence)
    }

    pub(super) fn of_report(report: CountedReport, reason: Reason) -> Self {
        Self {
            image_id: Some(report.image_id),
            name: report.name,
            report_id: Some(report.report_id),
            reasons: vec![reason],
        }
    }
}

/// What is counted in a Region, and what is left out.
#[derive(Debug, Default)]
pub(super) struct Selection {
    pub counted: Vec<CountedReport>,
    pub left_out: Vec<LeftOut>,
}

/// Newer reports are greater.
fn age(report: &Report) -> (Option<SystemTime>, &Option<String>) {
    let created = report.creation_time.as_ref().and_then(Time::on_clock);
    (created, &report.report_id)
}

/// Whether the report does not show what it covers.
fn is_of_unknown_scope(report: &Report) -> bool {
    report.resource_types.as_ref().is_none_or(Vec::is_empty)
}

/// What a report does not cover. One that does not show its resource types may cover all.
fn gaps(spec: &ReportSpec, report: &Report) -> Vec<CoverageGap> {
    let mut gaps = spec.gaps_in(report);
    if is_of_unknown_scope(report) {
        gaps.retain(|gap| !matches!(gap, CoverageGap::ResourceType(_)));
    }
    gaps
}

impl CountedReport {
    fn new(report: &Report, image_id: &str, name: Option<String>, gaps: Vec<CoverageGap>) -> Self {
        let is_of_unknown_scope = is_of_unknown_scope(report);
        let covers = |name: &str| {
            let mut types = report.resource_types.iter().flatten();
            is_of_unknown_scope || types.any(|has| has.resource_type.as_deref() == Some(name))
        };
        Self {
            image_id: image_id.to_owned(),
            name,
            report_id: report.report_id.clone().unwrap_or_default(),
            created: report.creation_time,
            gaps,
            newer: None,
            is_of_unknown_scope,
            covers: resource_type::ALL.map(covers),
        }
    }
}

/// Selects the newest covering report of each image.
pub(super) async fn of_images(
    source: &Source,
    options: &SummaryOptions,
    images: &Images,
) -> Result<Selection, ListError> {
    let images = find(source, images, &|_| {}).await?;
    let limits = limits(source);
    let mut selection = Selection::default();
    for image in images {
        let gap = image.not_owned.or(image.reports.gap);
        let newest = match gap {
            Some(gap) => Err(vec![gap]),
            None => newest(options, &image.image_id, &image.reports.found, &limits),
        };
        let name = image.image.name;
        match newest {
            Ok(report) => selection.counted.push(CountedReport::new(
                report,
                &image.image_id,
                name,
                Vec::new(),
            )),
            Err(reasons) => selection.left_out.push(LeftOut {
                image_id: Some(image.image_id),
                name,
                report_id: None,
                reasons,
            }),
        }
    }
    Ok(selection)
}

/// The times that expirations are compared with: the service's time is known after a response.
fn limits(source: &Source) -> TimeLimits {
    let now = source.ec2.now();
    TimeLimits::new(now, now, Duration::ZERO, Duration::ZERO)
}

/// The newest report of an image that is available and covers what is needed, or what is missing in the one that comes
/// closest.
fn newest<'r>(
    options: &SummaryOptions,
    image_id: &str,
    reports: &'r [Report],
    limits: &TimeLimits,
) -> Result<&'r Report, Vec<Reason>> {
    let spec = options.spec(image_id);
    let problems = |report: &Report| {
        let report_id = report.report_id.as_deref().unwrap_or("without an ID");
        let mut problems = Vec::from_iter(state(report, limits).problem(report_id));
        let gaps = gaps(&spec, report);
        if !gaps.is_empty() {
            problems.push(Reason::NotCovered {
                report_id: report_id.to_owned(),
                gaps,
            });
        }
        problems
    };
    let mut newest_first: Vec<&Report> = reports.iter().collect();
    newest_first.sort_by_key(|report| Reverse(age(report)));
    let closest = (newest_first.into_iter())
        .filter(|report| report.report_id.is_some())
        .map(|report| (report, problems(report)))
        .min_by_key(|(_, problems)| problems.len());
    match closest {
        None => Err(vec![Reason::NeverReported]),
        Some((report, problems)) if problems.is_empty() => Ok(report),
        Some((_, problems)) => Err(problems),
    }
}

/// Selects the reports with these IDs; of several of one image the newest.
pub(super) async fn of_ids(
    source: &Source,
    options: &SummaryOptions,
    ids: &[String],
) -> Result<Selection, ListError> {
    let mut lists = read(source, &reports_by_id(), ids.to_vec(), &|_, _| {}).await?;
    let limits = limits(source);
    let mut selection = Selection::default();
    let mut reports: Vec<Report> = Vec::new();
    for report_id in ids {
        let list = lists.remove(report_id);
        let gap = list.as_ref().and_then(|list| list.gap.clone());
        let report = list.and_then(|list| list.found.into_iter().next());
        let problem = match &report {
            _ if gap.is_some() => gap,
            None => Some(Reason::ReportNotFound {
                report_id: report_id.clone(),
            }),
            Some(report) => match state(report, &limits) {
                State::Available if report.image_id.is_none() => Some(Reason::UnexpectedItem {
                    action: "DescribeImageUsageReports",
                }),
                state => state.problem(report_id),
            },
        };
        match (problem, report) {
            (None, Some(report)) => reports.push(report),
            (problem, report) => selection.left_out.push(LeftOut {
                image_id: report.and_then(|report| report.image_id),
                name: None,
                report_id: Some(report_id.clone()),
                reasons: Vec::from_iter(problem),
            }),
        }
    }
    leave_out_older(reports, options, &mut selection);
    name_newer(source, options, &limits, &mut selection).await?;
    Ok(selection)
}

/// Counts the newest report of each image, and leaves out the others.
fn leave_out_older(reports: Vec<Report>, options: &SummaryOptions, selection: &mut Selection) {
    let mut newest: HashMap<Option<String>, Report> = HashMap::new();
    for report in &reports {
        let known = newest
            .entry(report.image_id.clone())
            .or_insert_with(|| report.clone());
        if age(known) < age(report) {
            *known = report.clone();
        }
    }
    for report in reports {
        let newer = &newest[&report.image_id].report_id;
        let image_id = report.image_id.clone().unwrap_or_default();
        let gaps = gaps(&options.spec(&image_id), &report);
        let counted = CountedReport::new(&report, &image_id, None, gaps);
        if *newer == report.report_id {
            selection.counted.push(counted);
        } else {
            let reason = Reason::Superseded {
                report_id: counted.report_id.clone(),
                newer: newer.clone().unwrap_or_default(),
            };
            selection.left_out.push(LeftOut::of_report(counted, reason));
        }
    }
}

/// Finds the newer reports that would be counted if the images were requested. Their absence proves nothing.
async fn name_newer(
    source: &Source,
    options: &SummaryOptions,
    limits: &TimeLimits,
    selection: &mut Selection,
) -> Result<(), ListError> {
    let image_ids = (selection.counted.iter()).map(|report| report.image_id.clone());
    let lists = read(source, &reports_by_image(), image_ids.collect(), &|_, _| {}).await?;
    for counted in &mut selection.counted {
        let Some(list) = lists.get(&counted.image_id) else {
            continue;
        };
        let newest = newest(options, &counted.image_id, &list.found, limits).ok();
        let newest = newest.and_then(|report| Some((report.creation_time?, &report.report_id)));
        if let Some((time, Some(report_id))) = newest
            && time.on_clock() > counted.created.as_ref().and_then(Time::on_clock)
        {
            counted.newer = Some(report_id.clone());
        }
    }
    Ok(())
}
