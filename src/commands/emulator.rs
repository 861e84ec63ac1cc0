//! `amiusage emulator`: serves the emulator on a local port until Ctrl-C.

use std::sync::Arc;

use tokio::net::TcpListener;

use super::connection::load_state;
use super::signals;
use super::terminal::Terminal;
use crate::cli;
use crate::emulator::{self, Emulator, ServerOptions, Settings, State};
use crate::error::Error;
use crate::output::write_to_stdout;

/// Serves until Ctrl-C or SIGTERM, which is success.
pub(super) async fn run(
    arguments: cli::emulator::Emulator,
    terminal: &Terminal,
) -> Result<(), Error> {
    let state = match (&arguments.state, arguments.synthetic) {
        (Some(path), _) => load_state("--state", path)?,
        (None, Some(sizes)) => State::synthetic(sizes),
        (None, None) => State::sample(),
    };
    let settings = Settings {
        report_delay: arguments.report_delay,
        resource_types: arguments.resource_types,
        throttle: arguments.throttle,
        ..Settings::default()
    };
    let listener = TcpListener::bind(arguments.listen).await.map_err(|error| {
        Error::from(error)
            .context(format_args!("cannot listen on {}", arguments.listen))
            .with_hint("choose another --listen address, or port 0 for any free port")
    })?;
    let address = listener.local_addr()?;
    let interrupted = signals::interrupted()?;
    write_to_stdout(&format!(
        "export AWS_ENDPOINT_URL_EC2=http://{address} AWS_ENDPOINT_URL_AUTO_SCALING=http://{address} \
         AWS_ENDPOINT_URL_ORGANIZATIONS=http://{address}\n\
         export AWS_ACCESS_KEY_ID=emulator AWS_SECRET_ACCESS_KEY=emulator \
         AWS_REGION=us-east-1 AWS_DEFAULT_REGION=us-east-1\n"
    ))?;
    terminal.note(
        "emulator is running; paste these lines into another shell, and press Ctrl-C here to stop",
    );
    emulator::serve(
        listener,
        Arc::new(Emulator::with_settings(state, settings)),
        ServerOptions {
            latency: arguments.latency,
            ..ServerOptions::default()
        },
        interrupted,
    )
    .await;
    Ok(())
}
