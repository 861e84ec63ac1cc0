//! Amazon EC2's image usage actions, answered locally.
//!
//! [`Emulator`] turns the form body of an EC2 Query request into the service's XML; it knows nothing of HTTP.
//! Two fronts carry it: [`in_memory_client`] replaces the socket of an AWS SDK client, and [`serve`] listens on
//! a real one. This room is the far side of the wire: it shares no types with the client's side, so that a
//! mistake is not made twice alike.

mod connector;
mod entries;
mod filter;
mod http;
mod paging;
mod refusal;
mod reports;
mod request;
mod saved;
mod state;
mod synthetic;
mod xml;

use std::sync::atomic::{AtomicU64, Ordering};

pub use connector::in_memory_client;
pub use http::serve;
use refusal::Refusal;
use request::{Action, Request};
pub use saved::LoadError;
pub use state::State;
pub use synthetic::{Synthetic, SyntheticError};

/// Answers `DescribeImageUsageReportEntries` and `DescribeImageUsageReports` from a fixed [`State`].
#[derive(Debug)]
pub struct Emulator {
    state: State,
    answered: AtomicU64,
}

/// An answer of the service, before HTTP carries it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// The HTTP status.
    pub status: u16,
    /// What identifies this answer: in the body, and in the header `x-amzn-requestid`.
    pub request_id: String,
    /// XML, in UTF-8.
    pub body: String,
}

impl Emulator {
    /// An emulator whose account holds what `state` says.
    pub fn new(state: State) -> Self {
        Self {
            state,
            answered: AtomicU64::new(0),
        }
    }

    /// Answers one request, given its form body. Whatever the bytes, there is an answer.
    pub fn answer(&self, form: &[u8]) -> Reply {
        let request_id = self.next_request_id();
        match self.body(form, &request_id) {
            Ok(body) => Reply {
                status: 200,
                request_id,
                body,
            },
            Err(refusal) => refusal.into_reply(request_id),
        }
    }

    /// The error answer to something that is no request form at all.
    fn refuse(&self, refusal: Refusal) -> Reply {
        refusal.into_reply(self.next_request_id())
    }

    fn body(&self, form: &[u8], request_id: &str) -> Result<String, Refusal> {
        let request = Request::parse(form)?;
        request.check_ids(&self.state)?;
        match request.action {
            Action::Entries => entries::describe(&self.state, &request, request_id),
            Action::Reports => reports::describe(&self.state, &request, request_id),
        }
    }

    /// Request IDs count up, so that the same requests get the same bytes.
    fn next_request_id(&self) -> String {
        let number = self.answered.fetch_add(1, Ordering::Relaxed) + 1;
        format!("00000000-0000-4000-8000-{:012x}", number & 0xffff_ffff_ffff)
    }
}

#[cfg(test)]
mod tests;
