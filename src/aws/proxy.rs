//! The HTTP proxies that the environment configures, and the hosts that bypass them.

use aws_smithy_http_client::proxy::ProxyConfig;
use aws_types::os_shim_internal::Env;
use http::Uri;
use http::uri::{Authority, Scheme};
use hyper_util::client::proxy::matcher::Matcher;

use super::error::RequestError;

/// The addresses that provide credentials to instances and containers. They are local to the machine, so a proxy cannot
/// reach them, and must not see the responses.
///
/// From the "Instance metadata" page of the EC2 user guide and the "Container credential provider" page of the AWS
/// SDKs' reference guide.
const METADATA_HOSTS: &str =
    "169.254.169.254,169.254.170.2,169.254.170.23,fd00:ec2::254,fd00:ec2::23";

/// The proxy for one URL scheme. It has no `Debug`, because it contains a password.
pub(super) struct Proxy {
    /// For the SDK's HTTP client.
    pub(super) config: ProxyConfig,
    /// The URL for messages, without user name and password.
    pub(super) name: String,
    matcher: Matcher,
}

impl Proxy {
    /// The proxy for URLs of `scheme`: `HTTPS_PROXY` or `HTTP_PROXY`, with `ALL_PROXY` as a fallback, except for the
    /// hosts in `NO_PROXY`. As in the AWS CLI, lower-case variables take precedence over upper-case ones, and an empty
    /// variable disables the proxy.
    ///
    /// # Errors
    /// [`RequestError::Configuration`] for an invalid URL. It never repeats the URL, which may contain a password.
    pub(super) fn from_env(env: &Env, scheme: &Scheme) -> Result<Option<Self>, RequestError> {
        let https = *scheme == Scheme::HTTPS;
        let own = if https { "HTTPS_PROXY" } else { "HTTP_PROXY" };
        let Some((name, value)) = variable(env, own)
            .or_else(|| variable(env, "ALL_PROXY"))
            .filter(|(_, value)| !value.is_empty())
        else {
            return Ok(None);
        };
        let invalid = |problem: &str| {
            RequestError::Configuration {
            problem: format!("invalid proxy URL in {name}: {problem}"),
            hint: "use the form http://HOST:PORT or http://USER:PASSWORD@HOST:PORT, with special characters in user \
                   name and password as %XX"
                .to_owned(),
        }
        };
        let url = parse(&value).map_err(invalid)?;
        let authority = url.authority().map_or("", Authority::as_str);
        let host = authority.rsplit('@').next().unwrap_or_default();
        let name = format!("{}://{host}", url.scheme_str().unwrap_or("http"));
        let no_proxy = format!(
            "{METADATA_HOSTS},{},{}",
            metadata_hosts(env).join(","),
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
        .map_err(|_| invalid("not supported"))?
        .no_proxy(no_proxy);
        Ok(Some(Self {
            config,
            name,
            matcher,
        }))
    }

    /// Whether requests to `target` go through this proxy.
    pub(super) fn applies_to(&self, target: &Uri) -> bool {
        self.matcher.intercept(target).is_some()
    }
}

/// The variable with this upper-case name or its lower-case form: the name that is set, and the value.
fn variable(env: &Env, name: &str) -> Option<(String, String)> {
    [name.to_lowercase(), name.to_owned()]
        .into_iter()
        .find_map(|name| {
            let value = env.get(&name).ok()?;
            Some((name, value.trim().to_owned()))
        })
}

/// The hosts of the metadata services that the environment configures.
fn metadata_hosts(env: &Env) -> Vec<String> {
    let names = [
        "AWS_CONTAINER_CREDENTIALS_FULL_URI",
        "AWS_EC2_METADATA_SERVICE_ENDPOINT",
    ];
    let host = |name| {
        let url: Uri = env.get(name).ok()?.parse().ok()?;
        Some(url.host()?.trim_matches(['[', ']']).to_owned())
    };
    names.into_iter().filter_map(host).collect()
}

/// Parses a proxy's URL. As in the AWS CLI, the default scheme is http.
fn parse(value: &str) -> Result<Uri, &'static str> {
    let url = if value.contains("://") {
        value.to_owned()
    } else {
        format!("http://{}", value.trim_start_matches('/'))
    };
    let url: Uri = url.parse().map_err(|_| "not a URL")?;
    if !matches!(url.scheme_str(), Some("http" | "https")) {
        return Err("expected http:// or https://");
    }
    let authority = url.authority().ok_or("no host")?.as_str();
    // With a `/`, `?`, `#` or `@` in the password, a part of it would become the host.
    let ats = value.matches('@').count();
    if ats > 1 || authority.matches('@').count() != ats {
        return Err("unescaped special character before the @");
    }
    let host = url.host().unwrap_or_default();
    let host_and_port = authority.rsplit('@').next().unwrap_or_default();
    let port = host_and_port.strip_prefix(host).unwrap_or_default();
    if host.is_empty() {
        return Err("no host");
    }
    match port.strip_prefix(':') {
        Some(number) if number.parse::<u16>().is_err() => Err("invalid port"),
        _ => Ok(url),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn proxy(variables: &[(&str, &str)], scheme: &Scheme) -> Option<Proxy> {
        Proxy::from_env(&Env::from_slice(variables), scheme).unwrap()
    }

    #[test]
    fn each_scheme_has_its_own_proxy_and_names_omit_passwords() {
        let variables = [
            ("HTTP_PROXY", "http://a.test:1"),
            ("HTTPS_PROXY", "//user:secret@b.test:2/"),
            ("ALL_PROXY", "https://c.test"),
        ];
        let name = |variables: &[_], scheme| proxy(variables, scheme).map(|proxy| proxy.name);
        let [http, https, all] = variables;
        assert_eq!(name(&variables, &Scheme::HTTP).unwrap(), "http://a.test:1");
        assert_eq!(name(&variables, &Scheme::HTTPS).unwrap(), "http://b.test:2");
        assert_eq!(
            name(&[http, all], &Scheme::HTTPS).unwrap(),
            "https://c.test"
        );
        assert_eq!(name(&[https], &Scheme::HTTP), None);
        let ipv6 = [("HTTP_PROXY", "http://u:p@[::1]:80")];
        assert_eq!(name(&ipv6, &Scheme::HTTP).unwrap(), "http://[::1]:80");
    }

    #[test]
    fn metadata_hosts_and_no_proxy_bypass_the_proxy() {
        let proxy = proxy(
            &[
                ("http_proxy", "http://a.test:1"),
                ("no_proxy", "corp.test, 10.0.0.0/8"),
                ("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://[::1]:9/x"),
                ("AWS_EC2_METADATA_SERVICE_ENDPOINT", "http://imds.test:9/"),
            ],
            &Scheme::HTTP,
        )
        .unwrap();
        for direct in [
            "http://169.254.169.254/latest/api/token",
            "http://169.254.170.2/v2/credentials",
            "http://169.254.170.23/v1/credentials",
            "http://[fd00:ec2::254]/latest/api/token",
            "http://[fd00:ec2::23]/v1/credentials",
            "http://[::1]:9/x",
            "http://imds.test:9/latest/api/token",
            "http://corp.test/",
            "http://ec2.corp.test:4566/",
            "http://10.1.2.3/",
        ] {
            assert!(!proxy.applies_to(&Uri::from_static(direct)), "{direct}");
        }
        for proxied in [
            "http://ec2.test/",
            "http://notcorp.test/",
            "http://127.0.0.1:9/",
        ] {
            assert!(proxy.applies_to(&Uri::from_static(proxied)), "{proxied}");
        }
    }
}
