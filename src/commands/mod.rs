//! Runs the subcommands, one file each: only here do the command line, the service and the output meet.

mod account_names;
mod check;
mod completions;
mod connection;
mod diff;
mod emulator;
mod entries;
mod images;
mod list_regions;
mod listing;
mod mfa;
mod output_plan;
mod progress;
mod references;
mod regional;
mod regions;
mod report_limits;
mod reports;
mod rows;
#[cfg(test)]
mod schemas;
mod selection;
mod signals;
mod skeleton;
mod summary;
mod terminal;

pub use completions::complete;
pub use terminal::{Terminal, print_parse_error};

use crate::cli::reports::{Command as Reports, Waiter};
use crate::cli::{Cli, Command};
use crate::error::{Category, Error};

/// Runs the subcommand. The result of a run without an error is `Success`, or the verdict of `check`.
///
/// # Errors
/// Whatever prevents complete output.
pub async fn run(cli: Cli, terminal: &Terminal) -> Result<Category, Error> {
    let connection = cli.connection;
    let default_output = match cli.has_default_output {
        true => output_plan::default_output(&connection).await?,
        false => None,
    };
    let terminal = &terminal.with_default_output(default_output);
    match cli.command {
        Command::Check(arguments) => return check::run(*arguments, connection, terminal).await,
        Command::Diff(arguments) => return diff::run(*arguments, connection, terminal).await,
        Command::Summary(arguments) => {
            return summary::run(*arguments, connection, terminal).await;
        }
        Command::Entries(arguments) => entries::run(arguments, connection, terminal).await,
        Command::ListReports(arguments) => reports::list(*arguments, connection, terminal).await,
        Command::CreateReport(arguments) => reports::create(*arguments, connection, terminal).await,
        Command::DeleteReport(arguments) => reports::delete(*arguments, connection, terminal).await,
        Command::Wait(Waiter::ImageUsageReportAvailable(arguments)) => {
            reports::wait(arguments, connection, terminal).await
        }
        Command::Reports(command) => match command.command {
            Reports::List(arguments) => reports::list(*arguments, connection, terminal).await,
            Reports::Create(arguments) => reports::create(*arguments, connection, terminal).await,
            Reports::Delete(arguments) => reports::delete(*arguments, connection, terminal).await,
            Reports::Wait(arguments) => reports::wait(arguments, connection, terminal).await,
        },
        Command::Images(arguments) => images::run(*arguments, connection, terminal).await,
        Command::References(arguments) => references::run(*arguments, connection, terminal).await,
        Command::Regions(arguments) => list_regions::run(*arguments, connection, terminal).await,
        Command::Emulator(arguments) => emulator::run(arguments, terminal).await,
        Command::Completions(arguments) => completions::run(&arguments),
        Command::Skeleton(skeleton) => skeleton::run(*skeleton, terminal).await,
    }
    .map(|()| Category::Success)
}
