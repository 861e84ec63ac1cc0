//! The action `DescribeRegions`.

use std::collections::BTreeSet;

use crate::emulator::account::Account;
use crate::emulator::filter::Filter;
use crate::emulator::form::Parameters;
use crate::emulator::request::RequestContext;
use crate::emulator::response::ApiError;
use crate::emulator::xml::Xml;

/// The Regions that are always enabled.
const ENABLED_REGIONS: &[&str] = &["us-east-1", "us-west-2", "eu-west-1"];

/// A Region that is enabled only if the document has it.
const OPT_IN_REGION: &str = "af-south-1";

/// The geographies of the Regions above, by the start of a name.
const GEOGRAPHIES: &[(&str, &str)] = &[
    ("us-", "United States of America"),
    ("eu-west-1", "Ireland"),
    (OPT_IN_REGION, "South Africa"),
];

/// The value that a filter tests.
type Attribute = for<'r> fn(&'r Region<'_>) -> &'r str;

fn attribute(name: &str) -> Option<Attribute> {
    let attribute: Attribute = match name {
        "endpoint" => |region| &region.endpoint,
        "opt-in-status" => |region| region.status,
        "region-name" => |region| region.name,
        _ => return None,
    };
    Some(attribute)
}

/// A Region of the response.
struct Region<'a> {
    name: &'a str,
    endpoint: String,
    status: &'static str,
}

impl<'a> Region<'a> {
    fn new(name: &'a str, enabled: bool) -> Self {
        Self {
            name,
            endpoint: format!("ec2.{name}.amazonaws.com"),
            status: match (enabled, name) {
                (false, _) => "not-opted-in",
                (true, OPT_IN_REGION) => "opted-in",
                (true, _) => "opt-in-not-required",
            },
        }
    }
}

/// Returns the Regions, with those that are not enabled if `AllRegions` is set. The action has no pages.
pub(super) fn respond(
    account: &Account,
    context: &RequestContext<'_>,
    mut parameters: Parameters,
) -> Result<String, ApiError> {
    let state = &account.read().state;
    let filters = Filter::parse_all(&mut parameters, attribute)?;
    let names = parameters.list("RegionName");
    let all = parameters.boolean("AllRegions")?;
    parameters.finish()?;

    let in_document = state.regions.iter().map(String::as_str);
    let enabled: BTreeSet<&str> = ENABLED_REGIONS.iter().copied().chain(in_document).collect();
    let mut regions: Vec<Region<'_>> = (enabled.iter())
        .map(|name| Region::new(name, true))
        .collect();
    if !enabled.contains(OPT_IN_REGION) {
        regions.push(Region::new(OPT_IN_REGION, false));
    }
    for name in &names {
        if !regions.iter().any(|region| region.name == name) {
            return Err(ApiError::new(
                "InvalidParameterValue",
                format!("Invalid region name: {name}"),
            ));
        }
    }
    context.check_dry_run()?;

    regions.retain(|region| {
        (all || enabled.contains(region.name))
            && (names.is_empty() || names.iter().any(|name| name == region.name))
            && (filters.iter()).all(|filter| filter.accepts(Some((filter.attribute)(region))))
    });
    Ok(Xml::response(context.action, context.request_id, |xml| {
        xml.list("regionInfo", Some(&regions), |xml, region| {
            xml.text("regionName", region.name);
            xml.text("regionEndpoint", &region.endpoint);
            xml.text("optInStatus", region.status);
            let geographies = (GEOGRAPHIES.iter())
                .filter(|(start, _)| region.name.starts_with(start))
                .collect();
            xml.list("geographySet", Some(&geographies), |xml, (_, name)| {
                xml.text("name", name);
            });
        });
    }))
}
