//! Verifies that the output of a program contains the expected entries, in any format and order.
//!
//! Output is streamed: a child process starts as a copy of its parent, so this process's memory would count as the child's
//! peak.

use std::fs::File;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{BufRead, BufReader};
use std::path::Path;

use anyhow::{Context, ensure};
use serde::Deserialize;

/// The members of an entry, in the API's order.
pub const COLUMNS: [&str; 6] = [
    "ResourceType",
    "ReportId",
    "UsageCount",
    "AccountId",
    "ImageId",
    "ReportCreationTime",
];

/// The format of the entries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// With a header.
    Csv,
    /// One document, with one entry per line.
    Json,
    Ndjson,
    /// A header, and columns separated by two spaces.
    Table,
    /// The AWS CLI's text: tabs, with members in alphabetical order.
    Text,
}

impl Format {
    /// The value of `--output`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Json => "json",
            Self::Ndjson => "ndjson",
            Self::Table => "table",
            Self::Text => "text",
        }
    }
}

/// The number of entries, and a checksum that does not depend on their order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Contents {
    pub entries: u64,
    sum: u64,
}

impl Contents {
    /// Reads a file.
    ///
    /// # Errors
    /// The file cannot be read, or does not have this format.
    pub fn of(path: &Path, format: Format) -> anyhow::Result<Self> {
        let mut contents = Self::default();
        let mut file = BufReader::new(File::open(path)?);
        let mut line = String::new();
        let mut number = 0;
        while file.read_line(&mut line)? > 0 {
            number += 1;
            contents
                .read(number, line.trim_end(), format)
                .with_context(|| format!("line {number} of the output is {line:?}"))?;
            line.clear();
        }
        Ok(contents)
    }

    fn read(&mut self, number: u64, line: &str, format: Format) -> anyhow::Result<()> {
        match format {
            Format::Csv => {
                let members = members(line.split(','))?;
                if number == 1 {
                    ensure!(members == COLUMNS, "not the header");
                } else {
                    self.add(members)?;
                }
            }
            Format::Ndjson => self.add_json(line)?,
            Format::Json => {
                if line.starts_with("{\"ResourceType\"") {
                    self.add_json(line.trim_end_matches(','))?;
                } else {
                    let frame = ["{\"ImageUsageReportEntries\": [", "]}"];
                    ensure!(frame.contains(&line), "neither an entry nor the frame");
                }
            }
            Format::Table => {
                if number > 1 {
                    let cells = line.split("  ").map(str::trim);
                    self.add(members(cells.filter(|cell| !cell.is_empty()))?)?;
                }
            }
            Format::Text => {
                let (name, members_by_name) = line.split_once('\t').unwrap_or((line, ""));
                ensure!(name == "IMAGEUSAGEREPORTENTRIES", "not an entry");
                let [account, image, time, report, resource, count] =
                    members(members_by_name.split('\t'))?;
                self.add([resource, report, count, account, image, time])?;
            }
        }
        Ok(())
    }

    fn add_json(&mut self, line: &str) -> anyhow::Result<()> {
        #[derive(Deserialize)]
        #[serde(rename_all = "PascalCase", deny_unknown_fields)]
        struct Entry<'l> {
            resource_type: &'l str,
            report_id: &'l str,
            usage_count: u64,
            account_id: &'l str,
            image_id: &'l str,
            report_creation_time: &'l str,
        }
        let entry: Entry = serde_json::from_str(line)?;
        self.add([
            entry.resource_type,
            entry.report_id,
            &entry.usage_count.to_string(),
            entry.account_id,
            entry.image_id,
            entry.report_creation_time,
        ])
    }

    fn add(&mut self, mut members: [&str; COLUMNS.len()]) -> anyhow::Result<()> {
        // Formats of times differ (`T` or a space, milli- or microseconds, `Z` or `+00:00`): compare up to the minute.
        let time = members[5];
        let (date, clock) = (time.get(..10), time.get(11..16));
        members[5] = date.context("not a time")?;
        let mut hasher = DefaultHasher::new();
        members.hash(&mut hasher);
        clock.context("not a time")?.hash(&mut hasher);
        self.sum = self.sum.wrapping_add(hasher.finish());
        self.entries += 1;
        Ok(())
    }
}

/// Generated values contain no separators, so none is quoted.
fn members<'l>(texts: impl Iterator<Item = &'l str>) -> anyhow::Result<[&'l str; COLUMNS.len()]> {
    let mut members = [""; COLUMNS.len()];
    let mut count = 0;
    for text in texts {
        if let Some(member) = members.get_mut(count) {
            *member = text;
        }
        count += 1;
    }
    ensure!(
        count == members.len(),
        "{count} members instead of {}",
        members.len()
    );
    Ok(members)
}
