//! Formats JSON values as Python does, so that the results of queries equal those of the AWS CLI.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::ser::{Formatter, Serializer};
use serde_json::{Number, Value};

/// The indentation of the AWS CLI's JSON output.
const INDENT: usize = 4;

/// A number as Python prints it: `1.5`, `1e-05`, `1e+16`.
pub(super) fn number(number: &Number) -> String {
    match number.as_f64().filter(|_| number.is_f64()) {
        Some(float) => float_text(float),
        None => number.to_string(),
    }
}

/// Rust switches to exponents at the same magnitudes as Python, but writes them without sign and padding.
fn float_text(float: f64) -> String {
    let text = format!("{float:?}");
    let parts = text.split_once('e');
    match parts.and_then(|(digits, exponent)| Some((digits, exponent.parse::<i32>().ok()?))) {
        Some((digits, exponent)) => format!("{digits}e{exponent:+03}"),
        None => text,
    }
}

/// Writes a value as `json.dumps(value, indent=4, ensure_ascii=False)`, indented by `indent` after the first line.
pub(super) fn write_pretty(out: &mut impl Write, value: &Value, indent: usize) -> io::Result<()> {
    let (open, items, close): (_, Vec<(Option<&String>, &Value)>, _) = match value {
        Value::Array(values) if !values.is_empty() => {
            ("[", values.iter().map(|value| (None, value)).collect(), "]")
        }
        Value::Object(members) if !members.is_empty() => {
            let members = members.iter().map(|(key, value)| (Some(key), value));
            ("{", members.collect(), "}")
        }
        Value::Number(value) => return out.write_all(number(value).as_bytes()),
        scalar_or_empty => return Ok(serde_json::to_writer(out, scalar_or_empty)?),
    };
    let inner = indent + INDENT;
    write!(out, "{open}")?;
    for (index, (key, value)) in items.into_iter().enumerate() {
        let separator = if index > 0 { "," } else { "" };
        write!(out, "{separator}\n{:inner$}", "")?;
        if let Some(key) = key {
            serde_json::to_writer(&mut *out, key)?;
            out.write_all(b": ")?;
        }
        write_pretty(out, value, inner)?;
    }
    write!(out, "\n{:indent$}{close}", "")
}

/// A value as `json.dumps(value, separators=(",", ":"))`.
pub(super) fn compact_ascii(value: &Value) -> String {
    let mut json = Vec::new();
    let mut serializer = Serializer::with_formatter(&mut json, CompactAscii);
    let result = value.serialize(&mut serializer);
    result.expect("a JSON value can be written to memory");
    String::from_utf8(json).expect("JSON is UTF-8")
}

struct CompactAscii;

impl Formatter for CompactAscii {
    fn write_f64<W: ?Sized + Write>(&mut self, out: &mut W, value: f64) -> io::Result<()> {
        out.write_all(float_text(value).as_bytes())
    }

    fn write_string_fragment<W: ?Sized + Write>(
        &mut self,
        out: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        for character in fragment.chars() {
            if matches!(character, ' '..='~') {
                write!(out, "{character}")?;
                continue;
            }
            for unit in character.encode_utf16(&mut [0; 2]) {
                write!(out, "\\u{unit:04x}")?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floats_are_formatted_as_in_python() {
        for (float, text) in [
            (15.0, "15.0"),
            (-0.0, "-0.0"),
            (0.1, "0.1"),
            (0.0001, "0.0001"),
            (0.00001, "1e-05"),
            (-1.5e-7, "-1.5e-07"),
            (1e15, "1000000000000000.0"),
            (1e16, "1e+16"),
            (1.25e300, "1.25e+300"),
            (f64::MIN_POSITIVE, "2.2250738585072014e-308"),
        ] {
            assert_eq!(float_text(float), text);
        }
    }

    #[test]
    fn compact_json_is_ascii() {
        let value = serde_json::json!({"é\u{7f}": ["🙂\"\n", 1.0]});
        assert_eq!(
            compact_ascii(&value),
            r#"{"\u00e9\u007f":["\ud83d\ude42\"\n",1.0]}"#
        );
    }
}
