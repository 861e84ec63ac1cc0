//! What a command's rows are made of: records, their columns, and the cells in them.

use std::borrow::Cow;

use serde::Serialize;

/// A row of a command's output, and how its columns are named and laid out.
///
/// The serde form is the row in JSON; the cells are the row everywhere else.
pub trait Record: Serialize + Sized + 'static {
    /// The API's name of the list that these rows form: the key of the JSON document.
    const LIST: &'static str;

    /// The columns, in the API's order.
    const COLUMNS: &'static [Column<Self>];

    /// The bar charts of a page.
    const CHARTS: &'static [Chart<Self>] = &[];

    /// What the charts leave out where rows come from several snapshots of one subject.
    const CHART_NOTE: &'static str = "";

    /// The snapshot that the row is a part of.
    fn snapshot(&self) -> Option<Snapshot<'_>> {
        None
    }

    /// The column of the Region that a row comes from. Its width is that of the longest name of a public one.
    const REGION: &'static Column<Self> =
        &Column::id("Region", "ap-northeast-1".len(), |_| Cell::Absent);
}

/// A column of the record `R`.
#[derive(Debug)]
pub struct Column<R: 'static> {
    /// The API's name of the member: JSON key, header, and what `--columns` takes.
    pub name: &'static str,
    /// The width in a table, in terminal columns, that holds any usual value and the header.
    pub width: usize,
    /// How values are laid out in a table.
    pub kind: Kind,
    /// Which formats show it by default.
    pub shown: Shown,
    /// The order in which columns are omitted from a table that is wider than the terminal: the highest rank first,
    /// 0 never.
    pub rank: u8,
    /// Whether a table that is wider than the terminal moves it to a line below each row.
    pub below: bool,
    /// Whether the member is a list or an object. The text form writes it on lines of its own, as the AWS CLI does.
    pub nested: bool,
    /// Whether the text form omits it if no row has a value, as the AWS CLI does.
    pub optional: bool,
    /// The value in this column.
    pub cell: fn(&R) -> Cell<'_>,
    /// What the color of the value means.
    pub emphasis: fn(&R) -> Option<Emphasis>,
}

/// How a column's values are laid out in a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// An identifier or a word, never split or shortened.
    Id,
    /// A number, aligned at the right.
    Number,
    /// A time, shown to the minute.
    Time,
    /// Text that is shortened with an ellipsis, to this width at least.
    Name(usize),
    /// Text that wraps at spaces, in this width at least.
    Text(usize),
}

/// Which formats show a column when `--columns` is not given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shown {
    /// All of them.
    Always,
    /// Tables only. No other format may have it, because it depends on the time of the query.
    Table,
    /// All but tables, which have a shorter form of it.
    Data,
    /// All, with `--details`.
    Details,
}

impl<R> Clone for Column<R> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<R> Copy for Column<R> {}

impl<R> Column<R> {
    const fn new(name: &'static str, width: usize, kind: Kind, cell: fn(&R) -> Cell<'_>) -> Self {
        Self {
            name,
            width,
            kind,
            shown: Shown::Always,
            rank: 0,
            below: false,
            nested: false,
            optional: false,
            cell,
            emphasis: |_| None,
        }
    }

    /// A column of identifiers or words.
    pub const fn id(name: &'static str, width: usize, cell: fn(&R) -> Cell<'_>) -> Self {
        Self::new(name, width, Kind::Id, cell)
    }

    /// A column of numbers.
    pub const fn number(name: &'static str, width: usize, cell: fn(&R) -> Cell<'_>) -> Self {
        Self::new(name, width, Kind::Number, cell)
    }

    /// A column of times.
    pub const fn time(name: &'static str, cell: fn(&R) -> Cell<'_>) -> Self {
        Self::new(name, "2025-09-29 13:27".len(), Kind::Time, cell)
    }

    /// A column of names, shortened to `least` at most.
    pub const fn name(
        name: &'static str,
        width: usize,
        least: usize,
        cell: fn(&R) -> Cell<'_>,
    ) -> Self {
        Self::new(name, width, Kind::Name(least), cell)
    }

    /// A column of text, wrapped at `least` at the narrowest.
    pub const fn text(
        name: &'static str,
        width: usize,
        least: usize,
        cell: fn(&R) -> Cell<'_>,
    ) -> Self {
        Self::new(name, width, Kind::Text(least), cell)
    }

    /// Sets which formats show it.
    pub const fn shown(self, shown: Shown) -> Self {
        Self { shown, ..self }
    }

    /// Sets when a narrow table omits it.
    pub const fn rank(self, rank: u8) -> Self {
        Self { rank, ..self }
    }

    /// Lets a narrow table move it to a line below each row.
    pub const fn below(self) -> Self {
        Self {
            below: true,
            ..self
        }
    }

    /// Marks a list or an object.
    pub const fn nested(self) -> Self {
        Self {
            nested: true,
            ..self
        }
    }

    /// Lets the text form omit it.
    pub const fn optional(self) -> Self {
        Self {
            optional: true,
            ..self
        }
    }

    /// Gives its values a color.
    pub const fn emphasis(self, emphasis: fn(&R) -> Option<Emphasis>) -> Self {
        Self { emphasis, ..self }
    }
}

/// A bar chart of a page. Values of bars with the same label add up.
pub struct Chart<R: 'static> {
    /// What it shows.
    pub title: &'static str,
    /// Calls the function with the bars that a row is a part of.
    pub bars: fn(&R, AddBar<'_>),
}

/// Adds a bar to a chart.
pub type AddBar<'a> = &'a mut dyn FnMut(Bar<'_>);

/// A bar of a chart, or a part of one.
pub struct Bar<'a> {
    /// The label.
    pub label: Cow<'a, str>,
    /// The length. A bar of length 0 is not shown.
    pub value: i64,
    /// What its color means.
    pub emphasis: Option<Emphasis>,
}

impl<'a> Bar<'a> {
    /// A bar for an ID with its name, as far as they are known.
    pub fn of(id: Option<&'a str>, name: Option<&str>, value: i64) -> Self {
        let id = id.unwrap_or("unknown");
        Self {
            label: match name {
                Some(name) => format!("{id} ({name})").into(),
                None => id.into(),
            },
            value,
            emphasis: None,
        }
    }
}

/// A state of a subject at a time. Values of several snapshots of one subject must not be added up, so charts show the
/// newest one.
pub struct Snapshot<'a> {
    /// What it is a snapshot of.
    pub subject: String,
    /// Its time, in the service's form.
    pub time: &'a str,
    /// Its ID, which distinguishes snapshots of the same time.
    pub id: &'a str,
}

/// A column of the output: the Region that a row comes from, or a column of the record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field {
    /// `Region`, the first column in the output of several Regions.
    Region,
    /// An index into [`Record::COLUMNS`].
    Column(usize),
}

impl Field {
    /// The names of all fields that `--columns` may select.
    pub fn names<R: Record>() -> impl Iterator<Item = &'static str> {
        std::iter::once(R::REGION.name).chain(R::COLUMNS.iter().map(|column| column.name))
    }

    /// The field with this name.
    pub fn named<R: Record>(name: &str) -> Option<Self> {
        let index = Self::names::<R>().position(|other| other == name)?;
        Some(index.checked_sub(1).map_or(Self::Region, Self::Column))
    }

    /// The column.
    pub fn column<R: Record>(self) -> &'static Column<R> {
        match self {
            Self::Region => R::REGION,
            Self::Column(index) => &R::COLUMNS[index],
        }
    }

    pub(super) fn cell<'a, R: Record>(self, region: Option<&'a str>, record: &'a R) -> Cell<'a> {
        match self {
            Self::Region => region.into(),
            Self::Column(_) => (self.column::<R>().cell)(record),
        }
    }
}

/// A record as JSON, with its Region in front where there is one.
#[derive(Serialize)]
pub(super) struct Regional<'a, R> {
    #[serde(rename = "Region")]
    pub(super) region: &'a str,
    #[serde(flatten)]
    pub(super) record: &'a R,
}

/// One value of a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cell<'a> {
    /// The service did not send this member.
    Absent,
    /// Text from the service: it may hold any character.
    Text(Cow<'a, str>),
    /// Several texts: one per line in a table, all in one line elsewhere.
    List(Vec<String>),
    /// An integer.
    Number(i64),
    /// A Boolean.
    Bool(bool),
    /// A time in the service's form, such as `2025-09-29T13:27:12.322Z`.
    Time(&'a str),
}

impl<'a> Cell<'a> {
    /// A time in the service's form.
    pub fn time(time: Option<&'a str>) -> Self {
        time.map_or(Self::Absent, Self::Time)
    }

    /// The value as text, in one line; `None` for a number, which needs no allocation.
    pub(super) fn text(&self) -> Option<Cow<'_, str>> {
        Some(match self {
            Self::Absent => Cow::Borrowed(""),
            Self::Text(text) => Cow::Borrowed(text),
            Self::List(items) => Cow::Owned(items.join("; ")),
            Self::Time(time) => Cow::Borrowed(time),
            Self::Bool(true) => Cow::Borrowed("true"),
            Self::Bool(false) => Cow::Borrowed("false"),
            Self::Number(_) => return None,
        })
    }
}

/// What the color of a value means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Emphasis {
    /// Nothing is in the way.
    Good,
    /// Something is in the way.
    Bad,
    /// It is unknown whether anything is.
    Uncertain,
}

impl<'a> From<Option<&'a str>> for Cell<'a> {
    fn from(text: Option<&'a str>) -> Self {
        text.map_or(Self::Absent, |text| Self::Text(Cow::Borrowed(text)))
    }
}

impl<'a> From<&'a str> for Cell<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(Cow::Borrowed(text))
    }
}

impl From<String> for Cell<'_> {
    fn from(text: String) -> Self {
        Self::Text(Cow::Owned(text))
    }
}

impl From<Option<i64>> for Cell<'_> {
    fn from(number: Option<i64>) -> Self {
        number.map_or(Self::Absent, Self::Number)
    }
}
