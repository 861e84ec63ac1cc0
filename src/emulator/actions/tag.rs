//! Tags: parsed from a request and written in a response.

use crate::emulator::form::Parameters;
use crate::emulator::model::Tag;
use crate::emulator::response::ApiError;
use crate::emulator::xml::Xml;

const MAX_TAGS: usize = 50;
const MAX_KEY_CHARS: usize = 128;
const MAX_VALUE_CHARS: usize = 256;

/// Writes a tag as an item of a list.
pub(super) fn write(xml: &mut Xml, tag: &Tag) {
    xml.text("key", &tag.key);
    xml.text("value", &tag.value);
}

/// Takes `TagSpecification.N`. The service documents the resource type; the limits are those of all tags in EC2.
pub(super) fn parse(parameters: &mut Parameters) -> Result<Vec<Tag>, ApiError> {
    let specifications = parameters.structures("TagSpecification", |specification| {
        let resource_type = specification.required("ResourceType")?;
        if resource_type != "image-usage-report" {
            return Err(ApiError::invalid_value(
                "TagSpecification.ResourceType",
                &resource_type,
                "Expecting image-usage-report.",
            ));
        }
        specification.structures("Tag", |tag| {
            Ok(Tag {
                key: tag.required("Key")?,
                value: tag.text("Value").unwrap_or_default(),
            })
        })
    })?;
    let tags: Vec<Tag> = specifications.into_iter().flatten().collect();
    if tags.len() > MAX_TAGS {
        return Err(ApiError::new(
            "TagLimitExceeded",
            format!("A report has at most {MAX_TAGS} tags"),
        ));
    }
    for (index, tag) in tags.iter().enumerate() {
        let reject = |expected: &str| Err(ApiError::invalid_value("Tag.Key", &tag.key, expected));
        if tag.key.chars().count() > MAX_KEY_CHARS || tag.value.chars().count() > MAX_VALUE_CHARS {
            return reject(&format!(
                "A key has at most {MAX_KEY_CHARS} characters, a value {MAX_VALUE_CHARS}."
            ));
        }
        if tag.key.starts_with("aws:") {
            return reject("Tag keys starting with 'aws:' are reserved for internal use.");
        }
        if tags[..index].iter().any(|earlier| earlier.key == tag.key) {
            return reject("A tag key may be specified once only.");
        }
    }
    Ok(tags)
}
