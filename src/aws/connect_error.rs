//! Connection failures that the user can fix: an untrusted certificate, or a proxy.
//!
//! The SDK's HTTP client reports all of them as "dispatch failure: io error: client error (Connect)", and below that
//! in the TLS library's words. Here they get a message and a hint, for EC2 as well as for the services that provide
//! credentials.

use std::error::Error;
use std::fmt::Display;
use std::iter;
use std::time::{Duration, UNIX_EPOCH};

use aws_smithy_runtime_api::client::result::ConnectorError;
use http::Uri;
use http::uri::Authority;
use hyper_util::client::legacy;
use rustls::CertificateError;
use rustls::pki_types::UnixTime;

use super::error_chain::{describe_connection, same_kind};

/// Why a connection could not be made.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{problem}")]
pub(super) struct ConnectError {
    /// What failed, and why.
    pub(super) problem: String,
    /// What the user can do.
    pub(super) hint: &'static str,
}

impl ConnectError {
    /// An error that is not retried.
    pub(super) fn permanent(self) -> ConnectorError {
        ConnectorError::other(self.into(), None)
    }
}

/// The texts of hyper-util's error for CONNECT when the proxy responds with 407, responds with another error, or is
/// unreachable. The error type is not public.
const TUNNEL_407: &str = "tunnel error: proxy authorization required";
const TUNNEL_REFUSED: &str = "tunnel error: unsuccessful";
const TUNNEL_UNREACHABLE: &str = "tunnel error: failed to create underlying connection";

/// Replaces `error` by a [`ConnectError`] where that says more, and returns it unchanged otherwise.
///
/// The request to `target` went through `proxy`, a URL without credentials; `trust_store` is the name of the trusted
/// authorities.
pub(super) fn explain(
    error: ConnectorError,
    target: &Uri,
    proxy: Option<&str>,
    trust_store: &str,
) -> ConnectorError {
    let host = target.authority().map_or("", Authority::as_str);
    let host = host.rsplit('@').next().unwrap_or_default();
    let is_plain = target.scheme_str() == Some("http");

    if let Some(tls) = causes(&error).find_map(|cause| cause.downcast_ref::<rustls::Error>()) {
        let server = match proxy {
            Some(proxy) if is_plain || has_cause(&error, TUNNEL_UNREACHABLE) => {
                format!("the proxy {proxy}")
            }
            Some(proxy) => format!("{host} (through the proxy {proxy})"),
            None => host.to_owned(),
        };
        return match tls {
            rustls::Error::InvalidCertificate(reason) => {
                certificate_error(reason, &server, trust_store).permanent()
            }
            tls => {
                let problem = format!("TLS handshake with {server} failed: {tls}");
                let hint = "check that the address serves https, not http, and whether a proxy or firewall intercepts \
                            the connection";
                same_kind(&error)(ConnectError { problem, hint }.into())
            }
        };
    }
    match proxy {
        None => error,
        Some(proxy) if has_cause(&error, TUNNEL_407) => proxy_authentication(proxy),
        Some(proxy) => {
            let connect_error = proxy_error(&error, host, is_plain, proxy);
            same_kind(&error)(connect_error.into())
        }
    }
}

/// A failed request to `host` through a proxy.
fn proxy_error(error: &ConnectorError, host: &str, is_plain: bool, proxy: &str) -> ConnectError {
    if has_cause(error, TUNNEL_REFUSED) {
        return ConnectError {
            problem: format!("the proxy {proxy} refused to connect to {host}"),
            hint: "check the proxy's access rules and the user name and password in its URL, or add the host to \
                   NO_PROXY if it is directly reachable",
        };
    }
    // After a timeout it is unknown whether the proxy or the host is silent.
    let unreachable = !error.is_timeout()
        && (has_cause(error, TUNNEL_UNREACHABLE) || is_plain && is_connect(error));
    ConnectError {
        problem: if unreachable {
            let last = causes(error).last().unwrap_or(error);
            format!("cannot connect to the proxy {proxy}: {last}")
        } else {
            let problem = describe_connection(error);
            format!("request to {host} through the proxy {proxy} failed: {problem}")
        },
        hint: "check HTTPS_PROXY, HTTP_PROXY and NO_PROXY, and whether the proxy is running",
    }
}

/// The error for a proxy that rejects the credentials in its URL, or requires some.
pub(super) fn proxy_authentication(proxy: &str) -> ConnectorError {
    ConnectError {
        problem: format!("the proxy {proxy} requires a valid user name and password (status 407)"),
        hint: "set them in the proxy's URL: HTTPS_PROXY=http://USER:PASSWORD@HOST:PORT, with special characters as \
               %XX",
    }
    .permanent()
}

/// A rejected certificate of `server`.
fn certificate_error(reason: &CertificateError, server: &str, trust_store: &str) -> ConnectError {
    use CertificateError as Reason;
    const AUTHORITY: &str = "if your network inspects TLS, set its CA with --ca-bundle, AWS_CA_BUNDLE or ca_bundle in \
                             the profile; otherwise do not trust this network";
    const CLOCK: &str =
        "check the clock of this machine; if it is right, the server's certificate must be renewed";
    const NAME: &str = "check --endpoint-url, and whether a proxy or DNS leads to another server";
    const OTHER: &str =
        "contact the server's operator; if your network inspects TLS, its CA may be the cause";
    let (problem, hint) = match reason {
        Reason::UnknownIssuer => (
            format!("is signed by an unknown authority, not one in {trust_store}"),
            AUTHORITY,
        ),
        // An authority has this name, but another key.
        Reason::BadSignature => (
            format!("has a signature that matches no authority in {trust_store}"),
            AUTHORITY,
        ),
        Reason::Expired => ("has expired".to_owned(), CLOCK),
        Reason::ExpiredContext { not_after, .. } => {
            (format!("expired at {}", rfc3339(*not_after)), CLOCK)
        }
        Reason::NotValidYet => ("is not valid yet".to_owned(), CLOCK),
        Reason::NotValidYetContext { not_before, .. } => (
            format!("is not valid before {}", rfc3339(*not_before)),
            CLOCK,
        ),
        Reason::NotValidForName => ("is for another host name".to_owned(), NAME),
        Reason::NotValidForNameContext { presented, .. } => {
            let names = match presented.as_slice() {
                [] => "none".to_owned(),
                [first] => dns_name(first).to_owned(),
                [first, rest @ ..] => format!("{} and {} more", dns_name(first), rest.len()),
            };
            (format!("is for another host name: {names}"), NAME)
        }
        other => (format!("was rejected: {other}"), OTHER),
    };
    ConnectError {
        problem: format!("the certificate of {server} {problem}"),
        hint,
    }
}

/// The name within `DnsName("…")`, which is how rustls formats it.
fn dns_name(name: &str) -> &str {
    name.split('"').nth(1).unwrap_or(name)
}

fn rfc3339(time: UnixTime) -> impl Display {
    humantime::format_rfc3339_seconds(UNIX_EPOCH + Duration::from_secs(time.as_secs()))
}

/// Whether the error is that no connection was made.
fn is_connect(error: &ConnectorError) -> bool {
    causes(error)
        .filter_map(|cause| cause.downcast_ref::<legacy::Error>())
        .any(legacy::Error::is_connect)
}

/// Whether an error in the chain has exactly this text.
fn has_cause(error: &ConnectorError, text: &str) -> bool {
    causes(error).any(|cause| cause.to_string() == text)
}

/// An error and its causes, including what an `io::Error` wraps, which its `source` skips.
fn causes<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    iter::successors(Some(error), |&error| {
        match error.downcast_ref::<std::io::Error>() {
            Some(io) => io.get_ref().map(|inner| inner as &(dyn Error + 'static)),
            None => error.source(),
        }
    })
}
