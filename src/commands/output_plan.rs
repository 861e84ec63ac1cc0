//! Checks the output options: which format, which columns, and where the output is written.

use std::env;
use std::io::{self, IsTerminal};
use std::path::PathBuf;
use std::time::SystemTime;

use super::terminal::Terminal;
use crate::args::error::ArgumentError;
use crate::aws::{self, RequestError};
use crate::cli::Connection;
use crate::cli::output::{Output, OutputFlags};
use crate::output::{Field, Format, Options, Page, Query, Record, Shown, omitted_columns};

/// Where output is written that nobody reads.
const NULL_DEVICE: &str = if cfg!(windows) { "NUL" } else { "/dev/null" };

/// The checked output options.
pub(super) struct OutputPlan {
    options: Options,
    pub(super) out_file: Option<PathBuf>,
    /// The head of a page.
    page: Page,
}

impl OutputPlan {
    /// Checks the options. The output of a `resumed` run has no header, so that it can be appended.
    pub(super) fn check<R: Record>(
        flags: OutputFlags<R>,
        resumed: bool,
        terminal: &Terminal,
    ) -> Result<Self, ArgumentError> {
        let output = match flags.output {
            Output::Auto => terminal.default_output.unwrap_or_default(),
            output => output,
        };
        let out_file = match (output, flags.out_file) {
            (Output::Off, Some(_)) => {
                let problem = "off cannot be used with --out-file";
                return Err(ArgumentError::new("--output", problem));
            }
            (Output::Off, None) => Some(NULL_DEVICE.into()),
            (_, out_file) => out_file,
        };
        let to_terminal = out_file.is_none() && io::stdout().is_terminal();
        let format = match output {
            Output::Auto if to_terminal => Format::Table,
            Output::Auto | Output::Json | Output::Off => Format::Json,
            Output::Table => Format::Table,
            Output::Ndjson => Format::Ndjson,
            Output::Csv => Format::Csv,
            Output::Tsv => Format::Tsv,
            Output::Text => Format::Text,
            Output::Markdown => Format::Markdown,
            Output::Yaml => Format::Yaml,
            Output::YamlStream => Format::YamlStream,
            Output::Html => Format::Html,
        };
        let query = match &flags.query {
            Some(query) => Some(parse_query(query, format)?),
            None => None,
        };
        let fields: Option<Vec<Field>> = (!flags.columns.is_empty()).then(|| {
            let named = |name: &String| Field::named::<R>(name);
            flags.columns.iter().filter_map(named).collect()
        });
        let is_table_only = |field: &&Field| match **field {
            Field::Region => false,
            Field::Column(index) => R::COLUMNS[index].shown == Shown::Table,
        };
        if let Some(field) = fields.iter().flatten().find(is_table_only)
            && format != Format::Table
        {
            return Err(ArgumentError::new(
                "--columns",
                format_args!(
                    "{} is for --output table; other formats have the value that it is derived from",
                    field.column::<R>().name
                ),
            ));
        }
        Ok(Self {
            options: Options {
                fields,
                query,
                header: !resumed,
                style: terminal.table_style(to_terminal),
                terminal: to_terminal,
                ..Options::new(format)
            },
            out_file,
            page: Page::default(),
        })
    }

    /// Adds the columns of `--details`, in formats with one line per row.
    pub(super) fn with_details(mut self, details: bool) -> Self {
        self.options.details = details;
        self
    }

    /// Sets the title of a page, and what was asked: names with values, of which some are shown if there are many.
    pub(super) fn with_page(
        mut self,
        title: &str,
        question: impl IntoIterator<Item = (&'static str, Vec<String>)>,
    ) -> Self {
        let facts = question
            .into_iter()
            .filter(|(_, values)| !values.is_empty());
        self.page = Page {
            title: title.to_owned(),
            facts: facts
                .map(|(name, values)| (name, some_of(&values)))
                .collect(),
            ..Page::default()
        };
        self
    }

    /// The head of a page for rows of these Regions.
    pub(super) fn page(
        &self,
        regions: &[impl AsRef<str>],
        notices: Vec<String>,
        time: SystemTime,
    ) -> Page {
        let regions: Vec<_> = regions
            .iter()
            .map(|region| region.as_ref().to_owned())
            .collect();
        let mut page = self.page.clone();
        if !regions.is_empty() {
            page.facts.push(("Region", some_of(&regions)));
        }
        Page {
            notices,
            time: Some(time),
            ..page
        }
    }

    /// Names columns that have the same value in all rows, so that a narrow table can show it once.
    pub(super) fn with_constants<R: Record>(mut self, names: &[&str]) -> Self {
        let fields = names.iter().filter_map(|name| Field::named::<R>(name));
        self.options.grouping.extend(fields);
        self
    }

    /// Whether rows have their Region: where there are `several`, or where `--columns` names it.
    pub(super) fn is_regional(&self, several: bool) -> bool {
        several
            || self
                .options
                .fields
                .iter()
                .flatten()
                .any(|&field| field == Field::Region)
    }

    /// What decides the bytes of rows with or without their Region.
    pub(super) fn options(&self, regional: bool) -> Options {
        let mut options = self.options.clone();
        options.regional = regional;
        if regional {
            options.grouping.push(Field::Region);
        }
        options
    }
}

/// A list for people: the first values, and their number.
fn some_of(values: &[String]) -> String {
    const MAX_VALUES: usize = 10;
    match values.len() {
        ..=MAX_VALUES => values.join(", "),
        all => format!("{}, … ({all})", values[..MAX_VALUES].join(", ")),
    }
}

/// The output format of `AWS_DEFAULT_OUTPUT`, or of the profile where one is read. A value that is not a format of the AWS
/// CLI is an error, as there: another format would surprise the reader of the output.
pub(super) async fn default_output(
    connection: &Connection,
) -> Result<Option<Output>, RequestError> {
    const VARIABLE: &str = "AWS_DEFAULT_OUTPUT";
    let variable = env::var(VARIABLE).ok().filter(|value| !value.is_empty());
    let (name, value) = match variable {
        Some(value) => (VARIABLE, value),
        None if connection.offline.is_some() => return Ok(None),
        None => match aws::profile_setting(connection.profile.as_deref(), "output").await {
            Some(value) => ("the profile's output", value),
            None => return Ok(None),
        },
    };
    match value.as_str() {
        "json" => Ok(Some(Output::Json)),
        "text" => Ok(Some(Output::Text)),
        "table" => Ok(Some(Output::Table)),
        "yaml" => Ok(Some(Output::Yaml)),
        "yaml-stream" => Ok(Some(Output::YamlStream)),
        "off" => Ok(Some(Output::Off)),
        _ => Err(RequestError::Configuration {
            problem: format!("{name} is `{value}`, which is not an output format of the AWS CLI"),
            hint: "set it to json, text, table, yaml, yaml-stream or off, or use --output"
                .to_owned(),
        }),
    }
}

/// Parses a query for a format that can show its result.
fn parse_query(query: &str, format: Format) -> Result<Query, ArgumentError> {
    const FLAG: &str = "--query";
    if !format.takes_query() {
        let problem = "works with --output json, text, table, yaml and yaml-stream, because its result has other columns";
        return Err(ArgumentError::new(FLAG, problem));
    }
    Query::parse(query).map_err(|error| {
        ArgumentError::new(FLAG, error).with_hint("see https://jmespath.org for the query language")
    })
}

/// Names the columns that a table omits because the terminal is too narrow.
pub(super) fn note_omitted_columns<R: Record>(options: &Options, terminal: &Terminal) {
    let omitted = omitted_columns::<R>(options);
    if !omitted.is_empty() {
        terminal.notice(&format!(
            "columns omitted to fit the terminal: {}; select with --columns, or widen the terminal",
            omitted.join(", ")
        ));
    }
}
