//! Expressions that do not compile, and results as those of `jmespath.py` 1.1.0.

use serde_json::{Value, json};

use super::{MAX_OPERATORS, Query, quote_literals};

fn search(expression: &str, document: &Value) -> Result<Value, String> {
    let query = Query::compile(expression).map_err(|error| error.to_string())?;
    query.search(document).map_err(|error| error.to_string())
}

#[test]
fn results_are_those_of_the_aws_cli() {
    let document = json!({"entries": [
        {"Type": "b", "Count": 15, "Time": "2025-09-29T13:27:12.322Z"},
        {"Type": "a", "Count": 4, "Time": "2025-10-01T13:36:14.517Z"},
        {"Type": "b", "Count": 0},
    ]});
    for (expression, result) in [
        // Strings are ordered, other types have no order.
        ("entries[?Time > '2025-10'].Count", "[4]"),
        ("entries[?Time <= '2025-09-29T13:27:12.322Z'].Count", "[15]"),
        ("'a' < 'b'", "true"),
        ("`null` < `1`", "null"),
        ("`true` < `1`", "null"),
        // Objects keep the order of their keys.
        ("entries[0].keys(@)", r#"["Type","Count","Time"]"#),
        ("entries[0].*", r#"["b",15,"2025-09-29T13:27:12.322Z"]"#),
        ("entries[0].values(@)[1]", "15"),
        ("entries[1].{z: Type, a: Count}", r#"{"z":"a","a":4}"#),
        (
            "merge({z: '1', b: '2'}, {a: '3', z: '4'})",
            r#"{"z":"4","b":"2","a":"3"}"#,
        ),
        // Integers stay integers, floats stay floats.
        ("`15.0`", "15.0"),
        ("`15`", "15"),
        ("sum(entries[].Count)", "19"),
        ("sum(`[1.5, 1.5]`)", "3.0"),
        ("sum(`[]`)", "0"),
        ("sum(`[9223372036854775807, 1]`)", "9223372036854775808"),
        ("avg(`[2, 2]`)", "2.0"),
        ("avg(`[]`)", "null"),
        ("max(`[]`)", "null"),
        ("max(`[1, 1.0]`)", "1"),
        ("abs(`-3.0`)", "3.0"),
        ("ceil(`1.2`)", "2"),
        ("floor(`-1.2`)", "-2"),
        ("to_number('1.0')", "1.0"),
        ("to_number(' 7 ')", "7"),
        ("to_number('x')", "null"),
        ("sort(`[3, 1.0, 2]`)", "[1.0,2,3]"),
        // Equality.
        ("`1` == `1.0`", "true"),
        ("`1` == `true`", "false"),
        ("`[1]` == `[true]`", "true"),
        ("contains(`[1, 2]`, `1.0`)", "true"),
        ("!`0`", "false"),
        // Strings are sequences of characters, and printed in ASCII.
        ("length('日本é')", "3"),
        ("reverse('abé')", r#""éba""#),
        (
            "to_string({a: 'é', b: `1.0`})",
            r#""{\"a\":\"\\u00e9\",\"b\":1.0}""#,
        ),
        // A literal that is not JSON is a string.
        ("entries[?Type == `a`] | length(@)", "1"),
        // Projections, slices and indices.
        ("entries[::-1].Count", "[0,4,15]"),
        ("entries[-2:].Count", "[4,0]"),
        ("entries[5:0:-1].Count", "[0,4]"),
        ("entries[-1].Count", "0"),
        ("entries[-4]", "null"),
        ("`[[1, 2], 3, []]`[]", "[1,2,3]"),
        ("`[1, null, 2]`[*]", "[1,2]"),
        ("map(&Time, entries) | [2]", "null"),
        ("sort_by(entries, &Type)[].Count", "[4,15,0]"),
        ("max_by(entries, &Count).Type", r#""b""#),
        ("min_by(entries, &Type).Count", "4"),
        ("not_null(nothing, entries[0].Count)", "15"),
        ("nothing.{a: b}", "null"),
    ] {
        assert_eq!(
            search(expression, &document).map(|value| value.to_string()),
            Ok(result.to_owned()),
            "{expression}"
        );
    }
}

/// The official compliance tests, in `testdata/compliance.json` (https://github.com/jmespath/jmespath.test, MIT license,
/// as distributed with the `jmespath` crate 0.5.0).
#[test]
fn the_compliance_tests_pass() {
    /// The AWS CLI differs from these too.
    const EXCEPTIONS: &[&str] = &[];
    let suites: Vec<Value> =
        serde_json::from_str(include_str!("testdata/compliance.json")).unwrap();
    let mut failures = Vec::new();
    for suite in suites {
        for case in suite["cases"].as_array().unwrap() {
            let expression = case["expression"].as_str().unwrap();
            let result = search(expression, &suite["given"]);
            let is_expected = match &result {
                Ok(value) => case.get("result") == Some(value),
                Err(_) => case.get("error").is_some(),
            };
            if is_expected == EXCEPTIONS.contains(&expression) {
                failures.push(format!("{case}: {result:?}"));
            }
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn values_of_the_wrong_type_are_errors() {
    for (expression, message) in [
        ("'a' < `1`", "a string and a number cannot be compared"),
        (
            "avg(`[\"a\"]`)",
            "avg() takes an array of numbers, not a value of type string",
        ),
        (
            "length(`1`)",
            "length() takes a string, an array or an object, not a value of type number",
        ),
        (
            "sort(`[1, \"a\"]`)",
            "sort() takes an array of numbers or an array of strings",
        ),
        (
            "sort_by(`[{\"a\":1},{\"a\":\"x\"}]`, &a)",
            "sort_by() takes an array of numbers or an array of strings",
        ),
        (
            "max_by(`[{\"a\":null}]`, &a)",
            "max_by() takes an expression for a number or a string, not a value of type null",
        ),
        (
            "contains('abc', `1`)",
            "contains() takes a string as the second argument for a string",
        ),
        ("abs()", "abs() got 0 arguments; it takes 1"),
        ("map(`[]`, &a)", "map() takes &EXPRESSION, not a value"),
        (
            "join(`1`, `[]`)",
            "join() takes strings, not a value of type number",
        ),
        ("`[1]`[::0]", "the step of a slice cannot be 0"),
    ] {
        let error = search(expression, &Value::Null).unwrap_err();
        assert!(error.contains(message), "{expression}: {error}");
    }
}

#[test]
fn an_error_has_a_caret_under_its_place() {
    let message = |expression| Query::compile(expression).unwrap_err().to_string();
    snapbox::assert_data_eq!(
        message("ImageUsageReportEntries[?UsageCount = `0`]"),
        snapbox::str![[r#"
invalid JMESPath expression: '=' is not valid. Did you mean '=='?
  ImageUsageReportEntries[?UsageCount = `0`]
                                      ^
See https://jmespath.org for the language.
"#]]
    );
    snapbox::assert_data_eq!(
        message("[?é == 'x'"),
        snapbox::str![[r#"
invalid JMESPath expression: Invalid character: é
  [?é == 'x'
    ^
See https://jmespath.org for the language.
"#]]
    );
    snapbox::assert_data_eq!(
        message("ImageUsageReportEntries\n  [].foo(@)\n  | [0]"),
        snapbox::str![[r#"
invalid JMESPath expression: There is no function "foo"
    [].foo(@)
       ^
See https://jmespath.org for the language.
"#]]
    );
    snapbox::assert_data_eq!(
        message(""),
        snapbox::str![[r#"
invalid JMESPath expression: Unexpected token -- found the end
  
  ^
See https://jmespath.org for the language.
"#]]
    );
    assert!(message("\x1b").contains("Invalid character: \\u{1b}\n  \\u{1b}\n  ^\n"));
}

#[test]
fn literals_that_are_not_json_are_strings() {
    for (expression, quoted) in [
        ("a[?b==`c d`]", "a[?b==`\"c d\"`]"),
        ("`,`", "`\",\"`"),
        ("``", "`\"\"`"),
        ("`1`", "`1`"),
        ("`[1, \"x\"]`", "`[1, \"x\"]`"),
        ("'`x`' == \"`y`\"", "'`x`' == \"`y`\""),
        ("'it\\'s `x`'", "'it\\'s `x`'"),
        ("`a\\`b`", "`\"a\\`b\"`"),
        ("`a\"b`", "`a\"b`"),
        ("`open", "`open"),
    ] {
        assert_eq!(quote_literals(expression), quoted);
    }
}

#[test]
fn what_would_overflow_the_stack_is_refused() {
    const PIECES: [&str; 11] = [
        "(",
        "[",
        "{a:",
        "!",
        "a[?",
        "a.",
        "@|",
        "not_null(",
        "a||",
        "[*]",
        "`[",
    ];
    for piece in PIECES {
        let error = Query::compile(&piece.repeat(600)).unwrap_err();
        assert!(error.why.contains("more than 500"), "{error}");
    }
    let error = Query::compile(&"a".repeat(100_000)).unwrap_err();
    assert!(error.to_string().contains("longer than"), "{error}");

    // Half of what a main thread has.
    let thread = std::thread::Builder::new().stack_size(4 << 20);
    let small = thread.spawn(|| {
        for piece in PIECES {
            let _ = Query::compile(&piece.repeat(MAX_OPERATORS / piece.len()));
        }
        let nested = format!(
            "{}@{}",
            "[".repeat(MAX_OPERATORS),
            "]".repeat(MAX_OPERATORS)
        );
        let query = Query::compile(&nested).unwrap();
        query.search(&Value::Null).unwrap();
    });
    small.unwrap().join().unwrap();
}
