//! Who runs my Amazon machine images, and may I retire them?
//!
//! This library is what the `amiusage` binary is made of. Data flows one way through its rooms: [`cli`] says
//! what may be asked; [`commands`] turn what was asked into an answer; [`exit`] says how it ended. On the service's side
//! [`aws`] is the transport, [`listing`] reads any answer that comes in pages, and [`entries`], [`reports`] and
//! [`images`] are the actions. [`verdict`] judges by what they give, and [`output`] writes it down for the reader.
//! [`emulator`] stands on the far side of the wire.

#![forbid(unsafe_code)]

pub mod args;
pub mod aws;
pub mod cli;
pub mod commands;
pub mod emulator;
pub mod entries;
pub mod error;
pub mod exit;
pub mod images;
pub mod listing;
pub mod output;
pub mod reports;
pub mod verdict;
