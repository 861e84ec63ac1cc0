//! The progress line: pages, entries, rate and retries, on stderr while a longer run goes on.

use std::fmt;
use std::time::{Duration, Instant};

use indicatif::{HumanCount, ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};

use crate::aws::Retries;

/// How long a run may take before its progress is shown.
pub(super) const A_MOMENT: Duration = Duration::from_millis(500);

/// The progress of a listing; hidden until it is [shown](show).
#[derive(Debug)]
pub(super) struct Progress {
    bar: ProgressBar,
    began: Instant,
    pages: u64,
    entries: u64,
}

impl Progress {
    pub(super) fn new(retries: Retries) -> Self {
        // Looked up at every tick, so that a retry shows while it goes on.
        let retries = move |_: &ProgressState, line: &mut dyn fmt::Write| {
            let _ = match retries.count() {
                0 => Ok(()),
                1 => write!(line, ", 1 retry"),
                count => write!(line, ", {} retries", HumanCount(count)),
            };
        };
        let style = ProgressStyle::with_template("{spinner} {msg}{retries}")
            .expect("the template is sound")
            .with_key("retries", retries);
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden())
            .with_style(style)
            .with_message("waiting for the first page");
        Self {
            bar,
            began: Instant::now(),
            pages: 0,
            entries: 0,
        }
    }

    /// A handle that shows the line.
    pub(super) fn handle(&self) -> ProgressBar {
        self.bar.clone()
    }

    /// Writes a page of `entries` entries by `write`, with the line out of its way.
    pub(super) fn page<E>(
        &mut self,
        entries: usize,
        write: impl FnOnce() -> Result<(), E>,
    ) -> Result<(), E> {
        self.bar.suspend(write)?;
        self.pages += 1;
        self.entries += entries as u64;
        let rate = self.entries as f64 / self.began.elapsed().as_secs_f64().max(0.001);
        self.bar.set_message(format!(
            "{} pages, {} entries, {} a second",
            HumanCount(self.pages),
            HumanCount(self.entries),
            HumanCount(rate as u64),
        ));
        Ok(())
    }

    pub(super) fn entries(&self) -> u64 {
        self.entries
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

/// Shows the line of `bar` on stderr.
pub(super) fn show(bar: &ProgressBar) {
    bar.set_draw_target(ProgressDrawTarget::stderr());
    bar.enable_steady_tick(Duration::from_millis(100));
}
