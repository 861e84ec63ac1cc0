//! The action `DescribeImageReferences`.

use crate::emulator::account::Account;
use crate::emulator::form::Parameters;
use crate::emulator::model::{Reference, ResourceType, is_in};
use crate::emulator::paging::Page;
use crate::emulator::request::{RequestContext, check_image_id, list_up_to};
use crate::emulator::resource_type;
use crate::emulator::response::ApiError;

/// The resource types that can use an image.
const RESOURCE_TYPES: &[&str] = &[
    "ec2:Instance",
    "ec2:LaunchTemplate",
    "ssm:Parameter",
    "imagebuilder:ImageRecipe",
    "imagebuilder:ContainerRecipe",
];

/// The service's limits of images in a request and of `MaxResults`.
const MAX_IMAGES: usize = 10;
const MIN_PAGE_SIZE: usize = 5;

/// Returns a page of the account's own references to the images. `state-name` selects instances by their `InstanceState`.
/// `version-depth` is validated but has no effect: a document has no template versions.
pub(super) fn respond(
    account: &Account,
    context: &RequestContext<'_>,
    mut parameters: Parameters,
) -> Result<String, ApiError> {
    let state = &account.read().state;
    let page = Page::read(context, &mut parameters, MIN_PAGE_SIZE)?;
    let image_ids = list_up_to(MAX_IMAGES, &mut parameters, "ImageId")?;
    if image_ids.is_empty() {
        return Err(parameters.missing("ImageId"));
    }
    for id in &image_ids {
        check_image_id(state, id)?;
    }
    let all_types = parameters.boolean("IncludeAllResourceTypes")?;
    let types = resource_type::parse(&mut parameters, RESOURCE_TYPES)?;
    parameters.finish()?;
    // One of the two is required. The code is not documented; it is that of other actions. With both, the options of a
    // type override its defaults.
    if !all_types && types.is_empty() {
        return Err(ApiError::new(
            "MissingParameter",
            "The request must contain the parameter IncludeAllResourceTypes or ResourceType",
        ));
    }
    context.check_dry_run()?;

    let rows = (state.references.iter().enumerate().skip(page.start)).filter(|(_, reference)| {
        let requested = types
            .iter()
            .find(|requested| requested.resource_type == reference.resource_type);
        is_in(reference.region.as_deref(), context.region)
            && image_ids.contains(&reference.image_id)
            && (all_types || requested.is_some())
            && requested.is_none_or(|requested| has_state(reference, requested))
    });
    Ok(
        page.respond(context, "imageReferenceSet", rows, |xml, reference| {
            xml.text("imageId", &reference.image_id);
            xml.text("resourceType", &reference.resource_type);
            xml.text("arn", &reference.arn);
        }),
    )
}

/// Whether an instance has one of the requested states. All have them if none are requested.
fn has_state(reference: &Reference, requested: &ResourceType) -> bool {
    let state = reference.instance_state.as_deref().unwrap_or("running");
    let options = requested.resource_type_options.iter().flatten();
    (options.filter(|option| option.option_name == "state-name"))
        .flat_map(|option| &option.option_values)
        .all(|values| values.iter().any(|value| value == state))
}
