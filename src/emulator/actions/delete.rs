//! The action `DeleteImageUsageReport`.

use super::super::form::Parameters;
use super::super::refusal::Refusal;
use super::super::request::{Call, check_report_id};
use super::super::xml::Xml;
use super::Account;

/// Deletes a report with its entries, in whatever state it is.
pub(super) fn answer(
    account: &Account,
    call: &Call<'_>,
    mut parameters: Parameters,
) -> Result<String, Refusal> {
    let state = &mut account.write().state;
    let report_id = parameters.required("ReportId")?;
    check_report_id(state, &report_id)?;
    parameters.finish()?;
    let Some(position) = state.reports.find(&report_id, call.region) else {
        // The service documents no code for it; this one is made as EC2 makes them.
        return Err(Refusal::new(
            "InvalidImageUsageReportId.NotFound",
            format!("The image usage report '{report_id}' does not exist"),
        ));
    };
    call.end_dry_run()?;
    state.reports.delete(position);
    Ok(Xml::response(call.action, call.request_id, |xml| {
        xml.text("return", "true");
    }))
}
