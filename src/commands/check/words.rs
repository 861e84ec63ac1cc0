//! The messages of a check: its progress, the summary of its verdicts, and the limits of reports.

use std::collections::BTreeSet;

use indicatif::HumanCount;

use crate::aws::Time;
use crate::verdict::{CheckProgress, Row, Verdict};

/// The limits of the reports that the verdicts rely on.
pub(super) fn caveat<'a>(rows: impl Iterator<Item = &'a Row>) -> Option<String> {
    let mut unused = false;
    let times: BTreeSet<&str> = rows
        .inspect(|row| unused |= row.verdict == Verdict::Unused)
        .filter_map(|row| row.report_creation_time.as_ref())
        .map(Time::as_str)
        .collect();
    let created = match (times.first()?, times.last()?) {
        (first, last) if first == last => format!("created {first}"),
        (first, last) => format!("created {first} to {last}"),
    };
    let hint = match unused {
        true => "; see `amiusage check --help` for what unused does not cover",
        false => "",
    };
    Some(format!(
        "reports were {created}; they may miss instances launched in the previous 24 hours, and launch templates of the \
         previous few days{hint}"
    ))
}

/// The verdicts in one line.
pub(super) fn summary(images: usize, in_use: usize, unknown: usize) -> String {
    if images == 0 {
        return "no image found".to_owned();
    }
    let parts = [
        (in_use, "in use"),
        (images - in_use - unknown, "unused"),
        (unknown, "unknown"),
    ];
    let parts: Vec<_> = (parts.into_iter())
        .filter(|(count, _)| *count > 0)
        .map(|(count, verdict)| format!("{} {verdict}", HumanCount(count as u64)))
        .collect();
    let noun = if images == 1 { "image" } else { "images" };
    format!("{} {noun}: {}", HumanCount(images as u64), parts.join(", "))
}

/// The progress of a check, in one line.
pub(super) fn progress_line(progress: CheckProgress) -> String {
    let CheckProgress {
        images,
        to_create,
        created,
        pending,
        read,
        referenced,
        in_use,
    } = progress;
    let noun = if images == 1 { "image" } else { "images" };
    let parts: Vec<String> = [
        (images, noun),
        (to_create, "to create"),
        (created, "created or adopted"),
        (pending, "pending"),
        (read, "reports read"),
        (referenced, "checked for references"),
        (in_use, "in use so far"),
    ]
    .into_iter()
    .filter(|(count, _)| *count > 0)
    .map(|(count, what)| format!("{} {what}", HumanCount(count as u64)))
    .collect();
    match parts.is_empty() {
        true => "listing images".to_owned(),
        false => parts.join(", "),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn verdicts_are_summarized_in_one_line() {
        for (numbers, line) in [
            ((0, 0, 0), "no image found"),
            ((1, 0, 0), "1 image: 1 unused"),
            ((1, 1, 0), "1 image: 1 in use"),
            ((2000, 0, 2000), "2,000 images: 2,000 unknown"),
            ((2000, 1200, 0), "2,000 images: 1,200 in use, 800 unused"),
            ((7, 5, 1), "7 images: 5 in use, 1 unused, 1 unknown"),
        ] {
            assert_eq!(summary(numbers.0, numbers.1, numbers.2), line);
        }
    }

    #[test]
    fn progress_omits_zeros() {
        assert_eq!(progress_line(CheckProgress::default()), "listing images");
        let one = CheckProgress {
            images: 1,
            ..CheckProgress::default()
        };
        assert_eq!(progress_line(one), "1 image");
        let many = CheckProgress {
            images: 2000,
            to_create: 800,
            created: 1200,
            ..CheckProgress::default()
        };
        assert_eq!(
            progress_line(many),
            "2,000 images, 800 to create, 1,200 created or adopted"
        );
        let both = [many, many].into_iter().sum::<CheckProgress>();
        assert_eq!((both.images, both.created), (4000, 2400));
    }
}
