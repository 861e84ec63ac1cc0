//! Every format on the same rows: golden files, and properties of any values.
//!
//! `SNAPSHOTS=overwrite cargo test` rewrites the golden files.

use std::cell::RefCell;
use std::io::{self, Write};
use std::path::Path;
use std::rc::Rc;

use amiusage::entries::Entry;
use amiusage::output::{
    Cell, Column, Field, Format, Options, Query, Record, Shown, TableStyle, escape,
    omitted_columns, writer,
};
use aws_smithy_types::DateTime;
use proptest::prelude::*;
use snapbox::data::DataFormat;
use snapbox::{Data, assert_data_eq, str};

/// Bytes that a writer has flushed.
#[derive(Clone, Default)]
pub(crate) struct Sink(Rc<RefCell<Vec<u8>>>);

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.borrow_mut().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Sink {
    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.0.borrow().clone()).unwrap()
    }
}

fn options(format: Format) -> Options {
    Options {
        style: TableStyle {
            unicode: true,
            ..TableStyle::default()
        },
        ..Options::new(format)
    }
}

/// The output for these pages.
fn written<R: Record>(options: Options, pages: &[&[R]], next_token: Option<&str>) -> String {
    let sink = Sink::default();
    let mut writer = writer::<R>(options, Box::new(sink.clone()));
    for page in pages {
        writer.page(None, page).unwrap();
        writer.end_page().unwrap();
    }
    writer.finish(next_token).unwrap();
    drop(writer);
    sink.text()
}

fn queried(format: Format, query: &str, entries: &[Entry]) -> String {
    let options = Options {
        query: Some(Query::parse(query).unwrap()),
        ..options(format)
    };
    written(options, &[entries], None)
}

fn entry(resource_type: &str, usage_count: i64, account_id: &str) -> Entry {
    Entry {
        resource_type: Some(resource_type.to_owned()),
        report_id: Some("amiur-11111111111111111".to_owned()),
        usage_count: Some(usage_count),
        account_id: Some(account_id.to_owned()),
        account_name: None,
        image_id: Some("ami-0abcdef1234567890".to_owned()),
        report_creation_time: Some(
            DateTime::from_secs_and_nanos(1_759_152_432, 322_000_000).into(),
        ),
    }
}

fn usual() -> Vec<Entry> {
    vec![
        entry("ec2:Instance", 15, "123412341234"),
        entry("ec2:LaunchTemplate", 0, "001100110011"),
        entry("ec2:Instance", 4, "123412341234"),
    ]
}

/// Values that try to leave their cell, row or terminal; wide ones; absent ones.
fn hostile() -> Vec<Entry> {
    let mut escapes = entry("\x1b[2J\"a,b\"\r\n\tc|d\\|e", -1, "\u{9b}31m\u{202e}321");
    escapes.report_id = Some("<b onclick=x>`&`*_</b>".to_owned());
    let mut wide = entry("日本語のリソースの種類", i64::MAX, "é🙂");
    wide.image_id = Some("a value that is wider than its column  and has spaces".to_owned());
    wide.report_id = Some(String::new());
    let absent = Entry {
        image_id: Some("ami-1".to_owned()),
        ..Entry::default()
    };
    vec![escapes, wide, absent, Entry::default()]
}

/// All formats, with the extensions of their golden files.
const ALL: [(Format, &str); 9] = [
    (Format::Table, "table"),
    (Format::Json, "json"),
    (Format::Ndjson, "ndjson"),
    (Format::Csv, "csv"),
    (Format::Tsv, "tsv"),
    (Format::Text, "txt"),
    (Format::Markdown, "md"),
    (Format::Yaml, "yaml"),
    (Format::YamlStream, "stream.yaml"),
];

/// Compares with a golden file.
fn golden(name: &str, actual: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/it/golden/formats")
        .join(name);
    assert_data_eq!(actual, Data::read_from(&path, Some(DataFormat::Text)).raw());
}

#[test]
fn every_format_writes_usual_and_hostile_values() {
    for (format, extension) in ALL {
        golden(
            &format!("usual.{extension}"),
            &written(options(format), &[&usual()], None),
        );
        golden(
            &format!("hostile.{extension}"),
            &written(options(format), &[&hostile()], None),
        );
    }
}

#[test]
fn every_format_has_the_region_first() {
    for (format, extension) in ALL {
        let sink = Sink::default();
        let options = Options {
            regional: true,
            ..options(format)
        };
        let mut writer = writer::<Entry>(options, Box::new(sink.clone()));
        for (region, record) in ["eu-west-1", "ap-northeast-1", "eu-west-1"]
            .into_iter()
            .zip(usual())
        {
            writer.page(Some(region), &[record]).unwrap();
            writer.end_page().unwrap();
        }
        writer.finish(None).unwrap();
        golden(&format!("regional.{extension}"), &sink.text());
    }
}

#[test]
fn a_table_fits_the_terminal() {
    let unicode = options(Format::Table).style;
    let table = |style, entries: &[Entry]| {
        let options = Options {
            style,
            ..options(Format::Table)
        };
        written(options, &[&entries[..2], &entries[2..]], None)
    };
    for width in [40, 80, 100, 120, 200] {
        let style = TableStyle {
            width: Some(width),
            ..unicode
        };
        golden(&format!("usual-{width}.table"), &table(style, &usual()));
        golden(&format!("hostile-{width}.table"), &table(style, &hostile()));
    }
    let color = TableStyle {
        color: true,
        ..unicode
    };
    golden("color.table", &table(color, &usual()));
}

#[test]
fn a_narrow_table_shows_repeated_values_above_the_rows() {
    let table = |width| {
        let options = Options {
            grouping: vec![Field::named::<Entry>("ImageId").unwrap()],
            style: TableStyle {
                width: Some(width),
                ..TableStyle::default()
            },
            ..options(Format::Table)
        };
        let mut entries = usual();
        entries[2].image_id = Some("ami-2".to_owned());
        written(options, &[&entries], None)
    };
    golden("grouped-80.table", &table(80));
    golden("grouped-200.table", &table(200));
}

#[test]
fn a_terminal_separates_thousands() {
    let options = Options {
        terminal: true,
        fields: Some(vec![Field::Column(2)]),
        ..options(Format::Table)
    };
    let counts = [0, 999, 1000, -1_234_567, i64::MAX];
    let entries = counts.map(|count| entry("ec2:Instance", count, "1"));
    assert_eq!(
        written(options, &[&entries], None),
        "UsageCount\n         0\n       999\n     1,000\n-1,234,567\n9,223,372,036,854,775,807\n"
    );
}

/// A record with a name and text that wraps.
#[derive(Clone, Debug, serde::Serialize)]
struct Note {
    id: String,
    name: String,
    text: Vec<String>,
}

impl Record for Note {
    const LIST: &'static str = "Notes";
    const COLUMNS: &'static [Column<Self>] = &[
        Column::id("Id", 4, |note: &Self| note.id.as_str().into()),
        Column::name("Name", 12, 6, |note: &Self| note.name.as_str().into()),
        Column::text("Text", 20, 10, |note: &Self| Cell::List(note.text.clone())),
    ];
}

#[test]
fn text_wraps_at_spaces_and_names_are_shortened() {
    let note = Note {
        id: "a".to_owned(),
        name: "golden-日本-2025".to_owned(),
        text: vec![
            "one two three".to_owned(),
            "arn:aws:ec2:eu-west-1:1:x is long".to_owned(),
        ],
    };
    let table = |width, unicode| {
        let options = Options {
            style: TableStyle {
                width: Some(width),
                unicode,
                color: false,
            },
            ..options(Format::Table)
        };
        written(options, &[std::slice::from_ref(&note)], None)
    };
    assert_data_eq!(
        table(24, true),
        str![[r#"
Id    Name    Text
a     golde…  one two
              three
              arn:aws:ec2:eu-west-1:1:x
              is long

"#]]
    );
    assert_data_eq!(
        table(80, false),
        str![[r#"
Id    Name          Text
a     golden-日...  one two three
                    arn:aws:ec2:eu-west-1:1:x is long

"#]]
    );
}

#[test]
fn no_rows_give_an_empty_document_or_a_header() {
    let empty = |format| written::<Entry>(options(format), &[&[]], None);
    assert_eq!(empty(Format::Json), "{\"ImageUsageReportEntries\": []}\n");
    assert_eq!(empty(Format::Ndjson), "");
    assert_eq!(empty(Format::Text), "");
    assert_eq!(
        empty(Format::Csv),
        "ResourceType,ReportId,UsageCount,AccountId,ImageId,ReportCreationTime\n"
    );
    assert_eq!(
        empty(Format::Tsv),
        "ResourceType\tReportId\tUsageCount\tAccountId\tImageId\tReportCreationTime\n"
    );
    golden("empty.md", &empty(Format::Markdown));
    golden("empty.table", &empty(Format::Table));
    assert_eq!(empty(Format::Yaml), "ImageUsageReportEntries: []\n");
    assert_eq!(empty(Format::YamlStream), "- ImageUsageReportEntries: []\n");
    for (format, _) in ALL {
        if format != Format::YamlStream {
            assert_eq!(empty(format), written::<Entry>(options(format), &[], None));
        }
    }
}

#[test]
fn resumed_output_has_no_header() {
    for format in [Format::Csv, Format::Tsv, Format::Markdown] {
        let part = |header, entries: &[Entry]| {
            let options = Options {
                header,
                ..options(format)
            };
            written(options, &[entries], None)
        };
        let all = usual();
        let (first, rest) = all.split_at(1);
        assert_eq!(part(true, first) + &part(false, rest), part(true, &all));
        assert_eq!(part(false, &[]), "");
    }
}

#[test]
fn limited_json_and_text_end_with_the_token() {
    let cut = |format| written(options(format), &[&usual()[..1]], Some("a\"b"));
    assert!(cut(Format::Json).ends_with(".322Z\"}\n], \"NextToken\": \"a\\\"b\"}\n"));
    assert!(cut(Format::Text).ends_with("\nNEXTTOKEN\ta\"b\n"));
    assert!(cut(Format::Yaml).ends_with("\n  UsageCount: 15\nNextToken: a\"b\n"));
    assert!(cut(Format::YamlStream).ends_with("\n    UsageCount: 15\n  NextToken: a\"b\n"));
    assert_eq!(
        written::<Entry>(options(Format::Json), &[], Some("t")),
        "{\"ImageUsageReportEntries\": [], \"NextToken\": \"t\"}\n"
    );
    for format in [
        Format::Table,
        Format::Ndjson,
        Format::Csv,
        Format::Tsv,
        Format::Markdown,
    ] {
        assert_eq!(
            cut(format),
            written(options(format), &[&usual()[..1]], None)
        );
    }
}

#[test]
fn incomplete_output_has_complete_rows_and_an_open_document() {
    for (format, _) in ALL {
        let sink = Sink::default();
        let mut writer = writer::<Entry>(options(format), Box::new(sink.clone()));
        writer.page(None, &usual()).unwrap();
        let flushed = sink.text();
        drop(writer);
        assert_eq!(
            sink.text(),
            flushed,
            "{format:?} leaves nothing in its buffer"
        );
        let complete = written(options(format), &[&usual()], None);
        let rest = complete.strip_prefix(&flushed).unwrap();
        match format {
            Format::Json => assert_eq!(rest, "\n]}\n"),
            _ => assert_eq!(rest, ""),
        }
    }
}

#[test]
fn columns_have_the_requested_order() {
    let some = |format| {
        let options = Options {
            fields: Some(vec![Field::Column(2), Field::Column(0)]),
            ..options(format)
        };
        let mut entries = usual();
        entries.truncate(1);
        entries.push(Entry::default());
        written(options, &[&entries], None)
    };
    assert_eq!(
        some(Format::Json),
        "{\"ImageUsageReportEntries\": [\n{\"UsageCount\":15,\"ResourceType\":\"ec2:Instance\"},\n{}\n]}\n"
    );
    assert_eq!(
        some(Format::Ndjson),
        "{\"UsageCount\":15,\"ResourceType\":\"ec2:Instance\"}\n{}\n"
    );
    assert_eq!(
        some(Format::Yaml),
        "ImageUsageReportEntries:\n- UsageCount: 15\n  ResourceType: ec2:Instance\n- {}\n"
    );
    assert_eq!(
        some(Format::Csv),
        "UsageCount,ResourceType\n15,ec2:Instance\n,\n"
    );
    assert_eq!(
        some(Format::Tsv),
        "UsageCount\tResourceType\n15\tec2:Instance\n\t\n"
    );
    assert_eq!(
        some(Format::Text),
        "IMAGEUSAGEREPORTENTRIES\t15\tec2:Instance\nIMAGEUSAGEREPORTENTRIES\t\t\n"
    );
    assert_eq!(
        some(Format::Markdown),
        "| UsageCount | ResourceType |\n| ---: | --- |\n| 15 | ec2:Instance |\n|  |  |\n"
    );
    assert_data_eq!(
        some(Format::Table),
        str![[r#"
UsageCount  ResourceType
        15  ec2:Instance


"#]]
    );
}

#[test]
fn no_format_writes_control_characters_to_a_terminal() {
    for (format, _) in ALL {
        let options = Options {
            terminal: true,
            ..options(format)
        };
        let shown = written(options, &[&hostile()], None);
        let control = shown.replace("\r\n", "\n").chars().find(|&c| {
            c != '\n' && c != '\t' && escape(c.encode_utf8(&mut [0; 4])) != c.to_string()
        });
        assert_eq!(control, None, "{format:?}");
    }
    let csv = written(options(Format::Csv), &[&hostile()], None);
    assert!(csv.contains('\x1b'), "a file keeps values as they are");
}

#[test]
fn a_query_applies_to_the_document() {
    let json = |query| queried(Format::Json, query, &usual());
    assert_data_eq!(
        json("@"),
        str![[r#"
{
    "ImageUsageReportEntries": [
        {
            "ResourceType": "ec2:Instance",
            "ReportId": "amiur-11111111111111111",
            "UsageCount": 15,
            "AccountId": "123412341234",
            "ImageId": "ami-0abcdef1234567890",
            "ReportCreationTime": "2025-09-29T13:27:12.322Z"
        },
        {
            "ResourceType": "ec2:LaunchTemplate",
            "ReportId": "amiur-11111111111111111",
            "UsageCount": 0,
            "AccountId": "001100110011",
            "ImageId": "ami-0abcdef1234567890",
            "ReportCreationTime": "2025-09-29T13:27:12.322Z"
        },
        {
            "ResourceType": "ec2:Instance",
            "ReportId": "amiur-11111111111111111",
            "UsageCount": 4,
            "AccountId": "123412341234",
            "ImageId": "ami-0abcdef1234567890",
            "ReportCreationTime": "2025-09-29T13:27:12.322Z"
        }
    ]
}

"#]]
    );
    assert_data_eq!(
        json(
            "ImageUsageReportEntries[?UsageCount > `0`].{Image: ImageId, Account: AccountId} | [0]"
        ),
        str![[r#"
{
    "Image": "ami-0abcdef1234567890",
    "Account": "123412341234"
}

"#]]
    );
    assert_eq!(json("sum(ImageUsageReportEntries[].UsageCount)"), "19\n");
    assert_eq!(json("ImageUsageReportEntries[0].UsageCount"), "15\n");
    assert_eq!(json("avg([`1`, `2`])"), "1.5\n");
    assert_eq!(json("Nothing"), "null\n");
    // A record keeps the API's order, and an object of the expression its own.
    let objects = json("[ImageUsageReportEntries[0], {ImageId: `1`, ResourceType: `2`}]");
    let keys: Vec<&str> = objects
        .split('"')
        .filter(|part| part.ends_with("Type") || *part == "ImageId")
        .collect();
    assert_eq!(keys, ["ResourceType", "ImageId", "ImageId", "ResourceType"]);
    assert_eq!(json("`[]`"), "[]\n");
    let token = Options {
        query: Some(Query::parse("[length(ImageUsageReportEntries), NextToken]").unwrap()),
        ..options(Format::Text)
    };
    let pages: [&[Entry]; 2] = [&usual()[..1], &usual()[1..]];
    assert_eq!(written(token, &pages, Some("t")), "3\tt\n");
}

#[test]
fn a_query_in_a_yaml_stream_applies_to_each_page() {
    let yaml = |format, query| {
        let options = Options {
            query: Some(Query::parse(query).unwrap()),
            ..options(format)
        };
        written(options, &[&usual()[..1], &usual()[1..]], Some("t"))
    };
    let counts = "ImageUsageReportEntries[].UsageCount";
    assert_eq!(yaml(Format::Yaml, counts), "- 15\n- 0\n- 4\n");
    assert_eq!(yaml(Format::YamlStream, counts), "- - 15\n- - 0\n  - 4\n");
    assert_eq!(yaml(Format::YamlStream, "NextToken"), "- null\n- null\n");
    assert_eq!(yaml(Format::Yaml, "NextToken"), "\"t\"\n");
}

#[test]
fn a_query_in_text_equals_the_output_of_the_aws_cli() {
    let text = |query| queried(Format::Text, query, &usual());
    assert_data_eq!(
        text("@"),
        str![[r#"
IMAGEUSAGEREPORTENTRIES	123412341234	ami-0abcdef1234567890	2025-09-29T13:27:12.322Z	amiur-11111111111111111	ec2:Instance	15
IMAGEUSAGEREPORTENTRIES	001100110011	ami-0abcdef1234567890	2025-09-29T13:27:12.322Z	amiur-11111111111111111	ec2:LaunchTemplate	0
IMAGEUSAGEREPORTENTRIES	123412341234	ami-0abcdef1234567890	2025-09-29T13:27:12.322Z	amiur-11111111111111111	ec2:Instance	4

"#]]
    );
    assert_eq!(
        text("ImageUsageReportEntries[].[AccountId, UsageCount]"),
        "123412341234\t15\n001100110011\t0\n123412341234\t4\n"
    );
    assert_eq!(text("ImageUsageReportEntries[].UsageCount"), "15\t0\t4\n");
    assert_eq!(
        text("[Nothing, `true`, `false`, `1.5`]"),
        "None\tTrue\tFalse\t1.5\n"
    );
    assert_eq!(text("ImageUsageReportEntries[?UsageCount > `99`]"), "");
    assert_eq!(
        text("{b: `[1, 2]`, a: `\"x\"`, c: {d: `[{\"e\": 1}, {\"f\": null}]`}}"),
        "x\nB\t1\nB\t2\nD\t1\t\nD\t\tNone\n"
    );
    assert_eq!(text("{z: `[1]`, y: `[2]`}"), "Y\t2\nZ\t1\n");
    assert_eq!(
        text(r#"join(`"\n"`, ImageUsageReportEntries[:2].AccountId)"#),
        "123412341234\n001100110011\n"
    );
    assert_eq!(
        queried(
            Format::Text,
            "ImageUsageReportEntries[0].AccountId",
            &hostile()
        ),
        "\\u{9b}31m\\u{202e}321\n"
    );
}

#[test]
fn a_query_in_a_table_has_the_shape_of_its_result() {
    let table = |query| queried(Format::Table, query, &usual());
    assert_data_eq!(
        table("ImageUsageReportEntries[].{Account: AccountId, Count: UsageCount}"),
        str![[r#"
Account       Count
123412341234     15
001100110011      0
123412341234      4

"#]]
    );
    assert_data_eq!(
        table("ImageUsageReportEntries[].[AccountId, UsageCount]"),
        str![[r#"
123412341234  15
001100110011   0
123412341234   4

"#]]
    );
    assert_data_eq!(
        table("ImageUsageReportEntries[].AccountId"),
        str![[r#"
123412341234
001100110011
123412341234

"#]]
    );
    assert_data_eq!(
        table(
            "{Sum: sum(ImageUsageReportEntries[].UsageCount), Ids: ImageUsageReportEntries[].ImageId}"
        ),
        str![[r#"
Sum
 19
Ids
ami-0abcdef1234567890
ami-0abcdef1234567890
ami-0abcdef1234567890

"#]]
    );
    assert_eq!(table("Nothing"), "");
    let narrow = Options {
        query: Some(Query::parse("ImageUsageReportEntries").unwrap()),
        style: TableStyle {
            width: Some(60),
            ..TableStyle::default()
        },
        ..options(Format::Table)
    };
    let narrow = written(narrow, &[&usual()], None);
    assert_eq!(
        narrow.lines().count(),
        1 + usual().len(),
        "no value is split: {narrow}"
    );
}

/// Any text, including control characters, which proptest's own strings omit.
fn any_text() -> impl Strategy<Value = Option<String>> {
    let special = prop::sample::select(
        "\r\n\t\"',|\\<>&`{} \0\x1b\u{7f}\u{85}\u{9b}\u{2028}\u{202e}\u{feff}日é\u{301}🙂"
            .chars()
            .collect::<Vec<_>>(),
    );
    let character = prop_oneof![special, any::<char>(), prop::char::range(' ', '~')];
    prop::option::of(prop::collection::vec(character, 0..40).prop_map(String::from_iter))
}

fn any_entries() -> impl Strategy<Value = Vec<Entry>> {
    let entry = (
        any_text(),
        any_text(),
        any::<Option<i64>>(),
        any_text(),
        any_text(),
        prop::option::of(
            (any::<i64>(), 0..1_000_000_000_u32)
                .prop_map(|(seconds, nanos)| DateTime::from_secs_and_nanos(seconds, nanos).into()),
        ),
    );
    prop::collection::vec(entry, 0..8).prop_map(|entries| {
        let entry = |(resource_type, report_id, usage_count, account_id, image_id, time)| Entry {
            resource_type,
            report_id,
            usage_count,
            account_id,
            account_name: None,
            image_id,
            report_creation_time: time,
        };
        entries.into_iter().map(entry).collect()
    })
}

/// A cell as text.
fn plain(cell: Cell<'_>) -> String {
    match cell {
        Cell::Absent => String::new(),
        Cell::Text(text) => text.into_owned(),
        Cell::List(items) => items.join("; "),
        Cell::Number(number) => number.to_string(),
        Cell::Bool(value) => value.to_string(),
        Cell::Time(time) => time.to_owned(),
    }
}

fn cells(entry: &Entry) -> Vec<String> {
    let columns = default_columns();
    columns.map(|column| plain((column.cell)(entry))).collect()
}

/// The columns without those that are shown on request.
fn default_columns() -> impl Iterator<Item = &'static Column<Entry>> {
    Entry::COLUMNS
        .iter()
        .filter(|column| column.shown == Shown::Always)
}

proptest! {
    #[test]
    fn data_formats_parse_to_the_same_records(entries in any_entries(), cut in 0usize..8) {
        let cut = cut.min(entries.len());
        let pages = [&entries[..cut], &entries[cut..]];
        let values: Vec<_> = entries.iter().map(|entry| serde_json::to_value(entry).unwrap()).collect();

        let json = written(options(Format::Json), &pages, None);
        let document: serde_json::Value = serde_json::from_str(&json).unwrap();
        prop_assert_eq!(&document, &serde_json::json!({ "ImageUsageReportEntries": &values }));

        let ndjson = written(options(Format::Ndjson), &pages, None);
        let lines: Vec<serde_json::Value> = ndjson.split_terminator('\n').map(|line| serde_json::from_str(line).unwrap()).collect();
        prop_assert_eq!(&lines, &values);

        for (format, delimiter) in [(Format::Csv, b','), (Format::Tsv, b'\t')] {
            let text = written(options(format), &pages, None);
            let mut reader = csv::ReaderBuilder::new().delimiter(delimiter).from_reader(text.as_bytes());
            let rows: Vec<Vec<String>> = reader.records().map(|row| row.unwrap().iter().map(str::to_owned).collect()).collect();
            prop_assert_eq!(rows, entries.iter().map(cells).collect::<Vec<_>>());
        }
    }

    #[test]
    fn line_formats_have_one_line_per_record(entries in any_entries()) {
        let fields = default_columns().count();
        let text = written(options(Format::Text), &[&entries], None);
        // The last column of text, `UsageCount`, is omitted if no row has it.
        let has_count = entries.iter().any(|entry| entry.usage_count.is_some());
        prop_assert_eq!(text.lines().count(), entries.len());
        prop_assert!(text.lines().all(|line| line.split('\t').count() == fields + usize::from(has_count)));

        let markdown = written(options(Format::Markdown), &[&entries], None);
        prop_assert_eq!(markdown.lines().count(), 2 + entries.len());
        for line in markdown.lines() {
            let pipes = line.replace(r"\\", "").replace(r"\|", "").matches('|').count();
            prop_assert_eq!(pipes, fields + 1);
        }
    }

    #[test]
    fn a_table_contains_every_value_unsplit(entries in any_entries(), cut in 0usize..8, width in prop::option::of(10u16..150)) {
        let cut = cut.min(entries.len());
        let style = TableStyle { width, ..options(Format::Table).style };
        let all: Vec<_> = (0..Entry::COLUMNS.len()).map(Field::Column).collect();
        let options = || Options { style, fields: Some(all.clone()), ..options(Format::Table) };
        let complete = written(options(), &[&entries], None);
        prop_assert_eq!(&written(options(), &[&entries[..cut], &entries[cut..]], None), &complete, "output does not depend on pages");
        let lines: Vec<_> = complete.split_terminator('\n').collect();
        prop_assert_eq!(lines.len(), 1 + entries.len());
        for (entry, line) in entries.iter().zip(&lines[1..]) {
            let mut rest = *line;
            for column in Entry::COLUMNS {
                let value = match (column.cell)(entry) {
                    Cell::Time(time) if time.len() == "2025-09-29T13:27:12.322Z".len() => time[..16].replace('T', " "),
                    cell => escape(&plain(cell)).into_owned(),
                };
                let value = value.trim_end();
                let position = rest.find(value);
                prop_assert!(position.is_some(), "{:?} in {:?}", value, line);
                rest = &rest[position.unwrap() + value.len()..];
            }
        }
    }

    #[test]
    fn omitted_columns_are_named(width in 10u16..150, regional: bool) {
        let style = TableStyle { width: Some(width), ..TableStyle::default() };
        let options = Options { style, regional, ..options(Format::Table) };
        let omitted = omitted_columns::<Entry>(&options);
        let header = written::<Entry>(options.clone(), &[], None);
        let shown = header.split_whitespace().filter(|name| *name != "(UTC)").count();
        prop_assert_eq!(shown + omitted.len(), default_columns().count() + usize::from(regional));
        for name in ["ResourceType", "UsageCount", "AccountId", "ImageId"] {
            prop_assert!(header.contains(name));
        }
        if width >= 80 && !regional {
            prop_assert!(header.len() <= usize::from(width) + 1);
        }
    }
}

#[test]
fn text_omits_the_last_column_only_if_no_row_has_it() {
    let without = Entry {
        usage_count: None,
        ..entry("ec2:Instance", 0, "123412341234")
    };
    let with = entry("ec2:Instance", 4, "123412341234");
    let text = |rows: &[Entry]| {
        let pages: Vec<&[Entry]> = rows.chunks(1).collect();
        let complete = written(options(Format::Text), &[rows], None);
        assert_eq!(written(options(Format::Text), &pages, None), complete);
        let tabs = complete.lines().map(|line| line.matches('\t').count());
        tabs.collect::<Vec<_>>()
    };
    assert_eq!(text(&[without.clone(), without.clone()]), [5, 5]);
    assert_eq!(text(&[without.clone(), with.clone()]), [6, 6]);
    assert_eq!(text(&[with, without.clone()]), [6, 6]);
    let requested = Options {
        fields: Some(vec![Field::Column(3), Field::Column(2)]),
        ..options(Format::Text)
    };
    assert_eq!(
        written(requested, &[&[without]], None),
        "IMAGEUSAGEREPORTENTRIES\t123412341234\t\n"
    );
}
