//! Generated state of any size, for trials and measurements. Nothing is random: the same size gives the same
//! data, and an entry is made from its position alone.

use std::borrow::Cow;
use std::collections::HashMap;
use std::str::FromStr;

use aws_smithy_types::DateTime;

use super::model::{Entry, Image, Report, ResourceType};
use super::saved::service_time;
use super::store::{Reports, Rows, Run};

/// How much to generate: `images=20,entries=50000`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Synthetic {
    images: usize,
    entries: usize,
}

/// Why a text is no [`Synthetic`].
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}; write it as images=20,entries=50000")]
pub struct SyntheticError(String);

/// Each image takes memory; no account owns this many.
const MAX_IMAGES: usize = 100_000;

/// Entries take none, but their account IDs have 12 digits.
const MAX_ENTRIES: usize = 1_000_000_000;

impl FromStr for Synthetic {
    type Err = SyntheticError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut images = None;
        let mut entries = None;
        for part in text.split(',') {
            let Some((key, value)) = part.split_once('=') else {
                return Err(SyntheticError(format!("'{part}' has no '='")));
            };
            let (number, range) = match key.trim() {
                "images" => (&mut images, 1..=MAX_IMAGES),
                "entries" => (&mut entries, 0..=MAX_ENTRIES),
                other => return Err(SyntheticError(format!("there is no '{other}' to generate"))),
            };
            let (least, most) = (*range.start(), *range.end());
            let parsed = value.trim().parse().ok().filter(|n| range.contains(n));
            let parsed = parsed.ok_or_else(|| {
                SyntheticError(format!(
                    "'{part}' needs a whole number from {least} to {most}"
                ))
            })?;
            if number.replace(parsed).is_some() {
                return Err(SyntheticError(format!("'{}' stands twice", key.trim())));
            }
        }
        match (images, entries) {
            (Some(images), Some(entries)) => Ok(Self { images, entries }),
            (None, _) => Err(SyntheticError("'images' is missing".to_owned())),
            (_, None) => Err(SyntheticError("'entries' is missing".to_owned())),
        }
    }
}

const RESOURCE_TYPES: [&str; 2] = ["ec2:Instance", "ec2:LaunchTemplate"];

/// 2025-11-01T02:00:00Z: when the first report was made. The others follow, a minute apart.
const FIRST_REPORT: i64 = 1_761_962_400;
const LIFE_OF_A_REPORT: i64 = 30 * 24 * 60 * 60;

/// One report an image, with the entries spread evenly over them, and the images.
pub(super) fn reports(size: Synthetic) -> (Reports, Vec<Image>) {
    let (reports, runs): (Vec<_>, Vec<_>) = listed(size).unzip();
    let images = (reports.iter().enumerate())
        .map(|(number, report)| Image {
            name: Some(format!("synthetic-{number:06}")),
            ..Image::known_by(&report.image_id, None)
        })
        .collect();
    let reports = Reports::new(reports, runs, Rows::Synthetic, HashMap::new());
    (reports, images)
}

fn listed(size: Synthetic) -> impl Iterator<Item = (Report, Run)> {
    let begin =
        move |image: usize| (image as u128 * size.entries as u128 / size.images as u128) as usize;
    (0..size.images).map(move |image| {
        let run = Run {
            entries: begin(image)..begin(image + 1),
            report: image,
            first_row: 0,
        };
        (report(image as u64), run)
    })
}

fn report(image: u64) -> Report {
    let created = FIRST_REPORT + 60 * image as i64;
    let time = |seconds, milliseconds| {
        service_time(DateTime::from_secs_and_nanos(
            seconds,
            milliseconds * 1_000_000,
        ))
    };
    let milliseconds = (scatter(image) % 1_000) as u32;
    Report {
        image_id: format!("ami-0{:016x}", scatter(image)),
        report_id: format!("amiur-0{:016x}", scatter(!image)),
        resource_types: Some(
            RESOURCE_TYPES
                .map(|name| ResourceType {
                    resource_type: name.to_owned(),
                    resource_type_options: None,
                })
                .into(),
        ),
        state: "available".to_owned(),
        creation_time: time(created, milliseconds),
        expiration_time: time(created + LIFE_OF_A_REPORT, milliseconds),
        ..Report::default()
    }
}

/// The entry at `place` among those of its report: two an account, one a resource type. The same accounts
/// use every image, as an organization's do.
pub(super) fn entry(report: &Report, place: usize) -> Entry<'_> {
    // A factor that shares none with 10^12 gives every place another account.
    let account = (place as u64 / 2 + 1) * 618_033_988_749 % 1_000_000_000_000;
    Entry {
        report,
        resource_type: Some(RESOURCE_TYPES[place % 2]),
        usage_count: Some((scatter(place as u64) % 50) as i64),
        account_id: Some(Cow::Owned(format!("{account:012}"))),
        report_creation_time: report.creation_time.as_deref(),
    }
}

/// Scatters numbers over all 64 bits, no two to one place (the finalizer of SplitMix64).
fn scatter(number: u64) -> u64 {
    let mut z = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read() {
        let size = Synthetic {
            images: 20,
            entries: 50_000,
        };
        assert_eq!("images=20,entries=50000".parse(), Ok(size));
        assert_eq!("entries = 50000, images = 20".parse(), Ok(size));
    }

    #[test]
    fn what_is_no_size_says_so() {
        for (text, why) in [
            ("", "'' has no '='"),
            ("images=20", "'entries' is missing"),
            ("entries=1", "'images' is missing"),
            (
                "images=0,entries=1",
                "'images=0' needs a whole number from 1 to 100000",
            ),
            ("images=x,entries=1", "'images=x' needs"),
            ("images=1,entries=-1", "'entries=-1' needs"),
            ("images=1,images=2,entries=1", "'images' stands twice"),
            ("reports=1", "there is no 'reports' to generate"),
        ] {
            let error = text.parse::<Synthetic>().unwrap_err().to_string();
            assert!(error.starts_with(why), "{text}: {error}");
            assert!(error.ends_with("; write it as images=20,entries=50000"));
        }
    }

    #[test]
    fn entries_are_spread_evenly_and_without_a_gap() {
        let listed: Vec<_> = listed("images=7,entries=100".parse().unwrap()).collect();
        assert_eq!(listed.len(), 7);
        let mut end = 0;
        for (_, run) in listed {
            assert_eq!(run.entries.start, end);
            assert!((14..=15).contains(&run.entries.len()));
            end = run.entries.end;
        }
        assert_eq!(end, 100);
    }

    #[test]
    fn no_two_entries_of_a_report_are_of_one_account_and_type() {
        let report = report(0);
        let keys: std::collections::HashSet<_> = (0..10_000)
            .map(|place| entry(&report, place))
            .map(|entry| (entry.account_id.unwrap(), entry.resource_type))
            .collect();
        assert_eq!(keys.len(), 10_000);
        assert!(keys.iter().all(|(account, _)| account.len() == 12));
    }
}
