//! Where credentials come from: the SDK's default chain, and what the AWS CLI does beyond it.
//!
//! The sources are the SDK's, in the order of its default chain, with two differences that the AWS CLI makes:
//! a profile that the user names goes before keys in the environment, and the role of a profile is assumed here,
//! because the SDK passes over `mfa_serial` and `duration_seconds`. Unlike the AWS CLI, which keeps assumed roles
//! below `~/.aws/cli/cache`, this keeps none: each run asks anew. Only the SDK writes a file: the token of a single
//! sign-on that it has renewed goes back below `~/.aws/sso/cache`, where the AWS CLI put it.

use std::error::Error;
use std::sync::OnceLock;

use anyhow::Chain;
use aws_config::ecs::EcsCredentialsProvider;
use aws_config::environment::EnvironmentVariableCredentialsProvider;
use aws_config::imds::credentials::ImdsCredentialsProvider;
use aws_config::meta::credentials::CredentialsProviderChain;
use aws_config::profile::{Profile, ProfileFileCredentialsProvider, ProfileSet};
use aws_config::provider_config::ProviderConfig;
use aws_config::web_identity_token::WebIdentityTokenCredentialsProvider;
use aws_config::{BehaviorVersion, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{self, ProvideCredentials, SharedCredentialsProvider, future};
use aws_sdk_sts::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_sts::operation::assume_role_with_web_identity::AssumeRoleWithWebIdentityError;
use aws_smithy_runtime_api::client::result::ConnectorError;

use super::connect_error::ConnectError;
use super::error::{chain, inner, public};
use super::role::{MfaPrompt, Role};

/// Why there are no credentials, in words for a user.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{problem}")]
pub(super) struct NoCredentials {
    /// What is missing or wrong. It holds no output of a program, which may be a secret.
    pub problem: String,
    /// What the user can do.
    pub hint: String,
}

impl From<NoCredentials> for CredentialsError {
    fn from(error: NoCredentials) -> Self {
        Self::provider_error(error)
    }
}

/// What helps when nothing better is known.
const SIGN_IN: &str = "run `aws sso login` or `aws configure`, name another --profile, or set AWS_ACCESS_KEY_ID and \
                       AWS_SECRET_ACCESS_KEY; --offline needs none";

pub(super) const NETWORK: &str =
    "check the network and the proxy, then run it again; --offline needs no credentials";

/// Finds the words for what a source of credentials says.
pub(super) fn explain(error: &CredentialsError) -> NoCredentials {
    type Web = SdkError<AssumeRoleWithWebIdentityError>;

    let causes = || Chain::new(error);
    // The one nearest to the cause knows best.
    if let Some(NoCredentials { problem, hint }) =
        causes().filter_map(|cause| cause.downcast_ref()).last()
    {
        return NoCredentials {
            problem: problem.clone(),
            hint: hint.clone(),
        };
    }
    let refused = causes()
        .find_map(|cause| cause.downcast_ref::<Web>())
        .and_then(refusal);
    let (problem, hint) = if let Some(refusal) = refused {
        (
            format!("STS refused the web identity token: {refusal}"),
            "renew the token file, and check the role's ARN and its trust policy",
        )
    } else {
        let hint = match error {
            _ if no_connection(error) => NETWORK,
            CredentialsError::InvalidConfiguration(_) => {
                "mend the profile or the environment, or name another --profile"
            }
            _ => SIGN_IN,
        };
        // The SDK lists what it tried on lines of their own.
        (inner(error).replace("\n    ", "; "), hint)
    };
    NoCredentials {
        problem,
        hint: hint.to_owned(),
    }
}

fn no_connection(error: &CredentialsError) -> bool {
    Chain::new(error).any(|cause| cause.is::<ConnectorError>())
}

/// Whether the error says already what is in the way, which its words here would hide.
pub(super) fn is_obstructed(error: &(dyn Error + 'static)) -> bool {
    Chain::new(error).any(|cause| cause.is::<ConnectError>())
}

/// The service's own words and code, if it answered.
pub(super) fn refusal<E: ProvideErrorMetadata>(error: &SdkError<E>) -> Option<String> {
    let error = error.as_service_error()?;
    Some(format!(
        "{} ({})",
        public(error.message().unwrap_or("no message")),
        error.code()?
    ))
}

/// What all sources share.
#[derive(Debug)]
pub(super) struct Sources {
    /// For the clients of STS.
    config: SdkConfig,
    /// The same settings for the SDK's own sources.
    providers: ProviderConfig,
    profiles: ProfileSet,
    mfa_prompt: MfaPrompt,
}

impl Sources {
    pub(super) fn new(config: SdkConfig, profiles: ProfileSet, mfa_prompt: MfaPrompt) -> Self {
        let mut providers = ProviderConfig::without_region()
            .with_behavior_version(Some(BehaviorVersion::latest()))
            .with_region(config.region().cloned())
            .with_use_fips(config.use_fips())
            .with_use_dual_stack(config.use_dual_stack());
        if let Some(client) = config.http_client() {
            providers = providers.with_http_client(client);
        }
        if let Some(retries) = config.retry_config() {
            providers = providers.with_retry_config(retries.clone());
        }
        if let Some(timeouts) = config.timeout_config() {
            providers = providers.with_timeout_config(timeouts.clone());
        }
        Self {
            config,
            providers,
            profiles,
            mfa_prompt,
        }
    }

    /// The first source that has credentials gives them; `explicit` tells whether the user named the profile.
    ///
    /// Botocore, too, leaves out the environment for a profile from the command line, but not for `AWS_PROFILE`.
    pub(super) fn chain(&self, explicit: bool) -> impl ProvideCredentials + use<> {
        let name = self.profiles.selected_profile();
        let profile = self.profile(name, &[]);
        let first = if explicit {
            CredentialsProviderChain::first_try("Profile", profile)
        } else {
            CredentialsProviderChain::first_try("Environment", environment())
                .or_else("Profile", profile)
                .or_else(
                    "WebIdentityToken",
                    WebIdentityTokenCredentialsProvider::builder()
                        .configure(&self.providers)
                        .build(),
                )
        };
        let nowhere = Nowhere(explicit.then(|| name.to_owned()));
        let chain = first
            .or_else("EcsContainer", self.container())
            .or_else("Ec2InstanceMetadata", self.instance())
            .or_else("Nowhere", nowhere);
        Whole {
            chain,
            failed: OnceLock::new(),
        }
    }

    /// The credentials of a profile, which is the source of the profiles `above`.
    fn profile(&self, name: &str, above: &[&str]) -> SharedCredentialsProvider {
        let profile = self.profiles.get_profile(name);
        if let Some(role) = profile.and_then(|profile| self.role(profile, above)) {
            return SharedCredentialsProvider::new(role);
        }
        SharedCredentialsProvider::new(OfProfile {
            kind: profile.map_or(Kind::Other, Kind::of),
            provider: ProfileFileCredentialsProvider::builder()
                .configure(&self.providers)
                .profile_name(name)
                .build(),
            name: name.to_owned(),
        })
    }

    /// The role of a profile. None where it has no role, or a faulty one: the SDK's source says what is wrong.
    fn role(&self, profile: &Profile, above: &[&str]) -> Option<Role> {
        let arn = profile.get("role_arn")?;
        if profile.get("web_identity_token_file").is_some() {
            return None;
        }
        let above = [above, &[profile.name()]].concat();
        let source = match (
            profile.get("source_profile"),
            profile.get("credential_source"),
        ) {
            (Some(name), None) => match self.profiles.get_profile(name).and_then(keys) {
                // Keys go before a role, so that a profile may be its own source.
                Some(keys) => SharedCredentialsProvider::new(keys),
                None if above.contains(&name) => return None,
                None => self.profile(name, &above),
            },
            (None, Some(name)) => match name.to_ascii_lowercase().as_str() {
                "environment" => SharedCredentialsProvider::new(environment()),
                "ecscontainer" => SharedCredentialsProvider::new(self.container()),
                "ec2instancemetadata" => SharedCredentialsProvider::new(self.instance()),
                _ => return None,
            },
            _ => return None,
        };
        let setting = |name| profile.get(name).map(str::to_owned);
        Some(Role {
            profile: profile.name().to_owned(),
            arn: arn.to_owned(),
            session_name: setting("role_session_name"),
            external_id: setting("external_id"),
            // As botocore does: what is no number is passed over.
            duration: profile
                .get("duration_seconds")
                .and_then(|seconds| seconds.parse().ok()),
            mfa_serial: setting("mfa_serial"),
            mfa_prompt: self.mfa_prompt,
            source,
            config: self.config.clone(),
            session: Default::default(),
        })
    }

    fn container(&self) -> EcsCredentialsProvider {
        EcsCredentialsProvider::builder()
            .configure(&self.providers)
            .build()
    }

    fn instance(&self) -> ImdsCredentialsProvider {
        ImdsCredentialsProvider::builder()
            .configure(&self.providers)
            .build()
    }
}

fn environment() -> EnvironmentVariableCredentialsProvider {
    EnvironmentVariableCredentialsProvider::new()
}

/// The keys in a profile.
fn keys(profile: &Profile) -> Option<Credentials> {
    Some(Credentials::new(
        profile.get("aws_access_key_id")?,
        profile.get("aws_secret_access_key")?,
        profile.get("aws_session_token").map(str::to_owned),
        None,
        "Profile",
    ))
}

/// What gives a profile its credentials.
#[derive(Clone, Copy, Debug)]
enum Kind {
    SingleSignOn,
    /// `aws login`, for which the SDK wants a good deal of cryptography that is left out here.
    Login,
    Program,
    Other,
}

impl Kind {
    /// In the SDK's order.
    fn of(profile: &Profile) -> Self {
        let has = |key| profile.get(key).is_some();
        if has("credential_source") || has("web_identity_token_file") {
            Self::Other
        } else if has("sso_session") || has("sso_start_url") {
            Self::SingleSignOn
        } else if has("login_session") {
            Self::Login
        } else if has("credential_process") {
            Self::Program
        } else {
            Self::Other
        }
    }
}

/// The SDK's source for a profile, with the SDK's errors said in a user's words.
#[derive(Debug)]
struct OfProfile {
    name: String,
    kind: Kind,
    provider: ProfileFileCredentialsProvider,
}

impl OfProfile {
    async fn credentials(&self) -> provider::Result {
        self.provider
            .provide_credentials()
            .await
            .map_err(|error| self.explain(error))
    }

    fn explain(&self, error: CredentialsError) -> CredentialsError {
        if is_obstructed(&error) {
            return error;
        }
        let name = &self.name;
        let (problem, hint) = match (self.kind, &error) {
            (Kind::Login, CredentialsError::InvalidConfiguration(_)) => (
                format!("profile `{name}` takes them from `aws login`, whose sessions are not read here"),
                format!(
                    "name another profile with `credential_process = aws configure export-credentials --profile \
                     {name} --format process`"
                ),
            ),
            (_, CredentialsError::ProviderError(_)) if no_connection(&error) => (
                format!("profile `{name}`: {}", inner(&error)),
                NETWORK.to_owned(),
            ),
            (Kind::SingleSignOn, CredentialsError::ProviderError(_)) => (
                format!("profile `{name}`: {}", inner(&error)),
                format!("run `aws sso login --profile {name}`, then run it again"),
            ),
            (Kind::Program, CredentialsError::ProviderError(_)) => (
                format!(
                    "the credential_process of profile `{name}` {}",
                    fault_of_program(&error)
                ),
                "run that command yourself to see why; what it says may be secret and is not shown here".to_owned(),
            ),
            _ => return error,
        };
        NoCredentials { problem, hint }.into()
    }
}

/// What a `credential_process` did, without a word of what it wrote.
///
/// The SDK has only a text for it, with stderr or a piece of stdout in it: what is not known here is not shown.
fn fault_of_program(error: &CredentialsError) -> String {
    let text = chain(error);
    let between = |start, end| {
        text.split_once(start)
            .and_then(|(_, rest)| rest.split_once(end))
            .map(|(middle, _)| middle)
    };
    match between("exited with code ", ". Stderr:") {
        Some(status) => format!("failed ({status})"),
        None => match between("Expected field `", "`") {
            Some(field) => format!("printed a document without `{field}`"),
            None => "did not print the JSON document that is expected of it".to_owned(),
        },
    }
}

/// The end of the chain: no source had credentials. Holds the profile that the user named.
#[derive(Debug)]
struct Nowhere(Option<String>);

impl Nowhere {
    async fn credentials(&self) -> provider::Result {
        let problem = match &self.0 {
            Some(profile) => {
                format!("there are none in profile `{profile}`, the container or the instance")
            }
            None => "there are none in the environment, the profile, a web identity token, the container or the \
                     instance"
                .to_owned(),
        };
        Err(NoCredentials {
            problem,
            hint: SIGN_IN.to_owned(),
        }
        .into())
    }
}

/// Credentials that have a key and a secret. Out of an answer that was cut the SDK reads empty ones.
///
/// The search fails once: requests that wait for it at the same time would each begin it anew, and ask for another MFA
/// code.
#[derive(Debug)]
struct Whole {
    chain: CredentialsProviderChain,
    failed: OnceLock<Failed>,
}

/// What a search for credentials failed of.
#[derive(Clone, Debug)]
enum Failed {
    Barred(ConnectError),
    Without(NoCredentials),
}

impl From<Failed> for CredentialsError {
    fn from(failed: Failed) -> Self {
        match failed {
            Failed::Barred(connect_error) => Self::provider_error(connect_error),
            Failed::Without(error) => error.into(),
        }
    }
}

impl Whole {
    async fn credentials(&self) -> provider::Result {
        if let Some(failed) = self.failed.get() {
            return Err(failed.clone().into());
        }
        let failed = match self.chain.provide_credentials().await {
            Ok(credentials)
                if credentials.access_key_id().is_empty()
                    || credentials.secret_access_key().is_empty() =>
            {
                Failed::Without(NoCredentials {
                    problem: "the access key or its secret is empty".to_owned(),
                    hint: SIGN_IN.to_owned(),
                })
            }
            Ok(credentials) => return Ok(credentials),
            Err(error) => match Chain::new(&error).find_map(|cause| cause.downcast_ref()) {
                Some(connect_error) => Failed::Barred(ConnectError::clone(connect_error)),
                None => Failed::Without(explain(&error)),
            },
        };
        Err(self.failed.get_or_init(|| failed).clone().into())
    }
}

/// A source is a type with an asynchronous `credentials`; this makes it one of the SDK's.
macro_rules! provides_credentials {
    ($($source:ty),*) => {$(
        impl ProvideCredentials for $source {
            fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
            where
                Self: 'a,
            {
                future::ProvideCredentials::new(self.credentials())
            }
        }
    )*};
}

pub(super) use provides_credentials;

provides_credentials!(OfProfile, Nowhere, Whole);
