//! A local implementation of Amazon EC2's image usage actions, and of what else a check needs.
//!
//! [`Emulator`] turns the form body of an EC2 Query request into the service's XML and knows nothing of HTTP. Two
//! transports use it: [`in_memory_client`] replaces the socket of an AWS SDK client, and [`serve`] listens on a real
//! one. The emulator shares no types with the client, so that one mistake cannot hide on both sides.

mod account;
mod accounts;
mod actions;
mod clock;
mod connector;
mod filter;
mod form;
mod http;
mod model;
mod number_list;
mod paging;
mod region;
mod request;
mod resource_type;
mod response;
mod sample;
mod saved;
mod service;
mod state;
mod store;
mod synthetic;
mod throttle;
mod timestamp;
mod xml;

pub use account::Settings;
pub use connector::in_memory_client;
pub use http::{ServerOptions, serve};
pub use region::signed_region;
pub use resource_type::REPORT_TYPES;
pub use response::Response;
pub use saved::LoadError;
pub use service::Emulator;
pub use state::State;
pub use synthetic::{Synthetic, SyntheticError};
pub use throttle::{Throttle, ThrottleError};
