//! The lists that a check reads, each by the IDs that select its items.

use super::read::BatchedList;
use super::reason::Reason;
use crate::entries::DescribeEntries;
use crate::images::{DescribeImageReferences, DescribeImages};
use crate::listing::Request;
use crate::reports::DescribeReports;

/// How many of a launch template's newest versions a report examines by default. The default for references is 10.
const DEFAULT_VERSION_DEPTH: u32 = 20;

pub(super) fn images_by_id() -> BatchedList<DescribeImages> {
    BatchedList {
        action: "DescribeImages",
        operation_for: Box::new(|image_ids| DescribeImages {
            image_ids,
            ..DescribeImages::default()
        }),
        ids: |operation| &operation.image_ids,
        id: |image| image.image_id.as_deref(),
    }
}

pub(super) fn reports_by_image() -> BatchedList<DescribeReports> {
    BatchedList {
        action: "DescribeImageUsageReports",
        operation_for: Box::new(|image_ids| {
            DescribeReports(Request {
                image_ids,
                ..Request::default()
            })
        }),
        ids: |operation| &operation.0.image_ids,
        id: |report| report.image_id.as_deref(),
    }
}

pub(super) fn reports_by_id() -> BatchedList<DescribeReports> {
    BatchedList {
        action: "DescribeImageUsageReports",
        operation_for: Box::new(|report_ids| {
            DescribeReports(Request {
                report_ids,
                ..Request::default()
            })
        }),
        ids: |operation| &operation.0.report_ids,
        id: |report| report.report_id.as_deref(),
    }
}

pub(super) fn entries_by_report() -> BatchedList<DescribeEntries> {
    BatchedList {
        action: "DescribeImageUsageReportEntries",
        operation_for: Box::new(|report_ids| {
            DescribeEntries(Request {
                report_ids,
                ..Request::default()
            })
        }),
        ids: |operation| &operation.0.report_ids,
        id: |entry| entry.report_id.as_deref(),
    }
}

pub(super) fn references_by_image(
    version_depth: Option<u32>,
) -> BatchedList<DescribeImageReferences> {
    BatchedList {
        action: "DescribeImageReferences",
        operation_for: Box::new(move |image_ids| DescribeImageReferences {
            image_ids,
            version_depth: version_depth.unwrap_or(DEFAULT_VERSION_DEPTH),
        }),
        ids: |operation| &operation.image_ids,
        id: |reference| reference.image_id.as_deref(),
    }
}

/// The reason for a list that was not requested, or an item without a necessary member.
pub(super) fn missing_item(action: &'static str) -> Reason {
    Reason::RequestFailed {
        action,
        problem: "the response has no data for it".to_owned(),
    }
}
