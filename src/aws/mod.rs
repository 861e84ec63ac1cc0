//! All that knows the SDK's transport: setting up a client for each Region, the pace of its requests and their retries,
//! whole answers, and saying what went wrong.

mod attempt;
mod attempt_limit;
mod ca_bundle;
mod client;
mod clock;
mod connect_error;
mod credentials;
mod endpoint;
mod error;
mod http;
mod item;
mod page;
mod proxy;
mod rate_limiter;
mod regions;
mod response;
mod retry_settings;
mod role;
mod time;
mod trace;

pub use client::{ClientFactory, Connection, Ec2, connect};

pub use endpoint::{Endpoint, EndpointUrl, InvalidEndpointUrl};
pub use error::RequestError;
#[doc(hidden)]
pub use page::{Page, decode_entries};
pub use retry_settings::RetrySettings;
pub use role::{MfaCode, MfaPrompt};
pub use time::Time;
pub use trace::Retries;
