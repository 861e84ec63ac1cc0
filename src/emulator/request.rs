//! A request of the EC2 Query protocol: from a form body to checked parameters.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::refusal::Refusal;
use super::state::State;

/// The most IDs of one kind that the service takes in a request.
const MAX_IDS: usize = 200;

/// The most filters, and the most values in each of them, that EC2 takes in a request.
const MAX_FILTERS: usize = 50;
const MAX_FILTER_VALUES: usize = 200;

/// The page size when `MaxResults` is absent. The service does not publish its own; 1,000 is what EC2 gives at
/// most where it does.
const DEFAULT_PAGE: usize = 1_000;

/// What the emulator can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Action {
    Entries,
    Reports,
}

impl Action {
    /// The name that requests call it by.
    pub fn name(self) -> &'static str {
        match self {
            Self::Entries => "DescribeImageUsageReportEntries",
            Self::Reports => "DescribeImageUsageReports",
        }
    }

    fn parse(name: &str) -> Option<Self> {
        [Self::Entries, Self::Reports]
            .into_iter()
            .find(|action| action.name() == name)
    }
}

/// A filter as it was sent.
#[derive(Debug, Default, Serialize)]
pub(super) struct SentFilter {
    pub name: Option<String>,
    pub values: List,
}

/// A flattened list: its members by their numbers, which need not begin at 1 or be dense.
type List = BTreeMap<u32, String>;

/// The parameters of a request; both actions have the same.
#[derive(Debug)]
pub(super) struct Request {
    pub action: Action,
    pub image_ids: List,
    pub report_ids: List,
    pub filters: BTreeMap<u32, SentFilter>,
    pub max_results: usize,
    pub next_token: Option<String>,
}

impl Request {
    /// Decodes a form body.
    ///
    /// # Errors
    /// What the service would answer to a request that is not well-formed, and `DryRunOperation` to a dry run
    /// of one that is.
    pub fn parse(form: &[u8]) -> Result<Self, Refusal> {
        // The action comes first: the parameters of another action are no news.
        let mut request = Self {
            action: action(form)?,
            image_ids: List::new(),
            report_ids: List::new(),
            filters: BTreeMap::new(),
            max_results: DEFAULT_PAGE,
            next_token: None,
        };
        let mut dry_run = false;
        let mut seen = BTreeSet::new();
        for (name, value) in form_urlencoded::parse(form) {
            if !seen.insert(name.clone()) {
                return Err(Refusal::new(
                    "InvalidQueryParameter",
                    format!("The parameter {name} may be specified once only"),
                ));
            }
            let number = |digits: &str| list_number(digits).ok_or_else(|| unknown_parameter(&name));
            match name.split('.').collect::<Vec<_>>()[..] {
                ["Action" | "Version"] => {}
                ["ImageId", n] => _ = request.image_ids.insert(number(n)?, value.into()),
                ["ReportId", n] => _ = request.report_ids.insert(number(n)?, value.into()),
                ["Filter", n, "Name"] => {
                    let filter = request.filters.entry(number(n)?).or_default();
                    filter.name = Some(value.into());
                }
                ["Filter", n, "Value", m] => {
                    let filter = request.filters.entry(number(n)?).or_default();
                    filter.values.insert(number(m)?, value.into());
                }
                ["MaxResults"] => request.max_results = page_size(&value)?,
                ["NextToken"] => request.next_token = Some(value.into()),
                ["DryRun"] => dry_run = boolean(&name, &value)?,
                _ => return Err(unknown_parameter(&name)),
            }
        }
        request.check_limits()?;
        if dry_run {
            return Err(Refusal::with_status(
                412,
                "DryRunOperation",
                "Request would have succeeded, but DryRun flag is set.",
            ));
        }
        Ok(request)
    }

    /// EC2 documents the limits but not, for these actions, the error; the codes are those of its other actions.
    fn check_limits(&self) -> Result<(), Refusal> {
        for (name, ids) in [("ImageId", &self.image_ids), ("ReportId", &self.report_ids)] {
            if ids.len() > MAX_IDS {
                return Err(Refusal::new(
                    "InvalidParameterValue",
                    format!(
                        "The request has {} values for {name}; the maximum is {MAX_IDS}",
                        ids.len()
                    ),
                ));
            }
        }
        if self.filters.len() > MAX_FILTERS
            || (self.filters.values()).any(|filter| filter.values.len() > MAX_FILTER_VALUES)
        {
            return Err(Refusal::new(
                "FilterLimitExceeded",
                format!(
                    "A request has at most {MAX_FILTERS} filters, and a filter at most {MAX_FILTER_VALUES} values"
                ),
            ));
        }
        Ok(())
    }

    /// Refuses IDs that cannot be any image's or report's.
    ///
    /// What `state` itself holds is taken as it is, so that a document with made-up IDs can be asked for them.
    /// An unknown report of a well-formed ID is no error but matches nothing, as an unknown image does: the
    /// service documents no error for it, and describes `ReportId` as a choice among what there is.
    ///
    /// # Errors
    /// `InvalidAMIID.Malformed`, or its like for reports, whose code is a guess by EC2's naming.
    pub fn check_ids(&self, state: &State) -> Result<(), Refusal> {
        let malformed = |code, id| Err(Refusal::new(code, format!("Invalid id: \"{id}\"")));
        for id in self.image_ids.values() {
            if !is_id("ami-", id) && !state.reports().iter().any(|report| report.image_id == *id) {
                return malformed("InvalidAMIID.Malformed", id);
            }
        }
        for id in self.report_ids.values() {
            if !is_id("amiur-", id) && !state.reports().iter().any(|report| report.report_id == *id)
            {
                return malformed("InvalidImageUsageReportId.Malformed", id);
            }
        }
        Ok(())
    }
}

/// What is to be done, by the API version that the emulator has.
fn action(form: &[u8]) -> Result<Action, Refusal> {
    let value = |wanted: &str| {
        form_urlencoded::parse(form).find_map(|(name, value)| (name == wanted).then_some(value))
    };
    let Some(name) = value("Action") else {
        return Err(Refusal::new(
            "MissingAction",
            "The request is missing an action",
        ));
    };
    let Some(action) = Action::parse(&name) else {
        return Err(Refusal::new(
            "InvalidAction",
            format!(
                "The action {name} is not valid for this web service: the emulator answers {} and {}",
                Action::Entries.name(),
                Action::Reports.name()
            ),
        ));
    };
    match value("Version").as_deref() {
        Some("2016-11-15") => Ok(action),
        Some(version) => Err(Refusal::new(
            "NoSuchVersion",
            format!("The requested version ({version}) of service AmazonEC2 does not exist"),
        )),
        None => Err(Refusal::new(
            "MissingParameter",
            "The request must contain the parameter Version",
        )),
    }
}

fn unknown_parameter(name: &str) -> Refusal {
    Refusal::new(
        "UnknownParameter",
        format!("The parameter {name} is not recognized"),
    )
}

/// The number of a list's member: from 1 on, in its plain form.
fn list_number(digits: &str) -> Option<u32> {
    let number: u32 = digits.parse().ok()?;
    (number >= 1 && number.to_string() == digits).then_some(number)
}

fn page_size(value: &str) -> Result<usize, Refusal> {
    match value.parse::<i32>().map(usize::try_from) {
        Ok(Ok(size @ 1..)) => Ok(size),
        _ => Err(Refusal::invalid_value(
            "MaxResults",
            value,
            "Expecting a whole number, at least 1.",
        )),
    }
}

fn boolean(name: &str, value: &str) -> Result<bool, Refusal> {
    value
        .parse()
        .map_err(|_| Refusal::invalid_value(name, value, "Expecting true or false."))
}

/// Whether `id` is `prefix` and 8 or 17 hexadecimal digits.
fn is_id(prefix: &str, id: &str) -> bool {
    id.strip_prefix(prefix).is_some_and(|digits| {
        matches!(digits.len(), 8 | 17) && digits.bytes().all(|byte| byte.is_ascii_hexdigit())
    })
}
