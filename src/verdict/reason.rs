//! The reasons for a verdict: a sentence for people, and a code for programs.

use std::fmt;

use serde::{Serialize, Serializer};

use crate::reports::CoverageGap;

/// A reason for a verdict.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Reason {
    /// Other accounts use the image.
    UsedByAccounts {
        /// The report that shows it.
        report_id: String,
        /// The number of accounts.
        accounts: usize,
        /// Whether a newer report, which covers what is needed, shows no use.
        newer_shows_none: bool,
    },
    /// The entries of a new report were not the same when they were read again: it counts as a use.
    ReportChanged {
        /// The report.
        report_id: String,
    },
    /// Resources of the owner reference it.
    ReferencedByOwner {
        /// The number of resources.
        references: usize,
    },
    /// The image was launched within the time of `--idle`, in any account.
    LaunchedRecently {
        /// The time of the launch, as the service sends it.
        time: String,
    },
    /// The image is younger than `--idle`.
    TooYoung {
        /// Its creation date, as the service sends it.
        time: String,
    },
    /// The image's creation date is absent, or one of its times is not readable.
    InvalidImageTime {
        /// The member of the API's `Image`.
        member: &'static str,
    },
    /// A report that covers what is needed shows no use, and no resource of the owner references the image.
    NoUseFound {
        /// The resource types that were not requested.
        omitted_types: Vec<String>,
    },
    /// The account owns no such image in this Region.
    NotOwned,
    /// The account owns no image with a matching name in any requested Region.
    NoImageFound {
        /// The name pattern.
        pattern: String,
    },
    /// A necessary request failed, or its response is incomplete.
    RequestFailed {
        /// The action.
        action: &'static str,
        /// The error.
        problem: String,
    },
    /// A page of a response has no list.
    ListMissing {
        /// The action.
        action: &'static str,
    },
    /// A permission is missing.
    PermissionMissing {
        /// The action, which is also the name of the IAM permission after the service's prefix.
        action: &'static str,
        /// The service's error, which may name another permission that the action needs.
        problem: String,
    },
    /// There is no report, and `--no-create` is set.
    NoReport,
    /// There is no report at all.
    NeverReported,
    /// There is no report with this ID.
    ReportNotFound {
        /// The report.
        report_id: String,
    },
    /// A newer report of the same image was requested too.
    Superseded {
        /// The report.
        report_id: String,
        /// The newer one.
        newer: String,
    },
    /// A report is still pending.
    ReportPending {
        /// The report.
        report_id: String,
    },
    /// The creation of a report failed.
    ReportFailed {
        /// The report.
        report_id: String,
        /// The service's reason.
        reason: Option<String>,
    },
    /// A report was deleted during the run.
    ReportDeleted {
        /// The report.
        report_id: String,
    },
    /// A report is past its expiration time.
    ReportExpired {
        /// The report.
        report_id: String,
    },
    /// A report is in an undocumented state.
    UnknownReportState {
        /// The report.
        report_id: String,
        /// The state.
        state: Option<String>,
    },
    /// A report does not cover all that is needed.
    NotCovered {
        /// The report.
        report_id: String,
        /// What it does not cover.
        gaps: Vec<CoverageGap>,
    },
    /// A report is older than `--max-report-age`.
    ReportTooOld {
        /// The report.
        report_id: String,
        /// The number of accounts in which it shows use, which does not prove use now.
        accounts: usize,
    },
    /// A report has no creation time, or one in the future.
    InvalidReportTime {
        /// The report.
        report_id: String,
    },
    /// An entry has no usage count, or a negative one.
    InvalidUsageCount {
        /// The report.
        report_id: String,
        /// The account, if the entry has one.
        account_id: Option<String>,
    },
    /// An item of a response belongs to another report or image, or to none.
    UnexpectedItem {
        /// The action that returned it.
        action: &'static str,
    },
}

impl Reason {
    /// Whether it shows a use.
    pub fn is_use(&self) -> bool {
        matches!(
            self,
            Self::UsedByAccounts { .. }
                | Self::ReportChanged { .. }
                | Self::ReferencedByOwner { .. }
                | Self::LaunchedRecently { .. }
        )
    }

    /// The code in JSON.
    pub fn code(&self) -> &'static str {
        match self {
            Self::UsedByAccounts { .. } => "UsedByAccounts",
            Self::ReportChanged { .. } => "ReportChanged",
            Self::ReferencedByOwner { .. } => "ReferencedByOwner",
            Self::LaunchedRecently { .. } => "LaunchedRecently",
            Self::TooYoung { .. } => "TooYoung",
            Self::InvalidImageTime { .. } => "InvalidImageTime",
            Self::NoUseFound { .. } => "NoUseFound",
            Self::NotOwned => "NotOwned",
            Self::NoImageFound { .. } => "NoImageFound",
            Self::RequestFailed { .. } | Self::ListMissing { .. } => "RequestFailed",
            Self::PermissionMissing { .. } => "PermissionMissing",
            Self::NoReport | Self::NeverReported => "NoReport",
            Self::ReportNotFound { .. } => "ReportNotFound",
            Self::Superseded { .. } => "Superseded",
            Self::ReportPending { .. } => "ReportPending",
            Self::ReportFailed { .. } => "ReportFailed",
            Self::ReportDeleted { .. } => "ReportDeleted",
            Self::ReportExpired { .. } => "ReportExpired",
            Self::UnknownReportState { .. } => "UnknownReportState",
            Self::NotCovered { .. } => "NotCovered",
            Self::ReportTooOld { .. } => "ReportTooOld",
            Self::InvalidReportTime { .. } => "InvalidReportTime",
            Self::InvalidUsageCount { .. } => "InvalidUsageCount",
            Self::UnexpectedItem { .. } => "UnexpectedItem",
        }
    }
}

/// A count with its noun.
fn count(number: usize, one: &str) -> String {
    match number {
        1 => format!("1 {one}"),
        number => format!("{number} {one}s"),
    }
}

// Longer than other functions: one sentence per reason reads best in one table.
impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UsedByAccounts {
                report_id,
                accounts,
                newer_shows_none,
            } => {
                let accounts = count(*accounts, "other account");
                write!(f, "used in {accounts}")?;
                match newer_shows_none {
                    true => write!(
                        f,
                        " according to report {report_id}; a newer report shows no use, and a shorter --max-report-age would rely on that one alone",
                    ),
                    false => Ok(()),
                }
            }
            Self::ReportChanged { report_id } => write!(
                f,
                "the entries of report {report_id} changed between two reads, which counts as use; rerun"
            ),
            Self::ReferencedByOwner { references } => match references {
                1 => f.write_str("1 resource in this account references it"),
                _ => write!(f, "{references} resources in this account reference it"),
            },
            Self::LaunchedRecently { time } => {
                write!(f, "last launched {time}, within --idle")
            }
            Self::TooYoung { time } => write!(f, "created {time}, within --idle"),
            Self::InvalidImageTime { member } => {
                write!(f, "DescribeImages returned no valid {member}")
            }
            Self::NoUseFound { omitted_types } => {
                f.write_str("no use and no reference found")?;
                match omitted_types.as_slice() {
                    [] => Ok(()),
                    names => write!(f, "; not checked: {}", names.join(", ")),
                }
            }
            Self::NotOwned => f.write_str(
                "this account owns no such image in this Region; check the ID, --region and --profile",
            ),
            Self::NoImageFound { pattern } => write!(
                f,
                "no image of this account has a name that matches {pattern:?}; check --name, --region and --profile"
            ),
            Self::RequestFailed { action, problem } => write!(f, "{action} failed: {problem}"),
            Self::ListMissing { action } => {
                write!(f, "{action} failed: a page of the response has no list")
            }
            Self::PermissionMissing { action, problem } => {
                let service = match *action {
                    "DescribeLaunchConfigurations" => "autoscaling",
                    _ => "ec2",
                };
                write!(f, "missing IAM permission {service}:{action}")?;
                if *action == "DescribeImageReferences" {
                    f.write_str(", or one of those in AmazonEC2ImageReferencesAccessPolicy")?;
                }
                write!(f, ": {problem}")
            }
            Self::NoReport => f.write_str(
                "no report covers it, and --no-create is set; omit --no-create to create one",
            ),
            Self::NeverReported => {
                f.write_str("no report; create one with `amiusage reports create`")
            }
            Self::ReportNotFound { report_id } => write!(
                f,
                "report {report_id} does not exist in this Region; check the ID, --region and --profile"
            ),
            Self::Superseded { report_id, newer } => write!(
                f,
                "report {report_id} is older than {newer} of the same image: their uses are not added up"
            ),
            Self::ReportPending { report_id } => {
                write!(f, "report {report_id} is still pending; rerun later")
            }
            Self::ReportFailed { report_id, reason } => {
                let reason = reason.as_deref().unwrap_or("no reason given");
                write!(f, "report {report_id} failed: {reason}")
            }
            Self::ReportDeleted { report_id } => {
                write!(f, "report {report_id} was deleted during the run; rerun")
            }
            Self::ReportExpired { report_id } => write!(
                f,
                "report {report_id} has expired, and its entries may be deleted"
            ),
            Self::UnknownReportState { report_id, state } => {
                let state = state.as_deref().unwrap_or("none");
                write!(f, "report {report_id} is in an unknown state: {state}")
            }
            Self::NotCovered { report_id, gaps } => {
                let gaps: Vec<_> = gaps.iter().map(ToString::to_string).collect();
                write!(f, "report {report_id} covers {}", gaps.join(" and "))
            }
            Self::ReportTooOld {
                report_id,
                accounts,
            } => {
                write!(f, "report {report_id} is older than --max-report-age")?;
                match accounts {
                    0 => Ok(()),
                    _ => {
                        let accounts = count(*accounts, "account");
                        write!(f, "; it shows use in {accounts}, which may have ended")
                    }
                }
            }
            Self::InvalidReportTime { report_id } => write!(
                f,
                "report {report_id} has no creation time, or one in the future; check the clock"
            ),
            Self::InvalidUsageCount {
                report_id,
                account_id,
            } => {
                let account = account_id.as_deref().unwrap_or("an unnamed account");
                write!(
                    f,
                    "report {report_id} has an entry without a valid count, for {account}"
                )
            }
            Self::UnexpectedItem { action } => {
                write!(f, "{action} returned an item that was not requested")
            }
        }
    }
}

/// The JSON form of a reason.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[cfg_attr(test, schemars(rename = "Reason"))]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Members<'a> {
    /// The kind of the reason, for programs.
    code: &'a str,
    /// The reason, for people.
    message: String,
}

impl Serialize for Reason {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let members = Members {
            code: self.code(),
            message: self.to_string(),
        };
        members.serialize(serializer)
    }
}
