//! Tests of the life of a report: create, states, delete; quotas, client tokens, tags.

use std::thread::sleep;

use super::*;

const CREATE: &str = "CreateImageUsageReport";
const DELETE: &str = "DeleteImageUsageReport";
const IMAGE: (&str, &str) = ("ImageId", "ami-0abcdef1234567890");
const INSTANCES: (&str, &str) = ("ResourceType.1.ResourceType", "ec2:Instance");
const TEMPLATES: (&str, &str) = ("ResourceType.2.ResourceType", "ec2:LaunchTemplate");

/// An emulator whose reports are available immediately.
fn quick(state: State) -> Emulator {
    with_delay(state, Duration::ZERO)
}

fn with_delay(state: State, report_delay: Duration) -> Emulator {
    let settings = Settings {
        report_delay,
        ..Settings::default()
    };
    Emulator::with_settings(state, settings)
}

/// An emulator whose reports stay pending.
fn slow(state: State) -> Emulator {
    with_delay(state, Duration::from_secs(3600))
}

/// Creates a report, and returns its ID.
#[track_caller]
fn create(emulator: &Emulator, parameters: &[(&str, &str)]) -> String {
    let response = send(emulator, CREATE, parameters);
    assert_eq!(response.status, 200, "{}", response.body);
    texts(&response, "reportId")[0].to_owned()
}

fn entries_of(emulator: &Emulator, report: &str) -> Vec<String> {
    rows(&send(emulator, ENTRIES, &[("ReportId.1", report)]))
}

fn report(emulator: &Emulator, report: &str) -> Response {
    send(emulator, REPORTS, &[("ReportId.1", report)])
}

#[test]
fn a_report_is_pending_before_it_is_available() {
    let emulator = with_delay(State::sample(), Duration::from_millis(400));
    let id = create(&emulator, &[IMAGE, INSTANCES, TEMPLATES]);
    let before = report(&emulator, &id);
    // On a machine that stalls here the report may be available already.
    if texts(&before, "state") == ["pending"] {
        let filter = [("Filter.1.Name", "state"), ("Filter.1.Value.1", "pending")];
        assert!(texts(&send(&emulator, REPORTS, &filter), "reportId").len() >= 2);
    }
    sleep(Duration::from_millis(450));
    assert_eq!(texts(&report(&emulator, &id), "state"), ["available"]);
    assert_eq!(entries_of(&emulator, &id).len(), 3);
}

#[test]
fn a_pending_report_has_no_entries_and_no_reason() {
    let emulator = slow(State::sample());
    for image in ["ami-0abcdef1234567890", "ami-0badc0ffee0ddf00d"] {
        let id = create(&emulator, &[("ImageId", image), INSTANCES]);
        let pending = report(&emulator, &id);
        assert_eq!(texts(&pending, "state"), ["pending"]);
        assert!(texts(&pending, "stateReason").is_empty());
        assert!(entries_of(&emulator, &id).is_empty());
    }
}

#[test]
fn a_failed_report_has_a_reason() {
    let emulator = quick(State::sample());
    let id = create(
        &emulator,
        &[("ImageId", "ami-0badc0ffee0ddf00d"), INSTANCES],
    );
    let failed = report(&emulator, &id);
    assert_eq!(texts(&failed, "state"), ["error"]);
    assert_eq!(
        texts(&failed, "stateReason"),
        ["Internal error. Create the report again."]
    );
    assert!(entries_of(&emulator, &id).is_empty());
}

#[test]
fn a_report_has_the_parameters_of_its_creation() {
    let emulator = quick(State::sample());
    let id = create(
        &emulator,
        &[
            IMAGE,
            INSTANCES,
            TEMPLATES,
            (
                "ResourceType.2.ResourceTypeOption.1.OptionName",
                "version-depth",
            ),
            ("ResourceType.2.ResourceTypeOption.1.OptionValue.1", "100"),
            ("AccountId.1", "001100110011"),
            ("TagSpecification.1.ResourceType", "image-usage-report"),
            ("TagSpecification.1.Tag.1.Key", "team"),
            ("TagSpecification.1.Tag.1.Value", "a & b"),
            ("TagSpecification.1.Tag.2.Key", "empty"),
        ],
    );
    assert_eq!(id, "amiur-00000000000000001");
    let response = report(&emulator, &id);
    assert!(
        response.body.contains(
            "<resourceTypeSet><item><resourceType>ec2:Instance</resourceType></item>\
             <item><resourceType>ec2:LaunchTemplate</resourceType><resourceTypeOptionSet><item>\
             <optionName>version-depth</optionName><optionValueSet><item>100</item></optionValueSet>\
             </item></resourceTypeOptionSet></item></resourceTypeSet>\
             <accountIdSet><item>001100110011</item></accountIdSet><state>available</state>"
        ),
        "{}",
        response.body
    );
    assert!(response.body.contains(
        "<tagSet><item><key>team</key><value>a &amp; b</value></item>\
         <item><key>empty</key><value></value></item></tagSet>"
    ));
    // The clock of the sample data: a new report has the same times on every day.
    assert_eq!(
        texts(&response, "creationTime"),
        ["2025-10-21T06:01:00.000Z"]
    );
    assert_eq!(
        texts(&response, "expirationTime"),
        ["2025-11-20T06:01:00.000Z"]
    );
    let entries = send(&emulator, ENTRIES, &[("ReportId.1", &id)]);
    assert_eq!(
        texts(&entries, "reportCreationTime"),
        texts(&response, "creationTime")
    );
    let tag = [("Filter.1.Name", "tag:team"), ("Filter.1.Value.1", "a*")];
    assert_eq!(texts(&send(&emulator, REPORTS, &tag), "reportId"), [&id]);
}

#[test]
fn reports_on_other_data_have_the_system_time() {
    let state = State::from_json(r#"{"Usage": []}"#).unwrap();
    let emulator = quick(state);
    let image = ("ImageId", "ami-0abcdef1234567890");
    let before = std::time::SystemTime::now();
    let id = create(&emulator, &[image, INSTANCES]);
    let response = report(&emulator, &id);
    let time = |name| {
        let text = texts(&response, name)[0];
        aws_smithy_types::DateTime::from_str(text, aws_smithy_types::date_time::Format::DateTime)
            .unwrap()
            .secs()
    };
    let now = before.duration_since(std::time::UNIX_EPOCH).unwrap();
    let age = now.as_secs() as i64 - time("creationTime");
    assert!((-60..=0).contains(&age), "{age}");
    assert_eq!(time("expirationTime") - time("creationTime"), 30 * 86_400);
    assert!(!emulator.http_date().contains("21 Oct 2025"));
}

#[test]
fn sample_reports_have_the_ages_of_a_live_account() {
    use aws_smithy_types::{DateTime, date_time::Format};

    let emulator = sample();
    let response = send(&emulator, REPORTS, &[]);
    let seconds = |text: &&str| {
        let time = DateTime::from_str(text, Format::DateTime).unwrap();
        time.secs()
    };
    let now = 1_761_026_400;
    let created: Vec<_> = (texts(&response, "creationTime").iter())
        .map(seconds)
        .collect();
    let expires: Vec<_> = (texts(&response, "expirationTime").iter())
        .map(seconds)
        .collect();
    for (created, expires) in created.iter().zip(expires) {
        assert_eq!(expires - created, 30 * 86_400);
        assert!(*created < now && expires > now);
    }
    let days: Vec<_> = (created.iter())
        .map(|created| (now - created) / 86_400)
        .collect();
    assert_eq!(days, [21, 19, 1, 1, 0, 0, 0, 0]);
}

#[test]
fn a_report_has_the_entries_that_it_covers() {
    let emulator = quick(State::sample());
    let account = ("AccountId.1", "001100110011");
    for (parameters, expected) in [
        (
            &[INSTANCES, TEMPLATES][..],
            &[
                "123412341234 ec2:Instance 15",
                "123412341234 ec2:LaunchTemplate 4",
                "001100110011 ec2:Instance 7",
            ][..],
        ),
        (&[TEMPLATES], &["123412341234 ec2:LaunchTemplate 4"]),
        (&[INSTANCES, account], &["001100110011 ec2:Instance 7"]),
        (&[TEMPLATES, account], &[]),
    ] {
        let mut all = vec![IMAGE];
        all.extend(parameters);
        let id = create(&emulator, &all);
        assert_eq!(entries_of(&emulator, &id), expected, "{parameters:?}");
    }
    // The reports created above, and the two of the document.
    let all = rows(&send(&emulator, ENTRIES, &[("ImageId.1", IMAGE.1)]));
    assert_eq!(all.len(), 3 + 3 + 1 + 1);
}

#[test]
fn without_usage_a_report_has_the_entries_of_the_newest_one() {
    let report = |id: &str, state: &str, day: u32| {
        format!(
            r#"{{"ImageId": "i", "ReportId": "{id}", "State": "{state}", "CreationTime": "2025-10-{day:02}T00:00:00Z"}}"#
        )
    };
    let entry = |report: &str, count: u32| {
        format!(
            r#"{{"ImageId": "i", "ReportId": "{report}", "ResourceType": "ec2:Instance", "AccountId": "1", "UsageCount": {count}}}"#
        )
    };
    let state = State::from_json(&format!(
        r#"{{"ImageUsageReports": [{}, {}, {}], "ImageUsageReportEntries": [{}, {}, {}, {}]}}"#,
        report("new", "available", 3),
        report("old", "available", 2),
        report("failed", "error", 4),
        entry("old", 1),
        entry("new", 2),
        entry("old", 3),
        entry("new", 4),
    ));
    let emulator = quick(state.unwrap());
    let parameters = [("ImageId", "i"), INSTANCES];
    let expected = ["1 ec2:Instance 2", "1 ec2:Instance 4"];
    let first = create(&emulator, &parameters);
    assert_eq!(entries_of(&emulator, &first), expected);
    // Deleting the document's report does not change the usage.
    assert_eq!(send(&emulator, DELETE, &[("ReportId", "new")]).status, 200);
    let second = create(&emulator, &parameters);
    assert_eq!(entries_of(&emulator, &second), expected);
    // An unknown image has no usage.
    let other = create(&emulator, &[("ImageId", "ami-12345678"), INSTANCES]);
    assert!(entries_of(&emulator, &other).is_empty());
    assert_eq!(
        texts(&self::report(&emulator, &other), "state"),
        ["available"]
    );
}

#[test]
fn deleting_a_report_deletes_its_entries() {
    let emulator = quick(State::sample());
    let id = create(&emulator, &[IMAGE, INSTANCES]);
    let other = "amiur-0c4d5e6f708192a3b";
    for id in [id.as_str(), other] {
        assert!(!entries_of(&emulator, id).is_empty());
        let response = send(&emulator, DELETE, &[("ReportId", id)]);
        assert_eq!(texts(&response, "return"), ["true"]);
        assert!(texts(&report(&emulator, id), "reportId").is_empty());
        assert!(entries_of(&emulator, id).is_empty());
        let again = send(&emulator, DELETE, &[("ReportId", id)]);
        assert_eq!(code(&again), (400, "InvalidImageUsageReportId.NotFound"));
    }
    assert_eq!(
        rows(&send(
            &emulator,
            ENTRIES,
            &[("ImageId.1", "ami-0fedcba9876543210")]
        )),
        [""; 0]
    );
    // IDs are not reused.
    assert_ne!(create(&emulator, &[IMAGE, INSTANCES]), id);
}

#[test]
fn pagination_continues_while_reports_are_created_and_deleted() {
    let emulator = quick(State::sample());
    let first = send(&emulator, REPORTS, &[("MaxResults", "3")]);
    let token = texts(&first, "nextToken")[0];
    let complete = send(&emulator, REPORTS, &[]);
    let ids = texts(&complete, "reportId");
    for gone in [ids[0], ids[3]] {
        send(&emulator, DELETE, &[("ReportId", gone)]);
    }
    let new = create(&emulator, &[IMAGE, INSTANCES]);
    let rest = send(&emulator, REPORTS, &[("NextToken", token)]);
    let expected: Vec<_> = ids[4..].iter().copied().chain([new.as_str()]).collect();
    assert_eq!(texts(&rest, "reportId"), expected);
}

#[test]
fn an_image_has_at_most_one_pending_report() {
    let emulator = slow(State::sample());
    let id = create(&emulator, &[IMAGE, INSTANCES]);
    let response = send(&emulator, CREATE, &[IMAGE, TEMPLATES]);
    assert_eq!(code(&response), (400, "ResourceLimitExceeded"));
    assert!(texts(&response, "Message")[0].contains(&id));
    // Another Region has its own quota.
    assert_eq!(
        send_to(&emulator, "eu-west-1", CREATE, &[IMAGE, INSTANCES]).status,
        200
    );
    send(&emulator, DELETE, &[("ReportId", &id)]);
    create(&emulator, &[IMAGE, INSTANCES]);
}

#[test]
fn pending_reports_per_region_are_limited() {
    let settings = Settings {
        report_delay: Duration::from_secs(3600),
        max_pending: 4,
        ..Settings::default()
    };
    let state = State::synthetic("images=5,entries=0".parse().unwrap());
    let emulator = Emulator::with_settings(state, settings);
    let images = send(&emulator, "DescribeImages", &[]);
    let images = texts(&images, "imageId");
    for image in &images[..4] {
        create(&emulator, &[("ImageId", image), INSTANCES]);
    }
    let fifth = [("ImageId", images[4]), INSTANCES];
    assert_eq!(
        code(&send(&emulator, CREATE, &fifth)),
        (400, "ResourceLimitExceeded")
    );
    assert_eq!(send_to(&emulator, "eu-west-1", CREATE, &fifth).status, 200);
    send(
        &emulator,
        DELETE,
        &[("ReportId", "amiur-00000000000000002")],
    );
    create(&emulator, &fifth);
}

#[test]
fn a_client_token_creates_one_report() {
    let emulator = slow(State::sample());
    let token = ("ClientToken", "nightly");
    let id = create(&emulator, &[IMAGE, INSTANCES, token]);
    // Client tokens precede the quota: a retry does not create another report.
    assert_eq!(create(&emulator, &[token, INSTANCES, IMAGE]), id);
    for other in [
        &[IMAGE, INSTANCES, TEMPLATES, token][..],
        &[IMAGE, TEMPLATES, token],
        &[("ImageId", "ami-1a2b3c4d"), INSTANCES, token],
    ] {
        let response = send(&emulator, CREATE, other);
        assert_eq!(
            code(&response),
            (400, "IdempotentParameterMismatch"),
            "{other:?}"
        );
    }
    let elsewhere = send_to(&emulator, "eu-west-1", CREATE, &[IMAGE, INSTANCES, token]);
    assert_ne!(texts(&elsewhere, "reportId"), [&id]);
    send(&emulator, DELETE, &[("ReportId", &id)]);
    assert_ne!(create(&emulator, &[IMAGE, INSTANCES, token]), id);
}

#[test]
fn invalid_create_and_delete_requests_are_rejected() {
    let emulator = quick(State::sample());
    let option = |name, value| {
        [
            ("ResourceType.2.ResourceTypeOption.1.OptionName", name),
            ("ResourceType.2.ResourceTypeOption.1.OptionValue.1", value),
        ]
    };
    let long = "x".repeat(129);
    let tag = [
        ("TagSpecification.1.ResourceType", "image-usage-report"),
        ("TagSpecification.1.Tag.1.Key", "a"),
    ];
    for (parameters, expected) in [
        (&[INSTANCES][..], "MissingParameter"),
        (&[IMAGE], "MissingParameter"),
        (
            &[IMAGE, ("ResourceType.1", "ec2:Instance")],
            "MissingParameter",
        ),
        (&[("ImageId", "bogus"), INSTANCES], "InvalidAMIID.Malformed"),
        (
            &[("ImageId", "ami-12345678"), INSTANCES],
            "InvalidAMIID.NotFound",
        ),
        (
            &[IMAGE, ("ResourceType.1.ResourceType", "ssm:Parameter")],
            "InvalidParameterValue",
        ),
        (
            &[
                IMAGE,
                INSTANCES,
                ("ResourceType.2.ResourceType", "ec2:Instance"),
            ],
            "InvalidParameterValue",
        ),
        (
            &[IMAGE, INSTANCES, ("ResourceType.1.Nope", "1")],
            "UnknownParameter",
        ),
        (
            &[IMAGE, INSTANCES, ("AccountId.1", "12341234123")],
            "InvalidParameterValue",
        ),
        (
            &[IMAGE, INSTANCES, ("AccountId.1", "12341234123x")],
            "InvalidParameterValue",
        ),
        (
            &[IMAGE, INSTANCES, ("ClientToken", &long)],
            "InvalidParameterValue",
        ),
        (&[IMAGE, INSTANCES, ("MaxResults", "5")], "UnknownParameter"),
        (
            &[
                IMAGE,
                INSTANCES,
                ("TagSpecification.1.ResourceType", "image"),
            ],
            "InvalidParameterValue",
        ),
        (
            &[
                IMAGE,
                INSTANCES,
                tag[0],
                ("TagSpecification.1.Tag.1.Value", "b"),
            ],
            "MissingParameter",
        ),
        (
            &[
                IMAGE,
                INSTANCES,
                tag[0],
                ("TagSpecification.1.Tag.1.Key", "aws:x"),
            ],
            "InvalidParameterValue",
        ),
        (
            &[
                IMAGE,
                INSTANCES,
                tag[0],
                tag[1],
                ("TagSpecification.1.Tag.2.Key", "a"),
            ],
            "InvalidParameterValue",
        ),
    ] {
        let response = send(&emulator, CREATE, parameters);
        assert_eq!(code(&response), (400, expected), "{parameters:?}");
    }
    for (name, value, works) in [
        ("version-depth", "1", true),
        ("version-depth", "10000", true),
        ("version-depth", "0", false),
        ("version-depth", "10001", false),
        ("version-depth", "all", false),
        ("state-name", "running", false),
    ] {
        let mut parameters = vec![IMAGE, INSTANCES, TEMPLATES];
        parameters.extend(option(name, value));
        let response = send(&emulator, CREATE, &parameters);
        assert_eq!(
            response.status == 200,
            works,
            "{name} {value}: {}",
            response.body
        );
    }
    let depth = [
        (
            "ResourceType.1.ResourceTypeOption.1.OptionName",
            "version-depth",
        ),
        ("ResourceType.1.ResourceTypeOption.1.OptionValue.1", "5"),
    ];
    let response = send(&emulator, CREATE, &[IMAGE, INSTANCES, depth[0], depth[1]]);
    assert_eq!(code(&response), (400, "InvalidParameterValue"));
    for (id, expected) in [
        ("bogus", "InvalidImageUsageReportId.Malformed"),
        (
            "amiur-0123456789abcdef0",
            "InvalidImageUsageReportId.NotFound",
        ),
        ("", "MissingParameter"),
    ] {
        let response = send(&emulator, DELETE, &[("ReportId", id)]);
        assert_eq!(code(&response), (400, expected));
    }
}

#[test]
fn a_report_has_at_most_200_accounts_and_50_tags() {
    let emulator = quick(State::sample());
    for (list, most, expected) in [
        ("AccountId.#", 200, "InvalidParameterValue"),
        ("TagSpecification.1.Tag.#.Key", 50, "TagLimitExceeded"),
    ] {
        let create_with = |count: usize| {
            let members: Vec<_> = (1..=count)
                .map(|n| (list.replace('#', &n.to_string()), format!("{n:012}")))
                .collect();
            let mut parameters: Vec<_> = (members.iter())
                .map(|(name, value)| (name.as_str(), value.as_str()))
                .collect();
            parameters.extend([IMAGE, INSTANCES]);
            if list.starts_with("Tag") {
                parameters.push(("TagSpecification.1.ResourceType", "image-usage-report"));
            }
            send(&emulator, CREATE, &parameters)
        };
        assert_eq!(create_with(most).status, 200, "{list}");
        assert_eq!(code(&create_with(most + 1)), (400, expected));
    }
}

#[test]
fn a_dry_run_changes_nothing() {
    let emulator = slow(State::sample());
    let dry = ("DryRun", "true");
    let known = ("ReportId", "amiur-11111111111111111");
    for (action, parameters) in [
        (CREATE, &[IMAGE, INSTANCES, dry][..]),
        (DELETE, &[known, dry]),
        (ENTRIES, &[dry]),
        (REPORTS, &[dry]),
        ("DescribeImages", &[dry]),
        (
            "DescribeImageReferences",
            &[
                ("ImageId.1", IMAGE.1),
                ("IncludeAllResourceTypes", "true"),
                dry,
            ],
        ),
        ("DescribeRegions", &[dry]),
    ] {
        let response = send(&emulator, action, parameters);
        assert_eq!(code(&response), (412, "DryRunOperation"), "{action}");
        let mut wrong = parameters.to_vec();
        wrong.push(("Nope", "1"));
        let response = send(&emulator, action, &wrong);
        assert_eq!(code(&response), (400, "UnknownParameter"), "{action}");
    }
    assert_eq!(texts(&send(&emulator, REPORTS, &[]), "reportId").len(), 8);
    create(&emulator, &[IMAGE, INSTANCES]);
}

#[test]
fn reports_can_be_created_on_every_generated_image() {
    let size = "images=2000,entries=20000".parse().unwrap();
    let emulator = quick(State::synthetic(size));
    // Without `MaxResults`, all images are on one page.
    let response = send(&emulator, "DescribeImages", &[]);
    let images = texts(&response, "imageId");
    assert_eq!(images.len(), 2000);
    let mut last = String::new();
    for image in &images {
        last = create(&emulator, &[("ImageId", image), INSTANCES, TEMPLATES]);
    }
    let old = rows(&send(
        &emulator,
        ENTRIES,
        &[("ImageId.1", images[1999]), ("MaxResults", "10")],
    ));
    assert_eq!(entries_of(&emulator, &last), old);
    assert_eq!(old.len(), 10);
    let members: Vec<_> = (1..=200)
        .map(|n| (format!("ImageId.{n}"), images[n * 10 - 1]))
        .collect();
    let parameters: Vec<_> = members
        .iter()
        .map(|(name, id)| (name.as_str(), *id))
        .collect();
    let response = send(&emulator, REPORTS, &parameters);
    assert_eq!(texts(&response, "reportId").len(), 400);
}

#[test]
fn requests_beyond_the_rate_limit_are_rejected() {
    let settings = Settings {
        throttle: Some("burst=3,rate=1".parse().unwrap()),
        ..Settings::default()
    };
    let emulator = Emulator::with_settings(State::sample(), settings);
    let statuses: Vec<_> = (0..3)
        .map(|_| send(&emulator, REPORTS, &[]).status)
        .collect();
    assert_eq!(statuses, [200; 3]);
    let refused = (0..1000)
        .map(|_| send(&emulator, REPORTS, &[]))
        .find(|response| response.status != 200)
        .expect("a thousand requests are more than one a second");
    assert_eq!(code(&refused), (503, "RequestLimitExceeded"));
}

#[test]
fn a_report_covers_the_resource_types_that_the_endpoint_supports() {
    const IMAGE: (&str, &str) = ("ImageId", "ami-0f4e3d2c1b0a99887");
    const RECIPES: (&str, &str) = ("ResourceType.3.ResourceType", "imagebuilder:ImageRecipe");
    let request = [IMAGE, INSTANCES, TEMPLATES, RECIPES];
    let emulator = quick(State::sample());
    let id = create(&emulator, &request);
    assert!(
        entries_of(&emulator, &id).contains(&"222233334444 imagebuilder:ImageRecipe 1".to_owned())
    );
    let id = create(&emulator, &request[..3]);
    assert_eq!(entries_of(&emulator, &id).len(), 8);

    let settings = Settings {
        resource_types: vec!["ec2:Instance".to_owned(), "ec2:LaunchTemplate".to_owned()],
        ..Settings::default()
    };
    let emulator = Emulator::with_settings(State::sample(), settings);
    let response = send(&emulator, CREATE, &request);
    assert_eq!(code(&response), (400, "InvalidParameterValue"));
    assert_eq!(
        texts(&response, "Message"),
        [
            "Value (imagebuilder:ImageRecipe) for parameter ResourceType is invalid. Expecting one of ec2:Instance, \
             ec2:LaunchTemplate."
        ]
    );
    create(&emulator, &request[..3]);
}
