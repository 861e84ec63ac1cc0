//! Options of the AWS CLI that are not specific to an action.

use std::process::Output;

use serde_json::Value;

use super::{ENTRIES, amiusage_ec2, aws_ec2, aws_service, both_ec2, check};
use crate::support::Server;

const ACTIONS: [&str; 7] = [
    ENTRIES,
    "describe-images",
    "describe-image-references",
    "describe-regions",
    "describe-image-usage-reports",
    "create-image-usage-report",
    "delete-image-usage-report",
];

/// Stdout as JSON, without the placeholders that the AWS CLI picks at random from an enumeration.
fn skeleton(output: &Output) -> String {
    let mut document: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    for random in [
        "/TagSpecifications/0/ResourceType",
        "/ResourceTypes/0/ResourceType",
        "/ResourceTypes/0/ResourceTypeOptions/0/OptionName",
    ] {
        if let Some(placeholder) = document.pointer_mut(random) {
            *placeholder = "".into();
        }
    }
    // As text, because the order of the members counts too.
    document.to_string()
}

#[test]
#[ignore = "needs the AWS CLI: .ci/run runs it"]
fn conformance_of_skeletons() {
    let required: [&[&str]; 7] = [
        &[],
        &[],
        &["--image-ids", "a"],
        &[],
        &[],
        &["--image-id", "a", "--resource-types", "ResourceType=b"],
        &["--report-id", "a"],
    ];
    let waiter = [
        "wait",
        "image-usage-report-available",
        "--generate-cli-skeleton",
    ];
    let mut rows = vec![waiter.to_vec()];
    for (action, required) in ACTIONS.into_iter().zip(required) {
        rows.push(vec![action, "--generate-cli-skeleton"]);
        let output = [action, "--generate-cli-skeleton", "output"];
        rows.push([&output, required].concat());
    }
    check(&rows, |row| {
        let [(_, theirs), (_, ours)] = both_ec2(Server::sample, row);
        if skeleton(&theirs) == skeleton(&ours) {
            return Ok(());
        }
        Err(format!("{row:?}\nAWS CLI: {theirs:?}\namiusage: {ours:?}"))
    });
}

#[test]
#[ignore = "needs the AWS CLI: .ci/run runs it"]
fn options_may_precede_the_action() {
    let before = [
        "--output",
        "text",
        "--region",
        "us-east-1",
        "--color",
        "off",
    ];
    let theirs = aws_service(&Server::sample(), before.iter().chain(&["ec2", ENTRIES]));
    let ours = amiusage_ec2(&Server::sample(), before.iter().chain(&[ENTRIES]));
    assert!(theirs.status.success() && ours.status.success(), "{ours:?}");
    assert_eq!(ours.stdout, theirs.stdout);
}

/// A script that captures stderr must not take a message for data.
#[test]
#[ignore = "needs the AWS CLI: .ci/run runs it"]
fn nothing_found_prints_nothing() {
    let row = [ENTRIES, "--image-ids", "ami-00000000", "--output", "text"];
    let theirs = aws_ec2(&Server::sample(), &row);
    let server = Server::sample();
    let ours = server
        .program(row)
        .env_remove("AMIUSAGE_NOTES")
        .output()
        .unwrap();
    for output in [theirs, ours] {
        assert!(output.status.success(), "{output:?}");
        assert_eq!((output.stdout, output.stderr), Default::default());
    }
}

/// A comparison of many accounts, as scripts generate them.
#[test]
#[ignore = "needs the AWS CLI: .ci/run runs it"]
fn long_queries_work() {
    let clauses: Vec<_> = (0..160).map(|n| format!("AccountId=='{n:012}'")).collect();
    let clauses = clauses.join(" || ");
    let query =
        format!("ImageUsageReportEntries[?{clauses} || AccountId=='001100110011'].UsageCount");
    let [(_, theirs), (_, ours)] = both_ec2(Server::sample, &[ENTRIES, "--query", &query]);
    assert!(theirs.status.success() && ours.status.success(), "{ours:?}");
    assert_eq!(ours.stdout, theirs.stdout);
}
