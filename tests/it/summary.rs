//! `amiusage summary`: every number is compared with an independent sum over the emulator's documents.

mod model;

use std::fs;
use std::process::Stdio;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::thread;
use std::time::Duration;

use amiusage::emulator::State;
use serde_json::{Value, json};

use crate::interrupt::{interrupt, wait_for_requests};
use crate::support::{Act, Ends, Run, Server, action, amiusage, refusal, words};

const IMAGE: &str = "ami-0f4e3d2c1b0a99887";

/// The rows of JSON output.
fn rows(run: &Run) -> Vec<Value> {
    run.json()["ImageUsageSummaries"]
        .as_array()
        .unwrap()
        .clone()
}

/// A summary of the sample's images whose reports count.
const COMPLETE: &str = "summary --offline --image-ids ami-0f4e3d2c1b0a99887,ami-0fedcba9876543210,ami-0123456789abcdef0";

#[test]
fn a_complete_summary_exits_with_0_and_an_incomplete_one_with_2() {
    let run = words(COMPLETE).succeeds();
    let uses: Vec<_> = rows(&run).iter().map(|row| row["Uses"].clone()).collect();
    assert_eq!(uses, [292, 50, 0]);

    let run = words("summary --offline --owned").ends(2);
    assert_eq!(rows(&run).len(), 3);
    let run = run.says(
        "3 images: 342 uses in 7 accounts; left out: 1 NoReport, 2 NotCovered, 1 ReportFailed",
    );
    run.says("hint: see --details").says("--allow-missing");
    words("summary --offline --owned --allow-missing")
        .succeeds()
        .says("left out: 1 NoReport");

    let error = words("summary --offline --owned --error-format json --notes never")
        .ends(2)
        .error();
    assert_eq!(error["Status"], 2);
    assert_eq!(error["Uses"], 342);
    assert_eq!(error["LeftOut"], 4);
}

#[test]
fn details_have_a_row_for_all_that_is_left_out() {
    let run = words("summary --offline --owned --details --by account").ends(2);
    let rows = rows(&run);
    let left_out: Vec<_> = rows
        .iter()
        .filter(|row| row.get("Reasons").is_some())
        .collect();
    assert_eq!(left_out.len(), 4);
    assert!(left_out.iter().all(|row| row.get("Uses").is_none()));
    let codes: Vec<_> = left_out
        .iter()
        .map(|row| row["Reasons"][0]["Code"].as_str().unwrap())
        .collect();
    assert_eq!(
        codes,
        ["ReportFailed", "NoReport", "NotCovered", "NotCovered"]
    );

    let run = words("summary --offline --name base-* nothing-* --details -o csv").ends(2);
    assert!(
        run.stdout.lines().last().unwrap().contains("nothing-*"),
        "{run:#?}"
    );
}

#[test]
fn several_reports_of_an_image_are_never_added_up() {
    // The second one is newer and narrower.
    let reports = "--report-ids amiur-11111111111111111,amiur-22222222222222222";
    let run = words(&format!("summary --offline {reports} --details"))
        .ends(2)
        .says("amiur-22222222222222222 of ami-0abcdef1234567890 covers only 1 account");
    let rows = rows(&run);
    assert_eq!((&rows[0]["Uses"], rows.len()), (&json!(7), 2));
    assert_eq!(rows[0].get("LaunchTemplates"), None);
    assert_eq!(rows[1]["Reasons"][0]["Code"], "Superseded");

    let one = "summary --offline --report-ids amiur-11111111111111111 --by account,resource-type";
    assert_eq!(self::rows(&words(one).succeeds()).len(), 2);
    let run = words("summary --offline --report-ids amiur-09999999999999999 --details").ends(2);
    assert_eq!(self::rows(&run)[0]["Reasons"][0]["Code"], "ReportNotFound");
}

#[test]
fn an_older_report_that_is_requested_is_named() {
    let report = |number: u32| {
        json!({
            "ImageId": IMAGE, "ReportId": format!("amiur-{number}"), "State": "available",
            "ResourceTypes": [{"ResourceType": "ec2:Instance"}],
            "CreationTime": format!("2025-10-0{number}T00:00:00Z"),
        })
    };
    let server = Server::of(
        State::from_json(&json!({"ImageUsageReports": [report(1), report(2)]}).to_string())
            .unwrap(),
    );
    let types = "--resource-types ec2:Instance";
    let run = server
        .words(&format!("summary --report-ids amiur-1 {types}"))
        .succeeds();
    run.says(&format!("amiur-1 of {IMAGE} is older than amiur-2"));
    let run = server.words(&format!("summary --owned {types}")).succeeds();
    assert_eq!(rows(&run)[0]["ReportId"], "amiur-2");
}

#[test]
fn people_get_bars_and_a_total_and_programs_do_not() {
    let table = |locale: &str, more: &str| {
        let line = format!("{COMPLETE} --output table --top 1 {more}");
        let run = words(&line).env("LC_ALL", locale).succeeds();
        run.stdout
    };
    let unicode = table("C.UTF-8", "");
    assert!(unicode.contains("████████████"), "{unicode}");
    assert!(
        unicode.contains("2 others") && unicode.contains("Total"),
        "{unicode}"
    );
    let ascii = table("C", "");
    assert!(
        ascii.is_ascii() && ascii.contains("############"),
        "{ascii}"
    );
    let markdown = words(&format!("{COMPLETE} -o markdown")).succeeds().stdout;
    assert!(
        markdown.contains("| Total |") && !markdown.contains("Bar"),
        "{markdown}"
    );
    for format in ["json", "ndjson", "csv", "tsv", "text"] {
        let run = words(&format!("{COMPLETE} --output {format} --top 1")).succeeds();
        let run = run.hides("Total").hides("others").hides("Bar");
        assert!(run.stdout.contains("50"), "{run:#?}");
    }
    let queried = table("C.UTF-8", "--query length(ImageUsageSummaries)");
    assert_eq!(queried.trim(), "2");
}

#[test]
fn columns_must_belong_to_the_keys() {
    let run = words(&format!("{COMPLETE} --by account --columns ImageId,Uses")).ends(252);
    run.silent()
        .says("--columns: the rows have no ImageId; add `image` to --by");
    let run = words(&format!(
        "{COMPLETE} --by account,image --columns ImageId,Uses"
    ))
    .succeeds();
    assert_eq!(rows(&run).len(), 8);
    words("summary --offline").ends(252);
    words("summary --offline --owned --report-ids amiur-1").ends(252);
}

#[test]
fn resource_types_limit_what_is_counted() {
    let instances =
        words("summary --offline --owned --resource-types ec2:Instance --by resource-type -o csv")
            .ends(2)
            .stdout;
    let lines: Vec<_> = instances.lines().collect();
    assert_eq!(
        lines,
        [
            "ResourceType,Images,Accounts,Instances,Uses",
            "ec2:Instance,4,6,347,347"
        ]
    );
}

#[test]
fn a_saved_document_of_entries_is_summed_up() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("saved.json");
    let path = path.display();
    words(&format!(
        "entries --offline --out-file {path} --image-ids {IMAGE}"
    ))
    .succeeds();
    let run = words(&format!("summary --offline={path} --owned --by account"))
        .succeeds()
        .says("1 of the counted reports do not show what they cover");
    let live = words(&format!(
        "summary --offline --image-ids {IMAGE} --by account"
    ))
    .succeeds();
    assert_eq!(run.stdout, live.stdout);
}

#[test]
fn accounts_have_their_names_if_requested() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("names.csv");
    fs::write(
        &path,
        "AccountId,Name\n222233334444,alpha\n111122223333,omega\n",
    )
    .unwrap();
    let line = format!("{COMPLETE} --by account --account-names {}", path.display());
    let accounts = rows(&words(&format!("{line} --sort name")).succeeds());
    let names: Vec<_> = accounts.iter().map(|row| &row["AccountName"]).collect();
    assert_eq!(
        (names[names.len() - 2], names[names.len() - 1]),
        (&json!("alpha"), &json!("omega"))
    );
    assert_eq!(names[0], &Value::Null);
    let run = words(&format!("{line} -o csv --top 1")).succeeds();
    assert!(run.stdout.contains("\n111122223333,omega,,"), "{run:#?}");
    words(&format!("{COMPLETE} --by account -o csv"))
        .succeeds()
        .hides("AccountName");
}

/// One image with a report in each of two Regions.
fn two_regions() -> State {
    let mut entries = Vec::new();
    for (number, region) in ["us-east-1", "eu-west-1"].into_iter().enumerate() {
        for account in 0..3 {
            entries.push(json!({
                "Region": region, "ImageId": format!("ami-{number}"), "ReportId": format!("amiur-{number}"),
                "ResourceType": "ec2:Instance", "AccountId": format!("{account:012}"), "UsageCount": account + number,
            }));
        }
    }
    State::from_json(&json!({ "ImageUsageReportEntries": entries }).to_string()).unwrap()
}

#[test]
fn images_are_found_in_the_region_that_has_them() {
    let server = Server::of(two_regions());
    let line = "summary --region us-east-1,eu-west-1 --image-ids ami-0,ami-1";
    let images = rows(&server.words(line).succeeds());
    let keys: Vec<_> = images
        .iter()
        .map(|row| [&row["Region"], &row["ImageId"], &row["Uses"]])
        .collect();
    assert_eq!(
        json!(keys),
        json!([["eu-west-1", "ami-1", 6], ["us-east-1", "ami-0", 3]])
    );
    let accounts = rows(
        &server
            .words(&format!("{line} --by account --sort name"))
            .succeeds(),
    );
    let uses: Vec<_> = accounts
        .iter()
        .map(|row| [&row["Region"], &row["Images"], &row["Uses"]])
        .collect();
    assert_eq!(
        json!(uses),
        json!([[null, 1, 1], [null, 2, 3], [null, 2, 5]])
    );
    let regions = server.words(&format!(
        "{line} --by region -o csv --columns Region,Accounts,Uses"
    ));
    assert_eq!(
        regions.succeeds().stdout,
        "Region,Accounts,Uses\neu-west-1,3,6\nus-east-1,2,3\n"
    );

    let run = server
        .words(&format!("{line},ami-9 --details --output csv"))
        .ends(2);
    assert_eq!(run.stdout.matches("ami-9").count(), 1, "{run:#?}");
    let reports = "summary --region us-east-1,eu-west-1 --report-ids amiur-0,amiur-1";
    assert_eq!(rows(&server.words(reports).succeeds()).len(), 2);
}

#[test]
fn a_failed_region_is_an_error_and_the_others_are_written() {
    let server = Server::asked(two_regions(), |asked, reply| match asked.region {
        "eu-west-1" => Act::Reply(refusal(403, "AuthFailure", "Not enabled here.")),
        _ => Act::Reply(reply),
    });
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("out");
    let line = "summary --region us-east-1,eu-west-1 --owned";
    let run = server.words(line).ends(254).says("1 of 2 Regions failed");
    assert_eq!(rows(&run).len(), 1);
    let to_file = format!("{line} --out-file {}", path.display());
    server.words(&to_file).ends(254).silent();
    assert!(!path.exists());
}

#[test]
fn a_report_that_is_deleted_while_it_is_read_is_not_counted() {
    let state = State::synthetic("images=3,entries=30".parse().unwrap());
    let confirmations = AtomicUsize::new(0);
    let server = Server::asked(state, move |asked, mut reply| {
        let confirms = asked.form.contains("ReportId.1=");
        if action(asked.form) == "DescribeImageUsageReports"
            && confirms
            && confirmations.fetch_add(1, Relaxed) == 0
        {
            reply.body = reply.body.replace(">available<", ">deleted<");
        }
        Act::Reply(reply)
    });
    let run = server
        .words("summary --owned --details --concurrency 1")
        .ends(2);
    let rows = rows(&run);
    assert_eq!(server.count("DescribeImageUsageReportEntries"), 3 + 2);
    let deleted = rows.iter().filter(|row| row.get("Reasons").is_some());
    assert_eq!(deleted.clone().count(), 1, "{run:#?}");
    assert!(
        deleted
            .clone()
            .all(|row| row["Reasons"][0]["Code"] == "ReportDeleted"),
        "{run:#?}"
    );
    assert_eq!(rows.len(), 3);
}

#[test]
fn a_refused_list_leaves_out_its_images_only() {
    for (which, code) in [
        ("UnauthorizedOperation", "PermissionMissing"),
        ("InternalError", "RequestFailed"),
    ] {
        let state = State::synthetic("images=3,entries=30".parse().unwrap());
        let server = Server::asked(state, move |asked, reply| {
            match action(asked.form) == "DescribeImageUsageReportEntries" {
                true => Act::Reply(refusal(400, which, "No.")),
                false => Act::Reply(reply),
            }
        });
        let run = server
            .words("summary --owned --details --max-attempts 1")
            .ends(2);
        let rows = rows(&run);
        assert_eq!(rows.len(), 3);
        assert!(
            rows.iter().all(|row| row["Reasons"][0]["Code"] == code),
            "{run:#?}"
        );
    }
}

#[cfg(unix)]
#[test]
fn an_interrupted_summary_writes_nothing() {
    let state = State::synthetic("images=2,entries=10".parse().unwrap());
    let server = Server::asked(state, |asked, reply| {
        if action(asked.form) == "DescribeImageUsageReportEntries" {
            thread::sleep(Duration::from_secs(60));
        }
        Act::Reply(reply)
    });
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("out");
    fs::write(&path, "before").unwrap();
    let to_file = format!("summary --owned --out-file {}", path.display());
    for (number, line) in ["summary --owned", &to_file].into_iter().enumerate() {
        let mut program = server.program(line.split(' '));
        let program = program.stdout(Stdio::piped()).stderr(Stdio::piped());
        let child = program.spawn().unwrap();
        // Each run lists images, their reports and their entries, in batches of one image.
        wait_for_requests(&server, 5 * number + 4);
        interrupt(&child);
        let run = Run::of(child.wait_with_output().unwrap(), 130);
        run.silent()
            .says("the summary did not finish, and nothing was written");
    }
    assert_eq!(fs::read_to_string(&path).unwrap(), "before");
}

/// The maximum resident memory of a process until it exits, in bytes. The `maxrss` of `wait4` includes that of this process
/// before the program was executed.
#[cfg(target_os = "linux")]
fn peak_memory(mut child: std::process::Child) -> u64 {
    let mut peak = 0;
    loop {
        let status = fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        if let Some(kib) = line.and_then(|line| line.trim().strip_suffix(" kB")) {
            peak = kib.parse::<u64>().unwrap() * 1024;
        }
        if let Some(status) = child.try_wait().unwrap() {
            assert!(status.success());
            return peak;
        }
        thread::sleep(Duration::from_millis(2));
    }
}

/// Entries of 100 images in 50,000 accounts, a million in all.
#[cfg(target_os = "linux")]
#[test]
#[ignore = "takes a minute without optimization"]
fn memory_does_not_grow_with_the_entries() {
    // Together with the 13 MiB of an optimized program without entries, less than 64 MiB.
    const MAX_GROWTH: u64 = 48 * 1024 * 1024;
    let mut sample =
        crate::support::program(["summary", "--offline", "--owned", "--allow-missing"]);
    let least = peak_memory(sample.stdout(Stdio::null()).spawn().unwrap());
    let server = Server::asked(model::large(), |asked, reply| {
        match action(asked.form).as_str() {
            "DescribeImageUsageReportEntries" => Act::Reply(model::large_page(asked.form)),
            _ => Act::Reply(reply),
        }
    });
    for by in ["image", "account", "image,resource-type"] {
        let stdout = tempfile::NamedTempFile::new().unwrap();
        let mut program = server.program(["summary", "--owned", "--by", by]);
        let peak = peak_memory(program.stdout(stdout.reopen().unwrap()).spawn().unwrap());
        let document = fs::read_to_string(stdout.path()).unwrap();
        let document: Value = serde_json::from_str(&document).unwrap();
        let rows = document["ImageUsageSummaries"].as_array().unwrap();
        let uses: u64 = rows.iter().map(|row| row["Uses"].as_u64().unwrap()).sum();
        assert_eq!(uses, model::LARGE_USES);
        let growth = peak - least;
        assert!(growth < MAX_GROWTH, "--by {by}: {} MiB", growth >> 20);
    }
}

#[test]
fn help_names_the_keys() {
    let help = amiusage(["summary", "--help"]).succeeds().stdout;
    assert!(help.contains("resource-type") && help.contains("--allow-missing"));
}
