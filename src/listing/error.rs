//! Why a listing cannot continue.

use std::borrow::Cow;

use crate::aws::RequestError;
use crate::error::{Category, UserError};

/// Why a listing cannot continue.
#[derive(Debug, thiserror::Error)]
pub enum ListError {
    /// A request failed.
    #[error(transparent)]
    RequestError(#[from] RequestError),
    /// The service returned a page token again: the listing would never end.
    #[error("the service returned the page token {0:?} twice, so the listing cannot continue")]
    RepeatedToken(String),
    /// A resume token points beyond the end of the list, which is shorter than before.
    #[error(
        "the listing ends {missing} row{} before the position of the starting token",
        if *missing == 1 { "" } else { "s" }
    )]
    BeyondEnd {
        /// How many rows are missing.
        missing: u64,
    },
}

impl ListError {
    /// Whether every other Region would fail alike: [`RequestError::concerns_all_regions`], or a wrong token.
    pub fn concerns_all_regions(&self) -> bool {
        match self {
            Self::RequestError(error) => error.concerns_all_regions(),
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
                "rows were deleted, or the arguments differ: start over without --starting-token"
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
