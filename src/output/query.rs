//! JMESPath queries over a whole answer: the one thing that holds it in memory.
//!
//! Results are those of the AWS CLI with two exceptions, which come from the crate: `keys`, `values` and `*` go
//! through an object in alphabetical order (JMESPath leaves this order open), and a mean that is a whole number
//! has no `.0`.

use std::collections::BTreeMap;
use std::io::{self, Write};

use jmespath::ast::Ast;
use jmespath::{Context, DEFAULT_RUNTIME, ErrorReason, Expression, JmespathError, Rcvar, Variable};
use serde_json::{Map, Number, Value};

use super::{Format, Options, Out, Record, TableStyle, Writer, escape, result};

/// The longest expression, in bytes.
const MAX_LENGTH: usize = 10_000;

/// The most operators and brackets. An expression nests no deeper, and the crate goes down by recursion: a few
/// thousand levels would overflow the stack.
const DEEPEST: usize = 500;

/// A compiled JMESPath expression.
#[derive(Clone, Debug)]
pub struct Query {
    expression: Expression<'static>,
    /// The keys of each `{key: …}` in the expression, in the order written.
    hashes: Vec<Vec<String>>,
}

/// Why an expression cannot be compiled, or not be applied to an answer: a sentence for the user, the
/// expression with a caret under the place, and the next step, a line each.
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

    fn from_crate(what: &'static str, expression: &str, error: JmespathError) -> Self {
        let why = match error.reason {
            // The parser's own words are for those who know how it works.
            ErrorReason::Parse(why) => why
                .replace("Unexpected nud token", "Unexpected token")
                .replace("Unexpected led token", "Unexpected token")
                .replace("found Eof", "found the end"),
            ErrorReason::Runtime(why) => why.to_string(),
        };
        Self::new(what, expression, error.offset, why)
    }
}

impl Query {
    /// Compiles an expression, and looks for functions that do not exist before anything is asked.
    ///
    /// # Errors
    /// The expression is not JMESPath.
    pub fn compile(expression: &str) -> Result<Self, QueryError> {
        const WHAT: &str = "the query is not a JMESPath expression";
        if expression.len() > MAX_LENGTH {
            let why = format!("it is longer than {MAX_LENGTH} bytes");
            return Err(QueryError::new(WHAT, "", 0, why));
        }
        let deeper = |c| "([{!&|.*<=>".contains(c);
        if let Some((place, _)) = expression.match_indices(deeper).nth(DEEPEST) {
            let why = format!("it has more than {DEEPEST} operators and brackets");
            return Err(QueryError::new(WHAT, expression, place, why));
        }
        let expression = jmespath::compile(expression)
            .map_err(|error| QueryError::from_crate(WHAT, expression, error))?;
        let mut hashes = Vec::new();
        let mut unknown = None;
        visit(expression.as_ast(), &mut |node| match node {
            Ast::MultiHash { elements, .. } => {
                hashes.push(elements.iter().map(|element| element.key.clone()).collect());
            }
            Ast::Function { offset, name, .. } if DEFAULT_RUNTIME.get_function(name).is_none() => {
                let why = format!("There is no function \"{name}\"");
                // The node is where the parenthesis is.
                let before = expression.as_str().get(..*offset).unwrap_or_default();
                let start = before.rfind(name).unwrap_or(*offset);
                unknown.get_or_insert(QueryError::new(WHAT, expression.as_str(), start, why));
            }
            _ => {}
        });
        match unknown {
            Some(error) => Err(error),
            None => Ok(Self { expression, hashes }),
        }
    }

    /// Applies the query to a document of records of type `R`.
    fn search<R: Record>(&self, document: &Rcvar) -> Result<Value, QueryError> {
        let expression = self.expression.as_str();
        let mut context = Context::new(expression, &DEFAULT_RUNTIME);
        let result = jmespath::interpret(document, self.expression.as_ast(), &mut context)
            .map_err(|error| {
                QueryError::from_crate("the query does not fit the answer", expression, error)
            })?;
        Ok(self.ordered::<R>(&result))
    }

    /// Gives a result its order back, which the crate loses: the keys of a `{key: …}` as the expression has
    /// them, those of a record as the API has them, and any others after these.
    fn ordered<R: Record>(&self, value: &Variable) -> Value {
        match value {
            Variable::Null | Variable::Expref(_) => Value::Null,
            Variable::Bool(value) => Value::Bool(*value),
            Variable::Number(number) => Value::Number(whole(number)),
            Variable::String(text) => Value::String(text.clone()),
            Variable::Array(values) => Value::Array(
                values
                    .iter()
                    .map(|value| self.ordered::<R>(value))
                    .collect(),
            ),
            Variable::Object(members) => {
                let written = self.hashes.iter().find(|keys| {
                    keys.len() == members.len() && keys.iter().all(|key| members.contains_key(key))
                });
                let rank = |name: &str| match written {
                    Some(keys) => keys.iter().position(|key| key == name),
                    None => R::COLUMNS.iter().position(|column| column.name == name),
                };
                let mut names: Vec<&String> = members.keys().collect();
                names.sort_by_key(|name| rank(name).unwrap_or(usize::MAX));
                let member = |name: &String| (name.clone(), self.ordered::<R>(&members[name]));
                Value::Object(names.into_iter().map(member).collect::<Map<_, _>>())
            }
        }
    }
}

/// Undoes the crate's arithmetic, which makes a float of every number: 15 rather than 15.0.
fn whole(number: &Number) -> Number {
    // Up to 2^53 a float holds every whole number exactly.
    const EXACT: f64 = 9_007_199_254_740_992.0;
    match number.as_f64() {
        Some(float) if number.is_f64() && float.fract() == 0.0 && float.abs() <= EXACT => {
            Number::from(float as i64)
        }
        _ => number.clone(),
    }
}

/// Shows every node of an expression to `see`.
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

/// Collects a whole answer, and writes what a query makes of it.
pub(super) struct Results {
    out: Out,
    format: Format,
    query: Query,
    style: TableStyle,
    records: Vec<Rcvar>,
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
            let record = super::json::value(region, record)?;
            let record = Variable::from_serializable(record).map_err(io::Error::other)?;
            self.records.push(Rcvar::new(record));
        }
        Ok(())
    }

    /// # Errors
    /// Besides those of the destination, a [`QueryError`] inside of the error: a function was given a value of
    /// a type that it does not take.
    fn finish(&mut self, next_token: Option<&str>) -> io::Result<()> {
        let records = Variable::Array(std::mem::take(&mut self.records));
        let mut document = BTreeMap::from([(R::LIST.to_owned(), Rcvar::new(records))]);
        if let Some(token) = next_token {
            let token = Variable::String(token.to_owned());
            document.insert("NextToken".to_owned(), Rcvar::new(token));
        }
        let value = self
            .query
            .search::<R>(&Rcvar::new(Variable::Object(document)))
            .map_err(io::Error::other)?;
        write(&mut self.out, self.format, &value, self.style)?;
        self.out.flush()
    }
}

/// Writes a document that is no list of records, or what `query` makes of it.
///
/// # Errors
/// As for [`Results`].
pub(super) fn write_one<R: Record>(
    out: &mut impl Write,
    document: Value,
    options: &Options,
) -> io::Result<()> {
    let value = match &options.query {
        None => document,
        Some(query) => {
            let document = Variable::from_serializable(&document).map_err(io::Error::other)?;
            query
                .search::<R>(&Rcvar::new(document))
                .map_err(io::Error::other)?
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_has_a_caret_under_its_place() {
        let message = |expression| Query::compile(expression).unwrap_err().to_string();
        snapbox::assert_data_eq!(
            message("ImageUsageReportEntries[?UsageCount = `0`]"),
            snapbox::str![[r#"
the query is not a JMESPath expression: '=' is not valid. Did you mean '=='?
  ImageUsageReportEntries[?UsageCount = `0`]
                                      ^
See https://jmespath.org for the language.
"#]]
        );
        snapbox::assert_data_eq!(
            message("[?é == 'x'"),
            snapbox::str![[r#"
the query is not a JMESPath expression: Invalid character: é
  [?é == 'x'
    ^
See https://jmespath.org for the language.
"#]]
        );
        snapbox::assert_data_eq!(
            message("ImageUsageReportEntries\n  [].foo(@)\n  | [0]"),
            snapbox::str![[r#"
the query is not a JMESPath expression: There is no function "foo"
    [].foo(@)
       ^
See https://jmespath.org for the language.
"#]]
        );
        snapbox::assert_data_eq!(
            message(""),
            snapbox::str![[r#"
the query is not a JMESPath expression: Unexpected token -- found the end
  
  ^
See https://jmespath.org for the language.
"#]]
        );
        assert!(message("\x1b").contains("Invalid character: \\u{1b}\n  \\u{1b}\n  ^\n"));
    }

    #[test]
    fn what_would_overflow_the_stack_is_refused() {
        const PIECES: [&str; 11] = [
            "(",
            "[",
            "{a:",
            "!",
            "a[?",
            "a.",
            "@|",
            "not_null(",
            "a||",
            "[*]",
            "`[",
        ];
        for piece in PIECES {
            let error = Query::compile(&piece.repeat(600)).unwrap_err();
            assert!(error.why.contains("more than 500"), "{error}");
        }
        let error = Query::compile(&"a".repeat(100_000)).unwrap_err();
        assert!(error.to_string().contains("longer than"), "{error}");

        // Half of what a main thread has.
        let thread = std::thread::Builder::new().stack_size(4 << 20);
        let small = thread.spawn(|| {
            for piece in PIECES {
                let _ = Query::compile(&piece.repeat(DEEPEST / piece.len()));
            }
            let nested = format!("{}@{}", "[".repeat(DEEPEST), "]".repeat(DEEPEST));
            let query = Query::compile(&nested).unwrap();
            let null = Rcvar::new(Variable::Null);
            let mut context = Context::new(&nested, &DEFAULT_RUNTIME);
            jmespath::interpret(&null, query.expression.as_ast(), &mut context).unwrap();
        });
        small.unwrap().join().unwrap();
    }

    #[test]
    fn whole_numbers_stay_whole() {
        let number = |float| whole(&Number::from_f64(float).unwrap()).to_string();
        assert_eq!(number(15.0), "15");
        assert_eq!(number(-0.5), "-0.5");
        assert_eq!(number(1e300), "1e+300");
        assert_eq!(
            whole(&Number::from(i64::MAX)).to_string(),
            i64::MAX.to_string()
        );
    }
}
