//! The `amiusage` program: parse, run, and turn the outcome into an exit status.

#![forbid(unsafe_code)]

use std::process::ExitCode;

use amiusage::cli::{self, Cli};
use amiusage::commands::{self, Terminal};
use amiusage::exit::{Message, Status};

fn main() -> ExitCode {
    if commands::complete() {
        return Status::Success.into();
    }
    let cli = match cli::parse(std::env::args_os()) {
        Ok(cli) => cli,
        Err(error) => return Terminal::refuse(&error).into(),
    };
    let terminal = Terminal::new(&cli.messages);
    match run(cli, &terminal) {
        Ok(()) => Status::Success.into(),
        Err(error) => match Message::about(&error) {
            Some(message) => {
                terminal.error(&message);
                message.status.into()
            }
            None => Status::Success.into(),
        },
    }
}

fn run(cli: Cli, terminal: &Terminal) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let outcome = runtime.block_on(commands::run(cli, terminal));
    // A name look-up that hangs must not hold up the end.
    runtime.shutdown_background();
    outcome
}
