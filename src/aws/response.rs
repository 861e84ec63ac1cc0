//! Makes sure that a success is a whole answer: the complete XML document of the action asked for.
//!
//! The SDK's XML decoder takes the end of the input for the end of the document, so a page that was cut before
//! its `nextToken` looks like the last one. This wrapper stands between the HTTP client and the SDK, reads the
//! body, and turns whatever is not whole into a transport error, which the SDK retries. Error answers pass as
//! they are: the SDK reads their code. It is for the EC2 client alone, whose operations all answer so and none
//! of which streams.

use std::io::BufRead;
use std::time::Duration;

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::connector_metadata::ConnectorMetadata;
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
    SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::{
    RuntimeComponents, RuntimeComponentsBuilder,
};
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::byte_stream::ByteStream;
use aws_smithy_types::config_bag::ConfigBag;
use quick_xml::Reader;
use quick_xml::escape::unescape;
use quick_xml::events::{BytesStart, Event};
use tokio::time::{Instant, timeout_at};
use xmlparser::{Token, Tokenizer};

use super::page;

/// `client`, but every success that it gives is whole.
pub(super) fn validate_responses(client: SharedHttpClient) -> SharedHttpClient {
    SharedHttpClient::new(ValidatingClient(client))
}

/// Why there is no whole answer.
#[derive(Debug, thiserror::Error)]
pub(super) enum TransportError {
    /// The connect time-out passed.
    #[error("no connection within {0:?}")]
    Connect(Duration),
    /// The read time-out passed before the head of the answer came.
    #[error("nothing came within {0:?}")]
    ReadTimeout(Duration),
    /// The read time-out passed within the body, or the body came too slowly.
    #[error("the answer stalled after {bytes} bytes and {time:.1?}")]
    Stall {
        /// How much of the body there is.
        bytes: usize,
        /// How long that took.
        time: Duration,
    },
    /// The connection ended before the body.
    #[error("the connection broke in the middle of the answer")]
    Broken(#[source] BoxError),
    /// The body came, but is not what was asked for.
    #[error("{defect} (status {status})")]
    Body {
        /// What is wrong with it.
        defect: BodyError,
        /// The status that it came with.
        status: u16,
    },
}

/// What is wrong with a body.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum BodyError {
    /// There is nothing in it but white space.
    #[error("an empty body")]
    Empty,
    /// A page for a browser, as proxies and log-in portals send it.
    #[error("an HTML page")]
    Html,
    /// Not XML at all.
    #[error("a body that is not XML")]
    NotXml,
    /// The document has no end.
    #[error("an answer that ends in the middle")]
    Cut,
    /// The document is not well-formed, something stands around it, or the SDK would pass over a part of it.
    #[error("an answer that is damaged at byte {0}")]
    Damaged(u64),
    /// A document, but the answer to something else.
    #[error("a document `{0}`, the answer to something else")]
    Root(String),
}

#[derive(Debug)]
struct ValidatingClient(SharedHttpClient);

impl HttpClient for ValidatingClient {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        // The read time-out is ours: the HTTP client's own ends with the head.
        let mut connecting = HttpConnectorSettings::builder();
        connecting.set_connect_timeout(settings.connect_timeout());
        SharedHttpConnector::new(ValidatingConnector {
            inner: self.0.http_connector(&connecting.build(), components),
            settings: settings.clone(),
        })
    }

    fn validate_base_client_config(
        &self,
        components: &RuntimeComponentsBuilder,
        config: &ConfigBag,
    ) -> Result<(), BoxError> {
        HttpClient::validate_base_client_config(&self.0, components, config)
    }

    fn validate_final_config(
        &self,
        components: &RuntimeComponents,
        config: &ConfigBag,
    ) -> Result<(), BoxError> {
        HttpClient::validate_final_config(&self.0, components, config)
    }

    fn connector_metadata(&self) -> Option<ConnectorMetadata> {
        self.0.connector_metadata()
    }
}

#[derive(Debug)]
struct ValidatingConnector {
    inner: SharedHttpConnector,
    settings: HttpConnectorSettings,
}

impl HttpConnector for ValidatingConnector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let Some(root) = root(&request) else {
            return HttpConnectorFuture::ready(Err(ConnectorError::user(
                "the request is no form with an Action".into(),
            )));
        };
        let settings = self.settings.clone();
        let answer = self.inner.call(request);
        HttpConnectorFuture::new(async move {
            let mut response = head(answer, &settings).await?;
            let body = read(response.take_body(), settings.read_timeout()).await?;
            let status = response.status();
            if status.is_success() {
                let checked = match root.as_str() {
                    page::ROOT => page::read(&body),
                    _ => check(&body, &root).map(|()| None),
                };
                let page = checked.map_err(|defect| {
                    let status = status.as_u16();
                    ConnectorError::io(TransportError::Body { defect, status }.into())
                })?;
                if let Some(page) = page {
                    page::attach(page, &mut response);
                }
            }
            *response.body_mut() = SdkBody::from(body);
            Ok(response)
        })
    }
}

/// The name of the root element of the answer to `request`.
fn root(request: &HttpRequest) -> Option<String> {
    form_urlencoded::parse(request.body().bytes()?)
        .find(|(name, _)| name == "Action")
        .map(|(_, action)| format!("{action}Response"))
}

async fn head(
    answer: HttpConnectorFuture,
    settings: &HttpConnectorSettings,
) -> Result<HttpResponse, ConnectorError> {
    let answer = match settings.read_timeout() {
        None => answer.await,
        Some(limit) => tokio::time::timeout(limit, answer)
            .await
            .map_err(|_| ConnectorError::timeout(TransportError::ReadTimeout(limit).into()))?,
    };
    answer.map_err(|error| match settings.connect_timeout() {
        // The client was given no other time-out.
        Some(limit) if error.is_timeout() => {
            ConnectorError::timeout(TransportError::Connect(limit).into())
        }
        _ => error,
    })
}

/// A body that comes more slowly than this, in bytes a second, for longer than the read time-out is given up:
/// a byte now and then must not hold the program for ever.
const SLOWEST: usize = 1024;

/// As much as is set aside for a body before it comes, in bytes.
const MAX_CONCURRENT: u64 = 1024 * 1024;

async fn read(body: SdkBody, limit: Option<Duration>) -> Result<Vec<u8>, ConnectorError> {
    let began = Instant::now();
    // What a server says of the length is not worth more memory than a usual page takes.
    let length = body.content_length().unwrap_or(0).min(MAX_CONCURRENT);
    let mut body = ByteStream::new(body);
    let mut bytes = Vec::with_capacity(length as usize);
    loop {
        let next = match limit {
            None => body.next().await,
            Some(limit) => {
                let slowest = Duration::from_secs((bytes.len() / SLOWEST) as u64);
                let deadline = (began + limit + slowest).min(Instant::now() + limit);
                timeout_at(deadline, body.next()).await.map_err(|_| {
                    let (bytes, time) = (bytes.len(), began.elapsed());
                    ConnectorError::timeout(TransportError::Stall { bytes, time }.into())
                })?
            }
        };
        match next {
            Some(Ok(chunk)) => bytes.extend_from_slice(&chunk),
            Some(Err(error)) => {
                return Err(ConnectorError::io(
                    TransportError::Broken(error.into()).into(),
                ));
            }
            None => return Ok(bytes),
        }
    }
}

/// Checks that `body` is one well-formed document whose root is `wanted`, and nothing else, and that the SDK's
/// decoder reads all of it.
pub(super) fn check(body: &[u8], wanted: &str) -> Result<(), BodyError> {
    let root = document(body, |_, _| 0)?;
    if root != wanted {
        return Err(BodyError::Root(root));
    }
    legible(body)
}

/// Checks that the SDK's decoder passes over nothing in a well-formed document.
///
/// It takes whatever its tokenizer stumbles over (a malformed attribute, a control character) for the end of the
/// list that it is in, and so a bad reference in an attribute; it does not see CDATA, and of a text with a comment in
/// it only the first part.
fn legible(body: &[u8]) -> Result<(), BodyError> {
    let damaged = |at| Err(BodyError::Damaged(at as u64));
    let document = match str::from_utf8(body) {
        Ok(document) => document,
        Err(error) => return damaged(error.valid_up_to()),
    };
    let mut end = 0;
    // Whether there was text since the last tag, and more than white space.
    let mut text_before = None;
    for token in Tokenizer::from(document) {
        let Ok(token) = token else {
            return damaged(end);
        };
        let passed_over = match token {
            Token::Attribute { value, .. } => unescape(&value).is_err(),
            Token::Text { text } => {
                let says = !text.trim_ascii().is_empty();
                let before = text_before.replace(says);
                before.is_some_and(|said| said || says) || unescape(&text).is_err()
            }
            Token::Cdata { .. } => true,
            Token::ElementStart { .. } | Token::ElementEnd { .. } => {
                text_before = None;
                false
            }
            _ => false,
        };
        if passed_over {
            return damaged(token.span().start());
        }
        end = token.span().end();
    }
    Ok(())
}

/// What the body of an error answer is, where the SDK found no error code in it.
pub(super) fn describe(body: &[u8]) -> String {
    match document(body, |_, _| 0) {
        Ok(root) => format!("a document `{root}` without an error code"),
        Err(defect) => defect.to_string(),
    }
}

/// The name of the root, once all of the document is read; `each` sees every event on the way. Nothing may stand
/// beside the root but comments, processing instructions and white space.
///
/// `each` sees what follows the event, too. After a tag it may read well-formed elements of it by itself: it returns
/// their length in bytes.
pub(super) fn document(
    body: &[u8],
    each: impl FnMut(&Event<'_>, &[u8]) -> usize,
) -> Result<String, BodyError> {
    let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
    match body.trim_ascii_start().first() {
        None => return Err(BodyError::Empty),
        Some(b'<') => {}
        Some(_) => return Err(BodyError::NotXml),
    }
    // The reader checks the encoding of what it hands out, so that one look at the whole is for errors only.
    events(body, each).map_err(|defect| match str::from_utf8(body) {
        Ok(_) => defect,
        Err(error) if error.error_len().is_none() => BodyError::Cut,
        Err(error) => BodyError::Damaged(error.valid_up_to() as u64),
    })
}

fn events(
    body: &[u8],
    mut each: impl FnMut(&Event<'_>, &[u8]) -> usize,
) -> Result<String, BodyError> {
    let mut reader = Reader::from_reader(body);
    let mut root = None;
    // How many elements are open.
    let mut depth = 0_usize;
    loop {
        let event = reader.read_event().map_err(|error| match error {
            // Each of these is an end of the input within markup.
            quick_xml::Error::Syntax(_) => BodyError::Cut,
            _ => BodyError::Damaged(reader.error_position()),
        })?;
        let read = each(&event, reader.get_ref());
        reader.stream().consume(read);
        let damaged = || Err(BodyError::Damaged(reader.buffer_position()));
        match event {
            Event::Start(_) if depth > 0 => depth += 1,
            Event::Start(tag) if root.is_none() => {
                root = Some(name(&tag)?);
                depth = 1;
            }
            Event::Empty(_) if depth > 0 => {}
            Event::Empty(tag) if root.is_none() => root = Some(name(&tag)?),
            Event::Start(_) | Event::Empty(_) => return damaged(),
            Event::End(_) => depth -= 1,
            Event::Text(text) if depth == 0 && !text.trim_ascii().is_empty() => return damaged(),
            Event::CData(_) | Event::GeneralRef(_) if depth == 0 => return damaged(),
            Event::DocType(kind) if kind.to_ascii_lowercase().starts_with("html") => {
                return Err(BodyError::Html);
            }
            Event::Eof => match root {
                Some(root) if depth == 0 => return Ok(root),
                _ => return Err(BodyError::Cut),
            },
            _ => {}
        }
    }
}

/// The name of a root element, but for that of HTML: web pages are seldom well-formed further on.
fn name(tag: &BytesStart<'_>) -> Result<String, BodyError> {
    let name = tag.local_name().into_inner();
    if name.eq_ignore_ascii_case("html") {
        return Err(BodyError::Html);
    }
    // It goes into messages.
    Ok(name.chars().take(80).collect())
}

#[cfg(test)]
mod tests {
    use aws_sdk_ec2::operation::describe_image_usage_reports::DescribeImageUsageReportsOutput;
    use proptest::prelude::*;

    use super::super::page::tests::answered;
    use super::*;

    const PAGE: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<!-- é -->\
        <DescribeResponse xmlns=\"http://ec2.amazonaws.com/doc/2016-11-15/\"><requestId>1</requestId>\
        <set><item><id a='>'>é &amp; &#x1B;</id><none/></item></set><nextToken>t</nextToken></DescribeResponse>";

    #[test]
    fn a_whole_document_passes() {
        for (before, after) in [
            ("", ""),
            ("\u{feff}", "\n"),
            ("", " <!-- end -->\r\n<?pi?>"),
        ] {
            let page = format!("{before}{PAGE}{after}");
            assert_eq!(check(page.as_bytes(), "DescribeResponse"), Ok(()), "{page}");
        }
        assert_eq!(check(b"<DescribeResponse/>", "DescribeResponse"), Ok(()));
        let prefixed = b"<ec2:DescribeResponse></ec2:DescribeResponse>";
        assert_eq!(check(prefixed, "DescribeResponse"), Ok(()));
    }

    #[test]
    fn a_document_that_is_cut_anywhere_does_not() {
        for end in 0..PAGE.len() {
            let cut = &PAGE.as_bytes()[..end];
            let defect = check(cut, "DescribeResponse").unwrap_err();
            let expected = if end == 0 {
                BodyError::Empty
            } else {
                BodyError::Cut
            };
            // In the middle of a reference a cut cannot be told from a stray ampersand.
            let in_reference = matches!(defect, BodyError::Damaged(_)) && cut.contains(&b'&');
            assert!(defect == expected || in_reference, "{end}: {defect:?}");
        }
    }

    #[test]
    fn what_else_a_body_can_be() {
        for (body, defect) in [
            ("", BodyError::Empty),
            (" \r\n", BodyError::Empty),
            (
                "<!DOCTYPE html><html><body><br>Hello</body></html>",
                BodyError::Html,
            ),
            ("<?xml version=\"1.0\"?>\n<HTML><p>AT&T", BodyError::Html),
            ("{\"message\": \"Forbidden\"}", BodyError::NotXml),
            ("<Response/>", BodyError::Root("Response".to_owned())),
            (
                "<OtherResponse></OtherResponse>",
                BodyError::Root("OtherResponse".to_owned()),
            ),
            ("<R></R><R></R>", BodyError::Damaged(10)),
            ("<R></R>more", BodyError::Damaged(11)),
            ("<R></R>\0", BodyError::Damaged(8)),
            ("<R><a></b></R>", BodyError::Damaged(6)),
            ("<R></R></R>", BodyError::Damaged(7)),
            ("<!-- nothing -->", BodyError::Cut),
        ] {
            assert_eq!(check(body.as_bytes(), "R"), Err(defect), "{body}");
        }
        assert_eq!(check(b"<R>\xff</R>", "R"), Err(BodyError::Damaged(3)));
        assert_eq!(check(b"<R>\xc3", "R"), Err(BodyError::Cut));
        assert_eq!(check(b"\x1f\x8b\x08", "R"), Err(BodyError::NotXml));
    }

    /// The answer about reports, with `attributes` and `text` within the first.
    fn reports(attributes: &str, text: &str) -> String {
        format!(
            "<{REPORTS}><imageUsageReportSet><item><tag{attributes}/><reportId>1</reportId>{text}</item>\
             <item><reportId>2</reportId></item></imageUsageReportSet></{REPORTS}>"
        )
    }

    const REPORTS: &str = "DescribeImageUsageReportsResponse";

    /// What the SDK reads.
    fn decoded(body: &str) -> Option<DescribeImageUsageReportsOutput> {
        answered(body, false, async |client| {
            client.describe_image_usage_reports().send().await.ok()
        })
    }

    /// The IDs that the SDK reads (`-`: a report without one), and whether the body passes.
    #[test]
    fn what_the_sdk_would_pass_over_does_not_pass() {
        for (attributes, text, read, passes) in [
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
            let checked = check(body.as_bytes(), REPORTS);
            assert_eq!(checked.is_ok(), passes, "{body}: {checked:?}");
        }
        let body = reports("", "<imageId>&nbsp;</imageId>");
        let at = body.find('&').unwrap() as u64;
        assert_eq!(decoded(&body), None);
        assert_eq!(check(body.as_bytes(), REPORTS), Err(BodyError::Damaged(at)));
    }

    /// What there is to read in an answer about reports, found without the SDK's decoder.
    #[derive(Debug, Default, PartialEq)]
    struct Reports {
        ids: Vec<Option<String>>,
        token: Option<String>,
        /// The elements that are open: path, text before the first element within, whether there was one.
        open: Vec<(String, String, bool)>,
    }

    impl Reports {
        fn read(body: &[u8]) -> Self {
            let mut reports = Self::default();
            document(body, |event, _| reports.event(event)).unwrap();
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

    /// Content of elements of `names` around what `content` makes, with whatever else XML allows between them.
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

    fn answer() -> impl Strategy<Value = String> {
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
        fn the_sdk_reads_all_of_what_passes(
            answer in answer(),
            at: prop::sample::Index,
            gone in 0..6_usize,
            new in prop_oneof![
                3 => Just(None),
                2 => "[<>/&;:=a-c'!?#x \\[\\]\"-]{0,3}".prop_map(Some),
                1 => any::<char>().prop_map(|new| Some(new.to_string())),
                2 => prop::sample::select(vec![
                    "<!-->", "<!--->", "-->", "<![CDATA[", "]]>", "<?", "?>", "<a b='", "'/>", "&e;", "<!DOCTYPE a>",
                ]).prop_map(|new| Some(new.to_owned())),
            ],
        ) {
            let mut body = answer.into_bytes();
            if let Some(new) = new {
                let at = at.index(body.len());
                let end = body.len().min(at + gone);
                body.splice(at..end, new.into_bytes());
            }
            if check(&body, REPORTS).is_err() {
                return Ok(());
            }
            let reports = Reports::read(&body);
            let body = String::from_utf8(body).unwrap();
            // What the SDK refuses is not silent.
            if let Some(output) = decoded(&body) {
                let ids: Vec<_> = output.image_usage_reports().iter().map(|report| report.report_id.clone()).collect();
                prop_assert_eq!(ids, reports.ids, "{}", body);
                prop_assert_eq!(output.next_token, reports.token, "{}", body);
            }
        }
    }
}
