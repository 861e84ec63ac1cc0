//! How a run ends: its exit status, and what stderr says when there is no whole answer.
//!
//! The statuses are those of AWS CLI version 2, so that a CI job's handling carries over. They are decided here
//! and nowhere else.

use std::io::ErrorKind;
use std::process::ExitCode;

use serde::{Serialize, Serializer};

use crate::args::error::ArgumentError;
use crate::aws::RequestError;
use crate::commands::{
    Interrupted, NotAvailable, NotRetirable, RegionFailed, RegionsMissing, Stopped, Unfinished,
};
use crate::listing::ListError;
use crate::output::WriteError;

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Status {
    /// The whole answer was written, or a dry run would have succeeded.
    Success = 0,
    /// `check`: an image is in use.
    InUse = 1,
    /// `check`: of an image it is not known whether it is in use.
    Unknown = 2,
    /// The user interrupted the run.
    Interrupted = 130,
    /// SIGTERM ended the run.
    Terminated = 143,
    /// The command line is wrong; nothing was sent.
    CommandLine = 252,
    /// Credentials, Region, profile or settings are missing or wrong.
    Configuration = 253,
    /// The service answered with an error.
    Service = 254,
    /// Anything else: network, time-out, incomplete answer, disk full.
    Other = 255,
}

impl From<Status> for ExitCode {
    fn from(status: Status) -> Self {
        Self::from(status as u8)
    }
}

impl Serialize for Status {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u8(*self as u8)
    }
}

/// Why there is no whole answer: a few lines for a person, or one JSON object on one line.
#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Message {
    /// The exit status.
    pub status: Status,
    /// What failed, and why.
    pub message: String,
    /// Which of several Regions it is about; absent where it is about all of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// The service's error code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// The service's ID of the request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// The token with which a later run writes the rest.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resume_token: Option<String>,
}

impl Message {
    /// A message with neither a code nor a next step.
    pub fn new(status: Status, message: String) -> Self {
        Self {
            status,
            message,
            region: None,
            code: None,
            request_id: None,
            hint: None,
            resume_token: None,
        }
    }

    /// What to say about an error; nothing when a reader closed the pipe, as `head` does, which is no error.
    pub fn about(error: &anyhow::Error) -> Option<Self> {
        let mut message = Self::new(Status::Other, format!("{error:#}"));
        if let Some(unfinished) = error.downcast_ref::<Unfinished>() {
            message.hint = Some(unfinished.hint().to_owned());
        }
        if let Some(stopped) = error.downcast_ref::<Stopped>() {
            message.resume_token = stopped.resume.as_ref().map(ToString::to_string);
        }
        if let Some(failed) = error.downcast_ref::<RegionFailed>() {
            message.region = Some(failed.region.clone());
            message.resume_token = failed.resume.as_ref().map(ToString::to_string);
        }
        for cause in error.chain() {
            let mut failure = cause.downcast_ref::<RequestError>();
            if let Some(error) = cause.downcast_ref::<ListError>() {
                message.hint = Some(error.hint().to_owned());
                if let ListError::RequestError(below) = error {
                    failure = Some(below);
                }
            }
            if let Some(failure) = failure {
                message.status = match failure {
                    RequestError::Configuration { .. } | RequestError::Credentials { .. } => {
                        Status::Configuration
                    }
                    RequestError::Service { .. } => Status::Service,
                    RequestError::Network { .. }
                    | RequestError::ConnectError { .. }
                    | RequestError::Response { .. } => Status::Other,
                };
                message.code = failure.code().map(str::to_owned);
                message.request_id = failure.request_id().map(str::to_owned);
                message.hint = Some(failure.hint().to_owned());
            } else if let Some(error) = cause.downcast_ref::<NotAvailable>() {
                message.hint = Some(error.hint().to_owned());
            } else if let Some(verdicts) = cause.downcast_ref::<NotRetirable>() {
                message.status = match verdicts.by_use {
                    true => Status::InUse,
                    false => Status::Unknown,
                };
                message.hint = Some(verdicts.hint().to_owned());
            } else if cause.is::<ArgumentError>() {
                message.status = Status::CommandLine;
            } else if let Some(missing) = cause.downcast_ref::<RegionsMissing>() {
                message.status = missing.status;
                let regions = missing.failed.join(" ");
                message.hint = Some(format!(
                    "look at what is said of each, then ask these alone: --region {regions}"
                ));
            } else if let Some(interrupted) = cause.downcast_ref::<Interrupted>() {
                message.status = (*interrupted).into();
            } else if let Some(WriteError { error, .. }) = cause.downcast_ref() {
                let hint = match error.kind() {
                    ErrorKind::BrokenPipe => return None,
                    ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge => {
                        "make room, or write elsewhere"
                    }
                    _ => "look at what stdout or --out-file leads to, or write elsewhere",
                };
                message.hint = Some(hint.to_owned());
            }
        }
        Some(message)
    }
}
