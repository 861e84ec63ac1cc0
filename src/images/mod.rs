//! Images and what references them.

mod owned;
mod references;

pub use owned::{DescribeImages, Image, MAX_NAME_PATTERNS, owned};
pub use references::{DescribeImageReferences, Reference};
