//! Completion candidates, as shells request them.

use std::fs;

use snapbox::cmd::Command;

use crate::support::{amiusage, words};

/// Requests candidates as a completion script does. The last word is the one to complete.
fn request(shell: &str, line: &[&str]) -> Command {
    amiusage(["--", "amiusage"].iter().chain(line))
        .env("AMIUSAGE_COMPLETE", shell)
        .env("_CLAP_COMPLETE_INDEX", line.len().to_string())
        .env("_CLAP_IFS", "\n")
}

/// The candidates for bash.
fn candidates(line: &[&str]) -> Vec<String> {
    candidates_of(request("bash", line))
}

fn candidates_of(command: Command) -> Vec<String> {
    let output = command
        .assert()
        .success()
        .stderr_eq("")
        .get_output()
        .clone();
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().map(str::to_owned).collect()
}

#[test]
fn columns_as_a_comma_separated_list() {
    let columns = candidates(&["entries", "--columns", ""]);
    assert_eq!(
        columns,
        [
            "Region",
            "ResourceType",
            "ReportId",
            "UsageCount",
            "AccountId",
            "AccountName",
            "ImageId",
            "ReportCreationTime"
        ]
    );
    assert_eq!(
        candidates(&["entries", "--columns", "ImageId,Acc"]),
        ["ImageId,AccountId", "ImageId,AccountName"]
    );
    assert_eq!(
        candidates(&["entries", "--columns=U"]),
        ["--columns=UsageCount"]
    );
}

#[test]
fn resource_types() {
    let line = ["entries", "--resource-types", "ec2:"];
    assert_eq!(candidates(&line), ["ec2:Instance", "ec2:LaunchTemplate"]);
    let line = ["entries", "--resource-types", "ec2:Instance,e"];
    assert_eq!(candidates(&line), ["ec2:Instance,ec2:LaunchTemplate"]);
}

#[test]
fn candidates_for_reports() {
    let commands = candidates(&["reports", ""]);
    for command in ["list", "create", "wait", "delete"] {
        assert!(commands.iter().any(|name| name == command), "{commands:?}");
    }
    let line = ["reports", "list", "--state", "available,"];
    assert_eq!(candidates(&line), ["available,pending", "available,error"]);
    let line = ["reports", "list", "--filters", "Name=t"];
    assert_eq!(candidates(&line), ["Name=tag:", "Name=tag-key,Values="]);
    let line = ["reports", "create", "--columns", "Re"];
    assert_eq!(
        candidates(&line),
        ["Region", "ReportId", "Result", "Reason"]
    );
    // Options complete after the AWS names of commands, too, but the names themselves are not suggested.
    assert_eq!(
        candidates(&["describe-image-usage-reports", "--sta"]),
        ["--state", "--starting-token"]
    );
    let names = candidates(&[""]);
    for name in ["wait", "create-image-usage-report"] {
        assert!(
            !names.iter().any(|candidate| candidate == name),
            "{names:?}"
        );
    }
}

#[test]
fn candidates_for_images_references_and_regions() {
    for (line, expected) in [
        (
            ["images", "--owners", "self,a"].as_slice(),
            "self,amazon self,aws-backup-vault self,aws-marketplace",
        ),
        (&["images", "--executable-users", ""], "self all"),
        (
            &["describe-images", "--filters", "Name=c"],
            "Name=creation-date,Values=",
        ),
        (
            &["images", "-f", "Name=state,Values=d"],
            "Name=state,Values=disabled Name=state,Values=deregistered",
        ),
        (&["references", "--resource-types", "s"], "ssm:Parameter"),
        (
            &["regions", "--filter", "Name=opt-in-status,Values=n"],
            "Name=opt-in-status,Values=not-opted-in",
        ),
        (&["regions", "--region-names", "us-gov-w"], "us-gov-west-1"),
    ] {
        assert_eq!(candidates(line).join(" "), expected, "{line:?}");
    }
}

#[test]
fn filter_names_and_values() {
    let names = [
        "Name=account-id,Values=",
        "Name=creation-time,Values=",
        "Name=resource-type,Values=",
    ];
    for flag in ["--filter", "--filters"] {
        assert_eq!(candidates(&["entries", flag, "Name="]), names);
    }
    let line = ["entries", "--filter", "Name=resource-type,Values=e"];
    assert_eq!(
        candidates(&line),
        [
            "Name=resource-type,Values=ec2:Instance",
            "Name=resource-type,Values=ec2:LaunchTemplate"
        ]
    );
}

#[test]
fn regions_with_their_names() {
    let line = ["entries", "--region", "cn-"];
    assert_eq!(candidates(&line), ["cn-north-1", "cn-northwest-1"]);
    let line = ["entries", "--region", "sa-east-1,cn-"];
    assert_eq!(
        candidates(&line),
        ["sa-east-1,cn-north-1", "sa-east-1,cn-northwest-1"]
    );
    let line = ["entries", "--region", "cn-north-1", "us-gov-w"];
    assert_eq!(candidates(&line), ["us-gov-west-1"]);
    let regions = candidates_of(request("zsh", &["--region", "eu-central-1"]));
    assert_eq!(regions, ["eu-central-1:Europe (Frankfurt)"]);
}

#[test]
fn profiles_come_from_the_files_without_other_content() {
    let directory = tempfile::tempdir().unwrap();
    let (config, credentials) = (
        directory.path().join("config"),
        directory.path().join("credentials"),
    );
    fs::write(
        &config,
        "[default]\nregion = eu-west-1\n[profile prod]\nsso_session = s\n[sso-session s]\nsso_region = x\n",
    )
    .unwrap();
    fs::write(
        &credentials,
        "[old]\naws_access_key_id = AKIAEXAMPLE\naws_secret_access_key = hush\n",
    )
    .unwrap();
    let request = || {
        request("bash", &["entries", "--profile", ""])
            .env("AWS_CONFIG_FILE", &config)
            .env("AWS_SHARED_CREDENTIALS_FILE", &credentials)
    };
    assert_eq!(candidates_of(request()), ["default", "old", "prod"]);

    // An invalid file yields no candidates and no error.
    fs::write(&config, "[profile").unwrap();
    assert!(candidates_of(request()).is_empty());
}

#[test]
fn names_of_accounts() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("accounts.csv");
    let text = "AccountId,Name\n001100110011,prod web\n123412341234,prod data\n222233334444,dev\n";
    fs::write(&path, text).unwrap();
    for command in ["entries", "reports create"] {
        let line: Vec<_> = (command.split(' '))
            .chain(["--account-ids", "name:prod"])
            .collect();
        let names = request("bash", &line).env("AMIUSAGE_ACCOUNT_NAMES", &path);
        assert_eq!(candidates_of(names), ["name:prod data", "name:prod web"]);
    }
}

#[test]
fn profiles_without_files() {
    assert!(candidates(&["entries", "--profile", ""]).is_empty());
}

#[test]
fn candidates_from_the_definition() {
    assert_eq!(
        candidates(&["entries", "--output", "t"]),
        ["table", "tsv", "text"]
    );
    assert_eq!(candidates(&["completions", "p"]), ["powershell"]);
    assert_eq!(candidates(&["ent"]), ["entries"]);
    assert_eq!(
        candidates(&["describe-"]),
        [
            "describe-image-usage-report-entries",
            "describe-image-usage-reports",
            "describe-images",
            "describe-image-references",
            "describe-regions"
        ]
    );
    // If both names match, only the short one is suggested.
    let commands = candidates(&[""]);
    assert_eq!(commands[..2], ["entries", "reports"]);
    assert!(commands.iter().all(|name| !name.starts_with("describe-")));
}

#[test]
fn files_after_an_at_sign() {
    let directory = tempfile::tempdir().unwrap();
    fs::write(directory.path().join("ids.txt"), "").unwrap();
    for flag in [
        "--image-ids",
        "--report-ids",
        "--account-ids",
        "--resource-types",
        "--created",
    ] {
        let files = request("bash", &["entries", flag, "@i"]).current_dir(directory.path());
        assert_eq!(candidates_of(files), ["@ids.txt"]);
    }
}

#[test]
fn invalid_requests_yield_no_candidates() {
    assert!(candidates_of(request("nosuchshell", &["ent"])).is_empty());
    let beyond = request("bash", &["entries"]).env("_CLAP_COMPLETE_INDEX", "7");
    assert!(candidates_of(beyond).is_empty());
}

#[test]
fn the_completion_variable_of_other_programs_has_no_effect() {
    words("entries --offline --image-ids ami-1a2b3c4d --output csv --columns UsageCount")
        .env("COMPLETE", "bash")
        .assert()
        .success()
        .stdout_eq("UsageCount\n2\n0\n");
}

/// Runs the script in bash with words split as readline splits them.
#[cfg(unix)]
#[test]
fn bash_joins_split_words() {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/completions/amiusage.bash");
    let complete = |line: &str, pieces: &[&str], current: &str, expected: &str| {
        let binary = snapbox::cmd::cargo_bin!("amiusage");
        Command::new("bash")
            .env_clear()
            .env("PATH", format!("{}:/usr/bin:/bin", binary.parent().unwrap().display()))
            .args(["--norc", "-c"])
            .arg(
                "source \"$1\"; COMP_LINE=$2 COMP_POINT=${#2} current=$3; shift 3; COMP_WORDS=(\"$@\")
                 COMP_CWORD=$(($# - 1)); _amiusage amiusage \"$current\"; printf '%s\\n' \"${COMPREPLY[@]}\"",
            )
            .args(["bash", script, line, current])
            .args(pieces)
            .assert()
            .success()
            .stderr_eq("")
            .stdout_eq(expected.to_owned());
    };
    let filter = ["amiusage", "entries", "--filter", "Name", "="];
    complete(
        "amiusage entries --filter Name=",
        &filter,
        "",
        "account-id,Values=\ncreation-time,Values=\nresource-type,Values=\n",
    );
    complete(
        "amiusage entries --filter Name=resource-type,Values=ec2:I",
        &[&filter[..], &["resource-type,Values", "=", "ec2", ":", "I"]].concat(),
        "I",
        "Instance\n",
    );
    complete(
        "amiusage  entries --region=us-g",
        &["amiusage", "entries", "--region", "=", "us-g"],
        "us-g",
        "us-gov-east-1\nus-gov-west-1\n",
    );
    complete(
        "amiusage entries \"--out",
        &["amiusage", "entries", "\"--out"],
        "--out",
        "--output\n--out-file\n",
    );
}
