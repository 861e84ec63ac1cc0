//! The lists that a check reads, and by which IDs it asks for them.

use super::read::By;
use super::reason::Reason;
use crate::entries::DescribeEntries;
use crate::images::{DescribeImageReferences, DescribeImages};
use crate::listing::Request;
use crate::reports::DescribeReports;

/// How many of a launch template's newest versions a report looks at, unless told otherwise; the service has another
/// number for references.
const USUAL_DEPTH: u32 = 20;

pub(super) fn images_by_id() -> By<DescribeImages> {
    By {
        action: "DescribeImages",
        ask: Box::new(|image_ids| DescribeImages {
            image_ids,
            ..DescribeImages::default()
        }),
        ids: |operation| &operation.image_ids,
        id: |image| image.image_id.as_deref(),
    }
}

pub(super) fn reports_by_image() -> By<DescribeReports> {
    By {
        action: "DescribeImageUsageReports",
        ask: Box::new(|image_ids| {
            DescribeReports(Request {
                image_ids,
                ..Request::default()
            })
        }),
        ids: |operation| &operation.0.image_ids,
        id: |report| report.image_id.as_deref(),
    }
}

pub(super) fn reports_by_id() -> By<DescribeReports> {
    By {
        action: "DescribeImageUsageReports",
        ask: Box::new(|report_ids| {
            DescribeReports(Request {
                report_ids,
                ..Request::default()
            })
        }),
        ids: |operation| &operation.0.report_ids,
        id: |report| report.report_id.as_deref(),
    }
}

pub(super) fn entries_by_report() -> By<DescribeEntries> {
    By {
        action: "DescribeImageUsageReportEntries",
        ask: Box::new(|report_ids| {
            DescribeEntries(Request {
                report_ids,
                ..Request::default()
            })
        }),
        ids: |operation| &operation.0.report_ids,
        id: |entry| entry.report_id.as_deref(),
    }
}

pub(super) fn references_by_image(version_depth: Option<u32>) -> By<DescribeImageReferences> {
    By {
        action: "DescribeImageReferences",
        ask: Box::new(move |image_ids| DescribeImageReferences {
            image_ids,
            version_depth: version_depth.unwrap_or(USUAL_DEPTH),
        }),
        ids: |operation| &operation.image_ids,
        id: |reference| reference.image_id.as_deref(),
    }
}

/// What was never asked for, or is not told.
pub(super) fn not_told(action: &'static str) -> Reason {
    Reason::NotAnswered {
        action,
        problem: "it does not tell".to_owned(),
    }
}
