//! The JSON Schemas in `docs/schemas` describe the output of every command.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::support::words;

/// Each schema with command lines whose JSON it describes: on stdout, or on stderr for messages.
const LINES: [(&str, &[&str]); 17] = [
    (
        "entries",
        &[
            "entries --offline",
            "entries --offline --max-items 1",
            "entries --offline --region eu-west-1,us-east-1",
            "describe-image-usage-report-entries --offline --image-ids ami-0123456789abcdef0",
        ],
    ),
    (
        "reports-list",
        &[
            "reports list --offline",
            "reports list --offline --max-items 2",
            "describe-image-usage-reports --offline --region eu-west-1,us-east-1",
        ],
    ),
    (
        "images",
        &[
            "images --offline --max-items 1",
            "images --offline --include-disabled --include-deprecated",
        ],
    ),
    (
        "references",
        &[
            "references --offline --image-ids ami-05f6e7d8c9b0a1928 --include-all-resource-types --region eu-west-1,us-east-1",
        ],
    ),
    ("regions", &["regions --offline"]),
    (
        "reports-create",
        &["reports create --offline --image-ids ami-0abcdef1234567890 ami-1a2b3c4d"],
    ),
    (
        "reports-delete",
        &["reports delete --offline --report-ids amiur-11111111111111111 amiur-22222222222222222"],
    ),
    (
        "check",
        &[
            "check --offline --owned",
            "check --offline --owned --auto-scaling --launch-permissions",
            "check --offline --name nothing-* --region eu-west-1,us-east-1",
        ],
    ),
    ("check-dry-run", &["check --offline --owned --dry-run"]),
    (
        "diff",
        &["diff --offline --all amiur-0a1b2c3d4e5f60718 amiur-0a1b2c3d4e5f60718"],
    ),
    (
        "summary",
        &[
            "summary --offline --owned --details --allow-missing",
            "summary --offline --owned --by account,resource-type,region --top 2 --account-names organizations --allow-missing",
        ],
    ),
    (
        "diff-summary",
        &["diff --offline --image-ids ami-1a2b3c4d --error-format json"],
    ),
    (
        "summary-totals",
        &["summary --offline --owned --error-format json"],
    ),
    (
        "create-image-usage-report",
        &[
            "create-image-usage-report --offline --image-id ami-1a2b3c4d --resource-types ResourceType=ec2:Instance",
        ],
    ),
    (
        "delete-image-usage-report",
        &["delete-image-usage-report --offline --report-id amiur-11111111111111111"],
    ),
    (
        "error",
        &[
            "entries --offline --image-ids bogus --error-format json",
            "entries --offline --no-such-option --error-format json",
            "entries --offline --region eu-west-1,nowhere --image-ids bogus --error-format json",
        ],
    ),
    (
        "check-summary",
        &["check --offline --owned --error-format json"],
    ),
];

/// A schema, in the part of JSON Schema that the files use.
struct Schema<'a> {
    root: &'a Value,
    /// The members and keywords that were met, to prove that the test meets most.
    met: BTreeSet<String>,
}

impl Schema<'_> {
    /// Checks a value. Members that the schema does not have are errors here.
    fn check(&mut self, schema: &Value, value: &Value, path: &str) {
        for (keyword, argument) in schema.as_object().unwrap() {
            match keyword.as_str() {
                "$schema" | "$defs" | "title" | "description" => {}
                "$ref" => {
                    let pointer = argument.as_str().unwrap().trim_start_matches('#');
                    let root = self.root;
                    self.check(root.pointer(pointer).unwrap(), value, path);
                }
                "type" => {
                    let is_type = match argument.as_str().unwrap() {
                        "object" => value.is_object(),
                        "array" => value.is_array(),
                        "string" => value.is_string(),
                        "integer" => value.is_i64(),
                        "boolean" => value.is_boolean(),
                        other => panic!("{path}: type {other}"),
                    };
                    assert!(is_type, "{path}: {value} is not a {argument}");
                }
                "properties" => {
                    for (name, member) in value.as_object().unwrap() {
                        let path = format!("{path}.{name}");
                        let schema = argument.get(name);
                        let schema =
                            schema.unwrap_or_else(|| panic!("{path} is not in the schema"));
                        self.check(schema, member, &path);
                        self.met.insert(path);
                    }
                }
                "required" => {
                    for name in argument.as_array().unwrap() {
                        assert!(
                            value.get(name.as_str().unwrap()).is_some(),
                            "{path}: no {name}"
                        );
                    }
                }
                "items" => {
                    for item in value.as_array().unwrap() {
                        self.check(argument, item, path);
                    }
                }
                "oneOf" => {
                    let mut values = argument.as_array().unwrap().iter();
                    assert!(
                        values.any(|schema| schema["const"] == *value),
                        "{path}: {value}"
                    );
                }
                "minimum" => assert!(value.as_i64() >= argument.as_i64(), "{path}: {value}"),
                "maximum" => assert!(value.as_i64() <= argument.as_i64(), "{path}: {value}"),
                "format" => {
                    assert_eq!(argument, "date-time", "{path}");
                    let time = value.as_str().unwrap();
                    assert!(
                        time.ends_with('Z') && time.as_bytes()[10] == b'T',
                        "{path}: {time}"
                    );
                }
                other => panic!("{path}: keyword {other}"),
            }
        }
    }
}

/// The number of members of all objects in a schema.
fn count_members(schema: &Value) -> usize {
    let members = schema["properties"]
        .as_object()
        .map_or(0, |members| members.len());
    let definitions = schema["$defs"].as_object().into_iter().flatten();
    members
        + definitions
            .map(|(_, schema)| count_members(schema))
            .sum::<usize>()
}

#[test]
fn schemas_describe_the_output_of_every_command() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/schemas");
    for (name, lines) in LINES {
        let file = fs::read_to_string(directory.join(format!("{name}.json"))).unwrap();
        let root: Value = serde_json::from_str(&file).unwrap();
        let mut schema = Schema {
            root: &root,
            met: BTreeSet::new(),
        };
        for line in lines {
            let output = words(line).output().unwrap();
            let is_message = line.contains("--error-format");
            let text = String::from_utf8(if is_message {
                output.stderr
            } else {
                output.stdout
            })
            .unwrap();
            let text = if is_message {
                text.lines().last().unwrap()
            } else {
                &text
            };
            let value = serde_json::from_str(text)
                .unwrap_or_else(|error| panic!("{line}: {error}: {text}"));
            schema.check(&root, &value, line.split(' ').next().unwrap());
        }
        let (met, all) = (schema.met.len(), count_members(&root));
        assert!(
            met * 10 >= all * 6,
            "{name}: {met} of {all}: {:#?}",
            schema.met
        );
    }
    let mut files: Vec<String> = fs::read_dir(&directory)
        .unwrap()
        .map(|file| file.unwrap().file_name().into_string().unwrap())
        .collect();
    files.sort();
    let mut names = LINES.map(|(name, _)| format!("{name}.json"));
    names.sort();
    assert_eq!(files, names);
}
