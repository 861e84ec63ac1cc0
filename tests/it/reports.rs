//! `amiusage reports`: the life cycle of reports, against the emulator.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use amiusage::emulator::{Settings, State};
use serde_json::{Value, json};

use crate::support::{Act, Ends, IMAGE, Run, Server, refusal, words};

const OTHER: &str = "ami-1a2b3c4d";
const THIRD: &str = "ami-0fedcba9876543210";

/// The sample data, with this delay of reports and this quota, besides the report that is pending forever.
fn server(report_delay: Duration, room: usize) -> Server {
    scripted(report_delay, room, |_, reply| Act::Reply(reply))
}

fn scripted(
    report_delay: Duration,
    room: usize,
    script: impl Fn(usize, amiusage::emulator::Response) -> Act + Send + Sync + 'static,
) -> Server {
    let settings = Settings {
        report_delay,
        max_pending: room + 1,
        ..Settings::default()
    };
    Server::with_settings(State::sample(), settings, script)
}

const SOON: Duration = Duration::from_millis(300);
const NEVER: Duration = Duration::from_secs(3600);

/// The rows of a creation: image, report, result.
fn created(run: &Run) -> Vec<(String, Option<String>, String)> {
    let text = |row: &Value, name: &str| row[name].as_str().map(str::to_owned);
    (run.json()["CreatedImageUsageReports"]
        .as_array()
        .unwrap()
        .iter())
    .map(|row| {
        (
            text(row, "ImageId").unwrap(),
            text(row, "ReportId"),
            text(row, "Result").unwrap(),
        )
    })
    .collect()
}

fn results(run: &Run) -> Vec<String> {
    created(run)
        .into_iter()
        .map(|(_, _, result)| result)
        .collect()
}

/// How many requests had this parameter.
fn count(server: &Server, parameter: &str) -> usize {
    let requests = server.requests();
    requests
        .iter()
        .filter(|form| form.contains(parameter))
        .count()
}

fn creations(server: &Server) -> usize {
    count(server, "ClientToken=")
}

#[test]
fn the_life_cycle_of_a_report() {
    let server = server(SOON, 2000);
    let line = format!(
        "reports create --image-ids {IMAGE} {OTHER} --version-depth 50 --account-ids 123412341234 --tags team=a=b for=x,y --wait"
    );
    let run = server.words(&line).succeeds();
    let rows = created(&run);
    assert_eq!(rows[0].0, IMAGE);
    assert_eq!(rows[1].0, OTHER);
    assert_eq!(results(&run), ["created", "created"]);
    assert_eq!(run.stderr, "");

    let id = rows[1].1.clone().unwrap();
    let list = server
        .words(&format!("reports list --report-ids {id}"))
        .succeeds();
    let mut report = list.json()["ImageUsageReports"][0].take();
    for time in ["CreationTime", "ExpirationTime"] {
        assert_eq!(report[time].as_str().unwrap().len(), 24);
        report.as_object_mut().unwrap().remove(time);
    }
    assert_eq!(
        report,
        json!({
            "ImageId": OTHER,
            "ReportId": id,
            "ResourceTypes": [
                {"ResourceType": "ec2:Instance"},
                {
                    "ResourceType": "ec2:LaunchTemplate",
                    "ResourceTypeOptions": [{"OptionName": "version-depth", "OptionValues": ["50"]}]
                },
                {"ResourceType": "imagebuilder:ImageRecipe"},
                {"ResourceType": "imagebuilder:ContainerRecipe"},
            ],
            "AccountIds": ["123412341234"],
            "State": "available",
            "Tags": [{"Key": "team", "Value": "a=b"}, {"Key": "for", "Value": "x,y"}],
        })
    );

    let run = server
        .words(&format!(
            "reports delete --report-ids {id} amiur-00000000000000099"
        ))
        .ends(254);
    let deleted = run.json();
    let rows = deleted["DeletedImageUsageReports"].as_array().unwrap();
    assert_eq!(rows[0], json!({"ReportId": id, "Result": "deleted"}));
    assert_eq!(rows[1]["Result"], "failed");
    let run = run.says("1 of 2 reports could not be deleted (amiur-00000000000000099): ");
    run.says("InvalidImageUsageReportId.NotFound");
    let list = server
        .words(&format!("reports list --report-ids {id}"))
        .succeeds();
    assert_eq!(list.json(), json!({"ImageUsageReports": []}));
}

#[test]
fn nested_members_of_reports_in_every_format() {
    let report = "--report-ids amiur-0a1b2c3d4e5f60718";
    let list = |format: &str| {
        words(&format!(
            "reports list --offline {report} --output {format}"
        ))
        .succeeds()
        .stdout
    };
    assert_eq!(
        list("text"),
        "IMAGEUSAGEREPORTS\t2025-10-20T02:15:40.127Z\t2025-11-19T02:15:40.127Z\tami-0f4e3d2c1b0a99887\t\
         amiur-0a1b2c3d4e5f60718\tavailable\n\
         RESOURCETYPES\tec2:Instance\nRESOURCETYPES\tec2:LaunchTemplate\n\
         RESOURCETYPEOPTIONS\tversion-depth\nOPTIONVALUES\t50\n\
         RESOURCETYPES\timagebuilder:ImageRecipe\nRESOURCETYPES\timagebuilder:ContainerRecipe\n\
         TAGS\tteam\tplatform\nTAGS\tpurpose\tretirement review\n"
    );
    assert_eq!(
        list("csv"),
        "ImageId,ReportId,ResourceTypes,AccountIds,State,StateReason,CreationTime,ExpirationTime,Tags\n\
         ami-0f4e3d2c1b0a99887,amiur-0a1b2c3d4e5f60718,\"ec2:Instance, ec2:LaunchTemplate (version-depth=50), \
         imagebuilder:ImageRecipe, imagebuilder:ContainerRecipe\",,available,,2025-10-20T02:15:40.127Z,2025-11-19T02:15:40.127Z,\"team=platform, purpose=retirement review\"\n"
    );
    let table = list("table");
    assert!(
        table.contains("Age") && table.contains("ExpiresIn"),
        "{table}"
    );
    assert!(!table.contains("CreationTime"), "{table}");
    words("reports list --offline --columns Age --output csv")
        .ends(252)
        .silent()
        .says("--columns: Age is for");
    let run = words("reports list --offline --columns Age,State --output table").succeeds();
    assert!(run.stdout.contains("Age"));
}

#[test]
fn control_characters_in_tags_are_escaped() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("saved.json");
    let report = json!({"ImageUsageReports": [{
        "ImageId": IMAGE, "ReportId": "amiur-11111111111111111", "State": "available",
        "Tags": [{"Key": "a\tb", "Value": "c\nd\u{1b}[31m"}],
    }]});
    std::fs::write(&path, report.to_string()).unwrap();
    let line = format!("reports list --offline={} --output text", path.display());
    let run = words(&line).succeeds();
    assert!(
        run.stdout
            .ends_with("\nTAGS\ta\\u{9}b\tc\\u{a}d\\u{1b}[31m\n"),
        "{run:#?}"
    );
}

#[test]
fn filters_select_reports() {
    let server = Server::sample();
    let run = server
        .words("reports list --state error,pending --created 2025-10-21T05*")
        .succeeds();
    assert_eq!(run.json()["ImageUsageReports"].as_array().unwrap().len(), 2);
    assert_eq!(
        server.requests(),
        [
            "Filter.1.Name=state&Filter.1.Value.1=error&Filter.1.Value.2=pending&\
             Filter.2.Name=creation-time&Filter.2.Value.1=2025-10-21T05*"
        ]
    );
    let none = "describe-image-usage-reports --filters Name=tag:team,Values=nobody";
    server
        .words(none)
        .succeeds()
        .says("no report matches the filters");
    server
        .words("reports list --filter Name=account-id,Values=1")
        .ends(254)
        .says("tag:KEY and tag-key");
}

#[test]
fn reports_are_paginated_like_entries() {
    let server = Server::sample();
    let run = server
        .words("reports list --max-items 3 --page-size 2 --output ndjson")
        .succeeds();
    let token = run.token().unwrap();
    let line = format!("reports list --output ndjson --starting-token {token}");
    let rest = server.words(&line).succeeds();
    let whole = server.words("reports list --output ndjson").succeeds();
    assert_eq!(run.stdout + &rest.stdout, whole.stdout);
}

#[test]
fn command_lines_of_the_aws_cli_give_its_output() {
    let server = server(SOON, 2000);
    let create = [
        "create-image-usage-report",
        "--image-id",
        IMAGE,
        "--resource-types",
        "ResourceType=ec2:Instance",
        "ResourceType=ec2:LaunchTemplate,ResourceTypeOptions=[{OptionName=version-depth,OptionValues=100}]",
        "--client-token",
        "once",
        "--tag-specifications",
        "ResourceType=image-usage-report,Tags=[{Key=team,Value=platform}]",
    ];
    let text = server
        .amiusage(create.iter().chain(&["--output", "text"]))
        .succeeds();
    let id = text.stdout.trim_end();
    assert!(
        id.starts_with("amiur-") && text.stdout.ends_with('\n'),
        "{text:#?}"
    );
    // The same token creates no second report, and is sent unchanged.
    let json = server.amiusage(create).succeeds().json();
    assert_eq!(json, json!({ "ReportId": id }));
    assert_eq!(
        server.requests()[0],
        "ImageId=ami-0abcdef1234567890&ResourceType.1.ResourceType=ec2:Instance&\
         ResourceType.2.ResourceType=ec2:LaunchTemplate&\
         ResourceType.2.ResourceTypeOption.1.OptionName=version-depth&\
         ResourceType.2.ResourceTypeOption.1.OptionValue.1=100&ClientToken=once&\
         TagSpecification.1.ResourceType=image-usage-report&TagSpecification.1.Tag.1.Key=team&\
         TagSpecification.1.Tag.1.Value=platform"
    );
    let query = server
        .amiusage(create.iter().chain(&["--query", "ReportId"]))
        .succeeds();
    assert_eq!(query.json(), json!(id));
    let line = format!("wait image-usage-report-available --report-ids {id}");
    server.words(&line).succeeds().silent();
    let line = format!("delete-image-usage-report --report-id {id}");
    assert_eq!(
        server.words(&line).succeeds().json(),
        json!({"Return": true})
    );
    let run = server.words(&line).ends(254).silent();
    run.says("InvalidImageUsageReportId.NotFound")
        .says("reports are deleted after 30 days");
}

#[test]
fn invalid_arguments_are_rejected_before_a_request() {
    let server = Server::sample();
    for (line, words) in [
        ("create", "required"),
        ("create --image-ids a --owned", "cannot be used with"),
        ("create --image-id a --image-ids b", "cannot be used with"),
        ("create --owned --version-depth 0", "--version-depth"),
        ("create --owned --version-depth 10001", "--version-depth"),
        (
            "create --owned --resource-types ec2:Instance --version-depth 5",
            "omits",
        ),
        (
            "create --owned --version-depth 5 --resource-types ResourceType=ec2:LaunchTemplate,\
             ResourceTypeOptions=[{OptionName=version-depth,OptionValues=100}]",
            "already has a version-depth",
        ),
        (
            "create --owned --resource-types ResourceType=a,Options=b",
            "unknown key `Options`",
        ),
        ("create --owned --tags team", "write KEY=VALUE"),
        ("create --owned --timeout soon", "90s"),
        ("create --owned --wait --dry-run", "cannot be used with"),
        ("wait", "required"),
        ("delete", "required"),
        ("delete --report-ids", "a value is required"),
    ] {
        server
            .words(&format!("reports {line}"))
            .ends(252)
            .silent()
            .says(words);
    }
    let token = "x".repeat(120);
    let line = format!("reports create --image-ids {IMAGE} --client-token {token}");
    server
        .words(&line)
        .ends(252)
        .silent()
        .says("128 characters");
    assert!(server.requests().is_empty(), "{:#?}", server.requests());
}

#[test]
fn images_are_selected_by_owner_or_id() {
    let server = server(SOON, 2000);
    let run = server.words("reports create --owned").succeeds();
    let owned: Vec<_> = created(&run).into_iter().map(|row| row.0).collect();
    assert!(owned.len() > 3 && owned.is_sorted(), "{owned:?}");
    let named = server
        .words("reports create --dry-run --name nothing-*")
        .succeeds();
    named.says("owns no matching image");
    assert_eq!(
        count(&server, "Filter.1.Name=name&Filter.1.Value.1=nothing-*"),
        1
    );
}

#[test]
fn a_dry_run_creates_and_deletes_nothing() {
    let server = server(NEVER, 2000);
    let run = server
        .words(&format!(
            "reports create --image-ids {IMAGE} {OTHER} --dry-run"
        ))
        .succeeds();
    run.silent().says("would have succeeded");
    let run = server
        .words(&format!(
            "reports create --image-ids {IMAGE} bogus --dry-run"
        ))
        .ends(254);
    run.silent()
        .says("1 of 2 reports could not be created (bogus): ");
    let report = "amiur-11111111111111111";
    let run = server
        .words(&format!("reports delete --report-ids {report} --dry-run"))
        .succeeds();
    run.silent().says("would have succeeded");
    let list = server
        .words(&format!("reports list --image-ids {IMAGE}"))
        .succeeds();
    assert_eq!(
        list.json()["ImageUsageReports"].as_array().unwrap().len(),
        2
    );
}

#[test]
fn a_pending_report_is_reused_if_it_covers_the_request() {
    let server = server(NEVER, 2000);
    let run = server
        .words(&format!(
            "reports create --image-ids {IMAGE} --version-depth 50"
        ))
        .succeeds();
    let id = created(&run)[0].1.clone().unwrap();

    // For one image the report is created directly; for several, pending reports are listed first.
    for images in [IMAGE.to_owned(), format!("{IMAGE} {OTHER}")] {
        let run = server
            .words(&format!("reports create --image-ids {images}"))
            .succeeds();
        let row = &created(&run)[0];
        assert_eq!((row.1.as_ref(), row.2.as_str()), (Some(&id), "adopted"));
        run.says("adopted 1 pending report");
    }
    for images in [IMAGE.to_owned(), format!("{IMAGE} {OTHER}")] {
        let line = format!("reports create --image-ids {images} --version-depth 51");
        let run = server.words(&line).ends(254);
        let row = &created(&run)[0];
        assert_eq!((row.1.as_ref(), row.2.as_str()), (None, "failed"));
        let reason = run.json()["CreatedImageUsageReports"][0]["Reason"].to_string();
        assert!(
            reason.contains(&format!(
                "{id} is pending for this image and covers only 50 launch template versions"
            )),
            "{reason}"
        );
    }
    let line = format!("create-image-usage-report --image-id {IMAGE} --version-depth 51");
    let run = server.words(&line).ends(254).silent();
    run.says(&format!("{id} is pending for this image"))
        .says("ResourceLimitExceeded");
    // Also for the single image of the AWS CLI's command line.
    let run = server
        .words(&format!("create-image-usage-report --image-id {IMAGE}"))
        .succeeds();
    assert_eq!(run.json(), json!({ "ReportId": id }));
}

#[test]
fn creation_waits_while_the_quota_is_exhausted() {
    let server = server(SOON, 1);
    let line = format!("reports create --image-ids {IMAGE} {OTHER} {THIRD} --wait");
    let run = server.words(&line).succeeds();
    assert_eq!(results(&run), ["created"; 3]);
}

#[test]
fn a_timeout_while_queued_loses_no_report() {
    let server = server(NEVER, 1);
    let line = format!("reports create --image-ids {IMAGE} {OTHER} {THIRD} --timeout 1");
    let run = server
        .words(&line)
        .ends(254)
        .says("2 of 3 reports could not be created");
    let mut results = results(&run);
    results.sort();
    assert_eq!(results, ["created", "failed", "failed"]);
    assert!(creations(&server) > 3, "nothing was tried again");
    let run = run.says("ResourceLimitExceeded");
    run.says("2,000 pending reports");
}

#[test]
fn partial_success_is_reported_in_the_order_of_the_arguments() {
    let server = server(SOON, 2000);
    let line = format!(
        "reports create --image-ids bogus {IMAGE} ami-00000000000000000 {OTHER} --output csv"
    );
    let run = server
        .words(&line)
        .ends(254)
        .says("2 of 4 reports could not be created (bogus, ami-00000000000000000); first error");
    let rows: Vec<_> = run.stdout.lines().collect();
    assert_eq!(rows[0], "ImageId,ReportId,Result,Reason");
    assert!(rows[1].starts_with("bogus,,failed,"), "{run:#?}");
    assert!(
        rows[2].starts_with(&format!("{IMAGE},amiur-")) && rows[2].ends_with(",created,"),
        "{run:#?}"
    );
    assert!(
        rows[3].starts_with("ami-00000000000000000,,failed,"),
        "{run:#?}"
    );
    assert!(rows[4].ends_with(",created,"), "{run:#?}");
}

#[test]
fn hints_name_the_denied_action() {
    let server = Server::says(refusal(403, "UnauthorizedOperation", "No."));
    for (line, action) in [
        ("reports create --image-ids ami-1", "CreateImageUsageReport"),
        (
            "reports delete --report-ids amiur-1",
            "DeleteImageUsageReport",
        ),
        (
            "reports wait --report-ids amiur-1",
            "DescribeImageUsageReports",
        ),
        ("reports create --owned", "DescribeImages"),
        ("reports list", "DescribeImageUsageReports"),
        ("entries", "DescribeImageUsageReportEntries"),
    ] {
        let permission = format!("request the IAM permission ec2:{action},");
        server.words(line).ends(254).says(&permission);
    }
}

#[test]
fn throttled_requests_are_retried() {
    // Each request is rejected once, and the SDK does not retry.
    let refused = Mutex::new(0);
    let server = scripted(SOON, 2000, move |_, reply| {
        let mut refused = refused.lock().unwrap();
        if *refused < 2 {
            *refused += 1;
            return Act::Reply(refusal(
                503,
                "RequestLimitExceeded",
                "Request limit exceeded.",
            ));
        }
        Act::Reply(reply)
    });
    let line = format!("reports create --image-ids {IMAGE} --max-attempts 1");
    let run = server.words(&line).succeeds();
    assert_eq!(results(&run), ["created"]);
    assert_eq!(creations(&server), 3);
}

#[test]
fn a_retry_has_the_client_token_of_the_first_attempt() {
    let server = scripted(NEVER, 2000, |number, reply| match number {
        1 => Act::Hang,
        _ => Act::Reply(reply),
    });
    let run = server
        .words(&format!("reports create --image-ids {IMAGE}"))
        .succeeds();
    assert_eq!(results(&run), ["created"]);
    let requests = server.requests();
    assert_eq!(requests.len(), 2);
    assert_eq!(requests[0], requests[1]);
    // With several images, each has its own token.
    let line = format!("reports create --image-ids {OTHER} {THIRD} --client-token night");
    server.words(&line).succeeds();
    for image in [OTHER, THIRD] {
        assert_eq!(count(&server, &format!("ClientToken=night:{image}")), 1);
    }
}

#[test]
fn wait_exits_by_the_state_of_the_reports() {
    let server = server(NEVER, 2000);
    // Available, failed, and pending forever.
    server
        .words("reports wait --report-ids amiur-11111111111111111")
        .succeeds()
        .silent();
    let began = Instant::now();
    let line = "reports wait --report-ids amiur-05a6b7c8d9e0f1a2b amiur-11111111111111111";
    let run = server.words(line).ends(255).silent();
    run.says("in state error: amiur-05a6b7c8d9e0f1a2b (ami-0badc0ffee0ddf00d): Internal error.");
    assert!(began.elapsed() < Duration::from_secs(30));
    let line =
        "reports wait --report-ids amiur-0f0e0d0c0b0a09080 amiur-11111111111111111 --timeout 1";
    let run = server.words(line).ends(255).silent();
    run.says("still pending after 1s: amiur-0f0e0d0c0b0a09080")
        .says("longer --timeout");
}

#[test]
fn wait_for_images_selects_their_newest_reports() {
    let server = Server::sample();
    server
        .words(&format!("reports wait --image-ids {IMAGE}"))
        .succeeds();
    assert_eq!(count(&server, "ReportId.1=amiur-22222222222222222"), 1);
    let run = server
        .words(&format!(
            "reports wait --image-ids {IMAGE} ami-05f6e7d8c9b0a1928"
        ))
        .ends(255);
    run.says("no report exists for ami-05f6e7d8c9b0a1928")
        .says("reports create");
}

#[test]
fn a_failed_report_does_not_hide_the_others() {
    let server = Server::sample();
    let line = "reports wait --report-ids amiur-11111111111111111 amiur-x amiur-0f0e0d0c0b0a09080 --timeout 1";
    let run = server
        .words(line)
        .ends(254)
        .says("1 of 3 reports have an unknown state (amiur-x)");
    run.says("still pending after 1s: amiur-0f0e0d0c0b0a09080");
}

#[test]
fn a_report_deleted_while_waiting_is_an_error() {
    let server = Server::sample();
    let run = server
        .words("reports wait --report-ids amiur-00000000000000099")
        .ends(255)
        .silent();
    run.says("no such report: amiur-00000000000000099");
    // A new report may not be visible immediately.
    assert!(server.requests().len() > 2);
}

#[test]
fn wait_requests_200_reports_at_a_time() {
    let server = Server::sample();
    let ids: Vec<_> = (0..450)
        .map(|number| format!("amiur-{number:017x}"))
        .collect();
    let line = format!("reports wait --timeout 1 --report-ids {}", ids.join(","));
    server.words(&line).ends(255);
    let requests = server.requests();
    assert_eq!(
        requests
            .iter()
            .filter(|form| form.contains("ReportId.200="))
            .count()
            % 2,
        0
    );
    assert!(requests.iter().all(|form| !form.contains("ReportId.201=")));
    assert!(
        requests
            .iter()
            .any(|form| form.contains("ReportId.50=") && !form.contains("ReportId.51="))
    );
}

#[test]
fn rows_are_written_to_a_file() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("created");
    let server = server(SOON, 2000);
    let line = format!(
        "reports create --image-ids {IMAGE} bogus --output tsv --out-file {}",
        path.display()
    );
    server.words(&line).ends(254).silent();
    assert_eq!(std::fs::read_to_string(&path).unwrap().lines().count(), 3);
    let line = format!("reports create --image-ids {THIRD} --columns Result,ImageId --output csv");
    let run = server.words(&line).succeeds();
    assert_eq!(run.stdout, format!("Result,ImageId\ncreated,{THIRD}\n"));
    // Nothing is created if its result cannot be written.
    let line = format!(
        "reports create --image-ids {OTHER} --out-file {}/no/file",
        path.display()
    );
    server.words(&line).ends(255);
    assert_eq!(count(&server, &format!("ImageId={OTHER}")), 0);
}

#[cfg(unix)]
#[test]
fn ctrl_c_reports_what_was_created() {
    use std::process::Stdio;

    use crate::interrupt::{interrupt, wait_for_requests};

    // Interrupted while it waits for the quota; below, while a response is pending.
    let mut runs = (0..20).map(|_| {
        let server = server(NEVER, 1);
        let line = format!("reports create --image-ids {IMAGE} {OTHER} {THIRD}");
        let child = server
            .program(line.split_whitespace())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // The list of pending reports, three creations, and two lists after rejections.
        wait_for_requests(&server, 6);
        std::thread::sleep(Duration::from_millis(100));
        interrupt(&child);
        Run::of(child.wait_with_output().unwrap(), 130)
    });
    let run = runs
        .find(|run| !run.stdout.contains("not answered"))
        .unwrap();
    let mut results = results(&run);
    results.sort();
    assert_eq!(results, ["created", "interrupted", "interrupted"]);
    // The other two were rejected, so nothing was created for them.
    assert_eq!(
        run.stdout.matches("no report was created").count(),
        2,
        "{run:#?}"
    );
    run.says("error: interrupted")
        .says("rerun to create the rest");
}

#[cfg(unix)]
#[test]
fn ctrl_c_reports_what_may_have_been_created() {
    use std::process::Stdio;
    use std::thread;

    use crate::interrupt::{interrupt, wait_for_requests};

    let server = Server::new(State::sample(), |_, reply| {
        thread::sleep(Duration::from_secs(60));
        Act::Reply(reply)
    });
    let line = format!("reports create --image-ids {IMAGE} --output csv");
    let child = server
        .program(line.split_whitespace())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    wait_for_requests(&server, 1);
    interrupt(&child);
    let run = Run::of(child.wait_with_output().unwrap(), 130);
    let row = format!("\n{IMAGE},,interrupted,no response: it may have been created\n");
    assert!(run.stdout.ends_with(&row), "{run:#?}");
}

/// `reports create --wait … | head -1`: a closed pipe neither ends the wait nor hides a failure.
#[test]
fn a_closed_pipe_does_not_hide_an_error() {
    let settings = Settings {
        report_delay: NEVER,
        ..Settings::default()
    };
    let server = Server::start(State::sample(), settings, |asked, reply| {
        match asked.form.contains("ami-0123456789abcdef0") {
            true => Act::Reply(refusal(400, "Strange", "No.")),
            false => Act::Reply(reply),
        }
    });
    for (line, status) in [
        ("reports create --image-ids ami-0123456789abcdef0", 254),
        (
            "reports create --image-id ami-0abcdef1234567890 --output text \
             --resource-types ec2:Instance --wait --timeout 0.001s",
            255,
        ),
        ("reports delete --report-ids amiur-1 amiur-2", 254),
    ] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let mut program = server.program(line.split_whitespace());
        let run = program.stdout(writer).stderr(std::process::Stdio::piped());
        Run::of(run.output().unwrap(), status).says("error: ");
    }
}

/// An endpoint that does not have the recipe types yet.
fn older_endpoint(images: usize, report_delay: Duration) -> Server {
    let settings = Settings {
        report_delay,
        resource_types: vec!["ec2:Instance".to_owned(), "ec2:LaunchTemplate".to_owned()],
        ..Settings::default()
    };
    let size = format!("images={images},entries=0").parse().unwrap();
    Server::with_settings(State::synthetic(size), settings, |_, reply| {
        Act::Reply(reply)
    })
}

#[test]
fn new_reports_cover_all_resource_types() {
    let server = server(SOON, 2000);
    server
        .words(&format!("reports create --image-ids {IMAGE}"))
        .succeeds();
    let request = &server.requests()[0];
    for (number, name) in [
        "ec2:Instance",
        "ec2:LaunchTemplate",
        "imagebuilder:ImageRecipe",
        "imagebuilder:ContainerRecipe",
    ]
    .iter()
    .enumerate()
    {
        let parameter = format!("ResourceType.{}.ResourceType={name}", number + 1);
        assert!(request.contains(&parameter), "{request}");
    }
}

#[test]
fn types_that_the_endpoint_refuses_are_omitted_and_named() {
    const NOTE: &str = "note: the endpoint does not support imagebuilder:ImageRecipe, imagebuilder:ContainerRecipe; \
                        the reports do not cover them";
    let server = older_endpoint(40, NEVER);
    let run = server.words("reports create --owned").succeeds();
    assert_eq!(results(&run), ["created"; 40]);
    run.says(NOTE);
    // Up to four requests are sent before the first response.
    let sent = creations(&server);
    assert!((42..=48).contains(&sent), "{sent} requests");
    let list = server.words("reports list --state pending").succeeds();
    let types = &list.json()["ImageUsageReports"][39]["ResourceTypes"];
    assert_eq!(
        *types,
        json!([{"ResourceType": "ec2:Instance"}, {"ResourceType": "ec2:LaunchTemplate"}])
    );

    // A rerun adopts the pending reports instead of creating others.
    let run = server.words("reports create --owned").succeeds();
    let adopted = results(&run);
    let adopted = adopted.iter().filter(|result| *result == "adopted");
    assert_eq!(adopted.count(), 40);
    run.says(NOTE).says("adopted 40 pending reports");
    let more = creations(&server) - sent;
    assert!((1..=12).contains(&more), "{more} requests");

    let run = server.words("reports create --owned --dry-run").succeeds();
    run.says(NOTE).says("the request would have succeeded");
}

#[test]
fn types_of_the_command_line_are_never_omitted() {
    let server = older_endpoint(1, SOON);
    for dry_run in ["", " --dry-run"] {
        let run = server.words(&format!(
            "reports create --owned --resource-types ec2:Instance,imagebuilder:ImageRecipe{dry_run}"
        ));
        run.ends(254)
            .says("InvalidParameterValue")
            .says("imagebuilder:ImageRecipe");
    }
    assert_eq!(creations(&server), 2);
}

#[test]
fn every_offered_column_is_accepted() {
    for line in [
        "reports list --offline --account-names organizations",
        "reports create --offline --owned",
        "reports create --offline --image-id ami-0abcdef1234567890",
        "reports delete --offline --report-ids amiur-11111111111111111",
        "reports delete --offline --report-id amiur-11111111111111111",
        "entries --offline --account-names organizations",
    ] {
        let help = words(&format!("{line} --help")).succeeds().stdout;
        let help = help.split_whitespace().collect::<Vec<_>>().join(" ");
        let columns = help.split_once("The columns are").unwrap().1;
        let columns: Vec<&str> = columns
            .split_once('.')
            .unwrap()
            .0
            .split([',', ' '])
            // Tables alone have the columns that depend on the current time.
            .filter(|name| !matches!(*name, "" | "Age" | "ExpiresIn"))
            .collect();
        assert!(columns.contains(&"Region"), "{line}: {columns:?}");
        let line = format!("{line} -r eu-west-1 --columns {}", columns.join(","));
        let csv = words(&format!("{line} -o csv")).succeeds().stdout;
        assert_eq!(csv.lines().next(), Some(&*columns.join(",")), "{line}");
        let json = words(&format!("{line} -o json")).succeeds().stdout;
        assert!(json.contains("{\"Region\":\"eu-west-1\""), "{json}");
    }
}
