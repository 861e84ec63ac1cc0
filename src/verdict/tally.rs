//! How far a check is.

use std::cell::Cell;
use std::iter::Sum;

/// How far a check is, or several.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// How many images there are to be judged.
    pub images: usize,
    /// How many reports are to be created, and how many were.
    pub ordered: usize,
    /// How many reports were created or adopted.
    pub created: usize,
    /// How many reports are waited for.
    pub pending: usize,
    /// How many reports were read.
    pub read: usize,
    /// How many images were looked up for references.
    pub referenced: usize,
    /// How many images have a use so far.
    pub in_use: usize,
}

impl Sum for Tally {
    fn sum<I: Iterator<Item = Self>>(tallies: I) -> Self {
        tallies.fold(Self::default(), |sum, one| Self {
            images: sum.images + one.images,
            ordered: sum.ordered + one.ordered,
            created: sum.created + one.created,
            pending: sum.pending + one.pending,
            read: sum.read + one.read,
            referenced: sum.referenced + one.referenced,
            in_use: sum.in_use + one.in_use,
        })
    }
}

/// Says how far a check is.
pub(super) struct Watch<'a> {
    pub tally: Cell<Tally>,
    pub tell: &'a dyn Fn(Tally),
}

impl Watch<'_> {
    pub fn update(&self, change: impl FnOnce(&mut Tally)) {
        let mut tally = self.tally.get();
        change(&mut tally);
        self.tally.set(tally);
        (self.tell)(tally);
    }
}
