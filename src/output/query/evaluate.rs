//! Evaluates JMESPath expressions as the AWS CLI does (`jmespath.py` 1.x, `visitor.py`).
//!
//! The `jmespath` crate parses; its own interpreter differs from the AWS CLI's: it sorts the keys of objects, makes a
//! float of every number, and orders no strings.

use std::borrow::Cow;

use jmespath::ast::Ast;
use serde_json::{Map, Value};

use super::compare::compare;
use super::functions::{self, Argument, Fault};

/// The value of an expression for `data`.
pub(super) fn evaluate<'a>(node: &'a Ast, data: &'a Value) -> Result<Cow<'a, Value>, Fault> {
    Ok(match node {
        Ast::Identity { .. } => Cow::Borrowed(data),
        Ast::Field { name, .. } => data.get(name).map_or_else(null, Cow::Borrowed),
        Ast::Literal { value, .. } => {
            Cow::Owned(serde_json::to_value(value).map_err(|error| (0, error.to_string()))?)
        }
        Ast::Index { idx, .. } => element(data, *idx).map_or_else(null, Cow::Borrowed),
        Ast::Slice {
            offset,
            start,
            stop,
            step,
        } => match data {
            Value::Array(_) if *step == 0 => {
                return Err((*offset, "the step of a slice cannot be 0".to_owned()));
            }
            Value::Array(values) => array(slice(values, *start, *stop, *step)),
            _ => null(),
        },
        Ast::Subexpr { lhs, rhs, .. } => pipe(evaluate(lhs, data)?, rhs)?,
        Ast::Or { lhs, rhs, .. } => match evaluate(lhs, data)? {
            left if is_true(&left) => left,
            _ => evaluate(rhs, data)?,
        },
        Ast::And { lhs, rhs, .. } => match evaluate(lhs, data)? {
            left if is_true(&left) => evaluate(rhs, data)?,
            left => left,
        },
        Ast::Not { node, .. } => boolean(!is_true(&*evaluate(node, data)?)),
        Ast::Condition {
            predicate, then, ..
        } => match is_true(&*evaluate(predicate, data)?) {
            true => evaluate(then, data)?,
            false => null(),
        },
        Ast::Comparison {
            offset,
            comparator,
            lhs,
            rhs,
        } => {
            let (left, right) = (evaluate(lhs, data)?, evaluate(rhs, data)?);
            compare(comparator, &left, &right)
                .map_err(|why| (*offset, why))?
                .map_or_else(null, boolean)
        }
        // The parser puts both only on the left of a projection.
        Ast::ObjectValues { .. } | Ast::Flatten { .. } => {
            project(node, &Ast::Identity { offset: 0 }, data)?
        }
        Ast::Projection { lhs, rhs, .. } => project(lhs, rhs, data)?,
        Ast::MultiList { .. } | Ast::MultiHash { .. } if data.is_null() => null(),
        Ast::MultiList { elements, .. } => {
            let values = elements
                .iter()
                .map(|node| Ok(evaluate(node, data)?.into_owned()));
            array(values.collect::<Result<_, Fault>>()?)
        }
        Ast::MultiHash { elements, .. } => {
            let members = elements.iter().map(|pair| {
                let value = evaluate(&pair.value, data)?.into_owned();
                Ok((pair.key.clone(), value))
            });
            Cow::Owned(Value::Object(
                members.collect::<Result<Map<_, _>, Fault>>()?,
            ))
        }
        Ast::Function { offset, name, args } => {
            let arguments = args.iter().map(|node| match node {
                Ast::Expref { ast, .. } => Ok(Argument::Expression(Box::new(|value: &Value| {
                    Ok(evaluate(ast, value)?.into_owned())
                }))),
                node => Ok(Argument::Value(evaluate(node, data)?)),
            });
            let arguments = arguments.collect::<Result<Vec<_>, Fault>>()?;
            Cow::Owned(functions::call(name, *offset, arguments)?)
        }
        // Outside of a call, `&expression` has no value.
        Ast::Expref { .. } => null(),
    })
}

fn null<'a>() -> Cow<'a, Value> {
    Cow::Owned(Value::Null)
}

fn boolean<'a>(value: bool) -> Cow<'a, Value> {
    Cow::Owned(Value::Bool(value))
}

fn array<'a>(values: Vec<Value>) -> Cow<'a, Value> {
    Cow::Owned(Value::Array(values))
}

/// Evaluates `rhs` for the result of a left-hand side.
fn pipe<'a>(left: Cow<'a, Value>, rhs: &'a Ast) -> Result<Cow<'a, Value>, Fault> {
    match left {
        Cow::Borrowed(left) => evaluate(rhs, left),
        Cow::Owned(left) => Ok(Cow::Owned(evaluate(rhs, &left)?.into_owned())),
    }
}

/// Evaluates `rhs` for each element of `lhs`, without copying the elements. Null results are dropped.
fn project<'a>(lhs: &'a Ast, rhs: &Ast, data: &'a Value) -> Result<Cow<'a, Value>, Fault> {
    let list = match lhs {
        Ast::Flatten { node, .. } | Ast::ObjectValues { node, .. } => evaluate(node, data)?,
        lhs => evaluate(lhs, data)?,
    };
    match (lhs, &*list) {
        (Ast::ObjectValues { .. }, Value::Object(members)) => each(members.values(), rhs),
        (Ast::ObjectValues { .. }, _) => Ok(null()),
        (Ast::Flatten { .. }, Value::Array(values)) => each(values.iter().flat_map(elements), rhs),
        (_, Value::Array(values)) => each(values.iter(), rhs),
        _ => Ok(null()),
    }
}

fn each<'a>(
    mut values: impl Iterator<Item = &'a Value>,
    rhs: &Ast,
) -> Result<Cow<'static, Value>, Fault> {
    values
        .try_fold(Vec::new(), |mut collected, value| {
            let value = evaluate(rhs, value)?;
            if !value.is_null() {
                collected.push(value.into_owned());
            }
            Ok(collected)
        })
        .map(array)
}

/// The elements of an array, or any other value alone.
fn elements(value: &Value) -> &[Value] {
    match value {
        Value::Array(values) => values,
        other => std::slice::from_ref(other),
    }
}

fn element(data: &Value, index: i32) -> Option<&Value> {
    let values = data.as_array()?;
    let index = match usize::try_from(index) {
        Ok(index) => index,
        Err(_) => values.len().checked_sub(index.unsigned_abs() as usize)?,
    };
    values.get(index)
}

/// Python's `values[start:stop:step]`.
fn slice(values: &[Value], start: Option<i32>, stop: Option<i32>, step: i32) -> Vec<Value> {
    let length = i64::try_from(values.len()).unwrap_or(i64::MAX);
    let step = i64::from(step);
    let (lowest, highest) = if step > 0 {
        (0, length)
    } else {
        (-1, length - 1)
    };
    let bound = |bound: Option<i32>, default| match bound.map(i64::from) {
        None => default,
        Some(bound) if bound < 0 => (bound + length).max(lowest),
        Some(bound) => bound.min(highest),
    };
    let (first, last) = if step > 0 {
        (lowest, highest)
    } else {
        (highest, lowest)
    };
    let (mut index, stop) = (bound(start, first), bound(stop, last));
    let mut selected = Vec::new();
    while if step > 0 { index < stop } else { index > stop } {
        selected.extend(
            usize::try_from(index)
                .ok()
                .and_then(|index| values.get(index))
                .cloned(),
        );
        index += step;
    }
    selected
}

/// Whether JMESPath takes a value for true: any that is not empty, null or `false`.
fn is_true(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(value) => *value,
        Value::Number(_) => true,
        Value::String(text) => !text.is_empty(),
        Value::Array(values) => !values.is_empty(),
        Value::Object(members) => !members.is_empty(),
    }
}
