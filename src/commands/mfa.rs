//! Asks on the terminal for the code of a multi-factor device, as the AWS CLI does.
//!
//! On the terminal that the process belongs to, whatever stdin, stdout and stderr are: the list may come from a
//! pipe and the answer go into one.

use std::sync::atomic::{AtomicBool, Ordering};

use crate::aws::MfaCode;

static ASKING: AtomicBool = AtomicBool::new(false);

/// Whether a prompt stands on the terminal, so that nothing else should be drawn there.
pub(super) fn is_asking() -> bool {
    ASKING.load(Ordering::Relaxed)
}

/// Asks for the code of the device with this serial number, without showing what is typed.
///
/// Fails where there is no terminal. When the future is dropped (Ctrl-C) the terminal is as it was before.
pub(super) fn ask(serial: String) -> MfaCode {
    Box::pin(terminal::ask(serial))
}

#[cfg(unix)]
mod terminal {
    use std::fs::File;
    use std::io::{self, BufRead, BufReader, Write};
    use std::sync::atomic::Ordering;

    use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};

    use super::ASKING;
    use crate::output::escape;

    pub(super) async fn ask(serial: String) -> io::Result<String> {
        let terminal = File::options().read(true).write(true).open("/dev/tty")?;
        let mut input = BufReader::new(terminal.try_clone()?);
        let mut prompt = Prompt::begin(terminal)?;
        write!(prompt.terminal, "Enter MFA code for {}: ", escape(&serial))?;
        // The thread may go on waiting for a line that never comes; the process ends without it.
        let code = tokio::task::spawn_blocking(move || {
            let mut line = String::new();
            input.read_line(&mut line).map(|_| line)
        })
        .await??;
        Ok(code.trim().to_owned())
    }

    /// A terminal that does not show what is typed, until this is dropped.
    struct Prompt {
        terminal: File,
        before: Termios,
    }

    impl Prompt {
        fn begin(terminal: File) -> io::Result<Self> {
            let before = tcgetattr(&terminal)?;
            let mut quiet = before.clone();
            quiet.local_modes.remove(LocalModes::ECHO);
            // What was typed ahead is no code.
            tcsetattr(&terminal, OptionalActions::Flush, &quiet)?;
            ASKING.store(true, Ordering::Relaxed);
            Ok(Self { terminal, before })
        }
    }

    impl Drop for Prompt {
        fn drop(&mut self) {
            ASKING.store(false, Ordering::Relaxed);
            let _ = tcsetattr(&self.terminal, OptionalActions::Flush, &self.before);
            // The end of the line was not shown either.
            let _ = writeln!(self.terminal);
        }
    }
}

#[cfg(not(unix))]
mod terminal {
    use std::io;

    pub(super) async fn ask(_serial: String) -> io::Result<String> {
        Err(io::Error::new(
            io::ErrorKind::Unsupported,
            "on this system nobody can be asked without showing the code",
        ))
    }
}
