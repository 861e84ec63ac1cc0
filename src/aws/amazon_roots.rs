//! The system's copies of the certificate authorities that AWS endpoints use.
//!
//! Reading all of the system's certificates takes 19 million instructions, 5 times as many as the rest of a first
//! request. A server that these few authorities verify needs no others.

#[cfg(all(unix, not(target_os = "macos")))]
use std::env;
use std::fs;
use std::path::PathBuf;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::Uri;
use memchr::memmem;

/// What the subject of each contains. From <https://www.amazontrust.com/repository/>.
const SUBJECT: &[u8] = b"Amazon Root CA";

const BEGIN: &[u8] = b"-----BEGIN CERTIFICATE-----";
const END: &[u8] = b"-----END CERTIFICATE-----";

/// The characters of a certificate that are searched, for speed: 192 bytes. The name of the issuer, which is the same,
/// ends there.
const SEARCHED: usize = 256;

/// Whether these authorities are the likely ones for `target`.
pub(super) fn are_likely(target: &Uri) -> bool {
    target
        .host()
        .is_some_and(|host| host.ends_with(".amazonaws.com") || host.ends_with(".api.aws"))
}

/// Those in the system's certificate file, in PEM format; none if there is no such file.
pub(super) fn load() -> Option<Vec<u8>> {
    let pem = select(&fs::read(certificate_file()?).ok()?);
    (!pem.is_empty()).then_some(pem)
}

/// The file that rustls-native-certs reads, if it reads one.
#[cfg(all(unix, not(target_os = "macos")))]
fn certificate_file() -> Option<PathBuf> {
    match (env::var_os("SSL_CERT_FILE"), env::var_os("SSL_CERT_DIR")) {
        (Some(file), _) => Some(file.into()),
        (None, Some(_)) => None,
        (None, None) => openssl_probe::probe().cert_file,
    }
}

/// The system's certificates are not in a file.
#[cfg(not(all(unix, not(target_os = "macos"))))]
fn certificate_file() -> Option<PathBuf> {
    None
}

/// The certificates in `pem` with this subject. Text that is not a certificate is ignored.
fn select(pem: &[u8]) -> Vec<u8> {
    let (end_finder, subject_finder) = (memmem::Finder::new(END), memmem::Finder::new(SUBJECT));
    let mut selected = Vec::new();
    for begin in memmem::find_iter(pem, BEGIN) {
        let Some(end) = end_finder.find(&pem[begin..]) else {
            continue;
        };
        let certificate = &pem[begin..begin + end + END.len()];
        let body = certificate[BEGIN.len()..end].iter().copied();
        let start: Vec<u8> = (body.filter(|byte| !byte.is_ascii_whitespace()))
            .take(SEARCHED)
            .collect();
        let der = STANDARD.decode(start).unwrap_or_default();
        if subject_finder.find(&der).is_some() {
            selected.extend_from_slice(certificate);
            selected.push(b'\n');
        }
    }
    selected
}
