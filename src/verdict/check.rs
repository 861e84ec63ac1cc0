//! Gathers the evidence: finds the images, their reports, the entries of these, and the owner's own references.
//!
//! What it creates, a later run finds: a run that was interrupted is simply made again.

use std::cell::{Cell, RefCell};
use std::collections::HashSet;
use std::iter::Sum;
use std::time::{Duration, Instant, SystemTime};

use super::evidence::{Evidence, Examined, Reading, State, Window};
use super::read::{By, Readings, Source, is_denied, read, refused, stops_the_run};
use super::reason::Reason;
use super::row::{PlannedCall, Row};
use crate::aws::Time;
use crate::entries::{DescribeEntries, Entry};
use crate::images::{self, DescribeImageReferences, DescribeImages, Image, Reference};
use crate::listing::{ListingError, Question, Request};
use crate::reports::{
    Created, Creation, DescribeReports, Order, Report, ResourceType, ResourceTypeOption, Waited,
    create, wait,
};

/// How often reports are created: a second time when a pending report of the image, which does not do, kept the first
/// one from being created.
const ROUNDS: usize = 2;

/// How many of a launch template's newest versions a report looks at, unless told otherwise.
const USUAL_DEPTH: u32 = 20;

/// What is asked.
#[derive(Clone, Debug)]
pub struct Asked {
    /// About which images.
    pub images: Images,
    /// How many of a launch template's newest versions are looked at; the service's 20 when absent.
    pub version_depth: Option<u32>,
    /// How old a report may be.
    pub max_report_age: Duration,
    /// Whether reports may be created.
    pub create: bool,
    /// How long to wait for reports, in all; without end when absent.
    pub timeout: Option<Duration>,
}

/// Which images.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Images {
    /// These, in this order.
    These(Vec<String>),
    /// All that the account owns and that have one of these names, with wildcards; of any name when there are none.
    Owned {
        /// The patterns.
        names: Vec<String>,
    },
}

/// How far a check is, or several.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// How many images there are to be judged.
    pub images: usize,
    /// How many reports are to be created, and how many were.
    pub ordered: usize,
    /// How many reports were created or adopted.
    pub created: usize,
    /// How many reports are waited for.
    pub pending: usize,
    /// How many reports were read.
    pub read: usize,
    /// How many images were looked up for references.
    pub referenced: usize,
    /// How many images have a use so far.
    pub in_use: usize,
}

impl Sum for Tally {
    fn sum<I: Iterator<Item = Self>>(tallies: I) -> Self {
        tallies.fold(Self::default(), |sum, one| Self {
            images: sum.images + one.images,
            ordered: sum.ordered + one.ordered,
            created: sum.created + one.created,
            pending: sum.pending + one.pending,
            read: sum.read + one.read,
            referenced: sum.referenced + one.referenced,
            in_use: sum.in_use + one.in_use,
        })
    }
}

/// Says how far a check is.
struct Watch<'a> {
    tally: Cell<Tally>,
    tell: &'a dyn Fn(Tally),
}

impl Watch<'_> {
    fn update(&self, change: impl FnOnce(&mut Tally)) {
        let mut tally = self.tally.get();
        change(&mut tally);
        self.tally.set(tally);
        (self.tell)(tally);
    }
}

/// What an image's place in the answer is.
struct Subject {
    image_id: String,
    name: Option<String>,
    not_owned: Option<Reason>,
    reports: Reading<Report>,
    obstacles: Vec<Reason>,
}

/// Judges the images that are asked for: those that were named, in their order, or those that are owned, in the order
/// of their names. `tell` hears how far it is.
///
/// Dropped before its end, this sends nothing more.
///
/// # Errors
/// What stands in the way of every request, or of a list of what is owned. Anything else makes images *unknown*.
pub async fn check(
    source: &Source,
    asked: &Asked,
    tell: &dyn Fn(Tally),
) -> Result<Vec<Row>, ListingError> {
    let began = SystemTime::now();
    let watch = Watch {
        tally: Cell::default(),
        tell,
    };
    let mut subjects = find(source, asked, &watch).await?;
    have_reports(source, asked, began, &mut subjects, &watch).await?;

    let window = asked.window(began);
    let wanted = (subjects.iter())
        .flat_map(|subject| subject.to_be_read(asked, &window))
        .collect();
    let images = owned(&subjects);
    let used = RefCell::new(HashSet::new());
    let seen = |reports, referenced, in_use: &mut dyn Iterator<Item = Option<String>>| {
        used.borrow_mut().extend(in_use.flatten());
        watch.update(|tally| {
            tally.read += reports;
            tally.referenced += referenced;
            tally.in_use = used.borrow().len();
        });
    };
    let entries_seen = |reports, entries: &[Entry]| {
        let mut in_use = (entries.iter())
            .filter(|entry| entry.usage_count > Some(0))
            .map(|entry| entry.image_id.clone());
        seen(reports, 0, &mut in_use);
    };
    let references_seen = |images, references: &[Reference]| {
        let mut in_use = references.iter().map(|item| item.image_id.clone());
        seen(0, images, &mut in_use);
    };
    let by_report = entries_by_report();
    let by_image = references_by_image(asked.version_depth.unwrap_or(USUAL_DEPTH));
    let (entries, references) = tokio::join!(
        read(source, &by_report, wanted, &entries_seen),
        read(source, &by_image, images, &references_seen),
    );
    let (mut entries, mut references) = (entries?, references?);
    confirm(source, &mut entries).await?;

    let window = asked.window(began);
    Ok((subjects.into_iter())
        .map(|subject| {
            let evidence = subject.evidence(asked, &mut entries, &mut references);
            Row::new(&evidence, &window)
        })
        .collect())
}

/// The calls that a check would make from now on, each list being of one page at least. Only what they rest on is asked
/// for: the images and their reports.
///
/// # Errors
/// As for [`check`].
pub async fn planned_calls(
    source: &Source,
    asked: &Asked,
) -> Result<Vec<PlannedCall>, ListingError> {
    let watch = Watch {
        tally: Cell::default(),
        tell: &|_| {},
    };
    let subjects = find(source, asked, &watch).await?;
    let window = asked.window(SystemTime::now());
    let mut calls: Vec<PlannedCall> = (subjects.iter())
        .filter(|subject| asked.create && subject.lacks_report(asked, &window))
        .map(|subject| PlannedCall {
            action: "CreateImageUsageReport",
            image_id: Some(subject.image_id.clone()),
            requests: 1,
        })
        .collect();
    let pending = (subjects.iter())
        .filter(|subject| subject.pending_report(asked, &window).is_some())
        .count();
    let created = calls.len();
    let available = (subjects.iter())
        .map(|subject| subject.to_be_read(asked, &window).len())
        .sum::<usize>();
    let reports = vec![String::new(); created + pending + available];
    let images = owned(&subjects);
    let mut add = |action, requests: usize| {
        calls.extend((requests > 0).then(|| PlannedCall {
            action,
            image_id: None,
            requests: i64::try_from(requests).unwrap_or(i64::MAX),
        }));
    };
    let wait = reports_by_id();
    let parts = |by: &By<DescribeReports>, count: usize| match count {
        0 => 0,
        count => (by.ask)(reports[..count].to_vec()).parts().len(),
    };
    add(wait.action, parts(&wait, created + pending));
    let entries = entries_by_report();
    if !reports.is_empty() {
        add(entries.action, (entries.ask)(reports.clone()).parts().len());
    }
    let references = references_by_image(asked.version_depth.unwrap_or(USUAL_DEPTH));
    add(references.action, (references.ask)(images).parts().len());
    Ok(calls)
}

/// The images, with the reports that there are.
async fn find(
    source: &Source,
    asked: &Asked,
    watch: &Watch<'_>,
) -> Result<Vec<Subject>, ListingError> {
    let mut subjects = match &asked.images {
        Images::These(ids) => named(source, ids).await?,
        Images::Owned { names } => all_owned(source, names).await?,
    };
    watch.update(|tally| tally.images = subjects.len());
    let mut reports = read(source, &reports_by_image(), owned(&subjects), &|_, _| {}).await?;
    for subject in &mut subjects {
        if let Some(reading) = reports.remove(&subject.image_id) {
            subject.reports = reading;
        }
    }
    Ok(subjects)
}

/// The IDs of those images that may have reports and references.
fn owned(subjects: &[Subject]) -> Vec<String> {
    (subjects.iter())
        .filter(|subject| subject.not_owned.is_none())
        .map(|subject| subject.image_id.clone())
        .collect()
}

/// The images with these IDs, whether or not the account owns them.
async fn named(source: &Source, ids: &[String]) -> Result<Vec<Subject>, ListingError> {
    let by = By {
        action: "DescribeImages",
        ask: Box::new(|image_ids| DescribeImages {
            image_ids,
            ..DescribeImages::default()
        }),
        ids: |question: &DescribeImages| &question.image_ids,
        id: |image| image.image_id.as_deref(),
    };
    let mut images = read(source, &by, ids.to_vec(), &|_, _| {}).await?;
    Ok((ids.iter())
        .map(|id| {
            let unread = || Reading::none(not_told("DescribeImages"));
            let reading = images.remove(id).unwrap_or_else(unread);
            let found = reading.found.into_iter().next();
            let not_owned = match (&found, reading.gap) {
                (_, Some(gap)) => Some(gap),
                (None, None) => Some(Reason::NotOwned),
                (Some(_), None) => None,
            };
            Subject {
                name: found.and_then(|image| image.name),
                not_owned,
                ..Subject::new(id.clone())
            }
        })
        .collect())
}

/// The images that the account owns, in the order of their names.
async fn all_owned(source: &Source, names: &[String]) -> Result<Vec<Subject>, ListingError> {
    let question = DescribeImages {
        names: names.to_vec(),
        ..DescribeImages::default()
    };
    let mut images: Vec<Image> = images::owned(&source.ec2, question, source.concurrency).await?;
    images.sort_by(|one, other| (&one.name, &one.image_id).cmp(&(&other.name, &other.image_id)));
    images.dedup();
    Ok((images.into_iter())
        .map(|image| Subject {
            name: image.name,
            ..Subject::new(image.image_id.unwrap_or_default())
        })
        .collect())
}

/// Sees to it that each image has a report that covers the question, as far as that can be had.
async fn have_reports(
    source: &Source,
    asked: &Asked,
    began: SystemTime,
    subjects: &mut [Subject],
    watch: &Watch<'_>,
) -> Result<(), ListingError> {
    let deadline = asked.timeout.map(|timeout| Instant::now() + timeout);
    let left = || deadline.map(|end| end.saturating_duration_since(Instant::now()));
    let window = asked.window(began);
    let mut waiting: Vec<(usize, String)> = (subjects.iter().enumerate())
        .filter_map(|(at, subject)| Some((at, subject.pending_report(asked, &window)?)))
        .collect();
    let mut lacking: Vec<usize> = (0..subjects.len())
        .filter(|&at| subjects[at].lacks_report(asked, &window))
        .collect();
    if !asked.create {
        for at in lacking.drain(..) {
            subjects[at].obstacles.push(Reason::NoReport);
        }
    }
    for _ in 0..ROUNDS {
        let adopted = waiting.len();
        watch.update(|tally| {
            tally.created += adopted;
            tally.ordered = lacking.len();
        });
        let created = create_all(source, asked, subjects, &lacking, left(), watch).await;
        for (&at, created) in lacking.iter().zip(created) {
            let subject = &mut subjects[at];
            match created {
                Created::New { report_id } => waiting.push((at, report_id)),
                Created::Adopted(report) | Created::Blocked { report, .. } => {
                    match report.report_id {
                        Some(report_id) => waiting.push((at, report_id)),
                        None => subject
                            .obstacles
                            .push(not_told("DescribeImageUsageReports")),
                    }
                }
                Created::Failed(failure) => {
                    // A code is about this image, or about the next request too.
                    if failure.code().is_none() && stops_the_run(&failure) {
                        return Err(failure.into());
                    }
                    let reason = refused("CreateImageUsageReport", &failure);
                    subject.obstacles.push(reason);
                }
            }
        }

        watch.update(|tally| tally.pending = waiting.len());
        let ids = waiting.iter().map(|(_, id)| id.clone()).collect();
        let waited = wait(&source.ec2, ids, left(), |_, _| {
            watch.update(|tally| tally.pending -= 1);
        })
        .await;
        let mut available = HashSet::new();
        for ((at, report_id), waited) in waiting.drain(..).zip(waited) {
            let subject = &mut subjects[at];
            match waited {
                Waited::Available(report) => {
                    available.insert(at);
                    subject.update(report);
                }
                Waited::Error(report) => subject.update(report),
                Waited::Vanished => subject.gone(report_id),
                Waited::TimedOut(_) => {
                    (subject.obstacles).push(Reason::ReportPending { report_id });
                }
                Waited::Failed(failure) if stops_the_run(&failure) => return Err(failure.into()),
                Waited::Failed(failure) => {
                    let reason = refused("DescribeImageUsageReports", &failure);
                    subject.obstacles.push(reason);
                }
            }
        }
        // A pending report that does not do, and is pending no more, makes way for one that does.
        let window = asked.window(began);
        lacking.retain(|&at| available.contains(&at) && subjects[at].lacks_report(asked, &window));
        if lacking.is_empty() || left() == Some(Duration::ZERO) {
            break;
        }
    }
    Ok(())
}

/// Creates the reports that are lacking, and tells what became of each.
async fn create_all(
    source: &Source,
    asked: &Asked,
    subjects: &[Subject],
    lacking: &[usize],
    timeout: Option<Duration>,
    watch: &Watch<'_>,
) -> Vec<Created> {
    let mut orders: Vec<Order> = (lacking.iter())
        .map(|&at| asked.order(&subjects[at].image_id))
        .collect();
    let told = |creation: Creation<'_>| {
        if let Creation::Done { created, .. } = creation {
            let done = usize::from(created.report_id().is_some());
            watch.update(|tally| {
                tally.ordered -= 1;
                tally.created += done;
            });
        }
    };
    if orders.is_empty() {
        return Vec::new();
    }
    // The first one tells whether reports may be created at all.
    let others = orders.split_off(1);
    let mut created = create(&source.ec2, orders, timeout, told).await;
    match &created[0] {
        Created::Failed(failure) if is_denied(failure) || failure.code().is_none() => {
            let refusal = created[0].clone();
            created.resize(lacking.len(), refusal);
        }
        _ => created.extend(create(&source.ec2, others, timeout, told).await),
    }
    created
}

/// Asks once more for the reports that show no use: one that was deleted while it was read has no entries either.
async fn confirm(source: &Source, entries: &mut Readings<Entry>) -> Result<(), ListingError> {
    let unused = |reading: &Reading<Entry>| {
        let mut counts = reading.found.iter().map(|entry| entry.usage_count);
        reading.gap.is_none() && !counts.any(|count| count > Some(0))
    };
    let mut ids: Vec<String> = (entries.iter())
        .filter(|(_, reading)| unused(reading))
        .map(|(id, _)| id.clone())
        .collect();
    ids.sort_unstable();
    for (report_id, now) in read(source, &reports_by_id(), ids, &|_, _| {}).await? {
        let gap = match now.gap {
            None if now.found.iter().any(Report::is_available) => continue,
            None => Reason::ReportVanished {
                report_id: report_id.clone(),
            },
            Some(gap) => gap,
        };
        if let Some(reading) = entries.get_mut(&report_id) {
            reading.gap = Some(gap);
        }
    }
    Ok(())
}

fn reports_by_image() -> By<DescribeReports> {
    By {
        action: "DescribeImageUsageReports",
        ask: Box::new(|image_ids| {
            DescribeReports(Request {
                image_ids,
                ..Request::default()
            })
        }),
        ids: |question| &question.0.image_ids,
        id: |report| report.image_id.as_deref(),
    }
}

fn reports_by_id() -> By<DescribeReports> {
    By {
        action: "DescribeImageUsageReports",
        ask: Box::new(|report_ids| {
            DescribeReports(Request {
                report_ids,
                ..Request::default()
            })
        }),
        ids: |question| &question.0.report_ids,
        id: |report| report.report_id.as_deref(),
    }
}

fn entries_by_report() -> By<DescribeEntries> {
    By {
        action: "DescribeImageUsageReportEntries",
        ask: Box::new(|report_ids| {
            DescribeEntries(Request {
                report_ids,
                ..Request::default()
            })
        }),
        ids: |question| &question.0.report_ids,
        id: |entry| entry.report_id.as_deref(),
    }
}

fn references_by_image(version_depth: u32) -> By<DescribeImageReferences> {
    By {
        action: "DescribeImageReferences",
        ask: Box::new(move |image_ids| DescribeImageReferences {
            image_ids,
            version_depth,
        }),
        ids: |question| &question.image_ids,
        id: |reference| reference.image_id.as_deref(),
    }
}

/// What was never asked for, or is not told.
fn not_told(action: &'static str) -> Reason {
    Reason::NotAnswered {
        action,
        problem: "it does not tell".to_owned(),
    }
}

fn is_present(report: &Report, window: &Window) -> bool {
    let created = report.creation_time.as_ref().and_then(Time::on_clock);
    created.is_some_and(|created| window.holds(created))
}

impl Asked {
    /// When a report may have been created, for a run that `began` then.
    fn window(&self, began: SystemTime) -> Window {
        Window::new(began, self.max_report_age, SystemTime::now())
    }

    /// The report that covers the question for an image: all accounts, both resource types, so many versions.
    fn order(&self, image_id: &str) -> Order {
        let mut templates = ResourceType::named("ec2:LaunchTemplate");
        templates.resource_type_options = self.version_depth.map(|depth| {
            vec![ResourceTypeOption {
                option_name: Some("version-depth".to_owned()),
                option_values: Some(vec![depth.to_string()]),
            }]
        });
        Order {
            image_id: image_id.to_owned(),
            resource_types: vec![ResourceType::named("ec2:Instance"), templates],
            ..Order::default()
        }
    }
}

impl Subject {
    fn new(image_id: String) -> Self {
        Self {
            image_id,
            name: None,
            not_owned: None,
            reports: Reading::none(not_told("DescribeImageUsageReports")),
            obstacles: Vec::new(),
        }
    }

    /// Its reports of the present that cover the question.
    fn covering(&self, asked: &Asked, window: &Window) -> impl Iterator<Item = &Report> {
        let order = asked.order(&self.image_id);
        (self.reports.found.iter())
            .filter(move |report| order.is_covered_by(report) && is_present(report, window))
    }

    /// Whether there is neither a report that does nor one that will.
    fn lacks_report(&self, asked: &Asked, window: &Window) -> bool {
        let will_do = |report: &Report| report.is_available() || report.is_pending();
        self.not_owned.is_none()
            && self.reports.gap.is_none()
            && !self.covering(asked, window).any(will_do)
    }

    /// The report to wait for: one that is being made, when none is available.
    fn pending_report(&self, asked: &Asked, window: &Window) -> Option<String> {
        if self.covering(asked, window).any(Report::is_available) {
            return None;
        }
        let mut pending = self
            .covering(asked, window)
            .filter(|report| report.is_pending());
        pending.next().and_then(|report| report.report_id.clone())
    }

    /// The reports to read: those of the present, which may show a use whatever they cover; without one that covers the
    /// question the newest, for what it tells.
    fn to_be_read(&self, asked: &Asked, window: &Window) -> Vec<String> {
        let available = || (self.reports.found.iter()).filter(|report| report.is_available());
        let mut wanted: Vec<&Report> = available()
            .filter(|report| is_present(report, window))
            .collect();
        if !self.covering(asked, window).any(Report::is_available) {
            let created = |report: &&Report| report.creation_time.as_ref().and_then(Time::on_clock);
            let newest = available().max_by_key(created);
            wanted.extend(newest.filter(|newest| !is_present(newest, window)));
        }
        (wanted.into_iter())
            .filter_map(|report| report.report_id.clone())
            .collect()
    }

    /// Takes note of a report as it is now.
    fn update(&mut self, report: Report) {
        let reports = &mut self.reports.found;
        reports.retain(|known| known.report_id != report.report_id);
        reports.push(report);
    }

    /// Takes note that a report is no more.
    fn gone(&mut self, report_id: String) {
        let reports = &mut self.reports.found;
        reports.retain(|known| known.report_id.as_ref() != Some(&report_id));
        self.obstacles.push(Reason::ReportVanished { report_id });
    }

    fn evidence(
        self,
        asked: &Asked,
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
            let Some(report_id) = report.report_id else {
                reports.gap = Some(not_told("DescribeImageUsageReports"));
                continue;
            };
            if reports
                .found
                .iter()
                .any(|known: &Examined| known.report_id == report_id)
            {
                // Listed twice, as may come of a list that changes while it is read.
                continue;
            }
            let unread = || Reading::none(not_told("DescribeImageUsageReportEntries"));
            reports.found.push(Examined {
                state: match report.state.as_deref() {
                    Some("available") => State::Available,
                    Some("pending") => State::Pending,
                    Some("error" | "failed") => State::Error(report.state_reason),
                    _ => State::Other(report.state),
                },
                created: report.creation_time.as_ref().and_then(Time::on_clock),
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
            obstacles: self.obstacles,
        }
    }
}
