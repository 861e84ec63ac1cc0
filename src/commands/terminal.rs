//! What the person at the terminal sees beside the data: notes, errors, colour and widths.

use std::env;
use std::ffi::OsString;
use std::io::{self, IsTerminal, Write};

use anstyle::{AnsiColor, Style};
use terminal_size::{Width, terminal_size_of};

use crate::cli::{Color, ErrorFormat, Messages};
use crate::exit::{Message, Status};
use crate::output::{TableStyle, escape, escape_json};

/// How to speak to the person at the terminal. Everything but data goes through here, to stderr.
///
/// A message that cannot be written is lost without a word: that must not cost the answer or its exit status.
#[derive(Clone, Copy, Debug)]
pub struct Terminal {
    color: Color,
    error_format: ErrorFormat,
    quiet: bool,
    /// Whether requests are logged.
    pub debug: bool,
}

impl Terminal {
    /// Speaks as the flags ask.
    pub fn new(messages: &Messages) -> Self {
        let Messages {
            error_format,
            color,
            quiet,
            debug,
        } = *messages;
        Self {
            color,
            error_format,
            quiet,
            debug,
        }
    }

    /// Says what is wrong with a command line that cannot be read, or shows the help that was asked for.
    pub fn refuse(error: &clap::Error) -> Status {
        if !error.use_stderr() {
            // As with any other answer, a reader that closed the pipe is no error.
            return match error.print().and_then(|()| io::stdout().flush()) {
                Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
                    let _ = writeln!(io::stderr(), "error: cannot write to stdout: {error}");
                    Status::Other
                }
                _ => Status::Success,
            };
        }
        if asks_for_json_errors(env::args_os()) {
            let text = error.render().to_string();
            let text = text.trim_start_matches("error: ").trim_end().to_owned();
            let _ = writeln!(
                io::stderr(),
                "{}",
                json(&Message::new(Status::CommandLine, text))
            );
        } else {
            let _ = error.print();
        }
        Status::CommandLine
    }

    /// Says what is worth knowing about a whole answer; not with `--quiet`.
    pub fn note(&self, note: &str) {
        if !self.quiet {
            self.say("note", AnsiColor::Cyan, note);
        }
    }

    /// Tells a resume token, with or without `--quiet`: without it the rest of the answer is out of reach.
    pub fn resume(&self, why: &str, token: &str) {
        self.say(
            "resume",
            AnsiColor::Cyan,
            &format!("{why} --starting-token {token}"),
        );
    }

    /// Says why there is no whole answer.
    pub fn error(&self, message: &Message) {
        if self.error_format == ErrorFormat::Json {
            let _ = writeln!(io::stderr(), "{}", json(message));
            return;
        }
        self.say("error", AnsiColor::Red, &message.message);
        if let Some(hint) = &message.hint {
            self.say("hint", AnsiColor::Cyan, hint);
        }
        if let Some(token) = &message.resume_token {
            match &message.region {
                None => {
                    self.resume(
                        "for the rest, run it again and append: same arguments and",
                        token,
                    );
                }
                Some(region) => {
                    let alone =
                        format!("for the rest of it: same arguments, but --region {region}");
                    self.resume(&alone, token);
                }
            }
        }
    }

    fn say(&self, label: &str, color: AnsiColor, text: &str) {
        let style = if self.colors(io::stderr().is_terminal()) {
            color.on_default().bold()
        } else {
            Style::new()
        };
        let mut stderr = io::stderr().lock();
        let _ = write!(stderr, "{style}{label}:{style:#} ");
        for (number, line) in text.split('\n').enumerate() {
            let _ = if number == 0 {
                writeln!(stderr, "{}", escape(line))
            } else {
                writeln!(stderr, "  {}", escape(line))
            };
        }
    }

    /// Whether progress may be shown.
    pub(super) fn shows_progress(&self) -> bool {
        !self.quiet && !self.debug && io::stderr().is_terminal()
    }

    /// How a table looks. `COLUMNS` sets its width, also where stdout is no terminal.
    pub(super) fn table_style(&self, to_terminal: bool) -> TableStyle {
        let requested = env::var("COLUMNS")
            .ok()
            .and_then(|width| width.parse().ok());
        let width = || terminal_size_of(io::stdout()).map(|(Width(width), _)| width);
        TableStyle {
            unicode: is_utf8_locale(),
            color: self.colors(to_terminal),
            width: requested.or_else(|| width().filter(|_| to_terminal)),
        }
    }

    fn colors(&self, is_terminal: bool) -> bool {
        match self.color {
            Color::Always => true,
            Color::Never => false,
            Color::Auto => {
                // https://no-color.org: set, and not empty.
                let refused = env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
                let dumb = env::var_os("TERM").is_some_and(|term| term == "dumb");
                is_terminal && !refused && !dumb
            }
        }
    }
}

/// One JSON object on one line.
fn json(message: &Message) -> String {
    let line = serde_json::to_string(message).expect("strings and numbers have a JSON form");
    escape_json(&line).into_owned()
}

/// Whether a command line that cannot be read asks for errors as JSON, by the whole name of the flag or a part of it.
fn asks_for_json_errors(arguments: impl Iterator<Item = OsString>) -> bool {
    let is_flag = |name: &str| "--error-format".starts_with(name) && name.starts_with("--er");
    let arguments: Vec<_> = arguments
        .map(|argument| argument.to_string_lossy().into_owned())
        .collect();
    let in_one = |argument: &String| {
        argument
            .split_once('=')
            .is_some_and(|(name, value)| is_flag(name) && value == "json")
    };
    arguments.iter().any(in_one)
        || arguments
            .windows(2)
            .any(|pair| is_flag(&pair[0]) && pair[1] == "json")
}

/// Whether the locale's characters are UTF-8, by the first of POSIX's variables that is set.
fn is_utf8_locale() -> bool {
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"]
        .into_iter()
        .filter_map(|name| env::var(name).ok())
        .find(|value| !value.is_empty())
        .unwrap_or_default()
        .to_ascii_lowercase();
    cfg!(windows) || locale.ends_with("utf-8") || locale.ends_with("utf8")
}
