//! An image while its evidence is gathered: its reports, which of them count, and which to read.

use super::evidence::{Evidence, PartialList, ReportEvidence, State, TimeLimits};
use super::lists::missing_item;
use super::options::CheckOptions;
use super::reason::Reason;
use super::uses::Uses;
use crate::aws::Time;
use crate::images::Image;
use crate::reports::Report;

/// An image to check.
pub(crate) struct ImageUnderCheck {
    pub image_id: String,
    /// The image as the service describes it, if it does.
    pub image: Image,
    pub not_owned: Option<Reason>,
    pub reports: PartialList<Report>,
    /// The reports that this run created and that are available.
    pub created: Vec<String>,
    pub blockers: Vec<Reason>,
}

impl ImageUnderCheck {
    pub fn new(image_id: String) -> Self {
        Self {
            image_id,
            image: Image::default(),
            not_owned: None,
            reports: PartialList::none(missing_item("DescribeImageUsageReports")),
            created: Vec::new(),
            blockers: Vec::new(),
        }
    }

    /// Its recent reports that cover what is needed.
    pub fn covering(
        &self,
        options: &CheckOptions,
        limits: &TimeLimits,
    ) -> impl Iterator<Item = &Report> {
        let spec = options.spec(&self.image_id);
        (self.reports.found.iter())
            .filter(move |report| spec.is_covered_by(report) && self.is_recent(report, limits))
    }

    fn is_recent(&self, report: &Report, limits: &TimeLimits) -> bool {
        let created = report.creation_time.as_ref().and_then(Time::on_clock);
        created.is_some_and(|created| limits.is_recent(created, self.has_created(report)))
    }

    /// Whether this run created the report.
    fn has_created(&self, report: &Report) -> bool {
        let mut created = self.created.iter();
        created.any(|id| report.report_id.as_ref() == Some(id))
    }

    /// Whether a report must be created: none that covers is available or pending, or some may not be listed.
    pub fn needs_report(&self, options: &CheckOptions, limits: &TimeLimits) -> bool {
        let is_usable = |report: &Report| is_readable(report, limits) || report.is_pending();
        self.not_owned.is_none()
            && match self.reports.gap {
                None => !self.covering(options, limits).any(is_usable),
                Some(Reason::ListMissing { .. }) => true,
                Some(_) => false,
            }
    }

    /// Ignores a missing list of reports: a new report shows all that they could show.
    pub fn ignore_missing_list(&mut self) {
        (self.reports.gap).take_if(|gap| matches!(gap, Reason::ListMissing { .. }));
    }

    /// The pending report to wait for, when none that covers is available.
    pub fn pending_report(&self, options: &CheckOptions, limits: &TimeLimits) -> Option<String> {
        if (self.covering(options, limits)).any(|report| is_readable(report, limits)) {
            return None;
        }
        let mut pending = self
            .covering(options, limits)
            .filter(|report| report.is_pending());
        pending.next().and_then(|report| report.report_id.clone())
    }

    /// The reports to read: recent ones, which may show a use whatever they cover; and if none of them covers, the newest
    /// one, as a lead.
    pub fn reports_to_read(&self, options: &CheckOptions, limits: &TimeLimits) -> Vec<String> {
        let available = || (self.reports.found.iter()).filter(|report| report.is_available());
        let mut wanted: Vec<&Report> = available()
            .filter(|report| self.is_recent(report, limits))
            .collect();
        if !(self.covering(options, limits)).any(|report| is_readable(report, limits)) {
            let created = |report: &&Report| report.creation_time.as_ref().and_then(Time::on_clock);
            let newest = available().max_by_key(created);
            wanted.extend(newest.filter(|newest| !self.is_recent(newest, limits)));
        }
        (wanted.into_iter())
            .filter_map(|report| report.report_id.clone())
            .collect()
    }

    /// Replaces a report by its current description.
    pub fn update(&mut self, report: Report) {
        let reports = &mut self.reports.found;
        reports.retain(|known| known.report_id != report.report_id);
        reports.push(report);
    }

    /// Removes a report that was deleted.
    pub fn remove_report(&mut self, report_id: String) {
        let reports = &mut self.reports.found;
        reports.retain(|known| known.report_id.as_ref() != Some(&report_id));
        self.blockers.push(Reason::ReportDeleted { report_id });
    }

    /// The evidence about the image, with what was read of its reports and references.
    pub(super) fn evidence(
        self,
        options: &CheckOptions,
        limits: &TimeLimits,
        uses: &mut Uses,
    ) -> Evidence {
        let spec = options.spec(&self.image_id);
        let mut reports = PartialList {
            found: Vec::new(),
            gap: self.reports.gap.clone(),
        };
        for report in &self.reports.found {
            let gaps = spec.gaps_in(report);
            let state = state(report, limits);
            let created = report.creation_time.as_ref().and_then(Time::on_clock);
            let Some(report_id) = report.report_id.clone() else {
                reports.gap = Some(missing_item("DescribeImageUsageReports"));
                continue;
            };
            let mut known = reports.found.iter();
            if let Some(known) = known.find(|known: &&ReportEvidence| known.report_id == report_id)
            {
                // A list that changes while it is read may have an item twice.
                if known.state != state || known.created != created || known.gaps != gaps {
                    reports.gap.get_or_insert(Reason::RequestFailed {
                        action: "DescribeImageUsageReports",
                        problem: format!("it returned two different descriptions of {report_id}"),
                    });
                }
                continue;
            }
            let unread = || PartialList::none(missing_item("DescribeImageUsageReportEntries"));
            reports.found.push(ReportEvidence {
                state,
                created,
                gaps,
                entries: uses.entries.remove(&report_id).unwrap_or_else(unread),
                has_changed: uses.changed.contains(&report_id),
                is_new: self.has_created(report),
                report_id,
            });
        }
        let unread = || PartialList::none(missing_item("DescribeImageReferences"));
        Evidence {
            references: (uses.references.remove(&self.image_id)).unwrap_or_else(unread),
            launch_permissions: uses.launch_permissions.remove(&self.image_id),
            not_checked: options.not_checked(),
            image_id: self.image_id,
            image: self.image,
            not_owned: self.not_owned,
            reports,
            blockers: self.blockers,
        }
    }
}

/// The IDs of those images that may have reports and references.
pub(super) fn owned_ids(images: &[ImageUnderCheck]) -> Vec<String> {
    (images.iter())
        .filter(|image| image.not_owned.is_none())
        .map(|image| image.image_id.clone())
        .collect()
}

/// The state of a report at the time of `limits`.
pub(crate) fn state(report: &Report, limits: &TimeLimits) -> State {
    match report.state.as_deref() {
        Some("available") if is_readable(report, limits) => State::Available,
        Some("available") => State::Expired,
        Some("pending") => State::Pending,
        Some("error" | "failed") => State::Error(report.state_reason.clone()),
        _ => State::Other(report.state.clone()),
    }
}

/// Whether its entries can be read. After its expiration the service deletes them, which looks like no use.
fn is_readable(report: &Report, limits: &TimeLimits) -> bool {
    let end = report.expiration_time.as_ref().and_then(Time::on_clock);
    report.is_available() && end.is_none_or(|end| !limits.may_have_passed(end))
}
