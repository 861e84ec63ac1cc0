//! The action `DescribeImageUsageReportEntries`.

use crate::emulator::account::Account;
use crate::emulator::filter::Filter;
use crate::emulator::form::Parameters;
use crate::emulator::model::Entry;
use crate::emulator::paging::Page;
use crate::emulator::request::{RequestContext, report_selection};
use crate::emulator::response::ApiError;
use crate::emulator::xml::Xml;

/// The attributes of filters.
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

/// Returns a page of entries.
pub(super) fn respond(
    account: &Account,
    context: &RequestContext<'_>,
    mut parameters: Parameters,
) -> Result<String, ApiError> {
    let state = &account.read().state;
    let filters = Filter::parse_all(&mut parameters, Attribute::parse)?;
    let page = Page::read(context, &mut parameters, 1)?;
    let selection = report_selection(state, context, &mut parameters)?;
    parameters.finish()?;
    context.check_dry_run()?;

    let rows = (state.reports.entries(&selection, page.start)).filter(|(_, entry)| {
        (filters.iter()).all(|filter| filter.accepts(filter.attribute.of(entry)))
    });
    Ok(page.respond(context, "imageUsageReportEntrySet", rows, write))
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
