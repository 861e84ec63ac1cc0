//! The actions: one file each, from the parameters to the content of the answer.

mod create;
mod delete;
mod entries;
mod images;
mod references;
mod regions;
mod reports;
mod resource_type;

use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use super::Settings;
use super::form::Parameters;
use super::model::Tag;
use super::refusal::Refusal;
use super::request::{Call, MAX_IDS, check_image_id, check_report_id, list_up_to};
use super::state::State;
use super::store::Wanted;
use super::xml::Xml;

/// What an action does: it takes its parameters, refuses what is left of them, and answers.
pub(super) type Action = fn(&Account, &Call<'_>, Parameters) -> Result<String, Refusal>;

/// The actions by their names.
pub(super) const ACTIONS: &[(&str, Action)] = &[
    ("CreateImageUsageReport", create::answer),
    ("DeleteImageUsageReport", delete::answer),
    ("DescribeImageReferences", references::answer),
    ("DescribeImageUsageReportEntries", entries::answer),
    ("DescribeImageUsageReports", reports::answer),
    ("DescribeImages", images::answer),
    ("DescribeRegions", regions::answer),
];

/// The emulated account.
#[derive(Debug)]
pub(super) struct Account {
    pub settings: Settings,
    state: RwLock<Held>,
}

/// What the account holds, with what it remembers of requests.
#[derive(Debug)]
struct Held {
    state: State,
    tokens: create::Tokens,
}

impl Account {
    pub fn new(state: State, settings: Settings) -> Self {
        Self {
            settings,
            state: RwLock::new(Held {
                state,
                tokens: create::Tokens::default(),
            }),
        }
    }

    fn read(&self) -> RwLockReadGuard<'_, Held> {
        // A panic leaves nothing half done that the next request could not bear.
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Held> {
        self.state.write().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Takes the lists of IDs that the two actions about reports have.
fn wanted<'a>(
    state: &State,
    call: &Call<'a>,
    parameters: &mut Parameters,
) -> Result<Wanted<'a>, Refusal> {
    let image_ids = list_up_to(MAX_IDS, parameters, "ImageId")?;
    for id in &image_ids {
        check_image_id(state, id)?;
    }
    // An unknown report of a well-formed ID is no error but matches nothing, as an unknown image does: the
    // service documents no error for it, and describes `ReportId` as a choice among what there is.
    let report_ids = list_up_to(MAX_IDS, parameters, "ReportId")?;
    for id in &report_ids {
        check_report_id(state, id)?;
    }
    Ok(Wanted {
        image_ids,
        report_ids,
        region: call.region,
        now: call.now,
    })
}

/// A tag, as an item of a list.
fn write_tag(xml: &mut Xml, tag: &Tag) {
    xml.text("key", &tag.key);
    xml.text("value", &tag.value);
}
