//! What stands between this machine and the service: a certificate that is not trusted, or a proxy.
//!
//! The SDK's HTTP client says "dispatch failure: io error: client error (Connect)" for all of them, and below that the
//! words of the TLS library. Here they become a sentence and a next step, for EC2 as well as for the services that
//! credentials come from.

use std::error::Error;
use std::iter;
use std::time::{Duration, UNIX_EPOCH};

use aws_smithy_runtime_api::client::result::ConnectorError;
use http::Uri;
use http::uri::Authority;
use rustls::CertificateError;
use rustls::pki_types::UnixTime;

use super::ca_bundle::Unusable;
use super::error::chain;

/// Why a request did not get through.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{problem}")]
pub(super) struct ConnectError {
    /// What is in the way, and where.
    pub(super) problem: String,
    /// What the user can do.
    pub(super) hint: &'static str,
}

/// What hyper-util says when a proxy answers CONNECT with 407, with another error, or not at all. Its error type is
/// not public.
const TUNNEL_407: &str = "tunnel error: proxy authorization required";
const TUNNEL_REFUSED: &str = "tunnel error: unsuccessful";
const TUNNEL_UNREACHED: &str = "tunnel error: failed to create underlying connection";

/// The same error in words for a user, where more can be said than the HTTP client says.
///
/// `proxy` is what the request to `target` went through, without its password, and `trusted` is what the trust store
/// is called.
pub(super) fn explain(
    error: ConnectorError,
    target: &Uri,
    proxy: Option<&str>,
    trusted: &str,
) -> ConnectorError {
    let says = |words| causes(&error).any(|cause| cause.to_string() == words);
    let host = target.authority().map_or("", Authority::as_str);
    let host = host.rsplit('@').next().unwrap_or_default();
    let plain = target.scheme_str() == Some("http");

    if let Some(tls) = causes(&error).find_map(|cause| cause.downcast_ref::<rustls::Error>()) {
        let server = match proxy {
            Some(proxy) if plain || says(TUNNEL_UNREACHED) => format!("the proxy {proxy}"),
            Some(proxy) => format!("{host} (through the proxy {proxy})"),
            None => host.to_owned(),
        };
        return match tls {
            rustls::Error::InvalidCertificate(reason) => {
                let (problem, hint) = certificate(reason, &server, trusted);
                // It is the same at the next attempt.
                ConnectorError::other(ConnectError { problem, hint }.into(), None)
            }
            tls => {
                let problem = format!("no secure connection to {server}: {tls}");
                let hint = "check that the address answers https, not http, and whether a proxy or firewall \
                                 stands between";
                of_same_kind(&error, ConnectError { problem, hint })
            }
        };
    }
    let Some(proxy) = proxy else { return error };
    if says(TUNNEL_407) {
        return proxy_authentication(proxy);
    }
    let connect_error = if says(TUNNEL_REFUSED) {
        ConnectError {
            problem: format!("the proxy {proxy} refuses to connect to {host}"),
            hint: "check the user name and password in the proxy's URL and its access rules, or put the host into \
                        NO_PROXY if it can be reached without",
        }
    } else {
        // A time-out does not tell whether the proxy is silent or the host behind it.
        let unreached =
            !error.is_timeout() && (says(TUNNEL_UNREACHED) || plain && is_connect(&error));
        let problem = if unreached {
            let last = causes(&error).last().unwrap_or(&error);
            format!("cannot reach the proxy {proxy}: {last}")
        } else {
            let inner = error.source().map(chain).unwrap_or_default();
            format!("no answer from {host} through the proxy {proxy}: {inner}")
        };
        ConnectError {
            problem,
            hint: "check HTTPS_PROXY, HTTP_PROXY and NO_PROXY, and whether the proxy runs",
        }
    };
    of_same_kind(&error, connect_error)
}

/// The error for a CA bundle without which there is no TLS.
pub(super) fn bundle(Unusable { problem, hint }: Unusable) -> ConnectorError {
    ConnectorError::other(ConnectError { problem, hint }.into(), None)
}

/// The error for a proxy that wants another user name and password, or any at all.
pub(super) fn proxy_authentication(proxy: &str) -> ConnectorError {
    let connect_error = ConnectError {
        problem: format!(
            "the proxy {proxy} refuses the user name and password, or wants one (status 407)"
        ),
        hint: "put them into the proxy's URL: HTTPS_PROXY=http://USER:PASSWORD@HOST:PORT, with special \
                    characters as %XX",
    };
    ConnectorError::other(connect_error.into(), None)
}

/// What is wrong with the certificate of `server`, and what helps.
fn certificate(reason: &CertificateError, server: &str, trusted: &str) -> (String, &'static str) {
    use CertificateError as Reason;
    const AUTHORITY: &str = "if your network inspects TLS, give its CA with --ca-bundle, AWS_CA_BUNDLE or ca_bundle in \
                             the profile; otherwise do not ca_bundle this network";
    const CLOCK: &str = "check the clock of this machine; if it is right, whoever runs the server must renew the \
                         certificate";
    const NAME: &str =
        "check --endpoint-url, and whether a proxy or the name service leads to another server";
    const OTHER: &str =
        "ask whoever runs the server; if your network inspects TLS, its CA may be at fault";
    let subject = format!("the certificate of {server}");
    match reason {
        Reason::UnknownIssuer => (
            format!("{subject} is signed by an unknown authority: none in {trusted}"),
            AUTHORITY,
        ),
        // An authority has this name, but another key.
        Reason::BadSignature => (
            format!("the signature of {subject} is not by an authority in {trusted}"),
            AUTHORITY,
        ),
        Reason::Expired => (format!("{subject} has expired"), CLOCK),
        Reason::ExpiredContext { not_after, .. } => (
            format!(
                "{subject} has expired: it was valid until {}",
                date(*not_after)
            ),
            CLOCK,
        ),
        Reason::NotValidYet => (format!("{subject} is not valid yet"), CLOCK),
        Reason::NotValidYetContext { not_before, .. } => (
            format!("{subject} is not valid before {}", date(*not_before)),
            CLOCK,
        ),
        Reason::NotValidForName => (format!("{subject} is for another host name"), NAME),
        Reason::NotValidForNameContext { presented, .. } => {
            let names = match presented.as_slice() {
                [] => "none".to_owned(),
                [first] => bare(first).to_owned(),
                [first, rest @ ..] => format!("{} and {} more", bare(first), rest.len()),
            };
            (format!("{subject} is for another host name: {names}"), NAME)
        }
        other => (format!("{subject} is refused: {other}"), OTHER),
    }
}

/// The name in `DnsName("…")`, the form in which rustls has it.
fn bare(name: &str) -> &str {
    name.split('"').nth(1).unwrap_or(name)
}

fn date(time: UnixTime) -> impl std::fmt::Display {
    humantime::format_rfc3339_seconds(UNIX_EPOCH + Duration::from_secs(time.as_secs()))
}

/// Whether there was no connection at all.
fn is_connect(error: &ConnectorError) -> bool {
    causes(error).any(|cause| {
        cause
            .downcast_ref::<hyper_util::client::legacy::Error>()
            .is_some_and(hyper_util::client::legacy::Error::is_connect)
    })
}

/// An error that is retried as `error` is.
fn of_same_kind(error: &ConnectorError, connect_error: ConnectError) -> ConnectorError {
    let connect_error = connect_error.into();
    if error.is_timeout() {
        ConnectorError::timeout(connect_error)
    } else if error.is_io() {
        ConnectorError::io(connect_error)
    } else if error.is_user() {
        ConnectorError::user(connect_error)
    } else {
        ConnectorError::other(connect_error, error.as_other())
    }
}

/// An error and its causes. After an `io::Error` comes what it wraps, which its `source` passes over.
fn causes<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    iter::successors(Some(error), |&error| {
        match error.downcast_ref::<std::io::Error>() {
            Some(io) => io.get_ref().map(|inner| inner as &(dyn Error + 'static)),
            None => error.source(),
        }
    })
}
