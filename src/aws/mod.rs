//! All that knows the SDK's transport: setting up the client, and saying what went wrong.

mod attempt;
mod client;
mod credentials;
mod endpoint;
mod failure;
mod first_contact;
mod http;
mod obstacle;
mod pace;
mod patience;
mod proxy;
mod role;
mod trace;
mod trust;
mod whole;

pub use client::{Connection, Ec2, connect};

pub use endpoint::{Endpoint, EndpointUrl, NoEndpoint};
pub use failure::Failure;
pub use patience::Patience;
pub use role::{AskMfa, Code};
pub use trace::Retries;
