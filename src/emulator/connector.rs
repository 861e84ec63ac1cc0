//! The emulator as the socket of an AWS SDK client.

use std::sync::Arc;

use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, SharedHttpClient, SharedHttpConnector, http_client_fn,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::http::StatusCode;
use aws_smithy_types::body::SdkBody;

use super::http::{CONTENT_TYPE, REQUEST_ID};
use super::{Emulator, signed_region};

/// An HTTP client for an AWS SDK that opens no connection: `emulator` answers in its place, whatever the
/// address. Signing, serialising, parsing and paging stay the SDK's own.
pub fn in_memory_client(emulator: Arc<Emulator>) -> SharedHttpClient {
    let connector = SharedHttpConnector::new(InMemory(emulator));
    http_client_fn(move |_, _| connector.clone())
}

#[derive(Debug)]
struct InMemory(Arc<Emulator>);

impl HttpConnector for InMemory {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        HttpConnectorFuture::ready(answer(&self.0, &request))
    }
}

fn answer(emulator: &Emulator, request: &HttpRequest) -> Result<HttpResponse, ConnectorError> {
    let Some(form) = request.body().bytes() else {
        return Err(ConnectorError::user(
            "a body that streams is no request form".into(),
        ));
    };
    let region = (request.headers().get("authorization")).and_then(signed_region);
    let reply = emulator.respond(region, form);
    let status = StatusCode::try_from(reply.status)
        .map_err(|error| ConnectorError::other(error.into(), None))?;
    let mut response = HttpResponse::new(status, SdkBody::from(reply.body));
    let headers = response.headers_mut();
    headers.insert("content-type", CONTENT_TYPE);
    headers.insert("date", emulator.http_date());
    headers.insert(REQUEST_ID, reply.request_id);
    Ok(response)
}
