//! The client of a service other than EC2.

use super::trace::Trace;

/// A service other than EC2, of which a few commands need one list.
#[derive(Clone, Debug)]
pub struct Service<C> {
    /// The name of the service in messages.
    pub(super) name: &'static str,
    /// The official SDK's configuration.
    pub(super) config: C,
    pub(super) trace: Trace,
}

impl<C> Service<C> {
    /// The name of the endpoint for messages: the URL of the requests, or the service before the first one.
    pub fn endpoint(&self) -> String {
        self.trace.origin().unwrap_or(self.name).to_owned()
    }
}

impl Service<aws_sdk_autoscaling::Config> {
    /// The official SDK's client.
    pub fn client(&self) -> aws_sdk_autoscaling::Client {
        aws_sdk_autoscaling::Client::from_conf(self.config.clone())
    }
}

impl Service<aws_sdk_organizations::Config> {
    /// The official SDK's client.
    pub fn client(&self) -> aws_sdk_organizations::Client {
        aws_sdk_organizations::Client::from_conf(self.config.clone())
    }
}
