//! Ctrl-C and SIGTERM: the run is told to end, and is ended if it does not.

use std::io;
use std::process;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use tokio::sync::oneshot;

use super::terminal::Terminal;
use crate::exit::{Message, Status};

/// The user or the system wants the run to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Interrupted {
    /// Ctrl-C.
    #[error("interrupted")]
    CtrlC,
    /// SIGTERM, as a job's time limit sends it.
    #[error("terminated")]
    Terminated,
}

impl From<Interrupted> for Status {
    fn from(interrupted: Interrupted) -> Self {
        match interrupted {
            Interrupted::CtrlC => Self::Interrupted,
            Interrupted::Terminated => Self::Terminated,
        }
    }
}

/// How long a run may take to end by itself.
const GRACE: Duration = Duration::from_millis(500);

/// How long a message may take, which a blocked stderr holds up.
const A_WORD: Duration = Duration::from_millis(100);

/// What interrupts a run.
pub(super) struct Signals(oneshot::Receiver<Interrupted>);

impl Signals {
    /// Listens from now on, in a thread of its own: a run that is stuck, in a write to a disk that is gone or in a
    /// look-up, hears nothing.
    pub(super) fn listen(terminal: &Terminal) -> io::Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let terminal = *terminal;
        let (ready, listening) = mpsc::channel();
        let (tell, told) = oneshot::channel();
        thread::spawn(move || {
            runtime.block_on(async {
                let mut next = match Next::new() {
                    Ok(next) => next,
                    Err(error) => return drop(ready.send(Err(error))),
                };
                let _ = ready.send(Ok(()));
                let first = next.signal().await;
                let _ = tell.send(first);
                let second = tokio::time::timeout(GRACE, next.signal()).await;
                if second.is_err() {
                    give_up(terminal, first);
                }
                process::exit(Status::from(second.unwrap_or(first)) as i32);
            });
        });
        listening.recv().map_err(io::Error::other)??;
        Ok(Self(told))
    }

    /// What `work` comes to, unless it is interrupted.
    pub(super) async fn or<T>(
        &mut self,
        work: impl Future<Output = anyhow::Result<T>>,
    ) -> anyhow::Result<T> {
        tokio::select! {
            done = work => done,
            Ok(interrupted) = &mut self.0 => Err(interrupted.into()),
        }
    }
}

/// Says that a run does not end by itself. It may be about to write, so that no place to go on from is sure.
fn give_up(terminal: Terminal, interrupted: Interrupted) {
    let (done, said) = mpsc::channel();
    thread::spawn(move || {
        let mut message = Message::new(
            interrupted.into(),
            format!("{interrupted}, while the output was blocked: it may end within a row"),
        );
        message.hint = Some("begin anew; what is written is of no use".to_owned());
        terminal.error(&message);
        let _ = done.send(());
    });
    let _ = said.recv_timeout(A_WORD);
}

/// Ready at the first Ctrl-C or SIGTERM from now on.
pub(super) fn interrupted() -> io::Result<impl Future<Output = ()>> {
    let mut next = Next::new()?;
    Ok(async move {
        next.signal().await;
    })
}

#[cfg(unix)]
struct Next {
    ctrl_c: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
    /// Never asked: that somebody listens keeps a file's size limit from killing the run, so that the write fails.
    _file_size: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Next {
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

#[cfg(not(unix))]
struct Next;

#[cfg(not(unix))]
impl Next {
    fn new() -> io::Result<Self> {
        Ok(Self)
    }

    async fn signal(&mut self) -> Interrupted {
        if tokio::signal::ctrl_c().await.is_err() {
            // Nothing can be heard.
            std::future::pending::<()>().await;
        }
        Interrupted::CtrlC
    }
}
