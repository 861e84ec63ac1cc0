//! Expands the values of a list option into items: `a b`, `a,b`, `@FILE`, `@-`, `["a","b"]`, `file://PATH`.
//!
//! A given list is never empty and no item is dropped: without IDs the service returns *all* images, which an unset shell
//! variable must not cause. The service validates the items.

use std::{collections::HashSet, io::Read};

use super::{error::ArgumentError, text_file};
use crate::error::SyntaxError;

/// Standard input, which only one `@-` on a command line can read.
pub struct Stdin<R> {
    reader: R,
    read_by: Option<String>,
}

impl<R: Read> Stdin<R> {
    /// Does not read yet.
    pub fn new(reader: R) -> Self {
        Self {
            reader,
            read_by: None,
        }
    }

    fn read(&mut self, flag: &str) -> Result<String, String> {
        if let Some(earlier) = self.read_by.replace(flag.to_owned()) {
            return Err(format!(
                "standard input can be read only once, and {earlier} @- already reads it"
            ));
        }
        text_file::read_from("standard input", &mut self.reader)
    }
}

/// The items in the values of the list option `flag`, in order and without duplicates.
///
/// An argument is a list separated by commas or white space, a JSON array of strings, or `@FILE`, `file://PATH` or `@-`
/// (standard input) with such a list. In a file, `#` starts a comment.
///
/// The result is empty only if there are no arguments.
///
/// # Errors
/// The first invalid argument: an empty value or item, a file that cannot be read or is not text.
pub fn expand<R: Read>(
    flag: &str,
    arguments: &[String],
    stdin: &mut Stdin<R>,
) -> Result<Vec<String>, ArgumentError> {
    let mut seen = HashSet::new();
    let mut items = Vec::new();
    for argument in arguments {
        let expanded =
            expand_one(flag, argument, stdin).map_err(|error| ArgumentError::new(flag, error))?;
        items.extend(
            expanded
                .into_iter()
                .filter(|item| seen.insert(item.clone())),
        );
    }
    Ok(items)
}

fn expand_one<R: Read>(
    flag: &str,
    argument: &str,
    stdin: &mut Stdin<R>,
) -> Result<Vec<String>, String> {
    let text = match argument.strip_prefix('@') {
        Some("-") => Some(stdin.read(flag)),
        Some(path) => Some(text_file::read(path)),
        None => text_file::read_reference(argument),
    };
    match text {
        None => items(argument, Source::Argument).map_err(|error| error.to_string()),
        Some(text) => {
            items(&text?, Source::File).map_err(|error| format!("in {argument}: {error}"))
        }
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Source {
    Argument,
    File,
}

fn items(text: &str, source: Source) -> Result<Vec<String>, SyntaxError> {
    if text.trim_start().starts_with('[') {
        from_json(text)
    } else {
        from_words(text, source)
    }
}

fn from_json(text: &str) -> Result<Vec<String>, SyntaxError> {
    let items: Vec<String> =
        serde_json::from_str(text).map_err(|error| SyntaxError::from_json(text, &error))?;
    let error = |message: String| Err(SyntaxError::new(text, 0, message));
    if items.is_empty() {
        return error("the list is empty".to_owned());
    }
    for (index, item) in items.iter().enumerate() {
        if item.trim().is_empty() {
            return error(format!("item {} is empty", index + 1));
        }
        if item.contains(char::is_control) {
            return error(format!("item {} contains a control character", index + 1));
        }
    }
    Ok(items)
}

/// Splits at white space and single commas. A file may end with a comma, as copied lists often do.
fn from_words(text: &str, source: Source) -> Result<Vec<String>, SyntaxError> {
    let error = |offset, message: String| Err(SyntaxError::new(text, offset, message));
    let mut items = Vec::new();
    // The last comma, if no item follows it yet, and whether an item precedes the next comma.
    let mut trailing_comma = None;
    let mut follows_item = false;
    let mut offset = 0;
    while let Some(c) = text[offset..].chars().next() {
        let rest = &text[offset..];
        let length = match c {
            '#' if source == Source::File => rest.find('\n').unwrap_or(rest.len()),
            ',' if follows_item => {
                trailing_comma = Some(offset);
                follows_item = false;
                1
            }
            ',' => return error(offset, "expected an item before this comma".to_owned()),
            c if c.is_whitespace() => c.len_utf8(),
            c if c.is_control() => {
                return error(
                    offset,
                    format!("unexpected control character (U+{:04X})", u32::from(c)),
                );
            }
            _ => {
                let ends = |c: char| {
                    c == ','
                        || c.is_whitespace()
                        || c.is_control()
                        || (c == '#' && source == Source::File)
                };
                let length = rest.find(ends).unwrap_or(rest.len());
                items.push(rest[..length].to_owned());
                trailing_comma = None;
                follows_item = true;
                length
            }
        };
        offset += length;
    }
    match (items.is_empty(), trailing_comma, source) {
        (true, _, Source::Argument) => error(
            0,
            "the value is empty; check that the shell variable is set".to_owned(),
        ),
        (true, _, Source::File) => error(0, "the list is empty".to_owned()),
        (false, Some(comma), Source::Argument) => {
            error(comma, "expected an item after this comma".to_owned())
        }
        _ => Ok(items),
    }
}

#[cfg(test)]
mod tests {
    use std::{fs, io};

    use proptest::prelude::*;

    use super::*;

    fn expand_all(arguments: &[&str], stdin: &str) -> Result<Vec<String>, String> {
        let arguments: Vec<String> = arguments
            .iter()
            .map(|&argument| argument.to_owned())
            .collect();
        expand("--image-ids", &arguments, &mut Stdin::new(stdin.as_bytes()))
            .map_err(|error| error.to_string())
    }

    fn error_of(argument: &str) -> String {
        expand_all(&[argument], "").expect_err(argument)
    }

    #[test]
    fn no_arguments_give_no_items() {
        assert_eq!(expand_all(&[], "a"), Ok(vec![]));
    }

    #[test]
    fn spaces_commas_and_repetition_make_one_list() {
        for arguments in [
            &["b", "a", "c"][..],
            &["b,a,c"],
            &["b, a\nc"],
            &["b,a", "c"],
            &["b", "b,a,b", "c", "a"],
            &[r#"["b", "a", "c"]"#],
            &["b", r#" ["a"]"#, "c"],
        ] {
            assert_eq!(
                expand_all(arguments, "").unwrap(),
                ["b", "a", "c"],
                "{arguments:?}"
            );
        }
        // Only files have comments.
        assert_eq!(expand_all(&["a#b"], "").unwrap(), ["a#b"]);
    }

    #[test]
    fn a_missing_item_is_an_error() {
        let empty = "--image-ids: the value is empty; check that the shell variable is set";
        assert_eq!(error_of(""), empty);
        assert_eq!(
            error_of(" \n").lines().next(),
            Some(&*(empty.lines().next().unwrap().to_owned() + " (line 1, column 1)"))
        );
        assert_eq!(
            error_of("a,,b"),
            "--image-ids: expected an item before this comma\n  a,,b\n    ^"
        );
        assert_eq!(
            error_of(",a"),
            "--image-ids: expected an item before this comma\n  ,a\n  ^"
        );
        assert_eq!(
            error_of("a,b, "),
            "--image-ids: expected an item after this comma\n  a,b,\n     ^"
        );
        assert!(error_of(",").contains("expected an item"));
        assert!(error_of("[]").contains("the list is empty"));
        assert!(error_of(r#"["a", " "]"#).contains("item 2 is empty"));
        // A valid argument does not make up for an invalid one.
        assert!(expand_all(&["a", ""], "").is_err());
    }

    #[test]
    fn json_lists_contain_only_strings() {
        assert!(error_of("[1]").contains("JSON: invalid type: integer `1`, expected a string"));
        assert!(error_of(r#"[["a"]]"#).contains("JSON: invalid type: sequence"));
        assert!(error_of(r#"["a" "b"]"#).ends_with("\n  [\"a\" \"b\"]\n       ^"));
        assert!(error_of(r#"["a\u0007"]"#).contains("item 1 contains a control character"));
    }

    #[test]
    fn a_file_may_have_commas_and_comments() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("ids");
        let [at, url] = ["@", "file://"].map(|prefix| format!("{prefix}{}", path.display()));
        for text in [
            "b\na\n",
            "\u{feff}b\r\n\r\na",
            "# mine\nb # first, and\n#\na#last",
            "b,\na,\n",
            "b ,a",
            "[\"b\",\n\"a\"]\n",
        ] {
            fs::write(&path, text).unwrap();
            assert_eq!(expand_all(&[&at], "").unwrap(), ["b", "a"], "{text:?}");
            assert_eq!(expand_all(&[&url], "").unwrap(), ["b", "a"], "{text:?}");
            assert_eq!(expand_all(&["@-"], text).unwrap(), ["b", "a"], "{text:?}");
            assert_eq!(expand_all(&["a", &at, "c"], "").unwrap(), ["a", "b", "c"]);
        }
        for (text, expected) in [
            ("", "the list is empty"),
            ("\n# ami-1\n", "the list is empty (line 1, column 1)"),
            (
                "a,\n,b",
                "expected an item before this comma (line 2, column 1)\n",
            ),
            (
                "a\n#c\nb\x1b[0m",
                "unexpected control character (U+001B) (line 3, column 2)\n",
            ),
            (
                "[\"a\",\n1]",
                "JSON: invalid type: integer `1`, expected a string (line 2, column 1)\n",
            ),
        ] {
            fs::write(&path, text).unwrap();
            let error = error_of(&at);
            assert!(
                error.starts_with(&format!("--image-ids: in {at}: {expected}")),
                "{error}"
            );
        }
    }

    #[test]
    fn a_file_that_is_not_text_is_an_error() {
        assert!(error_of("@/none").starts_with("--image-ids: cannot read \"/none\": "));
        assert!(error_of("@").contains("missing file name"));
        let error = expand_all(&["@-"], "a\n\0").unwrap_err();
        assert!(
            error.starts_with("--image-ids: standard input is not a text file: line 2"),
            "{error}"
        );
    }

    #[test]
    fn standard_input_is_read_once() {
        let mut stdin = Stdin::new("a b".as_bytes());
        let arguments = ["@-".to_owned()];
        assert_eq!(
            expand("--image-ids", &arguments, &mut stdin).unwrap(),
            ["a", "b"]
        );
        assert_eq!(
            expand("--report-ids", &arguments, &mut stdin)
                .unwrap_err()
                .to_string(),
            "--report-ids: standard input can be read only once, and --image-ids @- already reads it"
        );
    }

    #[test]
    fn standard_input_is_read_only_on_request() {
        struct Untouchable;
        impl Read for Untouchable {
            fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
                panic!("standard input was read")
            }
        }
        let arguments = ["a".to_owned()];
        assert!(expand("--image-ids", &arguments, &mut Stdin::new(Untouchable)).is_ok());
    }

    proptest! {
        #[test]
        fn any_text_is_a_list_or_an_error(
            text in prop_oneof![any::<String>(), "[\\[\"a,# \\n\\]{}\\\\\u{1b}é]{0,20}"],
            file: bool,
        ) {
            let source = if file { Source::File } else { Source::Argument };
            match items(&text, source) {
                Ok(items) => {
                    prop_assert!(!items.is_empty());
                    for item in &items {
                        prop_assert!(!item.trim().is_empty());
                        prop_assert!(!item.contains(char::is_control));
                        prop_assert!(text.trim_start().starts_with('[') || text.contains(item));
                    }
                }
                Err(error) => {
                    let shown = error.to_string();
                    prop_assert!(!shown.contains(|c: char| c.is_control() && c != '\n'), "{}", shown);
                }
            }
        }
    }
}
