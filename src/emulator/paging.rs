//! Pages, and the tokens that lead from one to the next.
//!
//! A token holds the position of the next row among all rows, matching or not, and a digest over the position
//! and the query. So a page is found without counting up to it, the page size may change on the way, rows may
//! come and go meanwhile, and a token that was garbled, or that belongs to another query, shows.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

use super::form::Parameters;
use super::refusal::Refusal;
use super::request::Call;
use super::xml::Xml;

const POSITION_BYTES: usize = 8;
const DIGEST_BYTES: usize = 16;

/// The page size when `MaxResults` is absent. The service does not publish its own; 1,000 is what EC2 gives at
/// most where it does.
const DEFAULT_SIZE: usize = 1_000;

/// The page that a request asks for.
#[derive(Debug)]
pub(super) struct Page {
    /// The position of its first row, at the earliest.
    pub start: usize,
    size: usize,
}

impl Page {
    /// Takes `MaxResults`, which is at least `least`, and `NextToken` out of `parameters`.
    ///
    /// # Errors
    /// `InvalidNextToken` for a token that was not given out for this query, and a size that cannot be.
    pub fn read(
        call: &Call<'_>,
        parameters: &mut Parameters,
        least: usize,
    ) -> Result<Self, Refusal> {
        let size = parameters
            .text("MaxResults")
            .map_or(Ok(DEFAULT_SIZE), |value| {
                (value.parse::<i32>().ok())
                    .and_then(|size| usize::try_from(size).ok())
                    .filter(|&size| size >= least)
                    .ok_or_else(|| {
                        let wanted = format!("Expecting a whole number, at least {least}.");
                        Refusal::invalid_value("MaxResults", &value, &wanted)
                    })
            })?;
        let start = parameters.text("NextToken").map_or(Ok(0), |sent| {
            position(&sent)
                .filter(|&position| token(call, position) == sent)
                .ok_or_else(|| {
                    Refusal::new(
                        "InvalidNextToken",
                        "The specified NextToken is not valid: use one that this same query returned",
                    )
                })
        })?;
        Ok(Self { start, size })
    }

    /// The answer with this page of `rows`, which come with their positions, in the list `name`. The position of
    /// the row after the page, if there is one, is where the next page begins.
    pub fn answer<T>(
        &self,
        call: &Call<'_>,
        name: &str,
        mut rows: impl Iterator<Item = (usize, T)>,
        write: impl Fn(&mut Xml, &T),
    ) -> String {
        Xml::response(call.action, call.request_id, |xml| {
            xml.nest(name, |xml| {
                for (_, row) in rows.by_ref().take(self.size) {
                    xml.nest("item", |xml| write(xml, &row));
                }
            });
            if let Some((position, _)) = rows.next() {
                xml.text("nextToken", &token(call, position));
            }
        })
    }
}

/// The token for the page of the same query that begins at `position`.
fn token(call: &Call<'_>, position: usize) -> String {
    let position = (position as u64).to_be_bytes();
    let digest = Sha256::new()
        .chain_update(position)
        .chain_update(call.query)
        .finalize();
    URL_SAFE_NO_PAD.encode([&position[..], &digest[..DIGEST_BYTES]].concat())
}

/// The position in a token, whose digest is yet to be compared.
fn position(token: &str) -> Option<usize> {
    let bytes = URL_SAFE_NO_PAD.decode(token).ok()?;
    let (position, digest) = bytes.split_first_chunk::<POSITION_BYTES>()?;
    (digest.len() == DIGEST_BYTES)
        .then(|| usize::try_from(u64::from_be_bytes(*position)).ok())
        .flatten()
}
