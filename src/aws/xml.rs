//! Validates that a body is one complete XML document of which the SDK's decoder skips nothing.
//!
//! The SDK's decoder takes the end of the input, and whatever it cannot read, for the end of the document: a page that
//! was truncated before its `nextToken` looks like the last one.

use quick_xml::Reader;
use quick_xml::escape::unescape;
use quick_xml::events::{BytesStart, Event};
use std::io::BufRead;
use xmlparser::{Token, Tokenizer};

/// What is wrong with a body.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum BodyError {
    /// Only white space.
    #[error("an empty body")]
    Empty,
    /// A page for a browser, as proxies and login portals send it.
    #[error("an HTML page")]
    Html,
    /// Not XML.
    #[error("a body that is not XML")]
    NotXml,
    /// Not one complete JSON document.
    #[error("a body that is not complete JSON")]
    NotJson,
    /// The end of the document is missing.
    #[error("truncated XML")]
    Truncated,
    /// The document is not well-formed or surrounded by something else, or the SDK would skip a part of it.
    #[error("malformed XML at byte {0}")]
    Malformed(u64),
    /// A response to another action.
    #[error("unexpected root element `{0}`")]
    UnexpectedRoot(String),
    /// A list is missing, which the SDK would take for an empty one.
    #[error("no list `{0}`")]
    MissingList(&'static str),
}

/// Checks that `body` is one well-formed document with the root element `expected`, and that the SDK's decoder reads all
/// of it.
pub(super) fn validate(body: &[u8], expected: &str) -> Result<(), BodyError> {
    let root = read_document(body, |_, _| 0)?;
    if root != expected {
        return Err(BodyError::UnexpectedRoot(root));
    }
    check_decodable(body)
}

/// Checks that the SDK's decoder skips nothing in a well-formed document.
///
/// It takes tokens that its tokenizer rejects (a malformed attribute, a control character) and invalid references in
/// attributes for the end of the list. It ignores CDATA, and text after a comment.
fn check_decodable(body: &[u8]) -> Result<(), BodyError> {
    let malformed = |offset| Err(BodyError::Malformed(offset as u64));
    let document = match str::from_utf8(body) {
        Ok(document) => document,
        Err(error) => return malformed(error.valid_up_to()),
    };
    let mut end = 0;
    // Whether there was text since the last tag, and whether it was more than white space.
    let mut earlier_text = None;
    for token in Tokenizer::from(document) {
        let Ok(token) = token else {
            return malformed(end);
        };
        let is_skipped = match token {
            Token::Attribute { value, .. } => unescape(&value).is_err(),
            Token::Text { text } => {
                let has_content = !text.trim_ascii().is_empty();
                let earlier = earlier_text.replace(has_content);
                earlier.is_some_and(|earlier| earlier || has_content) || unescape(&text).is_err()
            }
            Token::Cdata { .. } => true,
            Token::ElementStart { .. } | Token::ElementEnd { .. } => {
                earlier_text = None;
                false
            }
            _ => false,
        };
        if is_skipped {
            return malformed(token.span().start());
        }
        end = token.span().end();
    }
    Ok(())
}

/// Describes the body of an error response in which the SDK found no error code.
pub(super) fn describe(body: &[u8]) -> String {
    match read_document(body, |_, _| 0) {
        Ok(root) => format!("a document `{root}` without an error code"),
        Err(error) => error.to_string(),
    }
}

/// Reads the document and returns the name of its root element. Around that only comments, processing instructions
/// and white space are valid.
///
/// `visit` is called for each event with the bytes that follow. After a tag it may consume well-formed elements of these
/// itself, and returns their length in bytes.
pub(super) fn read_document(
    body: &[u8],
    visit: impl FnMut(&Event<'_>, &[u8]) -> usize,
) -> Result<String, BodyError> {
    let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
    match body.trim_ascii_start().first() {
        None => return Err(BodyError::Empty),
        Some(b'<') => {}
        Some(_) => return Err(BodyError::NotXml),
    }
    // The reader checks the encoding of each event, so only errors require another pass over the document.
    read_events(body, visit).map_err(|xml_error| match str::from_utf8(body) {
        Ok(_) => xml_error,
        Err(error) if error.error_len().is_none() => BodyError::Truncated,
        Err(error) => BodyError::Malformed(error.valid_up_to() as u64),
    })
}

fn read_events(
    body: &[u8],
    mut visit: impl FnMut(&Event<'_>, &[u8]) -> usize,
) -> Result<String, BodyError> {
    let mut reader = Reader::from_reader(body);
    let mut root = None;
    // The number of open elements.
    let mut depth = 0_usize;
    loop {
        let event = reader.read_event().map_err(|error| match error {
            // Each of these is the end of the input within markup.
            quick_xml::Error::Syntax(_) => BodyError::Truncated,
            _ => BodyError::Malformed(reader.error_position()),
        })?;
        let consumed = visit(&event, reader.get_ref());
        reader.stream().consume(consumed);
        let malformed = || Err(BodyError::Malformed(reader.buffer_position()));
        match event {
            Event::Start(_) if depth > 0 => depth += 1,
            Event::Start(tag) if root.is_none() => {
                root = Some(root_name(&tag)?);
                depth = 1;
            }
            Event::Empty(_) if depth > 0 => {}
            Event::Empty(tag) if root.is_none() => root = Some(root_name(&tag)?),
            Event::Start(_) | Event::Empty(_) => return malformed(),
            Event::End(_) => depth -= 1,
            Event::Text(text) if depth == 0 && !text.trim_ascii().is_empty() => return malformed(),
            Event::CData(_) | Event::GeneralRef(_) if depth == 0 => return malformed(),
            Event::DocType(kind) if kind.to_ascii_lowercase().starts_with("html") => {
                return Err(BodyError::Html);
            }
            Event::Eof => match root {
                Some(root) if depth == 0 => return Ok(root),
                _ => return Err(BodyError::Truncated),
            },
            _ => {}
        }
    }
}

/// The name of the root element, except for HTML: web pages are seldom well-formed further on.
fn root_name(tag: &BytesStart<'_>) -> Result<String, BodyError> {
    let name = tag.local_name().into_inner();
    if name.eq_ignore_ascii_case("html") {
        return Err(BodyError::Html);
    }
    // For messages.
    Ok(name.chars().take(80).collect())
}

#[cfg(test)]
mod tests {
    use aws_sdk_ec2::operation::describe_image_usage_reports::DescribeImageUsageReportsOutput;
    use proptest::prelude::*;

    use super::super::test_client::respond;
    use super::*;

    const PAGE: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<!-- é -->\
        <DescribeResponse xmlns=\"http://ec2.amazonaws.com/doc/2016-11-15/\"><requestId>1</requestId>\
        <set><item><id a='>'>é &amp; &#x1B;</id><none/></item></set><nextToken>t</nextToken></DescribeResponse>";

    #[test]
    fn complete_documents_are_valid() {
        for (before, after) in [
            ("", ""),
            ("\u{feff}", "\n"),
            ("", " <!-- end -->\r\n<?pi?>"),
        ] {
            let page = format!("{before}{PAGE}{after}");
            assert_eq!(
                validate(page.as_bytes(), "DescribeResponse"),
                Ok(()),
                "{page}"
            );
        }
        assert_eq!(validate(b"<DescribeResponse/>", "DescribeResponse"), Ok(()));
        let prefixed = b"<ec2:DescribeResponse></ec2:DescribeResponse>";
        assert_eq!(validate(prefixed, "DescribeResponse"), Ok(()));
    }

    #[test]
    fn truncated_documents_are_invalid() {
        for end in 0..PAGE.len() {
            let cut = &PAGE.as_bytes()[..end];
            let error = validate(cut, "DescribeResponse").unwrap_err();
            let expected = if end == 0 {
                BodyError::Empty
            } else {
                BodyError::Truncated
            };
            // A truncated reference looks like a stray ampersand.
            let in_reference = matches!(error, BodyError::Malformed(_)) && cut.contains(&b'&');
            assert!(error == expected || in_reference, "{end}: {error:?}");
        }
    }

    #[test]
    fn other_bodies_are_invalid() {
        for (body, error) in [
            ("", BodyError::Empty),
            (" \r\n", BodyError::Empty),
            (
                "<!DOCTYPE html><html><body><br>Hello</body></html>",
                BodyError::Html,
            ),
            ("<?xml version=\"1.0\"?>\n<HTML><p>AT&T", BodyError::Html),
            ("{\"message\": \"Forbidden\"}", BodyError::NotXml),
            (
                "<Response/>",
                BodyError::UnexpectedRoot("Response".to_owned()),
            ),
            (
                "<OtherResponse></OtherResponse>",
                BodyError::UnexpectedRoot("OtherResponse".to_owned()),
            ),
            ("<R></R><R></R>", BodyError::Malformed(10)),
            ("<R></R>more", BodyError::Malformed(11)),
            ("<R></R>\0", BodyError::Malformed(8)),
            ("<R><a></b></R>", BodyError::Malformed(6)),
            ("<R></R></R>", BodyError::Malformed(7)),
            ("<!-- nothing -->", BodyError::Truncated),
        ] {
            assert_eq!(validate(body.as_bytes(), "R"), Err(error), "{body}");
        }
        assert_eq!(validate(b"<R>\xff</R>", "R"), Err(BodyError::Malformed(3)));
        assert_eq!(validate(b"<R>\xc3", "R"), Err(BodyError::Truncated));
        assert_eq!(validate(b"\x1f\x8b\x08", "R"), Err(BodyError::NotXml));
    }

    /// A response with two reports, with `attributes` and `text` within the first.
    fn reports(attributes: &str, text: &str) -> String {
        format!(
            "<{REPORTS}><imageUsageReportSet><item><tag{attributes}/><reportId>1</reportId>{text}</item>\
             <item><reportId>2</reportId></item></imageUsageReportSet></{REPORTS}>"
        )
    }

    const REPORTS: &str = "DescribeImageUsageReportsResponse";

    /// The output of the SDK.
    fn decoded(body: &str) -> Option<DescribeImageUsageReportsOutput> {
        respond(
            body,
            |config, http_client| config.http_client(http_client),
            async |client| client.describe_image_usage_reports().send().await.ok(),
        )
    }

    /// Lists the IDs that the SDK reads (`-`: a report without one), and whether the body is valid.
    #[test]
    fn documents_that_the_sdk_would_skip_parts_of_are_invalid() {
        for (attributes, text, read, is_valid) in [
            ("", "", "1 2", true),
            (
                " a='&lt;&#65;' x:b = \">\"",
                "&#x1B;<?pi ?><b/><!-- c -->\n",
                "1 2",
                true,
            ),
            (" a", "", "-", false),
            (" a=b", "", "-", false),
            (" a='<'", "", "-", false),
            (" a='1'b='2'", "", "-", false),
            (" a='&'", "", "- 2", false),
            (" a='&nbsp;'", "", "- 2", false),
            (" a='&#xD800;'", "", "- 2", false),
            (" x:y:z=''", "", "-", false),
            ("", "\x08", "1", false),
            ("", "\u{ffff}", "1", false),
            ("", "]]>", "1", false),
            ("", "<1></1>", "1", false),
            ("", "<a:b:c/>", "1", false),
            ("", "<? pi?>", "1", false),
            ("", "<!-- a -- b -->", "1", false),
            ("", "<imageId>a<!-- c -->b</imageId>", "1 2", false),
            ("", "<imageId><![CDATA[a]]></imageId>", "1 2", false),
        ] {
            let body = reports(attributes, text);
            let output = decoded(&body).unwrap();
            let ids: Vec<&str> = output
                .image_usage_reports()
                .iter()
                .map(|report| report.report_id().unwrap_or("-"))
                .collect();
            assert_eq!(ids.join(" "), read, "{body}");
            let result = validate(body.as_bytes(), REPORTS);
            assert_eq!(result.is_ok(), is_valid, "{body}: {result:?}");
        }
        let body = reports("", "<imageId>&nbsp;</imageId>");
        let at = body.find('&').unwrap() as u64;
        assert_eq!(decoded(&body), None);
        assert_eq!(
            validate(body.as_bytes(), REPORTS),
            Err(BodyError::Malformed(at))
        );
    }

    /// The content of a response with reports, read without the SDK's decoder.
    #[derive(Debug, Default, PartialEq)]
    struct Reports {
        ids: Vec<Option<String>>,
        token: Option<String>,
        /// The open elements: path, text before the first child element, whether there was one.
        open: Vec<(String, String, bool)>,
    }

    impl Reports {
        fn read(body: &[u8]) -> Self {
            let mut reports = Self::default();
            read_document(body, |event, _| reports.event(event)).unwrap();
            reports
        }

        fn event(&mut self, event: &Event<'_>) -> usize {
            match event {
                Event::Start(tag) => self.start(tag),
                Event::Empty(tag) => {
                    self.start(tag);
                    self.end();
                }
                Event::End(_) => self.end(),
                Event::Text(text) => self.text(text),
                Event::CData(text) => self.text(text),
                Event::GeneralRef(name) => {
                    self.text(&unescape(&format!("&{};", &**name)).unwrap_or_default())
                }
                _ => {}
            }
            0
        }

        fn start(&mut self, tag: &BytesStart<'_>) {
            let mut path = String::new();
            if let Some((outer, _, elements)) = self.open.last_mut() {
                *elements = true;
                path = format!("{outer}/");
            }
            path += tag.local_name().into_inner();
            match path.strip_prefix(REPORTS) {
                Some("/imageUsageReportSet") => self.ids.clear(),
                Some("/imageUsageReportSet/item") => self.ids.push(None),
                _ => {}
            }
            self.open.push((path, String::new(), false));
        }

        fn text(&mut self, more: &str) {
            if let Some((_, text, false)) = self.open.last_mut() {
                text.push_str(more);
            }
        }

        fn end(&mut self) {
            let (path, text, _) = self.open.pop().unwrap();
            match path.strip_prefix(REPORTS) {
                Some("/imageUsageReportSet/item/reportId") => {
                    *self.ids.last_mut().unwrap() = Some(text);
                }
                Some("/nextToken") => self.token = Some(text),
                _ => {}
            }
        }
    }

    /// Elements of `names` around `content`, with anything else that XML allows between them.
    fn elements(
        names: Vec<&'static str>,
        content: impl Strategy<Value = String> + 'static,
    ) -> impl Strategy<Value = String> {
        let noise = prop::sample::select(vec![
            "\n  ",
            "&lt;b/&gt;",
            "&#x1B;&#10;",
            "<!-- <item> -->",
            "<?pi <item>?>",
            "a > b",
            "<other a='>' b=\"&amp;\">text<item>h</item></other>",
            "<![CDATA[<item/>]]>",
            "é\r\n",
        ]);
        let one =
            (prop::sample::select(names), content, 0..9_u8).prop_map(|(name, content, form)| {
                match form {
                    0 => format!("<{name}/>"),
                    1 => format!("<ec2:{name} >{content}</ec2:{name} >"),
                    2 => format!("<{name}\na='1' x:b=\"2 > 1&#9;\">{content}</{name}>"),
                    _ => format!("<{name}>{content}</{name}>"),
                }
            });
        let any = prop_oneof![6 => one, 1 => noise.prop_map(str::to_owned)];
        prop::collection::vec(any, 0..4).prop_map(|all| all.concat())
    }

    fn response() -> impl Strategy<Value = String> {
        let text = prop::sample::select(vec![
            "",
            "amiur-1",
            "a&amp;b",
            "é&#65;",
            " x ",
            "a<!-- c -->",
            "a<!---->b",
        ]);
        let members = elements(
            vec!["reportId", "imageId"],
            text.clone().prop_map(str::to_owned),
        );
        let list = elements(vec!["item"], members);
        let root = prop_oneof![
            3 => elements(vec!["imageUsageReportSet"], list),
            1 => elements(vec!["nextToken", "requestId"], text.prop_map(str::to_owned)),
        ];
        let start = prop::sample::select(vec![
            "",
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n",
            "<!DOCTYPE r [<!ENTITY e \"]><item>\"><!-- ]> -->]>",
        ]);
        (start, prop::collection::vec(root, 0..3))
            .prop_map(|(start, all)| format!("{start}<{REPORTS}>{}</{REPORTS}>", all.concat()))
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(3000) })]

        #[test]
        fn the_sdk_reads_all_of_valid_documents(
            response in response(),
            offset: prop::sample::Index,
            removed in 0..6_usize,
            new in prop_oneof![
                3 => Just(None),
                2 => "[<>/&;:=a-c'!?#x \\[\\]\"-]{0,3}".prop_map(Some),
                1 => any::<char>().prop_map(|new| Some(new.to_string())),
                2 => prop::sample::select(vec![
                    "<!-->", "<!--->", "-->", "<![CDATA[", "]]>", "<?", "?>", "<a b='", "'/>", "&e;", "<!DOCTYPE a>",
                ]).prop_map(|new| Some(new.to_owned())),
            ],
        ) {
            let mut body = response.into_bytes();
            if let Some(new) = new {
                let start = offset.index(body.len());
                let end = body.len().min(start + removed);
                body.splice(start..end, new.into_bytes());
            }
            if validate(&body, REPORTS).is_err() {
                return Ok(());
            }
            let reports = Reports::read(&body);
            let body = String::from_utf8(body).unwrap();
            // If the SDK fails, nothing is skipped silently.
            if let Some(output) = decoded(&body) {
                let ids: Vec<_> = output.image_usage_reports().iter().map(|report| report.report_id.clone()).collect();
                prop_assert_eq!(ids, reports.ids, "{}", body);
                prop_assert_eq!(output.next_token, reports.token, "{}", body);
            }
        }
    }
}
