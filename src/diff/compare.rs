//! Merges two sorted sequences of uses.

use std::iter::Peekable;

use super::row::{Change, Row};
use super::uses::Use;

/// The rows of all uses that either side has, in their order, with the unchanged ones. Each side must be sorted; counts of the
/// same image, account and resource type are added up, and counts of zero are no uses.
pub fn compare<E>(
    old: impl Iterator<Item = Result<Use, E>>,
    new: impl Iterator<Item = Result<Use, E>>,
) -> impl Iterator<Item = Result<Row, E>> {
    let mut old = Sums(old.peekable()).peekable();
    let mut new = Sums(new.peekable()).peekable();
    std::iter::from_fn(move || {
        let pair = match (old.peek(), new.peek()) {
            (Some(Err(_)), _) => return old.next()?.err().map(Err),
            (_, Some(Err(_))) => return new.next()?.err().map(Err),
            (Some(Ok(first)), Some(Ok(second))) if first.has_key_of(second) => {
                (old.next(), new.next())
            }
            (Some(Ok(first)), Some(Ok(second))) if first.key() > second.key() => (None, new.next()),
            (Some(_), _) => (old.next(), None),
            (None, Some(_)) => (None, new.next()),
            (None, None) => return None,
        };
        let (old, new) = (pair.0.and_then(Result::ok), pair.1.and_then(Result::ok));
        let count = |side: &Option<Use>| side.as_ref().map_or(0, |side| side.count);
        let (old_usage_count, new_usage_count) = (count(&old), count(&new));
        let Use {
            image,
            account_id,
            resource_type,
            ..
        } = old.or(new)?;
        Some(Ok(Row {
            region: image.region,
            image_id: image.image_id,
            account_id,
            account_name: None,
            resource_type,
            change: Change::between(old_usage_count, new_usage_count),
            old_usage_count,
            new_usage_count,
            difference: new_usage_count.saturating_sub(old_usage_count),
        }))
    })
}

/// Adds up the counts of consecutive uses with the same key, and drops those without a use.
struct Sums<I: Iterator>(Peekable<I>);

impl<E, I: Iterator<Item = Result<Use, E>>> Iterator for Sums<I> {
    type Item = Result<Use, E>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let mut sum = match self.0.next()? {
                Ok(first) => first,
                error => return Some(error),
            };
            let is_same =
                |next: &Result<Use, E>| next.as_ref().is_ok_and(|next| next.has_key_of(&sum));
            let mut count = sum.count;
            while let Some(Ok(next)) = self.0.next_if(is_same) {
                count = count.saturating_add(next.count);
            }
            sum.count = count;
            if count > 0 {
                return Some(Ok(sum));
            }
        }
    }
}
