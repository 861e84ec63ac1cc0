//! Serves the emulator over HTTP/1.1 with keep-alive.

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

use super::accounts::TARGET_HEADER;
use super::region::signed_region;
use super::response::{ApiError, Response as ServiceResponse};
use super::service::Emulator;

pub(super) const REQUEST_ID: &str = "x-amzn-requestid";

/// Far more than the largest valid request: 200 IDs and 200 values for each of 50 filters.
const MAX_BODY_BYTES: usize = 1 << 20;

/// How long pending responses may take after a shutdown request.
const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(2);

/// The delay after a failed `accept`, such as when no file descriptors are left.
const ACCEPT_RETRY_DELAY: Duration = Duration::from_millis(50);

/// How a server treats its connections.
#[derive(Clone, Copy, Debug)]
pub struct ServerOptions {
    /// The delay before each response.
    pub latency: Duration,
    /// The timeout of a request's head, including the idle time before it, and of its body.
    pub request_timeout: Duration,
    /// The maximum number of open connections. Further ones wait until one is closed.
    pub max_connections: usize,
}

impl Default for ServerOptions {
    fn default() -> Self {
        Self {
            latency: Duration::ZERO,
            request_timeout: Duration::from_secs(10),
            // Below 1024, the usual limit of file descriptors on Linux.
            max_connections: 1000,
        }
    }
}

/// Serves requests at `listener` until `shutdown` is ready. Pending responses then have two seconds to finish. Invalid
/// requests and connection errors do not stop the server.
pub async fn serve(
    listener: TcpListener,
    emulator: Arc<Emulator>,
    options: ServerOptions,
    shutdown: impl Future<Output = ()>,
) {
    let mut shutdown = pin!(shutdown);
    let graceful = GracefulShutdown::new();
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            () = &mut shutdown => break,
            // Removes finished connections.
            Some(_) = connections.join_next() => {}
            accepted = listener.accept(), if connections.len() < options.max_connections => match accepted {
                Ok((stream, _)) => {
                    connections.spawn(serve_connection(stream, Arc::clone(&emulator), options, &graceful));
                }
                Err(_) => sleep(ACCEPT_RETRY_DELAY).await,
            },
        }
    }
    drop(listener);
    // Dropping `connections` aborts the rest.
    let _ = timeout(SHUTDOWN_TIMEOUT, graceful.shutdown()).await;
}

/// Serves one connection until it closes. Its errors end only this connection.
fn serve_connection(
    stream: TcpStream,
    emulator: Arc<Emulator>,
    options: ServerOptions,
    graceful: &GracefulShutdown,
) -> impl Future<Output = ()> + use<> {
    // Without this, a response of several packets may wait for the client's delayed acknowledgment.
    let _ = stream.set_nodelay(true);
    let service = service_fn(move |request| {
        let emulator = Arc::clone(&emulator);
        async move {
            let response = respond(&emulator, request, options.request_timeout).await;
            // Even a sleep of zero would take until the next millisecond of the timer.
            if !options.latency.is_zero() {
                sleep(options.latency).await;
            }
            Ok::<_, Infallible>(http_response(response, &emulator.http_date()))
        }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(options.request_timeout)
        .serve_connection(TokioIo::new(stream), service);
    let connection = graceful.watch(connection);
    async move {
        let _ = connection.await;
    }
}

async fn respond(
    emulator: &Emulator,
    request: Request<Incoming>,
    request_timeout: Duration,
) -> ServiceResponse {
    let (head, body) = request.into_parts();
    // Always read the body. An unread one would close the connection.
    let body = match timeout(request_timeout, read_body(body)).await {
        Ok(Ok(body)) => body,
        Ok(Err(error)) => return emulator.reject(error),
        Err(_) => {
            return emulator.reject(ApiError::with_status(
                408,
                "RequestTimeout",
                "The request body was not received in time",
            ));
        }
    };
    if head.uri.path() != "/" {
        return emulator.reject(ApiError::with_status(
            404,
            "InvalidRequest",
            "The emulator accepts EC2 Query requests at the path / only",
        ));
    }
    if let Some(target) = head.headers.get(TARGET_HEADER) {
        return emulator.respond_json(target.to_str().unwrap_or_default(), &body);
    }
    let parameters = match head.method {
        Method::POST => &body,
        Method::GET => head.uri.query().unwrap_or_default().as_bytes(),
        _ => {
            return emulator.reject(ApiError::with_status(
                405,
                "InvalidRequest",
                "The emulator accepts EC2 Query requests with the methods GET and POST only",
            ));
        }
    };
    let authorization = head.headers.get(header::AUTHORIZATION);
    let region = (authorization.and_then(|value| value.to_str().ok())).and_then(signed_region);
    emulator.respond(region, parameters)
}

async fn read_body(body: Incoming) -> Result<Bytes, ApiError> {
    let too_long = || {
        ApiError::with_status(
            413,
            "InvalidRequest",
            format!("The request body is longer than {MAX_BODY_BYTES} bytes"),
        )
    };
    if body.size_hint().lower() > MAX_BODY_BYTES as u64 {
        return Err(too_long());
    }
    match Limited::new(body, MAX_BODY_BYTES).collect().await {
        Ok(body) => Ok(body.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => Err(too_long()),
        Err(_) => Err(ApiError::new(
            "InvalidRequest",
            "The request body is incomplete or not valid HTTP",
        )),
    }
}

fn http_response(response: ServiceResponse, date: &str) -> Response<Full<Bytes>> {
    let content_type = HeaderValue::from_static(response.content_type());
    let mut http_response = Response::new(Full::new(Bytes::from(response.body)));
    *http_response.status_mut() =
        StatusCode::from_u16(response.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = http_response.headers_mut();
    headers.insert(header::CONTENT_TYPE, content_type);
    if let Ok(date) = HeaderValue::from_str(date) {
        headers.insert(header::DATE, date);
    }
    if let Ok(id) = HeaderValue::try_from(response.request_id) {
        headers.insert(REQUEST_ID, id);
    }
    http_response
}
