//! TLS errors in words: rustls formats many of them as Rust identifiers, such as `CaUsedAsEndEntity`.

use std::fmt::{Debug, Display};
use std::time::{Duration, UNIX_EPOCH};

use rustls::pki_types::UnixTime;
use rustls::{AlertDescription, CertificateError, Error, PeerIncompatible};

/// What failed.
pub(super) fn describe(error: &Error) -> String {
    match error {
        Error::InvalidCertificate(reason) => {
            format!("the certificate {}", rejection(reason, "the trust store").0)
        }
        Error::AlertReceived(alert) => {
            let name = match alert {
                AlertDescription::Unknown(_) => "unknown".to_owned(),
                known => words(known),
            };
            format!("the peer sent alert {}, {name}", u8::from(*alert))
        }
        Error::InvalidMessage(_)
        | Error::InappropriateMessage { .. }
        | Error::InappropriateHandshakeMessage { .. } => "the response is not valid TLS".to_owned(),
        Error::PeerIncompatible(
            PeerIncompatible::ServerDoesNotSupportTls12Or13
            | PeerIncompatible::ServerTlsVersionIsDisabledByOurConfig,
        ) => "the server supports neither TLS 1.2 nor TLS 1.3".to_owned(),
        Error::PeerIncompatible(reason) => format!("the peer is incompatible: {}", words(reason)),
        Error::PeerMisbehaved(reason) => {
            format!("the peer violated the protocol: {}", words(reason))
        }
        Error::General(text) => text.clone(),
        other => words(other),
    }
}

/// What is wrong with a certificate, as the end of "the certificate …", and what the user can do.
pub(super) fn rejection(reason: &CertificateError, trust_store: &str) -> (String, &'static str) {
    use CertificateError as Reason;
    const AUTHORITY: &str = "if your network inspects TLS, set its CA with --ca-bundle, AWS_CA_BUNDLE or ca_bundle in \
                             the profile; otherwise do not trust this network";
    const CLOCK: &str =
        "check the clock of this machine; if it is right, the server's certificate must be renewed";
    const NAME: &str = "check --endpoint-url, and whether a proxy or DNS leads to another server";
    const CA: &str = "use a server certificate with `basicConstraints = CA:FALSE`, self-signed or issued by a CA in \
                      the CA bundle";
    const OTHER: &str =
        "contact the server's operator; if your network inspects TLS, its CA may be the cause";
    #[expect(deprecated, reason = "rustls still returns it")]
    let (problem, hint) = match reason {
        Reason::UnknownIssuer => {
            let problem = format!("is signed by an unknown authority, not one in {trust_store}");
            return (problem, AUTHORITY);
        }
        // An authority has this name, but another key.
        Reason::BadSignature => {
            let problem = format!("has a signature that matches no authority in {trust_store}");
            return (problem, AUTHORITY);
        }
        Reason::Expired => ("has expired", CLOCK),
        Reason::ExpiredContext { not_after, .. } => {
            return (format!("expired at {}", rfc3339(*not_after)), CLOCK);
        }
        Reason::NotValidYet => ("is not valid yet", CLOCK),
        Reason::NotValidYetContext { not_before, .. } => {
            let start = rfc3339(*not_before);
            return (format!("is not valid before {start}"), CLOCK);
        }
        Reason::NotValidForName => ("is for another host name", NAME),
        Reason::NotValidForNameContext { presented, .. } => {
            let names = match presented.as_slice() {
                [] => "none".to_owned(),
                [first] => dns_name(first).to_owned(),
                [first, rest @ ..] => format!("{} and {} more", dns_name(first), rest.len()),
            };
            return (format!("is for another host name: {names}"), NAME);
        }
        Reason::BadEncoding => ("is malformed", OTHER),
        Reason::UnsupportedSignatureAlgorithm
        | Reason::UnsupportedSignatureAlgorithmContext { .. }
        | Reason::UnsupportedSignatureAlgorithmForPublicKeyContext { .. } => {
            ("is signed with an unsupported algorithm", OTHER)
        }
        Reason::InvalidPurpose | Reason::InvalidPurposeContext { .. } => {
            ("is not for TLS servers", OTHER)
        }
        // The inner error's type belongs to rustls's own verifier.
        Reason::Other(inner) => match words(&inner.0).as_str() {
            "ca used as end entity" => ("is that of a CA, not of a server", CA),
            inner => return (format!("was rejected: {inner}"), OTHER),
        },
        other => return (format!("was rejected: {}", words(other)), OTHER),
    };
    (problem.to_owned(), hint)
}

/// The words of the Rust identifier that a value's `Debug` form begins with: `UnknownCA` is "unknown CA".
fn words(value: &dyn Debug) -> String {
    let debug = format!("{value:?}");
    let name = debug.split(|c: char| !c.is_alphanumeric()).next();
    let mut words: Vec<String> = Vec::new();
    let mut after_lower_case = true;
    for c in name.unwrap_or_default().chars() {
        match words.last_mut() {
            Some(word) if !(c.is_uppercase() && after_lower_case) => word.push(c),
            _ => words.push(c.to_string()),
        }
        after_lower_case = !c.is_uppercase();
    }
    let is_acronym = |word: &str| word.len() > 1 && word.chars().all(char::is_uppercase);
    for word in words.iter_mut().filter(|word| !is_acronym(word)) {
        *word = word.to_lowercase();
    }
    words.join(" ")
}

/// The name within `DnsName("…")`, which is how rustls formats it.
fn dns_name(name: &str) -> &str {
    name.split('"').nth(1).unwrap_or(name)
}

fn rfc3339(time: UnixTime) -> impl Display {
    humantime::format_rfc3339_seconds(UNIX_EPOCH + Duration::from_secs(time.as_secs()))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use rustls::{InvalidMessage, OtherError, PeerMisbehaved};

    use super::*;

    /// An error of rustls's verifier, whose text is its name.
    #[derive(Debug, thiserror::Error)]
    #[error("{self:?}")]
    enum VerifierError {
        CaUsedAsEndEntity,
        MaximumPathDepthExceeded,
    }

    #[test]
    fn no_description_contains_a_rust_identifier() {
        use CertificateError as Reason;
        let other = |error| Reason::Other(OtherError(Arc::new(error)));
        for (error, description) in [
            (
                Error::from(Reason::UnknownIssuer),
                "the certificate is signed by an unknown authority, not one in the trust store",
            ),
            (
                Reason::Revoked.into(),
                "the certificate was rejected: revoked",
            ),
            (Reason::BadEncoding.into(), "the certificate is malformed"),
            (
                Reason::UnhandledCriticalExtension.into(),
                "the certificate was rejected: unhandled critical extension",
            ),
            (
                other(VerifierError::CaUsedAsEndEntity).into(),
                "the certificate is that of a CA, not of a server",
            ),
            (
                other(VerifierError::MaximumPathDepthExceeded).into(),
                "the certificate was rejected: maximum path depth exceeded",
            ),
            (
                Error::AlertReceived(AlertDescription::UnknownCA),
                "the peer sent alert 48, unknown CA",
            ),
            (
                Error::AlertReceived(AlertDescription::Unknown(255)),
                "the peer sent alert 255, unknown",
            ),
            (
                InvalidMessage::InvalidContentType.into(),
                "the response is not valid TLS",
            ),
            (
                PeerIncompatible::NoCipherSuitesInCommon.into(),
                "the peer is incompatible: no cipher suites in common",
            ),
            (
                PeerMisbehaved::TooManyEmptyFragments.into(),
                "the peer violated the protocol: too many empty fragments",
            ),
            (Error::NoCertificatesPresented, "no certificates presented"),
            (Error::General("a text".to_owned()), "a text"),
        ] {
            assert_eq!(describe(&error), description);
        }
    }
}
