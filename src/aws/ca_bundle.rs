//! Which certificate authorities are trusted: those of a CA bundle, or else the system's.

use std::path::PathBuf;
use std::sync::OnceLock;

use aws_smithy_http_client::tls::{TlsContext, TrustStore};
use aws_types::os_shim_internal::Env;
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

use super::RequestError;

/// The authorities that may vouch for a server.
#[derive(Debug)]
pub(super) struct CaBundle {
    /// What they are called in a message.
    pub(super) name: String,
    /// The bundle that replaces the system's authorities.
    bundle: Option<PathBuf>,
    context: OnceLock<Result<TlsContext, Unusable>>,
}

/// Why a bundle cannot be used.
#[derive(Clone, Debug)]
pub(super) struct Unusable {
    /// What is wrong with which bundle.
    pub(super) problem: String,
    /// What the user can do.
    pub(super) hint: &'static str,
}

impl From<Unusable> for RequestError {
    fn from(unusable: Unusable) -> Self {
        Self::Configuration {
            problem: unusable.problem,
            hint: unusable.hint.to_owned(),
        }
    }
}

impl CaBundle {
    /// Takes the first of the flag, `AWS_CA_BUNDLE` and the profile's `ca_bundle`. As in the AWS CLI, what it names
    /// replaces the system's authorities, and an empty setting is none. Nothing is read yet.
    pub(super) fn choose(flag: Option<PathBuf>, env: &Env, profile: Option<&str>) -> Self {
        let variable = env.get("AWS_CA_BUNDLE").ok();
        let setting = |value: Option<&str>, from| {
            value
                .filter(|path| !path.is_empty())
                .map(|path| (PathBuf::from(path), from))
        };
        let bundle = flag
            .map(|path| (path, "--ca-bundle"))
            .or_else(|| setting(variable.as_deref(), "AWS_CA_BUNDLE"))
            .or_else(|| setting(profile, "the profile's ca_bundle"));
        Self {
            name: match &bundle {
                Some((path, from)) => format!("{} ({from})", path.display()),
                None => "the system's certificate store".to_owned(),
            },
            bundle: bundle.map(|(path, _)| path),
            context: OnceLock::new(),
        }
    }

    /// The context for the SDK's HTTP client. A bundle is read when this is first called.
    ///
    /// # Errors
    /// [`Unusable`] when the bundle cannot be read or holds anything but usable certificates.
    pub(super) fn context(&self) -> Result<&TlsContext, &Unusable> {
        let read = || {
            let roots = match &self.bundle {
                None => TrustStore::default(),
                Some(path) => {
                    let pem = read(path).map_err(|problem| Unusable {
                        problem: format!("the CA bundle {} {problem}", self.name),
                        hint: "name a file of certificates in PEM form, each from -----BEGIN CERTIFICATE----- to \
                                    -----END CERTIFICATE-----",
                    })?;
                    TrustStore::empty().with_pem_certificate(pem)
                }
            };
            let context = TlsContext::builder().with_trust_store(roots).build();
            Ok(context.expect("a trust store alone is a valid context"))
        };
        self.context.get_or_init(read).as_ref()
    }
}

/// Reads a bundle, and makes sure that every certificate in it can be used: the SDK's client panics over one that
/// cannot.
fn read(path: &PathBuf) -> Result<Vec<u8>, String> {
    let pem = std::fs::read(path).map_err(|error| format!("cannot be read: {error}"))?;
    let mut roots = RootCertStore::empty();
    for (index, certificate) in CertificateDer::pem_slice_iter(&pem).enumerate() {
        let number = index + 1;
        let certificate =
            certificate.map_err(|error| format!("is broken at certificate {number}: {error}"))?;
        roots
            .add(certificate)
            .map_err(|error| format!("has an unusable certificate, number {number}: {error}"))?;
    }
    if roots.is_empty() {
        return Err(if pem.is_empty() {
            "is empty".to_owned()
        } else {
            "holds no certificate in PEM form".to_owned()
        });
    }
    Ok(pem)
}
