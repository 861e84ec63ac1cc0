//! Parses `ResourceType.N` and its options.

use super::form::Parameters;
use super::model::{ResourceType, ResourceTypeOption};
use super::response::ApiError;

/// The resource types that reports of the service can cover.
pub const REPORT_TYPES: [&str; 4] = [
    INSTANCE,
    LAUNCH_TEMPLATE,
    "imagebuilder:ImageRecipe",
    "imagebuilder:ContainerRecipe",
];

const LAUNCH_TEMPLATE: &str = "ec2:LaunchTemplate";
const INSTANCE: &str = "ec2:Instance";

/// The valid values of `state-name`.
const INSTANCE_STATES: &[&str] = &[
    "pending",
    "running",
    "shutting-down",
    "terminated",
    "stopping",
    "stopped",
];

/// Takes the list out of `parameters`.
///
/// # Errors
/// A type that is not in `supported` or is repeated, and invalid options. EC2 documents the values but not the errors;
/// the codes are those of its other actions.
pub(super) fn parse(
    parameters: &mut Parameters,
    supported: &[impl AsRef<str>],
) -> Result<Vec<ResourceType>, ApiError> {
    let types = parameters.structures("ResourceType", |structure| {
        let resource_type = structure.required("ResourceType")?;
        let names = supported.iter().map(AsRef::as_ref);
        if !names.clone().any(|name| name == resource_type) {
            let expected = format!("Expecting one of {}.", names.collect::<Vec<_>>().join(", "));
            return Err(ApiError::invalid_value(
                "ResourceType",
                &resource_type,
                &expected,
            ));
        }
        let options = structure.structures("ResourceTypeOption", |option| {
            let option = ResourceTypeOption {
                option_name: option.required("OptionName")?,
                option_values: Some(option.list("OptionValue")),
            };
            check_option(&resource_type, &option)?;
            Ok(option)
        })?;
        Ok(ResourceType {
            resource_type,
            resource_type_options: (!options.is_empty()).then_some(options),
        })
    })?;
    for (index, later) in types.iter().enumerate() {
        if types[..index]
            .iter()
            .any(|earlier| earlier.resource_type == later.resource_type)
        {
            return Err(ApiError::invalid_value(
                "ResourceType",
                &later.resource_type,
                "A resource type may be specified once only.",
            ));
        }
    }
    Ok(types)
}

fn check_option(resource_type: &str, option: &ResourceTypeOption) -> Result<(), ApiError> {
    let values = option.option_values.as_deref().unwrap_or_default();
    let reject = |parameter, value: &str, expected: &str| {
        Err(ApiError::invalid_value(parameter, value, expected))
    };
    match (option.option_name.as_str(), resource_type) {
        ("version-depth", LAUNCH_TEMPLATE) => match values {
            [depth]
                if depth
                    .parse()
                    .is_ok_and(|depth: u32| (1..=10_000).contains(&depth)) =>
            {
                Ok(())
            }
            _ => reject(
                "version-depth",
                &values.join(", "),
                "Expecting one whole number from 1 to 10000.",
            ),
        },
        ("state-name", INSTANCE) => match values
            .iter()
            .find(|value| !INSTANCE_STATES.contains(&value.as_str()))
        {
            None if !values.is_empty() => Ok(()),
            unknown => {
                let expected = format!("Expecting some of {}.", INSTANCE_STATES.join(", "));
                reject("state-name", unknown.map_or("", String::as_str), &expected)
            }
        },
        (name, _) => reject(
            "OptionName",
            name,
            &format!("{resource_type} does not have this option."),
        ),
    }
}
