//! The exit statuses: those of AWS CLI version 2, so that a CI job's handling carries over.
//!
//! They are decided here and nowhere else, and only `main` knows this module.

use crate::error::Category;

/// The exit status of a run that ended so.
pub fn status(category: Category) -> u8 {
    match category {
        Category::Success | Category::ReaderClosed => 0,
        Category::InUse | Category::Different => 1,
        Category::Unknown => 2,
        // 128 and the number of the signal, as shells report it.
        Category::Interrupted => 130,
        Category::Terminated => 143,
        Category::Usage => 252,
        Category::Configuration => 253,
        Category::Service => 254,
        Category::Other => 255,
    }
}
