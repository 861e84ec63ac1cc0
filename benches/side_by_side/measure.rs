//! Runs a program and says what it took.

use std::fs::File;
use std::io::{Read, Seek};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use wait4::{ResourceUsage, Wait4};

/// What a process took, with the children that it waited for.
#[derive(Clone, Copy, Debug, Default)]
pub struct Usage {
    /// User and system time.
    pub cpu: Duration,
    /// The most memory that it, or one of its children, had resident: bytes.
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

/// What a run took.
#[derive(Clone, Copy, Debug)]
pub struct Run {
    /// From before its start until it has ended.
    pub wall: Duration,
    pub usage: Usage,
    /// The CPU time that the emulator took meanwhile, from its own start on.
    pub emulator: Duration,
}

/// Runs commands one after the other, with their output in the file `output`.
///
/// # Errors
/// When one does not succeed; with the end of what it wrote to stderr.
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
        let ended = command
            .spawn()
            .with_context(|| format!("cannot start {}", command.get_program().display()))?
            .wait4()?;
        wall += start.elapsed();
        if !ended.status.success() {
            let mut said = String::new();
            stderr.rewind()?;
            stderr.read_to_string(&mut said)?;
            bail!(
                "{} ended with {}: {}",
                command.get_program().display(),
                ended.status,
                said.trim_end()
            );
        }
        let this = Usage::of(&ended.rusage);
        usage.cpu += this.cpu;
        usage.peak = usage.peak.max(this.peak);
    }
    Ok((wall, usage))
}
