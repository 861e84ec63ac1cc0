//! The options of a check, and the reports that they require.

use std::time::{Duration, Instant};

use super::evidence::TimeLimits;
use crate::aws::Ec2;
use crate::reports::ReportSpec;

/// The options of a check.
#[derive(Clone, Debug)]
pub struct CheckOptions {
    /// The images to check.
    pub images: Images,
    /// The names of the resource types that reports must cover, at least one.
    pub resource_types: Vec<String>,
    /// How many of a launch template's newest versions are examined; the service's default of 20 when absent.
    pub version_depth: Option<u32>,
    /// The maximum age of a report.
    pub max_report_age: Duration,
    /// How long *unused* requires that the image exists and was not launched; zero for no requirement.
    pub idle: Duration,
    /// Whether reports may be created.
    pub create: bool,
    /// Whether to read the launch permissions of each image, with one request per image.
    pub launch_permissions: bool,
    /// Whether to look for references in launch configurations of EC2 Auto Scaling.
    pub auto_scaling: bool,
    /// How long to wait for reports in total; without limit when absent.
    pub timeout: Option<Duration>,
    /// How long to wait before new reports without a use are read again.
    pub reread_delay: Duration,
}

/// Which images to check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Images {
    /// These IDs, in this order.
    Ids(Vec<String>),
    /// All images that the account owns with one of these names; with any name when there are none.
    Owned {
        /// Name patterns with wildcards.
        names: Vec<String>,
    },
}

impl Images {
    /// The name patterns.
    pub fn names(&self) -> &[String] {
        match self {
            Self::Ids(_) => &[],
            Self::Owned { names } => names,
        }
    }
}

impl CheckOptions {
    /// The times that evidence is compared with, for a run that `started` then.
    pub(super) fn limits(&self, started: Instant, ec2: &Ec2) -> TimeLimits {
        let now = ec2.now();
        let start = now.checked_sub(started.elapsed()).unwrap_or(now);
        TimeLimits::new(start, now, self.max_report_age, self.idle)
    }

    /// The report that an image needs: all accounts, the requested resource types, at the requested depth.
    pub(super) fn spec(&self, image_id: &str) -> ReportSpec {
        ReportSpec::of_all_accounts(image_id, &self.resource_types, self.version_depth)
    }

    /// The options without some resource types, unless there are no others.
    pub(super) fn without_types(&self, names: &[String]) -> Self {
        let mut options = self.clone();
        options.resource_types.retain(|name| !names.contains(name));
        match options.resource_types.is_empty() {
            true => self.clone(),
            false => options,
        }
    }
}
