//! The action `DescribeImageUsageReports`.

use super::filter::Filter;
use super::paging;
use super::refusal::Refusal;
use super::request::Request;
use super::state::{Report, State};
use super::xml::Xml;

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

fn passes(filter: &Filter<Attribute>, report: &Report) -> bool {
    let mut tags = report.tags.iter().flatten();
    match &filter.attribute {
        Attribute::CreationTime => filter.accepts(report.creation_time.as_deref()),
        Attribute::State => filter.accepts(Some(&report.state)),
        Attribute::Tag(key) => tags.any(|tag| tag.key == *key && filter.accepts(Some(&tag.value))),
        Attribute::TagKey => tags.any(|tag| filter.accepts(Some(&tag.key))),
    }
}

/// One page of reports, in any state.
pub(super) fn describe(
    state: &State,
    request: &Request,
    request_id: &str,
) -> Result<String, Refusal> {
    let filters = Filter::all(request.filters.values(), Attribute::parse)?;
    let start = paging::start(request)?;
    let wanted = state.selected(request);
    let rows = (state.reports().iter().enumerate().skip(start))
        .filter(|&(position, _)| wanted[position])
        .filter(|(_, report)| filters.iter().all(|filter| passes(filter, report)));

    Ok(paging::page(
        request,
        request_id,
        "imageUsageReportSet",
        rows,
        |xml, report| write(xml, report),
    ))
}

fn write(xml: &mut Xml, report: &Report) {
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
    xml.text("state", &report.state);
    xml.optional("stateReason", report.state_reason.as_deref());
    xml.optional("creationTime", report.creation_time.as_deref());
    xml.optional("expirationTime", report.expiration_time.as_deref());
    xml.list("tagSet", report.tags.as_ref(), |xml, tag| {
        xml.text("key", &tag.key);
        xml.text("value", &tag.value);
    });
}
