//! Filters: AND between them, OR among the values of one, wildcards in each value.

use wildmatch::WildMatchPattern;

use super::form::Parameters;
use super::refusal::Refusal;

/// The most filters, and the most values in each of them, that EC2 takes in a request.
const MAX_FILTERS: usize = 50;
const MAX_VALUES: usize = 200;

/// A filter on the attribute `A` of a row.
#[derive(Debug)]
pub(super) struct Filter<A> {
    pub attribute: A,
    values: Vec<Pattern>,
}

impl<A> Filter<A> {
    /// Takes the filters out of `parameters`, with `attribute` to look up their names.
    ///
    /// # Errors
    /// A name that the action does not know, a filter without values, and too many of either.
    pub fn all(
        parameters: &mut Parameters,
        attribute: impl Fn(&str) -> Option<A>,
    ) -> Result<Vec<Self>, Refusal> {
        let sent = parameters.structures("Filter", |filter| {
            Ok((filter.text("Name"), filter.list("Value")))
        })?;
        if sent.len() > MAX_FILTERS || sent.iter().any(|(_, values)| values.len() > MAX_VALUES) {
            return Err(Refusal::new(
                "FilterLimitExceeded",
                format!(
                    "A request has at most {MAX_FILTERS} filters, and a filter at most {MAX_VALUES} values"
                ),
            ));
        }
        sent.into_iter()
            .map(|(name, values)| {
                // EC2 calls a filter without a name `null`.
                let name = name.as_deref().unwrap_or("null");
                let Some(attribute) = attribute(name) else {
                    return Err(Refusal::new(
                        "InvalidParameterValue",
                        format!("The filter '{name}' is invalid"),
                    ));
                };
                if values.is_empty() {
                    return Err(Refusal::new(
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

    /// Whether a row passes whose attribute is `value`. An absent attribute passes no filter.
    pub fn accepts(&self, value: Option<&str>) -> bool {
        value.is_some_and(|value| self.values.iter().any(|pattern| pattern.matches(value)))
    }
}

/// Stand for `*` and `?` in a pattern whose escapes are resolved. Unicode keeps these two out of text.
const MANY: char = '\u{fdd0}';
const ONE: char = '\u{fdd1}';
type Pattern = WildMatchPattern<MANY, ONE>;

/// A filter value: `*` is any characters, `?` any one, and `\` takes the meaning from the character after it.
fn pattern(value: &str) -> Pattern {
    let mut resolved = String::with_capacity(value.len());
    let mut characters = value.chars();
    while let Some(character) = characters.next() {
        resolved.push(match character {
            '*' => MANY,
            '?' => ONE,
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
    fn wildcards_escapes_and_case() {
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
