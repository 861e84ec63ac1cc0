//! The uses of a group, as a row of output.

use std::sync::Arc;

use serde::Serialize;
use serde_with::skip_serializing_none;

use crate::aws::Time;
use crate::output::{Bar, Cell, Chart, Column, Record, Shown};
use crate::verdict::Reason;

/// The uses of a group, or why an image is left out.
#[skip_serializing_none]
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[cfg_attr(test, schemars(rename = "ImageUsageSummary"))]
#[serde(rename_all = "PascalCase")]
pub struct Row {
    /// The Region, if it is a key.
    #[serde(skip)]
    pub region: Option<Arc<str>>,
    /// The image's ID, `ami-…`, if it is a key or left out.
    pub image_id: Option<String>,
    /// Its name.
    pub name: Option<String>,
    /// The account, if it is a key.
    pub account_id: Option<String>,
    /// Its name, if it is known.
    pub account_name: Option<String>,
    /// The resource type, if it is a key.
    pub resource_type: Option<String>,
    /// How many groups this row sums up, as the rest after `--top`.
    pub other_groups: Option<i64>,
    /// The number of images in use.
    pub images: Option<i64>,
    /// The number of accounts that use them.
    pub accounts: Option<i64>,
    /// The number of instances. Absent, like the next three, if no report covers the resource type.
    pub instances: Option<i64>,
    /// The number of launch templates.
    pub launch_templates: Option<i64>,
    /// The number of image recipes.
    pub image_recipes: Option<i64>,
    /// The number of container recipes.
    pub container_recipes: Option<i64>,
    /// The number of uses by all resource types.
    pub uses: Option<i64>,
    /// Why the image is left out.
    #[cfg_attr(test, schemars(with = "Vec<crate::verdict::Members>"))]
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub reasons: Vec<Reason>,
    /// The report, `amiur-…`, if the image is a key.
    pub report_id: Option<String>,
    /// When its creation began.
    pub report_creation_time: Option<Time>,
    /// The uses in proportion to those of the other rows.
    #[serde(skip)]
    pub bar: String,
}

impl Record for Row {
    const LIST: &'static str = "ImageUsageSummaries";

    const COLUMNS: &'static [Column<Self>] = &[
        Column::id("ImageId", 21, |row: &Self| row.image_id.as_deref().into()),
        Column::name("Name", 24, 12, |row: &Self| row.name.as_deref().into()).rank(3),
        Column::id("AccountId", 12, |row: &Self| {
            row.account_id.as_deref().into()
        }),
        Column::name("AccountName", 24, 12, |row: &Self| {
            row.account_name.as_deref().into()
        }),
        Column::id("ResourceType", 28, |row: &Self| {
            row.resource_type.as_deref().into()
        }),
        Column::number("OtherGroups", 11, |row: &Self| row.other_groups.into()).shown(Shown::Data),
        Column::number("Images", 6, |row: &Self| row.images.into()).rank(5),
        Column::number("Accounts", 8, |row: &Self| row.accounts.into()).rank(2),
        Column::number("Instances", 9, |row: &Self| row.instances.into()).rank(4),
        Column::number("LaunchTemplates", 15, |row: &Self| {
            row.launch_templates.into()
        })
        .rank(6),
        Column::number("ImageRecipes", 12, |row: &Self| row.image_recipes.into()).rank(7),
        Column::number("ContainerRecipes", 16, |row: &Self| {
            row.container_recipes.into()
        })
        .rank(8),
        Column::number("Uses", 10, |row: &Self| row.uses.into()),
        Column::id("Bar", Self::BAR_WIDTH, |row: &Self| {
            match row.bar.is_empty() {
                true => Cell::Absent,
                false => row.bar.as_str().into(),
            }
        })
        .shown(Shown::Table)
        .rank(1),
        Column::text("Reasons", 36, 28, |row: &Self| {
            Cell::List(row.reasons.iter().map(ToString::to_string).collect())
        })
        .nested()
        .below()
        .shown(Shown::Details),
        Column::id("ReportId", 23, |row: &Self| row.report_id.as_deref().into()).rank(9),
        Column::time("ReportCreationTime", |row: &Self| {
            Cell::time(row.report_creation_time.as_ref().map(Time::as_str))
        })
        .shown(Shown::Data),
    ];

    const CHARTS: &'static [Chart<Self>] = &[Chart {
        title: "Uses",
        bars: |row, add| {
            let keys = [
                row.region.as_deref(),
                row.image_id.as_deref(),
                row.name.as_deref(),
                row.account_id.as_deref(),
                row.account_name.as_deref(),
                row.resource_type.as_deref(),
            ];
            let keys: Vec<_> = keys.into_iter().flatten().collect();
            let label = match row.other_groups {
                Some(_) => "others".to_owned(),
                None => keys.join(" "),
            };
            add(Bar::of(Some(&label), None, row.uses.unwrap_or_default()));
        },
    }];
}

impl Row {
    /// The width of the longest bar.
    pub const BAR_WIDTH: usize = 12;
}
