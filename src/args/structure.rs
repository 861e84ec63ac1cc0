//! Parses the structures of `reports create`, resource types and tags, from the AWS CLI's shorthand or JSON.

use std::io::Read;

use super::error::ArgumentError;
use super::list::{self, Stdin};
use super::shorthand::{self, Member, Value};
use super::text_file;
use crate::error::SyntaxError;
use crate::reports::{ResourceType, ResourceTypeOption, Tag};

/// The byte offset of an error in a structure, and its message.
type StructureError = (usize, String);

/// The resource types in the values of `--resource-types`: a list of names, or structures such as
/// `ResourceType=ec2:LaunchTemplate,ResourceTypeOptions=[{OptionName=version-depth,OptionValues=100}]`.
///
/// # Errors
/// The first invalid argument.
pub fn resource_types<R: Read>(
    arguments: &[String],
    stdin: &mut Stdin<R>,
) -> Result<Vec<ResourceType>, ArgumentError> {
    const FLAG: &str = "--resource-types";
    let mut types = Vec::new();
    for argument in arguments {
        let is_json = |text: &str| text.trim_start().starts_with('{') || is_list_of_objects(text);
        let is_structure = match text_file::read_reference(argument) {
            Some(Ok(text)) => is_json(&text),
            _ => is_json(argument) || argument.contains('=') && !argument.starts_with('@'),
        };
        if is_structure {
            types.extend(structures(FLAG, argument, resource_type)?);
        } else {
            let names = list::expand(FLAG, std::slice::from_ref(argument), stdin)?;
            types.extend(names.into_iter().map(ResourceType::named));
        }
    }
    Ok(types)
}

/// The tags in the values of `--tags`: `KEY=VALUE`, or the AWS CLI's `Key=KEY,Value=VALUE`.
///
/// # Errors
/// The first invalid argument.
pub fn tags(arguments: &[String]) -> Result<Vec<Tag>, ArgumentError> {
    const FLAG: &str = "--tags";
    let mut tags = Vec::new();
    for argument in arguments {
        let is_structure = argument.starts_with("Key=") && argument.contains(",Value=")
            || argument.trim_start().starts_with(['{', '['])
            || argument.starts_with("file://");
        if is_structure {
            tags.extend(structures(FLAG, argument, tag)?);
        } else {
            match argument.split_once('=') {
                Some((key, value)) if !key.is_empty() => tags.push(Tag {
                    key: Some(key.to_owned()),
                    value: Some(value.to_owned()),
                }),
                _ => {
                    let problem = format!(
                        "`{argument}` is not a tag; write KEY=VALUE, or KEY= for an empty value"
                    );
                    return Err(ArgumentError::new(FLAG, problem));
                }
            }
        }
    }
    Ok(tags)
}

/// The tags in the values of `--tag-specifications`:
/// `ResourceType=image-usage-report,Tags=[{Key=KEY,Value=VALUE}]`.
///
/// # Errors
/// The first invalid argument.
pub fn tag_specifications(arguments: &[String]) -> Result<Vec<Tag>, ArgumentError> {
    let mut tags = Vec::new();
    for argument in arguments {
        let all = structures("--tag-specifications", argument, tag_specification)?;
        tags.extend(all.into_iter().flatten());
    }
    Ok(tags)
}

fn is_list_of_objects(text: &str) -> bool {
    let inside = text.trim_start().strip_prefix('[');
    inside.is_some_and(|inside| inside.trim_start().starts_with('{'))
}

/// The structures in an argument: shorthand, a JSON object, a JSON array of objects, or a file with one of these.
fn structures<T>(
    flag: &str,
    argument: &str,
    read: impl Fn(Vec<Member>) -> Result<T, StructureError>,
) -> Result<Vec<T>, ArgumentError> {
    text_file::parse(flag, argument, |text| {
        let parsed = match text.trim_start().chars().next() {
            Some('[' | '{') => from_json(text)?,
            _ => vec![shorthand::parse(text)?],
        };
        (parsed.into_iter().map(read))
            .collect::<Result<_, _>>()
            .map_err(|(offset, message)| SyntaxError::new(text, offset, message))
    })
}

fn from_json(text: &str) -> Result<Vec<Vec<Member>>, SyntaxError> {
    let error_at = |message| SyntaxError::new(text, 0, message);
    let json: serde_json::Value =
        serde_json::from_str(text).map_err(|error| SyntaxError::from_json(text, &error))?;
    let structures = match value(json).map_err(error_at)? {
        Value::List(values) => values,
        value => vec![value],
    };
    if structures.is_empty() {
        return Err(error_at("the array is empty".to_owned()));
    }
    (structures.into_iter())
        .map(|value| members(0, value).map_err(|(_, message)| error_at(message)))
        .collect()
}

/// Converts JSON to the types of shorthand: text, lists and objects.
fn value(json: serde_json::Value) -> Result<Value, String> {
    use serde_json::Value as Json;

    Ok(match json {
        Json::String(text) => Value::Text(text),
        Json::Array(values) => {
            Value::List(values.into_iter().map(value).collect::<Result<_, _>>()?)
        }
        Json::Object(members) => {
            let member = |(key, json)| {
                Ok(Member {
                    key,
                    value: value(json)?,
                    offset: 0,
                })
            };
            Value::Object(
                members
                    .into_iter()
                    .map(member)
                    .collect::<Result<_, String>>()?,
            )
        }
        other => {
            return Err(format!("expected text, found {other}; put it in quotes"));
        }
    })
}

fn resource_type(members: Vec<Member>) -> Result<ResourceType, StructureError> {
    let mut resource_type = ResourceType::default();
    for Member { key, value, offset } in members {
        match key.as_str() {
            "ResourceType" => resource_type.resource_type = Some(text(offset, &key, value)?),
            "ResourceTypeOptions" => {
                resource_type.resource_type_options = Some(each(offset, value, option)?);
            }
            _ => {
                return Err(unknown(
                    offset,
                    &key,
                    "ResourceType and ResourceTypeOptions",
                ));
            }
        }
    }
    match resource_type.resource_type {
        None => Err((0, "`ResourceType` is missing".to_owned())),
        Some(_) => Ok(resource_type),
    }
}

fn option(members: Vec<Member>) -> Result<ResourceTypeOption, StructureError> {
    let mut option = ResourceTypeOption::default();
    for Member { key, value, offset } in members {
        match key.as_str() {
            "OptionName" => option.option_name = Some(text(offset, &key, value)?),
            "OptionValues" => {
                let values = list(value).into_iter();
                option.option_values = Some(
                    values
                        .map(|value| text(offset, &key, value))
                        .collect::<Result<_, _>>()?,
                );
            }
            _ => return Err(unknown(offset, &key, "OptionName and OptionValues")),
        }
    }
    Ok(option)
}

fn tag(members: Vec<Member>) -> Result<Tag, StructureError> {
    let mut tag = Tag::default();
    for Member { key, value, offset } in members {
        match key.as_str() {
            "Key" => tag.key = Some(text(offset, &key, value)?),
            "Value" => tag.value = Some(text(offset, &key, value)?),
            _ => return Err(unknown(offset, &key, "Key and Value")),
        }
    }
    match tag.key {
        None => Err((0, "`Key` is missing".to_owned())),
        Some(_) => Ok(tag),
    }
}

fn tag_specification(members: Vec<Member>) -> Result<Vec<Tag>, StructureError> {
    let mut tags = Vec::new();
    for Member { key, value, offset } in members {
        match key.as_str() {
            "ResourceType" => {
                let name = text(offset, &key, value)?;
                if name != "image-usage-report" {
                    return Err((
                        offset,
                        "`ResourceType` must be image-usage-report".to_owned(),
                    ));
                }
            }
            "Tags" => tags = each(offset, value, tag)?,
            _ => return Err(unknown(offset, &key, "ResourceType and Tags")),
        }
    }
    Ok(tags)
}

/// As everywhere in shorthand syntax, a single value is a list with one item.
fn list(value: Value) -> Vec<Value> {
    match value {
        Value::List(values) => values,
        value => vec![value],
    }
}

fn each<T>(
    offset: usize,
    value: Value,
    read: impl Fn(Vec<Member>) -> Result<T, StructureError>,
) -> Result<Vec<T>, StructureError> {
    list(value)
        .into_iter()
        .map(|value| read(members(offset, value)?))
        .collect()
}

fn members(offset: usize, value: Value) -> Result<Vec<Member>, StructureError> {
    match value {
        Value::Object(members) => Ok(members),
        Value::Text(_) | Value::List(_) => Err((offset, "expected {KEY=VALUE,...}".to_owned())),
    }
}

fn text(offset: usize, key: &str, value: Value) -> Result<String, StructureError> {
    match value {
        Value::Text(text) => Ok(text),
        Value::List(_) | Value::Object(_) => Err((offset, format!("`{key}` takes text"))),
    }
}

fn unknown(offset: usize, key: &str, known: &str) -> StructureError {
    (
        offset,
        format!("unknown key `{key}`; valid keys are {known}"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn types(arguments: &[&str]) -> Result<Vec<String>, String> {
        let arguments: Vec<_> = arguments.iter().map(ToString::to_string).collect();
        resource_types(&arguments, &mut Stdin::new(std::io::empty()))
            .map(|types| types.iter().map(ToString::to_string).collect())
            .map_err(|error| error.to_string())
    }

    #[test]
    fn resource_types_are_names_or_structures() {
        const DEEP: &str = "ec2:LaunchTemplate (version-depth=100)";
        for (arguments, expected) in [
            (
                &["ec2:Instance,ec2:LaunchTemplate"][..],
                &["ec2:Instance", "ec2:LaunchTemplate"][..],
            ),
            (&["ec2:Instance", "x"], &["ec2:Instance", "x"]),
            (&[r#"["ec2:Instance"]"#], &["ec2:Instance"]),
            (
                &[
                    "ResourceType=ec2:Instance",
                    "ResourceType=ec2:LaunchTemplate,ResourceTypeOptions=[{OptionName=version-depth,OptionValues=100}]",
                ],
                &["ec2:Instance", DEEP],
            ),
            (
                &[
                    "ResourceType=ec2:LaunchTemplate,ResourceTypeOptions=[{OptionName=version-depth,OptionValues=[100]}]",
                ],
                &[DEEP],
            ),
            (
                &[
                    "ResourceType=ec2:LaunchTemplate,ResourceTypeOptions={OptionName=version-depth,OptionValues=100}",
                ],
                &[DEEP],
            ),
            (
                &[
                    r#"[{"ResourceType": "ec2:LaunchTemplate", "ResourceTypeOptions":
                      [{"OptionName": "version-depth", "OptionValues": ["100"]}]}, {"ResourceType": "a"}]"#,
                ],
                &[DEEP, "a"],
            ),
            (&[r#"{"ResourceType": "a"}"#, "b"], &["a", "b"]),
        ] {
            assert_eq!(types(arguments).unwrap(), expected, "{arguments:?}");
        }
    }

    #[test]
    fn an_invalid_structure_has_a_caret() {
        for (argument, message) in [
            (
                "ResourceType=a,Options=b",
                "--resource-types: unknown key `Options`; valid keys are ResourceType and ResourceTypeOptions\n  \
                 ResourceType=a,Options=b\n                 ^",
            ),
            (
                "ResourceTypeOptions=[]",
                "--resource-types: `ResourceType` is missing\n  ResourceTypeOptions=[]\n  ^",
            ),
            (
                "ResourceType=a,ResourceTypeOptions=[{OptionName=[b]}]",
                "--resource-types: `OptionName` takes text\n  ResourceType=a,ResourceTypeOptions=[{OptionName=[b]}]\n\
                 \x20                                      ^",
            ),
            (
                r#"{"ResourceType": 1}"#,
                "--resource-types: expected text, found 1; put it in quotes\n  {\"ResourceType\": 1}\n  ^",
            ),
        ] {
            assert_eq!(types(&[argument]).unwrap_err(), message);
        }
    }

    #[test]
    fn tags_are_pairs_or_structures() {
        let read = |arguments: &[&str]| {
            let arguments: Vec<_> = arguments.iter().map(ToString::to_string).collect();
            tags(&arguments).map(|tags| tags.iter().map(ToString::to_string).collect::<Vec<_>>())
        };
        assert_eq!(
            read(&["team=a b,c", "empty=", "url=x=y", "Key=k,Value=v"]).unwrap(),
            ["team=a b,c", "empty=", "url=x=y", "k=v"]
        );
        assert!(read(&["team"]).is_err());
        assert!(read(&["=x"]).is_err());

        let specification = |argument: &str| tag_specifications(&[argument.to_owned()]);
        let tags = specification("ResourceType=image-usage-report,Tags=[{Key=a,Value=b},{Key=c}]")
            .unwrap();
        assert_eq!(tags.len(), 2);
        assert_eq!(tags[0].to_string(), "a=b");
        assert!(specification("ResourceType=image,Tags=[{Key=a,Value=b}]").is_err());
    }
}
