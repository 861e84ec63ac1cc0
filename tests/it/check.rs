//! `amiusage check`: evidence over the wire, verdicts on stdout, and what the exit status makes of them.

mod attributes;
mod optional;
mod resource_types;

use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant, SystemTime};

use amiusage::emulator::{REPORT_TYPES, Response, Settings, State};
use serde_json::{Value, json};

use crate::interrupt::signal;
use crate::support::{Act, Asked, Ends, Run, Server, action, refusal, reply, words};

const UNUSED: &str = "ami-00000000000000001";
const USED: &str = "ami-00000000000000002";
const OWN_USE: &str = "ami-00000000000000003";
const FAILING: &str = "ami-00000000000000004";

const REPORTS: &str = "DescribeImageUsageReports";
const ENTRIES: &str = "DescribeImageUsageReportEntries";
const REFERENCES: &str = "DescribeImageReferences";
const IMAGES: &str = "DescribeImages";
const CREATE: &str = "CreateImageUsageReport";

fn hours_ago(hours: u64) -> String {
    let time = SystemTime::now() - Duration::from_secs(hours * 3600);
    humantime::format_rfc3339_millis(time).to_string()
}

/// An image that has existed for longer than `--idle`, and was never launched.
fn image(id: &str, name: &str) -> Value {
    json!({
        "ImageId": id, "Name": name, "OwnerId": "123456789012", "State": "available",
        "CreationDate": "2024-01-01T00:00:00.000Z",
    })
}

const RECIPES: [&str; 2] = ["imagebuilder:ImageRecipe", "imagebuilder:ContainerRecipe"];

fn all_types() -> Value {
    all_types_with(json!({"ResourceType": "ec2:LaunchTemplate"}))
}

/// All resource types, with these launch templates.
fn all_types_with(templates: Value) -> Value {
    let recipes = RECIPES.map(|name| json!({"ResourceType": name}));
    json!([{"ResourceType": "ec2:Instance"}, templates, recipes[0], recipes[1]])
}

/// A report that covers everything.
fn report(image: &str, number: u32, hours: u64) -> Value {
    json!({
        "ImageId": image, "ReportId": format!("amiur-{number:017}"), "ResourceTypes": all_types(),
        "State": "available", "CreationTime": hours_ago(hours),
    })
}

fn entry(image: &str, number: u32, count: Option<i64>) -> Value {
    let mut entry = json!({
        "ImageId": image, "ReportId": format!("amiur-{number:017}"), "ResourceType": "ec2:Instance",
        "AccountId": "001100110011",
    });
    if let Some(count) = count {
        entry["UsageCount"] = count.into();
    }
    entry
}

/// Four images, without reports: unused, used by another account, used by the owner, and one whose reports fail.
fn document() -> Value {
    json!({
        "Images": [
            image(UNUSED, "a"), image(USED, "b"), image(OWN_USE, "c"), image(FAILING, "d"),
            {"ImageId": "ami-0ffffffffffffffff", "Name": "e", "OwnerId": "999999999999"},
        ],
        "ImageReferences": [
            {"ImageId": OWN_USE, "ResourceType": "ssm:Parameter", "Arn": "arn:aws:ssm:::parameter/golden"},
        ],
        "Usage": [
            {"ImageId": USED, "ResourceType": "ec2:Instance", "AccountId": "001100110011", "UsageCount": 7},
            {"ImageId": USED, "ResourceType": "ec2:Instance", "AccountId": "222233334444", "UsageCount": 1},
            {"ImageId": USED, "ResourceType": "ec2:LaunchTemplate", "AccountId": "222233334444", "UsageCount": 2},
        ],
        "FailingReports": [{"ImageId": FAILING, "StateReason": "Internal error"}],
    })
}

/// One image with these reports and entries.
fn one_image(reports: Value, entries: Value) -> State {
    let document = json!({
        "Images": [image(UNUSED, "a")], "ImageUsageReports": reports, "ImageUsageReportEntries": entries,
    });
    state(&document)
}

fn state(document: &Value) -> State {
    State::from_json(&document.to_string()).unwrap()
}

/// Reports are available at once.
fn at_once() -> Settings {
    Settings {
        report_delay: Duration::ZERO,
        ..Settings::default()
    }
}

fn server(state: State) -> Server {
    Server::start(state, at_once(), |_, reply| Act::Reply(reply))
}

/// A server whose replies to one action are other ones.
fn changed(
    state: State,
    of: &'static str,
    change: impl Fn(Asked<'_>, Response) -> Act + Send + Sync + 'static,
) -> Server {
    Server::start(state, at_once(), move |asked, reply| {
        match action(asked.form) == of {
            true => change(asked, reply),
            false => Act::Reply(reply),
        }
    })
}

/// The verdicts and the names of the first reasons, in the order of the rows.
fn verdicts(run: &Run) -> Vec<(String, String)> {
    let rows = run.json();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    (rows["ImageVerdicts"].as_array().unwrap().iter())
        .map(|row| (text(&row["Verdict"]), text(&row["Reasons"][0]["Code"])))
        .collect()
}

#[track_caller]
fn is(run: &Run, verdict: &str, reason: &str) {
    assert_eq!(verdicts(run), [(verdict.to_owned(), reason.to_owned())]);
}

#[test]
fn offline_shows_each_verdict_in_a_second() {
    let run = words("check --offline --owned --output json").ends(1);
    let mut verdicts: Vec<_> = verdicts(&run)
        .into_iter()
        .map(|(verdict, _)| verdict)
        .collect();
    verdicts.sort_unstable();
    verdicts.dedup();
    assert_eq!(verdicts, ["in-use", "unknown", "unused"]);
    let run = run.says("7 images: 5 in use, 1 unused, 1 unknown");
    run.says("they may miss instances launched in the previous 24 hours");
}

#[test]
fn a_verdict_has_its_evidence() {
    let run = server(state(&document()))
        .words("check --owned --output json")
        .ends(1);
    let rows = &run.json()["ImageVerdicts"];
    let columns = |row: &Value| {
        [
            "ImageId",
            "Name",
            "Verdict",
            "Accounts",
            "Instances",
            "LaunchTemplates",
            "ImageRecipes",
            "ContainerRecipes",
            "References",
        ]
        .map(|name| row[name].to_string())
        .join(" ")
    };
    let lines: Vec<_> = rows.as_array().unwrap().iter().map(columns).collect();
    let unused = format!("\"{UNUSED}\" \"a\" \"unused\" 0 0 0 0 0 0");
    let used = format!("\"{USED}\" \"b\" \"in-use\" 2 8 2 0 0 0");
    let own_use = format!("\"{OWN_USE}\" \"c\" \"in-use\" 0 0 0 0 0 1");
    let failing = format!("\"{FAILING}\" \"d\" \"unknown\" null null null null null 0");
    assert_eq!(lines, [unused, used, own_use, failing]);
    assert_eq!(
        rows[1]["UsedBy"][0],
        json!({"AccountId": "001100110011", "ResourceType": "ec2:Instance", "UsageCount": 7})
    );
    assert_eq!(
        rows[2]["ReferencedBy"],
        json!([{"ResourceType": "ssm:Parameter", "Arn": "arn:aws:ssm:::parameter/golden"}])
    );
    let reason = rows[3]["Reasons"][0]["Message"].as_str().unwrap();
    assert!(reason.ends_with("failed: Internal error"), "{reason}");
    assert!(
        rows[0]["ReportCreationTime"]
            .as_str()
            .unwrap()
            .ends_with('Z')
    );
}

#[test]
fn lines_have_who_and_what_with_details() {
    let server = server(state(&document()));
    let line = format!("check --image-ids {USED} {OWN_USE} --output csv --fail-on none");
    let usual = server.words(&line).succeeds();
    let header = "ImageId,Name,Verdict,Reasons,Accounts,Instances,LaunchTemplates,ImageRecipes,ContainerRecipes,References,ReportId,ReportCreationTime";
    assert_eq!(usual.stdout.lines().next().unwrap(), header);
    let details = server.words(&format!("{line} --details")).succeeds();
    assert_eq!(
        details.stdout.lines().next().unwrap(),
        format!(
            "{header},UsedBy,ReferencedBy,LaunchPermissions,NotChecked,State,CreationDate,LastLaunchedTime,\
             DeprecationTime,Public,DeregistrationProtection,ImageOwnerAlias,SourceImageId,SourceImageRegion,Snapshots,\
             Copies"
        )
    );
    assert!(
        details.stdout.contains(
            "001100110011 ec2:Instance 7; 222233334444 ec2:Instance 1; 222233334444 ec2:LaunchTemplate 2"
        ),
        "{details:#?}"
    );
    assert!(details.stdout.contains("arn:aws:ssm:::parameter/golden"));
    let table = server.words(&format!("{line} --output table")).succeeds();
    assert!(table.stdout.contains("ReportAge"), "{table:#?}");
    // Who and what, a line each.
    let table = server
        .words(&format!("{line} --output table --details --color always"))
        .succeeds();
    assert!(
        table.stdout.contains("\x1b[31min-use\x1b[0m"),
        "{}",
        table.stdout
    );
    for used in [
        " 001100110011 ec2:Instance 7",
        " 222233334444 ec2:Instance 1",
        " 222233334444 ec2:LaunchTemplate 2",
    ] {
        let lines = table.stdout.lines();
        assert_eq!(
            lines.filter(|line| line.contains(used)).count(),
            1,
            "{}",
            table.stdout
        );
    }
    let text = server
        .words(&format!("{line} --output text --details"))
        .succeeds();
    assert!(
        text.stdout
            .contains("USEDBY\t001100110011\tec2:Instance\t7"),
        "{text:#?}"
    );
}

#[test]
fn the_exit_status_is_what_fail_on_wants() {
    let server = server(state(&document()));
    for (images, flags, status, says) in [
        (vec![UNUSED], "", 0, "1 image: 1 unused"),
        (vec![USED], "", 1, "1 image: 1 in use"),
        (vec![FAILING], "", 2, "1 image: 1 unknown"),
        (
            vec![UNUSED, FAILING, USED],
            "",
            1,
            "3 images: 1 in use, 1 unused, 1 unknown",
        ),
        (
            vec![UNUSED, FAILING],
            "",
            2,
            "2 images: 1 unused, 1 unknown",
        ),
        (
            vec![USED, FAILING],
            "--fail-on in-use",
            1,
            "1 in use, 1 unknown",
        ),
        (
            vec![USED, FAILING],
            "--fail-on unknown",
            2,
            "1 in use, 1 unknown",
        ),
        (
            vec![USED, OWN_USE],
            "--fail-on unknown",
            0,
            "2 images: 2 in use",
        ),
        (vec![FAILING], "--fail-on in-use", 0, "1 image: 1 unknown"),
        (
            vec![USED, FAILING],
            "--fail-on none",
            0,
            "1 in use, 1 unknown",
        ),
    ] {
        let line = format!("check --image-ids {} {flags}", images.join(" "));
        server.words(&line).ends(status).says(says);
    }
    let error = server
        .words(&format!(
            "check --image-ids {USED} --error-format json --quiet"
        ))
        .ends(1)
        .error();
    assert_eq!(error["Status"], 1);
    assert_eq!(error["Message"], "1 image: 1 in use");
}

#[test]
fn no_image_is_no_image_that_may_be_retired() {
    let server = server(state(&document()));
    let run = server
        .words("check --name golden-* --output json")
        .ends(2)
        .says("no image found; 1 name pattern without an image");
    is(&run, "unknown", "NoImageFound");
    // Whatever --fail-on says.
    for flags in ["in-use", "none"] {
        server
            .words(&format!("check --name golden-* --fail-on {flags}"))
            .ends(2);
    }
    let empty = self::server(state(&json!({"Images": [], "Usage": []})));
    empty.words("check --owned --fail-on none").ends(2);
    let line = format!("check --image-ids ami-0ffffffffffffffff bogus {UNUSED} --output json");
    let run = server.words(&line).ends(2);
    assert_eq!(
        verdicts(&run)
            .iter()
            .map(|(_, code)| code.as_str())
            .collect::<Vec<_>>(),
        ["NotOwned", "NotOwned", "NoUseFound"]
    );
}

/// A pattern is looked for in all Regions together, and has a row of its own without an image.
#[test]
fn a_name_pattern_without_an_image_is_unknown() {
    let in_region = |id: &str, name: &str, region: &str| {
        let mut image = image(id, name);
        image["Region"] = region.into();
        image
    };
    let server = server(state(&json!({
        "Images": [in_region(UNUSED, "golden-1", "us-east-1"), in_region(USED, "base-1", "eu-west-1")], "Usage": [],
    })));
    let both = "--region us-east-1 eu-west-1 --output csv --columns Region,ImageId,Verdict,Reasons";
    let run = server
        .words(&format!("check --name golden-* base-? {both}"))
        .succeeds()
        .says("2 images: 2 unused");
    assert_eq!(run.stdout.lines().count(), 3);
    let run = server
        .words(&format!("check --name golden-* Base-* base-1 gold {both}"))
        .ends(2)
        .says("2 images: 2 unused; 2 name patterns without an image");
    let lines: Vec<_> = run.stdout.lines().skip(3).collect();
    assert_eq!(lines.len(), 2, "{run:#?}");
    for (line, pattern) in lines.iter().zip(["Base-*", "gold"]) {
        assert!(line.starts_with(",,unknown,"), "{line}");
        assert!(line.contains(pattern), "{line}");
    }
    // A Region that failed might have had it.
    let failing = changed(state(&document()), IMAGES, |asked, reply| {
        match asked.region == "eu-west-1" {
            true => Act::Reply(refusal(400, "Strange", "No.")),
            false => Act::Reply(reply),
        }
    });
    let run = failing
        .words(&format!("check --name a golden-* {both}"))
        .ends(254);
    assert_eq!(run.stdout.lines().count(), 2, "{run:#?}");
}

#[test]
fn what_cannot_be_meant_is_refused() {
    for (line, says) in [
        ("check --offline", "required"),
        (
            "check --offline --owned --image-ids ami-1",
            "cannot be used with",
        ),
        (
            "check --offline --owned --fail-on none,in-use",
            "`none` cannot be combined",
        ),
        (
            "check --offline --owned --max-report-age 0",
            "an age such as",
        ),
        ("check --offline --owned --version-depth 0", "1..=10000"),
        (
            "check --offline --owned --dry-run --details",
            "cannot be used with",
        ),
    ] {
        words(line).ends(252).says(says).silent();
    }
}

#[test]
fn images_are_found_by_name_in_the_order_of_their_names() {
    let server = server(state(&document()));
    let names = |line: &str| {
        let rows = server.words(line).ends(1).json();
        let rows = rows["ImageVerdicts"].as_array().unwrap().clone();
        rows.iter()
            .map(|row| row["Name"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(names("check --owned"), ["a", "b", "c", "d"]);
    assert_eq!(names("check --name ? --name b"), ["a", "b", "c", "d"]);
    assert_eq!(
        names(&format!("check --image-ids {FAILING},{USED}")),
        ["d", "b"]
    );
}

/// Reports that do not do, one row each, without creating one.
#[test]
fn a_report_that_does_not_cover_the_question_proves_nothing() {
    let with = |change: &dyn Fn(&mut Value)| {
        let mut report = report(UNUSED, 1, 1);
        change(&mut report);
        report
    };
    let types = |types: Value| with(&|report| report["ResourceTypes"] = types.clone());
    let templates = |depth: &str| {
        let option = json!({"OptionName": "version-depth", "OptionValues": [depth]});
        all_types_with(
            json!({"ResourceType": "ec2:LaunchTemplate", "ResourceTypeOptions": [option]}),
        )
    };
    let rows: Vec<(Value, &str)> = vec![
        (json!([]), "NoReport"),
        (
            json!([with(&|report| report["State"] = "error".into())]),
            "NoReport",
        ),
        (
            json!([with(&|report| report["State"] = "deleting".into())]),
            "NoReport",
        ),
        (
            json!([types(json!([{"ResourceType": "ec2:Instance"}]))]),
            "NoReport",
        ),
        (
            json!([types(json!([{"ResourceType": "ec2:LaunchTemplate"}]))]),
            "NoReport",
        ),
        (
            json!([types(
                json!([{"ResourceType": "ec2:Instance"}, {"ResourceType": "ec2:LaunchTemplate"}])
            )]),
            "NoReport",
        ),
        (
            json!([types(json!([
                {"ResourceType": "ec2:Instance"}, {"ResourceType": "ec2:LaunchTemplate"},
                {"ResourceType": "imagebuilder:ImageRecipe"}
            ]))]),
            "NoReport",
        ),
        (json!([types(templates("19"))]), "NoReport"),
        (
            json!([with(
                &|report| report["AccountIds"] = json!(["001100110011"])
            )]),
            "NoReport",
        ),
        (
            json!([with(&|report| report["CreationTime"] = hours_ago(13).into())]),
            "NoReport",
        ),
        (
            json!([with(&|report| {
                report.as_object_mut().unwrap().remove("CreationTime");
            })]),
            "NoReport",
        ),
    ];
    for (reports, reason) in rows {
        let server = server(one_image(reports.clone(), json!([])));
        let line = format!("check --image-ids {UNUSED} --output json --no-create");
        let run = server.words(&line).ends(2);
        is(&run, "unknown", reason);
        assert_eq!(server.count(CREATE), 0, "{reports}");
        // It may create one, and that does.
        let line = format!("check --image-ids {UNUSED} --output json");
        is(&server.words(&line).succeeds(), "unused", "NoUseFound");
        assert_eq!(server.count(CREATE), 1, "{reports}");
    }

    for (reports, flags) in [
        (json!([report(UNUSED, 1, 11)]), ""),
        (json!([report(UNUSED, 1, 13)]), "--max-report-age 14h"),
        (json!([types(templates("20"))]), ""),
        (json!([types(templates("50"))]), "--version-depth 50"),
        (json!([types(templates("19"))]), "--version-depth 19"),
    ] {
        let server = server(one_image(reports, json!([entry(UNUSED, 1, Some(0))])));
        let line = format!("check --image-ids {UNUSED} --output json --no-create {flags}");
        is(&server.words(&line).succeeds(), "unused", "NoUseFound");
    }
}

/// What DescribeImages and DescribeImageReferences show, in the order of the rule.
#[test]
fn recent_launches_young_images_and_live_references_decide() {
    let launched = |hours: u64| json!({"LastLaunchedTime": hours_ago(hours)});
    let created = |hours: u64| json!({"CreationDate": hours_ago(hours)});
    let day = 24;
    for (attributes, flags, verdict, reason) in [
        (created(2), "", "unknown", "TooYoung"),
        (created(29 * day), "", "unknown", "TooYoung"),
        (created(31 * day), "", "unused", "NoUseFound"),
        (created(2), "--idle 1h", "unused", "NoUseFound"),
        (created(2), "--idle 0s", "unused", "NoUseFound"),
        (
            json!({"CreationDate": null}),
            "",
            "unknown",
            "InvalidImageTime",
        ),
        (
            json!({"CreationDate": "yesterday"}),
            "",
            "unknown",
            "InvalidImageTime",
        ),
        (
            json!({"CreationDate": null}),
            "--idle 0",
            "unused",
            "NoUseFound",
        ),
        (launched(day), "", "in-use", "LaunchedRecently"),
        (launched(29 * day), "", "in-use", "LaunchedRecently"),
        (launched(31 * day), "", "unused", "NoUseFound"),
        (launched(day), "--idle 0", "unused", "NoUseFound"),
        (
            json!({"LastLaunchedTime": "?"}),
            "",
            "unknown",
            "InvalidImageTime",
        ),
    ] {
        let mut image = image(UNUSED, "a");
        (image.as_object_mut().unwrap()).extend(attributes.as_object().unwrap().clone());
        let server = server(state(&json!({"Images": [image], "Usage": []})));
        let line = format!("check --image-ids {UNUSED} --output json --fail-on none {flags}");
        is(&server.words(&line).succeeds(), verdict, reason);
    }

    for (instance, verdict, reason) in [
        ("terminated", "unused", "NoUseFound"),
        ("shutting-down", "in-use", "ReferencedByOwner"),
        ("pending", "in-use", "ReferencedByOwner"),
        ("running", "in-use", "ReferencedByOwner"),
        ("stopping", "in-use", "ReferencedByOwner"),
        ("stopped", "in-use", "ReferencedByOwner"),
    ] {
        let server = server(state(&json!({
            "Images": [image(UNUSED, "a")], "Usage": [],
            "ImageReferences": [{"ImageId": UNUSED, "ResourceType": "ec2:Instance", "Arn": "arn", "InstanceState": instance}],
        })));
        let line = format!("check --image-ids {UNUSED} --output json --fail-on none");
        is(&server.words(&line).succeeds(), verdict, reason);
    }
}

/// Left to itself, the service looks at fewer versions of the owner's templates than of others'.
#[test]
fn the_owner_s_templates_are_looked_at_as_deep_as_others() {
    for (flags, depth) in [("", "20"), ("--version-depth 50", "50")] {
        let server = server(state(&document()));
        server
            .words(&format!("check --image-ids {UNUSED} {flags}"))
            .succeeds();
        let option = format!(
            "&ResourceType.2.ResourceType=ec2:LaunchTemplate&\
             ResourceType.2.ResourceTypeOption.1.OptionName=version-depth&\
             ResourceType.2.ResourceTypeOption.1.OptionValue.1={depth}"
        );
        let requests = server.requests();
        assert!(
            requests.iter().any(|request| request.ends_with(&option)),
            "{requests:#?}"
        );
    }
}

#[test]
fn entries_that_prove_nothing_prove_nothing() {
    let line = format!("check --image-ids {UNUSED} --output json --no-create");
    for (entries, verdict, reason) in [
        (json!([]), "unused", "NoUseFound"),
        (json!([entry(UNUSED, 1, Some(0))]), "unused", "NoUseFound"),
        (
            json!([entry(UNUSED, 1, Some(1))]),
            "in-use",
            "UsedByAccounts",
        ),
        (
            json!([entry(UNUSED, 1, None)]),
            "unknown",
            "InvalidUsageCount",
        ),
        (
            json!([entry(UNUSED, 1, Some(-1))]),
            "unknown",
            "InvalidUsageCount",
        ),
    ] {
        let server = server(one_image(json!([report(UNUSED, 1, 1)]), entries));
        let status = match verdict {
            "unused" => 0,
            "in-use" => 1,
            _ => 2,
        };
        is(&server.words(&line).ends(status), verdict, reason);
    }
}

#[test]
fn a_missing_permission_is_named() {
    for (denied, action, verdict) in [
        (IMAGES, IMAGES, "unknown"),
        (REPORTS, REPORTS, "unknown"),
        (CREATE, CREATE, "unknown"),
        (ENTRIES, ENTRIES, "unknown"),
        (REFERENCES, REFERENCES, "unknown"),
    ] {
        let server = changed(state(&document()), denied, |_, _| {
            Act::Reply(refusal(
                403,
                "UnauthorizedOperation",
                "You are not authorized",
            ))
        });
        let line = format!("check --image-ids {UNUSED} {FAILING} --output json");
        let run = server.words(&line).ends(2);
        assert_eq!(
            verdicts(&run)[0],
            (verdict.to_owned(), "PermissionMissing".to_owned()),
            "{denied}"
        );
        let words = format!("missing IAM permission ec2:{action}");
        assert!(run.stdout.contains(&words), "{run:#?}");
        // One refusal is enough: there are no more than those that were under way.
        let most = if denied == CREATE { 1 } else { 2 };
        assert!(server.count(denied) <= most, "{denied}");
    }
    // A use is one, whatever else is not known.
    for denied in [CREATE, REPORTS, ENTRIES] {
        let server = changed(state(&document()), denied, |_, _| {
            Act::Reply(refusal(
                403,
                "UnauthorizedOperation",
                "You are not authorized",
            ))
        });
        let line = format!("check --image-ids {OWN_USE} --output json");
        is(&server.words(&line).ends(1), "in-use", "ReferencedByOwner");
    }
    let server = changed(state(&document()), REFERENCES, |_, _| {
        Act::Reply(refusal(
            403,
            "UnauthorizedOperation",
            "You are not authorized",
        ))
    });
    let run = server
        .words(&format!("check --image-ids {USED} --output json"))
        .ends(1);
    is(&run, "in-use", "UsedByAccounts");
    assert!(run.stdout.contains("PermissionMissing"));
    // Without the list of what is owned, there is nothing to give a verdict on.
    let server = changed(state(&document()), IMAGES, |_, _| {
        Act::Reply(refusal(
            403,
            "UnauthorizedOperation",
            "You are not authorized",
        ))
    });
    server
        .words("check --owned")
        .ends(254)
        .says("ec2:DescribeImages")
        .silent();
}

#[test]
fn a_list_that_is_not_whole_proves_nothing() {
    let nothing = |set: &str| {
        reply(
            200,
            &format!(
                "<{set}Response xmlns=\"http://ec2.amazonaws.com/doc/2016-11-15/\"><requestId>r</requestId></{set}Response>"
            ),
        )
    };
    let repeating = |action: &str, set: &str| {
        reply(
            200,
            &format!(
                "<{action}Response xmlns=\"http://ec2.amazonaws.com/doc/2016-11-15/\"><requestId>r</requestId><{set}/><nextToken>again</nextToken></{action}Response>"
            ),
        )
    };
    for (of, set) in [
        (ENTRIES, "imageUsageReportEntrySet"),
        (REFERENCES, "imageReferenceSet"),
        (REPORTS, "imageUsageReportSet"),
        (IMAGES, "imagesSet"),
    ] {
        for (kind, bad) in [
            ("a page without its list", nothing(of)),
            ("a page whose token comes again", repeating(of, set)),
            (
                "no answer of the service",
                reply(200, "<html>a proxy</html>"),
            ),
            ("a refusal", refusal(400, "Strange", "No.")),
        ] {
            let answer = bad.clone();
            let server = changed(state(&document()), of, move |_, _| {
                Act::Reply(answer.clone())
            });
            // A report would be created, and never be listed.
            let flags = match (of, kind) {
                (REPORTS, "a page without its list") => "--no-create",
                _ => "",
            };
            let line = format!("check --image-ids {UNUSED} --output json --max-attempts 2 {flags}");
            let run = server.words(&line).ends(2);
            is(&run, "unknown", "RequestFailed");
            assert!(run.stdout.contains(of), "{kind} of {of}: {run:#?}");
        }
    }
}

#[test]
fn what_was_not_asked_for_casts_doubt() {
    for (of, from, to) in [
        (ENTRIES, "amiur-", "amiur-f"),
        (
            REFERENCES,
            "<imageReferenceSet></imageReferenceSet>",
            "<imageReferenceSet><item><imageId>ami-1</imageId></item></imageReferenceSet>",
        ),
    ] {
        let entries = json!([entry(UNUSED, 1, Some(0))]);
        let server = changed(
            one_image(json!([report(UNUSED, 1, 1)]), entries),
            of,
            move |_, reply| {
                let body = reply.body.replace(from, to);
                assert_ne!(body, reply.body, "{of}");
                Act::Reply(Response { body, ..reply })
            },
        );
        let line = format!("check --image-ids {UNUSED} --output json --no-create");
        is(&server.words(&line).ends(2), "unknown", "UnexpectedItem");
    }
}

/// The service answers for a report that is gone as for one without entries.
#[test]
fn a_report_that_is_deleted_while_it_is_read_proves_nothing() {
    let read = Arc::new(AtomicBool::new(false));
    let state = one_image(
        json!([report(UNUSED, 1, 1)]),
        json!([entry(UNUSED, 1, Some(3))]),
    );
    let server = Server::start(state, at_once(), move |asked, reply| {
        let set = match action(asked.form).as_str() {
            ENTRIES => {
                read.store(true, Ordering::Relaxed);
                "imageUsageReportEntrySet"
            }
            REPORTS if read.load(Ordering::Relaxed) => "imageUsageReportSet",
            _ => return Act::Reply(reply),
        };
        let (before, rest) = reply.body.split_once(&format!("<{set}>")).unwrap();
        let (_, after) = rest.split_once(&format!("</{set}>")).unwrap();
        let body = format!("{before}<{set}/>{after}");
        Act::Reply(Response { body, ..reply })
    });
    let line = format!("check --image-ids {UNUSED} --output json --no-create");
    is(&server.words(&line).ends(2), "unknown", "ReportDeleted");
}

/// Replaces the list in a reply by these items.
fn with_items(reply: Response, set: &str, items: &str) -> Response {
    let (before, rest) = reply.body.split_once(&format!("<{set}>")).unwrap();
    let (_, after) = rest.split_once(&format!("</{set}>")).unwrap();
    let body = format!("{before}<{set}>{items}</{set}>{after}");
    Response { body, ..reply }
}

#[test]
fn a_new_report_without_a_use_is_read_again() {
    let line = |image: &str| format!("check --image-ids {image} --output json");
    // After the delay that is the default.
    let read = AtomicUsize::new(0);
    let server = changed(state(&document()), ENTRIES, move |_, reply| {
        match read.fetch_add(1, Ordering::Relaxed) {
            0 => Act::Reply(with_items(reply, "imageUsageReportEntrySet", "")),
            _ => Act::Reply(reply),
        }
    });
    let began = Instant::now();
    let mut program = server.program(line(USED).split_whitespace());
    program.env_remove("AMIUSAGE_REREAD_DELAY");
    let run = Run::of(program.output().unwrap(), 1);
    is(&run, "in-use", "UsedByAccounts");
    assert!(began.elapsed() >= Duration::from_secs(5));
    assert_eq!(server.count(ENTRIES), 2);

    // Any difference is a use.
    let read = AtomicUsize::new(0);
    let server = changed(state(&document()), ENTRIES, move |asked, reply| {
        let id = asked.form.split("ReportId.1=").nth(1).unwrap().to_owned();
        let zero = format!(
            "<item><reportId>{id}</reportId><imageId>{UNUSED}</imageId><usageCount>0</usageCount></item>"
        );
        match read.fetch_add(1, Ordering::Relaxed) {
            0 => Act::Reply(reply),
            _ => Act::Reply(with_items(reply, "imageUsageReportEntrySet", &zero)),
        }
    });
    is(
        &server.words(&line(UNUSED)).ends(1),
        "in-use",
        "ReportChanged",
    );

    // Nothing is read again if each report shows a use, or was available before.
    let server = self::server(state(&document()));
    server.words(&line(USED)).ends(1);
    assert_eq!(server.count(ENTRIES), 1);
    let server = with_report(|_| ());
    is(
        &server.words(&line(UNUSED)).succeeds(),
        "unused",
        "NoUseFound",
    );
    assert_eq!(server.count(ENTRIES), 1);
    // A second request that fails makes it unknown.
    let read = AtomicUsize::new(0);
    let server = changed(state(&document()), ENTRIES, move |_, reply| {
        match read.fetch_add(1, Ordering::Relaxed) {
            0 => Act::Reply(reply),
            _ => Act::Reply(refusal(400, "Strange", "No.")),
        }
    });
    is(
        &server.words(&line(UNUSED)).ends(2),
        "unknown",
        "RequestFailed",
    );
}

/// Not every server of the service lists a new report at once.
#[test]
fn a_new_report_that_is_not_listed_yet_is_waited_for() {
    let began = Instant::now();
    let server = changed(state(&document()), REPORTS, move |asked, reply| {
        let is_hidden = asked.form.contains("ReportId.1=");
        match is_hidden && began.elapsed() < Duration::from_secs(6) {
            true => Act::Reply(with_items(reply, "imageUsageReportSet", "")),
            false => Act::Reply(reply),
        }
    });
    let line = format!("check --image-ids {UNUSED} --output json");
    is(&server.words(&line).succeeds(), "unused", "NoUseFound");
    assert_eq!(server.count(CREATE), 1);
}

/// A server with a pending report that is deleted once a check has adopted it.
fn deleted_while_pending() -> Server {
    let settings = Settings {
        report_delay: Duration::from_secs(1),
        ..Settings::default()
    };
    let created = AtomicUsize::new(0);
    let server = Server::start(state(&document()), settings, move |asked, reply| {
        match action(asked.form).as_str() {
            CREATE => drop(created.fetch_add(1, Ordering::Relaxed)),
            REPORTS
                if asked.form.contains("ReportId.1=") && created.load(Ordering::Relaxed) == 1 =>
            {
                return Act::Reply(with_items(reply, "imageUsageReportSet", ""));
            }
            _ => {}
        }
        Act::Reply(reply)
    });
    server
        .words(&format!("reports create --image-ids {UNUSED}"))
        .succeeds();
    server
}

#[test]
fn a_pending_report_that_fails_or_is_deleted_is_replaced_once() {
    let settings = Settings {
        report_delay: Duration::from_secs(1),
        ..Settings::default()
    };
    let server = Server::start(state(&document()), settings.clone(), |_, reply| {
        Act::Reply(reply)
    });
    let create = |image: &str| format!("reports create --image-ids {image}");
    let check = |image: &str| format!("check --image-ids {image} --output json");
    server.words(&create(FAILING)).succeeds();
    let run = server.words(&check(FAILING)).ends(2);
    is(&run, "unknown", "ReportFailed");
    // The new one fails as well, and is not replaced.
    assert_eq!(server.count(CREATE), 2);
    // Without --create it is not replaced.
    server.words(&create(FAILING)).succeeds();
    let line = format!("{} --no-create", check(FAILING));
    is(&server.words(&line).ends(2), "unknown", "ReportFailed");
    assert_eq!(server.count(CREATE), 3);

    let server = deleted_while_pending();
    is(
        &server.words(&check(UNUSED)).succeeds(),
        "unused",
        "NoUseFound",
    );
    assert_eq!(server.count(CREATE), 2);
}

/// A report that became available after the last request before the timeout is not pending.
#[test]
fn reports_are_described_once_more_at_the_end_of_the_timeout() {
    let settings = Settings {
        report_delay: Duration::from_millis(1600),
        ..Settings::default()
    };
    let server = Server::start(state(&document()), settings, |_, reply| Act::Reply(reply));
    let line = format!("check --image-ids {UNUSED} --output json --timeout 2s");
    is(&server.words(&line).succeeds(), "unused", "NoUseFound");
}

/// A service that omits empty lists: reports are created, but nothing follows for entries and references.
#[test]
fn a_page_of_reports_without_its_list_lets_a_report_be_created() {
    let without_list = |of: &'static str, set: &'static str, reports: Value| {
        let document = json!({
            "Images": [image(UNUSED, "a")], "ImageUsageReports": reports, "ImageUsageReportEntries": [],
        });
        changed(state(&document), of, move |asked, reply| {
            let body = match asked.form.contains("ReportId.1=") && of == REPORTS {
                true => reply.body,
                false => reply
                    .body
                    .replace(&format!("<{set}>"), "<other>")
                    .replace(&format!("</{set}>"), "</other>"),
            };
            Act::Reply(Response { body, ..reply })
        })
    };
    let line = format!("check --image-ids {UNUSED} --output json");
    let set = "imageUsageReportSet";
    // Also if there is a report that other pages may list.
    for reports in [json!([]), json!([report(UNUSED, 1, 1)])] {
        let server = without_list(REPORTS, set, reports);
        let run = server.words(&format!("{line} --no-create")).ends(2);
        is(&run, "unknown", "RequestFailed");
        is(&server.words(&line).succeeds(), "unused", "NoUseFound");
        assert_eq!(server.count(CREATE), 1);
    }
    for (of, set) in [
        (ENTRIES, "imageUsageReportEntrySet"),
        (REFERENCES, "imageReferenceSet"),
    ] {
        let server = without_list(of, set, json!([]));
        is(&server.words(&line).ends(2), "unknown", "RequestFailed");
    }
}

/// `AuthFailure` and `UnauthorizedOperation` may be about one image or report.
#[test]
fn a_refusal_that_names_one_id_concerns_that_id_alone() {
    let ids: Vec<String> = (1..=20).map(|number| format!("ami-{number:017}")).collect();
    let images: Vec<Value> = ids.iter().map(|id| image(id, id)).collect();
    let document = json!({"Images": images, "Usage": []});
    let line = format!(
        "check --image-ids {} --output json --launch-permissions",
        ids.join(" ")
    );
    let attribute = "DescribeImageAttribute";
    for code in ["AuthFailure", "UnauthorizedOperation"] {
        // The first image as well, whose report is created before the others.
        for (of, bad) in [
            (CREATE, 0),
            (CREATE, 7),
            (REPORTS, 7),
            (REFERENCES, 7),
            (attribute, 7),
        ] {
            let refused = ids[bad].clone();
            let server = changed(state(&document), of, move |asked, reply| {
                match asked.form.contains(&refused) {
                    true => Act::Reply(refusal(
                        403,
                        code,
                        &format!("Not authorized for images: [{refused}]"),
                    )),
                    false => Act::Reply(reply),
                }
            });
            let verdicts = verdicts(&server.words(&line).ends(2));
            for (index, (verdict, reason)) in verdicts.iter().enumerate() {
                let expected = match (index == bad, code) {
                    (false, _) => ("unused", "NoUseFound"),
                    (true, "AuthFailure") => ("unknown", "RequestFailed"),
                    (true, _) => ("unknown", "PermissionMissing"),
                };
                assert_eq!(
                    (verdict.as_str(), reason.as_str()),
                    expected,
                    "{code} of {of}"
                );
            }
        }
        // One new report of several.
        let named = Arc::new(std::sync::Mutex::new(None::<String>));
        let server = changed(state(&document), REPORTS, move |asked, reply| {
            let Some((_, id)) = asked.form.split_once("ReportId.1=") else {
                return Act::Reply(reply);
            };
            let id = id.split('&').next().unwrap();
            let mut named = named.lock().unwrap();
            let named = named.get_or_insert_with(|| id.to_owned());
            match asked.form.contains(named.as_str()) {
                true => Act::Reply(refusal(403, code, &format!("Not authorized: {named}"))),
                false => Act::Reply(reply),
            }
        });
        let verdicts = verdicts(&server.words(&line).ends(2));
        let unused = verdicts.iter().filter(|(verdict, _)| verdict == "unused");
        assert_eq!(unused.count(), 19, "{code}: {verdicts:#?}");
    }
    // Without an ID it is about all: the run ends, or one request is enough.
    let server = changed(state(&document), REFERENCES, |_, _| {
        Act::Reply(refusal(401, "AuthFailure", "The credentials are not valid"))
    });
    server.words(&line).ends(254).silent();
    let server = changed(state(&document), CREATE, |_, _| {
        Act::Reply(refusal(401, "ExpiredToken", "The token has expired"))
    });
    server.words(&line).ends(2);
    assert_eq!(server.count(CREATE), 1);
    // An error of one image is not copied to others, whatever it is.
    let first = ids[0].clone();
    let server = changed(state(&document), CREATE, move |asked, reply| {
        match asked.form.contains(&first) {
            true => Act::Reply(self::reply(200, "<CreateImageUsageReportResponse/>")),
            false => Act::Reply(reply),
        }
    });
    let verdicts = verdicts(&server.words(&line).ends(2));
    assert_eq!(
        verdicts
            .iter()
            .filter(|(verdict, _)| verdict == "unused")
            .count(),
        19
    );
}

/// A server whose new reports are created so many minutes from now, by a clock that no `Date` header reveals.
fn with_skew(minutes: i64) -> Server {
    let amount = Duration::from_secs(minutes.unsigned_abs() * 60);
    let time = match minutes < 0 {
        true => SystemTime::now() - amount,
        false => SystemTime::now() + amount,
    };
    let time = humantime::format_rfc3339_millis(time).to_string();
    changed(state(&document()), REPORTS, move |_, reply| {
        let mut body = reply.body.clone();
        if let Some((before, rest)) = reply.body.split_once("<creationTime>") {
            let (_, after) = rest.split_once("</creationTime>").unwrap();
            body = format!("{before}<creationTime>{time}</creationTime>{after}");
        }
        Act::Reply(Response { body, ..reply })
    })
}

/// The clocks of this machine and of the service may differ.
#[test]
fn a_skew_of_up_to_15_minutes_changes_no_verdict() {
    let line = format!("check --image-ids {UNUSED} --output json --max-report-age 1m");
    // Where no `Date` header corrects it: the service's times of new reports are off.
    for (skew, verdict, reason) in [
        (-14, "unused", "NoUseFound"),
        (14, "unused", "NoUseFound"),
        (-17, "unknown", "ReportTooOld"),
        (17, "unknown", "InvalidReportTime"),
    ] {
        let server = with_skew(skew);
        let run = server.words(&format!("{line} --fail-on none")).succeeds();
        is(&run, verdict, reason);
    }
    // Where it does: the sample runs on a clock of its own.
    let server = Server::sample();
    let line = "check --image-ids ami-0123456789abcdef0 --output json --max-report-age 5m";
    for _ in 0..2 {
        is(&server.words(line).succeeds(), "unused", "NoUseFound");
        // The second run relies on the report of the first.
        assert_eq!(server.count(CREATE), 1);
    }
}

/// A request about many is refused for one of them.
#[test]
fn one_that_is_refused_costs_the_others_nothing() {
    let ids: Vec<String> = (1..=50).map(|number| format!("ami-{number:017}")).collect();
    let images: Vec<Value> = ids.iter().map(|id| image(id, id)).collect();
    let document = json!({"Images": images, "Usage": []});
    let bad = ids[33].clone();
    for of in [REPORTS, REFERENCES, CREATE] {
        let refused = bad.clone();
        let server = changed(state(&document), of, move |asked, reply| {
            match asked.form.contains(&refused) {
                true => Act::Reply(refusal(
                    400,
                    "InvalidAMIID.NotFound",
                    &format!("The image id '[{refused}]' does not exist"),
                )),
                false => Act::Reply(reply),
            }
        });
        let line = format!("check --image-ids {} --output json", ids.join(" "));
        let verdicts = verdicts(&server.words(&line).ends(2));
        for (id, (verdict, reason)) in ids.iter().zip(&verdicts) {
            match *id == bad {
                true => assert_eq!(
                    (verdict.as_str(), reason.as_str()),
                    ("unknown", "RequestFailed"),
                    "{of}"
                ),
                false => assert_eq!(verdict, "unused", "{of} {id}"),
            }
        }
    }
}

#[test]
fn a_second_run_takes_the_reports_of_the_first() {
    let server = server(state(&document()));
    let line = "check --owned --output json --quiet";
    let first = server.words(line).ends(1);
    assert_eq!(server.count(CREATE), 4);
    let second = server.words(line).ends(1);
    // The failed one alone is tried again.
    assert_eq!(server.count(CREATE), 5);
    let without_the_last = |run: &Run| run.stdout.rsplit_once("{\"ImageId\"").unwrap().0.to_owned();
    assert_eq!(without_the_last(&first), without_the_last(&second));
}

#[test]
fn a_run_that_ends_too_early_is_gone_on_with() {
    let settings = Settings {
        report_delay: Duration::from_secs(3),
        ..Settings::default()
    };
    let server = Server::start(state(&document()), settings, |_, reply| Act::Reply(reply));
    let line = format!("check --image-ids {UNUSED} {USED} --output json");
    let run = server.words(&format!("{line} --timeout 1s")).ends(2);
    assert_eq!(
        verdicts(&run),
        [
            ("unknown".to_owned(), "ReportPending".to_owned()),
            ("unknown".to_owned(), "ReportPending".to_owned())
        ]
    );
    let run = server.words(&format!("{line} --no-create")).ends(1);
    assert_eq!(verdicts(&run)[0].0, "unused");
    assert_eq!(verdicts(&run)[1].0, "in-use");
    assert_eq!(server.count(CREATE), 2);
}

/// The service allows one pending report of an image: a narrow one has to be done first.
#[test]
fn a_pending_report_that_does_not_do_is_waited_for_and_another_one_created() {
    let settings = Settings {
        report_delay: Duration::from_secs(1),
        ..Settings::default()
    };
    let server = Server::start(state(&document()), settings, |_, reply| Act::Reply(reply));
    server
        .words(&format!(
            "reports create --image-ids {UNUSED} --resource-types ec2:Instance"
        ))
        .succeeds();
    let line = format!("check --image-ids {UNUSED} --output json");
    is(&server.words(&line).succeeds(), "unused", "NoUseFound");
    assert!(server.count(CREATE) >= 3);
}

#[test]
fn a_dry_run_creates_nothing_and_lists_the_calls() {
    let mut document = document();
    document["ImageUsageReports"] = json!([report(USED, 1, 1)]);
    let server = server(state(&document));
    let run = server
        .words("check --owned --dry-run --output csv")
        .succeeds();
    assert_eq!(
        run.stdout,
        format!(
            "Action,ImageId,Requests\n{CREATE},{UNUSED},1\n{CREATE},{OWN_USE},1\n{CREATE},{FAILING},1\n\
             {REPORTS},,3\n{ENTRIES},,4\n{REFERENCES},,1\n"
        )
    );
    assert_eq!(server.count(CREATE), 0);
    let run = server
        .words("check --owned --dry-run --no-create --output csv")
        .succeeds();
    assert!(!run.stdout.contains(CREATE), "{run:#?}");
}

#[test]
fn several_regions_have_their_verdicts() {
    let region = |mut item: Value, region: &str| {
        item["Region"] = region.into();
        item
    };
    let document = json!({
        "Images": [region(image(UNUSED, "a"), "us-east-1"), region(image(USED, "b"), "eu-west-1")],
        "Usage": [{"ImageId": USED, "ResourceType": "ec2:Instance", "AccountId": "001100110011", "UsageCount": 7}],
    });
    let server = server(state(&document));
    let both = "--region us-east-1 eu-west-1 --output csv --columns Region,ImageId,Verdict";
    let all =
        format!("Region,ImageId,Verdict\nus-east-1,{UNUSED},unused\neu-west-1,{USED},in-use\n");
    let run = server.words(&format!("check --owned {both}")).ends(1);
    assert_eq!(run.stdout, all);
    // An image is looked for in each, and is in one.
    let run = server
        .words(&format!("check --image-ids {UNUSED} {USED} {both}"))
        .ends(1);
    assert_eq!(run.stdout, all);
    let run = server
        .words("check --owned --region us-east-1 eu-west-1 --output markdown")
        .ends(1);
    assert!(
        run.stdout
            .starts_with("| Region | ImageId | Name | Verdict |"),
        "{run:#?}"
    );
}

#[test]
fn a_region_that_fails_is_told_and_the_others_answer() {
    let document = document();
    let server = Server::start(state(&document), at_once(), |asked, reply| {
        match asked.region == "eu-west-1" && action(asked.form) == IMAGES {
            true => Act::Reply(refusal(
                403,
                "UnauthorizedOperation",
                "You are not authorized",
            )),
            false => Act::Reply(reply),
        }
    });
    let line = "check --name a --region us-east-1 eu-west-1 --output csv --columns Region,Verdict";
    let run = server.words(line).ends(254).says("Region eu-west-1");
    let run = run.says("other Regions: 1 image: 1 unused");
    assert_eq!(run.stdout, "Region,Verdict\nus-east-1,unused\n");
}

#[test]
fn without_credentials_or_a_network_there_is_no_verdict() {
    words("check --owned --region us-east-1").ends(253).silent();
    words(&format!("check --image-ids {UNUSED} --region us-east-1"))
        .ends(253)
        .silent();
    let server = server(state(&document()));
    let line =
        format!("check --image-ids {UNUSED} --endpoint-url http://127.0.0.1:1 --max-attempts 1");
    server.words(&line).ends(255).silent();
    // Nor when they end midway.
    for (code, status) in [("ExpiredToken", 254), ("RequestExpired", 254)] {
        let server = changed(state(&document()), REFERENCES, move |_, _| {
            Act::Reply(refusal(400, code, "Expired."))
        });
        server
            .words(&format!("check --image-ids {UNUSED} --output json"))
            .ends(status)
            .silent();
    }
    let server = changed(state(&document()), ENTRIES, |_, _| Act::Hang);
    let line = format!("check --image-ids {UNUSED} --output json --max-attempts 2");
    server.words(&line).ends(255).silent();
}

#[test]
fn the_answer_is_the_same_at_any_concurrency() {
    let ids: Vec<String> = (1..=60).map(|number| format!("ami-{number:017}")).collect();
    let images: Vec<Value> = ids.iter().rev().map(|id| image(id, "one name")).collect();
    let reports: Vec<Value> = (0..60)
        .map(|number| report(&ids[number as usize], number, 1))
        .collect();
    let entries: Vec<Value> = (0..60)
        .map(|number| entry(&ids[number as usize], number, Some(i64::from(number % 3))))
        .collect();
    let document =
        json!({"Images": images, "ImageUsageReports": reports, "ImageUsageReportEntries": entries});
    let server = server(state(&document));
    let answers: Vec<_> = ["1", "2", "8", "64"]
        .map(|concurrency| {
            server
                .words(&format!(
                    "check --owned --no-create --concurrency {concurrency} --output json"
                ))
                .ends(1)
                .stdout
        })
        .into();
    assert_eq!(answers[0].matches("\"in-use\"").count(), 40);
    assert!(answers.iter().all(|answer| *answer == answers[0]));
}

#[test]
fn an_interrupted_check_writes_no_verdict_and_is_gone_on_with() {
    for (name, status) in [("INT", 130), ("TERM", 143)] {
        let settings = Settings {
            report_delay: Duration::from_millis(100),
            ..Settings::default()
        };
        // Until the interruption not all reports are known to be ready.
        let (created, over) = (AtomicUsize::new(0), Arc::new(AtomicBool::new(false)));
        let is_over = Arc::clone(&over);
        let server = Server::start(state(&document()), settings, move |asked, reply| {
            match action(asked.form).as_str() {
                CREATE => drop(created.fetch_add(1, Ordering::Relaxed)),
                REPORTS if created.load(Ordering::Relaxed) == 4 => {
                    while !is_over.load(Ordering::Relaxed) {
                        std::thread::sleep(Duration::from_millis(5));
                    }
                }
                _ => {}
            }
            Act::Reply(reply)
        });
        let child = server
            .program(["check", "--owned", "--output", "json"])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let began = Instant::now();
        while server.count(CREATE) < 4 {
            assert!(began.elapsed() < Duration::from_secs(30));
            std::thread::sleep(Duration::from_millis(5));
        }
        signal(&child, name);
        Run::of(child.wait_with_output().unwrap(), status)
            .silent()
            .says("no verdict was written (4 images")
            .says("rerun it: it picks up the reports it already created");
        over.store(true, Ordering::Relaxed);
        let run = server
            .words("check --owned --output json --fail-on none")
            .succeeds();
        assert_eq!(verdicts(&run).len(), 4);
        // A report that has failed by then is none to go on with.
        let requests = server.requests();
        for image in [UNUSED, USED, OWN_USE] {
            let creates = |form: &&String| {
                form.contains("ClientToken=") && form.contains(&format!("ImageId={image}"))
            };
            assert_eq!(requests.iter().filter(creates).count(), 1, "{image}");
        }
    }
}

/// A night's work: many images, some of them in use in either way, some whose reports fail; a service that throttles and
/// now and then breaks a connection or fails; Ctrl-C in the middle, and a second run.
fn a_night(count: usize, throttle: &str, pending: Duration, types: &[&str]) {
    let id = |number: usize| format!("ami-{number:017x}");
    let numbers = || 0..count;
    let of = |remainder: usize, item: &dyn Fn(usize) -> Value| -> Vec<Value> {
        numbers()
            .filter(|&number| number % 10 == remainder)
            .map(item)
            .collect()
    };
    let usage = |number: usize, resource_type: &str| {
        json!({
            "ImageId": id(number), "ResourceType": resource_type, "AccountId": "001100110011", "UsageCount": number,
        })
    };
    let instances = of(3, &|number| usage(number, "ec2:Instance"));
    let recipes = of(9, &|number| usage(number, "imagebuilder:ImageRecipe"));
    let usages = [instances, recipes].concat();
    let document = json!({
        "Images": numbers().map(|number| image(&id(number), &format!("image-{number:05}"))).collect::<Vec<_>>(),
        "Usage": usages,
        "ImageReferences": of(5, &|number| json!({
            "ImageId": id(number), "ResourceType": "ec2:Instance", "Arn": format!("arn:{number}"),
        })),
        "FailingReports": of(7, &|number| json!({"ImageId": id(number), "StateReason": "Internal error"})),
        // Recent reports of two types, which do not cover.
        "ImageUsageReports": of(1, &|number| {
            let mut report = report(&id(number), 1_000_000 + u32::try_from(number).unwrap(), 1);
            report["ResourceTypes"] = json!([{"ResourceType": "ec2:Instance"}, {"ResourceType": "ec2:LaunchTemplate"}]);
            report
        }),
    });
    let settings = Settings {
        report_delay: pending,
        throttle: Some(throttle.parse().unwrap()),
        resource_types: types.iter().map(ToString::to_string).collect(),
        ..Settings::default()
    };
    let refused = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&refused);
    let server = Server::start(state(&document), settings, move |asked, reply| {
        let act = match asked.number % 100 {
            33 => Act::Hang,
            66 => Act::Reply(refusal(
                500,
                "InternalError",
                "An internal error has occurred",
            )),
            99 => {
                let half = reply.body.len() / 2;
                Act::Cut(reply, half)
            }
            _ if reply.status == 200 => return Act::Reply(reply),
            _ => Act::Reply(reply),
        };
        counter.fetch_add(1, Ordering::Relaxed);
        act
    });
    let line = ["check", "--owned", "--output", "json"];
    let child = server
        .program(line)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    while server.count(CREATE) < count / 2 {
        std::thread::sleep(Duration::from_millis(5));
    }
    signal(&child, "INT");
    Run::of(child.wait_with_output().unwrap(), 130)
        .silent()
        .says("rerun it: it picks up the reports it already created");

    let began = Instant::now();
    let run = Run::of(server.program(line).output().unwrap(), 1);
    let took = began.elapsed();
    let has_recipes = types.contains(&"imagebuilder:ImageRecipe");
    let expected = |number: usize| match number % 10 {
        3 => ("in-use", "UsedByAccounts"),
        5 => ("in-use", "ReferencedByOwner"),
        7 => ("unknown", "ReportFailed"),
        9 if has_recipes => ("in-use", "UsedByAccounts"),
        _ if has_recipes => ("unused", "NoUseFound"),
        _ => ("unknown", "NotCovered"),
    };
    let rows = run.json();
    for (number, row) in rows["ImageVerdicts"].as_array().unwrap().iter().enumerate() {
        assert_eq!(row["ImageId"], id(number));
        let reasons: Vec<_> = (row["Reasons"].as_array().unwrap().iter())
            .map(|reason| reason["Code"].as_str().unwrap())
            .collect();
        let (verdict, reason) = expected(number);
        assert_eq!(row["Verdict"], verdict, "{row}");
        assert!(reasons.contains(&reason), "{row}");
    }
    assert_eq!(rows["ImageVerdicts"].as_array().unwrap().len(), count);
    let requests = server.requests().len();
    let refused = refused.load(Ordering::Relaxed);
    // A short night has too few requests for the rate to settle.
    if count >= 1_000 {
        let needed = requests - refused;
        assert!(
            requests * 10 <= needed * 11,
            "{requests} requests, {needed} needed"
        );
    }
    // Shown by `cargo test -- --nocapture`, for the record.
    let actions = [IMAGES, REPORTS, CREATE, ENTRIES, REFERENCES].map(|action| server.count(action));
    let _ = std::io::Write::write_all(
        &mut std::io::stderr(),
        format!(
            "{count} images: second run {took:?}; {requests} requests in both runs, {refused} of them throttled or \
             broken; images, reports, creations, entries, references: {actions:?}\n"
        )
        .as_bytes(),
    );
}

/// The types of an endpoint that lags behind.
const TWO_TYPES: [&str; 2] = ["ec2:Instance", "ec2:LaunchTemplate"];

#[test]
fn a_short_night() {
    a_night(
        150,
        "burst=50,rate=60",
        Duration::from_secs(1),
        &REPORT_TYPES,
    );
}

#[test]
fn a_short_night_without_recipes() {
    a_night(150, "burst=50,rate=60", Duration::from_secs(1), &TWO_TYPES);
}

/// The service's own limits: it takes some minutes.
#[test]
#[ignore = "takes minutes"]
fn a_night_of_2_000_images() {
    a_night(
        2_000,
        "burst=100,rate=20",
        Duration::from_secs(30),
        &REPORT_TYPES,
    );
}

/// One image whose one report covers everything, with this change to the reports that are listed.
fn with_report(change: impl Fn(&mut Value)) -> Server {
    let mut report = report(UNUSED, 1, 1);
    change(&mut report);
    server(one_image(json!([report]), json!([])))
}

/// `check … | head -1`: whether all verdicts were read does not change them.
#[test]
fn a_reader_that_goes_leaves_the_exit_status_as_it_is() {
    let server = server(state(&document()));
    let regions = "--region us-east-1 eu-west-1";
    for (line, status) in [
        (format!("--image-ids {UNUSED}"), 0),
        (format!("--image-ids {USED}"), 1),
        (format!("--image-ids {FAILING}"), 2),
        (format!("--image-ids {USED} --fail-on none"), 0),
        (format!("--image-ids {USED} {regions}"), 1),
    ] {
        for format in ["json", "csv"] {
            let (reader, writer) = std::io::pipe().unwrap();
            drop(reader);
            let line = format!("check {line} --output {format}");
            let mut program = server.program(line.split_whitespace());
            let run = program.stdout(writer).stderr(Stdio::piped()).output();
            Run::of(run.unwrap(), status);
        }
    }
    // Nor does it hide a Region that failed.
    let server = Server::start(state(&document()), at_once(), |asked, reply| {
        match asked.region == "eu-west-1" && action(asked.form) == IMAGES {
            true => Act::Reply(refusal(
                403,
                "UnauthorizedOperation",
                "You are not authorized",
            )),
            false => Act::Reply(reply),
        }
    });
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let line = format!("check --name a {regions}");
    let mut program = server.program(line.split_whitespace());
    let run = program.stdout(writer).stderr(Stdio::piped()).output();
    Run::of(run.unwrap(), 254).says("Region eu-west-1");
}

/// A disk that is full is an error, whatever the verdicts.
#[cfg(target_os = "linux")]
#[test]
fn verdicts_that_cannot_be_written_are_no_answer() {
    let server = server(state(&document()));
    for image in [UNUSED, USED] {
        for flag in ["", "--out-file /dev/full"] {
            let line = format!("check --image-ids {image} --output csv {flag}");
            let full = std::fs::File::options().write(true).open("/dev/full");
            let mut program = server.program(line.split_whitespace());
            let run = program.stdout(full.unwrap()).stderr(Stdio::piped());
            Run::of(run.output().unwrap(), 255).says("No space left");
        }
    }
}

/// Its entries may be gone, which looks like no use.
#[test]
fn a_report_that_is_past_its_end_proves_nothing() {
    let line = format!("check --image-ids {UNUSED} --output json --max-report-age 60d");
    for (time, status) in [(hours_ago(1), 2), (hours_ago(0), 2)] {
        let server = with_report(|report| report["ExpirationTime"] = time.clone().into());
        let run = server.words(&format!("{line} --no-create")).ends(status);
        is(&run, "unknown", "NoReport");
        is(&server.words(&line).succeeds(), "unused", "NoUseFound");
        assert_eq!(server.count(CREATE), 1);
    }
    // A use that it still shows is one.
    let mut expired = report(UNUSED, 1, 1);
    expired["ExpirationTime"] = hours_ago(0).into();
    let entries = json!([entry(UNUSED, 1, Some(1))]);
    let server = self::server(one_image(json!([expired]), entries));
    let run = server.words(&format!("{line} --no-create")).ends(1);
    is(&run, "in-use", "UsedByAccounts");
    let server = with_report(|report| {
        let time = SystemTime::now() + Duration::from_secs(3600);
        let time = humantime::format_rfc3339_millis(time).to_string();
        report["ExpirationTime"] = time.into();
    });
    let run = server.words(&format!("{line} --no-create")).succeeds();
    is(&run, "unused", "NoUseFound");
}

/// What an option means that is not documented, nobody knows: it may leave something out.
#[test]
fn a_report_with_an_unknown_option_proves_nothing() {
    let option = |name: &str| json!([{"OptionName": name, "OptionValues": ["20"]}]);
    let line = format!("check --image-ids {UNUSED} --output json --no-create");
    for types in [
        json!([{"ResourceType": "ec2:Instance", "ResourceTypeOptions": option("state")},
            {"ResourceType": "ec2:LaunchTemplate"}]),
        json!([{"ResourceType": "ec2:Instance"},
            {"ResourceType": "ec2:LaunchTemplate", "ResourceTypeOptions": option("Version-Depth")}]),
        json!([{"ResourceType": "ec2:instance"}, {"ResourceType": "ec2:LaunchTemplate"}]),
        json!([]),
    ] {
        let server = with_report(|report| report["ResourceTypes"] = types.clone());
        is(&server.words(&line).ends(2), "unknown", "NoReport");
    }
}

/// A report that comes twice and not the same: neither is believed.
#[test]
fn a_report_that_contradicts_itself_proves_nothing() {
    let line = format!("check --image-ids {UNUSED} --output json --no-create");
    let twice = |change: fn(&str) -> String, first: bool| {
        changed(
            one_image(json!([report(UNUSED, 1, 1)]), json!([])),
            REPORTS,
            move |_, reply| {
                let (before, rest) = reply.body.split_once("<imageUsageReportSet>").unwrap();
                let (item, after) = rest.split_once("</imageUsageReportSet>").unwrap();
                let other = change(item);
                assert!(other != item || item.is_empty());
                let items = match first {
                    true => format!("{other}{item}"),
                    false => format!("{item}{other}"),
                };
                let body =
                    format!("{before}<imageUsageReportSet>{items}</imageUsageReportSet>{after}");
                Act::Reply(Response { body, ..reply })
            },
        )
    };
    let narrower = |item: &str| {
        let set = "<accountIdSet><item>001100110011</item></accountIdSet>";
        item.replace("<state>", &format!("{set}<state>"))
    };
    let failed = |item: &str| item.replace("available", "error");
    for first in [true, false] {
        let run = twice(narrower, first).words(&line).ends(2);
        assert_eq!(verdicts(&run)[0].0, "unknown");
        let run = twice(failed, first).words(&line).ends(2);
        assert_eq!(verdicts(&run)[0].0, "unknown");
    }
}

/// IDs are compared letter by letter.
#[test]
fn an_id_that_is_nearly_the_same_is_another_one() {
    let line = format!("check --image-ids {UNUSED} --output json --no-create");
    for of in [IMAGES, REPORTS, ENTRIES, REFERENCES] {
        for other in [
            UNUSED.to_uppercase(),
            format!("{UNUSED}0"),
            UNUSED[..20].to_owned(),
        ] {
            let mut document = json!({
                "Images": [image(UNUSED, "a")], "ImageUsageReports": [report(UNUSED, 1, 1)],
                "ImageUsageReportEntries": [entry(UNUSED, 1, Some(0))],
            });
            document["ImageReferences"] = match of {
                REFERENCES => {
                    json!([{"ImageId": UNUSED, "ResourceType": "ssm:Parameter", "Arn": "arn"}])
                }
                _ => json!([]),
            };
            let server = changed(state(&document), of, move |_, reply| {
                let body = reply.body.replace(UNUSED, &other);
                Act::Reply(Response { body, ..reply })
            });
            let run = server.words(&line).ends(2);
            assert_eq!(verdicts(&run)[0].0, "unknown", "{of}");
        }
    }
}

/// Wherever the service fails, and however, there is no `unused` and no status 0.
#[test]
fn a_service_that_fails_anywhere_proves_nothing() {
    let line = format!(
        "check --image-ids {UNUSED} --output json --max-attempts 1 --read-timeout 0.3 --timeout 1s"
    );
    for of in [IMAGES, REPORTS, CREATE, ENTRIES, REFERENCES] {
        for fault in ["throttled", "500", "silent", "cut", "closed"] {
            let server = changed(state(&document()), of, move |_, reply| match fault {
                "throttled" => Act::Reply(refusal(503, "RequestLimitExceeded", "Slow down.")),
                "500" => Act::Reply(refusal(500, "InternalError", "No.")),
                "silent" => Act::Stall(reply, 0),
                "cut" => {
                    let half = reply.body.len() / 2;
                    Act::Cut(reply, half)
                }
                _ => Act::Hang,
            });
            let run = server.words(&line).output().unwrap();
            let status = run.status.code().unwrap();
            assert!([2, 254, 255].contains(&status), "{of} {fault}: {status}");
            let stdout = String::from_utf8(run.stdout).unwrap();
            assert!(!stdout.contains("\"unused\""), "{of} {fault}: {stdout}");
        }
    }
}

/// A page without its list among others, or one whose token comes again after others.
#[test]
fn a_page_that_is_not_whole_among_others_proves_nothing() {
    let line = format!("check --image-ids {UNUSED} --output json --no-create");
    for (of, set) in [
        (ENTRIES, "imageUsageReportEntrySet"),
        (REFERENCES, "imageReferenceSet"),
        (REPORTS, "imageUsageReportSet"),
        (IMAGES, "imagesSet"),
    ] {
        for listless in [true, false] {
            let entries = json!([entry(UNUSED, 1, Some(0))]);
            let server = changed(
                one_image(json!([report(UNUSED, 1, 1)]), entries),
                of,
                move |asked, reply| {
                    let page = |list: &str, token: &str| {
                        let body = format!(
                            "<{of}Response>{list}<nextToken>{token}</nextToken></{of}Response>"
                        );
                        Act::Reply(self::reply(200, &body))
                    };
                    let has = |token: &str| asked.form.contains(&format!("NextToken={token}"));
                    let end = format!("</{set}>");
                    let first = reply
                        .body
                        .replace(&end, &format!("{end}<nextToken>one</nextToken>"));
                    match (has("one"), has("two")) {
                        (false, false) => Act::Reply(Response {
                            body: first,
                            ..reply
                        }),
                        (true, _) if listless => page("", "two"),
                        (true, _) => page(&format!("<{set}/>"), "two"),
                        // The end, or the first token again.
                        (_, true) if listless => page(&format!("<{set}/>"), ""),
                        (_, true) => page(&format!("<{set}/>"), "one"),
                    }
                },
            );
            let run = server.words(&line).ends(2);
            is(&run, "unknown", "RequestFailed");
            assert!(run.stdout.contains(of), "{of}: {run:#?}");
        }
    }
}

/// The points of the rule, one row or more for each, against the emulator.
#[test]
fn the_rule_as_a_truth_table() {
    const UNKNOWN_TYPE: &str = "ec2:Future";
    let one = |changes: Value| {
        let mut image = image(UNUSED, "a");
        (image.as_object_mut().unwrap()).extend(changes.as_object().unwrap().clone());
        server(state(&json!({"Images": [image], "Usage": []})))
    };
    let referenced = |instance: &str| {
        server(state(&json!({
            "Images": [image(UNUSED, "a")], "Usage": [],
            "ImageReferences": [{"ImageId": UNUSED, "ResourceType": "ec2:Instance", "Arn": "arn", "InstanceState": instance}],
        })))
    };
    let of_type = |count: i64| {
        let mut entry = entry(UNUSED, 1, Some(count));
        entry["ResourceType"] = UNKNOWN_TYPE.into();
        let mut report = report(UNUSED, 1, 1);
        (report["ResourceTypes"].as_array_mut().unwrap())
            .push(json!({"ResourceType": UNKNOWN_TYPE}));
        server(one_image(json!([report]), json!([entry])))
    };
    let recipe = || {
        server(state(&json!({
            "Images": [image(UNUSED, "a")],
            "Usage": [{"ImageId": UNUSED, "ResourceType": "imagebuilder:ImageRecipe", "AccountId": "001100110011", "UsageCount": 1}],
        })))
    };
    let two_types = || {
        let mut report = report(UNUSED, 1, 1);
        report["ResourceTypes"] =
            json!([{"ResourceType": "ec2:Instance"}, {"ResourceType": "ec2:LaunchTemplate"}]);
        server(one_image(json!([report]), json!([])))
    };
    let late_use = || {
        let document = json!({
            "Images": [image(UNUSED, "a")],
            "Usage": [{"ImageId": UNUSED, "ResourceType": "ec2:Instance", "AccountId": "001100110011", "UsageCount": 1}],
        });
        let read = AtomicBool::new(false);
        changed(state(&document), ENTRIES, move |_, reply| {
            match read.swap(true, Ordering::Relaxed) {
                true => Act::Reply(reply),
                false => Act::Reply(with_items(reply, "imageUsageReportEntrySet", "")),
            }
        })
    };
    let without = |of: &'static str, set: &'static str| {
        changed(state(&document()), of, move |asked, reply| {
            if asked.form.contains("ReportId.1=") && of == REPORTS {
                return Act::Reply(reply);
            }
            let body = (reply.body.replace(&format!("<{set}>"), "<other>"))
                .replace(&format!("</{set}>"), "</other>");
            Act::Reply(Response { body, ..reply })
        })
    };
    let named = |code: &'static str| {
        changed(state(&document()), REFERENCES, move |_, _| {
            Act::Reply(refusal(
                403,
                code,
                &format!("Not authorized for images: [{UNUSED}]"),
            ))
        })
    };
    let ids = format!("--image-ids {UNUSED}");
    let old = || server(one_image(json!([report(UNUSED, 1, 13)]), json!([])));
    let rows: Vec<(u8, Server, &str, &str, &str)> = vec![
        (0, one(json!({})), "", "unused", "NoUseFound"),
        // 1: any type counts.
        (1, of_type(1), "", "in-use", "UsedByAccounts"),
        (1, of_type(0), "", "unused", "NoUseFound"),
        (1, recipe(), "", "in-use", "UsedByAccounts"),
        (1, two_types(), "--no-create", "unknown", "NoReport"),
        // 2: idle time.
        (
            2,
            one(json!({"CreationDate": hours_ago(2)})),
            "",
            "unknown",
            "TooYoung",
        ),
        (
            2,
            one(json!({"CreationDate": null})),
            "",
            "unknown",
            "InvalidImageTime",
        ),
        (
            2,
            one(json!({"LastLaunchedTime": hours_ago(24)})),
            "",
            "in-use",
            "LaunchedRecently",
        ),
        (
            2,
            one(json!({"LastLaunchedTime": hours_ago(24)})),
            "--idle 0s",
            "unused",
            "NoUseFound",
        ),
        // 3: recent reports only.
        (3, old(), "--no-create", "unknown", "NoReport"),
        (
            3,
            old(),
            "--no-create --max-report-age 14h",
            "unused",
            "NoUseFound",
        ),
        // 4: own references.
        (4, referenced("terminated"), "", "unused", "NoUseFound"),
        (
            4,
            referenced("shutting-down"),
            "",
            "in-use",
            "ReferencedByOwner",
        ),
        // 5: eventual consistency.
        (5, late_use(), "", "in-use", "UsedByAccounts"),
        // 8: errors about one ID.
        (8, named("AuthFailure"), "", "unknown", "RequestFailed"),
        (
            8,
            named("UnauthorizedOperation"),
            "",
            "unknown",
            "PermissionMissing",
        ),
        // 9: missing lists.
        (
            9,
            without(REPORTS, "imageUsageReportSet"),
            "",
            "unused",
            "NoUseFound",
        ),
        (
            9,
            without(ENTRIES, "imageUsageReportEntrySet"),
            "",
            "unknown",
            "RequestFailed",
        ),
        (
            9,
            without(REFERENCES, "imageReferenceSet"),
            "",
            "unknown",
            "RequestFailed",
        ),
        // 10: clocks.
        (
            10,
            with_skew(-14),
            "--max-report-age 1m",
            "unused",
            "NoUseFound",
        ),
        (10, with_skew(14), "", "unused", "NoUseFound"),
        (10, with_skew(17), "", "unknown", "InvalidReportTime"),
    ];
    for (point, server, flags, verdict, reason) in rows {
        let line = format!("check {ids} --output json --fail-on none {flags}");
        let found = verdicts(&server.words(&line).succeeds());
        let expected = [(verdict.to_owned(), reason.to_owned())];
        assert_eq!(found, expected, "point {point} {flags}");
    }
    // 6: adopted reports.
    let line = format!("check {ids} --output json");
    let run = deleted_while_pending().words(&line).succeeds();
    is(&run, "unused", "NoUseFound");
    // 7: names without an image.
    let server = one(json!({}));
    let run = server
        .words("check --name b --output json --fail-on none")
        .ends(2);
    is(&run, "unknown", "NoImageFound");
}
