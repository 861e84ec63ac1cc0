//! Runs a bounded number of requests concurrently.

use tokio::task::JoinSet;

/// The maximum number of concurrent mutating requests. EC2 throttles them earlier than describe calls.
pub(super) const AT_ONCE: usize = 4;

/// Runs `work` for each item, and returns the results in the order of the items. `observe` is called with each as it
/// ends, by its index.
pub(super) async fn for_each<I, T, W>(
    items: impl IntoIterator<Item = I>,
    work: impl Fn(I) -> W,
    mut observe: impl FnMut(usize, &T),
) -> Vec<T>
where
    T: Send + 'static,
    W: Future<Output = T> + Send + 'static,
{
    let mut items = items.into_iter().enumerate();
    let mut running = JoinSet::new();
    let mut done = Vec::new();
    loop {
        while running.len() < AT_ONCE
            && let Some((index, item)) = items.next()
        {
            let work = work(item);
            running.spawn(async move { (index, work.await) });
        }
        let Some(joined) = running.join_next().await else {
            break;
        };
        let (index, result) = joined.expect("a request neither panics nor is cancelled");
        observe(index, &result);
        done.push((index, result));
    }
    done.sort_by_key(|(index, _)| *index);
    done.into_iter().map(|(_, result)| result).collect()
}
