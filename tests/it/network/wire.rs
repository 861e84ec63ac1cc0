//! The far side of these tests: a certificate authority, TLS servers that answer for EC2 and STS, and a proxy.

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use amiusage::emulator::{Emulator, State};
use rcgen::{
    BasicConstraints, Certificate, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa,
    Issuer, KeyPair, KeyUsagePurpose, date_time_ymd,
};
use rustls::pki_types::PrivateKeyDer;
use rustls::{ServerConfig, ServerConnection, StreamOwned};

/// A certificate authority of its own.
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    /// Its certificate.
    pub pem: String,
}

impl Authority {
    pub fn new(name: &str) -> Self {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        let pem = params.self_signed(&key).unwrap().pem();
        Self {
            issuer: Issuer::new(params, key),
            pem,
        }
    }

    /// A certificate for these host names.
    pub fn certify(&self, names: &[&str]) -> Arc<ServerConfig> {
        self.sign(params(names))
    }

    /// A certificate that was valid in 2020.
    pub fn expired(&self, name: &str) -> Arc<ServerConfig> {
        let mut params = params(&[name]);
        params.not_before = date_time_ymd(2020, 1, 1);
        params.not_after = date_time_ymd(2021, 1, 1);
        self.sign(params)
    }

    /// A certificate that will be valid in 2100.
    pub fn not_yet_valid(&self, name: &str) -> Arc<ServerConfig> {
        let mut params = params(&[name]);
        params.not_before = date_time_ymd(2100, 1, 1);
        self.sign(params)
    }

    /// A certificate for these host names that is valid for clients only.
    pub fn for_clients(&self, name: &str) -> Arc<ServerConfig> {
        let mut params = params(&[name]);
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        self.sign(params)
    }

    fn sign(&self, params: CertificateParams) -> Arc<ServerConfig> {
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        server_config(&certificate, &key)
    }
}

/// A self-signed certificate for a host name: a server for it, and its PEM form.
pub fn self_signed(name: &str, is_ca: IsCa) -> (Arc<ServerConfig>, String) {
    let key = KeyPair::generate().unwrap();
    let mut params = params(&[name]);
    params.is_ca = is_ca;
    let certificate = params.self_signed(&key).unwrap();
    (server_config(&certificate, &key), certificate.pem())
}

fn server_config(certificate: &Certificate, key: &KeyPair) -> Arc<ServerConfig> {
    let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
    let config =
        ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], key)
            .unwrap();
    Arc::new(config)
}

fn params(names: &[&str]) -> CertificateParams {
    let names: Vec<_> = names.iter().map(|&name| name.to_owned()).collect();
    CertificateParams::new(names).unwrap()
}

/// Listens on a port of its own, and does `work` with each connection in a thread.
fn listen(work: impl Fn(TcpStream) -> io::Result<()> + Send + Sync + 'static) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let work = Arc::new(work);
    thread::spawn(move || {
        for stream in listener.incoming() {
            let work = Arc::clone(&work);
            thread::spawn(move || {
                let stream = stream.unwrap();
                stream
                    .set_read_timeout(Some(Duration::from_secs(30)))
                    .unwrap();
                // A client that refuses the certificate leaves in the middle of it.
                let _ = work(stream);
            });
        }
    });
    port
}

/// EC2 and STS on a port, by TLS with this certificate or in the clear.
pub fn service(tls: Option<Arc<ServerConfig>>) -> u16 {
    let emulator = Emulator::new(State::sample());
    listen(move |stream| match &tls {
        Some(config) => {
            let connection = ServerConnection::new(Arc::clone(config)).unwrap();
            converse(StreamOwned::new(connection, stream), &emulator)
        }
        None => converse(stream, &emulator),
    })
}

/// A server that reads the start of a request, sends `reply` and closes the connection.
pub fn replies(reply: impl AsRef<[u8]> + Send + Sync + 'static) -> u16 {
    listen(move |mut stream| {
        stream.read_exact(&mut [0; 64])?;
        stream.write_all(reply.as_ref())?;
        stream.shutdown(Shutdown::Write)?;
        io::copy(&mut stream, &mut io::sink()).map(drop)
    })
}

fn converse(mut stream: impl Read + Write, emulator: &Emulator) -> io::Result<()> {
    loop {
        let head = read_head(&mut stream)?;
        let length = header(&head, "content-length").map_or(0, |value| value.parse().unwrap());
        let mut form = vec![0; length];
        stream.read_exact(&mut form)?;
        let (status, body) = if form.starts_with(b"Action=AssumeRole&") {
            (200, ASSUMED.to_owned())
        } else {
            let reply = emulator.respond(None, &form);
            (reply.status, reply.body)
        };
        write!(
            stream,
            "HTTP/1.1 {status} -\r\nContent-Type: text/xml\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        )?;
        stream.flush()?;
    }
}

/// What STS answers to `AssumeRole`.
const ASSUMED: &str = r#"<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
<AssumeRoleResult><Credentials><AccessKeyId>ASIAEXAMPLE</AccessKeyId><SecretAccessKey>role</SecretAccessKey>
<SessionToken>token</SessionToken><Expiration>2100-01-01T00:00:00Z</Expiration></Credentials>
<AssumedRoleUser><AssumedRoleId>AROA:s</AssumedRoleId><Arn>arn:aws:sts::123456789012:assumed-role/r/s</Arn>
</AssumedRoleUser></AssumeRoleResult><ResponseMetadata><RequestId>r</RequestId></ResponseMetadata>
</AssumeRoleResponse>"#;

/// An HTTP proxy. Whatever host it is asked for, it connects to one service, so that the names in these tests need
/// not exist.
pub struct Proxy {
    pub port: u16,
    seen: Arc<Mutex<Vec<Seen>>>,
}

/// A request as the proxy saw it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// The method and the target.
    pub line: String,
    /// The header `Proxy-Authorization`.
    pub authorization: Option<String>,
}

/// What a proxy does.
#[derive(Clone, Copy)]
pub enum Manner {
    /// Lets every request pass.
    Open,
    /// Lets those pass that have this `Proxy-Authorization`.
    Wants(&'static str),
    /// Answers with this status.
    Refuses(u16),
}

impl Proxy {
    /// A proxy in front of the service on port `behind`.
    pub fn new(behind: u16, manner: Manner) -> Self {
        let seen = Arc::new(Mutex::new(Vec::new()));
        let record = Arc::clone(&seen);
        let port = listen(move |client| pass(client, behind, manner, &record));
        Self { port, seen }
    }

    /// The requests so far.
    pub fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    /// The methods and targets of the requests so far.
    pub fn lines(&self) -> Vec<String> {
        self.seen().into_iter().map(|seen| seen.line).collect()
    }
}

fn pass(
    mut client: TcpStream,
    behind: u16,
    manner: Manner,
    record: &Mutex<Vec<Seen>>,
) -> io::Result<()> {
    let head = read_head(&mut client)?;
    let authorization = header(&head, "proxy-authorization");
    let line = head.lines().next().unwrap();
    record.lock().unwrap().push(Seen {
        line: line.strip_suffix(" HTTP/1.1").unwrap().to_owned(),
        authorization: authorization.clone(),
    });
    let refusal = match manner {
        Manner::Open => None,
        Manner::Wants(value) if authorization.as_deref() == Some(value) => None,
        Manner::Wants(_) => Some(407),
        Manner::Refuses(status) => Some(status),
    };
    if let Some(status) = refusal {
        return write!(
            client,
            "HTTP/1.1 {status} No\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno"
        );
    }
    let mut server = TcpStream::connect(("127.0.0.1", behind))?;
    if line.starts_with("CONNECT ") {
        client.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n")?;
    } else {
        server.write_all(head.as_bytes())?;
    }
    let (mut from_client, mut to_server) = (client.try_clone()?, server.try_clone()?);
    thread::spawn(move || io::copy(&mut from_client, &mut to_server));
    io::copy(&mut server, &mut client).map(drop)
}

/// A request's head, with the empty line at its end.
fn read_head(stream: &mut impl Read) -> io::Result<String> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte)?;
        head.push(byte[0]);
    }
    Ok(String::from_utf8(head).unwrap())
}

fn header(head: &str, name: &str) -> Option<String> {
    head.lines().find_map(|line| {
        let (key, value) = line.split_once(": ")?;
        key.eq_ignore_ascii_case(name).then(|| value.to_owned())
    })
}
