//! `amiusage diff`: every number is compared with an independent calculation.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;

use amiusage::diff::{Document, compare};
use amiusage::emulator::State;
use proptest::prelude::*;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::{Act, Ends, IMAGE, Run, Server, amiusage, refusal, words};

const OTHER: &str = "ami-0f4e3d2c1b0a99887";

fn entry(image: &str, account: &str, count: i64) -> Value {
    json!({
        "ResourceType": "ec2:Instance",
        "ReportId": "amiur-1",
        "UsageCount": count,
        "AccountId": account,
        "ImageId": image,
        "ReportCreationTime": "2025-09-29T13:27:12.322Z",
    })
}

/// Two files with these texts.
fn files(texts: [&str; 2]) -> (TempDir, [String; 2]) {
    let directory = tempfile::tempdir().unwrap();
    let paths = ["old", "new"].map(|name| directory.path().join(name).display().to_string());
    for (path, text) in paths.iter().zip(texts) {
        fs::write(path, text).unwrap();
    }
    (directory, paths)
}

fn document(entries: &[Value]) -> String {
    json!({ "ImageUsageReportEntries": entries }).to_string()
}

fn rows(run: &Run) -> Vec<Value> {
    run.json()["ImageUsageChanges"].as_array().unwrap().clone()
}

#[test]
fn a_failed_region_is_an_error_and_the_others_are_compared() {
    let server = Server::asked(reports(), |asked, reply| match asked.region {
        "eu-west-1" => Act::Reply(refusal(403, "AuthFailure", "Not enabled here.")),
        _ => Act::Reply(reply),
    });
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("out");
    let types = "--resource-types ec2:Instance";
    let line = format!("diff --region us-east-1,eu-west-1 {types} --image-ids {IMAGE}");
    let run = server.words(&line).ends(254);
    let run = run
        .says("1 of 2 Regions failed")
        .says("other Regions: 2 differences");
    let regions: Vec<_> = rows(&run).iter().map(|row| row["Region"].clone()).collect();
    assert_eq!(regions, ["us-east-1"; 2]);
    let to_file = format!("{line} --out-file {}", path.display());
    server.words(&to_file).ends(254).silent();
    assert!(!path.exists());

    let line = format!("diff --region eu-west-1,eu-west-2 {types} --image-ids {IMAGE}");
    let server = Server::asked(reports(), |_, _| {
        Act::Reply(refusal(403, "AuthFailure", "Not enabled here."))
    });
    let run = server.words(&line).ends(254).says("2 of 2 Regions failed");
    run.silent();
}

#[test]
fn differences_are_listed_and_decide_the_exit_status() {
    let old = [
        entry(IMAGE, "001100110011", 1),
        entry(IMAGE, "111111111111", 2),
        entry(IMAGE, "222222222222", 3),
    ];
    let new = [
        entry(IMAGE, "222222222222", 3),
        entry(IMAGE, "001100110011", 5),
        entry(IMAGE, "333333333333", 4),
        entry(IMAGE, "444444444444", 0),
    ];
    let (_directory, [old, new]) = files([&document(&old), &document(&new)]);
    let run = amiusage(["diff", &old, &new, "-o", "csv"]).ends(1);
    assert_eq!(
        run.stdout,
        "ImageId,AccountId,ResourceType,Change,OldUsageCount,NewUsageCount,Difference\n\
         ami-0abcdef1234567890,001100110011,ec2:Instance,changed,1,5,4\n\
         ami-0abcdef1234567890,111111111111,ec2:Instance,gone,2,0,-2\n\
         ami-0abcdef1234567890,333333333333,ec2:Instance,appeared,0,4,4\n"
    );
    assert!(
        run.stderr
            .ends_with("3 differences: 1 appeared, 1 gone, 1 changed\n")
    );
    let run = amiusage(["diff", &old, &new, "--all", "-o", "json"]).ends(1);
    assert_eq!(rows(&run).len(), 4);
    assert_eq!(rows(&run)[2]["Change"], "unchanged");

    let run = amiusage(["diff", &old, &old, "-o", "json", "--quiet"]).succeeds();
    assert!(rows(&run).is_empty());
    assert_eq!(run.stderr, "");
    let run = amiusage([
        "diff",
        &old,
        &new,
        "--error-format",
        "json",
        "--notes",
        "never",
    ])
    .ends(1);
    let summary: Value = serde_json::from_str(&run.stderr).unwrap();
    assert_eq!(
        summary,
        json!({"Status": 1, "Message": "3 differences: 1 appeared, 1 gone, 1 changed", "Appeared": 1, "Gone": 1,
            "Changed": 1, "Unchanged": 1, "NotCompared": 0})
    );
}

#[test]
fn a_table_of_80_columns_has_numbers() {
    let (_directory, [old, new]) = files([
        &document(&[entry(IMAGE, "001100110011", 1)]),
        &document(&[entry(IMAGE, "001100110011", 3)]),
    ]);
    let run = amiusage(["diff", &old, &new, "-o", "table"])
        .env("COLUMNS", "80")
        .ends(1);
    assert_eq!(
        run.stdout,
        "ImageId: ami-0abcdef1234567890\n\
         AccountId     ResourceType                  Change     NewUsageCount  Difference\n\
         001100110011  ec2:Instance                  changed                3           2\n"
    );
}

#[test]
fn names_of_accounts_are_added() {
    let (directory, [old, new]) = files([
        &document(&[entry(IMAGE, "001100110011", 1)]),
        &document(&[entry(IMAGE, "001100110011", 2)]),
    ]);
    let names = directory.path().join("names.csv");
    fs::write(&names, "AccountId,Name\n001100110011,prod\n").unwrap();
    let names = names.to_str().unwrap();
    let run = amiusage(["diff", &old, &new, "-o", "json", "--account-names", names]).ends(1);
    assert_eq!(rows(&run)[0]["AccountName"], "prod");
}

#[test]
fn an_image_of_one_file_only_is_named() {
    let (_directory, [old, new]) = files([
        &document(&[entry(IMAGE, "001100110011", 1)]),
        &document(&[entry(OTHER, "001100110011", 2)]),
    ]);
    let run = amiusage(["diff", &old, &new, "--notes", "never"]).ends(1);
    for (side, image) in [("NEW", IMAGE), ("OLD", OTHER)] {
        let note =
            format!("{side} has no entry of {image}: the image had no use, or was not listed");
        assert!(run.stderr.contains(&note), "{run:#?}");
    }
}

#[test]
fn incomplete_and_invalid_files_are_errors() {
    let good = document(&[entry(IMAGE, "001100110011", 1)]);
    let with_token = good.replace("]}", "], \"NextToken\": \"t\"}");
    for (bad, message) in [
        (
            with_token.as_str(),
            "the list is incomplete, as it has a NextToken",
        ),
        (&good[..good.len() - 1], "EOF while parsing"),
        (&good[..good.len() - 30], "EOF while parsing"),
        ("", "EOF while parsing"),
        ("{}", "missing field `ImageUsageReportEntries`"),
        ("ImageId,AccountId\n", "expected JSON or NDJSON"),
        ("{\"ImageId\": \"ami-1\"}\n", "missing field `ReportId`"),
        (
            &document(&[json!({"ImageId": "ami-1"})]),
            "missing field `ReportId`",
        ),
    ] {
        let (_directory, [old, new]) = files([&good, bad]);
        for sides in [[&old, &new], [&new, &old]] {
            let run = amiusage(["diff", sides[0], sides[1]]).ends(255);
            assert!(run.stderr.contains(message), "{bad}: {run:#?}");
            assert_eq!(run.stdout, "");
        }
    }
    amiusage(["diff", "missing", "missing"]).ends(255);
    for line in [
        "diff",
        "diff a",
        "diff a b c",
        "diff a b --image-ids ami-1",
        "diff a b -r x,y",
    ] {
        words(line).ends(252);
    }
}

#[test]
fn a_pipe_is_read_like_a_file() {
    let old = document(&[entry(IMAGE, "001100110011", 1)]);
    let new = document(&[entry(IMAGE, "001100110011", 3)]);
    let (_directory, [_, new]) = files(["", &new]);
    let run = amiusage(["diff", "/dev/stdin", &new, "-o", "json"])
        .stdin(old)
        .ends(1);
    assert_eq!(rows(&run)[0]["Difference"], 2);
}

/// The state of an account with these reports: ID, image, creation day, types and entries.
type SavedReport<'a> = (&'a str, &'a str, u32, &'a [&'a str], &'a [(&'a str, i64)]);

fn state(reports: &[SavedReport<'_>]) -> State {
    let time = |day: u32| format!("2025-10-{day:02}T00:00:00.000Z");
    let list = reports.iter().map(|(id, image, day, types, _)| {
        let types: Vec<_> = types
            .iter()
            .map(|name| json!({ "ResourceType": name }))
            .collect();
        json!({"ReportId": id, "ImageId": image, "State": "available", "CreationTime": time(*day),
            "ResourceTypes": types, "AccountIds": []})
    });
    let entries = reports.iter().flat_map(|(id, image, day, _, entries)| {
        entries.iter().map(move |(account, count)| {
            json!({"ReportId": id, "ImageId": image, "AccountId": account, "UsageCount": count,
                "ResourceType": "ec2:Instance", "ReportCreationTime": time(*day)})
        })
    });
    let document = json!({
        "ImageUsageReports": list.collect::<Vec<_>>(),
        "ImageUsageReportEntries": entries.collect::<Vec<_>>(),
    });
    State::from_json(&document.to_string()).unwrap()
}

const INSTANCES: &[&str] = &["ec2:Instance"];
const BOTH: &[&str] = &["ec2:Instance", "ec2:LaunchTemplate"];

/// Three reports of one image, and one of another.
fn reports() -> State {
    state(&[
        ("amiur-a", IMAGE, 1, INSTANCES, &[("001100110011", 9)]),
        (
            "amiur-b",
            IMAGE,
            2,
            INSTANCES,
            &[("001100110011", 1), ("111111111111", 2)],
        ),
        ("amiur-c", IMAGE, 3, BOTH, &[("001100110011", 5)]),
        ("amiur-d", IMAGE, 4, INSTANCES, &[("001100110011", 3)]),
        ("amiur-e", OTHER, 1, INSTANCES, &[("001100110011", 3)]),
    ])
}

#[test]
fn reports_are_compared_by_id() {
    let server = Server::of(reports());
    let run = server.words("diff amiur-b amiur-d -o json").ends(1);
    let rows = rows(&run);
    assert_eq!(rows.len(), 2);
    assert_eq!(
        (&rows[0]["Difference"], &rows[0]["Change"]),
        (&json!(2), &json!("changed"))
    );
    assert_eq!(
        (&rows[1]["Difference"], &rows[1]["Change"]),
        (&json!(-2), &json!("gone"))
    );

    for (line, message) in [
        (
            "diff amiur-b amiur-c",
            "cover different things: ec2:Instance in all accounts, and ec2:Instance, ec2:LaunchTemplate (20 versions)",
        ),
        (
            "diff amiur-b amiur-e",
            "the reports are of different images",
        ),
        (
            "diff amiur-b amiur-00000000000000000",
            "report amiur-00000000000000000 does not exist",
        ),
    ] {
        let run = server.words(line).ends(255);
        assert!(run.stderr.contains(message), "{run:#?}");
        assert_eq!(run.stdout, "");
    }
    let pending = words("diff --offline amiur-11111111111111111 amiur-0f0e0d0c0b0a09080").ends(255);
    assert!(
        pending.stderr.contains("its state is pending"),
        "{pending:#?}"
    );

    // A file is compared with a report of one of its images.
    let saved = document(&[
        entry(IMAGE, "001100110011", 2),
        entry(OTHER, "001100110011", 2),
    ]);
    let (_directory, [saved, _]) = files([&saved, ""]);
    let run = server
        .amiusage(["diff", &saved, "amiur-d", "-o", "json"])
        .ends(1);
    assert_eq!(self::rows(&run).len(), 1);
    assert_eq!(self::rows(&run)[0]["Difference"], 1);
}

#[test]
fn the_two_newest_reports_of_one_scope_are_compared() {
    let server = Server::of(reports());
    let line = format!("diff --image-ids {IMAGE} --resource-types ec2:Instance -o json");
    let run = server.words(&line).ends(1);
    // The newest is amiur-d; amiur-c has another scope.
    let differences: Vec<_> = rows(&run)
        .iter()
        .map(|row| row["Difference"].clone())
        .collect();
    assert_eq!(differences, [2, -2]);
}

#[test]
fn images_without_two_reports_are_not_compared() {
    let server = Server::of(reports());
    let line = format!(
        "diff --image-ids {IMAGE},{OTHER},ami-1a2b3c4d --resource-types ec2:Instance -o json"
    );
    let run = server.words(&line).ends(2);
    assert_eq!(rows(&run).len(), 2);
    for note in [
        "ami-0f4e3d2c1b0a99887 is not compared: only one available report covers what is compared",
        "ami-1a2b3c4d is not compared: no available report covers what is compared",
        "2 differences: 1 gone, 1 changed; 2 not compared",
    ] {
        assert!(run.stderr.contains(note), "{run:#?}");
    }
    let run = server.words(&format!("diff --image-ids {IMAGE}")).ends(2);
    assert!(
        run.stderr.contains("no available report covers"),
        "{run:#?}"
    );
}

#[test]
fn several_regions_have_a_column() {
    let server = Server::of(reports());
    let line = format!(
        "diff --image-ids {IMAGE} --resource-types ec2:Instance -r us-east-1,eu-west-1 -o json"
    );
    let run = server.words(&line).ends(1);
    let regions: Vec<_> = rows(&run).iter().map(|row| row["Region"].clone()).collect();
    assert_eq!(
        regions,
        ["eu-west-1", "eu-west-1", "us-east-1", "us-east-1"]
    );
}

#[test]
fn faults_do_not_change_the_difference() {
    let line = format!("diff --image-ids {IMAGE} --resource-types ec2:Instance -o json");
    let expected = Server::of(reports()).words(&line).ends(1).stdout;
    let server = Server::new(reports(), |number, reply| match number % 3 {
        1 => Act::Hang,
        2 => Act::Cut(reply, 40),
        _ => Act::Reply(reply),
    });
    assert_eq!(server.words(&line).ends(1).stdout, expected);
    // A failed request is never a difference.
    let server = Server::new(reports(), |number, reply| match number {
        1 => Act::Reply(reply),
        _ => Act::Cut(reply, 40),
    });
    let run = server.words(&format!("{line} --max-attempts 1")).ends(255);
    assert_eq!(run.stdout, "");
}

/// A random document: its text, and whether its entries are sorted.
fn any_document() -> impl Strategy<Value = (Vec<Value>, u8, bool)> {
    let entry = (0..3_u8, 0..3_u8, 0..4_u8, 0..2_u8, 0..4_i64).prop_map(
        |(image, report, account, resource_type, count)| {
            json!({
                "ImageId": format!("ami-{image}"),
                "ReportId": format!("amiur-{image}{report}"),
                "AccountId": format!("{account:012}"),
                "ResourceType": format!("type:{resource_type}"),
                "UsageCount": count,
                // Two of the three reports of an image have the same time.
                "ReportCreationTime": format!("2025-10-{:02}T00:00:00.000Z", report.max(1)),
            })
        },
    );
    (prop::collection::vec(entry, 0..40), 0..3_u8, any::<bool>())
}

/// The counts by image, account and resource type, of the newest report of each image.
fn model(entries: &[Value]) -> BTreeMap<[String; 3], i64> {
    let text = |entry: &Value, name: &str| entry[name].as_str().unwrap().to_owned();
    let report = |entry: &Value| (text(entry, "ReportCreationTime"), text(entry, "ReportId"));
    let mut newest = BTreeMap::new();
    for entry in entries {
        let known = newest
            .entry(text(entry, "ImageId"))
            .or_insert_with(|| report(entry));
        *known = report(entry).max(known.clone());
    }
    let mut counts = BTreeMap::new();
    for entry in entries {
        if newest[&text(entry, "ImageId")] == report(entry) {
            let key = ["ImageId", "AccountId", "ResourceType"].map(|name| text(entry, name));
            *counts.entry(key).or_default() += entry["UsageCount"].as_i64().unwrap();
        }
    }
    counts
}

/// Writes a document in one of the forms.
fn save(directory: &TempDir, name: &str, entries: &[Value], form: u8) -> PathBuf {
    let document = json!({ "ImageUsageReportEntries": entries });
    let text = match form {
        0 => document.to_string(),
        1 => serde_json::to_string_pretty(&document).unwrap(),
        // No line would be no NDJSON.
        _ if entries.is_empty() => document.to_string(),
        _ => entries.iter().map(|entry| format!("{entry}\n")).collect(),
    };
    let path = directory.path().join(name);
    fs::write(&path, text).unwrap();
    path
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(200) })]

    #[test]
    fn differences_of_documents_are_those_of_their_sums(old in any_document(), new in any_document()) {
        let directory = tempfile::tempdir().unwrap();
        let open = |name, (entries, form, is_sorted): &(Vec<Value>, u8, bool)| {
            let mut entries = entries.clone();
            if *is_sorted {
                let key = |entry: &Value| ["ImageId", "AccountId", "ResourceType"].map(|name| entry[name].to_string());
                entries.sort_by_key(key);
            }
            let path = save(&directory, name, &entries, *form);
            Document::open(&path).unwrap().into_uses().unwrap()
        };
        let rows = compare(open("old", &old), open("new", &new)).map(Result::unwrap);
        let found: Vec<_> = rows
            .map(|row| ([row.image_id, row.account_id, row.resource_type], row.old_usage_count, row.new_usage_count, row.difference))
            .collect();
        let (old, new) = (model(&old.0), model(&new.0));
        let keys: BTreeSet<_> = old.keys().chain(new.keys()).cloned().collect();
        let count = |side: &BTreeMap<[String; 3], i64>, key: &[String; 3]| side.get(key).copied().unwrap_or_default();
        let expected: Vec<_> = keys
            .into_iter()
            .map(|key| (key.clone(), count(&old, &key), count(&new, &key), count(&new, &key) - count(&old, &key)))
            .filter(|(_, old, new, _)| (*old, *new) != (0, 0))
            .collect();
        prop_assert_eq!(found, expected);
    }
}

#[test]
fn sorted_files_are_streamed() {
    let directory = tempfile::tempdir().unwrap();
    let opened_and_cut = |accounts: Vec<usize>| {
        let entries = accounts
            .into_iter()
            .map(|number| entry(IMAGE, &format!("{number:012}"), 1));
        let entries: Vec<_> = entries.collect();
        let path = save(&directory, "document", &entries, 0);
        let document = Document::open(&path).unwrap();
        let file = fs::File::options().write(true).open(&path).unwrap();
        file.set_len(file.metadata().unwrap().len() - 100).unwrap();
        document.into_uses()
    };
    // The error at the end is found after the other entries were returned.
    let uses: Vec<_> = opened_and_cut((0..5000).collect()).unwrap().collect();
    assert!(uses.len() > 4900);
    let (last, others) = uses.split_last().unwrap();
    assert!(others.iter().all(Result::is_ok) && last.is_err());
    // Others are sorted in memory first.
    assert!(opened_and_cut((0..5000).rev().collect()).is_err());
}
