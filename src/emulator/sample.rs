//! The built-in sample data.

use std::time::{Duration, SystemTime};

use super::state::State;

/// 2025-10-21T06:00:00Z: what the clock of the sample data shows when the emulator starts.
const SAMPLE_START: Duration = Duration::from_secs(1_761_026_400);

impl State {
    /// The built-in data: the user guide's example, and enough to show every filter, a report in each state, a count
    /// of zero, and an account ID with leading zeros. Of the account's own images, some are used by other accounts, one
    /// only by itself, one by nobody, and one has no successful report. Images of other owners are public or shared. Its
    /// clock starts at 2025-10-21T06:00:00Z, so that the ages of its reports do not depend on the day.
    pub fn sample() -> Self {
        Self::from_json(include_str!("sample.json"))
            .expect("a test loads this document")
            .starting_at(SystemTime::UNIX_EPOCH + SAMPLE_START)
    }
}
