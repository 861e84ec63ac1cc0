//! The `amiusage` program: parse, run, and turn the outcome into an exit status.

#![forbid(unsafe_code)]

use std::process::ExitCode;

use amiusage::cli::{self, Cli};
use amiusage::commands::{self, Terminal};
use amiusage::error::{Category, Error};
use amiusage::exit;

fn main() -> ExitCode {
    if commands::complete() {
        return ExitCode::SUCCESS;
    }
    let category = match cli::parse(std::env::args_os()) {
        Ok(cli) => {
            let terminal = Terminal::new(&cli.messages, exit::status);
            run(cli, &terminal).unwrap_or_else(|error| {
                terminal.error(&error);
                error.category()
            })
        }
        Err(error) => commands::print_parse_error(&error, exit::status),
    };
    exit::status(category).into()
}

fn run(cli: Cli, terminal: &Terminal) -> Result<Category, Error> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let outcome = runtime.block_on(commands::run(cli, terminal));
    // A DNS lookup that hangs must not delay the exit.
    runtime.shutdown_background();
    outcome
}
