//! Reads a listing: all batches of each client, from a resume token, up to a limit.
//!
//! Limits and tokens follow botocore's paginator, with one exception: rows to skip are skipped across pages, so that a
//! different page size repeats nothing.

use std::num::{NonZeroU64, NonZeroUsize};
use std::sync::Arc;

use super::error::ListError;
use super::operation::PaginatedOperation;
use super::page_stream::{Next, PageStreams, RawPage};
use super::prefetch::{FetchLimit, Prefetcher};
use super::request;
use super::resume_token::{BatchMark, ResumeToken, TokenError};
use crate::aws::{Ec2, RequestError};

/// The next items of a listing.
#[derive(Debug)]
pub struct Page<T> {
    /// The items, in the service's order; there may be none.
    pub items: Vec<T>,
    /// Whether the response had no list at all, which proves less than an empty one.
    pub is_list_missing: bool,
    /// The index of the client that returned it.
    pub client: usize,
    /// The position of the next item; `None` at the end of the listing.
    pub next: Option<ResumeToken>,
}

/// A listing in progress.
///
/// Each client reads the complete operation, one client after the other.
#[derive(Debug)]
pub struct Paginator<Q: PaginatedOperation> {
    streams: Arc<PageStreams<Q>>,
    concurrency: NonZeroUsize,
    /// Whether only one page is read.
    one_page: bool,
    /// How many more items may be returned; `None` without a limit.
    remaining: Option<u64>,
    /// The index of the current page stream; their number at the end.
    stream: usize,
    /// The next page, and how many of its rows to skip.
    page: Option<String>,
    skip: u64,
    /// The prefetched pages, after the first request.
    prefetch: Option<Prefetcher<Q>>,
    repeated: Option<String>,
    fingerprints: Fingerprints,
}

/// What resume tokens are marked with. There is no mark for a single page stream, whose tokens are those of the AWS CLI.
#[derive(Debug, Default)]
struct Fingerprints {
    /// For the listing of all clients.
    all_clients: Option<String>,
    /// For the listing of one client.
    one_client: Option<String>,
}

impl Fingerprints {
    fn new<Q: PaginatedOperation>(operation: &Q, batches: usize, clients: &[Ec2]) -> Self {
        let one_client = (batches > 1).then(|| operation.fingerprint());
        let all_clients = match clients {
            [_] => one_client.clone(),
            _ => {
                let regions = clients.iter().map(Ec2::region);
                Some(request::with_regions(&operation.fingerprint(), regions))
            }
        };
        Self {
            all_clients,
            one_client,
        }
    }
}

impl<Q: PaginatedOperation> Paginator<Q> {
    /// Creates a listing of `operation` for at least one client, from `start`, with at most `limit` items and `concurrency`
    /// concurrent requests.
    ///
    /// # Errors
    /// [`TokenError::OtherIds`] if `start` belongs to other IDs or Regions.
    pub fn new(
        clients: Vec<Ec2>,
        operation: Q,
        start: ResumeToken,
        limit: Option<NonZeroU64>,
        concurrency: NonZeroUsize,
    ) -> Result<Self, TokenError> {
        // A token without a batch is the AWS CLI's, which sends a single request.
        let is_from_aws_cli = start.batch.is_none() && start != ResumeToken::default();
        let batches = match is_from_aws_cli {
            true if operation.is_one_request() && clients.len() == 1 => vec![operation.clone()],
            true => return Err(TokenError::OtherIds),
            false => operation.batches(),
        };
        let fingerprints = Fingerprints::new(&operation, batches.len(), &clients);
        let streams = PageStreams { clients, batches };
        let stream = match (&fingerprints.all_clients, &start.batch) {
            (_, None) => 0,
            (Some(ids), Some(mark)) if *ids == mark.ids && mark.index < streams.count() => {
                mark.index
            }
            _ => return Err(TokenError::OtherIds),
        };
        Ok(Self {
            concurrency,
            remaining: limit.map(NonZeroU64::get),
            stream,
            fingerprints,
            ..Self::start(streams, start)
        })
    }

    /// Creates a listing of the first page of an operation that fits into one request.
    pub fn of_one_page(ec2: Ec2, operation: Q, start: ResumeToken) -> Self {
        Self {
            one_page: true,
            ..Self::start(PageStreams::one(ec2, operation), start)
        }
    }

    /// Creates a listing of an operation that fits into one request.
    pub fn of_batch(ec2: Ec2, operation: Q) -> Self {
        Self::start(PageStreams::one(ec2, operation), ResumeToken::default())
    }

    fn start(streams: PageStreams<Q>, start: ResumeToken) -> Self {
        Self {
            streams: Arc::new(streams),
            concurrency: NonZeroUsize::MIN,
            one_page: false,
            remaining: None,
            stream: 0,
            page: start.page,
            skip: start.skip,
            prefetch: None,
            repeated: None,
            fingerprints: Fingerprints::default(),
        }
    }

    /// The index of the current client; after an error, of the one that failed. The number of clients at the end.
    pub fn client(&self) -> usize {
        self.stream / self.streams.batches.len()
    }

    /// Skips the rest of the current client, and continues with the next one.
    pub fn skip_client(&mut self) {
        self.stream = (self.client() + 1) * self.streams.batches.len();
        self.page = None;
        self.skip = 0;
        self.repeated = None;
    }

    /// Returns the next items, or `None` after the last page or at the limit.
    ///
    /// # Errors
    /// [`ListError`] of the current [client](Self::client). Continue after it with [`skip_client`](Self::skip_client) only.
    pub async fn next(&mut self) -> Result<Option<Page<Q::Item>>, ListError> {
        if let Some(token) = self.repeated.take() {
            return Err(ListError::RepeatedToken(token));
        }
        if self.remaining == Some(0) || self.is_at_end() {
            return Ok(None);
        }
        let prefetch = self.prefetch.get_or_insert_with(|| {
            let limit = match self.remaining {
                _ if self.one_page => FetchLimit::OnePage,
                Some(items) => FetchLimit::Items(items.saturating_add(self.skip)),
                None => FetchLimit::All,
            };
            Prefetcher::start(
                Arc::clone(&self.streams),
                self.stream,
                self.page.clone(),
                limit,
                self.concurrency,
            )
        });
        let page = prefetch.next(self.stream).await?;
        self.advance(page).map(Some)
    }

    /// Takes the items of a page that belong to the listing, and advances.
    fn advance(&mut self, page: RawPage<Q::Item>) -> Result<Page<Q::Item>, ListError> {
        let client = self.client();
        let mut items = page.items;
        let skipped = usize::try_from(self.skip).map_or(items.len(), |skip| skip.min(items.len()));
        let rest = items.len() - skipped;
        let wanted = match self.remaining {
            Some(remaining) => usize::try_from(remaining).map_or(rest, |n| n.min(rest)),
            None => rest,
        };
        items.truncate(skipped + wanted);
        items.drain(..skipped);

        if let Some(remaining) = &mut self.remaining {
            *remaining -= wanted as u64;
        }
        if wanted < rest {
            // The limit is within this page: a later run requests it again.
            self.skip += wanted as u64;
        } else {
            match page.next {
                Next::Page(token) => {
                    self.page = Some(token);
                    self.skip -= skipped as u64;
                }
                Next::Repeated(token) => {
                    // When this page is requested again, the service may return a new token.
                    self.skip = (skipped + wanted) as u64;
                    self.repeated = Some(token);
                }
                Next::End => {
                    let missing = self.skip - skipped as u64;
                    if missing > 0 {
                        return Err(ListError::BeyondEnd { missing });
                    }
                    self.stream += 1;
                    self.page = None;
                    self.skip = 0;
                }
            }
        }
        Ok(Page {
            items,
            is_list_missing: page.is_list_missing,
            client,
            next: self.resume_token(),
        })
    }

    /// The position of the next item; `None` after the last batch.
    pub fn resume_token(&self) -> Option<ResumeToken> {
        (!self.is_at_end()).then(|| self.token(self.stream, &self.fingerprints.all_clients))
    }

    /// The position of the next item of the current client, as a token for a listing of this client alone.
    pub fn client_resume_token(&self) -> Option<ResumeToken> {
        (!self.is_at_end()).then(|| {
            self.token(
                self.stream % self.streams.batches.len(),
                &self.fingerprints.one_client,
            )
        })
    }

    fn is_at_end(&self) -> bool {
        self.stream == self.streams.count()
    }

    fn token(&self, index: usize, mark: &Option<String>) -> ResumeToken {
        ResumeToken {
            page: self.page.clone(),
            skip: self.skip,
            batch: mark.clone().map(|ids| BatchMark { index, ids }),
        }
    }
}

/// Checks with a dry run whether the requests of a listing would be allowed.
///
/// # Errors
/// [`RequestError`], unless the service answers every request with `DryRunOperation`.
pub async fn dry_run<Q: PaginatedOperation>(ec2: &Ec2, operation: &Q) -> Result<(), RequestError> {
    let batches = match operation.is_one_request() {
        true => vec![operation.clone()],
        false => operation.batches(),
    };
    for batch in batches {
        RequestError::unless_dry_run(batch.dry_run(ec2).await, ec2)?;
    }
    Ok(())
}
