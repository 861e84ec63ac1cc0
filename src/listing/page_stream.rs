//! The pages of one batch: each page has the token of the next one.

use std::borrow::Cow;
use std::collections::HashSet;

use super::{Pages, PaginatedOperation};
use crate::aws::{Ec2, RequestError};
use crate::error::{Category, UserError};

/// Why a listing cannot continue.
#[derive(Debug, thiserror::Error)]
pub enum ListError {
    /// A request failed.
    #[error(transparent)]
    RequestError(#[from] RequestError),
    /// The service returned a page token a second time, which would never end.
    #[error("the service returned the page token {0:?} twice, so the listing cannot continue")]
    RepeatedToken(String),
    /// The position of a resume token is beyond the end of the listing.
    #[error("the listing ends {missing} rows before the position of the starting token")]
    BeyondEnd {
        /// The number of missing rows.
        missing: u64,
    },
}

impl ListError {
    /// Whether every other Region would fail in the same way: see [`RequestError::concerns_all_regions`]; or the resume token
    /// is wrong.
    pub fn concerns_all_regions(&self) -> bool {
        match self {
            Self::RequestError(failure) => failure.concerns_all_regions(),
            Self::RepeatedToken(_) => false,
            Self::BeyondEnd { .. } => true,
        }
    }
}

impl UserError for ListError {
    fn category(&self) -> Category {
        match self {
            Self::RequestError(error) => error.category(),
            Self::RepeatedToken(_) | Self::BeyondEnd { .. } => Category::Other,
        }
    }

    fn hint(&self) -> Option<Cow<'_, str>> {
        let hint = match self {
            Self::RequestError(error) => return error.hint(),
            Self::RepeatedToken(_) => {
                "rerun with the resume token; if it fails again, try another --page-size and contact AWS Support"
            }
            Self::BeyondEnd { .. } => {
                "reports were deleted, or the arguments differ: start over without --starting-token"
            }
        };
        Some(hint.into())
    }

    fn code(&self) -> Option<&str> {
        match self {
            Self::RequestError(error) => error.code(),
            _ => None,
        }
    }

    fn request_id(&self) -> Option<&str> {
        match self {
            Self::RequestError(error) => error.request_id(),
            _ => None,
        }
    }
}

/// A page as the service returned it.
#[derive(Debug)]
pub struct RawPage<T> {
    /// The items, in the service's order; there may be none.
    pub items: Vec<T>,
    /// Whether the response had no list at all, which proves less than an empty one.
    pub listless: bool,
    /// What follows this page.
    pub next: Next,
}

/// What follows a page.
#[derive(Debug, PartialEq, Eq)]
pub enum Next {
    /// The page with this token.
    Page(String),
    /// Nothing: the service repeated a token.
    Repeated(String),
    /// Nothing: this was the last page.
    End,
}

/// The pages of one batch.
#[derive(Debug)]
pub struct PageStream<Q: PaginatedOperation> {
    ec2: Ec2,
    pages: Pages<Q>,
    /// The tokens of the pages so far.
    seen: HashSet<String>,
}

impl<Q: PaginatedOperation> PageStream<Q> {
    /// Creates the stream of pages that starts at the token `start`. Sends nothing yet.
    pub fn new(ec2: Ec2, question: &Q, start: Option<String>) -> Self {
        Self {
            pages: question.pages(&ec2, start.clone()),
            seen: start.into_iter().collect(),
            ec2,
        }
    }

    /// Requests the next page. Must not be called after a page without a next one.
    ///
    /// # Errors
    /// [`RequestError`]; the stream must not be used afterward.
    pub async fn next(&mut self) -> Result<RawPage<Q::Item>, RequestError> {
        let page = match self.pages.next().await {
            Some(Ok(page)) => page,
            Some(Err(error)) => return Err(RequestError::from_sdk(error, &self.ec2)),
            None => unreachable!("the paginator ends after a page without a token, and so do we"),
        };
        let (items, token) = Q::open(page, self.ec2.now());
        Ok(RawPage {
            listless: items.is_none(),
            items: items.unwrap_or_default(),
            next: match token.filter(|token| !token.is_empty()) {
                None => Next::End,
                Some(token) if self.seen.insert(token.clone()) => Next::Page(token),
                Some(token) => Next::Repeated(token),
            },
        })
    }
}
