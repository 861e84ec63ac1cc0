//! Prints results as Markdown to stdout, and progress to stderr.

use std::fmt::{self, Display, Formatter, Write as _};
use std::io::{self, Write};
use std::time::Duration;

use crate::measure::Run;

/// The row of a program.
pub struct Row {
    name: String,
    runs: usize,
    wall: Duration,
    min: Duration,
    max: Duration,
    cpu: Duration,
    peak: u64,
    emulator: Duration,
    ratio: f64,
}

impl Row {
    /// Summarizes the runs of a program: the median of each measurement, compared with the time `ours`.
    pub fn new(name: String, runs: &[Run], ours: Duration) -> Self {
        let walls = || runs.iter().map(|run| run.wall);
        let wall = median(walls());
        Self {
            name,
            runs: runs.len(),
            wall,
            min: walls().min().unwrap_or_default(),
            max: walls().max().unwrap_or_default(),
            cpu: median(runs.iter().map(|run| run.usage.cpu)),
            peak: median(runs.iter().map(|run| run.usage.peak)),
            emulator: median(runs.iter().map(|run| run.emulator)),
            ratio: wall.as_secs_f64() / ours.as_secs_f64(),
        }
    }
}

/// A Markdown table of `rows`.
pub fn table(rows: &[Row]) -> String {
    let mut text = String::from(
        "| program | runs | wall | min to max | × ours | CPU | peak RSS | emulator's CPU |\n\
         | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |\n",
    );
    for row in rows {
        let _ = writeln!(
            text,
            "| {} | {} | {} | {} to {} | {} | {} | {:.1} MiB | {} |",
            row.name,
            row.runs,
            time(row.wall),
            time(row.min),
            time(row.max),
            number(row.ratio),
            time(row.cpu),
            row.peak as f64 / 1024.0 / 1024.0,
            time(row.emulator),
        );
    }
    text
}

/// A performance goal, and the measured value.
pub struct Goal {
    at_least: bool,
    bound: f64,
    unit: &'static str,
    measured: Option<f64>,
}

impl Goal {
    pub fn at_least(bound: f64, unit: &'static str, measured: Option<f64>) -> Self {
        Self {
            at_least: true,
            bound,
            unit,
            measured,
        }
    }

    pub fn at_most(bound: f64, unit: &'static str, measured: Option<f64>) -> Self {
        Self {
            at_least: false,
            ..Self::at_least(bound, unit, measured)
        }
    }
}

impl Display for Goal {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let sign = if self.at_least { '≥' } else { '≤' };
        write!(f, "- goal: {sign} {} {}: ", self.bound, self.unit)?;
        match self.measured {
            None => writeln!(f, "not measured"),
            Some(measured) => {
                let is_met = if self.at_least {
                    measured >= self.bound
                } else {
                    measured <= self.bound
                };
                let verdict = if is_met { "met" } else { "missed" };
                writeln!(f, "{} ({verdict})", number(measured))
            }
        }
    }
}

/// The median; the upper one of two.
pub fn median<T: Ord + Default>(values: impl Iterator<Item = T>) -> T {
    let mut values: Vec<T> = values.collect();
    values.sort_unstable();
    let middle = values.len() / 2;
    values.into_iter().nth(middle).unwrap_or_default()
}

/// Formats a time, in milliseconds below one second.
pub fn time(time: Duration) -> String {
    let seconds = time.as_secs_f64();
    if seconds < 1.0 {
        format!("{} ms", number(seconds * 1000.0))
    } else {
        format!("{seconds:.2} s")
    }
}

/// Formats a number with at least three digits.
fn number(number: f64) -> String {
    let digits = match number {
        ..10.0 => 2,
        10.0..100.0 => 1,
        _ => 0,
    };
    format!("{number:.digits$}")
}

/// Writes to stdout.
pub fn print(text: &str) -> anyhow::Result<()> {
    Ok(writeln!(io::stdout(), "{text}")?)
}

/// Prints a progress message to stderr.
pub fn note(text: &str) {
    let _ = writeln!(io::stderr(), "{text}");
}
