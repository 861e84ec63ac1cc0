//! The names of accounts by their IDs.

use std::collections::BTreeMap;
use std::fmt::Display;

use serde::{Deserialize, Serialize};
use wildmatch::WildMatch;

/// The names of accounts by their IDs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AccountNames(BTreeMap<String, String>);

/// The output of `aws organizations list-accounts`; other members are ignored.
#[derive(Deserialize, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Document {
    accounts: Vec<Account>,
}

#[derive(Deserialize, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Account {
    id: String,
    #[serde(default)]
    name: Option<String>,
}

/// A row of a CSV file; other columns are ignored.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct CsvRow {
    account_id: String,
    name: String,
}

impl AccountNames {
    /// Parses JSON of `aws organizations list-accounts`, or CSV with the columns `AccountId` and `Name`.
    ///
    /// # Errors
    /// A message, for text in neither form, an ID that does not have 12 digits, and two names of one account.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut names = Self::default();
        if text.trim_start().starts_with('{') {
            let document: Document = serde_json::from_str(text).map_err(|error| {
                format!("expected the output of `aws organizations list-accounts`: {error}")
            })?;
            for account in document.accounts {
                names.insert(account.id, account.name.unwrap_or_default())?;
            }
            return Ok(names);
        }
        let invalid = |problem: &dyn Display| {
            Err(format!(
                "expected CSV with the columns AccountId and Name: {problem}"
            ))
        };
        let mut reader = csv::Reader::from_reader(text.as_bytes());
        let header = match reader.headers() {
            Ok(header) => header,
            Err(error) => return invalid(&error),
        };
        // Without rows, deserialization does not look at the header.
        let mut missing = ["AccountId", "Name"].into_iter();
        if let Some(name) = missing.find(|name| !header.iter().any(|column| column == *name)) {
            return invalid(&format_args!("no column {name} in the first line"));
        }
        for row in reader.into_deserialize() {
            match row {
                Ok(CsvRow { account_id, name }) => names.insert(account_id, name)?,
                Err(error) => return invalid(&error),
            }
        }
        Ok(names)
    }

    /// The JSON form that [`Self::parse`] reads.
    pub fn to_json(&self) -> String {
        let accounts = self.0.iter().map(|(id, name)| Account {
            id: id.clone(),
            name: Some(name.clone()),
        });
        let accounts = accounts.collect();
        serde_json::to_string(&Document { accounts }).expect("strings have a JSON form")
    }

    /// Adds an account. One without a name is ignored.
    ///
    /// # Errors
    /// As for [`Self::parse`].
    pub(super) fn insert(&mut self, id: String, name: String) -> Result<(), String> {
        if id.len() != 12 || !id.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(format!(
                "account ID {id:?} does not have 12 digits; spreadsheets drop leading zeros"
            ));
        }
        if name.is_empty() {
            return Ok(());
        }
        match self.0.get(&id) {
            Some(other) if *other != name => Err(format!(
                "account {id} has two names: {other:?} and {name:?}"
            )),
            _ => {
                self.0.insert(id, name);
                Ok(())
            }
        }
    }

    /// The name of an account, if it is known.
    pub fn get(&self, id: Option<&str>) -> Option<&str> {
        self.0.get(id?).map(String::as_str)
    }

    /// The IDs, in order, of the accounts whose name matches the pattern: `*` stands for any characters, `?` for one.
    pub fn ids_matching(&self, pattern: &str) -> Vec<String> {
        let pattern = WildMatch::new(pattern);
        let matching = self.0.iter().filter(|(_, name)| pattern.matches(name));
        matching.map(|(id, _)| id.clone()).collect()
    }

    /// All names, by ID.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.values().map(String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_and_csv_are_read() {
        let json = r#"{"Accounts": [
            {"Id": "001100110011", "Arn": "a", "Name": "prod-web", "Status": "ACTIVE"},
            {"Id": "123412341234", "Email": "e"}]}"#;
        let csv = "\
            Email,AccountId,Name\n\
            e,001100110011,prod-web\n\
            e,123412341234,\n";
        let names = AccountNames::parse(json).unwrap();
        assert_eq!(AccountNames::parse(csv).unwrap(), names);
        assert_eq!(AccountNames::parse(&names.to_json()).unwrap(), names);
        assert_eq!(names.get(Some("001100110011")), Some("prod-web"));
        for unknown in [Some("123412341234"), Some("1100110011"), None] {
            assert_eq!(names.get(unknown), None);
        }
    }

    #[test]
    fn invalid_files_are_errors() {
        for (text, expected) in [
            ("", "no column AccountId"),
            ("001100110011,prod\n", "columns AccountId and Name"),
            (
                "AccountId,Name\n1100110011,prod\n",
                "spreadsheets drop leading zeros",
            ),
            (
                "AccountId,Name\n001100110011,a\n001100110011,b\n",
                "has two names",
            ),
            ("AccountId,Name\n001100110011\n", "line: 2"),
            ("{}", "missing field `Accounts`"),
            (r#"{"Accounts": [{"Name": "a"}]}"#, "missing field `Id`"),
        ] {
            let error = AccountNames::parse(text).expect_err(text);
            assert!(error.contains(expected), "{text}: {error}");
        }
    }

    #[test]
    fn patterns_select_accounts_by_name() {
        let csv = "AccountId,Name\n333333333333,prod-b\n111111111111,prod-a\n222222222222,dev\n";
        let names = AccountNames::parse(csv).unwrap();
        assert_eq!(
            names.ids_matching("prod-*"),
            ["111111111111", "333333333333"]
        );
        assert_eq!(names.ids_matching("de?"), ["222222222222"]);
        assert!(names.ids_matching("Prod-*").is_empty());
    }
}
