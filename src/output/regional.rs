//! A row that tells the Region it comes from, for answers of several.

use std::sync::Arc;

use serde::{Serialize, Serializer};

use super::{Align, Cell, Column, Record};

/// The column that tells the Region.
pub const REGION: Column = Column {
    name: "Region",
    // The longest name of a public Region.
    width: 14,
    align: Align::Left,
};

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

impl<R: Record> Regional<R> {
    /// More columns than any record has: the length of an array cannot be computed from `R` here.
    const ROOM: &'static [Column; 32] = &{
        let mut columns = [REGION; 32];
        let mut column = 0;
        while column < R::COLUMNS.len() {
            columns[column + 1] = R::COLUMNS[column];
            column += 1;
        }
        columns
    };
}

impl<R: Record> Record for Regional<R> {
    const LIST: &'static str = R::LIST;

    const COLUMNS: &'static [Column] = Self::ROOM.split_at(R::COLUMNS.len() + 1).0;

    fn cell(&self, column: usize) -> Cell<'_> {
        match column.checked_sub(1) {
            None => Cell::Text(&self.region),
            Some(column) => self.record.cell(column),
        }
    }
}
