//! Generated state of any size, for experiments and benchmarks. It is deterministic: the same size gives the same
//! data, and an entry depends on its position only.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap};
use std::str::FromStr;
use std::time::{Duration, SystemTime};

use aws_smithy_types::DateTime;

use super::model::{Entry, Image, REPORT_LIFETIME, Report, ResourceType};
use super::resource_type::REPORT_TYPES;
use super::state::{Images, State};
use super::store::{EntryRange, Reports, Rows};
use super::{number_list, timestamp};

/// The size of the generated data: `images=20,entries=50000`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Synthetic {
    images: usize,
    entries: usize,
}

/// Why a text is not a valid [`Synthetic`].
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}; the format is images=20,entries=50000")]
pub struct SyntheticError(String);

/// Images take memory. No account owns this many.
const MAX_IMAGES: usize = 100_000;

/// Entries take no memory, but each pair needs another account ID of 12 digits.
const MAX_ENTRIES: usize = 1_000_000_000;

impl FromStr for Synthetic {
    type Err = SyntheticError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let keys = [("images", 1..=MAX_IMAGES), ("entries", 0..=MAX_ENTRIES)];
        let [images, entries] = number_list::parse(text, keys).map_err(SyntheticError)?;
        Ok(Self { images, entries })
    }
}

/// The resource types of the entries. The reports cover all types.
const USED_TYPES: [&str; 2] = ["ec2:Instance", "ec2:LaunchTemplate"];

/// 2025-11-01T02:00:00Z: creation time of the first report. The others follow at intervals of a minute, in seconds.
const FIRST_REPORT_SECS: u64 = 1_761_962_400;

fn creation_secs(image: u64) -> u64 {
    FIRST_REPORT_SECS + 60 * image
}

impl State {
    /// Generated images with one report each, and the entries spread evenly over the reports. The same size gives the
    /// same data. Its clock starts a minute after the creation of the last report, so that the reports do not expire.
    pub fn synthetic(size: Synthetic) -> Self {
        let (reports, ranges): (Vec<_>, Vec<_>) = reports(size).unzip();
        let images = (reports.iter().enumerate())
            .map(|(number, report)| {
                let mut image = Image::with_id(&report.image_id, None);
                image.members.extend([
                    ("Name".to_owned(), format!("synthetic-{number:06}").into()),
                    ("CreationDate".to_owned(), "2025-01-01T00:00:00.000Z".into()),
                ]);
                image
            })
            .collect();
        let start = Duration::from_secs(creation_secs(size.images as u64));
        Self::new(
            Reports::new(reports, ranges, Rows::Generated(entry), HashMap::new()),
            Images::new(images, true),
            Vec::new(),
            BTreeSet::new(),
            Vec::new(),
        )
        .starting_at(SystemTime::UNIX_EPOCH + start)
    }
}

fn reports(size: Synthetic) -> impl Iterator<Item = (Report, EntryRange)> {
    let start_of =
        move |image: usize| (image as u128 * size.entries as u128 / size.images as u128) as usize;
    (0..size.images).map(move |image| {
        let range = EntryRange {
            entries: start_of(image)..start_of(image + 1),
            report: image,
            first_row: 0,
        };
        (report(image as u64), range)
    })
}

fn report(image: u64) -> Report {
    let created = creation_secs(image) as i64;
    let time = |seconds, milliseconds| {
        timestamp::format(DateTime::from_secs_and_nanos(
            seconds,
            milliseconds * 1_000_000,
        ))
    };
    let milliseconds = (mix(image) % 1_000) as u32;
    Report {
        image_id: format!("ami-0{:016x}", mix(image)),
        report_id: format!("amiur-0{:016x}", mix(!image)),
        resource_types: Some(
            REPORT_TYPES
                .map(|name| ResourceType {
                    resource_type: name.to_owned(),
                    resource_type_options: None,
                })
                .into(),
        ),
        state: "available".to_owned(),
        creation_time: time(created, milliseconds),
        expiration_time: time(created + REPORT_LIFETIME.as_secs() as i64, milliseconds),
        ..Report::default()
    }
}

/// The entry at `position` among those of its report: two per account, one per resource type. The same accounts use
/// every image, as in an organization.
fn entry(report: &Report, position: usize) -> Entry<'_> {
    // The factor and 10^12 are coprime, so that each position gets another account.
    let account = (position as u64 / 2 + 1) * 618_033_988_749 % 1_000_000_000_000;
    Entry {
        report,
        resource_type: Some(USED_TYPES[position % 2]),
        usage_count: Some((mix(position as u64) % 50) as i64),
        account_id: Some(Cow::Owned(format!("{account:012}"))),
        report_creation_time: report.creation_time.as_deref(),
    }
}

/// A bijective hash: the finalizer of SplitMix64.
fn mix(number: u64) -> u64 {
    let mut z = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_parsed() {
        let size = Synthetic {
            images: 20,
            entries: 50_000,
        };
        assert_eq!("images=20,entries=50000".parse(), Ok(size));
        assert_eq!("entries = 50000, images = 20".parse(), Ok(size));
    }

    #[test]
    fn invalid_sizes_are_rejected() {
        for (text, why) in [
            ("", "missing '=' in ''"),
            ("images=20", "missing key 'entries'"),
            ("entries=1", "missing key 'images'"),
            (
                "images=0,entries=1",
                "invalid value in 'images=0': expected a whole number from 1 to 100000",
            ),
            ("images=x,entries=1", "invalid value in 'images=x'"),
            ("images=1,entries=-1", "invalid value in 'entries=-1'"),
            ("images=1,images=2,entries=1", "duplicate key 'images'"),
            ("reports=1", "unknown key 'reports'"),
        ] {
            let error = text.parse::<Synthetic>().unwrap_err().to_string();
            assert!(error.starts_with(why), "{text}: {error}");
            assert!(error.ends_with("; the format is images=20,entries=50000"));
        }
    }

    #[test]
    fn entries_are_spread_evenly_without_gaps() {
        let listed: Vec<_> = reports("images=7,entries=100".parse().unwrap()).collect();
        assert_eq!(listed.len(), 7);
        let mut end = 0;
        for (_, range) in listed {
            assert_eq!(range.entries.start, end);
            assert!((14..=15).contains(&range.entries.len()));
            end = range.entries.end;
        }
        assert_eq!(end, 100);
    }

    #[test]
    fn entries_of_a_report_differ_in_account_or_type() {
        let report = report(0);
        let keys: std::collections::HashSet<_> = (0..10_000)
            .map(|position| entry(&report, position))
            .map(|entry| (entry.account_id.unwrap(), entry.resource_type))
            .collect();
        assert_eq!(keys.len(), 10_000);
        assert!(keys.iter().all(|(account, _)| account.len() == 12));
    }
}
