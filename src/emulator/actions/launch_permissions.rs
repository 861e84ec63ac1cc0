//! The action `DescribeImageAttribute`, for launch permissions.

use crate::emulator::account::Account;
use crate::emulator::form::Parameters;
use crate::emulator::request::{RequestContext, check_image_id};
use crate::emulator::response::ApiError;
use crate::emulator::xml::Xml;

/// Returns who may launch an image of the account.
pub(super) fn respond(
    account: &Account,
    context: &RequestContext<'_>,
    mut parameters: Parameters,
) -> Result<String, ApiError> {
    let state = &account.read().state;
    let image_id = parameters.required("ImageId")?;
    let attribute = parameters.required("Attribute")?;
    parameters.finish()?;
    check_image_id(state, &image_id)?;
    if attribute != "launchPermission" {
        let expected = "The emulator supports launchPermission only.";
        return Err(ApiError::invalid_value("Attribute", &attribute, expected));
    }
    let Some(image) = state.images.find(&image_id, context.region) else {
        return Err(ApiError::image_not_found(&[&image_id]));
    };
    if image.owner_id.as_ref() != Some(&state.images.account) {
        return Err(ApiError::new(
            "AuthFailure",
            format!("Not authorized for image:{image_id}"),
        ));
    }
    context.check_dry_run()?;
    Ok(Xml::response(context.action, context.request_id, |xml| {
        xml.text("imageId", &image_id);
        xml.list(
            "launchPermission",
            Some(&image.launch_permissions),
            |xml, permission| {
                xml.optional("group", permission.group.as_deref());
                xml.optional("userId", permission.user_id.as_deref());
                xml.optional("organizationArn", permission.organization_arn.as_deref());
                xml.optional(
                    "organizationalUnitArn",
                    permission.organizational_unit_arn.as_deref(),
                );
            },
        );
    }))
}
