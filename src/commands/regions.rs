//! In which Regions is asked, and what becomes of an answer when one of several fails: the others answer all the same,
//! and the run ends with an error that names those that are missing.

use std::io;

use super::terminal::Terminal;
use crate::args::error::ArgumentError;
use crate::args::list;
use crate::cli::Connection;
use crate::exit::{Message, Status};
use crate::listing::ResumeToken;

/// One of several Regions gave no answer, or not all of it. The cause is the error below it.
#[derive(Debug, thiserror::Error)]
#[error("Region {region}{}", after(*.rows))]
pub struct RegionFailed {
    /// The Region's name.
    pub region: String,
    /// How many of its rows are written, whole.
    pub rows: u64,
    /// Where a run in this Region alone goes on; absent when it is to be made from the beginning.
    pub resume: Option<ResumeToken>,
}

fn after(rows: u64) -> String {
    match rows {
        0 => String::new(),
        1 => ", after 1 row".to_owned(),
        rows => format!(", after {rows} rows"),
    }
}

/// Some of the Regions failed that were asked, each with a message of its own, which is told already.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{} of {asked} Regions failed, and the answer is not whole without: {}", .failed.len(), .failed.join(" "))]
pub struct RegionsMissing {
    /// The names of those that failed, in the order in which they were asked.
    pub failed: Vec<String>,
    /// How many were asked.
    pub asked: usize,
    /// What the first of them came to.
    pub status: Status,
}

/// In which Regions is asked.
#[derive(Debug)]
pub(super) enum Regions {
    /// In this one, or else in that of the settings.
    One(Option<String>),
    /// In these, each named once.
    Several(Vec<String>),
    /// In all that are enabled for the account.
    Enabled,
}

impl Regions {
    /// Reads the flags.
    pub(super) fn check(connection: &Connection) -> Result<Self, ArgumentError> {
        const FLAG: &str = "--region";
        if connection.all_regions && !connection.region.is_empty() {
            // The parser does not see it where one flag stands before the subcommand and one behind.
            let conflict = "cannot be used with --region";
            return Err(ArgumentError::new("--all-regions", conflict));
        }
        if connection.region.iter().any(|value| value == "@-") {
            let refusal =
                "Regions are not read from standard input; name them, or a file with them";
            return Err(ArgumentError::new(FLAG, refusal));
        }
        let mut nothing = list::Stdin::new(io::empty());
        let mut names = list::expand(FLAG, &connection.region, &mut nothing)?;
        Ok(match names.len() {
            _ if connection.all_regions => Self::Enabled,
            0 | 1 => Self::One(names.pop()),
            _ => Self::Several(names),
        })
    }

    /// Whether rows must tell their Region. That of all enabled ones there may be one only does not matter.
    pub(super) fn are_several(&self) -> bool {
        !matches!(self, Self::One(_))
    }
}

/// The Regions that failed so far, of several, in the order in which they were asked.
#[derive(Debug)]
pub(super) struct Failures {
    asked: usize,
    failed: Vec<(String, Message)>,
}

impl Failures {
    /// None yet, of so many.
    pub(super) fn of(asked: usize) -> Self {
        Self {
            asked,
            failed: Vec::new(),
        }
    }

    /// Keeps in mind that a Region failed. Where it is the only one there is nothing to go on with, and its error is
    /// given back.
    pub(super) fn add(
        &mut self,
        failed: RegionFailed,
        cause: impl Into<anyhow::Error>,
    ) -> anyhow::Result<()> {
        let cause = cause.into();
        if self.asked == 1 {
            return Err(cause);
        }
        let region = failed.region.clone();
        let error = cause.context(failed);
        match Message::about(&error) {
            Some(message) => self.failed.push((region, message)),
            // A reader closed the pipe, which is not a Region's failure.
            None => return Err(error),
        }
        Ok(())
    }

    /// How many there are.
    pub(super) fn count(&self) -> usize {
        self.failed.len()
    }

    /// Tells each one's failure; `kept` says whether what was written of them is still there, to go on from.
    ///
    /// # Errors
    /// [`RegionsMissing`] when there are any.
    pub(super) fn tell(self, kept: bool, terminal: &Terminal) -> Result<(), RegionsMissing> {
        let Some(status) = self.failed.first().map(|(_, message)| message.status) else {
            return Ok(());
        };
        let mut names = Vec::new();
        for (region, mut message) in self.failed {
            message.resume_token = message.resume_token.filter(|_| kept);
            terminal.error(&message);
            names.push(region);
        }
        Err(RegionsMissing {
            failed: names,
            asked: self.asked,
            status,
        })
    }
}
