//! The action `DescribeImages`.

use std::borrow::Cow;

use aws_smithy_types::DateTime;
use serde_json::{Map, Value};

use crate::emulator::account::Account;
use crate::emulator::filter::Filter;
use crate::emulator::form::Parameters;
use crate::emulator::model::{Image, is_in};
use crate::emulator::paging::{Page, max_results};
use crate::emulator::request::{RequestContext, check_image_id};
use crate::emulator::response::ApiError;
use crate::emulator::timestamp;
use crate::emulator::xml::Xml;

/// The documented filters, and the paths of the members that they test.
const FILTERS: &[(&str, &[&str])] = &[
    ("architecture", &["Architecture"]),
    (
        "block-device-mapping.delete-on-termination",
        &["BlockDeviceMappings", "Ebs", "DeleteOnTermination"],
    ),
    (
        "block-device-mapping.device-name",
        &["BlockDeviceMappings", "DeviceName"],
    ),
    (
        "block-device-mapping.encrypted",
        &["BlockDeviceMappings", "Ebs", "Encrypted"],
    ),
    (
        "block-device-mapping.snapshot-id",
        &["BlockDeviceMappings", "Ebs", "SnapshotId"],
    ),
    (
        "block-device-mapping.volume-size",
        &["BlockDeviceMappings", "Ebs", "VolumeSize"],
    ),
    (
        "block-device-mapping.volume-type",
        &["BlockDeviceMappings", "Ebs", "VolumeType"],
    ),
    ("boot-mode", &["BootMode"]),
    ("creation-date", &["CreationDate"]),
    ("description", &["Description"]),
    ("ena-support", &["EnaSupport"]),
    ("free-tier-eligible", &["FreeTierEligible"]),
    ("hypervisor", &["Hypervisor"]),
    ("image-id", &["ImageId"]),
    ("image-type", &["ImageType"]),
    ("is-public", &["Public"]),
    ("kernel-id", &["KernelId"]),
    ("manifest-location", &["ImageLocation"]),
    ("name", &["Name"]),
    ("owner-alias", &["ImageOwnerAlias"]),
    ("owner-id", &["OwnerId"]),
    ("platform", &["Platform"]),
    ("product-code", &["ProductCodes", "ProductCodeId"]),
    ("product-code.type", &["ProductCodes", "ProductCodeType"]),
    ("public-ssm-parameter-name", &["PublicSsmParameterName"]),
    ("ramdisk-id", &["RamdiskId"]),
    ("root-device-name", &["RootDeviceName"]),
    ("root-device-type", &["RootDeviceType"]),
    ("source-image-id", &["SourceImageId"]),
    ("source-image-region", &["SourceImageRegion"]),
    ("source-instance-id", &["SourceInstanceId"]),
    ("sriov-net-support", &["SriovNetSupport"]),
    ("state", &["State"]),
    ("state-reason-code", &["StateReason", "Code"]),
    ("state-reason-message", &["StateReason", "Message"]),
    ("tag-key", &["Tags", "Key"]),
    ("virtualization-type", &["VirtualizationType"]),
];

/// The documented filters about what is not in the emulator's data: the exact name, or what it begins with.
const UNKNOWN_FILTERS: [&str; 4] = [
    "image-allowed",
    "image-watermark.",
    "instance-type-specification.",
    "scan-result.",
];

/// What a filter tests.
enum Attribute {
    Member(&'static [&'static str]),
    Tag(String),
}

impl Attribute {
    fn parse(name: &str) -> Option<Self> {
        if let Some(key) = name.strip_prefix("tag:") {
            return Some(Self::Tag(key.to_owned()));
        }
        let (_, path) = FILTERS.iter().find(|(known, _)| *known == name)?;
        Some(Self::Member(path))
    }
}

/// A filter that EC2 has must not match nothing: the result would differ from the service's without an error.
fn reject_unknown_filters(parameters: &Parameters) -> Result<(), ApiError> {
    let is_unknown = |name: &&String| UNKNOWN_FILTERS.iter().any(|start| name.starts_with(start));
    let mut names = (parameters.iter())
        .filter(|(parameter, _)| parameter.starts_with("Filter.") && parameter.ends_with(".Name"))
        .map(|(_, name)| name);
    match names.find(is_unknown) {
        None => Ok(()),
        Some(name) => Err(ApiError::new(
            "UnsupportedOperation",
            format!("The emulator does not know EC2's filter '{name}'"),
        )),
    }
}

fn accepts(filter: &Filter<Attribute>, image: &Image) -> bool {
    let values = match &filter.attribute {
        Attribute::Member(path) => texts(&image.members, path),
        Attribute::Tag(key) => (image.members.get("Tags").and_then(Value::as_array))
            .into_iter()
            .flatten()
            .filter(|tag| tag["Key"] == **key)
            .filter_map(|tag| tag["Value"].as_str().map(Cow::Borrowed))
            .collect(),
    };
    values.iter().any(|value| filter.accepts(Some(value)))
}

/// The texts at a path of member names, of each item of a list.
fn texts<'v>(members: &'v Map<String, Value>, path: &[&str]) -> Vec<Cow<'v, str>> {
    let Some((value, rest)) = path
        .split_first()
        .and_then(|(name, rest)| Some((members.get(*name)?, rest)))
    else {
        return Vec::new();
    };
    match value {
        Value::Array(items) => (items.iter().filter_map(Value::as_object))
            .flat_map(|item| texts(item, rest))
            .collect(),
        Value::Object(members) => texts(members, rest),
        Value::String(text) => vec![text.into()],
        number_or_bool => vec![number_or_bool.to_string().into()],
    }
}

/// The parameters that select images, besides filters.
struct Selection {
    image_ids: Vec<String>,
    owners: Vec<String>,
    executable_users: Vec<String>,
    include_deprecated: bool,
    include_disabled: bool,
}

impl Selection {
    fn parse(parameters: &mut Parameters) -> Result<Self, ApiError> {
        Ok(Self {
            image_ids: parameters.list("ImageId"),
            owners: parameters.list("Owner"),
            executable_users: parameters.list("ExecutableBy"),
            include_deprecated: parameters.boolean("IncludeDeprecated")?,
            include_disabled: parameters.boolean("IncludeDisabled")?,
        })
    }

    /// Whether it selects an image. Owners always see their deprecated images, and an ID selects a deprecated one.
    fn contains(&self, image: &Image, account: &str, now: &str) -> bool {
        let is_own = image.owner_id.as_deref() == Some(account);
        let is_owner = |owner: &String| match owner.as_str() {
            "self" => is_own,
            owner => {
                [image.owner_id.as_deref(), image.text("ImageOwnerAlias")].contains(&Some(owner))
            }
        };
        let is_deprecated = (image.text("DeprecationTime")).is_some_and(|time| time <= now);
        (self.owners.is_empty() || self.owners.iter().any(is_owner))
            && (self.executable_users.is_empty()
                || (self.executable_users.iter()).any(|user| is_shared(image, user, account)))
            && (self.image_ids.is_empty() || self.image_ids.contains(&image.image_id))
            && (self.include_disabled || image.text("State") != Some("disabled"))
            && (self.include_deprecated || !is_deprecated || is_own || !self.image_ids.is_empty())
    }
}

/// Whether `user` has an explicit launch permission: an account, the caller's (`self`), or everyone (`all`).
fn is_shared(image: &Image, user: &str, account: &str) -> bool {
    let user = if user == "self" { account } else { user };
    let mut permissions = image.launch_permissions.iter();
    match user {
        "all" => {
            image.members.get("Public") == Some(&Value::Bool(true))
                || permissions.any(|permission| permission.group.as_deref() == Some("all"))
        }
        // The emulated account is in every organization.
        user => permissions.any(|permission| {
            permission.user_id.as_deref() == Some(user)
                || user == account && permission.is_of_organization()
        }),
    }
}

/// Returns a page of images; all of them without `MaxResults`, which image IDs do not allow.
pub(super) fn respond(
    account: &Account,
    context: &RequestContext<'_>,
    mut parameters: Parameters,
) -> Result<String, ApiError> {
    let data = account.read();
    let images = &data.state.images;
    reject_unknown_filters(&parameters)?;
    let filters = Filter::parse_all(&mut parameters, Attribute::parse)?;
    let size = max_results(&mut parameters, 1)?;
    let page = Page::read_sized(context, &mut parameters, size.unwrap_or(usize::MAX))?;
    let selection = Selection::parse(&mut parameters)?;
    parameters.finish()?;
    let ids = &selection.image_ids;
    for id in ids {
        check_image_id(&data.state, id)?;
    }
    if size.is_some() && !ids.is_empty() {
        return Err(ApiError::new(
            "InvalidParameterCombination",
            "The parameter imageIdsSet cannot be used with the parameter maxResults",
        ));
    }
    let unknown: Vec<_> = (ids.iter().map(String::as_str))
        .filter(|id| images.find(id, context.region).is_none())
        .collect();
    if !unknown.is_empty() {
        return Err(ApiError::image_not_found(&unknown));
    }
    context.check_dry_run()?;

    let now = timestamp::format(DateTime::from(context.now)).unwrap_or_default();
    let rows = (images.list().iter().enumerate().skip(page.start)).filter(|(_, image)| {
        is_in(image.region.as_deref(), context.region)
            && selection.contains(image, &images.account, &now)
            && filters.iter().all(|filter| accepts(filter, image))
    });
    Ok(page.respond(context, "imagesSet", rows, |xml, image| {
        write(xml, &image.members);
    }))
}

/// Writes members under the names of their elements. Other keys of a document may not be valid names.
fn write(xml: &mut Xml, members: &Map<String, Value>) {
    let is_member = |name: &str| {
        name.starts_with(|initial: char| initial.is_ascii_uppercase())
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric())
    };
    for (name, value) in members.iter().filter(|(name, _)| is_member(name)) {
        let name = &element(name);
        match value {
            Value::Null => {}
            Value::Object(members) => xml.nest(name, |xml| write(xml, members)),
            Value::Array(items) => {
                let items = items.iter().filter_map(Value::as_object).collect();
                xml.list(name, Some(&items), |xml, item| write(xml, item));
            }
            Value::String(text) => xml.text(name, text),
            number_or_bool => xml.text(name, &number_or_bool.to_string()),
        }
    }
}

/// The name of a member's element: with a small initial letter, apart from these.
fn element(member: &str) -> Cow<'_, str> {
    let element = match member {
        "BlockDeviceMappings" => "blockDeviceMapping",
        "ImageWatermarks" => "imageWatermarkSet",
        "OwnerId" => "imageOwnerId",
        "ProductCodeId" => "productCode",
        "ProductCodeType" => "type",
        "Public" => "isPublic",
        "State" => "imageState",
        "SupportedInstanceTypes" => "supportedInstanceTypeSet",
        "Tags" => "tagSet",
        "UnsupportedInstanceTypes" => "unsupportedInstanceTypeSet",
        "AvailabilityZoneId" | "EbsCardIndex" | "VolumeInitializationRate" => member,
        _ => return (member[..1].to_ascii_lowercase() + &member[1..]).into(),
    };
    element.into()
}
