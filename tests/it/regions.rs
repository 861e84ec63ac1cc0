//! Several Regions: the order of their rows, and the output if one of them fails.

use std::fs;
use std::process::Stdio;
use std::thread;
use std::time::Duration;

use amiusage::emulator::{Response, State};
use serde_json::{Value, json};

use crate::cloud::Cloud;
use crate::interrupt::interrupted;
use crate::support::{Act, Asked, Ends, IMAGE, Run, Server, page, refusal};

/// Not sorted.
const REGIONS: [&str; 3] = ["us-east-1", "eu-west-1", "ap-south-1"];

/// The rows of a Region, with different `UsageCount`s.
const ROWS: u64 = 5;

const ALL: &str = "--region us-east-1 eu-west-1 ap-south-1";

/// The middle one of them.
const FAILING: &str = "eu-west-1";

const FORMATS: [&str; 7] = ["table", "json", "ndjson", "csv", "tsv", "text", "markdown"];

fn count(region: usize, row: u64) -> u64 {
    (region as u64 + 1) * 100 + row
}

/// One report with [`ROWS`] entries in each Region.
fn state() -> State {
    let entries: Vec<Value> = (0..REGIONS.len())
        .flat_map(|region| (0..ROWS).map(move |row| (region, row)))
        .map(|(region, row)| {
            json!({
                "Region": REGIONS[region],
                "ResourceType": "ec2:Instance",
                "ReportId": format!("amiur-{region}1111111111111111"),
                "UsageCount": count(region, row),
                "AccountId": format!("{row:012}"),
                "ImageId": IMAGE,
                "ReportCreationTime": "2025-09-29T13:27:12.322Z",
            })
        })
        .collect();
    State::from_json(&json!({ "ImageUsageReportEntries": entries }).to_string()).unwrap()
}

fn server() -> Server {
    Server::of(state())
}

/// A server that rejects the page of each Region after this many rows; with 0, the first one.
fn failing(regions: &'static [&'static str], rows: usize) -> Server {
    Server::asked(state(), move |asked, reply| {
        let begins = asked.form.contains("NextToken") != (rows == 0);
        match regions.contains(&asked.region) && begins && asked.form.contains("Entries") {
            true => Act::Reply(refusal(403, "AuthFailure", "Not enabled here.")),
            false => Act::Reply(reply),
        }
    })
}

/// A server where the middle Region fails after this many rows, the size of a page.
fn failing_after(rows: usize) -> Server {
    failing(&[FAILING], rows)
}

/// The `UsageCount`s of complete Regions.
fn counts(regions: &[usize]) -> Vec<u64> {
    let rows = |&region: &usize| (0..ROWS).map(move |row| count(region, row));
    regions.iter().flat_map(rows).collect()
}

#[test]
fn regions_are_listed_in_the_order_given() {
    let quick = server();
    for format in FORMATS {
        let line = format!("entries {ALL} --output {format} --page-size 2");
        let expected = quick.words(&line).succeeds().stdout;
        for slowest in REGIONS {
            let slow = Server::asked(state(), move |asked, reply| {
                if asked.region == slowest {
                    thread::sleep(Duration::from_millis(20));
                }
                Act::Reply(reply)
            });
            assert_eq!(slow.words(&line).succeeds().stdout, expected);
        }
        assert!(expected.contains("eu-west-1"), "{expected}");
    }
    assert_eq!(
        quick.words(&format!("entries {ALL}")).succeeds().counts(),
        counts(&[0, 1, 2])
    );
    let turned = "entries --region ap-south-1,us-east-1";
    assert_eq!(quick.words(turned).succeeds().counts(), counts(&[2, 0]));
}

#[test]
fn the_first_column_is_the_region() {
    let server = server();
    let run = server.words(&format!("entries {ALL}")).succeeds();
    let document = run.json();
    for (number, entry) in document["ImageUsageReportEntries"]
        .as_array()
        .unwrap()
        .iter()
        .enumerate()
    {
        let (first, region) = entry.as_object().unwrap().iter().next().unwrap();
        assert_eq!(first, "Region");
        assert_eq!(region, REGIONS[number / ROWS as usize]);
    }
    let run = server
        .words(&format!("entries {ALL} --output csv"))
        .succeeds();
    assert!(
        run.stdout.starts_with("Region,ResourceType,ReportId,"),
        "{run:#?}"
    );
    assert!(
        run.stdout.contains("\neu-west-1,ec2:Instance,amiur-1"),
        "{run:#?}"
    );
    let query = "ImageUsageReportEntries[?Region=='ap-south-1'].UsageCount";
    let run = server
        .words(&format!("entries {ALL} --query {query} --output text"))
        .succeeds();
    assert_eq!(run.stdout, "300\t301\t302\t303\t304\n");
}

#[test]
fn a_single_region_has_no_region_column() {
    let server = server();
    for format in FORMATS {
        let settings = server
            .words(&format!("entries --output {format}"))
            .succeeds();
        for region in [
            "us-east-1",
            "us-east-1,us-east-1",
            "us-east-1 --region us-east-1",
        ] {
            let line = format!("entries --output {format} --region {region}");
            assert_eq!(server.words(&line).succeeds().stdout, settings.stdout);
        }
        assert!(!settings.stdout.contains("us-east-1"));
    }
    // It can be requested.
    let line = "entries --output csv --columns UsageCount,Region --max-items 1";
    assert_eq!(
        server.words(line).succeeds().stdout,
        "UsageCount,Region\n100,us-east-1\n"
    );
}

#[test]
fn regions_may_precede_the_subcommand() {
    let server = server();
    for line in [
        format!("{ALL} entries"),
        "--region us-east-1,eu-west-1 --region ap-south-1 entries".to_owned(),
        format!("entries {ALL} --output json"),
        format!("describe-image-usage-report-entries {ALL}"),
    ] {
        assert_eq!(server.words(&line).succeeds().counts(), counts(&[0, 1, 2]));
    }
    let line = format!("reports {ALL} list --output csv --columns Region");
    assert_eq!(
        server.words(&line).succeeds().stdout,
        "Region\nus-east-1\neu-west-1\nap-south-1\n"
    );
    let line =
        "wait --region us-east-1 image-usage-report-available --report-ids amiur-01111111111111111";
    server.words(line).succeeds();
    // An option after the subcommand replaces the one before it, also for an alias.
    let line = "--region ap-south-1 entries --region eu-west-1";
    assert_eq!(server.words(line).succeeds().counts(), counts(&[1]));
}

#[test]
fn all_regions_are_the_enabled_regions_sorted_by_name() {
    let server = server();
    let run = server.words("entries --all-regions").succeeds();
    assert_eq!(run.counts(), counts(&[2, 1, 0]));
    // First a request for the list of Regions; the emulator has one more, without reports.
    assert_eq!(server.regions()[0], "us-east-1");
    let mut asked = server.regions()[1..].to_vec();
    asked.sort_unstable();
    assert_eq!(asked, ["ap-south-1", "eu-west-1", "us-east-1", "us-west-2"]);

    let server = self::server();
    server
        .words("entries --all-regions")
        .env("AWS_REGION", "eu-west-1")
        .succeeds();
    assert_eq!(server.regions()[0], "eu-west-1");
    let server = self::server();
    server
        .words("entries --all-regions")
        .env_remove("AWS_REGION")
        .succeeds();
    assert_eq!(server.regions()[0], "us-east-1");
}

#[test]
fn without_the_list_of_regions_no_listing_starts() {
    let server = Server::says(refusal(403, "UnauthorizedOperation", "Not you."));
    let run = server.words("entries --all-regions").ends(254).silent();
    run.says("--all-regions").says("ec2:DescribeRegions");
    assert_eq!(server.requests().len(), 1);
}

#[test]
fn flags_for_a_single_region_are_rejected() {
    let server = server();
    for (line, words) in [
        ("entries --all-regions --region us-east-1", "--region"),
        ("--region us-east-1 entries --all-regions", "--all-regions"),
        ("entries --all-regions --no-paginate", "--no-paginate"),
        (
            "entries --region us-east-1 eu-west-1 --no-paginate",
            "--no-paginate",
        ),
        ("entries --region @-", "stdin"),
        ("entries --region us-east-1,", "--region"),
        // A token of the service or of a run in one Region.
        (
            "entries --region us-east-1 eu-west-1 --starting-token x",
            "Region",
        ),
    ] {
        server.words(line).ends(252).silent().says(words);
    }
    server
        .words("entries --region us-east-1 Europe!")
        .ends(253)
        .silent()
        .says("invalid Region name `Europe!`");
    assert!(server.requests().is_empty());
}

#[test]
fn a_failed_region_does_not_stop_the_others() {
    let server = failing_after(2);
    for format in FORMATS {
        let of = |region: &str| {
            let columns = "Region,UsageCount";
            let line =
                format!("entries {region} --output {format} --columns {columns} --page-size 2");
            server.words(&line).output().unwrap()
        };
        let run = Run::of(of(ALL), 254);
        let written: Vec<&str> = ["100", "104", "200", "201", "202", "300", "304"]
            .into_iter()
            .filter(|count| run.stdout.contains(count))
            .collect();
        assert_eq!(
            written,
            ["100", "104", "200", "201", "300", "304"],
            "{run:#?}"
        );
        if format == "json" {
            assert_eq!(
                run.counts(),
                [counts(&[0]), vec![200, 201], counts(&[2])].concat()
            );
        }
        let whole = Run::of(of("--region us-east-1 ap-south-1"), 0);
        assert_eq!(
            run.stdout
                .lines()
                .filter(|line| !line.contains(FAILING))
                .collect::<Vec<_>>(),
            whole.stdout.lines().collect::<Vec<_>>()
        );
        run.says("error: Region eu-west-1, after 2 rows: DescribeImageUsageReportEntries failed")
            .says("(AuthFailure, request ID ")
            .says("error: 1 of 3 Regions failed, so their rows are missing: eu-west-1")
            .says("retry only these: --region eu-west-1\n");
    }
}

#[test]
fn a_failed_region_is_resumed_by_its_token() {
    let server = failing_after(2);
    let line = format!("entries {ALL} --output ndjson --page-size 2");
    let run = server.words(&line).ends(254);
    let token = run.token().unwrap();
    assert!(
        run.stderr.contains("--region eu-west-1 --starting-token"),
        "{run:#?}"
    );
    let rest = format!("entries --region eu-west-1 --starting-token {token}");
    assert_eq!(
        self::server().words(&rest).succeeds().counts(),
        counts(&[1])[2..]
    );
    // With all Regions it is not a valid position.
    let wrong = format!("entries {ALL} --starting-token {token}");
    self::server().words(&wrong).ends(252).silent();
}

#[test]
fn json_errors_are_one_per_region_and_a_summary() {
    let server = failing(&["us-east-1", FAILING], 2);
    let run = server
        .words(&format!("entries {ALL} --page-size 2 --error-format json"))
        .ends(254);
    let errors: Vec<Value> = run
        .stderr
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(errors.len(), 3, "{errors:#?}");
    for (error, region) in errors.iter().zip(["us-east-1", FAILING]) {
        assert_eq!(error["Region"], region);
        assert_eq!(error["Code"], "AuthFailure");
        assert_eq!(error["Status"], 254);
        assert!(error["ResumeToken"].is_string());
    }
    let last = &errors[2];
    assert_eq!(last["Status"], 254);
    assert_eq!(last.get("Region"), None);
    assert!(last["Message"].as_str().unwrap().contains("2 of 3 Regions"));
    assert!(
        last["Hint"]
            .as_str()
            .unwrap()
            .contains("--region us-east-1 eu-west-1")
    );
}

#[test]
fn the_exit_status_is_that_of_the_first_failure() {
    let server = Server::asked(state(), |asked, reply| match asked.region {
        "us-east-1" => Act::Hang,
        FAILING => Act::Reply(refusal(403, "AuthFailure", "Not enabled here.")),
        _ => Act::Reply(reply),
    });
    let line = "--max-attempts 1 entries --region";
    server
        .words(&format!("{line} us-east-1 eu-west-1 ap-south-1"))
        .ends(255);
    server
        .words(&format!("{line} eu-west-1 us-east-1 ap-south-1"))
        .ends(254);
}

#[test]
fn a_repeated_token_fails_its_region() {
    let server = Server::asked(state(), |asked, reply| match asked.region {
        FAILING => Act::Reply(page(0..2, Some("again"))),
        _ => Act::Reply(reply),
    });
    let run = server
        .words(&format!("entries {ALL}"))
        .ends(255)
        .says("Region eu-west-1, after 4 rows: ")
        .says("returned the page token");
    assert!(run.counts().ends_with(&counts(&[2])));
}

#[test]
fn there_is_no_token_after_the_last_region() {
    let run = failing(&["ap-south-1"], 2)
        .words(&format!("entries {ALL} --page-size 2"))
        .ends(254)
        .hides("more follow");
    assert_eq!(run.json().get("NextToken"), None);
    assert_eq!(
        run.counts(),
        [counts(&[0, 1]), counts(&[2])[..2].to_vec()].concat()
    );
}

#[test]
fn if_all_regions_fail_there_is_no_document() {
    let server = failing(&REGIONS, 0);
    let run = server.words(&format!("entries {ALL}")).ends(254).silent();
    for region in REGIONS {
        assert!(
            run.stderr.contains(&format!("error: Region {region}: ")),
            "{run:#?}"
        );
    }
    assert_eq!(run.token(), None);
    run.says("3 of 3 Regions failed");
    // Without a complete Region the document is not completed.
    let server = failing(&REGIONS, 2);
    let run = server
        .words(&format!("entries {ALL} --page-size 2"))
        .ends(254);
    assert!(
        serde_json::from_str::<Value>(&run.stdout).is_err(),
        "{run:#?}"
    );
}

#[test]
fn empty_regions_and_failed_regions_are_distinguished() {
    let server = failing(&[FAILING], 0);
    let run = server
        .words("entries --region eu-west-1 us-west-2")
        .ends(254)
        .hides("no entries found");
    assert!(run.counts().is_empty());
    server
        .words("entries --region us-west-2 af-south-1")
        .succeeds()
        .says("no entries found");
}

#[test]
fn an_out_file_requires_all_regions() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("answer");
    fs::write(&path, "as it was").unwrap();
    let line = format!("entries {ALL} --page-size 2 --out-file {}", path.display());
    let run = failing_after(2)
        .words(&line)
        .ends(254)
        .silent()
        .says("was not written")
        .says("1 of 3 Regions failed");
    // The two rows were not written, so there is no token.
    assert_eq!(run.token(), None);
    assert_eq!(fs::read_to_string(&path).unwrap(), "as it was");
    assert_eq!(fs::read_dir(&directory).unwrap().count(), 1);
    server().words(&line).succeeds();
    assert!(fs::read_to_string(&path).unwrap().contains("304"));
}

#[test]
fn resumed_runs_in_several_regions_join() {
    let server = server();
    for limit in [1, 2, 4, 5, 7] {
        let mut found = Vec::new();
        let mut start = String::new();
        loop {
            let line = format!("entries {ALL} --page-size 3 --max-items {limit} --output ndjson");
            let run = server.words(&format!("{line} {start}")).succeeds();
            found.extend(run.counts());
            match run.token() {
                Some(token) => start = format!("--starting-token {token}"),
                None => break,
            }
        }
        assert_eq!(found, counts(&[0, 1, 2]), "{limit}");
    }
}

#[test]
fn a_token_is_bound_to_its_regions_and_their_order() {
    let server = server();
    let run = server
        .words(&format!("entries {ALL} --max-items 7"))
        .succeeds();
    let token = run.token().unwrap();
    for regions in [
        "eu-west-1",
        "us-east-1 eu-west-1",
        "eu-west-1 us-east-1 ap-south-1",
    ] {
        server
            .words(&format!(
                "entries --region {regions} --starting-token {token}"
            ))
            .ends(252)
            .silent()
            .says("IDs or Regions");
    }
}

/// Makes the last Region hang.
#[cfg(unix)]
fn act_late(asked: &Asked<'_>, reply: Response) -> Act {
    if asked.region == "ap-south-1" {
        thread::sleep(Duration::from_secs(60));
    }
    Act::Reply(reply)
}

/// Interrupts a run after this many rows.
#[cfg(unix)]
fn interrupted_after(rows: usize, server: &Server) -> Run {
    let line = format!("entries {ALL} --output ndjson --page-size 1");
    let child = server
        .program(line.split_whitespace())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    interrupted(child, rows)
}

#[cfg(unix)]
#[test]
fn an_interrupted_run_resumes_in_its_region() {
    let server = Server::asked(state(), |asked, reply| act_late(&asked, reply));
    let mut run = interrupted_after(ROWS as usize + 2, &server);
    let token = run.token().unwrap();
    let line = format!("entries {ALL} --output ndjson --starting-token {token}");
    run.stdout
        .push_str(&self::server().words(&line).succeeds().stdout);
    assert_eq!(run.counts(), counts(&[0, 1, 2]));
}

#[cfg(unix)]
#[test]
fn an_interrupted_run_reports_earlier_failures() {
    let server = Server::asked(state(), |asked, reply| match asked.region {
        "us-east-1" => Act::Reply(refusal(403, "AuthFailure", "Not enabled here.")),
        _ => act_late(&asked, reply),
    });
    let run = interrupted_after(2, &server);
    let token = run.token().unwrap();
    let run = run.says("error: Region us-east-1: ").says("interrupted");
    let line = format!("entries {ALL} --output ndjson --starting-token {token}");
    let rest = self::server().words(&line).succeeds();
    assert_eq!([run.counts(), rest.counts()].concat(), counts(&[1, 2]));
}

#[test]
fn a_dry_run_checks_each_region() {
    let server = server();
    server
        .words(&format!("entries {ALL} --dry-run"))
        .succeeds()
        .silent()
        .says("DryRunOperation");
    assert_eq!(server.regions(), REGIONS);
    let run = failing_after(0)
        .words(&format!("entries {ALL} --dry-run"))
        .ends(254)
        .silent()
        .says("Region eu-west-1: ")
        .says("1 of 3 Regions failed");
    run.hides("would have succeeded");
}

#[test]
fn reports_are_listed_in_several_regions() {
    let server = failing_after(2);
    let run = server
        .words(&format!(
            "reports list {ALL} --output csv --columns Region,ReportId"
        ))
        .succeeds();
    assert_eq!(
        run.stdout,
        "Region,ReportId\nus-east-1,amiur-01111111111111111\neu-west-1,amiur-11111111111111111\n\
         ap-south-1,amiur-21111111111111111\n"
    );
    let run = server
        .words(&format!("reports list {ALL} --output table"))
        .succeeds();
    let header = run.stdout.lines().next().unwrap();
    assert!(header.starts_with("Region "), "{run:#?}");
    let server = Server::asked(state(), |asked, reply| match asked.region {
        FAILING => Act::Reply(refusal(400, "InvalidAction", "Unknown here.")),
        _ => Act::Reply(reply),
    });
    let run = server
        .words(&format!("reports list {ALL}"))
        .ends(254)
        .says("error: Region eu-west-1: ")
        .says("1 of 3 Regions failed");
    let reports = run.json()["ImageUsageReports"].take();
    assert_eq!(reports.as_array().unwrap().len(), 2);
}

#[test]
fn a_query_with_failed_regions_has_no_token() {
    let line = format!("entries {ALL} --page-size 2 --query ImageUsageReportEntries[].Region");
    let run = failing_after(2)
        .words(&line)
        .ends(254)
        .says("1 of 3 Regions failed");
    assert_eq!(run.json().as_array().unwrap().len(), 12);
    assert_eq!(run.token(), None);
}

#[test]
fn changes_are_limited_to_one_region() {
    let server = server();
    for line in [
        "reports create --image-ids ami-11111111",
        "reports wait --report-ids amiur-11111111111111111",
        "reports delete --report-ids amiur-11111111111111111",
    ] {
        for (regions, error) in [
            ("--all-regions", "does not accept '--all-regions'"),
            (ALL, "unexpected argument 'eu-west-1'"),
            ("--region us-east-1,eu-west-1", "one Region"),
            ("--region us-east-1 --region eu-west-1", "one Region"),
        ] {
            let run = server.words(&format!("{line} {regions}"));
            run.ends(252).silent().says(error);
        }
    }
    assert!(server.requests().is_empty());
}

#[test]
fn a_saved_document_of_several_regions_is_served_per_region() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("saved.json");
    let saved = format!("entries {ALL} --out-file {}", path.display());
    server().words(&saved).succeeds();
    let offline = |region: &str| {
        let line = format!("entries {region} --offline={}", path.display());
        server().words(&line).succeeds()
    };
    assert_eq!(offline(ALL).stdout, fs::read_to_string(&path).unwrap());
    assert_eq!(offline("--region ap-south-1").counts(), counts(&[2]));
}

#[test]
fn debug_lines_contain_the_region() {
    let server = server();
    let run = server.words(&format!("entries {ALL} --debug")).succeeds();
    for region in REGIONS {
        assert!(
            run.stderr
                .contains(&format!("debug: {region}: attempt 1: POST")),
            "{run:#?}"
        );
        assert!(
            run.stderr.contains(&format!("debug: {region}: status 200")),
            "{run:#?}"
        );
    }
    server
        .words("entries --debug")
        .succeeds()
        .says("debug: attempt 1: POST");
}

#[test]
fn credentials_are_loaded_once_for_all_regions() {
    let cloud = Cloud::new();
    cloud.config(
        "[profile base]\naws_access_key_id = AKIAbase\naws_secret_access_key = secret\n\
         [profile role]\nrole_arn = arn:aws:iam::123456789012:role/plain\nsource_profile = base\n",
    );
    let arguments = [
        "entries",
        "--profile",
        "role",
        "--region",
        "eu-west-1,us-east-1,sa-east-1",
    ];
    cloud.amiusage(arguments).succeeds();
    assert_eq!(cloud.sts().len(), 1);
    let signers = cloud.signers();
    assert_eq!(signers.len(), 3);
    assert!(
        signers.iter().all(|(key, _)| key == "ASIAplain"),
        "{signers:?}"
    );
}

#[test]
fn missing_credentials_end_the_run() {
    let run = server()
        .words(&format!("entries {ALL}"))
        .env_remove("AWS_ACCESS_KEY_ID")
        .ends(253)
        .silent()
        .says("cannot load credentials")
        .hides("Region us-east-1");
    assert_eq!(run.stderr.matches("error:").count(), 1, "{run:#?}");
}
