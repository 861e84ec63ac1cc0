//! The EC2 client of one Region.

use std::sync::Arc;
use std::time::SystemTime;

use aws_sdk_ec2::{Client, Config};

use super::service::Service;
use super::trace::{Retries, Trace};

/// The EC2 client of one Region, with what messages and progress need to know about it.
#[derive(Clone, Debug)]
pub struct Ec2 {
    /// The official SDK's client.
    pub client: Client,
    /// EC2 Auto Scaling in the same Region.
    pub auto_scaling: Service<aws_sdk_autoscaling::Config>,
    /// AWS Organizations, which is the same in all Regions of a partition.
    pub organizations: Service<aws_sdk_organizations::Config>,
    region: Arc<str>,
    trace: Trace,
}

impl Ec2 {
    /// Creates the client of `region`, whose configuration has `trace` as an interceptor.
    pub(super) fn new(
        config: Config,
        auto_scaling: Service<aws_sdk_autoscaling::Config>,
        organizations: Service<aws_sdk_organizations::Config>,
        region: &str,
        trace: Trace,
    ) -> Self {
        Self {
            client: Client::from_conf(config),
            auto_scaling,
            organizations,
            region: region.into(),
            trace,
        }
    }

    /// The name of the endpoint for messages: the URL of the requests, or the Region before the first one.
    pub fn endpoint(&self) -> String {
        let origin = self.trace.origin().map(str::to_owned);
        origin.unwrap_or_else(|| format!("EC2 in Region {}", self.region))
    }

    /// The name of the Region.
    pub fn region(&self) -> &str {
        &self.region
    }

    /// The service's time: the local clock, corrected by the `Date` header of the latest response where they differ by
    /// more than one minute. Ages and expirations are measured by it.
    pub fn now(&self) -> SystemTime {
        self.trace.clock().now()
    }

    /// The number of retries so far, of the clients of all Regions. The count continues while requests run.
    pub fn retries(&self) -> Retries {
        self.trace.retries()
    }
}
