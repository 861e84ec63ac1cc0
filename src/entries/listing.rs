//! Reads an answer page by page: through all batches, from a resume token on, up to a limit.
//!
//! The limit and the tokens follow botocore's paginator, but for one thing: skipping what a token calls already
//! written goes on across pages, so that another page size than before repeats nothing.

use std::collections::HashSet;
use std::num::{NonZeroI32, NonZeroU64};

use aws_sdk_ec2::config::http::HttpResponse;
use aws_sdk_ec2::error::SdkError;
use aws_sdk_ec2::operation::describe_image_usage_report_entries::{
    DescribeImageUsageReportEntriesError, DescribeImageUsageReportEntriesOutput,
    builders::DescribeImageUsageReportEntriesFluentBuilder as Call,
};
use aws_sdk_ec2::types;
use aws_smithy_async::future::pagination_stream::PaginationStream;

use super::record::Entry;
use super::request::{Batch, Filter, Request};
use super::token::{BatchMark, Token, TokenError};
use crate::aws::{Ec2, Failure};

type Pages = PaginationStream<
    Result<
        DescribeImageUsageReportEntriesOutput,
        SdkError<DescribeImageUsageReportEntriesError, HttpResponse>,
    >,
>;

/// The next part of an answer.
#[derive(Debug)]
pub struct Page {
    /// The entries, in the service's order; there may be none.
    pub entries: Vec<Entry>,
    /// Where the first entry after these is; nowhere when the answer is whole.
    pub next: Option<Token>,
}

/// Why a listing could not go on.
#[derive(Debug, thiserror::Error)]
pub enum ListingError {
    /// A request failed.
    #[error(transparent)]
    Failure(#[from] Failure),
    /// The service gave a page token that it had given before, which would go on for ever.
    #[error("the service repeats the page token {0:?}, so the listing cannot go on")]
    RepeatedToken(String),
    /// A resume token lies beyond the end: entries that were there are gone.
    #[error("the listing ends {missing} entries before the place that the starting token names")]
    BeyondEnd {
        /// How many entries are missing.
        missing: u64,
    },
}

impl ListingError {
    /// What the user can do about it.
    pub fn next_step(&self) -> &str {
        match self {
            Self::Failure(failure) => failure.next_step(),
            Self::RepeatedToken(_) => {
                "go on from the resume token; if it happens again, ask for another --page-size and tell AWS Support"
            }
            Self::BeyondEnd { .. } => {
                "reports were deleted since, or the command line differs: begin anew without --starting-token"
            }
        }
    }
}

/// A listing under way.
#[derive(Debug)]
pub struct Listing {
    ec2: Ec2,
    request: Request,
    /// How many entries may still come; absent without a limit.
    remaining: Option<u64>,
    /// The number of the batch that is being read; beyond the last one when all are.
    batch: usize,
    /// The page that comes next, and what to skip from it on.
    page: Option<String>,
    skip: u64,
    /// The pages of this batch, once the first one was asked for.
    pages: Option<Pages>,
    /// The tokens of this batch's pages so far.
    seen: HashSet<String>,
    repeated: Option<String>,
    /// Absent with one batch only, whose tokens are the AWS CLI's.
    fingerprint: Option<String>,
}

impl Listing {
    /// A listing of what `request` asks for, from `start` on, of at most `limit` entries.
    ///
    /// # Errors
    /// [`TokenError::OtherIds`] when `start` belongs to another list of IDs.
    pub fn new(
        ec2: Ec2,
        request: Request,
        start: Token,
        limit: Option<NonZeroU64>,
    ) -> Result<Self, TokenError> {
        let batches = request.batches().len();
        let fingerprint = (batches > 1).then(|| request.fingerprint());
        let batch = match (&fingerprint, start.batch) {
            (None, None) => 0,
            (Some(ids), Some(mark)) if *ids == mark.ids && mark.index < batches => mark.index,
            // A run of several batches begins at the first one; any other place would name its batch.
            (Some(_), None) if start.page.is_none() && start.skip == 0 => 0,
            _ => return Err(TokenError::OtherIds),
        };
        Ok(Self {
            ec2,
            request,
            remaining: limit.map(NonZeroU64::get),
            batch,
            page: start.page,
            skip: start.skip,
            pages: None,
            seen: HashSet::new(),
            repeated: None,
            fingerprint,
        })
    }

    /// The next page, or nothing after the last one or at the limit.
    ///
    /// # Errors
    /// [`ListingError`]; the listing is not to be used after one.
    pub async fn next(&mut self) -> Result<Option<Page>, ListingError> {
        if let Some(token) = self.repeated.take() {
            return Err(ListingError::RepeatedToken(token));
        }
        if self.remaining == Some(0) {
            return Ok(None);
        }
        let pages = match &mut self.pages {
            Some(pages) => pages,
            None => {
                let batches = self.request.batches();
                let Some(batch) = batches.get(self.batch) else {
                    return Ok(None);
                };
                let call = call(&self.ec2, batch, &self.request.filters)
                    .set_max_results(self.request.page_size.map(NonZeroI32::get))
                    .set_next_token(self.page.clone());
                self.seen = self.page.iter().cloned().collect();
                self.pages
                    .insert(call.into_paginator().stop_on_duplicate_token(false).send())
            }
        };
        match pages.next().await {
            Some(Ok(output)) => self.take(output).map(Some),
            Some(Err(error)) => Err(Failure::from_sdk(error, &self.ec2).into()),
            None => unreachable!("the paginator ends after a page without a token, and so do we"),
        }
    }

    /// Takes from a page of the service what belongs to the answer, and moves on.
    fn take(
        &mut self,
        output: DescribeImageUsageReportEntriesOutput,
    ) -> Result<Page, ListingError> {
        let next_token = output.next_token.filter(|token| !token.is_empty());
        let all = output.image_usage_report_entries.unwrap_or_default();
        let skipped = usize::try_from(self.skip).map_or(all.len(), |skip| skip.min(all.len()));
        let wanted = match self.remaining {
            Some(remaining) => {
                usize::try_from(remaining).map_or(usize::MAX, |n| n.min(all.len() - skipped))
            }
            None => usize::MAX,
        };
        let rest = all.len() - skipped;
        let entries: Vec<Entry> = all
            .into_iter()
            .skip(skipped)
            .take(wanted)
            .map(Entry::from)
            .collect();

        if let Some(remaining) = &mut self.remaining {
            *remaining -= entries.len() as u64;
        }
        if entries.len() < rest {
            // The limit lies within this page: a later run asks for the page again.
            self.skip += entries.len() as u64;
        } else if let Some(token) = next_token {
            if self.seen.insert(token.clone()) {
                self.page = Some(token);
                self.skip -= skipped as u64;
            } else {
                // Asked for this page again, the service may give the right token.
                self.skip = (skipped + entries.len()) as u64;
                self.repeated = Some(token);
            }
        } else {
            let missing = self.skip - skipped as u64;
            if missing > 0 {
                return Err(ListingError::BeyondEnd { missing });
            }
            self.batch += 1;
            self.page = None;
            self.skip = 0;
            self.pages = None;
        }
        Ok(Page {
            entries,
            next: self.place(),
        })
    }

    /// Where the next entry is; nowhere after the last batch.
    pub fn place(&self) -> Option<Token> {
        let ended = self.batch == self.request.batches().len();
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
pub async fn dry_run(ec2: &Ec2, request: &Request) -> Result<(), Failure> {
    for batch in request.batches() {
        let call = call(ec2, &batch, &request.filters)
            .set_max_results(request.page_size.map(NonZeroI32::get))
            .dry_run(true);
        match call.send().await {
            Ok(_) => {
                return Err(Failure::Response {
                    endpoint: ec2.endpoint(),
                    problem: "it answered a dry run with data".to_owned(),
                });
            }
            Err(error) => match Failure::from_sdk(error, ec2) {
                failure if failure.code() == Some("DryRunOperation") => {}
                failure => return Err(failure),
            },
        }
    }
    Ok(())
}

fn call(ec2: &Ec2, batch: &Batch<'_>, filters: &[Filter]) -> Call {
    // What is empty is left out: an empty list would be a parameter of its own.
    let some = |ids: &[String]| (!ids.is_empty()).then(|| ids.to_vec());
    let filters: Vec<_> = filters
        .iter()
        .map(|filter| {
            types::Filter::builder()
                .name(&filter.name)
                .set_values(Some(filter.values.clone()))
                .build()
        })
        .collect();
    ec2.client
        .describe_image_usage_report_entries()
        .set_image_ids(some(batch.image_ids))
        .set_report_ids(some(batch.report_ids))
        .set_filters((!filters.is_empty()).then_some(filters))
}
