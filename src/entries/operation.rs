//! The action `DescribeImageUsageReportEntries`.

use std::num::NonZeroI32;
use std::time::SystemTime;

use aws_sdk_ec2::operation::describe_image_usage_report_entries::{
    DescribeImageUsageReportEntriesError, DescribeImageUsageReportEntriesOutput,
    builders::DescribeImageUsageReportEntriesFluentBuilder as Call,
};

use super::Entry;
use crate::aws::Ec2;
use crate::listing::{OperationResult, Pages, PaginatedOperation, Request};

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

impl PaginatedOperation for DescribeEntries {
    type Item = Entry;
    type Output = DescribeImageUsageReportEntriesOutput;
    type Error = DescribeImageUsageReportEntriesError;

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

    fn open(page: Self::Output, _now: SystemTime) -> (Option<Vec<Entry>>, Option<String>) {
        let items = page
            .image_usage_report_entries
            .map(|items| items.into_iter().map(Entry::from).collect());
        (items, page.next_token)
    }

    fn weight(items: &[Entry]) -> usize {
        items.iter().map(Entry::weight).sum()
    }
}
