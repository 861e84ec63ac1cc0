//! The table of actions. Each has a file.

mod create;
mod delete;
mod entries;
mod images;
mod launch_configurations;
mod launch_permissions;
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

/// The API versions of EC2 and EC2 Auto Scaling.
const EC2: &str = "2016-11-15";
pub(super) const AUTO_SCALING: &str = "2011-01-01";

/// The actions by name, with their API version.
pub(super) const ACTIONS: &[(&str, &str, Action)] = &[
    ("CreateImageUsageReport", EC2, create::respond),
    ("DeleteImageUsageReport", EC2, delete::respond),
    ("DescribeImageAttribute", EC2, launch_permissions::respond),
    ("DescribeImageReferences", EC2, references::respond),
    ("DescribeImageUsageReportEntries", EC2, entries::respond),
    ("DescribeImageUsageReports", EC2, reports::respond),
    ("DescribeImages", EC2, images::respond),
    (
        "DescribeLaunchConfigurations",
        AUTO_SCALING,
        launch_configurations::respond,
    ),
    ("DescribeRegions", EC2, regions::respond),
];
