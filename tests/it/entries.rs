//! `amiusage entries`: its requests and its output.

use std::fs;
use std::path::Path;

use amiusage::emulator::State;
use snapbox::data::DataFormat;
use snapbox::{Data, assert_data_eq};

use crate::support::{
    Act, Ends, IMAGE, Run, Server, amiusage, evenly, numbered, page, refusal, words,
};

/// The requests of `amiusage entries` with these arguments.
#[track_caller]
fn asked(arguments: &[&str]) -> Vec<String> {
    let server = Server::sample();
    server
        .amiusage(["entries"].iter().chain(arguments))
        .succeeds();
    server.requests()
}

#[test]
fn flags_are_sent_as_parameters() {
    for (line, parameters) in [
        ("", ""),
        ("--image-ids ami-11111111", "ImageId.1=ami-11111111"),
        ("--report-ids amiur-11111111", "ReportId.1=amiur-11111111"),
        (
            "--image-ids ami-11111111 --report-ids amiur-11111111",
            "ImageId.1=ami-11111111&ReportId.1=amiur-11111111",
        ),
        (
            "--filter Name=account-id,Values=1,2",
            "Filter.1.Name=account-id&Filter.1.Value.1=1&Filter.1.Value.2=2",
        ),
        (
            "--account-ids 001100110011 2",
            "Filter.1.Name=account-id&Filter.1.Value.1=001100110011&Filter.1.Value.2=2",
        ),
        (
            "--resource-types ec2:Instance",
            "Filter.1.Name=resource-type&Filter.1.Value.1=ec2:Instance",
        ),
        (
            "--created 2025-11-29T*",
            "Filter.1.Name=creation-time&Filter.1.Value.1=2025-11-29T*",
        ),
        ("--page-size 5", "MaxResults=5"),
        ("--max-items 5", ""),
    ] {
        let arguments: Vec<_> = line.split_whitespace().collect();
        assert_eq!(asked(&arguments)[0], parameters, "{line}");
    }
}

#[test]
fn lists_are_split_and_deduplicated() {
    let both = ["ImageId.1=ami-11111111", "ImageId.1=ami-22222222"];
    for arguments in [
        &["--image-ids", "ami-22222222", "ami-11111111"][..],
        &["--image-ids", "ami-22222222,ami-11111111"],
        &["--image-ids", "ami-22222222, ami-11111111"],
        &["--image-ids", "ami-22222222\tami-11111111\n"],
        &["--image-ids=ami-22222222", "--image-ids=ami-11111111"],
        &["--image-ids", r#"["ami-22222222", "ami-11111111"]"#],
        &[
            "--image-ids",
            "ami-22222222,ami-11111111,ami-22222222",
            "ami-11111111",
        ],
    ] {
        assert_eq!(sorted(&asked(arguments)), both, "{arguments:?}");
    }
}

#[test]
fn lists_are_read_from_files_and_stdin() {
    const TEXT: &str = "ami-22222222 # golden image\n# retired:\n\nami-11111111,\n";
    let both = ["ImageId.1=ami-11111111", "ImageId.1=ami-22222222"];
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("ids");
    fs::write(&path, TEXT).unwrap();
    let path = path.to_str().unwrap();
    for list in [format!("@{path}"), format!("file://{path}")] {
        assert_eq!(sorted(&asked(&["--image-ids", &list])), both, "{list}");
    }

    let server = Server::sample();
    server
        .words("entries --image-ids @-")
        .stdin(TEXT)
        .succeeds();
    assert_eq!(sorted(&server.requests()), both);
}

#[test]
fn ids_are_sent_in_batches() {
    let ids: Vec<_> = (0..401)
        .rev()
        .map(|number| format!("ami-{number:017x}"))
        .collect();
    let server = Server::sample();
    server
        .words("entries --image-ids @- ami-00000000000000000 --created 2025*")
        .stdin(ids.join("\n"))
        .succeeds();
    let expected: Vec<String> = evenly(&ids)
        .map(|batch| {
            let filter = "Filter.1.Name=creation-time&Filter.1.Value.1=2025*";
            let ids = (batch.iter().enumerate())
                .map(|(index, id)| format!("ImageId.{}={id}", index + 1))
                .collect::<Vec<_>>()
                .join("&");
            format!("{ids}&{filter}")
        })
        .collect();
    assert_eq!(sorted(&server.requests()), sorted(&expected));
}

/// Requests and their parameters, sorted: batches are concurrent.
fn sorted<S: AsRef<str>>(requests: &[S]) -> Vec<String> {
    let mut requests: Vec<_> = (requests.iter())
        .map(|request| {
            let mut parameters: Vec<_> = request.as_ref().split('&').collect();
            parameters.sort_unstable();
            parameters.join("&")
        })
        .collect();
    requests.sort_unstable();
    requests
}

#[test]
fn filters_are_shorthand_or_json() {
    let two = "Filter.1.Name=account-id&Filter.1.Value.1=1&Filter.1.Value.2=2&\
               Filter.2.Name=resource-type&Filter.2.Value.1=ec2:Instance";
    for arguments in [
        &[
            "--filter",
            "Name=account-id,Values=1,2",
            "--filter",
            "Name=resource-type,Values=ec2:Instance",
        ][..],
        &[
            "--filters",
            "Name=account-id,Values=[1,2]",
            "Name=resource-type,Values='ec2:Instance'",
        ],
        &[
            "--filter",
            "Values=1,\"2\",\nName=account-id",
            r#"{"Name": "resource-type", "Values": ["ec2:Instance"]}"#,
        ],
        &[
            "--filter",
            r#"[{"Name": "account-id", "Values": ["1", "2"]},
                {"Values": ["ec2:Instance"], "Name": "resource-type"}]"#,
        ],
        &[
            "--resource-types",
            "ec2:Instance",
            "--filter",
            "Name=account-id,Values=1,2",
        ],
        &["--account-ids", "1,2", "--resource-types", "ec2:Instance"],
    ] {
        assert_eq!(asked(arguments), [two], "{arguments:?}");
    }
}

#[test]
fn the_names_of_the_aws_cli_and_abbreviations_work() {
    let server = Server::sample();
    server
        .words(
            "describe-image-usage-report-entries --image-id ami-11111111 --report-id amiur-11111111 \
             --filters Name=account-id,Values=1 Name=account-id,Values=2 --max-i 3 --page 7",
        )
        .succeeds();
    assert_eq!(
        sorted(&server.requests()),
        sorted(&[
            "ImageId.1=ami-11111111&ReportId.1=amiur-11111111&Filter.1.Name=account-id&Filter.1.Value.1=1&\
             Filter.2.Name=account-id&Filter.2.Value.1=2&MaxResults=7"
        ])
    );
}

#[test]
fn filters_select_entries() {
    for (line, rows) in [
        ("", 21),
        ("--account-ids 001100110011", 3),
        (
            "--account-ids 001100110011 --resource-types ec2:LaunchTemplate",
            1,
        ),
        ("--account-ids 001100110011 123412341234", 6),
        ("--created 2025-10-20T*", 16),
        (
            "--created 2025-10-20T* --image-ids ami-0fedcba9876543210",
            7,
        ),
        ("--report-ids amiur-22222222222222222", 1),
        ("--resource-types ec2:instance", 0),
        ("--resource-types imagebuilder:ImageRecipe", 1),
        (
            "--resource-types imagebuilder:ImageRecipe,imagebuilder:ContainerRecipe",
            2,
        ),
    ] {
        let run = words(&format!("entries --offline --output ndjson {line}")).succeeds();
        assert_eq!(run.counts().len(), rows, "{line}");
    }
}

#[test]
fn the_user_agent_names_the_program() {
    let server = Server::sample();
    server.words("entries").succeeds();
    let head = server.heads()[0].to_ascii_lowercase();
    assert!(head.starts_with("post / http/1.1"), "{head}");
    assert!(head.contains("app/amiusage"), "{head}");
}

#[test]
fn all_pages_are_read_whatever_their_size() {
    let whole = words("entries --offline").succeeds().stdout;
    let server = Server::sample();
    let run = server.words("entries --page-size 7").succeeds();
    assert_eq!(run.stdout, whole);
    assert_eq!(run.stderr, "");
    let requests = server.requests();
    assert_eq!(requests.len(), 3);
    assert!(requests.iter().all(|form| form.contains("MaxResults=7")));
    assert!(requests[1].contains("NextToken="));
}

#[test]
fn empty_pages_do_not_end_the_listing() {
    let server = Server::new(State::sample(), |number, _| {
        Act::Reply(match number {
            1 => page(0..0, Some("a")),
            2 => page(0..2, Some("b")),
            3 => page(0..0, Some("c")),
            _ => page(2..3, None),
        })
    });
    let run = server.words("entries").succeeds();
    assert_eq!(run.counts(), [0, 1, 2]);
    assert_eq!(
        server.requests(),
        ["", "NextToken=a", "NextToken=b", "NextToken=c"]
    );
}

#[test]
fn an_empty_token_ends_the_listing() {
    let run = Server::says(page(0..2, Some("")))
        .words("entries")
        .succeeds();
    assert_eq!(run.counts(), [0, 1]);
}

#[test]
fn no_paginate_sends_one_request_and_prints_the_service_token() {
    let server = Server::of(numbered(5));
    let run = server
        .words("entries --no-paginate --page-size 2")
        .succeeds();
    assert_eq!(run.counts(), [0, 1]);
    assert_eq!(server.requests(), ["MaxResults=2"]);
    let token = run.token().unwrap();
    assert_eq!(run.json()["NextToken"], token.as_str());

    let server = Server::of(numbered(5));
    let run = server
        .words(&format!("entries --no-paginate --starting-token {token}"))
        .succeeds();
    assert_eq!(run.counts(), [2, 3, 4]);
    assert_eq!(server.requests(), [format!("NextToken={token}")]);
    assert_eq!(run.stderr, "");
}

#[test]
fn a_dry_run_that_would_succeed_exits_0() {
    let server = Server::sample();
    server
        .words("entries --dry-run --image-ids ami-11111111")
        .succeeds()
        .silent()
        .says("would have succeeded");
    assert_eq!(
        sorted(&server.requests()),
        ["DryRun=true&ImageId.1=ami-11111111"]
    );
    let run = words("entries --offline --dry-run --quiet")
        .succeeds()
        .silent();
    assert_eq!(run.stderr, "");
}

#[test]
fn a_dry_run_that_would_fail_is_an_error() {
    Server::says(refusal(403, "UnauthorizedOperation", "You may not."))
        .words("entries --dry-run")
        .ends(254)
        .silent()
        .says("UnauthorizedOperation");
    Server::says(page(0..3, None))
        .words("entries --dry-run")
        .ends(255)
        .silent()
        .says("dry run");
}

#[test]
fn no_entries_give_an_empty_list_and_a_note() {
    for (output, stdout) in [
        ("json", "{\"ImageUsageReportEntries\": []}\n"),
        ("ndjson", ""),
        (
            "csv",
            "ResourceType,ReportId,UsageCount,AccountId,ImageId,ReportCreationTime\n",
        ),
        ("text", ""),
    ] {
        // Its report is pending.
        let line = format!("entries --offline --image-ids ami-09d8c7b6a5f4e3d21 --output {output}");
        let run = words(&line).succeeds().says("note: ").says("pending");
        assert_eq!(run.stdout, stdout);
        let quiet = words(&format!("{line} --quiet")).succeeds();
        assert_eq!((quiet.stdout.as_str(), quiet.stderr.as_str()), (stdout, ""));
    }
    words("entries --offline --account-ids 999999999999")
        .succeeds()
        .says("note: ")
        .says("filter");
}

#[test]
fn quiet_keeps_the_resume_token() {
    let run = words("entries --offline --max-items 2 --quiet").succeeds();
    assert!(run.token().is_some());
}

#[test]
fn the_default_format_without_a_terminal_is_json() {
    let json = words("entries --offline").succeeds();
    assert_eq!(
        json.json()["ImageUsageReportEntries"]
            .as_array()
            .unwrap()
            .len(),
        21
    );
    assert_eq!(
        words("entries --offline --output auto").succeeds().stdout,
        json.stdout
    );

    let csv = words("entries --offline")
        .env("AMIUSAGE_OUTPUT", "csv")
        .succeeds();
    assert_eq!(
        csv.stdout,
        words("entries --offline --output csv").succeeds().stdout
    );
    let flag = words("entries --offline --output json")
        .env("AMIUSAGE_OUTPUT", "csv")
        .succeeds();
    assert_eq!(flag.stdout, json.stdout);
    words("entries --offline")
        .env("AMIUSAGE_OUTPUT", "xml")
        .ends(252)
        .says("xml");
}

/// Compares with a file in `golden/`, or writes that with `SNAPSHOTS=overwrite`.
#[track_caller]
fn matches(golden: &str, stdout: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/it/golden")
        .join(golden);
    let expected = Data::read_from(&path, Some(DataFormat::Text)).raw();
    assert_data_eq!(stdout.to_owned(), expected);
}

#[test]
fn formats_equal_their_golden_files() {
    for output in ["table", "json", "ndjson", "csv", "tsv", "text", "markdown"] {
        let line = format!("entries --offline --image-ids {IMAGE} ami-1a2b3c4d --output {output}");
        let run = words(&line).env("LANG", "C.UTF-8").succeeds();
        matches(&format!("entries.{output}"), &run.stdout);
        assert_eq!(run.stderr, "");
    }
}

#[test]
fn output_does_not_depend_on_the_page_size() {
    for output in ["table", "json", "ndjson", "csv", "tsv", "text", "markdown"] {
        let line = format!("entries --offline --output {output}");
        let whole = words(&line).succeeds().stdout;
        let paged = words(&format!("{line} --page-size 3")).succeeds().stdout;
        assert_eq!(paged, whole, "{output}");
    }
}

#[test]
fn a_table_is_ascii_in_the_c_locale() {
    let run = words("entries --offline --output table")
        .env("LC_ALL", "C")
        .succeeds();
    assert!(run.stdout.is_ascii());
    let run = words("entries --offline --output table --color always").succeeds();
    assert!(run.stdout.contains("\u{1b}["));
}

#[test]
fn limited_output_ends_with_its_token_in_json_and_text() {
    let run = words("entries --offline --max-items 2 --output json").succeeds();
    assert_eq!(run.json()["NextToken"], run.token().unwrap().as_str());
    let run = words("entries --offline --max-items 2 --output text").succeeds();
    assert_eq!(
        run.stdout.lines().last(),
        Some(format!("NEXTTOKEN\t{}", run.token().unwrap()).as_str())
    );
    let run = words("entries --offline --max-items 2 --output csv").succeeds();
    assert_eq!(run.stdout.lines().count(), 3);
    assert!(run.token().is_some());
    // All rows: no token.
    let run = words("entries --offline --max-items 21").succeeds();
    assert_eq!((run.counts().len(), run.token()), (21, None));
}

#[test]
fn columns_are_selected_and_ordered() {
    for (output, expected) in [
        ("csv", "AccountId,UsageCount\n001100110011,7\n"),
        ("text", "IMAGEUSAGEREPORTENTRIES\t001100110011\t7\n"),
        (
            "json",
            "{\"ImageUsageReportEntries\": [\n{\"AccountId\":\"001100110011\",\"UsageCount\":7}\n]}\n",
        ),
        (
            "markdown",
            "| AccountId | UsageCount |\n| --- | ---: |\n| 001100110011 | 7 |\n",
        ),
    ] {
        for columns in ["AccountId,UsageCount", "AccountId UsageCount"] {
            let line = format!(
                "entries --offline --report-ids amiur-22222222222222222 --output {output} --columns {columns}"
            );
            assert_eq!(words(&line).succeeds().stdout, expected);
        }
    }
    words("entries --offline --columns Account")
        .ends(252)
        .silent()
        .says("AccountId");
}

#[test]
fn a_query_applies_to_the_document() {
    let query = |output: &str, expression: &str| {
        let line = [
            "entries",
            "--offline",
            "--page-size",
            "2",
            "--image-ids",
            IMAGE,
        ];
        amiusage(
            line.iter()
                .chain(&["--output", output, "--query", expression]),
        )
        .succeeds()
    };
    let sum = "sum(ImageUsageReportEntries[].UsageCount)";
    assert_eq!(query("json", sum).stdout, "26\n");
    assert_eq!(query("text", sum).stdout, "26\n");
    assert_eq!(
        query("text", "ImageUsageReportEntries[].[AccountId,UsageCount]").stdout,
        "123412341234\t15\n123412341234\t4\n001100110011\t7\n"
    );
    let run = query(
        "json",
        "ImageUsageReportEntries[?UsageCount > `5`].{Account: AccountId, N: UsageCount}",
    );
    assert_eq!(
        run.json(),
        serde_json::json!([{"Account": "123412341234", "N": 15}, {"Account": "001100110011", "N": 7}])
    );
    let run = query("table", "ImageUsageReportEntries[].AccountId");
    assert!(run.stdout.contains("001100110011"));
}

#[test]
fn an_out_file_appears_when_the_output_is_complete() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("answer.csv");
    let name = path.to_str().unwrap();
    words(&format!("entries --offline --output csv --out-file {name}"))
        .succeeds()
        .silent();
    let stdout = words("entries --offline --output csv").succeeds().stdout;
    assert_eq!(fs::read_to_string(&path).unwrap(), stdout);
}

#[test]
fn an_out_file_is_unchanged_when_the_output_is_incomplete() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("answer");
    let name = path.to_str().unwrap();
    let fails = || -> Run {
        Server::new(numbered(9), |number, reply| {
            Act::Reply(match number {
                1 => reply,
                _ => refusal(403, "UnauthorizedOperation", "No more."),
            })
        })
        .words(&format!("entries --page-size 5 --out-file {name}"))
        .ends(254)
        .silent()
        .says(name)
        .says("UnauthorizedOperation")
    };
    fails();
    assert_eq!(fs::read_dir(&directory).unwrap().count(), 0);

    fs::write(&path, "as it was").unwrap();
    // The file was not written, so there is no token.
    assert_eq!(fails().token(), None);
    assert_eq!(fs::read_to_string(&path).unwrap(), "as it was");
    assert_eq!(fs::read_dir(&directory).unwrap().count(), 1);
}

#[test]
fn an_impossible_out_file_is_rejected_before_a_request() {
    let server = Server::sample();
    server
        .words("entries --out-file /nonexistent/answer")
        .ends(255)
        .says("/nonexistent/answer");
    assert!(server.requests().is_empty());
}

#[test]
fn offline_reads_saved_output() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("answer.json");
    let saved = words(&format!("entries --offline --image-ids {IMAGE}"))
        .succeeds()
        .stdout;
    fs::write(&path, &saved).unwrap();
    let run = words(&format!("entries --offline={}", path.display())).succeeds();
    assert_eq!(run.stdout, saved);
    words("entries --offline=/nonexistent/answer")
        .ends(252)
        .says("/nonexistent/answer");
}

#[cfg(unix)]
#[test]
fn a_closed_pipe_is_not_an_error() {
    use std::io::{BufRead, BufReader};
    use std::process::Stdio;

    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("many.json");
    // More than the capacity of a pipe.
    let many = Server::of(numbered(3000))
        .words("entries")
        .succeeds()
        .stdout;
    fs::write(&path, many).unwrap();
    for output in ["json", "ndjson", "csv", "table", "markdown", "text"] {
        let offline = format!("--offline={}", path.display());
        let mut child = crate::support::program(["entries", &offline, "--output", output])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        assert!(!line.is_empty());
        let run = Run::of(child.wait_with_output().unwrap(), 0);
        assert_eq!(run.stderr, "", "{output}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_an_error() {
    for output in ["json", "ndjson", "csv", "table", "markdown", "text"] {
        let full = fs::OpenOptions::new()
            .write(true)
            .open("/dev/full")
            .unwrap();
        let output = crate::support::program(["entries", "--offline", "--output", output])
            .stdout(full)
            .output()
            .unwrap();
        Run::of(output, 255).says("No space left").says("hint: ");
    }
}

#[test]
fn the_last_value_of_a_repeated_option_wins() {
    words("entries --offline --output csv --output ndjson --max-items 3 --max-items 1 --quiet --quiet")
        .assert()
        .success()
        .stdout_eq(snapbox::str![[r#"
{"ResourceType":"ec2:Instance","ReportId":"amiur-11111111111111111","UsageCount":15,"AccountId":"123412341234","ImageId":"ami-0abcdef1234567890","ReportCreationTime":"2025-09-29T13:27:12.322Z"}

"#]]);
}
