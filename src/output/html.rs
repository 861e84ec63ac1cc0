//! A self-contained HTML page for sharing: charts above a table that can be sorted and filtered.
//!
//! The page is written at the end, because its head has totals. Memory is bounded by [`MAX_ROWS`] rows and by the number of
//! different bars. The script is in `templates/page.js`; a content security policy with its hash keeps any other script
//! from running, even if a value were not escaped.

use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap};
use std::io::{self, Write};
use std::time::SystemTime;

use askama::Template;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use sha2::{Digest, Sha256};

use super::chart::{ChartView, Charts, class_of};
use super::table::{to_the_minute, with_separators};
use super::{Cell, Field, Kind, Options, Out, Record, Writer, escape};

/// The maximum number of rows on a page. A browser opens this many in about a second.
pub const MAX_ROWS: usize = 100_000;

/// The rows in one body of the table: the unit in which a browser lays out what is visible.
const BODY_ROWS: usize = 100;

/// What a page shows above the charts and the rows.
#[derive(Clone, Debug, Default)]
pub struct Page {
    /// The title; the name of the list if it is empty.
    pub title: String,
    /// What was asked, with names: images, filters, Regions.
    pub facts: Vec<(&'static str, String)>,
    /// What the rows omit.
    pub notices: Vec<String>,
    /// When the rows were listed.
    pub time: Option<SystemTime>,
}

impl Page {
    /// Adds the creation times of the reports that the rows are derived from.
    pub fn with_evidence<'t>(
        mut self,
        name: &'static str,
        times: impl IntoIterator<Item = &'t str>,
    ) -> Self {
        let evidence = evidence(times, self.time);
        self.facts.extend(evidence.map(|text| (name, text)));
        self
    }
}

/// Collects the rows, and writes the page.
pub(super) struct Html<R: Record> {
    out: Out,
    fields: Vec<Field>,
    page: Page,
    is_resumed: bool,
    rows: BinaryHeap<Reverse<Row>>,
    count: u64,
    charts: Charts<R>,
}

/// A rendered row. Those with the highest rank are on the page, in the order of the output.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Row {
    rank: i64,
    index: Reverse<u64>,
    html: String,
}

#[derive(Template)]
#[template(path = "page.html")]
struct PageTemplate<'a> {
    title: &'a str,
    facts: Vec<(&'static str, String)>,
    notices: &'a [String],
    charts: Vec<ChartView>,
    chart_note: Option<&'static str>,
    columns: Vec<ColumnView>,
    widths: String,
    min_width: usize,
    bodies: Vec<&'a [String]>,
    style: &'static str,
    script: &'static str,
    script_hash: String,
}

struct ColumnView {
    name: String,
    is_number: bool,
}

#[derive(Template)]
#[template(
    ext = "html",
    source = r#"<tr>{% for (class, text) in cells %}<td{% if !class.is_empty() %} class="{{ class }}"{% endif %}>{{ text }}</td>{% endfor %}</tr>
"#
)]
struct RowTemplate {
    cells: Vec<(&'static str, String)>,
}

impl<R: Record> Html<R> {
    pub(super) fn new(out: Out, options: &Options) -> Self {
        Self {
            out,
            fields: options.fields::<R>(),
            page: Page::default(),
            is_resumed: !options.header,
            rows: BinaryHeap::new(),
            count: 0,
            charts: Charts::new(),
        }
    }

    fn cell(&self, field: Field, region: Option<&str>, record: &R) -> (&'static str, String) {
        let class = match (field, field.column::<R>()) {
            (Field::Column(_), column) => class_of((column.emphasis)(record)),
            _ => "",
        };
        match field.cell(region, record) {
            Cell::Number(number) => ("number", with_separators(number)),
            Cell::Time(time) => (class, to_the_minute(time)),
            Cell::List(items) => {
                let lines: Vec<_> = items.iter().map(|item| escape(item)).collect();
                (class, lines.join("\n"))
            }
            cell => (class, escape(&cell.text().unwrap_or_default()).into_owned()),
        }
    }

    fn facts(&self) -> Vec<(&'static str, String)> {
        let mut facts = self.page.facts.clone();
        let time = self
            .page
            .time
            .map(|time| humantime::format_rfc3339_seconds(time).to_string());
        if let Some(time) = time {
            facts.push(("Created", to_the_minute(&time) + " UTC"));
        }
        if let Some((oldest, newest)) = self.charts.times() {
            let evidence = evidence([oldest.as_str(), newest], self.page.time);
            facts.extend(evidence.map(|text| ("Evidence", text)));
        }
        facts.push(("Rows", with_separators(self.count.cast_signed())));
        facts
    }

    fn columns(&self) -> Vec<ColumnView> {
        let view = |field: &Field| {
            let column = field.column::<R>();
            ColumnView {
                name: match column.kind {
                    Kind::Time => format!("{} (UTC)", column.name),
                    _ => column.name.to_owned(),
                },
                is_number: column.kind == Kind::Number,
            }
        };
        self.fields.iter().map(view).collect()
    }

    /// The widths of the columns as CSS, and their minimum in characters.
    fn widths(&self) -> (String, usize) {
        // For the arrow of a sorted column.
        const ARROW: usize = 3;
        let mut widths = String::new();
        let mut min_width = 0;
        for (field, view) in self.fields.iter().zip(self.columns()) {
            let column = field.column::<R>();
            let header = view.name.len() + ARROW;
            let (width, css) = match column.kind {
                Kind::Name(least) | Kind::Text(least) => {
                    let least = least.max(header);
                    (least, format!("minmax({least}ch, {}fr) ", column.width))
                }
                _ => {
                    let width = column.width.max(header);
                    // One more, because a browser may round the width of a glyph.
                    (width + 1, format!("{}ch ", width + 1))
                }
            };
            widths += &css;
            min_width += width + 2;
        }
        (widths, min_width)
    }

    fn write(&mut self) -> io::Result<()> {
        const SCRIPT: &str = include_str!("../../templates/page.js");
        let shown = self.rows.len();
        if self.count > shown as u64 {
            self.page.notices.push(format!(
                "This page has the {} rows with the highest numbers, of {}. Charts count all rows. CSV and NDJSON have no limit.",
                with_separators(shown as i64),
                with_separators(self.count.cast_signed()),
            ));
        }
        let mut rows: Vec<Row> = std::mem::take(&mut self.rows)
            .into_iter()
            .map(|Reverse(row)| row)
            .collect();
        rows.sort_unstable_by_key(|row| Reverse(row.index));
        let rows: Vec<String> = rows.into_iter().map(|row| row.html).collect();
        let (widths, min_width) = self.widths();
        let page = PageTemplate {
            title: match self.page.title.as_str() {
                "" => R::LIST,
                title => title,
            },
            facts: self.facts(),
            notices: &self.page.notices,
            charts: self.charts.views(),
            chart_note: self.charts.are_superseded().then_some(R::CHART_NOTE),
            columns: self.columns(),
            widths,
            min_width,
            bodies: rows.chunks(BODY_ROWS).collect(),
            style: include_str!("../../templates/page.css"),
            script: SCRIPT,
            script_hash: BASE64_STANDARD.encode(Sha256::digest(SCRIPT)),
        };
        page.write_into(&mut self.out)?;
        self.out.flush()
    }
}

impl<R: Record> Writer<R> for Html<R> {
    fn page(&mut self, region: Option<&str>, records: &[R]) -> io::Result<()> {
        for record in records {
            let rank = self.charts.add(record);
            let index = Reverse(self.count);
            self.count += 1;
            let is_full = self.rows.len() == MAX_ROWS;
            if is_full
                && self
                    .rows
                    .peek()
                    .is_some_and(|Reverse(least)| least.rank >= rank)
            {
                continue;
            }
            let fields = self.fields.iter();
            let cells = fields
                .map(|&field| self.cell(field, region, record))
                .collect();
            let html = RowTemplate { cells }.render().map_err(io::Error::other)?;
            if is_full {
                self.rows.pop();
            }
            self.rows.push(Reverse(Row { rank, index, html }));
        }
        Ok(())
    }

    fn describe(&mut self, mut page: Page) {
        let values = page.facts.iter_mut().map(|(_, value)| value);
        let texts = values.chain(&mut page.notices).chain([&mut page.title]);
        for text in texts {
            *text = escape(text).into_owned();
        }
        self.page = page;
    }

    fn finish(&mut self, next_token: Option<&str>) -> io::Result<()> {
        if self.is_resumed {
            let notice =
                "This page continues an earlier one: rows before --starting-token are not here.";
            self.page.notices.push(notice.to_owned());
        }
        if next_token.is_some() {
            let notice = "There are more rows: --max-items or --no-paginate ended the list.";
            self.page.notices.push(notice.to_owned());
        }
        self.write()
    }
}

/// The creation times of reports in words, with the age of the newest; `None` without times.
fn evidence<'t>(
    times: impl IntoIterator<Item = &'t str>,
    now: Option<SystemTime>,
) -> Option<String> {
    let times: BTreeSet<_> = times.into_iter().collect();
    let (oldest, newest) = (*times.first()?, *times.last()?);
    let mut evidence = match oldest == newest {
        true => format!("reports of {} UTC", to_the_minute(newest)),
        false => format!(
            "reports from {} to {} UTC",
            to_the_minute(oldest),
            to_the_minute(newest)
        ),
    };
    if let Some(age) = now.and_then(|now| age(now, newest)) {
        evidence += &format!("; the newest is {age} old");
    }
    Some(evidence)
}

/// The age of a time in the service's form, in hours or days.
fn age(now: SystemTime, time: &str) -> Option<String> {
    let time = humantime::parse_rfc3339(time).ok()?;
    let hours = now.duration_since(time).unwrap_or_default().as_secs() / 3600;
    Some(match hours {
        0 => "less than an hour".to_owned(),
        1 => "1 hour".to_owned(),
        2..48 => format!("{hours} hours"),
        _ => format!("{} days", hours / 24),
    })
}
