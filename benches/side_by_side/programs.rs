//! The compared programs, and their command lines for the same entries.

use std::env;
use std::ffi::OsString;
use std::fs::File;
use std::io::Read;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::FLOOR;
use crate::check::Format;
use crate::emulator::AMIUSAGE;

/// The service's limit, and therefore that of the AWS CLI.
const MAX_IDS: usize = 200;

const BOTO3: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/benches/side_by_side/boto3_paginator.py"
);

/// A compared program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Program {
    Amiusage(Format),
    /// One run per 200 images, sequentially, as in a shell loop. Each run paginates.
    AwsCli,
    Boto3,
    Floor,
}

impl Program {
    pub fn name(self) -> String {
        match self {
            Self::Amiusage(format) => format!("amiusage, {}", format.name()),
            Self::AwsCli => "AWS CLI, text".to_owned(),
            Self::Boto3 => "boto3, csv".to_owned(),
            Self::Floor => "floor, csv".to_owned(),
        }
    }

    /// Its output format.
    pub fn format(self) -> Format {
        match self {
            Self::Amiusage(format) => format,
            Self::AwsCli => Format::Text,
            Self::Boto3 | Self::Floor => Format::Csv,
        }
    }
}

/// The installed peers.
pub struct Programs {
    aws_cli: Option<Peer>,
    boto3: Option<Peer>,
}

/// A program of another project.
pub struct Peer {
    path: PathBuf,
    /// Its version, as it prints it.
    pub version: String,
    /// Whether it is a shell script, probably of a version manager, whose start-up counts.
    pub shell_script: bool,
}

impl Peer {
    /// The program in the environment variable, or else `name` on PATH; `None` if it does not print a version.
    fn find(variable: &str, name: &str, version: &[&str]) -> Option<Self> {
        let path = env::var_os(variable).map_or_else(|| which(name), |path| Some(path.into()))?;
        let output = Command::new(&path).args(version).output().ok()?;
        output.status.success().then(|| Self {
            version: String::from_utf8_lossy(&output.stdout).trim().to_owned(),
            shell_script: is_shell_script(&path),
            path,
        })
    }
}

impl Programs {
    pub fn find() -> Self {
        const VERSIONS: &str = "import boto3, botocore, sys; \
            print(f'boto3 {boto3.__version__}, botocore {botocore.__version__}, Python', sys.version.split()[0])";
        Self {
            aws_cli: Peer::find("AMIUSAGE_AWS_CLI", "aws", &["--version"]),
            boto3: Peer::find("AMIUSAGE_PYTHON", "python3", &["-c", VERSIONS]),
        }
    }

    /// The AWS CLI and boto3, with their environment variables.
    pub fn peers(&self) -> [(&'static str, &'static str, Option<&Peer>); 2] {
        [
            ("AWS CLI", "AMIUSAGE_AWS_CLI", self.aws_cli.as_ref()),
            ("boto3", "AMIUSAGE_PYTHON", self.boto3.as_ref()),
        ]
    }

    /// The commands that list the entries of `images`, to be run sequentially; `None` if the program is not installed.
    pub fn commands(
        &self,
        program: Program,
        address: SocketAddr,
        images: &[String],
        page_size: usize,
    ) -> Option<Vec<Command>> {
        let page_size = page_size.to_string();
        let mut commands = match program {
            Program::Amiusage(format) => {
                let mut command = Command::new(AMIUSAGE);
                command
                    .args(["entries", "--output", format.name()])
                    .args(["--page-size", &page_size, "--image-ids"])
                    .args(images);
                vec![command]
            }
            Program::AwsCli => {
                let path = &self.aws_cli.as_ref()?.path;
                let batch = |images| {
                    let mut command = Command::new(path);
                    command
                        .args(["ec2", "describe-image-usage-report-entries"])
                        .args(["--output", "text"])
                        .args(["--page-size", &page_size, "--image-ids"])
                        .args(images);
                    command
                };
                images.chunks(MAX_IDS).map(batch).collect()
            }
            Program::Boto3 => {
                let mut command = Command::new(&self.boto3.as_ref()?.path);
                command.args([BOTO3, &page_size]).args(images);
                vec![command]
            }
            Program::Floor => {
                let mut command = Command::new(env::current_exe().ok()?);
                command
                    .args([FLOOR, &address.to_string(), &page_size])
                    .args(images);
                vec![command]
            }
        };
        for command in &mut commands {
            command.env_clear().envs(environment(address));
        }
        Some(commands)
    }
}

/// The environment of this process without settings for AWS tools and proxies, and with the emulator's address.
fn environment(address: SocketAddr) -> impl Iterator<Item = (OsString, OsString)> {
    let ours = |name: &OsString| {
        let name = name.to_string_lossy().to_ascii_uppercase();
        !name.starts_with("AWS_") && !name.starts_with("AMIUSAGE_") && !name.ends_with("_PROXY")
    };
    env::vars_os().filter(move |(name, _)| ours(name)).chain(
        [
            ("AWS_ENDPOINT_URL_EC2", format!("http://{address}")),
            ("AWS_ACCESS_KEY_ID", "emulator".to_owned()),
            ("AWS_SECRET_ACCESS_KEY", "emulator".to_owned()),
            ("AWS_REGION", "us-east-1".to_owned()),
            ("AWS_DEFAULT_REGION", "us-east-1".to_owned()),
            ("AWS_EC2_METADATA_DISABLED", "true".to_owned()),
            ("AWS_CONFIG_FILE", "/nonexistent/config".to_owned()),
            (
                "AWS_SHARED_CREDENTIALS_FILE",
                "/nonexistent/credentials".to_owned(),
            ),
        ]
        .map(|(name, value)| (name.into(), value.into())),
    )
}

/// The file `name` on PATH.
fn which(name: &str) -> Option<PathBuf> {
    env::split_paths(&env::var_os("PATH")?)
        .map(|folder| folder.join(name))
        .find(|path| path.is_file())
}

fn is_shell_script(path: &Path) -> bool {
    let mut head = [0; 64];
    let read = File::open(path).and_then(|mut file| file.read(&mut head));
    let head = String::from_utf8_lossy(&head[..read.unwrap_or(0)]).into_owned();
    let first = head.lines().next().unwrap_or_default();
    first.starts_with("#!") && first.ends_with("sh")
}
