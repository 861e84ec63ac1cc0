//! What a check reads only on request: launch configurations and launch permissions.

use futures_util::StreamExt;
use futures_util::stream;

use super::evidence::PartialList;
use super::options::CheckOptions;
use super::read::{PartialLists, Source, request_failed, stops_the_run};
use crate::aws::RequestError;
use crate::images::{self, LaunchPermission, Reference};
use crate::reports::resource_type;

/// The action for launch configurations.
pub(super) const DESCRIBE_LAUNCH_CONFIGURATIONS: &str = "DescribeLaunchConfigurations";

/// The action for launch permissions.
pub(super) const DESCRIBE_IMAGE_ATTRIBUTE: &str = "DescribeImageAttribute";

impl CheckOptions {
    /// What these options leave out, for the rows.
    pub(super) fn not_checked(&self) -> Vec<String> {
        let is_requested = |name| self.resource_types.iter().any(|wanted| wanted == name);
        let types = resource_type::ALL.map(|name| (is_requested(name), name));
        let optional = [
            (self.auto_scaling, "autoscaling:LaunchConfiguration"),
            (self.launch_permissions, "LaunchPermissions"),
        ];
        (types.into_iter().chain(optional))
            .filter(|(requested, _)| !requested)
            .map(|(_, name)| name.to_owned())
            .collect()
    }
}

/// The launch configurations that reference images; none unless requested.
///
/// # Errors
/// Errors that every request would get.
pub(super) async fn launch_configurations(
    source: &Source,
    options: &CheckOptions,
) -> Result<PartialList<Reference>, RequestError> {
    let mut list = PartialList {
        found: Vec::new(),
        gap: None,
    };
    if options.auto_scaling {
        match images::launch_configurations(&source.ec2).await {
            Ok(found) => list.found = found,
            Err(error) if stops_the_run(&error, &[]) => return Err(error),
            Err(error) => {
                list.gap = Some(request_failed(DESCRIBE_LAUNCH_CONFIGURATIONS, &error));
            }
        }
    }
    Ok(list)
}

/// Adds launch configurations to the other references of their images. If they could not be read, no list is complete.
pub(super) fn add_launch_configurations(
    references: &mut PartialLists<Reference>,
    configurations: PartialList<Reference>,
) {
    for configuration in configurations.found {
        let image_id = configuration.image_id.as_deref();
        if let Some(list) = image_id.and_then(|id| references.get_mut(id)) {
            list.found.push(configuration);
        }
    }
    if let Some(gap) = configurations.gap {
        for list in references.values_mut() {
            list.gap.get_or_insert_with(|| gap.clone());
        }
    }
}

/// The launch permissions of each image; none unless requested.
///
/// # Errors
/// Errors that every request would get.
pub(super) async fn launch_permissions(
    source: &Source,
    options: &CheckOptions,
    image_ids: Vec<String>,
) -> Result<PartialLists<LaunchPermission>, RequestError> {
    let mut lists = PartialLists::new();
    if !options.launch_permissions {
        return Ok(lists);
    }
    let read = async |image_id: String| {
        let permissions = images::launch_permissions(&source.ec2, &image_id).await;
        (image_id, permissions)
    };
    let mut responses = stream::iter(image_ids)
        .map(read)
        .buffer_unordered(source.concurrency.get());
    while let Some((image_id, permissions)) = responses.next().await {
        let list = match permissions {
            Ok(found) => PartialList { found, gap: None },
            Err(error) if stops_the_run(&error, std::slice::from_ref(&image_id)) => {
                return Err(error);
            }
            Err(error) => PartialList::none(request_failed(DESCRIBE_IMAGE_ATTRIBUTE, &error)),
        };
        lists.insert(image_id, list);
    }
    Ok(lists)
}
