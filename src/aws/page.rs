//! Reads a page of entries in the same pass that makes sure that it is whole.
//!
//! Most of a long listing's time went into reading its XML twice: once for [`super::validate_responses`], once in the SDK's
//! decoder. Here one pass does both, for the one action that has a million rows. The page travels with its
//! response; on the SDK's side an [interceptor](PageHandover) gives the SDK's decoder a document without entries to
//! read, and puts the page into the output that comes of it. What a value may be is the SDK's business still: a page
//! with one that does not fit is left to the SDK's decoder, which says so in its own words.

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
use aws_smithy_types::DateTime;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::date_time::Format;
use quick_xml::events::{BytesRef, Event};

use super::item::plain;
use super::response::{BodyError, check, document};

/// The root element of a page of entries.
pub(super) const ROOT: &str = "DescribeImageUsageReportEntriesResponse";

/// What a page says.
#[derive(Debug, Default, PartialEq)]
pub struct Page {
    /// The entries; absent when the document has no list of them.
    pub entries: Option<Vec<ImageUsageReportEntry>>,
    /// Where the next page is.
    pub next_token: Option<String>,
}

/// Reads the page that `body` is, by the rules of the SDK's decoder: names without their prefix, the last of several
/// members of one name, of a value the text up to the first markup; whatever it does not know is skipped.
///
/// There is no page, but no defect either, when a value is none for the SDK.
///
/// # Errors
/// [`BodyError`] when `body` is not the whole document of this action.
pub(super) fn read(body: &[u8]) -> Result<Option<Page>, BodyError> {
    let mut reading = Reading::default();
    let root = document(body, |event, rest| reading.take(event, rest))?;
    if root != ROOT {
        return Err(BodyError::Root(root));
    }
    if reading.needs_sdk_decode {
        // The SDK reads it now.
        check(body, ROOT)?;
        return Ok(None);
    }
    Ok(Some(reading.page))
}

/// The page that `body` is, if it is one: for the measurements of `benches/`.
pub fn decode_entries(body: &[u8]) -> Option<Page> {
    read(body).ok().flatten()
}

/// A page that is being read.
#[derive(Default)]
struct Reading {
    page: Page,
    place: Place,
    /// How many elements are open that are not known here.
    skipped: usize,
    /// The text of the value that is being read, and whether it goes on.
    text: String,
    run: Run,
    /// The entry that is being read.
    entry: Option<ImageUsageReportEntry>,
    times: Times,
    /// Whether there was a value that is none for the SDK.
    needs_sdk_decode: bool,
}

/// The innermost element that is open and known.
#[derive(Clone, Copy, Default)]
enum Place {
    #[default]
    Outside,
    Root,
    NextToken,
    Entries,
    Entry,
    Member(Member),
}

/// What an entry has.
#[derive(Clone, Copy)]
pub(super) enum Member {
    ResourceType,
    ReportId,
    UsageCount,
    AccountId,
    ImageId,
    ReportCreationTime,
}

impl Member {
    pub(super) fn named(name: &str) -> Option<Self> {
        Some(match name {
            "resourceType" => Self::ResourceType,
            "reportId" => Self::ReportId,
            "usageCount" => Self::UsageCount,
            "accountId" => Self::AccountId,
            "imageId" => Self::ImageId,
            "reportCreationTime" => Self::ReportCreationTime,
            _ => return None,
        })
    }

    /// Sets this member of `entry`, unless `text` is no value for the SDK.
    pub(super) fn set(
        self,
        entry: &mut ImageUsageReportEntry,
        text: &str,
        times: &mut Times,
    ) -> Option<()> {
        match self {
            Self::ResourceType => entry.resource_type = Some(text.to_owned()),
            Self::ReportId => entry.report_id = Some(text.to_owned()),
            Self::AccountId => entry.account_id = Some(text.to_owned()),
            Self::ImageId => entry.image_id = Some(text.to_owned()),
            Self::UsageCount => entry.usage_count = Some(text.parse().ok()?),
            Self::ReportCreationTime => entry.report_creation_time = Some(times.parse(text)?),
        }
        Some(())
    }
}

/// The time read last: a report has one, and many entries.
#[derive(Default)]
pub(super) struct Times(Option<(String, DateTime)>);

impl Times {
    fn parse(&mut self, text: &str) -> Option<DateTime> {
        match &self.0 {
            Some((same, time)) if same == text => Some(*time),
            _ => {
                let time = DateTime::from_str(text, Format::DateTimeWithOffset).ok()?;
                self.0 = Some((text.to_owned(), time));
                Some(time)
            }
        }
    }
}

#[derive(Clone, Copy, Default, PartialEq)]
enum Run {
    #[default]
    NotBegun,
    Open,
    /// A comment or the like stood after the text.
    Split,
    /// An element stood after the text: what follows does not count.
    Ended,
}

impl Reading {
    /// Reads an event, and tells how many of the bytes after it were read too.
    fn take(&mut self, event: &Event<'_>, rest: &[u8]) -> usize {
        self.event(event);
        match (event, self.place, &mut self.page.entries) {
            (Event::Start(_) | Event::Empty(_) | Event::End(_), Place::Entries, Some(entries))
                if self.skipped == 0 =>
            {
                plain(rest, entries, &mut self.times)
            }
            _ => 0,
        }
    }

    fn event(&mut self, event: &Event<'_>) {
        match event {
            Event::Start(tag) => self.start(local(tag.name().into_inner())),
            Event::Empty(tag) => {
                self.start(local(tag.name().into_inner()));
                self.end();
            }
            Event::End(_) => self.end(),
            Event::Text(text) => self.text(text),
            Event::GeneralRef(reference) => match character(reference) {
                Some(character) => self.text(character.encode_utf8(&mut [0; 4])),
                None => self.needs_sdk_decode |= self.reads_a_value() && self.run != Run::Ended,
            },
            Event::CData(_) => self.needs_sdk_decode |= self.reads_a_value(),
            _ if self.run == Run::Open => self.run = Run::Split,
            _ => {}
        }
    }

    fn start(&mut self, name: &str) {
        if self.skipped > 0 {
            self.skipped += 1;
            return;
        }
        if let (Place::Entry, Some(member)) = (self.place, Member::named(name)) {
            self.place = Place::Member(member);
            return;
        }
        self.place = match (self.place, name) {
            (Place::Outside, _) => Place::Root,
            (Place::Root, "nextToken") => Place::NextToken,
            (Place::Root, "imageUsageReportEntrySet") => {
                self.page.entries = Some(Vec::new());
                Place::Entries
            }
            (Place::Entries, "item") => {
                self.entry = None;
                Place::Entry
            }
            (place, _) => {
                // An element where text should be.
                self.needs_sdk_decode |= self.reads_a_value() && self.run == Run::NotBegun;
                if self.run != Run::NotBegun {
                    self.run = Run::Ended;
                }
                self.skipped = 1;
                place
            }
        };
    }

    fn text(&mut self, text: &str) {
        if self.reads_a_value() {
            match self.run {
                Run::NotBegun | Run::Open => {
                    self.run = Run::Open;
                    self.text.push_str(text);
                }
                // The SDK would read the first part alone.
                Run::Split => self.needs_sdk_decode = true,
                Run::Ended => {}
            }
        }
    }

    fn reads_a_value(&self) -> bool {
        self.skipped == 0 && matches!(self.place, Place::NextToken | Place::Member(_))
    }

    fn end(&mut self) {
        if self.skipped > 0 {
            self.skipped -= 1;
            return;
        }
        self.place = match self.place {
            Place::Outside | Place::Root => Place::Outside,
            Place::NextToken => {
                self.page.next_token = Some(self.text.clone());
                Place::Root
            }
            Place::Entries => Place::Root,
            Place::Entry => {
                let entry = self.entry.take().unwrap_or_else(empty);
                self.page.entries.get_or_insert_default().push(entry);
                Place::Entries
            }
            Place::Member(member) => {
                self.member(member);
                Place::Entry
            }
        };
        self.text.clear();
        self.run = Run::NotBegun;
    }

    fn member(&mut self, member: Member) {
        let entry = self.entry.get_or_insert_with(empty);
        let set = member.set(entry, &self.text, &mut self.times);
        self.needs_sdk_decode |= set.is_none();
    }
}

/// A name without its prefix. The crate's own search is made for longer texts.
fn local(name: &str) -> &str {
    match name.bytes().position(|byte| byte == b':') {
        Some(colon) => &name[colon + 1..],
        None => name,
    }
}

pub(super) fn empty() -> ImageUsageReportEntry {
    ImageUsageReportEntry::builder().build()
}

/// The character that a reference stands for, where it is one that the SDK knows.
fn character(reference: &BytesRef<'_>) -> Option<char> {
    match &**reference {
        "lt" => Some('<'),
        "gt" => Some('>'),
        "amp" => Some('&'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        _ => reference.resolve_char_ref().ok().flatten(),
    }
}

/// A page on its way with its response.
#[derive(Clone)]
struct Attached(Arc<Mutex<Page>>);

/// Sends `page` along with the response that it was read from.
pub(super) fn attach(page: Page, response: &mut HttpResponse) {
    response.add_extension(Attached(Arc::new(Mutex::new(page))));
}

/// Puts pages that came with their response into the SDK's output.
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
        if response.extension::<Attached>().is_some() {
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
            .and_then(|response| response.extension::<Attached>().cloned());
        if let (Some(Attached(page)), Some(Ok(output))) = (attached, context.output_or_error_mut())
        {
            let output = output
                .downcast_mut::<DescribeImageUsageReportEntriesOutput>()
                .ok_or("a page of entries came for another action")?;
            let page = mem::take(&mut *page.lock().map_err(|_| "a page of entries was lost")?);
            output.image_usage_report_entries = page.entries;
            output.next_token = page.next_token;
        }
        Ok(())
    }
}

#[cfg(test)]
pub(super) mod tests {
    use aws_sdk_ec2::Client;
    use aws_sdk_ec2::config::{BehaviorVersion, Config, Credentials, Region, SharedHttpClient};
    use aws_sdk_ec2::operation::RequestId;
    use aws_smithy_runtime_api::client::http::{
        HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn,
    };
    use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
    use proptest::prelude::*;

    use super::super::response::validate_responses;
    use super::*;

    const PAGE: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
        <DescribeImageUsageReportEntriesResponse xmlns=\"http://ec2.amazonaws.com/doc/2016-11-15/\">\
        <requestId>1</requestId><imageUsageReportEntrySet>\n<item><resourceType>ec2:Instance</resourceType>\
        <reportId>amiur-1</reportId><usageCount>15</usageCount><accountId>001100110011</accountId>\
        <imageId>ami-1</imageId><reportCreationTime>2025-09-29T13:27:12.322Z</reportCreationTime></item>\n\
        <item><usageCount>-1</usageCount></item></imageUsageReportEntrySet>\
        <nextToken>a &amp;&#x20;b</nextToken></DescribeImageUsageReportEntriesResponse>";

    #[derive(Debug)]
    struct Answer(String);

    impl HttpConnector for Answer {
        fn call(&self, _: HttpRequest) -> HttpConnectorFuture {
            let body = SdkBody::from(self.0.clone());
            let mut response = HttpResponse::new(200.try_into().unwrap(), body);
            response.headers_mut().insert("x-amzn-requestid", "id");
            HttpConnectorFuture::ready(Ok(response))
        }
    }

    /// What `ask` gets from the SDK when `body` is the answer: by itself, or with this room in its way.
    pub(in super::super) fn answered<T>(
        body: &str,
        ours: bool,
        ask: impl AsyncFnOnce(Client) -> T,
    ) -> T {
        let connector = SharedHttpConnector::new(Answer(body.to_owned()));
        let client: SharedHttpClient = http_client_fn(move |_, _| connector.clone());
        let config = Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::from_static("us-east-1"))
            .credentials_provider(Credentials::new("a", "b", None, None, "test"));
        let config = if ours {
            config
                .http_client(validate_responses(client))
                .interceptor(PageHandover)
        } else {
            config.http_client(client)
        };
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()
            .unwrap();
        runtime.block_on(ask(Client::from_conf(config.build())))
    }

    fn sdk(body: &str, ours: bool) -> Option<DescribeImageUsageReportEntriesOutput> {
        answered(body, ours, async |client| {
            let sent = client.describe_image_usage_report_entries().send();
            sent.await.ok()
        })
    }

    #[test]
    fn the_output_is_the_sdks_with_its_request_id() {
        let ours = sdk(PAGE, true).unwrap();
        assert_eq!(Some(&ours), sdk(PAGE, false).as_ref());
        assert_eq!(ours.request_id(), Some("id"));
        assert_eq!(ours.next_token(), Some("a & b"));
        assert_eq!(ours.image_usage_report_entries().len(), 2);
    }

    #[test]
    fn what_is_no_value_is_left_to_the_sdk() {
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
            assert_eq!(read(page.as_bytes()), Ok(None), "{page}");
            assert_eq!(sdk(&page, false), None, "{page}");
        }
    }

    #[test]
    fn what_the_sdk_would_pass_over_is_no_page() {
        for (value, other) in [
            ("ami-1", "&nbsp;"),
            ("ami-1", "ami<!-- c -->-1"),
            ("ami-1", "<![CDATA[ami]]>-1"),
            // The SDK, to which the page is left for its number, would not come to it.
            ("<item><usageCount>-1", "<item a><usageCount>one"),
        ] {
            let page = PAGE.replacen(value, other, 1);
            assert_ne!(page, PAGE);
            let defect = read(page.as_bytes()).unwrap_err();
            assert!(matches!(defect, BodyError::Damaged(_)), "{page}: {defect}");
        }
    }

    #[test]
    fn a_page_that_is_cut_anywhere_is_none() {
        for end in 0..PAGE.len() {
            let cut = &PAGE.as_bytes()[..end];
            let defect = check(cut, ROOT).unwrap_err();
            assert_eq!(read(cut), Err(defect), "{end}");
        }
    }

    #[test]
    fn another_document_is_none_of_this_action() {
        let other = BodyError::Root("Response".to_owned());
        assert_eq!(read(b"<Response/>"), Err(other));
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

    /// An element named one of `names`, or something else, around what `content` makes.
    fn elements(
        names: Vec<&'static str>,
        content: impl Strategy<Value = String> + 'static,
    ) -> impl Strategy<Value = String> {
        let one = (prop::sample::select(names), content, 0..12_u8)
            .prop_map(|(name, content, form)| element(name, &content, form));
        let any = prop_oneof![8 => one.boxed(), 1 => piece().boxed()];
        prop::collection::vec(any, 0..5).prop_map(|all| all.concat())
    }

    /// Items in the service's own form, in one line or pretty-printed.
    fn plain_items() -> impl Strategy<Value = String> {
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
        let value = |most| prop::collection::vec(piece(), 0..most).prop_map(|all| all.concat());
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
        let lists = prop::collection::vec(prop_oneof![any, plain_items()], 0..3)
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
        fn a_page_says_what_the_sdk_reads(page in page()) {
            let ours = match read(page.as_bytes()) {
                Ok(ours) => ours,
                Err(defect) => {
                    prop_assert_eq!(Err(defect), check(page.as_bytes(), ROOT));
                    return Ok(());
                }
            };
            let theirs = sdk(&page, false).map(|output| Page {
                entries: output.image_usage_report_entries,
                next_token: output.next_token,
            });
            prop_assert_eq!(ours, theirs);
        }

        #[test]
        fn what_is_not_whole_is_no_page(
            page in page(),
            at: prop::sample::Index,
            gone in 0..20_usize,
            new in prop_oneof![
                "[<>/&;a-z!\\[\\]\"-]{0,3}".prop_map(String::into_bytes),
                prop::collection::vec(any::<u8>(), 0..3),
            ],
        ) {
            let mut body = page.into_bytes();
            let at = at.index(body.len());
            let end = body.len().min(at + gone);
            body.splice(at..end, new);
            let page = read(&body);
            prop_assert!(page.is_err() || str::from_utf8(&body).is_ok());
            // What only the SDK's decoder would pass over is read here.
            let checked = check(&body, ROOT);
            prop_assert!(page.is_ok() || page.as_ref().err() == checked.as_ref().err());
            prop_assert!(checked.is_err() || page.is_ok());
        }
    }
}
