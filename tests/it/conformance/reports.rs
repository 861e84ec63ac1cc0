//! The life of reports: the AWS CLI's command lines without `aws` ask the same and get the same answer.

use std::collections::BTreeSet;
use std::time::Duration;

use amiusage::emulator::{Settings, State};
use serde_json::Value;

use super::{Answer, Outcome, both_ec2, check, same};
use crate::support::{Act, IMAGE, Server};

const CREATE: &str = "create-image-usage-report";
const REPORTS: &str = "describe-image-usage-reports";
const DELETE: &str = "delete-image-usage-report";
const INSTANCES: &str = "ResourceType=ec2:Instance";
const TEMPLATES: &str = "ResourceType=ec2:LaunchTemplate,ResourceTypeOptions=[{OptionName=version-depth,OptionValues=100}]";
const REPORT: &str = "amiur-0a1b2c3d4e5f60718";
/// Available too, of another image.
const OTHER: &str = "amiur-0c4d5e6f708192a3b";

fn server() -> Server {
    let settings = Settings {
        report_delay: Duration::from_secs(3600),
        ..Settings::default()
    };
    Server::with_settings(State::sample(), settings, |_, reply| Act::Reply(reply))
}

/// Removes differences that do not count: generated tokens, and the form of times.
fn plain(mut outcome: Outcome) -> Outcome {
    for request in &mut outcome.requests {
        let is_generated = |part: &String| part.starts_with("ClientToken=") && part.len() > 30;
        *request = std::mem::take(request)
            .into_iter()
            .map(|part| match is_generated(&part) {
                true => "ClientToken".to_owned(),
                false => part,
            })
            .collect::<BTreeSet<_>>();
    }
    match &mut outcome.answer {
        Answer::Json(document) => plain_times(document),
        Answer::Text(text) => {
            *text = text
                .replace("+00:00", "Z")
                .replace(".000000Z", ".000Z")
                .replace(".000Z", "Z")
                .lines()
                .map(|line| {
                    let fields = line.split('\t').map(|field| match field.split_once('.') {
                        Some((time, fraction)) if fraction.ends_with('Z') => {
                            let digits = fraction.trim_end_matches('Z').trim_end_matches('0');
                            format!("{time}.{digits}Z")
                        }
                        _ => field.to_owned(),
                    });
                    fields.collect::<Vec<_>>().join("\t") + "\n"
                })
                .collect();
        }
    }
    outcome
}

fn plain_times(value: &mut Value) {
    match value {
        Value::String(text) if text.starts_with("20") && text.contains('T') => {
            let time = text.replace("+00:00", "Z").replace(['Z'], "");
            *text = match time.split_once('.') {
                Some((whole, fraction)) => format!("{whole}.{}", fraction.trim_end_matches('0')),
                None => format!("{time}."),
            };
        }
        Value::Array(values) => values.iter_mut().for_each(plain_times),
        Value::Object(members) => members.values_mut().for_each(plain_times),
        _ => {}
    }
}

/// Command lines, and whether they succeed.
const SAME: &[(&[&str], bool)] = &[
    // Lists.
    (&[REPORTS], true),
    (&[REPORTS, "--output", "json", "--page-size", "3"], true),
    (&[REPORTS, "--image-ids", IMAGE], true),
    (&[REPORTS, "--report-ids", REPORT], true),
    (&[REPORTS, "--report-ids", REPORT, "--output", "text"], true),
    (
        &[
            REPORTS,
            "--filters",
            "Name=state,Values=error",
            "--output",
            "text",
        ],
        true,
    ),
    (
        &[
            REPORTS,
            "--filters",
            "Name=state,Values=available",
            "Name=tag:team,Values=platform",
        ],
        true,
    ),
    (
        &[REPORTS, "--filters", "Name=tag-key,Values=team,nobody"],
        true,
    ),
    (&[REPORTS, "--max-items", "3"], true),
    (
        &[
            REPORTS,
            "--query",
            "ImageUsageReports[].[ReportId,State]",
            "--output",
            "text",
        ],
        true,
    ),
    (
        &[REPORTS, "--query", "ImageUsageReports[0].ResourceTypes"],
        true,
    ),
    (&[REPORTS, "--report-ids", REPORT, OTHER], true),
    (
        &[REPORTS, "--report-ids", OTHER, REPORT, "--page-size", "1"],
        true,
    ),
    (&[REPORTS, "--image-ids", "ami-1a2b3c4d", IMAGE], true),
    (&[REPORTS, "--no-paginate"], true),
    (&[REPORTS, "--max-items", "3", "--output", "text"], true),
    (&[REPORTS, "--max-items", "3", "--page-size", "2"], true),
    (&[REPORTS, "--starting-token", "None___3"], true),
    (
        &[
            REPORTS,
            "--starting-token",
            "eyJOZXh0VG9rZW4iOiBudWxsLCAiYm90b190cnVuY2F0ZV9hbW91bnQiOiAzfQ==",
            "--max-items",
            "2",
        ],
        true,
    ),
    (&[REPORTS, "--filters", "Name=state,Values=nope"], true),
    (
        &[
            REPORTS,
            "--filters",
            "Name=state,Values=nope",
            "--output",
            "text",
        ],
        true,
    ),
    (
        &[
            REPORTS,
            "--filters",
            "Name=creation-time,Values=2025-10-20*",
        ],
        true,
    ),
    (
        &[
            REPORTS,
            "--filters",
            r#"[{"Name": "tag:team", "Values": ["plat*"]}]"#,
        ],
        true,
    ),
    (&[REPORTS, "--query", "length(ImageUsageReports)"], true),
    (
        &[
            REPORTS,
            "--query",
            "ImageUsageReports[?State=='available'].ReportId | [0]",
            "--output",
            "text",
        ],
        true,
    ),
    (
        &[
            REPORTS,
            "--query",
            "ImageUsageReports[].Tags[]",
            "--output",
            "text",
        ],
        true,
    ),
    (&[REPORTS, "--starting-token", "bogus"], false),
    (&[REPORTS, "--page-size", "0"], false),
    (&[REPORTS, "--max-items", "x"], false),
    (&[REPORTS, "--no-paginate", "--max-items", "1"], false),
    (&[REPORTS, "--filters", "Name=state,Values"], false),
    (&[REPORTS, "--nope"], false),
    (&[REPORTS, "--report-ids", "bogus"], false),
    (&[REPORTS, "--filters", "Name=account-id,Values=1"], false),
    // Creations.
    (
        &[
            CREATE,
            "--image-id",
            IMAGE,
            "--resource-types",
            INSTANCES,
            TEMPLATES,
            "--output",
            "text",
        ],
        true,
    ),
    (
        &[CREATE, "--image-id", IMAGE, "--resource-types", INSTANCES],
        true,
    ),
    (
        &[
            CREATE,
            "--image-id",
            IMAGE,
            "--resource-types",
            INSTANCES,
            "--output",
            "json",
        ],
        true,
    ),
    (
        &[
            CREATE,
            "--image-id",
            IMAGE,
            "--resource-types",
            TEMPLATES,
            "--query",
            "ReportId",
        ],
        true,
    ),
    (
        &[
            CREATE,
            "--image-id",
            IMAGE,
            "--resource-types",
            r#"[{"ResourceType": "ec2:LaunchTemplate", "ResourceTypeOptions": [{"OptionName": "version-depth", "OptionValues": ["7"]}]}]"#,
        ],
        true,
    ),
    (
        &[
            CREATE,
            "--image-id",
            IMAGE,
            "--resource-types",
            INSTANCES,
            "--account-ids",
            "123412341234",
            "001100110011",
            "--client-token",
            "mine",
            "--tag-specifications",
            "ResourceType=image-usage-report,Tags=[{Key=team,Value=platform},{Key=for,Value='a, b'}]",
        ],
        true,
    ),
    (
        &[CREATE, "--image-id", "bogus", "--resource-types", INSTANCES],
        false,
    ),
    (
        &[
            CREATE,
            "--image-id",
            IMAGE,
            "--resource-types",
            "ResourceType=nope",
        ],
        false,
    ),
    (
        &[
            CREATE,
            "--image-id",
            IMAGE,
            "--resource-types",
            "Type=ec2:Instance",
        ],
        false,
    ),
    (&[CREATE, "--resource-types", INSTANCES], false),
    (
        &[
            CREATE,
            "--image-id",
            IMAGE,
            "--resource-types",
            INSTANCES,
            TEMPLATES,
            "--query",
            "ReportId",
            "--output",
            "text",
        ],
        true,
    ),
    (
        &[
            CREATE,
            "--image-id",
            IMAGE,
            "--resource-types",
            "ResourceType=ec2:LaunchTemplate,ResourceTypeOptions=[{OptionName=version-depth,OptionValues=[5]}]",
        ],
        true,
    ),
    (
        &[
            CREATE,
            "--image-id",
            IMAGE,
            "--resource-types",
            r#"{"ResourceType": "ec2:Instance"}"#,
        ],
        true,
    ),
    (
        &[
            CREATE,
            "--image-id",
            IMAGE,
            "--resource-types",
            "ResourceType=ec2:LaunchTemplate,ResourceTypeOptions=[{OptionName=version-depth,OptionValues=0}]",
        ],
        false,
    ),
    (
        &[
            CREATE,
            "--image-id",
            IMAGE,
            "--resource-types",
            "ResourceType=ec2:Instance,ResourceTypeOptions=[{OptionName=version-depth,OptionValues=5}]",
        ],
        false,
    ),
    (
        &[
            CREATE,
            "--image-id",
            IMAGE,
            "--resource-types",
            INSTANCES,
            "--tag-specifications",
            "ResourceType=image-usage-report,Tags=[{Key=a}]",
        ],
        true,
    ),
    (
        &[
            CREATE,
            "--image-id",
            IMAGE,
            "--resource-types",
            INSTANCES,
            "--tag-specifications",
            "ResourceType=image-usage-report,Tags=[{Key=a,Value=}]",
        ],
        false,
    ),
    (
        &[
            CREATE,
            "--image-id",
            IMAGE,
            "--resource-types",
            INSTANCES,
            "--tag-specifications",
            r#"[{"ResourceType": "image-usage-report", "Tags": [{"Key": "a", "Value": "b"}]}]"#,
        ],
        true,
    ),
    (
        &[
            CREATE,
            "--image-id",
            IMAGE,
            "--resource-types",
            INSTANCES,
            "--tag-specifications",
            "ResourceType=image-usage-report,Tags=[{Name=a}]",
        ],
        false,
    ),
    (
        &[
            CREATE,
            "--image-id",
            IMAGE,
            "--resource-types",
            INSTANCES,
            "--account-ids",
            "1",
        ],
        false,
    ),
    (
        &[
            CREATE,
            "--image-id",
            IMAGE,
            "--resource-types",
            INSTANCES,
            "--account-ids",
            r#"["123412341234"]"#,
        ],
        true,
    ),
    // Waits.
    (
        &[
            "wait",
            "image-usage-report-available",
            "--report-ids",
            REPORT,
        ],
        true,
    ),
    (
        &[
            "wait",
            "image-usage-report-available",
            "--report-ids",
            REPORT,
            OTHER,
        ],
        true,
    ),
    (
        &[
            "wait",
            "image-usage-report-available",
            "--report-ids",
            "bogus",
        ],
        false,
    ),
    (&["wait", "nope"], false),
    (
        &[
            "wait",
            "image-usage-report-available",
            "--report-ids",
            REPORT,
            "--output",
            "text",
            "--query",
            "a",
        ],
        true,
    ),
    // Deletions.
    (
        &[
            DELETE,
            "--report-id",
            REPORT,
            "--query",
            "Return",
            "--output",
            "text",
        ],
        true,
    ),
    (&[DELETE, "--report-id", "bogus"], false),
    (&[DELETE, "--report-id", REPORT], true),
    (&[DELETE, "--report-id", REPORT, "--output", "text"], true),
    (&[DELETE, "--report-id", REPORT, "--query", "Return"], true),
    (&[DELETE, "--report-id", "amiur-00000000000000099"], false),
    (&[DELETE], false),
];

#[test]
#[ignore = "needs the AWS CLI: .ci/run runs it"]
fn conformance_of_reports() {
    check(SAME, |(row, succeeds)| {
        let [(theirs, _), (ours, output)] = both_ec2(server, row);
        let [theirs, ours] = [theirs, ours].map(plain);
        let asks_the_same = match row[0] {
            REPORTS => same(&theirs, &ours),
            _ => ours == theirs,
        };
        if asks_the_same && ours.succeeded == *succeeds {
            return Ok(());
        }
        let stderr = String::from_utf8_lossy(&output.stderr);
        Err(format!(
            "{row:?}\nAWS CLI: {theirs:#?}\namiusage: {ours:#?}\n{stderr}"
        ))
    });
}

/// Where this program differs: why, and for the AWS CLI and for this program, whether the run succeeds and how many
/// requests it sends.
type Difference = (&'static str, &'static [&'static str], [(bool, usize); 2]);

const DIFFERENT: &[Difference] = &[
    (
        "without resource types both are meant here; there they have to be told",
        &[CREATE, "--image-id", IMAGE],
        [(false, 0), (true, 1)],
    ),
    (
        "a dry run that would succeed is a success here; there it is an error",
        &[
            CREATE,
            "--image-id",
            IMAGE,
            "--resource-types",
            INSTANCES,
            "--dry-run",
        ],
        [(false, 1), (true, 1)],
    ),
    (
        "the same of a deletion",
        &[DELETE, "--report-id", REPORT, "--dry-run"],
        [(false, 1), (true, 1)],
    ),
    (
        "tags of another resource are refused at once here; there the service has to",
        &[
            CREATE,
            "--image-id",
            IMAGE,
            "--resource-types",
            INSTANCES,
            "--tag-specifications",
            "ResourceType=image,Tags=[{Key=a,Value=b}]",
        ],
        [(false, 1), (false, 0)],
    ),
    (
        "an empty token, as of an unset variable, is refused here; there it makes nothing idempotent, without a word",
        &[
            CREATE,
            "--image-id",
            IMAGE,
            "--resource-types",
            INSTANCES,
            "--client-token",
            "",
        ],
        [(true, 1), (false, 0)],
    ),
    (
        "an image's newest report is waited for here; there all of its reports",
        &[
            "wait",
            "image-usage-report-available",
            "--image-ids",
            "ami-0f4e3d2c1b0a99887",
        ],
        [(true, 1), (true, 2)],
    ),
    (
        "a wait with filters lists the reports first here",
        &[
            "wait",
            "image-usage-report-available",
            "--report-ids",
            REPORT,
            "--filters",
            "Name=state,Values=available",
        ],
        [(true, 1), (true, 2)],
    ),
];

#[test]
#[ignore = "needs the AWS CLI: .ci/run runs it"]
fn conformance_of_reports_has_known_differences() {
    check(DIFFERENT, |(why, row, expected)| {
        let [(theirs, _), (ours, _)] = both_ec2(server, row);
        let ends = [&theirs, &ours].map(|outcome| (outcome.succeeded, outcome.requests.len()));
        match ends == *expected {
            true => Ok(()),
            false => Err(format!(
                "{why}: {row:?}\nAWS CLI: {theirs:#?}\namiusage: {ours:#?}"
            )),
        }
    });
}
