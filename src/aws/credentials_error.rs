//! Why credentials could not be loaded, as a message and a hint.

use std::error::Error;

use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_sts::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_sts::operation::assume_role_with_web_identity::AssumeRoleWithWebIdentityError;
use aws_smithy_runtime_api::client::result::ConnectorError;

use super::connect_error::ConnectError;
use super::error_chain::{self, describe_source, redact};
use crate::error::causes;

/// Why credentials could not be loaded.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{problem}")]
pub(super) struct LoadCredentialsError {
    /// What is missing or wrong. It contains no output of a program, which may be secret.
    pub(super) problem: String,
    /// What the user can do.
    pub(super) hint: String,
}

impl LoadCredentialsError {
    pub(super) fn new(problem: impl Into<String>, hint: impl Into<String>) -> Self {
        Self {
            problem: problem.into(),
            hint: hint.into(),
        }
    }
}

impl From<LoadCredentialsError> for CredentialsError {
    fn from(error: LoadCredentialsError) -> Self {
        Self::provider_error(error)
    }
}

/// The hint when nothing more specific is known.
pub(super) const CONFIGURE_HINT: &str = "run `aws sso login` or `aws configure`, choose another --profile, or set \
                                         AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY; --offline needs no credentials";

/// The hint when a service that provides credentials cannot be reached.
pub(super) const NETWORK_HINT: &str =
    "check the network and the proxy, then retry; --offline needs no credentials";

/// Finds the message and the hint for the error of a provider.
pub(super) fn explain(error: &CredentialsError) -> LoadCredentialsError {
    type WebIdentityError = SdkError<AssumeRoleWithWebIdentityError>;

    // The innermost one is the most specific.
    let known = causes(error).filter_map(|cause| cause.downcast_ref::<LoadCredentialsError>());
    if let Some(known) = known.last() {
        return known.clone();
    }
    let rejected = error_chain::find::<WebIdentityError>(error).and_then(service_error);
    if let Some(message) = rejected {
        return LoadCredentialsError::new(
            format!("STS rejected the web identity token: {message}"),
            "renew the token file, and check the role's ARN and trust policy",
        );
    }
    let hint = match error {
        _ if is_connection_failure(error) => NETWORK_HINT,
        CredentialsError::InvalidConfiguration(_) => {
            "fix the profile or the environment, or choose another --profile"
        }
        _ => CONFIGURE_HINT,
    };
    // The SDK lists what it tried on separate lines.
    LoadCredentialsError::new(describe_source(error).replace("\n    ", "; "), hint)
}

/// Whether no connection to the provider could be made.
pub(super) fn is_connection_failure(error: &CredentialsError) -> bool {
    error_chain::find::<ConnectorError>(error).is_some()
}

/// Whether the error contains a [`ConnectError`], which is more specific than any message about credentials.
pub(super) fn is_explained(error: &(dyn Error + 'static)) -> bool {
    error_chain::find::<ConnectError>(error).is_some()
}

/// The service's message and code, if it responded with an error.
pub(super) fn service_error<E: ProvideErrorMetadata>(error: &SdkError<E>) -> Option<String> {
    let error = error.as_service_error()?;
    let message = redact(error.message().unwrap_or("no message"));
    Some(format!("{message} ({})", error.code()?))
}
