//! Helpers for error chains: their text, free of secrets, and errors that are retried in the same way.

use std::borrow::Cow;
use std::error::Error;
use std::{io, iter};

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::result::ConnectorError;
use hyper_util::client::legacy;

use super::tls_error;

/// An error and its causes, including what an `io::Error` wraps, which its `source` skips.
pub(super) fn causes<'a>(
    error: &'a (dyn Error + 'static),
) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    iter::successors(Some(error), |&error| match wrapped(error) {
        Some(inner) => Some(inner),
        None => error.source(),
    })
}

/// What an `io::Error` wraps. Both have the same text.
fn wrapped<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a (dyn Error + 'static)> {
    let inner = error.downcast_ref::<io::Error>()?.get_ref()?;
    Some(inner)
}

/// The first error of type `E` in the chain of `error`.
pub(super) fn find<'a, E: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a E> {
    causes(error).find_map(|cause| cause.downcast_ref())
}

/// The text of an error and its causes, redacted and without repetitions.
pub(super) fn describe(error: &(dyn Error + 'static)) -> String {
    let mut texts: Vec<String> = Vec::new();
    for cause in causes(error) {
        if wrapped(cause).is_some() || cause.is::<ConnectorError>() {
            continue;
        }
        let text = match cause.downcast_ref::<rustls::Error>() {
            Some(tls) => tls_error::describe(tls),
            None => redact(&cause.to_string()),
        };
        // The HTTP client's own text, such as "client error (SendRequest)", only repeats that the request failed.
        if text.starts_with("client error (") {
            continue;
        }
        if !texts.iter().any(|earlier| earlier.contains(&text)) {
            texts.push(text);
        }
    }
    texts.join(": ")
}

/// The text below the outermost error, which for the SDK's errors is only "dispatch failure" or the like.
pub(super) fn describe_source(error: &(dyn Error + 'static)) -> String {
    describe(error.source().unwrap_or(error))
}

/// The text of a failed connection: below the error of the HTTP client, which only repeats that it failed.
pub(super) fn describe_connection(error: &(dyn Error + 'static)) -> String {
    match find::<legacy::Error>(error).and_then(Error::source) {
        Some(source) => describe(source),
        None => describe_source(error),
    }
}

/// Removes what may be secret from an error's text: user name, password and query of URLs, headers, bodies.
pub(super) fn redact(text: &str) -> String {
    // AWS responds to a wrong signature with its own form of the request, session token included. The SDK's client of
    // the instance metadata shows the response, its JSON readers show values, and an invalid endpoint comes with the
    // whole request.
    const UNSAFE_TEXTS: [&str; 4] = [
        "the canonical string for this request",
        "response { status",
        "but found `",
        "to apply endpoint `",
    ];

    let lower = text.to_ascii_lowercase();
    let end = (UNSAFE_TEXTS.iter())
        .filter_map(|start| lower.find(start))
        .min();
    let text = text[..end.unwrap_or(text.len())].trim_end();
    let is_delimiter = |c: char| c.is_whitespace() || "\"'`<>".contains(c);
    text.split_inclusive(is_delimiter)
        .map(|part| {
            let word = part.trim_end_matches(is_delimiter);
            match word.split_once("://") {
                Some((scheme, rest)) => {
                    let rest = rest.rsplit_once('@').map_or(rest, |(_, host)| host);
                    let rest = rest.split_once('?').map_or(rest, |(path, _)| path);
                    Cow::from(format!("{scheme}://{rest}{}", &part[word.len()..]))
                }
                None => Cow::from(part),
            }
        })
        .collect()
}

/// Makes an error with another source that is retried in the same way as `error`.
pub(super) fn same_kind(error: &ConnectorError) -> impl FnOnce(BoxError) -> ConnectorError + use<> {
    let (timeout, io, user) = (error.is_timeout(), error.is_io(), error.is_user());
    let other = error.as_other();
    move |source| match () {
        () if timeout => ConnectorError::timeout(source),
        () if io => ConnectorError::io(source),
        () if user => ConnectorError::user(source),
        () => ConnectorError::other(source, other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_redacted() {
        for (text, redacted) in [
            (
                "nothing: to/hide? me@example.com",
                "nothing: to/hide? me@example.com",
            ),
            (
                "arn:aws:sts::1:assumed-role/r/me@example.com",
                "arn:aws:sts::1:assumed-role/r/me@example.com",
            ),
            (
                "see https://docs.aws.amazon.com/x#y.",
                "see https://docs.aws.amazon.com/x#y.",
            ),
            (
                "bad URI: `http://me:p@ss/w?rd@host:1/x?token=1`, sorry",
                "bad URI: `http://host:1/x`, sorry",
            ),
            (
                "wrong.\n\nThe Canonical String for this request should",
                "wrong.",
            ),
            ("é: failed to apply endpoint `x` to `y`", "é: failed"),
        ] {
            assert_eq!(redact(text), redacted);
        }
    }
}
