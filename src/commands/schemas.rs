//! The JSON Schemas in `docs/schemas`, generated from the types of the rows and messages.
//!
//! `SNAPSHOTS=overwrite cargo test` rewrites the files. `tests/it/schemas.rs` compares them with the output of the program.

use std::path::Path;

use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, SchemaGenerator};
use serde_json::{Value, json};
use snapbox::data::DataFormat;
use snapbox::{Data, assert_data_eq};

use super::check::Summary;
use super::terminal::{ErrorFields, Report as Message};
use crate::entries::Entry;
use crate::images::{ImageRow, Reference, RegionRow};
use crate::output::Record;
use crate::reports::{CreateRow, DeleteRow, Report};
use crate::verdict::{PlannedCall, Row};
use crate::{diff, summary};

fn generator() -> SchemaGenerator {
    SchemaSettings::draft2020_12()
        .for_serialize()
        .into_generator()
}

/// The schema of a list of rows, which `--max-items` may cut.
fn listing<R: Record + JsonSchema>(command: &str) -> Value {
    let mut schema = rows::<R>(command);
    let token = "The resume token, if `--max-items` or `--no-paginate` ended the output.";
    schema["properties"]["NextToken"] = json!({ "type": "string", "description": token });
    schema
}

/// The schema of a list of rows.
fn rows<R: Record + JsonSchema>(command: &str) -> Value {
    let mut generator = generator();
    let items = generator.subschema_for::<R>();
    let mut definitions = generator.take_definitions(true);
    let region =
        json!({ "type": "string", "description": "The Region, in output of several Regions." });
    definitions[&*R::schema_name()]["properties"]["Region"] = region;
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": R::LIST,
        "description": format!(
            "Output of `amiusage {command}` in JSON. In NDJSON, each line is an item of the list. With `--columns`, items \
             have only the requested members."
        ),
        "type": "object",
        "properties": { R::LIST: { "type": "array", "items": items } },
        "required": [R::LIST],
        "$defs": definitions,
    })
}

/// The schema of a line on stderr.
fn message<T: JsonSchema>(title: &str, description: &str) -> Value {
    let mut schema = generator().into_root_schema_for::<T>().to_value();
    schema["title"] = title.into();
    schema["description"] = description.into();
    schema
}

/// The schema of the answer of an action to a command line of the AWS CLI.
fn response(action: &str, member: &str, kind: &str) -> Value {
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": action,
        "description": "Output of a command line of the AWS CLI, in its form.",
        "type": "object",
        "properties": { member: { "type": kind } },
        "required": [member],
    })
}

/// Adapts a schema to the output: an absent member is omitted, never null, and a later version may add members.
fn adapt(schema: &mut Value) {
    match schema {
        Value::Object(keywords) => {
            keywords.remove("additionalProperties");
            let format = keywords.get("format").and_then(Value::as_str);
            if format.is_some_and(|format| format.contains("int")) {
                keywords.remove("format");
            }
            let types = keywords.get("type").and_then(Value::as_array);
            if let Some([kind, _null]) = types.map(Vec::as_slice) {
                let kind = kind.clone();
                keywords.insert("type".to_owned(), kind);
            }
            if let Some(variants) = keywords.remove("anyOf") {
                let kind = variants[0].as_object().expect("the type of an option");
                keywords.extend(kind.clone());
            }
            if let Some(Value::String(text)) = keywords.get_mut("description") {
                // The first paragraph of the comment.
                *text = text
                    .split("\n\n")
                    .next()
                    .unwrap_or_default()
                    .replace('\n', " ");
            }
            keywords.values_mut().for_each(adapt);
        }
        Value::Array(values) => values.iter_mut().for_each(adapt),
        _ => {}
    }
}

#[test]
fn schemas_are_up_to_date() {
    let schemas = [
        ("entries", listing::<Entry>("entries")),
        ("reports-list", listing::<Report>("reports list")),
        ("images", listing::<ImageRow>("images")),
        ("references", listing::<Reference>("references")),
        ("regions", listing::<RegionRow>("regions")),
        ("reports-create", rows::<CreateRow>("reports create")),
        ("reports-delete", rows::<DeleteRow>("reports delete")),
        ("check", rows::<Row>("check")),
        ("diff", rows::<diff::Row>("diff")),
        ("summary", rows::<summary::Row>("summary")),
        ("check-dry-run", rows::<PlannedCall>("check --dry-run")),
        (
            "create-image-usage-report",
            response("CreateImageUsageReport", "ReportId", "string"),
        ),
        (
            "delete-image-usage-report",
            response("DeleteImageUsageReport", "Return", "boolean"),
        ),
        (
            "error",
            message::<Message<ErrorFields>>(
                "Error",
                "An error on stderr, with `--error-format json`, on one line.",
            ),
        ),
        (
            "check-summary",
            message::<Message<Summary>>(
                "CheckSummary",
                "The last line of `amiusage check` on stderr, with `--error-format json`.",
            ),
        ),
        (
            "diff-summary",
            message::<Message<super::diff::Summary>>(
                "DiffSummary",
                "The last line of `amiusage diff` on stderr, with `--error-format json`.",
            ),
        ),
        (
            "summary-totals",
            message::<Message<summary::Totals>>(
                "SummaryTotals",
                "The last line of an incomplete `amiusage summary` on stderr, with `--error-format json`.",
            ),
        ),
    ];
    for (name, mut schema) in schemas {
        adapt(&mut schema);
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("docs/schemas/{name}.json"));
        let json = format!("{schema:#}\n");
        assert_data_eq!(json, Data::read_from(&path, Some(DataFormat::Text)).raw());
    }
}
