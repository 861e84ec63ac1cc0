//! The test harness: the program in a clean environment, and the emulator behind a server that can inject faults.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::num::NonZeroU32;
use std::process::Command as Program;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use amiusage::aws::{self, Connection, Ec2, Endpoint, RetrySettings};
use amiusage::emulator::{Emulator, Response, Settings, State, signed_region};
use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, SharedHttpClient, SharedHttpConnector, http_client_fn,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_types::body::SdkBody;
use serde_json::Value;
use snapbox::cmd::Command;

/// The image of the user guide's example, which has three entries in the sample data.
pub const IMAGE: &str = "ami-0abcdef1234567890";

/// A list of IDs in batches as they are sent: up to eight, of at most 200 IDs each.
pub fn evenly<T>(ids: &[T]) -> impl Iterator<Item = &[T]> {
    let count = ids.len().div_ceil(200).max(8).min(ids.len());
    (0..count).map(move |n| &ids[n * ids.len() / count..(n + 1) * ids.len() / count])
}

/// One attempt per request, without timeouts.
const ONCE: RetrySettings = RetrySettings {
    max_attempts: NonZeroU32::new(1),
    connect_timeout: None,
    read_timeout: None,
};

/// A client in a Region whose responses come from `answers`.
pub async fn offline(region: Option<&str>, answers: SharedHttpClient) -> Ec2 {
    aws::connect(Connection {
        profile: None,
        region: region.map(str::to_owned),
        endpoint: Endpoint::Offline(answers),
        ca_bundle: None,
        retry_settings: ONCE,
        debug_log: None,
        mfa_prompt: |_| unreachable!(),
        sign_requests: true,
    })
    .await
    .unwrap()
}

/// The program with these arguments, without the settings of the machine.
pub fn program<S: AsRef<OsStr>>(arguments: impl IntoIterator<Item = S>) -> Program {
    let mut program = Program::new(snapbox::cmd::cargo_bin!("amiusage"));
    program
        .env_clear()
        .env("AWS_EC2_METADATA_DISABLED", "true")
        // These servers are consistent, unless a test says otherwise.
        .env("AMIUSAGE_REREAD_DELAY", "0")
        .env("AWS_CONFIG_FILE", "/nonexistent/config")
        .env("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent/credentials")
        .env("HOME", "/nonexistent")
        // By default, notes are printed on a terminal only.
        .env("AMIUSAGE_NOTES", "always")
        .args(arguments);
    program
}

/// `amiusage` with these arguments, without the settings of the machine.
pub fn amiusage<S: AsRef<OsStr>>(arguments: impl IntoIterator<Item = S>) -> Command {
    Command::from_std(program(arguments)).timeout(Duration::from_secs(60))
}

/// `amiusage` with these arguments, separated by spaces.
pub fn words(line: &str) -> Command {
    amiusage(line.split_whitespace())
}

/// Runs a command and checks its exit status.
pub trait Ends {
    /// The run, which exits with this status.
    fn ends(self, status: i32) -> Run;

    /// The run, which exits with 0.
    fn succeeds(self) -> Run;
}

impl Ends for Command {
    #[track_caller]
    fn ends(self, status: i32) -> Run {
        Run::of(self.output().unwrap(), status)
    }

    #[track_caller]
    fn succeeds(self) -> Run {
        self.ends(0)
    }
}

/// The output of a run.
#[derive(Debug)]
pub struct Run {
    pub stdout: String,
    pub stderr: String,
}

impl Run {
    /// The run with this output, which exited with `status`.
    #[track_caller]
    pub fn of(output: std::process::Output, status: i32) -> Self {
        let run = Self {
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        };
        assert_eq!(output.status.code(), Some(status), "{run:#?}");
        run
    }

    /// Checks that stderr contains these words.
    #[track_caller]
    pub fn says(self, words: &str) -> Self {
        assert!(self.stderr.contains(words), "no {words:?} in {self:#?}");
        self
    }

    /// Checks that neither stream contains these words.
    #[track_caller]
    pub fn hides(self, words: &str) -> Self {
        assert!(!self.stdout.contains(words), "{words:?} in {self:#?}");
        assert!(!self.stderr.contains(words), "{words:?} in {self:#?}");
        self
    }

    /// Checks that stdout is empty.
    #[track_caller]
    pub fn silent(self) -> Self {
        assert_eq!(self.stdout, "");
        self
    }

    /// Stdout as one JSON document.
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {self:#?}"))
    }

    /// The `UsageCount`s on stdout, a JSON document or NDJSON.
    #[track_caller]
    pub fn counts(&self) -> Vec<u64> {
        let entries: Vec<Value> = match serde_json::from_str::<Value>(&self.stdout) {
            Ok(mut document) if document["ImageUsageReportEntries"].is_array() => {
                match document["ImageUsageReportEntries"].take() {
                    Value::Array(entries) => entries,
                    _ => unreachable!(),
                }
            }
            _ => (self.stdout.lines())
                .map(|line| serde_json::from_str(line).unwrap())
                .collect(),
        };
        entries
            .iter()
            .map(|entry| entry["UsageCount"].as_u64().unwrap())
            .collect()
    }

    /// Stderr as the one line of `--error-format json`.
    #[track_caller]
    pub fn error(&self) -> Value {
        assert_eq!(self.stderr.matches('\n').count(), 1, "{self:#?}");
        serde_json::from_str(&self.stderr).unwrap_or_else(|error| panic!("{error}: {self:#?}"))
    }

    /// The resume token on stderr.
    pub fn token(&self) -> Option<String> {
        let (_, token) = self.stderr.split_once("--starting-token ")?;
        token.split_whitespace().next().map(str::to_owned)
    }
}

/// One report of [`IMAGE`] with this many entries, whose `UsageCount`s are 0, 1, 2, …
pub fn numbered(entries: u64) -> State {
    let entries: Vec<Value> = (0..entries).map(entry).collect();
    State::from_json(&serde_json::json!({ "ImageUsageReportEntries": entries }).to_string())
        .unwrap()
}

fn entry(number: u64) -> Value {
    serde_json::json!({
        "ResourceType": "ec2:Instance",
        "ReportId": "amiur-11111111111111111",
        "UsageCount": number,
        "AccountId": format!("{number:012}"),
        "ImageId": IMAGE,
        "ReportCreationTime": "2025-09-29T13:27:12.322Z",
    })
}

/// A page of [`numbered`] entries, with any token.
pub fn page(numbers: std::ops::Range<u64>, next_token: Option<&str>) -> Response {
    const ACTION: &str = "DescribeImageUsageReportEntries";
    let items: String = numbers
        .map(|number| {
            let entry = entry(number);
            let text = |name: &str| entry[name].as_str().unwrap().to_owned();
            format!(
                "<item><resourceType>{}</resourceType><reportId>{}</reportId><usageCount>{number}</usageCount>\
                 <accountId>{}</accountId><imageId>{}</imageId>\
                 <reportCreationTime>{}</reportCreationTime></item>",
                text("ResourceType"),
                text("ReportId"),
                text("AccountId"),
                text("ImageId"),
                text("ReportCreationTime"),
            )
        })
        .collect();
    let token = next_token
        .map(|token| format!("<nextToken>{token}</nextToken>"))
        .unwrap_or_default();
    reply(
        200,
        &format!(
            "<{ACTION}Response xmlns=\"http://ec2.amazonaws.com/doc/2016-11-15/\"><requestId>{REQUEST}</requestId>\
             <imageUsageReportEntrySet>{items}</imageUsageReportEntrySet>{token}</{ACTION}Response>"
        ),
    )
}

/// An error response of the service.
pub fn refusal(status: u16, code: &str, message: &str) -> Response {
    reply(
        status,
        &format!(
            "<Response><Errors><Error><Code>{code}</Code><Message>{message}</Message></Error></Errors>\
             <RequestID>{REQUEST}</RequestID></Response>"
        ),
    )
}

/// The request ID of responses that the emulator did not create.
pub const REQUEST: &str = "59dbff89-35bd-4eac-99ed-be587EXAMPLE";

/// A response.
pub fn reply(status: u16, body: &str) -> Response {
    Response {
        status,
        request_id: REQUEST.to_owned(),
        body: body.to_owned(),
    }
}

/// What the server does with the emulator's response to a request.
pub enum Act {
    /// Sends it, or another response.
    Reply(Response),
    /// Closes the connection without a response.
    Hang,
    /// Sends this many bytes of the body, with the complete length, and closes.
    Cut(Response, usize),
    /// Sends this many bytes of the body, and then hangs.
    Stall(Response, usize),
}

/// A request that a script decides on.
pub struct Asked<'a> {
    /// Its number, from 1.
    pub number: usize,
    /// The Region in its signature.
    pub region: &'a str,
    /// Its parameters, in the order received.
    pub form: &'a str,
}

/// Decides by the request and the emulator's response.
type Script = dyn Fn(Asked<'_>, Response) -> Act + Send + Sync;

/// A received request.
#[derive(Clone, Debug)]
struct Request {
    head: String,
    form: String,
}

/// The emulator behind HTTP on its own port. It records its requests.
pub struct Server {
    address: SocketAddr,
    requests: Arc<Mutex<Vec<Request>>>,
    connections: Arc<AtomicUsize>,
}

impl Server {
    /// Responds from the sample data.
    pub fn sample() -> Self {
        Self::of(State::sample())
    }

    /// Responds from `state`.
    pub fn of(state: State) -> Self {
        Self::new(state, |_, reply| Act::Reply(reply))
    }

    /// Sends this response to every request, with the system time: the SDK retries some errors if `Date` shows a skew.
    pub fn says(reply: Response) -> Self {
        Self::new(numbered(0), move |_, _| Act::Reply(reply.clone()))
    }

    /// Responds from `state`, as `script` decides.
    pub fn new(
        state: State,
        script: impl Fn(usize, Response) -> Act + Send + Sync + 'static,
    ) -> Self {
        Self::with_settings(state, Settings::default(), script)
    }

    /// Responds from `state` with `settings`, as `script` decides.
    pub fn with_settings(
        state: State,
        settings: Settings,
        script: impl Fn(usize, Response) -> Act + Send + Sync + 'static,
    ) -> Self {
        Self::start(state, settings, move |asked, reply| {
            script(asked.number, reply)
        })
    }

    /// Responds from `state`, as `script` decides by the request.
    pub fn asked(
        state: State,
        script: impl Fn(Asked<'_>, Response) -> Act + Send + Sync + 'static,
    ) -> Self {
        Self::start(state, Settings::default(), script)
    }

    /// Responds from `state` with `settings`, as `script` decides by the request.
    pub fn start(
        state: State,
        settings: Settings,
        script: impl Fn(Asked<'_>, Response) -> Act + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let requests = Arc::new(Mutex::new(Vec::new()));
        let emulator = Arc::new(Emulator::with_settings(state, settings));
        let script: Arc<Script> = Arc::new(script);
        let server = Self {
            address,
            requests: Arc::clone(&requests),
            connections: Arc::default(),
        };
        let connections = Arc::clone(&server.connections);
        thread::spawn(move || {
            for stream in listener.incoming() {
                connections.fetch_add(1, Relaxed);
                let (emulator, script, requests) =
                    (emulator.clone(), script.clone(), requests.clone());
                thread::spawn(move || serve(stream.unwrap(), &emulator, &*script, &requests));
            }
        });
        server
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The environment that leads an AWS tool to this server.
    pub fn environment(&self) -> [(&'static str, String); 6] {
        [
            ("AWS_ENDPOINT_URL_EC2", self.url()),
            ("AWS_ENDPOINT_URL_AUTO_SCALING", self.url()),
            ("AWS_ENDPOINT_URL_ORGANIZATIONS", self.url()),
            ("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE".to_owned()),
            ("AWS_SECRET_ACCESS_KEY", "secret".to_owned()),
            ("AWS_REGION", "us-east-1".to_owned()),
        ]
    }

    /// The binary with these arguments, asking this server.
    pub fn program<S: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = S>) -> Program {
        let mut program = program(arguments);
        program.envs(self.environment());
        program
    }

    /// `amiusage` with these arguments, asking this server.
    pub fn amiusage<S: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = S>) -> Command {
        amiusage(arguments).envs(self.environment())
    }

    /// `amiusage` with these words, asking this server.
    pub fn words(&self, line: &str) -> Command {
        self.amiusage(line.split_whitespace())
    }

    /// The requests so far: the parameters of each, in their order, without action and version.
    pub fn requests(&self) -> Vec<String> {
        let requests = self.requests.lock().unwrap();
        requests
            .iter()
            .map(|request| {
                form_urlencoded::parse(request.form.as_bytes())
                    .filter(|(name, _)| name != "Action" && name != "Version")
                    .map(|(name, value)| format!("{name}={value}"))
                    .collect::<Vec<_>>()
                    .join("&")
            })
            .collect()
    }

    /// How many requests there were so far of this action.
    pub fn count(&self, action: &str) -> usize {
        let requests = self.requests.lock().unwrap();
        (requests.iter())
            .filter(|request| self::action(&request.form) == action)
            .count()
    }

    /// The Regions that the requests so far are signed for.
    pub fn regions(&self) -> Vec<String> {
        let requests = self.requests.lock().unwrap();
        let region = |request: &Request| signed_region(&request.head).unwrap().to_owned();
        requests.iter().map(region).collect()
    }

    /// How many connections were made to it.
    pub fn connections(&self) -> usize {
        self.connections.load(Relaxed)
    }

    /// The head of each request so far: its line and its headers.
    pub fn heads(&self) -> Vec<String> {
        let requests = self.requests.lock().unwrap();
        requests
            .iter()
            .map(|request| request.head.clone())
            .collect()
    }
}

/// The action that a form asks for. A request to AWS Organizations has a JSON body.
pub fn action(form: &str) -> String {
    if form.starts_with('{') {
        return "ListAccounts".to_owned();
    }
    let mut parameters = form_urlencoded::parse(form.as_bytes());
    let action = parameters.find(|(name, _)| name == "Action");
    action.map_or_else(String::new, |(_, action)| action.into_owned())
}

/// Answers the requests of one connection until it ends.
fn serve(stream: TcpStream, emulator: &Emulator, script: &Script, requests: &Mutex<Vec<Request>>) {
    stream
        .set_read_timeout(Some(Duration::from_secs(30)))
        .unwrap();
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut stream = stream;
    while let Some(request) = read_request(&mut reader) {
        let form = request.form.as_bytes();
        let target = request
            .head
            .lines()
            .find_map(|line| line.strip_prefix("x-amz-target: "));
        let reply = match target {
            Some(target) => emulator.respond_json(target, form),
            None => emulator.respond(signed_region(&request.head), form),
        };
        let number = {
            let mut requests = requests.lock().unwrap();
            requests.push(request.clone());
            requests.len()
        };
        let asked = Asked {
            number,
            region: signed_region(&request.head).unwrap_or_default(),
            form: &request.form,
        };
        let act = script(asked, reply);
        let stalls = matches!(act, Act::Stall(..));
        let (reply, sent) = match act {
            Act::Hang => return,
            Act::Reply(reply) => {
                let length = reply.body.len();
                (reply, length)
            }
            Act::Cut(reply, sent) | Act::Stall(reply, sent) => (reply, sent),
        };
        let head = format!(
            "HTTP/1.1 {} -\r\nContent-Type: text/xml;charset=UTF-8\r\nDate: {}\r\nx-amzn-requestid: {}\r\n\
             Content-Length: {}\r\n\r\n",
            reply.status,
            emulator.http_date(),
            reply.request_id,
            reply.body.len()
        );
        let message = [head.as_bytes(), &reply.body.as_bytes()[..sent]].concat();
        let written = stream.write_all(&message);
        if stalls {
            thread::sleep(Duration::from_secs(60));
        }
        // A client that has gone, as an interrupted one, is no fault.
        if written.is_err() || sent < reply.body.len() {
            return;
        }
    }
}

/// The next request; nothing when the client has gone.
fn read_request(reader: &mut BufReader<TcpStream>) -> Option<Request> {
    let mut head = String::new();
    let mut length = 0;
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).ok()? == 0 {
            return None;
        }
        if line.trim_end().is_empty() {
            break;
        }
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
        head.push_str(&line);
    }
    let mut form = vec![0; length];
    reader.read_exact(&mut form).ok()?;
    Some(Request {
        head,
        form: String::from_utf8(form).unwrap(),
    })
}

struct Scripted<F>(F);

impl<F> std::fmt::Debug for Scripted<F> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Scripted")
    }
}

impl<F: Fn(&[u8]) -> Response + Send + Sync> HttpConnector for Scripted<F> {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let reply = self.0(request.body().bytes().unwrap());
        let status = reply.status.try_into().unwrap();
        HttpConnectorFuture::ready(Ok(HttpResponse::new(status, SdkBody::from(reply.body))))
    }
}

/// An HTTP client within this process that answers each request by its form.
pub fn scripted(answer: impl Fn(&[u8]) -> Response + Send + Sync + 'static) -> SharedHttpClient {
    let connector = SharedHttpConnector::new(Scripted(answer));
    http_client_fn(move |_, _| connector.clone())
}
