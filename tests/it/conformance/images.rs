//! Images, their references and Regions: the same command lines send the same requests and print the same output.

use serde_json::Value;

use super::{both_ec2, check};
use crate::support::Server;

const IMAGES: &str = "describe-images";
const REFERENCES: &str = "describe-image-references";
const REGIONS: &str = "describe-regions";
const OWN: [&str; 3] = [IMAGES, "--owners", "self"];
const BUILD: &str = "ami-05f6e7d8c9b0a1928";

/// Command lines, with their words separated by spaces, and whether they succeed.
const SAME: &[(&str, bool)] = &[
    ("describe-images", true),
    ("describe-images --output text", true),
    ("describe-images --owners self", true),
    (
        "describe-images --owners self amazon 444455556666 --output text",
        true,
    ),
    (
        "describe-images --owners amazon --include-deprecated --output text",
        true,
    ),
    ("describe-images --owners self --include-disabled", true),
    ("describe-images --owner self --executable-users self", true),
    (
        "describe-images --executable-users self all 123456789012",
        true,
    ),
    ("describe-images --image-ids ami-1a2b3c4d", true),
    (
        "describe-images --image-ids ami-1a2b3c4d ami-05f6e7d8c9b0a1928 --output text",
        true,
    ),
    (
        "describe-images --image-ids ami-05f6e7d8c9b0a1928 ami-00000000",
        false,
    ),
    ("describe-images --image-ids bogus", false),
    (
        "describe-images --image-ids ami-1a2b3c4d --page-size 5",
        false,
    ),
    (
        "describe-images --filters Name=tag:team,Values=platform,data --output text",
        true,
    ),
    (
        "describe-images --filters Name=creation-date,Values=2025-1* Name=is-public,Values=false",
        true,
    ),
    (
        "describe-images --filters Name=tag-key,Values=team --query Images[].ImageId --output text",
        true,
    ),
    ("describe-images --filters Name=Name,Values=x", false),
    (
        "describe-images --filters Name=name,Values=nothing --output text",
        true,
    ),
    ("describe-images --filters Name=name,Values=nothing", true),
    ("describe-images --page-size 2", true),
    ("describe-images --max-items 3 --page-size 2", true),
    (
        "describe-images --owners self --max-items 3 --output text",
        true,
    ),
    ("describe-images --max-items 20", true),
    ("describe-images --max-results 5", true),
    ("describe-images --starting-token bogus", false),
    (
        "describe-images --owners self --query sort_by(Images,&CreationDate)[-1].ImageId --output text",
        true,
    ),
    (
        "describe-images --owners self --query Images[].[ImageId,Name,CreationDate,Public] --output text",
        true,
    ),
    (
        "describe-images --owners self --query Images[*].BlockDeviceMappings[*].Ebs.SnapshotId --output text",
        true,
    ),
    (
        "describe-images --query Images[?Tags[?Key=='team'&&Value=='data']].Name --output text",
        true,
    ),
    ("describe-images --query length(Images)", true),
    ("describe-images --nope", false),
    (
        "describe-image-references --image-ids ami-05f6e7d8c9b0a1928 --include-all-resource-types",
        true,
    ),
    (
        "describe-image-references --image-ids ami-05f6e7d8c9b0a1928 ami-1a2b3c4d --include-all-resource-types --output text",
        true,
    ),
    (
        "describe-image-references --image-ids ami-05f6e7d8c9b0a1928 --resource-types ResourceType=ec2:Instance \
         ResourceType=ec2:LaunchTemplate,ResourceTypeOptions=[{OptionName=version-depth,OptionValues=[100]}] --output text",
        true,
    ),
    (
        "describe-image-references --image-ids ami-05f6e7d8c9b0a1928 --resource-types \
         ResourceType=ec2:Instance,ResourceTypeOptions=[{OptionName=state-name,OptionValues=[running,stopped]}]",
        true,
    ),
    (
        "describe-image-references --image-ids ami-05f6e7d8c9b0a1928 --include-all-resource-types --max-items 2",
        true,
    ),
    (
        "describe-image-references --image-ids ami-05f6e7d8c9b0a1928 --include-all-resource-types --page-size 5 \
         --query ImageReferences[].Arn",
        true,
    ),
    (
        "describe-image-references --image-ids ami-05f6e7d8c9b0a1928",
        false,
    ),
    (
        "describe-image-references --include-all-resource-types",
        false,
    ),
    ("describe-regions", true),
    ("describe-regions --output text", true),
    ("describe-regions --all-regions", true),
    ("describe-regions --all-regions --output text", true),
    ("describe-regions --region-names us-east-1 eu-west-1", true),
    ("describe-regions --region-names nowhere-1", false),
    (
        "describe-regions --all-regions --filters Name=opt-in-status,Values=not-opted-in,opted-in",
        true,
    ),
    ("describe-regions --filters Name=nope,Values=x", false),
    (
        "describe-regions --query Regions[].RegionName --output text",
        true,
    ),
    (
        "describe-regions --query Regions[].{Name:RegionName,In:Geography[].Name}",
        true,
    ),
];

#[test]
#[ignore = "needs the AWS CLI: .ci/run runs it"]
fn conformance_of_images_references_and_regions() {
    check(SAME, |(line, succeeds)| {
        let words: Vec<_> = line.split(' ').collect();
        let [(theirs, _), (ours, output)] = both_ec2(Server::sample, &words);
        if ours == theirs && ours.succeeded == *succeeds {
            return Ok(());
        }
        let stderr = String::from_utf8_lossy(&output.stderr);
        Err(format!(
            "{line}\nAWS CLI: {theirs:#?}\namiusage: {ours:#?}\n{stderr}"
        ))
    });
}

/// Members are in the service's order: compared byte for byte.
#[test]
#[ignore = "needs the AWS CLI: .ci/run runs it"]
fn conformance_of_whole_images() {
    let all_types = "--include-all-resource-types";
    let rows: &[&[&str]] = &[
        &[IMAGES, "--query", "Images"],
        &[IMAGES, "--query", "Images[].keys(@)"],
        &[
            IMAGES,
            "--query",
            "Images[].[Name, BlockDeviceMappings]",
            "--output",
            "text",
        ],
        &[IMAGES, "--query", "Images[0]", "--output", "text"],
        &[REFERENCES, "--image-ids", BUILD, all_types, "--query", "@"],
        &[REGIONS, "--all-regions", "--query", "@"],
    ];
    check(rows, |row| {
        let [(_, theirs), (_, ours)] = both_ec2(Server::sample, row);
        match theirs.status.success() && theirs.stdout == ours.stdout {
            true => Ok(()),
            false => Err(format!("{row:?}\nAWS CLI: {theirs:?}\namiusage: {ours:?}")),
        }
    });
}

/// A limit in the middle of a page, and the token of each program in the other.
#[test]
#[ignore = "needs the AWS CLI: .ci/run runs it"]
fn conformance_of_tokens_of_images() {
    let names = |stdout: &[u8]| {
        let document: Value = serde_json::from_slice(stdout).unwrap();
        let images = document["Images"].as_array().unwrap().iter();
        let names: Vec<_> = images.map(|image| image["Name"].to_string()).collect();
        (names, document["NextToken"].as_str().map(str::to_owned))
    };
    let [(_, all), _] = both_ec2(Server::sample, &OWN);
    let (all, _) = names(&all.stdout);
    let cut = [&OWN[..], &["--max-items", "4", "--page-size", "3"]].concat();
    let starts = both_ec2(Server::sample, &cut).map(|(_, output)| names(&output.stdout));
    for (start, token) in starts {
        let token = token.unwrap();
        let line = [&cut[..], &["--starting-token", &token]].concat();
        for (_, output) in both_ec2(Server::sample, &line) {
            let (rest, _) = names(&output.stdout);
            assert_eq!([&start[..], &rest].concat(), all);
        }
    }
}

/// There, the columns of a page are those that a row of this page has; here, the bytes do not depend on the page size.
#[test]
#[ignore = "needs the AWS CLI: .ci/run runs it"]
fn conformance_has_a_known_difference_in_the_columns_of_pages() {
    let text = [IMAGES, "--output", "text"];
    let paged = [&text[..], &["--page-size", "1"]].concat();
    let [theirs, ours] = both_ec2(Server::sample, &text);
    let [their_pages, our_pages] = both_ec2(Server::sample, &paged);
    assert_eq!(ours.1.stdout, theirs.1.stdout);
    assert_eq!(our_pages.1.stdout, ours.1.stdout);
    assert_ne!(their_pages.1.stdout, theirs.1.stdout);
}
