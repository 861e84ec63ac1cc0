//! The lists that a check reads, each by the IDs that select its items.

use super::read::BatchedList;
use super::reason::Reason;
use crate::entries::DescribeEntries;
use crate::images::{DescribeImageReferences, DescribeImages};
use crate::listing::Request;
use crate::reports::{DescribeReports, resource_type};

pub(crate) fn images_by_id() -> BatchedList<DescribeImages> {
    BatchedList {
        action: "DescribeImages",
        operation_for: Box::new(DescribeImages::by_id),
        ids: DescribeImages::image_ids,
        id: |row| row.0.image_id.as_deref(),
    }
}

pub(crate) fn reports_by_image() -> BatchedList<DescribeReports> {
    BatchedList {
        action: "DescribeImageUsageReports",
        operation_for: Box::new(|image_ids| DescribeReports(Request::for_images(image_ids))),
        ids: |operation| &operation.0.image_ids,
        id: |report| report.image_id.as_deref(),
    }
}

pub(crate) fn reports_by_id() -> BatchedList<DescribeReports> {
    BatchedList {
        action: "DescribeImageUsageReports",
        operation_for: Box::new(|report_ids| DescribeReports(Request::for_reports(report_ids))),
        ids: |operation| &operation.0.report_ids,
        id: |report| report.report_id.as_deref(),
    }
}

pub(crate) fn entries_by_report() -> BatchedList<DescribeEntries> {
    BatchedList {
        action: "DescribeImageUsageReportEntries",
        operation_for: Box::new(|report_ids| DescribeEntries(Request::for_reports(report_ids))),
        ids: |operation| &operation.0.report_ids,
        id: |entry| entry.report_id.as_deref(),
    }
}

pub(crate) fn references_by_image(
    version_depth: Option<u32>,
) -> BatchedList<DescribeImageReferences> {
    let version_depth = version_depth.unwrap_or(resource_type::DEFAULT_VERSION_DEPTH);
    BatchedList {
        action: "DescribeImageReferences",
        operation_for: Box::new(move |ids| DescribeImageReferences::uses(ids, version_depth)),
        ids: DescribeImageReferences::image_ids,
        id: |reference| reference.image_id.as_deref(),
    }
}

/// The reason for a list that was not requested, or an item without a necessary member.
pub(crate) fn missing_item(action: &'static str) -> Reason {
    Reason::RequestFailed {
        action,
        problem: "the response has no data for it".to_owned(),
    }
}
