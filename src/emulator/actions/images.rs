//! The action `DescribeImages`, as the owner of images needs it.

use std::collections::HashSet;

use super::super::filter::Filter;
use super::super::form::Parameters;
use super::super::model::{Image, is_in};
use super::super::paging::Page;
use super::super::refusal::Refusal;
use super::super::request::{Call, check_image_id};
use super::super::xml::Xml;
use super::{Account, write_tag};

/// What images can be filtered by.
#[derive(Clone, Copy, Debug)]
enum Attribute {
    ImageId,
    Name,
    State,
}

impl Attribute {
    fn parse(name: &str) -> Option<Self> {
        match name {
            "image-id" => Some(Self::ImageId),
            "name" => Some(Self::Name),
            "state" => Some(Self::State),
            _ => None,
        }
    }

    fn of(self, image: &Image) -> Option<&str> {
        match self {
            Self::ImageId => Some(&image.image_id),
            Self::Name => image.name.as_deref(),
            Self::State => Some(state(image)),
        }
    }
}

fn state(image: &Image) -> &str {
    image.state.as_deref().unwrap_or("available")
}

/// One page of images. Disabled ones are there if they are asked for; deprecated ones are, since owners see theirs.
pub(super) fn answer(
    account: &Account,
    call: &Call<'_>,
    mut parameters: Parameters,
) -> Result<String, Refusal> {
    let held = account.read();
    let images = &held.state.images;
    let filters = Filter::all(&mut parameters, Attribute::parse)?;
    let page = Page::read(call, &mut parameters, 1)?;
    let owners: HashSet<_> = (parameters.list("Owner").into_iter())
        .map(|owner| match owner.as_str() {
            "self" => images.account.clone(),
            _ => owner,
        })
        .collect();
    let ids = parameters.list("ImageId");
    for id in &ids {
        check_image_id(&held.state, id)?;
    }
    let with_disabled = parameters.boolean("IncludeDisabled")?;
    parameters.boolean("IncludeDeprecated")?;
    parameters.finish()?;
    let unknown: Vec<_> = (ids.iter().map(String::as_str))
        .filter(|id| images.find(id, call.region).is_none())
        .collect();
    if !unknown.is_empty() {
        return Err(Refusal::no_image(&unknown));
    }
    call.end_dry_run()?;

    let ids: HashSet<_> = ids.iter().collect();
    let rows = (images.list().iter().enumerate().skip(page.start)).filter(|(_, image)| {
        is_in(image.region.as_deref(), call.region)
            && (owners.is_empty()
                || image
                    .owner_id
                    .as_ref()
                    .is_some_and(|id| owners.contains(id)))
            && (ids.is_empty() || ids.contains(&image.image_id))
            && (with_disabled || state(image) != "disabled")
            && (filters.iter()).all(|filter| filter.accepts(filter.attribute.of(image)))
    });
    Ok(page.answer(call, "imagesSet", rows, |xml, image| write(xml, image)))
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
    xml.list("tagSet", image.tags.as_ref(), write_tag);
}
