//! Reads the text that an argument refers to: `file://PATH` as in the AWS CLI, `@FILE` and `@-` in lists.
//!
//! Errors are messages that name the file. The caller interprets the text.

use std::{
    env, fs,
    io::{self, Read},
    path::{Path, PathBuf},
};

use super::error::ArgumentError;
use crate::error::SyntaxError;

/// The maximum size of a text in bytes: larger than any list of IDs, and small enough for memory.
const MAX_BYTES: u64 = 16 * 1024 * 1024;

/// The text that `value` refers to as `file://PATH`; `None` if it is not a reference.
///
/// As in the AWS CLI, `~` at the beginning of PATH is the home directory, and `$NAME` and `${NAME}` are environment
/// variables (unset ones are left as they are). `fileb://` is rejected: no parameter of these commands takes bytes.
pub fn read_reference(value: &str) -> Option<Result<String, String>> {
    if value.starts_with("fileb://") {
        return Some(Err(
            "fileb:// reads binary data; use file:// for text".to_owned()
        ));
    }
    let path = value.strip_prefix("file://")?;
    Some(read(&expand_home(&expand_variables(path))))
}

/// Parses the argument of the option `flag`, or the text that it refers to as `file://PATH`.
///
/// # Errors
/// The file cannot be read, or its text or the argument is invalid.
pub fn parse<T>(
    flag: &str,
    argument: &str,
    parse: impl FnOnce(&str) -> Result<T, SyntaxError>,
) -> Result<T, ArgumentError> {
    match read_reference(argument) {
        None => parse(argument).map_err(|error| ArgumentError::new(flag, error)),
        Some(text) => {
            let text = text.map_err(|error| ArgumentError::new(flag, error))?;
            parse(text.trim())
                .map_err(|error| ArgumentError::new(flag, format!("in {argument}: {error}")))
        }
    }
}

/// The text of the file at `path`.
///
/// # Errors
/// A message, if the file cannot be read or is not text.
pub fn read(path: &str) -> Result<String, String> {
    if path.is_empty() {
        return Err("missing file name".to_owned());
    }
    read_up_to(MAX_BYTES, path.as_ref())
}

/// The text of the file at `path`, at most `limit` bytes.
///
/// # Errors
/// As for [`read`].
pub fn read_up_to(limit: u64, path: &Path) -> Result<String, String> {
    fs::File::open(path)
        .and_then(|file| read_limited(limit, file))
        .map_err(|error| format!("cannot read {path:?}: {error}"))
        .and_then(|bytes| decode(&format!("{path:?}"), bytes))
}

/// The text from `reader`, called `name` in errors.
///
/// # Errors
/// As for [`read`].
pub fn read_from(name: &str, reader: impl Read) -> Result<String, String> {
    read_limited(MAX_BYTES, reader)
        .map_err(|error| format!("cannot read {name}: {error}"))
        .and_then(|bytes| decode(name, bytes))
}

fn read_limited(limit: u64, reader: impl Read) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    reader.take(limit + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > limit {
        let message = format!("it is larger than {} MiB", limit >> 20);
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, message));
    }
    Ok(bytes)
}

/// Decodes UTF-8, without its byte order mark.
fn decode(name: &str, bytes: Vec<u8>) -> Result<String, String> {
    if let Some(offset) = bytes.iter().position(|byte| *byte == 0) {
        let line = line_of(&bytes, offset);
        return Err(format!(
            "{name} is not a text file: line {line} contains a NUL byte (UTF-16 is not supported)"
        ));
    }
    let text = String::from_utf8(bytes).map_err(|error| {
        let offset = error.utf8_error().valid_up_to();
        let line = line_of(error.as_bytes(), offset);
        format!("{name} is not UTF-8 text: line {line}, byte {offset} of the file")
    })?;
    Ok(match text.strip_prefix('\u{feff}') {
        Some(rest) => rest.to_owned(),
        None => text,
    })
}

fn line_of(bytes: &[u8], offset: usize) -> usize {
    bytes[..offset]
        .iter()
        .filter(|byte| **byte == b'\n')
        .count()
        + 1
}

fn expand_home(path: &str) -> String {
    match (
        path.strip_prefix('~'),
        env::home_dir().map(PathBuf::into_os_string),
    ) {
        (Some(rest), Some(home)) if rest.is_empty() || rest.starts_with('/') => {
            format!("{}{rest}", home.to_string_lossy())
        }
        _ => path.to_owned(),
    }
}

fn expand_variables(path: &str) -> String {
    let mut pieces = path.split('$');
    let mut expanded = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let (name, rest) = match piece.strip_prefix('{') {
            Some(braced) => braced.split_once('}').unwrap_or_default(),
            None => {
                let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
                piece.split_at(piece.find(|c| !is_name(c)).unwrap_or(piece.len()))
            }
        };
        // `env::var` fails for an empty name.
        match env::var(name) {
            Ok(value) => expanded.extend([&value, rest]),
            Err(_) => expanded.extend(["$", piece]),
        }
    }
    expanded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_byte_order_mark_is_skipped() {
        assert_eq!(
            read_from("f", &b"\xef\xbb\xbfa\r\n"[..]),
            Ok("a\r\n".to_owned())
        );
    }

    #[test]
    fn an_error_names_the_line_that_is_not_text() {
        let nul = read_from("f", &b"a\nb\0"[..]).unwrap_err();
        assert!(nul.starts_with("f is not a text file: line 2"), "{nul}");
        let latin = read_from("f", &b"a\nb\n\xe9"[..]).unwrap_err();
        assert_eq!(latin, "f is not UTF-8 text: line 3, byte 4 of the file");
    }

    #[test]
    fn the_size_is_limited() {
        let error = read_from("f", io::repeat(b'a')).unwrap_err();
        assert_eq!(error, "cannot read f: it is larger than 16 MiB");
    }

    #[test]
    fn an_error_names_the_file() {
        let directory = tempfile::tempdir().unwrap();
        let missing = directory.path().join("none");
        let error = read_reference(&format!("file://{}", missing.display()))
            .unwrap()
            .unwrap_err();
        assert!(
            error.starts_with(&format!("cannot read {missing:?}: ")),
            "{error}"
        );
        assert!(read(directory.path().to_str().unwrap()).is_err());
        assert!(read_reference("file://").unwrap().is_err());
        assert!(read_reference("fileb://x").unwrap().is_err());
        assert_eq!(read_reference("/x"), None);
    }

    #[test]
    fn the_home_directory_and_variables_are_expanded() {
        let home = env::home_dir().unwrap();
        let home = home.to_str().unwrap();
        assert_eq!(expand_home("~/x"), format!("{home}/x"));
        assert_eq!(expand_home("~x"), "~x");
        let directory = env::var("CARGO_MANIFEST_DIR").unwrap();
        assert_eq!(
            expand_variables("$CARGO_MANIFEST_DIR/x"),
            format!("{directory}/x")
        );
        assert_eq!(
            expand_variables("a${CARGO_MANIFEST_DIR}x$"),
            format!("a{directory}x$")
        );
        for unchanged in [
            "$",
            "${",
            "${}",
            "$$",
            "a$UNSET_FOR_THIS_TEST/x",
            "${UNSET_FOR_THIS_TEST}",
            "${é",
        ] {
            assert_eq!(expand_variables(unchanged), unchanged);
        }
    }
}
