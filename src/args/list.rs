//! From the values of a list flag to its items: `a b`, `a,b`, `@FILE`, `@-`, `["a","b"]`, `file://PATH`.
//!
//! A list that was asked for never comes out empty and never loses an item: no IDs would mean *all* images to the
//! service, and an unset shell variable must not ask for that. Whether an item is an ID is for the service to say.

use std::{collections::HashSet, io::Read};

use super::{
    error::{ArgumentError, SyntaxError},
    text_file,
};

/// Standard input, which one `@-` on a command line may read.
pub struct Stdin<R> {
    reader: R,
    read_by: Option<String>,
}

impl<R: Read> Stdin<R> {
    /// Reads nothing yet.
    pub fn new(reader: R) -> Self {
        Self {
            reader,
            read_by: None,
        }
    }

    fn read(&mut self, flag: &str) -> Result<String, String> {
        if let Some(earlier) = self.read_by.replace(flag.to_owned()) {
            return Err(format!(
                "standard input can be read once, and {earlier} @- has read it"
            ));
        }
        text_file::read_from("standard input", &mut self.reader)
    }
}

/// The items that the values of the list flag `flag` stand for: in the order given, each once.
///
/// An argument is items with commas or white space between; a JSON array of strings; or `@FILE`, `file://PATH` or `@-`
/// (standard input), whose text is either of these, with comments from `#` to the end of a line.
///
/// The result is empty when there are no arguments, and only then.
///
/// # Errors
/// The first argument at fault: an empty one, an empty item, a file that cannot be read or is not text.
pub fn expand<R: Read>(
    flag: &str,
    arguments: &[String],
    stdin: &mut Stdin<R>,
) -> Result<Vec<String>, ArgumentError> {
    let mut seen = HashSet::new();
    let mut items = Vec::new();
    for argument in arguments {
        let found =
            expand_one(flag, argument, stdin).map_err(|error| ArgumentError::new(flag, error))?;
        items.extend(found.into_iter().filter(|item| seen.insert(item.clone())));
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
    let fault = |message: String| Err(SyntaxError::new(text, 0, message));
    if items.is_empty() {
        return fault("the list is empty".to_owned());
    }
    for (index, item) in items.iter().enumerate() {
        if item.trim().is_empty() {
            return fault(format!("item {} of the list is empty", index + 1));
        }
        if item.contains(char::is_control) {
            return fault(format!(
                "item {} of the list holds a control character",
                index + 1
            ));
        }
    }
    Ok(items)
}

/// Words with white space or one comma between. A file may end in a comma, as lists copied from elsewhere do.
fn from_words(text: &str, source: Source) -> Result<Vec<String>, SyntaxError> {
    let fault = |at, message: String| Err(SyntaxError::new(text, at, message));
    let mut items = Vec::new();
    // The comma that no item has followed yet, and whether an item stands before the next comma.
    let mut open_comma = None;
    let mut is_after_item = false;
    let mut at = 0;
    while let Some(c) = text[at..].chars().next() {
        let rest = &text[at..];
        let length = match c {
            '#' if source == Source::File => rest.find('\n').unwrap_or(rest.len()),
            ',' if is_after_item => {
                open_comma = Some(at);
                is_after_item = false;
                1
            }
            ',' => return fault(at, "an item is missing before this comma".to_owned()),
            c if c.is_whitespace() => c.len_utf8(),
            c if c.is_control() => {
                return fault(at, format!("a control character (U+{:04X})", u32::from(c)));
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
                open_comma = None;
                is_after_item = true;
                length
            }
        };
        at += length;
    }
    match (items.is_empty(), open_comma, source) {
        (true, _, Source::Argument) => fault(
            0,
            "the value is empty; is a variable of the shell not set?".to_owned(),
        ),
        (true, _, Source::File) => fault(0, "the list is empty".to_owned()),
        (false, Some(comma), Source::Argument) => {
            fault(comma, "an item is missing after this comma".to_owned())
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

    fn refused(argument: &str) -> String {
        expand_all(&[argument], "").expect_err(argument)
    }

    #[test]
    fn no_arguments_are_no_items() {
        assert_eq!(expand_all(&[], "a"), Ok(vec![]));
    }

    #[test]
    fn spaces_commas_and_repetition_are_one_list() {
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
        // A comment is a matter of files.
        assert_eq!(expand_all(&["a#b"], "").unwrap(), ["a#b"]);
    }

    #[test]
    fn an_item_that_is_missing_is_refused() {
        let empty = "--image-ids: the value is empty; is a variable of the shell not set?";
        assert_eq!(refused(""), empty);
        assert_eq!(
            refused(" \n").lines().next(),
            Some(&*(empty.lines().next().unwrap().to_owned() + " (line 1, column 1)"))
        );
        assert_eq!(
            refused("a,,b"),
            "--image-ids: an item is missing before this comma\n  a,,b\n    ^"
        );
        assert_eq!(
            refused(",a"),
            "--image-ids: an item is missing before this comma\n  ,a\n  ^"
        );
        assert_eq!(
            refused("a,b, "),
            "--image-ids: an item is missing after this comma\n  a,b,\n     ^"
        );
        assert!(refused(",").contains("an item is missing"));
        assert!(refused("[]").contains("the list is empty"));
        assert!(refused(r#"["a", " "]"#).contains("item 2 of the list is empty"));
        // One good argument does not make up for a bad one.
        assert!(expand_all(&["a", ""], "").is_err());
    }

    #[test]
    fn json_holds_strings_only() {
        assert!(refused("[1]").contains("JSON: invalid type: integer `1`, expected a string"));
        assert!(refused(r#"[["a"]]"#).contains("JSON: invalid type: sequence"));
        assert!(refused(r#"["a" "b"]"#).ends_with("\n  [\"a\" \"b\"]\n       ^"));
        assert!(refused(r#"["a\u0007"]"#).contains("item 1 of the list holds a control character"));
    }

    #[test]
    fn a_file_has_words_comments_and_commas() {
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
                "an item is missing before this comma (line 2, column 1)\n",
            ),
            (
                "a\n#c\nb\x1b[0m",
                "a control character (U+001B) (line 3, column 2)\n",
            ),
            (
                "[\"a\",\n1]",
                "JSON: invalid type: integer `1`, expected a string (line 2, column 1)\n",
            ),
        ] {
            fs::write(&path, text).unwrap();
            let error = refused(&at);
            assert!(
                error.starts_with(&format!("--image-ids: in {at}: {expected}")),
                "{error}"
            );
        }
    }

    #[test]
    fn a_file_that_is_no_text_is_refused() {
        assert!(refused("@/none").starts_with("--image-ids: cannot read \"/none\": "));
        assert!(refused("@").contains("the name of a file is missing"));
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
            "--report-ids: standard input can be read once, and --image-ids @- has read it"
        );
    }

    #[test]
    fn standard_input_is_left_alone_unless_asked_for() {
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
        fn any_text_is_a_list_or_refused(
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
