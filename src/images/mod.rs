//! Images and what refers to them: the actions beside the reports from which an image's owner learns of it.
//!
//! Nothing here knows of the command line or of a terminal.

mod owned;
mod references;

pub use owned::{DescribeImages, Image, MAX_NAME_PATTERNS, owned};
pub use references::{DescribeImageReferences, Reference};
