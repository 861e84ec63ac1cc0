//! Prompts for the code of an MFA device, as the AWS CLI does.
//!
//! It uses the controlling terminal of the process, because stdin, stdout and stderr may be redirected.

use std::sync::atomic::{AtomicBool, Ordering};

use crate::aws::MfaCode;

static PROMPTING: AtomicBool = AtomicBool::new(false);

/// Whether a prompt is on the terminal, so that nothing else may be drawn there.
pub(super) fn is_prompting() -> bool {
    PROMPTING.load(Ordering::Relaxed)
}

/// Prompts for the code of the device with this serial number, without echo.
///
/// Fails without a terminal. Dropping the future (Ctrl-C) restores the terminal.
pub(super) fn prompt(serial: String) -> MfaCode {
    Box::pin(terminal::prompt(serial))
}

#[cfg(unix)]
mod terminal {
    use std::fs::File;
    use std::io::{self, BufRead, BufReader, Write};
    use std::sync::atomic::Ordering;

    use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};

    use super::PROMPTING;
    use crate::output::escape;

    pub(super) async fn prompt(serial: String) -> io::Result<String> {
        let terminal = File::options().read(true).write(true).open("/dev/tty")?;
        let mut input = BufReader::new(terminal.try_clone()?);
        let mut prompt = Prompt::begin(terminal)?;
        write!(prompt.terminal, "Enter MFA code for {}: ", escape(&serial))?;
        // The thread may wait for a line that never comes; the process does not wait for the thread.
        let code = tokio::task::spawn_blocking(move || {
            let mut line = String::new();
            input.read_line(&mut line).map(|_| line)
        })
        .await??;
        Ok(code.trim().to_owned())
    }

    /// A terminal without echo until this is dropped.
    struct Prompt {
        terminal: File,
        original: Termios,
    }

    impl Prompt {
        fn begin(terminal: File) -> io::Result<Self> {
            let original = tcgetattr(&terminal)?;
            let mut quiet = original.clone();
            quiet.local_modes.remove(LocalModes::ECHO);
            // Discard what was typed before the prompt.
            tcsetattr(&terminal, OptionalActions::Flush, &quiet)?;
            PROMPTING.store(true, Ordering::Relaxed);
            Ok(Self { terminal, original })
        }
    }

    impl Drop for Prompt {
        fn drop(&mut self) {
            PROMPTING.store(false, Ordering::Relaxed);
            let _ = tcsetattr(&self.terminal, OptionalActions::Flush, &self.original);
            // The line break was not echoed either.
            let _ = writeln!(self.terminal);
        }
    }
}

#[cfg(not(unix))]
mod terminal {
    use std::io;

    pub(super) async fn prompt(_serial: String) -> io::Result<String> {
        Err(io::Error::new(
            io::ErrorKind::Unsupported,
            "cannot prompt without echo on this platform",
        ))
    }
}
