//! The page of `--output html`: what it shows, that values are text, and how it behaves in a browser.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant, UNIX_EPOCH};

use amiusage::emulator::State;
use amiusage::entries::Entry;
use amiusage::output::{Format, MAX_PAGE_ROWS, Options, Page, writer};
use aws_smithy_types::DateTime;
use serde_json::Value;

use crate::formats::Sink;
use crate::support::{Act, Ends, Server, numbered, refusal, words};

/// Markup that would run a script, or end the element that it is in.
const HOSTILE: &str = "\"'><img src=x onerror=\"document.title='attacked'\"></td></script><script>document.title='attacked'</script>\u{202e}\u{1b}";

fn page_of(rows: &[Entry], page: Page) -> String {
    let sink = Sink::default();
    let mut writer = writer::<Entry>(Options::new(Format::Html), Box::new(sink.clone()));
    writer.page(None, rows).unwrap();
    writer.describe(page);
    writer.finish(None).unwrap();
    sink.text()
}

fn entry(image: &str, report: u8, kind: &str, account: &str, uses: i64) -> Entry {
    let time = DateTime::from_secs(i64::from(report) * 3600);
    Entry {
        resource_type: Some(kind.to_owned()),
        report_id: Some(format!("amiur-{report}")),
        usage_count: Some(uses),
        account_id: Some(account.to_owned()),
        account_name: None,
        image_id: Some(image.to_owned()),
        report_creation_time: Some(time.into()),
    }
}

fn hostile_page() -> String {
    let mut entry = entry(HOSTILE, 1, HOSTILE, HOSTILE, 7);
    entry.report_id = Some(HOSTILE.to_owned());
    entry.account_name = Some(HOSTILE.to_owned());
    let page = Page {
        title: HOSTILE.to_owned(),
        facts: vec![("Filters", HOSTILE.to_owned())],
        notices: vec![HOSTILE.to_owned()],
        time: None,
    };
    page_of(&[entry], page)
}

/// The bars of a chart: labels and values.
fn bars(page: &str, title: &str) -> BTreeMap<String, i64> {
    let (_, chart) = page
        .split_once(&format!("<caption>{title}</caption>"))
        .unwrap_or_else(|| panic!("no chart {title:?}"));
    let (chart, _) = chart.split_once("</table>").unwrap();
    chart
        .split("<tr>")
        .skip(1)
        .map(|bar| {
            let (_, label) = bar.split_once("row\">").unwrap();
            let (label, _) = label.split_once("</th>").unwrap();
            let (_, value) = bar.rsplit_once("<td>").unwrap();
            let (value, _) = value.split_once("</td>").unwrap();
            (label.to_owned(), value.replace(',', "").parse().unwrap())
        })
        .collect()
}

#[test]
fn pages_without_rows_of_reports_have_the_age_of_their_reports() {
    let summary = words("summary --offline --owned --allow-missing -o html").succeeds();
    let evidence = "<dt>Evidence</dt><dd>reports from 2025-10-20 02:15 to 2025-10-21 02:16 UTC; \
                    the newest is 3 hours old</dd>";
    assert!(summary.stdout.contains(evidence), "{}", summary.stdout);
    let report = "amiur-0a1b2c3d4e5f60718";
    let diff = words(&format!("diff --offline {report} {report} -o html")).succeeds();
    for side in ["Old", "New"] {
        let evidence = format!("<dt>{side} evidence</dt><dd>reports of 2025-10-20 02:15 UTC;");
        assert!(diff.stdout.contains(&evidence), "{}", diff.stdout);
    }
}

#[test]
fn a_page_names_a_failed_region() {
    let server = Server::asked(State::sample(), |asked, reply| match asked.region {
        "eu-west-1" => Act::Reply(refusal(400, "OptInRequired", "Not enabled.")),
        _ => Act::Reply(reply),
    });
    for command in ["entries", "summary --owned"] {
        let line = format!("{command} --region us-east-1,eu-west-1 -o html");
        let page = server.words(&line).ends(254).stdout;
        let notice = "Incomplete: rows of the Region eu-west-1 are missing";
        assert!(page.contains(notice), "{command}: {page}");
    }
}

#[test]
fn markup_in_every_field_is_text() {
    let page = hostile_page();
    assert!(!page.contains("<img"));
    assert_eq!(page.matches("<script").count(), 1);
    assert_eq!(page.matches("</script").count(), 1);
    assert!(!page.contains(['\u{202e}', '\u{1b}']));
    let escaped = "&#34;&#39;&#62;&#60;img src=x onerror=&#34;document.title=";
    // The title twice, a fact, a notice, four cells, and three IDs and names of bars.
    assert_eq!(page.matches(escaped).count(), 11);
}

#[test]
fn charts_count_the_newest_report_of_each_image_and_resource_type() {
    let rows = [
        entry("ami-1", 1, "ec2:Instance", "1", 100),
        entry("ami-1", 2, "ec2:Instance", "1", 5),
        entry("ami-1", 2, "ec2:Instance", "2", 1),
        entry("ami-1", 1, "ec2:LaunchTemplate", "1", 30),
        entry("ami-1", 1, "ec2:Instance", "2", 100),
        entry("ami-2", 1, "ec2:Instance", "2", 4),
        entry("ami-3", 1, "ec2:Instance", "3", 0),
    ];
    let page = Page {
        time: Some(UNIX_EPOCH + Duration::from_secs(5 * 3600)),
        ..Page::default()
    };
    let page = page_of(&rows, page);
    let expected = |bars: &[(&str, i64)]| -> BTreeMap<_, _> {
        bars.iter()
            .map(|&(label, value)| (label.to_owned(), value))
            .collect()
    };
    assert_eq!(
        bars(&page, "Uses by account"),
        expected(&[("1", 35), ("2", 5)])
    );
    assert_eq!(
        bars(&page, "Uses by image"),
        expected(&[("ami-1", 36), ("ami-2", 4)])
    );
    assert!(page.contains("Charts count the newest report of each image"));
    assert!(
        page.contains("from 1970-01-01 01:00 to 1970-01-01 02:00 UTC; the newest is 3 hours old")
    );
    assert_eq!(page.matches("<tr><td").count(), rows.len());
}

#[test]
fn charts_agree_with_the_rows_in_json() {
    let line = "check --offline --owned --fail-on none --output";
    let page = words(&format!("{line} html")).succeeds().stdout;
    let rows = words(&format!("{line} json")).succeeds().json();
    let rows = rows["ImageVerdicts"].as_array().unwrap();
    let mut verdicts: BTreeMap<String, i64> = BTreeMap::new();
    let mut accounts: BTreeMap<String, i64> = BTreeMap::new();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    for row in rows {
        *verdicts.entry(text(&row["Verdict"])).or_default() += 1;
        for used in row["UsedBy"].as_array().unwrap() {
            *accounts.entry(text(&used["AccountId"])).or_default() +=
                used["UsageCount"].as_i64().unwrap();
        }
    }
    assert_eq!(bars(&page, "Images by verdict"), verdicts);
    assert_eq!(bars(&page, "Uses by account"), accounts);
}

#[test]
fn a_page_tells_what_was_asked_and_what_it_lacks() {
    let page = words("entries --offline --image-ids ami-0abcdef1234567890 --account-ids 1* --max-items 1 --output html")
        .succeeds()
        .stdout;
    for part in [
        "<dt>Images</dt><dd>ami-0abcdef1234567890</dd>",
        "<dt>Filters</dt><dd>account-id=1*</dd>",
        "<dt>Region</dt><dd>us-east-1</dd>",
        "<dt>Rows</dt><dd>1</dd>",
        "There are more rows",
    ] {
        assert!(page.contains(part), "no {part} in {page}");
    }
}

#[test]
fn an_incomplete_run_writes_no_page() {
    let server = Server::new(numbered(20), |number, reply| match number {
        1 => Act::Reply(reply),
        _ => Act::Hang,
    });
    let line = "entries --page-size 10 --max-attempts 1 --output html";
    let run = server.words(line).ends(255).silent();
    assert_eq!(run.token(), None);
}

fn rows(count: usize) -> Vec<Entry> {
    (0..count)
        .map(|index| {
            let account = format!("{:012}", index % 5000);
            entry(
                &format!("ami-{:017x}", index / 5000),
                1,
                "ec2:Instance",
                &account,
                index as i64,
            )
        })
        .collect()
}

#[test]
fn a_page_has_a_bounded_number_of_rows() {
    let rows = rows(MAX_PAGE_ROWS + 1);
    let page = page_of(&rows, Page::default());
    assert_eq!(page.matches("<tr><td").count(), MAX_PAGE_ROWS);
    assert!(page.contains("the 100,000 rows with the highest numbers, of 100,001"));
    assert!(!page.contains("<td class=\"number\">0</td>"));
    let sum: i64 = bars(&page, "Uses by image").values().sum();
    assert_eq!(sum, (0..=MAX_PAGE_ROWS as i64).sum::<i64>());
}

/// Opens a page in Chromium.
fn chromium(directory: &Path, page: &str, hash: &str, action: &str) -> (String, Duration) {
    let path = directory.join("page.html");
    fs::write(&path, page).unwrap();
    let start = Instant::now();
    let output = Command::new("chromium")
        .args([
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            action,
        ])
        .arg(format!(
            "--user-data-dir={}",
            directory.join("profile").display()
        ))
        .arg(format!("file://{}{hash}", path.display()))
        .current_dir(directory)
        .output()
        .expect("Debian's chromium is installed");
    assert!(output.status.success(), "{output:?}");
    (String::from_utf8(output.stdout).unwrap(), start.elapsed())
}

#[test]
#[ignore = "needs Debian's chromium"]
fn browser_sorts_and_filters_rows() {
    let directory = tempfile::tempdir().unwrap();
    let page = words("entries --offline --output html").succeeds().stdout;
    let cells = |hash: &str, column: usize| -> Vec<String> {
        let (dom, _) = chromium(directory.path(), &page, hash, "--dump-dom");
        let rows = dom.split("<tr><td>").skip(1);
        rows.map(|row| {
            let cell = row.split("</td>").nth(column).unwrap();
            cell.rsplit('>').next().unwrap().to_owned()
        })
        .collect()
    };
    let counts = |hash: &str| -> Vec<i64> {
        cells(hash, 2)
            .iter()
            .map(|cell| cell.parse().unwrap())
            .collect()
    };
    let all = counts("");
    assert_eq!(all.len(), 21);
    let ascending = counts("#sort=UsageCount");
    assert!(
        ascending.is_sorted() && ascending.len() == 21,
        "{ascending:?}"
    );
    let descending = counts("#sort=UsageCount&order=descending");
    assert!(
        descending.iter().rev().is_sorted() && descending[0] == 212,
        "{descending:?}"
    );
    let recipes = cells("#filter=recipe+0c4d", 0);
    assert_eq!(recipes, ["imagebuilder:ContainerRecipe"]);
}

#[test]
#[ignore = "needs Debian's chromium"]
fn browser_runs_no_script_of_a_value() {
    let directory = tempfile::tempdir().unwrap();
    let (dom, _) = chromium(directory.path(), &hostile_page(), "", "--dump-dom");
    assert!(
        dom.contains("<output id=\"count\">1 rows</output>"),
        "the script of the page runs: {dom}"
    );
    assert!(!dom.contains("<title>attacked"), "{dom}");
    // Even if a value were not escaped, the content security policy would block its script.
    let unescaped = hostile_page().replace("<h1>", "<script>document.title='attacked'</script><img src=x onerror=\"document.title='attacked'\"><h1>");
    let (dom, _) = chromium(directory.path(), &unescaped, "", "--dump-dom");
    assert!(!dom.contains("<title>attacked"), "{dom}");
}

#[test]
#[ignore = "needs Debian's chromium"]
fn browser_opens_the_longest_page() {
    let directory = tempfile::tempdir().unwrap();
    let page = page_of(&rows(MAX_PAGE_ROWS), Page::default());
    let (dom, _) = chromium(directory.path(), &page, "", "--dump-dom");
    assert!(dom.contains("<output id=\"count\">100,000 rows</output>"));
}
