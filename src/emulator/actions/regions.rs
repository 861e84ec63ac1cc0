//! The action `DescribeRegions`.

use std::collections::BTreeSet;

use super::super::filter::Filter;
use super::super::form::Parameters;
use super::super::refusal::Refusal;
use super::super::request::Call;
use super::super::xml::Xml;
use super::Account;

/// The Regions that are there whatever the document says.
const ENABLED: &[&str] = &["us-east-1", "us-west-2", "eu-west-1"];

/// One that has to be enabled first, which the account has not done unless the document speaks of it.
const NOT_ENABLED: &str = "af-south-1";

/// What Regions can be filtered by.
#[derive(Clone, Copy, Debug)]
enum Attribute {
    Endpoint,
    OptInStatus,
    RegionName,
}

impl Attribute {
    fn parse(name: &str) -> Option<Self> {
        match name {
            "endpoint" => Some(Self::Endpoint),
            "opt-in-status" => Some(Self::OptInStatus),
            "region-name" => Some(Self::RegionName),
            _ => None,
        }
    }
}

/// A Region as it is answered.
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
                (true, NOT_ENABLED) => "opted-in",
                (true, _) => "opt-in-not-required",
            },
        }
    }

    fn get(&self, attribute: Attribute) -> &str {
        match attribute {
            Attribute::Endpoint => &self.endpoint,
            Attribute::OptInStatus => self.status,
            Attribute::RegionName => self.name,
        }
    }
}

/// The Regions, those that are not enabled only if they are asked for. There are no pages.
pub(super) fn answer(
    account: &Account,
    call: &Call<'_>,
    mut parameters: Parameters,
) -> Result<String, Refusal> {
    let state = &account.read().state;
    let filters = Filter::all(&mut parameters, Attribute::parse)?;
    let names = parameters.list("RegionName");
    let all = parameters.boolean("AllRegions")?;
    parameters.finish()?;

    let documented = state.regions.iter().map(String::as_str);
    let enabled: BTreeSet<&str> = ENABLED.iter().copied().chain(documented).collect();
    let mut regions: Vec<Region<'_>> = (enabled.iter())
        .map(|name| Region::new(name, true))
        .collect();
    if !enabled.contains(NOT_ENABLED) {
        regions.push(Region::new(NOT_ENABLED, false));
    }
    for name in &names {
        if !regions.iter().any(|region| region.name == name) {
            return Err(Refusal::new(
                "InvalidParameterValue",
                format!("Invalid region name: {name}"),
            ));
        }
    }
    call.end_dry_run()?;

    regions.retain(|region| {
        (all || enabled.contains(region.name))
            && (names.is_empty() || names.iter().any(|name| name == region.name))
            && (filters.iter()).all(|filter| filter.accepts(Some(region.get(filter.attribute))))
    });
    Ok(Xml::response(call.action, call.request_id, |xml| {
        xml.list("regionInfo", Some(&regions), |xml, region| {
            xml.text("regionName", region.name);
            xml.text("regionEndpoint", &region.endpoint);
            xml.text("optInStatus", region.status);
        });
    }))
}
