//! Pages, and the tokens that lead from one to the next.
//!
//! A token holds the position of the next row among all rows, matching or not, and a digest over the position
//! and the query. So a page is found without counting up to it, the page size may change on the way, and a
//! token that was garbled, or that belongs to another query, shows.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

use super::refusal::Refusal;
use super::request::Request;
use super::xml::Xml;

const POSITION_BYTES: usize = 8;
const DIGEST_BYTES: usize = 16;

/// The answer with one page of `rows`, which come with their positions, in the list `name`. The position of the
/// row after the page, if there is one, is where the next page begins.
pub(super) fn page<T>(
    request: &Request,
    request_id: &str,
    name: &str,
    mut rows: impl Iterator<Item = (usize, T)>,
    write: impl Fn(&mut Xml, &T),
) -> String {
    Xml::response(request.action.name(), request_id, |xml| {
        xml.nest(name, |xml| {
            for (_, row) in rows.by_ref().take(request.max_results) {
                xml.nest("item", |xml| write(xml, &row));
            }
        });
        if let Some((position, _)) = rows.next() {
            xml.text("nextToken", &token(request, position));
        }
    })
}

/// Where the page that `request` asks for begins.
///
/// # Errors
/// `InvalidNextToken` for a token that was not given out for this query.
pub(super) fn start(request: &Request) -> Result<usize, Refusal> {
    let Some(sent) = &request.next_token else {
        return Ok(0);
    };
    position(sent)
        .filter(|&position| token(request, position) == *sent)
        .ok_or_else(|| {
            Refusal::new(
                "InvalidNextToken",
                "The specified NextToken is not valid: use one that this same query returned",
            )
        })
}

/// The token for the page of the same query that begins at `position`.
fn token(request: &Request, position: usize) -> String {
    let position = (position as u64).to_be_bytes();
    // All that decides which rows there are; the page size does not.
    let query = serde_json::to_vec(&(
        request.action.name(),
        &request.image_ids,
        &request.report_ids,
        &request.filters,
    ))
    .expect("strings and numbers have a JSON form");
    let digest = Sha256::new()
        .chain_update(position)
        .chain_update(query)
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
