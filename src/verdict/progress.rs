//! The progress of a check.

use std::cell::Cell;
use std::iter::Sum;

/// The progress of one check or of several.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CheckProgress {
    /// Images to check.
    pub images: usize,
    /// Reports that are still to be created.
    pub to_create: usize,
    /// Reports that were created or adopted.
    pub created: usize,
    /// Reports that are pending.
    pub pending: usize,
    /// Reports whose entries were read.
    pub read: usize,
    /// Images whose references were read.
    pub referenced: usize,
    /// Images with a use so far.
    pub in_use: usize,
}

impl Sum for CheckProgress {
    fn sum<I: Iterator<Item = Self>>(checks: I) -> Self {
        checks.fold(Self::default(), |sum, one| Self {
            images: sum.images + one.images,
            to_create: sum.to_create + one.to_create,
            created: sum.created + one.created,
            pending: sum.pending + one.pending,
            read: sum.read + one.read,
            referenced: sum.referenced + one.referenced,
            in_use: sum.in_use + one.in_use,
        })
    }
}

/// Reports the progress of a check.
pub(super) struct ProgressReporter<'a> {
    pub progress: Cell<CheckProgress>,
    pub report_progress: &'a dyn Fn(CheckProgress),
}

impl ProgressReporter<'_> {
    pub fn update(&self, change: impl FnOnce(&mut CheckProgress)) {
        let mut progress = self.progress.get();
        change(&mut progress);
        self.progress.set(progress);
        (self.report_progress)(progress);
    }
}
