//! The progress line: pages, rows, rate and retries, on stderr while a longer run goes on.

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

/// How long a run may take before its progress is shown.
pub(super) const PROGRESS_DELAY: Duration = Duration::from_millis(500);

/// The progress of a listing; hidden until it is [shown](show).
#[derive(Debug)]
pub(super) struct Progress {
    bar: ProgressBar,
    began: Instant,
    pages: u64,
    rows: u64,
}

impl Progress {
    pub(super) fn new(retries: Retries) -> Self {
        let bar = line("{spinner} {msg}{retries}", None, retries)
            .with_message("waiting for the first page");
        Self {
            bar,
            began: Instant::now(),
            pages: 0,
            rows: 0,
        }
    }

    /// A handle that shows the line.
    pub(super) fn handle(&self) -> ProgressBar {
        self.bar.clone()
    }

    /// A writer to the terminal that shows the line, with the line out of its way.
    pub(super) fn with_progress(&self, out: Box<dyn Write>) -> Box<dyn Write> {
        Box::new(Beside {
            bar: self.bar.clone(),
            out,
        })
    }

    /// Tells that a page of so many rows was written.
    pub(super) fn page(&mut self, rows: usize) {
        self.pages += 1;
        self.rows += rows as u64;
        let rate = self.rows as f64 / self.began.elapsed().as_secs_f64().max(0.001);
        self.bar.set_message(format!(
            "{} pages, {} rows, {} a second",
            HumanCount(self.pages),
            HumanCount(self.rows),
            HumanCount(rate as u64),
        ));
    }

    pub(super) fn rows(&self) -> u64 {
        self.rows
    }
}

/// A line that is hidden until it is [shown](show), for `length` steps where that is known. In its template `{retries}`
/// tells those so far.
fn line(template: &str, length: Option<u64>, retries: Retries) -> ProgressBar {
    // Looked up at every tick, so that a retry shows while it goes on.
    let retries = move |_: &ProgressState, line: &mut dyn fmt::Write| {
        let _ = match retries.count() {
            0 => Ok(()),
            1 => write!(line, ", 1 retry"),
            count => write!(line, ", {} retries", HumanCount(count)),
        };
    };
    let style = ProgressStyle::with_template(template)
        .expect("the template is sound")
        .with_key("retries", retries);
    ProgressBar::with_draw_target(length, ProgressDrawTarget::hidden()).with_style(style)
}

/// A bar for `length` steps, of which [`inc`](ProgressBar::inc) tells, hidden until [`with_progress`] shows it.
pub(super) fn bar(length: usize, retries: Retries) -> ProgressBar {
    const TEMPLATE: &str = "{spinner} [{bar:30}] {human_pos} of {human_len} {msg}{retries}";
    line(TEMPLATE, Some(length as u64), retries)
}

/// A line of words, of which [`set_message`](ProgressBar::set_message) tells, hidden until [`with_progress`] shows it.
pub(super) fn words(retries: Retries) -> ProgressBar {
    line("{spinner} {msg}{retries}", None, retries)
}

/// Does `work`, and shows `bar` beside it if it takes longer than a moment.
pub(super) async fn with_progress<T>(
    bar: &ProgressBar,
    terminal: &Terminal,
    work: impl Future<Output = T>,
) -> T {
    let mut shown = !terminal.shows_progress();
    let mut work = pin!(work);
    let outcome = loop {
        tokio::select! {
            outcome = &mut work => break outcome,
            () = tokio::time::sleep(PROGRESS_DELAY), if !shown => {
                shown = !mfa::is_asking();
                if shown {
                    show(bar);
                }
            }
        }
    };
    bar.finish_and_clear();
    outcome
}

/// The terminal, without the blanks with which the crate fills the line to its end: behind them, the `^C` that a
/// terminal echoes would begin a new line, and the old one could not be cleared.
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

struct Beside {
    bar: ProgressBar,
    out: Box<dyn Write>,
}

impl Write for Beside {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.bar.suspend(|| self.out.write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

/// Shows the line of `bar` on stderr.
pub(super) fn show(bar: &ProgressBar) {
    let stderr = Box::new(Stderr(Term::buffered_stderr()));
    bar.set_draw_target(ProgressDrawTarget::term_like_with_hz(stderr, 20));
    bar.enable_steady_tick(Duration::from_millis(100));
}
