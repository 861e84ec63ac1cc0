//! A row that tells the Region it comes from, for answers of several.

use std::sync::Arc;

use serde::{Serialize, Serializer};

use super::{Cell, Column, Emphasis, Record};

/// The column that tells the Region; as wide as the longest name of a public one.
const REGION: Column = Column::text("Region", 14);

/// A record and its Region, which is the first column and the first member.
#[derive(Clone, Debug, Serialize)]
pub struct Regional<R> {
    /// The Region that the record comes from, such as `eu-west-1`.
    #[serde(rename = "Region", serialize_with = "text")]
    pub region: Arc<str>,
    /// The record.
    #[serde(flatten)]
    pub record: R,
}

fn text<S: Serializer>(region: &Arc<str>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(region)
}

/// More columns than any record has: the length of an array cannot be computed from a type parameter.
const ROOM: usize = 32;

const fn behind<T: Copy>(first: T, rest: &[T]) -> [T; ROOM] {
    let mut all = [first; ROOM];
    let mut place = 0;
    while place < rest.len() {
        all[place + 1] = rest[place];
        place += 1;
    }
    all
}

impl<R: Record> Regional<R> {
    const ROOMY_COLUMNS: &'static [Column; ROOM] = &behind(REGION, R::COLUMNS);
    const ROOMY_TABLE: &'static [&'static str; ROOM] = &behind(REGION.name, R::TABLE);
}

impl<R: Record> Record for Regional<R> {
    const LIST: &'static str = R::LIST;

    const COLUMNS: &'static [Column] = Self::ROOMY_COLUMNS.split_at(R::COLUMNS.len() + 1).0;

    const NESTED: &'static [&'static str] = R::NESTED;

    const TABLE: &'static [&'static str] = match R::TABLE.len() {
        0 => &[],
        length => Self::ROOMY_TABLE.split_at(length + 1).0,
    };

    const WRAPPING: &'static [&'static str] = R::WRAPPING;

    const TABLE_ONLY: &'static [&'static str] = R::TABLE_ONLY;

    fn cell(&self, column: usize) -> Cell<'_> {
        match column.checked_sub(1) {
            None => Cell::Text(&self.region),
            Some(column) => self.record.cell(column),
        }
    }

    fn emphasis(&self, column: usize) -> Option<Emphasis> {
        self.record.emphasis(column.checked_sub(1)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Serialize)]
    struct Row;

    impl Record for Row {
        const LIST: &'static str = "Rows";
        const COLUMNS: &'static [Column] = &[
            Column::number("A", 1),
            Column::number("B", 1),
            Column::number("C", 1),
        ];
        const NESTED: &'static [&'static str] = &["B"];
        const TABLE: &'static [&'static str] = &["C", "A"];
        const TABLE_ONLY: &'static [&'static str] = &["C"];

        fn cell(&self, column: usize) -> Cell<'_> {
            Cell::Number(column as i64)
        }
    }

    #[test]
    fn all_columns_move_by_one() {
        type Row = Regional<super::tests::Row>;

        let names: Vec<_> = Row::COLUMNS.iter().map(|column| column.name).collect();
        assert_eq!(names, ["Region", "A", "B", "C"]);
        assert_eq!(Row::TABLE, ["Region", "C", "A"]);
        assert_eq!(Row::NESTED, ["B"]);
        assert_eq!(Row::TABLE_ONLY, ["C"]);
        let row = Row {
            region: "eu-west-1".into(),
            record: super::tests::Row,
        };
        assert_eq!(row.cell(0), Cell::Text("eu-west-1"));
        assert_eq!(row.cell(3), Cell::Number(2));
    }

    #[test]
    fn a_table_of_all_columns_stays_one() {
        assert!(crate::entries::Entry::TABLE.is_empty());
        assert!(Regional::<crate::entries::Entry>::TABLE.is_empty());
    }
}
