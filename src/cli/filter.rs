//! From the values of `--filter` to filters: the AWS CLI's shorthand, JSON, or a file with either.
//!
//! What the service would refuse for its form alone is refused here, with a caret under the fault. Which filter names
//! there are is for the service to say.

use std::fmt;

use serde::de::{self, Deserialize, Deserializer, MapAccess, Visitor};

use super::{
    error::{ArgumentError, SyntaxError},
    shorthand::{self, Value},
    text_file,
};
use crate::entries::Filter;

const FLAG: &str = "--filter";
const FORM: &str = "write Name=NAME,Values=VALUE,… (as in Name=account-id,Values=123456789012)";

/// The filters that the values of `--filter` stand for, in their order.
///
/// Each argument is a filter in shorthand syntax, a JSON object, a JSON array of objects, or `file://PATH` of a file
/// with one of these.
///
/// # Errors
/// The first argument at fault.
pub fn parse_filters(arguments: &[String]) -> Result<Vec<Filter>, ArgumentError> {
    let mut filters = Vec::new();
    for argument in arguments {
        match text_file::read_reference(argument) {
            None => {
                filters.extend(parse(argument).map_err(|error| ArgumentError::new(FLAG, error))?)
            }
            Some(text) => {
                let text = text.map_err(|error| ArgumentError::new(FLAG, error))?;
                let parsed = parse(text.trim())
                    .map_err(|error| ArgumentError::new(FLAG, format!("in {argument}: {error}")))?;
                filters.extend(parsed);
            }
        }
    }
    Ok(filters)
}

fn parse(text: &str) -> Result<Vec<Filter>, SyntaxError> {
    match text.trim_start().chars().next() {
        None => Err(SyntaxError::new(
            text,
            0,
            format!("the filter is empty; {FORM}"),
        )),
        Some('[') => from_json::<Vec<JsonFilter>>(text)
            .map(|filters| {
                filters
                    .into_iter()
                    .map(|JsonFilter(filter)| filter)
                    .collect()
            })
            .and_then(|filters: Vec<Filter>| match filters.is_empty() {
                true => Err(SyntaxError::new(text, 0, "the array holds no filter")),
                false => Ok(filters),
            }),
        Some('{') => from_json(text).map(|JsonFilter(filter)| vec![filter]),
        Some(_) => from_shorthand(text).map(|filter| vec![filter]),
    }
}

fn from_shorthand(text: &str) -> Result<Filter, SyntaxError> {
    let mut name = None;
    let mut values = None;
    for member in shorthand::parse(text)? {
        let fault = |message| SyntaxError::new(text, member.at, message);
        match Key::parse(&member.key).map_err(fault)? {
            Key::Name => name = Some(name_of(member.value).map_err(fault)?),
            Key::Values => values = Some(values_of(member.value).map_err(fault)?),
        }
    }
    both(name, values).map_err(|message| SyntaxError::new(text, text.len(), message))
}

fn name_of(value: Value) -> Result<String, String> {
    match value {
        Value::Text(text) => check_name(text),
        Value::List(_) | Value::Object(_) => {
            Err("`Name` takes one name; another one needs a filter of its own".to_owned())
        }
    }
}

/// A single value stands for a list of one, as everywhere in shorthand syntax.
fn values_of(value: Value) -> Result<Vec<String>, String> {
    let values = match value {
        Value::List(values) => values,
        value => vec![value],
    };
    let texts = values.into_iter().map(|value| match value {
        Value::Text(text) => Ok(text),
        Value::List(_) => Err("`Values` is one list; there can be no list in it".to_owned()),
        Value::Object(_) => Err("`Values` takes text; there can be no {} in it".to_owned()),
    });
    check_values(texts.collect::<Result<_, _>>()?)
}

enum Key {
    Name,
    Values,
}

impl Key {
    fn parse(key: &str) -> Result<Self, String> {
        match key {
            "Name" => Ok(Self::Name),
            "Values" => Ok(Self::Values),
            _ => Err(match key.to_ascii_lowercase().as_str() {
                "name" | "names" => format!("unknown key `{key}`; did you mean `Name`?"),
                "value" | "values" => format!("unknown key `{key}`; did you mean `Values`?"),
                _ => format!("unknown key `{key}`; {FORM}"),
            }),
        }
    }
}

fn check_name(name: String) -> Result<String, String> {
    match name.is_empty() {
        true => Err("`Name` is empty; it takes a name such as account-id".to_owned()),
        false => Ok(name),
    }
}

fn check_values(values: Vec<String>) -> Result<Vec<String>, String> {
    match values.is_empty() {
        true => {
            Err("`Values` is an empty list; the service takes no filter without a value".to_owned())
        }
        false => Ok(values),
    }
}

fn both(name: Option<String>, values: Option<Vec<String>>) -> Result<Filter, String> {
    match (name, values) {
        (Some(name), Some(values)) => Ok(Filter { name, values }),
        (None, _) => Err(format!("`Name` is missing; {FORM}")),
        (_, None) => Err(format!("`Values` is missing; {FORM}")),
    }
}

fn from_json<T: for<'de> Deserialize<'de>>(text: &str) -> Result<T, SyntaxError> {
    serde_json::from_str(text).map_err(|error| SyntaxError::from_json(text, &error))
}

/// `{"Name": "…", "Values": ["…"]}`. Not derived, as a derived one takes `["…", ["…"]]` too, and says less.
struct JsonFilter(Filter);

impl<'de> Deserialize<'de> for JsonFilter {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members;

        impl<'de> Visitor<'de> for Members {
            type Value = JsonFilter;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(
                    r#"an object such as {"Name": "account-id", "Values": ["123456789012"]}"#,
                )
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<JsonFilter, A::Error> {
                let mut name = None;
                let mut values = None;
                while let Some(key) = map.next_key::<String>()? {
                    let is_second = match Key::parse(&key).map_err(de::Error::custom)? {
                        Key::Name => name
                            .replace(check_name(map.next_value()?).map_err(de::Error::custom)?)
                            .is_some(),
                        Key::Values => values
                            .replace(check_values(map.next_value()?).map_err(de::Error::custom)?)
                            .is_some(),
                    };
                    if is_second {
                        return Err(de::Error::custom(format!(
                            "the key `{key}` comes a second time"
                        )));
                    }
                }
                both(name, values)
                    .map(JsonFilter)
                    .map_err(de::Error::custom)
            }
        }

        deserializer.deserialize_map(Members)
    }
}
