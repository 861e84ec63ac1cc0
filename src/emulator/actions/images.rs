//! The action `DescribeImages`, as far as the owner of images needs it.

use std::collections::HashSet;

use super::tag;
use crate::emulator::account::Account;
use crate::emulator::filter::Filter;
use crate::emulator::form::Parameters;
use crate::emulator::model::{BlockDevice, Image, is_in};
use crate::emulator::paging::Page;
use crate::emulator::request::{RequestContext, check_image_id};
use crate::emulator::response::ApiError;
use crate::emulator::xml::Xml;

/// The value that a filter tests.
type Attribute = fn(&Image) -> Option<&str>;

fn attribute(name: &str) -> Option<Attribute> {
    let attribute: Attribute = match name {
        "image-id" => |image| Some(&image.image_id),
        "name" => |image| image.name.as_deref(),
        "state" => |image| Some(state(image)),
        _ => return None,
    };
    Some(attribute)
}

fn state(image: &Image) -> &str {
    image.state.as_deref().unwrap_or("available")
}

/// Returns a page of images. Disabled images need `IncludeDisabled`. Owners always see their deprecated images.
pub(super) fn respond(
    account: &Account,
    context: &RequestContext<'_>,
    mut parameters: Parameters,
) -> Result<String, ApiError> {
    let data = account.read();
    let images = &data.state.images;
    let filters = Filter::parse_all(&mut parameters, attribute)?;
    let page = Page::read(context, &mut parameters, 1)?;
    let owners: HashSet<_> = (parameters.list("Owner").into_iter())
        .map(|owner| match owner.as_str() {
            "self" => images.account.clone(),
            _ => owner,
        })
        .collect();
    let ids = parameters.list("ImageId");
    for id in &ids {
        check_image_id(&data.state, id)?;
    }
    let include_disabled = parameters.boolean("IncludeDisabled")?;
    parameters.boolean("IncludeDeprecated")?;
    parameters.finish()?;
    let unknown: Vec<_> = (ids.iter().map(String::as_str))
        .filter(|id| images.find(id, context.region).is_none())
        .collect();
    if !unknown.is_empty() {
        return Err(ApiError::image_not_found(&unknown));
    }
    context.check_dry_run()?;

    let ids: HashSet<_> = ids.iter().collect();
    let rows = (images.list().iter().enumerate().skip(page.start)).filter(|(_, image)| {
        is_in(image.region.as_deref(), context.region)
            && (owners.is_empty()
                || image
                    .owner_id
                    .as_ref()
                    .is_some_and(|id| owners.contains(id)))
            && (ids.is_empty() || ids.contains(&image.image_id))
            && (include_disabled || state(image) != "disabled")
            && (filters.iter()).all(|filter| filter.accepts((filter.attribute)(image)))
    });
    Ok(page.respond(context, "imagesSet", rows, |xml, image| write(xml, image)))
}

fn write(xml: &mut Xml, image: &Image) {
    xml.text("imageId", &image.image_id);
    xml.text("imageState", state(image));
    xml.optional("imageOwnerId", image.owner_id.as_deref());
    xml.optional("creationDate", image.creation_date.as_deref());
    if let Some(public) = image.public {
        xml.text("isPublic", if public { "true" } else { "false" });
    }
    xml.optional("name", image.name.as_deref());
    xml.optional("description", image.description.as_deref());
    xml.optional("deprecationTime", image.deprecation_time.as_deref());
    xml.optional("lastLaunchedTime", image.last_launched_time.as_deref());
    xml.optional(
        "deregistrationProtection",
        image.deregistration_protection.as_deref(),
    );
    xml.optional("imageOwnerAlias", image.image_owner_alias.as_deref());
    xml.optional("sourceImageId", image.source_image_id.as_deref());
    xml.optional("sourceImageRegion", image.source_image_region.as_deref());
    xml.list(
        "blockDeviceMapping",
        image.block_device_mappings.as_ref(),
        write_device,
    );
    xml.list("tagSet", image.tags.as_ref(), tag::write);
}

fn write_device(xml: &mut Xml, device: &BlockDevice) {
    xml.optional("deviceName", device.device_name.as_deref());
    if let Some(volume) = &device.ebs {
        xml.nest("ebs", |xml| {
            xml.optional("snapshotId", volume.snapshot_id.as_deref());
            if let Some(size) = volume.volume_size {
                xml.number("volumeSize", size);
            }
        });
    }
}
