//! The action `DescribeImageUsageReports`.

use std::num::NonZeroI32;

use aws_sdk_ec2::operation::describe_image_usage_reports::builders::DescribeImageUsageReportsFluentBuilder as Call;

use super::record::Report;
use crate::aws::Ec2;
use crate::listing::{Request, paginated_operation};

/// Lists reports in any state.
#[derive(Clone, Debug)]
pub struct DescribeReports(pub Request);

impl DescribeReports {
    fn call(&self, ec2: &Ec2) -> Call {
        ec2.client
            .describe_image_usage_reports()
            .set_image_ids(self.0.sdk_image_ids())
            .set_report_ids(self.0.sdk_report_ids())
            .set_filters(self.0.sdk_filters())
            .set_max_results(self.0.page_size.map(NonZeroI32::get))
    }
}

paginated_operation! {
    DescribeReports { 0 },
    describe_image_usage_reports -> DescribeImageUsageReportsOutput or DescribeImageUsageReportsError,
    image_usage_reports: |report, now| Report { received: Some(now), ..Report::from(report) } => Report,
}
