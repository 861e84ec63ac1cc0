//! The rule as a truth table: each row is evidence that could lead to a wrong verdict.

use std::time::{Duration, SystemTime};

use super::*;
use crate::entries::Entry;
use crate::images::{Image, Reference};
use crate::reports::CoverageGap;

const IMAGE: &str = "ami-0abcdef1234567890";
const REPORT: &str = "amiur-00000000000000001";
const HOUR: Duration = Duration::from_secs(3600);
const DAY: Duration = Duration::from_secs(24 * 3600);
const IDLE: Duration = Duration::from_secs(30 * 24 * 3600);

/// When the runs of these tests begin, and when they judge.
fn started() -> SystemTime {
    SystemTime::UNIX_EPOCH + 20_000 * 24 * HOUR
}

fn limits() -> TimeLimits {
    TimeLimits::new(started(), started() + HOUR, 24 * HOUR, IDLE)
}

fn entry(count: Option<i64>) -> Entry {
    Entry {
        resource_type: Some("ec2:Instance".to_owned()),
        report_id: Some(REPORT.to_owned()),
        usage_count: count,
        account_id: Some("123412341234".to_owned()),
        account_name: None,
        image_id: Some(IMAGE.to_owned()),
        report_creation_time: None,
    }
}

fn complete<T>(found: Vec<T>) -> PartialList<T> {
    PartialList { found, gap: None }
}

fn gap() -> Reason {
    Reason::RequestFailed {
        action: "DescribeImageUsageReportEntries",
        problem: "cut".to_owned(),
    }
}

/// A report of an hour ago that covers everything and shows no use.
fn report() -> ReportEvidence {
    ReportEvidence {
        report_id: REPORT.to_owned(),
        state: State::Available,
        created: Some(started() - HOUR),
        gaps: Vec::new(),
        entries: complete(vec![entry(Some(0))]),
        has_changed: false,
        is_new: false,
    }
}

fn other(number: u32) -> ReportEvidence {
    let report_id = format!("amiur-{number:017}");
    ReportEvidence {
        report_id: report_id.clone(),
        entries: complete(Vec::new()),
        ..report()
    }
}

/// The same report, with an entry that counts a use.
fn used(report: ReportEvidence) -> ReportEvidence {
    let used = Entry {
        report_id: Some(report.report_id.clone()),
        ..entry(Some(3))
    };
    ReportEvidence {
        entries: complete(vec![used]),
        ..report
    }
}

fn time(time: SystemTime) -> Option<String> {
    Some(humantime::format_rfc3339_millis(time).to_string())
}

/// An image that was created then, and never launched.
fn image(created: SystemTime) -> Image {
    Image {
        image_id: Some(IMAGE.to_owned()),
        creation_date: time(created),
        ..Image::default()
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
        image: image(started() - 400 * DAY),
        not_owned: None,
        reports: complete(vec![report()]),
        blockers: Vec::new(),
        references: complete(Vec::new()),
        launch_permissions: None,
        not_checked: Vec::new(),
    }
}

fn with(report: ReportEvidence) -> Evidence {
    with_all(vec![report])
}

fn with_all(reports: Vec<ReportEvidence>) -> Evidence {
    Evidence {
        reports: complete(reports),
        ..unused()
    }
}

/// What the evidence comes to: the verdict, and the names of its reasons.
#[track_caller]
fn is(evidence: &Evidence, verdict: Verdict, reasons: &[&str]) {
    let judgement = judge(evidence, &limits());
    let codes: Vec<_> = judgement.reasons.iter().map(Reason::code).collect();
    assert_eq!(
        (judgement.verdict, codes.as_slice()),
        (verdict, reasons),
        "{evidence:#?}"
    );
}

use Verdict::{InUse, Unknown, Unused};

#[test]
fn unused_needs_complete_evidence() {
    is(&unused(), Unused, &["NoUseFound"]);
    is(&with(other(1)), Unused, &["NoUseFound"]);
}

#[test]
fn any_gap_makes_it_unknown() {
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
                reports: PartialList::none(gap()),
                ..unused()
            },
            &["RequestFailed"],
        ),
        (
            Evidence {
                reports: PartialList {
                    found: vec![report()],
                    gap: Some(gap()),
                },
                ..unused()
            },
            &["RequestFailed"],
        ),
        // The state.
        (
            with(ReportEvidence {
                state: State::Pending,
                ..report()
            }),
            &["ReportPending"],
        ),
        (
            with(ReportEvidence {
                state: State::Error(Some("Internal error".to_owned())),
                ..report()
            }),
            &["ReportFailed"],
        ),
        (
            with(ReportEvidence {
                state: State::Expired,
                ..report()
            }),
            &["ReportExpired"],
        ),
        (
            with(ReportEvidence {
                state: State::Other(Some("deleting".to_owned())),
                ..report()
            }),
            &["UnknownReportState"],
        ),
        (
            with(ReportEvidence {
                state: State::Other(None),
                ..report()
            }),
            &["UnknownReportState"],
        ),
        // What it covers.
        (
            with(ReportEvidence {
                gaps: vec![CoverageGap::Accounts(1)],
                ..report()
            }),
            &["NotCovered"],
        ),
        // Its time.
        (
            with(ReportEvidence {
                created: Some(started() - 24 * HOUR - Duration::from_millis(1)),
                ..report()
            }),
            &["ReportTooOld"],
        ),
        (
            with(ReportEvidence {
                created: Some(started() + HOUR + Duration::from_secs(901)),
                ..report()
            }),
            &["InvalidReportTime"],
        ),
        (
            with(ReportEvidence {
                created: None,
                ..report()
            }),
            &["InvalidReportTime"],
        ),
        // Its entries.
        (
            with(ReportEvidence {
                entries: PartialList::none(gap()),
                ..report()
            }),
            &["RequestFailed"],
        ),
        (
            with(ReportEvidence {
                entries: PartialList {
                    found: vec![entry(Some(0))],
                    gap: Some(gap()),
                },
                ..report()
            }),
            &["RequestFailed"],
        ),
        (
            with(ReportEvidence {
                entries: complete(vec![entry(Some(0)), entry(None)]),
                ..report()
            }),
            &["InvalidUsageCount"],
        ),
        (
            with(ReportEvidence {
                entries: complete(vec![entry(Some(-1))]),
                ..report()
            }),
            &["InvalidUsageCount"],
        ),
        // The references.
        (
            Evidence {
                references: PartialList::none(Reason::PermissionMissing {
                    action: "DescribeImageReferences",
                    problem: String::new(),
                }),
                ..unused()
            },
            &["PermissionMissing"],
        ),
        (
            Evidence {
                references: complete(vec![Reference {
                    image_id: Some("ami-1".to_owned()),
                    ..reference()
                }]),
                ..unused()
            },
            &["UnexpectedItem"],
        ),
        (
            Evidence {
                references: complete(vec![Reference {
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
fn items_of_other_images_prove_nothing() {
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
    for unexpected in elsewhere {
        let evidence = with(ReportEvidence {
            entries: complete(vec![unexpected]),
            ..report()
        });
        is(&evidence, Unknown, &["UnexpectedItem"]);
    }
}

#[test]
fn the_bounds_of_the_window_are_inclusive() {
    for created in [
        started() - 24 * HOUR,
        started(),
        started() + HOUR + Duration::from_secs(900),
    ] {
        let evidence = with(ReportEvidence {
            created: Some(created),
            ..report()
        });
        is(&evidence, Unused, &["NoUseFound"]);
    }
}

#[test]
fn one_use_proves_in_use() {
    is(&with(used(report())), InUse, &["UsedByAccounts"]);
    is(
        &Evidence {
            references: complete(vec![reference()]),
            ..unused()
        },
        InUse,
        &["ReferencedByOwner"],
    );
    let both = Evidence {
        references: complete(vec![reference()]),
        ..with(used(report()))
    };
    is(&both, InUse, &["UsedByAccounts", "ReferencedByOwner"]);
    // An account that is not told, a type that is not known.
    let strange = Entry {
        account_id: None,
        resource_type: Some("ec2:Fleet".to_owned()),
        ..entry(Some(1))
    };
    let evidence = with(ReportEvidence {
        entries: complete(vec![strange]),
        ..report()
    });
    is(&evidence, InUse, &["UsedByAccounts"]);
}

#[test]
fn a_report_that_changes_between_two_reads_is_a_use() {
    let changed = |report| ReportEvidence {
        has_changed: true,
        ..report
    };
    is(&with(changed(report())), InUse, &["ReportChanged"]);
    let evidence = with(changed(used(report())));
    is(&evidence, InUse, &["UsedByAccounts", "ReportChanged"]);
    let old = ReportEvidence {
        created: Some(started() - 48 * HOUR),
        ..changed(report())
    };
    is(&with_all(vec![old, other(2)]), Unused, &["NoUseFound"]);
}

#[test]
fn gaps_do_not_hide_a_use() {
    let narrow = ReportEvidence {
        gaps: vec![CoverageGap::ResourceType("ec2:LaunchTemplate".to_owned())],
        ..used(report())
    };
    is(&with(narrow), InUse, &["UsedByAccounts", "NotCovered"]);

    let cut = ReportEvidence {
        entries: PartialList {
            gap: Some(gap()),
            ..used(report()).entries
        },
        ..report()
    };
    is(&with(cut), InUse, &["UsedByAccounts", "RequestFailed"]);

    let unreferenced = Evidence {
        references: PartialList::none(gap()),
        ..with(used(report()))
    };
    is(&unreferenced, InUse, &["UsedByAccounts", "RequestFailed"]);

    let part = Evidence {
        references: PartialList {
            found: vec![reference()],
            gap: Some(gap()),
        },
        ..with_all(vec![])
    };
    is(&part, InUse, &["ReferencedByOwner", "RequestFailed"]);

    let mut uncounted = used(report());
    uncounted.entries.found.push(entry(None));
    is(
        &with(uncounted),
        InUse,
        &["UsedByAccounts", "InvalidUsageCount"],
    );
}

#[test]
fn an_old_use_does_not_prove_use_now() {
    let old = ReportEvidence {
        created: Some(started() - 48 * HOUR),
        ..used(report())
    };
    is(&with(old.clone()), Unknown, &["ReportTooOld"]);
    let judgement = judge(&with(old.clone()), &limits()).reasons[0].to_string();
    assert!(judgement.contains("it shows use in 1 account, which may have ended"));
    // Nor does it stand against a report of the present.
    is(&with_all(vec![old, other(2)]), Unused, &["NoUseFound"]);
}

#[test]
fn reports_are_not_added_up() {
    let earlier = ReportEvidence {
        created: Some(started() - 2 * HOUR),
        ..used(other(2))
    };
    let evidence = with_all(vec![earlier.clone(), used(report())]);
    is(&evidence, InUse, &["UsedByAccounts"]);
    let row = Row::new(&evidence, &limits());
    assert_eq!((row.accounts, row.instances), (Some(1), Some(3)));
    assert_eq!(row.report_id.as_deref(), Some(REPORT));

    // A use in an earlier recent report counts, and the reason mentions the newer one.
    let evidence = with_all(vec![report(), earlier]);
    is(&evidence, InUse, &["UsedByAccounts"]);
    let reason = judge(&evidence, &limits()).reasons[0].to_string();
    assert!(reason.contains("a newer report shows no use"), "{reason}");
    let mut evidence = evidence;
    evidence.reports.found[0].entries = PartialList::none(gap());
    is(&evidence, InUse, &["UsedByAccounts", "RequestFailed"]);
    let reason = judge(&evidence, &limits()).reasons[0].to_string();
    assert_eq!(reason, "used in 1 other account");
}

#[test]
fn another_report_never_makes_it_worse() {
    let pending = ReportEvidence {
        state: State::Pending,
        created: Some(started()),
        entries: PartialList::none(gap()),
        ..other(2)
    };
    let failed = ReportEvidence {
        state: State::Error(None),
        ..pending.clone()
    };
    let narrow = ReportEvidence {
        gaps: vec![CoverageGap::Accounts(2)],
        ..other(2)
    };
    let old = ReportEvidence {
        created: Some(started() - 48 * HOUR),
        entries: PartialList::none(gap()),
        ..other(2)
    };
    for more in [pending, failed, narrow.clone(), old] {
        is(&with_all(vec![more, report()]), Unused, &["NoUseFound"]);
    }
    // But one of the present that could not be read might have shown a use.
    let unread_list = ReportEvidence {
        entries: PartialList::none(gap()),
        ..narrow
    };
    is(
        &with_all(vec![unread_list, report()]),
        Unknown,
        &["RequestFailed"],
    );
}

#[test]
fn blockers_matter_only_without_a_covering_report() {
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
    is(&with_one, Unused, &["NoUseFound"]);
}

#[test]
fn an_image_of_another_owner_has_that_one_reason() {
    let evidence = Evidence {
        not_owned: Some(Reason::NotOwned),
        reports: PartialList::none(gap()),
        references: PartialList::none(gap()),
        ..unused()
    };
    is(&evidence, Unknown, &["NotOwned"]);
}

#[test]
fn each_combination_fails_closed() {
    // Every clause met or not met, in all combinations: unused is the one where all are.
    type Breach = fn(&mut Evidence);
    let breaches: [Breach; 10] = [
        |evidence| evidence.not_owned = Some(Reason::NotOwned),
        |evidence| evidence.reports.gap = Some(gap()),
        |evidence| evidence.reports.found[0].state = State::Pending,
        |evidence| evidence.reports.found[0].gaps = vec![CoverageGap::Accounts(1)],
        |evidence| evidence.reports.found[0].created = Some(started() - 48 * HOUR),
        |evidence| evidence.reports.found[0].entries.gap = Some(gap()),
        |evidence| evidence.reports.found[0].entries.found[0].usage_count = None,
        |evidence| evidence.references.gap = Some(gap()),
        |evidence| evidence.reports.found[0].entries.found[0].report_id = None,
        |evidence| evidence.image = image(started() - DAY),
    ];
    for chosen in 0..1_u32 << breaches.len() {
        let mut evidence = unused();
        for (place, breach) in breaches.iter().enumerate() {
            if chosen & 1 << place != 0 {
                breach(&mut evidence);
            }
        }
        let verdict = judge(&evidence, &limits()).verdict;
        let expected = if chosen == 0 { Unused } else { Unknown };
        assert_eq!(verdict, expected, "{evidence:#?}");
        // A reference is a use in each of them.
        evidence.references.found.push(reference());
        assert_eq!(judge(&evidence, &limits()).verdict, InUse);
    }
}

#[test]
fn unknown_counts_are_absent() {
    let row = |evidence: &Evidence| Row::new(evidence, &limits());
    let unused = row(&unused());
    assert_eq!(
        (unused.accounts, unused.instances, unused.launch_templates),
        (Some(0), Some(0), Some(0))
    );
    assert_eq!(unused.references, Some(0));

    let pending = row(&with(ReportEvidence {
        state: State::Pending,
        entries: complete(vec![]),
        ..report()
    }));
    assert_eq!((pending.accounts, pending.instances), (None, None));
    assert_eq!(pending.report_id.as_deref(), Some(REPORT));

    let cut = row(&with(ReportEvidence {
        entries: PartialList::none(gap()),
        ..report()
    }));
    assert_eq!(cut.accounts, None);

    let unreferenced = row(&Evidence {
        references: PartialList::none(gap()),
        ..with(used(report()))
    });
    assert_eq!(unreferenced.references, None);
    assert_eq!(unreferenced.accounts, Some(1));
    assert_eq!(
        unreferenced.used_by[0].to_string(),
        "123412341234 ec2:Instance 3"
    );
}

#[test]
fn a_time_may_have_passed_up_to_fifteen_minutes_early() {
    let minutes = |count: u64| Duration::from_secs(count * 60);
    let now = started() + HOUR;
    let limits = TimeLimits::new(started(), now, DAY, Duration::ZERO);
    for (time, expected) in [
        (now - DAY, true),
        (now, true),
        (now + minutes(15), true),
        (now + minutes(16), false),
        (now + DAY, false),
    ] {
        assert_eq!(limits.may_have_passed(time), expected, "{time:?}");
    }
}

#[test]
fn an_image_must_be_idle_to_be_unused() {
    let millisecond = Duration::from_millis(1);
    let old = started() - 400 * DAY;
    let (within, before) = (started() - IDLE, started() - IDLE - millisecond);
    let rows = [
        (time(before), None, Unused, "NoUseFound"),
        (time(within), None, Unknown, "TooYoung"),
        (time(started() + DAY), None, Unknown, "TooYoung"),
        (None, None, Unknown, "InvalidImageTime"),
        (Some("2025".to_owned()), None, Unknown, "InvalidImageTime"),
        (time(old), time(before), Unused, "NoUseFound"),
        (time(old), time(within), InUse, "LaunchedRecently"),
        (time(old), time(started() + DAY), InUse, "LaunchedRecently"),
        (
            time(old),
            Some("soon".to_owned()),
            Unknown,
            "InvalidImageTime",
        ),
        (time(within), time(within), InUse, "LaunchedRecently"),
        (None, time(within), InUse, "LaunchedRecently"),
    ];
    for (creation_date, last_launched_time, verdict, reason) in rows {
        let mut evidence = unused();
        evidence.image.creation_date = creation_date;
        evidence.image.last_launched_time = last_launched_time;
        is(&evidence, verdict, &[reason]);
        // With `--idle 0s` these times do not count.
        let limits = TimeLimits::new(started(), started() + HOUR, DAY, Duration::ZERO);
        assert_eq!(judge(&evidence, &limits).verdict, Unused);
        // A use decides alone.
        let mut evidence = with(used(report()));
        evidence.image = image(within);
        is(&evidence, InUse, &["UsedByAccounts"]);
    }
}
