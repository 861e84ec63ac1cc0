//! The HTTP client of all AWS clients: EC2's own, and those that credentials come from (STS, SSO, metadata).
//!
//! It is the SDK's client with the trust of [`super::ca_bundle`] and the proxies of [`super::proxy`]. Each URL scheme has a
//! client of its own, made when it is first used: no certificate is loaded for a plain HTTP endpoint.

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

use super::RequestError;
use super::ca_bundle::CaBundle;
use super::connect_error;
use super::proxy::Proxy;

/// A client that trusts `ca_bundle`, by the proxies of the environment.
///
/// # Errors
/// [`RequestError::Configuration`] for a proxy variable that is no URL.
pub(super) fn client(
    ca_bundle: Arc<CaBundle>,
    env: &Env,
) -> Result<SharedHttpClient, RequestError> {
    let route = |scheme| -> Result<Route, RequestError> {
        let proxy = Proxy::from_env(env, &scheme)?;
        Ok(Route::new(&scheme, proxy, Arc::clone(&ca_bundle)))
    };
    Ok(SharedHttpClient::new(Routes {
        http: Arc::new(route(Scheme::HTTP)?),
        https: Arc::new(route(Scheme::HTTPS)?),
    }))
}

/// The client of each URL scheme.
#[derive(Clone, Debug)]
struct Routes {
    http: Arc<Route>,
    https: Arc<Route>,
}

impl HttpClient for Routes {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(Chooser {
            routes: self.clone(),
            settings: settings.clone(),
            components: components.clone(),
        })
    }
}

/// Sends a request by the route of its URL's scheme.
#[derive(Debug)]
struct Chooser {
    routes: Routes,
    settings: HttpConnectorSettings,
    components: RuntimeComponents,
}

impl HttpConnector for Chooser {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let target: Uri = request.uri().parse().unwrap_or_default();
        let route = match target.scheme_str() {
            Some("http") => &self.routes.http,
            _ => &self.routes.https,
        };
        if route.tls
            && let Err(unusable) = route.ca_bundle.context()
        {
            return HttpConnectorFuture::ready(Err(connect_error::bundle(unusable.clone())));
        }
        let sent = route
            .client
            .http_connector(&self.settings, &self.components)
            .call(request);
        let route = Arc::clone(route);
        HttpConnectorFuture::new(async move {
            let proxy = route.proxy.as_ref().filter(|proxy| proxy.serves(&target));
            let proxy = proxy.map(|proxy| proxy.name.as_str());
            match sent.await {
                // A proxy's own answer to a plain request. To a tunnel it is an error already.
                Ok(response) if response.status().as_u16() == 407 => match proxy {
                    Some(proxy) => Err(connect_error::proxy_authentication(proxy)),
                    None => Ok(response),
                },
                Ok(response) => Ok(response),
                Err(error) => Err(connect_error::explain(
                    error,
                    &target,
                    proxy,
                    &route.ca_bundle.name,
                )),
            }
        })
    }
}

/// The SDK's client for one URL scheme.
struct Route {
    client: SharedHttpClient,
    proxy: Option<Proxy>,
    ca_bundle: Arc<CaBundle>,
    /// Whether the server or the proxy speaks TLS.
    tls: bool,
}

impl fmt::Debug for Route {
    /// Shows no field: the proxy has a password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Route")
    }
}

impl Route {
    fn new(scheme: &Scheme, proxy: Option<Proxy>, ca_bundle: Arc<CaBundle>) -> Self {
        let tls = *scheme == Scheme::HTTPS
            || proxy
                .as_ref()
                .is_some_and(|proxy| proxy.name.starts_with("https:"));
        let config = proxy.as_ref().map(|proxy| proxy.config.clone());
        let authorities = Arc::clone(&ca_bundle);
        // The SDK's client keeps what this makes, by its settings.
        let client = Builder::new().build_with_connector_fn(move |settings, _| {
            let mut connector = Connector::builder();
            connector.set_connector_settings(settings.cloned());
            connector.set_proxy_config(config.clone());
            if tls {
                let context = authorities.context().expect("looked at before a request");
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
