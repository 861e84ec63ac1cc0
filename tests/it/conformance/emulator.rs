//! The emulator's actions beside the listing of entries, with the AWS CLI as their client: what an outside client
//! sends is understood, and what it is answered is too.

use std::thread::sleep;
use std::time::Duration;

use amiusage::emulator::{Settings, State};
use serde_json::{Value, json};

use super::{aws_ec2, aws_service};
use crate::support::{Act, IMAGE, Server};

/// The emulator on its sample data, where reports take this long.
fn server(report_delay: Duration) -> Server {
    let settings = Settings {
        report_delay,
        ..Settings::default()
    };
    Server::with_settings(State::sample(), settings, |_, reply| Act::Reply(reply))
}

/// The answer to a command line that succeeds.
#[track_caller]
fn answer(server: &Server, arguments: &[&str]) -> Value {
    let output = aws_ec2(server, arguments);
    assert!(output.status.success(), "{arguments:?}: {output:?}");
    serde_json::from_slice(&output.stdout).unwrap_or(Value::Null)
}

/// Checks that a command line fails with this code of the service.
#[track_caller]
fn refused(server: &Server, arguments: &[&str], code: &str) {
    let output = aws_ec2(server, arguments);
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success(), "{arguments:?}: {output:?}");
    assert!(
        stderr.contains(&format!("({code})")),
        "{arguments:?}: {stderr}"
    );
}

const CREATE: &str = "create-image-usage-report";
const REPORTS: &str = "describe-image-usage-reports";
const ENTRIES: &str = "describe-image-usage-report-entries";
const DELETE: &str = "delete-image-usage-report";

#[test]
#[ignore = "needs the AWS CLI: .ci/run runs it"]
fn the_life_cycle_of_a_report_with_the_aws_cli() {
    let server = server(Duration::from_millis(300));
    let created = answer(
        &server,
        &[
            CREATE,
            "--image-id",
            IMAGE,
            "--resource-types",
            "ResourceType=ec2:Instance",
            "ResourceType=ec2:LaunchTemplate,ResourceTypeOptions=[{OptionName=version-depth,OptionValues=100}]",
            "--account-ids",
            "123412341234",
            "001100110011",
            "--tag-specifications",
            "ResourceType=image-usage-report,Tags=[{Key=team,Value=platform},{Key=for,Value=retirement}]",
        ],
    );
    let id = created["ReportId"].as_str().unwrap();
    let list = [REPORTS, "--report-ids", id];
    let mut report = answer(&server, &list)["ImageUsageReports"][0].take();
    for _ in 0..100 {
        if report["State"] == "available" {
            break;
        }
        assert_eq!(report["State"], "pending");
        sleep(Duration::from_millis(100));
        report = answer(&server, &list)["ImageUsageReports"][0].take();
    }
    for time in ["CreationTime", "ExpirationTime"] {
        assert!(report[time].is_string());
        report.as_object_mut().unwrap().remove(time);
    }
    assert_eq!(
        report,
        json!({
            "ImageId": IMAGE,
            "ReportId": id,
            "ResourceTypes": [
                {"ResourceType": "ec2:Instance"},
                {
                    "ResourceType": "ec2:LaunchTemplate",
                    "ResourceTypeOptions": [{"OptionName": "version-depth", "OptionValues": ["100"]}],
                },
            ],
            "AccountIds": ["123412341234", "001100110011"],
            "State": "available",
            "Tags": [
                {"Key": "team", "Value": "platform"},
                {"Key": "for", "Value": "retirement"},
            ],
        })
    );
    answer(
        &server,
        &["wait", "image-usage-report-available", "--report-ids", id],
    );
    let filter = "Name=tag:for,Values=retire*";
    let tagged = answer(&server, &[REPORTS, "--filters", filter]);
    assert_eq!(tagged["ImageUsageReports"].as_array().unwrap().len(), 1);

    let entries = answer(&server, &[ENTRIES, "--report-ids", id, "--page-size", "2"]);
    let counts: Vec<_> = (entries["ImageUsageReportEntries"]
        .as_array()
        .unwrap()
        .iter())
    .map(|entry| entry["UsageCount"].as_u64().unwrap())
    .collect();
    assert_eq!(counts, [15, 4, 7]);

    let deleted = answer(&server, &[DELETE, "--report-id", id]);
    assert_eq!(deleted, json!({"Return": true}));
    let gone = answer(&server, &list);
    assert_eq!(gone["ImageUsageReports"], json!([]));
    refused(
        &server,
        &[DELETE, "--report-id", id],
        "InvalidImageUsageReportId.NotFound",
    );
}

#[test]
#[ignore = "needs the AWS CLI: .ci/run runs it"]
fn an_image_has_one_pending_report() {
    let server = server(Duration::from_secs(3600));
    let create = [
        CREATE,
        "--image-id",
        IMAGE,
        "--resource-types",
        "ResourceType=ec2:Instance",
        "--client-token",
        "one",
    ];
    let mut dry = create.to_vec();
    dry.push("--dry-run");
    refused(&server, &dry, "DryRunOperation");
    let first = answer(&server, &create);
    assert_eq!(answer(&server, &create), first);
    refused(&server, &create[..5], "ResourceLimitExceeded");
    let id = first["ReportId"].as_str().unwrap();
    let report = answer(&server, &[REPORTS, "--report-ids", id]);
    assert_eq!(report["ImageUsageReports"][0]["State"], "pending");
    let entries = answer(&server, &[ENTRIES, "--report-ids", id]);
    assert_eq!(entries["ImageUsageReportEntries"], json!([]));
    let mut other = create;
    other[2] = "ami-1a2b3c4d";
    refused(&server, &other, "IdempotentParameterMismatch");
}

#[test]
#[ignore = "needs the AWS CLI: .ci/run runs it"]
fn images_references_and_regions_are_listed() {
    let server = Server::sample();
    let ids = |arguments: &[&str]| -> Vec<String> {
        let mut line = vec!["describe-images", "--owners", "self"];
        line.extend(arguments);
        (answer(&server, &line)["Images"].as_array().unwrap().iter())
            .map(|image| image["ImageId"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(ids(&[]).len(), 7);
    assert_eq!(ids(&["--page-size", "3"]), ids(&[]));
    assert_eq!(
        ids(&[
            "--filters",
            "Name=name,Values=web-*,build-*",
            "--include-disabled"
        ]),
        [IMAGE, "ami-05f6e7d8c9b0a1928"]
    );
    let image = answer(&server, &["describe-images", "--image-ids", IMAGE]);
    let image = &image["Images"][0];
    assert_eq!(image["Name"], "web-2025-09");
    assert_eq!(image["OwnerId"], "123456789012");
    assert_eq!(image["State"], "available");
    assert_eq!(image["Public"], json!(false));
    assert_eq!(image["Tags"], json!([{"Key": "team", "Value": "platform"}]));

    const OWN: &str = "ami-05f6e7d8c9b0a1928";
    let references = |arguments: &[&str]| {
        let mut line = vec!["describe-image-references", "--image-ids", IMAGE, OWN];
        line.extend(arguments);
        answer(&server, &line)["ImageReferences"].take()
    };
    let all = references(&["--include-all-resource-types"]);
    assert_eq!(all.as_array().unwrap().len(), 3);
    assert_eq!(
        references(&[
            "--resource-types",
            "ResourceType=ec2:LaunchTemplate,ResourceTypeOptions=[{OptionName=version-depth,OptionValues=5}]"
        ]),
        json!([{
            "ImageId": OWN,
            "ResourceType": "ec2:LaunchTemplate",
            "Arn": "arn:aws:ec2:us-east-1:123456789012:launch-template/lt-0f1e2d3c4b5a69788",
        }])
    );

    let regions = answer(
        &server,
        &[
            "describe-regions",
            "--all-regions",
            "--filters",
            "Name=opt-in-status,Values=opt-in-not-required,opted-in",
        ],
    );
    assert_eq!(
        regions["Regions"][0],
        json!({
            "OptInStatus": "opt-in-not-required",
            "Geography": [{"Name": "Ireland"}],
            "RegionName": "eu-west-1",
            "Endpoint": "ec2.eu-west-1.amazonaws.com",
        })
    );
    assert_eq!(regions["Regions"].as_array().unwrap().len(), 3);
}

#[test]
#[ignore = "needs the AWS CLI: .ci/run runs it"]
fn launch_permissions_and_configurations_with_the_aws_cli() {
    let permissions = json!([
        {"UserId": "001100110011"},
        {"Group": "all"},
        {"OrganizationArn": "arn:aws:organizations::123456789012:organization/o-example"},
        {"OrganizationalUnitArn": "arn:aws:organizations::123456789012:ou/o-example/ou-1234-5678"},
    ]);
    let configurations: Vec<_> = (0..120)
        .map(|number| {
            json!({
                "LaunchConfigurationName": format!("web-{number}"),
                "LaunchConfigurationARN": format!("arn:aws:autoscaling:us-east-1::launchConfiguration:{number}"),
                "ImageId": IMAGE,
            })
        })
        .collect();
    let document = json!({
        "Images": [{"ImageId": IMAGE, "LaunchPermissions": permissions}],
        "Usage": [],
        "LaunchConfigurations": configurations,
    });
    let state = State::from_json(&document.to_string()).unwrap();
    let server = Server::start(state, Settings::default(), |_, response| {
        Act::Reply(response)
    });

    let attribute = "describe-image-attribute --attribute launchPermission --image-id";
    let mut arguments: Vec<_> = attribute.split(' ').collect();
    arguments.push(IMAGE);
    let described = answer(&server, &arguments);
    assert_eq!(described["LaunchPermissions"], permissions);
    arguments[2] = "description";
    refused(&server, &arguments, "InvalidParameterValue");

    let list = ["autoscaling", "describe-launch-configurations"];
    let output = aws_service(&server, &list);
    let listed: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(listed, json!({"LaunchConfigurations": configurations}));
    let output = aws_service(&server, &[&list[..], &["--page-size", "101"]].concat());
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(stderr.contains("(InvalidParameterValue)"), "{stderr}");
}
