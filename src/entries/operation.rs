//! The action `DescribeImageUsageReportEntries`.

use std::num::NonZeroI32;

use aws_sdk_ec2::operation::describe_image_usage_report_entries::builders::DescribeImageUsageReportEntriesFluentBuilder as Call;

use super::record::Entry;
use crate::aws::Ec2;
use crate::listing::{Request, paginated_operation};

/// Lists the entries of reports.
#[derive(Clone, Debug)]
pub struct DescribeEntries(pub Request);

impl DescribeEntries {
    fn call(&self, ec2: &Ec2) -> Call {
        ec2.client
            .describe_image_usage_report_entries()
            .set_image_ids(self.0.sdk_image_ids())
            .set_report_ids(self.0.sdk_report_ids())
            .set_filters(self.0.sdk_filters())
            .set_max_results(self.0.page_size.map(NonZeroI32::get))
    }
}

paginated_operation! {
    DescribeEntries { 0 },
    describe_image_usage_report_entries
        -> DescribeImageUsageReportEntriesOutput or DescribeImageUsageReportEntriesError,
    image_usage_report_entries: |entry, _| Entry::from(entry) => Entry,
}
