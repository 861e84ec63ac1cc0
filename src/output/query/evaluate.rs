//! Evaluates JMESPath expressions as the AWS CLI does (`jmespath.py` 1.x, `visitor.py`).

use std::borrow::Cow;

use serde_json::{Map, Value};

use super::compare::compare;
use super::functions::{self, Fault};
use super::parse::{Argument, Comparison, Node, Slice, Source};

/// The value of an expression for `data`.
pub(super) fn evaluate<'a>(node: &'a Node, data: &'a Value) -> Result<Cow<'a, Value>, Fault> {
    match node {
        Node::Current => Ok(Cow::Borrowed(data)),
        Node::Literal(value) => Ok(Cow::Borrowed(value)),
        Node::Field(name) => Ok(data.get(name).map_or_else(null, Cow::Borrowed)),
        Node::Index(index) => Ok(element(data, *index).map_or_else(null, Cow::Borrowed)),
        Node::Slice(slice) => match data {
            Value::Array(values) => Ok(array(select(values, slice)?)),
            _ => Ok(null()),
        },
        Node::Chain(nodes) => {
            nodes
                .iter()
                .try_fold(Cow::Borrowed(data), |value, node| match value {
                    Cow::Borrowed(value) => evaluate(node, value),
                    Cow::Owned(value) => Ok(Cow::Owned(evaluate(node, &value)?.into_owned())),
                })
        }
        Node::Projection { source, each } => project(source, each, data),
        Node::Or(nodes) => short_circuit(nodes, data, true),
        Node::And(nodes) => short_circuit(nodes, data, false),
        Node::Not(node) => Ok(boolean(!is_true(&*evaluate(node, data)?))),
        Node::Comparison { first, rest } => compare_all(first, rest, data),
        Node::MultiSelectList(_) | Node::MultiSelectHash(_) if data.is_null() => Ok(null()),
        Node::MultiSelectList(nodes) => {
            let values = nodes
                .iter()
                .map(|node| Ok(evaluate(node, data)?.into_owned()));
            Ok(array(values.collect::<Result<_, Fault>>()?))
        }
        Node::MultiSelectHash(members) => {
            let members = members
                .iter()
                .map(|(key, node)| Ok((key.clone(), evaluate(node, data)?.into_owned())));
            let members = members.collect::<Result<Map<_, _>, Fault>>()?;
            Ok(Cow::Owned(Value::Object(members)))
        }
        Node::Call {
            function,
            arguments,
            offset,
        } => {
            let arguments = arguments.iter().map(|argument| match argument {
                Argument::Value(node) => Ok(functions::Argument::Value(evaluate(node, data)?)),
                Argument::Expression(node) => {
                    let expression = |value: &Value| Ok(evaluate(node, value)?.into_owned());
                    Ok(functions::Argument::Expression(Box::new(expression)))
                }
            });
            let arguments = arguments.collect::<Result<Vec<_>, Fault>>()?;
            Ok(Cow::Owned(functions::call(function, *offset, arguments)?))
        }
    }
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

/// The first value that is true or false as `wanted`, or the last value.
fn short_circuit<'a>(
    nodes: &'a [Node],
    data: &'a Value,
    wanted: bool,
) -> Result<Cow<'a, Value>, Fault> {
    let mut last = null();
    for node in nodes {
        last = evaluate(node, data)?;
        if is_true(&last) == wanted {
            break;
        }
    }
    Ok(last)
}

fn compare_all<'a>(
    first: &'a Node,
    rest: &'a [Comparison],
    data: &'a Value,
) -> Result<Cow<'a, Value>, Fault> {
    let mut left = evaluate(first, data)?;
    for comparison in rest {
        let right = evaluate(&comparison.right, data)?;
        left = compare(comparison.comparator, &left, &right)
            .map_err(|message| (comparison.offset, message))?
            .map_or_else(null, boolean);
    }
    Ok(left)
}

/// Evaluates `each` for the selected elements without copying them. Null results are dropped.
fn project<'a>(source: &Source, each: &Node, data: &Value) -> Result<Cow<'a, Value>, Fault> {
    match (source, data) {
        (Source::Values, Value::Object(members)) => collect(members.values(), each),
        (Source::Elements, Value::Array(values)) => collect(values.iter(), each),
        (Source::Flatten, Value::Array(values)) => collect(values.iter().flat_map(elements), each),
        (Source::Filter(condition), Value::Array(values)) => {
            let mut results = Vec::new();
            for value in values {
                if is_true(&*evaluate(condition, value)?) {
                    push(&mut results, evaluate(each, value)?);
                }
            }
            Ok(array(results))
        }
        _ => Ok(null()),
    }
}

fn collect<'v, 'a>(
    values: impl Iterator<Item = &'v Value>,
    each: &Node,
) -> Result<Cow<'a, Value>, Fault> {
    let mut results = Vec::new();
    for value in values {
        push(&mut results, evaluate(each, value)?);
    }
    Ok(array(results))
}

fn push(results: &mut Vec<Value>, result: Cow<'_, Value>) {
    if !result.is_null() {
        results.push(result.into_owned());
    }
}

/// The elements of an array, or any other value alone.
fn elements(value: &Value) -> &[Value] {
    match value {
        Value::Array(values) => values,
        other => std::slice::from_ref(other),
    }
}

/// An element of an array, counted from its end if `index` is negative.
fn element(data: &Value, index: i64) -> Option<&Value> {
    let values = data.as_array()?;
    let distance = usize::try_from(index.unsigned_abs()).ok()?;
    match index {
        ..0 => values.get(values.len().checked_sub(distance)?),
        _ => values.get(distance),
    }
}

/// Python's `values[start:stop:step]`.
fn select(values: &[Value], slice: &Slice) -> Result<Vec<Value>, Fault> {
    let length = i64::try_from(values.len()).unwrap_or(i64::MAX);
    let step = slice.step.unwrap_or(1);
    if step == 0 {
        return Err((slice.offset, "the step of a slice cannot be 0".to_owned()));
    }
    let (lowest, highest) = if step > 0 {
        (0, length)
    } else {
        (-1, length - 1)
    };
    let bound = |bound: Option<i64>, default| match bound {
        None => default,
        Some(bound) if bound < 0 => bound.saturating_add(length).max(lowest),
        Some(bound) => bound.min(highest),
    };
    let (first, last) = if step > 0 {
        (lowest, highest)
    } else {
        (highest, lowest)
    };
    let (mut index, stop) = (bound(slice.start, first), bound(slice.stop, last));
    let mut selected = Vec::new();
    while if step > 0 { index < stop } else { index > stop } {
        let value = usize::try_from(index)
            .ok()
            .and_then(|index| values.get(index));
        selected.extend(value.cloned());
        index = index.saturating_add(step);
    }
    Ok(selected)
}

/// Whether JMESPath considers a value true: any that is not empty, null or `false`.
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
