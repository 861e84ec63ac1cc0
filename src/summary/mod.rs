//! Sums up uses: by image, account, resource type or Region, of one report per image.
//!
//! [`summarize()`] queries one Region. [`Summary`] joins the Regions, and its [rows](Summary::rows) are for output.

mod bar;
mod count;
mod join;
mod options;
mod row;
mod select;
mod summarize;

pub use bar::bar;
pub use count::{Counts, Keys, Names};
pub use join::{Sort, Summary, Totals};
pub use options::{Reports, SummaryOptions};
pub use row::Row;
pub use select::{CountedReport, LeftOut};
pub use summarize::{RegionSummary, SummaryProgress, summarize};
