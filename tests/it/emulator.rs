//! `amiusage emulator`: a local endpoint for this program and any other AWS tool.
#![cfg(unix)]

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use snapbox::cmd::Command;

use crate::interrupt::{interrupt, signal};
use crate::support::{Ends, IMAGE, program, words};

/// Entries in two Regions, and one in all Regions.
const REGIONAL: &str = r#"{"ImageUsageReportEntries": [
    {"ImageId": "i", "ReportId": "r", "UsageCount": 1, "Region": "us-east-1"},
    {"ImageId": "i", "ReportId": "r", "UsageCount": 2, "Region": "eu-west-1"},
    {"ImageId": "i", "ReportId": "s", "UsageCount": 3}]}"#;

/// A running emulator, stopped on drop.
struct Running {
    child: Child,
    /// The variables that its first two lines export.
    exports: Vec<(String, String)>,
}

impl Running {
    fn start(flags: &str) -> Self {
        let line = format!("emulator --listen 127.0.0.1:0 {flags}");
        let mut child = program(line.split_whitespace())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.as_mut().unwrap())
            .lines()
            .take(2);
        let exports = lines
            .flat_map(|line| {
                let line = line.unwrap();
                let settings = line.strip_prefix("export ").expect("an export line");
                settings
                    .split_whitespace()
                    .map(|setting| {
                        let (name, value) = setting.split_once('=').unwrap();
                        (name.to_owned(), value.to_owned())
                    })
                    .collect::<Vec<_>>()
            })
            .collect();
        Self { child, exports }
    }

    /// Runs `amiusage` in a shell that has run the two lines.
    fn words(&self, line: &str) -> Command {
        words(line).envs(self.exports.iter().cloned())
    }

    fn address(&self) -> &str {
        let (_, url) = (self.exports.iter())
            .find(|(name, _)| name == "AWS_ENDPOINT_URL_EC2")
            .unwrap();
        url.strip_prefix("http://").unwrap()
    }

    /// The response to these bytes.
    fn send(&self, bytes: &[u8]) -> String {
        let mut stream = TcpStream::connect(self.address()).unwrap();
        stream
            .set_read_timeout(Some(Duration::from_secs(10)))
            .unwrap();
        stream.write_all(bytes).unwrap();
        let mut answer = Vec::new();
        // A reset after the response does not matter here.
        let _ = stream.read_to_end(&mut answer);
        String::from_utf8(answer).unwrap()
    }

    /// The response to an action with these parameters.
    fn ask(&self, action: &str, parameters: &str) -> String {
        let form = format!("Action={action}&Version=2016-11-15&{parameters}");
        self.send(post(&form).as_bytes())
    }
}

/// A request with this body that closes its connection.
fn post(body: &str) -> String {
    format!(
        "POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

/// A request with this query string that closes its connection.
fn get(query: &str) -> String {
    format!("GET /?{query} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn the_printed_exports_are_sufficient_for_clients() {
    let emulator = Running::start("");
    let run = emulator.words("entries --page-size 5").succeeds();
    assert_eq!(run.stdout, words("entries --offline").succeeds().stdout);
}

/// Waits until nothing listens at `address`.
fn wait_until_closed(address: &str) {
    let began = Instant::now();
    while TcpStream::connect(address).is_ok() {
        assert!(began.elapsed() < Duration::from_secs(30));
    }
}

#[test]
fn a_signal_lets_responses_finish() {
    for signal_name in ["INT", "TERM"] {
        let mut emulator = Running::start("");
        let mut stream = TcpStream::connect(emulator.address()).unwrap();
        let body = "Action=DescribeRegions&Version=2016-11-15";
        let length = body.len();
        stream
            .write_all(
                format!(
                    "POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: {length}\r\n\r\n"
                )
                .as_bytes(),
            )
            .unwrap();
        // From now on, the emulator handles the request.
        let mut head = [0; "HTTP/1.1 100 Continue\r\n\r\n".len()];
        stream.read_exact(&mut head).unwrap();
        signal(&emulator.child, signal_name);
        wait_until_closed(emulator.address());
        stream.write_all(body.as_bytes()).unwrap();
        let mut response = String::new();
        stream.read_to_string(&mut response).unwrap();
        assert!(response.starts_with("HTTP/1.1 200"), "{response}");
        assert!(
            response.ends_with("</DescribeRegionsResponse>"),
            "{response}"
        );
        assert_eq!(emulator.child.wait().unwrap().code(), Some(0));
    }
}

#[test]
fn query_strings_work_as_forms() {
    let emulator = Running::start("");
    let body = |response: &str| {
        let (_, body) = response
            .split_once("<imageUsageReportSet>")
            .expect(response);
        body.to_owned()
    };
    let query = "Action=DescribeImageUsageReports&Version=2016-11-15\
        &ImageId.1=ami-0abcdef1234567890&Filter.1.Name=state&Filter.1.Value.1=available";
    let posted = body(&emulator.send(post(query).as_bytes()));
    assert!(posted.contains("<reportId>"), "{posted}");
    assert_eq!(body(&emulator.send(get(query).as_bytes())), posted);
}

#[test]
fn a_signed_query_string_selects_the_region() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("regions.json");
    fs::write(&path, REGIONAL).unwrap();
    let emulator = Running::start(&format!("--state {}", path.display()));
    for (region, count) in [("us-east-1", 1), ("eu-west-1", 2)] {
        let response = emulator.send(
            get(&format!(
                "Action=DescribeImageUsageReportEntries&Version=2016-11-15&X-Amz-Date=20250929T000000Z\
                 &X-Amz-Credential=AKID%2F20250929%2F{region}%2Fec2%2Faws4_request&X-Amz-Signature=0"
            ))
            .as_bytes(),
        );
        let expected = format!("<usageCount>{count}</usageCount>");
        assert!(response.contains(&expected), "{response}");
    }
}

#[test]
fn a_document_or_synthetic_data_is_served() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("answer.json");
    let answer = words(&format!("entries --offline --image-ids {IMAGE}"))
        .succeeds()
        .stdout;
    fs::write(&path, &answer).unwrap();
    let emulator = Running::start(&format!("--state {}", path.display()));
    assert_eq!(emulator.words("entries").succeeds().stdout, answer);

    let emulator = Running::start("--synthetic images=3,entries=2500");
    assert_eq!(emulator.words("entries").succeeds().counts().len(), 2500);
}

#[test]
fn latency_delays_responses() {
    let emulator = Running::start("--latency 300ms");
    let began = Instant::now();
    emulator.words("entries --page-size 10").succeeds();
    assert!(began.elapsed() >= Duration::from_millis(600));
}

#[test]
fn report_delay_delays_reports() {
    const CREATE: &str = "ImageId=ami-0abcdef1234567890&ResourceType.1.ResourceType=ec2:Instance";
    for (flags, state) in [
        ("--report-delay 1h", "pending"),
        ("--report-delay 0s", "available"),
    ] {
        let emulator = Running::start(flags);
        let created = emulator.ask("CreateImageUsageReport", CREATE);
        let (_, id) = created.split_once("<reportId>").expect(&created);
        let id = format!("ReportId.1={}", id.split('<').next().unwrap());
        let report = emulator.ask("DescribeImageUsageReports", &id);
        assert!(
            report.contains(&format!("<state>{state}</state>")),
            "{report}"
        );
    }
}

#[test]
fn throttle_limits_the_rate() {
    let emulator = Running::start("--throttle burst=2,rate=1");
    let refused = (0..1000)
        .map(|_| emulator.ask("DescribeRegions", ""))
        .find(|answer| answer.starts_with("HTTP/1.1 503"))
        .expect("a thousand requests are more than one a second");
    assert!(
        refused.contains("<Code>RequestLimitExceeded</Code>"),
        "{refused}"
    );
    // With retries, all requests succeed.
    let run = emulator.words("entries --page-size 10").succeeds();
    assert_eq!(run.counts().len(), 21);
}

#[test]
fn a_document_is_served_per_region() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("regions.json");
    fs::write(&path, REGIONAL).unwrap();
    let emulator = Running::start(&format!("--state {}", path.display()));
    let offline = format!("entries --offline={}", path.display());
    for (region, counts) in [("us-east-1", [1, 3]), ("eu-west-1", [2, 3])] {
        let region = ["--region", region];
        assert_eq!(words(&offline).args(region).succeeds().counts(), counts);
        let run = emulator.words("entries").args(region).succeeds();
        assert_eq!(run.counts(), counts);
    }
}

#[test]
fn malformed_requests_get_an_error() {
    let emulator = Running::start("");
    for (request, status, code) in [
        ("\0\u{1}\u{2}garbage\r\n\r\n".to_owned(), "400", ""),
        (
            "PUT / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".to_owned(),
            "405",
            "InvalidRequest",
        ),
        (get(""), "400", "MissingAction"),
        (
            get("Action=DescribeRegions&Version=2016-11-15&Nope=1"),
            "400",
            "UnknownParameter",
        ),
        (
            "POST /x HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
                .to_owned(),
            "404",
            "InvalidRequest",
        ),
        (post(""), "400", "MissingAction"),
        (post("%%%&&&==="), "400", "MissingAction"),
        (
            post("Action=RunInstances&Version=2016-11-15"),
            "400",
            "InvalidAction",
        ),
        (
            post("Action=DescribeImageUsageReportEntries&Version=2016-11-15&Nope=1"),
            "400",
            "UnknownParameter",
        ),
    ] {
        let answer = emulator.send(request.as_bytes());
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {status}")),
            "{request:?}: {answer}"
        );
        if !code.is_empty() {
            assert!(
                answer.contains(&format!("<Code>{code}</Code>")),
                "{request:?}: {answer}"
            );
        }
    }
    // A client that closes the connection within its request.
    TcpStream::connect(emulator.address())
        .and_then(|mut gone| {
            gone.write_all(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nA")
        })
        .unwrap();
    emulator.words("entries").succeeds();
}

#[test]
fn invalid_emulator_options_are_rejected() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    words(&format!("emulator --listen {address}"))
        .ends(255)
        .silent()
        .says(&address.to_string());
    words("emulator --state /nonexistent/state")
        .ends(252)
        .silent()
        .says("/nonexistent/state");
    words("emulator --throttle burst=0,rate=1")
        .ends(252)
        .silent()
        .says("burst=100,rate=20");
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("state");
    fs::write(&path, "{\"ImageUsageReportEntries\": 1}").unwrap();
    words(&format!("emulator --state {}", path.display()))
        .ends(252)
        .silent()
        .says("--state");
}

#[test]
fn quiet_prints_only_the_exports() {
    let mut emulator = Running::start("--quiet");
    interrupt(&emulator.child);
    let stderr = emulator.child.stderr.take().unwrap();
    assert_eq!(std::io::read_to_string(stderr).unwrap(), "");
}

#[test]
fn it_refuses_resource_types_that_it_is_told_to_lack() {
    const CREATE: &str = "ImageId=ami-0abcdef1234567890&ResourceType.1.ResourceType";
    let emulator = Running::start("--resource-types ec2:Instance,ec2:LaunchTemplate");
    let recipes = emulator.ask(
        "CreateImageUsageReport",
        &format!("{CREATE}=imagebuilder:ContainerRecipe"),
    );
    assert!(
        recipes.contains("<Code>InvalidParameterValue</Code>"),
        "{recipes}"
    );
    let instances = emulator.ask("CreateImageUsageReport", &format!("{CREATE}=ec2:Instance"));
    assert!(instances.contains("<reportId>amiur-"), "{instances}");
}
