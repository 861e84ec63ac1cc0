//! `amiusage emulator`: a local endpoint.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueHint};

use super::manual;
use crate::emulator::{Synthetic, Throttle};

/// Answer EC2's image usage actions on a local port, for this program, the AWS CLI and any SDK
///
/// Prints two lines for another shell, so that AWS tools there use it. Reports can be created, become available
/// after a while, and can be deleted. Needs no account; credentials are not checked. Without `--state` and `--synthetic` it serves the sample data of `--offline`.
#[derive(Debug, Args)]
#[command(after_long_help = manual::EMULATOR)]
pub struct Emulator {
    /// The address to listen on; port 0 takes any free one
    #[arg(long, value_name = "ADDRESS", value_parser = address, default_value = "127.0.0.1:4566")]
    pub listen: SocketAddr,

    /// Serve what this document holds, in the AWS CLI's JSON: images, reports and entries
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, conflicts_with = "synthetic")]
    pub state: Option<PathBuf>,

    /// Serve generated data: `images=20,entries=50000`, the entries spread evenly over the images
    #[arg(long, value_name = "SIZES")]
    pub synthetic: Option<Synthetic>,

    /// Wait this long before each answer: `50ms`, `2s`
    #[arg(long, value_name = "TIME", value_parser = humantime::parse_duration, default_value = "0ms")]
    pub latency: Duration,

    /// How long a new report is pending: `500ms`, `1m`
    #[arg(long, value_name = "TIME", value_parser = humantime::parse_duration, default_value = "2s")]
    pub report_delay: Duration,

    /// Refuse requests beyond this rate: `burst=100,rate=20` takes 100 at once, then 20 a second
    ///
    /// As EC2 does: a token bucket, and the error RequestLimitExceeded when it is empty.
    #[arg(long, value_name = "LIMITS")]
    pub throttle: Option<Throttle>,
}

fn address(text: &str) -> Result<SocketAddr, String> {
    text.parse()
        .map_err(|_| "an IP address and a port, such as 127.0.0.1:4566".to_owned())
}
