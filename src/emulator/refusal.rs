//! The service's errors: their codes, statuses and XML.

use super::Response;
use super::xml::Xml;

/// Why a request is not answered, as the service puts it.
#[derive(Debug)]
pub(super) struct Refusal {
    status: u16,
    code: &'static str,
    message: String,
}

impl Refusal {
    /// An error of the client's: 400.
    pub fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self::with_status(400, code, message)
    }

    /// An error with a status of its own.
    pub fn with_status(status: u16, code: &'static str, message: impl Into<String>) -> Self {
        Self {
            status,
            code,
            message: message.into(),
        }
    }

    /// A parameter whose value cannot be: `wanted` says what can.
    pub fn invalid_value(parameter: &str, value: &str, wanted: &str) -> Self {
        Self::new(
            "InvalidParameterValue",
            format!("Value ({value}) for parameter {parameter} is invalid. {wanted}"),
        )
    }

    /// Images that there are not.
    pub fn no_image(ids: &[&str]) -> Self {
        let message = match ids {
            [id] => format!("The image id '[{id}]' does not exist"),
            ids => format!("The image ids '[{}]' do not exist", ids.join(", ")),
        };
        Self::new("InvalidAMIID.NotFound", message)
    }

    pub fn into_reply(self, request_id: String) -> Response {
        let mut xml = Xml::new();
        xml.nest("Response", |xml| {
            xml.nest("Errors", |xml| {
                xml.nest("Error", |xml| {
                    xml.text("Code", self.code);
                    xml.text("Message", &self.message);
                });
            });
            xml.text("RequestID", &request_id);
        });
        Response {
            status: self.status,
            request_id,
            body: xml.into_string(),
        }
    }
}
