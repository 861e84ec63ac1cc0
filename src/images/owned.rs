//! Images that the account owns, with the members that say whether they are in use.

use std::fmt;
use std::num::{NonZeroI32, NonZeroUsize};

use aws_sdk_ec2::types;
use serde::Serialize;
use serde_with::skip_serializing_none;

use super::operation::DescribeImages;
use crate::aws::{Ec2, RequestError};
use crate::listing::{Filter, ListError, Request, all_items};

/// The maximum number of name patterns: the service's limit of values per filter.
pub const MAX_NAME_PATTERNS: usize = 200;

/// The number of images per page: the service's maximum. Without it, the service returns all images on one page, and
/// advises against that.
const PAGE_SIZE: NonZeroI32 = NonZeroI32::new(1000).unwrap();

/// An image, with times as the service sends them.
///
/// The members are those of the API's `Image`; absent ones are `None`. The serde form has no ID and no name.
#[skip_serializing_none]
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "PascalCase")]
pub struct Image {
    /// The image's ID, `ami-…`. An image without one makes the response invalid.
    #[serde(skip)]
    pub image_id: Option<String>,
    /// Its name.
    #[serde(skip)]
    pub name: Option<String>,
    /// `available`, `disabled` or another state.
    pub state: Option<String>,
    /// When it was created.
    pub creation_date: Option<String>,
    /// When an instance of it was last launched, in any account: up to 24 hours late, and absent if none was since April
    /// 2017.
    pub last_launched_time: Option<String>,
    /// When it is or was deprecated.
    pub deprecation_time: Option<String>,
    /// Whether any account may launch it.
    pub public: Option<bool>,
    /// Whether it is protected from being deregistered: `disabled`, `enabled` or `enabled-with-cooldown`.
    pub deregistration_protection: Option<String>,
    /// The alias of the owner, such as `aws-backup-vault` for an image of AWS Backup.
    pub image_owner_alias: Option<String>,
    /// The image that it is a copy of.
    pub source_image_id: Option<String>,
    /// The Region of that image.
    pub source_image_region: Option<String>,
    /// The snapshots of its volumes.
    pub snapshots: Option<Snapshots>,
}

/// The snapshots of an image.
#[skip_serializing_none]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "PascalCase")]
pub struct Snapshots {
    /// Their number.
    pub count: usize,
    /// The size of their volumes: the most that they can store, because snapshots are incremental. Absent if the size of
    /// one is.
    #[serde(rename = "MaxGiB")]
    pub max_gib: Option<i64>,
}

/// `2 snapshots, up to 58 GiB`.
impl fmt::Display for Snapshots {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let noun = if self.count == 1 {
            "snapshot"
        } else {
            "snapshots"
        };
        write!(f, "{} {noun}", self.count)?;
        match self.max_gib {
            Some(max_gib) if self.count > 0 => write!(f, ", up to {max_gib} GiB"),
            _ => Ok(()),
        }
    }
}

impl Snapshots {
    fn of(devices: &[types::BlockDeviceMapping]) -> Self {
        let snapshots: Vec<_> = (devices.iter())
            .filter_map(|device| device.ebs.as_ref())
            .filter(|volume| volume.snapshot_id.is_some())
            .collect();
        Self {
            count: snapshots.len(),
            max_gib: snapshots
                .iter()
                .map(|volume| volume.volume_size.map(i64::from))
                .sum(),
        }
    }
}

impl From<types::Image> for Image {
    fn from(image: types::Image) -> Self {
        Self {
            image_id: image.image_id,
            name: image.name,
            state: image.state.map(|state| state.as_str().to_owned()),
            creation_date: image.creation_date,
            last_launched_time: image.last_launched_time,
            deprecation_time: image.deprecation_time,
            public: image.public,
            deregistration_protection: image.deregistration_protection,
            image_owner_alias: image.image_owner_alias,
            source_image_id: image.source_image_id,
            source_image_region: image.source_image_region,
            snapshots: image.block_device_mappings.as_deref().map(Snapshots::of),
        }
    }
}

impl DescribeImages {
    /// Images that the account owns, including deprecated and disabled ones, which may still be in use.
    fn owned(request: Request) -> Self {
        Self {
            request: Request {
                page_size: Some(PAGE_SIZE),
                ..request
            },
            owners: vec!["self".to_owned()],
            include_deprecated: true,
            include_disabled: true,
            skip_missing: true,
            ..Self::default()
        }
    }

    /// The owned images with these IDs. IDs that the account does not own are not an error: they are missing from the
    /// list.
    pub fn by_id(image_ids: Vec<String>) -> Self {
        Self::owned(Request::for_images(image_ids))
    }

    /// The owned images whose name matches one of at most [`MAX_NAME_PATTERNS`] patterns with the wildcards `*` and `?`;
    /// all owned images without a pattern.
    pub fn by_name(patterns: Vec<String>) -> Self {
        let name = (!patterns.is_empty()).then(|| Filter {
            name: "name".to_owned(),
            values: patterns,
        });
        Self::owned(Request {
            filters: name.into_iter().collect(),
            ..Request::default()
        })
    }
}

/// Returns all images of an operation, in the service's order.
///
/// # Errors
/// [`ListError`], also for an incomplete response.
pub async fn owned(
    ec2: &Ec2,
    operation: DescribeImages,
    concurrency: NonZeroUsize,
) -> Result<Vec<Image>, ListError> {
    let images = all_items(ec2, operation, concurrency).await?;
    if images.iter().any(|image| image.0.image_id.is_none()) {
        let error = RequestError::Response {
            endpoint: ec2.endpoint(),
            problem: "an image without an ID".to_owned(),
        };
        return Err(error.into());
    }
    Ok(images.into_iter().map(|row| Image::from(row.0)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::listing::PaginatedOperation;

    #[test]
    fn patterns_fit_into_one_request_and_ids_into_batches() {
        let named = DescribeImages::by_name(vec!["golden-*".to_owned(), "base-?".to_owned()]);
        assert_eq!(named.batches(), std::slice::from_ref(&named));

        let image_ids: Vec<_> = (0..2000)
            .map(|number| format!("ami-{number:017x}"))
            .collect();
        let batches = DescribeImages::by_id(image_ids.clone()).batches();
        assert_eq!(batches.len(), 10);
        let sent: Vec<_> = (batches.iter())
            .flat_map(DescribeImages::image_ids)
            .collect();
        assert_eq!(sent, image_ids.iter().collect::<Vec<_>>());
    }
}
