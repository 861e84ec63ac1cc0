//! Pages and page tokens.
//!
//! A token has the position of the next row among all rows, matching or not, and a digest of the position and the query.
//! So any page is found directly, the page size and the rows may change between pages, and a token that is invalid or
//! belongs to another query is detected.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

use super::form::Parameters;
use super::request::RequestContext;
use super::response::ApiError;
use super::xml::Xml;

const POSITION_BYTES: usize = 8;
const DIGEST_BYTES: usize = 16;

/// The page size without `MaxResults`. The service's default is not documented; 1,000 is the documented maximum of
/// other EC2 actions.
const DEFAULT_SIZE: usize = 1_000;

/// The page that a request selects.
#[derive(Debug)]
pub(super) struct Page {
    /// The position from which to look for its first row.
    pub start: usize,
    size: usize,
}

impl Page {
    /// Takes `MaxResults`, which is at least `min_size`, and `NextToken` out of `parameters`.
    ///
    /// # Errors
    /// `InvalidNextToken` for a token that this query did not return, and an invalid size.
    pub fn read(
        context: &RequestContext<'_>,
        parameters: &mut Parameters,
        min_size: usize,
    ) -> Result<Self, ApiError> {
        let size = max_results(parameters, min_size)?.unwrap_or(DEFAULT_SIZE);
        Self::read_sized(context, parameters, size)
    }

    /// Takes `NextToken` out of `parameters`, for a page of this size.
    ///
    /// # Errors
    /// `InvalidNextToken` for a token that this query did not return.
    pub fn read_sized(
        context: &RequestContext<'_>,
        parameters: &mut Parameters,
        size: usize,
    ) -> Result<Self, ApiError> {
        let start = parameters.text("NextToken").map_or(Ok(0), |sent| {
            position(&sent)
                .filter(|&position| token(context, position) == sent)
                .ok_or_else(|| {
                    ApiError::new(
                        "InvalidNextToken",
                        "The specified NextToken is not valid: use one that the same query returned",
                    )
                })
        })?;
        Ok(Self { start, size })
    }

    /// The response with this page of `rows`, which have their positions, in the list `name`. If a row follows the
    /// page, its position goes into the next token.
    pub fn respond<T>(
        &self,
        context: &RequestContext<'_>,
        name: &str,
        rows: impl Iterator<Item = (usize, T)>,
        write: impl Fn(&mut Xml, &T),
    ) -> String {
        Xml::response(context.action, context.request_id, |xml| {
            self.write(context, xml, [name, "item", "nextToken"], rows, write);
        })
    }

    /// Writes this page of `rows`, with the names of the elements for the list, an item and the next token.
    pub fn write<T>(
        &self,
        context: &RequestContext<'_>,
        xml: &mut Xml,
        [list, item, next_token]: [&str; 3],
        mut rows: impl Iterator<Item = (usize, T)>,
        write: impl Fn(&mut Xml, &T),
    ) {
        xml.nest(list, |xml| {
            for (_, row) in rows.by_ref().take(self.size) {
                xml.nest(item, |xml| write(xml, &row));
            }
        });
        if let Some((position, _)) = rows.next() {
            xml.text(next_token, &token(context, position));
        }
    }
}

/// Takes `MaxResults`, which is at least `min_size`, out of `parameters`.
///
/// # Errors
/// An invalid size.
pub(super) fn max_results(
    parameters: &mut Parameters,
    min_size: usize,
) -> Result<Option<usize>, ApiError> {
    let Some(value) = parameters.text("MaxResults") else {
        return Ok(None);
    };
    (value.parse::<i32>().ok())
        .and_then(|size| usize::try_from(size).ok())
        .filter(|&size| size >= min_size)
        .map(Some)
        .ok_or_else(|| {
            let expected = format!("Expecting a whole number, at least {min_size}.");
            ApiError::invalid_value("MaxResults", &value, &expected)
        })
}

/// The token for the page of the same query that starts at `position`.
fn token(context: &RequestContext<'_>, position: usize) -> String {
    let position = (position as u64).to_be_bytes();
    let digest = Sha256::new()
        .chain_update(position)
        .chain_update(context.query)
        .finalize();
    URL_SAFE_NO_PAD.encode([&position[..], &digest[..DIGEST_BYTES]].concat())
}

/// The position in a token. Does not check the digest.
fn position(token: &str) -> Option<usize> {
    let bytes = URL_SAFE_NO_PAD.decode(token).ok()?;
    let (position, digest) = bytes.split_first_chunk::<POSITION_BYTES>()?;
    (digest.len() == DIGEST_BYTES)
        .then(|| usize::try_from(u64::from_be_bytes(*position)).ok())
        .flatten()
}
