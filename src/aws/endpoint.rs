//! The endpoint: configured, a URL, or in memory.

use std::fmt;
use std::str::FromStr;

use aws_sdk_ec2::config::SharedHttpClient;
use aws_types::SdkConfig;
use aws_types::service_config::ServiceConfigKey;

use super::error::RequestError;

/// Where requests go.
#[derive(Debug)]
pub enum Endpoint {
    /// AWS, or the URL in `AWS_ENDPOINT_URL_EC2`, `AWS_ENDPOINT_URL` or the profile.
    Configured,
    /// This URL.
    Url(EndpointUrl),
    /// No network: this HTTP client responds, and neither credentials nor a Region are required.
    Offline(SharedHttpClient),
}

/// An `http` or `https` URL with a host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EndpointUrl(String);

/// A text that is no valid endpoint. It is not repeated, because it may contain a password.
#[derive(Debug, thiserror::Error)]
#[error("expected an http or https URL with a host, such as http://127.0.0.1:4566")]
pub struct InvalidEndpointUrl;

impl FromStr for EndpointUrl {
    type Err = InvalidEndpointUrl;

    fn from_str(text: &str) -> Result<Self, InvalidEndpointUrl> {
        let url: http::Uri = text.parse().map_err(|_| InvalidEndpointUrl)?;
        let is_http = matches!(url.scheme_str(), Some("http" | "https"));
        let has_host = url.host().is_some_and(|host| !host.is_empty());
        match is_http && has_host {
            true => Ok(Self(text.to_owned())),
            false => Err(InvalidEndpointUrl),
        }
    }
}

impl fmt::Display for EndpointUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The endpoint URLs of the services; those of the Region if absent.
#[derive(Clone, Debug, Default)]
pub(super) struct EndpointUrls {
    pub ec2: Option<String>,
    pub auto_scaling: Option<String>,
    pub organizations: Option<String>,
}

impl EndpointUrls {
    /// Chooses the user's URL for all services, or those in the environment or the profile.
    ///
    /// # Errors
    /// [`RequestError::Configuration`] for an invalid URL: the SDK would panic, or show the whole request.
    pub(super) fn choose(
        url: Option<EndpointUrl>,
        shared: &SdkConfig,
    ) -> Result<Self, RequestError> {
        let choose = |service| match &url {
            Some(url) => Ok(Some(url.to_string())),
            None => configured(service, shared),
        };
        Ok(Self {
            ec2: choose("EC2")?,
            auto_scaling: choose("Auto Scaling")?,
            organizations: choose("Organizations")?,
        })
    }
}

/// The URL for a service in the environment or the profile. An empty one counts as unset.
fn configured(service: &str, shared: &SdkConfig) -> Result<Option<String>, RequestError> {
    let key = ServiceConfigKey::builder()
        .service_id(service)
        .env("AWS_ENDPOINT_URL")
        .profile("endpoint_url")
        .build()
        .expect("all parts of the key are given");
    let for_service = shared
        .service_config()
        .and_then(|config| config.load_config(key));
    let Some(url) = for_service
        .or_else(|| shared.endpoint_url().map(str::to_owned))
        .filter(|url| !url.is_empty())
    else {
        return Ok(None);
    };
    match url.parse::<EndpointUrl>() {
        Ok(url) => Ok(Some(url.to_string())),
        Err(error) => Err(RequestError::Configuration {
            problem: format!("invalid endpoint URL in the environment or the profile: {error}"),
            hint: format!(
                "fix or unset AWS_ENDPOINT_URL_{}, AWS_ENDPOINT_URL and the profile's endpoint_url",
                service.to_ascii_uppercase().replace(' ', "_")
            ),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_endpoint_has_a_scheme_and_a_host() {
        for url in [
            "http://127.0.0.1:4566",
            "https://ec2.eu-west-1.amazonaws.com/",
            "http://[::1]:1/path",
        ] {
            assert_eq!(url.parse::<EndpointUrl>().unwrap().to_string(), url);
        }
        for invalid in [
            "",
            "nonsense",
            "localhost:4566",
            "http://",
            "http://:80",
            "https://[",
            "ftp://host",
            "/",
        ] {
            assert!(invalid.parse::<EndpointUrl>().is_err(), "{invalid}");
        }
    }
}
