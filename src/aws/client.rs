//! Creates the EC2 client of each Region from the flags, the environment and the AWS CLI's files.

use std::mem;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use aws_config::identity::IdentityCache;
use aws_config::profile::ProfileSet;
use aws_config::retry::RetryConfig;
use aws_config::{BehaviorVersion, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_sdk_ec2::config::retry::{RetryPartition, TokenBucket};
use aws_sdk_ec2::config::{AppName, Region, SharedHttpClient};
use aws_types::os_shim_internal::{Env, Fs};

use super::attempt_limit::AttemptLimit;
use super::ca_bundle::CaBundle;
use super::connect_error::ConnectError;
use super::credentials::Providers;
use super::ec2::Ec2;
use super::endpoint::{Endpoint, EndpointUrl, EndpointUrls};
use super::entry_page::PageHandover;
use super::error::RequestError;
use super::error_chain::describe;
use super::rate_limiter::RateLimiter;
use super::response::validate_responses;
use super::retry_settings::{self, RetrySettings};
use super::role::MfaPrompt;
use super::service::Service;
use super::trace::{DebugLog, Retries, Trace};
use super::{http, regions};

/// The configuration of a service's client: each service has a builder of its own type, and its own rate limits.
macro_rules! configure {
    ($factory:expr, $service:ident, $config:expr, $url:expr, $trace:expr) => {{
        let rate_limiter = RateLimiter::default();
        let mut config = $service::config::Builder::from($config)
            .http_client(rate_limiter.wrap($factory.http_client.clone()))
            .retry_partition(unlimited_retry_quota())
            .retry_classifier(rate_limiter.clone())
            .interceptor($trace.clone());
        config.set_endpoint_url($url.clone());
        if !$factory.sign_requests {
            config = config.allow_no_auth();
        }
        if $factory.has_attempt_limit {
            config = config.retry_classifier(AttemptLimit::new(rate_limiter));
        }
        config
    }};
}

/// How to connect to the service.
#[derive(Debug)]
pub struct Connection {
    /// The profile that the user chose; `None` for `AWS_PROFILE` or `default`.
    pub profile: Option<String>,
    /// The Region that the user chose; `None` for that of the environment, the profile or the instance.
    pub region: Option<String>,
    /// Where to send requests.
    pub endpoint: Endpoint,
    /// Whether to sign requests, which requires credentials.
    pub sign_requests: bool,
    /// Timeouts and retries.
    pub retry_settings: RetrySettings,
    /// The CA bundle that the user chose; `None` for that of `AWS_CA_BUNDLE`, the profile or the system.
    pub ca_bundle: Option<PathBuf>,
    /// Where to log requests.
    pub debug_log: Option<DebugLog>,
    /// Prompts the user for the code of an MFA device.
    pub mfa_prompt: MfaPrompt,
}

/// Creates the client of one Region. Sends no request; credentials are loaded for the first one.
///
/// # Errors
/// [`RequestError::Configuration`] for an unknown profile, unreadable settings, or no Region.
pub async fn connect(connection: Connection) -> Result<Ec2, RequestError> {
    ClientFactory::new(connection).await?.client()
}

/// What the clients of all Regions share: the HTTP client, the credentials and the settings. Each Region has its own
/// limits for retries and rates, as the service has.
#[derive(Debug)]
pub struct ClientFactory {
    config: SdkConfig,
    /// The endpoints that replace those of the Region.
    urls: EndpointUrls,
    http_client: SharedHttpClient,
    /// The Region of the flags, the environment, the profile or the instance.
    region: Option<String>,
    /// Whether to limit the attempts here rather than by the SDK's setting.
    has_attempt_limit: bool,
    sign_requests: bool,
    debug_log: Option<DebugLog>,
    retries: Retries,
}

impl ClientFactory {
    /// Reads the settings. Sends no request.
    ///
    /// # Errors
    /// [`RequestError::Configuration`] for an unknown profile or unreadable settings.
    pub async fn new(mut connection: Connection) -> Result<Self, RequestError> {
        let debug_log = connection.debug_log;
        let mut factory = match mem::replace(&mut connection.endpoint, Endpoint::Configured) {
            Endpoint::Offline(http_client) => offline(http_client, connection),
            Endpoint::Url(url) => online(connection, Some(url)).await?,
            Endpoint::Configured => online(connection, None).await?,
        };
        factory.debug_log = debug_log;
        Ok(factory)
    }

    /// The client of the configured Region.
    ///
    /// # Errors
    /// [`RequestError::Configuration`] for no Region or an invalid one.
    pub fn client(&self) -> Result<Ec2, RequestError> {
        let Some(region) = self.region.as_deref() else {
            return Err(RequestError::Configuration {
                problem: "no Region is configured".to_owned(),
                hint: "use --region, set AWS_REGION, or add `region = …` to the profile".to_owned(),
            });
        };
        self.client_in(region, None)
    }

    /// The clients of these Regions. Their debug logs contain the Region.
    ///
    /// # Errors
    /// [`RequestError::Configuration`] for an invalid Region.
    pub fn clients(&self, regions: &[String]) -> Result<Vec<Ec2>, RequestError> {
        regions
            .iter()
            .map(|region| self.client_in(region, Some(region.as_str().into())))
            .collect()
    }

    /// The Regions that are enabled for the account, sorted by name. Sends a request to the configured Region, or to
    /// us-east-1 without one.
    ///
    /// # Errors
    /// [`RequestError`] of the request.
    pub async fn enabled_regions(&self) -> Result<Vec<String>, RequestError> {
        let ec2 = self.client_in(self.region.as_deref().unwrap_or(DEFAULT_REGION), None)?;
        regions::enabled(&ec2).await
    }

    /// The client of a Region, with a label for its debug log.
    fn client_in(&self, region: &str, label: Option<Arc<str>>) -> Result<Ec2, RequestError> {
        // The Region becomes a part of the host name, and the SDK's own error does not say what is wrong.
        let is_valid = !region.is_empty()
            && region
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        if !is_valid {
            return Err(RequestError::Configuration {
                problem: format!("invalid Region name `{region}`"),
                hint: "use a Region name such as eu-west-1 with --region".to_owned(),
            });
        }
        let new_trace = || Trace::new(self.debug_log, label.clone(), self.retries.clone());
        let trace = new_trace();
        let config = self.config.to_builder();
        let config = config.region(Region::new(region.to_owned())).build();
        let ec2 = configure!(self, aws_sdk_ec2, &config, &self.urls.ec2, &trace);
        macro_rules! service {
            ($service:ident, $url:ident, $name:literal) => {{
                let trace = new_trace();
                let config = configure!(self, $service, &config, &self.urls.$url, &trace).build();
                let name = $name;
                Service {
                    name,
                    config,
                    trace,
                }
            }};
        }
        Ok(Ec2::new(
            ec2.interceptor(PageHandover).build(),
            service!(aws_sdk_autoscaling, auto_scaling, "EC2 Auto Scaling"),
            service!(aws_sdk_organizations, organizations, "AWS Organizations"),
            region,
            trace,
        ))
    }
}

/// The Region for requests that work in any.
const DEFAULT_REGION: &str = "us-east-1";

/// A factory that reads no file and no environment, and uses no network.
fn offline(http_client: SharedHttpClient, connection: Connection) -> ClientFactory {
    let credentials = Credentials::new("offline", "offline", None, None, "offline");
    let config = SdkConfig::builder()
        .app_name(app_name())
        .behavior_version(BehaviorVersion::latest())
        .retry_config(connection.retry_settings.own_retries())
        .timeout_config(connection.retry_settings.timeouts())
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .build();
    let region = connection.region;
    ClientFactory {
        config,
        urls: EndpointUrls::default(),
        http_client: validate_responses(http_client),
        region: Some(region.unwrap_or_else(|| DEFAULT_REGION.to_owned())),
        has_attempt_limit: false,
        sign_requests: true,
        debug_log: None,
        retries: Retries::default(),
    }
}

/// The name of this program in the user agent.
fn app_name() -> AppName {
    AppName::new(concat!("amiusage-", env!("CARGO_PKG_VERSION")))
        .expect("a package name and a version are valid in a user agent")
}

/// A factory with the settings of the flags, the environment and the AWS CLI's files.
async fn online(
    connection: Connection,
    url: Option<EndpointUrl>,
) -> Result<ClientFactory, RequestError> {
    let env = Env::real();
    let profiles = load_profiles(connection.profile.as_deref()).await?;
    let is_named = connection.ca_bundle.is_some();
    let ca_bundle = CaBundle::choose(connection.ca_bundle, &env, profiles.get("ca_bundle"));
    let ca_bundle = Arc::new(ca_bundle);
    let http_client = http::client(Arc::clone(&ca_bundle), &env)?;
    let (retries, has_max_attempts) = connection.retry_settings.retries(&env, &profiles)?;
    let is_explicit = connection.profile.is_some();
    let mut loader = shared_loader(&http_client, &retries, &connection.retry_settings);
    if let Some(profile) = connection.profile {
        loader = loader.profile_name(profile);
    }
    if let Some(region) = connection.region {
        loader = loader.region(Region::new(region));
    }
    let shared: SdkConfig = loader.load().await;
    let region = shared.region().map(ToString::to_string);
    let providers = Providers::new(shared.clone(), profiles, connection.mfa_prompt);
    // Not for STS and SSO, which credentials may need: they have other endpoints.
    let urls = EndpointUrls::choose(url, &shared)?;
    // A plain endpoint needs no certificates, but a bundle on the command line must be valid even then.
    if is_named
        || !urls
            .ec2
            .as_ref()
            .is_some_and(|url| url.starts_with("http:"))
    {
        (ca_bundle.context()).map_err(|ConnectError { problem, hint }| {
            let (problem, hint) = (problem.clone(), (*hint).to_owned());
            RequestError::Configuration { problem, hint }
        })?;
    }
    let mut config = shared.into_builder().app_name(app_name());
    if connection.sign_requests {
        let credentials = providers.chain(is_explicit);
        config = config.credentials_provider(SharedCredentialsProvider::new(credentials));
    }
    if !has_max_attempts {
        config = config.retry_config(retry_settings::unlimited(retries));
    }
    Ok(ClientFactory {
        config: config.build(),
        urls,
        http_client: validate_responses(http_client),
        region: region.filter(|region| !region.is_empty()),
        has_attempt_limit: !has_max_attempts,
        sign_requests: connection.sign_requests,
        debug_log: None,
        retries: Retries::default(),
    })
}

/// The settings of all clients, including those of STS and SSO, which credentials may need.
fn shared_loader(
    http_client: &SharedHttpClient,
    retries: &RetryConfig,
    retry_settings: &RetrySettings,
) -> aws_config::ConfigLoader {
    let identity_cache = IdentityCache::lazy().load_timeout(CREDENTIALS_TIMEOUT);
    aws_config::defaults(BehaviorVersion::latest())
        .http_client(http_client.clone())
        .retry_config(retries.clone())
        .timeout_config(retry_settings.timeouts())
        .no_credentials()
        .identity_cache(identity_cache.build())
}

/// Allows all retries: the attempts per request and the rate of all requests are limited already. The SDK's own quota,
/// which all requests share, would fail a long run that is throttled now and then.
fn unlimited_retry_quota() -> RetryPartition {
    RetryPartition::custom("amiusage")
        .token_bucket(TokenBucket::unlimited())
        .build()
}

/// How long loading credentials may take. Requests for them have their own timeouts, but a user may have to find an MFA
/// device, and a `credential_process` may open a browser.
const CREDENTIALS_TIMEOUT: Duration = Duration::from_secs(60 * 60);

/// A setting of the profile that the user chose; `None` if it is absent or empty, or if [`connect`] would fail on the files.
pub async fn profile_setting(profile: Option<&str>, name: &str) -> Option<String> {
    let profiles = load_profiles(profile).await.ok()?;
    let setting = profiles.get(name)?.trim();
    (!setting.is_empty()).then(|| setting.to_owned())
}

/// Reads the profiles, and rejects an unknown one: the SDK would ignore it and use any credentials that it finds.
async fn load_profiles(name: Option<&str>) -> Result<ProfileSet, RequestError> {
    let env = Env::real();
    let selected = name
        .map(str::to_owned)
        .or_else(|| env.get("AWS_PROFILE").ok())
        .filter(|name| !name.is_empty());
    let name = name.map(|name| name.to_owned().into());
    let profiles = aws_config::profile::load(&Fs::real(), &env, &Default::default(), name)
        .await
        .map_err(|error| RequestError::Configuration {
            problem: describe(&error),
            hint: "fix the file, or set AWS_CONFIG_FILE and AWS_SHARED_CREDENTIALS_FILE to others"
                .to_owned(),
        })?;
    match selected {
        Some(name) if profiles.get_profile(&name).is_none() => {
            let mut known: Vec<_> = profiles.profiles().collect();
            known.sort_unstable();
            Err(RequestError::Configuration {
                problem: format!("profile `{name}` does not exist"),
                hint: match known.is_empty() {
                    true => "no profile exists: create one with `aws configure`".to_owned(),
                    false => format!("choose one of these: {}", known.join(", ")),
                },
            })
        }
        _ => Ok(profiles),
    }
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use super::super::test_client;
    use super::*;

    /// The service's time after one response with this `Date` header.
    async fn now_after(date: Option<&'static str>) -> SystemTime {
        let ec2 = connect(Connection {
            profile: None,
            region: None,
            endpoint: Endpoint::Offline(test_client::http_client(
                "<DescribeRegionsResponse/>",
                date,
            )),
            retry_settings: RetrySettings {
                max_attempts: None,
                connect_timeout: None,
                read_timeout: None,
            },
            ca_bundle: None,
            debug_log: None,
            mfa_prompt: |_| unreachable!("no role is assumed"),
            sign_requests: true,
        })
        .await
        .unwrap();
        let clone = ec2.clone();
        ec2.client.describe_regions().send().await.unwrap();
        clone.now()
    }

    #[tokio::test]
    async fn now_is_the_time_of_the_service() {
        let service = SystemTime::UNIX_EPOCH + Duration::from_secs(1_761_026_400);
        let now = now_after(Some("Tue, 21 Oct 2025 06:00:00 GMT")).await;
        let difference = (now.duration_since(service)).unwrap_or_else(|error| error.duration());
        assert!(difference < Duration::from_secs(30), "{difference:?}");

        let before = SystemTime::now();
        let now = now_after(None).await;
        assert!(before <= now && now <= SystemTime::now());
    }
}
