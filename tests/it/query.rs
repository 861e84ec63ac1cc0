//! Results of queries, equal to those of `jmespath.py` 1.1.0, and invalid queries.

use amiusage::output::Query;
use serde_json::{Value, json};

fn search(expression: &str, document: &Value) -> Result<Value, String> {
    let query = Query::parse(expression).map_err(|error| error.to_string())?;
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
        ("[`c d`, `,`, ``, ` x`]", r#"["c d",",","","x"]"#),
        ("`[1, \"x\"]`", r#"[1,"x"]"#),
        ("'it\\'s `x`'", r#""it's `x`""#),
        ("`a\\`b`", r#""a`b""#),
        // Precedence.
        ("{a: {x: {b: {y: `1`}}}}.a.*.b.y", "null"),
        ("{a: {x: {b: {y: `1`}}}}.a.*.b | [0].y", "1"),
        ("{a: {x: {b: {y: `1`}}}}.a.*.b.*", "null"),
        ("`[[1, 2], [3]]`[0][0:1]", "[1]"),
        ("`[[1, 2], [3]]`[0:1][0]", "[1]"),
        ("`1` == `1` == `true`", "true"),
        ("`false` || `true` && `1`", "1"),
        ("!`[]` && `2`", "2"),
        ("contains(`[1]` `1`)", "true"),
        ("{a: `1` b: `2`}", r#"{"a":1,"b":2}"#),
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
fn an_error_has_a_caret_under_its_position() {
    for (expression, message) in [
        (
            "ImageUsageReportEntries[?UsageCount = `0`]",
            "'=' is not an operator; use '=='\n  ImageUsageReportEntries[?UsageCount = `0`]\n                                      ^",
        ),
        (
            "[?é == 'x'",
            "unexpected character 'é'\n  [?é == 'x'\n    ^",
        ),
        (
            "ImageUsageReportEntries\n  [].foo(@)\n  | [0]",
            "there is no function \"foo\" (line 2, column 6)\n    [].foo(@)\n       ^",
        ),
        ("", "expected an expression, but the expression ends here"),
        ("\x1b", "unexpected character '\u{fffd}'\n  \u{fffd}\n  ^"),
        (
            "a[",
            "expected a number, ':' or '*' after '[', but the expression ends here\n  a[\n    ^",
        ),
        (
            "a[0",
            "expected ']', but the expression ends here\n  a[0\n     ^",
        ),
        (
            "a[b]",
            "expected a number, ':' or '*' after '[', found b\n  a[b]\n    ^",
        ),
        ("a b", "expected an operator, found b\n  a b\n    ^"),
        (
            "a.",
            "expected a name, '*', '[' or '{' after '.', but the expression ends here\n  a.\n    ^",
        ),
        (
            "a.'b'",
            "expected a name, '*', '[' or '{' after '.', found 'b'\n  a.'b'\n    ^",
        ),
        ("{a}", "expected ':', found }\n  {a}\n    ^"),
        (
            "keys(@",
            "expected ',' or ')', but the expression ends here\n  keys(@\n        ^",
        ),
        ("'a", "missing closing '\n  'a\n  ^"),
        ("\"\\x\"", "invalid JSON between \" and \"\n  \"\\x\"\n  ^"),
        (
            "&a",
            "'&' is valid only before an argument of a function\n  &a\n  ^",
        ),
        (
            "\"keys\"(@)",
            "the name of a function cannot be in quotes\n  \"keys\"(@)\n  ^",
        ),
        ("abs()", "abs() takes 1 argument, not 0\n  abs()\n  ^"),
        (
            "merge()",
            "merge() takes at least 1 argument, not 0\n  merge()\n  ^",
        ),
        ("map(&a)", "map() takes 2 arguments, not 1\n  map(&a)\n  ^"),
    ] {
        let error = Query::parse(expression).unwrap_err().to_string();
        let expected = format!("invalid JMESPath expression: {message}");
        assert_eq!(error, expected, "{expression}");
    }
}

#[test]
fn long_queries_are_valid_and_deep_ones_are_not() {
    let clauses = vec!["AccountId == '123456789012'"; 800].join(" || ");
    let query = format!("[?{clauses}] | length(@)");
    assert!(query.len() > 20_000);
    let document = json!([{"AccountId": "123456789012"}, {"AccountId": "1"}]);
    assert_eq!(search(&query, &document), Ok(json!(1)));
    for suffix in [".a", "[0]", "[]", " | a", " && a", " == a"] {
        let query = format!("a{}", suffix.repeat(10_000));
        search(&query, &Value::Null).unwrap();
    }

    const PREFIXES: [(&str, &str); 8] = [
        ("(", ")"),
        ("[", "]"),
        ("{a: ", "}"),
        ("!", ""),
        ("a[?", "]"),
        ("*.", ""),
        ("not_null(", ")"),
        ("[*].a", ""),
    ];
    // Half of what a main thread has.
    let thread = std::thread::Builder::new().stack_size(4 << 20);
    let small = thread.spawn(|| {
        for (prefix, suffix) in PREFIXES {
            let nested = |depth| format!("{}a{}", prefix.repeat(depth), suffix.repeat(depth));
            let error = search(&nested(100_000), &Value::Null).unwrap_err();
            assert!(error.contains("levels of nesting"), "{prefix}: {error}");
            search(&nested(30), &Value::Null).unwrap();
        }
    });
    small.unwrap().join().unwrap();
}
