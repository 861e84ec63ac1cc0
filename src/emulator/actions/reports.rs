//! The action `DescribeImageUsageReports`.

use std::time::SystemTime;

use super::super::filter::Filter;
use super::super::form::Parameters;
use super::super::paging::Page;
use super::super::refusal::Refusal;
use super::super::request::Call;
use super::super::store::Slot;
use super::super::xml::Xml;
use super::{Account, wanted, write_tag};

/// What reports can be filtered by.
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

fn passes(filter: &Filter<Attribute>, slot: &Slot, now: SystemTime) -> bool {
    let report = &slot.report;
    let mut tags = report.tags.iter().flatten();
    match &filter.attribute {
        Attribute::CreationTime => filter.accepts(report.creation_time.as_deref()),
        Attribute::State => filter.accepts(Some(slot.state(now))),
        Attribute::Tag(key) => tags.any(|tag| tag.key == *key && filter.accepts(Some(&tag.value))),
        Attribute::TagKey => tags.any(|tag| filter.accepts(Some(&tag.key))),
    }
}

/// One page of reports, in any state.
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

    let rows = (state.reports.list(&wanted, page.start))
        .filter(|(_, slot)| (filters.iter()).all(|filter| passes(filter, slot, call.now)));
    Ok(page.answer(call, "imageUsageReportSet", rows, |xml, slot| {
        write(xml, slot, call.now);
    }))
}

fn write(xml: &mut Xml, slot: &Slot, now: SystemTime) {
    let report = &slot.report;
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
    xml.text("state", slot.state(now));
    xml.optional("stateReason", slot.state_reason(now));
    xml.optional("creationTime", report.creation_time.as_deref());
    xml.optional("expirationTime", report.expiration_time.as_deref());
    xml.list("tagSet", report.tags.as_ref(), write_tag);
}
