//! Generated queries on generated documents, compared with the `jmespath` package of the AWS CLI.

use amiusage::output::{Format, Options, Query, writer};
use proptest::prelude::*;
use proptest::sample::select;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use serde_json::{Value, json};

use super::{Document, python};
use crate::formats::Sink;

/// The number of generated cases.
const CASES: usize = 20_000;

/// Answers each line `[expression, document]` with the result as the AWS CLI prints it, or null for an error.
const SCRIPT: &str = r#"
import collections, json, sys, warnings, jmespath
warnings.simplefilter("ignore")
options = jmespath.Options(collections.OrderedDict)
for line in sys.stdin:
    expression, document = json.loads(line)
    try:
        result = json.dumps(jmespath.search(expression, document, options), indent=4, ensure_ascii=False)
    except (jmespath.exceptions.JMESPathError, TypeError, ValueError):
        result = None
    print(json.dumps(result))
"#;

/// The result of a query on `{"Documents": [document]}` as this program prints it; `None` for an error.
fn result(expression: &str, document: Value) -> Result<String, String> {
    let query = Query::parse(expression).map_err(|error| error.to_string())?;
    let options = Options {
        query: Some(query),
        ..Options::new(Format::Json)
    };
    let buffer = Sink::default();
    let mut writer = writer(options, Box::new(buffer.clone()));
    let written = writer
        .page(None, &[Document(document)])
        .and_then(|()| writer.finish(None));
    drop(writer);
    written.map_err(|error| error.to_string())?;
    Ok(buffer.text().trim_end().to_owned())
}

fn document() -> impl Strategy<Value = Value> {
    let scalar = select(vec![
        json!(null),
        json!(true),
        json!(false),
        json!(0),
        json!(1),
        json!(-7),
        json!(1.0),
        json!(2.5),
        json!(0.00001),
        json!(1e16),
        json!(""),
        json!("a"),
        json!("b"),
        json!("12"),
        json!("é🙂\n"),
    ]);
    let key = select(vec!["a", "b", "c", "d e"]);
    scalar.prop_recursive(4, 40, 4, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((key.clone(), inner), 0..4).prop_map(|members| members
                .into_iter()
                .map(|(key, value)| (key.to_owned(), value))
                .collect()),
        ]
    })
}

/// Expressions without parentheses around their parts, so that the result depends on the precedence.
fn expression() -> impl Strategy<Value = String> {
    const LEAVES: [&str; 20] = [
        "a",
        "b",
        "c",
        "\"d e\"",
        "@",
        "*",
        "[0]",
        "[*]",
        "[]",
        "[1:]",
        "`1`",
        "`2.5`",
        "`null`",
        "`[1, [2], 1e-7]`",
        "`{\"b\": 1, \"a\": 2}`",
        "`text`",
        "'a'",
        "''",
        "`\"12\"`",
        "Documents",
    ];
    const SUFFIXES: [&str; 17] = [
        ".a",
        ".b",
        ".*",
        ".\"d e\"",
        "[*]",
        "[]",
        "[0]",
        "[-1]",
        "[1]",
        "[1:]",
        "[::-1]",
        "[:-1]",
        "[0:5:2]",
        ".[a, b]",
        ".{b: b, a: @}",
        ".keys(@)",
        ".length(@)",
    ];
    const OPERATORS: [&str; 10] = [
        " | ", " || ", " && ", " == ", " != ", " < ", " <= ", " > ", " >= ", ".",
    ];
    const FUNCTIONS: [&str; 18] = [
        "abs",
        "avg",
        "ceil",
        "floor",
        "keys",
        "length",
        "max",
        "min",
        "not_null",
        "reverse",
        "sort",
        "sum",
        "to_array",
        "to_number",
        "to_string",
        "type",
        "values",
        "merge",
    ];
    const PAIRS: [&str; 4] = ["contains", "ends_with", "join", "starts_with"];
    const BY: [&str; 3] = ["max_by", "min_by", "sort_by"];
    select(&LEAVES[..]).prop_map(str::to_owned).prop_recursive(5, 24, 3, |inner| {
        let i = || inner.clone();
        prop_oneof![
            4 => (i(), select(&SUFFIXES[..])).prop_map(|(left, suffix)| left + suffix),
            4 => (i(), select(&OPERATORS[..]), i()).prop_map(|(left, operator, right)| left + operator + &right),
            2 => (i(), i()).prop_map(|(left, condition)| format!("{left}[?{condition}]")),
            1 => i().prop_map(|inner| format!("!{inner}")),
            1 => i().prop_map(|inner| format!("({inner})")),
            1 => (i(), i()).prop_map(|(first, second)| format!("[{first}, {second}]")),
            1 => (i(), i()).prop_map(|(first, second)| format!("{{z: {first}, \"y\": {second}}}")),
            2 => (select(&FUNCTIONS[..]), i()).prop_map(|(name, inner)| format!("{name}({inner})")),
            1 => (select(&PAIRS[..]), i(), i()).prop_map(|(name, first, second)| format!("{name}({first}, {second})")),
            1 => (select(&BY[..]), i(), i()).prop_map(|(name, array, by)| format!("{name}({array}, &{by})")),
            1 => (i(), i()).prop_map(|(each, array)| format!("map(&{each}, {array})")),
        ]
    })
}

/// Tokens in any order: most are invalid.
fn tokens() -> impl Strategy<Value = String> {
    const TOKENS: [&str; 36] = [
        "a",
        "b",
        "\"a\"",
        "@",
        "*",
        ".",
        "[",
        "]",
        "[]",
        "[*]",
        "[?",
        "(",
        ")",
        "{",
        "}",
        ",",
        ":",
        "0",
        "1",
        "-1",
        "|",
        "||",
        "&&",
        "!",
        "==",
        "<",
        "=",
        "&",
        "-",
        "'a'",
        "`1`",
        "`a`",
        "`",
        "keys(",
        "a:",
        "Documents",
    ];
    (
        prop::collection::vec(select(&TOKENS[..]), 1..8),
        select(vec!["", " "]),
    )
        .prop_map(|(tokens, separator)| tokens.join(separator))
}

#[test]
#[ignore = "needs the AWS CLI: .ci/run runs it"]
fn conformance_of_generated_queries() {
    let mut runner = TestRunner::deterministic();
    let case = (
        prop_oneof![
            3 => expression().prop_map(|expression| format!("Documents[0] | {expression}")),
            1 => tokens(),
        ],
        document(),
    );
    let cases: Vec<(String, Value)> = (0..CASES)
        .map(|_| case.new_tree(&mut runner).unwrap().current())
        .collect();
    let input: String = cases
        .iter()
        .map(|(expression, document)| {
            json!([expression, {"Documents": [document]}]).to_string() + "\n"
        })
        .collect();

    let expected: Vec<Option<String>> = python(SCRIPT, input)
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(expected.len(), cases.len());

    let mut compared = 0;
    let mut differences = Vec::new();
    for ((expression, document), expected) in cases.into_iter().zip(expected) {
        let actual = result(&expression, document.clone());
        // Here an unknown function is an error even if it is never called, and `&` is an error even if it has no effect.
        const STRICTER: [&str; 2] = ["there is no function", "'&' is valid only"];
        if matches!(&actual, Err(error) if STRICTER.iter().any(|text| error.contains(text))) {
            continue;
        }
        compared += usize::from(expected.as_deref().is_some_and(|result| result != "null"));
        if actual.as_ref().ok() != expected.as_ref() {
            differences.push(format!(
                "{expression}\non {document}\nAWS CLI: {expected:?}\namiusage: {actual:?}"
            ));
        }
    }
    assert!(
        differences.is_empty(),
        "{} differences\n{}",
        differences.len(),
        differences
            .iter()
            .take(20)
            .cloned()
            .collect::<Vec<_>>()
            .join("\n\n")
    );
    assert!(
        compared > CASES / 10,
        "only {compared} queries have a result"
    );
}
