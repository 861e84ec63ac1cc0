//! The binary as a user meets it, against the emulator: one program, because each one links the whole SDK.

mod conformance;
mod emulator;
mod entries;
mod errors;
mod faults;
mod interrupt;
mod paging;
mod support;
