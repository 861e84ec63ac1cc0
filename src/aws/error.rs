//! Why a request failed: error messages and hints.
//!
//! The SDK's outermost message is only "service error" or "dispatch failure". The code, the service's message and the
//! request ID are further down the chain, and are extracted here.

use std::any;
use std::borrow::Cow;
use std::error::Error;

use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_ec2::config::http::HttpResponse;
use aws_sdk_ec2::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_ec2::operation::RequestId;

use super::attempt::Attempt;
use super::connect_error::ConnectError;
use super::credentials_error::{self, LoadCredentialsError};
use super::ec2::Ec2;
use super::error_chain::{self, describe, describe_connection, describe_source, redact};
use super::transport_error::TransportError;
use super::xml;
use crate::error::{Category, UserError};

/// Why a request failed.
#[derive(Clone, Debug, thiserror::Error)]
pub enum RequestError {
    /// The settings are not sufficient to send a request.
    #[error("{problem}")]
    Configuration {
        /// What is missing or wrong.
        problem: String,
        /// What the user can do.
        hint: String,
    },

    /// Credentials could not be loaded.
    #[error("cannot load credentials: {problem}")]
    Credentials {
        /// What is missing or wrong.
        problem: String,
        /// What the user can do.
        hint: String,
    },

    /// The service responded with an error.
    #[error("{action} failed: {message} ({code}{})", suffix(.request_id))]
    Service {
        /// The action, such as `DescribeImageUsageReports`.
        action: &'static str,
        /// The service's error code, such as `UnauthorizedOperation`.
        code: String,
        /// The service's message.
        message: String,
        /// The ID by which AWS Support finds the request.
        request_id: Option<String>,
        /// What the user can do.
        hint: String,
    },

    /// The endpoint did not respond, or not in time, or the connection broke.
    #[error("request to {endpoint} failed: {problem}")]
    Network {
        /// The URL or the Region.
        endpoint: String,
        /// What happened.
        problem: String,
        /// What the user can do.
        hint: &'static str,
    },

    /// A certificate or a proxy prevents the connection.
    #[error("{problem}")]
    ConnectError {
        /// What failed, and why.
        problem: String,
        /// What the user can do.
        hint: &'static str,
    },

    /// What came back is not a response to the request.
    #[error("{endpoint} returned an invalid response: {problem}")]
    Response {
        /// The URL or the Region.
        endpoint: String,
        /// What is wrong with it.
        problem: String,
    },
}

/// The hint when there is no connection.
const NETWORK_HINT: &str = "check --endpoint-url, --region and the network, then retry";

/// The hint for a timeout or a broken connection.
fn network_hint(error: &TransportError) -> &'static str {
    match error {
        TransportError::ConnectTimeout(_) => {
            "check --endpoint-url, --region and the network; on a slow network increase --connect-timeout"
        }
        TransportError::ReadTimeout(_) | TransportError::Stalled { .. } => {
            "check --endpoint-url and the network; for slow responses increase --read-timeout or decrease --page-size"
        }
        TransportError::ConnectionBroken(_) | TransportError::Body { .. } => NETWORK_HINT,
    }
}

fn suffix(request_id: &Option<String>) -> String {
    (request_id.as_ref())
        .map(|id| format!(", request ID {id}"))
        .unwrap_or_default()
}

impl RequestError {
    /// Interprets the result of a dry run.
    ///
    /// # Errors
    /// All but `DryRunOperation`, which means that the request would have succeeded.
    pub fn unless_dry_run<T, E>(
        result: Result<T, SdkError<E, HttpResponse>>,
        ec2: &Ec2,
    ) -> Result<(), Self>
    where
        E: Error + ProvideErrorMetadata + RequestId + 'static,
    {
        match result.map_err(|error| Self::from_sdk(error, ec2)) {
            Ok(_) => Err(Self::Response {
                endpoint: ec2.endpoint(),
                problem: "data for a dry run".to_owned(),
            }),
            Err(error) if error.code() == Some("DryRunOperation") => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Interprets the SDK's error of a request to EC2.
    pub fn from_sdk<E>(error: SdkError<E, HttpResponse>, ec2: &Ec2) -> Self
    where
        E: Error + ProvideErrorMetadata + RequestId + 'static,
    {
        Self::from_sdk_at(error, ec2.endpoint())
    }

    /// Interprets the SDK's error of a request to `endpoint`.
    pub fn from_sdk_at<E>(error: SdkError<E, HttpResponse>, endpoint: String) -> Self
    where
        E: Error + ProvideErrorMetadata + RequestId + 'static,
    {
        // Before credentials: the services that provide them are connected to in the same way.
        if let Some(ConnectError { problem, hint }) = error_chain::find(&error) {
            let problem = problem.clone();
            return Self::ConnectError { problem, hint };
        }
        if let Some(error) = error_chain::find::<CredentialsError>(&error) {
            let LoadCredentialsError { problem, hint } = credentials_error::explain(error);
            return Self::Credentials { problem, hint };
        }
        let attempts = attempts(&error);
        if let Some(error) = error_chain::find::<TransportError>(&error) {
            return match error {
                TransportError::Body { error, status } => Self::Response {
                    endpoint,
                    problem: with_details(error, [Some(format!("status {status}")), attempts]),
                },
                error => Self::Network {
                    endpoint,
                    problem: with_details(describe(error), [attempts, None]),
                    hint: network_hint(error),
                },
            };
        }
        match &error {
            SdkError::ServiceError(service) => {
                Self::from_service(service.err(), service.raw(), endpoint, attempts)
            }
            SdkError::ResponseError(_) => Self::Response {
                endpoint,
                problem: with_details(
                    describe_source(&error),
                    [error.raw_response().map(status), None],
                ),
            },
            SdkError::TimeoutError(_) | SdkError::DispatchFailure(_) => Self::Network {
                endpoint,
                problem: with_details(describe_connection(&error), [attempts, None]),
                hint: NETWORK_HINT,
            },
            _ => Self::Configuration {
                problem: describe_source(&error),
                hint: "check --endpoint-url, --region and the profile".to_owned(),
            },
        }
    }

    /// Interprets an error response.
    fn from_service<E>(
        error: &E,
        response: &HttpResponse,
        endpoint: String,
        attempts: Option<String>,
    ) -> Self
    where
        E: Error + ProvideErrorMetadata + RequestId + 'static,
    {
        let body = response.body().bytes().unwrap_or_default();
        match error.code() {
            Some(code) => Self::Service {
                action: action::<E>(),
                hint: service_hint(code, service::<E>(), action::<E>()),
                code: code.to_owned(),
                message: redact(error.message().unwrap_or("no message")),
                request_id: (error.request_id().or_else(|| request_id(body))).map(str::to_owned),
            },
            // A complete document, but with an invalid number or time.
            None if response.status().is_success() => Self::Response {
                endpoint,
                problem: with_details(describe(error), [Some(status(response)), None]),
            },
            None => Self::Response {
                endpoint,
                problem: with_details(xml::describe(body), [Some(status(response)), attempts]),
            },
        }
    }

    /// Whether the account sends too many requests: the same request may succeed later.
    pub fn is_throttling(&self) -> bool {
        const CODES: [&str; 3] = ["RequestLimitExceeded", "Throttling", "ThrottlingException"];
        self.code().is_some_and(|code| CODES.contains(&code))
    }

    /// Whether a request about these IDs failed because of a single one that the error is about.
    pub fn concerns_one_of(&self, ids: &[String]) -> bool {
        const NAMING: [&str; 2] = ["AuthFailure", "UnauthorizedOperation"];
        let Self::Service { code, message, .. } = self else {
            return false;
        };
        let is_named = ids.iter().any(|id| message.contains(id.as_str()));
        code.starts_with("InvalidAMIID")
            || is_named && (code.starts_with("Invalid") || NAMING.contains(&code.as_str()))
    }

    /// The service's error code, if it responded with one.
    pub fn code(&self) -> Option<&str> {
        match self {
            Self::Service { code, .. } => Some(code),
            _ => None,
        }
    }

    /// Whether requests in all Regions fail alike, because the settings or the credentials are the cause.
    pub fn concerns_all_regions(&self) -> bool {
        matches!(self, Self::Configuration { .. } | Self::Credentials { .. })
    }
}

impl UserError for RequestError {
    fn category(&self) -> Category {
        match self {
            Self::Configuration { .. } | Self::Credentials { .. } => Category::Configuration,
            Self::Service { .. } => Category::Service,
            Self::Network { .. } | Self::ConnectError { .. } | Self::Response { .. } => {
                Category::Other
            }
        }
    }

    fn hint(&self) -> Option<Cow<'_, str>> {
        let hint: &str = match self {
            Self::Configuration { hint, .. }
            | Self::Credentials { hint, .. }
            | Self::Service { hint, .. } => hint,
            Self::ConnectError { hint, .. } | Self::Network { hint, .. } => hint,
            Self::Response { .. } => {
                "check for a proxy or another server at this address, then retry"
            }
        };
        Some(hint.into())
    }

    fn code(&self) -> Option<&str> {
        Self::code(self)
    }

    fn request_id(&self) -> Option<&str> {
        match self {
            Self::Service { request_id, .. } => request_id.as_deref(),
            _ => None,
        }
    }
}

/// How many attempts a failed request had, if more than one.
fn attempts<E: Error + 'static>(error: &SdkError<E, HttpResponse>) -> Option<String> {
    let last = match error.raw_response() {
        Some(response) => response.extension().cloned(),
        None => Attempt::of_error(error),
    };
    match last?.number {
        1 => None,
        number => Some(format!("{number} attempts")),
    }
}

fn status(response: &HttpResponse) -> String {
    format!("status {}", response.status().as_u16())
}

/// A problem with details in parentheses.
fn with_details(problem: impl ToString, details: [Option<String>; 2]) -> String {
    let details: Vec<String> = details.into_iter().flatten().collect();
    match details.as_slice() {
        [] => problem.to_string(),
        details => format!("{} ({})", problem.to_string(), details.join(", ")),
    }
}

/// The request ID in the body of an error response: the SDK reads only the header, which some endpoints omit.
fn request_id(body: &[u8]) -> Option<&str> {
    let (_, rest) = str::from_utf8(body).ok()?.split_once("<RequestID>")?;
    let (id, _) = rest.split_once("</RequestID>")?;
    Some(id.trim())
}

/// The hint for a service error.
///
/// The codes are those of the EC2 API's list of error codes and of AWS's common errors.
fn service_hint(code: &str, service: &str, action: &str) -> String {
    let hint = match code {
        "UnauthorizedOperation" | "AccessDenied" | "AccessDeniedException" => {
            return format!(
                "request the IAM permission {service}:{action}, or choose another --profile"
            );
        }
        "RequestExpired" | "ExpiredToken" | "ExpiredTokenException" => {
            "renew the credentials (`aws sso login` or a new session token); if they are new, check the clock"
        }
        "AuthFailure"
        | "InvalidClientTokenId"
        | "SignatureDoesNotMatch"
        | "UnrecognizedClientException" => {
            "check the access key, --profile and the clock; `aws sts get-caller-identity` shows who you are"
        }
        "OptInRequired" => "enable the Region for the account, or choose another --region",
        "InvalidAMIID.Malformed" | "InvalidAMIID.NotFound" | "InvalidAMIID.Unavailable" => {
            "check --region and the image IDs: `ami-` and 17 (or 8) hexadecimal digits"
        }
        "InvalidNextToken" | "InvalidPaginationToken" => {
            "use the token with the same IDs and filters as the command that printed it, or omit --starting-token to \
             start over"
        }
        "InvalidParameterValue" | "InvalidParameter" | "InvalidFilter" => match action {
            "DescribeImageUsageReportEntries" => {
                "check the values, which are case-sensitive; filters are account-id, creation-time and resource-type"
            }
            "DescribeImageUsageReports" => {
                "check the values, which are case-sensitive; filters are state, creation-time, tag:KEY and tag-key"
            }
            _ => "check the values, which are case-sensitive",
        },
        code if code.contains("ReportId") => {
            "check --region and the report IDs: `amiur-` and 17 hexadecimal digits; reports are deleted after 30 days"
        }
        "RequestLimitExceeded" | "Throttling" | "ThrottlingException" => {
            "the account sends too many requests: retry in a minute, or increase --max-attempts"
        }
        "InvalidAction" | "UnknownParameter" | "NoSuchVersion" => {
            "this endpoint does not support image usage reports: choose another --region or --endpoint-url"
        }
        "ResourceLimitExceeded" => {
            "an account can have 2,000 pending reports, and an image one: wait until some are available"
        }
        "IdempotentParameterMismatch" => {
            "this --client-token was used for another report: choose a new one or omit it"
        }
        "InternalError" | "InternalFailure" | "ServiceUnavailable" | "Unavailable" => {
            "the service has a problem: retry later"
        }
        _ => "look up the code in the EC2 API's list of error codes",
    };
    hint.to_owned()
}

/// The action whose errors are `E`, which is the SDK's `ACTIONError`. An error contains no other trace of its action.
fn action<E>() -> &'static str {
    let path = any::type_name::<E>();
    let name = path.rsplit("::").next().unwrap_or(path);
    name.strip_suffix("Error").unwrap_or(name)
}

/// The service whose errors are `E`, as in IAM: the SDK's crates are called `aws_sdk_SERVICE`.
fn service<E>() -> &'static str {
    let path = any::type_name::<E>();
    let name = path.split("::").next().unwrap_or(path);
    name.strip_prefix("aws_sdk_").unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hints_contain_the_action() {
        use aws_sdk_ec2::operation::create_image_usage_report::CreateImageUsageReportError;
        use aws_sdk_organizations::operation::list_accounts::ListAccountsError;

        fn hint<E>() -> String {
            service_hint("AccessDeniedException", service::<E>(), action::<E>())
        }
        assert_eq!(
            hint::<CreateImageUsageReportError>(),
            "request the IAM permission ec2:CreateImageUsageReport, or choose another --profile"
        );
        assert_eq!(
            hint::<ListAccountsError>(),
            "request the IAM permission organizations:ListAccounts, or choose another --profile"
        );
    }

    #[test]
    fn the_request_id_is_found_in_the_body() {
        let body = b"<Response><Errors/>\n<RequestID>59dbff89-EXAMPLE</RequestID></Response>";
        assert_eq!(request_id(body), Some("59dbff89-EXAMPLE"));
        assert_eq!(request_id(b"<Response><RequestID>59dbff89"), None);
        assert_eq!(request_id(b"\xff"), None);
    }
}
