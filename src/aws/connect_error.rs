//! Connection failures that the user can fix: an untrusted certificate, or a proxy.
//!
//! The SDK's HTTP client reports all of them as "dispatch failure: io error: client error (Connect)", and below that
//! in the TLS library's words. Here they get a message and a hint, for EC2 as well as for the services that provide
//! credentials.

use aws_smithy_runtime_api::client::result::ConnectorError;
use http::Uri;
use http::uri::Authority;
use hyper_util::client::legacy;

use super::error_chain::{causes, describe_connection, find, same_kind};
use super::tls_error;

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

/// Whether the certificate of the server or the proxy was rejected.
pub(super) fn is_certificate_rejected(error: &ConnectorError) -> bool {
    matches!(find(error), Some(rustls::Error::InvalidCertificate(_)))
}

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

    if let Some(tls) = find::<rustls::Error>(&error) {
        let server = match proxy {
            Some(proxy) if is_plain || has_cause(&error, TUNNEL_UNREACHABLE) => {
                format!("the proxy {proxy}")
            }
            Some(proxy) => format!("{host} (through the proxy {proxy})"),
            None => host.to_owned(),
        };
        return match tls {
            rustls::Error::InvalidCertificate(reason) => {
                let (problem, hint) = tls_error::rejection(reason, trust_store);
                let problem = format!("the certificate of {server} {problem}");
                ConnectError { problem, hint }.permanent()
            }
            tls => {
                let reason = tls_error::describe(tls);
                let problem = format!("TLS handshake with {server} failed: {reason}");
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
