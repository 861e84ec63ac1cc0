//! Images, who may launch them, and what references them.

mod launch_configurations;
mod launch_permissions;
mod owned;
mod references;

pub use launch_configurations::launch_configurations;
pub use launch_permissions::{LaunchPermission, launch_permissions};
pub use owned::{DescribeImages, Image, MAX_NAME_PATTERNS, Snapshots, owned};
pub use references::{DescribeImageReferences, Reference};
