//! Assumes the role of a profile, with an MFA code if the profile requires one.

use std::io;
use std::pin::Pin;
use std::time::{SystemTime, UNIX_EPOCH};

use aws_config::SdkConfig;
use aws_config::identity::IdentityCache;
use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{self, ProvideCredentials, SharedCredentialsProvider, future};
use aws_sdk_sts::Client;
use aws_sdk_sts::error::SdkError;
use aws_sdk_sts::operation::assume_role::AssumeRoleError;
use tokio::sync::OnceCell;

use super::credentials_error::{LoadCredentialsError, NETWORK_HINT, is_explained, service_error};
use super::error_chain::describe_source;

/// The code of an MFA device, once the user has entered it.
pub type MfaCode = Pin<Box<dyn Future<Output = io::Result<String>> + Send>>;

/// Prompts the user for a code of the device with this serial number or ARN.
pub type MfaPrompt = fn(serial: String) -> MfaCode;

/// The role in a profile's `role_arn`.
#[derive(Debug)]
pub(super) struct Role {
    pub(super) profile: String,
    pub(super) arn: String,
    pub(super) session_name: Option<String>,
    pub(super) external_id: Option<String>,
    pub(super) duration_seconds: Option<i32>,
    pub(super) mfa_serial: Option<String>,
    pub(super) mfa_prompt: MfaPrompt,
    pub(super) source: SharedCredentialsProvider,
    pub(super) config: SdkConfig,
    /// The only session of this run, if the role requires an MFA code.
    pub(super) session: OnceCell<Credentials>,
}

impl Role {
    async fn credentials(&self) -> provider::Result {
        let Some(serial) = &self.mfa_serial else {
            return self.assume(None).await;
        };
        let session = self
            .session
            .get_or_try_init(|| self.assume(Some(serial)))
            .await?;
        // The SDK, too, compares expirations with the local clock.
        if (session.expiry()).is_some_and(|expiry| expiry <= SystemTime::now()) {
            return Err(LoadCredentialsError::new(
                format!(
                    "the session of role {} has expired, and a new one requires another MFA code",
                    self.arn
                ),
                format!(
                    "run the command again; for longer sessions set `duration_seconds` in profile `{}`",
                    self.profile
                ),
            )
            .into());
        }
        Ok(session.clone())
    }

    async fn assume(&self, mfa_serial: Option<&String>) -> provider::Result {
        let source = self
            .source
            .provide_credentials()
            .await
            .map_err(|error| self.source_error(error))?;
        let code = match mfa_serial {
            Some(serial) => Some(self.prompt(serial).await?),
            None => None,
        };
        let config = self
            .config
            .to_builder()
            .credentials_provider(SharedCredentialsProvider::new(source))
            .identity_cache(IdentityCache::no_cache())
            .build();
        let output = Client::new(&config)
            .assume_role()
            .role_arn(&self.arn)
            .role_session_name(self.session_name.clone().unwrap_or_else(default_session))
            .set_external_id(self.external_id.clone())
            .set_duration_seconds(self.duration_seconds)
            .set_serial_number(mfa_serial.cloned())
            .set_token_code(code)
            .send()
            .await
            .map_err(|error| self.assume_error(error))?;
        let session = output.credentials.ok_or_else(|| {
            CredentialsError::unhandled("STS returned a response without credentials")
        })?;
        let expiry =
            SystemTime::try_from(session.expiration).map_err(CredentialsError::unhandled)?;
        Ok(Credentials::new(
            session.access_key_id,
            session.secret_access_key,
            Some(session.session_token),
            Some(expiry),
            "AssumeRole",
        ))
    }

    async fn prompt(&self, serial: &str) -> Result<String, LoadCredentialsError> {
        let problem = match (self.mfa_prompt)(serial.to_owned()).await {
            Ok(code) if code.is_empty() => "no code was entered".to_owned(),
            Ok(code) => return Ok(code),
            Err(error) => format!("no terminal for the prompt ({error})"),
        };
        Err(LoadCredentialsError::new(
            format!(
                "profile `{}` requires an MFA code of {serial}: {problem}",
                self.profile
            ),
            "run the command in a terminal, or set temporary credentials in the environment \
             (`aws sts get-session-token` creates them)",
        ))
    }

    /// Turns missing credentials of the source into an error that ends the search: the next provider must not replace
    /// the role.
    fn source_error(&self, error: CredentialsError) -> CredentialsError {
        let profile = &self.profile;
        match error {
            error if is_explained(&error) => CredentialsError::provider_error(error),
            CredentialsError::CredentialsNotLoaded(_) => LoadCredentialsError::new(
                format!(
                    "the source of profile `{profile}` has no credentials: {}",
                    describe_source(&error)
                ),
                format!(
                    "fix `source_profile` or `credential_source` in profile `{profile}`, or configure credentials for \
                     that source"
                ),
            )
            .into(),
            error => error,
        }
    }

    fn assume_error(&self, error: SdkError<AssumeRoleError>) -> CredentialsError {
        if is_explained(&error) {
            return CredentialsError::provider_error(error);
        }
        let rejected = service_error(&error);
        let hint = match (&rejected, &self.mfa_serial) {
            (None, _) => NETWORK_HINT,
            (Some(_), Some(_)) => {
                "try the next code of the device; if that fails too, check mfa_serial and role_arn, and request the \
                 IAM permission sts:AssumeRole"
            }
            (Some(_), None) => {
                "check role_arn and external_id, and request the IAM permission sts:AssumeRole, which the role's trust \
                 policy must grant too"
            }
        };
        let problem = rejected.unwrap_or_else(|| describe_source(&error));
        LoadCredentialsError::new(
            format!("AssumeRole for {} failed: {problem}", self.arn),
            hint,
        )
        .into()
    }
}

fn default_session() -> String {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    format!("amiusage-{}", now.as_secs())
}

/// Implements the SDK's trait for types with an asynchronous method `credentials`.
macro_rules! impl_provide_credentials {
    ($($provider:ty),*) => {$(
        impl ProvideCredentials for $provider {
            fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
            where
                Self: 'a,
            {
                future::ProvideCredentials::new(self.credentials())
            }
        }
    )*};
}

pub(super) use impl_provide_credentials;

impl_provide_credentials!(Role);
