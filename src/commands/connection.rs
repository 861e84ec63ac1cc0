//! Creates the EC2 clients that the connection options request.

use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use super::mfa;
use super::regions::Regions;
use crate::args::error::ArgumentError;
use crate::args::text_file;
use crate::aws::{self, ClientFactory, Ec2, Endpoint, InvalidEndpointUrl, RetrySettings};
use crate::cli::Connection;
use crate::emulator::{self, Emulator, State};
use crate::error::Error;
use crate::output::escape;

/// One client per Region, in the order of the output. They share what does not depend on the Region, such as the
/// credentials.
pub(super) async fn connect_all(
    connection: Connection,
    regions: Regions,
    debug: bool,
) -> Result<Vec<Ec2>, Error> {
    match regions {
        Regions::One(region) => {
            let factory = client_factory(connection, region, debug).await?;
            Ok(vec![factory.client()?])
        }
        Regions::Several(regions) => {
            let first = regions.first().cloned();
            let factory = client_factory(connection, first, debug).await?;
            Ok(factory.clients(&regions)?)
        }
        Regions::Enabled => {
            let factory = client_factory(connection, None, debug).await?;
            let regions = factory.enabled_regions().await.map_err(|error| {
                Error::from(error).context("cannot list the Regions for --all-regions")
            })?;
            Ok(factory.clients(&regions)?)
        }
    }
}

/// The client of a command that works in one Region.
pub(super) async fn connect(connection: Connection, debug: bool) -> Result<Ec2, Error> {
    let flag = match Regions::check(&connection)? {
        Regions::One(region) => {
            return Ok(client_factory(connection, region, debug).await?.client()?);
        }
        Regions::Several(_) => "--region",
        Regions::Enabled => "--all-regions",
    };
    let problem = "this command works in one Region; run it once per Region";
    Err(ArgumentError::new(flag, problem).into())
}

/// Reads the settings that the clients of all Regions share. `region` overrides the configured one.
async fn client_factory(
    connection: Connection,
    region: Option<String>,
    debug: bool,
) -> Result<ClientFactory, Error> {
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
                .map_err(|error: InvalidEndpointUrl| ArgumentError::new("--endpoint-url", error))?,
        ),
        (None, None) => Endpoint::Configured,
    };
    let Connection {
        profile,
        ca_bundle,
        max_attempts,
        connect_timeout,
        read_timeout,
        no_sign_request,
        ..
    } = connection;
    let limit = |time: Duration| (!time.is_zero()).then_some(time);
    Ok(ClientFactory::new(aws::Connection {
        profile,
        region,
        endpoint,
        ca_bundle,
        sign_requests: !no_sign_request,
        retry_settings: RetrySettings {
            max_attempts,
            connect_timeout: limit(connect_timeout),
            read_timeout: limit(read_timeout),
        },
        debug_log: debug.then_some(log_debug),
        mfa_prompt: mfa::prompt,
    })
    .await?)
}

/// Writes a line of the debug log. A failure to write it does not matter.
fn log_debug(line: &str) {
    let _ = writeln!(io::stderr(), "debug: {}", escape(line));
}

/// The maximum size of a saved document: over a million entries.
const MAX_DOCUMENT_BYTES: u64 = 256 * 1024 * 1024;

/// Reads the saved document that `flag` names.
pub(super) fn load_state(flag: &str, path: &Path) -> Result<State, ArgumentError> {
    let text = text_file::read_up_to(MAX_DOCUMENT_BYTES, path)
        .map_err(|error| ArgumentError::new(flag, error))?;
    State::from_json(&text)
        .map_err(|error| ArgumentError::new(flag, format_args!("{}: {error}", path.display())))
}
