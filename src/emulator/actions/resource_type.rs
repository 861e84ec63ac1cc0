//! `ResourceType.N` as two actions take it: a type, and how to look at it.

use super::super::form::Parameters;
use super::super::model::{ResourceType, ResourceTypeOption};
use super::super::refusal::Refusal;

/// The resource type whose newest versions are looked at.
const LAUNCH_TEMPLATE: &str = "ec2:LaunchTemplate";
const INSTANCE: &str = "ec2:Instance";

/// The states that `state-name` can choose among.
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
/// A type that is not in `known` or stands twice, and options that it does not have. EC2 documents the values but
/// not the errors; the codes are those of its other actions.
pub(super) fn read(
    parameters: &mut Parameters,
    known: &[&str],
) -> Result<Vec<ResourceType>, Refusal> {
    let types = parameters.structures("ResourceType", |sent| {
        let resource_type = sent.required("ResourceType")?;
        if !known.contains(&resource_type.as_str()) {
            let wanted = format!("Expecting one of {}.", known.join(", "));
            return Err(Refusal::invalid_value(
                "ResourceType",
                &resource_type,
                &wanted,
            ));
        }
        let options = sent.structures("ResourceTypeOption", |option| {
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
    for (place, later) in types.iter().enumerate() {
        if types[..place]
            .iter()
            .any(|earlier| earlier.resource_type == later.resource_type)
        {
            return Err(Refusal::invalid_value(
                "ResourceType",
                &later.resource_type,
                "A resource type may be specified once only.",
            ));
        }
    }
    Ok(types)
}

fn check_option(resource_type: &str, option: &ResourceTypeOption) -> Result<(), Refusal> {
    let values = option.option_values.as_deref().unwrap_or_default();
    let refuse = |parameter, value: &str, wanted: &str| {
        Err(Refusal::invalid_value(parameter, value, wanted))
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
            _ => refuse(
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
                let wanted = format!("Expecting some of {}.", INSTANCE_STATES.join(", "));
                refuse("state-name", unknown.map_or("", String::as_str), &wanted)
            }
        },
        (name, _) => refuse(
            "OptionName",
            name,
            &format!("{resource_type} has no such option."),
        ),
    }
}
