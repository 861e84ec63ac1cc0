//! All that knows the SDK's transport: setting up a client for each Region, the pace of its requests and their retries,
//! whole answers, and saying what went wrong.

mod attempt;
mod client;
mod credentials;
mod endpoint;
mod failure;
mod first_contact;
mod http;
mod item;
mod obstacle;
mod pace;
mod page;
mod patience;
mod proxy;
mod regions;
mod role;
mod time;
mod trace;
mod trust;
mod whole;

pub use client::{Account, Connection, Ec2, connect};

pub use endpoint::{Endpoint, EndpointUrl, NoEndpoint};
pub use failure::Failure;
#[doc(hidden)]
pub use page::{Page, decode_entries};
pub use patience::Patience;
pub use role::{AskMfa, Code};
pub use time::Time;
pub use trace::Retries;
