//! The messages of a check: its progress, the summary of its verdicts, and the limits of reports.

use std::collections::BTreeSet;
use std::fmt;

use indicatif::HumanCount;
use serde::Serialize;

use crate::commands::report_limits::report_limits;
use crate::error::Category;
use crate::reports::CoverageGap;
use crate::verdict::{CheckProgress, Reason, Row, Verdict};

/// The limits of the reports that the verdicts rely on.
pub(super) fn caveat<'a>(rows: impl Iterator<Item = &'a Row> + Clone) -> Option<String> {
    let reports = (rows.clone())
        .filter_map(|row| Some((row.report_creation_time.as_ref()?, row.report_age?)));
    let limits = report_limits(reports)?;
    let hint = match rows.clone().any(|row| row.verdict == Verdict::Unused) {
        true => {
            "; unused assumes that DescribeImageReferences fails without the permissions of \
             AmazonEC2ImageReferencesAccessPolicy, which EC2 does not document; see `amiusage check --help`"
        }
        false => "",
    };
    Some(format!("{limits}{hint}"))
}

/// What no report covers, and what was not requested.
pub(super) fn omissions<'a>(rows: impl Iterator<Item = &'a Row>) -> Option<String> {
    let mut uncovered = BTreeSet::new();
    let mut not_checked: Vec<&str> = Vec::new();
    for row in rows {
        for name in row.not_checked.iter().map(String::as_str) {
            if !not_checked.contains(&name) {
                not_checked.push(name);
            }
        }
        let gaps = row.reasons.iter().flat_map(|reason| match reason {
            Reason::NotCovered { gaps, .. } => gaps.as_slice(),
            _ => &[],
        });
        uncovered.extend(gaps.filter_map(|gap| match gap {
            CoverageGap::ResourceType(name) => Some(name.as_str()),
            _ => None,
        }));
    }
    let mut notes = Vec::new();
    if !uncovered.is_empty() {
        let names: Vec<_> = uncovered.into_iter().collect();
        notes.push(format!(
            "some reports do not cover {}; if the endpoint does not support them, select the other types with \
             --resource-types",
            names.join(", ")
        ));
    }
    if !not_checked.is_empty() {
        notes.push(format!("not checked: {}", not_checked.join(", ")));
    }
    (!notes.is_empty()).then(|| notes.join("; "))
}

/// The number of verdicts of each kind, as `--error-format json` reports them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "PascalCase")]
pub(in crate::commands) struct Summary {
    /// Checked images.
    pub(super) images: usize,
    /// Images that are in use.
    pub(super) in_use: usize,
    /// Images that are unused.
    pub(super) unused: usize,
    /// Images of which it is unknown, and name patterns that match no image.
    pub(super) unknown: usize,
    /// Name patterns that match no image.
    pub(super) unmatched_names: usize,
}

impl Summary {
    pub(super) fn of<'a>(rows: impl Iterator<Item = &'a Row>) -> Self {
        let mut summary = Self::default();
        for row in rows {
            match row.image_id {
                Some(_) => summary.images += 1,
                None => summary.unmatched_names += 1,
            }
            match row.verdict {
                Verdict::InUse => summary.in_use += 1,
                Verdict::Unused => summary.unused += 1,
                Verdict::Unknown => summary.unknown += 1,
            }
        }
        summary
    }

    /// What the user can do about verdicts that fail the run.
    pub(super) fn hint(self, category: Category) -> Option<&'static str> {
        match (self.images, category) {
            (_, Category::Success) => None,
            (0, _) => Some("check --name, --region and --profile"),
            (_, Category::InUse) => Some("see Reasons; --details lists who uses the images"),
            _ => Some("see Reasons; rerun after fixing them: it picks up the reports it created"),
        }
    }
}

/// `7 images: 5 in use, 1 unused, 1 unknown`.
impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let number = |count: usize| HumanCount(count as u64);
        match self.images {
            0 => f.write_str("no image found")?,
            1 => f.write_str("1 image: ")?,
            images => write!(f, "{} images: ", number(images))?,
        }
        let parts = [
            (self.in_use, "in use"),
            (self.unused, "unused"),
            (self.unknown - self.unmatched_names, "unknown"),
        ];
        let mut separator = "";
        for (count, verdict) in parts.into_iter().filter(|(count, _)| *count > 0) {
            write!(f, "{separator}{} {verdict}", number(count))?;
            separator = ", ";
        }
        match self.unmatched_names {
            0 => Ok(()),
            1 => f.write_str("; 1 name pattern without an image"),
            patterns => write!(f, "; {} name patterns without an image", number(patterns)),
        }
    }
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
        for (in_use, unused, unknown, line) in [
            (0, 0, 0, "no image found"),
            (0, 1, 0, "1 image: 1 unused"),
            (1, 0, 0, "1 image: 1 in use"),
            (0, 0, 2000, "2,000 images: 2,000 unknown"),
            (1200, 800, 0, "2,000 images: 1,200 in use, 800 unused"),
            (5, 1, 1, "7 images: 5 in use, 1 unused, 1 unknown"),
        ] {
            let summary = Summary {
                images: in_use + unused + unknown,
                in_use,
                unused,
                unknown,
                unmatched_names: 0,
            };
            assert_eq!(summary.to_string(), line);
        }
        let summary = Summary {
            images: 1,
            unused: 1,
            unknown: 2,
            unmatched_names: 2,
            ..Summary::default()
        };
        let line = "1 image: 1 unused; 2 name patterns without an image";
        assert_eq!(summary.to_string(), line);
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
