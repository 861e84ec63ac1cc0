//! Decodes a page of entries in the same pass that validates it.
//!
//! Reading the XML twice, for validation and in the SDK's decoder, took most of a long listing's time. For the one action
//! with a million rows a single pass does both. The page travels as an extension of its response; an
//! [interceptor](PageHandover) then gives the SDK's decoder a document without entries, and puts the page into the
//! output. The SDK still decides which values are valid: it decodes a page with an invalid one itself, and reports it.

use std::mem;
use std::sync::{Arc, Mutex};

use aws_sdk_ec2::config::interceptors::{
    BeforeDeserializationInterceptorContextMut, FinalizerInterceptorContextMut,
};
use aws_sdk_ec2::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_ec2::error::BoxError;
use aws_sdk_ec2::operation::describe_image_usage_report_entries::DescribeImageUsageReportEntriesOutput;
use aws_sdk_ec2::types::ImageUsageReportEntry;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_types::body::SdkBody;
use quick_xml::events::{BytesRef, Event};

use super::entry_decoder::{Member, TimeCache, decode_entries as decode_usual, empty_entry};
use super::xml::{BodyError, read_document, validate};

/// The root element of a page of entries.
pub(super) const ROOT: &str = "DescribeImageUsageReportEntriesResponse";

/// The content of a page.
#[derive(Debug, Default, PartialEq)]
pub struct Page {
    /// The entries; `None` if the document has no list.
    pub entries: Option<Vec<ImageUsageReportEntry>>,
    /// The token of the next page.
    pub next_token: Option<String>,
}

/// Decodes a page by the rules of the SDK's decoder: names without prefixes, the last of several members with the same
/// name, text up to the first markup; unknown elements are skipped.
///
/// `None` if the SDK has to decode the page, because of an invalid value.
///
/// # Errors
/// [`BodyError`] unless `body` is the complete document of this action.
pub(super) fn decode(body: &[u8]) -> Result<Option<Page>, BodyError> {
    let mut decoder = PageDecoder::default();
    let root = read_document(body, |event, rest| decoder.visit(event, rest))?;
    if root != ROOT {
        return Err(BodyError::UnexpectedRoot(root));
    }
    if decoder.needs_sdk_decode {
        validate(body, ROOT)?;
        return Ok(None);
    }
    Ok(Some(decoder.page))
}

/// Decodes a page, for the benchmarks in `benches/`.
pub fn decode_entries(body: &[u8]) -> Option<Page> {
    decode(body).ok().flatten()
}

/// The state of decoding a page.
#[derive(Default)]
struct PageDecoder {
    page: Page,
    position: Position,
    /// The number of open unknown elements.
    skipped: usize,
    /// The current value.
    text: String,
    text_state: TextState,
    /// The current entry.
    entry: Option<ImageUsageReportEntry>,
    times: TimeCache,
    /// Whether the SDK may reject a value.
    needs_sdk_decode: bool,
}

/// The innermost known element that is open.
#[derive(Clone, Copy, Default)]
enum Position {
    #[default]
    Outside,
    Root,
    NextToken,
    Entries,
    Entry,
    Member(Member),
}

/// How far the text of the current value is.
#[derive(Clone, Copy, Default, PartialEq)]
enum TextState {
    #[default]
    None,
    Started,
    /// There was a comment or the like after the text.
    Interrupted,
    /// There was an element after the text: the rest is ignored.
    Ended,
}

impl PageDecoder {
    /// Decodes an event. Returns how many of the bytes after it were decoded too.
    fn visit(&mut self, event: &Event<'_>, rest: &[u8]) -> usize {
        self.event(event);
        match (event, self.position, &mut self.page.entries) {
            (
                Event::Start(_) | Event::Empty(_) | Event::End(_),
                Position::Entries,
                Some(entries),
            ) if self.skipped == 0 => decode_usual(rest, entries, &mut self.times),
            _ => 0,
        }
    }

    fn event(&mut self, event: &Event<'_>) {
        match event {
            Event::Start(tag) => self.start(local_name(tag.name().into_inner())),
            Event::Empty(tag) => {
                self.start(local_name(tag.name().into_inner()));
                self.end();
            }
            Event::End(_) => self.end(),
            Event::Text(text) => self.text(text),
            Event::GeneralRef(reference) => match resolve(reference) {
                Some(character) => self.text(character.encode_utf8(&mut [0; 4])),
                None => {
                    self.needs_sdk_decode |=
                        self.is_in_value() && self.text_state != TextState::Ended
                }
            },
            Event::CData(_) => self.needs_sdk_decode |= self.is_in_value(),
            _ if self.text_state == TextState::Started => self.text_state = TextState::Interrupted,
            _ => {}
        }
    }

    fn start(&mut self, name: &str) {
        if self.skipped > 0 {
            self.skipped += 1;
            return;
        }
        if let (Position::Entry, Some(member)) = (self.position, Member::from_name(name)) {
            self.position = Position::Member(member);
            return;
        }
        self.position = match (self.position, name) {
            (Position::Outside, _) => Position::Root,
            (Position::Root, "nextToken") => Position::NextToken,
            (Position::Root, "imageUsageReportEntrySet") => {
                self.page.entries = Some(Vec::new());
                Position::Entries
            }
            (Position::Entries, "item") => {
                self.entry = None;
                Position::Entry
            }
            (position, _) => {
                // An element instead of text.
                self.needs_sdk_decode |= self.is_in_value() && self.text_state == TextState::None;
                if self.text_state != TextState::None {
                    self.text_state = TextState::Ended;
                }
                self.skipped = 1;
                position
            }
        };
    }

    fn text(&mut self, text: &str) {
        if self.is_in_value() {
            match self.text_state {
                TextState::None | TextState::Started => {
                    self.text_state = TextState::Started;
                    self.text.push_str(text);
                }
                // The SDK would read only the first part.
                TextState::Interrupted => self.needs_sdk_decode = true,
                TextState::Ended => {}
            }
        }
    }

    fn is_in_value(&self) -> bool {
        self.skipped == 0 && matches!(self.position, Position::NextToken | Position::Member(_))
    }

    fn end(&mut self) {
        if self.skipped > 0 {
            self.skipped -= 1;
            return;
        }
        self.position = match self.position {
            Position::Outside | Position::Root => Position::Outside,
            Position::NextToken => {
                self.page.next_token = Some(self.text.clone());
                Position::Root
            }
            Position::Entries => Position::Root,
            Position::Entry => {
                let entry = self.entry.take().unwrap_or_else(empty_entry);
                self.page.entries.get_or_insert_default().push(entry);
                Position::Entries
            }
            Position::Member(member) => {
                self.member(member);
                Position::Entry
            }
        };
        self.text.clear();
        self.text_state = TextState::None;
    }

    fn member(&mut self, member: Member) {
        let entry = self.entry.get_or_insert_with(empty_entry);
        let set = member.set(entry, &self.text, &mut self.times);
        self.needs_sdk_decode |= set.is_none();
    }
}

/// A name without its prefix. Faster for short names than the crate's own search.
fn local_name(name: &str) -> &str {
    match name.bytes().position(|byte| byte == b':') {
        Some(colon) => &name[colon + 1..],
        None => name,
    }
}

/// The character of a reference that the SDK knows.
fn resolve(reference: &BytesRef<'_>) -> Option<char> {
    match &**reference {
        "lt" => Some('<'),
        "gt" => Some('>'),
        "amp" => Some('&'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        _ => reference.resolve_char_ref().ok().flatten(),
    }
}

/// The extension of a response with its page.
#[derive(Clone)]
struct AttachedPage(Arc<Mutex<Page>>);

/// Attaches `page` to the response that it was decoded from.
pub(super) fn attach(page: Page, response: &mut HttpResponse) {
    response.add_extension(AttachedPage(Arc::new(Mutex::new(page))));
}

/// Moves pages from their response into the SDK's output.
#[derive(Debug)]
pub(super) struct PageHandover;

impl Intercept for PageHandover {
    fn name(&self) -> &'static str {
        "PageHandover"
    }

    fn modify_before_deserialization(
        &self,
        context: &mut BeforeDeserializationInterceptorContextMut<'_>,
        _components: &RuntimeComponents,
        _config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let response = context.response_mut();
        if response.extension::<AttachedPage>().is_some() {
            *response.body_mut() = SdkBody::from(format!("<{ROOT}/>"));
        }
        Ok(())
    }

    fn modify_before_attempt_completion(
        &self,
        context: &mut FinalizerInterceptorContextMut<'_>,
        _components: &RuntimeComponents,
        _config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let attached = context
            .response()
            .and_then(|response| response.extension::<AttachedPage>().cloned());
        if let (Some(AttachedPage(page)), Some(Ok(output))) =
            (attached, context.output_or_error_mut())
        {
            let output = output
                .downcast_mut::<DescribeImageUsageReportEntriesOutput>()
                .ok_or("unexpected page of entries for another action")?;
            let page = mem::take(&mut *page.lock().map_err(|_| "the page of entries was lost")?);
            output.image_usage_report_entries = page.entries;
            output.next_token = page.next_token;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_ec2::config::Builder;
    use proptest::prelude::*;

    use super::super::test_client::{PAGE, respond};
    use super::*;

    /// The SDK's own output.
    fn sdk(body: &str) -> Option<DescribeImageUsageReportEntriesOutput> {
        let configure = |config: Builder, http_client| config.http_client(http_client);
        respond(body, configure, async |client| {
            let sent = client.describe_image_usage_report_entries().send();
            sent.await.ok()
        })
    }

    #[test]
    fn invalid_values_are_left_to_the_sdk() {
        for (value, other) in [
            ("15", "fifteen"),
            ("15", " 15"),
            ("15", ""),
            ("15", "<!-- 15 -->"),
            ("15", "<b>15</b>"),
            ("ami-1", "<b/>ami-1"),
            ("2025-09-29T13:27:12.322Z", "yesterday"),
        ] {
            let page = PAGE.replacen(&format!(">{value}<"), &format!(">{other}<"), 1);
            assert_ne!(page, PAGE);
            assert_eq!(decode(page.as_bytes()), Ok(None), "{page}");
            assert_eq!(sdk(&page), None, "{page}");
        }
    }

    #[test]
    fn pages_that_the_sdk_would_skip_parts_of_are_invalid() {
        for (value, other) in [
            ("ami-1", "&nbsp;"),
            ("ami-1", "ami<!-- c -->-1"),
            ("ami-1", "<![CDATA[ami]]>-1"),
            // The page is left to the SDK for its invalid number, which the SDK would skip.
            ("<item><usageCount>-1", "<item a><usageCount>one"),
        ] {
            let page = PAGE.replacen(value, other, 1);
            assert_ne!(page, PAGE);
            let error = decode(page.as_bytes()).unwrap_err();
            assert!(matches!(error, BodyError::Malformed(_)), "{page}: {error}");
        }
    }

    #[test]
    fn truncated_pages_are_invalid() {
        for end in 0..PAGE.len() {
            let cut = &PAGE.as_bytes()[..end];
            let error = validate(cut, ROOT).unwrap_err();
            assert_eq!(decode(cut), Err(error), "{end}");
        }
    }

    #[test]
    fn the_root_element_is_checked() {
        let other = BodyError::UnexpectedRoot("Response".to_owned());
        assert_eq!(decode(b"<Response/>"), Err(other));
    }

    /// A piece of a value.
    fn piece() -> impl Strategy<Value = String> {
        let texts = prop::sample::select(vec![
            "ec2:Instance",
            "15",
            "-9223372036854775808",
            "+7",
            "2025-09-29T13:27:12.322Z",
            "2025-09-29T13:27:12+02:00",
            " \n",
            "é 日",
            ">",
            "&lt;&amp;&#65;&#x1F642;",
            "<!-- <c> -->",
            "<![CDATA[<d>&]]>",
            "<?pi e?>",
            "<usageCount/>",
            "<item><nextToken>f</nextToken></item>",
            "<other a='>' b=\"&amp;\">g<item>h</item></other>",
        ]);
        texts.prop_map(str::to_owned)
    }

    fn element(name: &str, content: &str, form: u8) -> String {
        match form {
            0 => format!("<{name}/>"),
            1 => format!("<ec2:{name} >{content}</ec2:{name}>"),
            2 => format!("<{name} a='1' x:b=\"2 > 1\">{content}</{name}>"),
            _ => format!("<{name}>{content}</{name}>"),
        }
    }

    /// Elements of `names` around `content`, or something else.
    fn elements(
        names: Vec<&'static str>,
        content: impl Strategy<Value = String> + 'static,
    ) -> impl Strategy<Value = String> {
        let one = (prop::sample::select(names), content, 0..12_u8)
            .prop_map(|(name, content, form)| element(name, &content, form));
        let any = prop_oneof![8 => one.boxed(), 1 => piece().boxed()];
        prop::collection::vec(any, 0..5).prop_map(|all| all.concat())
    }

    /// Entries in the usual form, in one line or pretty-printed.
    fn usual_entries() -> impl Strategy<Value = String> {
        let member = prop::sample::select(vec![
            ("resourceType", "ec2:Instance"),
            ("reportId", "amiur-1"),
            ("usageCount", "15"),
            ("accountId", "001100110011"),
            ("imageId", "ami-1"),
            ("reportCreationTime", "2025-09-29T13:27:12.322Z"),
            ("reportCreationTime", "2025-09-30T13:27:12Z"),
            ("imageId", "one > two"),
            ("imageId", "\t"),
            ("usageCount", ""),
            ("x", "y"),
        ]);
        let items = prop::collection::vec(prop::collection::vec(member, 0..7), 0..4);
        (items, prop::sample::select(vec!["", "\n    ", "\r\n\t"])).prop_map(|(items, space)| {
            let item = |members: Vec<_>| {
                let members = members
                    .into_iter()
                    .map(|(name, text)| format!("{space}{}", element(name, text, 3)));
                format!("{space}<item>{}{space}</item>", members.collect::<String>())
            };
            items.into_iter().map(item).collect()
        })
    }

    fn page() -> impl Strategy<Value = String> {
        let value = |max| prop::collection::vec(piece(), 0..max).prop_map(|all| all.concat());
        let number = prop::sample::select(vec!["0", "15", "+7", "&#49;5<!-- c -->9"]);
        let time = prop::sample::select(vec!["2025-09-29T13:27:12.322Z", "2025-09-29T13:27:12Z"]);
        let members = prop_oneof![
            elements(
                vec!["resourceType", "reportId", "accountId", "imageId", "x"],
                value(4)
            ),
            elements(vec!["usageCount"], number.prop_map(str::to_owned)),
            elements(vec!["reportCreationTime"], time.prop_map(str::to_owned)),
            elements(vec!["usageCount", "reportCreationTime"], value(2)),
        ];
        let entries = prop::collection::vec(members, 0..5).prop_map(|all| all.concat());
        let any = elements(vec!["item", "item", "other"], entries);
        let lists = prop::collection::vec(prop_oneof![any, usual_entries()], 0..3)
            .prop_map(|all| all.concat());
        let root = prop_oneof![
            elements(vec!["imageUsageReportEntrySet"], lists),
            elements(vec!["nextToken", "requestId"], value(3)),
        ];
        prop::collection::vec(root, 0..4).prop_map(|all| element(ROOT, &all.concat(), 3))
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(2000) })]

        #[test]
        fn pages_equal_the_output_of_the_sdk(page in page()) {
            let ours = match decode(page.as_bytes()) {
                Ok(ours) => ours,
                Err(error) => {
                    prop_assert_eq!(Err(error), validate(page.as_bytes(), ROOT));
                    return Ok(());
                }
            };
            let theirs = sdk(&page).map(|output| Page {
                entries: output.image_usage_report_entries,
                next_token: output.next_token,
            });
            prop_assert_eq!(ours, theirs);
        }

        #[test]
        fn incomplete_pages_are_invalid(
            page in page(),
            offset: prop::sample::Index,
            removed in 0..20_usize,
            new in prop_oneof![
                "[<>/&;a-z!\\[\\]\"-]{0,3}".prop_map(String::into_bytes),
                prop::collection::vec(any::<u8>(), 0..3),
            ],
        ) {
            let mut body = page.into_bytes();
            let start = offset.index(body.len());
            let end = body.len().min(start + removed);
            body.splice(start..end, new);
            let page = decode(&body);
            prop_assert!(page.is_err() || str::from_utf8(&body).is_ok());
            // This decoder reads what only the SDK's would skip.
            let validated = validate(&body, ROOT);
            prop_assert!(page.is_ok() || page.as_ref().err() == validated.as_ref().err());
            prop_assert!(validated.is_err() || page.is_ok());
        }
    }
}
