//! Parses a document with the parameters of an action, in JSON or YAML, and checks it as the AWS CLI does.

use saphyr::{LoadableYamlNode, Scalar, Yaml};
use serde_json::Value;

use super::error::ArgumentError;
use super::text_file;
use crate::error::SyntaxError;

/// Parses a document of JSON, or one that `argument` refers to as `file://PATH`, for the option `flag`. Names and types
/// must be those of `placeholders`.
///
/// # Errors
/// The file cannot be read, its text is not JSON, or it does not match `placeholders`.
pub fn json(flag: &str, argument: &str, placeholders: &Value) -> Result<Value, ArgumentError> {
    let parse = |text: &str| {
        serde_json::from_str(text).map_err(|error| SyntaxError::from_json(text, &error))
    };
    checked(flag, text_file::parse(flag, argument, parse)?, placeholders)
}

/// As [`json`], for YAML 1.2.
///
/// # Errors
/// As for [`json`].
pub fn yaml(flag: &str, argument: &str, placeholders: &Value) -> Result<Value, ArgumentError> {
    let parse = |text: &str| {
        let mut documents = Yaml::load_from_str(text).map_err(|error| {
            let at = text.char_indices().nth(error.marker().index());
            let at = at.map_or(text.len(), |(at, _)| at);
            SyntaxError::new(text, at, format!("YAML: {}", error.info()))
        })?;
        match documents.len() {
            0 | 1 => Ok(documents.pop().map_or(Value::Null, yaml_value)),
            _ => Err(SyntaxError::new(text, 0, "YAML: more than one document")),
        }
    };
    checked(flag, text_file::parse(flag, argument, parse)?, placeholders)
}

/// The value in JSON's terms. Null for what no parameter can be.
fn yaml_value(yaml: Yaml) -> Value {
    match yaml {
        Yaml::Value(Scalar::String(text)) => text.into(),
        Yaml::Value(Scalar::Integer(number)) => number.into(),
        Yaml::Value(Scalar::FloatingPoint(number)) => number.into_inner().into(),
        Yaml::Value(Scalar::Boolean(value)) => value.into(),
        Yaml::Sequence(items) => items.into_iter().map(yaml_value).collect(),
        Yaml::Mapping(members) => (members.into_iter())
            .map(|(name, value)| {
                let name = match yaml_value(name) {
                    Value::String(name) => name,
                    other => other.to_string(),
                };
                (name, yaml_value(value))
            })
            .collect(),
        _ => Value::Null,
    }
}

fn checked(flag: &str, document: Value, placeholders: &Value) -> Result<Value, ArgumentError> {
    check("", &document, placeholders).map_err(|problem| ArgumentError::new(flag, problem))?;
    Ok(document)
}

fn check(path: &str, value: &Value, placeholder: &Value) -> Result<(), String> {
    match (placeholder, value) {
        (Value::Object(members), Value::Object(given)) => {
            given.iter().try_for_each(|(name, value)| {
                let path = match path {
                    "" => name.clone(),
                    path => format!("{path}.{name}"),
                };
                let Some(member) = members.get(name) else {
                    let names: Vec<_> = members.keys().map(String::as_str).collect();
                    let names = names.join(", ");
                    return Err(format!(
                        "unknown parameter {path:?}; must be one of {names}"
                    ));
                };
                check(&path, value, member)
            })
        }
        (Value::Array(members), Value::Array(given)) => (given.iter().enumerate())
            .try_for_each(|(index, value)| check(&format!("{path}[{index}]"), value, &members[0])),
        (Value::String(_), Value::String(_)) | (Value::Bool(_), Value::Bool(_)) => Ok(()),
        (Value::Number(_), Value::Number(number)) if number.is_i64() => Ok(()),
        _ => {
            let expected = match placeholder {
                Value::Object(_) => "an object",
                Value::Array(_) => "a list",
                Value::Number(_) => "an integer",
                Value::Bool(_) => "true or false",
                Value::String(_) | Value::Null => "a string",
            };
            let path = if path.is_empty() {
                "the document"
            } else {
                path
            };
            Err(format!(
                "invalid type for {path}: expected {expected}, found {value}"
            ))
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn placeholders() -> Value {
        json!({"Ids": [""], "Filters": [{"Name": "", "Values": [""]}], "DryRun": true, "Max": 0})
    }

    #[test]
    fn json_and_yaml_have_the_same_values() {
        let text = "Ids: [ami-1, '001']\nFilters:\n- Name: state\n  Values: &all [no, \"*\"]\nDryRun: false\nMax: 5\n";
        let value = json!({
            "Ids": ["ami-1", "001"],
            "Filters": [{"Name": "state", "Values": ["no", "*"]}],
            "DryRun": false,
            "Max": 5
        });
        assert_eq!(yaml("--y", text, &placeholders()).unwrap(), value);
        for parse in [json, yaml] {
            assert_eq!(
                parse("--d", &value.to_string(), &placeholders()).unwrap(),
                value
            );
        }
    }

    #[test]
    fn names_and_types_are_checked() {
        for (document, problem) in [
            (
                r#"{"Idz": []}"#,
                r#"unknown parameter "Idz"; must be one of Ids, Filters, DryRun, Max"#,
            ),
            (
                r#"{"Filters": [{}, {"Key": ""}]}"#,
                r#"unknown parameter "Filters[1].Key"; must be one of Name, Values"#,
            ),
            (
                r#"{"Ids": "a"}"#,
                r#"invalid type for Ids: expected a list, found "a""#,
            ),
            (
                r#"{"Ids": ["a", 1]}"#,
                "invalid type for Ids[1]: expected a string, found 1",
            ),
            (
                r#"{"Filters": [{"Values": [null]}]}"#,
                "invalid type for Filters[0].Values[0]: expected a string, found null",
            ),
            (
                r#"{"DryRun": "true"}"#,
                r#"invalid type for DryRun: expected true or false, found "true""#,
            ),
            (
                r#"{"Max": 1.5}"#,
                "invalid type for Max: expected an integer, found 1.5",
            ),
            (
                "[]",
                "invalid type for the document: expected an object, found []",
            ),
        ] {
            for parse in [json, yaml] {
                let error = parse("--d", document, &placeholders()).unwrap_err();
                assert_eq!(error.to_string(), format!("--d: {problem}"));
            }
        }
        let number = yaml("--d", "Ids: [001100110011]", &placeholders()).unwrap_err();
        assert!(number.to_string().contains("expected a string"), "{number}");
    }

    #[test]
    fn syntax_errors_have_a_position() {
        let error = json("--d", "{\n'Ids': []}", &placeholders()).unwrap_err();
        assert!(error.to_string().contains("line 2"), "{error}");
        for (text, problem) in [
            ("Max: 1\nMax: 2", "line 2"),
            ("Max: 1\nIds: [", "line 2"),
            ("Max: 1\n---\nMax: 2", "more than one document"),
            ("", "expected an object, found null"),
        ] {
            let error = yaml("--d", text, &placeholders()).unwrap_err();
            assert!(error.to_string().contains(problem), "{error}");
        }
    }
}
