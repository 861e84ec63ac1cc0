//! For tests: an SDK client whose HTTP client responds with a fixed document.

use aws_sdk_ec2::Client;
use aws_sdk_ec2::config::{
    BehaviorVersion, Builder, Config, Credentials, Region, SharedHttpClient,
};
use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_types::body::SdkBody;

/// A page of two entries.
pub(super) const PAGE: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
    <DescribeImageUsageReportEntriesResponse xmlns=\"http://ec2.amazonaws.com/doc/2016-11-15/\">\
    <requestId>1</requestId><imageUsageReportEntrySet>\n<item><resourceType>ec2:Instance</resourceType>\
    <reportId>amiur-1</reportId><usageCount>15</usageCount><accountId>001100110011</accountId>\
    <imageId>ami-1</imageId><reportCreationTime>2025-09-29T13:27:12.322Z</reportCreationTime></item>\n\
    <item><usageCount>-1</usageCount></item></imageUsageReportEntrySet>\
    <nextToken>a &amp;&#x20;b</nextToken></DescribeImageUsageReportEntriesResponse>";

#[derive(Debug)]
struct FixedResponse {
    body: String,
    date: Option<&'static str>,
}

impl HttpConnector for FixedResponse {
    fn call(&self, _: HttpRequest) -> HttpConnectorFuture {
        let body = SdkBody::from(self.body.clone());
        let mut response = HttpResponse::new(200.try_into().unwrap(), body);
        response.headers_mut().insert("x-amzn-requestid", "id");
        if let Some(date) = self.date {
            response.headers_mut().insert("date", date);
        }
        HttpConnectorFuture::ready(Ok(response))
    }
}

/// An HTTP client that responds with `body`, and `date` as the `Date` header.
pub(super) fn http_client(body: &str, date: Option<&'static str>) -> SharedHttpClient {
    let body = body.to_owned();
    let connector = SharedHttpConnector::new(FixedResponse { body, date });
    http_client_fn(move |_, _| connector.clone())
}

/// What `send` gets from a client with this configuration when the response is `body`.
pub(super) fn respond<T>(
    body: &str,
    configure: impl FnOnce(Builder, SharedHttpClient) -> Builder,
    send: impl AsyncFnOnce(Client) -> T,
) -> T {
    let config = Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::from_static("us-east-1"))
        .credentials_provider(Credentials::new("a", "b", None, None, "test"));
    let config = configure(config, http_client(body, None));
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .unwrap();
    runtime.block_on(send(Client::from_conf(config.build())))
}
