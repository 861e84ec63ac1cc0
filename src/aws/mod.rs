//! All that knows the SDK's transport: setting up the client, and saying what went wrong.

mod client;
mod failure;
mod first_contact;
mod patience;
mod trace;
mod whole;

pub use client::{Connection, Ec2, Endpoint, connect};
pub use failure::Failure;
pub use patience::Patience;
pub use trace::Retries;
