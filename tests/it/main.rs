//! The binary as a user meets it, against the emulator: one program, because each one links the whole SDK.

mod architecture;
mod check;
mod cloud;
mod completions;
mod concurrency;
mod conformance;
mod credentials;
mod emulator;
mod emulator_actions;
mod entries;
mod errors;
mod faults;
mod formats;
mod generated;
mod hostile;
mod interrupt;
mod matrix;
mod network;
mod output;
mod paging;
mod readme;
mod regions;
mod reports;
mod secrets;
mod support;
mod tables;
