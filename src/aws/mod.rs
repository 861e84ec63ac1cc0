//! The AWS SDK behind one interface: a client for each Region with credentials, rate limiting and retries, complete
//! responses, and errors with hints.
//!
//! Nothing outside of this module configures the SDK's transport.

mod amazon_roots;
mod attempt;
mod attempt_limit;
mod ca_bundle;
mod client;
mod clock;
mod connect_error;
mod credentials;
mod credentials_error;
mod ec2;
mod endpoint;
mod entry_decoder;
mod entry_page;
mod error;
mod error_chain;
mod http;
mod pages;
mod proxy;
mod rate_limiter;
mod regions;
mod response;
mod retry_settings;
mod role;
mod service;
#[cfg(test)]
mod test_client;
mod time;
mod tls_error;
mod trace;
mod transport_error;
mod xml;

pub use client::{ClientFactory, Connection, connect, profile_setting};
pub use ec2::Ec2;
pub use endpoint::{Endpoint, EndpointUrl, InvalidEndpointUrl};
#[doc(hidden)]
pub use entry_page::{Page, decode_entries};
pub use error::RequestError;
pub use retry_settings::RetrySettings;
pub use role::{MfaCode, MfaPrompt};
pub use service::Service;
pub use time::Time;
pub use trace::{DebugLog, Retries};
