//! The emulator that all programs ask.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};

use anyhow::{Context, bail};
use quick_xml::Reader;
use quick_xml::events::Event;
use wait4::Wait4;

use crate::http::Connection;
use crate::measure::Usage;

/// The program under measurement, which is the emulator too.
pub const AMIUSAGE: &str = env!("CARGO_BIN_EXE_amiusage");

/// What the emulator serves, and how fast.
#[derive(Clone, Copy, Debug)]
pub struct Load {
    pub images: usize,
    /// In all images together.
    pub entries: u64,
    /// Before each answer, in milliseconds.
    pub latency: u32,
    /// The size of the token bucket and its refill a second.
    pub throttle: Option<(u32, u32)>,
}

/// An emulator under way. Each run gets one of its own, so that none is helped or slowed down by what ran before.
pub struct Emulator {
    /// Absent once it has ended.
    process: Option<Child>,
    pub address: SocketAddr,
}

impl Emulator {
    /// Starts an emulator and waits until it listens.
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
                bail!("the emulator does not say where it listens, but {line:?}")
            }
        }
    }

    /// Whether this build's emulator knows throttling.
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
            connection.ask("DescribeImageUsageReports", sent, &mut body)?;
            let ids = texts(&body, "imageId")?;
            images.extend(ids);
            token = texts(&body, "nextToken")?.pop();
            if token.is_none() {
                return Ok(images);
            }
        }
    }

    /// Ends the emulator, and says what it took.
    pub fn end(mut self) -> anyhow::Result<Usage> {
        let mut process = self.process.take().context("it ends once")?;
        // Nothing is lost by a hard end, and it takes no CPU time of its own.
        process.kill()?;
        Ok(Usage::of(&process.wait4()?.rusage))
    }
}

impl Drop for Emulator {
    /// After an error elsewhere.
    fn drop(&mut self) {
        if let Some(process) = &mut self.process {
            let _ = process.kill();
            let _ = process.wait();
        }
    }
}

/// The texts of the elements of this name.
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
