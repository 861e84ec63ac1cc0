//! From the connection flags to a client.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;

use super::mfa;
use crate::aws::{self, Ec2, Endpoint, NoEndpoint, Patience};
use crate::cli::error::ArgumentError;
use crate::cli::{Connection, text_file};
use crate::emulator::{self, Emulator, State};

/// The client that the flags ask for.
pub(super) async fn connect(connection: Connection, debug: bool) -> anyhow::Result<Ec2> {
    let endpoint = match (connection.offline, connection.endpoint_url) {
        (Some(document), _) => {
            let state = match document {
                Some(path) => load_state("--offline", &path)?,
                None => State::sample(),
            };
            Endpoint::Offline(emulator::in_memory_client(Arc::new(Emulator::new(state))))
        }
        (None, Some(url)) => Endpoint::Url(
            url.parse()
                .map_err(|error: NoEndpoint| ArgumentError::new("--endpoint-url", error))?,
        ),
        (None, None) => Endpoint::Configured,
    };
    let Connection {
        profile,
        region,
        ca_bundle,
        max_attempts,
        connect_timeout,
        read_timeout,
        ..
    } = connection;
    let limit = |time: Duration| (!time.is_zero()).then_some(time);
    Ok(aws::connect(aws::Connection {
        profile,
        region,
        endpoint,
        ca_bundle,
        patience: Patience {
            max_attempts,
            connect_timeout: limit(connect_timeout),
            read_timeout: limit(read_timeout),
        },
        debug,
        ask_mfa: mfa::ask,
    })
    .await?)
}

/// The largest saved document that is read, in bytes: over a million entries.
const MAX_DOCUMENT: u64 = 256 * 1024 * 1024;

/// Reads a saved document, the argument of `flag`.
pub(super) fn load_state(flag: &str, path: &Path) -> anyhow::Result<State> {
    let text = text_file::read_up_to(MAX_DOCUMENT, path)
        .map_err(|error| ArgumentError::new(flag, error))?;
    State::from_json(&text)
        .map_err(|error| ArgumentError::new(flag, format_args!("{}: {error}", path.display())))
        .context("the saved document cannot be used")
}
