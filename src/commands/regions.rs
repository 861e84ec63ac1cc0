//! The Regions to query, and the errors of those that fail: the others still complete, and the run ends with an error
//! that names the missing ones.

use std::borrow::Cow;
use std::io;

use super::terminal::Terminal;
use crate::args::error::ArgumentError;
use crate::args::list;
use crate::cli::Connection;
use crate::error::{Category, Error, UserError};

/// Some of the requested Regions failed. The error of each is already printed.
#[derive(Debug, thiserror::Error)]
#[error("{} of {requested} Regions failed, so their rows are missing: {}", .failed.len(), .failed.join(" "))]
pub(super) struct RegionsMissing {
    /// The names of those that failed, in the order of the request.
    failed: Vec<String>,
    requested: usize,
    /// The category of the first error.
    category: Category,
}

impl UserError for RegionsMissing {
    fn category(&self) -> Category {
        self.category
    }

    fn hint(&self) -> Option<Cow<'_, str>> {
        let regions = self.failed.join(" ");
        Some(format!("see each Region's error, then retry only these: --region {regions}").into())
    }
}

/// The Regions to query.
#[derive(Debug)]
pub(super) enum Regions {
    /// This one, or the configured one.
    One(Option<String>),
    /// These, without duplicates.
    Several(Vec<String>),
    /// All that are enabled for the account.
    Enabled,
}

impl Regions {
    /// Reads the options.
    pub(super) fn check(connection: &Connection) -> Result<Self, ArgumentError> {
        const FLAG: &str = "--region";
        if connection.all_regions && !connection.region.is_empty() {
            // clap misses the conflict if one option precedes the subcommand and the other follows it.
            let conflict = "cannot be used with --region";
            return Err(ArgumentError::new("--all-regions", conflict));
        }
        if connection.region.iter().any(|value| value == "@-") {
            let problem = "Regions cannot be read from stdin; name them, or a file with @FILE";
            return Err(ArgumentError::new(FLAG, problem));
        }
        let mut no_stdin = list::Stdin::new(io::empty());
        let mut names = list::expand(FLAG, &connection.region, &mut no_stdin)?;
        Ok(match names.len() {
            _ if connection.all_regions => Self::Enabled,
            0 | 1 => Self::One(names.pop()),
            _ => Self::Several(names),
        })
    }

    /// Whether rows need a Region column. All enabled Regions count as several, even if there is only one.
    pub(super) fn are_several(&self) -> bool {
        !matches!(self, Self::One(_))
    }
}

/// The errors of the Regions that failed so far, in the order of the request.
#[derive(Debug)]
pub(super) struct Failures {
    requested: usize,
    failed: Vec<(String, Error)>,
}

impl Failures {
    /// No failures yet.
    pub(super) fn of(requested: usize) -> Self {
        Self {
            requested,
            failed: Vec::new(),
        }
    }

    /// Records the error of a Region, after `rows` of its rows were written.
    ///
    /// # Errors
    /// `error` itself if there is only one Region, so that there is nothing to continue with.
    pub(super) fn add(
        &mut self,
        region: &str,
        rows: u64,
        resume_token: Option<String>,
        error: impl Into<Error>,
    ) -> Result<(), Error> {
        let error = error.into();
        if self.requested == 1 {
            return Err(error);
        }
        let context = match rows {
            0 => format!("Region {region}"),
            1 => format!("Region {region}, after 1 row"),
            rows => format!("Region {region}, after {rows} rows"),
        };
        let error = error
            .context(context)
            .with_region(region)
            .with_resume_token(resume_token);
        self.failed.push((region.to_owned(), error));
        Ok(())
    }

    /// What is missing from the output, for its readers.
    pub(super) fn notices(&self) -> Vec<String> {
        let notice = |(region, _): &(String, _)| {
            format!(
                "Incomplete: rows of the Region {region} are missing, because a request failed."
            )
        };
        self.failed.iter().map(notice).collect()
    }

    pub(super) fn count(&self) -> usize {
        self.failed.len()
    }

    /// Prints the error of each Region; `kept` is whether its rows remain in the output, so that a later run can append
    /// to them.
    ///
    /// # Errors
    /// [`RegionsMissing`] if any Region failed.
    pub(super) fn print(&mut self, kept: bool, terminal: &Terminal) -> Result<(), RegionsMissing> {
        let Some(category) = self.failed.first().map(|(_, error)| error.category()) else {
            return Ok(());
        };
        let mut failed = Vec::new();
        for (region, error) in self.failed.drain(..) {
            let error = match kept {
                true => error,
                false => error.with_resume_token(None),
            };
            terminal.error(&error);
            failed.push(region);
        }
        Err(RegionsMissing {
            failed,
            requested: self.requested,
            category,
        })
    }
}
