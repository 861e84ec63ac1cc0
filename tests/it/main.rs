//! The binary as a user meets it, against the emulator: one program, because each one links the whole SDK.

mod cloud;
mod credentials;
mod secrets;
mod support;
