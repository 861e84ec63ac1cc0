//! The HTTP client of all AWS clients: EC2, and the services that provide credentials (STS, SSO, metadata).
//!
//! It is the SDK's client with the CA bundle and the proxies. Each URL scheme has its own client, created on first use:
//! no certificate is loaded for a plain HTTP endpoint.

use std::fmt;
use std::sync::Arc;

use aws_sdk_ec2::config::{RuntimeComponents, SharedHttpClient};
use aws_smithy_http_client::tls::Provider;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::{Builder, Connector};
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_types::os_shim_internal::Env;
use http::Uri;
use http::uri::Scheme;

use super::ca_bundle::CaBundle;
use super::connect_error::{self, ConnectError};
use super::error::RequestError;
use super::proxy::Proxy;

/// A client that trusts `ca_bundle` and uses the proxies of the environment.
///
/// # Errors
/// [`RequestError::Configuration`] for an invalid proxy URL.
pub(super) fn client(
    ca_bundle: Arc<CaBundle>,
    env: &Env,
) -> Result<SharedHttpClient, RequestError> {
    let client = |scheme| -> Result<_, RequestError> {
        let proxy = Proxy::from_env(env, &scheme)?;
        Ok(Arc::new(SchemeClient::new(
            &scheme,
            proxy,
            Arc::clone(&ca_bundle),
        )))
    };
    Ok(SharedHttpClient::new(SchemeClients {
        http: client(Scheme::HTTP)?,
        https: client(Scheme::HTTPS)?,
    }))
}

/// The client for each URL scheme.
#[derive(Clone, Debug)]
struct SchemeClients {
    http: Arc<SchemeClient>,
    https: Arc<SchemeClient>,
}

impl HttpClient for SchemeClients {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(SchemeConnector {
            clients: self.clone(),
            settings: settings.clone(),
            components: components.clone(),
        })
    }
}

/// Sends each request with the client for its URL's scheme.
#[derive(Debug)]
struct SchemeConnector {
    clients: SchemeClients,
    settings: HttpConnectorSettings,
    components: RuntimeComponents,
}

impl HttpConnector for SchemeConnector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let target: Uri = request.uri().parse().unwrap_or_default();
        let client = match target.scheme_str() {
            Some("http") => &self.clients.http,
            _ => &self.clients.https,
        };
        if client.tls
            && let Err(error) = client.ca_bundle.context()
        {
            return HttpConnectorFuture::ready(Err(ConnectError::clone(error).permanent()));
        }
        let response = client
            .client
            .http_connector(&self.settings, &self.components)
            .call(request);
        let client = Arc::clone(client);
        HttpConnectorFuture::new(async move {
            let proxy = (client.proxy.as_ref()).filter(|proxy| proxy.applies_to(&target));
            let proxy = proxy.map(|proxy| proxy.name.as_str());
            match response.await {
                // The proxy's own response to a plain request. For a tunnel it is an error already.
                Ok(response) if response.status().as_u16() == 407 => match proxy {
                    Some(proxy) => Err(connect_error::proxy_authentication(proxy)),
                    None => Ok(response),
                },
                Ok(response) => Ok(response),
                Err(error) => Err(connect_error::explain(
                    error,
                    &target,
                    proxy,
                    &client.ca_bundle.name,
                )),
            }
        })
    }
}

/// The SDK's client for one URL scheme.
struct SchemeClient {
    client: SharedHttpClient,
    proxy: Option<Proxy>,
    ca_bundle: Arc<CaBundle>,
    /// Whether the server or the proxy uses TLS.
    tls: bool,
}

impl fmt::Debug for SchemeClient {
    /// Shows no field: the proxy contains a password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SchemeClient")
    }
}

impl SchemeClient {
    fn new(scheme: &Scheme, proxy: Option<Proxy>, ca_bundle: Arc<CaBundle>) -> Self {
        let tls = *scheme == Scheme::HTTPS
            || proxy
                .as_ref()
                .is_some_and(|proxy| proxy.name.starts_with("https:"));
        let config = proxy.as_ref().map(|proxy| proxy.config.clone());
        let trusted = Arc::clone(&ca_bundle);
        // The SDK's client caches these connectors by their settings.
        let client = Builder::new().build_with_connector_fn(move |settings, _| {
            let mut connector = Connector::builder();
            connector.set_connector_settings(settings.cloned());
            connector.set_proxy_config(config.clone());
            if tls {
                let context = trusted.context().expect("checked before each request");
                connector
                    .tls_provider(Provider::Rustls(CryptoMode::Ring))
                    .tls_context(context.clone())
                    .build()
            } else {
                connector.build_http()
            }
        });
        Self {
            client,
            proxy,
            ca_bundle,
            tls,
        }
    }
}
