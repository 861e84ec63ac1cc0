//! The emulator through its interface: forms in, XML out, and the AWS SDK over both transports.

use std::sync::Arc;
use std::time::Duration;

use amiusage::emulator::{
    Emulator, Response, ServerOptions, Settings, State, in_memory_client, serve,
};
use aws_sdk_ec2::config::{BehaviorVersion, Credentials, Region, SharedHttpClient};
use aws_sdk_ec2::error::ProvideErrorMetadata;
use aws_sdk_ec2::operation::RequestId;
use aws_sdk_ec2::types::{Filter, ImageUsageReportEntry};
use aws_sdk_ec2::{Client, Config};
use proptest::prelude::*;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;

mod account;
mod lifecycle;

const ENTRIES: &str = "DescribeImageUsageReportEntries";
const REPORTS: &str = "DescribeImageUsageReports";

/// All actions of the emulator.
const ACTIONS: [&str; 8] = [
    "CreateImageUsageReport",
    "DeleteImageUsageReport",
    "DescribeImageAttribute",
    "DescribeImageReferences",
    ENTRIES,
    REPORTS,
    "DescribeImages",
    "DescribeRegions",
];

fn sample() -> Emulator {
    Emulator::new(State::sample())
}

fn send(emulator: &Emulator, action: &str, parameters: &[(&str, &str)]) -> Response {
    emulator.respond(None, &form(action, parameters))
}

fn send_to(
    emulator: &Emulator,
    region: &str,
    action: &str,
    parameters: &[(&str, &str)],
) -> Response {
    emulator.respond(Some(region), &form(action, parameters))
}

fn form(action: &str, parameters: &[(&str, &str)]) -> Vec<u8> {
    let form = form_urlencoded::Serializer::new(String::new())
        .append_pair("Action", action)
        .append_pair("Version", "2016-11-15")
        .extend_pairs(parameters)
        .finish();
    form.into_bytes()
}

/// The texts of all elements with a name.
fn texts<'r>(response: &'r Response, name: &str) -> Vec<&'r str> {
    let (open, close) = (format!("<{name}>"), format!("</{name}>"));
    (response.body.split(&open).skip(1))
        .map(|rest| rest.split(&close).next().unwrap())
        .collect()
}

fn code(response: &Response) -> (u16, &str) {
    (response.status, texts(response, "Code")[0])
}

/// Each entry as `account type count`.
fn rows(response: &Response) -> Vec<String> {
    assert_eq!(response.status, 200, "{}", response.body);
    let columns = ["accountId", "resourceType", "usageCount"].map(|name| texts(response, name));
    (0..columns[0].len())
        .map(|row| columns.each_ref().map(|column| column[row]).join(" "))
        .collect()
}

/// The items of all pages, and the size of each page.
fn all_pages(
    emulator: &Emulator,
    action: &str,
    parameters: &[(&str, &str)],
    sizes: impl IntoIterator<Item = usize>,
) -> (Vec<String>, Vec<usize>) {
    let (mut items, mut lengths, mut token) = (Vec::new(), Vec::new(), None::<String>);
    for size in sizes {
        let size = size.to_string();
        let mut parameters = parameters.to_vec();
        parameters.push(("MaxResults", &size));
        if let Some(token) = &token {
            parameters.push(("NextToken", token));
        }
        let response = send(emulator, action, &parameters);
        assert_eq!(response.status, 200, "{}", response.body);
        let page = texts(&response, "item");
        lengths.push(page.len());
        items.extend(page.into_iter().map(str::to_owned));
        token = texts(&response, "nextToken").first().map(|t| t.to_string());
        if token.is_none() {
            break;
        }
    }
    assert_eq!(token, None, "there are more pages");
    (items, lengths)
}

#[test]
fn a_response_has_the_xml_of_the_service() {
    let response = send(
        &sample(),
        ENTRIES,
        &[("ImageId.1", "ami-0abcdef1234567890"), ("MaxResults", "1")],
    );
    let token = texts(&response, "nextToken")[0];
    assert_eq!(
        response.body,
        format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
             <DescribeImageUsageReportEntriesResponse xmlns=\"http://ec2.amazonaws.com/doc/2016-11-15/\">\
             <requestId>00000000-0000-4000-8000-000000000001</requestId>\
             <imageUsageReportEntrySet><item>\
             <resourceType>ec2:Instance</resourceType>\
             <reportId>amiur-11111111111111111</reportId>\
             <usageCount>15</usageCount>\
             <accountId>123412341234</accountId>\
             <imageId>ami-0abcdef1234567890</imageId>\
             <reportCreationTime>2025-09-29T13:27:12.322Z</reportCreationTime>\
             </item></imageUsageReportEntrySet>\
             <nextToken>{token}</nextToken>\
             </DescribeImageUsageReportEntriesResponse>"
        )
    );
}

#[test]
fn a_report_has_all_its_members() {
    let response = send(
        &sample(),
        REPORTS,
        &[("ReportId.1", "amiur-22222222222222222")],
    );
    assert!(
        response.body.contains(
            "<imageUsageReportSet><item>\
             <imageId>ami-0abcdef1234567890</imageId>\
             <reportId>amiur-22222222222222222</reportId>\
             <resourceTypeSet><item><resourceType>ec2:Instance</resourceType></item></resourceTypeSet>\
             <accountIdSet><item>001100110011</item></accountIdSet>\
             <state>available</state>\
             <creationTime>2025-10-01T13:36:14.517Z</creationTime>\
             <expirationTime>2025-10-31T13:36:14.517Z</expirationTime>\
             </item></imageUsageReportSet>"
        ),
        "{}",
        response.body
    );
    let response = send(
        &sample(),
        REPORTS,
        &[("ImageId.1", "ami-0f4e3d2c1b0a99887")],
    );
    assert!(
        response.body.contains(
            "<item><resourceType>ec2:LaunchTemplate</resourceType><resourceTypeOptionSet><item>\
             <optionName>version-depth</optionName><optionValueSet><item>50</item></optionValueSet>\
             </item></resourceTypeOptionSet></item>"
        ),
        "{}",
        response.body
    );
    assert!(response.body.contains(
        "<tagSet><item><key>team</key><value>platform</value></item>\
             <item><key>purpose</key><value>retirement review</value></item></tagSet>"
    ));
}

#[test]
fn image_and_report_ids_are_combined_with_and() {
    let emulator = sample();
    let image = ("ImageId.1", "ami-0abcdef1234567890");
    assert_eq!(
        rows(&send(&emulator, ENTRIES, &[image])),
        [
            "123412341234 ec2:Instance 15",
            "123412341234 ec2:LaunchTemplate 4",
            "001100110011 ec2:Instance 7"
        ]
    );
    let own = ("ReportId.1", "amiur-22222222222222222");
    assert_eq!(
        rows(&send(&emulator, ENTRIES, &[image, own])),
        ["001100110011 ec2:Instance 7"]
    );
    let other = ("ReportId.1", "amiur-0c4d5e6f708192a3b");
    assert!(rows(&send(&emulator, ENTRIES, &[image, other])).is_empty());
    assert_eq!(rows(&send(&emulator, ENTRIES, &[])).len(), 21);
}

#[test]
fn entries_are_filtered() {
    let emulator = sample();
    let count = |filters: &[(&str, &str)]| rows(&send(&emulator, ENTRIES, filters)).len();
    let account = ("Filter.1.Name", "account-id");
    assert_eq!(count(&[account, ("Filter.1.Value.1", "001100110011")]), 3);
    // OR among values.
    let either = [
        account,
        ("Filter.1.Value.1", "001100110011"),
        ("Filter.1.Value.7", "1234*"),
    ];
    assert_eq!(count(&either), 6);
    // AND among filters, two of which may have one name.
    let mut both = either.to_vec();
    both.extend([
        ("Filter.2.Name", "resource-type"),
        ("Filter.2.Value.1", "ec2:LaunchTemplate"),
    ]);
    assert_eq!(count(&both), 2);
    both.extend(
        [account, ("Filter.3.Value.1", "0011????0011")].map(|(name, value)| {
            (
                if name == "Filter.1.Name" {
                    "Filter.3.Name"
                } else {
                    name
                },
                value,
            )
        }),
    );
    assert_eq!(count(&both), 1);
    let created = ("Filter.1.Name", "creation-time");
    assert_eq!(count(&[created, ("Filter.1.Value.1", "2025-09-29T*")]), 2);
    let kind = ("Filter.1.Name", "resource-type");
    assert_eq!(count(&[kind, ("Filter.1.Value.1", "EC2:instance")]), 0);
}

#[test]
fn reports_are_filtered() {
    let emulator = sample();
    let count = |name: &str, value: &str| {
        let filter = [("Filter.1.Name", name), ("Filter.1.Value.1", value)];
        texts(&send(&emulator, REPORTS, &filter), "reportId").len()
    };
    assert_eq!(count("state", "*"), 8);
    assert_eq!(count("state", "pending"), 1);
    assert_eq!(count("creation-time", "2025-10-2?T*"), 6);
    assert_eq!(count("tag:team", "platform"), 2);
    assert_eq!(count("tag:team", "*"), 3);
    assert_eq!(count("tag:Team", "*"), 0);
    assert_eq!(count("tag-key", "purpose"), 1);
}

#[test]
fn only_an_available_report_shows_entries() {
    for (state, shown) in [("available", 1), ("pending", 0), ("error", 0)] {
        let emulator = Emulator::new(
            State::from_json(&format!(
                r#"{{"ImageUsageReports": [{{"ImageId": "i", "ReportId": "r", "State": "{state}"}}],
                    "ImageUsageReportEntries": [{{"ImageId": "i", "ReportId": "r"}}]}}"#
            ))
            .unwrap(),
        );
        let response = send(&emulator, ENTRIES, &[("ImageId.1", "i")]);
        assert_eq!(texts(&response, "item").len(), shown, "{state}");
    }
    let failed = send(
        &sample(),
        REPORTS,
        &[("ImageId.1", "ami-0badc0ffee0ddf00d")],
    );
    assert_eq!(texts(&failed, "state"), ["error"]);
    assert_eq!(texts(&failed, "stateReason").len(), 1);
}

#[test]
fn invalid_requests_get_the_errors_of_the_service() {
    let emulator = sample();
    for (parameters, expected) in [
        (&[("ImageId.1", "bogus")][..], "InvalidAMIID.Malformed"),
        (&[("ImageId.1", "ami-123")], "InvalidAMIID.Malformed"),
        (
            &[("ReportId.1", "amiur-")],
            "InvalidImageUsageReportId.Malformed",
        ),
        (&[("MaxResults", "0")], "InvalidParameterValue"),
        (&[("MaxResults", "9999999999")], "InvalidParameterValue"),
        (&[("MaxResults", "ten")], "InvalidParameterValue"),
        (&[("DryRun", "maybe")], "InvalidParameterValue"),
        (
            &[("Filter.1.Name", "state"), ("Filter.1.Value.1", "x")],
            "InvalidParameterValue",
        ),
        (&[("Filter.1.Value.1", "x")], "InvalidParameterValue"),
        (&[("Filter.1.Name", "account-id")], "MissingParameter"),
        (&[("NextToken", "")], "InvalidNextToken"),
        (&[("NextToken", "garbled")], "InvalidNextToken"),
        (&[("ImageId.0", "ami-12345678")], "UnknownParameter"),
        (&[("ImageId.01", "ami-12345678")], "UnknownParameter"),
        (&[("ImageId", "ami-12345678")], "UnknownParameter"),
        (&[("Owner.1", "self")], "UnknownParameter"),
        (
            &[("MaxResults", "1"), ("MaxResults", "2")],
            "InvalidQueryParameter",
        ),
    ] {
        let response = send(&emulator, ENTRIES, parameters);
        assert_eq!(code(&response), (400, expected), "{parameters:?}");
    }
    assert_eq!(
        code(&send(&emulator, "RunInstances", &[])),
        (400, "InvalidAction")
    );
    assert_eq!(code(&emulator.respond(None, b"")), (400, "MissingAction"));
    let version = |version| {
        let form = format!("Action={ENTRIES}&Version={version}");
        emulator.respond(None, form.as_bytes())
    };
    assert_eq!(code(&version("2014-01-01")), (400, "NoSuchVersion"));

    let response = send(&emulator, ENTRIES, &[("ImageId.1", "bo\"gus")]);
    assert!(
        response.body.ends_with(&format!(
            "<Response><Errors><Error><Code>InvalidAMIID.Malformed</Code>\
             <Message>Invalid id: \"bo\"gus\"</Message></Error></Errors>\
             <RequestID>{}</RequestID></Response>",
            response.request_id
        )),
        "{}",
        response.body
    );
}

#[test]
fn unknown_images_have_no_entries() {
    for id in ["ami-12345678", "ami-0123456789abcdef1"] {
        assert!(rows(&send(&sample(), ENTRIES, &[("ImageId.1", id)])).is_empty());
    }
}

#[test]
fn requests_have_at_most_200_ids_and_filter_values() {
    let emulator = sample();
    for (list, first, expected) in [
        ("ImageId", None, "InvalidParameterValue"),
        ("ReportId", None, "InvalidParameterValue"),
        (
            "Filter.1.Value",
            Some(("Filter.1.Name", "account-id")),
            "FilterLimitExceeded",
        ),
    ] {
        let send_with = |count: usize| {
            let prefix = if list == "ReportId" { "amiur-" } else { "ami-" };
            let members: Vec<_> = (1..=count)
                .map(|n| (format!("{list}.{n}"), format!("{prefix}{n:08x}")))
                .collect();
            let mut parameters: Vec<_> = (members.iter())
                .map(|(name, value)| (name.as_str(), value.as_str()))
                .collect();
            parameters.extend(first);
            send(&emulator, ENTRIES, &parameters)
        };
        assert_eq!(send_with(200).status, 200, "{list}");
        assert_eq!(code(&send_with(201)), (400, expected));
    }
}

#[test]
fn a_dry_run_returns_no_data() {
    let response = send(&sample(), ENTRIES, &[("DryRun", "true")]);
    assert_eq!(code(&response), (412, "DryRunOperation"));
    let response = send(&sample(), ENTRIES, &[("DryRun", "false")]);
    assert_eq!(response.status, 200);
}

#[test]
fn a_page_token_is_valid_for_its_own_query_only() {
    let emulator = sample();
    let image = ("ImageId.1", "ami-0f4e3d2c1b0a99887");
    let filter = [("Filter.1.Name", "account-id"), ("Filter.1.Value.1", "*")];
    let query = [image, filter[0], filter[1]];
    let mut first = query.to_vec();
    first.push(("MaxResults", "2"));
    let response = send(&emulator, ENTRIES, &first);
    let token = texts(&response, "nextToken")[0];
    let with = |token: &str, action: &str, parameters: &[(&str, &str)]| {
        let mut parameters = parameters.to_vec();
        parameters.push(("NextToken", token));
        send(&emulator, action, &parameters)
    };
    assert_eq!(rows(&with(token, ENTRIES, &query)).len(), 7);

    let flipped = |at: usize| {
        let mut bytes = token.as_bytes().to_vec();
        bytes[at] = if bytes[at] == b'B' { b'C' } else { b'B' };
        String::from_utf8(bytes).unwrap()
    };
    let other_value = [image, filter[0], ("Filter.1.Value.1", "1*")];
    for response in [
        with(token, ENTRIES, &[image]),
        with(token, ENTRIES, &filter),
        with(token, ENTRIES, &other_value),
        with(token, REPORTS, &[image]),
        with(&flipped(9), ENTRIES, &query),
        with(&flipped(20), ENTRIES, &query),
        with(&token[1..], ENTRIES, &query),
    ] {
        assert_eq!(code(&response), (400, "InvalidNextToken"));
    }
}

#[test]
fn the_last_page_has_no_token() {
    let emulator = sample();
    // Entries follow the last match, but no matching ones do.
    let filter = [
        ("Filter.1.Name", "account-id"),
        ("Filter.1.Value.1", "333344445555"),
    ];
    let (_, lengths) = all_pages(&emulator, ENTRIES, &filter, [1, 1, 1]);
    assert_eq!(lengths, [1, 1]);
    let reports = send(&emulator, REPORTS, &[("MaxResults", "8")]);
    assert_eq!(texts(&reports, "reportId").len(), 8);
    assert!(texts(&reports, "nextToken").is_empty());
}

#[test]
fn the_default_page_size_is_1000() {
    let size = "images=3,entries=2500".parse().unwrap();
    let emulator = Emulator::new(State::synthetic(size));
    let response = send(&emulator, ENTRIES, &[]);
    assert_eq!(rows(&response).len(), 1000);
    assert_eq!(texts(&response, "nextToken").len(), 1);
}

#[test]
fn a_late_page_of_many_entries_is_found_directly() {
    let emulator = Emulator::new(State::synthetic(
        "images=1000,entries=1000000000".parse().unwrap(),
    ));
    let images = send(&emulator, "DescribeImages", &[]);
    let last = texts(&images, "imageId").pop().unwrap().to_owned();
    let response = send(
        &emulator,
        ENTRIES,
        &[("ImageId.1", &last), ("MaxResults", "2")],
    );
    assert_eq!(texts(&response, "imageId"), [&last, &last]);
}

proptest! {
    #[test]
    fn pages_of_any_sizes_add_up_to_the_complete_list(
        sizes in proptest::collection::vec(1usize..9, 1..6),
        images in 1usize..6,
        entries in 0usize..60,
        filtered: bool,
    ) {
        let size = format!("images={images},entries={entries}").parse().unwrap();
        let emulator = Emulator::new(State::synthetic(size));
        let all = [("Filter.1.Name", "resource-type"), ("Filter.1.Value.1", "*Template")];
        let parameters = if filtered { &all[..] } else { &[] };
        for action in [ENTRIES, REPORTS] {
            if action == REPORTS && filtered {
                continue;
            }
            let complete = send(&emulator, action, parameters);
            let (joined, _) =
                all_pages(&emulator, action, parameters, sizes.iter().copied().cycle());
            prop_assert_eq!(joined, texts(&complete, "item"));
        }
    }

    #[test]
    fn any_bytes_get_an_error_response(bytes: Vec<u8>) {
        let response = sample().respond(None, &bytes);
        prop_assert!(response.status >= 400);
    }

    #[test]
    fn any_parameters_get_a_response(
        parameters in proptest::collection::vec(
            (
                "(ImageId|ReportId|Filter|NextToken|MaxResults|DryRun|ResourceType|TagSpecification|\\PC)\
                 (\\.(1|2|Name|Value|ResourceType|Tag|Key|\\PC*)){0,4}",
                ".*",
            ),
            0..6,
        ),
        token in "[A-Za-z0-9_-]{32}",
    ) {
        let mut parameters: Vec<_> =
            parameters.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let emulator = sample();
        for action in ACTIONS {
            let response = send(&emulator, action, &parameters);
            prop_assert!(matches!(response.status, 200 | 400 | 412), "{}", response.body);
        }
        parameters.push(("NextToken", &token));
        prop_assert!(send(&emulator, ENTRIES, &parameters).status >= 400);
    }
}

fn client(http_client: SharedHttpClient, endpoint: &str) -> Client {
    Client::from_conf(
        Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("eu-west-1"))
            .credentials_provider(Credentials::for_tests())
            .endpoint_url(endpoint)
            .http_client(http_client)
            .build(),
    )
}

async fn paginate(client: &Client, page_size: i32) -> Vec<ImageUsageReportEntry> {
    client
        .describe_image_usage_report_entries()
        .image_ids("ami-0f4e3d2c1b0a99887")
        .filters(
            Filter::builder()
                .name("creation-time")
                .values("2025-10-20T*")
                .build(),
        )
        .into_paginator()
        .page_size(page_size)
        .items()
        .send()
        .try_collect()
        .await
        .unwrap()
}

#[tokio::test]
async fn the_sdk_paginates_over_the_in_memory_client() {
    let client = client(
        in_memory_client(Arc::new(sample())),
        "http://emulator.invalid",
    );
    let entries = paginate(&client, 3).await;
    let counts: Vec<_> = entries.iter().filter_map(|e| e.usage_count()).collect();
    assert_eq!(counts, [212, 3, 64, 1, 9, 0, 0, 2, 1]);
    assert_eq!(entries[6].account_id(), Some("001100110011"));
    assert_eq!(
        entries[0].report_creation_time().unwrap().subsec_nanos(),
        127_000_000
    );

    let error = client
        .describe_image_usage_report_entries()
        .image_ids("bogus")
        .send()
        .await
        .unwrap_err();
    assert_eq!(error.code(), Some("InvalidAMIID.Malformed"));
    assert_eq!(error.message(), Some("Invalid id: \"bogus\""));
    assert!(error.request_id().is_some());
}

#[tokio::test]
async fn special_characters_survive_the_round_trip_through_the_sdk() {
    let value = "\u{1b}[31m <&>\"' \r\n\t é \u{ffff}";
    let state = serde_json::json!({"ImageUsageReports": [
        {"ImageId": "i", "ReportId": "r", "State": "error", "StateReason": value}
    ]});
    let state = State::from_json(&state.to_string()).unwrap();
    let client = client(
        in_memory_client(Arc::new(Emulator::new(state))),
        "http://emulator.invalid",
    );
    let response = client.describe_image_usage_reports().send().await.unwrap();
    assert_eq!(
        response.image_usage_reports()[0].state_reason(),
        Some(value)
    );
}

/// Runs `test` against a server with the sample data, and checks that the server shuts down.
async fn with_server(options: ServerOptions, test: impl AsyncFnOnce(String)) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let (stop, stopped) = oneshot::channel::<()>();
    let server = tokio::spawn(serve(listener, Arc::new(sample()), options, async {
        let _ = stopped.await;
    }));
    test(address).await;
    stop.send(()).unwrap();
    tokio::time::timeout(Duration::from_secs(10), server)
        .await
        .expect("the server shuts down")
        .unwrap();
}

/// Sends raw bytes, and reads one response, or a part of it if the connection closes.
async fn exchange(stream: &mut TcpStream, bytes: &[u8]) -> String {
    stream.write_all(bytes).await.unwrap();
    let mut response = Vec::new();
    let complete = |response: &[u8]| {
        let text = String::from_utf8_lossy(response);
        text.split_once("\r\n\r\n").is_some_and(|(head, body)| {
            let length = head
                .lines()
                .find_map(|line| line.strip_prefix("content-length: "));
            length.is_none_or(|length| length.parse() == Ok(body.len()))
        })
    };
    while !complete(&response) {
        let read = tokio::time::timeout(Duration::from_secs(10), stream.read_buf(&mut response));
        if read.await.expect("a response in time").unwrap_or(0) == 0 {
            break;
        }
    }
    String::from_utf8(response).unwrap()
}

fn post(form: &str) -> String {
    format!(
        "POST / HTTP/1.1\r\nhost: x\r\ncontent-length: {}\r\n\r\n{form}",
        form.len()
    )
}

#[tokio::test]
async fn the_sdk_paginates_over_http() {
    let options = ServerOptions {
        latency: Duration::from_millis(20),
        ..ServerOptions::default()
    };
    with_server(options, async |address| {
        let http_client = aws_smithy_http_client::Builder::new().build_http();
        let client = client(http_client, &format!("http://{address}"));
        let start = std::time::Instant::now();
        assert_eq!(paginate(&client, 3).await.len(), 9);
        assert!(start.elapsed() >= Duration::from_millis(60), "three pages");
    })
    .await;
}

#[tokio::test]
async fn one_connection_serves_valid_and_invalid_requests() {
    with_server(ServerOptions::default(), async |address| {
        let mut stream = TcpStream::connect(&address).await.unwrap();
        let form = format!("Action={REPORTS}&Version=2016-11-15");
        let ok = exchange(&mut stream, post(&form).as_bytes()).await;
        assert!(ok.starts_with("HTTP/1.1 200 OK\r\n"), "{ok}");
        assert!(ok.contains("content-type: text/xml;charset=UTF-8\r\n"));
        assert!(ok.contains("x-amzn-requestid: 00000000-0000-4000-8000-000000000001\r\n"));
        assert!(
            ok.contains("date: Tue, 21 Oct 2025 06:00:"),
            "one Date, of the sample data's clock: {ok}"
        );
        assert_eq!(ok.matches("date: ").count(), 1, "{ok}");

        let chunked = "POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n\
                       4\r\nActi\r\n4\r\non=X\r\n0\r\n\r\n";
        for (request, status, code) in [
            ("GET / HTTP/1.1\r\nhost: x\r\n\r\n", 400, "MissingAction"),
            (
                &post(&form).replace("POST /", "PUT /"),
                405,
                "InvalidRequest",
            ),
            (
                &post(&form).replace("POST /", "POST /2015-03-31/x"),
                404,
                "InvalidRequest",
            ),
            (&post("\0é%ff%00&&=="), 400, "MissingAction"),
            (chunked, 400, "InvalidAction"),
        ] {
            let response = exchange(&mut stream, request.as_bytes()).await;
            assert!(
                response.starts_with(&format!("HTTP/1.1 {status} ")),
                "{response}"
            );
            assert!(
                response.contains(&format!("<Code>{code}</Code>")),
                "{response}"
            );
        }
    })
    .await;
}

#[tokio::test]
async fn garbage_and_huge_bodies_close_only_their_connection() {
    with_server(ServerOptions::default(), async |address| {
        let garbage = b"\x16\x03\x01\x02\x00\xff\xfe garbage\r\n\r\n";
        let mut stream = TcpStream::connect(&address).await.unwrap();
        let response = exchange(&mut stream, garbage).await;
        assert!(response.starts_with("HTTP/1.1 400 "), "{response}");

        let giant = "POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 9000000000\r\n\r\n";
        let mut stream = TcpStream::connect(&address).await.unwrap();
        let response = exchange(&mut stream, giant.as_bytes()).await;
        assert!(response.starts_with("HTTP/1.1 413 "), "{response}");

        // A client that closes the connection in the middle of its body.
        let mut stream = TcpStream::connect(&address).await.unwrap();
        let half = "POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\nAction=";
        stream.write_all(half.as_bytes()).await.unwrap();
        drop(stream);

        let mut stream = TcpStream::connect(&address).await.unwrap();
        let form = format!("Action={ENTRIES}&Version=2016-11-15");
        let response = exchange(&mut stream, post(&form).as_bytes()).await;
        assert!(response.starts_with("HTTP/1.1 200 "), "{response}");
    })
    .await;
}

#[tokio::test]
async fn incomplete_requests_are_closed() {
    let options = ServerOptions {
        request_timeout: Duration::from_millis(50),
        max_connections: 2,
        ..ServerOptions::default()
    };
    with_server(options, async |address| {
        let mut incomplete = Vec::new();
        for request in [
            "POST / HTTP/1.1\r\nhost",
            "POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n\r\nAct",
        ] {
            let mut stream = TcpStream::connect(&address).await.unwrap();
            stream.write_all(request.as_bytes()).await.unwrap();
            incomplete.push(stream);
        }
        // Waits for the other two.
        let mut stream = TcpStream::connect(&address).await.unwrap();
        let response = exchange(&mut stream, post("").as_bytes()).await;
        assert!(response.contains("MissingAction"), "{response}");

        for (mut stream, expected) in incomplete.into_iter().zip(["", "HTTP/1.1 408 "]) {
            let mut response = String::new();
            stream.read_to_string(&mut response).await.unwrap();
            assert!(response.starts_with(expected), "{response}");
            assert_eq!(response.is_empty(), expected.is_empty(), "{response}");
        }
    })
    .await;
}

#[tokio::test]
async fn excess_connections_wait() {
    let options = ServerOptions {
        max_connections: 1,
        ..ServerOptions::default()
    };
    with_server(options, async |address| {
        let mut open = TcpStream::connect(&address).await.unwrap();
        exchange(&mut open, post("").as_bytes()).await;
        let mut excess = TcpStream::connect(&address).await.unwrap();
        excess.write_all(post("").as_bytes()).await.unwrap();
        // While another connection is served, it is not.
        for _ in 0..10 {
            exchange(&mut open, post("").as_bytes()).await;
        }
        let early = excess.try_read(&mut [0]).unwrap_err();
        assert_eq!(early.kind(), std::io::ErrorKind::WouldBlock);
        drop(open);
        let response = exchange(&mut excess, b"").await;
        assert!(response.contains("MissingAction"), "{response}");
    })
    .await;
}

#[tokio::test]
async fn shutdown_does_not_wait_for_idle_connections() {
    let mut idle = Vec::new();
    let start = std::time::Instant::now();
    with_server(ServerOptions::default(), async |address| {
        let silent = TcpStream::connect(&address).await.unwrap();
        let mut used = TcpStream::connect(&address).await.unwrap();
        exchange(&mut used, post("").as_bytes()).await;
        idle.extend([silent, used]);
    })
    .await;
    assert!(start.elapsed() < Duration::from_millis(1900));
}
