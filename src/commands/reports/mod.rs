//! `amiusage reports`, one file per subcommand.

mod create;
mod delete;
mod list;
mod wait;

pub(super) use create::run as create;
pub(super) use delete::run as delete;
pub(super) use list::run as list;
pub(super) use wait::run as wait;
