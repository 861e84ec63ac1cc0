//! The rule, row by row: each row is evidence that once could have led to the wrong verdict.

use std::time::{Duration, SystemTime};

use super::*;
use crate::entries::Entry;
use crate::images::Reference;
use crate::reports::CoverageGap;

const IMAGE: &str = "ami-0abcdef1234567890";
const REPORT: &str = "amiur-00000000000000001";
const HOUR: Duration = Duration::from_secs(3600);

/// When the runs of these tests begin, and when they judge.
fn began() -> SystemTime {
    SystemTime::UNIX_EPOCH + 20_000 * 24 * HOUR
}

fn window() -> Window {
    Window::new(began(), 24 * HOUR, began() + HOUR)
}

fn entry(count: Option<i64>) -> Entry {
    Entry {
        resource_type: Some("ec2:Instance".to_owned()),
        report_id: Some(REPORT.to_owned()),
        usage_count: count,
        account_id: Some("123412341234".to_owned()),
        image_id: Some(IMAGE.to_owned()),
        report_creation_time: None,
    }
}

fn whole<T>(found: Vec<T>) -> Reading<T> {
    Reading { found, gap: None }
}

fn gap() -> Reason {
    Reason::NotAnswered {
        action: "DescribeImageUsageReportEntries",
        problem: "cut".to_owned(),
    }
}

/// A report of an hour ago that covers everything and shows no use.
fn report() -> Examined {
    Examined {
        report_id: REPORT.to_owned(),
        state: State::Available,
        created: Some(began() - HOUR),
        narrower: Vec::new(),
        entries: whole(vec![entry(Some(0))]),
    }
}

fn other(number: u32) -> Examined {
    let report_id = format!("amiur-{number:017}");
    Examined {
        report_id: report_id.clone(),
        entries: whole(Vec::new()),
        ..report()
    }
}

/// The same report, with an entry that counts a use.
fn used(report: Examined) -> Examined {
    let used = Entry {
        report_id: Some(report.report_id.clone()),
        ..entry(Some(3))
    };
    Examined {
        entries: whole(vec![used]),
        ..report
    }
}

fn reference() -> Reference {
    Reference {
        image_id: Some(IMAGE.to_owned()),
        resource_type: Some("ssm:Parameter".to_owned()),
        arn: Some("arn:aws:ssm:us-east-1:123456789012:parameter/image".to_owned()),
    }
}

/// All that *unused* needs.
fn unused() -> Evidence {
    Evidence {
        image_id: IMAGE.to_owned(),
        name: None,
        not_owned: None,
        reports: whole(vec![report()]),
        blockers: Vec::new(),
        references: whole(Vec::new()),
    }
}

fn with(report: Examined) -> Evidence {
    with_all(vec![report])
}

fn with_all(reports: Vec<Examined>) -> Evidence {
    Evidence {
        reports: whole(reports),
        ..unused()
    }
}

/// What the evidence comes to: the verdict, and the names of its reasons.
#[track_caller]
fn is(evidence: &Evidence, verdict: Verdict, reasons: &[&str]) {
    let judgement = judge(evidence, &window());
    let codes: Vec<_> = judgement.reasons.iter().map(Reason::code).collect();
    assert_eq!(
        (judgement.verdict, codes.as_slice()),
        (verdict, reasons),
        "{evidence:#?}"
    );
}

use Verdict::{InUse, Unknown, Unused};

#[test]
fn all_that_unused_needs() {
    is(&unused(), Unused, &["NothingFound"]);
    is(&with(other(1)), Unused, &["NothingFound"]);
}

#[test]
fn one_need_that_is_not_met_makes_it_unknown() {
    let rows: Vec<(Evidence, &[&str])> = vec![
        // The image.
        (
            Evidence {
                not_owned: Some(Reason::NotOwned),
                ..unused()
            },
            &["NotOwned"],
        ),
        // The list of its reports.
        (with_all(vec![]), &["NoReport"]),
        (
            Evidence {
                reports: Reading::none(gap()),
                ..unused()
            },
            &["NotAnswered"],
        ),
        (
            Evidence {
                reports: Reading {
                    found: vec![report()],
                    gap: Some(gap()),
                },
                ..unused()
            },
            &["NotAnswered"],
        ),
        // The state.
        (
            with(Examined {
                state: State::Pending,
                ..report()
            }),
            &["ReportPending"],
        ),
        (
            with(Examined {
                state: State::Error(Some("Internal error".to_owned())),
                ..report()
            }),
            &["ReportFailed"],
        ),
        (
            with(Examined {
                state: State::Expired,
                ..report()
            }),
            &["ReportExpired"],
        ),
        (
            with(Examined {
                state: State::Other(Some("deleting".to_owned())),
                ..report()
            }),
            &["ReportInUnknownState"],
        ),
        (
            with(Examined {
                state: State::Other(None),
                ..report()
            }),
            &["ReportInUnknownState"],
        ),
        // What it covers.
        (
            with(Examined {
                narrower: vec![CoverageGap::Accounts(1)],
                ..report()
            }),
            &["ReportNarrower"],
        ),
        // Its time.
        (
            with(Examined {
                created: Some(began() - 24 * HOUR - Duration::from_millis(1)),
                ..report()
            }),
            &["ReportTooOld"],
        ),
        (
            with(Examined {
                created: Some(began() + HOUR + Duration::from_secs(301)),
                ..report()
            }),
            &["ReportWithoutTime"],
        ),
        (
            with(Examined {
                created: None,
                ..report()
            }),
            &["ReportWithoutTime"],
        ),
        // Its entries.
        (
            with(Examined {
                entries: Reading::none(gap()),
                ..report()
            }),
            &["NotAnswered"],
        ),
        (
            with(Examined {
                entries: Reading {
                    found: vec![entry(Some(0))],
                    gap: Some(gap()),
                },
                ..report()
            }),
            &["NotAnswered"],
        ),
        (
            with(Examined {
                entries: whole(vec![entry(Some(0)), entry(None)]),
                ..report()
            }),
            &["EntryWithoutCount"],
        ),
        (
            with(Examined {
                entries: whole(vec![entry(Some(-1))]),
                ..report()
            }),
            &["EntryWithoutCount"],
        ),
        // The references.
        (
            Evidence {
                references: Reading::none(Reason::PermissionMissing {
                    action: "DescribeImageReferences",
                    problem: String::new(),
                }),
                ..unused()
            },
            &["PermissionMissing"],
        ),
        (
            Evidence {
                references: whole(vec![Reference {
                    image_id: Some("ami-1".to_owned()),
                    ..reference()
                }]),
                ..unused()
            },
            &["UnexpectedItem"],
        ),
        (
            Evidence {
                references: whole(vec![Reference {
                    image_id: None,
                    ..reference()
                }]),
                ..unused()
            },
            &["UnexpectedItem"],
        ),
    ];
    for (evidence, reasons) in rows {
        is(&evidence, Unknown, reasons);
    }
}

#[test]
fn what_belongs_elsewhere_is_neither_a_use_nor_none() {
    let elsewhere = [
        Entry {
            report_id: Some("amiur-2".to_owned()),
            ..entry(Some(0))
        },
        Entry {
            report_id: None,
            ..entry(Some(3))
        },
        Entry {
            image_id: Some("ami-1".to_owned()),
            ..entry(Some(3))
        },
        Entry {
            image_id: None,
            ..entry(Some(0))
        },
    ];
    for stray in elsewhere {
        let evidence = with(Examined {
            entries: whole(vec![stray]),
            ..report()
        });
        is(&evidence, Unknown, &["UnexpectedItem"]);
    }
}

#[test]
fn the_edges_of_time_are_within() {
    for created in [
        began() - 24 * HOUR,
        began(),
        began() + HOUR + Duration::from_secs(300),
    ] {
        let evidence = with(Examined {
            created: Some(created),
            ..report()
        });
        is(&evidence, Unused, &["NothingFound"]);
    }
}

#[test]
fn one_use_is_enough() {
    is(&with(used(report())), InUse, &["UsedByAccounts"]);
    is(
        &Evidence {
            references: whole(vec![reference()]),
            ..unused()
        },
        InUse,
        &["UsedByOwner"],
    );
    let both = Evidence {
        references: whole(vec![reference()]),
        ..with(used(report()))
    };
    is(&both, InUse, &["UsedByAccounts", "UsedByOwner"]);
    // An account that is not told, a type that is not known.
    let strange = Entry {
        account_id: None,
        resource_type: Some("ec2:Fleet".to_owned()),
        ..entry(Some(1))
    };
    let evidence = with(Examined {
        entries: whole(vec![strange]),
        ..report()
    });
    is(&evidence, InUse, &["UsedByAccounts"]);
}

#[test]
fn a_use_holds_whatever_else_is_missing() {
    let narrow = Examined {
        narrower: vec![CoverageGap::ResourceType("ec2:LaunchTemplate".to_owned())],
        ..used(report())
    };
    is(&with(narrow), InUse, &["UsedByAccounts", "ReportNarrower"]);

    let cut = Examined {
        entries: Reading {
            gap: Some(gap()),
            ..used(report()).entries
        },
        ..report()
    };
    is(&with(cut), InUse, &["UsedByAccounts", "NotAnswered"]);

    let unreferenced = Evidence {
        references: Reading::none(gap()),
        ..with(used(report()))
    };
    is(&unreferenced, InUse, &["UsedByAccounts", "NotAnswered"]);

    let part = Evidence {
        references: Reading {
            found: vec![reference()],
            gap: Some(gap()),
        },
        ..with_all(vec![])
    };
    is(&part, InUse, &["UsedByOwner", "NotAnswered"]);

    let mut uncounted = used(report());
    uncounted.entries.found.push(entry(None));
    is(
        &with(uncounted),
        InUse,
        &["UsedByAccounts", "EntryWithoutCount"],
    );
}

#[test]
fn an_old_use_is_no_proof_of_one_now() {
    let old = Examined {
        created: Some(began() - 48 * HOUR),
        ..used(report())
    };
    is(&with(old.clone()), Unknown, &["ReportTooOld"]);
    let judgement = judge(&with(old.clone()), &window()).reasons[0].to_string();
    assert!(judgement.contains("it shows use in 1 account, which may have ended"));
    // Nor does it stand against a report of the present.
    is(&with_all(vec![old, other(2)]), Unused, &["NothingFound"]);
}

#[test]
fn reports_are_never_added_up() {
    let earlier = Examined {
        created: Some(began() - 2 * HOUR),
        ..used(other(2))
    };
    let evidence = with_all(vec![earlier.clone(), used(report())]);
    is(&evidence, InUse, &["UsedByAccounts"]);
    let row = Row::new(&evidence, &window());
    assert_eq!((row.accounts, row.instances), (Some(1), Some(3)));
    assert_eq!(row.report_id.as_deref(), Some(REPORT));

    // A use in an earlier report of the present counts, and it is said that a newer one shows none.
    let evidence = with_all(vec![report(), earlier]);
    is(&evidence, InUse, &["UsedByAccounts"]);
    let reason = judge(&evidence, &window()).reasons[0].to_string();
    assert!(reason.contains("a newer one shows no use"), "{reason}");
    let mut evidence = evidence;
    evidence.reports.found[0].entries = Reading::none(gap());
    is(&evidence, InUse, &["UsedByAccounts", "NotAnswered"]);
    let reason = judge(&evidence, &window()).reasons[0].to_string();
    assert_eq!(reason, "used in 1 other account");
}

#[test]
fn another_report_helps_or_does_no_harm() {
    let pending = Examined {
        state: State::Pending,
        created: Some(began()),
        entries: Reading::none(gap()),
        ..other(2)
    };
    let failed = Examined {
        state: State::Error(None),
        ..pending.clone()
    };
    let narrow = Examined {
        narrower: vec![CoverageGap::Accounts(2)],
        ..other(2)
    };
    let old = Examined {
        created: Some(began() - 48 * HOUR),
        entries: Reading::none(gap()),
        ..other(2)
    };
    for more in [pending, failed, narrow.clone(), old] {
        is(&with_all(vec![more, report()]), Unused, &["NothingFound"]);
    }
    // But one of the present that could not be read might have shown a use.
    let unread = Examined {
        entries: Reading::none(gap()),
        ..narrow
    };
    is(&with_all(vec![unread, report()]), Unknown, &["NotAnswered"]);
}

#[test]
fn what_stood_in_the_way_is_told_only_where_no_report_was_had() {
    let blockers = vec![Reason::ReportPending {
        report_id: REPORT.to_owned(),
    }];
    let without = Evidence {
        blockers: blockers.clone(),
        ..with_all(vec![])
    };
    is(&without, Unknown, &["ReportPending"]);
    let with_one = Evidence {
        blockers,
        ..unused()
    };
    is(&with_one, Unused, &["NothingFound"]);
}

#[test]
fn nothing_but_the_owner_matters_where_there_is_none() {
    let evidence = Evidence {
        not_owned: Some(Reason::NotOwned),
        reports: Reading::none(gap()),
        references: Reading::none(gap()),
        ..unused()
    };
    is(&evidence, Unknown, &["NotOwned"]);
}

#[test]
fn each_combination_fails_closed() {
    // Every clause met or not met, in all combinations: unused is the one where all are.
    type Breach = fn(&mut Evidence);
    let breaches: [Breach; 9] = [
        |evidence| evidence.not_owned = Some(Reason::NotOwned),
        |evidence| evidence.reports.gap = Some(gap()),
        |evidence| evidence.reports.found[0].state = State::Pending,
        |evidence| evidence.reports.found[0].narrower = vec![CoverageGap::Accounts(1)],
        |evidence| evidence.reports.found[0].created = Some(began() - 48 * HOUR),
        |evidence| evidence.reports.found[0].entries.gap = Some(gap()),
        |evidence| evidence.reports.found[0].entries.found[0].usage_count = None,
        |evidence| evidence.references.gap = Some(gap()),
        |evidence| evidence.reports.found[0].entries.found[0].report_id = None,
    ];
    for chosen in 0..1_u32 << breaches.len() {
        let mut evidence = unused();
        for (place, breach) in breaches.iter().enumerate() {
            if chosen & 1 << place != 0 {
                breach(&mut evidence);
            }
        }
        let verdict = judge(&evidence, &window()).verdict;
        let expected = if chosen == 0 { Unused } else { Unknown };
        assert_eq!(verdict, expected, "{evidence:#?}");
        // A reference is a use in each of them.
        evidence.references.found.push(reference());
        assert_eq!(judge(&evidence, &window()).verdict, InUse);
    }
}

#[test]
fn a_row_shows_numbers_only_where_they_are_known() {
    let row = |evidence: &Evidence| Row::new(evidence, &window());
    let unused = row(&unused());
    assert_eq!(
        (unused.accounts, unused.instances, unused.launch_templates),
        (Some(0), Some(0), Some(0))
    );
    assert_eq!(unused.references, Some(0));

    let pending = row(&with(Examined {
        state: State::Pending,
        entries: whole(vec![]),
        ..report()
    }));
    assert_eq!((pending.accounts, pending.instances), (None, None));
    assert_eq!(pending.report_id.as_deref(), Some(REPORT));

    let cut = row(&with(Examined {
        entries: Reading::none(gap()),
        ..report()
    }));
    assert_eq!(cut.accounts, None);

    let unreferenced = row(&Evidence {
        references: Reading::none(gap()),
        ..with(used(report()))
    });
    assert_eq!(unreferenced.references, None);
    assert_eq!(unreferenced.accounts, Some(1));
    assert_eq!(
        unreferenced.used_by[0].to_string(),
        "123412341234 ec2:Instance 3"
    );
}
