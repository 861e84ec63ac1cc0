//! Writes the result of a query, which can be any JSON value, as the AWS CLI does.

use std::borrow::Cow;
use std::io::{self, Write};

use comfy_table::{Attribute, CellAlignment};
use serde_json::{Map, Value};

use super::escape;
use super::escape::{is_control, push_escaped, replace};
use super::python;
use super::table::TableStyle;

/// Writes JSON with an indent of four spaces.
pub(super) fn json(out: &mut impl Write, value: &Value) -> io::Result<()> {
    python::write_pretty(out, value, 0)?;
    out.write_all(b"\n")
}

/// Writes the AWS CLI's text form (`awscli/text.py`): one line per object, with its keys in alphabetical order; one line
/// for a list of scalars; nested values on separate lines after their uppercase key.
///
/// Control characters are escaped, except line feeds and tabs, which expressions such as ``join(`"\n"`, …)`` request.
pub(super) fn text(out: &mut impl Write, value: &Value) -> io::Result<()> {
    text_value(out, value, None)
}

/// Writes a value in the text form, with `label` in uppercase before nested values.
pub(super) fn text_value(
    out: &mut impl Write,
    value: &Value,
    label: Option<&str>,
) -> io::Result<()> {
    match value {
        Value::Object(members) => {
            let mut keys: Vec<&str> = members.keys().map(String::as_str).collect();
            keys.retain(|key| is_scalar(&members[*key]));
            keys.sort_unstable();
            text_object(out, members, &keys, label)
        }
        Value::Array(values) => text_list(out, values, label),
        scalar => writeln!(out, "{}", scalar_text(scalar)),
    }
}

fn text_list(out: &mut impl Write, values: &[Value], label: Option<&str>) -> io::Result<()> {
    if values.iter().any(Value::is_object) {
        let keys = scalar_keys(values);
        return values.iter().try_for_each(|value| match value {
            Value::Object(members) => text_object(out, members, &keys, label),
            other => text_value(out, other, label),
        });
    }
    let (scalars, lists): (Vec<&Value>, Vec<&Value>) =
        values.iter().partition(|value| is_scalar(value));
    match label {
        Some(label) => {
            for scalar in scalars {
                writeln!(out, "{}\t{}", label_text(label), scalar_text(scalar))?;
            }
        }
        None if scalars.is_empty() => {}
        None => text_line(out, scalars.into_iter().map(scalar_text))?,
    }
    lists
        .into_iter()
        .try_for_each(|list| text_value(out, list, label))
}

/// Writes the members `keys` on one line and the others below. A missing member is empty.
fn text_object(
    out: &mut impl Write,
    members: &Map<String, Value>,
    keys: &[&str],
    label: Option<&str>,
) -> io::Result<()> {
    if !keys.is_empty() {
        let values = keys
            .iter()
            .map(|key| members.get(*key).map_or(Cow::Borrowed(""), scalar_text));
        text_line(out, label.map(label_text).into_iter().chain(values))?;
    }
    let mut nested: Vec<&String> = members.keys().collect();
    nested.retain(|key| !keys.contains(&key.as_str()));
    nested.sort_unstable();
    nested
        .into_iter()
        .try_for_each(|key| text_value(out, &members[key], Some(key)))
}

fn text_line<'a>(
    out: &mut impl Write,
    values: impl Iterator<Item = Cow<'a, str>>,
) -> io::Result<()> {
    for (index, value) in values.enumerate() {
        if index > 0 {
            out.write_all(b"\t")?;
        }
        out.write_all(value.as_bytes())?;
    }
    out.write_all(b"\n")
}

/// The keys with a scalar value in any of the objects, in alphabetical order.
fn scalar_keys(values: &[Value]) -> Vec<&str> {
    let mut keys: Vec<&str> = values
        .iter()
        .filter_map(Value::as_object)
        .flatten()
        .filter(|(_, value)| is_scalar(value))
        .map(|(key, _)| key.as_str())
        .collect();
    keys.sort_unstable();
    keys.dedup();
    keys
}

fn is_scalar(value: &Value) -> bool {
    !value.is_object() && !value.is_array()
}

fn label_text(label: &str) -> Cow<'_, str> {
    Cow::Owned(escape(&label.to_uppercase()).into_owned())
}

/// A scalar as Python prints it. A nested value is compact JSON.
fn scalar_text(value: &Value) -> Cow<'_, str> {
    match value {
        Value::Null => Cow::Borrowed("None"),
        Value::Bool(true) => Cow::Borrowed("True"),
        Value::Bool(false) => Cow::Borrowed("False"),
        Value::String(text) => replace(
            text,
            |character| is_control(character) && !matches!(character, '\n' | '\t'),
            push_escaped,
        ),
        Value::Number(number) => Cow::Owned(python::number(number)),
        nested => Cow::Owned(nested.to_string()),
    }
}

/// Writes a table: one row per object, under a header of keys, or per list; one cell per scalar. Lists and objects in an
/// object become separate tables under their key. Null and an empty list write nothing.
pub(super) fn table(out: &mut impl Write, value: &Value, style: TableStyle) -> io::Result<()> {
    match value {
        Value::Null => Ok(()),
        Value::Object(members) => {
            let (scalars, nested): (Vec<_>, Vec<_>) =
                members.iter().partition(|(_, value)| is_scalar(value));
            if !scalars.is_empty() {
                let keys: Vec<&str> = scalars.iter().map(|(key, _)| key.as_str()).collect();
                let row = scalars.iter().map(|(_, value)| Some(*value)).collect();
                table_of(out, &keys, vec![row], style)?;
            }
            for (key, value) in nested {
                writeln!(out, "{}", escape(key))?;
                table(out, value, style)?;
            }
            Ok(())
        }
        Value::Array(values) if values.is_empty() => Ok(()),
        Value::Array(values) if values.iter().all(Value::is_object) => {
            let mut keys: Vec<&str> = Vec::new();
            for key in values
                .iter()
                .filter_map(Value::as_object)
                .flat_map(Map::keys)
            {
                if !keys.contains(&key.as_str()) {
                    keys.push(key);
                }
            }
            let row = |value| keys.iter().map(|key| Value::get(value, *key)).collect();
            table_of(out, &keys, values.iter().map(row).collect(), style)
        }
        Value::Array(values) => {
            let rows = values.iter().map(|value| match value {
                Value::Array(cells) => cells.iter().map(Some).collect(),
                other => vec![Some(other)],
            });
            table_of(out, &[], rows.collect(), style)
        }
        scalar => table_of(out, &[], vec![vec![Some(scalar)]], style),
    }
}

/// Writes one table, as wide as its content.
fn table_of(
    out: &mut impl Write,
    header: &[&str],
    rows: Vec<Vec<Option<&Value>>>,
    style: TableStyle,
) -> io::Result<()> {
    let mut table = comfy_table::Table::new();
    // The caller already examined the terminal; the crate must not.
    table
        .force_no_tty()
        .load_style(comfy_table::TableStyle::new());
    if style.color {
        table.enforce_styling();
        table.style_text_only();
    }
    if !header.is_empty() {
        let is_number = |row: &Vec<Option<&Value>>, column: usize| {
            row.get(column)
                .copied()
                .flatten()
                .is_some_and(Value::is_number)
        };
        table.set_header(header.iter().enumerate().map(|(column, name)| {
            let mut cell = comfy_table::Cell::new(escape(name));
            if rows.iter().any(|row| is_number(row, column)) {
                cell = cell.set_alignment(CellAlignment::Right);
            }
            match style.color {
                true => cell.add_attribute(Attribute::Bold),
                false => cell,
            }
        }));
    }
    table.add_rows(rows.into_iter().map(|row| row.into_iter().map(table_cell)));
    for column in table.column_iter_mut() {
        column.set_padding((0, 2));
    }
    for line in table.lines() {
        writeln!(out, "{}", line.trim_end())?;
    }
    Ok(())
}

fn table_cell(value: Option<&Value>) -> comfy_table::Cell {
    let Some(value) = value else {
        return comfy_table::Cell::new("");
    };
    let cell = comfy_table::Cell::new(match value {
        Value::String(text) => escape(text),
        other => scalar_text(other),
    });
    if value.is_number() {
        cell.set_alignment(CellAlignment::Right)
    } else {
        cell
    }
}
