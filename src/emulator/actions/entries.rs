//! The action `DescribeImageUsageReportEntries`.

use super::super::filter::Filter;
use super::super::form::Parameters;
use super::super::model::Entry;
use super::super::paging::Page;
use super::super::refusal::Refusal;
use super::super::request::Call;
use super::super::xml::Xml;
use super::{Account, wanted};

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

/// One page of entries.
pub(super) fn answer(
    account: &Account,
    call: &Call<'_>,
    mut parameters: Parameters,
) -> Result<String, Refusal> {
    let state = &account.read().state;
    let filters = Filter::all(&mut parameters, Attribute::parse)?;
    let page = Page::read(call, &mut parameters, 1)?;
    let wanted = wanted(state, call, &mut parameters)?;
    parameters.finish()?;
    call.end_dry_run()?;

    let rows = (state.reports.entries(&wanted, page.start)).filter(|(_, entry)| {
        (filters.iter()).all(|filter| filter.accepts(filter.attribute.of(entry)))
    });
    Ok(page.answer(call, "imageUsageReportEntrySet", rows, write))
}

fn write(xml: &mut Xml, entry: &Entry<'_>) {
    xml.optional("resourceType", entry.resource_type);
    xml.text("reportId", &entry.report.report_id);
    if let Some(count) = entry.usage_count {
        xml.number("usageCount", count);
    }
    xml.optional("accountId", entry.account_id.as_deref());
    xml.text("imageId", &entry.report.image_id);
    xml.optional("reportCreationTime", entry.report_creation_time);
}
