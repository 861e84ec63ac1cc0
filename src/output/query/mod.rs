//! JMESPath queries over complete output: the only feature that holds it in memory. In a YAML stream, a query applies to each
//! page.
//!
//! Results are those of the AWS CLI. Unlike there, unknown functions and wrong numbers of arguments are errors before any
//! request.

mod compare;
mod evaluate;
mod functions;
mod parse;

use std::borrow::Cow;
use std::io::{self, Write};

use serde_json::{Map, Value};

use super::{Format, Options, Out, Record, TableStyle, Writer, json, result, yaml};
use crate::error::{Category, SyntaxError, UserError};

/// A parsed JMESPath expression.
#[derive(Clone, Debug)]
pub struct Query {
    expression: String,
    node: parse::Node,
}

/// Why an expression is invalid or cannot be evaluated: the message, and the expression with a caret under the error.
#[derive(Debug, thiserror::Error)]
pub enum QueryError {
    /// The expression is not JMESPath.
    #[error("invalid JMESPath expression: {0}")]
    Invalid(SyntaxError),
    /// A function or an operator got a value of the wrong type.
    #[error("the query failed on this output: {0}")]
    Failed(SyntaxError),
}

impl UserError for QueryError {
    fn category(&self) -> Category {
        match self {
            Self::Invalid(_) => Category::Usage,
            Self::Failed(_) => Category::Other,
        }
    }

    fn hint(&self) -> Option<Cow<'_, str>> {
        Some("see https://jmespath.org for the query language".into())
    }
}

impl Query {
    /// Parses an expression.
    ///
    /// # Errors
    /// [`QueryError::Invalid`].
    pub fn parse(expression: &str) -> Result<Self, QueryError> {
        let node = parse::parse(expression).map_err(|(offset, message)| {
            QueryError::Invalid(SyntaxError::new(expression, offset, message))
        })?;
        Ok(Self {
            expression: expression.to_owned(),
            node,
        })
    }

    /// Applies the query to a document.
    ///
    /// # Errors
    /// [`QueryError::Failed`].
    pub fn search(&self, document: &Value) -> Result<Value, QueryError> {
        let value = evaluate::evaluate(&self.node, document).map_err(|(offset, message)| {
            QueryError::Failed(SyntaxError::new(&self.expression, offset, message))
        })?;
        Ok(value.into_owned())
    }
}

/// Collects all records, and writes the result of a query.
pub(super) struct Results {
    out: Out,
    format: Format,
    query: Query,
    style: TableStyle,
    records: Vec<Value>,
}

impl Results {
    pub(super) fn new(out: Out, format: Format, query: Query, style: TableStyle) -> Self {
        Self {
            out,
            format,
            query,
            style,
            records: Vec::new(),
        }
    }
}

impl<R: Record> Writer<R> for Results {
    fn page(&mut self, region: Option<&str>, records: &[R]) -> io::Result<()> {
        for record in records {
            self.records.push(json::value(region, record)?);
        }
        Ok(())
    }

    fn end_page(&mut self) -> io::Result<()> {
        match self.format {
            Format::YamlStream => self.write_result::<R>(None),
            _ => Ok(()),
        }
    }

    fn finish(&mut self, next_token: Option<&str>) -> io::Result<()> {
        match self.format {
            Format::YamlStream => Ok(()),
            _ => self.write_result::<R>(next_token),
        }
    }
}

impl Results {
    /// Writes the result of the query on the records so far.
    ///
    /// # Errors
    /// Besides those of the destination, an error with a [`QueryError`] inside: a function got a value of the wrong type.
    fn write_result<R: Record>(&mut self, next_token: Option<&str>) -> io::Result<()> {
        let records = Value::Array(std::mem::take(&mut self.records));
        let mut document = Map::from_iter([(R::LIST.to_owned(), records)]);
        if let Some(token) = next_token {
            document.insert("NextToken".to_owned(), token.into());
        }
        let value = self.query.search(&Value::Object(document));
        let value = value.map_err(io::Error::other)?;
        write(&mut self.out, self.format, value, self.style)?;
        self.out.flush()
    }
}

/// Writes a document that is not a list of records, or the result of a query on it.
///
/// # Errors
/// As for [`Results`].
pub(super) fn write_one(
    out: &mut impl Write,
    document: Value,
    options: &Options,
) -> io::Result<()> {
    let value = match &options.query {
        None => document,
        Some(query) => query.search(&document).map_err(io::Error::other)?,
    };
    write(out, options.format, value, options.style)?;
    out.flush()
}

fn write(out: &mut impl Write, format: Format, value: Value, style: TableStyle) -> io::Result<()> {
    match format {
        Format::Table => result::table(out, &value, style),
        Format::Text => result::text(out, &value),
        Format::Yaml => yaml::document(out, &value),
        Format::YamlStream => yaml::item(out, value),
        _ => result::json(out, &value),
    }
}
