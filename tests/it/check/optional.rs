//! What `amiusage check` reads only on request: launch configurations and launch permissions.

use serde_json::{Value, json};

use super::{UNUSED, USED, changed, image, is, server, state};
use crate::support::{Act, Ends, Run, refusal, reply};

const CONFIGURATIONS: &str = "DescribeLaunchConfigurations";
const ATTRIBUTE: &str = "DescribeImageAttribute";

/// Two images without a use, and this number of launch configurations. Only the last one references [`USED`].
fn document(configurations: usize) -> Value {
    let launch_configuration = |number: usize| {
        let image_id = match number == configurations {
            true => USED,
            false => "ami-0ffffffffffffffff",
        };
        json!({
            "LaunchConfigurationName": format!("web-{number}"),
            "LaunchConfigurationARN": format!("arn:aws:autoscaling:us-east-1:123456789012:launchConfiguration:{number}"),
            "ImageId": image_id,
        })
    };
    let mut shared = image(UNUSED, "a");
    shared["LaunchPermissions"] = json!([
        {"UserId": "001100110011"},
        {"OrganizationArn": "arn:aws:organizations::123456789012:organization/o-example"},
    ]);
    json!({
        "Images": [shared, image(USED, "b")],
        "Usage": [],
        "LaunchConfigurations": (1..=configurations).map(launch_configuration).collect::<Vec<_>>(),
    })
}

fn rows(run: &Run) -> Vec<Value> {
    run.json()["ImageVerdicts"].as_array().unwrap().clone()
}

#[test]
fn a_launch_configuration_is_a_use_if_requested() {
    let server = server(state(&document(201)));
    let run = server
        .words("check --owned --auto-scaling --output json")
        .ends(1);
    let rows = rows(&run);
    assert_eq!(rows[0]["Verdict"], "unused");
    assert_eq!(rows[1]["Verdict"], "in-use");
    assert_eq!(
        rows[1]["ReferencedBy"],
        json!([{
            "ResourceType": "autoscaling:LaunchConfiguration",
            "Arn": "arn:aws:autoscaling:us-east-1:123456789012:launchConfiguration:201",
        }])
    );
    assert_eq!(rows[1]["NotChecked"], json!(["LaunchPermissions"]));
    // Pages of 100.
    assert_eq!(server.count(CONFIGURATIONS), 3);
}

#[test]
fn rows_name_what_was_not_requested() {
    let server = server(state(&document(1)));
    let run = server.words("check --owned --output json").ends(0);
    for row in rows(&run) {
        assert_eq!(
            row["NotChecked"],
            json!(["autoscaling:LaunchConfiguration", "LaunchPermissions"])
        );
        assert!(row.get("LaunchPermissions").is_none(), "{row}");
    }
    assert_eq!(server.count(CONFIGURATIONS), 0);
    assert_eq!(server.count(ATTRIBUTE), 0);
    let table = server
        .words("check --owned --details --output csv --quiet")
        .ends(0);
    assert!(table.stdout.contains("autoscaling:LaunchConfiguration"));
}

#[test]
fn unreadable_launch_configurations_are_no_proof() {
    let denied = "<ErrorResponse><Error><Code>AccessDenied</Code><Message>No.</Message></Error></ErrorResponse>";
    let missing = "<DescribeLaunchConfigurationsResponse><DescribeLaunchConfigurationsResult/></DescribeLaunchConfigurationsResponse>";
    let repeated = "<DescribeLaunchConfigurationsResponse><DescribeLaunchConfigurationsResult><LaunchConfigurations/>\
         <NextToken>1</NextToken></DescribeLaunchConfigurationsResult></DescribeLaunchConfigurationsResponse>";
    for (status, body, reason, message) in [
        (
            403,
            denied,
            "PermissionMissing",
            "autoscaling:DescribeLaunchConfigurations",
        ),
        (
            200,
            missing,
            "RequestFailed",
            "no list `LaunchConfigurations`",
        ),
        (200, repeated, "RequestFailed", "the same page token twice"),
    ] {
        let server = changed(state(&document(0)), CONFIGURATIONS, move |_, _| {
            Act::Reply(reply(status, body))
        });
        let run = server
            .words(&format!(
                "check --image-ids {UNUSED} --auto-scaling --output json"
            ))
            .ends(2);
        is(&run, "unknown", reason);
        assert!(run.stdout.contains(message), "{run:#?}");
    }
}

#[test]
fn launch_permissions_are_shown_if_requested() {
    let server = server(state(&document(0)));
    let line = "check --owned --launch-permissions --output";
    let run = server.words(&format!("{line} json")).ends(0);
    let rows = rows(&run);
    assert_eq!(
        rows[0]["LaunchPermissions"],
        document(0)["Images"][0]["LaunchPermissions"]
    );
    assert_eq!(rows[1]["LaunchPermissions"], json!([]));
    assert_eq!(
        rows[0]["NotChecked"],
        json!(["autoscaling:LaunchConfiguration"])
    );
    assert_eq!(server.count(ATTRIBUTE), 2);
    let details = server.words(&format!("{line} csv --details")).ends(0);
    let list = "001100110011; arn:aws:organizations::123456789012:organization/o-example";
    assert!(details.stdout.contains(list), "{details:#?}");
}

#[test]
fn unreadable_launch_permissions_concern_one_image() {
    let server = changed(
        state(&document(0)),
        ATTRIBUTE,
        |request, response| match request.form.contains(UNUSED) {
            true => Act::Reply(refusal(403, "UnauthorizedOperation", "No.")),
            false => Act::Reply(response),
        },
    );
    let run = server
        .words("check --owned --launch-permissions --output json")
        .ends(2);
    let rows = rows(&run);
    assert_eq!(rows[0]["Verdict"], "unknown");
    assert_eq!(rows[0]["Reasons"][0]["Code"], "PermissionMissing");
    assert!(
        run.stdout.contains("ec2:DescribeImageAttribute"),
        "{run:#?}"
    );
    assert_eq!(rows[1]["Verdict"], "unused");
}

#[test]
fn a_dry_run_lists_the_optional_requests() {
    let server = server(state(&document(0)));
    let run = server
        .words("check --owned --dry-run --auto-scaling --launch-permissions --output csv --quiet")
        .ends(0);
    for line in [format!("{CONFIGURATIONS},,1"), format!("{ATTRIBUTE},,2")] {
        assert!(run.stdout.lines().any(|row| row == line), "{run:#?}");
    }
    assert_eq!(server.count(CONFIGURATIONS) + server.count(ATTRIBUTE), 0);
}
