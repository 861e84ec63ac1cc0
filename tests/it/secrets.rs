//! No secret is ever shown: every kind of error, with and without `--debug`, as text and as JSON, with secrets in every
//! possible source.

use crate::cloud::{Answer, Call, Cloud, LATER, PAGES, denial};

/// Secrets, which occur nowhere else.
const SECRETS: &[&str] = &[
    "hush-secret-key",
    "hush-session-token",
    "hush-sso-token",
    "hush-sso-client",
    "hush-container-token",
    "hush-web-token",
    "hush-proxy-password",
    "hush-url-password",
    "hush-url-query",
    "hush-argument",
    "hush-program-output",
    "hush-answer",
];

/// The SHA-1 of `dev`, the name of its SSO token file.
const DEV: &str = "34c6fceca75e456f25e7e99531e2425c6c1de443";

const PROFILES: &str = "\
[profile keys]
aws_access_key_id = AKIAkeys
aws_secret_access_key = hush-secret-key
aws_session_token = hush-session-token

[profile role]
role_arn = arn:aws:iam::123456789012:role/reader
source_profile = keys

[profile web]
role_arn = arn:aws:iam::123456789012:role/reader
web_identity_token_file = HOME/web-token

[sso-session dev]
sso_start_url = https://example.com/start
sso_region = us-east-1

[profile sso]
sso_session = dev
sso_account_id = 123456789012
sso_role_name = Reader
";

/// Checks that no form of an error shows a secret. The environment has secrets unless `arguments` name a profile.
///
/// The exit status is `status`, and stderr contains `words`, so that it is the intended error.
#[track_caller]
fn nothing_shows(
    cloud: &Cloud,
    arguments: &[&str],
    environment: &[(&str, &str)],
    status: i32,
    words: &str,
) {
    for form in [
        &["--debug"][..],
        &["--error-format", "json", "--color", "always"],
    ] {
        let command = cloud.amiusage([PAGES, arguments, form].concat());
        let command = environment
            .iter()
            .fold(command, |command, (name, value)| command.env(name, value));
        let output = command.output().unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(status), "{stderr}");
        assert!(stderr.contains(words), "no {words:?} in {stderr}");
        let error = stderr.contains("error:") || stderr.contains("\"Status\":");
        assert_eq!(error, status != 0, "{stderr}");
        let stdout = String::from_utf8(output.stdout).unwrap();
        for secret in SECRETS {
            assert!(
                !stderr.contains(secret),
                "{form:?} shows {secret}: {stderr}"
            );
            assert!(
                !stdout.contains(secret),
                "{form:?} shows {secret}: {stdout}"
            );
        }
    }
}

/// Keys and a session token.
const ENVIRONMENT: &[(&str, &str)] = &[
    ("AWS_ACCESS_KEY_ID", "AKIAenvironment"),
    ("AWS_SECRET_ACCESS_KEY", "hush-secret-key"),
    ("AWS_SESSION_TOKEN", "hush-session-token"),
];

fn and<'a>(more: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    [ENVIRONMENT, more].concat()
}

/// A cloud with this response to requests to EC2.
fn ec2(status: u16, body: &'static str) -> Cloud {
    Cloud::with(move |call| {
        call.action()
            .starts_with("Describe")
            .then(|| (status, body.to_owned()))
    })
}

/// A cloud with this response to requests for credentials, and profiles that send them.
fn giver(answer: impl Fn(&Call) -> Answer + Send + Sync + 'static) -> Cloud {
    let cloud = Cloud::with(move |call| {
        // Requests before that for the credentials succeed: the SDK panics on an invalid role name.
        let usual = call.action().starts_with("Describe")
            || call.line.ends_with("/api/token")
            || call.line.ends_with("/security-credentials/");
        (!usual).then(|| answer(call))
    });
    cloud.config(PROFILES);
    cloud.write("web-token", "hush-web-token");
    cloud.sign_in(DEV, "hush-sso-token", LATER);
    cloud
}

#[test]
fn on_success() {
    nothing_shows(&Cloud::new(), &[], ENVIRONMENT, 0, "");
    let cloud = giver(|call| {
        let body = crate::cloud::session(call, LATER);
        (
            200,
            body.replace("secret-of", "hush-answer")
                .replace("token-of", "hush-answer"),
        )
    });
    for profile in ["role", "web"] {
        nothing_shows(&cloud, &["--profile", profile], &[], 0, "");
    }
}

#[test]
fn when_ec2_returns_an_error() {
    let refused = "<Response><Errors><Error><Code>UnauthorizedOperation</Code><Message>No</Message></Error></Errors>\
                   <RequestID>0</RequestID></Response>";
    nothing_shows(
        &ec2(403, refused),
        &[],
        ENVIRONMENT,
        254,
        "UnauthorizedOperation",
    );
    // For a wrong signature, AWS responds with its canonical form of the request, including headers.
    let echo = "<Response><Errors><Error><Code>SignatureDoesNotMatch</Code><Message>The request signature we \
                calculated does not match the signature you provided. Check your AWS Secret Access Key.\n\n\
                The Canonical String for this request should have been\n'POST\n/\n\nhost:x\n\
                x-amz-security-token:hush-session-token\n'</Message></Error></Errors></Response>";
    nothing_shows(
        &ec2(403, echo),
        &[],
        ENVIRONMENT,
        254,
        "SignatureDoesNotMatch",
    );
    nothing_shows(&ec2(500, "oops"), &[], ENVIRONMENT, 255, "500");
    nothing_shows(&ec2(200, "<html>"), &[], ENVIRONMENT, 255, "");
    let nobody = and(&[("AWS_ENDPOINT_URL_EC2", "http://127.0.0.1:1")]);
    nothing_shows(&Cloud::new(), &[], &nobody, 255, "127.0.0.1:1");
}

#[test]
fn when_the_endpoint_contains_a_password() {
    for url in [
        "http://me:hush-url-password@127.0.0.1:1/?x=hush-url-query",
        "http://me:hush-url-password@[::1/",
        "http://me:hush-url-password@a host/",
        "http://me:hush-url-password@127.0.0.1:99999",
        "http://me:hush-url-password@localhost.invalid:1",
        "ftp://me:hush-url-password@127.0.0.1",
        "me:hush-url-password@127.0.0.1",
    ] {
        for form in [
            &[][..],
            &["--debug"],
            &["--error-format", "json"],
            &["--debug", "--error-format", "json"],
        ] {
            let cloud = Cloud::new();
            cloud.config(&format!("[default]\nendpoint_url = {url}\n"));
            let flag = [PAGES, form, &["--endpoint-url", url]].concat();
            let plain = [PAGES, form].concat();
            for command in [
                cloud.amiusage(flag),
                cloud.amiusage(&plain).env("AWS_ENDPOINT_URL_EC2", url),
                cloud.amiusage(&plain).env_remove("AWS_ENDPOINT_URL_EC2"),
            ] {
                let command = ENVIRONMENT
                    .iter()
                    .fold(command, |command, (name, value)| command.env(name, value))
                    .env("AWS_MAX_ATTEMPTS", "1");
                let output = command.output().unwrap();
                assert_ne!(output.status.code(), Some(0));
                let stderr = String::from_utf8(output.stderr).unwrap();
                assert!(!stderr.contains("hush"), "{url}: {stderr}");
            }
        }
    }
}

#[test]
fn when_the_proxy_has_a_password() {
    let proxy = "http://me:hush-proxy-password@127.0.0.1:1";
    let environment = and(&[
        ("HTTP_PROXY", proxy),
        ("http_proxy", proxy),
        ("HTTPS_PROXY", proxy),
        ("https_proxy", proxy),
        ("AWS_ENDPOINT_URL_EC2", "https://127.0.0.1:2"),
    ]);
    nothing_shows(&Cloud::new(), &[], &environment, 255, "");
    let broken = "http://me:hush-proxy-password@[::1";
    let environment = and(&[
        ("HTTPS_PROXY", broken),
        ("AWS_ENDPOINT_URL_EC2", "https://127.0.0.1:2"),
    ]);
    let output = environment
        .iter()
        .fold(Cloud::new().amiusage(PAGES), |command, (name, value)| {
            command.env(name, value)
        })
        .output()
        .unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(!stderr.contains("hush"), "{stderr}");
}

#[test]
fn when_a_configuration_file_is_malformed() {
    for file in [
        "[default\naws_secret_access_key = hush-secret-key\n",
        "aws_secret_access_key = hush-secret-key\n[default]\n",
        "[default]\naws_access_key_id = A\naws_secret_access_key hush-secret-key\n",
        "[default]\n= hush-secret-key\n",
        "[default]\naws_access_key_id = A\n  aws_secret_access_key: hush-secret-key\n[",
        "[default]\ns3 =\n  hush-secret-key\n",
        "[default]\n  hush-secret-key\n",
        "[default]\naws_secret_access_key = hush-secret-key\n",
        "[profile hush-secret-key]\n[default hush-secret-key]\n",
        "[default]\naws access key hush-secret-key = hush-secret-key\n",
    ] {
        for name in [".aws/credentials", ".aws/config"] {
            let cloud = Cloud::new();
            cloud.write(name, file);
            nothing_shows(&cloud, &[], &[], 253, "");
        }
    }
}

#[test]
fn when_credentials_cannot_be_loaded() {
    let refuse = |call: &Call| match call.action().as_str() {
        "" => {
            let body = r#"{"__type": "UnauthorizedException", "message": "No", "Code": "No", "Message": "No"}"#;
            (401, body.to_owned())
        }
        _ => denial(
            "SignatureDoesNotMatch",
            "No.\n\nThe Canonical String for this request should have been\n'POST\nx-amz-security-token:hush-session-token'",
        ),
    };
    let broken = |body: &'static str| move |_: &Call| (200, body.to_owned());
    let clouds = [
        giver(refuse),
        giver(|_| (500, "hush-answer".to_owned())),
        giver(|_| (404, "hush-answer".to_owned())),
        giver(broken("hush-answer")),
        giver(broken("<hush-answer")),
        giver(broken(
            "<AssumeRoleResponse><AssumeRoleResult><Credentials><hush-answer>",
        )),
        giver(broken(
            "<AssumeRoleResponse><AssumeRoleResult><Credentials><SecretAccessKey>hush-answer</SecretAccessKey>\
             <Expiration>hush-answer</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>",
        )),
        giver(broken(
            r#"{"AccessKeyId": "A", "SecretAccessKey": "hush-answer"#,
        )),
        giver(broken(
            r#"{"AccessKeyId": "A", "SecretAccessKey": "hush-answer", "hush-answer"}"#,
        )),
        giver(broken(
            r#"{"AccessKeyId": "A", "SecretAccessKey": "hush-answer" "ResumeToken": 1}"#,
        )),
        giver(broken(
            r#"{"SecretAccessKey": "hush-answer\q", "ResumeToken": "hush-answer", "Expiration": 1}"#,
        )),
        giver(broken(
            r#"{"AccessKeyId": "A", "SecretAccessKey": "hush-answer", "ResumeToken": "hush-answer", "Expiration": "hush-answer"}"#,
        )),
        giver(broken(
            r#"{"roleCredentials": {"accessKeyId": "A", "secretAccessKey": "hush-answer", "expiration": "hush-answer"}}"#,
        )),
        giver(broken(
            r#"{"roleCredentials": {"secretAccessKey": "hush-answer"#,
        )),
    ];
    let each = |cloud: &Cloud| {
        for profile in ["role", "web", "sso"] {
            nothing_shows(cloud, &["--profile", profile], &[], 253, "");
        }
        let url = format!("{}/x?hush-url-query", cloud.url());
        nothing_shows(
            cloud,
            &[],
            &[
                ("AWS_CONTAINER_CREDENTIALS_FULL_URI", url.as_str()),
                ("AWS_CONTAINER_AUTHORIZATION_TOKEN", "hush-container-token"),
            ],
            253,
            "",
        );
        nothing_shows(
            cloud,
            &[],
            &[("AWS_EC2_METADATA_DISABLED", "false")],
            253,
            "",
        );
    };
    // Concurrently, because most of the time is backoff.
    std::thread::scope(|scope| {
        for cloud in &clouds {
            scope.spawn(|| each(cloud));
        }
    });
}

#[test]
fn when_the_container_endpoint_is_misconfigured() {
    let cloud = Cloud::new();
    let file = cloud.write("token", "hush-container-token\n");
    let token = (
        "AWS_CONTAINER_AUTHORIZATION_TOKEN",
        "hush-container-token\n",
    );
    let file = (
        "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
        file.to_str().unwrap(),
    );
    for url in [
        "http://me:hush-url-password@192.0.2.1/x?hush-url-query",
        "http://me:hush-url-password@[::1/x",
        "https://me:hush-url-password@127.0.0.1:1/x?hush-url-query",
        "hush url password",
    ] {
        let full = ("AWS_CONTAINER_CREDENTIALS_FULL_URI", url);
        nothing_shows(&cloud, &[], &[full], 253, "");
        nothing_shows(&cloud, &[], &[full, token], 253, "");
        nothing_shows(&cloud, &[], &[full, file], 253, "");
    }
}

#[test]
fn when_the_sso_token_cannot_be_used() {
    for file in [
        "hush-sso-token",
        r#"{"accessToken": "hush-sso-token"#,
        r#"{"accessToken": "hush-sso-token", "hush-sso-token"}"#,
        r#"{"accessToken": "hush-sso-token", "expiresAt": "hush-sso-token"}"#,
        r#"{"accessToken": "hush-sso-token", "expiresAt": "2020-01-01T00:00:00Z"}"#,
        r#"{"accessToken": "hush-sso-token", "expiresAt": "2020-01-01T00:00:00Z", "clientId": "c",
            "clientSecret": "hush-sso-client", "refreshToken": "hush-sso-token",
            "registrationExpiresAt": "2099-01-01T00:00:00Z"}"#,
    ] {
        let cloud = giver(|_| {
            (
                400,
                r#"{"error": "invalid_grant", "error_description": "No"}"#.to_owned(),
            )
        });
        cloud.write(&format!(".aws/sso/cache/{DEV}.json"), file);
        nothing_shows(
            &cloud,
            &["--profile", "sso"],
            &[],
            253,
            "aws sso login --profile sso",
        );
    }
}

#[test]
fn when_a_credential_process_fails() {
    let cloud = Cloud::new();
    for program in [
        "echo hush-program-output >&2; exit 1",
        "echo 'exited with code hush-program-output. Stderr:' >&2; exit 1",
        "kill -9 $$",
        "echo hush-program-output",
        "echo 'Expected field `hush-program-output` in response'",
        r#"echo '{"Version": 1, "SecretAccessKey": "hush-program-output'"#,
        r#"echo '{"Version": 1, "SecretAccessKey": "hush-program-output"}'"#,
        r#"echo '{"Version": 1, "SecretAccessKey": "hush-program-output", "hush-program-output"}'"#,
        r#"echo '{"Version": 1, "SecretAccessKey": "hush-program-output" "SessionToken": "hush-program-output"}'"#,
        r#"echo '{"Version": 1, "AccessKeyId": "A", "SecretAccessKey": "hush-program-output", "Expiration": "hush-program-output"}'"#,
        r#"echo '{"Version": "hush-program-output"}'"#,
        r#"echo '{"Version": 1} hush-program-output'"#,
        r#"echo '["hush-program-output"]'"#,
        r#"printf '{"SecretAccessKey": "hush-program-output\377"}'"#,
    ] {
        cloud.config(&format!(
            "[profile program]\ncredential_process = : hush-argument; {program}\n"
        ));
        nothing_shows(
            &cloud,
            &["--profile", "program"],
            &[],
            253,
            "the credential_process of",
        );
    }
}

/// The terminal does not show the typed code either: see `credentials::mfa`.
#[test]
fn when_the_command_line_is_invalid() {
    let cloud = Cloud::new();
    for arguments in [
        &["--profile", "missing"][..],
        &[
            "--endpoint-url",
            "http://me:hush-url-password@127.0.0.1",
            "--max-items",
            "0",
        ],
        &[
            "--endpoint-url",
            "http://me:hush-url-password@127.0.0.1",
            "--offline",
        ],
        &[
            "--endpoint-url=http://me:hush-url-password@127.0.0.1",
            "--nonsense",
        ],
    ] {
        let status = if arguments[0] == "--profile" {
            253
        } else {
            252
        };
        nothing_shows(&cloud, arguments, ENVIRONMENT, status, "");
    }
}
