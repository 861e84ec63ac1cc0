//! Why an image has its verdict: in words for a person, and by a name for a program.

use std::fmt;

use serde::{Serialize, Serializer};

use crate::reports::CoverageGap;

/// A reason for a verdict.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Reason {
    /// Other accounts use the image.
    UsedByAccounts {
        /// The report that says so.
        report_id: String,
        /// How many accounts.
        accounts: usize,
        /// Whether a newer report, which covers the question, shows no use.
        newer_shows_none: bool,
    },
    /// Resources of the account's own refer to it.
    UsedByOwner {
        /// How many.
        references: usize,
    },
    /// A covering report shows no use, and nothing of one's own refers to the image.
    NothingFound,
    /// The account has no such image in this Region.
    NotOwned,
    /// A request that had to be answered was not.
    NotAnswered {
        /// The action.
        action: &'static str,
        /// What came of it.
        problem: String,
    },
    /// A permission is missing.
    PermissionMissing {
        /// The action, as IAM calls it without its `ec2:`.
        action: &'static str,
        /// The service's answer, which may name another action that this one needs.
        problem: String,
    },
    /// There is no report, and none was to be created.
    NoReport,
    /// A report is still being made.
    ReportPending {
        /// The report.
        report_id: String,
    },
    /// A report could not be made.
    ReportFailed {
        /// The report.
        report_id: String,
        /// The service's reason.
        reason: Option<String>,
    },
    /// A report was deleted meanwhile.
    ReportVanished {
        /// The report.
        report_id: String,
    },
    /// A report is past its expiration time.
    ReportExpired {
        /// The report.
        report_id: String,
    },
    /// A report is in a state that is not documented.
    ReportInUnknownState {
        /// The report.
        report_id: String,
        /// The state.
        state: Option<String>,
    },
    /// A report leaves out a part of the question.
    ReportNarrower {
        /// The report.
        report_id: String,
        /// What it leaves out.
        narrower: Vec<CoverageGap>,
    },
    /// A report is older than was allowed.
    ReportTooOld {
        /// The report.
        report_id: String,
        /// In how many accounts it shows use, which is no proof of use now.
        accounts: usize,
    },
    /// A report says that it is created after now, or does not say when it was.
    ReportWithoutTime {
        /// The report.
        report_id: String,
    },
    /// An entry has no count, or a negative one.
    EntryWithoutCount {
        /// The report.
        report_id: String,
        /// The account, where the entry names one.
        account_id: Option<String>,
    },
    /// What was found belongs to another report or image, or says of none.
    UnexpectedItem {
        /// The action that gave it.
        action: &'static str,
    },
}

impl Reason {
    /// The name by which a program knows this kind of reason.
    pub fn code(&self) -> &'static str {
        match self {
            Self::UsedByAccounts { .. } => "UsedByAccounts",
            Self::UsedByOwner { .. } => "UsedByOwner",
            Self::NothingFound => "NothingFound",
            Self::NotOwned => "NotOwned",
            Self::NotAnswered { .. } => "NotAnswered",
            Self::PermissionMissing { .. } => "PermissionMissing",
            Self::NoReport => "NoReport",
            Self::ReportPending { .. } => "ReportPending",
            Self::ReportFailed { .. } => "ReportFailed",
            Self::ReportVanished { .. } => "ReportVanished",
            Self::ReportExpired { .. } => "ReportExpired",
            Self::ReportInUnknownState { .. } => "ReportInUnknownState",
            Self::ReportNarrower { .. } => "ReportNarrower",
            Self::ReportTooOld { .. } => "ReportTooOld",
            Self::ReportWithoutTime { .. } => "ReportWithoutTime",
            Self::EntryWithoutCount { .. } => "EntryWithoutCount",
            Self::UnexpectedItem { .. } => "UnexpectedItem",
        }
    }
}

/// A number of things.
fn count(number: usize, one: &str) -> String {
    match number {
        1 => format!("1 {one}"),
        number => format!("{number} {one}s"),
    }
}

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
                        ", by report {report_id}; a newer one shows no use: a shorter --max-report-age goes by that alone",
                    ),
                    false => Ok(()),
                }
            }
            Self::UsedByOwner { references } => match references {
                1 => f.write_str("1 resource of this account refers to it"),
                _ => write!(f, "{references} resources of this account refer to it"),
            },
            Self::NothingFound => f.write_str("no use and no reference found"),
            Self::NotOwned => f.write_str(
                "this account owns no such image in this Region: check the ID, --region and --profile",
            ),
            Self::NotAnswered { action, problem } => {
                write!(f, "{action} was not answered whole: {problem}")
            }
            Self::PermissionMissing { action, problem } => {
                write!(f, "the IAM permission ec2:{action} is missing: {problem}")
            }
            Self::NoReport => f.write_str(
                "no report covers it, and none was to be created: leave --no-create away to have one",
            ),
            Self::ReportPending { report_id } => {
                write!(f, "report {report_id} is still pending: run it again later")
            }
            Self::ReportFailed { report_id, reason } => {
                let reason = reason.as_deref().unwrap_or("no reason given");
                write!(f, "report {report_id} failed: {reason}")
            }
            Self::ReportVanished { report_id } => {
                write!(f, "report {report_id} was deleted meanwhile: run it again")
            }
            Self::ReportExpired { report_id } => write!(
                f,
                "report {report_id} is past its expiration time, and its entries may be gone"
            ),
            Self::ReportInUnknownState { report_id, state } => {
                let state = state.as_deref().unwrap_or("none");
                write!(f, "report {report_id} is in an unknown state: {state}")
            }
            Self::ReportNarrower {
                report_id,
                narrower,
            } => {
                let narrower: Vec<_> = narrower.iter().map(ToString::to_string).collect();
                write!(f, "report {report_id} covers {}", narrower.join(" and "))
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
            Self::ReportWithoutTime { report_id } => write!(
                f,
                "report {report_id} has no creation time, or one that is to come: check the clock"
            ),
            Self::EntryWithoutCount {
                report_id,
                account_id,
            } => {
                let account = account_id.as_deref().unwrap_or("no account");
                write!(
                    f,
                    "report {report_id} has an entry without a count, for {account}"
                )
            }
            Self::UnexpectedItem { action } => {
                write!(f, "{action} answered with what was not asked for")
            }
        }
    }
}

impl Serialize for Reason {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        #[serde(rename_all = "PascalCase")]
        struct Members<'a> {
            code: &'a str,
            message: String,
        }
        Members {
            code: self.code(),
            message: self.to_string(),
        }
        .serialize(serializer)
    }
}
