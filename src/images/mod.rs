//! Images, who may launch them, what references them, and the Regions that have them.

mod launch_configurations;
mod launch_permissions;
mod member;
mod operation;
mod owned;
mod record;
mod references;
mod regions;

pub use launch_configurations::launch_configurations;
pub use launch_permissions::{LaunchPermission, launch_permissions};
pub use operation::DescribeImages;
pub use owned::{Image, MAX_NAME_PATTERNS, Snapshots, owned};
pub use record::ImageRow;
pub use references::{DescribeImageReferences, Reference};
pub use regions::{DescribeRegions, RegionRow};
