//! The action `DescribeImageUsageReports`.

use std::time::SystemTime;

use super::tag;
use crate::emulator::account::Account;
use crate::emulator::filter::Filter;
use crate::emulator::form::Parameters;
use crate::emulator::paging::Page;
use crate::emulator::request::{RequestContext, report_selection};
use crate::emulator::response::ApiError;
use crate::emulator::store::StoredReport;
use crate::emulator::xml::Xml;

/// The attributes of filters.
#[derive(Debug)]
enum Attribute {
    CreationTime,
    State,
    Tag(String),
    TagKey,
}

impl Attribute {
    fn parse(name: &str) -> Option<Self> {
        match name {
            "creation-time" => Some(Self::CreationTime),
            "state" => Some(Self::State),
            "tag-key" => Some(Self::TagKey),
            _ => (name.strip_prefix("tag:")).map(|key| Self::Tag(key.to_owned())),
        }
    }
}

fn accepts(filter: &Filter<Attribute>, stored: &StoredReport, now: SystemTime) -> bool {
    let report = &stored.report;
    let mut tags = report.tags.iter().flatten();
    match &filter.attribute {
        Attribute::CreationTime => filter.accepts(report.creation_time.as_deref()),
        Attribute::State => filter.accepts(Some(stored.state(now))),
        Attribute::Tag(key) => tags.any(|tag| tag.key == *key && filter.accepts(Some(&tag.value))),
        Attribute::TagKey => tags.any(|tag| filter.accepts(Some(&tag.key))),
    }
}

/// Returns a page of reports in any state.
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

    let rows = (state.reports.list(&selection, page.start))
        .filter(|(_, stored)| (filters.iter()).all(|filter| accepts(filter, stored, context.now)));
    Ok(
        page.respond(context, "imageUsageReportSet", rows, |xml, stored| {
            write(xml, stored, context.now);
        }),
    )
}

fn write(xml: &mut Xml, stored: &StoredReport, now: SystemTime) {
    let report = &stored.report;
    xml.text("imageId", &report.image_id);
    xml.text("reportId", &report.report_id);
    xml.list(
        "resourceTypeSet",
        report.resource_types.as_ref(),
        |xml, resource_type| {
            xml.text("resourceType", &resource_type.resource_type);
            xml.list(
                "resourceTypeOptionSet",
                resource_type.resource_type_options.as_ref(),
                |xml, option| {
                    xml.text("optionName", &option.option_name);
                    xml.list(
                        "optionValueSet",
                        option.option_values.as_ref(),
                        |xml, value| {
                            xml.characters(value);
                        },
                    );
                },
            );
        },
    );
    xml.list(
        "accountIdSet",
        report.account_ids.as_ref(),
        |xml, account| {
            xml.characters(account);
        },
    );
    xml.text("state", stored.state(now));
    xml.optional("stateReason", stored.state_reason(now));
    xml.optional("creationTime", report.creation_time.as_deref());
    xml.optional("expirationTime", report.expiration_time.as_deref());
    xml.list("tagSet", report.tags.as_ref(), tag::write);
}
