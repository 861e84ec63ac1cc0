//! Command-line definition of `amiusage emulator`.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueHint};
use clap_complete::engine::ArgValueCompleter;

use super::{candidates, manual};
use crate::args::value;
use crate::emulator::{REPORT_TYPES, Synthetic, Throttle};

/// Run a local EC2 endpoint for image usage reports
///
/// Works with this program, the AWS CLI and any SDK. It prints two `export` lines; run them in another shell to use
/// the endpoint there. Reports can be created, become available after a delay, and can be deleted. No account is needed,
/// and credentials are not checked. The default data is the sample data of `--offline`.
#[derive(Debug, Args)]
#[command(after_help = manual::MORE, after_long_help = manual::EMULATOR)]
pub struct Emulator {
    /// Address to listen on (port 0: any free port)
    #[arg(long, value_name = "ADDRESS", value_parser = value::address, default_value = "127.0.0.1:4566")]
    pub listen: SocketAddr,

    /// Serve images, reports and entries from a JSON file
    ///
    /// The format is described under Documents.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, conflicts_with = "synthetic")]
    pub state: Option<PathBuf>,

    /// Serve generated data, such as images=20,entries=50000
    ///
    /// The entries are spread evenly over the images.
    #[arg(long, value_name = "SIZES")]
    pub synthetic: Option<Synthetic>,

    /// Delay before each response, such as 50ms or 2s
    #[arg(long, value_name = "TIME", allow_hyphen_values = true, value_parser = humantime::parse_duration, default_value = "0ms")]
    pub latency: Duration,

    /// Time until a new report is available
    #[arg(long, value_name = "TIME", allow_hyphen_values = true, value_parser = humantime::parse_duration, default_value = "2s")]
    pub report_delay: Duration,

    /// Resource types that new reports can cover
    ///
    /// By default the four of the service: `ec2:Instance`, `ec2:LaunchTemplate`, `imagebuilder:ImageRecipe` and
    /// `imagebuilder:ContainerRecipe`. Reports of other types are refused with InvalidParameterValue, as by an endpoint
    /// that does not have them yet.
    #[arg(
        long,
        value_name = "TYPE",
        num_args = 1..,
        value_delimiter = ',',
        default_values = REPORT_TYPES,
        hide_default_value = true,
        add = ArgValueCompleter::new(candidates::resource_types)
    )]
    pub resource_types: Vec<String>,

    /// Rate limit, such as burst=100,rate=20
    ///
    /// A token bucket as in EC2, refilled with RATE requests per second. When it is empty, requests fail with
    /// RequestLimitExceeded.
    #[arg(long, value_name = "LIMITS")]
    pub throttle: Option<Throttle>,
}
