//! A verdict with its evidence, as a row of output.

use std::collections::HashSet;
use std::fmt;
use std::time::Duration;

use serde::{Serialize, Serializer};
use serde_with::skip_serializing_none;

use super::evidence::{Evidence, ReportEvidence, State, TimeLimits};
use super::reason::Reason;
use super::rule::{self, Verdict, judge};
use crate::aws::Time;
use crate::images::{Image, LaunchPermission};
use crate::output::{Bar, Cell, Chart, Column, Emphasis, Record, Shown, Snapshot};
use crate::reports::{CoverageGap, resource_type, span};

/// An image's verdict, with its reasons and its evidence.
#[skip_serializing_none]
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[cfg_attr(test, schemars(rename = "ImageVerdict"))]
#[serde(rename_all = "PascalCase")]
pub struct Row {
    /// The image's ID, as requested; absent if a name pattern matches no image.
    pub image_id: Option<String>,
    /// Its name.
    pub name: Option<String>,
    /// Whether it can be retired.
    pub verdict: Verdict,
    /// Why.
    #[cfg_attr(test, schemars(with = "Vec<super::reason::Members>"))]
    pub reasons: Vec<Reason>,
    /// How many other accounts use it, according to the report. Absent without a report.
    pub accounts: Option<i64>,
    /// How many of their instances use it. Absent, like the next three, if the report does not cover the resource type.
    pub instances: Option<i64>,
    /// How many of their launch templates reference it.
    pub launch_templates: Option<i64>,
    /// How many of their image recipes use it.
    pub image_recipes: Option<i64>,
    /// How many of their container recipes use it.
    pub container_recipes: Option<i64>,
    /// How many of the owner's resources reference it; absent if unknown.
    pub references: Option<i64>,
    /// The most relevant report, `amiur-…`.
    pub report_id: Option<String>,
    /// When its creation began: it is a snapshot of this time.
    pub report_creation_time: Option<Time>,
    /// Its age at the time of the verdict.
    #[serde(skip)]
    pub report_age: Option<Duration>,
    /// The entries of the report with a count above zero.
    pub used_by: Vec<Use>,
    /// The owner's resources that reference it.
    pub referenced_by: Vec<OwnReference>,
    /// Who may launch it, which is not a use; absent if not requested.
    pub launch_permissions: Option<Vec<LaunchPermission>>,
    /// What was not checked, because it was not requested.
    pub not_checked: Vec<String>,
    /// Its other attributes.
    #[serde(flatten)]
    pub image: Image,
    /// Its copies among the checked images, in all requested Regions.
    pub copies: Vec<ImageCopy>,
}

/// A copy of the image.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "PascalCase")]
pub struct ImageCopy {
    /// The copy's ID, `ami-…`.
    pub image_id: String,
    /// The Region that it is in.
    pub region: String,
}

/// The use of the image by another account.
#[skip_serializing_none]
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "PascalCase")]
pub struct Use {
    /// The account.
    pub account_id: Option<String>,
    /// The name of the account, if it is requested and known.
    pub account_name: Option<String>,
    /// What uses it, such as `ec2:Instance`.
    pub resource_type: Option<String>,
    /// The number of resources.
    pub usage_count: i64,
}

/// A resource of the owner that references the image.
#[skip_serializing_none]
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "PascalCase")]
pub struct OwnReference {
    /// Its type, such as `ssm:Parameter`.
    pub resource_type: Option<String>,
    /// Its ARN.
    pub arn: Option<String>,
}

impl Row {
    /// Judges the evidence.
    pub fn new(evidence: &Evidence, limits: &TimeLimits) -> Self {
        let judgement = judge(evidence, limits);
        let image_id = evidence.image_id.as_str();
        let mut used_by = Vec::new();
        let mut is_complete = false;
        if let Some(report) = judgement.report {
            let uses = rule::uses(report, image_id);
            used_by.extend(uses.map(|entry| Use {
                account_id: entry.account_id.clone(),
                account_name: None,
                resource_type: entry.resource_type.clone(),
                usage_count: entry.usage_count.unwrap_or_default(),
            }));
            let is_read = report.state == State::Available && report.entries.gap.is_none();
            is_complete = is_read || !used_by.is_empty();
        }
        let of_type = |name: &str| {
            let count = (used_by.iter())
                .filter(|used| used.resource_type.as_deref() == Some(name))
                .fold(0_i64, |sum, used| sum.saturating_add(used.usage_count));
            let is_known = is_complete && is_covered(name, judgement.report, evidence);
            (is_known || count > 0).then_some(count)
        };
        let accounts: HashSet<_> = used_by.iter().map(|used| &used.account_id).collect();
        let referenced_by: Vec<_> = (evidence.references.found.iter())
            .filter(|reference| reference.image_id.as_deref() == Some(image_id))
            .map(|reference| OwnReference {
                resource_type: reference.resource_type.clone(),
                arn: reference.arn.clone(),
            })
            .collect();
        let referenced = evidence.references.gap.is_none() || !referenced_by.is_empty();
        let number = |length: usize| i64::try_from(length).unwrap_or(i64::MAX);
        Self {
            image_id: Some(evidence.image_id.clone()),
            name: evidence.image.name.clone(),
            verdict: judgement.verdict,
            reasons: judgement.reasons,
            accounts: is_complete.then_some(number(accounts.len())),
            instances: of_type(resource_type::INSTANCE),
            launch_templates: of_type(resource_type::LAUNCH_TEMPLATE),
            image_recipes: of_type(resource_type::IMAGE_RECIPE),
            container_recipes: of_type(resource_type::CONTAINER_RECIPE),
            references: referenced.then_some(number(referenced_by.len())),
            report_id: judgement.report.map(|report| report.report_id.clone()),
            report_creation_time: (judgement.report.and_then(|report| report.created))
                .map(Time::from),
            report_age: (judgement.report.and_then(|report| report.created))
                .map(|created| limits.now.duration_since(created).unwrap_or_default()),
            used_by,
            referenced_by,
            launch_permissions: (evidence.launch_permissions.as_ref())
                .filter(|list| list.gap.is_none())
                .map(|list| list.found.clone()),
            not_checked: evidence.not_checked.clone(),
            image: evidence.image.clone(),
            copies: Vec::new(),
        }
    }

    /// The row of a name pattern that matches no image.
    pub fn no_image_found(pattern: &str) -> Self {
        Self {
            image_id: None,
            name: None,
            verdict: Verdict::Unknown,
            reasons: vec![Reason::NoImageFound {
                pattern: pattern.to_owned(),
            }],
            accounts: None,
            instances: None,
            launch_templates: None,
            image_recipes: None,
            container_recipes: None,
            references: None,
            report_id: None,
            report_creation_time: None,
            report_age: None,
            used_by: Vec::new(),
            referenced_by: Vec::new(),
            launch_permissions: None,
            not_checked: Vec::new(),
            image: Image::default(),
            copies: Vec::new(),
        }
    }
}

/// Whether the report covers a resource type: no use is then a count of zero.
fn is_covered(name: &str, report: Option<&ReportEvidence>, evidence: &Evidence) -> bool {
    let is_gap = |gap: &CoverageGap| matches!(gap, CoverageGap::ResourceType(gap) if gap == name);
    !report.is_some_and(|report| report.gaps.iter().any(is_gap))
        && !evidence.not_checked.iter().any(|omitted| omitted == name)
}

impl Serialize for Verdict {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl fmt::Display for Use {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let account = self.account_id.as_deref().unwrap_or("?");
        let what = self.resource_type.as_deref().unwrap_or("?");
        f.write_str(account)?;
        if let Some(name) = &self.account_name {
            write!(f, " ({name})")?;
        }
        write!(f, " {what} {}", self.usage_count)
    }
}

impl fmt::Display for ImageCopy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} in {}", self.image_id, self.region)
    }
}

impl fmt::Display for OwnReference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let either = self.arn.as_deref().or(self.resource_type.as_deref());
        f.write_str(either.unwrap_or("?"))
    }
}

/// A list in one cell.
fn list<T: ToString>(items: &[T]) -> Cell<'static> {
    Cell::List(items.iter().map(T::to_string).collect())
}

/// A column of `--details` with an attribute of the image.
const fn attribute(name: &'static str, cell: fn(&Row) -> Cell<'_>) -> Column<Row> {
    Column::text(name, 26, 24, cell)
        .below()
        .shown(Shown::Details)
}

impl Record for Row {
    const LIST: &'static str = "ImageVerdicts";

    const COLUMNS: &'static [Column<Self>] = &[
        Column::id("ImageId", 21, |row: &Self| row.image_id.as_deref().into()),
        Column::name("Name", 24, 12, |row: &Self| row.name.as_deref().into()),
        Column::id("Verdict", 7, |row: &Self| row.verdict.as_str().into()).emphasis(emphasis),
        Column::text("Reasons", 36, 28, |row: &Self| list(&row.reasons)).nested(),
        Column::number("Accounts", 8, |row: &Self| row.accounts.into()).rank(1),
        Column::number("Instances", 9, |row: &Self| row.instances.into()).rank(3),
        Column::number("LaunchTemplates", 15, |row: &Self| {
            row.launch_templates.into()
        })
        .rank(4),
        Column::number("ImageRecipes", 12, |row: &Self| row.image_recipes.into()).rank(5),
        Column::number("ContainerRecipes", 16, |row: &Self| {
            row.container_recipes.into()
        })
        .rank(6),
        Column::number("References", 10, |row: &Self| row.references.into()).rank(2),
        Column::id("ReportId", 23, |row: &Self| row.report_id.as_deref().into()).rank(8),
        Column::time("ReportCreationTime", |row: &Self| {
            Cell::time(row.report_creation_time.as_ref().map(Time::as_str))
        })
        .shown(Shown::Data),
        Column::text("UsedBy", 37, 28, |row: &Self| list(&row.used_by))
            .nested()
            .below()
            .shown(Shown::Details),
        Column::text("ReferencedBy", 36, 28, |row: &Self| {
            list(&row.referenced_by)
        })
        .nested()
        .below()
        .shown(Shown::Details),
        Column::text("LaunchPermissions", 36, 28, |row: &Self| {
            match &row.launch_permissions {
                Some(permissions) => list(permissions),
                None => Cell::Absent,
            }
        })
        .nested()
        .below()
        .shown(Shown::Details),
        Column::text("NotChecked", 31, 17, |row: &Self| {
            match row.not_checked.is_empty() {
                true => Cell::Absent,
                false => row.not_checked.join(", ").into(),
            }
        })
        .below()
        .shown(Shown::Details),
        attribute("State", |row| row.image.state.as_deref().into()),
        attribute("CreationDate", |row| {
            row.image.creation_date.as_deref().into()
        }),
        attribute("LastLaunchedTime", |row| {
            row.image.last_launched_time.as_deref().into()
        }),
        attribute("DeprecationTime", |row| {
            row.image.deprecation_time.as_deref().into()
        }),
        attribute("Public", |row| {
            row.image
                .public
                .map(|public| if public { "true" } else { "false" })
                .into()
        }),
        attribute("DeregistrationProtection", |row| {
            row.image.deregistration_protection.as_deref().into()
        }),
        attribute("ImageOwnerAlias", |row| {
            row.image.image_owner_alias.as_deref().into()
        }),
        attribute("SourceImageId", |row| {
            row.image.source_image_id.as_deref().into()
        }),
        attribute("SourceImageRegion", |row| {
            row.image.source_image_region.as_deref().into()
        }),
        attribute("Snapshots", |row| {
            row.image
                .snapshots
                .as_ref()
                .map_or(Cell::Absent, |snapshots| snapshots.to_string().into())
        })
        .nested(),
        attribute("Copies", |row| list(&row.copies)).nested(),
        Column::number("ReportAge", 9, |row: &Self| match row.report_age {
            Some(age) => span(age).into(),
            None => Cell::Absent,
        })
        .shown(Shown::Table)
        .rank(7),
    ];

    const CHARTS: &'static [Chart<Self>] = &[
        Chart {
            title: "Images by verdict",
            bars: |row, add| {
                add(Bar {
                    label: row.verdict.as_str().into(),
                    value: 1,
                    emphasis: emphasis(row),
                });
            },
        },
        Chart {
            title: "Uses by account",
            bars: |row, add| {
                for used in &row.used_by {
                    let (id, name) = (&used.account_id, &used.account_name);
                    add(Bar::of(id.as_deref(), name.as_deref(), used.usage_count));
                }
            },
        },
        Chart {
            title: "Uses by image",
            bars: |row, add| {
                let counts = row.used_by.iter().map(|used| used.usage_count);
                let uses = counts.fold(0, i64::saturating_add);
                add(Bar::of(row.image_id.as_deref(), row.name.as_deref(), uses));
            },
        },
    ];

    fn snapshot(&self) -> Option<Snapshot<'_>> {
        Some(Snapshot {
            subject: self.image_id.clone()?,
            time: self.report_creation_time.as_ref()?.as_str(),
            id: self.report_id.as_deref()?,
        })
    }
}

fn emphasis(row: &Row) -> Option<Emphasis> {
    Some(match row.verdict {
        Verdict::InUse => Emphasis::Bad,
        Verdict::Unused => Emphasis::Good,
        Verdict::Unknown => Emphasis::Uncertain,
    })
}
