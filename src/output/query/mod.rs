//! JMESPath queries over complete output: the only feature that holds it in memory.
//!
//! Results are those of the AWS CLI, except that an object literal in an expression loses the order of its keys.

mod compare;
mod evaluate;
mod functions;
#[cfg(test)]
mod tests;

use std::io::{self, Write};

use jmespath::ast::Ast;
use jmespath::{ErrorReason, JmespathError};
use serde_json::{Map, Value};

use super::{Format, Options, Out, Record, TableStyle, Writer, escape, json, result};

/// The longest expression, in bytes.
const MAX_LENGTH: usize = 10_000;

/// The maximum number of operators and brackets. An expression cannot nest deeper, and parser and evaluation recurse: a
/// few thousand levels would overflow the stack.
const MAX_OPERATORS: usize = 500;

/// A compiled JMESPath expression.
#[derive(Clone, Debug)]
pub struct Query {
    expression: String,
    ast: Ast,
}

/// Why an expression cannot be compiled or applied: a sentence for the user, and the line of the expression with a caret
/// under the position.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{what}: {why}\n  {line}\n  {caret:>column$}\nSee https://jmespath.org for the language.",
    caret = '^'
)]
pub struct QueryError {
    what: &'static str,
    why: String,
    /// The line of the expression that the error is in.
    line: String,
    /// Counted in characters from 1.
    column: usize,
}

impl QueryError {
    fn new(what: &'static str, expression: &str, offset: usize, why: String) -> Self {
        // Offsets are in bytes, and approximate.
        let before = expression.get(..offset).unwrap_or(expression);
        let start = before.rfind('\n').map_or(0, |end_of_line| end_of_line + 1);
        let line = expression[start..].lines().next().unwrap_or_default();
        Self {
            what,
            why: escape(&why).into_owned(),
            line: escape(line).into_owned(),
            column: escape(&before[start..]).chars().count() + 1,
        }
    }

    fn from_parser(expression: &str, error: JmespathError) -> Self {
        let why = match error.reason {
            // The parser's own terms are those of its implementation.
            ErrorReason::Parse(why) => why
                .replace("Unexpected nud token", "Unexpected token")
                .replace("Unexpected led token", "Unexpected token")
                .replace("found Eof", "found the end"),
            ErrorReason::Runtime(why) => why.to_string(),
        };
        Self::new(INVALID, expression, error.offset, why)
    }
}

/// What is wrong with an expression that cannot be compiled.
const INVALID: &str = "invalid JMESPath expression";

impl Query {
    /// Compiles an expression, and checks that its functions exist, before any request is sent.
    ///
    /// # Errors
    /// The expression is not JMESPath.
    pub fn compile(expression: &str) -> Result<Self, QueryError> {
        if expression.len() > MAX_LENGTH {
            let why = format!("it is longer than {MAX_LENGTH} bytes");
            return Err(QueryError::new(INVALID, "", 0, why));
        }
        let is_operator = |c| "([{!&|.*<=>".contains(c);
        if let Some((offset, _)) = expression.match_indices(is_operator).nth(MAX_OPERATORS) {
            let why = format!("it has more than {MAX_OPERATORS} operators and brackets");
            return Err(QueryError::new(INVALID, expression, offset, why));
        }
        let expression = &quote_literals(expression);
        let ast = jmespath::parse(expression)
            .map_err(|error| QueryError::from_parser(expression, error))?;
        let mut unknown = None;
        visit(&ast, &mut |node| {
            if let Ast::Function { offset, name, .. } = node
                && !functions::exists(name)
            {
                // The node's offset is that of the parenthesis.
                let before = expression.get(..*offset).unwrap_or_default();
                let start = before.rfind(name).unwrap_or(*offset);
                let why = format!("There is no function \"{name}\"");
                unknown.get_or_insert(QueryError::new(INVALID, expression, start, why));
            }
        });
        match unknown {
            Some(error) => Err(error),
            None => Ok(Self {
                expression: expression.to_owned(),
                ast,
            }),
        }
    }

    /// Applies the query to a document.
    fn search(&self, document: &Value) -> Result<Value, QueryError> {
        match evaluate::evaluate(&self.ast, document) {
            Ok(value) => Ok(value.into_owned()),
            Err((offset, why)) => {
                let what = "the query failed on this output";
                Err(QueryError::new(what, &self.expression, offset, why))
            }
        }
    }
}

/// Quotes literals that are not JSON: the AWS CLI takes `` `running` `` for `` `"running"` ``.
fn quote_literals(expression: &str) -> String {
    let mut quoted = String::with_capacity(expression.len());
    let mut rest = expression;
    while let Some(start) = rest.find(['`', '\'', '"']) {
        let delimiter = &rest[start..=start];
        let (before, literal) = rest.split_at(start + 1);
        quoted.push_str(before);
        let mut is_escaped = false;
        let end = literal.find(|character| {
            let is_end = !is_escaped && delimiter.contains(character);
            is_escaped = character == '\\' && !is_escaped;
            is_end
        });
        let Some(end) = end else {
            // The parser reports the missing delimiter.
            return quoted + literal;
        };
        let (content, after) = literal.split_at(end);
        let string = format!("\"{}\"", content.trim_start());
        let is_json = |text: &str| serde_json::from_str::<Value>(text).is_ok();
        let unescaped = content.replace("\\`", "`");
        if delimiter == "`" && !is_json(&unescaped) && is_json(&string.replace("\\`", "`")) {
            quoted.push_str(&string);
        } else {
            quoted.push_str(content);
        }
        quoted.push_str(delimiter);
        rest = &after[1..];
    }
    quoted + rest
}

/// Calls `see` with every node of an expression.
fn visit(node: &Ast, see: &mut impl FnMut(&Ast)) {
    see(node);
    match node {
        Ast::Comparison { lhs, rhs, .. }
        | Ast::Projection { lhs, rhs, .. }
        | Ast::And { lhs, rhs, .. }
        | Ast::Or { lhs, rhs, .. }
        | Ast::Subexpr { lhs, rhs, .. } => {
            visit(lhs, see);
            visit(rhs, see);
        }
        Ast::Condition {
            predicate, then, ..
        } => {
            visit(predicate, see);
            visit(then, see);
        }
        Ast::Expref { ast: node, .. }
        | Ast::Flatten { node, .. }
        | Ast::Not { node, .. }
        | Ast::ObjectValues { node, .. } => visit(node, see),
        Ast::Function { args, .. } => args.iter().for_each(|node| visit(node, see)),
        Ast::MultiList { elements, .. } => elements.iter().for_each(|node| visit(node, see)),
        Ast::MultiHash { elements, .. } => {
            elements.iter().for_each(|pair| visit(&pair.value, see));
        }
        Ast::Identity { .. }
        | Ast::Field { .. }
        | Ast::Index { .. }
        | Ast::Literal { .. }
        | Ast::Slice { .. } => {}
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

    /// # Errors
    /// Besides those of the destination, an error with a [`QueryError`] inside: a function got a value of the wrong type.
    fn finish(&mut self, next_token: Option<&str>) -> io::Result<()> {
        let records = Value::Array(std::mem::take(&mut self.records));
        let mut document = Map::from_iter([(R::LIST.to_owned(), records)]);
        if let Some(token) = next_token {
            document.insert("NextToken".to_owned(), token.into());
        }
        let value = self.query.search(&Value::Object(document));
        let value = value.map_err(io::Error::other)?;
        write(&mut self.out, self.format, &value, self.style)?;
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
    write(out, options.format, &value, options.style)?;
    out.flush()
}

fn write(out: &mut impl Write, format: Format, value: &Value, style: TableStyle) -> io::Result<()> {
    match format {
        Format::Table => result::table(out, value, style),
        Format::Text => result::text(out, value),
        _ => result::json(out, value),
    }
}
