//! The resource types that reports count, and their one option.

use std::fmt::{self, Display};

use aws_sdk_ec2::types;
use serde::{Deserialize, Serialize};
use serde_with::skip_serializing_none;

/// Instances.
pub const INSTANCE: &str = "ec2:Instance";
/// Launch templates, by their newest versions.
pub const LAUNCH_TEMPLATE: &str = "ec2:LaunchTemplate";

/// Image recipes of EC2 Image Builder.
pub const IMAGE_RECIPE: &str = "imagebuilder:ImageRecipe";
/// Container recipes of EC2 Image Builder.
pub const CONTAINER_RECIPE: &str = "imagebuilder:ContainerRecipe";

/// All types that the service has. An endpoint may lag behind, and later ones may have more.
pub const ALL: [&str; 4] = [INSTANCE, LAUNCH_TEMPLATE, IMAGE_RECIPE, CONTAINER_RECIPE];

/// The option for the number of newest versions of a launch template that are examined.
pub const VERSION_DEPTH: &str = "version-depth";

/// The service's default of [`VERSION_DEPTH`] for reports. For references it is 10.
pub const DEFAULT_VERSION_DEPTH: u32 = 20;

/// A resource type that a report covers.
#[skip_serializing_none]
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct ResourceType {
    /// Its name, such as `ec2:Instance`.
    pub resource_type: Option<String>,
    /// Its options.
    pub resource_type_options: Option<Vec<ResourceTypeOption>>,
}

/// An option of a resource type.
#[skip_serializing_none]
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct ResourceTypeOption {
    /// Its name: `version-depth`.
    pub option_name: Option<String>,
    /// Its values.
    pub option_values: Option<Vec<String>>,
}

impl ResourceType {
    /// A resource type, without options.
    pub fn named(name: impl Into<String>) -> Self {
        Self {
            resource_type: Some(name.into()),
            resource_type_options: None,
        }
    }

    /// Adds a version depth.
    pub fn add_version_depth(&mut self, depth: u32) {
        let options = self.resource_type_options.get_or_insert_default();
        options.push(ResourceTypeOption {
            option_name: Some(VERSION_DEPTH.to_owned()),
            option_values: Some(vec![depth.to_string()]),
        });
    }

    /// Whether it has a version depth of its own.
    pub fn has_version_depth(&self) -> bool {
        self.version_depths().next().is_some()
    }

    /// The version depth; `None` if it cannot be understood, which is less than any number.
    pub(super) fn version_depth(&self) -> Option<u32> {
        let mut depths = self.version_depths();
        match (depths.next(), depths.next()) {
            (None, _) => Some(DEFAULT_VERSION_DEPTH),
            (Some(Some([value])), None) => value.parse().ok(),
            _ => None,
        }
    }

    fn version_depths(&self) -> impl Iterator<Item = Option<&[String]>> {
        (self.resource_type_options.iter().flatten())
            .filter(|option| option.option_name.as_deref() == Some(VERSION_DEPTH))
            .map(|option| option.option_values.as_deref())
    }
}

impl From<types::ImageUsageResourceType> for ResourceType {
    fn from(of: types::ImageUsageResourceType) -> Self {
        Self {
            resource_type: of.resource_type,
            resource_type_options: of.resource_type_options.map(|options| {
                (options.into_iter())
                    .map(|option| ResourceTypeOption {
                        option_name: option.option_name,
                        option_values: option.option_values,
                    })
                    .collect()
            }),
        }
    }
}

/// `ec2:LaunchTemplate (version-depth=100)`.
impl Display for ResourceType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.resource_type.as_deref().unwrap_or_default())?;
        for option in self.resource_type_options.iter().flatten() {
            let name = option.option_name.as_deref().unwrap_or_default();
            let values = option.option_values.as_deref().unwrap_or_default();
            write!(f, " ({name}={})", values.join(" "))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_resource_type_is_shown_with_its_options() {
        let option = |name: &str, values: &[&str]| ResourceTypeOption {
            option_name: Some(name.to_owned()),
            option_values: Some(values.iter().map(ToString::to_string).collect()),
        };
        let mut templates = ResourceType::named(LAUNCH_TEMPLATE);
        templates.resource_type_options = Some(vec![
            option("other", &["9"]),
            option(VERSION_DEPTH, &["100"]),
        ]);
        assert_eq!(
            templates.to_string(),
            "ec2:LaunchTemplate (other=9) (version-depth=100)"
        );
    }
}
