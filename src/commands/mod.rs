//! One file a subcommand: from parsed arguments to a finished answer.
//!
//! Only here do the command line, the service and the output meet.

mod check;
mod completions;
mod connection;
mod emulator;
mod entries;
mod listing;
mod mfa;
mod output_plan;
mod progress;
mod regions;
mod reports;
mod signals;
mod terminal;

pub use self::listing::Stopped;
pub use self::regions::{RegionFailed, RegionsMissing};
pub use check::{NotRetirable, Unfinished};
pub use completions::complete;
pub use reports::NotAvailable;
pub use signals::Interrupted;
pub use terminal::Terminal;

use std::io::ErrorKind;

use crate::cli::reports::{Command as Reports, Waiter};
use crate::cli::{Cli, Command};
use crate::output::WriteError;

/// What writing came to, where the rows are not all that a run tells: a reader that closes the pipe, as `head` does, is
/// no error, and must not end the run before its exit status is known.
fn ignore_broken_pipe(written: anyhow::Result<()>) -> anyhow::Result<()> {
    let is_unread = |error: &anyhow::Error| {
        (error.downcast_ref::<WriteError>())
            .is_some_and(|WriteError { error, .. }| error.kind() == ErrorKind::BrokenPipe)
    };
    written.or_else(|error| {
        if is_unread(&error) {
            Ok(())
        } else {
            Err(error)
        }
    })
}

/// Does what the command line asks for.
///
/// # Errors
/// Whatever stands in the way of a whole answer; [`exit::Message`](crate::exit::Message) tells the kinds apart.
pub async fn run(cli: Cli, terminal: &Terminal) -> anyhow::Result<()> {
    match cli.command {
        Command::Entries(arguments) => entries::run(arguments, cli.connection, terminal).await,
        Command::Reports(reports) => match reports.command {
            Reports::List(arguments) => reports::list(*arguments, cli.connection, terminal).await,
            Reports::Create(arguments) => {
                reports::create(*arguments, cli.connection, terminal).await
            }
            Reports::Wait(arguments) => reports::wait(arguments, cli.connection, terminal).await,
            Reports::Delete(arguments) => {
                reports::delete(*arguments, cli.connection, terminal).await
            }
        },
        Command::ListReports(arguments) => {
            reports::list(*arguments, cli.connection, terminal).await
        }
        Command::CreateReport(arguments) => {
            reports::create(*arguments, cli.connection, terminal).await
        }
        Command::DeleteReport(arguments) => {
            reports::delete(*arguments, cli.connection, terminal).await
        }
        Command::Wait(Waiter::ImageUsageReportAvailable(arguments)) => {
            reports::wait(arguments, cli.connection, terminal).await
        }
        Command::Check(arguments) => check::run(*arguments, cli.connection, terminal).await,
        Command::Emulator(arguments) => emulator::run(arguments, terminal).await,
        Command::Completions(arguments) => completions::run(&arguments),
    }
}
