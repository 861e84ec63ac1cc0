//! Find out who uses your AMIs, and which ones you can retire.
//!
//! The library behind the `amiusage` program. [`cli`] defines the command line, [`args`] parses its values, and
//! [`commands`] run it. [`aws`] is the transport to EC2, [`listing`] reads paginated operations, and [`entries`],
//! [`reports`] and [`images`] are the operations. [`verdict`] derives verdicts from them, and [`output`] writes rows.
//! [`error`] is what all errors have in common, and [`exit`] the exit statuses. [`emulator`] is a local EC2 endpoint.

#![forbid(unsafe_code)]

pub mod accounts;
pub mod args;
pub mod aws;
pub mod cli;
pub mod commands;
pub mod diff;
pub mod emulator;
pub mod entries;
pub mod error;
pub mod exit;
pub mod images;
pub mod listing;
pub mod output;
pub mod reports;
pub mod summary;
pub mod verdict;
