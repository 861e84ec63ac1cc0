//! Fetches the pages of a listing ahead of its reader: several page streams concurrently, within a memory limit.
//!
//! Each worker takes the next page stream, and fetches its pages into a queue. The reader gets them in the order of the
//! streams, which depends on nothing else.

use std::collections::{BTreeMap, VecDeque};
use std::num::NonZeroUsize;
use std::panic::resume_unwind;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;
use tokio::task::JoinSet;

use super::operation::PaginatedOperation;
use super::page_stream::{Next, PageStream, PageStreams, RawPage};
use crate::aws::RequestError;

/// The maximum number of queued pages of the stream that is being read.
const MAX_PAGES_AHEAD: usize = 3;

/// The size of the queued pages, in bytes, above which only the stream that is being read continues.
const MAX_QUEUED_BYTES: usize = 64 * 1024 * 1024;

/// The assumed size of a page before the first one arrives, in bytes.
const ASSUMED_PAGE_BYTES: usize = 1024 * 1024;

/// The result of one request.
type PageResult<T> = Result<RawPage<T>, RequestError>;

/// How much of all page streams together is needed.
#[derive(Clone, Copy, Debug)]
pub(super) enum FetchLimit {
    /// All pages.
    All,
    /// The pages of this number of items, one stream after the other.
    Items(u64),
    /// One page.
    OnePage,
}

/// Fetches page streams in the background.
#[derive(Debug)]
pub(super) struct Prefetcher<Q: PaginatedOperation> {
    shared: Arc<SharedQueue<Q::Item>>,
    workers: JoinSet<()>,
}

impl<Q: PaginatedOperation> Prefetcher<Q> {
    /// Starts to fetch the streams from the one with the index `first` on, whose first page is `page`.
    pub(super) fn start(
        streams: Arc<PageStreams<Q>>,
        first: usize,
        page: Option<String>,
        limit: FetchLimit,
        concurrency: NonZeroUsize,
    ) -> Self {
        let workers = match limit {
            FetchLimit::All => concurrency.get().min(streams.count() - first),
            // Whether a stream is needed depends on the one before it.
            FetchLimit::Items(_) | FetchLimit::OnePage => 1,
        };
        let queue = PrefetchQueue::new(first, streams.count(), streams.batches.len(), limit);
        let shared = Arc::new(SharedQueue {
            queue: Mutex::new(queue),
            arrived: Notify::new(),
            changed: Notify::new(),
        });
        let mut set = JoinSet::new();
        for _ in 0..workers {
            let (shared, streams, page) = (Arc::clone(&shared), Arc::clone(&streams), page.clone());
            set.spawn(async move {
                loop {
                    let next = shared.lock().next_stream();
                    let Some(index) = next else { break };
                    let start = page.clone().filter(|_| index == first);
                    fetch(&shared, index, streams.open(index, start)).await;
                }
            });
        }
        Self {
            shared,
            workers: set,
        }
    }

    /// The next page of the stream `index`, which is that of the last call or a later one. Streams before it are
    /// canceled. Must not be called after a page without a next one.
    pub(super) async fn next(&mut self, index: usize) -> PageResult<Q::Item> {
        // A reader that always finds a page must not keep the runtime from the sockets.
        tokio::task::yield_now().await;
        loop {
            let arrived = self.shared.arrived.notified();
            let page = self.shared.lock().pop(index);
            self.shared.changed.notify_waiters();
            if let Some(page) = page {
                return page;
            }
            tokio::select! {
                () = arrived => {}
                Some(Err(error)) = self.workers.join_next() => resume_unwind(error.into_panic()),
            }
        }
    }
}

/// Fetches one page stream, as far as it is needed.
async fn fetch<Q: PaginatedOperation>(
    shared: &SharedQueue<Q::Item>,
    index: usize,
    mut stream: PageStream<Q>,
) {
    while shared.may_fetch(index).await {
        let page = tokio::select! {
            page = stream.next() => Some(page),
            () = shared.canceled(index) => None,
        };
        let has_next = matches!(&page, Some(Ok(page)) if matches!(page.next, Next::Page(_)));
        let bytes = match &page {
            Some(Ok(page)) => Q::memory_size(&page.items),
            _ => 0,
        };
        shared.lock().push(index, page, bytes);
        shared.arrived.notify_one();
        shared.changed.notify_waiters();
        if !has_next {
            break;
        }
    }
}

/// The queue that workers and reader share.
#[derive(Debug)]
struct SharedQueue<T> {
    queue: Mutex<PrefetchQueue<T>>,
    /// Wakes the reader when a page has arrived.
    arrived: Notify,
    /// Wakes the workers when the queue has changed.
    changed: Notify,
}

impl<T> SharedQueue<T> {
    fn lock(&self) -> MutexGuard<'_, PrefetchQueue<T>> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for memory for the next page of a stream, and counts it as in flight. Returns whether the page is needed.
    async fn may_fetch(&self, index: usize) -> bool {
        loop {
            let changed = self.changed.notified();
            let permit = self.lock().try_fetch(index);
            match permit {
                Permit::Fetch => return true,
                Permit::Stop => return false,
                Permit::Wait => changed.await,
            }
        }
    }

    /// Waits until a stream is canceled.
    async fn canceled(&self, index: usize) {
        loop {
            let changed = self.changed.notified();
            if self.lock().is_canceled(index) {
                return;
            }
            changed.await;
        }
    }
}

/// Whether a worker may fetch a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Permit {
    Fetch,
    /// Not before the queue has changed.
    Wait,
    /// No further page of the stream is needed.
    Stop,
}

/// The page streams in their order, with their queued pages.
#[derive(Debug)]
struct PrefetchQueue<T> {
    /// The stream that is being read.
    head: usize,
    /// The next stream without a worker.
    next: usize,
    /// The number of streams, and how many of them each client has.
    end: usize,
    per_client: usize,
    limit: FetchLimit,
    /// The queued pages of each stream, with their sizes in bytes.
    queued: BTreeMap<usize, VecDeque<(PageResult<T>, usize)>>,
    /// The size of all queued pages, and of the largest page so far.
    queued_bytes: usize,
    max_page_bytes: usize,
    /// The number of pages that are being fetched.
    in_flight: usize,
    failed: Vec<usize>,
}

impl<T> PrefetchQueue<T> {
    fn new(head: usize, end: usize, per_client: usize, limit: FetchLimit) -> Self {
        Self {
            head,
            next: head,
            end,
            per_client,
            limit,
            queued: BTreeMap::new(),
            queued_bytes: 0,
            max_page_bytes: ASSUMED_PAGE_BYTES,
            in_flight: 0,
            failed: Vec::new(),
        }
    }

    /// The stream that a worker fetches next.
    fn next_stream(&mut self) -> Option<usize> {
        while self.next < self.end && !self.is_limit_reached() {
            let index = self.next;
            self.next += 1;
            if !self.is_canceled(index) {
                return Some(index);
            }
        }
        None
    }

    /// Counts a page of a stream as in flight, if there is memory for it.
    fn try_fetch(&mut self, index: usize) -> Permit {
        if self.is_canceled(index) || self.is_limit_reached() {
            return Permit::Stop;
        }
        let fits = if index == self.head {
            // It may always continue: the reader waits for it.
            self.queued.get(&index).map_or(0, VecDeque::len) < MAX_PAGES_AHEAD
        } else {
            let in_flight = (self.in_flight + 1) * self.max_page_bytes;
            self.queued_bytes + in_flight <= MAX_QUEUED_BYTES
        };
        if !fits {
            return Permit::Wait;
        }
        self.in_flight += 1;
        Permit::Fetch
    }

    /// Queues the result of a request; `None` if it was canceled.
    fn push(&mut self, index: usize, page: Option<PageResult<T>>, bytes: usize) {
        self.in_flight -= 1;
        if self.is_canceled(index) {
            return;
        }
        let Some(page) = page else { return };
        match &page {
            Err(_) => self.failed.push(index),
            Ok(page) => {
                self.max_page_bytes = self.max_page_bytes.max(bytes);
                self.limit = match self.limit {
                    FetchLimit::All => FetchLimit::All,
                    FetchLimit::Items(items) => {
                        FetchLimit::Items(items.saturating_sub(page.items.len() as u64))
                    }
                    FetchLimit::OnePage => FetchLimit::Items(0),
                };
            }
        }
        self.queued_bytes += bytes;
        self.queued
            .entry(index)
            .or_default()
            .push_back((page, bytes));
    }

    /// The next page of a stream, if it has arrived. Drops the pages of the streams before it.
    fn pop(&mut self, index: usize) -> Option<PageResult<T>> {
        if self.head < index {
            self.head = index;
            let rest = self.queued.split_off(&index);
            let dropped = std::mem::replace(&mut self.queued, rest);
            let bytes = dropped.values().flatten().map(|(_, bytes)| bytes);
            self.queued_bytes -= bytes.sum::<usize>();
        }
        let (page, bytes) = self.queued.get_mut(&index)?.pop_front()?;
        self.queued_bytes -= bytes;
        Some(page)
    }

    /// Whether a stream is not needed: it was skipped, or an earlier one of the same client failed.
    fn is_canceled(&self, index: usize) -> bool {
        let client = |index: usize| index / self.per_client;
        let cancels = |failed: &usize| *failed < index && client(*failed) == client(index);
        index < self.head || self.failed.iter().any(cancels)
    }

    /// Whether all needed pages are fetched or in flight.
    fn is_limit_reached(&self) -> bool {
        matches!(self.limit, FetchLimit::Items(0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A page with a token, unless it is the last one.
    fn page(items: usize, last: bool) -> Option<PageResult<()>> {
        Some(Ok(RawPage {
            items: vec![(); items],
            is_list_missing: false,
            next: match last {
                true => Next::End,
                false => Next::Page("next".to_owned()),
            },
        }))
    }

    fn failed() -> Option<PageResult<()>> {
        Some(Err(RequestError::Configuration {
            problem: String::new(),
            hint: String::new(),
        }))
    }

    /// Fetches as many pages of this size as a stream may while none is read, and returns their number.
    fn fill(queue: &mut PrefetchQueue<()>, stream: usize, bytes: usize) -> usize {
        let mut pages = 0;
        while queue.try_fetch(stream) == Permit::Fetch {
            queue.push(stream, page(1, false), bytes);
            pages += 1;
        }
        pages
    }

    #[test]
    fn the_stream_that_is_read_is_a_few_pages_ahead() {
        let mut queue = PrefetchQueue::new(0, 1, 1, FetchLimit::All);
        assert_eq!(fill(&mut queue, 0, 1), MAX_PAGES_AHEAD);
        assert!(queue.pop(0).is_some());
        assert_eq!(fill(&mut queue, 0, 1), 1);
    }

    #[test]
    fn other_streams_fill_the_memory_and_the_first_one_continues() {
        for bytes in [
            ASSUMED_PAGE_BYTES / 4,
            ASSUMED_PAGE_BYTES,
            5 * ASSUMED_PAGE_BYTES,
        ] {
            let mut queue = PrefetchQueue::new(0, 8, 8, FetchLimit::All);
            let pages: usize = (1..8).map(|stream| fill(&mut queue, stream, bytes)).sum();
            let held = pages * bytes;
            assert_eq!(queue.queued_bytes, held);
            assert!(
                held <= MAX_QUEUED_BYTES
                    && held + 2 * bytes.max(ASSUMED_PAGE_BYTES) > MAX_QUEUED_BYTES,
                "{bytes}: {held}"
            );
            assert_eq!(fill(&mut queue, 0, bytes), MAX_PAGES_AHEAD);
            // Their memory is free again when they are read or skipped.
            while queue.pop(0).is_some() {}
            queue.pop(7);
            assert_eq!(
                queue.queued_bytes,
                queue
                    .queued
                    .values()
                    .flatten()
                    .map(|page| page.1)
                    .sum::<usize>()
            );
            assert!(queue.try_fetch(6) == Permit::Stop && queue.queued_bytes <= held);
        }
    }

    #[test]
    fn pages_in_flight_count_against_the_memory() {
        let mut queue = PrefetchQueue::<()>::new(0, 100, 100, FetchLimit::All);
        let in_flight = (1..100)
            .filter(|stream| queue.try_fetch(*stream) == Permit::Fetch)
            .count();
        assert_eq!(in_flight, MAX_QUEUED_BYTES / ASSUMED_PAGE_BYTES);
        queue.push(1, None, 0);
        assert_eq!(queue.try_fetch(99), Permit::Fetch);
    }

    #[test]
    fn streams_start_in_order_and_not_after_an_error_of_their_client() {
        let mut queue = PrefetchQueue::new(1, 6, 3, FetchLimit::All);
        assert_eq!(queue.next_stream(), Some(1));
        assert_eq!(queue.try_fetch(1), Permit::Fetch);
        queue.push(1, failed(), 0);
        // The next one belongs to the second client.
        assert_eq!(
            (queue.next_stream(), queue.next_stream()),
            (Some(3), Some(4))
        );
        assert!(matches!(queue.pop(1), Some(Err(_))));
        assert!(queue.is_canceled(2) && !queue.is_canceled(3));
    }

    #[test]
    fn no_page_beyond_the_limit_is_fetched() {
        for (limit, pages) in [
            (FetchLimit::OnePage, 1),
            (FetchLimit::Items(3), 2),
            (FetchLimit::Items(4), 2),
        ] {
            let mut queue = PrefetchQueue::new(0, 2, 2, limit);
            queue.next_stream();
            let mut fetched = 0;
            while queue.try_fetch(0) == Permit::Fetch {
                queue.push(0, page(2, false), 1);
                fetched += 1;
            }
            assert_eq!((fetched, queue.next_stream()), (pages, None));
        }
    }
}
