//! The AWS CLI as the reference: the same command line sends the same requests and prints the same output.
//!
//! The AWS CLI's path is in `AMIUSAGE_AWS_CLI`; `.ci/run` installs version 1.45.11. Intended differences
//! have tests too, so that a change is noticed.
//!
//! Exit statuses are compared only as zero or not: this program has those of version 2 (252, 253, 254, 255); version 1
//! exits with 255 for all of these, and with 2 if its parser fails.

mod emulator;
mod images;
mod options;
mod query;
mod reports;
mod scripts;
mod yaml;

use std::collections::BTreeSet;
use std::env;
use std::io::Write;
use std::path::PathBuf;
use std::process::{Command as Program, Output, Stdio};
use std::sync::Mutex;
use std::thread;

use amiusage::emulator::{Response, State};
use amiusage::output::{Column, Record};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde::Serialize;
use serde_json::Value;

use crate::support::{Act, IMAGE, Server, evenly, numbered, page, refusal};

const ENTRIES: &str = "describe-image-usage-report-entries";

const WHY: &str = "AMIUSAGE_AWS_CLI holds the path of the AWS CLI's `aws`";

/// Runs the AWS CLI's listing of entries against `server`.
fn aws(server: &Server, arguments: &[&str]) -> Output {
    aws_ec2(server, [ENTRIES].iter().chain(arguments))
}

/// Runs `aws ec2` against `server`, without the settings of the machine.
fn aws_ec2<'a>(server: &Server, arguments: impl IntoIterator<Item = &'a &'a str>) -> Output {
    aws_service(server, [&"ec2"].into_iter().chain(arguments))
}

/// Runs any service of the AWS CLI, in the same way.
fn aws_service<'a>(server: &Server, arguments: impl IntoIterator<Item = &'a &'a str>) -> Output {
    aws_environment(Program::new(env::var_os("AMIUSAGE_AWS_CLI").expect(WHY)))
        .envs(server.environment())
        .args(arguments)
        .output()
        .expect(WHY)
}

/// Gives `program` what the AWS CLI needs, without the settings of the machine.
fn aws_environment(mut program: Program) -> Program {
    program
        .env_clear()
        .envs(env::var_os("PATH").map(|path| ("PATH", path)))
        // Some installations find the interpreter by this.
        .envs(env::var_os("HOME").map(|home| ("HOME", home)))
        .env("LANG", "C.UTF-8")
        .env("PYTHONUTF8", "1")
        .env("AWS_PAGER", "")
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .env("AWS_CONFIG_FILE", "/nonexistent/config")
        .env("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent/credentials")
        .env("AWS_DEFAULT_REGION", "us-east-1")
        .env("AWS_MAX_ATTEMPTS", "1");
    program
}

/// A document as a row of the output.
#[derive(Serialize)]
#[serde(transparent)]
struct Document(Value);

impl Record for Document {
    const LIST: &'static str = "Documents";
    const COLUMNS: &'static [Column<Self>] = &[];
}

/// The output of a script for `input`, run by the Python of the AWS CLI.
fn python(script: &str, input: String) -> String {
    let python =
        PathBuf::from(env::var_os("AMIUSAGE_AWS_CLI").expect(WHY)).with_file_name("python3");
    let mut child = Program::new(python)
        .args(["-c", script])
        .env("PYTHONUTF8", "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("Python is next to the AWS CLI");
    let mut stdin = child.stdin.take().unwrap();
    let writing = thread::spawn(move || stdin.write_all(input.as_bytes()).unwrap());
    let output = child.wait_with_output().unwrap();
    writing.join().unwrap();
    String::from_utf8(output.stdout).unwrap()
}

/// This program with the same arguments.
fn amiusage(server: &Server, arguments: &[&str]) -> Output {
    amiusage_ec2(server, [ENTRIES].iter().chain(arguments))
}

/// This program in place of `aws ec2`.
fn amiusage_ec2<'a>(server: &Server, arguments: impl IntoIterator<Item = &'a &'a str>) -> Output {
    server
        .program(arguments)
        .env("LANG", "C.UTF-8")
        .env("AWS_MAX_ATTEMPTS", "1")
        .output()
        .unwrap()
}

/// What a program requested, and how it exited.
#[derive(Debug, PartialEq)]
struct Outcome {
    /// The parameters of each request, in any order.
    requests: Vec<BTreeSet<String>>,
    succeeded: bool,
    answer: Answer,
}

#[derive(Debug, PartialEq)]
enum Answer {
    Json(Value),
    Text(String),
}

impl Outcome {
    fn of(server: &Server, output: &Output) -> Self {
        let stdout = String::from_utf8(output.stdout.clone()).unwrap();
        Self {
            requests: (server.requests().iter())
                .map(|form| {
                    // The default may be sent or omitted.
                    let parameters = form
                        .split('&')
                        .filter(|part| !["DryRun=false", ""].contains(part));
                    parameters.map(str::to_owned).collect()
                })
                .collect(),
            succeeded: output.status.success(),
            answer: match serde_json::from_str::<Value>(&stdout) {
                Ok(mut document) if !document.is_number() => {
                    if let Some(token) = document.get_mut("NextToken") {
                        *token = decoded(token.as_str().unwrap()).unwrap_or(token.take());
                    }
                    Answer::Json(document)
                }
                _ => Answer::Text(match stdout.split_once("NEXTTOKEN\t") {
                    Some((before, token)) => {
                        format!("{before}NEXTTOKEN\t{:?}\n", decoded(token.trim_end()))
                    }
                    None => stdout,
                }),
            },
        }
    }
}

/// Whether this program requested and printed the same as the AWS CLI.
///
/// Here several IDs are requested in batches, in no fixed order: then the requests must be the one of the AWS CLI,
/// split, and the output must be that of the AWS CLI in the order of the batches. An error may precede some of the
/// requests.
fn same(theirs: &Outcome, ours: &Outcome) -> bool {
    let batches = theirs.requests.first().map_or_else(Vec::new, split);
    if batches.len() < 2 {
        return ours == theirs;
    }
    let is_later = |parameter: &&String| parameter.starts_with("NextToken=");
    let (later, mut first): (Vec<_>, Vec<_>) = (ours.requests.iter().cloned())
        .partition(|request| request.iter().any(|parameter| is_later(&parameter)));
    let first_pages = first.len();
    first.sort();
    first.dedup();
    let in_pages = later.into_iter().all(|mut request| {
        request.retain(|parameter| !is_later(&parameter));
        batches.contains(&request)
    });
    ours.succeeded == theirs.succeeded
        && first.len() == first_pages
        && (first.len() == batches.len() || !ours.succeeded && !first.is_empty())
        && first.iter().all(|request| batches.contains(request))
        && in_pages
        && ours.answer == theirs.answer.in_order_of(&batches)
}

/// A request, split into batches as this program does. No list here exceeds the service's limit.
fn split(request: &BTreeSet<String>) -> Vec<BTreeSet<String>> {
    let ids = |kind: &str| -> Vec<String> {
        let mut ids: Vec<(usize, String)> = (request.iter())
            .filter_map(|parameter| {
                let (number, id) = parameter.strip_prefix(kind)?.split_once('=')?;
                Some((number.parse().unwrap(), id.to_owned()))
            })
            .collect();
        ids.sort();
        ids.into_iter().map(|(_, id)| id).collect()
    };
    let (images, reports) = (ids("ImageId."), ids("ReportId."));
    let groups = if images.len() > 1 {
        evenly(&images)
            .map(|images| (images, &reports[..]))
            .collect()
    } else if reports.len() > 1 {
        evenly(&reports)
            .map(|reports| (&images[..], reports))
            .collect()
    } else {
        vec![(&images[..], &reports[..])]
    };
    let parameters = |kind: &'static str, ids: &[String]| -> Vec<String> {
        (ids.iter().enumerate())
            .map(|(index, id)| format!("{kind}{}={id}", index + 1))
            .collect()
    };
    (groups.into_iter())
        .map(|(images, reports)| {
            (request.iter())
                .filter(|name| !name.starts_with("ImageId.") && !name.starts_with("ReportId."))
                .cloned()
                .chain(parameters("ImageId.", images))
                .chain(parameters("ReportId.", reports))
                .collect()
        })
        .collect()
}

impl Answer {
    /// The same items in the order of the batches; each item has an ID of its batch.
    fn in_order_of(&self, batches: &[BTreeSet<String>]) -> Self {
        let batch = |item: &str| {
            let names = |parameter: &String| {
                let (name, id) = parameter.split_once('=').unwrap();
                let is_split = batches.iter().any(|batch| !batch.contains(parameter));
                is_split && name.contains("Id.") && item.contains(id)
            };
            batches.iter().position(|batch| batch.iter().any(names))
        };
        match self {
            Self::Json(document) => {
                let mut document = document.clone();
                for items in document.as_object_mut().unwrap().values_mut() {
                    let items = items.as_array_mut().expect("one list of items");
                    items.sort_by_key(|item| batch(&item.to_string()));
                }
                Self::Json(document)
            }
            Self::Text(text) => {
                let mut lines: Vec<_> = text.split_inclusive('\n').collect();
                lines.sort_by_key(|line| batch(line));
                Self::Text(lines.concat())
            }
        }
    }
}

/// The content of a token; the base64 differs in the spaces of the JSON.
fn decoded(token: &str) -> Option<Value> {
    serde_json::from_slice(&BASE64_STANDARD.decode(token).ok()?).ok()
}

/// Runs the listing of entries with both programs, each against its own server.
fn both(server: impl Fn() -> Server, arguments: &[&str]) -> [(Outcome, Output); 2] {
    let line: Vec<_> = [ENTRIES].iter().chain(arguments).copied().collect();
    both_ec2(server, &line)
}

/// Runs both programs, each against its own server.
fn both_ec2(server: impl Fn() -> Server, line: &[&str]) -> [(Outcome, Output); 2] {
    let programs: [fn(&Server, &[&str]) -> Output; 2] = [
        |server, line| aws_ec2(server, line),
        |server, line| amiusage_ec2(server, line),
    ];
    programs.map(|program| {
        let server = server();
        let output = program(&server, line);
        (Outcome::of(&server, &output), output)
    })
}

/// Checks rows in several threads, and reports all that fail.
fn check<R: Sync>(rows: &[R], check: impl Fn(&R) -> Result<(), String> + Sync) {
    let failures = Mutex::new(Vec::new());
    let next = Mutex::new(rows.iter());
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                loop {
                    let Some(row) = next.lock().unwrap().next() else {
                        return;
                    };
                    if let Err(failure) = check(row) {
                        failures.lock().unwrap().push(failure);
                    }
                }
            });
        }
    });
    let failures = failures.into_inner().unwrap();
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
}

/// Command lines that succeed.
const SAME: &[&[&str]] = &[
    // IDs.
    &[],
    &["--image-ids", IMAGE],
    &["--image-ids", IMAGE, "ami-1a2b3c4d"],
    &["--image-ids", "ami-1a2b3c4d", IMAGE],
    &["--image-ids", "ami-1a2b3c4d", IMAGE, "--page-size", "1"],
    &["--image-ids", "ami-1a2b3c4d", IMAGE, "--output", "text"],
    &[
        "--image-ids",
        "ami-1a2b3c4d",
        IMAGE,
        "--report-ids",
        "amiur-0d9e8f7a6b5c4d3e2",
        "amiur-22222222222222222",
        "--filters",
        "Name=account-id,Values=001100110011,111122223333",
        "Name=resource-type,Values=ec2:Instance",
    ],
    &[
        "--image-ids",
        "ami-00000001",
        "ami-00000002",
        "ami-1a2b3c4d",
        "ami-00000003",
        "ami-00000004",
        "ami-0fedcba9876543210",
        IMAGE,
        "ami-00000005",
        "ami-00000006",
        "ami-00000007",
        "ami-00000008",
        "--page-size",
        "2",
    ],
    &["--image-ids=ami-1a2b3c4d"],
    &[
        "--image-ids",
        r#"["ami-1a2b3c4d", "ami-0fedcba9876543210"]"#,
    ],
    &["--image-ids", "ami-00000000"],
    &["--image-id", IMAGE],
    &[
        "--report-ids",
        "amiur-22222222222222222",
        "amiur-0d9e8f7a6b5c4d3e2",
    ],
    &["--report-id", "amiur-22222222222222222"],
    &[
        "--image-ids",
        IMAGE,
        "--report-ids",
        "amiur-22222222222222222",
    ],
    // Filters, shorthand.
    &["--filters", "Name=account-id,Values=001100110011"],
    &[
        "--filters",
        "Name=account-id,Values=001100110011,123412341234",
    ],
    &[
        "--filters",
        "Values=001100110011,123412341234,Name=account-id",
    ],
    &[
        "--filters",
        "Name=account-id,Values=[001100110011,123412341234]",
    ],
    &[
        "--filters",
        "Name=account-id,Values='001100110011','123412341234'",
    ],
    &[
        "--filters",
        "Name=account-id,Values=\"001100110011\",123412341234",
    ],
    &["--filters", "Name=\"account-id\",Values='0011*'"],
    &[
        "--filters",
        "Name=account-id , Values = 001100110011 , 123412341234",
    ],
    &[
        "--filters",
        "Name=account-id,\nValues=001100110011,\n  123412341234",
    ],
    &["--filters", r#"Name=account-id,Values="a\"b",'c\'d',e\,f"#],
    &["--filters", r"Name=account-id,Values=a=b,\*,\\"],
    &["--filters", "Name=account-id,Values=é漢"],
    &["--filters", "Name=account-id,Values="],
    &["--filters", "Name=account-id,Values='',\"\""],
    &["--filters", "Name=creation-time,Values=2025-10-20T*"],
    &["--filters", "Name=resource-type,Values=ec2:Instance"],
    &["--filters", "Name=resource-type,Values=ec2:instance"],
    &[
        "--filters",
        "Name=account-id,Values=001100110011",
        "Name=resource-type,Values=ec2:Instance",
    ],
    &[
        "--filters",
        "Name=account-id,Values=001100110011",
        "Name=account-id,Values=123412341234",
    ],
    &["--filter", "Name=account-id,Values=001100110011"],
    // Filters, JSON.
    &[
        "--filters",
        r#"{"Name": "account-id", "Values": ["001100110011", "1"]}"#,
    ],
    &[
        "--filters",
        r#"[{"Name": "account-id", "Values": ["001100110011"]}, {"Values": ["ec2:Instance"], "Name": "resource-type"}]"#,
    ],
    // Paging.
    &["--page-size", "5"],
    &["--page-size", "1", "--image-ids", IMAGE],
    &["--page-size", "1000"],
    &["--max-items", "7"],
    &["--max-items", "20"],
    &["--max-items", "21"],
    &["--max-items", "100"],
    &["--max-items", "5", "--page-size", "5"],
    &["--max-items", "7", "--page-size", "5"],
    &["--max-items", "10", "--page-size", "5"],
    &["--max-items", "21", "--page-size", "5"],
    &["--max-i", "3"],
    &["--no-paginate"],
    &["--starting-token", "None___3"],
    &[
        "--starting-token",
        "None___3",
        "--page-size",
        "5",
        "--max-items",
        "4",
    ],
    &[
        "--starting-token",
        "eyJOZXh0VG9rZW4iOiBudWxsLCAiYm90b190cnVuY2F0ZV9hbW91bnQiOiA3fQ==",
    ],
    // Parameters of the service.
    &["--max-results", "3"],
    &["--no-dry-run"],
    &["--filters", "[]"],
    &["--no-sign-request"],
    &["--color", "off"],
    &["--cli-input-json", "{}"],
    &[
        "--cli-input-json",
        r#"{"ImageIds": ["ami-1a2b3c4d"], "Filters": [{"Name": "account-id", "Values": ["001100110011"]}], "DryRun": false}"#,
    ],
    &[
        "--cli-input-json",
        r#"{"ImageIds": ["ami-00000000"], "MaxResults": 1}"#,
        "--image-ids",
        IMAGE,
        "--max-results",
        "2",
    ],
    &["--generate-cli-skeleton"],
    &["--generate-cli-skeleton", "input"],
    &["--generate-cli-skeleton", "output"],
    &[
        "--generate-cli-skeleton",
        "output",
        "--query",
        "ImageUsageReportEntries[].AccountId",
    ],
    // Output formats.
    &["--output", "json"],
    &["--output", "text"],
    &["--output", "text", "--page-size", "5"],
    &["--output", "text", "--max-items", "7", "--page-size", "5"],
    &["--output", "text", "--image-ids", "ami-00000000"],
    &["--query", "ImageUsageReportEntries[].AccountId"],
    &[
        "--query",
        "ImageUsageReportEntries[].[AccountId, UsageCount]",
        "--page-size",
        "5",
    ],
    &[
        "--query",
        "ImageUsageReportEntries[?UsageCount > `5`].{Account: AccountId, N: UsageCount}",
    ],
    &[
        "--query",
        "sum(ImageUsageReportEntries[].UsageCount)",
        "--page-size",
        "5",
    ],
    &["--query", "avg(ImageUsageReportEntries[].UsageCount)"],
    &["--query", "length(ImageUsageReportEntries)"],
    &[
        "--query",
        "sort_by(ImageUsageReportEntries, &UsageCount)[-1]",
    ],
    &["--query", "NextToken"],
    &["--query", "Nope"],
    &[
        "--query",
        "ImageUsageReportEntries[].AccountId",
        "--output",
        "text",
    ],
    &[
        "--query",
        "ImageUsageReportEntries[].[AccountId, UsageCount]",
        "--output",
        "text",
    ],
    &[
        "--query",
        "ImageUsageReportEntries[].[AccountId, UsageCount]",
        "--output",
        "text",
        "--page-size",
        "5",
    ],
    &[
        "--query",
        "ImageUsageReportEntries[].{B: UsageCount, A: AccountId}",
        "--output",
        "text",
    ],
    &["--query", "ImageUsageReportEntries[0]", "--output", "text"],
    &[
        "--query",
        "ImageUsageReportEntries[0].UsageCount",
        "--output",
        "text",
    ],
    &[
        "--query",
        "ImageUsageReportEntries[:2].{Id: ImageId, L: [AccountId, UsageCount]}",
        "--output",
        "text",
    ],
    &["--query", "Nope", "--output", "text"],
];

#[test]
#[ignore = "needs the AWS CLI: .ci/run runs it"]
fn conformance_of_output() {
    check(SAME, |row| {
        let [(expected, _), (ours, output)] = both(Server::sample, row);
        if expected.succeeded && same(&expected, &ours) {
            return Ok(());
        }
        let stderr = String::from_utf8_lossy(&output.stderr);
        Err(format!(
            "{row:?}\nAWS CLI: {expected:#?}\namiusage: {ours:#?}\n{stderr}"
        ))
    });
}

/// Queries whose results are compared byte for byte, as JSON and as text.
const QUERIES: &[&str] = &[
    "ImageUsageReportEntries[0]",
    "ImageUsageReportEntries[0].keys(@)",
    "ImageUsageReportEntries[0].*",
    "ImageUsageReportEntries[].{z: UsageCount, a: AccountId}",
    "ImageUsageReportEntries[].{z: UsageCount, nested: {y: ImageId, b: [AccountId]}}",
    "ImageUsageReportEntries[?ReportCreationTime > '2025-10'].[ReportId, UsageCount]",
    "ImageUsageReportEntries[?UsageCount >= `7`] | [*].UsageCount",
    "ImageUsageReportEntries[?ResourceType == `ec2:Instance`].AccountId",
    "sum(ImageUsageReportEntries[].UsageCount)",
    "avg(ImageUsageReportEntries[].UsageCount)",
    "avg(ImageUsageReportEntries[?AccountId == 'none'].UsageCount)",
    "ImageUsageReportEntries[?ReportCreationTime < '2025-10-01'].ReportId",
    "ImageUsageReportEntries[?ReportCreationTime < `2025-10-01`].ReportId",
    "ImageUsageReportEntries[?AccountId == `001100110011`].UsageCount",
    "to_number('001100110011')",
    "ImageUsageReportEntries[0].values(@)",
    "sort_by(ImageUsageReportEntries, &UsageCount)[::-1].[UsageCount, to_string(UsageCount)]",
    "[`15.0`, `15`, `1e16`, `true`, `null`]",
    "[to_number('1.0'), ceil(`1.5`), abs(`-2.0`), `1` == `true`, max(`[]`)]",
    "merge(ImageUsageReportEntries[0], {a: 'x', ImageId: 'y'})",
    "to_string(ImageUsageReportEntries[0].{b: ImageId, a: UsageCount})",
];

#[test]
#[ignore = "needs the AWS CLI: .ci/run runs it"]
fn conformance_of_queries() {
    let rows: Vec<_> = (QUERIES.iter())
        .flat_map(|query| ["json", "text"].map(|format| (query, format)))
        .collect();
    check(&rows, |(query, format)| {
        let row = ["--output", format, "--query", query];
        let [(_, theirs), (_, ours)] = both(Server::sample, &row);
        if theirs.status.success() && ours.status.success() && theirs.stdout == ours.stdout {
            return Ok(());
        }
        Err(format!("{row:?}\nAWS CLI: {theirs:?}\namiusage: {ours:?}"))
    });
}

/// Command lines that fail, and the service's error code if a request is sent.
const FAIL: &[(&[&str], Option<&str>)] = &[
    (&["--image-ids", "bogus"], Some("InvalidAMIID.Malformed")),
    (
        &["--image-ids", "ami-123", "ami-1a2b3c4d"],
        Some("InvalidAMIID.Malformed"),
    ),
    (
        &["--filters", "Name=nope,Values=1"],
        Some("InvalidParameterValue"),
    ),
    (
        &["--filters", "Name=Account-Id,Values=1"],
        Some("InvalidParameterValue"),
    ),
    (&["--starting-token", "bogus"], Some("InvalidNextToken")),
    (&["--starting-token", "bogus___3"], Some("InvalidNextToken")),
    (&["--page-size", "0"], None),
    (&["--page-size", "x"], None),
    (&["--max-items", "x"], None),
    (&["--filters", "Name=account-id,Vals=1"], None),
    (&["--filters", "Name=account-id,Values=1,Values=2"], None),
    (&["--filters", "Name"], None),
    (&["--filters", "Name=account-id,Values=1,"], None),
    (&["--filters", r"Name=account-id,Values=\*,a=b,c"], None),
    (&["--filters", "Name=account-id,Values=[1"], None),
    (&["--filters", "Name=account-id,Values='1"], None),
    (&["--filters", "Name=[account-id],Values=1"], None),
    (&["--filters", "{\"Name\": \"account-id\""], None),
    (&["--filters", "{\"Name\": 1, \"Values\": [\"1\"]}"], None),
    (&["--no-paginate", "--max-items", "2"], None),
    (&["--output", "xml"], None),
    (&["--query", "a["], None),
    (&["--cli-input-json", "{"], None),
    (&["--cli-input-json", "[]"], None),
    (&["--cli-input-json", r#"{"Nope": 1}"#], None),
    (&["--cli-input-json", r#"{"ImageIds": "a"}"#], None),
    (&["--cli-input-json", r#"{"ImageIds": [1]}"#], None),
    (&["--cli-input-json", r#"{"DryRun": "true"}"#], None),
    (&["--cli-input-json", r#"{"MaxResults": null}"#], None),
    (
        &["--cli-input-json", r#"{"Filters": [{"Key": "a"}]}"#],
        None,
    ),
    (&["--cli-input-json", "file:///nonexistent"], None),
    (
        &["--cli-input-json", r#"{"ImageIds": ["bogus"]}"#],
        Some("InvalidAMIID.Malformed"),
    ),
    (&["--generate-cli-skeleton", "yaml"], None),
    (&["--max-results", "3", "--max-items", "3"], None),
    (&["--color", "red"], None),
    (&["--profile", "nope"], None),
    (&["--nope"], None),
];

#[test]
#[ignore = "needs the AWS CLI: .ci/run runs it"]
fn conformance_of_errors() {
    check(FAIL, |(row, code)| {
        let [(expected, theirs), (ours, output)] = both(Server::sample, row);
        let names = |output: &Output| {
            code.is_none_or(|code| String::from_utf8_lossy(&output.stderr).contains(code))
        };
        if !expected.succeeded
            && same(&expected, &ours)
            && ours.requests.is_empty() == code.is_none()
            && names(&theirs)
            && names(&output)
        {
            return Ok(());
        }
        Err(format!(
            "{row:?}\nAWS CLI: {expected:#?} {theirs:?}\namiusage: {ours:#?} {output:?}"
        ))
    });
}

/// Responses that are not usual pages.
#[test]
#[ignore = "needs the AWS CLI: .ci/run runs it"]
fn conformance_of_unusual_services() {
    type Service = fn(usize) -> Response;
    let services: &[(&str, Service)] = &[
        ("an empty page in the middle", |number| match number {
            1 => page(0..2, Some("a")),
            2 => page(0..0, Some("b")),
            _ => page(2..4, None),
        }),
        (
            "an empty page at the beginning and at the end",
            |number| match number {
                1 => page(0..0, Some("a")),
                2 => page(0..2, Some("b")),
                _ => page(0..0, None),
            },
        ),
        ("no right", |_| refusal(403, "UnauthorizedOperation", "No.")),
        ("an expired token", |_| {
            refusal(400, "RequestExpired", "No.")
        }),
    ];
    check(services, |(name, answer)| {
        let answer = *answer;
        let server =
            move || Server::new(State::sample(), move |number, _| Act::Reply(answer(number)));
        let [(expected, _), (ours, _)] = both(server, &["--output", "json"]);
        if ours == expected {
            return Ok(());
        }
        Err(format!(
            "{name}\nAWS CLI: {expected:#?}\namiusage: {ours:#?}"
        ))
    });
}

/// Each run resumes with the token of the other program.
#[test]
#[ignore = "needs the AWS CLI: .ci/run runs it"]
fn conformance_of_tokens() {
    const FLAGS: &[&[&str]] = &[
        &["--max-items", "7"],
        &["--max-items", "7", "--page-size", "5"],
        &["--max-items", "5", "--page-size", "5"],
        &["--max-items", "4", "--page-size", "11"],
    ];
    check(FLAGS, |flags| {
        let server = Server::of(numbered(20));
        let mut counts = Vec::new();
        let mut token: Option<String> = None;
        for run in 0..20 {
            let mut arguments = flags.to_vec();
            arguments.extend(token.iter().flat_map(|token| ["--starting-token", token]));
            let program = if run % 2 == 0 { aws } else { amiusage };
            let output = program(&server, &arguments);
            let Ok(document) = serde_json::from_slice::<Value>(&output.stdout) else {
                return Err(format!("{arguments:?}: {output:?}"));
            };
            let entries = document["ImageUsageReportEntries"]
                .as_array()
                .unwrap()
                .iter();
            counts.extend(entries.map(|entry| entry["UsageCount"].as_u64().unwrap()));
            match document["NextToken"].as_str() {
                Some(next) => token = Some(next.to_owned()),
                None => break,
            }
        }
        match counts == (0..20).collect::<Vec<_>>() {
            true => Ok(()),
            false => Err(format!("{flags:?}: {counts:?}")),
        }
    });
}

/// Two images, in the order of their entries in the response.
const TWO: [&str; 3] = ["--image-ids", IMAGE, "ami-0fedcba9876543210"];

/// The entries of the output, and the token after them.
fn entries(output: &Output) -> Result<(Vec<Value>, Option<String>), String> {
    let document: Value = serde_json::from_slice(&output.stdout)
        .map_err(|_| format!("{}", String::from_utf8_lossy(&output.stderr)))?;
    let token = document["NextToken"].as_str().map(str::to_owned);
    match document["ImageUsageReportEntries"].as_array() {
        Some(entries) => Ok((entries.clone(), token)),
        None => Err(document.to_string()),
    }
}

/// The AWS CLI's token for a list of images resumes here too: in one batch, and with tokens that the AWS CLI accepts.
#[test]
#[ignore = "needs the AWS CLI: .ci/run runs it"]
fn conformance_of_a_token_for_several_images() {
    let (whole, _) = entries(&aws(&Server::sample(), &TWO)).unwrap();
    let both = whole[0]["ImageId"] != whole.last().unwrap()["ImageId"];
    assert!(both, "entries of both images: {whole:?}");
    const FLAGS: &[&[&str]] = &[
        &["--max-items", "2"],
        &["--max-items", "2", "--page-size", "2"],
        &["--max-items", "2", "--page-size", "3"],
    ];
    check(FLAGS, |flags| {
        let (mut found, mut token) = (Vec::new(), None::<String>);
        for run in 0..whole.len() {
            let server = Server::sample();
            let mut line = [&TWO[..], flags].concat();
            line.extend(token.iter().flat_map(|token| ["--starting-token", token]));
            let program = if run % 2 == 0 { aws } else { amiusage };
            let (some, next) =
                entries(&program(&server, &line)).map_err(|error| format!("{line:?}: {error}"))?;
            let names_both = |form: &String| TWO[1..].iter().all(|image| form.contains(image));
            if !server.requests().iter().all(names_both) {
                return Err(format!("{line:?}: {:?}", server.requests()));
            }
            found.extend(some);
            token = next;
            if token.is_none() {
                break;
            }
        }
        match found == whole {
            true => Ok(()),
            false => Err(format!("{flags:?}: {found:?}")),
        }
    });
}

/// Here a token of several images contains its batch: the AWS CLI rejects it rather than misread it.
#[test]
#[ignore = "needs the AWS CLI: .ci/run runs it"]
fn conformance_of_a_token_of_several_batches() {
    let whole = amiusage(&Server::sample(), &TWO);
    let (whole, _) = entries(&whole).unwrap();
    // In the first batch, between the two, and in the second.
    let first = whole.iter().filter(|entry| entry["ImageId"] == IMAGE);
    let first = first.count();
    check(&[1, first, first + 1], |count| {
        let count = count.to_string();
        let cut = [&TWO[..], &["--max-items", &count]].concat();
        let (mut found, token) = entries(&amiusage(&Server::sample(), &cut))?;
        let token = token.ok_or("no token")?;
        let line = [&TWO[..], &["--starting-token", &token]].concat();

        let server = Server::sample();
        let refused = aws(&server, &line);
        let stderr = String::from_utf8_lossy(&refused.stderr);
        if refused.status.success()
            || !refused.stdout.is_empty()
            || !server.requests().is_empty()
            || !stderr.contains("amiusage_batch")
        {
            return Err(format!("{count}: {refused:?} {:?}", server.requests()));
        }
        found.extend(entries(&amiusage(&Server::sample(), &line))?.0);
        match found == whole {
            true => Ok(()),
            false => Err(format!("{count}: {found:?}")),
        }
    });
}

/// Differences: the reason, and for the AWS CLI and this program, whether the run succeeds and how many requests it
/// sends.
type Difference = (&'static str, &'static [&'static str], [(bool, usize); 2]);

const DIFFERENT: &[Difference] = &[
    (
        "a document may select one page here and in version 2; version 1 fetches all pages",
        &["--cli-input-json", r#"{"MaxResults": 3}"#],
        [(true, 7), (true, 1)],
    ),
    (
        "a list with commas is a list here; there it is one ID",
        &["--image-ids", "ami-1a2b3c4d,ami-0fedcba9876543210"],
        [(false, 1), (true, 2)],
    ),
    (
        "repetition adds to a list here; there the last one counts, without a word",
        &["--image-ids", "ami-1a2b3c4d", "--image-ids", IMAGE],
        [(true, 1), (true, 2)],
    ),
    (
        "an ID counts once here; there it is sent twice",
        &["--image-ids", "ami-1a2b3c4d", "ami-1a2b3c4d"],
        [(true, 1), (true, 1)],
    ),
    (
        "an answer of no entries cannot be asked for here; there it is undefined, by its own words",
        &["--max-items", "0"],
        [(true, 1), (false, 0)],
    ),
    (
        "a list without IDs is an error here; there it is all images",
        &["--image-ids"],
        [(true, 1), (false, 0)],
    ),
    (
        "a filter without values is refused at once here; there the service has to",
        &["--filters", "Name=account-id"],
        [(false, 1), (false, 0)],
    ),
    (
        "a dry run that would succeed is a success here; there it is an error",
        &["--dry-run"],
        [(false, 1), (true, 1)],
    ),
    (
        "a token that is cut short is refused at once here; there the service has to",
        &["--starting-token", "eyJOZXh0VG9rZW4iOiBud"],
        [(false, 1), (false, 0)],
    ),
    (
        "a query applies to the complete output here; in the AWS CLI's text, to each page",
        &[
            "--output",
            "text",
            "--page-size",
            "5",
            "--query",
            "length(ImageUsageReportEntries)",
        ],
        [(true, 5), (true, 5)],
    ),
    (
        "skipping goes on across pages here; there on the first page only, and entries come twice",
        &[
            "--page-size",
            "3",
            "--starting-token",
            "eyJOZXh0VG9rZW4iOiBudWxsLCAiYm90b190cnVuY2F0ZV9hbW91bnQiOiA3fQ==",
        ],
        [(true, 7), (true, 7)],
    ),
];

#[test]
#[ignore = "needs the AWS CLI: .ci/run runs it"]
fn conformance_has_known_differences() {
    check(DIFFERENT, |(why, row, expected)| {
        let [(theirs, _), (ours, _)] = both(Server::sample, row);
        let ends = [&theirs, &ours].map(|outcome| (outcome.succeeded, outcome.requests.len()));
        match ours != theirs && ends == *expected {
            true => Ok(()),
            false => Err(format!(
                "{why}: {row:?}\nAWS CLI: {theirs:#?}\namiusage: {ours:#?}"
            )),
        }
    });
}
