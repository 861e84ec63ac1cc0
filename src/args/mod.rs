//! Parsers of argument values: lists, filters, shorthand syntax, structures and files. They know nothing of clap.

pub mod document;
pub mod error;
pub mod filter;
pub mod list;
pub mod shorthand;
pub mod structure;
pub mod text_file;
pub mod value;
