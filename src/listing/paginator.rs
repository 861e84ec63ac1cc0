//! Reads a listing: all batches of each client, from a resume token, up to a limit.
//!
//! Limits and tokens follow botocore's paginator, with one exception: rows to skip are skipped across pages, so that a
//! different page size repeats nothing.

use std::num::{NonZeroU64, NonZeroUsize};
use std::sync::Arc;

use super::page_stream::{Next, RawPage};
use super::prefetch::{FetchLimit, Prefetcher};
use super::resume_token::{BatchMark, ResumeToken, TokenError};
use super::{ListError, PaginatedOperation, Scope, request};
use crate::aws::{Ec2, RequestError};

/// The next items of a listing.
#[derive(Debug)]
pub struct Page<T> {
    /// The items, in the service's order; there may be none.
    pub items: Vec<T>,
    /// Whether the response had no list at all, which proves less than an empty one.
    pub listless: bool,
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
    scope: Arc<Scope<Q>>,
    concurrency: NonZeroUsize,
    /// Whether only one page is read.
    one_page: bool,
    /// How many more items may be returned; `None` without a limit.
    remaining: Option<u64>,
    /// The index of the current batch among the batches of all clients, first those of the first client; their number at the
    /// end.
    batch: usize,
    /// The next page, and how many of its rows to skip.
    page: Option<String>,
    skip: u64,
    /// The prefetched pages, after the first request.
    prefetch: Option<Prefetcher<Q>>,
    repeated: Option<String>,
    marks: Marks,
}

/// The marks of resume tokens.
#[derive(Debug)]
struct Marks {
    /// Of the listing of all clients; `None` with a single batch, whose tokens are those of the AWS CLI.
    together: Option<String>,
    /// Of the listing of one client; `None` as above.
    alone: Option<String>,
}

impl Marks {
    fn new<Q: PaginatedOperation>(question: &Q, parts: usize, clients: &[Ec2]) -> Self {
        let alone = (parts > 1).then(|| question.fingerprint());
        let together = match clients {
            [_] => alone.clone(),
            _ => {
                let regions = clients.iter().map(Ec2::region);
                Some(request::with_regions(&question.fingerprint(), regions))
            }
        };
        Self { together, alone }
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
        question: Q,
        start: ResumeToken,
        limit: Option<NonZeroU64>,
        concurrency: NonZeroUsize,
    ) -> Result<Self, TokenError> {
        // A token without a batch is the AWS CLI's, which sends a single request.
        let one_request = start.batch.is_none() && start != ResumeToken::default();
        let parts = match one_request {
            true if question.is_one_request() && clients.len() == 1 => vec![question.clone()],
            true => return Err(TokenError::OtherIds),
            false => question.parts(),
        };
        let marks = Marks::new(&question, parts.len(), &clients);
        let batches = clients.len() * parts.len();
        let batch = match (&marks.together, start.batch) {
            (_, None) => 0,
            (Some(ids), Some(mark)) if *ids == mark.ids && mark.index < batches => mark.index,
            _ => return Err(TokenError::OtherIds),
        };
        Ok(Self {
            scope: Arc::new(Scope { clients, parts }),
            concurrency,
            one_page: false,
            remaining: limit.map(NonZeroU64::get),
            batch,
            page: start.page,
            skip: start.skip,
            prefetch: None,
            repeated: None,
            marks,
        })
    }

    /// Creates a listing of the first page of an operation that fits into one request.
    pub fn of_one_page(ec2: Ec2, question: Q, start: ResumeToken) -> Self {
        Self {
            scope: Arc::new(Scope {
                clients: vec![ec2],
                parts: vec![question],
            }),
            concurrency: NonZeroUsize::MIN,
            one_page: true,
            remaining: None,
            batch: 0,
            page: start.page,
            skip: start.skip,
            prefetch: None,
            repeated: None,
            marks: Marks {
                together: None,
                alone: None,
            },
        }
    }

    /// The index of the current client; after an error, of the one that failed. The number of clients at the end.
    pub fn client(&self) -> usize {
        self.batch / self.scope.parts.len()
    }

    /// Skips the rest of the current client, and continues with the next one.
    pub fn pass_over(&mut self) {
        self.batch = (self.client() + 1) * self.scope.parts.len();
        self.page = None;
        self.skip = 0;
        self.repeated = None;
    }

    /// Returns the next items, or `None` after the last page or at the limit.
    ///
    /// # Errors
    /// [`ListError`] of the current [client](Self::client). Continue after it with [`pass_over`](Self::pass_over) only.
    pub async fn next(&mut self) -> Result<Option<Page<Q::Item>>, ListError> {
        if let Some(token) = self.repeated.take() {
            return Err(ListError::RepeatedToken(token));
        }
        if self.remaining == Some(0) {
            return Ok(None);
        }
        if self.is_at_end() {
            return Ok(None);
        }
        let prefetch = self.prefetch.get_or_insert_with(|| {
            let extent = match self.remaining {
                _ if self.one_page => FetchLimit::Page,
                Some(items) => FetchLimit::Items(items.saturating_add(self.skip)),
                None => FetchLimit::Whole,
            };
            Prefetcher::start(
                Arc::clone(&self.scope),
                self.batch,
                self.page.clone(),
                extent,
                self.concurrency,
            )
        });
        let page = prefetch.next(self.batch).await?;
        self.take(page).map(Some)
    }

    /// Takes the items of a page that belong to the listing, and advances.
    fn take(&mut self, page: RawPage<Q::Item>) -> Result<Page<Q::Item>, ListError> {
        let client = self.client();
        let all = page.items;
        let skipped = usize::try_from(self.skip).map_or(all.len(), |skip| skip.min(all.len()));
        let rest = all.len() - skipped;
        let wanted = match self.remaining {
            Some(remaining) => usize::try_from(remaining).map_or(rest, |n| n.min(rest)),
            None => rest,
        };
        let mut items = all;
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
                    self.batch += 1;
                    self.page = None;
                    self.skip = 0;
                }
            }
        }
        Ok(Page {
            items,
            listless: page.listless,
            client,
            next: self.place(),
        })
    }

    /// The position of the next item; `None` after the last batch.
    pub fn place(&self) -> Option<ResumeToken> {
        (!self.is_at_end()).then(|| self.token(self.batch, &self.marks.together))
    }

    /// The position of the next item of the current client, as a token for a listing of this client alone.
    pub fn place_alone(&self) -> Option<ResumeToken> {
        (!self.is_at_end())
            .then(|| self.token(self.batch % self.scope.parts.len(), &self.marks.alone))
    }

    fn is_at_end(&self) -> bool {
        self.batch == self.scope.chains()
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
pub async fn dry_run<Q: PaginatedOperation>(ec2: &Ec2, question: &Q) -> Result<(), RequestError> {
    let parts = if question.is_one_request() {
        vec![question.clone()]
    } else {
        question.parts()
    };
    for part in parts {
        RequestError::unless_dry_run(part.dry_run(ec2).await, ec2)?;
    }
    Ok(())
}
