//! Reads the chains of a listing ahead of whoever writes it: several at the same time, within a bound of memory.
//!
//! Each of a few workers takes the next chain in order and asks for its pages, which wait here for their turn. The
//! order in which the pages are given out is that of the chains and depends on nothing else.

use std::collections::{BTreeMap, VecDeque};
use std::num::NonZeroUsize;
use std::panic::resume_unwind;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;
use tokio::task::JoinSet;

use super::page_stream::{Next, PageStream, RawPage};
use super::{PaginatedOperation, Scope};
use crate::aws::{Ec2, RequestError};

/// How many pages of the chain that is being written may wait.
const LOOK_AHEAD: usize = 3;

/// How many bytes of pages may wait before only the chain that is being written goes on.
const MEMORY: usize = 64 * 1024 * 1024;

/// What the first page of all is taken to weigh before it is there.
const A_PAGE: usize = 1024 * 1024;

/// What one request comes to.
type Answer<T> = Result<RawPage<T>, RequestError>;

/// How much is wanted of the chains together.
#[derive(Clone, Copy, Debug)]
pub(super) enum FetchLimit {
    /// All pages.
    Whole,
    /// The pages up to so many items, one chain after the other.
    Items(u64),
    /// One page.
    Page,
}

/// The chains that are being read.
#[derive(Debug)]
pub(super) struct Prefetcher<Q: PaginatedOperation> {
    desk: Arc<SharedQueue<Q::Item>>,
    workers: JoinSet<()>,
}

impl<Q: PaginatedOperation> Prefetcher<Q> {
    /// Begins to read the chains of `scope` from the chain `first` on, whose first page is `page`.
    pub(super) fn start(
        scope: Arc<Scope<Q>>,
        first: usize,
        page: Option<String>,
        extent: FetchLimit,
        concurrency: NonZeroUsize,
    ) -> Self {
        let chains = scope.chains() - first;
        let workers = match extent {
            FetchLimit::Whole => concurrency.get().min(chains),
            // Whether a chain is wanted, only the one before it tells.
            FetchLimit::Items(_) | FetchLimit::Page => 1,
        };
        let desk = Arc::new(SharedQueue {
            line: Mutex::new(PrefetchQueue::new(
                first,
                scope.chains(),
                scope.parts.len(),
                extent,
            )),
            came: Notify::new(),
            changed: Notify::new(),
        });
        let mut set = JoinSet::new();
        for _ in 0..workers {
            let (desk, scope, page) = (Arc::clone(&desk), Arc::clone(&scope), page.clone());
            set.spawn(async move {
                loop {
                    let next = desk.line().take();
                    let Some(number) = next else { break };
                    let (ec2, part) = scope.page_stream(number);
                    let start = page.clone().filter(|_| number == first);
                    read(&desk, number, ec2, part, start).await;
                }
            });
        }
        Self { desk, workers: set }
    }

    /// The next page of the chain `number`, which is the one of the last call or a later one. What there is of chains
    /// before it is given up. Not to be asked for after a page with nothing next.
    pub(super) async fn next(&mut self, number: usize) -> Answer<Q::Item> {
        // A reader that always finds a page must not keep the runtime from the sockets.
        tokio::task::yield_now().await;
        loop {
            let came = self.desk.came.notified();
            let answer = self.desk.line().pick(number);
            self.desk.changed.notify_waiters();
            if let Some(answer) = answer {
                return answer;
            }
            tokio::select! {
                () = came => {}
                Some(Err(error)) = self.workers.join_next() => resume_unwind(error.into_panic()),
            }
        }
    }
}

/// Reads one chain, as far as it is wanted.
async fn read<Q: PaginatedOperation>(
    desk: &SharedQueue<Q::Item>,
    number: usize,
    ec2: &Ec2,
    part: &Q,
    start: Option<String>,
) {
    let mut page_stream = PageStream::new(ec2.clone(), part, start);
    while desk.may_ask(number).await {
        let answer = tokio::select! {
            answer = page_stream.next() => Some(answer),
            () = desk.given_up(number) => None,
        };
        let goes_on = matches!(&answer, Some(Ok(page)) if matches!(page.next, Next::Page(_)));
        let weight = match &answer {
            Some(Ok(page)) => Q::weight(&page.items),
            _ => 0,
        };
        desk.line().put(number, answer, weight);
        desk.came.notify_one();
        desk.changed.notify_waiters();
        if !goes_on {
            break;
        }
    }
}

/// Where workers and reader meet.
#[derive(Debug)]
struct SharedQueue<T> {
    line: Mutex<PrefetchQueue<T>>,
    /// Tells the reader that an answer is there.
    came: Notify,
    /// Tells the workers to look again.
    changed: Notify,
}

impl<T> SharedQueue<T> {
    fn line(&self) -> MutexGuard<'_, PrefetchQueue<T>> {
        self.line.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether the chain is to ask for its next page, once there is room for it. It counts as asked for then.
    async fn may_ask(&self, number: usize) -> bool {
        loop {
            let changed = self.changed.notified();
            if let Some(wanted) = self.line().ask(number) {
                return wanted;
            }
            changed.await;
        }
    }

    /// Ready when nobody waits for the chain any more.
    async fn given_up(&self, number: usize) {
        loop {
            let changed = self.changed.notified();
            if self.line().is_given_up(number) {
                return;
            }
            changed.await;
        }
    }
}

/// The chains in their order, with the answers that wait for their turn.
#[derive(Debug)]
struct PrefetchQueue<T> {
    /// The chain that is being written.
    head: usize,
    /// The chain that a worker takes next.
    next: usize,
    /// How many chains there are, and how many of them each client has.
    end: usize,
    parts: usize,
    extent: FetchLimit,
    waiting: BTreeMap<usize, VecDeque<(Answer<T>, usize)>>,
    /// What the waiting pages weigh in bytes, and the heaviest page so far.
    weight: usize,
    heaviest: usize,
    /// How many pages were asked for that are not there yet.
    asked: usize,
    /// The chains that failed.
    failed: Vec<usize>,
}

impl<T> PrefetchQueue<T> {
    fn new(head: usize, end: usize, parts: usize, extent: FetchLimit) -> Self {
        Self {
            head,
            next: head,
            end,
            parts,
            extent,
            waiting: BTreeMap::new(),
            weight: 0,
            heaviest: A_PAGE,
            asked: 0,
            failed: Vec::new(),
        }
    }

    /// The chain that a worker is to read next.
    fn take(&mut self) -> Option<usize> {
        while self.next < self.end && !self.is_enough() {
            let number = self.next;
            self.next += 1;
            if !self.is_given_up(number) {
                return Some(number);
            }
        }
        None
    }

    /// Whether the chain asks for a page more; nothing when it has to wait for room.
    fn ask(&mut self, number: usize) -> Option<bool> {
        if self.is_given_up(number) || self.is_enough() {
            return Some(false);
        }
        let room = if number == self.head {
            // It can always go on, or nothing would.
            self.waiting.get(&number).map_or(0, VecDeque::len) < LOOK_AHEAD
        } else {
            self.weight + (self.asked + 1) * self.heaviest <= MEMORY
        };
        room.then(|| {
            self.asked += 1;
            true
        })
    }

    /// Takes what a request came to; nothing when it was given up.
    fn put(&mut self, number: usize, answer: Option<Answer<T>>, weight: usize) {
        self.asked -= 1;
        if self.is_given_up(number) {
            return;
        }
        let Some(answer) = answer else { return };
        match &answer {
            Err(_) => self.failed.push(number),
            Ok(page) => {
                self.heaviest = self.heaviest.max(weight);
                self.extent = match self.extent {
                    FetchLimit::Whole => FetchLimit::Whole,
                    FetchLimit::Items(items) => {
                        FetchLimit::Items(items.saturating_sub(page.items.len() as u64))
                    }
                    FetchLimit::Page => FetchLimit::Items(0),
                };
            }
        }
        self.weight += weight;
        self.waiting
            .entry(number)
            .or_default()
            .push_back((answer, weight));
    }

    /// The answer of the chain that is next to be written, if it is there.
    fn pick(&mut self, number: usize) -> Option<Answer<T>> {
        if self.head < number {
            self.head = number;
            let rest = self.waiting.split_off(&number);
            let past = std::mem::replace(&mut self.waiting, rest);
            self.weight -= past
                .values()
                .flatten()
                .map(|(_, weight)| weight)
                .sum::<usize>();
        }
        let (answer, weight) = self.waiting.get_mut(&number)?.pop_front()?;
        self.weight -= weight;
        Some(answer)
    }

    /// Whether nobody waits for the chain: it was passed over, or one before it of its client failed.
    fn is_given_up(&self, number: usize) -> bool {
        let of_client = |page_stream: usize| page_stream / self.parts;
        let hopeless = |failed: &usize| *failed < number && of_client(*failed) == of_client(number);
        number < self.head || self.failed.iter().any(hopeless)
    }

    /// Whether all is asked for that is wanted.
    fn is_enough(&self) -> bool {
        matches!(self.extent, FetchLimit::Items(0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A page with a token, but for the last one.
    fn page(items: usize, last: bool) -> Option<Answer<()>> {
        Some(Ok(RawPage {
            items: vec![(); items],
            listless: false,
            next: match last {
                true => Next::End,
                false => Next::Page("next".to_owned()),
            },
        }))
    }

    fn refused() -> Option<Answer<()>> {
        Some(Err(RequestError::Configuration {
            problem: String::new(),
            hint: String::new(),
        }))
    }

    /// How many pages of `weight` each a chain is allowed while none is written.
    fn allowed(line: &mut PrefetchQueue<()>, page_stream: usize, weight: usize) -> usize {
        let mut pages = 0;
        while line.ask(page_stream) == Some(true) {
            line.put(page_stream, page(1, false), weight);
            pages += 1;
        }
        pages
    }

    #[test]
    fn the_chain_that_is_written_is_a_few_pages_ahead() {
        let mut line = PrefetchQueue::new(0, 1, 1, FetchLimit::Whole);
        assert_eq!(allowed(&mut line, 0, 1), LOOK_AHEAD);
        assert!(line.pick(0).is_some());
        assert_eq!(allowed(&mut line, 0, 1), 1);
    }

    #[test]
    fn the_other_chains_fill_the_memory_and_the_first_one_goes_on() {
        for weight in [A_PAGE / 4, A_PAGE, 5 * A_PAGE] {
            let mut line = PrefetchQueue::new(0, 8, 8, FetchLimit::Whole);
            let pages: usize = (1..8)
                .map(|page_stream| allowed(&mut line, page_stream, weight))
                .sum();
            let held = pages * weight;
            assert_eq!(line.weight, held);
            assert!(
                held <= MEMORY && held + 2 * weight.max(A_PAGE) > MEMORY,
                "{weight}: {held}"
            );
            assert_eq!(allowed(&mut line, 0, weight), LOOK_AHEAD);
            // Their memory is free again when they are written, or passed over.
            while line.pick(0).is_some() {}
            line.pick(7);
            assert_eq!(
                line.weight,
                line.waiting
                    .values()
                    .flatten()
                    .map(|page| page.1)
                    .sum::<usize>()
            );
            assert!(line.ask(6) == Some(false) && line.weight <= held);
        }
    }

    #[test]
    fn pages_that_are_on_their_way_count() {
        let mut line = PrefetchQueue::<()>::new(0, 100, 100, FetchLimit::Whole);
        let asked = (1..100)
            .filter(|page_stream| line.ask(*page_stream) == Some(true))
            .count();
        assert_eq!(asked, MEMORY / A_PAGE);
        line.put(1, None, 0);
        assert_eq!(line.ask(99), Some(true));
    }

    #[test]
    fn chains_are_taken_in_order_and_not_after_a_failure_of_their_client() {
        let mut line = PrefetchQueue::new(1, 6, 3, FetchLimit::Whole);
        assert_eq!(line.take(), Some(1));
        assert_eq!(line.ask(1), Some(true));
        line.put(1, refused(), 0);
        // The next one is of the second client.
        assert_eq!((line.take(), line.take()), (Some(3), Some(4)));
        assert!(matches!(line.pick(1), Some(Err(_))));
        assert!(line.is_given_up(2) && !line.is_given_up(3));
    }

    #[test]
    fn no_more_is_asked_for_than_is_wanted() {
        for (extent, pages) in [
            (FetchLimit::Page, 1),
            (FetchLimit::Items(3), 2),
            (FetchLimit::Items(4), 2),
        ] {
            let mut line = PrefetchQueue::new(0, 2, 2, extent);
            line.take();
            let mut asked = 0;
            while line.ask(0) == Some(true) {
                line.put(0, page(2, false), 1);
                asked += 1;
            }
            assert_eq!((asked, line.take()), (pages, None));
        }
    }
}
