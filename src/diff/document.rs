//! Saved documents: JSON or NDJSON of `amiusage entries`, or JSON of the AWS CLI.
//!
//! A document is read twice: first to choose a report of each image, then for its entries. If these are sorted by image,
//! account and resource type (and first by Region, if they have one), they are streamed, so that a document may be larger
//! than memory. Otherwise they are sorted in memory: a merge needs the same order on both sides.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry as MapEntry;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek};
use std::path::Path;
use std::sync::mpsc::sync_channel;
use std::thread;

use serde::Deserialize;
use serde::de::{self, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::uses::{ImageKey, ReportInfo, Use};
use crate::reports::{ResourceType, Scope};

/// Why a document cannot be read. The message does not name it.
#[derive(Debug, thiserror::Error)]
pub enum DocumentError {
    /// It cannot be read.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// It is not a saved document, or an invalid or incomplete one.
    #[error("expected JSON or NDJSON of image usage report entries")]
    Json(#[from] serde_json::Error),
}

/// The entries of a saved document.
#[derive(Debug)]
pub struct Document {
    file: File,
    is_ndjson: bool,
    /// The chosen report of each image.
    pub reports: BTreeMap<ImageKey, ReportInfo>,
    /// Whether it has reports that are not chosen.
    pub has_older_reports: bool,
    is_sorted: bool,
}

/// An entry, with the Region that output of several Regions has.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct SavedEntry {
    region: Option<String>,
    image_id: String,
    report_id: String,
    account_id: String,
    resource_type: String,
    usage_count: i64,
    report_creation_time: Option<String>,
}

/// A report, which shows what its entries cover.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct SavedReport {
    region: Option<String>,
    image_id: String,
    report_id: String,
    state: String,
    creation_time: Option<String>,
    resource_types: Option<Vec<ResourceType>>,
    account_ids: Option<Vec<String>>,
}

/// The names of the members of an entry, by which NDJSON is recognized.
const ENTRY_MEMBERS: [&str; 8] = [
    "Region",
    "ImageId",
    "ReportId",
    "AccountId",
    "AccountName",
    "ResourceType",
    "UsageCount",
    "ReportCreationTime",
];

impl SavedEntry {
    fn image(&self) -> ImageKey {
        ImageKey {
            region: self.region.clone(),
            image_id: self.image_id.clone(),
        }
    }
}

impl From<SavedEntry> for Use {
    fn from(entry: SavedEntry) -> Self {
        Self {
            image: entry.image(),
            account_id: entry.account_id,
            resource_type: entry.resource_type,
            count: entry.usage_count,
        }
    }
}

/// The report of an image that is the newest so far: its time, whose text sorts like it, and its ID.
type Newest = (Option<String>, String);

impl Document {
    /// Reads the document at `path`, and chooses the newest report of each image: reports of one image count the same
    /// resources.
    ///
    /// # Errors
    /// The file cannot be read, is not a saved document, or is incomplete.
    pub fn open(path: &Path) -> Result<Self, DocumentError> {
        let mut file = seekable(File::open(path)?)?;
        let is_ndjson = is_ndjson(&mut file)?;
        let mut newest: BTreeMap<ImageKey, Newest> = BTreeMap::new();
        let mut has_older_reports = false;
        let mut choose = |image, created, report_id| match newest.entry(image) {
            MapEntry::Vacant(entry) => drop(entry.insert((created, report_id))),
            MapEntry::Occupied(mut entry) if entry.get().1 != report_id => {
                has_older_reports = true;
                let report = (created, report_id);
                if *entry.get() < report {
                    entry.insert(report);
                }
            }
            MapEntry::Occupied(_) => {}
        };
        let mut is_sorted = true;
        let mut last: Option<Use> = None;
        let mut saved_reports = Vec::new();
        read(&mut file, is_ndjson, &mut saved_reports, &mut |entry| {
            let created = entry.report_creation_time.clone();
            choose(entry.image(), created, entry.report_id.clone());
            let entry = Use::from(entry);
            is_sorted &= last.as_ref().is_none_or(|last| last.key() <= entry.key());
            last = Some(entry);
            true
        })?;
        let mut scopes = BTreeMap::new();
        for report in saved_reports {
            if report.state != "available" {
                continue;
            }
            let image = ImageKey {
                region: report.region,
                image_id: report.image_id,
            };
            let accounts = report.account_ids.unwrap_or_default();
            let scope = report
                .resource_types
                .map(|types| Scope::new(&types, &accounts));
            scopes.insert(report.report_id.clone(), scope);
            choose(image, report.creation_time, report.report_id);
        }
        let reports = newest.into_iter().map(|(image, (created, report_id))| {
            let scope = scopes.remove(&report_id).flatten();
            let report = ReportInfo {
                report_id,
                created,
                scope,
            };
            (image, report)
        });
        Ok(Self {
            reports: reports.collect(),
            file,
            is_ndjson,
            has_older_reports,
            is_sorted,
        })
    }

    /// The entries of the chosen reports, sorted.
    ///
    /// # Errors
    /// The file cannot be read, or changed.
    pub fn into_uses(
        self,
    ) -> Result<Box<dyn Iterator<Item = Result<Use, DocumentError>>>, DocumentError> {
        let Self {
            mut file,
            is_ndjson,
            reports,
            is_sorted,
            ..
        } = self;
        let is_chosen = move |entry: &SavedEntry| {
            let report = reports.get(&entry.image());
            report.is_some_and(|report| report.report_id == entry.report_id)
        };
        if !is_sorted {
            let mut uses = Vec::new();
            read(&mut file, is_ndjson, &mut Vec::new(), &mut |entry| {
                uses.extend(is_chosen(&entry).then(|| Use::from(entry)));
                true
            })?;
            uses.sort_unstable();
            return Ok(Box::new(uses.into_iter().map(Ok)));
        }
        let (sender, receiver) = sync_channel(1024);
        thread::spawn(move || {
            let result = read(&mut file, is_ndjson, &mut Vec::new(), &mut |entry| {
                !is_chosen(&entry) || sender.send(Ok(Use::from(entry))).is_ok()
            });
            if let Err(error) = result {
                // The receiver is gone if the comparison failed already.
                let _ = sender.send(Err(error));
            }
        });
        Ok(Box::new(receiver.into_iter()))
    }
}

/// The file itself, or a copy of a pipe, which can be read only once.
fn seekable(mut file: File) -> io::Result<File> {
    if file.metadata()?.is_file() {
        return Ok(file);
    }
    let mut copy = tempfile::tempfile()?;
    io::copy(&mut file, &mut copy)?;
    Ok(copy)
}

/// Whether the first object of a document is an entry: one is read from its first name.
fn is_ndjson(file: &mut File) -> io::Result<bool> {
    let mut start = String::new();
    let mut reader = BufReader::new(file.take(1024));
    reader.read_line(&mut start).ok();
    let name = start.split('"').nth(1).unwrap_or_default();
    Ok(ENTRY_MEMBERS.contains(&name))
}

/// Calls `each` for the entries of a document until it returns false, and collects the reports.
fn read(
    file: &mut File,
    is_ndjson: bool,
    reports: &mut Vec<SavedReport>,
    each: &mut dyn FnMut(SavedEntry) -> bool,
) -> Result<(), DocumentError> {
    file.rewind()?;
    let mut json = serde_json::Deserializer::from_reader(BufReader::new(file));
    if is_ndjson {
        for entry in json.into_iter::<SavedEntry>() {
            if !each(entry?) {
                break;
            }
        }
        return Ok(());
    }
    DocumentSeed { reports, each }.deserialize(&mut json)?;
    Ok(json.end()?)
}

/// Deserializes a document, without holding its entries in memory.
struct DocumentSeed<'a> {
    reports: &'a mut Vec<SavedReport>,
    each: &'a mut dyn FnMut(SavedEntry) -> bool,
}

impl<'de> DeserializeSeed<'de> for DocumentSeed<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for DocumentSeed<'_> {
    type Value = ();

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("an object with ImageUsageReportEntries")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let mut has_entries = false;
        while let Some(name) = map.next_key::<String>()? {
            match name.as_str() {
                "ImageUsageReportEntries" => {
                    has_entries = true;
                    map.next_value_seed(EntriesSeed(self.each))?;
                }
                "ImageUsageReports" => self.reports.extend(map.next_value::<Vec<SavedReport>>()?),
                "NextToken" => {
                    if map.next_value::<Option<String>>()?.is_some() {
                        return Err(de::Error::custom(
                            "the list is incomplete, as it has a NextToken",
                        ));
                    }
                }
                _ => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        match has_entries {
            true => Ok(()),
            false => Err(de::Error::missing_field("ImageUsageReportEntries")),
        }
    }
}

/// Calls a function for each entry of a list.
struct EntriesSeed<'a>(&'a mut dyn FnMut(SavedEntry) -> bool);

impl<'de> DeserializeSeed<'de> for EntriesSeed<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for EntriesSeed<'_> {
    type Value = ();

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a list of entries")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut entries: A) -> Result<(), A::Error> {
        while let Some(entry) = entries.next_element()? {
            if !(self.0)(entry) {
                return Err(de::Error::custom("the comparison ended early"));
            }
        }
        Ok(())
    }
}
