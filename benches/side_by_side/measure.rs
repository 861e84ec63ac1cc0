//! Runs programs, and measures time and memory.

use std::fs::File;
use std::io::{Read, Seek};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use wait4::{ResourceUsage, Wait4};

/// The resource usage of a process and its finished children.
#[derive(Clone, Copy, Debug, Default)]
pub struct Usage {
    /// User and system time.
    pub cpu: Duration,
    /// The peak resident memory of it or of a child, in bytes.
    pub peak: u64,
}

impl Usage {
    pub fn of(usage: &ResourceUsage) -> Self {
        Self {
            cpu: usage.utime + usage.stime,
            peak: usage.maxrss,
        }
    }
}

/// The measurements of one run.
#[derive(Clone, Copy, Debug)]
pub struct Run {
    /// The time from start to end.
    pub wall: Duration,
    pub usage: Usage,
    /// The CPU time of the emulator, including its start.
    pub emulator: Duration,
}

/// Runs commands sequentially, with their output in the file `output`.
///
/// # Errors
/// A command fails; with the end of its stderr.
pub fn run(commands: Vec<Command>, output: &Path) -> anyhow::Result<(Duration, Usage)> {
    let stdout = File::create(output)?;
    let mut usage = Usage::default();
    let mut wall = Duration::ZERO;
    for mut command in commands {
        let mut stderr = tempfile::tempfile()?;
        command
            .stdin(Stdio::null())
            .stdout(stdout.try_clone()?)
            .stderr(stderr.try_clone()?);
        let start = Instant::now();
        let exited = command
            .spawn()
            .with_context(|| format!("cannot start {}", command.get_program().display()))?
            .wait4()?;
        wall += start.elapsed();
        if !exited.status.success() {
            let mut message = String::new();
            stderr.rewind()?;
            stderr.read_to_string(&mut message)?;
            bail!(
                "{} exited with {}: {}",
                command.get_program().display(),
                exited.status,
                message.trim_end()
            );
        }
        let this = Usage::of(&exited.rusage);
        usage.cpu += this.cpu;
        usage.peak = usage.peak.max(this.peak);
    }
    Ok((wall, usage))
}
