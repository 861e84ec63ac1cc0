//! Errors: the exit status, code, request ID and hint of each kind, as text and as JSON.

use std::net::TcpListener;

use amiusage::emulator::State;
use serde_json::{Value, json};
use snapbox::cmd::Command;

use crate::support::{Act, Ends, REQUEST, Run, Server, amiusage, numbered, refusal, reply, words};

/// Runs a command that fails twice, with errors as text and as JSON, and checks that both are equal.
#[track_caller]
fn fails(status: i32, command: impl Fn() -> Command) -> Value {
    let text = command().ends(status);
    let first = text.stderr.lines().next().unwrap();
    assert!(first.starts_with("error: "), "{text:#?}");

    let error = command()
        .args(["--error-format", "json"])
        .ends(status)
        .error();
    assert_eq!(error["Status"], status);
    let message = error["Message"].as_str().unwrap();
    assert!(
        message.starts_with(&first["error: ".len()..]),
        "{text:#?} {error:#}"
    );
    for member in ["Code", "RequestId"] {
        if let Some(value) = error[member].as_str() {
            assert!(first.contains(value), "{member} is not in {first}");
        }
    }
    if let Some(next) = error["Hint"].as_str() {
        assert!(
            text.stderr.contains(&format!("\nhint: {next}\n")),
            "{text:#?} {next:?}"
        );
    }
    error
}

/// Checks that the hint of an error contains these words.
#[track_caller]
fn advises(error: &Value, words: &str) {
    let next = error["Hint"].as_str().unwrap_or_default();
    assert!(next.contains(words), "no {words:?} in {error:#}");
}

#[test]
fn an_invalid_command_line_sends_no_request() {
    let server = Server::sample();
    for (arguments, words) in [
        (&["entries", "--max-items", "0"][..], "--max-items"),
        (&["entries", "--max-items", "-1"], "--max-items"),
        (&["entries", "--page-size", "-1"], "--page-size"),
        (&["entries", "--region", ""], "--region"),
        (&["entries", "--profile", ""], "--profile"),
        (&["entries", "--endpoint-url", ""], "--endpoint-url"),
        (&["entries", "--endpoint-url", "localhost:4566"], "http"),
        (&["entries", "--max-items=-1"], "--max-items"),
        (&["entries", "--max-items", "many"], "--max-items"),
        (&["entries", "--page-size", "0"], "--page-size"),
        (&["entries", "--page-size=-5"], "--page-size"),
        (&["entries", "--page-size", "2147483648"], "--page-size"),
        (&["entries", "--image-ids"], "--image-ids"),
        (&["entries", "--image-ids", ""], "--image-ids"),
        (&["entries", "--image-ids", "ami-11111111,"], "--image-ids"),
        (&["entries", "--image-ids", "[]"], "--image-ids"),
        (
            &["entries", "--image-ids", "@/nonexistent/ids"],
            "/nonexistent/ids",
        ),
        (&["entries", "--image-ids", "@/dev/null"], "empty"),
        (&["entries", "--account-ids", ""], "--account-ids"),
        (&["entries", "--resource-types", " "], "--resource-types"),
        (&["entries", "--created", ""], "--created"),
        (
            &["entries", "--image-ids", "@-", "--report-ids", "@-"],
            "--report-ids",
        ),
        (&["entries", "--filter", ""], "--filter"),
        (&["entries", "--filter", "Name=account-id"], "Values"),
        (&["entries", "--filter", "Values=1"], "Name"),
        (&["entries", "--filter", "Name=account-id,Value=1"], "Value"),
        (
            &["entries", "--filter", "Name=account-id,Values=[1"],
            "--filter",
        ),
        (&["entries", "--filter", "{\"Name\": 1}"], "--filter"),
        (&["entries", "--output", "xml"], "xml"),
        (&["entries", "--columns", "Nope"], "Nope"),
        (&["entries", "--query", "a["], "--query"),
        (&["entries", "--query", "a", "--output", "csv"], "--query"),
        (&["entries", "--query", "nope(@)"], "nope"),
        (
            &["entries", "--query", "a", "--columns", "AccountId"],
            "--columns",
        ),
        (&["entries", "--starting-token", ""], "--starting-token"),
        (
            &["entries", "--starting-token", "eyJOZXh0VG9rZW4iOiAib3"],
            "--starting-token",
        ),
        (
            &["entries", "--no-paginate", "--max-items", "1"],
            "--no-paginate",
        ),
        (
            &["entries", "--offline", "--endpoint-url", "http://x"],
            "--offline",
        ),
        (&["entries", "--offline", "--profile", "x"], "--offline"),
        (
            &["entries", "--offline=/nonexistent/answer"],
            "/nonexistent/answer",
        ),
        (&["entries", "--nope"], "--nope"),
        (&["entries", "nope"], "nope"),
        (&["nope"], "nope"),
        (&["emulator", "--listen", "nowhere"], "nowhere"),
        (&["emulator", "--synthetic", "images=0"], "images"),
        (&["emulator", "--latency", "soon"], "soon"),
        (&["completions", "nosh"], "nosh"),
    ] {
        let error = fails(252, || server.amiusage(arguments).stdin("ami-11111111"));
        let message = error["Message"].as_str().unwrap();
        assert!(message.contains(words), "no {words:?} in {error:#}");
        server.amiusage(arguments).ends(252).silent();
    }
    assert!(server.requests().is_empty());
}

#[cfg(unix)]
#[test]
fn an_argument_that_is_not_utf8_is_rejected() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;

    let arguments = ["entries", "--image-ids"].map(OsStr::new);
    fails(252, || {
        amiusage(arguments.into_iter().chain([OsStr::from_bytes(b"\xff")]))
    });
}

#[test]
fn without_a_subcommand_help_is_printed_as_an_error() {
    amiusage::<&str>([])
        .ends(252)
        .silent()
        .says("Usage: amiusage");
    words("--error-format json").ends(252).silent().error();
}

#[test]
fn help_and_version_succeed() {
    for line in ["--help", "-h", "entries --help", "emulator -h", "--version"] {
        let run = words(line).succeeds();
        assert!(run.stdout.contains("amiusage"), "{run:#?}");
        assert_eq!(run.stderr, "");
    }
}

#[test]
fn an_invalid_filter_has_a_caret_under_the_error() {
    let run = amiusage(["entries", "--filter", "Name=account-id,Vals=1"]).ends(252);
    let lines: Vec<_> = run.stderr.lines().collect();
    let shown = lines[1].find("Vals").unwrap();
    assert_eq!(lines[2].find('^'), Some(shown), "{run:#?}");
}

#[test]
fn more_ids_than_the_limit_of_a_request_require_pagination() {
    let ids: Vec<_> = (0..201).map(|number| format!("ami-{number:08x}")).collect();
    let server = Server::sample();
    server
        .words("entries --no-paginate --image-ids @-")
        .stdin(ids.join(" "))
        .ends(252)
        .says("--no-paginate")
        .says("200");
    assert!(server.requests().is_empty());
}

#[test]
fn rejected_credentials_are_retried_once_if_the_clock_is_wrong() {
    // The sample's clock is behind.
    let server = Server::asked(State::sample(), |_, _| {
        Act::Reply(refusal(401, "AuthFailure", "Not validated."))
    });
    server.words("entries").ends(254).says("AuthFailure");
    assert_eq!(server.requests().len(), 2);
}

#[test]
fn the_second_attempt_is_signed_with_the_time_of_the_service() {
    let server = Server::new(State::sample(), |number, reply| match number {
        1 => Act::Reply(refusal(
            403,
            "SignatureDoesNotMatch",
            "Signature not yet current.",
        )),
        _ => Act::Reply(reply),
    });
    server.words("entries").succeeds();
    let dates: Vec<bool> = (server.heads().iter())
        .map(|head| head.to_ascii_lowercase().contains("x-amz-date: 20251021t"))
        .collect();
    assert_eq!(dates, [false, true]);
}

#[test]
fn a_broken_connection_does_not_count_as_a_correction_of_the_clock() {
    let server = Server::new(State::sample(), |number, reply| match number {
        1 => Act::Hang,
        2 => Act::Reply(refusal(
            403,
            "SignatureDoesNotMatch",
            "Signature not yet current.",
        )),
        _ => Act::Reply(reply),
    });
    server.words("entries").succeeds();
    assert_eq!(server.requests().len(), 3);
}

#[test]
fn without_credentials_no_request_is_sent() {
    let server = Server::sample();
    let error = fails(253, || {
        server
            .words("entries")
            .env_remove("AWS_ACCESS_KEY_ID")
            .env_remove("AWS_SECRET_ACCESS_KEY")
    });
    assert!(error["Message"].as_str().unwrap().contains("credentials"));
    advises(&error, "aws configure");
    assert!(server.requests().is_empty());
}

#[test]
fn without_a_region_no_request_is_sent() {
    let server = Server::sample();
    let error = fails(253, || server.words("entries").env_remove("AWS_REGION"));
    assert!(error["Message"].as_str().unwrap().contains("Region"));
    advises(&error, "--region");
    assert!(server.requests().is_empty());
    // The AWS CLI's own name of the variable.
    server
        .words("entries")
        .env_remove("AWS_REGION")
        .env("AWS_DEFAULT_REGION", "us-east-1")
        .succeeds();
    server
        .words("entries --region us-east-1")
        .env_remove("AWS_REGION")
        .succeeds();
}

#[test]
fn invalid_regions_and_endpoints_in_settings_are_named() {
    let server = Server::sample();
    for (variable, value, words) in [
        ("AWS_REGION", "", "no Region"),
        ("AWS_REGION", "Europe (Ireland)", "Europe (Ireland)"),
        (
            "AWS_ENDPOINT_URL_EC2",
            "localhost:4566",
            "http or https URL",
        ),
        ("AWS_ENDPOINT_URL_EC2", "http://", "http or https URL"),
    ] {
        let error = fails(253, || server.words("entries").env(variable, value));
        assert!(
            error["Message"].as_str().unwrap().contains(words),
            "{error:#}"
        );
    }
    assert_eq!(server.requests().len(), 0);
}

#[test]
fn error_format_json_may_be_abbreviated() {
    for flags in [&["--error-form", "json"][..], &["--er=json"]] {
        let run = amiusage(["entries", "--nonsense"].iter().chain(flags)).ends(252);
        assert_eq!(run.error()["Status"], 252);
    }
}

#[test]
fn an_unknown_profile_does_not_fall_back_to_other_credentials() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("config");
    std::fs::write(
        &path,
        "[default]\nregion = us-east-1\n[profile platform]\nregion = us-east-1\n",
    )
    .unwrap();
    let server = Server::sample();
    for (line, variable) in [("entries --profile nope", ""), ("entries", "nope")] {
        let error = fails(253, || {
            server
                .words(line)
                .env("AWS_PROFILE", variable)
                .env("AWS_CONFIG_FILE", &path)
        });
        assert!(error["Message"].as_str().unwrap().contains("nope"));
        advises(&error, "platform");
    }
    assert!(server.requests().is_empty());
    server
        .words("entries")
        .env("AWS_PROFILE", "platform")
        .env("AWS_CONFIG_FILE", &path)
        .succeeds();
}

#[test]
fn service_errors_show_code_request_id_and_hint() {
    for (http, code, next) in [
        (
            403,
            "UnauthorizedOperation",
            "ec2:DescribeImageUsageReportEntries",
        ),
        (400, "RequestExpired", "renew the credentials"),
        (400, "InvalidAMIID.Malformed", "image IDs"),
        (400, "InvalidNextToken", "--starting-token"),
        (401, "AuthFailure", "access key"),
        (400, "OptInRequired", "Region"),
        (400, "SomethingNew", ""),
    ] {
        let server = Server::says(refusal(http, code, "In the service's words."));
        let error = fails(254, || server.words("entries"));
        assert_eq!(error["Code"], code);
        assert_eq!(error["RequestId"], REQUEST);
        assert!(
            error["Message"]
                .as_str()
                .unwrap()
                .contains("In the service's words.")
        );
        advises(&error, next);
        // None of these is retried.
        assert_eq!(server.requests().len(), 2, "{code}");
    }
}

#[test]
fn service_errors_of_the_emulator() {
    let error = fails(254, || words("entries --offline --image-ids bogus"));
    assert_eq!(error["Code"], "InvalidAMIID.Malformed");
    let error = fails(254, || words("entries --offline --starting-token bogus"));
    assert_eq!(error["Code"], "InvalidNextToken");
    let error = fails(254, || {
        words("entries --offline --filter Name=bogus,Values=1")
    });
    assert_eq!(error["Code"], "InvalidParameterValue");
}

#[test]
fn an_unreachable_endpoint_is_named() {
    let closed = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let url = format!("http://{closed}");
    let error = fails(255, || {
        Server::sample()
            .words(&format!("entries --endpoint-url {url}"))
            .env("AWS_MAX_ATTEMPTS", "1")
    });
    assert!(
        error["Message"].as_str().unwrap().contains(&url),
        "{error:#}"
    );
    advises(&error, "--endpoint-url");
}

#[test]
fn an_html_page_is_an_invalid_response() {
    const HTML: &str = "<html><body><h1>Welcome to the airport's WiFi</h1></body></html>";
    for status in [403, 404, 502] {
        let server = Server::says(reply(status, HTML));
        let error = fails(255, || server.words("entries").env("AWS_MAX_ATTEMPTS", "1"));
        let message = error["Message"].as_str().unwrap();
        assert!(message.contains(&server.url()), "{error:#}");
        assert!(message.contains(&status.to_string()), "{error:#}");
        advises(&error, "proxy");
    }
}

#[test]
fn a_transient_error_is_retried() {
    let server = Server::new(numbered(9), |number, reply| match number {
        2 => Act::Reply(refusal(503, "RequestLimitExceeded", "Slower, please.")),
        4 => Act::Hang,
        _ => Act::Reply(reply),
    });
    let run = server.words("entries --page-size 3").succeeds();
    assert_eq!(run.counts(), (0..9).collect::<Vec<_>>());
    assert_eq!(run.stderr, "");
    assert_eq!(server.requests().len(), 5);
}

/// The first pages set a rate at which throttled requests are repeated soon.
#[test]
fn throttled_attempts_do_not_count_toward_the_limit() {
    let server = Server::new(numbered(40), |number, reply| match number {
        31..=42 => Act::Reply(refusal(503, "RequestLimitExceeded", "Slower, please.")),
        43 => Act::Hang,
        _ => Act::Reply(reply),
    });
    let run = server.words("entries --page-size 1").succeeds();
    assert_eq!(run.counts(), (0..40).collect::<Vec<_>>());
    assert_eq!(server.requests().len(), 53);
}

#[test]
fn a_persistent_error_is_retried_up_to_the_limit() {
    let server = Server::new(numbered(1), |_, _| Act::Hang);
    server
        .words("entries --max-attempts 2")
        .ends(255)
        .says(&server.url());
    assert_eq!(server.requests().len(), 2);
}

#[test]
fn no_output_contains_a_secret() {
    const SECRET: &str = "wJalrXUtnFEMIbPxRfiCYEXAMPLEKEY";
    const SESSION: &str = "IQoJb3JpZ2luX2VjEXAMPLETOKEN";
    let hides = |command: Command, status| -> Run {
        command
            .env("AWS_SECRET_ACCESS_KEY", SECRET)
            .env("AWS_SESSION_TOKEN", SESSION)
            .env("AWS_MAX_ATTEMPTS", "1")
            .ends(status)
            .hides(SECRET)
            .hides(SESSION)
            .hides("Signature=")
    };
    let server = Server::sample();
    hides(server.words("entries --debug"), 0)
        .says("DescribeImageUsageReportEntries")
        .says("status 200");
    // The secret was used.
    assert!(server.heads()[0].contains(SESSION));

    hides(
        Server::says(refusal(403, "UnauthorizedOperation", "No.")).words("entries --debug"),
        254,
    );
    hides(
        Server::says(reply(502, "<html>")).words("entries --debug"),
        255,
    );
    hides(
        Server::new(State::sample(), |_, _| Act::Hang).words("entries --debug"),
        255,
    );
    hides(server.words("entries --debug --profile nope"), 253);
    let with_password = server.url().replace("http://", "http://user:PASSWORD@");
    hides(
        server.words(&format!("entries --debug --endpoint-url {with_password}")),
        0,
    )
    .hides("PASSWORD");
    hides(
        Server::says(refusal(403, "UnauthorizedOperation", "No."))
            .words("entries --debug --endpoint-url http://user:PASSWORD@127.0.0.1:1"),
        255,
    )
    .hides("PASSWORD");
}

#[test]
fn members_of_an_error_as_json() {
    let server = Server::new(numbered(9), |number, reply| {
        Act::Reply(match number {
            1 => reply,
            _ => refusal(400, "RequestExpired", "Too \"late\".\n"),
        })
    });
    let run = server
        .words("entries --page-size 5 --output ndjson --error-format json")
        .ends(254);
    let error = run.error();
    let members: Vec<_> = error.as_object().unwrap().keys().cloned().collect();
    assert_eq!(
        members,
        [
            "Status",
            "Message",
            "Code",
            "RequestId",
            "Hint",
            "ResumeToken"
        ]
    );
    assert_eq!(error["Status"], json!(254));
    assert_eq!(run.counts(), [0, 1, 2, 3, 4]);
}

#[test]
fn control_characters_of_the_service_are_escaped_in_messages() {
    let run = Server::says(refusal(400, "Odd", "red &#x1B;[31m bell &#x7;"))
        .words("entries")
        .ends(254)
        .hides("\u{1b}");
    assert!(!run.stderr.contains('\u{7}'));
}

#[test]
fn a_negative_time_is_an_invalid_value() {
    for line in [
        "emulator --report-delay -1s",
        "emulator --latency -1ms",
        "check --offline --owned --timeout -1s",
        "check --offline --owned --idle -1d",
        "check --offline --owned --max-report-age -1d",
        "reports wait --offline --report-ids r --timeout -1s",
    ] {
        let run = words(line).ends(252);
        assert!(
            run.stderr.starts_with("error: invalid value '-1"),
            "{line}: {run:#?}"
        );
    }
}

#[test]
fn help_is_also_a_subcommand() {
    for (help, option) in [
        ("help", "--help"),
        ("help entries", "entries --help"),
        ("help reports create", "reports create --help"),
        ("reports help create", "reports create --help"),
    ] {
        assert_eq!(
            words(help).succeeds().stdout,
            words(option).succeeds().stdout
        );
    }
}

/// Runs on a terminal of 40 columns, by util-linux; skipped if that is not installed.
#[cfg(target_os = "linux")]
#[test]
fn the_first_line_of_an_error_wraps_on_a_terminal() {
    let program = snapbox::cmd::cargo_bin!("amiusage");
    let line = format!(
        "stty rows 24 cols 40; {} entries --offline --query 'a ||'",
        program.display()
    );
    let script = std::process::Command::new("script")
        .args(["-qec", &line, "/dev/null"])
        .env_clear()
        .envs([("PATH", "/usr/bin:/bin"), ("SHELL", "/bin/sh")])
        .envs([("TERM", "xterm"), ("NO_COLOR", "1")])
        .stdin(std::process::Stdio::null())
        .output();
    let Ok(output) = script else { return };
    let screen = String::from_utf8(output.stdout).unwrap().replace('\r', "");
    snapbox::assert_data_eq!(
        screen,
        snapbox::str![[r#"
error: --query: invalid JMESPath
  expression: expected an expression,
  but the expression ends here
    a ||
        ^
hint: see https://jmespath.org for the
  query language

"#]]
    );
}
