//! Reads an answer: of each client through all batches, from a resume token on, up to a limit.
//!
//! The limit and the tokens follow botocore's paginator, but for one thing: skipping what a token calls already
//! written goes on across pages, so that another page size than before repeats nothing.

use std::num::{NonZeroU64, NonZeroUsize};
use std::sync::Arc;

use super::page_stream::{Next, RawPage};
use super::prefetch::{FetchLimit, Prefetcher};
use super::resume_token::{BatchMark, ResumeToken, TokenError};
use super::{ListError, PaginatedOperation, Scope, request};
use crate::aws::{Ec2, RequestError};

/// The next part of an answer.
#[derive(Debug)]
pub struct Page<T> {
    /// The items, in the service's order; there may be none.
    pub items: Vec<T>,
    /// Whether the service left the list out altogether, which says less than an empty one.
    pub listless: bool,
    /// The number of the client that gave it, from 0.
    pub client: usize,
    /// Where the first item after these is; nowhere when the answer ends with it.
    pub next: Option<ResumeToken>,
}

/// A listing under way.
///
/// Each client is asked the whole question, one after the other in their order.
#[derive(Debug)]
pub struct Paginator<Q: PaginatedOperation> {
    scope: Arc<Scope<Q>>,
    concurrency: NonZeroUsize,
    /// Whether only one page is asked for.
    one_page: bool,
    /// How many items may still come; absent without a limit.
    remaining: Option<u64>,
    /// The number of the batch that is being read, through all clients: first those of the first client. Beyond the
    /// last one when all are.
    batch: usize,
    /// The page that comes next, and what to skip from it on.
    page: Option<String>,
    skip: u64,
    /// The pages, once the first one was asked for.
    prefetch: Option<Prefetcher<Q>>,
    repeated: Option<String>,
    marks: Marks,
}

/// What the tokens are marked with.
#[derive(Debug)]
struct Marks {
    /// Of all clients; absent with one batch only, whose tokens are the AWS CLI's.
    together: Option<String>,
    /// Of one client alone; absent as above.
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
    /// A listing of what `question` asks of `clients`, which are one at least, from `start` on, of at most `limit`
    /// items. So many requests are sent at the same time at most.
    ///
    /// # Errors
    /// [`TokenError::OtherIds`] when `start` belongs to another list of IDs or Regions.
    pub fn new(
        clients: Vec<Ec2>,
        question: Q,
        start: ResumeToken,
        limit: Option<NonZeroU64>,
        concurrency: NonZeroUsize,
    ) -> Result<Self, TokenError> {
        // A token that names no batch is the AWS CLI's, which sends one request.
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

    /// The first page of a question that one request may ask, from `start` on; more are not to be asked for.
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

    /// The number of the client that is being asked, from 0; after an error, of the one that failed. Their number when
    /// all were.
    pub fn client(&self) -> usize {
        self.batch / self.scope.parts.len()
    }

    /// Leaves out the rest of what the present client has, as after an error of it, and goes on with the next one.
    pub fn pass_over(&mut self) {
        self.batch = (self.client() + 1) * self.scope.parts.len();
        self.page = None;
        self.skip = 0;
        self.repeated = None;
    }

    /// The next page, or nothing after the last one or at the limit.
    ///
    /// # Errors
    /// [`ListError`] of the present [client](Self::client). After one, go on by [`pass_over`](Self::pass_over) only.
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

    /// Takes from a page of the service what belongs to the answer, and moves on.
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
            // The limit lies within this page: a later run asks for the page again.
            self.skip += wanted as u64;
        } else {
            match page.next {
                Next::Page(token) => {
                    self.page = Some(token);
                    self.skip -= skipped as u64;
                }
                Next::Repeated(token) => {
                    // Asked for this page again, the service may give the right token.
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

    /// Where the next item is; nowhere after the last batch.
    pub fn place(&self) -> Option<ResumeToken> {
        (!self.is_at_end()).then(|| self.token(self.batch, &self.marks.together))
    }

    /// Where the next item of the present client is, as the token that a listing of this client alone takes.
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

/// Asks whether the requests of a listing would be allowed, without making them.
///
/// # Errors
/// [`RequestError`], unless the service answers each with `DryRunOperation`.
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
