//! What a check says: its progress, its verdicts in a sentence, and what to know of the reports.

use std::collections::BTreeSet;

use indicatif::HumanCount;

use crate::aws::Time;
use crate::verdict::{Row, Tally, Verdict};

/// What a reader of the verdicts has to know of the reports that they rest on.
pub(super) fn caveat<'a>(rows: impl Iterator<Item = &'a Row>) -> Option<String> {
    let mut unused = false;
    let times: BTreeSet<&str> = rows
        .inspect(|row| unused |= row.verdict == Verdict::Unused)
        .filter_map(|row| row.report_creation_time.as_ref())
        .map(Time::as_str)
        .collect();
    let of = match (times.first()?, times.last()?) {
        (first, last) if first == last => format!("of {first}"),
        (first, last) => format!("of {first} to {last}"),
    };
    let limits = "they may miss instances of the 24 hours before, and launch templates of the few days before";
    let hint = match unused {
        true => "; what else unused does not mean, `amiusage check --help` tells",
        false => "",
    };
    Some(format!("the reports are {of}; {limits}{hint}"))
}

/// The verdicts in a sentence.
pub(super) fn sentence(images: usize, in_use: usize, unknown: usize) -> String {
    let parts = [
        (in_use, "in use"),
        (unknown, "unknown"),
        (images - in_use - unknown, "unused"),
    ];
    let parts: Vec<_> = parts.into_iter().filter(|(count, _)| *count > 0).collect();
    match (images, parts.as_slice()) {
        (_, []) => "no image was found, so none may be retired".to_owned(),
        (1, [(_, what), ..]) => format!("the image is {what}"),
        (_, [(_, what)]) => format!("all {} images are {what}", HumanCount(images as u64)),
        (_, parts) => {
            let parts: Vec<_> = (parts.iter())
                .map(|(count, what)| format!("{} {what}", HumanCount(*count as u64)))
                .collect();
            format!(
                "of {} images, {}",
                HumanCount(images as u64),
                parts.join(", ")
            )
        }
    }
}

/// How far a check is, in a line.
pub(super) fn told(tally: Tally) -> String {
    let Tally {
        images,
        ordered,
        created,
        pending,
        read,
        referenced,
        in_use,
    } = tally;
    let noun = if images == 1 { "image" } else { "images" };
    let parts: Vec<String> = [
        (images, noun),
        (ordered, "to create"),
        (created, "created or adopted"),
        (pending, "pending"),
        (read, "read"),
        (referenced, "asked for references"),
        (in_use, "in use so far"),
    ]
    .into_iter()
    .filter(|(count, _)| *count > 0)
    .map(|(count, what)| format!("{} {what}", HumanCount(count as u64)))
    .collect();
    match parts.is_empty() {
        true => "looking for images".to_owned(),
        false => parts.join(", "),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn verdicts_are_a_sentence() {
        for (numbers, told) in [
            ((0, 0, 0), "no image was found, so none may be retired"),
            ((1, 0, 0), "the image is unused"),
            ((1, 1, 0), "the image is in use"),
            ((2000, 0, 2000), "all 2,000 images are unknown"),
            ((2000, 1200, 0), "of 2,000 images, 1,200 in use, 800 unused"),
            ((3, 1, 1), "of 3 images, 1 in use, 1 unknown, 1 unused"),
        ] {
            assert_eq!(sentence(numbers.0, numbers.1, numbers.2), told);
        }
    }

    #[test]
    fn progress_tells_what_there_is_to_tell() {
        assert_eq!(told(Tally::default()), "looking for images");
        let one = Tally {
            images: 1,
            ..Tally::default()
        };
        assert_eq!(told(one), "1 image");
        let tally = Tally {
            images: 2000,
            ordered: 800,
            created: 1200,
            ..Tally::default()
        };
        assert_eq!(
            told(tally),
            "2,000 images, 800 to create, 1,200 created or adopted"
        );
        let both = [tally, tally].into_iter().sum::<Tally>();
        assert_eq!((both.images, both.created), (4000, 2400));
    }
}
