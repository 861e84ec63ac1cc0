//! The data of the emulated account: images, their usage, and reports.

use std::collections::{BTreeSet, HashMap};
use std::time::SystemTime;

use super::model::{FailingReport, Image, LaunchConfiguration, MemberAccount, Reference, is_in};
use super::store::Reports;

/// The data of an [`Emulator`](super::Emulator), which creates and deletes reports in it.
#[derive(Debug)]
pub struct State {
    pub(super) reports: Reports,
    pub(super) images: Images,
    /// In listing order.
    pub(super) references: Vec<Reference>,
    pub(super) launch_configurations: Vec<LaunchConfiguration>,
    /// The accounts of the organization; `None` without one.
    pub(super) accounts: Option<Vec<MemberAccount>>,
    /// The Regions of the items that have one.
    pub(super) regions: BTreeSet<String>,
    failing: Vec<FailingReport>,
    /// The time when the emulator starts; `None` for the system time.
    clock_start: Option<SystemTime>,
}

/// The images of the account and of others.
#[derive(Debug)]
pub(super) struct Images {
    /// The ID of the emulated account, 12 digits.
    pub account: String,
    /// Whether the list has every image. Otherwise reports can be created on any image ID.
    pub complete: bool,
    list: Vec<Image>,
    by_id: HashMap<String, Vec<usize>>,
}

impl Images {
    /// Images in listing order. The account is the owner of the first one, and of those without an owner.
    pub fn new(mut list: Vec<Image>, complete: bool) -> Self {
        let account = (list.first())
            .and_then(|image| image.owner_id.clone())
            .unwrap_or_else(|| "123456789012".to_owned());
        let mut by_id: HashMap<String, Vec<usize>> = HashMap::new();
        for (position, image) in list.iter_mut().enumerate() {
            image.complete(&account);
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
    pub(super) fn new(
        reports: Reports,
        images: Images,
        references: Vec<Reference>,
        regions: BTreeSet<String>,
        failing: Vec<FailingReport>,
    ) -> Self {
        Self {
            reports,
            images,
            references,
            launch_configurations: Vec::new(),
            accounts: None,
            regions,
            failing,
            clock_start: None,
        }
    }

    /// Sets the time when the emulator starts.
    pub(super) fn starting_at(self, time: SystemTime) -> Self {
        Self {
            clock_start: Some(time),
            ..self
        }
    }

    pub(super) fn clock_start(&self) -> Option<SystemTime> {
        self.clock_start
    }

    /// Whether the data mentions an image in any Region.
    pub(super) fn mentions_image(&self, id: &str) -> bool {
        self.images.by_id.contains_key(id)
            || self.reports.mentions_image(id)
            || (self.references.iter()).any(|reference| reference.image_id == id)
    }

    /// Why new reports of this image fail; `None` if they succeed.
    pub(super) fn failure(&self, image_id: &str, region: &str) -> Option<&str> {
        (self.failing.iter())
            .find(|failing| {
                failing.image_id == image_id && is_in(failing.region.as_deref(), region)
            })
            .map(|failing| failing.state_reason.as_str())
    }
}
