//! What went wrong with a request, in the words that matter to a user.
//!
//! The SDK's outermost message is only "service error" or "dispatch failure"; the code, the service's words and
//! the request ID are further down, and are dug out here.

use std::borrow::Cow;
use std::error::Error;

use anyhow::Chain;
use aws_sdk_ec2::config::http::HttpResponse;
use aws_sdk_ec2::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_ec2::operation::RequestId;

use super::Ec2;
use super::attempt::Attempt;
use super::connect_error::ConnectError;
use super::credentials::{NoCredentials, explain};
use super::response::{self, TransportError};
use crate::error::{Category, UserError};

/// Why there is no answer.
#[derive(Clone, Debug, thiserror::Error)]
pub enum RequestError {
    /// The settings do not suffice to send a request.
    #[error("{problem}")]
    Configuration {
        /// What is missing or wrong.
        problem: String,
        /// What the user can do.
        hint: String,
    },

    /// No credentials could be had.
    #[error("no usable credentials: {problem}")]
    Credentials {
        /// Why not.
        problem: String,
        /// What the user can do.
        hint: String,
    },

    /// The service answered with an error.
    #[error("the service refused the request: {message} ({code}{})", request(.request_id))]
    Service {
        /// The service's error code, such as `UnauthorizedOperation`.
        code: String,
        /// The service's own words.
        message: String,
        /// The ID by which AWS Support finds the request.
        request_id: Option<String>,
        /// What the user can do.
        hint: String,
    },

    /// The endpoint did not answer, or not in time, or the connection broke.
    #[error("no answer from {endpoint}: {problem}")]
    Network {
        /// The URL or Region that was asked.
        endpoint: String,
        /// What happened.
        problem: String,
        /// What the user can do.
        hint: String,
    },

    /// The way to the service is barred, by a certificate that is not trusted or by a proxy.
    #[error("{problem}")]
    ConnectError {
        /// What is in the way, and where.
        problem: String,
        /// What the user can do.
        hint: &'static str,
    },

    /// What came back is not an answer to the request.
    #[error("{endpoint} sent what is not an answer of EC2: {problem}")]
    Response {
        /// The URL or Region that was asked.
        endpoint: String,
        /// What is wrong with it.
        problem: String,
    },
}

/// What helps when there is no connection.
const REACH: &str = "check --endpoint-url, --region and the network, then run it again";

/// What helps against a time-out or a broken connection.
fn retry_settings(fault: &TransportError) -> &'static str {
    match fault {
        TransportError::Connect(_) => {
            "check --endpoint-url, --region and the network; for a slow network give a longer --connect-timeout"
        }
        TransportError::ReadTimeout(_) | TransportError::Stall { .. } => {
            "check --endpoint-url and the network; for a slow answer give a longer --read-timeout or a smaller \
             --page-size"
        }
        TransportError::Broken(_) | TransportError::Body { .. } => REACH,
    }
}

fn request(id: &Option<String>) -> String {
    id.as_ref()
        .map(|id| format!(", request ID {id}"))
        .unwrap_or_default()
}

impl RequestError {
    /// Reads what a dry run came to.
    ///
    /// # Errors
    /// All but `DryRunOperation`, which says that the request would have been allowed.
    pub fn unless_dry_run<T, E>(
        answer: Result<T, SdkError<E, HttpResponse>>,
        ec2: &Ec2,
    ) -> Result<(), Self>
    where
        E: Error + ProvideErrorMetadata + RequestId + 'static,
    {
        match answer {
            Ok(_) => Err(Self::Response {
                endpoint: ec2.endpoint(),
                problem: "it answered a dry run with data".to_owned(),
            }),
            Err(error) => match Self::from_sdk(error, ec2) {
                failure if failure.code() == Some("DryRunOperation") => Ok(()),
                failure => Err(failure),
            },
        }
    }

    /// Reads the SDK's error.
    pub fn from_sdk<E>(error: SdkError<E, HttpResponse>, ec2: &Ec2) -> Self
    where
        E: Error + ProvideErrorMetadata + RequestId + 'static,
    {
        // Before the credentials: the services that these come from are reached in the same way.
        if let Some(connect_error) = Chain::new(&error).find_map(|cause| cause.downcast_ref()) {
            let ConnectError { problem, hint } = connect_error;
            return Self::ConnectError {
                problem: problem.clone(),
                hint,
            };
        }
        if let Some(credentials) = Chain::new(&error).find_map(|cause| cause.downcast_ref()) {
            let NoCredentials { problem, hint } = explain(credentials);
            return Self::Credentials { problem, hint };
        }
        let endpoint = ec2.endpoint();
        let attempt = match error.raw_response() {
            Some(response) => response.extension().copied(),
            None => Attempt::of_error(&error),
        };
        let attempts = match attempt {
            None | Some(Attempt(1)) => String::new(),
            Some(Attempt(attempts)) => format!(", in {attempts} attempts"),
        };
        if let Some(fault) =
            Chain::new(&error).find_map(|cause| cause.downcast_ref::<TransportError>())
        {
            let problem = format!("{}{attempts}", chain(fault));
            return match fault {
                TransportError::Body { .. } => Self::Response { endpoint, problem },
                _ => Self::Network {
                    endpoint,
                    problem,
                    hint: retry_settings(fault).to_owned(),
                },
            };
        }
        match &error {
            SdkError::ServiceError(service) => {
                let response = service.raw();
                let service = service.err();
                match service.code() {
                    Some(code) => Self::Service {
                        hint: advice(code, action::<E>()),
                        code: code.to_owned(),
                        message: public(service.message().unwrap_or("no message")),
                        request_id: service
                            .request_id()
                            .or_else(|| request_id(response.body().bytes()?))
                            .map(str::to_owned),
                    },
                    None => Self::Response {
                        endpoint,
                        problem: if response.status().is_success() {
                            // A whole document, but a number or a time in it is none.
                            format!("{}{}", chain(service), status(response))
                        } else {
                            let body = response.body().bytes().unwrap_or_default();
                            format!("{}{}{attempts}", response::describe(body), status(response))
                        },
                    },
                }
            }
            SdkError::ResponseError(_) => Self::Response {
                endpoint,
                problem: format!(
                    "{}{}",
                    inner(&error),
                    error.raw_response().map(status).unwrap_or_default()
                ),
            },
            SdkError::TimeoutError(_) | SdkError::DispatchFailure(_) => Self::Network {
                endpoint,
                problem: format!("{}{attempts}", inner(&error)),
                hint: REACH.to_owned(),
            },
            _ => Self::Configuration {
                problem: inner(&error),
                hint: "check --endpoint-url, --region and the profile".to_owned(),
            },
        }
    }

    /// Whether the account asks too much at once: the same request may succeed later.
    pub fn is_throttling(&self) -> bool {
        const CODES: [&str; 3] = ["RequestLimitExceeded", "Throttling", "ThrottlingException"];
        self.code().is_some_and(|code| CODES.contains(&code))
    }

    /// The service's error code, where it answered with one.
    pub fn code(&self) -> Option<&str> {
        match self {
            Self::Service { code, .. } => Some(code),
            _ => None,
        }
    }

    /// Whether it would be the same in any other Region: it is a matter of the settings or the credentials.
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
        let hint = match self {
            Self::Configuration { hint, .. }
            | Self::Credentials { hint, .. }
            | Self::Network { hint, .. }
            | Self::Service { hint, .. } => hint.as_str(),
            Self::ConnectError { hint, .. } => hint,
            Self::Response { .. } => {
                "check for a proxy or another program at this address, then rerun"
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

/// The request ID in the body of an error answer: the SDK looks at the header only, which not every endpoint sends.
fn request_id(body: &[u8]) -> Option<&str> {
    let (_, rest) = str::from_utf8(body).ok()?.split_once("<RequestID>")?;
    let (id, _) = rest.split_once("</RequestID>")?;
    Some(id.trim())
}

/// What helps against a service error, by its code.
///
/// The codes are those of the EC2 API's list of error codes and of the common errors of AWS.
fn advice(code: &str, action: &str) -> String {
    let step = match code {
        "UnauthorizedOperation" | "AccessDenied" | "AccessDeniedException" => {
            return format!("ask for the IAM permission ec2:{action}, or name another --profile");
        }
        "RequestExpired" | "ExpiredToken" | "ExpiredTokenException" => {
            "renew the credentials (`aws sso login`, or a new session token); if they are new, set the clock"
        }
        "AuthFailure"
        | "InvalidClientTokenId"
        | "SignatureDoesNotMatch"
        | "UnrecognizedClientException" => {
            "check the access key, the --profile and the clock; `aws sts get-caller-identity` tells who you are"
        }
        "OptInRequired" => "enable the Region for the account, or ask in another --region",
        "InvalidAMIID.Malformed" | "InvalidAMIID.NotFound" | "InvalidAMIID.Unavailable" => {
            "check the image IDs: `ami-` and 17 (or 8) hexadecimal digits, in this --region"
        }
        "InvalidNextToken" | "InvalidPaginationToken" => {
            "give the token to the command line that it came from, with the same IDs and filters, or begin anew \
             without --starting-token"
        }
        "InvalidParameterValue" | "InvalidParameter" | "InvalidFilter" => match action {
            "DescribeImageUsageReportEntries" => {
                "check the values; filters are account-id, creation-time and resource-type, and case matters"
            }
            "DescribeImageUsageReports" => {
                "check the values; filters are state, creation-time, tag:KEY and tag-key, and case matters"
            }
            _ => "check the values; case matters",
        },
        code if code.contains("ReportId") => {
            "check the report IDs: `amiur-` and 17 hexadecimal digits, in this --region; reports are deleted after \
             30 days"
        }
        "RequestLimitExceeded" | "Throttling" | "ThrottlingException" => {
            "the account asks too much at once: wait a minute and run it again, or give more --max-attempts"
        }
        "InvalidAction" | "UnknownParameter" | "NoSuchVersion" => {
            "this endpoint does not know image usage reports: ask another --region or --endpoint-url"
        }
        "ResourceLimitExceeded" => {
            "there may be 2,000 pending reports in an account, and one of an image: wait until some are done"
        }
        "IdempotentParameterMismatch" => {
            "this --client-token was used for another report: give another one, or none"
        }
        "InternalError" | "InternalFailure" | "ServiceUnavailable" | "Unavailable" => {
            "the fault is the service's: run it again in a while"
        }
        _ => "look the code up in the EC2 API's list of error codes",
    };
    step.to_owned()
}

/// The action whose errors are `E`, which is the SDK's `ACTIONError`: nothing else of an error tells it, and only
/// advice rests on the name.
fn action<E>() -> &'static str {
    let path = std::any::type_name::<E>();
    let name = path.rsplit("::").next().unwrap_or(path);
    name.strip_suffix("Error").unwrap_or(name)
}

/// What may be shown of the words of an error: no user name, password and query of a URL, no headers, no bodies.
pub(super) fn public(words: &str) -> String {
    // AWS answers a wrong signature with the request as it understands it, session token and all. The SDK's client
    // of instance metadata shows the whole response, its readers of JSON the value that does not fit, and where a URL
    // is none it shows that and the whole request.
    const TOO_MUCH: [&str; 4] = [
        "the canonical string for this request",
        "response { status",
        "but found `",
        "to apply endpoint `",
    ];

    let lower = words.to_ascii_lowercase();
    let end = TOO_MUCH.iter().filter_map(|start| lower.find(start)).min();
    let words = words[..end.unwrap_or(words.len())].trim_end();
    let ends = |c: char| c.is_whitespace() || "\"'`<>".contains(c);
    words
        .split_inclusive(ends)
        .map(|part| {
            let word = part.trim_end_matches(ends);
            match word.split_once("://") {
                Some((scheme, rest)) => {
                    let rest = rest.rsplit_once('@').map_or(rest, |(_, host)| host);
                    let rest = rest.split_once('?').map_or(rest, |(path, _)| path);
                    Cow::from(format!("{scheme}://{rest}{}", &part[word.len()..]))
                }
                None => Cow::from(part),
            }
        })
        .collect()
}

/// The words of an error and of its causes, each said once, as far as they may be shown.
pub(super) fn chain(error: &(dyn Error + 'static)) -> String {
    let mut said: Vec<String> = Vec::new();
    for cause in Chain::new(error) {
        let words = public(&cause.to_string());
        if !said.iter().any(|earlier| earlier.contains(&words)) {
            said.push(words);
        }
    }
    said.join(": ")
}

/// The words below the SDK's outermost "dispatch failure" and its like.
pub(super) fn inner(error: &(dyn Error + 'static)) -> String {
    error.source().map_or_else(|| error.to_string(), chain)
}

fn status(response: &HttpResponse) -> String {
    format!(" (status {})", response.status().as_u16())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_be_shown() {
        for (words, shown) in [
            (
                "nothing: to/hide? me@example.com",
                "nothing: to/hide? me@example.com",
            ),
            (
                "arn:aws:sts::1:assumed-role/r/me@example.com",
                "arn:aws:sts::1:assumed-role/r/me@example.com",
            ),
            (
                "look at https://docs.aws.amazon.com/x#y.",
                "look at https://docs.aws.amazon.com/x#y.",
            ),
            (
                "bad URI: `http://me:p@ss/w?rd@host:1/x?token=1`, sorry",
                "bad URI: `http://host:1/x`, sorry",
            ),
            (
                "wrong.\n\nThe Canonical String for this request should",
                "wrong.",
            ),
            ("é: failed to apply endpoint `x` to `y`", "é: failed"),
        ] {
            assert_eq!(public(words), shown);
        }
    }

    #[test]
    fn advice_names_the_action() {
        use aws_sdk_ec2::operation::create_image_usage_report::CreateImageUsageReportError;

        let action = action::<CreateImageUsageReportError>();
        assert_eq!(
            advice("UnauthorizedOperation", action),
            "ask for the IAM permission ec2:CreateImageUsageReport, or name another --profile"
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
