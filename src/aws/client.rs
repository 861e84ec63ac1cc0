//! Sets up the EC2 client from the flags, the environment and the files of the AWS CLI.

use std::path::PathBuf;
use std::time::Duration;

use aws_config::identity::IdentityCache;
use aws_config::profile::ProfileSet;
use aws_credential_types::Credentials;
use aws_sdk_ec2::Client;
use aws_sdk_ec2::config::retry::{RetryPartition, TokenBucket};
use aws_sdk_ec2::config::{AppName, BehaviorVersion, Builder, Region, SharedHttpClient};
use aws_types::os_shim_internal::{Env, Fs};

use super::credentials::Sources;
use super::first_contact::FirstContact;
use super::pace::Pace;
use super::patience::{self, Patience};
use super::role::AskMfa;
use super::trace::{Retries, Trace};
use super::trust::Trust;
use super::whole::whole;
use super::{Endpoint, Failure, endpoint, http};

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
    pub patience: Patience,
    /// The CA bundle that the user named; else that of `AWS_CA_BUNDLE`, the profile or the system.
    pub ca_bundle: Option<PathBuf>,
    /// Whether to log requests to stderr.
    pub debug: bool,
    /// Asks the user for the code of a multi-factor device.
    pub ask_mfa: AskMfa,
}

/// The EC2 client, and what to call its endpoint in a message.
#[derive(Clone, Debug)]
pub struct Ec2 {
    /// The official SDK's client.
    pub client: Client,
    trace: Trace,
    region: String,
}

impl Ec2 {
    /// The endpoint as a message names it: the URL that requests went to, or else the Region.
    pub fn endpoint(&self) -> String {
        self.trace
            .origin()
            .unwrap_or_else(|| format!("EC2 in Region {}", self.region))
    }

    /// The name of the Region that is asked.
    pub fn region(&self) -> &str {
        &self.region
    }

    /// The count of retries, which goes on while requests do.
    pub fn retries(&self) -> Retries {
        self.trace.retries()
    }
}

/// Sets up a client. No request is sent; credentials are looked for when the first one is.
///
/// # Errors
/// [`Failure::Configuration`] for an unknown profile, unreadable settings, or no Region.
pub async fn connect(connection: Connection) -> Result<Ec2, Failure> {
    let Connection {
        profile,
        region,
        patience,
        ask_mfa,
        ca_bundle,
        ..
    } = connection;
    let (config, region) = match connection.endpoint {
        Endpoint::Offline(answers) => offline(answers, region, &patience),
        Endpoint::Url(url) => {
            let (config, region) = online(profile, region, ca_bundle, &patience, ask_mfa).await?;
            // On the EC2 client alone: STS and SSO, which credentials may need, are not at this URL.
            (config.endpoint_url(url.to_string()), region)
        }
        Endpoint::Configured => online(profile, region, ca_bundle, &patience, ask_mfa).await?,
    };
    let app_name = AppName::new(concat!("amiusage-", env!("CARGO_PKG_VERSION")))
        .expect("a package name and a version are valid in a user agent");
    let trace = Trace::new(connection.debug);
    let config = config.app_name(app_name).interceptor(trace.clone());
    Ok(Ec2 {
        client: Client::from_conf(config.build()),
        trace,
        region,
    })
}

/// The settings of a client that reads no file, no environment and no network.
fn offline(
    answers: SharedHttpClient,
    region: Option<String>,
    patience: &Patience,
) -> (Builder, String) {
    let region = region.unwrap_or_else(|| "us-east-1".to_owned());
    let config = Builder::new()
        .behavior_version(BehaviorVersion::latest())
        .http_client(Pace::default().of(whole(answers)))
        .retry_config(patience.own_retries())
        .timeout_config(patience.timeouts())
        .region(Region::new(region.clone()))
        .credentials_provider(Credentials::new(
            "offline", "offline", None, None, "offline",
        ));
    (config, region)
}

/// The settings that the flags, the environment and the AWS CLI's files give.
async fn online(
    profile: Option<String>,
    region: Option<String>,
    ca_bundle: Option<PathBuf>,
    patience: &Patience,
    ask_mfa: AskMfa,
) -> Result<(Builder, String), Failure> {
    let env = Env::real();
    let profiles = load_profiles(profile.clone()).await?;
    let trust = Trust::choose(ca_bundle, &env, profiles.get("ca_bundle"))?;
    let http = http::client(trust, &env)?;
    let (retries, chosen) = patience.retries(&env, &profiles)?;
    // For STS and SSO too, which credentials may need.
    let mut loader = aws_config::defaults(BehaviorVersion::latest())
        .http_client(http.clone())
        .retry_config(retries.clone())
        .timeout_config(patience.timeouts())
        .no_credentials()
        .identity_cache(IdentityCache::lazy().load_timeout(A_PERSONS_TIME).build());
    let explicit = profile.is_some();
    if let Some(profile) = profile {
        loader = loader.profile_name(profile);
    }
    if let Some(region) = region {
        loader = loader.region(Region::new(region));
    }
    let shared = loader.load().await;
    let region = shared.region().map(ToString::to_string).unwrap_or_default();
    if region.is_empty() {
        return Err(Failure::Configuration {
            problem: "no Region is set".to_owned(),
            next_step: "give --region, set AWS_REGION, or put `region = …` into the profile"
                .to_owned(),
        });
    }
    // The Region is part of the host's name, and the SDK's own error does not say what is wrong.
    if !region
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    {
        return Err(Failure::Configuration {
            problem: format!("`{region}` is not the name of a Region"),
            next_step: "give a --region such as eu-west-1".to_owned(),
        });
    }
    let credentials = Sources::new(shared.clone(), profiles, ask_mfa).chain(explicit);
    let pace = Pace::default();
    let mut config = Builder::from(&shared)
        .http_client(pace.of(whole(http)))
        .retry_classifier(pace.clone())
        .retry_partition(enough_retries())
        .credentials_provider(credentials);
    config.set_endpoint_url(endpoint::configured(&shared)?.map(|url| url.to_string()));
    if !chosen {
        config = config
            .retry_config(patience::endless(retries))
            .retry_classifier(FirstContact::new(pace));
    }
    Ok((config, region))
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
const A_PERSONS_TIME: Duration = Duration::from_secs(60 * 60);

/// Reads the profiles, and refuses one that no file has: the SDK would go on without it, with whatever credentials it
/// finds.
async fn load_profiles(named: Option<String>) -> Result<ProfileSet, Failure> {
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
    .map_err(|error| Failure::Configuration {
        problem: super::failure::chain(&error),
        next_step: "mend the file, or name others with AWS_CONFIG_FILE and \
                            AWS_SHARED_CREDENTIALS_FILE"
            .to_owned(),
    })?;
    match asked {
        Some(name) if profiles.get_profile(&name).is_none() => {
            let mut known: Vec<_> = profiles.profiles().collect();
            known.sort_unstable();
            Err(Failure::Configuration {
                problem: format!("there is no profile `{name}`"),
                next_step: if known.is_empty() {
                    "make one with `aws configure`; no profile was found at all".to_owned()
                } else {
                    format!("name one of these: {}", known.join(", "))
                },
            })
        }
        _ => Ok(profiles),
    }
}
