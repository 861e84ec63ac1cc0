//! Parses lists of named numbers, such as `images=20,entries=50000`.

use std::ops::RangeInclusive;

/// The value of each of `keys`, in any order. Each key is required and has a range.
///
/// # Errors
/// A message with the part of `text` that is wrong.
pub(super) fn parse<const N: usize>(
    text: &str,
    keys: [(&str, RangeInclusive<usize>); N],
) -> Result<[usize; N], String> {
    let mut values = [None; N];
    for part in text.split(',') {
        let (key, value) =
            (part.split_once('=')).ok_or_else(|| format!("missing '=' in '{part}'"))?;
        let key = key.trim();
        let index = (keys.iter().position(|(name, _)| *name == key))
            .ok_or_else(|| format!("unknown key '{key}'"))?;
        let range = &keys[index].1;
        let number = (value.trim().parse().ok())
            .filter(|number| range.contains(number))
            .ok_or_else(|| {
                let (min, max) = (range.start(), range.end());
                format!("invalid value in '{part}': expected a whole number from {min} to {max}")
            })?;
        if values[index].replace(number).is_some() {
            return Err(format!("duplicate key '{key}'"));
        }
    }
    if let Some(missing) = values.iter().position(Option::is_none) {
        return Err(format!("missing key '{}'", keys[missing].0));
    }
    Ok(values.map(Option::unwrap_or_default))
}
