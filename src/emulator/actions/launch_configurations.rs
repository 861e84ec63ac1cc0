//! The action `DescribeLaunchConfigurations` of EC2 Auto Scaling, which has its own response format.

use crate::emulator::account::Account;
use crate::emulator::form::Parameters;
use crate::emulator::model::is_in;
use crate::emulator::paging::Page;
use crate::emulator::request::RequestContext;
use crate::emulator::response::ApiError;
use crate::emulator::xml::Xml;

/// The namespace of the API.
const NAMESPACE: &str = "http://autoscaling.amazonaws.com/doc/2011-01-01/";

/// The service's page size without `MaxRecords`, and the maximum.
const DEFAULT_SIZE: usize = 50;
const MAX_SIZE: usize = 100;

/// Returns a page of the account's launch configurations.
pub(super) fn respond(
    account: &Account,
    context: &RequestContext<'_>,
    mut parameters: Parameters,
) -> Result<String, ApiError> {
    let state = &account.read().state;
    let size = match parameters.text("MaxRecords") {
        None => DEFAULT_SIZE,
        Some(value) => (value.parse().ok())
            .filter(|size| (1..=MAX_SIZE).contains(size))
            .ok_or_else(|| {
                let expected = format!("Expecting a whole number from 1 to {MAX_SIZE}.");
                ApiError::invalid_value("MaxRecords", &value, &expected)
            })?,
    };
    let page = Page::read_sized(context, &mut parameters, size)?;
    parameters.finish()?;
    let rows = (state
        .launch_configurations
        .iter()
        .enumerate()
        .skip(page.start))
    .filter(|(_, configuration)| is_in(configuration.region.as_deref(), context.region));
    Ok(Xml::document(context.action, NAMESPACE, |xml| {
        xml.nest("DescribeLaunchConfigurationsResult", |xml| {
            let names = ["LaunchConfigurations", "member", "NextToken"];
            page.write(context, xml, names, rows, |xml, configuration| {
                xml.text(
                    "LaunchConfigurationName",
                    &configuration.launch_configuration_name,
                );
                xml.text(
                    "LaunchConfigurationARN",
                    &configuration.launch_configuration_arn,
                );
                xml.text("ImageId", &configuration.image_id);
            });
        });
        xml.nest("ResponseMetadata", |xml| {
            xml.text("RequestId", context.request_id)
        });
    }))
}
