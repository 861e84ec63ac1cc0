//! Validates that a successful response is complete: the XML document of the requested action, or JSON of AWS
//! Organizations.
//!
//! This wrapper between the HTTP client and the SDK reads the body and turns an incomplete one into a transport error,
//! which the SDK retries. Error responses pass unchanged: the SDK reads their code. It is for the clients of EC2, EC2 Auto
//! Scaling and AWS Organizations only, none of whose operations streams.

use std::time::Duration;

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::connector_metadata::ConnectorMetadata;
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
    SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::{
    RuntimeComponents, RuntimeComponentsBuilder,
};
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::byte_stream::ByteStream;
use aws_smithy_types::config_bag::ConfigBag;
use tokio::time::{Instant, timeout_at};

use super::entry_page;
use super::transport_error::TransportError;
use super::xml::{self, BodyError};

/// Wraps `client` so that every successful response is complete.
pub(super) fn validate_responses(client: SharedHttpClient) -> SharedHttpClient {
    SharedHttpClient::new(ValidatingClient(client))
}

#[derive(Debug)]
struct ValidatingClient(SharedHttpClient);

impl HttpClient for ValidatingClient {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        // The read timeout is applied here: the HTTP client's own ends with the headers.
        let mut connect_settings = HttpConnectorSettings::builder();
        connect_settings.set_connect_timeout(settings.connect_timeout());
        SharedHttpConnector::new(ValidatingConnector {
            inner: self.0.http_connector(&connect_settings.build(), components),
            settings: settings.clone(),
        })
    }

    fn validate_base_client_config(
        &self,
        components: &RuntimeComponentsBuilder,
        config: &ConfigBag,
    ) -> Result<(), BoxError> {
        HttpClient::validate_base_client_config(&self.0, components, config)
    }

    fn validate_final_config(
        &self,
        components: &RuntimeComponents,
        config: &ConfigBag,
    ) -> Result<(), BoxError> {
        HttpClient::validate_final_config(&self.0, components, config)
    }

    fn connector_metadata(&self) -> Option<ConnectorMetadata> {
        self.0.connector_metadata()
    }
}

#[derive(Debug)]
struct ValidatingConnector {
    inner: SharedHttpConnector,
    settings: HttpConnectorSettings,
}

impl HttpConnector for ValidatingConnector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let root = match request.headers().contains_key("x-amz-target") {
            true => None,
            false => Some(match expected_root(&request) {
                Some(root) => root,
                None => {
                    return HttpConnectorFuture::ready(Err(ConnectorError::user(
                        "the request is not a form with an Action".into(),
                    )));
                }
            }),
        };
        let settings = self.settings.clone();
        let response = self.inner.call(request);
        HttpConnectorFuture::new(async move {
            let mut response = read_head(response, &settings).await?;
            let body = read_body(response.take_body(), settings.read_timeout()).await?;
            let status = response.status();
            if status.is_success() {
                let page = match root.as_deref() {
                    Some(entry_page::ROOT) => entry_page::decode(&body),
                    Some(root) => xml::validate(&body, root)
                        .and_then(|()| require_list(&body, root))
                        .map(|()| None),
                    None => validate_accounts(&body).map(|()| None),
                };
                let page = page.map_err(|error| {
                    let status = status.as_u16();
                    ConnectorError::io(TransportError::Body { error, status }.into())
                })?;
                if let Some(page) = page {
                    entry_page::attach(page, &mut response);
                }
            }
            *response.body_mut() = SdkBody::from(body);
            Ok(response)
        })
    }
}

/// Checks that a response of EC2 Auto Scaling has its list. Unlike the SDK for EC2, that for Auto
/// Scaling returns an empty list for a missing one.
fn require_list(body: &[u8], root: &str) -> Result<(), BodyError> {
    const LIST: &str = "LaunchConfigurations";
    let tag = format!("<{LIST}");
    let is_required = root == "DescribeLaunchConfigurationsResponse";
    match is_required && !body.windows(tag.len()).any(|text| text == tag.as_bytes()) {
        true => Err(BodyError::MissingList(LIST)),
        false => Ok(()),
    }
}

/// Checks that a response of AWS Organizations is one JSON document with its list. The SDK returns an empty list for a
/// missing one.
fn validate_accounts(body: &[u8]) -> Result<(), BodyError> {
    #[derive(serde::Deserialize)]
    struct Page {
        #[serde(rename = "Accounts")]
        accounts: Option<Vec<serde::de::IgnoredAny>>,
    }
    let page: Page = serde_json::from_slice(body).map_err(|_| BodyError::NotJson)?;
    page.accounts
        .map(drop)
        .ok_or(BodyError::MissingList("Accounts"))
}

/// The name of the root element in the response to `request`.
fn expected_root(request: &HttpRequest) -> Option<String> {
    form_urlencoded::parse(request.body().bytes()?)
        .find(|(name, _)| name == "Action")
        .map(|(_, action)| format!("{action}Response"))
}

async fn read_head(
    response: HttpConnectorFuture,
    settings: &HttpConnectorSettings,
) -> Result<HttpResponse, ConnectorError> {
    let response = match settings.read_timeout() {
        None => response.await,
        Some(limit) => tokio::time::timeout(limit, response)
            .await
            .map_err(|_| ConnectorError::timeout(TransportError::ReadTimeout(limit).into()))?,
    };
    response.map_err(|error| match settings.connect_timeout() {
        // The client has no other timeout.
        Some(limit) if error.is_timeout() => {
            ConnectorError::timeout(TransportError::ConnectTimeout(limit).into())
        }
        _ => error,
    })
}

/// In bytes per second. A body that is slower for longer than the read timeout times out, so that occasional bytes cannot
/// keep a request running forever.
const MIN_BODY_RATE: usize = 1024;

/// The maximum memory to reserve for a body in advance, in bytes: a usual page.
const MAX_RESERVED: u64 = 1024 * 1024;

async fn read_body(
    body: SdkBody,
    read_timeout: Option<Duration>,
) -> Result<Vec<u8>, ConnectorError> {
    let start = Instant::now();
    // A server can claim any length.
    let length = body.content_length().unwrap_or(0).min(MAX_RESERVED);
    let mut body = ByteStream::new(body);
    let mut bytes = Vec::with_capacity(length as usize);
    loop {
        let next = match read_timeout {
            None => body.next().await,
            Some(limit) => {
                let slowest = Duration::from_secs((bytes.len() / MIN_BODY_RATE) as u64);
                let deadline = (start + limit + slowest).min(Instant::now() + limit);
                timeout_at(deadline, body.next()).await.map_err(|_| {
                    let (bytes, elapsed) = (bytes.len(), start.elapsed());
                    ConnectorError::timeout(TransportError::Stalled { bytes, elapsed }.into())
                })?
            }
        };
        match next {
            Some(Ok(chunk)) => bytes.extend_from_slice(&chunk),
            Some(Err(error)) => {
                return Err(ConnectorError::io(
                    TransportError::ConnectionBroken(error.into()).into(),
                ));
            }
            None => return Ok(bytes),
        }
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_ec2::config::Builder;
    use aws_sdk_ec2::operation::RequestId;
    use aws_sdk_ec2::operation::describe_image_usage_report_entries::DescribeImageUsageReportEntriesOutput;

    use super::super::entry_page::PageHandover;
    use super::super::test_client::{PAGE, respond};
    use super::*;

    fn output(
        configure: impl FnOnce(Builder, SharedHttpClient) -> Builder,
    ) -> DescribeImageUsageReportEntriesOutput {
        respond(PAGE, configure, async |client| {
            let sent = client.describe_image_usage_report_entries().send();
            sent.await.unwrap()
        })
    }

    #[test]
    fn decoded_pages_equal_the_output_of_the_sdk() {
        let ours = output(|config, http_client| {
            config
                .http_client(validate_responses(http_client))
                .interceptor(PageHandover)
        });
        assert_eq!(
            ours,
            output(|config, http_client| config.http_client(http_client))
        );
        assert_eq!(ours.request_id(), Some("id"));
        assert_eq!(ours.next_token(), Some("a & b"));
        assert_eq!(ours.image_usage_report_entries().len(), 2);
    }
}
