//! Loads credentials by the SDK's default chain, with what the AWS CLI does beyond it.
//!
//! Two things differ from the SDK's chain: a profile that the user chose precedes keys in the environment, and a
//! profile's role is assumed here, because the SDK ignores `mfa_serial` and `duration_seconds`. Unlike the AWS CLI,
//! which caches assumed roles below `~/.aws/cli/cache`, each run assumes them again. Only the SDK writes a file: a
//! renewed SSO token goes back below `~/.aws/sso/cache`, where the AWS CLI put it.

use std::sync::OnceLock;

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

use super::connect_error::ConnectError;
use super::credentials_error::{
    CONFIGURE_HINT, LoadCredentialsError, NETWORK_HINT, explain, is_connection_failure,
    is_explained,
};
use super::error_chain::{self, describe, describe_source};
use super::role::{MfaPrompt, Role, impl_provide_credentials};

/// The settings that all providers share.
#[derive(Debug)]
pub(super) struct Providers {
    /// For STS clients.
    sdk_config: SdkConfig,
    /// The same settings for the SDK's own providers.
    provider_config: ProviderConfig,
    profiles: ProfileSet,
    mfa_prompt: MfaPrompt,
}

impl Providers {
    pub(super) fn new(sdk_config: SdkConfig, profiles: ProfileSet, mfa_prompt: MfaPrompt) -> Self {
        let mut provider_config = ProviderConfig::without_region()
            .with_behavior_version(Some(BehaviorVersion::latest()))
            .with_region(sdk_config.region().cloned())
            .with_use_fips(sdk_config.use_fips())
            .with_use_dual_stack(sdk_config.use_dual_stack());
        if let Some(client) = sdk_config.http_client() {
            provider_config = provider_config.with_http_client(client);
        }
        if let Some(retries) = sdk_config.retry_config() {
            provider_config = provider_config.with_retry_config(retries.clone());
        }
        if let Some(timeouts) = sdk_config.timeout_config() {
            provider_config = provider_config.with_timeout_config(timeouts.clone());
        }
        Self {
            sdk_config,
            provider_config,
            profiles,
            mfa_prompt,
        }
    }

    /// The chain of all providers, of which the first with credentials wins.
    ///
    /// `is_explicit`: the user chose the profile on the command line. Botocore, too, skips the environment then, but
    /// not for `AWS_PROFILE`.
    pub(super) fn chain(&self, is_explicit: bool) -> impl ProvideCredentials + use<> {
        let name = self.profiles.selected_profile();
        let profile = self.profile(name, &[]);
        let first = if is_explicit {
            CredentialsProviderChain::first_try("Profile", profile)
        } else {
            let web_identity = WebIdentityTokenCredentialsProvider::builder()
                .configure(&self.provider_config)
                .build();
            CredentialsProviderChain::first_try("Environment", environment())
                .or_else("Profile", profile)
                .or_else("WebIdentityToken", web_identity)
        };
        let chain = first
            .or_else("EcsContainer", self.container())
            .or_else("Ec2InstanceMetadata", self.instance());
        CheckedChain {
            chain,
            profile: is_explicit.then(|| name.to_owned()),
            failure: OnceLock::new(),
        }
    }

    /// The credentials of a profile, which is the source of the profiles `dependents`.
    fn profile(&self, name: &str, dependents: &[&str]) -> SharedCredentialsProvider {
        let profile = self.profiles.get_profile(name);
        if let Some(role) = profile.and_then(|profile| self.role(profile, dependents)) {
            return SharedCredentialsProvider::new(role);
        }
        SharedCredentialsProvider::new(ProfileProvider {
            kind: profile.map_or(ProfileKind::Other, ProfileKind::of),
            provider: ProfileFileCredentialsProvider::builder()
                .configure(&self.provider_config)
                .profile_name(name)
                .build(),
            name: name.to_owned(),
        })
    }

    /// The role of a profile; `None` for no role or an invalid one, which the SDK's provider reports.
    fn role(&self, profile: &Profile, dependents: &[&str]) -> Option<Role> {
        let arn = profile.get("role_arn")?;
        if profile.get("web_identity_token_file").is_some() {
            return None;
        }
        let dependents = [dependents, &[profile.name()]].concat();
        let source = match (
            profile.get("source_profile"),
            profile.get("credential_source"),
        ) {
            (Some(name), None) => match self.profiles.get_profile(name).and_then(keys) {
                // Keys precede a role, so that a profile may be its own source.
                Some(keys) => SharedCredentialsProvider::new(keys),
                None if dependents.contains(&name) => return None,
                None => self.profile(name, &dependents),
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
            // Like botocore, ignore what is not a number.
            duration_seconds: (profile.get("duration_seconds"))
                .and_then(|seconds| seconds.parse().ok()),
            mfa_serial: setting("mfa_serial"),
            mfa_prompt: self.mfa_prompt,
            source,
            config: self.sdk_config.clone(),
            session: Default::default(),
        })
    }

    fn container(&self) -> EcsCredentialsProvider {
        EcsCredentialsProvider::builder()
            .configure(&self.provider_config)
            .build()
    }

    fn instance(&self) -> ImdsCredentialsProvider {
        ImdsCredentialsProvider::builder()
            .configure(&self.provider_config)
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

/// How a profile gets its credentials.
#[derive(Clone, Copy, Debug)]
enum ProfileKind {
    Sso,
    /// `aws login`. The SDK's support for it would add many cryptographic dependencies.
    Login,
    CredentialProcess,
    Other,
}

impl ProfileKind {
    /// By the SDK's order of precedence.
    fn of(profile: &Profile) -> Self {
        let has = |key| profile.get(key).is_some();
        if has("credential_source") || has("web_identity_token_file") {
            Self::Other
        } else if has("sso_session") || has("sso_start_url") {
            Self::Sso
        } else if has("login_session") {
            Self::Login
        } else if has("credential_process") {
            Self::CredentialProcess
        } else {
            Self::Other
        }
    }
}

/// The SDK's provider for a profile, with better error messages.
#[derive(Debug)]
struct ProfileProvider {
    name: String,
    kind: ProfileKind,
    provider: ProfileFileCredentialsProvider,
}

impl ProfileProvider {
    async fn credentials(&self) -> provider::Result {
        (self.provider.provide_credentials().await).map_err(|error| self.explain(error))
    }

    fn explain(&self, error: CredentialsError) -> CredentialsError {
        if is_explained(&error) {
            return error;
        }
        let name = &self.name;
        let (problem, hint) = match (self.kind, &error) {
            (ProfileKind::Login, CredentialsError::InvalidConfiguration(_)) => (
                format!("profile `{name}` uses `aws login`, which is not supported"),
                format!(
                    "choose another profile, with `credential_process = aws configure export-credentials --profile \
                     {name} --format process`"
                ),
            ),
            (_, CredentialsError::ProviderError(_)) if is_connection_failure(&error) => (
                format!("profile `{name}`: {}", describe_source(&error)),
                NETWORK_HINT.to_owned(),
            ),
            (ProfileKind::Sso, CredentialsError::ProviderError(_)) => (
                format!("profile `{name}`: {}", describe_source(&error)),
                format!("run `aws sso login --profile {name}`, then retry"),
            ),
            (ProfileKind::CredentialProcess, CredentialsError::ProviderError(_)) => (
                format!(
                    "the credential_process of profile `{name}` {}",
                    describe_process_failure(&error)
                ),
                "run that command yourself to see its output, which is not shown here because it may be secret"
                    .to_owned(),
            ),
            _ => return error,
        };
        LoadCredentialsError { problem, hint }.into()
    }
}

/// How a `credential_process` failed, without its output.
///
/// The SDK's error is a text that contains stderr or a part of stdout: show only what is known to be safe.
fn describe_process_failure(error: &CredentialsError) -> String {
    let text = describe(error);
    let between = |start, end| {
        text.split_once(start)
            .and_then(|(_, rest)| rest.split_once(end))
            .map(|(middle, _)| middle)
    };
    if let Some(status) = between("exited with code ", ". Stderr:") {
        format!("failed ({status})")
    } else if let Some(field) = between("Expected field `", "`") {
        format!("printed a document without `{field}`")
    } else {
        "did not print the expected JSON document".to_owned()
    }
}

/// The whole chain. It rejects empty credentials, which the SDK reads from truncated responses.
///
/// It remembers a failure: concurrent requests would each search again, and prompt for another MFA code.
#[derive(Debug)]
struct CheckedChain {
    chain: CredentialsProviderChain,
    /// The profile that the user chose.
    profile: Option<String>,
    failure: OnceLock<Failure>,
}

/// Why the chain failed.
#[derive(Clone, Debug)]
enum Failure {
    Connect(ConnectError),
    Load(LoadCredentialsError),
}

impl From<Failure> for CredentialsError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Connect(error) => Self::provider_error(error),
            Failure::Load(error) => error.into(),
        }
    }
}

impl CheckedChain {
    async fn credentials(&self) -> provider::Result {
        if let Some(failure) = self.failure.get() {
            return Err(failure.clone().into());
        }
        let failure = match self.chain.provide_credentials().await {
            Ok(credentials)
                if credentials.access_key_id().is_empty()
                    || credentials.secret_access_key().is_empty() =>
            {
                Failure::Load(LoadCredentialsError::new(
                    "the access key or its secret is empty",
                    CONFIGURE_HINT,
                ))
            }
            Ok(credentials) => return Ok(credentials),
            Err(CredentialsError::CredentialsNotLoaded(_)) => Failure::Load(self.not_found()),
            Err(error) => match error_chain::find(&error) {
                Some(connect_error) => Failure::Connect(ConnectError::clone(connect_error)),
                None => Failure::Load(explain(&error)),
            },
        };
        Err(self.failure.get_or_init(|| failure).clone().into())
    }

    /// The error when no provider has credentials.
    fn not_found(&self) -> LoadCredentialsError {
        let problem = match &self.profile {
            Some(profile) => {
                format!("none in profile `{profile}`, the container or the instance")
            }
            None => "none in the environment, the profile, a web identity token, the container or the instance"
                .to_owned(),
        };
        LoadCredentialsError::new(problem, CONFIGURE_HINT)
    }
}

impl_provide_credentials!(ProfileProvider, CheckedChain);
