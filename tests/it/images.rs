//! The commands `images`, `references` and `regions`, which have the rows and options of the AWS CLI's.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};
use snapbox::data::DataFormat;
use snapbox::{Assert, Data};

use crate::support::{Ends, Server, words};

/// An image with all members that the SDK knows, in the service's order.
fn whole_image() -> Value {
    json!({
        "PlatformDetails": "Windows", "UsageOperation": "RunInstances:0002",
        "BlockDeviceMappings": [
            {
                "Ebs": {
                    "DeleteOnTermination": true, "Iops": 3000, "SnapshotId": "snap-1", "VolumeSize": 8,
                    "VolumeType": "gp3", "KmsKeyId": "key", "Throughput": 125, "OutpostArn": "arn:outpost",
                    "AvailabilityZone": "us-east-1a", "Encrypted": true, "VolumeInitializationRate": 100,
                    "AvailabilityZoneId": "use1-az1", "EbsCardIndex": 0
                },
                "DeviceName": "/dev/sda1"
            },
            {"NoDevice": "", "DeviceName": "/dev/sdb", "VirtualName": "ephemeral0"}
        ],
        "Description": "a \"b\" <c>\t|é", "EnaSupport": true, "Hypervisor": "xen",
        "ImageOwnerAlias": "amazon", "Name": "whole", "RootDeviceName": "/dev/sda1",
        "RootDeviceType": "ebs", "SriovNetSupport": "simple",
        "StateReason": {"Code": "Client.Error", "Message": "No."},
        "Tags": [{"Key": "team", "Value": "platform"}, {"Key": "empty", "Value": ""}],
        "VirtualizationType": "hvm", "BootMode": "uefi", "TpmSupport": "v2.0",
        "DeprecationTime": "2027-10-15T09:42:51.000Z", "ImdsSupport": "v2.0",
        "SourceInstanceId": "i-1", "DeregistrationProtection": "disabled",
        "LastLaunchedTime": "2025-10-15T09:42:51.000Z", "ImageAllowed": true,
        "SourceImageId": "ami-1", "SourceImageRegion": "eu-west-1", "FreeTierEligible": false,
        "PublicSsmParameterName": "/aws/service/x",
        "ImageWatermarks": [{
            "WatermarkKey": "1:approved", "SourceImageRegion": "eu-west-1", "SourceImageId": "ami-1",
            "SourceImageCreationTime": "2025-10-15T09:42:51.000Z",
            "WatermarkCreationTime": "2025-10-15T09:42:51.123Z"
        }],
        "ScanResults": {
            "HighestFindingSeverityLabel": "HIGH", "FindingScanDate": "2025-10-15T09:42:51.000Z",
            "InformationalFixAvailableSince": "2025-10-01T00:00:00.000Z",
            "LowFixAvailableSince": "2025-10-02T00:00:00.000Z",
            "MediumFixAvailableSince": "2025-10-03T00:00:00.000Z",
            "HighFixAvailableSince": "2025-10-04T00:00:00.000Z",
            "CriticalFixAvailableSince": "2025-10-05T00:00:00.000Z"
        },
        "InstanceTypeSpecification": {
            "SupportedInstanceTypes": [{"InstanceType": "t3.micro"}],
            "UnsupportedInstanceTypes": [{"InstanceType": "t2.nano"}]
        },
        "ImageId": "ami-00000001", "ImageLocation": "amazon/whole", "State": "a-later-state",
        "OwnerId": "123456789012", "CreationDate": "2025-10-15T09:42:51.000Z", "Public": false,
        "ProductCodes": [{"ProductCodeId": "c", "ProductCodeType": "marketplace"}],
        "Architecture": "x86_64", "ImageType": "machine", "KernelId": "aki-1", "RamdiskId": "ari-1",
        "Platform": "windows"
    })
}

#[test]
fn json_has_all_members_of_an_image_in_the_order_of_the_service() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("images.json");
    let nothing = json!({"ImageId": "ami-00000002", "State": "available", "OwnerId": "1"});
    let document = json!({"Usage": [], "Images": [whole_image(), nothing]});
    fs::write(&path, document.to_string()).unwrap();
    let list = |options: &str| {
        words(&format!("images --offline={} {options}", path.display()))
            .succeeds()
            .stdout
    };
    let rows = [whole_image(), nothing].map(|row| format!("{row}\n"));
    assert_eq!(list("-o ndjson"), rows.concat());
    let columns = "ImageId,Public,Tags,StateReason";
    let tags = r#"[{"Key":"team","Value":"platform"},{"Key":"empty","Value":""}]"#;
    let reason = r#"{"Code":"Client.Error","Message":"No."}"#;
    let quoted = |text: &str| text.replace('"', "\"\"");
    assert_eq!(
        list(&format!("-o csv --columns {columns}")),
        format!(
            "{columns}\nami-00000001,false,\"{}\",\"{}\"\nami-00000002,,,\n",
            quoted(tags),
            quoted(reason)
        )
    );
    // Requested columns are never omitted.
    assert_eq!(
        list(&format!("-o text --columns KernelId,{columns}")),
        "IMAGES\taki-1\tami-00000001\tFalse\nTAGS\tteam\tplatform\nTAGS\tempty\t\n\
         STATEREASON\tClient.Error\tNo.\nIMAGES\t\tami-00000002\t\n"
    );
}

/// Compares stdout with a golden file.
fn golden(line: &str, name: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/it/golden")
        .join(name);
    let output = words(line).succeeds();
    Assert::new().action_env("SNAPSHOTS").eq(
        output.stdout,
        Data::read_from(&path, Some(DataFormat::Text)).raw(),
    );
}

#[test]
fn every_format_has_the_sample_data() {
    for format in ["json", "text", "csv", "markdown"] {
        let one = "images --offline --image-ids ami-1a2b3c4d ami-0fedcba9876543210";
        golden(&format!("{one} -o {format}"), &format!("images.{format}"));
        golden(
            &format!("regions --offline --all-regions -o {format}"),
            &format!("regions.{format}"),
        );
        let all = "--include-all-resource-types";
        let one = format!("references --offline --image-ids ami-05f6e7d8c9b0a1928 {all}");
        golden(
            &format!("{one} -o {format}"),
            &format!("references.{format}"),
        );
    }
}

#[test]
fn parameters_are_those_of_the_aws_cli() {
    const INSTANCES: &str = "ResourceType=ec2:Instance,ResourceTypeOptions=[{OptionName=state-name,OptionValues=[running,stopped]}]";
    for (line, parameters) in [
        ("images", ""),
        (
            "describe-images --owners self,amazon 1",
            "Owner.1=self&Owner.2=amazon&Owner.3=1",
        ),
        ("images --executable-users self", "ExecutableBy.1=self"),
        (
            "images --include-deprecated --include-disabled",
            "IncludeDeprecated=true&IncludeDisabled=true",
        ),
        (
            "images --image-ids ami-1a2b3c4d ami-0fedcba9876543210",
            "ImageId.1=ami-1a2b3c4d&ImageId.2=ami-0fedcba9876543210",
        ),
        (
            "images -f Name=tag:team,Values=a,b --page-size 7",
            "Filter.1.Name=tag:team&Filter.1.Value.1=a&Filter.1.Value.2=b&MaxResults=7",
        ),
        (
            "images --include-disabled --no-include-disabled --no-include-deprecated",
            "",
        ),
        ("regions --all-regions --no-all-regions", ""),
        (
            "references --image-ids ami-1a2b3c4d --no-include-all-resource-types --include-all-resource-types",
            "ImageId.1=ami-1a2b3c4d&IncludeAllResourceTypes=true",
        ),
        (
            &format!(
                "describe-image-references --image-ids ami-1a2b3c4d --resource-types ssm:Parameter {INSTANCES}"
            ),
            "ImageId.1=ami-1a2b3c4d&ResourceType.1.ResourceType=ssm:Parameter&ResourceType.2.ResourceType=ec2:Instance&\
             ResourceType.2.ResourceTypeOption.1.OptionName=state-name&ResourceType.2.ResourceTypeOption.1.OptionValue.1=running&\
             ResourceType.2.ResourceTypeOption.1.OptionValue.2=stopped",
        ),
        ("regions", ""),
        (
            "describe-regions --region-names us-east-1 --all-regions",
            "AllRegions=true&RegionName.1=us-east-1",
        ),
        (
            "--all-regions regions --region eu-west-1",
            "AllRegions=true",
        ),
        (
            "regions -f Name=opt-in-status,Values=opted-in",
            "Filter.1.Name=opt-in-status&Filter.1.Value.1=opted-in",
        ),
    ] {
        let server = Server::sample();
        server.words(line).succeeds();
        let requests = server.requests();
        let mut sent: Vec<_> = requests[0].split('&').collect();
        sent.sort_unstable();
        assert_eq!(sent.join("&"), parameters, "{line}");
        assert_eq!(requests.len(), 1, "{line}: {requests:?}");
    }
}

#[test]
fn images_of_several_regions_have_their_region() {
    let run = words("images --offline --region eu-west-1 us-east-1 --owners amazon -o csv --columns Region,Name").succeeds();
    let name = "Windows_Server-2025-English-Full-Base-2025.10.15";
    assert_eq!(
        run.stdout,
        format!("Region,Name\neu-west-1,{name}\nus-east-1,{name}\n")
    );
}

#[test]
fn a_dry_run_checks_each_action() {
    for line in [
        "images",
        "references --image-ids ami-1a2b3c4d --include-all-resource-types",
        "regions",
    ] {
        words(&format!("{line} --offline --dry-run"))
            .succeeds()
            .says("would have succeeded")
            .silent();
    }
}

#[test]
fn more_images_than_a_request_accepts_are_sent_in_batches() {
    let ids: Vec<_> = (1..=25).map(|number| format!("ami-{number:08}")).collect();
    let line = format!("--image-ids {}", ids.join(","));
    let server = Server::sample();
    server
        .words(&format!("references {line} --include-all-resource-types"))
        .succeeds();
    assert_eq!(server.requests().len(), 3);
    words(&format!(
        "references --offline {line} --resource-types ec2:Instance --no-paginate"
    ))
    .ends(252)
    .says("at most 10 IDs of a kind");
    // As in the AWS CLI, one that does not exist is an error before any row.
    words("images --offline --image-ids ami-1a2b3c4d ami-00000001")
        .ends(254)
        .says("InvalidAMIID.NotFound")
        .silent();
}
