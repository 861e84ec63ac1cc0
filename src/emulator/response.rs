//! The service's responses and errors: statuses, codes and XML.

use super::xml::Xml;

/// A response of the service, independent of its transport.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    /// The HTTP status.
    pub status: u16,
    /// The request ID in the body and in the header `x-amzn-requestid`.
    pub request_id: String,
    /// XML or JSON in UTF-8.
    pub body: String,
}

impl Response {
    /// The value of the HTTP header `Content-Type`.
    pub(super) fn content_type(&self) -> &'static str {
        match self.body.starts_with('{') {
            true => "application/x-amz-json-1.1",
            false => "text/xml;charset=UTF-8",
        }
    }
}

/// An error of the service.
#[derive(Debug)]
pub(super) struct ApiError {
    status: u16,
    code: &'static str,
    message: String,
}

impl ApiError {
    /// A client error with status 400.
    pub fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self::with_status(400, code, message)
    }

    /// An error with another status.
    pub fn with_status(status: u16, code: &'static str, message: impl Into<String>) -> Self {
        Self {
            status,
            code,
            message: message.into(),
        }
    }

    /// An invalid parameter value. `expected` describes the valid ones.
    pub fn invalid_value(parameter: &str, value: &str, expected: &str) -> Self {
        Self::new(
            "InvalidParameterValue",
            format!("Value ({value}) for parameter {parameter} is invalid. {expected}"),
        )
    }

    /// Images that do not exist.
    pub fn image_not_found(ids: &[&str]) -> Self {
        let message = match ids {
            [id] => format!("The image id '[{id}]' does not exist"),
            ids => format!("The image ids '[{}]' do not exist", ids.join(", ")),
        };
        Self::new("InvalidAMIID.NotFound", message)
    }

    pub fn into_response(self, request_id: String) -> Response {
        let mut xml = Xml::new();
        xml.nest("Response", |xml| {
            xml.nest("Errors", |xml| xml.nest("Error", |xml| self.write(xml)));
            xml.text("RequestID", &request_id);
        });
        self.respond(xml, request_id)
    }

    /// The response in the format of EC2 Auto Scaling.
    pub fn into_auto_scaling_response(self, request_id: String) -> Response {
        let mut xml = Xml::new();
        xml.nest("ErrorResponse", |xml| {
            xml.nest("Error", |xml| self.write(xml));
            xml.text("RequestId", &request_id);
        });
        self.respond(xml, request_id)
    }

    fn write(&self, xml: &mut Xml) {
        xml.text("Code", self.code);
        xml.text("Message", &self.message);
    }

    fn respond(&self, xml: Xml, request_id: String) -> Response {
        Response {
            status: self.status,
            request_id,
            body: xml.into_string(),
        }
    }
}
