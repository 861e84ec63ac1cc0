//! The form body of an EC2 Query request, taken apart at the dots of its names.
//!
//! An action takes out the parameters that it knows. What is left over then is refused.

use std::collections::BTreeMap;

use super::refusal::Refusal;

/// The parameters of a request, or of one member of a list of structures in it, that nobody has taken yet.
#[derive(Debug, Default)]
pub(super) struct Parameters {
    /// What the names have before them in the request, as in `Filter.1.`.
    prefix: String,
    values: BTreeMap<String, String>,
}

impl Parameters {
    /// Decodes a form body.
    ///
    /// # Errors
    /// A parameter that stands twice.
    pub fn parse(form: &[u8]) -> Result<Self, Refusal> {
        let mut values = BTreeMap::new();
        for (name, value) in form_urlencoded::parse(form) {
            if values.contains_key(&*name) {
                return Err(Refusal::new(
                    "InvalidQueryParameter",
                    format!("The parameter {name} may be specified once only"),
                ));
            }
            values.insert(name.into_owned(), value.into_owned());
        }
        Ok(Self {
            prefix: String::new(),
            values,
        })
    }

    /// Names and values, in the order of the names.
    pub fn iter(&self) -> impl Iterator<Item = (&String, &String)> {
        self.values.iter()
    }

    /// A parameter without parts.
    pub fn text(&mut self, name: &str) -> Option<String> {
        self.values.remove(name)
    }

    /// A parameter without parts that has to be there, and not empty.
    ///
    /// # Errors
    /// `MissingParameter`.
    pub fn required(&mut self, name: &str) -> Result<String, Refusal> {
        self.text(name)
            .filter(|value| !value.is_empty())
            .ok_or_else(|| self.missing(name))
    }

    /// The refusal of a request without this parameter.
    pub fn missing(&self, name: &str) -> Refusal {
        Refusal::new(
            "MissingParameter",
            format!(
                "The request must contain the parameter {}{name}",
                self.prefix
            ),
        )
    }

    /// A parameter that is `true` or `false`; absent, it is `false`.
    ///
    /// # Errors
    /// Another value.
    pub fn boolean(&mut self, name: &str) -> Result<bool, Refusal> {
        self.text(name).map_or(Ok(false), |value| {
            value
                .parse()
                .map_err(|_| Refusal::invalid_value(name, &value, "Expecting true or false."))
        })
    }

    /// A flattened list of texts, in the order of its numbers, which need not begin at 1 or be dense.
    pub fn list(&mut self, name: &str) -> Vec<String> {
        let mut members: Vec<(u32, String)> = (self.values)
            .extract_if(.., |key, _| matches!(member(name, key), Some((_, None))))
            .filter_map(|(key, value)| Some((member(name, &key)?.0, value)))
            .collect();
        members.sort_unstable_by_key(|&(number, _)| number);
        members.into_iter().map(|(_, value)| value).collect()
    }

    /// A flattened list of structures, each of which `read` takes apart.
    ///
    /// # Errors
    /// Those of `read`, and a member that it did not take.
    pub fn structures<T>(
        &mut self,
        name: &str,
        read: impl Fn(&mut Self) -> Result<T, Refusal>,
    ) -> Result<Vec<T>, Refusal> {
        let mut members = BTreeMap::new();
        let parts =
            (self.values).extract_if(.., |key, _| matches!(member(name, key), Some((_, Some(_)))));
        for (key, value) in parts {
            let Some((number, Some(rest))) = member(name, &key) else {
                continue;
            };
            let structure = members.entry(number).or_insert_with(|| Self {
                prefix: format!("{}{name}.{number}.", self.prefix),
                values: BTreeMap::new(),
            });
            structure.values.insert(rest.to_owned(), value);
        }
        (members.into_values())
            .map(|mut structure| {
                let value = read(&mut structure)?;
                structure.finish()?;
                Ok(value)
            })
            .collect()
    }

    /// Refuses what nobody has taken.
    ///
    /// # Errors
    /// `UnknownParameter`.
    pub fn finish(&self) -> Result<(), Refusal> {
        self.values.keys().next().map_or(Ok(()), |name| {
            Err(Refusal::new(
                "UnknownParameter",
                format!("The parameter {}{name} is not recognized", self.prefix),
            ))
        })
    }
}

/// The number of a list's member, from 1 on and in its plain form, and what follows it.
fn member<'k>(list: &str, key: &'k str) -> Option<(u32, Option<&'k str>)> {
    let member = key.strip_prefix(list)?.strip_prefix('.')?;
    let (digits, rest) = match member.split_once('.') {
        Some((digits, rest)) => (digits, Some(rest)),
        None => (member, None),
    };
    let plain = !digits.starts_with('0') && digits.bytes().all(|digit| digit.is_ascii_digit());
    Some((digits.parse().ok().filter(|_| plain)?, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parameters(form: &str) -> Parameters {
        Parameters::parse(form.as_bytes()).unwrap()
    }

    #[test]
    fn lists_are_in_the_order_of_their_numbers() {
        let mut form = parameters("A.10=z&A.2=y&A.1=x&AB.1=no&A.1.B=no&A.01=no&A=no&A.+3=no");
        assert_eq!(form.list("A"), ["x", "y", "z"]);
        assert_eq!(form.values.len(), 5);
    }

    #[test]
    fn structures_nest() {
        let mut form = parameters("T.2.Tag.1.Key=b&T.1.Tag.2.Key=a&T.1.Kind=k");
        let read = form.structures("T", |structure| {
            let kind = structure.text("Kind");
            let keys = structure.structures("Tag", |tag| tag.required("Key"))?;
            Ok((kind, keys))
        });
        assert_eq!(
            read.unwrap(),
            [
                (Some("k".to_owned()), vec!["a".to_owned()]),
                (None, vec!["b".to_owned()])
            ]
        );
        assert!(form.finish().is_ok());
    }

    #[test]
    fn what_is_left_over_is_named_in_full() {
        let nested = parameters("T.1.Tag.1.Key=a&T.1.Tag.1.Nope=b").structures("T", |structure| {
            structure.structures("Tag", |tag| tag.required("Key"))
        });
        let message = format!("{:?}", nested.unwrap_err());
        assert!(message.contains("T.1.Tag.1.Nope"), "{message}");
    }
}
