//! Tables at the widths of common terminals, each command against the sample data.
//!
//! `SNAPSHOTS=overwrite cargo test tables` rewrites `golden/tables/`.

use std::path::Path;

use snapbox::data::DataFormat;
use snapbox::{Assert, Data};

use crate::support::amiusage;

const WIDTHS: [usize; 4] = [80, 100, 120, 200];

/// The commands with a table, each with the name of its golden files.
const COMMANDS: [(&str, &str); 16] = [
    ("entries", "entries"),
    (
        "entries-of-one-image",
        "entries --image-ids ami-0abcdef1234567890",
    ),
    (
        "entries-of-regions",
        "entries --region eu-west-1,us-east-1 --account-ids 001100110011",
    ),
    ("reports-list", "reports list"),
    (
        "reports-create",
        "reports create --image-ids ami-1a2b3c4d ami-0badc0ffee0ddf00d",
    ),
    (
        "reports-delete",
        "reports delete --report-ids amiur-11111111111111111",
    ),
    ("images", "images"),
    (
        "references",
        "references --image-ids ami-05f6e7d8c9b0a1928 --include-all-resource-types",
    ),
    ("regions", "regions"),
    ("check", "check --owned"),
    ("check-details", "check --owned --details"),
    ("check-dry-run", "check --owned --dry-run"),
    ("check-in-color", "check --owned --color always"),
    ("summary", "summary --owned"),
    (
        "summary-by-account",
        "summary --owned --by account,resource-type --top 3",
    ),
    ("summary-details", "summary --owned --details"),
];

/// stdout and stderr of a command, at a width.
fn output(line: &str, width: usize) -> String {
    let assert = amiusage(line.split(' ').chain(["--offline", "--output", "table"]))
        .env("COLUMNS", width.to_string())
        .env("LC_ALL", "C.UTF-8")
        .assert();
    let output = assert.get_output();
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    format!(
        "{}--- stderr\n{}",
        text(&output.stdout),
        text(&output.stderr)
    )
}

#[test]
fn tables_fit_common_terminals() {
    for (name, line) in COMMANDS {
        for width in WIDTHS {
            let path = Path::new(env!("CARGO_MANIFEST_DIR"))
                .join(format!("tests/it/golden/tables/{name}-{width}.txt"));
            let expected = Data::read_from(&path, Some(DataFormat::Text)).raw();
            let actual = Data::text(output(line, width)).raw();
            Assert::new().action_env("SNAPSHOTS").eq(actual, expected);
        }
    }
}

/// The lines of a table's rows end within the terminal, unless a single word is longer.
#[test]
fn lines_fit_the_terminal() {
    for (name, line) in COMMANDS
        .into_iter()
        .filter(|(name, _)| *name != "check-in-color")
    {
        for width in WIDTHS {
            let text = output(line, width);
            let (table, _) = text.split_once("--- stderr\n").unwrap();
            for line in table.lines() {
                let is_one_word = !line.trim_start().contains(' ');
                let fits = line.chars().count() <= width || is_one_word;
                assert!(fits, "{name} at {width}: {line:?}");
            }
        }
    }
}
