//! Runs a bounded number of requests concurrently.

use futures_util::stream::{self, StreamExt};

/// The maximum number of concurrent requests. EC2 throttles mutating ones earlier than describe calls.
pub(super) const MAX_CONCURRENT: usize = 4;

/// How many throttling errors in a row, each after all attempts of a request, are not an error of the report.
pub(super) const MAX_THROTTLED: u32 = 8;

/// Runs `work` for each item, and returns the results in the order of the items. `observe` is called with each as it
/// ends, by its index.
pub(super) async fn for_each<I, T>(
    items: impl IntoIterator<Item = I>,
    work: impl AsyncFn(I) -> T,
    mut observe: impl FnMut(usize, &T),
) -> Vec<T> {
    let work = &work;
    let mut results: Vec<(usize, T)> = stream::iter(items.into_iter().enumerate())
        .map(async |(index, item)| (index, work(item).await))
        .buffer_unordered(MAX_CONCURRENT)
        .inspect(|(index, result)| observe(*index, result))
        .collect()
        .await;
    results.sort_by_key(|(index, _)| *index);
    results.into_iter().map(|(_, result)| result).collect()
}
