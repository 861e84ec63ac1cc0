//! The action `DescribeImageUsageReports`.

use std::num::NonZeroI32;
use std::time::SystemTime;

use aws_sdk_ec2::operation::describe_image_usage_reports::{
    DescribeImageUsageReportsError, DescribeImageUsageReportsOutput,
    builders::DescribeImageUsageReportsFluentBuilder as Call,
};

use super::Report;
use crate::aws::Ec2;
use crate::listing::{OperationResult, Pages, PaginatedOperation, Request};

/// Lists reports, in any state.
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

impl PaginatedOperation for DescribeReports {
    type Item = Report;
    type Output = DescribeImageUsageReportsOutput;
    type Error = DescribeImageUsageReportsError;

    fn parts(&self) -> Vec<Self> {
        self.0.batches().into_iter().map(Self).collect()
    }

    fn is_one_request(&self) -> bool {
        self.0.is_one_request()
    }

    fn fingerprint(&self) -> String {
        self.0.fingerprint()
    }

    fn pages(&self, ec2: &Ec2, start: Option<String>) -> Pages<Self> {
        self.call(ec2)
            .set_next_token(start)
            .into_paginator()
            .stop_on_duplicate_token(false)
            .send()
    }

    async fn dry_run(&self, ec2: &Ec2) -> OperationResult<Self> {
        self.call(ec2).dry_run(true).send().await
    }

    fn open(page: Self::Output, now: SystemTime) -> (Option<Vec<Report>>, Option<String>) {
        let items = page.image_usage_reports.map(|items| {
            let report = |item| Report {
                received: Some(now),
                ..Report::from(item)
            };
            items.into_iter().map(report).collect()
        });
        (items, page.next_token)
    }

    fn weight(items: &[Report]) -> usize {
        let lists = |report: &Report| {
            let accounts = report.account_ids.as_ref().map_or(0, Vec::len);
            let tags = report.tags.as_ref().map_or(0, Vec::len);
            accounts * 40 + tags * 100
        };
        // Strings for IDs, times and two resource types.
        items.len() * 3 * size_of::<Report>() + items.iter().map(lists).sum::<usize>()
    }
}
