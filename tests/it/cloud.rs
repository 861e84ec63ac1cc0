//! A mock cloud on one port: EC2 and all services that provide credentials (STS, IAM Identity Center, instance
//! metadata, container agent), and a home directory with the AWS CLI's files.

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::thread;

use amiusage::emulator::{Emulator, State};
use snapbox::cmd::Command;
use tempfile::TempDir;

use crate::support::{IMAGE, amiusage};

/// An expiration in the far future.
pub const LATER: &str = "2099-01-01T00:00:00Z";

/// The command line that most tests run: three entries, one per page.
pub const PAGES: &[&str] = &["entries", "--image-ids", IMAGE, "--page-size", "1"];

/// A received request.
#[derive(Clone, Debug)]
pub struct Call {
    /// Method and path.
    pub line: String,
    pub headers: Vec<(String, String)>,
    pub body: String,
}

impl Call {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.as_str())
    }

    /// A parameter of the form in the body.
    pub fn parameter(&self, name: &str) -> Option<String> {
        form_urlencoded::parse(self.body.as_bytes())
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.into_owned())
    }

    /// The access key and the session token with which it is signed.
    pub fn signer(&self) -> (String, Option<String>) {
        let authorization = self.header("authorization").unwrap_or_default();
        let key = authorization
            .split_once("Credential=")
            .and_then(|(_, rest)| rest.split_once('/'))
            .map_or("", |(key, _)| key);
        (
            key.to_owned(),
            self.header("x-amz-security-token").map(str::to_owned),
        )
    }

    pub fn action(&self) -> String {
        self.parameter("Action").unwrap_or_default()
    }
}

/// A status and a body.
pub type Answer = (u16, String);

/// Temporary credentials as IMDS and container agents write them.
pub fn document(name: &str) -> String {
    format!(
        r#"{{"Code": "Success", "AccessKeyId": "ASIA{name}", "SecretAccessKey": "secret-of-{name}",
            "Token": "token-of-{name}", "Expiration": "{LATER}"}}"#
    )
}

/// The response of STS for a role, valid until `expiration`.
pub fn session(call: &Call, expiration: &str) -> String {
    let action = call.action();
    let arn = call.parameter("RoleArn").unwrap_or_default();
    let name = arn.rsplit('/').next().unwrap_or_default();
    format!(
        "<{action}Response><{action}Result><Credentials><AccessKeyId>ASIA{name}</AccessKeyId>\
         <SecretAccessKey>secret-of-{name}</SecretAccessKey><SessionToken>token-of-{name}</SessionToken>\
         <Expiration>{expiration}</Expiration></Credentials><AssumedRoleUser><AssumedRoleId>A:b</AssumedRoleId>\
         <Arn>arn:aws:sts::123456789012:assumed-role/{name}/b</Arn></AssumedRoleUser>\
         </{action}Result></{action}Response>"
    )
}

/// An error response of STS.
pub fn denial(code: &str, message: &str) -> Answer {
    let body = format!(
        "<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>{message}</Message></Error>\
         <RequestId>0</RequestId></ErrorResponse>"
    );
    (403, body)
}

type Script = dyn Fn(&Call) -> Option<Answer> + Send + Sync;

/// A mock cloud.
pub struct Cloud {
    address: SocketAddr,
    calls: Arc<Mutex<Vec<Call>>>,
    home: TempDir,
}

impl Cloud {
    /// Everything works. A role `x` has the access key `ASIAx` and the token `token-of-x`.
    pub fn new() -> Self {
        Self::with(|_| None)
    }

    /// Responds as `script` decides, or by default.
    pub fn with(script: impl Fn(&Call) -> Option<Answer> + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let calls = Arc::new(Mutex::new(Vec::new()));
        let emulator = Arc::new(Emulator::new(State::sample()));
        let script: Arc<Script> = Arc::new(script);
        let remembered = calls.clone();
        thread::spawn(move || {
            for stream in listener.incoming() {
                let (emulator, script, calls) =
                    (emulator.clone(), script.clone(), remembered.clone());
                thread::spawn(move || serve(&stream.unwrap(), &emulator, &*script, &calls));
            }
        });
        Self {
            address,
            calls,
            home: TempDir::new().unwrap(),
        }
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Writes a file below the home directory.
    pub fn write(&self, path: &str, text: &str) -> PathBuf {
        let path = self.home.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
        path
    }

    /// Writes `~/.aws/config`, with `HOME` and `URL` replaced by their values.
    pub fn config(&self, text: &str) -> &Self {
        let text = text
            .replace("HOME", self.home.path().to_str().unwrap())
            .replace("URL", &self.url());
        self.write(".aws/config", &text);
        self
    }

    /// Writes the token file of `aws sso login`. The name is the SHA-1 of the session's name or start URL.
    pub fn sign_in(&self, sha1: &str, token: &str, expires: &str) {
        self.write(
            &format!(".aws/sso/cache/{sha1}.json"),
            &format!(
                r#"{{"accessToken": "{token}", "expiresAt": "{expires}", "region": "us-east-1",
                    "startUrl": "https://example.com/start"}}"#
            ),
        );
    }

    /// `amiusage` with these arguments in this cloud, without any credentials.
    pub fn amiusage<S: AsRef<std::ffi::OsStr>>(
        &self,
        arguments: impl IntoIterator<Item = S>,
    ) -> Command {
        self.environment()
            .into_iter()
            .fold(amiusage(arguments), |command, (name, value)| {
                command.env(name, value)
            })
    }

    /// The environment variables that lead to this cloud.
    pub fn environment(&self) -> Vec<(&'static str, String)> {
        let file = |name| {
            let path = self.home.path().join(".aws").join(name);
            path.into_os_string().into_string().unwrap()
        };
        vec![
            ("HOME", self.home.path().to_str().unwrap().to_owned()),
            ("AWS_CONFIG_FILE", file("config")),
            ("AWS_SHARED_CREDENTIALS_FILE", file("credentials")),
            ("AWS_REGION", "us-east-1".to_owned()),
            ("AWS_MAX_ATTEMPTS", "2".to_owned()),
            ("AWS_ENDPOINT_URL_EC2", self.url()),
            ("AWS_ENDPOINT_URL_STS", self.url()),
            ("AWS_ENDPOINT_URL_SSO", self.url()),
            ("AWS_ENDPOINT_URL_SSO_OIDC", self.url()),
            ("AWS_EC2_METADATA_SERVICE_ENDPOINT", self.url()),
        ]
    }

    /// The requests so far that `chosen` selects.
    pub fn calls(&self, chosen: impl Fn(&Call) -> bool) -> Vec<Call> {
        let calls = self.calls.lock().unwrap();
        calls.iter().filter(|call| chosen(call)).cloned().collect()
    }

    /// The requests to STS.
    pub fn sts(&self) -> Vec<Call> {
        self.calls(|call| call.action().starts_with("AssumeRole"))
    }

    /// The access keys and tokens that sign the requests to EC2.
    pub fn signers(&self) -> Vec<(String, Option<String>)> {
        let calls = self.calls(|call| call.action().starts_with("Describe"));
        calls.iter().map(Call::signer).collect()
    }
}

fn serve(stream: &TcpStream, emulator: &Emulator, script: &Script, calls: &Mutex<Vec<Call>>) {
    let mut reader = BufReader::new(stream);
    while let Some(call) = read(&mut reader) {
        calls.lock().unwrap().push(call.clone());
        let (status, body) = script(&call).unwrap_or_else(|| answer(&call, emulator));
        let head = format!(
            "HTTP/1.1 {status} -\r\nContent-Length: {}\r\nx-aws-ec2-metadata-token-ttl-seconds: 300\r\n\r\n",
            body.len()
        );
        let mut stream = stream;
        if stream
            .write_all(&[head.as_bytes(), body.as_bytes()].concat())
            .is_err()
        {
            return;
        }
    }
}

fn answer(call: &Call, emulator: &Emulator) -> Answer {
    const ROLES: &str = "/latest/meta-data/iam/security-credentials/";

    match call.action().as_str() {
        "" => {}
        "AssumeRole" | "AssumeRoleWithWebIdentity" => return (200, session(call, LATER)),
        _ => {
            let reply = emulator.respond(None, call.body.as_bytes());
            return (reply.status, reply.body);
        }
    }
    let (_, path) = call.line.split_once(' ').unwrap();
    let body = match path {
        "/latest/api/token" => "metadata-token".to_owned(),
        ROLES => "instance".to_owned(),
        "/container" => document("container"),
        _ if path.starts_with(ROLES) => document("instance"),
        // The time is in milliseconds: the year 2099.
        _ if path.starts_with("/federation/credentials") => {
            r#"{"roleCredentials": {"accessKeyId": "ASIAsso", "secretAccessKey": "secret-of-sso",
                "sessionToken": "token-of-sso", "expiration": 4070908800000}}"#
                .to_owned()
        }
        _ => return (404, String::new()),
    };
    (200, body)
}

/// The next request; `None` if the client closed the connection.
fn read(reader: &mut impl BufRead) -> Option<Call> {
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).ok()? == 0 {
            return None;
        }
        let line = line.trim_end();
        if line.is_empty() {
            break;
        }
        lines.push(line.to_owned());
    }
    let headers: Vec<_> = lines[1..]
        .iter()
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    let length = headers
        .iter()
        .find(|(name, _)| name == "content-length")
        .map_or(0, |(_, value)| value.parse().unwrap());
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    let line = lines[0].trim_end_matches(" HTTP/1.1").to_owned();
    Some(Call {
        line,
        headers,
        body: String::from_utf8(body).unwrap(),
    })
}
