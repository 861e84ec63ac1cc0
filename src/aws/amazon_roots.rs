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

/// What the subject of each contains. From <https://www.amazontrust.com/repository/>.
const SUBJECT: &[u8] = b"Amazon Root CA";

const BEGIN: &str = "-----BEGIN CERTIFICATE-----";
const END: &str = "-----END CERTIFICATE-----";

/// The lines of a certificate that are searched, for speed: 192 bytes. The name of the issuer, which is the same, ends
/// there.
const SEARCHED_LINES: usize = 4;

/// Whether these authorities are the likely ones for `target`.
pub(super) fn are_likely(target: &Uri) -> bool {
    target
        .host()
        .is_some_and(|host| host.ends_with(".amazonaws.com") || host.ends_with(".api.aws"))
}

/// Those in the system's certificate file, in PEM format; none if there is no such file.
pub(super) fn load() -> Option<Vec<u8>> {
    let pem = select(&fs::read_to_string(certificate_file()?).ok()?);
    (!pem.is_empty()).then(|| pem.into_bytes())
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
fn select(pem: &str) -> String {
    let mut selected = String::new();
    for section in pem.split(BEGIN).skip(1) {
        let Some((body, _)) = section.split_once(END) else {
            continue;
        };
        let start: String = body.lines().take(1 + SEARCHED_LINES).collect();
        let der = STANDARD.decode(start).unwrap_or_default();
        if der.windows(SUBJECT.len()).any(|part| part == SUBJECT) {
            selected.extend([BEGIN, body, END, "\n"]);
        }
    }
    selected
}
