//! The table of actions. Each has a file.

mod create;
mod delete;
mod entries;
mod images;
mod references;
mod regions;
mod reports;
mod tag;

use super::account::Account;
use super::form::Parameters;
use super::request::RequestContext;
use super::response::ApiError;

/// Handles an action: takes its parameters, rejects the remaining ones, and returns the response body.
pub(super) type Action = fn(&Account, &RequestContext<'_>, Parameters) -> Result<String, ApiError>;

/// The actions by name.
pub(super) const ACTIONS: &[(&str, Action)] = &[
    ("CreateImageUsageReport", create::respond),
    ("DeleteImageUsageReport", delete::respond),
    ("DescribeImageReferences", references::respond),
    ("DescribeImageUsageReportEntries", entries::respond),
    ("DescribeImageUsageReports", reports::respond),
    ("DescribeImages", images::respond),
    ("DescribeRegions", regions::respond),
];
