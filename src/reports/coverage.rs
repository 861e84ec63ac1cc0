//! Whether a report covers a spec: a report of some accounts, or of one resource type, proves nothing about the rest.

use std::fmt;

use super::record::Report;
use super::resource_type::{ResourceType, VERSION_DEPTH};
use super::spec::ReportSpec;

/// A part of a spec that a report does not cover.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum CoverageGap {
    /// It is about another image, or names none.
    OtherImage,
    /// It covers only this number of accounts.
    Accounts(usize),
    /// It does not cover this resource type.
    ResourceType(String),
    /// It covers this number of launch template versions, or an unknown number.
    VersionDepth(Option<u32>),
    /// It covers a resource type with an unknown option, which may exclude something.
    Option {
        /// The resource type.
        resource_type: String,
        /// The option's name.
        name: String,
    },
}

/// Completes "report amiur-… covers …".
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
    /// The parts that `report` does not cover. Checks neither its state nor its age.
    pub fn gaps_in(&self, report: &Report) -> Vec<CoverageGap> {
        let mut gaps = Vec::new();
        if report.image_id.as_ref() != Some(&self.image_id) {
            gaps.push(CoverageGap::OtherImage);
        }
        let accounts = report.account_ids.as_deref().unwrap_or_default();
        let all_accounts = accounts.is_empty();
        let wanted_accounts =
            !self.account_ids.is_empty() && self.account_ids.iter().all(|id| accounts.contains(id));
        if !all_accounts && !wanted_accounts {
            gaps.push(CoverageGap::Accounts(accounts.len()));
        }
        for wanted in &self.resource_types {
            let types = || {
                (report.resource_types.iter().flatten())
                    .filter(|has| has.resource_type == wanted.resource_type)
            };
            let options = types().flat_map(|has| has.resource_type_options.iter().flatten());
            gaps.extend(
                options
                    .filter(|option| option.option_name.as_deref() != Some(VERSION_DEPTH))
                    .map(|option| CoverageGap::Option {
                        resource_type: wanted.resource_type.clone().unwrap_or_default(),
                        name: option.option_name.clone().unwrap_or_default(),
                    }),
            );
            // If it names a type twice, the larger depth counts.
            match types().map(ResourceType::version_depth).max() {
                None => {
                    let name = wanted.resource_type.clone().unwrap_or_default();
                    gaps.push(CoverageGap::ResourceType(name));
                }
                Some(has) if has < wanted.version_depth() => {
                    gaps.push(CoverageGap::VersionDepth(has));
                }
                Some(_) => {}
            }
        }
        gaps
    }

    /// Whether `report` covers all of this spec, and maybe more.
    pub fn is_covered_by(&self, report: &Report) -> bool {
        self.gaps_in(report).is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reports::resource_type::{INSTANCE, LAUNCH_TEMPLATE};

    fn templates(depth: u32) -> ResourceType {
        let mut templates = ResourceType::named(LAUNCH_TEMPLATE);
        templates.add_version_depth(depth);
        templates
    }

    #[test]
    fn a_report_may_cover_more_than_the_spec() {
        let instances = || ResourceType::named(INSTANCE);
        let any_templates = || ResourceType::named(LAUNCH_TEMPLATE);
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
            let spec = ReportSpec {
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
            assert_eq!(spec.is_covered_by(&report), covers, "{spec:?} {report:?}");
            report.image_id = Some("ami-2".to_owned());
            assert_eq!(spec.gaps_in(&report)[0], CoverageGap::OtherImage);
            report.image_id = None;
            assert_eq!(spec.gaps_in(&report)[0], CoverageGap::OtherImage);
        }
    }

    #[test]
    fn gaps_are_named() {
        let spec = ReportSpec {
            image_id: "ami-1".to_owned(),
            resource_types: vec![ResourceType::named(INSTANCE), templates(50)],
            ..ReportSpec::default()
        };
        let complete = Report {
            image_id: Some("ami-1".to_owned()),
            resource_types: Some(spec.resource_types.clone()),
            ..Report::default()
        };
        assert!(spec.is_covered_by(&complete));
        let gaps = |types: Option<Vec<ResourceType>>, accounts: usize| {
            let report = Report {
                resource_types: types,
                account_ids: Some(vec!["123412341234".to_owned(); accounts]),
                ..complete.clone()
            };
            let gaps = spec.gaps_in(&report);
            gaps.iter().map(ToString::to_string).collect::<Vec<_>>()
        };
        let instances = || ResourceType::named(INSTANCE);
        let unclear = |values: &[&str]| {
            let mut templates = templates(0);
            templates.resource_type_options.as_mut().unwrap()[0].option_values =
                Some(values.iter().map(ToString::to_string).collect());
            templates
        };
        assert_eq!(gaps(None, 0), ["no ec2:Instance", "no ec2:LaunchTemplate"]);
        assert_eq!(
            gaps(Some(vec![templates(50)]), 2),
            ["only 2 accounts", "no ec2:Instance"]
        );
        for (templates, text) in [
            (templates(49), "only 49 launch template versions"),
            (
                ResourceType::named(LAUNCH_TEMPLATE),
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
            assert_eq!(gaps(Some(vec![instances(), templates]), 0), [text]);
        }
        let mut twice = templates(100);
        let mut other = templates(1).resource_type_options.unwrap();
        (twice.resource_type_options.as_mut().unwrap()).append(&mut other);
        assert_eq!(
            gaps(Some(vec![instances(), twice]), 0),
            ["an unknown number of launch template versions"]
        );
        let mut filtered = templates(100);
        filtered.resource_type = instances().resource_type;
        filtered.resource_type_options.as_mut().unwrap()[0].option_name = Some("state".to_owned());
        assert_eq!(
            gaps(Some(vec![filtered, templates(50)]), 0),
            ["ec2:Instance with the unknown option \"state\""]
        );
        // The larger of two depths counts.
        let twice = vec![templates(100), instances(), templates(1)];
        assert!(gaps(Some(twice), 0).is_empty());
    }
}
