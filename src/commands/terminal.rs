//! Messages on stderr: notes, resume tokens, errors and the summary of a check.

use std::env;
use std::io::{self, IsTerminal, Write};

use anstyle::{AnsiColor, Style};
use serde::Serialize;
use serde_with::skip_serializing_none;
use terminal_size::{Width, terminal_size_of};

use crate::cli::output::Output;
use crate::cli::{Color, ErrorFormat, Messages, Notes};
use crate::error::{Category, Error};
use crate::output::{TableStyle, escape, escape_json, wrap};

/// Prints messages as the message options request. Everything but data goes through here, to stderr. It also has the output
/// format that the settings of the AWS CLI choose.
///
/// Failures to print are ignored: they must change neither the output nor the exit status.
#[derive(Clone, Copy, Debug)]
pub struct Terminal {
    color: Color,
    error_format: ErrorFormat,
    quiet: bool,
    notes: Notes,
    /// Whether requests are logged.
    pub debug: bool,
    exit_status: fn(Category) -> u8,
    /// The output format that the settings of the AWS CLI choose.
    pub(super) default_output: Option<Output>,
}

/// The JSON form of an error or a summary.
#[skip_serializing_none]
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "PascalCase")]
pub(super) struct Report<'a, F> {
    /// The exit status.
    status: u8,
    /// What happened.
    message: &'a str,
    #[serde(flatten)]
    fields: F,
    /// What the user can do.
    hint: Option<&'a str>,
    /// The value of `--starting-token` that continues the output.
    resume_token: Option<&'a str>,
}

/// The fields that only an error has.
#[skip_serializing_none]
#[derive(Default, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "PascalCase")]
pub(super) struct ErrorFields<'a> {
    /// Which of several Regions failed; absent for an error of all.
    region: Option<&'a str>,
    /// The service's error code.
    code: Option<&'a str>,
    /// The ID by which AWS Support finds the request.
    request_id: Option<&'a str>,
}

impl<F: Serialize> Report<'_, F> {
    fn print_json(&self) {
        let line = serde_json::to_string(self).expect("strings and numbers have a JSON form");
        let _ = writeln!(io::stderr(), "{}", escape_json(&line));
    }
}

/// Before the second line of a message, and those after it.
const WRAP_INDENT: &str = "  ";

/// The text, wrapped at spaces if stderr is a terminal.
fn wrapped(text: &str) -> String {
    match terminal_size_of(io::stderr()) {
        Some((Width(width), _)) => {
            let width = usize::from(width).saturating_sub(WRAP_INDENT.len());
            wrap(text, width).join(&format!("\n{WRAP_INDENT}"))
        }
        None => text.to_owned(),
    }
}

impl Terminal {
    /// `exit_status` maps how the run ended to its number.
    pub fn new(messages: &Messages, exit_status: fn(Category) -> u8) -> Self {
        let Messages {
            error_format,
            color,
            quiet,
            notes,
            debug,
        } = *messages;
        Self {
            color,
            error_format,
            quiet,
            notes,
            debug,
            exit_status,
            default_output: None,
        }
    }

    /// The same terminal with an output format that the settings of the AWS CLI choose.
    pub(super) fn with_default_output(self, default_output: Option<Output>) -> Self {
        Self {
            default_output,
            ..self
        }
    }

    /// The exit status of a run that ended so.
    pub(super) fn exit_status(&self, category: Category) -> u8 {
        (self.exit_status)(category)
    }

    /// Prints information about complete output. Not into a captured stderr by default: scripts mistake it for data or for
    /// an error.
    pub(super) fn note(&self, note: &str) {
        let is_shown = match self.notes {
            Notes::Auto => io::stderr().is_terminal(),
            Notes::Always => true,
            Notes::Never => false,
        };
        if is_shown {
            self.notice(note);
        }
    }

    /// Prints what the output omits, or the result of the run, unless `--quiet` is set.
    pub(super) fn notice(&self, notice: &str) {
        if !self.quiet {
            self.print("note", AnsiColor::Cyan, notice);
        }
    }

    /// Prints a resume token, even with `--quiet`: without it the remaining rows cannot be listed. With `region`, it is
    /// for this one of several Regions.
    pub(super) fn resume(&self, purpose: &str, region: Option<&str>, token: &str) {
        let region = region.map_or(String::new(), |region| format!("--region {region} "));
        let text = format!(
            "{purpose}, rerun with the same arguments and {region}--starting-token {token}"
        );
        self.print("resume", AnsiColor::Cyan, &text);
    }

    /// Prints why the output is not complete; nothing if the reader closed the pipe.
    pub fn error(&self, error: &Error) {
        if error.category() == Category::ReaderClosed {
            return;
        }
        let message = error.to_string();
        let hint = error.hint();
        if self.error_format == ErrorFormat::Json {
            return Report {
                status: self.exit_status(error.category()),
                message: &message,
                fields: ErrorFields {
                    region: error.region(),
                    code: error.code(),
                    request_id: error.request_id(),
                },
                hint: hint.as_deref(),
                resume_token: error.resume_token(),
            }
            .print_json();
        }
        self.print("error", AnsiColor::Red, &message);
        if let Some(hint) = hint {
            self.print("hint", AnsiColor::Cyan, &hint);
        }
        if let Some(token) = error.resume_token() {
            match error.region() {
                None => self.resume("to append the rest", None, token),
                Some(region) => self.resume("for the rest of this Region", Some(region), token),
            }
        }
    }

    /// Prints the result of a run whose exit status is a result, not an error: one line and a hint, or one JSON object with
    /// `fields`. With `--quiet` success is silent.
    pub(super) fn summary(
        &self,
        category: Category,
        message: &str,
        hint: Option<&str>,
        fields: impl Serialize,
    ) {
        if self.quiet && category == Category::Success {
            return;
        }
        if self.error_format == ErrorFormat::Json {
            return Report {
                status: self.exit_status(category),
                message,
                fields,
                hint,
                resume_token: None,
            }
            .print_json();
        }
        let _ = writeln!(io::stderr(), "{}", wrapped(&escape(message)));
        if let Some(hint) = hint {
            self.print("hint", AnsiColor::Cyan, hint);
        }
    }

    fn print(&self, label: &str, color: AnsiColor, text: &str) {
        let style = if self.colors(io::stderr().is_terminal()) {
            color.on_default().bold()
        } else {
            Style::new()
        };
        let mut stderr = io::stderr().lock();
        let _ = write!(stderr, "{style}{label}:{style:#} ");
        for (number, line) in text.split('\n').enumerate() {
            let line = escape(line);
            // An invalid text and its caret follow the first line.
            let _ = match number {
                0 => {
                    let labeled = wrapped(&format!("{label}: {line}"));
                    writeln!(stderr, "{}", &labeled[label.len() + 2..])
                }
                _ => writeln!(stderr, "{WRAP_INDENT}{line}"),
            };
        }
    }

    /// Whether progress may be shown.
    pub(super) fn shows_progress(&self) -> bool {
        !self.quiet && !self.debug && io::stderr().is_terminal()
    }

    /// The style of a table. `COLUMNS` sets its width, also where stdout is not a terminal.
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
                let disabled = env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
                let dumb = env::var_os("TERM").is_some_and(|term| term == "dumb");
                is_terminal && !disabled && !dumb
            }
        }
    }
}

/// Prints clap's error about a command line that cannot be parsed, or the help that was requested.
///
/// `exit_status` maps how the run ended to its number.
pub fn print_parse_error(error: &clap::Error, exit_status: fn(Category) -> u8) -> Category {
    if !error.use_stderr() {
        return match error.print().and_then(|()| io::stdout().flush()) {
            Ok(()) => Category::Success,
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Category::ReaderClosed,
            Err(error) => {
                let _ = writeln!(io::stderr(), "error: cannot write to stdout: {error}");
                Category::Other
            }
        };
    }
    if requests_json_errors() {
        let text = error.render().to_string();
        Report {
            status: exit_status(Category::Usage),
            message: text.trim_start_matches("error: ").trim_end(),
            fields: ErrorFields::default(),
            hint: None,
            resume_token: None,
        }
        .print_json();
    } else {
        let _ = error.print();
    }
    Category::Usage
}

/// Whether a command line that cannot be parsed contains `--error-format json`, possibly abbreviated.
fn requests_json_errors() -> bool {
    let is_flag = |name: &str| "--error-format".starts_with(name) && name.starts_with("--er");
    let arguments: Vec<_> = env::args_os()
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
