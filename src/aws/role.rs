//! The role of a profile, assumed with an MFA code where the profile wants one.

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

use super::credentials::{NETWORK, NoCredentials, is_obstructed, provides_credentials, refusal};
use super::error::inner;

/// The code of a multi-factor device, once the user has typed it.
pub type MfaCode = Pin<Box<dyn Future<Output = io::Result<String>> + Send>>;

/// Asks the user for the code of the device with this serial number (or ARN).
pub type MfaPrompt = fn(serial: String) -> MfaCode;

/// A role that a profile's `role_arn` names.
#[derive(Debug)]
pub(super) struct Role {
    pub(super) profile: String,
    pub(super) arn: String,
    pub(super) session_name: Option<String>,
    pub(super) external_id: Option<String>,
    pub(super) duration: Option<i32>,
    pub(super) mfa_serial: Option<String>,
    pub(super) mfa_prompt: MfaPrompt,
    pub(super) source: SharedCredentialsProvider,
    pub(super) config: SdkConfig,
    /// Of a role that wants a code: the one session of this run.
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
        if session
            .expiry()
            .is_some_and(|expiry| expiry <= SystemTime::now())
        {
            return Err(NoCredentials {
                problem: format!(
                    "the session of the role {} has expired, and a new one needs another MFA code",
                    self.arn
                ),
                hint: format!(
                    "run it again; `duration_seconds` in profile `{}` makes sessions longer",
                    self.profile
                ),
            }
            .into());
        }
        Ok(session.clone())
    }

    async fn assume(&self, mfa_serial: Option<&String>) -> provider::Result {
        let source = self
            .source
            .provide_credentials()
            .await
            .map_err(|error| self.without_source(error))?;
        let code = match mfa_serial {
            Some(serial) => Some(self.ask(serial).await?),
            None => None,
        };
        let config = self
            .config
            .to_builder()
            .credentials_provider(SharedCredentialsProvider::new(source))
            .identity_cache(IdentityCache::no_cache())
            .build();
        let answer = Client::new(&config)
            .assume_role()
            .role_arn(&self.arn)
            .role_session_name(self.session_name.clone().unwrap_or_else(default_session))
            .set_external_id(self.external_id.clone())
            .set_duration_seconds(self.duration)
            .set_serial_number(mfa_serial.cloned())
            .set_token_code(code)
            .send()
            .await
            .map_err(|error| self.refused(error))?;
        let session = answer
            .credentials
            .ok_or_else(|| CredentialsError::unhandled("STS answered without credentials"))?;
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

    async fn ask(&self, serial: &str) -> Result<String, NoCredentials> {
        let problem = match (self.mfa_prompt)(serial.to_owned()).await {
            Ok(code) if code.is_empty() => "none was given".to_owned(),
            Ok(code) => return Ok(code),
            Err(error) => format!("there is no terminal to ask for it ({error})"),
        };
        Err(NoCredentials {
            problem: format!(
                "profile `{}` needs the MFA code of {serial}, and {problem}",
                self.profile
            ),
            hint: "run it in a terminal, or put temporary credentials into the environment; \
                        `aws sts get-session-token` makes them"
                .to_owned(),
        })
    }

    /// A source without credentials ends the search: the role must not be left aside for the next source.
    fn without_source(&self, error: CredentialsError) -> CredentialsError {
        match error {
            error if is_obstructed(&error) => CredentialsError::provider_error(error),
            CredentialsError::CredentialsNotLoaded(_) => NoCredentials {
                problem: format!(
                    "the source of profile `{}` has no credentials: {}",
                    self.profile,
                    inner(&error)
                ),
                hint: format!(
                    "mend `source_profile` or `credential_source` in profile `{}`, or give that source credentials",
                    self.profile
                ),
            }
            .into(),
            error => error,
        }
    }

    fn refused(&self, error: SdkError<AssumeRoleError>) -> CredentialsError {
        if is_obstructed(&error) {
            return CredentialsError::provider_error(error);
        }
        let Some(refusal) = refusal(&error) else {
            return NoCredentials {
                problem: format!(
                    "no answer from STS for the role {}: {}",
                    self.arn,
                    inner(&error)
                ),
                hint: NETWORK.to_owned(),
            }
            .into();
        };
        NoCredentials {
            problem: format!("STS refused the role {}: {refusal}", self.arn),
            hint: match &self.mfa_serial {
                Some(_) => "try the next code of the device; if it persists, check mfa_serial and role_arn, and ask \
                            for the permission sts:AssumeRole",
                None => "check role_arn and external_id, and ask for the permission sts:AssumeRole, which the \
                         role's ca_bundle policy must give too",
            }
            .to_owned(),
        }
        .into()
    }
}

fn default_session() -> String {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    format!("amiusage-{}", now.as_secs())
}

provides_credentials!(Role);
