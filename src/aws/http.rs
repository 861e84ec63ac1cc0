//! The HTTP client of all AWS clients: EC2, and the services that provide credentials (STS, SSO, metadata).
//!
//! It is the SDK's client with the CA bundle and the proxies. Each URL scheme has its own client, created on first use:
//! no certificate is loaded for a plain HTTP endpoint.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use aws_sdk_ec2::config::{RuntimeComponents, SharedHttpClient};
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::tls::{Provider, TlsContext};
use aws_smithy_http_client::{Builder, Connector};
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_types::os_shim_internal::Env;
use http::Uri;
use http::uri::Scheme;

use super::amazon_roots;
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
#[derive(Clone, Debug)]
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
        let client = Arc::clone(client);
        let connector = self.clone();
        HttpConnectorFuture::new(async move {
            let proxy = (client.proxy.as_ref()).filter(|proxy| proxy.applies_to(&target));
            let proxy = proxy.map(|proxy| proxy.name.as_str());
            match connector.send(&client, request, &target).await {
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

impl SchemeConnector {
    /// Sends a request to `target` with `client`: first with AWS's authorities, then with all.
    async fn send(
        &self,
        client: &SchemeClient,
        request: HttpRequest,
        target: &Uri,
    ) -> Result<HttpResponse, ConnectorError> {
        let call = |client: &SharedHttpClient, request| {
            client
                .http_connector(&self.settings, &self.components)
                .call(request)
        };
        if let Some(amazon) = client.amazon(target)
            && let Some(copy) = request.try_clone()
        {
            match call(amazon, copy).await {
                Err(error) if connect_error::is_certificate_rejected(&error) => {
                    client.is_amazon_rejected.store(true, Ordering::Relaxed);
                }
                result => return result,
            }
        }
        call(&client.client, request).await
    }
}

/// The SDK's client for one URL scheme.
struct SchemeClient {
    client: SharedHttpClient,
    /// The client with only the authorities of AWS.
    amazon: OnceLock<Option<SharedHttpClient>>,
    /// Whether these authorities did not verify a server, as in a network that inspects TLS.
    is_amazon_rejected: AtomicBool,
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
        let trusted = Arc::clone(&ca_bundle);
        let context = move || {
            let context = trusted.context().expect("checked before each request");
            context.clone()
        };
        Self {
            client: sdk_client(proxy.as_ref(), tls.then_some(context)),
            amazon: OnceLock::new(),
            is_amazon_rejected: AtomicBool::new(false),
            proxy,
            ca_bundle,
            tls,
        }
    }

    /// The client with only the authorities of AWS, if these are likely to verify `target`.
    fn amazon(&self, target: &Uri) -> Option<&SharedHttpClient> {
        if self.is_amazon_rejected.load(Ordering::Relaxed) || !amazon_roots::are_likely(target) {
            return None;
        }
        let create = || {
            let context = self.ca_bundle.amazon_context()?;
            Some(sdk_client(
                self.proxy.as_ref(),
                Some(move || context.clone()),
            ))
        };
        self.amazon.get_or_init(create).as_ref()
    }
}

/// The SDK's client, which calls `context` for the first request with TLS. It caches its connectors by their settings.
fn sdk_client(
    proxy: Option<&Proxy>,
    context: Option<impl Fn() -> TlsContext + Send + Sync + 'static>,
) -> SharedHttpClient {
    let config = proxy.map(|proxy| proxy.config.clone());
    Builder::new().build_with_connector_fn(move |settings, _| {
        let mut connector = Connector::builder();
        connector.set_connector_settings(settings.cloned());
        connector.set_proxy_config(config.clone());
        match &context {
            Some(context) => connector
                .tls_provider(Provider::Rustls(CryptoMode::Ring))
                .tls_context(context())
                .build(),
            None => connector.build_http(),
        }
    })
}
