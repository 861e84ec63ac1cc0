//! The action `DescribeImageUsageReportEntries`.

use super::filter::Filter;
use super::paging;
use super::refusal::Refusal;
use super::request::Request;
use super::state::{Entry, State};
use super::xml::Xml;

/// What entries can be filtered by.
#[derive(Clone, Copy, Debug)]
enum Attribute {
    AccountId,
    CreationTime,
    ResourceType,
}

impl Attribute {
    fn parse(name: &str) -> Option<Self> {
        match name {
            "account-id" => Some(Self::AccountId),
            "creation-time" => Some(Self::CreationTime),
            "resource-type" => Some(Self::ResourceType),
            _ => None,
        }
    }

    fn of<'e>(self, entry: &'e Entry<'_>) -> Option<&'e str> {
        match self {
            Self::AccountId => entry.account_id.as_deref(),
            Self::CreationTime => entry.report_creation_time,
            Self::ResourceType => entry.resource_type,
        }
    }
}

/// One page of entries. Only a report that is `available` has any to show, whatever the state holds.
pub(super) fn describe(
    state: &State,
    request: &Request,
    request_id: &str,
) -> Result<String, Refusal> {
    let filters = Filter::all(request.filters.values(), Attribute::parse)?;
    let start = paging::start(request)?;
    let mut wanted = state.selected(request);
    for (wanted, report) in wanted.iter_mut().zip(state.reports()) {
        *wanted &= report.state == "available";
    }
    let rows = state.entries(start, &wanted).filter(|(_, entry)| {
        (filters.iter()).all(|filter| filter.accepts(filter.attribute.of(entry)))
    });

    Ok(paging::page(
        request,
        request_id,
        "imageUsageReportEntrySet",
        rows,
        write,
    ))
}

fn write(xml: &mut Xml, entry: &Entry<'_>) {
    xml.optional("resourceType", entry.resource_type);
    xml.text("reportId", &entry.report.report_id);
    if let Some(count) = entry.usage_count {
        xml.text("usageCount", &count.to_string());
    }
    xml.optional("accountId", entry.account_id.as_deref());
    xml.text("imageId", &entry.report.image_id);
    xml.optional("reportCreationTime", entry.report_creation_time);
}
