//! An image while its evidence is gathered: its reports, which of them do, and which are to be read.

use std::time::{Instant, SystemTime};

use super::check::CheckOptions;
use super::evidence::{Evidence, Examined, Reading, State, Window};
use super::read::Readings;
use super::reason::Reason;
use super::requests::not_told;
use crate::aws::{Ec2, Time};
use crate::entries::Entry;
use crate::images::Reference;
use crate::reports::{Report, ReportSpec, ResourceType, ResourceTypeOption};

/// An image that is asked for.
pub(super) struct ImageUnderCheck {
    pub image_id: String,
    pub name: Option<String>,
    pub not_owned: Option<Reason>,
    pub reports: Reading<Report>,
    pub blockers: Vec<Reason>,
}

impl CheckOptions {
    /// When a report may have been created, for a run that `began` then.
    pub(super) fn window(&self, began: Instant, ec2: &Ec2) -> Window {
        let now = ec2.now();
        let start = now.checked_sub(began.elapsed()).unwrap_or(now);
        Window::new(start, self.max_report_age, now)
    }

    /// The report that covers the question for an image: all accounts, both resource types, so many versions.
    pub(super) fn order(&self, image_id: &str) -> ReportSpec {
        let mut templates = ResourceType::named("ec2:LaunchTemplate");
        templates.resource_type_options = self.version_depth.map(|depth| {
            vec![ResourceTypeOption {
                option_name: Some("version-depth".to_owned()),
                option_values: Some(vec![depth.to_string()]),
            }]
        });
        ReportSpec {
            image_id: image_id.to_owned(),
            resource_types: vec![ResourceType::named("ec2:Instance"), templates],
            ..ReportSpec::default()
        }
    }
}

impl ImageUnderCheck {
    pub fn new(image_id: String) -> Self {
        Self {
            image_id,
            name: None,
            not_owned: None,
            reports: Reading::none(not_told("DescribeImageUsageReports")),
            blockers: Vec::new(),
        }
    }

    /// Its reports of the present that cover the question.
    pub fn covering(&self, asked: &CheckOptions, window: &Window) -> impl Iterator<Item = &Report> {
        let order = asked.order(&self.image_id);
        (self.reports.found.iter())
            .filter(move |report| order.is_covered_by(report) && is_present(report, window))
    }

    /// Whether there is neither a report that does nor one that will.
    pub fn lacks_report(&self, asked: &CheckOptions, window: &Window) -> bool {
        let will_do = |report: &Report| is_readable(report, window.now) || report.is_pending();
        self.not_owned.is_none()
            && self.reports.gap.is_none()
            && !self.covering(asked, window).any(will_do)
    }

    /// The report to wait for: one that is being made, when none is available.
    pub fn pending_report(&self, asked: &CheckOptions, window: &Window) -> Option<String> {
        if (self.covering(asked, window)).any(|report| is_readable(report, window.now)) {
            return None;
        }
        let mut pending = self
            .covering(asked, window)
            .filter(|report| report.is_pending());
        pending.next().and_then(|report| report.report_id.clone())
    }

    /// The reports to read: those of the present, which may show a use whatever they cover; without one that covers the
    /// question the newest, for what it tells.
    pub fn to_be_read(&self, asked: &CheckOptions, window: &Window) -> Vec<String> {
        let available = || (self.reports.found.iter()).filter(|report| report.is_available());
        let mut wanted: Vec<&Report> = available()
            .filter(|report| is_present(report, window))
            .collect();
        if !(self.covering(asked, window)).any(|report| is_readable(report, window.now)) {
            let created = |report: &&Report| report.creation_time.as_ref().and_then(Time::on_clock);
            let newest = available().max_by_key(created);
            wanted.extend(newest.filter(|newest| !is_present(newest, window)));
        }
        (wanted.into_iter())
            .filter_map(|report| report.report_id.clone())
            .collect()
    }

    /// Takes note of a report as it is now.
    pub fn update(&mut self, report: Report) {
        let reports = &mut self.reports.found;
        reports.retain(|known| known.report_id != report.report_id);
        reports.push(report);
    }

    /// Takes note that a report is no more.
    pub fn gone(&mut self, report_id: String) {
        let reports = &mut self.reports.found;
        reports.retain(|known| known.report_id.as_ref() != Some(&report_id));
        self.blockers.push(Reason::ReportVanished { report_id });
    }

    pub fn evidence(
        self,
        asked: &CheckOptions,
        window: &Window,
        entries: &mut Readings<Entry>,
        references: &mut Readings<Reference>,
    ) -> Evidence {
        let order = asked.order(&self.image_id);
        let mut reports = Reading {
            found: Vec::new(),
            gap: self.reports.gap,
        };
        for report in self.reports.found {
            let narrower = order.left_out_by(&report);
            let is_readable = is_readable(&report, window.now);
            let Some(report_id) = report.report_id else {
                reports.gap = Some(not_told("DescribeImageUsageReports"));
                continue;
            };
            let created = report.creation_time.as_ref().and_then(Time::on_clock);
            let state = match report.state.as_deref() {
                Some("available") if is_readable => State::Available,
                Some("available") => State::Expired,
                Some("pending") => State::Pending,
                Some("error" | "failed") => State::Error(report.state_reason),
                _ => State::Other(report.state),
            };
            let mut known = reports.found.iter();
            if let Some(known) = known.find(|known: &&Examined| known.report_id == report_id) {
                // Listed twice, as may come of a list that changes while it is read.
                let same =
                    known.state == state && known.created == created && known.narrower == narrower;
                if !same {
                    reports.gap.get_or_insert(Reason::NotAnswered {
                        action: "DescribeImageUsageReports",
                        problem: format!("it tells of {report_id} twice, and not the same"),
                    });
                }
                continue;
            }
            let unread = || Reading::none(not_told("DescribeImageUsageReportEntries"));
            reports.found.push(Examined {
                state,
                created,
                narrower,
                entries: entries.remove(&report_id).unwrap_or_else(unread),
                report_id,
            });
        }
        let unread = || Reading::none(not_told("DescribeImageReferences"));
        Evidence {
            references: references.remove(&self.image_id).unwrap_or_else(unread),
            image_id: self.image_id,
            name: self.name,
            not_owned: self.not_owned,
            reports,
            blockers: self.blockers,
        }
    }
}

/// Whether its entries are there to be read. Past its end the service deletes them, which looks like no use.
fn is_readable(report: &Report, now: SystemTime) -> bool {
    let end = report.expiration_time.as_ref().and_then(Time::on_clock);
    report.is_available() && end.is_none_or(|end| now < end)
}

fn is_present(report: &Report, window: &Window) -> bool {
    let created = report.creation_time.as_ref().and_then(Time::on_clock);
    created.is_some_and(|created| window.holds(created))
}
