//! Ctrl-C and SIGTERM: they cancel the run, and end the process if it does not end by itself.

use std::io;
use std::process;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use tokio::sync::oneshot;

use super::terminal::Terminal;
use crate::error::{Category, Error, UserError};

/// The run was canceled by a signal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Interrupted {
    /// Ctrl-C.
    #[error("interrupted")]
    CtrlC,
    /// SIGTERM, which a job's time limit sends, or what comes closest to it on Windows.
    #[error("terminated")]
    Terminated,
}

impl UserError for Interrupted {
    fn category(&self) -> Category {
        match self {
            Self::CtrlC => Category::Interrupted,
            Self::Terminated => Category::Terminated,
        }
    }
}

/// How long a canceled run may take to end by itself.
const GRACE_PERIOD: Duration = Duration::from_millis(500);

/// How long to wait for the last message, which a blocked stderr would delay.
const MESSAGE_TIMEOUT: Duration = Duration::from_millis(100);

/// Reports the signal that cancels a run.
pub(super) struct Signals(oneshot::Receiver<Interrupted>);

impl Signals {
    /// Starts to listen, in a separate thread: the run's own thread may be blocked, in a write to a dead disk or in a
    /// DNS lookup.
    pub(super) fn listen(terminal: &Terminal) -> io::Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let terminal = *terminal;
        let (ready, listening) = mpsc::channel();
        let (cancel, canceled) = oneshot::channel();
        thread::spawn(move || {
            runtime.block_on(async {
                let mut listener = match Listener::new() {
                    Ok(listener) => listener,
                    Err(error) => return drop(ready.send(Err(error))),
                };
                let _ = ready.send(Ok(()));
                let first = listener.signal().await;
                let _ = cancel.send(first);
                let second = tokio::time::timeout(GRACE_PERIOD, listener.signal()).await;
                if second.is_err() {
                    report_blocked(terminal, first);
                }
                let category = second.unwrap_or(first).category();
                process::exit(terminal.exit_status(category).into());
            });
        });
        listening.recv().map_err(io::Error::other)??;
        Ok(Self(canceled))
    }

    /// The output of `work`, unless a signal comes first.
    pub(super) async fn or<T>(&mut self, work: impl Future<Output = T>) -> Result<T, Interrupted> {
        tokio::select! {
            output = work => Ok(output),
            Ok(interrupted) = &mut self.0 => Err(interrupted),
        }
    }
}

/// Reports a run that does not end by itself. It may be in the middle of a write, so there is no resume token.
fn report_blocked(terminal: Terminal, interrupted: Interrupted) {
    let (done, printed) = mpsc::channel();
    thread::spawn(move || {
        let error = Error::from(interrupted)
            .context("the output was blocked and may end within a row")
            .with_hint("start over; discard the partial output");
        terminal.error(&error);
        let _ = done.send(());
    });
    let _ = printed.recv_timeout(MESSAGE_TIMEOUT);
}

/// Ready at the first Ctrl-C or SIGTERM from now on.
pub(super) fn interrupted() -> io::Result<impl Future<Output = ()>> {
    let mut listener = Listener::new()?;
    Ok(async move {
        listener.signal().await;
    })
}

#[cfg(unix)]
struct Listener {
    ctrl_c: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
    /// Never polled. With a listener, exceeding the file size limit fails the write and does not kill the process.
    _file_size: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Listener {
    fn new() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};

        // The same number on Linux, macOS and the BSDs.
        const SIGXFSZ: i32 = 25;
        Ok(Self {
            ctrl_c: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            _file_size: signal(SignalKind::from_raw(SIGXFSZ))?,
        })
    }

    async fn signal(&mut self) -> Interrupted {
        tokio::select! {
            _ = self.ctrl_c.recv() => Interrupted::CtrlC,
            _ = self.terminate.recv() => Interrupted::Terminated,
        }
    }
}

#[cfg(windows)]
struct Listener {
    ctrl_c: tokio::signal::windows::CtrlC,
    ctrl_break: tokio::signal::windows::CtrlBreak,
    close: tokio::signal::windows::CtrlClose,
    shutdown: tokio::signal::windows::CtrlShutdown,
}

#[cfg(windows)]
impl Listener {
    fn new() -> io::Result<Self> {
        use tokio::signal::windows::{ctrl_break, ctrl_c, ctrl_close, ctrl_shutdown};

        Ok(Self {
            ctrl_c: ctrl_c()?,
            ctrl_break: ctrl_break()?,
            close: ctrl_close()?,
            shutdown: ctrl_shutdown()?,
        })
    }

    async fn signal(&mut self) -> Interrupted {
        tokio::select! {
            _ = self.ctrl_c.recv() => Interrupted::CtrlC,
            _ = self.ctrl_break.recv() => Interrupted::Terminated,
            _ = self.close.recv() => Interrupted::Terminated,
            _ = self.shutdown.recv() => Interrupted::Terminated,
        }
    }
}
