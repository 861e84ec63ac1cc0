//! The action `DeleteImageUsageReport`.

use crate::emulator::account::Account;
use crate::emulator::form::Parameters;
use crate::emulator::request::{RequestContext, check_report_id};
use crate::emulator::response::ApiError;
use crate::emulator::xml::Xml;

/// Deletes a report in any state, with its entries.
pub(super) fn respond(
    account: &Account,
    context: &RequestContext<'_>,
    mut parameters: Parameters,
) -> Result<String, ApiError> {
    let state = &mut account.write().state;
    let report_id = parameters.required("ReportId")?;
    check_report_id(state, &report_id)?;
    parameters.finish()?;
    let Some(position) = state.reports.find(&report_id, context.region) else {
        // The code is not documented; it follows EC2's naming.
        return Err(ApiError::new(
            "InvalidImageUsageReportId.NotFound",
            format!("The image usage report '{report_id}' does not exist"),
        ));
    };
    context.check_dry_run()?;
    state.reports.delete(position);
    Ok(Xml::response(context.action, context.request_id, |xml| {
        xml.text("return", "true");
    }))
}
