//! Tests of images, references and Regions, and of items per Region.

use super::*;

const IMAGES: &str = "DescribeImages";
const REFERENCES: &str = "DescribeImageReferences";
const REGIONS: &str = "DescribeRegions";

#[test]
fn an_image_has_the_xml_of_the_service() {
    let response = send(&sample(), IMAGES, &[("ImageId.1", "ami-1a2b3c4d")]);
    let (_, images) = response.body.split_once("</requestId>").unwrap();
    assert_eq!(
        images,
        "<imagesSet><item><imageId>ami-1a2b3c4d</imageId><imageOwnerId>123456789012</imageOwnerId>\
         <imageState>available</imageState><platformDetails>Linux/UNIX</platformDetails>\
         <usageOperation>RunInstances</usageOperation><blockDeviceMapping><item><ebs>\
         <deleteOnTermination>true</deleteOnTermination><snapshotId>snap-000000000000005a5</snapshotId>\
         <volumeSize>10</volumeSize><volumeType>standard</volumeType><encrypted>false</encrypted></ebs>\
         <deviceName>/dev/xvda</deviceName></item><item><deviceName>/dev/xvdb</deviceName>\
         <virtualName>ephemeral0</virtualName></item></blockDeviceMapping>\
         <description>Legacy server, November 2015</description><hypervisor>xen</hypervisor>\
         <name>legacy-2015-11</name><rootDeviceName>/dev/xvda</rootDeviceName>\
         <rootDeviceType>ebs</rootDeviceType><virtualizationType>paravirtual</virtualizationType>\
         <deregistrationProtection>enabled</deregistrationProtection>\
         <imageLocation>123456789012/legacy-2015-11</imageLocation>\
         <creationDate>2015-11-12T10:01:58.000Z</creationDate><isPublic>false</isPublic>\
         <architecture>i386</architecture><imageType>machine</imageType><kernelId>aki-919dcaf8</kernelId>\
         </item></imagesSet></DescribeImagesResponse>"
    );
    // The names that are not those of the members.
    let state = State::from_json(
        r#"{"Usage": [], "Images": [{"ImageId": "i", "not <a> member": 1, "ImageWatermarks": null,
            "Tags": [], "ProductCodes": [{"ProductCodeId": "c", "ProductCodeType": "marketplace"}],
            "InstanceTypeSpecification": {"SupportedInstanceTypes": [{"InstanceType": "t3.micro"}]},
            "BlockDeviceMappings": [{"Ebs": {"EbsCardIndex": 0}}]}]}"#,
    );
    let response = send(&Emulator::new(state.unwrap()), IMAGES, &[]);
    assert!(
        response.body.contains(
            "</imageState><tagSet></tagSet><productCodes><item><productCode>c</productCode>\
             <type>marketplace</type></item></productCodes><instanceTypeSpecification>\
             <supportedInstanceTypeSet><item><instanceType>t3.micro</instanceType></item>\
             </supportedInstanceTypeSet></instanceTypeSpecification><blockDeviceMapping><item><ebs>\
             <EbsCardIndex>0</EbsCardIndex></ebs></item></blockDeviceMapping></item>"
        ),
        "{}",
        response.body
    );
}

/// The names of the sample images that a request returns.
fn names_of_images(parameters: &[(&str, &str)]) -> Vec<String> {
    let response = send(&sample(), IMAGES, parameters);
    assert_eq!(response.status, 200, "{}", response.body);
    let names = texts(&response, "name").into_iter();
    names.map(str::to_owned).collect()
}

#[test]
fn images_have_the_filters_of_ec2() {
    const WINDOWS: &str = "Windows_Server-2025-English-Full-Base-2025.10.15";
    for (name, value, expected) in [
        ("creation-date", "2025-0[6-9]*", &[][..]),
        (
            "creation-date",
            "2025-1?-01T*",
            &["base-2025-10", "data-2025-10"],
        ),
        ("tag:team", "data", &["data-2025-10"]),
        ("tag:Team", "data", &[]),
        (
            "tag-key",
            "team",
            &["web-2025-09", "base-2025-10", "data-2025-10"],
        ),
        ("is-public", "true", &[WINDOWS]),
        ("architecture", "i386", &["legacy-2015-11"]),
        ("block-device-mapping.volume-size", "100", &["data-2025-10"]),
        ("block-device-mapping.encrypted", "true", &["data-2025-10"]),
        (
            "block-device-mapping.snapshot-id",
            "*5a8",
            &["batch-2025-06"],
        ),
        ("description", "Web server*", &["web-2025-09"]),
        ("owner-alias", "amazon", &[WINDOWS]),
        ("owner-id", "444455556666", &["scanner-2025-07"]),
        ("platform", "windows", &[WINDOWS]),
        ("product-code.type", "marketplace", &["batch-2025-05"]),
        ("image-id", "ami-1a*", &["legacy-2015-11"]),
        ("kernel-id", "aki-*", &["legacy-2015-11"]),
    ] {
        let names = names_of_images(&[("Filter.1.Name", name), ("Filter.1.Value.1", value)]);
        assert_eq!(names[..names.len().min(3)], *expected, "{name}={value}");
    }
    for (name, expected) in [
        ("Architecture", "InvalidParameterValue"),
        ("tag", "InvalidParameterValue"),
        ("scan-result.finding-scan-date", "UnsupportedOperation"),
        ("image-allowed", "UnsupportedOperation"),
    ] {
        let filter = [("Filter.1.Name", name), ("Filter.1.Value.1", "x")];
        let response = send(&sample(), IMAGES, &filter);
        assert_eq!(code(&response), (400, expected), "{name}");
    }
}

#[test]
fn images_are_selected_by_owner_and_user() {
    for (parameters, expected) in [
        (&[("Owner.1", "amazon")][..], 1),
        (&[("Owner.1", "amazon"), ("IncludeDeprecated", "true")], 2),
        (&[("Owner.1", "137112412989")], 0),
        // An ID selects a deprecated image.
        (&[("ImageId.1", "ami-0a9b8c7d6e5f40312")], 1),
        (&[("Owner.1", "self"), ("Owner.2", "amazon")], 8),
        (&[("ExecutableBy.1", "self")], 1),
        (&[("ExecutableBy.1", "123456789012")], 1),
        (&[("ExecutableBy.1", "999999999999")], 0),
        (&[("ExecutableBy.1", "all")], 1),
        (&[], 9),
    ] {
        assert_eq!(
            names_of_images(parameters).len(),
            expected,
            "{parameters:?}"
        );
    }
    let paged = [("ImageId.1", "ami-1a2b3c4d"), ("MaxResults", "5")];
    assert_eq!(
        code(&send(&sample(), IMAGES, &paged)),
        (400, "InvalidParameterCombination")
    );
}

#[test]
fn images_are_selected_by_id_owner_and_filter() {
    let state = State::from_json(
        r#"{"Usage": [], "Images": [
            {"ImageId": "ami-00000001", "Name": "web-1", "OwnerId": "111111111111"},
            {"ImageId": "ami-00000002", "Name": "web-2", "State": "disabled"},
            {"ImageId": "ami-00000003", "Name": "db-1", "OwnerId": "222222222222"},
            {"ImageId": "ami-00000004", "Name": "db-2", "State": "pending", "Region": "eu-west-1"}]}"#,
    );
    let emulator = Emulator::new(state.unwrap());
    let filter = |name, value| [("Filter.1.Name", name), ("Filter.1.Value.1", value)];
    for (parameters, region, expected) in [
        (&[][..], "us-east-1", &["1", "3"][..]),
        (&[("Owner.1", "self")], "us-east-1", &["1"]),
        (&[("Owner.1", "111111111111")], "us-east-1", &["1"]),
        (
            &[("Owner.1", "self"), ("Owner.2", "222222222222")],
            "us-east-1",
            &["1", "3"],
        ),
        (
            &[("Owner.1", "self"), ("IncludeDisabled", "true")],
            "us-east-1",
            &["1", "2"],
        ),
        (
            &[("Owner.1", "self"), ("IncludeDeprecated", "true")],
            "eu-west-1",
            &["1", "4"],
        ),
        (
            &[("ImageId.1", "ami-00000003"), ("Owner.1", "self")],
            "us-east-1",
            &[],
        ),
        (&[("ImageId.1", "ami-00000004")], "eu-west-1", &["4"]),
        (&filter("name", "*-1"), "us-east-1", &["1", "3"]),
        (&filter("state", "pending"), "eu-west-1", &["4"]),
        (&filter("image-id", "ami-*3"), "eu-west-1", &["3"]),
    ] {
        let response = send_to(&emulator, region, IMAGES, parameters);
        assert_eq!(response.status, 200, "{}", response.body);
        let ids: Vec<_> = (texts(&response, "imageId").iter())
            .map(|id| id.trim_start_matches("ami-0000000"))
            .collect();
        assert_eq!(ids, expected, "{parameters:?} in {region}");
    }
    let unknown = [("ImageId.1", "ami-00000004")];
    assert_eq!(
        code(&send(&emulator, IMAGES, &unknown)),
        (400, "InvalidAMIID.NotFound")
    );
    let bogus = [("ImageId.1", "bogus")];
    assert_eq!(
        code(&send(&emulator, IMAGES, &bogus)),
        (400, "InvalidAMIID.Malformed")
    );

    // Only the owner creates reports, in the Region of the image.
    for (id, region, expected) in [
        ("ami-00000001", "us-east-1", None),
        ("ami-00000002", "us-east-1", None),
        ("ami-00000003", "us-east-1", Some((403, "AuthFailure"))),
        (
            "ami-00000004",
            "us-east-1",
            Some((400, "InvalidAMIID.NotFound")),
        ),
        ("ami-00000004", "eu-west-1", None),
    ] {
        let parameters = [
            ("ImageId", id),
            ("ResourceType.1.ResourceType", "ec2:Instance"),
        ];
        let response = send_to(&emulator, region, "CreateImageUsageReport", &parameters);
        let refused = (response.status != 200).then(|| code(&response));
        assert_eq!(refused, expected, "{id} in {region}");
    }
}

#[test]
fn images_are_paginated() {
    let emulator = Emulator::new(State::synthetic("images=25,entries=0".parse().unwrap()));
    let parameters = [
        ("Owner.1", "self"),
        ("Filter.1.Name", "name"),
        ("Filter.1.Value.1", "synthetic-*"),
    ];
    let (images, lengths) = all_pages(&emulator, IMAGES, &parameters, [10; 3]);
    assert_eq!(images.len(), 25);
    assert_eq!(lengths, [10, 10, 5]);
}

#[test]
fn without_images_a_document_has_those_of_its_reports() {
    let state = State::from_json(
        r#"{"ImageUsageReportEntries": [
            {"ImageId": "ami-00000001", "ReportId": "r"}, {"ImageId": "ami-00000001", "ReportId": "s"}]}"#,
    );
    let emulator = Emulator::new(state.unwrap());
    let response = send(&emulator, IMAGES, &[("Owner.1", "self")]);
    assert_eq!(texts(&response, "imageId"), ["ami-00000001"]);
}

#[test]
fn references_of_the_account_are_listed() {
    let emulator = sample();
    let own = ("ImageId.1", "ami-05f6e7d8c9b0a1928");
    let all = ("IncludeAllResourceTypes", "true");
    let response = send(&emulator, REFERENCES, &[own, all]);
    assert!(
        response.body.contains(
            "<imageReferenceSet><item><imageId>ami-05f6e7d8c9b0a1928</imageId>\
             <resourceType>ec2:Instance</resourceType>\
             <arn>arn:aws:ec2:us-east-1:123456789012:instance/i-0a1b2c3d4e5f60718</arn></item>"
        ),
        "{}",
        response.body
    );
    assert_eq!(texts(&response, "item").len(), 3);
    let other = [("ImageId.1", "ami-0123456789abcdef0"), all];
    assert!(texts(&send(&emulator, REFERENCES, &other), "arn").is_empty());
    let chosen = [
        own,
        ("ResourceType.1.ResourceType", "ssm:Parameter"),
        ("ResourceType.2.ResourceType", "ec2:Instance"),
        (
            "ResourceType.2.ResourceTypeOption.1.OptionName",
            "state-name",
        ),
        (
            "ResourceType.2.ResourceTypeOption.1.OptionValue.1",
            "running",
        ),
        ("ResourceType.3.ResourceType", "imagebuilder:ImageRecipe"),
    ];
    let response = send(&emulator, REFERENCES, &chosen);
    assert_eq!(
        texts(&response, "resourceType"),
        ["ec2:Instance", "ssm:Parameter"]
    );
    // With both, the options of a type override its defaults.
    let both = send(&emulator, REFERENCES, &[own, chosen[1], all]);
    assert_eq!(texts(&both, "item").len(), 3);
    for (parameters, expected) in [
        (&[all][..], "MissingParameter"),
        (&[own], "MissingParameter"),
        (
            &[own, ("ResourceType.1.ResourceType", "ec2:Volume")],
            "InvalidParameterValue",
        ),
        (&[own, all, ("MaxResults", "4")], "InvalidParameterValue"),
        (&[("ImageId.1", "bogus"), all], "InvalidAMIID.Malformed"),
    ] {
        let response = send(&emulator, REFERENCES, parameters);
        assert_eq!(code(&response), (400, expected), "{parameters:?}");
    }
    let eleven: Vec<_> = (1..=11)
        .map(|n| (format!("ImageId.{n}"), format!("ami-{n:08}")))
        .collect();
    let mut parameters: Vec<_> = (eleven.iter())
        .map(|(name, id)| (name.as_str(), id.as_str()))
        .collect();
    parameters.push(all);
    let response = send(&emulator, REFERENCES, &parameters);
    assert_eq!(code(&response), (400, "InvalidParameterValue"));
    assert_eq!(send(&emulator, REFERENCES, &parameters[1..]).status, 200);
}

#[test]
fn references_are_paginated() {
    let references: Vec<_> = (0..12)
        .map(|n| {
            serde_json::json!({"ImageId": "i", "ResourceType": "ec2:Instance", "Arn": format!("arn:{n}")})
        })
        .collect();
    let document = serde_json::json!({"Usage": [], "ImageReferences": references});
    let emulator = Emulator::new(State::from_json(&document.to_string()).unwrap());
    let parameters = [("ImageId.1", "i"), ("IncludeAllResourceTypes", "true")];
    let (items, lengths) = all_pages(&emulator, REFERENCES, &parameters, [5; 3]);
    assert_eq!(items.len(), 12);
    assert_eq!(lengths, [5, 5, 2]);
}

#[test]
fn regions_are_listed() {
    let names = |emulator: &Emulator, parameters: &[(&str, &str)]| -> Vec<String> {
        let response = send(emulator, REGIONS, parameters);
        assert_eq!(response.status, 200, "{}", response.body);
        texts(&response, "regionName")
            .iter()
            .map(ToString::to_string)
            .collect()
    };
    let emulator = sample();
    let enabled = ["eu-west-1", "us-east-1", "us-west-2"];
    assert_eq!(names(&emulator, &[]), enabled);
    let all = ("AllRegions", "true");
    assert_eq!(names(&emulator, &[all]).len(), 4);
    let status = |value| {
        [
            ("Filter.1.Name", "opt-in-status"),
            ("Filter.1.Value.1", value),
            all,
        ]
    };
    assert_eq!(names(&emulator, &status("opt-in-not-required")), enabled);
    assert_eq!(names(&emulator, &status("not-opted-in")), ["af-south-1"]);
    assert_eq!(
        names(&emulator, &[("RegionName.1", "us-west-2")]),
        ["us-west-2"]
    );
    assert_eq!(
        code(&send(&emulator, REGIONS, &[("RegionName.1", "nowhere-1")])),
        (400, "InvalidParameterValue")
    );

    let state = State::from_json(
        r#"{"Usage": [], "ImageUsageReports": [
            {"ImageId": "i", "ReportId": "r", "State": "pending", "Region": "af-south-1"},
            {"ImageId": "i", "ReportId": "s", "State": "pending", "Region": "ap-east-1"}]}"#,
    );
    let emulator = Emulator::new(state.unwrap());
    assert_eq!(
        names(&emulator, &[]),
        [
            "af-south-1",
            "ap-east-1",
            "eu-west-1",
            "us-east-1",
            "us-west-2"
        ]
    );
    assert_eq!(names(&emulator, &status("opted-in")), ["af-south-1"]);
    let response = send(&emulator, REGIONS, &[("RegionName.1", "af-south-1")]);
    assert_eq!(texts(&response, "name"), ["South Africa"]);
}

#[test]
fn items_with_a_region_exist_only_there() {
    let state = State::from_json(
        r#"{"ImageUsageReports": [
            {"ImageId": "i", "ReportId": "everywhere", "State": "available"},
            {"ImageId": "i", "ReportId": "both", "State": "available", "Region": "us-east-1"},
            {"ImageId": "j", "ReportId": "both", "State": "pending", "Region": "eu-west-1"}],
         "ImageUsageReportEntries": [
            {"ImageId": "i", "ReportId": "everywhere", "AccountId": "1"},
            {"ImageId": "i", "ReportId": "both", "AccountId": "2", "Region": "us-east-1"},
            {"ImageId": "k", "ReportId": "new", "AccountId": "3", "Region": "eu-west-1"}],
         "ImageReferences": [
            {"ImageId": "i", "ResourceType": "ec2:Instance", "Arn": "a", "Region": "us-east-1"},
            {"ImageId": "i", "ResourceType": "ec2:Instance", "Arn": "b"}],
         "Usage": [
            {"ImageId": "u", "ResourceType": "ec2:Instance", "AccountId": "4", "UsageCount": 1},
            {"ImageId": "u", "ResourceType": "ec2:Instance", "AccountId": "5", "UsageCount": 1, "Region": "eu-west-1"}],
         "FailingReports": [{"ImageId": "u", "StateReason": "No.", "Region": "ap-east-1"}]}"#,
    );
    let settings = Settings {
        report_delay: Duration::ZERO,
        ..Settings::default()
    };
    let emulator = Emulator::with_settings(state.unwrap(), settings);
    for (region, accounts, reports, references) in [
        ("us-east-1", &["1", "2"][..], &["everywhere", "both"][..], 2),
        ("eu-west-1", &["1", "3"], &["everywhere", "both", "new"], 1),
        ("us-west-2", &["1"], &["everywhere"], 1),
    ] {
        let response = send_to(&emulator, region, ENTRIES, &[]);
        assert_eq!(texts(&response, "accountId"), accounts, "{region}");
        let response = send_to(&emulator, region, REPORTS, &[]);
        assert_eq!(texts(&response, "reportId"), reports, "{region}");
        let all = [("ImageId.1", "i"), ("IncludeAllResourceTypes", "true")];
        let response = send_to(&emulator, region, REFERENCES, &all);
        assert_eq!(texts(&response, "arn").len(), references, "{region}");
    }
    // A request without a Region is for us-east-1.
    assert_eq!(
        texts(&send(&emulator, ENTRIES, &[]), "accountId"),
        ["1", "2"]
    );

    let new = [
        ("ImageId", "u"),
        ("ResourceType.1.ResourceType", "ec2:Instance"),
    ];
    for (region, state, accounts) in [
        ("us-east-1", "available", &["4"][..]),
        ("eu-west-1", "available", &["4", "5"]),
        ("ap-east-1", "error", &[]),
    ] {
        let created = send_to(&emulator, region, "CreateImageUsageReport", &new);
        let id = [("ReportId.1", texts(&created, "reportId")[0])];
        let response = send_to(&emulator, region, REPORTS, &id);
        assert_eq!(texts(&response, "state"), [state], "{region}");
        let response = send_to(&emulator, region, ENTRIES, &id);
        assert_eq!(texts(&response, "accountId"), accounts, "{region}");
        let elsewhere = send_to(&emulator, "us-west-2", REPORTS, &id);
        assert!(texts(&elsewhere, "state").is_empty());
    }
    // A page token is valid in its Region only.
    let first = send_to(&emulator, "us-east-1", ENTRIES, &[("MaxResults", "1")]);
    let token = [("NextToken", texts(&first, "nextToken")[0])];
    assert_eq!(send_to(&emulator, "us-east-1", ENTRIES, &token).status, 200);
    assert_eq!(
        code(&send_to(&emulator, "eu-west-1", ENTRIES, &token)),
        (400, "InvalidNextToken")
    );
}

#[tokio::test]
async fn both_transports_pass_on_the_region() {
    let document = r#"{"ImageUsageReportEntries": [
        {"ImageId": "i", "ReportId": "r", "UsageCount": 1, "Region": "us-east-1"},
        {"ImageId": "i", "ReportId": "r", "UsageCount": 2, "Region": "eu-west-1"}]}"#;
    let emulator = || Arc::new(Emulator::new(State::from_json(document).unwrap()));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(serve(
        listener,
        emulator(),
        ServerOptions::default(),
        std::future::pending(),
    ));
    // The client of these tests is in eu-west-1.
    for client in [
        client(in_memory_client(emulator()), "http://emulator.invalid"),
        client(aws_smithy_http_client::Builder::new().build_http(), &url),
    ] {
        let response = client
            .describe_image_usage_report_entries()
            .send()
            .await
            .unwrap();
        let counts: Vec<_> = (response.image_usage_report_entries().iter())
            .map(|entry| entry.usage_count())
            .collect();
        assert_eq!(counts, [Some(2)]);
    }
}
