//! The action `DescribeImageUsageReportEntries`.

use crate::emulator::account::Account;
use crate::emulator::filter::Filter;
use crate::emulator::form::Parameters;
use crate::emulator::model::Entry;
use crate::emulator::paging::Page;
use crate::emulator::request::{RequestContext, report_selection};
use crate::emulator::response::ApiError;
use crate::emulator::xml::Xml;

/// The value that a filter tests.
type Attribute = for<'e, 'r> fn(&'e Entry<'r>) -> Option<&'e str>;

fn attribute(name: &str) -> Option<Attribute> {
    let attribute: Attribute = match name {
        "account-id" => |entry| entry.account_id.as_deref(),
        "creation-time" => |entry| entry.report_creation_time,
        "resource-type" => |entry| entry.resource_type,
        _ => return None,
    };
    Some(attribute)
}

/// Returns a page of entries.
pub(super) fn respond(
    account: &Account,
    context: &RequestContext<'_>,
    mut parameters: Parameters,
) -> Result<String, ApiError> {
    let state = &account.read().state;
    let filters = Filter::parse_all(&mut parameters, attribute)?;
    let page = Page::read(context, &mut parameters, 1)?;
    let selection = report_selection(state, context, &mut parameters)?;
    parameters.finish()?;
    context.check_dry_run()?;

    let rows = (state.reports.entries(&selection, page.start)).filter(|(_, entry)| {
        (filters.iter()).all(|filter| filter.accepts((filter.attribute)(entry)))
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
