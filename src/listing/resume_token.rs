//! Resume tokens: the position at which a later run continues.
//!
//! The format is the AWS CLI's, base64 of `{"NextToken": …, "boto_truncate_amount": …}`, so that either program accepts
//! the other's tokens (botocore's `paginate.py`). A listing of several batches adds a member, which names the batch and
//! the lists of IDs; botocore rejects unknown members.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde::{Deserialize, Serialize};

/// The prefix of every token of this program and of the AWS CLI: base64 of `{"NextToken"`.
const SIGNATURE: &str = "eyJOZXh0VG9rZW4i";

/// A position in a listing: before the first item that is not yet written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ResumeToken {
    /// The service's token of the page to request; the first page if absent.
    pub page: Option<String>,
    /// The number of items at the start of that page that are already written.
    pub skip: u64,
    /// The batch that the page belongs to; absent if there is only one.
    pub batch: Option<BatchMark>,
}

/// Identifies one of several batches.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BatchMark {
    /// The index of the batch. With several Regions, all batches of the first Region come first.
    pub index: usize,
    /// A fingerprint of the lists of IDs and Regions, so that a token of other lists is rejected.
    pub ids: String,
}

/// A starting token that cannot be used.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// The token is truncated or mistyped.
    #[error("the starting token is damaged or truncated; copy all of it, or start over without it")]
    Damaged,
    /// The token is empty, as from an unset variable.
    #[error("the starting token is empty; check that the shell variable is set")]
    Empty,
    /// The token belongs to a listing of other IDs or Regions.
    #[error(
        "the starting token belongs to another list of IDs or Regions; use the original lists, in the same order"
    )]
    OtherIds,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wire {
    #[serde(rename = "NextToken")]
    page: Option<String>,
    #[serde(
        rename = "boto_truncate_amount",
        default,
        skip_serializing_if = "Option::is_none"
    )]
    skip: Option<u64>,
    #[serde(
        rename = "amiusage_batch",
        default,
        skip_serializing_if = "Option::is_none"
    )]
    batch: Option<BatchMark>,
}

impl ResumeToken {
    /// Parses a token of this program or of the AWS CLI, in either of its formats, or a bare token of the service.
    ///
    /// # Errors
    /// [`TokenError::Empty`], or [`TokenError::Damaged`] for a truncated or mistyped token of either program. A bare
    /// token is left for the service to judge.
    pub fn parse(text: &str) -> Result<Self, TokenError> {
        if text.is_empty() {
            return Err(TokenError::Empty);
        }
        let decoded = BASE64_STANDARD.decode(text).ok();
        match decoded.as_deref().map(serde_json::from_slice) {
            Some(Ok(Wire { page, skip, batch })) => Ok(Self {
                page,
                skip: skip.unwrap_or(0),
                batch,
            }),
            _ if text.starts_with(SIGNATURE) => Err(TokenError::Damaged),
            _ => Ok(Self::parse_plain(text)),
        }
    }

    /// Whether this is the start of the listing.
    pub fn is_start(&self) -> bool {
        let first = self.batch.as_ref().is_none_or(|mark| mark.index == 0);
        self.page.is_none() && self.skip == 0 && first
    }

    /// Parses a bare service token, or botocore's old format of a token and a number, `TOKEN___7`, in which `None`
    /// stands for the first page.
    fn parse_plain(text: &str) -> Self {
        let (page, skip) = match text.split_once("___") {
            Some((page, skip)) => match skip.parse() {
                Ok(skip) => (page, skip),
                Err(_) => (text, 0),
            },
            None => (text, 0),
        };
        let page = (page != "None").then(|| page.to_owned());
        Self {
            page,
            skip,
            batch: None,
        }
    }
}

impl std::fmt::Display for ResumeToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let skip = (self.skip > 0).then_some(self.skip);
        let wire = Wire {
            page: self.page.clone(),
            skip,
            batch: self.batch.clone(),
        };
        let json = serde_json::to_string(&wire).map_err(|_| std::fmt::Error)?;
        f.write_str(&BASE64_STANDARD.encode(json))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn token(page: Option<&str>, skip: u64) -> ResumeToken {
        ResumeToken {
            page: page.map(str::to_owned),
            skip,
            batch: None,
        }
    }

    #[test]
    fn tokens_of_the_aws_cli_are_accepted() {
        // Written by botocore 1.43's TokenEncoder.
        for (text, expected) in [
            ("eyJOZXh0VG9rZW4iOiAib3BhcXVlIn0=", token(Some("opaque"), 0)),
            (
                "eyJOZXh0VG9rZW4iOiBudWxsLCAiYm90b190cnVuY2F0ZV9hbW91bnQiOiA3fQ==",
                token(None, 7),
            ),
            (
                "eyJOZXh0VG9rZW4iOiAib3BhcXVlIiwgImJvdG9fdHJ1bmNhdGVfYW1vdW50IjogM30=",
                token(Some("opaque"), 3),
            ),
            ("opaque___3", token(Some("opaque"), 3)),
            ("None___3", token(None, 3)),
        ] {
            assert_eq!(ResumeToken::parse(text), Ok(expected), "{text}");
        }
    }

    #[test]
    fn tokens_of_the_service_are_kept() {
        // The last one is base64 of JSON, but in no known token format.
        for text in ["opaque", "a___b", "a___b___3", "AAAA", "eyJ2IjogMX0="] {
            assert_eq!(ResumeToken::parse(text), Ok(token(Some(text), 0)), "{text}");
        }
    }

    #[test]
    fn tokens_round_trip() {
        let mark = BatchMark {
            index: 3,
            ids: "00ff".to_owned(),
        };
        for page in [None, Some("opaque"), Some("\"é\u{0}")] {
            for skip in [0, 1, u64::MAX] {
                for batch in [None, Some(mark.clone())] {
                    let token = ResumeToken {
                        page: page.map(str::to_owned),
                        skip,
                        batch,
                    };
                    assert_eq!(ResumeToken::parse(&token.to_string()), Ok(token));
                }
            }
        }
    }

    #[test]
    fn a_damaged_token_is_not_mistaken_for_one_of_the_service() {
        let complete = token(Some("opaque"), 3).to_string();
        assert!(complete.starts_with(SIGNATURE));
        assert_eq!(
            ResumeToken::parse(&complete[..complete.len() - 5]),
            Err(TokenError::Damaged)
        );
        assert_eq!(ResumeToken::parse(""), Err(TokenError::Empty));
    }

    proptest! {
        #[test]
        fn any_text_is_accepted_or_rejected(
            text in prop_oneof![
                any::<String>(),
                any::<Vec<u8>>().prop_map(|bytes| BASE64_STANDARD.encode(bytes)),
                json().prop_map(|json| BASE64_STANDARD.encode(json)),
                (any::<String>(), any::<u64>()).prop_map(|(page, skip)| format!("{page}___{skip}")),
            ]
        ) {
            if let Ok(token) = ResumeToken::parse(&text) {
                prop_assert_eq!(ResumeToken::parse(&token.to_string()), Ok(token));
            }
        }
    }

    /// Text that resembles a token.
    fn json() -> impl Strategy<Value = String> {
        let piece = prop::sample::select(vec![
            "{",
            "}",
            "\"NextToken\"",
            "\"boto_truncate_amount\"",
            "\"amiusage_batch\"",
            "\"index\"",
            "\"ids\"",
            ":",
            ":",
            ",",
            "null",
            "7",
            "-1",
            "1e99",
            "18446744073709551616",
            "\"a\"",
            "[",
            "]",
            " ",
        ]);
        prop::collection::vec(piece, 0..14)
            .prop_map(|pieces| format!("{{\"NextToken\":{}", pieces.concat()))
    }
}
