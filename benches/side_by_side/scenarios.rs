//! The scenarios and their goals.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context, ensure};

use crate::check::{Contents, Format};
use crate::emulator::{Emulator, Load};
use crate::measure::{self, Run};
use crate::programs::{Program, Programs};
use crate::table::{self, Goal, Row};

const OURS: Program = Program::Amiusage(Format::Csv);

/// The default concurrency of `amiusage`.
const CONCURRENCY: usize = 8;

/// The service's limit.
const MAX_IDS: usize = 200;

const MIB: f64 = 1024.0 * 1024.0;

/// A task, and the programs that run it.
pub struct Scenario {
    /// The name on the command line.
    pub name: &'static str,
    title: String,
    load: Load,
    page_size: usize,
    /// The programs and their number of runs. The first one is the baseline.
    programs: Vec<(Program, usize)>,
    goals: fn(&Scenario, &Results) -> Vec<Goal>,
}

/// All scenarios except the build.
pub fn all(quick: bool) -> Vec<Scenario> {
    let size = |full, small| if quick { small } else { full };
    let runs = |full: usize| size(full, 1);
    let compared = |ours, peers| {
        vec![
            (OURS, runs(ours)),
            (Program::AwsCli, runs(peers)),
            (Program::Boto3, runs(peers)),
            (Program::Floor, runs(ours)),
        ]
    };
    let with_formats = |formats: &[Format], others: Vec<_>| {
        (formats.iter())
            .map(|&format| (Program::Amiusage(format), runs(3)))
            .chain(others)
            .collect()
    };
    let without_latency = |images, entries| Load {
        images,
        entries: entries as u64,
        latency: 0,
        throttle: None,
    };
    let with_latency = |images, entries| Load {
        latency: 50,
        ..without_latency(images, entries)
    };
    let million = size(1_000_000, 20_000);
    let images = size(40, 16);
    let many = size(2_000, 400);
    vec![
        Scenario {
            name: "cold",
            title: "One page of 100 entries, cold start".to_owned(),
            load: without_latency(1, 100),
            page_size: 1_000,
            programs: compared(21, 7),
            goals: |_, results| vec![results.speed_up(80.0)],
        },
        Scenario {
            name: "million",
            title: format!("{million} entries of one image, pages of 1000"),
            load: without_latency(1, million),
            page_size: 1_000,
            programs: with_formats(
                &[Format::Csv, Format::Ndjson, Format::Json, Format::Table],
                vec![
                    (Program::AwsCli, 1),
                    (Program::Boto3, 1),
                    (Program::Floor, runs(3)),
                ],
            ),
            goals: |_, results| {
                let floor = results.wall(Program::Floor);
                let times = floor.and_then(|floor| results.times(floor));
                vec![
                    results.speed_up(25.0),
                    Goal::at_most(2.5, "× the floor's time", times),
                    Goal::at_most(24.0, "MiB in every format", results.our_peak()),
                ]
            },
        },
        Scenario {
            name: "wide",
            title: format!("{million} entries of 8 images, pages of 1000"),
            load: without_latency(8, million),
            page_size: 1_000,
            programs: with_formats(
                &[Format::Csv, Format::Ndjson],
                vec![(Program::Floor, runs(3))],
            ),
            goals: |_, results| {
                vec![Goal::at_most(
                    96.0,
                    "MiB in every format",
                    results.our_peak(),
                )]
            },
        },
        Scenario {
            name: "forty",
            title: format!("{images} images of 10 pages of 100 each, 50 ms per page"),
            load: with_latency(images, images * 1_000),
            page_size: 100,
            programs: compared(5, 3),
            goals: |scenario, results| {
                let images = scenario.load.images.div_ceil(CONCURRENCY);
                let times = results.times(scenario.latency_of(images * 10));
                vec![
                    results.speed_up(6.0),
                    Goal::at_most(1.3, "× the latency of the longest list", times),
                ]
            },
        },
        Scenario {
            name: "many",
            title: format!("{many} images of 4 entries each, 50 ms per page"),
            load: with_latency(many, many * 4),
            page_size: 1_000,
            programs: compared(5, 3),
            goals: |scenario, results| {
                let requests = scenario.load.images.div_ceil(MAX_IDS).max(CONCURRENCY);
                let times = results.times(scenario.latency_of(requests.div_ceil(CONCURRENCY)));
                vec![Goal::at_most(
                    1.3,
                    "× the latency of the requests, 8 at a time",
                    times,
                )]
            },
        },
        Scenario {
            name: "bucket",
            title: format!(
                "The same {images} images with a token bucket of 100, refilled at 20 per second"
            ),
            load: Load {
                throttle: Some((100, 20)),
                ..with_latency(images, images * 1_000)
            },
            page_size: 100,
            // The floor does not retry.
            programs: vec![(OURS, runs(3)), (Program::AwsCli, 1), (Program::Boto3, 1)],
            goals: |scenario, results| {
                let rate = results.times(scenario.bucket_time()).map(f64::recip);
                vec![Goal::at_least(
                    90.0,
                    "% of the bucket's rate",
                    rate.map(|r| r * 100.0),
                )]
            },
        },
    ]
}

impl Scenario {
    /// Measures the programs, and prints a table.
    ///
    /// # Errors
    /// A program fails, or its output is incomplete.
    pub fn run(&self, programs: &Programs, quick: bool) -> anyhow::Result<()> {
        table::print(&format!("\n## {}: {}\n", self.name, self.title))?;
        if self.load.throttle.is_some() && !Emulator::can_throttle()? {
            return table::print("skipped: this build's emulator does not support --throttle");
        }
        let results = self.measure(programs)?;
        let ours = results.wall(OURS).context("amiusage is always measured")?;
        let rows: Vec<Row> = (self.programs.iter())
            .filter_map(|(program, _)| {
                let runs = results.0.get(&program.name())?;
                Some(Row::new(program.name(), runs, ours))
            })
            .collect();
        table::print(&table::table(&rows))?;
        if quick {
            return Ok(());
        }
        let goals = (self.goals)(self, &results);
        table::print(&goals.iter().map(Goal::to_string).collect::<String>())
    }

    /// Runs all programs in rounds of alternating order, so that a machine that slows down or speeds up affects all.
    fn measure(&self, programs: &Programs) -> anyhow::Result<Results> {
        let folder = tempfile::tempdir()?;
        let output = folder.path().join("output");
        let mut results = Results::default();
        let mut first: Option<(Program, Contents)> = None;
        let rounds = self.programs.iter().map(|&(_, runs)| runs).max();
        for round in 0..rounds.unwrap_or_default() {
            let mut order: Vec<_> = (self.programs.iter())
                .filter(|&&(_, runs)| round < runs)
                .map(|&(program, _)| program)
                .collect();
            if round % 2 == 1 {
                order.reverse();
            }
            for program in order {
                let emulator = Emulator::start(&self.load)?;
                // This also warms up the emulator.
                let images = emulator.images()?;
                let address = emulator.address;
                let Some(commands) = programs.commands(program, address, &images, self.page_size)
                else {
                    continue;
                };
                table::note(&format!(
                    "{}: {}, run {}",
                    self.name,
                    program.name(),
                    round + 1
                ));
                let (wall, usage) = measure::run(commands, &output)?;
                let emulator = emulator.stop()?.cpu;

                let contents = Contents::of(&output, program.format())
                    .with_context(|| format!("{} is wrong", program.name()))?;
                ensure!(
                    contents.entries == self.load.entries,
                    "{} printed {} entries instead of {}",
                    program.name(),
                    contents.entries,
                    self.load.entries
                );
                let (reference, expected) = first.get_or_insert((program, contents));
                ensure!(
                    contents == *expected,
                    "{} printed different entries from {}",
                    program.name(),
                    reference.name()
                );
                results.0.entry(program.name()).or_default().push(Run {
                    wall,
                    usage,
                    emulator,
                });
            }
        }
        Ok(results)
    }

    /// The latency of consecutive pages.
    fn latency_of(&self, pages: usize) -> Duration {
        Duration::from_millis(self.load.latency.into()) * pages as u32
    }

    /// The minimum time that the token bucket allows.
    fn bucket_time(&self) -> Duration {
        let (burst, rate) = self.load.throttle.unwrap_or((0, 1));
        let requests = self.load.entries as f64 / self.page_size as f64;
        Duration::from_secs_f64((requests - f64::from(burst)).max(0.0) / f64::from(rate))
    }
}

/// The runs of each program, by its name.
#[derive(Default)]
pub struct Results(BTreeMap<String, Vec<Run>>);

impl Results {
    /// The median time of a program, if it was measured.
    fn wall(&self, program: Program) -> Option<Duration> {
        let runs = self.0.get(&program.name())?;
        Some(table::median(runs.iter().map(|run| run.wall)))
    }

    /// The median time of `amiusage` as a multiple of `time`.
    fn times(&self, time: Duration) -> Option<f64> {
        Some(self.wall(OURS)?.as_secs_f64() / time.as_secs_f64())
    }

    /// The peak memory of `amiusage` in MiB.
    fn our_peak(&self) -> Option<f64> {
        (self.0.iter())
            .filter(|(name, _)| name.starts_with("amiusage"))
            .flat_map(|(_, runs)| runs)
            .map(|run| run.usage.peak as f64 / MIB)
            .max_by(f64::total_cmp)
    }

    fn speed_up(&self, goal: f64) -> Goal {
        let aws_cli = self.wall(Program::AwsCli);
        let speed_up = aws_cli.and_then(|time| self.times(time)).map(f64::recip);
        Goal::at_least(goal, "× as fast as the AWS CLI", speed_up)
    }
}
