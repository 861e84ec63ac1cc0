//! Whether a report covers a spec: a report of some accounts, or of one resource type, proves nothing about the rest.

use std::fmt;

use super::{Report, ReportSpec, ResourceType};

/// How many of a launch template's newest versions a report examines by default.
const USUAL_DEPTH: u32 = 20;

/// The only documented option of a resource type.
const DEPTH: &str = "version-depth";

/// What a report does not cover of a spec.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum CoverageGap {
    /// It is about another image, or names none.
    OtherImage,
    /// It covers only this number of accounts.
    Accounts(usize),
    /// It does not cover this resource type.
    ResourceType(String),
    /// It covers only this number of launch template versions, or an unknown number.
    VersionDepth(Option<u32>),
    /// It covers a resource type with an unknown option, which may exclude something.
    Option {
        /// The resource type.
        resource_type: String,
        /// The option's name.
        name: String,
    },
}

/// As in "report amiur-… covers …".
impl fmt::Display for CoverageGap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OtherImage => f.write_str("another image"),
            Self::Accounts(1) => f.write_str("only 1 account"),
            Self::Accounts(count) => write!(f, "only {count} accounts"),
            Self::ResourceType(name) => write!(f, "no {name}"),
            Self::VersionDepth(Some(1)) => f.write_str("only 1 launch template version"),
            Self::VersionDepth(Some(depth)) => {
                write!(f, "only {depth} launch template versions")
            }
            Self::VersionDepth(None) => {
                f.write_str("an unknown number of launch template versions")
            }
            Self::Option {
                resource_type,
                name,
            } => write!(f, "{resource_type} with the unknown option {name:?}"),
        }
    }
}

impl ReportSpec {
    /// What `report` does not cover of this spec; empty if it covers all of it. The caller judges its state and age.
    pub fn left_out_by(&self, report: &Report) -> Vec<CoverageGap> {
        let mut left_out = Vec::new();
        if report.image_id.as_ref() != Some(&self.image_id) {
            left_out.push(CoverageGap::OtherImage);
        }
        let accounts = report.account_ids.as_deref().unwrap_or_default();
        let all_accounts = accounts.is_empty();
        let wanted_accounts =
            !self.account_ids.is_empty() && self.account_ids.iter().all(|id| accounts.contains(id));
        if !all_accounts && !wanted_accounts {
            left_out.push(CoverageGap::Accounts(accounts.len()));
        }
        for wanted in &self.resource_types {
            let types = || {
                (report.resource_types.iter().flatten())
                    .filter(|has| has.resource_type == wanted.resource_type)
            };
            let options = types().flat_map(|has| has.resource_type_options.iter().flatten());
            left_out.extend(
                options
                    .filter(|option| option.option_name.as_deref() != Some(DEPTH))
                    .map(|option| CoverageGap::Option {
                        resource_type: wanted.resource_type.clone().unwrap_or_default(),
                        name: option.option_name.clone().unwrap_or_default(),
                    }),
            );
            // If it names a type twice, the larger depth counts.
            let depth = types().map(depth).max();
            match depth {
                None => {
                    let name = wanted.resource_type.clone().unwrap_or_default();
                    left_out.push(CoverageGap::ResourceType(name));
                }
                Some(has) if has < self::depth(wanted) => {
                    left_out.push(CoverageGap::VersionDepth(has));
                }
                Some(_) => {}
            }
        }
        left_out
    }

    /// Whether `report` covers this spec, and possibly more.
    pub fn is_covered_by(&self, report: &Report) -> bool {
        self.left_out_by(report).is_empty()
    }
}

/// How many versions are examined; `None`, which is less than any number, if that is unknown.
fn depth(of: &ResourceType) -> Option<u32> {
    let mut depths = (of.resource_type_options.iter().flatten())
        .filter(|option| option.option_name.as_deref() == Some(DEPTH))
        .map(|option| option.option_values.as_deref());
    match (depths.next(), depths.next()) {
        (None, _) => Some(USUAL_DEPTH),
        (Some(Some([value])), None) => value.parse().ok(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::ResourceTypeOption;
    use super::*;

    fn templates(depth: u32) -> ResourceType {
        ResourceType {
            resource_type_options: Some(vec![ResourceTypeOption {
                option_name: Some("version-depth".to_owned()),
                option_values: Some(vec![depth.to_string()]),
            }]),
            ..ResourceType::named("ec2:LaunchTemplate")
        }
    }

    #[test]
    fn a_report_covers_what_is_asked_or_more() {
        let instances = || ResourceType::named("ec2:Instance");
        let any_templates = || ResourceType::named("ec2:LaunchTemplate");
        type Scope = (Vec<ResourceType>, &'static [&'static str]);
        let rows: Vec<(Scope, Scope, bool)> = vec![
            ((vec![instances()], &[]), (vec![instances()], &[]), true),
            (
                (vec![instances()], &[]),
                (vec![instances(), templates(5)], &[]),
                true,
            ),
            (
                (vec![instances(), any_templates()], &[]),
                (vec![instances()], &[]),
                false,
            ),
            (
                (vec![any_templates()], &[]),
                (vec![templates(20)], &[]),
                true,
            ),
            (
                (vec![any_templates()], &[]),
                (vec![templates(19)], &[]),
                false,
            ),
            (
                (vec![templates(20)], &[]),
                (vec![any_templates()], &[]),
                true,
            ),
            (
                (vec![templates(21)], &[]),
                (vec![any_templates()], &[]),
                false,
            ),
            ((vec![instances()], &["1"]), (vec![instances()], &[]), true),
            ((vec![instances()], &[]), (vec![instances()], &["1"]), false),
            (
                (vec![instances()], &["1"]),
                (vec![instances()], &["2", "1"]),
                true,
            ),
            (
                (vec![instances()], &["1", "3"]),
                (vec![instances()], &["2", "1"]),
                false,
            ),
        ];
        let texts = |ids: &[&str]| ids.iter().map(ToString::to_string).collect::<Vec<_>>();
        for (wanted, has, covers) in rows {
            let order = ReportSpec {
                image_id: "ami-1".to_owned(),
                resource_types: wanted.0,
                account_ids: texts(wanted.1),
                ..ReportSpec::default()
            };
            let mut report = Report {
                image_id: Some("ami-1".to_owned()),
                resource_types: Some(has.0),
                account_ids: Some(texts(has.1)),
                ..Report::default()
            };
            assert_eq!(order.is_covered_by(&report), covers, "{order:?} {report:?}");
            report.image_id = Some("ami-2".to_owned());
            assert_eq!(order.left_out_by(&report)[0], CoverageGap::OtherImage);
            report.image_id = None;
            assert_eq!(order.left_out_by(&report)[0], CoverageGap::OtherImage);
        }
    }

    #[test]
    fn what_is_left_out_is_named() {
        let order = ReportSpec {
            image_id: "ami-1".to_owned(),
            resource_types: vec![ResourceType::named("ec2:Instance"), templates(50)],
            ..ReportSpec::default()
        };
        let whole = Report {
            image_id: Some("ami-1".to_owned()),
            resource_types: Some(order.resource_types.clone()),
            ..Report::default()
        };
        assert!(order.is_covered_by(&whole));
        let left_out = |types: Option<Vec<ResourceType>>, accounts: usize| {
            let report = Report {
                resource_types: types,
                account_ids: Some(vec!["123412341234".to_owned(); accounts]),
                ..whole.clone()
            };
            let left_out = order.left_out_by(&report);
            left_out.iter().map(ToString::to_string).collect::<Vec<_>>()
        };
        let instances = || ResourceType::named("ec2:Instance");
        let unclear = |values: &[&str]| {
            let mut templates = templates(0);
            templates.resource_type_options.as_mut().unwrap()[0].option_values =
                Some(values.iter().map(ToString::to_string).collect());
            templates
        };
        assert_eq!(
            left_out(None, 0),
            ["no ec2:Instance", "no ec2:LaunchTemplate"]
        );
        assert_eq!(
            left_out(Some(vec![templates(50)]), 2),
            ["only 2 accounts", "no ec2:Instance"]
        );
        for (templates, told) in [
            (templates(49), "only 49 launch template versions"),
            (
                ResourceType::named("ec2:LaunchTemplate"),
                "only 20 launch template versions",
            ),
            (
                unclear(&["all"]),
                "an unknown number of launch template versions",
            ),
            (
                unclear(&["100", "10"]),
                "an unknown number of launch template versions",
            ),
            (
                unclear(&[]),
                "an unknown number of launch template versions",
            ),
        ] {
            assert_eq!(left_out(Some(vec![instances(), templates]), 0), [told]);
        }
        let mut twice = templates(100);
        let mut other = templates(1).resource_type_options.unwrap();
        (twice.resource_type_options.as_mut().unwrap()).append(&mut other);
        assert_eq!(
            left_out(Some(vec![instances(), twice]), 0),
            ["an unknown number of launch template versions"]
        );
        let mut filtered = templates(100);
        filtered.resource_type = instances().resource_type;
        filtered.resource_type_options.as_mut().unwrap()[0].option_name = Some("state".to_owned());
        assert_eq!(
            left_out(Some(vec![filtered, templates(50)]), 0),
            ["ec2:Instance with the unknown option \"state\""]
        );
        // The larger of two depths counts.
        let twice = vec![templates(100), instances(), templates(1)];
        assert!(left_out(Some(twice), 0).is_empty());
    }
}
