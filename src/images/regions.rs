//! The action `DescribeRegions`, and a Region as a row of output.

use std::time::SystemTime;

use aws_sdk_ec2::operation::describe_regions::builders::DescribeRegionsFluentBuilder as Call;
use aws_sdk_ec2::operation::describe_regions::{DescribeRegionsError, DescribeRegionsOutput};
use aws_sdk_ec2::types;
use aws_smithy_async::future::pagination_stream::PaginationStream;
use aws_smithy_async::future::pagination_stream::fn_stream::FnStream;

use super::member::{Member, Row, cell, record, structures};
use crate::aws::Ec2;
use crate::listing::{OperationResult, Pages, PaginatedOperation, Request};
use crate::output::{Cell, Column, Record, Shown};

/// A Region as a row of output.
pub type RegionRow = Row<types::Region>;

record! { "Regions" of Region {
    OptInStatus: opt_in_status => id(19).shown(Shown::Always);
    Geography: geography => text(32, 20).nested();
    RegionName: region_name => id(14).shown(Shown::Always);
    Endpoint: endpoint => id(32).shown(Shown::Always);
}}

structures! { RegionGeography { Name: name } }

/// Lists Regions. The action has no pages.
#[derive(Clone, Debug)]
pub struct DescribeRegions {
    /// The filters.
    pub request: Request,
    /// These Regions; all if empty.
    pub region_names: Vec<String>,
    /// Whether to list Regions that are not enabled for the account.
    pub all_regions: bool,
}

impl DescribeRegions {
    fn call(&self, ec2: &Ec2) -> Call {
        let names = (!self.region_names.is_empty()).then(|| self.region_names.clone());
        ec2.client
            .describe_regions()
            .set_region_names(names)
            .set_all_regions(self.all_regions.then_some(true))
            .set_filters(self.request.sdk_filters())
    }
}

impl PaginatedOperation for DescribeRegions {
    type Item = RegionRow;
    type Output = DescribeRegionsOutput;
    type Error = DescribeRegionsError;

    fn request(&self) -> &Request {
        &self.request
    }

    fn with_request(&self, request: Request) -> Self {
        Self {
            request,
            ..self.clone()
        }
    }

    /// The only page.
    fn pages(&self, ec2: &Ec2, _start: Option<String>) -> Pages<Self> {
        let call = self.call(ec2);
        PaginationStream::new(FnStream::new(move |pages| {
            Box::pin(async move {
                // Fails only if nothing waits for the page.
                let _ = pages.send(call.send().await).await;
            })
        }))
    }

    async fn dry_run(&self, ec2: &Ec2) -> OperationResult<Self> {
        self.call(ec2).dry_run(true).send().await
    }

    fn into_items(
        page: Self::Output,
        _now: SystemTime,
    ) -> (Option<Vec<Self::Item>>, Option<String>) {
        let rows = |regions: Vec<_>| regions.into_iter().map(Row).collect();
        (page.regions.map(rows), None)
    }

    fn memory_size(items: &[Self::Item]) -> usize {
        // With short texts.
        size_of_val(items) * 2
    }
}
