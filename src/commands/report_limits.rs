//! The note about the age of reports, and what they may miss.

use std::time::Duration;

use crate::aws::Time;
use crate::reports::span;

/// The limits of reports with these creation times and ages; `None` without reports.
pub(super) fn report_limits<'a>(
    reports: impl Iterator<Item = (&'a Time, Duration)> + Clone,
) -> Option<String> {
    let times = reports.clone().map(|(time, _)| time.as_str());
    let created = match (times.clone().min()?, times.max()?) {
        (first, last) if first == last => format!("created {first}"),
        (first, last) => format!("created {first} to {last}"),
    };
    let age = span(reports.map(|(_, age)| age).max()?);
    Some(format!(
        "reports are at most {age} old ({created}); they may miss instances launched in the previous 24 hours, and launch \
         templates of the previous few days"
    ))
}
