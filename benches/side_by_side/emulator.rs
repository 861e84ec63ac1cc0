//! Runs the emulator that all programs query.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};

use anyhow::{Context, bail};
use quick_xml::Reader;
use quick_xml::events::Event;
use wait4::Wait4;

use crate::http::Connection;
use crate::measure::Usage;

/// The measured program, which also runs the emulator.
pub const AMIUSAGE: &str = env!("CARGO_BIN_EXE_amiusage");

/// The emulator's data and speed.
#[derive(Clone, Copy, Debug)]
pub struct Load {
    pub images: usize,
    /// Over all images.
    pub entries: u64,
    /// Latency of each response in milliseconds.
    pub latency: u32,
    /// The size of the token bucket and its refill rate per second.
    pub throttle: Option<(u32, u32)>,
}

/// A running emulator. Each run gets a new one, so that earlier runs do not affect it.
pub struct Emulator {
    /// `None` after it was stopped.
    process: Option<Child>,
    pub address: SocketAddr,
}

impl Emulator {
    /// Starts an emulator, and waits until it listens.
    pub fn start(load: &Load) -> anyhow::Result<Self> {
        let Load {
            images,
            entries,
            latency,
            throttle,
        } = load;
        let mut command = Command::new(AMIUSAGE);
        command
            .args(["emulator", "--quiet", "--listen", "127.0.0.1:0"])
            .arg(format!("--synthetic=images={images},entries={entries}"))
            .arg(format!("--latency={latency}ms"));
        if let Some((burst, rate)) = throttle {
            command.arg(format!("--throttle=burst={burst},rate={rate}"));
        }
        let mut process = command.stdout(Stdio::piped()).spawn()?;
        let stdout = process.stdout.take().context("stdout is piped")?;
        let mut line = String::new();
        BufReader::new(stdout).read_line(&mut line)?;
        let address = line.trim_end().rsplit('/').next().map(str::parse);
        match address {
            Some(Ok(address)) => Ok(Self {
                process: Some(process),
                address,
            }),
            _ => {
                process.kill()?;
                process.wait()?;
                bail!("expected the emulator's address, got {line:?}")
            }
        }
    }

    /// Whether this build's emulator supports throttling.
    pub fn can_throttle() -> anyhow::Result<bool> {
        let help = Command::new(AMIUSAGE)
            .args(["emulator", "--help"])
            .output()?;
        Ok(String::from_utf8_lossy(&help.stdout).contains("--throttle"))
    }

    /// The IDs of the images, in the emulator's order.
    pub fn images(&self) -> anyhow::Result<Vec<String>> {
        let mut connection = Connection::open(self.address)?;
        let mut images = Vec::new();
        let mut token = None;
        loop {
            let mut body = String::new();
            let sent = token
                .as_deref()
                .map(|token| ("NextToken".to_owned(), token));
            connection.post("DescribeImageUsageReports", sent, &mut body)?;
            let ids = texts(&body, "imageId")?;
            images.extend(ids);
            token = texts(&body, "nextToken")?.pop();
            if token.is_none() {
                return Ok(images);
            }
        }
    }

    /// Stops the emulator, and returns its resource usage.
    pub fn stop(mut self) -> anyhow::Result<Usage> {
        let mut process = self.process.take().context("stop is called once")?;
        // Killing loses nothing, and takes no CPU time in the emulator.
        process.kill()?;
        Ok(Usage::of(&process.wait4()?.rusage))
    }
}

impl Drop for Emulator {
    /// Stops the emulator after an error elsewhere.
    fn drop(&mut self) {
        if let Some(process) = &mut self.process {
            let _ = process.kill();
            let _ = process.wait();
        }
    }
}

/// The texts of all elements with this name.
fn texts(xml: &str, element: &str) -> anyhow::Result<Vec<String>> {
    let mut reader = Reader::from_str(xml);
    let mut texts = Vec::new();
    loop {
        match reader.read_event()? {
            Event::Start(tag) if tag.name().as_ref() == element => {
                texts.push(reader.read_text(tag.name())?.into_inner().into_owned());
            }
            Event::Eof => return Ok(texts),
            _ => {}
        }
    }
}
