//! Filters: AND between filters, OR among the values of one, with wildcards in the values.

use wildmatch::WildMatchPattern;

use super::form::Parameters;
use super::response::ApiError;

/// EC2's limits of filters in a request and of values in a filter.
const MAX_FILTERS: usize = 50;
const MAX_VALUES: usize = 200;

/// A filter on the attribute `A` of a row.
#[derive(Debug)]
pub(super) struct Filter<A> {
    pub attribute: A,
    values: Vec<Pattern>,
}

impl<A> Filter<A> {
    /// Takes the filters out of `parameters`. `attribute` looks up their names.
    ///
    /// # Errors
    /// An unknown name, a filter without values, and too many of either.
    pub fn parse_all(
        parameters: &mut Parameters,
        attribute: impl Fn(&str) -> Option<A>,
    ) -> Result<Vec<Self>, ApiError> {
        let sent = parameters.structures("Filter", |filter| {
            Ok((filter.text("Name"), filter.list("Value")))
        })?;
        if sent.len() > MAX_FILTERS || sent.iter().any(|(_, values)| values.len() > MAX_VALUES) {
            return Err(ApiError::new(
                "FilterLimitExceeded",
                format!(
                    "A request has at most {MAX_FILTERS} filters, and a filter at most {MAX_VALUES} values"
                ),
            ));
        }
        sent.into_iter()
            .map(|(name, values)| {
                // EC2 reports a missing name as `null`.
                let name = name.as_deref().unwrap_or("null");
                let Some(attribute) = attribute(name) else {
                    return Err(ApiError::new(
                        "InvalidParameterValue",
                        format!("The filter '{name}' is invalid"),
                    ));
                };
                if values.is_empty() {
                    return Err(ApiError::new(
                        "MissingParameter",
                        format!("The filter '{name}' must contain a value"),
                    ));
                }
                Ok(Self {
                    attribute,
                    values: values.iter().map(|value| pattern(value)).collect(),
                })
            })
            .collect()
    }

    /// Whether the filter accepts an attribute value. It rejects an absent one.
    pub fn accepts(&self, value: Option<&str>) -> bool {
        value.is_some_and(|value| self.values.iter().any(|pattern| pattern.matches(value)))
    }
}

/// Wildcards of patterns with resolved escapes, in place of `*` and `?`. They are Unicode noncharacters.
const ANY_CHARS: char = '\u{fdd0}';
const ANY_CHAR: char = '\u{fdd1}';
type Pattern = WildMatchPattern<ANY_CHARS, ANY_CHAR>;

/// Parses a filter value: `*` matches any characters, `?` any one, and `\` escapes the next character.
fn pattern(value: &str) -> Pattern {
    let mut resolved = String::with_capacity(value.len());
    let mut characters = value.chars();
    while let Some(character) = characters.next() {
        resolved.push(match character {
            '*' => ANY_CHARS,
            '?' => ANY_CHAR,
            '\\' => characters.next().unwrap_or('\\'),
            plain => plain,
        });
    }
    Pattern::new(&resolved)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_have_wildcards_and_escapes_and_match_case() {
        for (value, text, matches) in [
            ("ec2:Instance", "ec2:Instance", true),
            ("ec2:instance", "ec2:Instance", false),
            ("Instance", "ec2:Instance", false),
            ("*Instance", "ec2:Instance", true),
            ("2025-09-29T*", "2025-09-29T13:27:12.322Z", true),
            ("2025-09-29T*", "2025-09-30T13:27:12.322Z", false),
            ("0011?0110011", "001100110011", true),
            ("0011?10011", "001100110011", false),
            (r"\*", "*", true),
            (r"\*", "x", false),
            (r"a\?\\", r"a?\", true),
            (r"end\", r"end\", true),
            ("", "", true),
            ("", "x", false),
            ("*", "", true),
        ] {
            assert_eq!(pattern(value).matches(text), matches, "{value} on {text}");
        }
    }
}
