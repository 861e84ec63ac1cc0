//! Reads an answer: through all batches, from a resume token on, up to a limit.
//!
//! The limit and the tokens follow botocore's paginator, but for one thing: skipping what a token calls already
//! written goes on across pages, so that another page size than before repeats nothing.

use std::num::NonZeroU64;

use super::chain::{Chain, Next, RawPage};
use super::token::{BatchMark, Token, TokenError};
use super::{ListingError, Question};
use crate::aws::{Ec2, Failure};

/// The next part of an answer.
#[derive(Debug)]
pub struct Page<T> {
    /// The items, in the service's order; there may be none.
    pub items: Vec<T>,
    /// Whether the service left the list out altogether, which says less than an empty one.
    pub listless: bool,
    /// Where the first item after these is; nowhere when the answer is whole.
    pub next: Option<Token>,
}

/// A listing under way.
#[derive(Debug)]
pub struct Listing<Q: Question> {
    ec2: Ec2,
    parts: Vec<Q>,
    /// How many items may still come; absent without a limit.
    remaining: Option<u64>,
    /// The number of the batch that is being read; beyond the last one when all are.
    batch: usize,
    /// The page that comes next, and what to skip from it on.
    page: Option<String>,
    skip: u64,
    /// The pages of this batch, once the first one was asked for.
    chain: Option<Chain<Q>>,
    repeated: Option<String>,
    /// Absent with one batch only, whose tokens are the AWS CLI's.
    fingerprint: Option<String>,
}

impl<Q: Question> Listing<Q> {
    /// A listing of what `question` asks for, from `start` on, of at most `limit` items.
    ///
    /// # Errors
    /// [`TokenError::OtherIds`] when `start` belongs to another list of IDs.
    pub fn new(
        ec2: Ec2,
        question: Q,
        start: Token,
        limit: Option<NonZeroU64>,
    ) -> Result<Self, TokenError> {
        // A token that names no batch is the AWS CLI's, which sends one request.
        let one_request = start.batch.is_none() && start != Token::default();
        let parts = match one_request {
            true if question.is_one_request() => vec![question.clone()],
            true => return Err(TokenError::OtherIds),
            false => question.parts(),
        };
        let fingerprint = (parts.len() > 1).then(|| question.fingerprint());
        let batch = match (&fingerprint, start.batch) {
            (_, None) => 0,
            (Some(ids), Some(mark)) if *ids == mark.ids && mark.index < parts.len() => mark.index,
            _ => return Err(TokenError::OtherIds),
        };
        Ok(Self {
            ec2,
            parts,
            remaining: limit.map(NonZeroU64::get),
            batch,
            page: start.page,
            skip: start.skip,
            chain: None,
            repeated: None,
            fingerprint,
        })
    }

    /// The first page of a question that one request may ask, from `start` on; more are not to be asked for.
    pub fn of_one_page(ec2: Ec2, question: Q, start: Token) -> Self {
        Self {
            ec2,
            parts: vec![question],
            remaining: None,
            batch: 0,
            page: start.page,
            skip: start.skip,
            chain: None,
            repeated: None,
            fingerprint: None,
        }
    }

    /// The next page, or nothing after the last one or at the limit.
    ///
    /// # Errors
    /// [`ListingError`]; the listing is not to be used after one.
    pub async fn next(&mut self) -> Result<Option<Page<Q::Item>>, ListingError> {
        if let Some(token) = self.repeated.take() {
            return Err(ListingError::RepeatedToken(token));
        }
        if self.remaining == Some(0) {
            return Ok(None);
        }
        let chain = match &mut self.chain {
            Some(chain) => chain,
            None => {
                let Some(part) = self.parts.get(self.batch) else {
                    return Ok(None);
                };
                self.chain
                    .insert(Chain::new(self.ec2.clone(), part, self.page.clone()))
            }
        };
        let page = chain.next().await?;
        self.take(page).map(Some)
    }

    /// Takes from a page of the service what belongs to the answer, and moves on.
    fn take(&mut self, page: RawPage<Q::Item>) -> Result<Page<Q::Item>, ListingError> {
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
                        return Err(ListingError::BeyondEnd { missing });
                    }
                    self.batch += 1;
                    self.page = None;
                    self.skip = 0;
                    self.chain = None;
                }
            }
        }
        Ok(Page {
            items,
            listless: page.listless,
            next: self.place(),
        })
    }

    /// Where the next item is; nowhere after the last batch.
    pub fn place(&self) -> Option<Token> {
        let ended = self.batch == self.parts.len();
        (!ended).then(|| Token {
            page: self.page.clone(),
            skip: self.skip,
            batch: self.fingerprint.clone().map(|ids| BatchMark {
                index: self.batch,
                ids,
            }),
        })
    }
}

/// Asks whether the requests of a listing would be allowed, without making them.
///
/// # Errors
/// [`Failure`], unless the service answers each with `DryRunOperation`.
pub async fn dry_run<Q: Question>(ec2: &Ec2, question: &Q) -> Result<(), Failure> {
    let parts = if question.is_one_request() {
        vec![question.clone()]
    } else {
        question.parts()
    };
    for part in parts {
        Failure::unless_dry_run(part.dry_run(ec2).await, ec2)?;
    }
    Ok(())
}
