//! Parses the values of `--filter`: the AWS CLI's shorthand, JSON, or a file with either.
//!
//! A malformed filter is rejected before a request, with a caret under the error. The service validates filter names.

use std::fmt;

use serde::de::{self, Deserialize, Deserializer, MapAccess, Visitor};

use super::{
    error::ArgumentError,
    shorthand::{self, Value},
    text_file,
};
use crate::error::SyntaxError;
use crate::listing::Filter;

const FLAG: &str = "--filter";
const FORM: &str =
    "write Name=NAME,Values=VALUE,... (for example Name=account-id,Values=123456789012)";

/// The filters in the values of `--filter`, in order.
///
/// Each argument is a filter in shorthand syntax, a JSON object, a JSON array of objects, or `file://PATH` of a file
/// with one of these.
///
/// # Errors
/// The first invalid argument.
pub fn parse_filters(arguments: &[String]) -> Result<Vec<Filter>, ArgumentError> {
    let mut filters = Vec::new();
    for argument in arguments {
        filters.extend(text_file::parse(FLAG, argument, parse)?);
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
        Some('[') => from_json::<Vec<JsonFilter>>(text).map(|filters| {
            filters
                .into_iter()
                .map(|JsonFilter(filter)| filter)
                .collect()
        }),
        Some('{') => from_json(text).map(|JsonFilter(filter)| vec![filter]),
        Some(_) => from_shorthand(text).map(|filter| vec![filter]),
    }
}

fn from_shorthand(text: &str) -> Result<Filter, SyntaxError> {
    let mut name = None;
    let mut values = None;
    for member in shorthand::parse(text)? {
        let error_at = |message| SyntaxError::new(text, member.offset, message);
        match Key::parse(&member.key).map_err(error_at)? {
            Key::Name => name = Some(name_of(member.value).map_err(error_at)?),
            Key::Values => values = Some(values_of(member.value).map_err(error_at)?),
        }
    }
    build(name, values).map_err(|message| SyntaxError::new(text, text.len(), message))
}

fn name_of(value: Value) -> Result<String, String> {
    match value {
        Value::Text(text) => check_name(text),
        Value::List(_) | Value::Object(_) => {
            Err("`Name` takes a single name; use one filter per name".to_owned())
        }
    }
}

/// As everywhere in shorthand syntax, a single value is a list with one item.
fn values_of(value: Value) -> Result<Vec<String>, String> {
    let values = match value {
        Value::List(values) => values,
        value => vec![value],
    };
    let texts = values.into_iter().map(|value| match value {
        Value::Text(text) => Ok(text),
        Value::List(_) => Err("`Values` cannot contain another list".to_owned()),
        Value::Object(_) => Err("`Values` takes text and cannot contain {}".to_owned()),
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
        true => Err("`Name` is empty; set it to a filter name such as account-id".to_owned()),
        false => Ok(name),
    }
}

fn check_values(values: Vec<String>) -> Result<Vec<String>, String> {
    match values.is_empty() {
        true => Err("`Values` is empty; a filter needs at least one value".to_owned()),
        false => Ok(values),
    }
}

fn build(name: Option<String>, values: Option<Vec<String>>) -> Result<Filter, String> {
    match (name, values) {
        (Some(name), Some(values)) => Ok(Filter { name, values }),
        (None, _) => Err(format!("`Name` is missing; {FORM}")),
        (_, None) => Err(format!("`Values` is missing; {FORM}")),
    }
}

fn from_json<T: for<'de> Deserialize<'de>>(text: &str) -> Result<T, SyntaxError> {
    serde_json::from_str(text).map_err(|error| SyntaxError::from_json(text, &error))
}

/// `{"Name": "…", "Values": ["…"]}`. Not derived: a derived implementation also accepts `["…", ["…"]]`, and its errors
/// are less specific.
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
                    let is_duplicate = match Key::parse(&key).map_err(de::Error::custom)? {
                        Key::Name => name
                            .replace(check_name(map.next_value()?).map_err(de::Error::custom)?)
                            .is_some(),
                        Key::Values => values
                            .replace(check_values(map.next_value()?).map_err(de::Error::custom)?)
                            .is_some(),
                    };
                    if is_duplicate {
                        return Err(de::Error::custom(format!("duplicate key `{key}`")));
                    }
                }
                build(name, values)
                    .map(JsonFilter)
                    .map_err(de::Error::custom)
            }
        }

        deserializer.deserialize_map(Members)
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use proptest::prelude::*;

    use super::{
        super::shorthand::tests::{quoted, text},
        *,
    };

    fn filters(argument: &str) -> Vec<Filter> {
        parse_filters(&[argument.to_owned()]).unwrap_or_else(|error| panic!("{error}"))
    }

    fn filter(name: &str, values: &[&str]) -> Filter {
        Filter {
            name: name.to_owned(),
            values: values.iter().map(|value| (*value).to_owned()).collect(),
        }
    }

    fn error_of(argument: &str) -> String {
        parse_filters(&[argument.to_owned()])
            .expect_err(argument)
            .to_string()
    }

    #[test]
    fn accepts_shorthand_and_json() {
        let one = [filter("account-id", &["1"])];
        let two = [filter("account-id", &["1", "2"])];
        for argument in [
            "Name=account-id,Values=1",
            "Values=1,Name=account-id",
            "Name='account-id',\n Values=[1]",
            r#"{"Name": "account-id", "Values": ["1"]}"#,
            r#" [{"Values": ["1"], "Name": "account-id"}]"#,
        ] {
            assert_eq!(filters(argument), one, "{argument}");
        }
        for argument in [
            "Name=account-id,Values=1,2",
            r#"{"Name": "account-id", "Values": ["1", "2"]}"#,
        ] {
            assert_eq!(filters(argument), two, "{argument}");
        }
    }

    #[test]
    fn preserves_the_order_of_arguments_and_arrays() {
        let arguments = [
            "Name=a,Values=1",
            r#"[{"Name":"b","Values":["2"]},{"Name":"a","Values":["3"]}]"#,
            "Name=c,Values=4",
        ]
        .map(str::to_owned);
        let expected = [
            filter("a", &["1"]),
            filter("b", &["2"]),
            filter("a", &["3"]),
            filter("c", &["4"]),
        ];
        assert_eq!(parse_filters(&arguments).unwrap(), expected);
    }

    /// The AWS CLI also sends empty values.
    #[test]
    fn an_empty_value_is_valid() {
        assert_eq!(filters("Name=a,Values="), [filter("a", &[""])]);
        assert_eq!(filters("Name=a,Values=,b"), [filter("a", &["", "b"])]);
    }

    #[test]
    fn invalid_shorthand_has_a_caret_under_the_key() {
        for (argument, expected) in [
            (
                "account-id=1",
                "--filter: unknown key `account-id`; write Name=NAME,Values=VALUE,... (for example \
                 Name=account-id,Values=123456789012)\n  account-id=1\n  ^",
            ),
            (
                "Name=a,Value=b",
                "--filter: unknown key `Value`; did you mean `Values`?\n  Name=a,Value=b\n         ^",
            ),
            (
                "name=a,Values=b",
                "--filter: unknown key `name`; did you mean `Name`?\n  name=a,Values=b\n  ^",
            ),
            (
                "Values=b,Name=",
                "--filter: `Name` is empty; set it to a filter name such as account-id\n  Values=b,Name=\n           ^",
            ),
            (
                "Name=a,Values=[]",
                "--filter: `Values` is empty; a filter needs at least one value\n  \
                 Name=a,Values=[]\n         ^",
            ),
            (
                "Name=a,b,Values=c",
                "--filter: `Name` takes a single name; use one filter per name\n  \
                 Name=a,b,Values=c\n  ^",
            ),
            (
                "Name=a,Values=[b,[c]]",
                "--filter: `Values` cannot contain another list\n  Name=a,Values=[b,[c]]\n         ^",
            ),
            (
                "Name=a,Values={b=c}",
                "--filter: `Values` takes text and cannot contain {}\n  Name=a,Values={b=c}\n         ^",
            ),
            (
                "Name=a,Values=b,Name=c",
                "--filter: duplicate key `Name`\n  Name=a,Values=b,Name=c\n                  ^",
            ),
        ] {
            assert_eq!(error_of(argument), expected);
        }
        assert!(error_of("Name=a").starts_with("--filter: `Values` is missing; write Name="));
        assert!(error_of("Values=a").starts_with("--filter: `Name` is missing; write Name="));
        for empty in ["", " \n"] {
            assert!(error_of(empty).starts_with("--filter: the filter is empty; write Name="));
        }
    }

    #[test]
    fn invalid_json_has_a_caret_under_the_error() {
        for (argument, expected) in [
            (
                r#"{"Name": "a", "Values": ["b", 1]}"#,
                "--filter: JSON: invalid type: integer `1`, expected a string\n  \
                 {\"Name\": \"a\", \"Values\": [\"b\", 1]}\n                                ^",
            ),
            (
                r#"{"Name": "a", "Values": "b"}"#,
                "--filter: JSON: invalid type: string \"b\", expected a sequence\n  \
                 {\"Name\": \"a\", \"Values\": \"b\"}\n                            ^",
            ),
            (
                r#"{"Name": "a" "Values": ["b"]}"#,
                "--filter: JSON: expected `,` or `}`\n  {\"Name\": \"a\" \"Values\": [\"b\"]}\n               ^",
            ),
            (
                "[{\"Name\": \"é\",\n\"Value\": [\"b\"]}]",
                "--filter: JSON: unknown key `Value`; did you mean `Values`? (line 2, column 7)\n  \
                 \"Value\": [\"b\"]}]\n        ^",
            ),
        ] {
            assert_eq!(error_of(argument), expected);
        }
        for (argument, expected) in [
            (r#"{"Name": "a"}"#, "`Values` is missing"),
            (r#"{"Values": ["a"]}"#, "`Name` is missing"),
            (r#"{"Name": "", "Values": ["a"]}"#, "`Name` is empty"),
            (r#"{"Name": null, "Values": ["a"]}"#, "invalid type: null"),
            (r#"{"Name": "a", "Values": []}"#, "`Values` is empty"),
            (r#"{"Name": "a", "Name": "b"}"#, "duplicate key `Name`"),
            (r#"[["a", ["b"]]]"#, "expected an object such as"),
            ("[{}", "`Name` is missing"),
            ("[", "EOF while parsing"),
            (
                r#"{"Name": "a", "Values": ["b"]} {}"#,
                "trailing characters",
            ),
        ] {
            let error = error_of(argument);
            assert!(error.contains(expected), "{error}");
        }
        assert!(error_of(&"[".repeat(100_000)).contains("expected an object such as"));
    }

    #[test]
    fn a_file_may_contain_any_form() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("filters");
        let argument = format!("file://{}", path.display());
        for text in [
            "\u{feff}[{\"Name\": \"a\",\r\n\"Values\": [\"b\"]}]\r\n",
            "Name=a,Values=[b]\n",
        ] {
            fs::write(&path, text).unwrap();
            assert_eq!(filters(&argument), [filter("a", &["b"])]);
        }
        fs::write(&path, "[{\"Name\": \"a\",\n\"Values\": b}]").unwrap();
        let error = error_of(&argument);
        assert!(
            error.starts_with(&format!(
                "--filter: in {argument}: JSON: expected value (line 2, column 11)"
            )),
            "{error}"
        );
        assert!(error_of("file:///none").starts_with("--filter: cannot read \"/none\": "));
    }

    proptest! {
        #[test]
        fn any_name_and_values_can_be_expressed(
            name in text().prop_filter("empty", |name| !name.is_empty()),
            values in proptest::collection::vec(text(), 1..5),
            quote in proptest::sample::select(vec!['\'', '"']),
        ) {
            let expected = vec![Filter { name: name.clone(), values: values.clone() }];
            let list: Vec<String> = values.iter().map(|value| quoted(value, quote)).collect();
            let name_text = quoted(&name, quote);
            let list = list.join(", ");
            for argument in [
                format!("Name={name_text},Values={list}"),
                format!("Values=[{list}] ,\nName = {name_text}"),
                serde_json::json!({"Name": name, "Values": values}).to_string(),
                serde_json::json!([{"Values": values, "Name": name}]).to_string(),
            ] {
                prop_assert_eq!(&filters(&argument), &expected, "{}", argument);
            }
        }

        #[test]
        fn any_text_is_a_filter_or_an_error(argument in "[\\[{]?[\"a:,\\[\\]{} \n😀]{0,20}|.*") {
            let _ = parse_filters(&[argument]);
        }
    }
}
