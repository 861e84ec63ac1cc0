//! The functions of JMESPath, with the results and types of the AWS CLI (`jmespath.py` 1.x, `functions.py`).

use std::borrow::Cow;
use std::cmp::Ordering;

use serde_json::{Map, Number, Value};

use super::compare::{is_same, order};
use crate::output::python;

/// A value that cannot be computed: the offset in the expression, and why.
pub(super) type Fault = (usize, String);

/// A function of JMESPath.
#[derive(Debug)]
pub(super) struct Function {
    name: &'static str,
    /// The number of arguments; the minimum for a variadic function.
    arity: usize,
    is_variadic: bool,
}

impl Function {
    const fn new(name: &'static str, arity: usize) -> Self {
        Self {
            name,
            arity,
            is_variadic: false,
        }
    }

    const fn variadic(name: &'static str) -> Self {
        Self {
            name,
            arity: 1,
            is_variadic: true,
        }
    }

    /// Checks the number of arguments.
    pub(super) fn check_arity(&self, count: usize) -> Result<(), String> {
        if count == self.arity || self.is_variadic && count > self.arity {
            return Ok(());
        }
        let least = if self.is_variadic { "at least " } else { "" };
        let plural = if self.arity == 1 { "" } else { "s" };
        Err(format!(
            "{}() takes {least}{} argument{plural}, not {count}",
            self.name, self.arity
        ))
    }
}

const FUNCTIONS: &[Function] = &[
    Function::new("abs", 1),
    Function::new("avg", 1),
    Function::new("ceil", 1),
    Function::new("contains", 2),
    Function::new("ends_with", 2),
    Function::new("floor", 1),
    Function::new("join", 2),
    Function::new("keys", 1),
    Function::new("length", 1),
    Function::new("map", 2),
    Function::new("max", 1),
    Function::new("max_by", 2),
    Function::variadic("merge"),
    Function::new("min", 1),
    Function::new("min_by", 2),
    Function::variadic("not_null"),
    Function::new("reverse", 1),
    Function::new("sort", 1),
    Function::new("sort_by", 2),
    Function::new("starts_with", 2),
    Function::new("sum", 1),
    Function::new("to_array", 1),
    Function::new("to_number", 1),
    Function::new("to_string", 1),
    Function::new("type", 1),
    Function::new("values", 1),
];

/// The function with this name.
pub(super) fn find(name: &str) -> Option<&'static Function> {
    FUNCTIONS.iter().find(|function| function.name == name)
}

/// An expression that a function evaluates for each element.
pub(super) type Expression<'a> = Box<dyn Fn(&Value) -> Result<Value, Fault> + 'a>;

/// An argument of a call.
pub(super) enum Argument<'a> {
    Value(Cow<'a, Value>),
    /// `&expression`, which the function evaluates for each element.
    Expression(Expression<'a>),
}

/// Calls a function, with the number of arguments that it takes.
pub(super) fn call(
    function: &Function,
    offset: usize,
    arguments: Vec<Argument<'_>>,
) -> Result<Value, Fault> {
    let name = function.name;
    let call = Call { name, offset };
    // Counting the rows of the output must not copy them.
    if let ("length", [Argument::Value(value)]) = (name, arguments.as_slice()) {
        return call.length(value);
    }
    match name {
        "map" | "max_by" | "min_by" | "sort_by" => call.with_expression(arguments),
        _ => {
            let values = arguments.into_iter().map(|argument| match argument {
                Argument::Value(value) => Ok(value.into_owned()),
                Argument::Expression(_) => Err(call.fault("a value", "an expression")),
            });
            call.with_values(values.collect::<Result<_, _>>()?)
        }
    }
}

/// A call, for its errors.
struct Call<'a> {
    name: &'a str,
    offset: usize,
}

impl Call<'_> {
    fn fault(&self, expected: &str, found: &str) -> Fault {
        (
            self.offset,
            format!("{}() takes {expected}, not {found}", self.name),
        )
    }

    fn wrong_type(&self, expected: &str, found: &Value) -> Fault {
        self.fault(expected, &format!("a value of type {}", type_of(found)))
    }

    fn with_values(&self, mut values: Vec<Value>) -> Result<Value, Fault> {
        if matches!(self.name, "merge" | "not_null") {
            return self.variadic(values);
        }
        let second = (values.len() > 1).then(|| values.remove(1));
        let first = values.remove(0);
        if let Some(second) = second {
            return self.binary(first, second);
        }
        match self.name {
            "abs" | "ceil" | "floor" => match &first {
                Value::Number(number) => Ok(Value::Number(rounded(self.name, number))),
                _ => Err(self.wrong_type("a number", &first)),
            },
            "avg" | "sum" => self.total(first),
            "keys" | "values" => match first {
                Value::Object(members) if self.name == "keys" => {
                    Ok(members.into_iter().map(|(key, _)| key).collect())
                }
                Value::Object(members) => Ok(members.into_iter().map(|(_, value)| value).collect()),
                other => Err(self.wrong_type("an object", &other)),
            },
            "max" | "min" => {
                let keyed = self
                    .comparable(first)?
                    .into_iter()
                    .map(|value| (value.clone(), value));
                self.extreme(keyed.collect())
            }
            "reverse" => match first {
                Value::String(text) => Ok(text.chars().rev().collect::<String>().into()),
                Value::Array(values) => Ok(values.into_iter().rev().collect()),
                other => Err(self.wrong_type("a string or an array", &other)),
            },
            "sort" => {
                let mut values = self.comparable(first)?;
                values.sort_by(|left, right| order(left, right).unwrap_or(Ordering::Equal));
                Ok(Value::Array(values))
            }
            "to_array" => Ok(match first {
                Value::Array(values) => Value::Array(values),
                other => Value::Array(vec![other]),
            }),
            "to_number" => Ok(to_number(first)),
            "to_string" => Ok(match first {
                Value::String(text) => Value::String(text),
                other => python::compact_ascii(&other).into(),
            }),
            _ => Ok(type_of(&first).into()),
        }
    }

    fn length(&self, value: &Value) -> Result<Value, Fault> {
        match value {
            Value::String(text) => Ok(text.chars().count().into()),
            Value::Array(values) => Ok(values.len().into()),
            Value::Object(members) => Ok(members.len().into()),
            other => Err(self.wrong_type("a string, an array or an object", other)),
        }
    }

    fn variadic(&self, values: Vec<Value>) -> Result<Value, Fault> {
        if self.name == "not_null" {
            let found = values.into_iter().find(|value| !value.is_null());
            return Ok(found.unwrap_or_default());
        }
        let mut merged = Map::new();
        for value in values {
            match value {
                Value::Object(members) => merged.extend(members),
                other => return Err(self.wrong_type("objects", &other)),
            }
        }
        Ok(Value::Object(merged))
    }

    fn binary(&self, first: Value, second: Value) -> Result<Value, Fault> {
        match (self.name, first, second) {
            ("contains", Value::Array(values), sought) => {
                Ok(values.iter().any(|value| is_same(value, &sought)).into())
            }
            ("contains", Value::String(text), Value::String(part)) => {
                Ok(text.contains(&part).into())
            }
            ("contains", Value::String(_), other) => {
                Err(self.wrong_type("a string as the second argument for a string", &other))
            }
            ("contains", other, _) => Err(self.wrong_type("an array or a string", &other)),
            ("starts_with", Value::String(text), Value::String(part)) => {
                Ok(text.starts_with(&part).into())
            }
            ("ends_with", Value::String(text), Value::String(part)) => {
                Ok(text.ends_with(&part).into())
            }
            ("join", Value::String(separator), Value::Array(values)) => {
                let texts = values.iter().map(|value| {
                    let text = value.as_str();
                    text.ok_or_else(|| self.wrong_type("an array of strings", value))
                });
                Ok(texts
                    .collect::<Result<Vec<_>, _>>()?
                    .join(&separator)
                    .into())
            }
            ("join", Value::String(_), other) => {
                Err(self.wrong_type("an array of strings", &other))
            }
            (_, Value::String(_), other) | (_, other, _) => Err(self.wrong_type("strings", &other)),
        }
    }

    /// `sum` is an integer if all numbers are; `avg` is a float, and null for an empty array.
    fn total(&self, values: Value) -> Result<Value, Fault> {
        let Value::Array(values) = values else {
            return Err(self.wrong_type("an array of numbers", &values));
        };
        let (mut integers, mut floats, mut all_integers) = (0_i128, 0.0, true);
        for value in &values {
            match value {
                Value::Number(number) => match number.as_i128() {
                    Some(number) => integers += number,
                    None => {
                        all_integers = false;
                        floats += number.as_f64().unwrap_or_default();
                    }
                },
                other => return Err(self.wrong_type("an array of numbers", other)),
            }
        }
        let total = integers as f64 + floats;
        Ok(match self.name {
            "avg" if values.is_empty() => Value::Null,
            "avg" => (total / values.len() as f64).into(),
            _ if all_integers => Number::from_i128(integers).map_or(total.into(), Value::Number),
            _ => total.into(),
        })
    }

    /// The elements of an array of numbers or of strings.
    fn comparable(&self, values: Value) -> Result<Vec<Value>, Fault> {
        const EXPECTED: &str = "an array of numbers or an array of strings";
        let Value::Array(values) = values else {
            return Err(self.wrong_type(EXPECTED, &values));
        };
        let is_same_type = |value: &&Value| {
            (value.is_number() || value.is_string()) && type_of(value) == type_of(&values[0])
        };
        match values.iter().find(|value| !is_same_type(value)) {
            Some(other) => Err(self.wrong_type(EXPECTED, other)),
            None => Ok(values),
        }
    }

    /// The value of the largest or the smallest key, the first one of several.
    fn extreme(&self, keyed: Vec<(Value, Value)>) -> Result<Value, Fault> {
        let is_better: fn(Ordering) -> bool = match self.name {
            "max" | "max_by" => Ordering::is_gt,
            _ => Ordering::is_lt,
        };
        let mut best: Option<(Value, Value)> = None;
        for (key, value) in keyed {
            let replaces = match &best {
                Some((best, _)) => is_better(order(&key, best).map_err(|why| (self.offset, why))?),
                None => true,
            };
            if replaces {
                best = Some((key, value));
            }
        }
        Ok(best.map(|(_, value)| value).unwrap_or_default())
    }

    fn with_expression(&self, arguments: Vec<Argument<'_>>) -> Result<Value, Fault> {
        let (mut expression, mut array) = (None, None);
        for (index, argument) in arguments.into_iter().enumerate() {
            // `map` takes the expression first, the others last.
            match (argument, (index == 0) == (self.name == "map")) {
                (Argument::Expression(node), true) => expression = Some(node),
                (Argument::Value(value), false) => array = Some(value.into_owned()),
                (Argument::Value(_), true) => return Err(self.fault("&EXPRESSION", "a value")),
                (Argument::Expression(_), false) => {
                    return Err(self.fault("an array", "an expression"));
                }
            }
        }
        let values = match array {
            Some(Value::Array(values)) => values,
            other => return Err(self.wrong_type("an array", &other.unwrap_or_default())),
        };
        let Some(expression) = expression else {
            return Err(self.fault("&EXPRESSION", "none"));
        };
        if self.name == "map" {
            return Ok(Value::Array(
                values
                    .iter()
                    .map(expression)
                    .collect::<Result<_, Fault>>()?,
            ));
        }
        let mut keyed = Vec::with_capacity(values.len());
        for value in values {
            let key = expression(&value)?;
            if !key.is_number() && !key.is_string() {
                return Err(self.wrong_type("an expression for a number or a string", &key));
            }
            keyed.push((key, value));
        }
        if self.name != "sort_by" {
            return self.extreme(keyed);
        }
        self.comparable(keyed.iter().map(|(key, _)| key.clone()).collect())?;
        keyed.sort_by(|(left, _), (right, _)| order(left, right).unwrap_or(Ordering::Equal));
        Ok(keyed.into_iter().map(|(_, value)| value).collect())
    }
}

/// JMESPath's name of a value's type.
fn type_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

/// `abs`, which keeps the type, or `ceil` or `floor`, which give an integer.
fn rounded(name: &str, number: &Number) -> Number {
    if let Some(integer) = number.as_i128() {
        let result = if name == "abs" {
            integer.abs()
        } else {
            integer
        };
        return Number::from_i128(result).unwrap_or_else(|| number.clone());
    }
    let float = number.as_f64().unwrap_or_default();
    let result = match name {
        "abs" => return Number::from_f64(float.abs()).unwrap_or_else(|| number.clone()),
        "ceil" => float.ceil(),
        _ => float.floor(),
    };
    // The conversion saturates, so a float outside of the range of integers stays one.
    Number::from_i128(result as i128)
        .filter(|_| result.abs() < 1e18)
        .unwrap_or_else(|| Number::from_f64(result).unwrap_or_else(|| number.clone()))
}

/// A number, or the number in a string; otherwise null.
fn to_number(value: Value) -> Value {
    match value {
        Value::Number(_) => value,
        Value::String(text) => {
            let text = text.trim();
            match text.parse::<i64>() {
                Ok(integer) => integer.into(),
                // A float that JSON cannot express becomes null.
                Err(_) => text.parse::<f64>().map_or(Value::Null, Value::from),
            }
        }
        _ => Value::Null,
    }
}
