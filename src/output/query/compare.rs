//! The comparisons of JMESPath, as the AWS CLI makes them (`jmespath.py` 1.x, `visitor.py`).

use std::cmp::Ordering;

use serde_json::{Number, Value};

/// An operator that compares two values.
#[derive(Clone, Copy, Debug)]
pub(super) enum Comparator {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

/// The result of a comparison. Ordering operators take numbers, and strings too, as the AWS CLI does; for any other type
/// there is none.
pub(super) fn compare(
    comparator: Comparator,
    left: &Value,
    right: &Value,
) -> Result<Option<bool>, String> {
    let is_wanted: fn(Ordering) -> bool = match comparator {
        Comparator::Equal => return Ok(Some(is_equal(left, right))),
        Comparator::NotEqual => return Ok(Some(!is_equal(left, right))),
        Comparator::Less => Ordering::is_lt,
        Comparator::LessOrEqual => Ordering::is_le,
        Comparator::Greater => Ordering::is_gt,
        Comparator::GreaterOrEqual => Ordering::is_ge,
    };
    let is_comparable = |value: &Value| value.is_number() || value.is_string();
    if !is_comparable(left) || !is_comparable(right) {
        return Ok(None);
    }
    Ok(Some(is_wanted(order(left, right)?)))
}

/// The order of two numbers or two strings.
pub(super) fn order(left: &Value, right: &Value) -> Result<Ordering, String> {
    match (left, right) {
        (Value::Number(left), Value::Number(right)) => Ok(order_numbers(left, right)),
        (Value::String(left), Value::String(right)) => Ok(left.cmp(right)),
        _ => Err("a string and a number cannot be compared".to_owned()),
    }
}

fn order_numbers(left: &Number, right: &Number) -> Ordering {
    match (left.as_i128(), right.as_i128()) {
        (Some(left), Some(right)) => left.cmp(&right),
        _ => {
            let float = |number: &Number| number.as_f64().unwrap_or_default();
            float(left).total_cmp(&float(right))
        }
    }
}

/// The equality of `==`, for which `1` is `1.0` but not `true`.
fn is_equal(left: &Value, right: &Value) -> bool {
    left.is_boolean() == right.is_boolean() && is_same(left, right)
}

/// Python's equality, for which `true` is `1`.
pub(super) fn is_same(left: &Value, right: &Value) -> bool {
    let number = |value: &Value| match value {
        Value::Bool(value) => Some(Number::from(u8::from(*value))),
        Value::Number(number) => Some(number.clone()),
        _ => None,
    };
    match (left, right) {
        (Value::Array(left), Value::Array(right)) => {
            left.len() == right.len()
                && left
                    .iter()
                    .zip(right)
                    .all(|(left, right)| is_same(left, right))
        }
        (Value::Object(left), Value::Object(right)) => {
            left.len() == right.len()
                && left
                    .iter()
                    .all(|(key, left)| right.get(key).is_some_and(|right| is_same(left, right)))
        }
        _ => match (number(left), number(right)) {
            (Some(left), Some(right)) => order_numbers(&left, &right).is_eq(),
            _ => left == right,
        },
    }
}
