//! All that knows the SDK's transport: setting up the client, and saying what went wrong.

mod client;
mod credentials;
mod failure;
mod trace;

pub use client::{Connection, Ec2, Endpoint, connect};
pub use credentials::{AskMfa, Code};
pub use failure::Failure;
