//! The certificate authorities to trust: those of a CA bundle, or the system's.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use aws_smithy_http_client::tls::{TlsContext, TrustStore};
use aws_types::os_shim_internal::Env;
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::{self, PemObject};

use super::amazon_roots;
use super::connect_error::ConnectError;

/// The trusted certificate authorities.
#[derive(Debug)]
pub(super) struct CaBundle {
    /// The name for messages: path and origin.
    pub(super) name: String,
    /// The file that replaces the system's authorities.
    path: Option<PathBuf>,
    context: OnceLock<Result<TlsContext, ConnectError>>,
}

impl CaBundle {
    /// Chooses the first of the flag, `AWS_CA_BUNDLE` and the profile's `ca_bundle`. As in the AWS CLI, the bundle
    /// replaces the system's authorities, and an empty setting counts as unset. Reads no file yet.
    pub(super) fn choose(flag: Option<PathBuf>, env: &Env, profile: Option<&str>) -> Self {
        let variable = env.get("AWS_CA_BUNDLE").ok();
        let setting = |value: Option<&str>, origin| {
            value
                .filter(|path| !path.is_empty())
                .map(|path| (PathBuf::from(path), origin))
        };
        let bundle = flag
            .map(|path| (path, "--ca-bundle"))
            .or_else(|| setting(variable.as_deref(), "AWS_CA_BUNDLE"))
            .or_else(|| setting(profile, "the profile's ca_bundle"));
        Self {
            name: match &bundle {
                Some((path, origin)) => format!("{} ({origin})", path.display()),
                None => "the system's certificate store".to_owned(),
            },
            path: bundle.map(|(path, _)| path),
            context: OnceLock::new(),
        }
    }

    /// The context for the SDK's HTTP client. The first call reads the bundle.
    ///
    /// # Errors
    /// [`ConnectError`] when the bundle cannot be read or a certificate in it is unusable.
    pub(super) fn context(&self) -> Result<&TlsContext, &ConnectError> {
        let load = || {
            let roots = match &self.path {
                None => TrustStore::default(),
                Some(path) => {
                    let pem = read(path).map_err(|problem| ConnectError {
                        problem: format!("cannot use CA bundle {}: {problem}", self.name),
                        hint: "use a file of certificates in PEM format, each from -----BEGIN CERTIFICATE----- to \
                               -----END CERTIFICATE-----",
                    })?;
                    TrustStore::empty().with_pem_certificate(pem)
                }
            };
            Ok(tls_context(roots))
        };
        self.context.get_or_init(load).as_ref()
    }

    /// A context that trusts only those of the system's authorities that AWS endpoints use. None if a bundle replaces
    /// them, or if they are not found.
    pub(super) fn amazon_context(&self) -> Option<TlsContext> {
        if self.path.is_some() {
            return None;
        }
        let pem = amazon_roots::load()?;
        validate(&pem).ok()?;
        Some(tls_context(TrustStore::empty().with_pem_certificate(pem)))
    }
}

fn tls_context(roots: TrustStore) -> TlsContext {
    let context = TlsContext::builder().with_trust_store(roots).build();
    context.expect("a trust store alone is a valid context")
}

fn read(path: &Path) -> Result<Vec<u8>, String> {
    let pem = std::fs::read(path).map_err(|error| error.to_string())?;
    validate(&pem).map(|()| pem)
}

/// Parses each certificate: the SDK's client panics on an invalid one.
fn validate(pem: &[u8]) -> Result<(), String> {
    let mut roots = RootCertStore::empty();
    for (index, certificate) in CertificateDer::pem_slice_iter(pem).enumerate() {
        let number = index + 1;
        let certificate = certificate
            .map_err(|error| format!("certificate {number} is malformed: {}", malformed(&error)))?;
        if roots.add(certificate).is_err() {
            return Err(format!("certificate {number} is not an X.509 certificate"));
        }
    }
    match roots.is_empty() {
        false => Ok(()),
        true if pem.is_empty() => Err("the file is empty".to_owned()),
        true => Err("no certificate in PEM format".to_owned()),
    }
}

/// What is wrong with a certificate's PEM form. The error's own text shows bytes as numbers.
fn malformed(error: &pem::Error) -> String {
    match error {
        pem::Error::MissingSectionEnd { .. } => "-----END CERTIFICATE----- is missing".to_owned(),
        pem::Error::IllegalSectionStart { .. } => "invalid -----BEGIN line".to_owned(),
        pem::Error::Base64Decode(_) => "invalid base64".to_owned(),
        other => other.to_string(),
    }
}
