//! Parses the form body of an EC2 Query request.
//!
//! An action takes out the parameters that it supports. The remaining ones are an error.

use std::collections::BTreeMap;

use super::response::ApiError;

/// The remaining parameters of a request, or of a member of a list of structures in it.
#[derive(Debug, Default)]
pub(super) struct Parameters {
    /// What precedes the names in the request, such as `Filter.1.`.
    prefix: String,
    values: BTreeMap<String, String>,
}

impl Parameters {
    /// Decodes a form body.
    ///
    /// # Errors
    /// A duplicate parameter.
    pub fn parse(form: &[u8]) -> Result<Self, ApiError> {
        let mut values = BTreeMap::new();
        for (name, value) in form_urlencoded::parse(form) {
            if values.contains_key(&*name) {
                return Err(ApiError::new(
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

    /// Names and values, sorted by name.
    pub fn iter(&self) -> impl Iterator<Item = (&String, &String)> {
        self.values.iter()
    }

    /// Takes the signature of a signed query string, and returns its credential.
    pub fn signature(&mut self) -> Option<String> {
        let credential = self.text("X-Amz-Credential");
        self.values.retain(|name, _| !name.starts_with("X-Amz-"));
        credential
    }

    /// Takes a scalar parameter.
    pub fn text(&mut self, name: &str) -> Option<String> {
        self.values.remove(name)
    }

    /// Takes a scalar parameter that is required and not empty.
    ///
    /// # Errors
    /// `MissingParameter`.
    pub fn required(&mut self, name: &str) -> Result<String, ApiError> {
        self.text(name)
            .filter(|value| !value.is_empty())
            .ok_or_else(|| self.missing(name))
    }

    /// The error for a request without this parameter.
    pub fn missing(&self, name: &str) -> ApiError {
        ApiError::new(
            "MissingParameter",
            format!(
                "The request must contain the parameter {}{name}",
                self.prefix
            ),
        )
    }

    /// Takes a parameter that is `true` or `false`, the default.
    ///
    /// # Errors
    /// Another value.
    pub fn boolean(&mut self, name: &str) -> Result<bool, ApiError> {
        self.text(name).map_or(Ok(false), |value| {
            value
                .parse()
                .map_err(|_| ApiError::invalid_value(name, &value, "Expecting true or false."))
        })
    }

    /// Takes a flattened list of scalars, sorted by number. The numbers may have gaps.
    pub fn list(&mut self, name: &str) -> Vec<String> {
        let mut members: Vec<(u32, String)> = (self.values)
            .extract_if(.., |key, _| matches!(member(name, key), Some((_, None))))
            .filter_map(|(key, value)| Some((member(name, &key)?.0, value)))
            .collect();
        members.sort_unstable_by_key(|&(number, _)| number);
        members.into_iter().map(|(_, value)| value).collect()
    }

    /// Takes a flattened list of structures. `parse` takes the members of each.
    ///
    /// # Errors
    /// Those of `parse`, and a member that it does not support.
    pub fn structures<T>(
        &mut self,
        name: &str,
        parse: impl Fn(&mut Self) -> Result<T, ApiError>,
    ) -> Result<Vec<T>, ApiError> {
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
                let value = parse(&mut structure)?;
                structure.finish()?;
                Ok(value)
            })
            .collect()
    }

    /// Checks that no parameter remains.
    ///
    /// # Errors
    /// `UnknownParameter`.
    pub fn finish(&self) -> Result<(), ApiError> {
        self.values.keys().next().map_or(Ok(()), |name| {
            Err(ApiError::new(
                "UnknownParameter",
                format!("The parameter {}{name} is not recognized", self.prefix),
            ))
        })
    }
}

/// The number of a list member, which is at least 1 without leading zeros, and the part of the name after it.
fn member<'k>(list: &str, key: &'k str) -> Option<(u32, Option<&'k str>)> {
    let member = key.strip_prefix(list)?.strip_prefix('.')?;
    let (digits, rest) = match member.split_once('.') {
        Some((digits, rest)) => (digits, Some(rest)),
        None => (member, None),
    };
    let valid = !digits.starts_with('0') && digits.bytes().all(|digit| digit.is_ascii_digit());
    Some((digits.parse().ok().filter(|_| valid)?, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parameters(form: &str) -> Parameters {
        Parameters::parse(form.as_bytes()).unwrap()
    }

    #[test]
    fn lists_are_sorted_by_number() {
        let mut form = parameters("A.10=z&A.2=y&A.1=x&AB.1=no&A.1.B=no&A.01=no&A=no&A.+3=no");
        assert_eq!(form.list("A"), ["x", "y", "z"]);
        assert_eq!(form.values.len(), 5);
    }

    #[test]
    fn structures_nest() {
        let mut form = parameters("T.2.Tag.1.Key=b&T.1.Tag.2.Key=a&T.1.Kind=k");
        let structures = form.structures("T", |structure| {
            let kind = structure.text("Kind");
            let keys = structure.structures("Tag", |tag| tag.required("Key"))?;
            Ok((kind, keys))
        });
        assert_eq!(
            structures.unwrap(),
            [
                (Some("k".to_owned()), vec!["a".to_owned()]),
                (None, vec!["b".to_owned()])
            ]
        );
        assert!(form.finish().is_ok());
    }

    #[test]
    fn remaining_parameters_are_reported_with_their_full_name() {
        let nested = parameters("T.1.Tag.1.Key=a&T.1.Tag.1.Nope=b").structures("T", |structure| {
            structure.structures("Tag", |tag| tag.required("Key"))
        });
        let message = format!("{:?}", nested.unwrap_err());
        assert!(message.contains("T.1.Tag.1.Nope"), "{message}");
    }
}
