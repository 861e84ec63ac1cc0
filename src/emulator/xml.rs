//! Writes XML as the service does: elements and text, and no attribute except the namespace.

use std::borrow::Cow;
use std::fmt::Write;

use quick_xml::escape::partial_escape;

/// The namespace of EC2's API version 2016-11-15.
const NAMESPACE: &str = "http://ec2.amazonaws.com/doc/2016-11-15/";

/// A document that is being written.
#[derive(Debug)]
pub(super) struct Xml(String);

impl Xml {
    pub fn new() -> Self {
        Self("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n".to_owned())
    }

    /// The document of an EC2 action's response.
    pub fn response(action: &str, request_id: &str, content: impl FnOnce(&mut Self)) -> String {
        Self::document(action, NAMESPACE, |xml| {
            xml.text("requestId", request_id);
            content(xml);
        })
    }

    /// The document of an action's response in a namespace.
    pub fn document(action: &str, namespace: &str, content: impl FnOnce(&mut Self)) -> String {
        let mut xml = Self::new();
        xml.push(&["<", action, "Response xmlns=\"", namespace, "\">"]);
        content(&mut xml);
        xml.push(&["</", action, "Response>"]);
        xml.into_string()
    }

    /// An element with child elements.
    pub fn nest(&mut self, name: &str, content: impl FnOnce(&mut Self)) {
        self.push(&["<", name, ">"]);
        content(self);
        self.push(&["</", name, ">"]);
    }

    /// An element with text.
    pub fn text(&mut self, name: &str, text: &str) {
        self.push(&["<", name, ">", &escape(text), "</", name, ">"]);
    }

    /// An element with a number.
    pub fn number(&mut self, name: &str, number: i64) {
        self.push(&["<", name, ">"]);
        let _ = write!(self.0, "{number}");
        self.push(&["</", name, ">"]);
    }

    /// An element with text, unless it is absent.
    pub fn optional(&mut self, name: &str, text: Option<&str>) {
        if let Some(text) = text {
            self.text(name, text);
        }
    }

    /// A list of `item` elements, unless it is absent.
    pub fn list<T>(
        &mut self,
        name: &str,
        items: Option<&Vec<T>>,
        mut item: impl FnMut(&mut Self, &T),
    ) {
        if let Some(items) = items {
            self.nest(name, |xml| {
                for content in items {
                    xml.nest("item", |xml| item(xml, content));
                }
            });
        }
    }

    /// Text in the current element.
    pub fn characters(&mut self, text: &str) {
        self.push(&[&escape(text)]);
    }

    pub fn into_string(self) -> String {
        self.0
    }

    fn push(&mut self, parts: &[&str]) {
        for part in parts {
            self.0.push_str(part);
        }
    }
}

/// Escapes markup, and writes characters that XML 1.0 does not allow as numeric references, which the AWS SDK for Rust
/// decodes. NUL cannot be written in XML and becomes U+FFFD.
fn escape(text: &str) -> Cow<'_, str> {
    // A page has thousands of texts, and nearly all are plain. Without an early exit the check is vectorized.
    let is_plain =
        |byte| matches!(byte, b' '..=b'~') & (byte != b'<') & (byte != b'>') & (byte != b'&');
    if text
        .bytes()
        .fold(true, |plain, byte| plain & is_plain(byte))
    {
        return Cow::Borrowed(text);
    }
    let escaped = partial_escape(text);
    if !escaped.chars().any(needs_reference) {
        return escaped;
    }
    let mut referenced = String::with_capacity(escaped.len() + 8);
    for character in escaped.chars() {
        if character == '\0' {
            referenced.push(char::REPLACEMENT_CHARACTER);
        } else if needs_reference(character) {
            let _ = write!(referenced, "&#x{:X};", u32::from(character));
        } else {
            referenced.push(character);
        }
    }
    Cow::Owned(referenced)
}

fn needs_reference(character: char) -> bool {
    matches!(character, '\0'..='\x08' | '\x0b' | '\x0c' | '\x0e'..='\x1f' | '\u{fffe}' | '\u{ffff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_and_forbidden_characters_are_escaped() {
        for (text, written) in [
            ("plain é 漢", "plain é 漢"),
            ("a<b>&c]]>", "a&lt;b&gt;&amp;c]]&gt;"),
            ("tab\tline\n", "tab\tline\n"),
            ("cr\r esc\x1b[0m", "cr&#13; esc&#x1B;[0m"),
            ("nul\0", "nul\u{fffd}"),
            ("\u{fffe}\u{ffff}\u{fffd}", "&#xFFFE;&#xFFFF;\u{fffd}"),
        ] {
            assert_eq!(escape(text), written, "{text:?}");
        }
    }
}
