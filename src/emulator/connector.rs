//! Connects an AWS SDK client to the emulator without a socket.

use std::sync::Arc;

use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, SharedHttpClient, SharedHttpConnector, http_client_fn,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::http::StatusCode;
use aws_smithy_types::body::SdkBody;

use super::accounts::TARGET_HEADER;
use super::http::REQUEST_ID;
use super::region::signed_region;
use super::service::Emulator;

/// An HTTP client for the AWS SDK that sends all requests to `emulator`, whatever the address, and opens no connection.
/// Signing, serialization, parsing and paging are those of the SDK.
pub fn in_memory_client(emulator: Arc<Emulator>) -> SharedHttpClient {
    let connector = SharedHttpConnector::new(InMemory(emulator));
    http_client_fn(move |_, _| connector.clone())
}

#[derive(Debug)]
struct InMemory(Arc<Emulator>);

impl HttpConnector for InMemory {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        HttpConnectorFuture::ready(respond(&self.0, &request))
    }
}

fn respond(emulator: &Emulator, request: &HttpRequest) -> Result<HttpResponse, ConnectorError> {
    let Some(form) = request.body().bytes() else {
        return Err(ConnectorError::user(
            "a streaming body is not a request form".into(),
        ));
    };
    let headers = request.headers();
    let region = headers.get("authorization").and_then(signed_region);
    let response = match headers.get(TARGET_HEADER) {
        Some(target) => emulator.respond_json(target, form),
        None => emulator.respond(region, form),
    };
    let content_type = response.content_type();
    let status = StatusCode::try_from(response.status)
        .map_err(|error| ConnectorError::other(error.into(), None))?;
    let mut http_response = HttpResponse::new(status, SdkBody::from(response.body));
    let headers = http_response.headers_mut();
    headers.insert("content-type", content_type);
    headers.insert("date", emulator.http_date());
    headers.insert(REQUEST_ID, response.request_id);
    Ok(http_response)
}
