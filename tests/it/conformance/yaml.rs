//! Generated documents in YAML, compared with `ruamel.yaml`, which version 2 of the AWS CLI writes them with.

use amiusage::output::{Format, Options, Query, writer};
use proptest::prelude::*;
use proptest::sample::select;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use serde_json::{Value, json};

use super::{Document, python};
use crate::formats::Sink;

/// The number of generated documents.
const CASES: usize = 20_000;

/// Answers each document with the output of the AWS CLI for all rows, for pages, and for a query.
const SCRIPT: &str = r#"
import io, json, sys
from ruamel.yaml import YAML
def dump(value):
    if not isinstance(value, (dict, list)):
        return json.dumps(value, ensure_ascii=False) + "\n"
    out, yaml = io.StringIO(), YAML(typ="safe")
    yaml.encoding = None
    yaml.representer.default_flow_style = False
    yaml.dump(value, out)
    return out.getvalue()
for line in sys.stdin:
    document = json.loads(line)
    listing = {"Documents": [document]}
    print(json.dumps([dump(listing), dump([listing]), "" if document == {} else dump(document)]))
"#;

/// Strings that YAML may read as another type, fold, or confuse with its own syntax.
fn text() -> impl Strategy<Value = String> {
    const PARTS: [&str; 60] = [
        " ",
        " ",
        "  ",
        "\n",
        "\n\n",
        "\r",
        "\t",
        "\0",
        "\x1b",
        "\x7f",
        "\u{85}",
        "\u{9b}",
        "\u{a0}",
        "\u{2028}",
        "\u{202e}",
        "\u{feff}",
        "\u{ffff}",
        "é",
        "日本",
        "🙂",
        ":",
        ": ",
        "#",
        " #",
        "-",
        "- ",
        "?",
        "? ",
        "---",
        "...",
        "'",
        "\"",
        "\\",
        "&",
        "*",
        "!",
        "|",
        ">",
        "%",
        "@",
        "`",
        ",",
        "[",
        "]",
        "{",
        "}",
        "=",
        "<<",
        "~",
        "null",
        "true",
        "Yes",
        "off",
        "a",
        "word",
        "ami-0abcdef1234567890",
        "2025-10-20",
        "1e3",
        "$HOME",
        "<b>",
    ];
    let words = || prop::collection::vec(select(&PARTS[..]), 0..6).prop_map(|parts| parts.concat());
    let long = prop::collection::vec(
        prop_oneof![words(), "[a-z]{20,50} {1,2}", "[a-z' ]{0,30}"],
        2..6,
    );
    prop_oneof![
        4 => words(),
        2 => long.prop_map(|parts| parts.concat()),
        2 => "[-+0-9._eExobTZ: ]{0,12}",
        1 => "[-+]?[0-9_]{0,3}[.]?[0-9_]{0,3}([eE][-+]?[0-9]{0,2})?",
        1 => "[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}([Tt ]{1,2}[0-9]{1,2}:[0-9]{2}:[0-9]{2}([.][0-9]{0,3})?( ?(Z|[-+][0-9]{1,3}(:[0-9]{2})?))?)?",
    ]
}

fn document() -> impl Strategy<Value = Value> {
    let scalar = prop_oneof![
        8 => text().prop_map(Value::from),
        1 => any::<i64>().prop_map(Value::from),
        1 => any::<i32>().prop_map(|eighths| json!(f64::from(eighths) / 8.0)),
        1 => select(vec![json!(null), json!(true), json!(0), json!(1e16), json!(-1e-7), json!([]), json!({})]),
    ];
    scalar.prop_recursive(4, 16, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((prop_oneof![text(), "[a-z]{125,132}"], inner), 0..4)
                .prop_map(|members| members.into_iter().collect()),
        ]
    })
}

/// The output of this program, of rows on one page.
fn written(format: Format, query: Option<&str>, document: &Value) -> String {
    let options = Options {
        query: query.map(|query| Query::parse(query).unwrap()),
        ..Options::new(format)
    };
    let buffer = Sink::default();
    let mut writer = writer(options, Box::new(buffer.clone()));
    writer.page(None, &[Document(document.clone())]).unwrap();
    writer.end_page().unwrap();
    writer.finish(None).unwrap();
    buffer.text()
}

#[test]
#[ignore = "needs the AWS CLI: .ci/run runs it"]
fn conformance_of_generated_yaml() {
    let mut runner = TestRunner::deterministic();
    let strategy = document();
    let documents: Vec<Value> = (0..CASES)
        .map(|_| strategy.new_tree(&mut runner).unwrap().current())
        .collect();
    let input = documents.iter().map(|document| document.to_string() + "\n");
    let expected = python(SCRIPT, input.collect());
    assert_eq!(expected.lines().count(), CASES);
    for (document, expected) in documents.iter().zip(expected.lines()) {
        let expected: [String; 3] = serde_json::from_str(expected).unwrap();
        let actual = [
            written(Format::Yaml, None, document),
            written(Format::YamlStream, None, document),
            written(Format::Yaml, Some("Documents[0]"), document),
        ];
        assert_eq!(actual, expected, "{document}");
    }
}
