//! The emulator on a socket, by HTTP/1.1 with keep-alive.

use std::convert::Infallible;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::body::{Body, Incoming};
use hyper::header::{self, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use super::refusal::Refusal;
use super::{Emulator, Response as ServiceResponse, signed_region};

pub(super) const CONTENT_TYPE: &str = "text/xml;charset=UTF-8";
pub(super) const REQUEST_ID: &str = "x-amzn-requestid";

/// 200 IDs and 200 values for each of 50 filters have room in this many times over.
const MAX_BODY: usize = 1 << 20;

/// How long a request's head may take, an idle connection's wait for the next one included. Clients drop idle
/// connections sooner, most after 90 seconds at the latest, and so do not meet one that is just closing.
const HEADER_TIMEOUT: Duration = Duration::from_secs(120);

/// How long answers that are under way may take once the end is asked for.
const GRACE: Duration = Duration::from_secs(2);

/// The wait after a connection could not be taken, as when there are no file descriptors left.
const ACCEPT_RETRY: Duration = Duration::from_millis(50);

/// Answers what arrives at `listener`, each request after `latency`, until `shutdown` is ready. Answers under
/// way then have two seconds to finish.
///
/// No request and no broken connection ends it.
pub async fn serve(
    listener: TcpListener,
    emulator: Arc<Emulator>,
    latency: Duration,
    shutdown: impl Future<Output = ()>,
) {
    let mut shutdown = pin!(shutdown);
    let graceful = GracefulShutdown::new();
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            () = &mut shutdown => break,
            // Only to forget connections that are done.
            Some(_) = connections.join_next() => {}
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    connections.spawn(converse(stream, Arc::clone(&emulator), latency, &graceful));
                }
                Err(_) => sleep(ACCEPT_RETRY).await,
            },
        }
    }
    drop(listener);
    // What is not done in time is dropped with `connections`.
    let _ = timeout(GRACE, graceful.shutdown()).await;
}

/// Serves one connection until it ends. Its errors are the client's: they end no more than itself.
fn converse(
    stream: TcpStream,
    emulator: Arc<Emulator>,
    latency: Duration,
    graceful: &GracefulShutdown,
) -> impl Future<Output = ()> + use<> {
    // Without this an answer in several packets may wait for the client's delayed acknowledgement.
    let _ = stream.set_nodelay(true);
    let service = service_fn(move |request| {
        let emulator = Arc::clone(&emulator);
        async move {
            let reply = reply(&emulator, request).await;
            // A sleep of no time lasts until the timer's next millisecond.
            if !latency.is_zero() {
                sleep(latency).await;
            }
            Ok::<_, Infallible>(response(reply, &emulator.http_date()))
        }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_TIMEOUT)
        .serve_connection(TokioIo::new(stream), service);
    let connection = graceful.watch(connection);
    async move {
        let _ = connection.await;
    }
}

async fn reply(emulator: &Emulator, request: Request<Incoming>) -> ServiceResponse {
    let (head, body) = request.into_parts();
    // The body is read even if it is of no use: what is left of it would end the connection.
    let form = match read(body).await {
        Ok(form) => form,
        Err(refusal) => return emulator.refuse(refusal),
    };
    if head.uri.path() != "/" {
        return emulator.refuse(Refusal::with_status(
            404,
            "InvalidRequest",
            "The emulator answers EC2 Query requests, and those are sent to /",
        ));
    }
    if head.method != Method::POST {
        return emulator.refuse(Refusal::with_status(
            405,
            "InvalidRequest",
            "The emulator answers EC2 Query requests that are sent with POST",
        ));
    }
    let authorization = head.headers.get(header::AUTHORIZATION);
    let region = (authorization.and_then(|value| value.to_str().ok())).and_then(signed_region);
    emulator.respond(region, &form)
}

async fn read(body: Incoming) -> Result<Bytes, Refusal> {
    let too_long = || {
        Refusal::with_status(
            413,
            "InvalidRequest",
            format!("The request body is longer than {MAX_BODY} bytes"),
        )
    };
    if body.size_hint().lower() > MAX_BODY as u64 {
        return Err(too_long());
    }
    match Limited::new(body, MAX_BODY).collect().await {
        Ok(body) => Ok(body.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => Err(too_long()),
        Err(_) => Err(Refusal::new(
            "InvalidRequest",
            "The request body breaks off or is not HTTP",
        )),
    }
}

fn response(reply: ServiceResponse, date: &str) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(reply.body)));
    *response.status_mut() =
        StatusCode::from_u16(reply.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(CONTENT_TYPE));
    if let Ok(date) = HeaderValue::from_str(date) {
        headers.insert(header::DATE, date);
    }
    if let Ok(id) = HeaderValue::try_from(reply.request_id) {
        headers.insert(REQUEST_ID, id);
    }
    response
}
