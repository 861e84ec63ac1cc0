//! A few requests at a time.

use tokio::task::JoinSet;

/// How many requests go out at once that change something. EC2 allows fewer of them than of those that read.
pub(super) const AT_ONCE: usize = 4;

/// What `work` comes to for each item, in the order of the items. `observe` hears of each as it ends, by its place in
/// the list.
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
