//! Sets up the EC2 clients, one a Region, from the flags, the environment and the files of the AWS CLI.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use aws_config::identity::IdentityCache;
use aws_config::profile::ProfileSet;
use aws_credential_types::Credentials;
use aws_sdk_ec2::Client;
use aws_sdk_ec2::config::retry::{RetryPartition, TokenBucket};
use aws_sdk_ec2::config::{AppName, BehaviorVersion, Builder, Region, SharedHttpClient};
use aws_types::os_shim_internal::{Env, Fs};

use super::attempt_limit::AttemptLimit;
use super::ca_bundle::CaBundle;
use super::credentials::Sources;
use super::page::PageHandover;
use super::rate_limiter::RateLimiter;
use super::response::validate_responses;
use super::retry_settings::{self, RetrySettings};
use super::role::MfaPrompt;
use super::trace::{Retries, Trace};
use super::{Endpoint, EndpointUrl, RequestError, endpoint, http, regions};

/// How the service is to be reached.
#[derive(Debug)]
pub struct Connection {
    /// The profile that the user named; else `AWS_PROFILE`, else `default`.
    pub profile: Option<String>,
    /// The Region that the user named; else that of the environment, the profile or the instance.
    pub region: Option<String>,
    /// Where requests go.
    pub endpoint: Endpoint,
    /// How long to wait, and how often to ask again.
    pub retry_settings: RetrySettings,
    /// The CA bundle that the user named; else that of `AWS_CA_BUNDLE`, the profile or the system.
    pub ca_bundle: Option<PathBuf>,
    /// Whether to log requests to stderr.
    pub debug: bool,
    /// Asks the user for the code of a multi-factor device.
    pub mfa_prompt: MfaPrompt,
}

/// The EC2 client of one Region, and what to call its endpoint in a message.
#[derive(Clone, Debug)]
pub struct Ec2 {
    /// The official SDK's client.
    pub client: Client,
    trace: Trace,
    region: Arc<str>,
}

impl Ec2 {
    /// The endpoint as a message names it: the URL that requests went to, or else the Region.
    pub fn endpoint(&self) -> String {
        self.trace
            .origin()
            .unwrap_or_else(|| format!("EC2 in Region {}", self.region))
    }

    /// The service's time: the local clock, corrected by the `Date` header of the latest response where they differ by
    /// more than one minute. Ages and expirations are measured by it.
    pub fn now(&self) -> SystemTime {
        self.trace.clock().now()
    }

    /// The name of the Region that is asked.
    pub fn region(&self) -> &str {
        &self.region
    }

    /// The count of retries, of the clients of all Regions, which goes on while requests do.
    pub fn retries(&self) -> Retries {
        self.trace.retries()
    }
}

/// Sets up the client of one Region. No request is sent; credentials are looked for when the first one is.
///
/// # Errors
/// [`RequestError::Configuration`] for an unknown profile, unreadable settings, or no Region.
pub async fn connect(connection: Connection) -> Result<Ec2, RequestError> {
    ClientFactory::of(connection).await?.client()
}

/// What the clients of all Regions have in common: the HTTP client, the credentials, once they are found, and the
/// settings. Retries are counted and paced for each Region, as the service does it.
#[derive(Debug)]
pub struct ClientFactory {
    config: Builder,
    http: SharedHttpClient,
    /// The Region of the flags, the environment, the profile or the instance.
    region: Option<String>,
    /// Whether to give up early on an endpoint that has never answered.
    attempt_limit: bool,
    debug: bool,
    retries: Retries,
}

impl ClientFactory {
    /// Reads the settings. No request is sent.
    ///
    /// # Errors
    /// [`RequestError::Configuration`] for an unknown profile or unreadable settings.
    pub async fn of(connection: Connection) -> Result<Self, RequestError> {
        let Connection {
            profile,
            region,
            retry_settings,
            mfa_prompt,
            ca_bundle,
            debug,
            endpoint,
        } = connection;
        let mut account = match endpoint {
            Endpoint::Offline(answers) => offline(answers, region, &retry_settings),
            Endpoint::Url(url) => {
                online(
                    profile,
                    region,
                    Some(url),
                    ca_bundle,
                    &retry_settings,
                    mfa_prompt,
                )
                .await?
            }
            Endpoint::Configured => {
                online(
                    profile,
                    region,
                    None,
                    ca_bundle,
                    &retry_settings,
                    mfa_prompt,
                )
                .await?
            }
        };
        let app_name = AppName::new(concat!("amiusage-", env!("CARGO_PKG_VERSION")))
            .expect("a package name and a version are valid in a user agent");
        account.config.set_app_name(Some(app_name));
        account.debug = debug;
        Ok(account)
    }

    /// A client for the Region that was chosen.
    ///
    /// # Errors
    /// [`RequestError::Configuration`] where none was, or for what cannot be the name of a Region.
    pub fn client(&self) -> Result<Ec2, RequestError> {
        let region = self
            .region
            .as_deref()
            .ok_or_else(|| RequestError::Configuration {
                problem: "no Region is set".to_owned(),
                hint: "give --region, set AWS_REGION, or put `region = …` into the profile"
                    .to_owned(),
            })?;
        self.client_in(region, None)
    }

    /// A client for each of these Regions. Their debug lines name the Region.
    ///
    /// # Errors
    /// [`RequestError::Configuration`] for what cannot be the name of a Region.
    pub fn clients(&self, regions: &[String]) -> Result<Vec<Ec2>, RequestError> {
        regions
            .iter()
            .map(|region| self.client_in(region, Some(region.as_str().into())))
            .collect()
    }

    /// The Regions that are enabled for the account, in the order of their names, as the chosen Region has it or else
    /// us-east-1.
    ///
    /// # Errors
    /// [`RequestError`] of the request.
    pub async fn enabled_regions(&self) -> Result<Vec<String>, RequestError> {
        let ec2 = self.client_in(self.region.as_deref().unwrap_or(FIRST_REGION), None)?;
        regions::enabled(&ec2).await
    }

    /// A client for a Region, by whose `label` its debug lines are told apart.
    fn client_in(&self, region: &str, label: Option<Arc<str>>) -> Result<Ec2, RequestError> {
        // The Region is part of the host's name, and the SDK's own error does not say what is wrong.
        let is_name = !region.is_empty()
            && region
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        if !is_name {
            return Err(RequestError::Configuration {
                problem: format!("`{region}` is not the name of a Region"),
                hint: "give a --region such as eu-west-1".to_owned(),
            });
        }
        let trace = Trace::new(self.debug, label, self.retries.clone());
        let rate_limiter = RateLimiter::default();
        let mut config = self
            .config
            .clone()
            .region(Region::new(region.to_owned()))
            .http_client(rate_limiter.of(self.http.clone()))
            .retry_classifier(rate_limiter.clone())
            .interceptor(trace.clone())
            .interceptor(PageHandover);
        if self.attempt_limit {
            config = config.retry_classifier(AttemptLimit::new(rate_limiter));
        }
        Ok(Ec2 {
            client: Client::from_conf(config.build()),
            trace,
            region: region.into(),
        })
    }
}

/// The Region that is asked where none is chosen and any will do.
const FIRST_REGION: &str = "us-east-1";

/// The settings of a client that reads no file, no environment and no network.
fn offline(
    answers: SharedHttpClient,
    region: Option<String>,
    retry_settings: &RetrySettings,
) -> ClientFactory {
    let config = Builder::new()
        .behavior_version(BehaviorVersion::latest())
        .retry_config(retry_settings.own_retries())
        .timeout_config(retry_settings.timeouts())
        .credentials_provider(Credentials::new(
            "offline", "offline", None, None, "offline",
        ));
    ClientFactory {
        config,
        http: validate_responses(answers),
        region: Some(region.unwrap_or_else(|| FIRST_REGION.to_owned())),
        attempt_limit: false,
        debug: false,
        retries: Retries::default(),
    }
}

/// The settings that the flags, the environment and the AWS CLI's files give.
async fn online(
    profile: Option<String>,
    region: Option<String>,
    url: Option<EndpointUrl>,
    ca_bundle: Option<PathBuf>,
    retry_settings: &RetrySettings,
    mfa_prompt: MfaPrompt,
) -> Result<ClientFactory, RequestError> {
    let env = Env::real();
    let profiles = load_profiles(profile.clone()).await?;
    let named = ca_bundle.is_some();
    let ca_bundle = Arc::new(CaBundle::choose(ca_bundle, &env, profiles.get("ca_bundle")));
    let http = http::client(Arc::clone(&ca_bundle), &env)?;
    let (retries, chosen) = retry_settings.retries(&env, &profiles)?;
    // For STS and SSO too, which credentials may need.
    let mut loader = aws_config::defaults(BehaviorVersion::latest())
        .http_client(http.clone())
        .retry_config(retries.clone())
        .timeout_config(retry_settings.timeouts())
        .no_credentials()
        .identity_cache(
            IdentityCache::lazy()
                .load_timeout(CREDENTIALS_TIMEOUT)
                .build(),
        );
    let explicit = profile.is_some();
    if let Some(profile) = profile {
        loader = loader.profile_name(profile);
    }
    if let Some(region) = region {
        loader = loader.region(Region::new(region));
    }
    let shared = loader.load().await;
    let region = shared
        .region()
        .map(ToString::to_string)
        .filter(|region| !region.is_empty());
    let credentials = Sources::new(shared.clone(), profiles, mfa_prompt).chain(explicit);
    let mut config = Builder::from(&shared)
        .retry_partition(enough_retries())
        .credentials_provider(credentials);
    // On the EC2 client alone: STS and SSO, which credentials may need, are not at this URL.
    let configured = endpoint::configured(&shared)?;
    let url = url.or(configured).map(|url| url.to_string());
    // A plain endpoint needs no certificates; only what the user named for this very run is looked at all the same.
    if named || !url.as_ref().is_some_and(|url| url.starts_with("http:")) {
        ca_bundle.context().map_err(Clone::clone)?;
    }
    config.set_endpoint_url(url);
    if !chosen {
        config = config.retry_config(retry_settings::endless(retries));
    }
    Ok(ClientFactory {
        config,
        http: validate_responses(http),
        region,
        attempt_limit: !chosen,
        debug: false,
        retries: Retries::default(),
    })
}

/// A quota that allows all retries: their number is limited for each request, and the pace for all of them. The SDK's
/// own quota, which all requests share, would fail a long run that is throttled now and then.
fn enough_retries() -> RetryPartition {
    RetryPartition::custom("amiusage")
        .token_bucket(TokenBucket::unlimited())
        .build()
}

/// How long credentials may take. Requests for them have time-outs of their own, but a user may have to find a
/// multi-factor device first, and a `credential_process` may open a browser.
const CREDENTIALS_TIMEOUT: Duration = Duration::from_secs(60 * 60);

/// Reads the profiles, and refuses one that no file has: the SDK would go on without it, with whatever credentials it
/// finds.
async fn load_profiles(named: Option<String>) -> Result<ProfileSet, RequestError> {
    let env = Env::real();
    let asked = named
        .clone()
        .or_else(|| env.get("AWS_PROFILE").ok())
        .filter(|name| !name.is_empty());
    let profiles = aws_config::profile::load(
        &Fs::real(),
        &env,
        &Default::default(),
        named.map(Into::into),
    )
    .await
    .map_err(|error| RequestError::Configuration {
        problem: super::error::chain(&error),
        hint: "mend the file, or name others with AWS_CONFIG_FILE and \
                            AWS_SHARED_CREDENTIALS_FILE"
            .to_owned(),
    })?;
    match asked {
        Some(name) if profiles.get_profile(&name).is_none() => {
            let mut known: Vec<_> = profiles.profiles().collect();
            known.sort_unstable();
            Err(RequestError::Configuration {
                problem: format!("there is no profile `{name}`"),
                hint: if known.is_empty() {
                    "make one with `aws configure`; no profile was found at all".to_owned()
                } else {
                    format!("name one of these: {}", known.join(", "))
                },
            })
        }
        _ => Ok(profiles),
    }
}

#[cfg(test)]
mod tests {
    use aws_smithy_runtime_api::client::http::{
        HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn,
    };
    use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
    use aws_smithy_types::body::SdkBody;

    use super::*;

    /// Responds with this `Date` header.
    #[derive(Debug)]
    struct Dated(Option<&'static str>);

    impl HttpConnector for Dated {
        fn call(&self, _: HttpRequest) -> HttpConnectorFuture {
            let body = SdkBody::from("<DescribeRegionsResponse/>");
            let mut response = HttpResponse::new(200.try_into().unwrap(), body);
            if let Some(date) = self.0 {
                response.headers_mut().insert("date", date);
            }
            HttpConnectorFuture::ready(Ok(response))
        }
    }

    /// The service's time after one response.
    async fn now_after(date: Option<&'static str>) -> SystemTime {
        let connector = SharedHttpConnector::new(Dated(date));
        let http_client = http_client_fn(move |_, _| connector.clone());
        let ec2 = connect(Connection {
            profile: None,
            region: None,
            endpoint: Endpoint::Offline(http_client),
            retry_settings: RetrySettings {
                max_attempts: None,
                connect_timeout: None,
                read_timeout: None,
            },
            ca_bundle: None,
            debug: false,
            mfa_prompt: |_| unreachable!("no role is assumed"),
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
