//! What may be asked: the definition of the command line, from which help, completions and the manual are made.

pub mod error;
pub mod filter;
pub mod list;
pub mod shorthand;
mod text_file;
