//! The attributes of images in the rows of `amiusage check`, and the copies of images in other Regions.

use super::*;

const COPY: &str = "ami-00000000000000009";

/// An image with all attributes.
fn full() -> Value {
    let mut image = image(UNUSED, "a");
    let attributes = json!({
        "LastLaunchedTime": "2024-02-01T00:00:00.000Z", "DeprecationTime": "2026-01-01T00:00:00.000Z", "Public": true,
        "DeregistrationProtection": "enabled-with-cooldown", "ImageOwnerAlias": "aws-backup-vault",
        "SourceImageId": "ami-0fffffffffffffff1", "SourceImageRegion": "eu-west-1",
        "BlockDeviceMappings": [
            {"DeviceName": "/dev/xvda", "Ebs": {"SnapshotId": "snap-00000000000000001", "VolumeSize": 8}},
            {"DeviceName": "/dev/xvdb", "Ebs": {"SnapshotId": "snap-00000000000000002", "VolumeSize": 50}},
            {"DeviceName": "/dev/xvdc", "Ebs": {"VolumeSize": 1000}},
            {"DeviceName": "/dev/xvdd"},
        ],
    });
    image
        .as_object_mut()
        .unwrap()
        .extend(attributes.as_object().unwrap().clone());
    image
}

fn rows(server: &Server, flags: &str) -> Vec<Value> {
    let line = format!("check --owned --fail-on none --output json {flags}");
    let run = server.words(&line).succeeds();
    run.json()["ImageVerdicts"].as_array().unwrap().clone()
}

#[test]
fn rows_have_the_attributes_of_the_image() {
    let mut document = document();
    document["Images"] = json!([full(), image(USED, "b")]);
    let server = server(state(&document));
    let rows = rows(&server, "");
    for (name, value) in [
        ("State", json!("available")),
        ("CreationDate", json!("2024-01-01T00:00:00.000Z")),
        ("LastLaunchedTime", json!("2024-02-01T00:00:00.000Z")),
        ("DeprecationTime", json!("2026-01-01T00:00:00.000Z")),
        ("Public", json!(true)),
        ("DeregistrationProtection", json!("enabled-with-cooldown")),
        ("ImageOwnerAlias", json!("aws-backup-vault")),
        ("SourceImageId", json!("ami-0fffffffffffffff1")),
        ("SourceImageRegion", json!("eu-west-1")),
        ("Snapshots", json!({"Count": 2, "MaxGiB": 58})),
        ("Copies", json!([])),
    ] {
        assert_eq!(rows[0][name], value, "{name}");
    }
    // Absent members stay absent.
    let second = rows[1].as_object().unwrap();
    for name in ["LastLaunchedTime", "Public", "SourceImageId", "Snapshots"] {
        assert!(!second.contains_key(name), "{name}: {second:?}");
    }
    // They need no request of their own.
    assert_eq!(server.count(IMAGES), 1);

    let line = format!("check --image-ids {UNUSED} --fail-on none");
    let csv = server
        .words(&format!("{line} --output csv --details"))
        .succeeds();
    let (header, row) = csv.stdout.split_once('\n').unwrap();
    assert!(
        header.ends_with(
            ",State,CreationDate,LastLaunchedTime,DeprecationTime,Public,DeregistrationProtection,ImageOwnerAlias,\
             SourceImageId,SourceImageRegion,Snapshots,Copies"
        ),
        "{header}"
    );
    assert!(
        row.ends_with(
            ",available,2024-01-01T00:00:00.000Z,2024-02-01T00:00:00.000Z,2026-01-01T00:00:00.000Z,true,\
             enabled-with-cooldown,aws-backup-vault,ami-0fffffffffffffff1,eu-west-1,\"2 snapshots, up to 58 GiB\",\n"
        ),
        "{row}"
    );
    let usual = server.words(&format!("{line} --output csv")).succeeds();
    assert!(!usual.stdout.contains("Snapshots"), "{}", usual.stdout);
}

#[test]
fn the_size_of_snapshots_is_absent_if_that_of_one_is() {
    for (devices, snapshots, text) in [
        (
            json!([{"Ebs": {"SnapshotId": "snap-1"}}]),
            json!({"Count": 1}),
            "1 snapshot",
        ),
        (json!([]), json!({"Count": 0, "MaxGiB": 0}), "0 snapshots"),
        (
            json!([{"DeviceName": "/dev/sda1"}]),
            json!({"Count": 0, "MaxGiB": 0}),
            "0 snapshots",
        ),
        (
            json!([{"Ebs": {"SnapshotId": "snap-1", "VolumeSize": 8}}]),
            json!({"Count": 1, "MaxGiB": 8}),
            "\"1 snapshot, up to 8 GiB\"",
        ),
    ] {
        let mut image = image(UNUSED, "a");
        image["BlockDeviceMappings"] = devices;
        let server = server(state(&json!({"Images": [image], "Usage": []})));
        assert_eq!(rows(&server, "")[0]["Snapshots"], snapshots);
        let csv = server
            .words("check --owned --output csv --columns Snapshots")
            .succeeds();
        assert_eq!(csv.stdout, format!("Snapshots\n{text}\n"));
    }
}

#[test]
fn copies_are_found_among_the_images_of_all_requested_regions() {
    let copy = |id: &str, source_region: &str, region: &str| {
        let mut copy = image(id, "c");
        copy["SourceImageId"] = UNUSED.into();
        copy["SourceImageRegion"] = source_region.into();
        copy["Region"] = region.into();
        copy
    };
    let mut original = image(UNUSED, "a");
    original["Region"] = "us-east-1".into();
    let document = json!({
        "Images": [
            original,
            copy(COPY, "us-east-1", "eu-west-1"),
            copy(USED, "us-east-1", "us-east-1"),
            // A copy of an image that has this ID in another Region.
            copy(OWN_USE, "eu-west-1", "eu-west-1"),
        ],
        "Usage": [],
    });
    let server = server(state(&document));
    let both = rows(&server, "--region eu-west-1 us-east-1");
    let of = |rows: &[Value], id: &str| {
        let row = rows.iter().find(|row| row["ImageId"] == id).unwrap();
        row["Copies"].clone()
    };
    assert_eq!(
        of(&both, UNUSED),
        json!([
            {"ImageId": COPY, "Region": "eu-west-1"},
            {"ImageId": USED, "Region": "us-east-1"},
        ])
    );
    assert_eq!(of(&both, COPY), json!([]));
    let one = rows(&server, "--region us-east-1");
    assert_eq!(
        of(&one, UNUSED),
        json!([{"ImageId": USED, "Region": "us-east-1"}])
    );
    let line = format!("check --image-ids {UNUSED} --region us-east-1 --fail-on none --output csv");
    let run = server.words(&format!("{line} --columns Copies")).succeeds();
    assert_eq!(run.stdout, "Copies\n\"\"\n");
}
