//! The resource types that an endpoint refuses, because it or its partition does not have them yet.

use std::cell::RefCell;

use super::resource_type::{INSTANCE, LAUNCH_TEMPLATE, ResourceType};
use super::spec::ReportSpec;
use crate::aws::RequestError;

/// The resource types that the endpoint of one Region refuses, learned from its errors. With it, a type costs one failed
/// request per Region instead of one per image.
#[derive(Debug, Default)]
pub struct RefusedTypes(RefCell<Vec<String>>);

impl RefusedTypes {
    /// The names of the types.
    pub fn names(&self) -> Vec<String> {
        self.0.borrow().clone()
    }

    /// The spec without the refused types, unless it has no others.
    pub fn narrow(&self, spec: &ReportSpec) -> ReportSpec {
        let refused = self.0.borrow();
        let mut narrow = spec.clone();
        narrow.resource_types.retain(|wanted| {
            !refused
                .iter()
                .any(|name| wanted.resource_type.as_ref() == Some(name))
        });
        match narrow.resource_types.is_empty() {
            true => spec.clone(),
            false => narrow,
        }
    }

    /// Learns from the error about a spec, and returns whether a narrower spec can succeed.
    pub(super) fn learn(&self, spec: &ReportSpec, error: &RequestError) -> bool {
        let refused = refused_by(error, spec);
        let mut known = self.0.borrow_mut();
        for name in &refused {
            if !known.contains(name) {
                known.push(name.clone());
            }
        }
        !refused.is_empty() && refused.len() < spec.resource_types.len()
    }
}

/// The types of the spec that the error is about. Neither its code nor its message is documented. EC2 names the refused
/// value before those that it expects; a message that names none of the types may be about all of them.
fn refused_by(error: &RequestError, spec: &ReportSpec) -> Vec<String> {
    let RequestError::Service { code, message, .. } = error else {
        return Vec::new();
    };
    // Every endpoint with reports has the first two types: an error that names them is about something else.
    let names = (spec.resource_types.iter())
        .filter_map(|wanted: &ResourceType| wanted.resource_type.clone())
        .filter(|name| name != INSTANCE && name != LAUNCH_TEMPLATE);
    if !code.starts_with("InvalidParameter") {
        return Vec::new();
    }
    let named = (names.clone())
        .filter_map(|name| Some((message.find(&name)?, name)))
        .min();
    let message = message.to_lowercase().replace([' ', '-', '_'], "");
    match named {
        Some((_, name)) => vec![name],
        None if message.contains("resourcetype") => names.collect(),
        None => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reports::resource_type::{ALL, CONTAINER_RECIPE, IMAGE_RECIPE};

    fn spec(types: &[&str]) -> ReportSpec {
        ReportSpec {
            resource_types: types
                .iter()
                .map(|name| ResourceType::named(*name))
                .collect(),
            ..ReportSpec::default()
        }
    }

    fn error(code: &str, message: &str) -> RequestError {
        RequestError::Service {
            action: "CreateImageUsageReport",
            code: code.to_owned(),
            message: message.to_owned(),
            request_id: None,
            hint: String::new(),
        }
    }

    #[test]
    fn a_refused_type_is_learned_from_the_error() {
        let both = [IMAGE_RECIPE, CONTAINER_RECIPE];
        let value = "InvalidParameterValue";
        for (code, message, expected) in [
            (
                value,
                "Value (imagebuilder:ImageRecipe) for parameter ResourceType is invalid. Expecting one of ec2:Instance, \
                 ec2:LaunchTemplate.",
                &both[..1],
            ),
            (
                value,
                "Value (imagebuilder:ContainerRecipe) for parameter ResourceType is invalid. Expecting one of \
                 imagebuilder:ImageRecipe.",
                &both[1..],
            ),
            (value, "Invalid resource type", &both),
            (
                "InvalidParameterCombination",
                "the resource-type is invalid",
                &both,
            ),
            ("InvalidParameter", "ResourceTypes.3", &both),
            (value, "Value (1) for parameter AccountId is invalid.", &[]),
            ("UnauthorizedOperation", "imagebuilder:ImageRecipe", &[]),
            ("InvalidAMIID.NotFound", "resource type", &[]),
        ] {
            let refused = RefusedTypes::default();
            let can_retry = refused.learn(&spec(&ALL), &error(code, message));
            assert_eq!(refused.names(), expected, "{message}");
            assert_eq!(can_retry, !expected.is_empty(), "{message}");
            let narrow = refused.narrow(&spec(&ALL)).resource_types;
            assert_eq!(narrow.len(), 4 - expected.len());
        }
    }

    #[test]
    fn a_spec_of_refused_types_only_stays_as_it_is() {
        let refused = RefusedTypes::default();
        let recipes = spec(&[IMAGE_RECIPE]);
        let invalid = error("InvalidParameterValue", "Invalid resource type");
        assert!(!refused.learn(&recipes, &invalid));
        assert_eq!(refused.names(), [IMAGE_RECIPE]);
        assert_eq!(refused.narrow(&recipes), recipes);
        // The types that every endpoint has are never given up.
        let instances = spec(&[INSTANCE, LAUNCH_TEMPLATE]);
        assert!(!refused.learn(&instances, &invalid));
        assert_eq!(refused.narrow(&instances), instances);
    }
}
