//! `--account-names`: names beside account IDs, from a file or from AWS Organizations.

use std::fs::{self, File};
use std::time::{Duration, SystemTime};

use amiusage::emulator::State;
use serde_json::{Value, json};

use crate::support::{Act, Ends, IMAGE, Run, Server, reply, words};

const CSV: &str = "AccountId,Name\n001100110011,prod web\n123412341234,prod data\n";

/// A directory with the names in a file, and the path of the file.
fn names_file(text: &str) -> (tempfile::TempDir, String) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("accounts");
    fs::write(&path, text).unwrap();
    let path = path.to_str().unwrap().to_owned();
    (directory, path)
}

fn account_names(run: &Run) -> Vec<Value> {
    let entries = run.json()["ImageUsageReportEntries"].clone();
    let entries = entries.as_array().unwrap().iter();
    entries.map(|entry| entry["AccountName"].clone()).collect()
}

#[test]
fn a_file_names_the_accounts_of_entries() {
    let json = r#"{"Accounts": [{"Id": "001100110011", "Name": "prod web"},
        {"Id": "123412341234", "Name": "prod data"}]}"#;
    for text in [CSV, json] {
        let (_directory, path) = names_file(text);
        let line = format!("entries --offline --image-ids {IMAGE} --account-names {path}");
        let run = words(&format!("{line} --output json")).succeeds();
        assert_eq!(account_names(&run), ["prod data", "prod data", "prod web"]);
        let run = words(&format!("{line} --output csv")).succeeds();
        assert!(run.stdout.starts_with(
            "ResourceType,ReportId,UsageCount,AccountId,AccountName,ImageId,ReportCreationTime\n\
             ec2:Instance,amiur-11111111111111111,15,123412341234,prod data,"
        ));
    }
}

#[test]
fn an_unknown_account_has_no_name() {
    let (_directory, path) = names_file("AccountId,Name\n001100110011,prod web\n");
    let line = format!("entries --offline --image-ids {IMAGE} --account-names {path}");
    let run = words(&format!("{line} --output json")).succeeds();
    assert_eq!(
        account_names(&run),
        [Value::Null, Value::Null, json!("prod web")]
    );
    let columns = words(&format!("{line} --output csv --columns AccountName")).succeeds();
    assert_eq!(columns.stdout, "AccountName\n\"\"\n\"\"\nprod web\n");
}

#[test]
fn reports_and_verdicts_have_names() {
    let (_directory, path) = names_file(CSV);
    let line = format!("reports list --offline --image-ids {IMAGE} --account-names {path}");
    let run = words(&format!("{line} --output json")).succeeds();
    let reports = run.json()["ImageUsageReports"].clone();
    assert_eq!(reports[0]["AccountNames"], json!([]));
    assert_eq!(reports[1]["AccountNames"], json!(["prod web"]));

    let line = format!("check --offline --image-ids {IMAGE} --account-names {path}");
    let run = words(&format!("{line} --output json")).ends(1);
    let used_by = run.json()["ImageVerdicts"][0]["UsedBy"].clone();
    assert_eq!(used_by[0]["AccountId"], "123412341234");
    assert_eq!(used_by[0]["AccountName"], "prod data");
    let run = words(&format!("{line} --output csv --details")).ends(1);
    assert!(
        run.stdout
            .contains("123412341234 (prod data) ec2:Instance 15")
    );
}

#[test]
fn patterns_of_names_select_accounts() {
    let (_directory, path) = names_file(CSV);
    let server = Server::sample();
    for patterns in [&["name:*web"][..], &[r#"["name:prod web"]"#]] {
        let names = [
            "--account-names",
            &path,
            "--output",
            "json",
            "--account-ids",
        ];
        let arguments = ["entries"].iter().chain(&names).chain(patterns);
        let run = server.amiusage(arguments).succeeds();
        assert!(account_names(&run).iter().all(|name| name == "prod web"));
    }
    let run = server
        .amiusage([
            "reports",
            "create",
            "--image-ids",
            IMAGE,
            "--output",
            "json",
            "--account-names",
            &path,
            "--account-ids",
            "name:prod*",
            "999999999999",
        ])
        .succeeds();
    assert!(run.stdout.contains("created"), "{run:#?}");
    let requests = server.requests();
    let filter = "Filter.1.Name=account-id&Filter.1.Value.1=001100110011";
    assert_eq!(requests[..2], [filter, filter]);
    let created = requests.last().unwrap();
    for (number, id) in [
        (1, "001100110011"),
        (2, "123412341234"),
        (3, "999999999999"),
    ] {
        assert!(
            created.contains(&format!("AccountId.{number}={id}")),
            "{created}"
        );
    }
}

#[test]
fn patterns_need_names_that_match() {
    let (_directory, path) = names_file(CSV);
    for (line, message) in [
        (
            "--account-ids name:prod*".to_owned(),
            "`name:prod*` needs the names of accounts",
        ),
        (
            "--filter Name=account-id,Values=name:p".to_owned(),
            "`name:p` needs the names",
        ),
        (
            "--columns AccountName".to_owned(),
            "`AccountName` needs the names of accounts",
        ),
        (
            format!("--account-names {path} --account-ids name:Prod*"),
            "no account has a name that matches `name:Prod*`",
        ),
        (format!("--account-names {path}.missing"), "cannot read"),
        ("--no-cache".to_owned(), "--account-names"),
    ] {
        let run = words(&format!("entries --offline {line}")).ends(252);
        assert!(run.stderr.contains(message), "{run:#?}");
        assert_eq!(run.stdout, "");
    }
    let (_directory, path) = names_file("AccountId,Name\n1100110011,prod\n");
    let run = words(&format!("entries --offline --account-names {path}")).ends(252);
    assert!(
        run.stderr.contains("spreadsheets drop leading zeros"),
        "{run:#?}"
    );
}

/// An organization with this many accounts, and an entry of the last one.
fn organization(accounts: usize) -> State {
    let account =
        |number: usize| json!({"Id": format!("{number:012}"), "Name": format!("n{number}")});
    let document = json!({
        "ImageUsageReportEntries": [
            {"ImageId": IMAGE, "ReportId": "amiur-1", "AccountId": format!("{accounts:012}"), "UsageCount": 1}
        ],
        "Accounts": (1..=accounts).map(account).collect::<Vec<_>>(),
    });
    State::from_json(&document.to_string()).unwrap()
}

#[test]
fn the_names_of_an_organization_are_cached_for_a_day() {
    let server = Server::of(organization(41));
    let cache = tempfile::tempdir().unwrap();
    let run = |options: &str| {
        let line = format!("entries --account-names organizations --output json {options}");
        let run = server
            .words(&line)
            .env("XDG_CACHE_HOME", cache.path())
            .succeeds();
        assert_eq!(account_names(&run), ["n41"]);
        assert_eq!(run.stderr, "");
        server.count("ListAccounts")
    };
    // Pages of 20.
    assert_eq!(run(""), 3);
    assert_eq!(run(""), 3);
    assert_eq!(run("--no-cache"), 6);
    assert_eq!(run(""), 6);

    let directory = cache.path().join("amiusage/accounts");
    let mut files = fs::read_dir(&directory).unwrap();
    let file = files.next().unwrap().unwrap().path();
    assert!(files.next().is_none());
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = |path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&directory), mode(&file)), (0o700, 0o600));
    }
    let yesterday = SystemTime::now() - Duration::from_secs(24 * 60 * 60);
    File::options()
        .write(true)
        .open(&file)
        .unwrap()
        .set_modified(yesterday)
        .unwrap();
    assert_eq!(run(""), 9);
    fs::write(&file, "{").unwrap();
    assert_eq!(run(""), 12);
}

#[test]
fn other_credentials_do_not_share_the_cache() {
    let server = Server::of(organization(1));
    let cache = tempfile::tempdir().unwrap();
    for (key, requests) in [("AKIAONE", 1), ("AKIATWO", 2), ("AKIAONE", 2)] {
        let line = "entries --account-names organizations";
        let command = server.words(line).env("XDG_CACHE_HOME", cache.path());
        command.env("AWS_ACCESS_KEY_ID", key).succeeds();
        assert_eq!(server.count("ListAccounts"), requests);
    }
}

#[test]
fn a_refusal_is_a_note_unless_names_are_required() {
    // Without `Accounts`, the account is not in an organization.
    let (_directory, path) = names_file(
        r#"{"ImageUsageReportEntries": [
            {"ImageId": "ami-1a2b3c4d", "ReportId": "amiur-1", "AccountId": "001100110011"}]}"#,
    );
    let line = format!("entries --offline={path} --account-names organizations --output json");
    let run = words(&line).succeeds();
    assert_eq!(account_names(&run), [Value::Null]);
    assert_eq!(
        run.stderr,
        "note: accounts have no names: ListAccounts failed: Your account is not a member of an organization. \
         (AWSOrganizationsNotInUseException, request ID 00000000-0000-4000-8000-000000000001)\n"
    );
    let run = words(&format!("{line} --account-ids name:x")).ends(254);
    assert!(
        run.stderr.contains("cannot list the names of accounts"),
        "{run:#?}"
    );
}

#[test]
fn an_incomplete_list_of_accounts_is_an_error() {
    for body in ["", "{", "{}", r#"{"Accounts": [}"#, "<html/>"] {
        let server = Server::asked(organization(1), move |asked, answer| {
            Act::Reply(match asked.form.starts_with('{') {
                true => reply(200, body),
                false => answer,
            })
        });
        let line = "entries --account-names organizations --no-cache --max-attempts 1";
        let run = server.words(line).ends(255);
        assert!(
            run.stderr.contains("cannot list the names of accounts"),
            "{run:#?}"
        );
        assert!(run.stderr.contains("invalid response"), "{run:#?}");
        assert_eq!(run.stdout, "");
    }
}
