//! The harness: the real binary in a clean environment, and the emulator behind a server that can misbehave.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use amiusage::emulator::{Emulator, Reply, State};
use snapbox::cmd::Command;

/// The image of the user guide's example, which the sample data holds.
pub const IMAGE: &str = "ami-0abcdef1234567890";

/// `amiusage` with these arguments, and nothing of the machine's settings.
pub fn amiusage<S: AsRef<std::ffi::OsStr>>(arguments: impl IntoIterator<Item = S>) -> Command {
    Command::new(snapbox::cmd::cargo_bin!("amiusage"))
        .env_clear()
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .env("AWS_CONFIG_FILE", "/nonexistent/config")
        .env("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent/credentials")
        .env("HOME", "/nonexistent")
        .args(arguments)
}

/// `amiusage` with these arguments, words with blanks between.
pub fn words(line: &str) -> Command {
    amiusage(line.split_whitespace())
}

/// What the server does with the emulator's reply to a request.
pub enum Act {
    /// Sends it, or another one.
    Reply(Reply),
    /// Closes the connection without a word.
    Hang,
    /// Sends so many bytes of the body, with the length of all of it, and closes.
    Cut(Reply, usize),
}

/// Decides by the number of the request, from 1, and the emulator's reply.
type Script = dyn Fn(usize, Reply) -> Act + Send + Sync;

/// The emulator behind HTTP on a port of its own. It remembers the forms that it was sent.
pub struct Server {
    address: SocketAddr,
    forms: Arc<Mutex<Vec<String>>>,
}

impl Server {
    /// Answers from the sample data.
    pub fn sample() -> Self {
        Self::new(State::sample(), |_, reply| Act::Reply(reply))
    }

    /// Answers from `state` as `script` wants it.
    pub fn new(state: State, script: impl Fn(usize, Reply) -> Act + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let forms = Arc::new(Mutex::new(Vec::new()));
        let emulator = Arc::new(Emulator::new(state));
        let script: Arc<Script> = Arc::new(script);
        let server = Self {
            address,
            forms: Arc::clone(&forms),
        };
        thread::spawn(move || {
            for stream in listener.incoming() {
                let (emulator, script, forms) = (emulator.clone(), script.clone(), forms.clone());
                thread::spawn(move || serve(stream.unwrap(), &emulator, &*script, &forms));
            }
        });
        server
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// `amiusage` with these arguments, asking this server.
    pub fn amiusage<S: AsRef<std::ffi::OsStr>>(
        &self,
        arguments: impl IntoIterator<Item = S>,
    ) -> Command {
        amiusage(arguments)
            .env("AWS_ENDPOINT_URL_EC2", self.url())
            .env("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE")
            .env("AWS_SECRET_ACCESS_KEY", "secret")
            .env("AWS_REGION", "us-east-1")
    }

    /// `amiusage` with these words, asking this server.
    pub fn words(&self, line: &str) -> Command {
        self.amiusage(line.split_whitespace())
    }

    /// The requests so far: the parameters of each, in their order, without action and version.
    pub fn requests(&self) -> Vec<Vec<(String, String)>> {
        let forms = self.forms.lock().unwrap();
        forms
            .iter()
            .map(|form| {
                form_urlencoded::parse(form.as_bytes())
                    .into_owned()
                    .filter(|(name, _)| name != "Action" && name != "Version")
                    .collect()
            })
            .collect()
    }
}

/// Answers the requests of one connection until it ends.
fn serve(stream: TcpStream, emulator: &Emulator, script: &Script, forms: &Mutex<Vec<String>>) {
    stream
        .set_read_timeout(Some(Duration::from_secs(30)))
        .unwrap();
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut stream = stream;
    while let Some(form) = read_form(&mut reader) {
        let number = {
            let mut forms = forms.lock().unwrap();
            forms.push(form.clone());
            forms.len()
        };
        let (reply, sent) = match script(number, emulator.answer(form.as_bytes())) {
            Act::Hang => return,
            Act::Reply(reply) => {
                let length = reply.body.len();
                (reply, length)
            }
            Act::Cut(reply, sent) => (reply, sent),
        };
        let head = format!(
            "HTTP/1.1 {} -\r\nContent-Type: text/xml;charset=UTF-8\r\nContent-Length: {}\r\n\r\n",
            reply.status,
            reply.body.len()
        );
        stream.write_all(head.as_bytes()).unwrap();
        stream.write_all(&reply.body.as_bytes()[..sent]).unwrap();
        if sent < reply.body.len() {
            return;
        }
    }
}

/// The body of the next request; nothing when the client has gone.
fn read_form(reader: &mut BufReader<TcpStream>) -> Option<String> {
    let mut length = 0;
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).ok()? == 0 {
            return None;
        }
        let line = line.trim_end().to_ascii_lowercase();
        if line.is_empty() {
            break;
        }
        if let Some(value) = line.strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some(String::from_utf8(body).unwrap())
}
