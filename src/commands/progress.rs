//! The progress line on stderr: pages, rows, rate and retries of a run that takes long.

use std::fmt;
use std::io::{self, Write};
use std::pin::pin;
use std::time::{Duration, Instant};

use console::Term;
use indicatif::{
    HumanCount, ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle, TermLike,
};

use super::mfa;
use super::terminal::Terminal;
use crate::aws::Retries;

/// Shorter runs show no progress.
const PROGRESS_DELAY: Duration = Duration::from_millis(500);

/// The progress of a listing.
#[derive(Debug)]
pub(super) struct Progress {
    bar: ProgressBar,
    started: Instant,
    pages: u64,
    rows: u64,
}

impl Progress {
    pub(super) fn new(retries: Retries) -> Self {
        Self {
            bar: line(retries).with_message("waiting for the first page"),
            started: Instant::now(),
            pages: 0,
            rows: 0,
        }
    }

    /// The line that [`with_progress`] shows.
    pub(super) fn bar(&self) -> ProgressBar {
        self.bar.clone()
    }

    /// A writer to the terminal that shows the line. The line is hidden during writes.
    pub(super) fn suspended_by(&self, out: Box<dyn Write>) -> Box<dyn Write> {
        Box::new(SuspendingWriter {
            bar: self.bar.clone(),
            out,
        })
    }

    /// Counts a page that was written.
    pub(super) fn page(&mut self, rows: usize) {
        self.pages += 1;
        self.rows += rows as u64;
        let rate = self.rows as f64 / self.started.elapsed().as_secs_f64().max(0.001);
        self.bar.set_message(format!(
            "{} pages, {} rows, {} rows/s",
            HumanCount(self.pages),
            HumanCount(self.rows),
            HumanCount(rate as u64),
        ));
    }

    pub(super) fn rows(&self) -> u64 {
        self.rows
    }
}

/// A line of text, set by [`set_message`](ProgressBar::set_message).
pub(super) fn line(retries: Retries) -> ProgressBar {
    hidden("{spinner} {msg}{retries}", None, retries)
}

/// A bar of `length` steps, counted by [`inc`](ProgressBar::inc).
pub(super) fn bar(length: usize, retries: Retries) -> ProgressBar {
    const TEMPLATE: &str = "{spinner} [{bar:30}] {human_pos} of {human_len} {msg}{retries}";
    hidden(TEMPLATE, Some(length as u64), retries)
}

/// A bar that is hidden until [`with_progress`] shows it. `{retries}` in its template is the number of retries so far.
fn hidden(template: &str, length: Option<u64>, retries: Retries) -> ProgressBar {
    let retries = move |_: &ProgressState, line: &mut dyn fmt::Write| {
        let _ = match retries.count() {
            0 => Ok(()),
            1 => write!(line, ", 1 retry"),
            count => write!(line, ", {} retries", HumanCount(count)),
        };
    };
    let style = ProgressStyle::with_template(template)
        .expect("the template is valid")
        .with_key("retries", retries);
    ProgressBar::with_draw_target(length, ProgressDrawTarget::hidden()).with_style(style)
}

/// Runs `work`, and shows `bar` if it takes longer than [`PROGRESS_DELAY`] and no prompt is on the terminal.
pub(super) async fn with_progress<T>(
    bar: &ProgressBar,
    terminal: &Terminal,
    work: impl Future<Output = T>,
) -> T {
    let mut shown = !terminal.shows_progress();
    let mut work = pin!(work);
    let output = loop {
        tokio::select! {
            output = &mut work => break output,
            () = tokio::time::sleep(PROGRESS_DELAY), if !shown => {
                shown = !mfa::is_prompting();
                if shown {
                    let stderr = Box::new(Stderr(Term::buffered_stderr()));
                    bar.set_draw_target(ProgressDrawTarget::term_like_with_hz(stderr, 20));
                    bar.enable_steady_tick(Duration::from_millis(100));
                }
            }
        }
    };
    bar.finish_and_clear();
    output
}

/// The terminal, without the spaces with which `indicatif` fills the line to its end: after those, the `^C` that a
/// terminal echoes would wrap, and the line above it could not be cleared.
#[derive(Debug)]
struct Stderr(Term);

impl TermLike for Stderr {
    fn width(&self) -> u16 {
        self.0.width()
    }

    fn height(&self) -> u16 {
        self.0.height()
    }

    fn move_cursor_up(&self, lines: usize) -> io::Result<()> {
        self.0.move_cursor_up(lines)
    }

    fn move_cursor_down(&self, lines: usize) -> io::Result<()> {
        self.0.move_cursor_down(lines)
    }

    fn move_cursor_right(&self, columns: usize) -> io::Result<()> {
        self.0.move_cursor_right(columns)
    }

    fn move_cursor_left(&self, columns: usize) -> io::Result<()> {
        self.0.move_cursor_left(columns)
    }

    fn write_line(&self, text: &str) -> io::Result<()> {
        self.0.write_line(text)
    }

    fn write_str(&self, text: &str) -> io::Result<()> {
        self.0.write_str(text.trim_end_matches(' '))
    }

    fn clear_line(&self) -> io::Result<()> {
        self.0.clear_line()
    }

    fn flush(&self) -> io::Result<()> {
        self.0.flush()
    }
}

struct SuspendingWriter {
    bar: ProgressBar,
    out: Box<dyn Write>,
}

impl Write for SuspendingWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.bar.suspend(|| self.out.write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}
