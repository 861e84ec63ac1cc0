//! The progress line: pages, entries, rate and retries, on stderr while a longer run goes on.

use std::fmt;
use std::io::{self, Write};
use std::time::{Duration, Instant};

use console::Term;
use indicatif::{
    HumanCount, ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle, TermLike,
};

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

    /// A writer to the terminal that shows the line, with the line out of its way.
    pub(super) fn beside(&self, out: Box<dyn Write>) -> Box<dyn Write> {
        Box::new(Beside {
            bar: self.bar.clone(),
            out,
        })
    }

    /// Tells that a page of `entries` entries was written.
    pub(super) fn page(&mut self, entries: usize) {
        self.pages += 1;
        self.entries += entries as u64;
        let rate = self.entries as f64 / self.began.elapsed().as_secs_f64().max(0.001);
        self.bar.set_message(format!(
            "{} pages, {} entries, {} a second",
            HumanCount(self.pages),
            HumanCount(self.entries),
            HumanCount(rate as u64),
        ));
    }

    pub(super) fn entries(&self) -> u64 {
        self.entries
    }
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
