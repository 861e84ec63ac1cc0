//! Who runs my Amazon machine images, and may I retire them?
//!
//! This library is what the `amiusage` binary is made of. Data flows one way through its rooms: [`cli`] says
//! what may be asked, [`commands`] turn what was asked into an answer, with [`aws`], [`entries`], [`reports`] and
//! [`images`] on the service's side, [`verdict`] between, and [`output`] on the reader's. [`exit`] says how it ended.
//! [`emulator`] stands on the far side of the wire.

#![forbid(unsafe_code)]

pub mod aws;
pub mod cli;
pub mod commands;
pub mod emulator;
pub mod entries;
pub mod exit;
pub mod images;
pub mod listing;
pub mod output;
pub mod reports;
pub mod verdict;
