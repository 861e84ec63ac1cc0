//! Which proxy requests go through: what the environment says, and what never goes through one.

use aws_smithy_http_client::proxy::ProxyConfig;
use aws_types::os_shim_internal::Env;
use http::Uri;
use http::uri::{Authority, Scheme};
use hyper_util::client::proxy::matcher::Matcher;

use super::Failure;

/// The addresses at which an instance or a container gets its credentials. They are answered by the machine itself, so
/// a proxy cannot reach them, and what they say must not pass one.
///
/// From the "Instance metadata" page of the EC2 user guide and the "Container credential provider" page of the AWS
/// SDKs' reference guide.
const METADATA: &str = "169.254.169.254,169.254.170.2,169.254.170.23,fd00:ec2::254,fd00:ec2::23";

/// A proxy for the requests of one URL scheme. It has no `Debug`: it holds a password.
pub(super) struct Proxy {
    /// For the SDK's HTTP client.
    pub(super) config: ProxyConfig,
    /// The URL as a message names it: without user name and password.
    pub(super) name: String,
    matcher: Matcher,
}

impl Proxy {
    /// The proxy for URLs of `scheme`: `HTTPS_PROXY` or `HTTP_PROXY`, or else `ALL_PROXY`, except for the hosts of
    /// `NO_PROXY`. As in the AWS CLI the lower-case variable wins over the upper-case one. A variable that is set but
    /// empty means no proxy.
    ///
    /// # Errors
    /// [`Failure::Configuration`] when the variable's value is no URL of a proxy. It never repeats the value, which may
    /// hold a password.
    pub(super) fn from_env(env: &Env, scheme: &Scheme) -> Result<Option<Self>, Failure> {
        let https = *scheme == Scheme::HTTPS;
        let own = if https { "HTTPS_PROXY" } else { "HTTP_PROXY" };
        let Some((name, value)) = variable(env, own)
            .or_else(|| variable(env, "ALL_PROXY"))
            .filter(|(_, value)| !value.is_empty())
        else {
            return Ok(None);
        };
        let malformed = |problem: &str| {
            Failure::Configuration {
            problem: format!("{name} is not the URL of a proxy: {problem}"),
            next_step: "write it as http://HOST:PORT or http://USER:PASSWORD@HOST:PORT, with special characters in the \
                        user name and the password as %XX"
                .to_owned(),
        }
        };
        let url = parse(&value).map_err(malformed)?;
        let authority = url.authority().map_or("", Authority::as_str);
        let host = authority.rsplit('@').next().unwrap_or_default();
        let name = format!("{}://{host}", url.scheme_str().unwrap_or("http"));
        let no_proxy = format!(
            "{METADATA},{},{}",
            container(env).unwrap_or_default(),
            variable(env, "NO_PROXY").map_or_else(String::new, |(_, value)| value)
        );
        let matcher = Matcher::builder()
            .all(url.to_string())
            .no(no_proxy.as_str())
            .build();
        let config = if https {
            ProxyConfig::https(url)
        } else {
            ProxyConfig::http(url)
        }
        .map_err(|_| malformed("the HTTP client cannot use it"))?
        .no_proxy(no_proxy);
        Ok(Some(Self {
            config,
            name,
            matcher,
        }))
    }

    /// Whether requests to `target` go through it.
    pub(super) fn serves(&self, target: &Uri) -> bool {
        self.matcher.intercept(target).is_some()
    }
}

/// The variable of this upper-case name, and what it was called.
fn variable(env: &Env, name: &str) -> Option<(String, String)> {
    [name.to_lowercase(), name.to_owned()]
        .into_iter()
        .find_map(|name| {
            let value = env.get(&name).ok()?;
            Some((name, value.trim().to_owned()))
        })
}

/// The host that the credentials of a container come from, where the environment names one.
fn container(env: &Env) -> Option<String> {
    let url = env.get("AWS_CONTAINER_CREDENTIALS_FULL_URI").ok()?;
    let host = url.parse::<Uri>().ok()?.host()?.to_owned();
    Some(host.trim_matches(['[', ']']).to_owned())
}

/// Reads a proxy's URL. Without a scheme it is that of an HTTP proxy, as the AWS CLI has it.
fn parse(value: &str) -> Result<Uri, &'static str> {
    let url = if value.contains("://") {
        value.to_owned()
    } else {
        format!("http://{}", value.trim_start_matches('/'))
    };
    let url: Uri = url.parse().map_err(|_| "it cannot be read")?;
    if !matches!(url.scheme_str(), Some("http" | "https")) {
        return Err("it begins with neither http:// nor https://");
    }
    let authority = url.authority().ok_or("it has no host")?.as_str();
    // A `/`, `?` or `#` in a password would make a part of it the host.
    if authority.matches('@').count() != value.matches('@').count() {
        return Err("there is a special character before its @");
    }
    let host = url.host().unwrap_or_default();
    let host_and_port = authority.rsplit('@').next().unwrap_or_default();
    let port = host_and_port.strip_prefix(host).unwrap_or_default();
    if host.is_empty() {
        return Err("it has no host");
    }
    match port.strip_prefix(':') {
        Some(number) if number.parse::<u16>().is_err() => Err("its port is not a number"),
        _ => Ok(url),
    }
}
