//! Hostile content of responses, files and arguments: it is escaped, or rejected with its position.

use std::fs;
use std::path::Path;

use crate::support::{Act, Ends, Run, Server, amiusage, numbered, refusal};

/// Sent as references, because XML does not allow the characters themselves.
const HOSTILE: &str = "&#x1B;[31mred&#x7; &#x9B;2J &#x202E;a|b,\"c\" &lt;b&gt; &#xA;&#xD;&#x9;end";
const MEANT: &str = "\u{1b}[31mred\u{7} \u{9b}2J \u{202e}a|b,\"c\" <b> \n\r\tend";

fn hostile() -> Server {
    Server::new(numbered(2), |_, mut reply| {
        reply.body = reply.body.replace("ec2:Instance", HOSTILE);
        Act::Reply(reply)
    })
}

#[test]
fn control_characters_are_escaped_or_preserved_by_format() {
    let server = hostile();
    for (output, lines) in [("table", None), ("text", Some(2)), ("markdown", Some(4))] {
        let run = server
            .words(&format!("entries --output {output}"))
            .succeeds();
        assert!(
            !run.stdout
                .contains(|c: char| c.is_control() && c != '\n' && c != '\t'),
            "{run:?}"
        );
        assert!(run.stdout.contains("u{1b}"), "{run:?}");
        assert!(
            lines.is_none_or(|lines| run.stdout.lines().count() == lines),
            "{run:?}"
        );
    }
    let run = server.words("entries --output json").succeeds();
    assert!(!run.stdout.contains('\u{1b}'), "{run:?}");
    assert_eq!(
        run.json()["ImageUsageReportEntries"][1]["ResourceType"],
        MEANT
    );
    let run = server.words("entries --output ndjson").succeeds();
    assert_eq!(run.stdout.lines().count(), 2);
    let run = server.words("entries --output csv").succeeds();
    let mut reader = csv::Reader::from_reader(run.stdout.as_bytes());
    assert_eq!(&reader.records().nth(1).unwrap().unwrap()[0], MEANT);
}

#[test]
fn control_characters_are_escaped_in_errors_and_logs() {
    let server = Server::says(refusal(400, HOSTILE, HOSTILE));
    for line in ["entries", "entries --debug", "entries --error-format json"] {
        let run = server.words(line).ends(254);
        assert!(
            !run.stderr
                .contains(|c: char| (c.is_control() && c != '\n') || c == '\u{202e}'),
            "{run:?}"
        );
    }
}

#[test]
fn an_error_as_json_contains_the_service_message() {
    let server = Server::says(refusal(400, HOSTILE, HOSTILE));
    let error = server
        .words("entries --error-format json")
        .ends(254)
        .error();
    assert_eq!(error["Code"], MEANT);
}

/// Checks that the file of an argument is rejected with its position.
fn refused(arguments: &[&str], place: &str) -> Run {
    amiusage(arguments)
        .ends(252)
        .silent()
        .says(place)
        .hides("panicked")
}

#[test]
fn an_invalid_document_is_rejected_with_its_position() {
    let directory = tempfile::tempdir().unwrap();
    let file = |name: &str, bytes: &[u8]| {
        let path = directory.path().join(name);
        fs::write(&path, bytes).unwrap();
        path.display().to_string()
    };
    let deep = "[".repeat(1_000_000);
    let binary: Vec<u8> = (0..=255).rev().collect();
    for (name, bytes, place) in [
        ("deep", deep.as_bytes(), "line 1 column 3"),
        (
            "deeper",
            format!("{{\"Other\":{deep}").as_bytes(),
            "EOF while parsing a list",
        ),
        (
            "cut",
            b"{\"ImageUsageReportEntries\": [\n{\"ImageId\": ",
            "line 2 column 12",
        ),
        ("binary", &binary, "NUL byte"),
        ("latin", b"{\n\n\"\xe9\": 1}", "line 3"),
        ("nothing", b"", "line 1 column 0"),
    ] {
        let path = file(name, bytes);
        for flag in [
            &["entries", "--offline="][..],
            &["emulator", "--listen=127.0.0.1:0", "--state="],
        ] {
            let (last, first) = flag.split_last().unwrap();
            let last = format!("{last}{path}");
            let arguments = [first, &[&last]].concat();
            refused(&arguments, place).says(&path);
        }
    }
    for (bytes, place) in [
        (&binary[..], "NUL byte"),
        (b"ami-1\n\nami-2 \xe9", "line 3"),
        (deep.as_bytes(), "JSON"),
        (&[b' '; 17 << 20], "larger than 16 MiB"),
    ] {
        let list = format!("@{}", file("list", bytes));
        refused(&["entries", "--offline", "--image-ids", &list], place);
    }
}

#[test]
fn an_endless_file_is_rejected() {
    if Path::new("/dev/zero").exists() {
        refused(
            &["entries", "--offline", "--image-ids", "@/dev/zero"],
            "larger than 16 MiB",
        );
        refused(&["entries", "--offline=/dev/zero"], "larger than 256 MiB");
    }
}

#[test]
fn arguments_of_any_size_are_handled() {
    for piece in [
        "(",
        "[",
        "{a:",
        "!",
        "a[?",
        "a.",
        "@|",
        "not_null(",
        "a||",
        "[*]",
        "`[",
        "é",
        "\u{1b}",
    ] {
        let query = piece.repeat(100_000 / piece.len());
        refused(&["entries", "--offline", "--query", &query], "--query");
    }
    for piece in [
        "[",
        "{\"Name\":",
        "Name=",
        "Values=[",
        "\"",
        "\\",
        "é",
        ",",
        "\u{1b}",
    ] {
        let filter = piece.repeat(100_000 / piece.len());
        refused(&["entries", "--offline", "--filter", &filter], "--filter");
    }
    // Tokens in the AWS CLI's form, truncated. Tokens of unknown form are left to the service.
    let token = format!("eyJOZXh0VG9rZW4i{}", "A".repeat(100_000));
    refused(
        &["entries", "--offline", "--starting-token", &token],
        "--starting-token",
    );
    amiusage([
        "entries",
        "--offline",
        "--starting-token",
        &"é".repeat(50_000),
    ])
    .ends(254)
    .silent();
}
