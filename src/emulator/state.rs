//! What the emulated account holds: images, what uses them, and reports on that.

use std::collections::{BTreeSet, HashMap};
use std::time::{Duration, SystemTime};

use super::model::{Image, Reference, is_in};
use super::saved::{self, FailingReport, LoadError};
use super::store::Reports;
use super::synthetic::{self, Synthetic};

/// 2025-10-21T06:00:00Z.
const SAMPLE_START: Duration = Duration::from_secs(1_761_026_400);

/// What an [`Emulator`](super::Emulator) answers from and, as reports are created and deleted, changes.
#[derive(Debug)]
pub struct State {
    pub(super) reports: Reports,
    pub(super) images: Images,
    /// In the order that they are listed in.
    pub(super) references: Vec<Reference>,
    /// The Regions that something is said to be in.
    pub(super) regions: BTreeSet<String>,
    failing: Vec<FailingReport>,
    /// What the clock shows when the emulator starts; the system time if there is none.
    pub(super) clock_start: Option<SystemTime>,
}

/// The images that there are.
#[derive(Debug)]
pub(super) struct Images {
    /// The account that all this belongs to, 12 digits.
    pub account: String,
    /// Whether there are no others.
    pub complete: bool,
    list: Vec<Image>,
    by_id: HashMap<String, Vec<usize>>,
}

impl Images {
    /// Images in the order that they are listed in. Those without an owner belong to the account, which is the
    /// owner of the first one.
    pub fn new(mut list: Vec<Image>, complete: bool) -> Self {
        let account = (list.first())
            .and_then(|image| image.owner_id.clone())
            .unwrap_or_else(|| "123456789012".to_owned());
        let mut by_id: HashMap<String, Vec<usize>> = HashMap::new();
        for (position, image) in list.iter_mut().enumerate() {
            image.owner_id.get_or_insert_with(|| account.clone());
            by_id
                .entry(image.image_id.clone())
                .or_default()
                .push(position);
        }
        Self {
            account,
            complete,
            list,
            by_id,
        }
    }

    /// All images.
    pub fn list(&self) -> &[Image] {
        &self.list
    }

    /// The image of this ID.
    pub fn find(&self, id: &str, region: &str) -> Option<&Image> {
        (self.by_id.get(id)?.iter())
            .map(|&position| &self.list[position])
            .find(|image| is_in(image.region.as_deref(), region))
    }
}

impl State {
    /// Reads a document in the shape that the AWS CLI prints: `ImageUsageReports`, `ImageUsageReportEntries`,
    /// `Images` and `ImageReferences`, and two lists of the emulator's own about reports to come: `Usage`, what
    /// they find, and `FailingReports`, whose images have none. Not all lists need be there. Reports that only
    /// entries speak of are taken to be `available`.
    ///
    /// # Errors
    /// A document that is not of that shape, that says nothing of usage, or that contradicts itself.
    pub fn from_json(json: &str) -> Result<Self, LoadError> {
        let saved = saved::load(json)?;
        Ok(Self {
            reports: saved.reports,
            images: saved.images,
            references: saved.references,
            regions: saved.regions,
            failing: saved.failing,
            clock_start: None,
        })
    }

    /// The built-in data: the user guide's example, and enough beside it to show every filter, a report in each
    /// state, a zero count, and an account that begins with zeros. Of the account's own images, some are in use
    /// by others, one by itself and one by nobody, and one has no report that succeeds. Its clock starts at
    /// 2025-10-21T06:00:00Z, so that the ages of its reports do not depend on the day.
    pub fn sample() -> Self {
        let state =
            Self::from_json(include_str!("sample.json")).expect("a test loads this document");
        Self {
            clock_start: Some(SystemTime::UNIX_EPOCH + SAMPLE_START),
            ..state
        }
    }

    /// Generated images of the account with one report each. The same numbers give the same data.
    pub fn synthetic(size: Synthetic) -> Self {
        let (reports, images) = synthetic::reports(size);
        Self {
            reports,
            images: Images::new(images, true),
            references: Vec::new(),
            regions: BTreeSet::new(),
            failing: Vec::new(),
            clock_start: None,
        }
    }

    /// Whether anything is known of an image, in any Region.
    pub(super) fn mentions_image(&self, id: &str) -> bool {
        self.images.by_id.contains_key(id)
            || self.reports.mentions_image(id)
            || (self.references.iter()).any(|reference| reference.image_id == id)
    }

    /// Why a new report of this image fails, if it does.
    pub(super) fn failure(&self, image_id: &str, region: &str) -> Option<&str> {
        (self.failing.iter())
            .find(|failing| {
                failing.image_id == image_id && is_in(failing.region.as_deref(), region)
            })
            .map(|failing| failing.state_reason.as_str())
    }
}
