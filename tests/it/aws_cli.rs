//! Command lines and settings that were written for the AWS CLI.

use std::fs;

use serde_json::Value;

use crate::support::{Act, Ends, IMAGE, Server, numbered, words};

fn server() -> Server {
    Server::new(numbered(7), |_, response| Act::Reply(response))
}

fn counts(document: &Value) -> Vec<u64> {
    let entries = document["ImageUsageReportEntries"].as_array().unwrap();
    (entries.iter())
        .map(|entry| entry["UsageCount"].as_u64().unwrap())
        .collect()
}

#[test]
fn options_without_effect_are_accepted() {
    let plain = words("entries --offline --output json").succeeds();
    for options in [
        "--no-cli-pager",
        "--no-cli-auto-prompt",
        "--cli-binary-format raw-in-base64-out",
        "--no-dry-run",
        "--color on",
        "--color off",
        "--filters []",
    ] {
        for line in [
            format!("entries --offline --output json {options}"),
            format!("describe-image-usage-report-entries {options} --offline --output json"),
        ] {
            assert_eq!(words(&line).succeeds().stdout, plain.stdout, "{line}");
        }
    }
    let before = words("--no-cli-pager --color off entries --offline --output json").succeeds();
    assert_eq!(before.stdout, plain.stdout);
}

#[test]
fn options_that_cannot_be_obeyed_are_refused() {
    for (options, message) in [
        ("--no-verify-ssl", "TLS verification cannot be disabled"),
        ("--cli-auto-prompt", "there are no prompts"),
        ("--dry-run --no-dry-run", "cannot be used with '--dry-run'"),
    ] {
        let after = words(&format!("entries --offline {options}")).ends(252);
        assert!(after.stderr.contains(message), "{after:#?}");
    }
    let before = words("--no-verify-ssl entries --offline").ends(252);
    assert!(before.stderr.contains("--ca-bundle"), "{before:#?}");
}

#[test]
fn output_options_may_precede_the_subcommand() {
    for (before, after) in [
        (
            "--output csv entries --offline",
            "entries --offline --output csv",
        ),
        (
            "--offline --output=tsv entries",
            "entries --offline --output tsv",
        ),
        (
            "--region us-east-1 --output text reports list --offline",
            "reports list --offline --output text",
        ),
        (
            "--query length(ImageUsageReportEntries) entries --offline",
            "entries --offline --query length(ImageUsageReportEntries)",
        ),
        // The last one wins.
        (
            "--output csv entries --offline --output markdown",
            "entries --offline --output markdown",
        ),
    ] {
        let expected = words(after).succeeds().stdout;
        assert_eq!(words(before).succeeds().stdout, expected, "{before}");
    }
    words("--output csv emulator").ends(252);
}

#[test]
fn paging_parameters_of_the_service_select_one_page() {
    let server = server();
    let entries = format!("entries --image-ids {IMAGE} --output json");
    let first = server
        .words(&format!("{entries} --max-results 3"))
        .succeeds();
    let document = first.json();
    assert_eq!(counts(&document), [0, 1, 2]);
    let token = document["NextToken"].as_str().unwrap();
    let second = server
        .words(&format!("{entries} --max-results 3 --next-token {token}"))
        .succeeds();
    assert_eq!(counts(&second.json()), [3, 4, 5]);
    let rest = server
        .words(&format!("{entries} --next-token {token}"))
        .succeeds();
    assert_eq!(counts(&rest.json()), [3, 4, 5, 6]);
    assert!(rest.json().get("NextToken").is_none());
    assert_eq!(server.connections(), 3);
    for conflict in ["--page-size 2", "--max-items 2", "--starting-token x"] {
        server
            .words(&format!("{entries} --max-results 3 {conflict}"))
            .ends(252);
    }
}

#[test]
fn no_tip_changes_the_answer() {
    for (option, tip) in [
        ("--no-paginat-e", None),
        ("--max-itemz=1", None),
        ("--dry-rum", None),
        ("--ofline", None),
        ("--colums=AccountId", Some("--columns")),
        ("--image-idz=ami-1", Some("--image-ids")),
    ] {
        let run = words(&format!("entries {option}")).ends(252);
        assert!(run.stderr.contains("unexpected argument"), "{run:#?}");
        match tip {
            Some(tip) => assert!(run.stderr.contains(&format!("'{tip}'")), "{run:#?}"),
            None => assert!(!run.stderr.contains("similar"), "{run:#?}"),
        }
    }
}

#[test]
fn the_waiter_takes_filters() {
    for line in [
        "reports wait --offline --filter Name=tag:team,Values=data",
        "wait image-usage-report-available --offline --filters Name=tag:team,Values=data",
    ] {
        assert_eq!(words(line).succeeds().stderr, "");
    }
    let failed = words("reports wait --offline --filter Name=state,Values=error").ends(255);
    assert!(failed.stderr.contains("in state error"), "{failed:#?}");
    let none = words("reports wait --offline --filter Name=tag-key,Values=none").ends(255);
    assert!(
        none.stderr.contains("no report matches the filters"),
        "{none:#?}"
    );
}

/// `--output`, AMIUSAGE_OUTPUT, AWS_DEFAULT_OUTPUT, the profile's `output`, `auto`.
#[test]
fn the_output_settings_of_the_aws_cli_are_obeyed() {
    let directory = tempfile::tempdir().unwrap();
    let config = directory.path().join("config");
    let keys = "aws_access_key_id = AKIAEXAMPLE\naws_secret_access_key = example\n";
    fs::write(
        &config,
        format!(
            "[default]\noutput = text\n\
             [profile stream]\noutput = yaml-stream\n{keys}\
             [profile none]\noutput =\n{keys}"
        ),
    )
    .unwrap();
    let server = server();
    let run = |options: &str, variables: &[(&str, &str)]| {
        let line = format!("entries --page-size 3 {options}");
        let command = server.words(&line).env("AWS_CONFIG_FILE", &config);
        (variables.iter()).fold(command, |command, &(name, value)| command.env(name, value))
    };
    const OURS: (&str, &str) = ("AMIUSAGE_OUTPUT", "csv");
    const THEIRS: (&str, &str) = ("AWS_DEFAULT_OUTPUT", "yaml");
    for (options, variables, format) in [
        ("", &[][..], "text"),
        ("--profile stream", &[], "yaml-stream"),
        ("--profile none", &[], "json"),
        ("", &[("AWS_PROFILE", "stream")], "yaml-stream"),
        ("--profile stream", &[THEIRS], "yaml"),
        ("", &[("AWS_DEFAULT_OUTPUT", "")], "text"),
        ("", &[THEIRS, OURS], "csv"),
        ("", &[("AMIUSAGE_OUTPUT", "auto")], "json"),
        ("--output auto", &[THEIRS], "json"),
        ("--output tsv", &[THEIRS, OURS], "tsv"),
        ("--offline", &[THEIRS], "yaml"),
        ("--offline", &[], "json"),
    ] {
        let expected = run(&format!("{options} --output {format}"), &[]).succeeds();
        let actual = run(options, variables).succeeds();
        assert_eq!(actual.stdout, expected.stdout, "{options} {variables:?}");
    }

    let invalid = ("AWS_DEFAULT_OUTPUT", "xml");
    run("--output json", &[invalid]).succeeds();
    let requests = server.requests().len();
    run("", &[invalid])
        .ends(253)
        .says("AWS_DEFAULT_OUTPUT is `xml`, which is not an output format of the AWS CLI");
    assert_eq!(server.requests().len(), requests);
    fs::write(&config, "[default]\noutput = csv\n").unwrap();
    run("", &[]).ends(253).says("the profile's output is `csv`");
    fs::write(&config, "not a config file").unwrap();
    run("--output json", &[]).ends(253);
    run("", &[]).ends(253).hides("output");
}

#[test]
fn parameters_in_a_document_are_those_of_options() {
    let directory = tempfile::tempdir().unwrap();
    for (command, document, options) in [
        (
            "entries",
            r#"{"ImageIds": ["ami-0abcdef1234567890"], "Filters": [{"Name": "account-id", "Values": ["123412341234"]}]}"#,
            "--image-ids ami-0abcdef1234567890 --filter Name=account-id,Values=123412341234",
        ),
        (
            "reports list",
            r#"{"ReportIds": ["amiur-11111111111111111"], "MaxResults": 1, "DryRun": false}"#,
            "--report-ids amiur-11111111111111111 --max-results 1",
        ),
        (
            "create-image-usage-report",
            r#"{"ImageId": "ami-0abcdef1234567890", "AccountIds": ["001100110011"], "ClientToken": "a",
                "ResourceTypes": [{"ResourceType": "ec2:LaunchTemplate",
                    "ResourceTypeOptions": [{"OptionName": "version-depth", "OptionValues": ["5"]}]}],
                "TagSpecifications": [{"ResourceType": "image-usage-report", "Tags": [{"Key": "a", "Value": "b"}]}]}"#,
            "--image-id ami-0abcdef1234567890 --account-ids 001100110011 --client-token a --resource-types \
             ResourceType=ec2:LaunchTemplate,ResourceTypeOptions=[{OptionName=version-depth,OptionValues=5}] \
             --tag-specifications ResourceType=image-usage-report,Tags=[{Key=a,Value=b}]",
        ),
        (
            "reports delete",
            r#"{"ReportId": "amiur-11111111111111111", "DryRun": true}"#,
            "--report-id amiur-11111111111111111 --dry-run",
        ),
        (
            "describe-images",
            r#"{"Owners": ["self"], "IncludeDeprecated": true, "Filters": [{"Name": "state", "Values": ["available"]}]}"#,
            "--owners self --include-deprecated --filters Name=state,Values=available",
        ),
        (
            "describe-image-references",
            r#"{"ImageIds": ["ami-0abcdef1234567890"], "ResourceTypes": [{"ResourceType": "ec2:Instance"}]}"#,
            "--image-ids ami-0abcdef1234567890 --resource-types ResourceType=ec2:Instance",
        ),
        ("regions", r#"{"AllRegions": true}"#, "--all-regions"),
        (
            "wait image-usage-report-available",
            r#"{"Filters": [{"Name": "tag:team", "Values": ["data"]}]}"#,
            "--filters Name=tag:team,Values=data",
        ),
    ] {
        let server = Server::sample();
        server.words(&format!("{command} {options}")).succeeds();
        let expected = server.requests();
        let path = directory.path().join("document");
        std::fs::write(&path, document).unwrap();
        let file = format!("file://{}", path.display());
        // A JSON document is also a YAML document.
        for (flag, value) in [
            ("--cli-input-json", document),
            ("--cli-input-json", &file),
            ("--cli-input-yaml", document),
            ("--cli-input-yaml", &file),
        ] {
            let server = Server::sample();
            server
                .amiusage(command.split(' ').chain([flag, value]))
                .succeeds();
            assert_eq!(server.requests(), expected, "{command} {flag} {value}");
        }
    }
}

#[test]
fn options_override_a_document() {
    let document = r#"{"ImageIds": ["ami-00000000000000000"], "MaxResults": 1, "DryRun": true}"#;
    let server = server();
    let run = server
        .words(&format!(
            "entries --image-id {IMAGE} --max-results 3 --no-dry-run --output json --cli-input-json"
        ))
        .arg(document)
        .succeeds();
    assert_eq!(counts(&run.json()), [0, 1, 2]);
}

#[test]
fn invalid_documents_are_rejected() {
    for (line, message) in [
        (
            r#"entries --cli-input-json {"ImageIdz":[]}"#,
            "unknown parameter \"ImageIdz\"",
        ),
        (
            r#"entries --cli-input-yaml {"ImageIds":"a"}"#,
            "invalid type for ImageIds",
        ),
        (
            r#"entries --cli-input-json {"ImageIds":[]}"#,
            "the list is empty",
        ),
        ("entries --cli-input-json {", "--cli-input-json: JSON:"),
        (
            "entries --cli-input-json file:///nonexistent",
            "/nonexistent",
        ),
        (
            r#"wait image-usage-report-available --cli-input-json {"DryRun":true}"#,
            "does not accept 'DryRun'",
        ),
        (
            "check --cli-input-json {}",
            "does not accept '--cli-input-json'",
        ),
        (
            "entries --cli-input-json {} --cli-input-yaml {}",
            "cannot be used with",
        ),
        ("reports create --cli-input-json {}", "required"),
        ("check --generate-cli-skeleton", "does not accept"),
        ("reports create --generate-cli-skeleton output", "required"),
        (
            "entries --generate-cli-skeleton --nope",
            "unexpected argument",
        ),
    ] {
        words(line).ends(252).silent().says(message);
    }
}

#[test]
fn skeletons_can_be_filled_in() {
    for command in [
        "entries",
        "reports list",
        "reports create",
        "reports delete",
        "reports wait",
        "images",
        "references",
        "regions",
        "create-image-usage-report",
        "wait image-usage-report-available",
    ] {
        let json = words(&format!("{command} --generate-cli-skeleton")).succeeds();
        let yaml = words(&format!("{command} --generate-cli-skeleton yaml-input")).succeeds();
        // Both are read, down to the first placeholder that is not a valid value.
        for (flag, skeleton) in [("json", &json.stdout), ("yaml", &yaml.stdout)] {
            let flag = format!("--cli-input-{flag}");
            let run = words(command).args([&flag, skeleton]).ends(252);
            let is_read = !run.stderr.contains("invalid type") && !run.stderr.contains("unknown");
            assert!(is_read, "{run:#?}");
        }
    }
    assert_eq!(
        words("delete-image-usage-report --generate-cli-skeleton yaml-input")
            .succeeds()
            .stdout,
        "ReportId: ''\nDryRun: true\n"
    );
    let text = words(
        "entries --generate-cli-skeleton output --output text --query ImageUsageReportEntries[0].[ImageId,UsageCount]",
    );
    assert_eq!(text.succeeds().stdout, "ImageId\t0\n");
}

#[test]
fn output_can_be_off() {
    for line in [
        "entries",
        "check --owned --fail-on none",
        "reports delete --report-ids amiur-11111111111111111",
    ] {
        words(&format!("{line} --offline --output off"))
            .succeeds()
            .silent();
    }
    words("entries --offline --image-ids x --output off")
        .ends(254)
        .silent()
        .says("InvalidAMIID.Malformed");
    words("entries --offline --output off --out-file x")
        .ends(252)
        .says("--out-file");
}

#[test]
fn requests_can_be_unsigned() {
    let server = Server::sample();
    let without_credentials = |line: &str| {
        server
            .words(line)
            .env_remove("AWS_ACCESS_KEY_ID")
            .env_remove("AWS_SECRET_ACCESS_KEY")
    };
    without_credentials("entries").ends(253).silent();
    let run = without_credentials("entries --no-sign-request").succeeds();
    assert_eq!(run.stdout, words("entries --offline").succeeds().stdout);
    let head = server.heads()[0].to_lowercase();
    assert!(!head.contains("authorization"), "{head}");
}
