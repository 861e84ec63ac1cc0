//! One file a subcommand: from parsed arguments to a finished answer.
//!
//! Only here do the command line, the service and the output meet.

mod completions;
mod connection;
mod emulator;
mod entries;
mod form;
mod listing;
mod mfa;
mod progress;
mod regions;
mod signals;
mod terminal;

pub use self::listing::Stopped;
pub use self::regions::{RegionFailed, RegionsMissing};
pub use completions::complete;
pub use signals::Interrupted;
pub use terminal::Terminal;

use crate::cli::{Cli, Command};

/// Does what the command line asks for.
///
/// # Errors
/// Whatever stands in the way of a whole answer; [`exit::Message`](crate::exit::Message) tells the kinds apart.
pub async fn run(cli: Cli, terminal: &Terminal) -> anyhow::Result<()> {
    match cli.command {
        Command::Entries(arguments) => entries::run(arguments, cli.connection, terminal).await,
        Command::Emulator(arguments) => emulator::run(arguments, terminal).await,
        Command::Completions(arguments) => completions::run(&arguments),
    }
}
