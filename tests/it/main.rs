//! The binary as a user meets it, against the emulator: one program, because each one links the whole SDK.

mod completions;
mod conformance;
mod emulator;
mod entries;
mod errors;
mod faults;
mod generated;
mod interrupt;
mod network;
mod paging;
mod readme;
mod support;
