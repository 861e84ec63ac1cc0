//! The action `DescribeImageReferences`.

use super::super::form::Parameters;
use super::super::model::is_in;
use super::super::paging::Page;
use super::super::refusal::Refusal;
use super::super::request::{Call, check_image_id, list_up_to};
use super::{Account, resource_type};

/// What can use an image.
const RESOURCE_TYPES: &[&str] = &[
    "ec2:Instance",
    "ec2:LaunchTemplate",
    "ssm:Parameter",
    "imagebuilder:ImageRecipe",
    "imagebuilder:ContainerRecipe",
];

/// The most images in a request, and the smallest page.
const MAX_IMAGES: usize = 10;
const LEAST_RESULTS: usize = 5;

/// One page of what the account itself uses the images for. Options of resource types are checked, but leave
/// nothing out: a document says neither an instance's state nor a template's versions.
pub(super) fn answer(
    account: &Account,
    call: &Call<'_>,
    mut parameters: Parameters,
) -> Result<String, Refusal> {
    let state = &account.read().state;
    let page = Page::read(call, &mut parameters, LEAST_RESULTS)?;
    let image_ids = list_up_to(MAX_IMAGES, &mut parameters, "ImageId")?;
    if image_ids.is_empty() {
        return Err(parameters.missing("ImageId"));
    }
    for id in &image_ids {
        check_image_id(state, id)?;
    }
    let all_types = parameters.boolean("IncludeAllResourceTypes")?;
    let types = resource_type::read(&mut parameters, RESOURCE_TYPES)?;
    parameters.finish()?;
    // That one of the two is needed is documented; the code is that of other actions. With both, the options of a type
    // take the place of its defaults.
    if !all_types && types.is_empty() {
        return Err(Refusal::new(
            "MissingParameter",
            "The request must contain the parameter IncludeAllResourceTypes or ResourceType",
        ));
    }
    call.end_dry_run()?;

    let rows = (state.references.iter().enumerate().skip(page.start)).filter(|(_, reference)| {
        let is_of = |wanted: &str| reference.resource_type == wanted;
        is_in(reference.region.as_deref(), call.region)
            && image_ids.contains(&reference.image_id)
            && (all_types || types.iter().any(|wanted| is_of(&wanted.resource_type)))
    });
    Ok(
        page.answer(call, "imageReferenceSet", rows, |xml, reference| {
            xml.text("imageId", &reference.image_id);
            xml.text("resourceType", &reference.resource_type);
            xml.text("arn", &reference.arn);
        }),
    )
}
