//! Sources of credentials: each one that can be emulated locally signs the request to EC2.

use std::time::{Duration, SystemTime};

use snapbox::cmd::Command;

use crate::cloud::{Call, Cloud, LATER, PAGES, denial, session};

/// The SHA-1 of `dev` and of `https://example.com/start`, the names of SSO token files.
const DEV: &str = "34c6fceca75e456f25e7e99531e2425c6c1de443";
const START: &str = "b343494cf15ba6b81449840ea93161cf3b27e5e3";

/// Profiles for every source. `HOME` and `URL` are replaced by their values.
const CONFIG: &str = "\
[default]
region = us-east-1

[profile keys]
aws_access_key_id = AKIAkeys
aws_secret_access_key = secret-of-keys

[profile session]
aws_access_key_id = ASIAsession
aws_secret_access_key = secret-of-session
aws_session_token = token-of-session

[profile program]
credential_process = echo '{\"Version\": 1, \"AccessKeyId\": \"ASIAprogram\", \"SecretAccessKey\": \"s\", \"SessionToken\": \"token-of-program\"}'

[sso-session dev]
sso_start_url = https://example.com/start
sso_region = us-east-1

[profile sso]
sso_session = dev
sso_account_id = 123456789012
sso_role_name = Reader

[profile legacy]
sso_start_url = https://example.com/start
sso_region = us-east-1
sso_account_id = 123456789012
sso_role_name = Reader

[profile role]
role_arn = arn:aws:iam::123456789012:role/plain
source_profile = keys
role_session_name = me
external_id = 42
duration_seconds = 7200

[profile role-of-role]
role_arn = arn:aws:iam::123456789012:role/second
source_profile = role

[profile role-of-sso]
role_arn = arn:aws:iam::123456789012:role/beyond
source_profile = sso

[profile own-source]
role_arn = arn:aws:iam::123456789012:role/own
source_profile = own-source
aws_access_key_id = AKIAown
aws_secret_access_key = secret-of-own

[profile role-of-environment]
role_arn = arn:aws:iam::123456789012:role/env
credential_source = Environment

[profile role-of-instance]
role_arn = arn:aws:iam::123456789012:role/ec2
credential_source = Ec2InstanceMetadata

[profile role-of-container]
role_arn = arn:aws:iam::123456789012:role/ecs
credential_source = EcsContainer

[profile web]
role_arn = arn:aws:iam::123456789012:role/web
web_identity_token_file = HOME/web-token

[profile elsewhere]
role_arn = arn:aws:iam::123456789012:role/elsewhere
source_profile = keys
services = local

[services local]
sts =
  endpoint_url = URL

[profile loop]
role_arn = arn:aws:iam::123456789012:role/a
source_profile = loop-back

[profile loop-back]
role_arn = arn:aws:iam::123456789012:role/b
source_profile = loop

[profile no-source]
role_arn = arn:aws:iam::123456789012:role/a
source_profile = missing

[profile empty-source]
role_arn = arn:aws:iam::123456789012:role/a
source_profile = default

[profile mfa]
role_arn = arn:aws:iam::123456789012:role/guarded
source_profile = keys
mfa_serial = arn:aws:iam::123456789012:mfa/me
external_id = 42

[profile beyond-mfa]
role_arn = arn:aws:iam::123456789012:role/beyond
source_profile = mfa
";

const KEYS: [(&str, &str); 2] = [
    ("AWS_ACCESS_KEY_ID", "AKIAenvironment"),
    ("AWS_SECRET_ACCESS_KEY", "secret-of-environment"),
];

/// A cloud with all files and services.
fn cloud() -> Cloud {
    with(|_| None)
}

fn with(script: impl Fn(&Call) -> Option<(u16, String)> + Send + Sync + 'static) -> Cloud {
    let cloud = Cloud::with(script);
    cloud.config(CONFIG);
    cloud.write("web-token", "the.web.token");
    cloud.sign_in(DEV, "token-of-dev", LATER);
    cloud.sign_in(START, "token-of-start", LATER);
    cloud
}

fn with_environment(command: Command, variables: &[(&str, &str)]) -> Command {
    variables
        .iter()
        .fold(command, |command, (name, value)| command.env(name, value))
}

fn of_profile(profile: &str) -> Vec<&str> {
    [PAGES, &["--profile", profile]].concat()
}

/// The access key that signed the request to EC2.
#[track_caller]
fn signer(cloud: &Cloud, arguments: &[&str], environment: &[(&str, &str)]) -> (String, String) {
    let command = with_environment(cloud.amiusage(arguments), environment);
    let output = command.output().unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let mut signers = cloud.signers();
    assert_eq!(signers.len(), 3);
    signers.dedup();
    assert_eq!(signers.len(), 1, "one key for three pages");
    let (key, token) = signers.remove(0);
    (key, token.unwrap_or_default())
}

/// The stderr of a run without credentials.
#[track_caller]
fn failure(command: Command) -> String {
    let output = command.output().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(253), "{stderr}");
    assert_eq!(output.stdout, b"");
    assert!(
        stderr.starts_with("error: cannot load credentials: "),
        "{stderr}"
    );
    assert!(stderr.lines().count() <= 3, "{stderr}");
    stderr
}

#[test]
fn each_profile_signs_with_its_own_credentials() {
    for (profile, key, token) in [
        ("keys", "AKIAkeys", ""),
        ("session", "ASIAsession", "token-of-session"),
        ("program", "ASIAprogram", "token-of-program"),
        ("sso", "ASIAsso", "token-of-sso"),
        ("legacy", "ASIAsso", "token-of-sso"),
        ("role", "ASIAplain", "token-of-plain"),
        ("role-of-role", "ASIAsecond", "token-of-second"),
        ("role-of-sso", "ASIAbeyond", "token-of-beyond"),
        ("own-source", "ASIAown", "token-of-own"),
        ("web", "ASIAweb", "token-of-web"),
    ] {
        // With either option; keys in the environment do not precede a profile on the command line.
        for (arguments, environment) in [
            (PAGES.to_vec(), vec![("AWS_PROFILE", profile)]),
            (of_profile(profile), vec![]),
            (of_profile(profile), KEYS.to_vec()),
        ] {
            let signer = signer(&cloud(), &arguments, &environment);
            assert_eq!(
                signer,
                (key.to_owned(), token.to_owned()),
                "{profile} {environment:?}"
            );
        }
    }
}

#[test]
fn environment_keys_precede_a_profile_in_the_environment() {
    let environment = [KEYS.as_slice(), &[("AWS_PROFILE", "keys")]].concat();
    assert_eq!(signer(&cloud(), PAGES, &environment).0, "AKIAenvironment");
    let environment = [
        KEYS.as_slice(),
        &[("AWS_SESSION_TOKEN", "token-of-environment")],
    ]
    .concat();
    assert_eq!(
        signer(&cloud(), PAGES, &environment),
        ("AKIAenvironment".into(), "token-of-environment".into())
    );
}

#[test]
fn a_web_identity_token_from_the_environment() {
    let cloud = cloud();
    let file = cloud.write("web-token", "the.web.token");
    let environment = [
        ("AWS_WEB_IDENTITY_TOKEN_FILE", file.to_str().unwrap()),
        ("AWS_ROLE_ARN", "arn:aws:iam::123456789012:role/pod"),
        ("AWS_ROLE_SESSION_NAME", "pod"),
    ];
    assert_eq!(
        signer(&cloud, PAGES, &environment),
        ("ASIApod".into(), "token-of-pod".into())
    );
    let call = &cloud.sts()[0];
    assert_eq!(call.parameter("WebIdentityToken").unwrap(), "the.web.token");
}

#[test]
fn container_and_instance_credentials() {
    let cloud = cloud();
    let url = format!("{}/container", cloud.url());
    let container = [
        ("AWS_CONTAINER_CREDENTIALS_FULL_URI", url.as_str()),
        ("AWS_CONTAINER_AUTHORIZATION_TOKEN", "token-for-container"),
    ];
    assert_eq!(
        signer(&cloud, PAGES, &container),
        ("ASIAcontainer".into(), "token-of-container".into())
    );
    let asked = cloud.calls(|call| call.line == "GET /container");
    assert_eq!(
        asked[0].header("authorization"),
        Some("token-for-container")
    );

    let instance = [("AWS_EC2_METADATA_DISABLED", "false")];
    let cloud = self::cloud();
    assert_eq!(
        signer(&cloud, PAGES, &instance),
        ("ASIAinstance".into(), "token-of-instance".into())
    );
    // Version 2 of the protocol.
    assert_eq!(
        cloud
            .calls(|call| call.line == "PUT /latest/api/token")
            .len(),
        1
    );

    // As sources of roles.
    for (profile, environment, source, role) in [
        (
            "role-of-container",
            &container[..],
            "ASIAcontainer",
            "ASIAecs",
        ),
        ("role-of-instance", &instance, "ASIAinstance", "ASIAec2"),
        ("role-of-environment", &KEYS, "AKIAenvironment", "ASIAenv"),
    ] {
        let cloud = self::cloud();
        assert_eq!(signer(&cloud, &of_profile(profile), environment).0, role);
        assert_eq!(cloud.sts()[0].signer().0, source);
    }
}

#[test]
fn a_role_is_assumed_with_the_settings_of_its_profile() {
    let cloud = cloud();
    signer(&cloud, &of_profile("role-of-role"), &[]);
    let [first, second] = &cloud.sts()[..] else {
        panic!("two roles")
    };
    assert_eq!(first.signer().0, "AKIAkeys");
    for (name, value) in [
        ("RoleArn", "arn:aws:iam::123456789012:role/plain"),
        ("RoleSessionName", "me"),
        ("ExternalId", "42"),
        ("DurationSeconds", "7200"),
    ] {
        assert_eq!(first.parameter(name).as_deref(), Some(value), "{name}");
    }
    assert_eq!(second.signer().0, "ASIAplain");
    let session = second.parameter("RoleSessionName").unwrap();
    assert!(session.starts_with("amiusage-"), "{session}");
    for name in ["ExternalId", "DurationSeconds", "SerialNumber", "TokenCode"] {
        assert_eq!(second.parameter(name), None, "{name}");
    }
}

#[test]
fn the_sts_endpoint_comes_from_the_services_section() {
    let cloud = cloud();
    let command = cloud
        .amiusage(of_profile("elsewhere"))
        .env_remove("AWS_ENDPOINT_URL_STS");
    assert!(command.output().unwrap().status.success());
    assert_eq!(cloud.signers()[0].0, "ASIAelsewhere");
}

#[test]
fn the_endpoint_flag_applies_to_ec2_only() {
    let (ec2, cloud) = (Cloud::new(), cloud());
    let url = ec2.url();
    let arguments = [of_profile("role"), vec!["--endpoint-url", &url]].concat();
    assert!(cloud.amiusage(arguments).output().unwrap().status.success());
    assert_eq!(ec2.signers()[0].0, "ASIAplain");
    assert_eq!(cloud.sts().len(), 1);
    assert_eq!((ec2.sts().len(), cloud.signers().len()), (0, 0));
}

/// A `credential_process` that returns another key each time, valid until `expiration`.
fn counting(cloud: &Cloud, expiration: &str) {
    let program = cloud.write(
        "program",
        &format!(
            r#"
            read count < "$0.count"
            echo $((count + 1)) > "$0.count"
            echo '{{"Version": 1, "AccessKeyId": "AKIA'$count'", "SecretAccessKey": "s",
                "SessionToken": "t'$count'", "Expiration": "{expiration}"}}'
            "#
        ),
    );
    cloud.write("program.count", "1\n");
    cloud.config(&format!(
        "[profile counting]\ncredential_process = sh {}\n",
        program.display()
    ));
}

#[test]
fn credentials_are_renewed_during_a_run() {
    let cloud = Cloud::new();
    // So soon that the SDK renews them before each request.
    let soon = SystemTime::now() + Duration::from_secs(4);
    counting(&cloud, &humantime::format_rfc3339_seconds(soon).to_string());
    let output = cloud.amiusage(of_profile("counting")).output().unwrap();
    assert!(output.status.success());
    let signer = |number| (format!("AKIA{number}"), Some(format!("t{number}")));
    assert_eq!(cloud.signers(), [signer(1), signer(2), signer(3)]);

    let cloud = Cloud::new();
    counting(&cloud, LATER);
    let output = cloud.amiusage(of_profile("counting")).output().unwrap();
    assert!(output.status.success());
    assert_eq!(cloud.signers(), [signer(1), signer(1), signer(1)]);
}

#[test]
fn the_error_for_missing_credentials_lists_the_sources() {
    let cloud = cloud();
    let stderr = failure(cloud.amiusage(PAGES));
    assert!(
        stderr.contains("none in the environment, the profile"),
        "{stderr}"
    );
    let stderr = failure(with_environment(
        cloud.amiusage(of_profile("default")),
        &KEYS,
    ));
    assert!(
        stderr.contains("none in profile `default`, the container or the instance"),
        "{stderr}"
    );
    // Instance metadata is unreachable.
    let stderr = failure(with_environment(
        cloud.amiusage(of_profile("role-of-instance")),
        &[
            ("AWS_EC2_METADATA_DISABLED", "false"),
            ("AWS_EC2_METADATA_SERVICE_ENDPOINT", "http://127.0.0.1:1"),
        ],
    ));
    assert!(stderr.contains("`role-of-instance`"), "{stderr}");
    assert!(stderr.contains("IMDS"), "{stderr}");
    // STS and IAM Identity Center are unreachable too.
    for (profile, words) in [
        (
            "role",
            "AssumeRole for arn:aws:iam::123456789012:role/plain failed: ",
        ),
        ("sso", "profile `sso`"),
    ] {
        let stderr = failure(with_environment(
            cloud.amiusage(of_profile(profile)),
            &[
                ("AWS_ENDPOINT_URL_STS", "http://127.0.0.1:1"),
                ("AWS_ENDPOINT_URL_SSO", "http://127.0.0.1:1"),
            ],
        ));
        assert!(stderr.contains(words), "{stderr}");
        assert!(stderr.contains("hint: check the network"), "{stderr}");
    }
}

#[test]
fn an_expired_sso_session_has_a_hint_to_renew_it() {
    let cloud = with(|call| {
        call.line.starts_with("GET /federation").then(|| {
            let body = r#"{"__type": "UnauthorizedException", "message": "Session token not found or invalid"}"#;
            (401, body.to_owned())
        })
    });
    for (profile, signs_in) in [("sso", "sso"), ("legacy", "legacy"), ("role-of-sso", "sso")] {
        let stderr = failure(cloud.amiusage(of_profile(profile)));
        assert!(
            stderr.contains(&format!("run `aws sso login --profile {signs_in}`")),
            "{stderr}"
        );
        assert!(stderr.contains("Session token not found"), "{stderr}");
    }
    cloud.sign_in(DEV, "token-of-dev", "2020-01-01T00:00:00Z");
    let stderr = failure(cloud.amiusage(of_profile("sso")));
    assert!(
        stderr.contains("run `aws sso login --profile sso`"),
        "{stderr}"
    );
    assert!(stderr.contains("expired"), "{stderr}");
    assert!(stderr.contains("profile `sso`"), "{stderr}");

    let cloud = Cloud::new();
    cloud.config(CONFIG);
    for profile in ["sso", "legacy"] {
        let stderr = failure(cloud.amiusage(of_profile(profile)));
        let command = format!("run `aws sso login --profile {profile}`");
        assert!(stderr.contains(&command), "{stderr}");
    }
}

#[test]
fn a_failed_credential_process_is_reported_by_its_exit_status() {
    let cloud = Cloud::new();
    for (program, words) in [
        ("echo secret >&2; exit 3", "failed (exit status: 3)"),
        ("/nonexistent/program", "failed (exit status: 127)"),
        ("echo secret", "did not print the expected JSON document"),
        (
            r#"echo '{"Version": 1}'"#,
            "printed a document without `AccessKeyId`",
        ),
    ] {
        cloud.config(&format!(
            "[profile program]\ncredential_process = {program}\n"
        ));
        let stderr = failure(cloud.amiusage(of_profile("program")));
        assert!(
            stderr.contains(&format!(
                "the credential_process of profile `program` {words}"
            )),
            "{stderr}"
        );
    }
}

#[test]
fn an_aws_login_session_has_a_hint_for_a_workaround() {
    let cloud = Cloud::new();
    cloud.config("[profile console]\nlogin_session = arn:aws:iam::123456789012:user/me\n");
    let stderr = failure(cloud.amiusage(of_profile("console")));
    assert!(
        stderr.contains("aws configure export-credentials --profile console --format process"),
        "{stderr}"
    );
}

#[test]
fn a_denied_role_shows_the_message_of_sts() {
    let cloud = with(|call| {
        call.body.contains("AssumeRole").then(|| {
            denial(
                "AccessDenied",
                "User me is not authorized to perform: sts:AssumeRole",
            )
        })
    });
    let stderr = failure(cloud.amiusage(of_profile("role")));
    assert!(
        stderr.contains(
            "AssumeRole for arn:aws:iam::123456789012:role/plain failed: \
             User me is not authorized to perform: sts:AssumeRole (AccessDenied)"
        ),
        "{stderr}"
    );
    assert!(stderr.contains("hint: check role_arn"), "{stderr}");
    assert_eq!(cloud.sts().len(), 1, "asked once");

    let stderr = failure(cloud.amiusage(of_profile("web")));
    assert!(
        stderr.contains("STS rejected the web identity token: User me is not"),
        "{stderr}"
    );
    assert!(stderr.contains("(AccessDenied)"), "{stderr}");
}

#[test]
fn a_role_without_source_credentials_is_an_error() {
    let cloud = cloud();
    for (profile, words) in [
        ("loop", "loop"),
        ("no-source", "missing"),
        (
            "empty-source",
            "the source of profile `empty-source` has no credentials",
        ),
    ] {
        // Other credentials that are valid.
        let instance = [("AWS_EC2_METADATA_DISABLED", "false")];
        let stderr = failure(with_environment(
            cloud.amiusage(of_profile(profile)),
            &instance,
        ));
        assert!(stderr.contains(words), "{stderr}");
    }
    assert!(cloud.signers().is_empty());
}

/// Tests that run a program with or without a terminal.
#[cfg(target_os = "linux")]
mod mfa {
    use std::io::{Read, Write};
    use std::process::{Child, Stdio};

    use super::*;

    const PROMPT: &str = "Enter MFA code for arn:aws:iam::123456789012:mfa/me: ";

    #[test]
    fn mfa_without_a_terminal_is_an_error() {
        let cloud = cloud();
        // A new session has no controlling terminal.
        let command = Command::new("setsid").arg(snapbox::cmd::cargo_bin!("amiusage"));
        let command = cloud
            .environment()
            .into_iter()
            .fold(command.env_clear(), |command, (name, value)| {
                command.env(name, value)
            });
        let stderr = failure(command.args(of_profile("mfa")));
        assert!(
            stderr.contains(
                "profile `mfa` requires an MFA code of arn:aws:iam::123456789012:mfa/me: no terminal"
            ),
            "{stderr}"
        );
        assert!(
            stderr.contains("hint: run the command in a terminal"),
            "{stderr}"
        );
        assert!(cloud.sts().is_empty() && cloud.signers().is_empty());
    }

    /// A shell command on its own terminal, by util-linux; `None` if that is not installed.
    fn on_a_terminal(cloud: &Cloud, arguments: &str) -> Option<Child> {
        let program = snapbox::cmd::cargo_bin!("amiusage");
        let shell = format!(
            "trap : INT; {} entries --image-ids {} {arguments}; echo status=$?; stty -a",
            program.display(),
            crate::support::IMAGE
        );
        let child = std::process::Command::new("script")
            .args(["-qec", &shell, "/dev/null"])
            .env_clear()
            .envs(cloud.environment())
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .env("SHELL", "/bin/sh")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn();
        child.ok()
    }

    /// Types `keys` at each prompt, and returns what the terminal showed.
    fn type_at_prompt(child: &mut Child, keys: &[&str]) -> String {
        let (mut input, mut output) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        let mut shown = String::new();
        for (number, keys) in keys.iter().enumerate() {
            while shown.matches(PROMPT).count() <= number {
                let mut byte = [0];
                assert_eq!(output.read(&mut byte).unwrap(), 1, "{shown}");
                shown.push(byte[0].into());
            }
            // Longer than the delay of the progress line, which must not appear here.
            std::thread::sleep(Duration::from_millis(700));
            input.write_all(keys.as_bytes()).unwrap();
        }
        output.read_to_string(&mut shown).unwrap();
        child.wait().unwrap();
        shown
    }

    #[test]
    fn the_mfa_code_is_prompted_once_and_hidden() {
        for (profile, role, roles) in [("mfa", "ASIAguarded", 1), ("beyond-mfa", "ASIAbeyond", 2)] {
            let cloud = cloud();
            let arguments = format!("--page-size 1 --profile {profile} < /dev/null > $HOME/answer");
            let Some(mut child) = on_a_terminal(&cloud, &arguments) else {
                return;
            };
            let shown = type_at_prompt(&mut child, &["654321\r"]);
            assert!(shown.contains("status=0"), "{shown}");
            assert!(!shown.contains("654321"), "{shown}");
            assert!(!shown.contains("waiting for the first page"), "{shown}");
            assert!(shown.contains(" echo "), "{shown}");
            assert_eq!(shown.matches(PROMPT).count(), 1, "{shown}");

            let calls = cloud.sts();
            assert_eq!(calls.len(), roles);
            for (name, value) in [
                ("SerialNumber", "arn:aws:iam::123456789012:mfa/me"),
                ("TokenCode", "654321"),
                ("ExternalId", "42"),
            ] {
                assert_eq!(calls[0].parameter(name).as_deref(), Some(value), "{name}");
            }
            assert_eq!(cloud.signers().len(), 3);
            assert!(cloud.signers().iter().all(|(key, _)| key == role));
        }
    }

    #[test]
    fn a_wrong_mfa_code_shows_the_message_of_sts() {
        let cloud = with(|call| {
            call.body.contains("AssumeRole").then(|| {
                denial(
                    "AccessDenied",
                    "MultiFactorAuthentication failed with invalid MFA one time pass code.",
                )
            })
        });
        // Whatever the number of requests that wait for it.
        let arguments = "--profile mfa --debug --region us-east-1 eu-west-1 ap-south-1";
        let Some(mut child) = on_a_terminal(&cloud, arguments) else {
            return;
        };
        let shown = type_at_prompt(&mut child, &["918273\r"]);
        assert_eq!(shown.matches(PROMPT).count(), 1, "{shown}");
        assert!(!shown.contains("918273"), "{shown}");
        assert!(shown.contains("status=253"), "{shown}");
        assert!(
            shown.contains("invalid MFA one time pass code. (AccessDenied)"),
            "{shown}"
        );
        assert!(shown.contains("try the next code"), "{shown}");
        assert_eq!(cloud.sts().len(), 1);
    }

    #[test]
    fn an_expired_mfa_session_does_not_prompt_again() {
        let cloud = with(|call| match call.action().as_str() {
            "AssumeRole" => {
                let soon = SystemTime::now() + Duration::from_secs(4);
                let soon = humantime::format_rfc3339_millis(soon).to_string();
                Some((200, session(call, &soon)))
            }
            _ => {
                std::thread::sleep(Duration::from_millis(2100));
                None
            }
        });
        let arguments = "--page-size 1 --profile mfa --output csv";
        let Some(mut child) = on_a_terminal(&cloud, arguments) else {
            return;
        };
        let shown = type_at_prompt(&mut child, &["654321\r"]);
        assert!(shown.contains("status=253"), "{shown}");
        assert!(
            shown
                .contains("the session of role arn:aws:iam::123456789012:role/guarded has expired"),
            "{shown}"
        );
        assert!(shown.contains("--starting-token"), "{shown}");
        assert_eq!(shown.matches(PROMPT).count(), 1, "{shown}");
        assert_eq!(cloud.sts().len(), 1);
        // As many as the time allows.
        assert!((1..=2).contains(&cloud.signers().len()));
    }

    #[test]
    fn interrupting_the_prompt_restores_the_terminal() {
        let cloud = cloud();
        let Some(mut child) = on_a_terminal(&cloud, "--profile mfa") else {
            return;
        };
        let shown = type_at_prompt(&mut child, &["123\x03"]);
        assert!(shown.contains("status=130"), "{shown}");
        assert!(shown.contains(" echo "), "{shown}");
        assert!(cloud.sts().is_empty());
    }

    #[test]
    fn usage_errors_precede_the_mfa_prompt() {
        let cloud = cloud();
        let Some(mut child) = on_a_terminal(&cloud, "--profile mfa --filters Name=x") else {
            return;
        };
        let shown = type_at_prompt(&mut child, &[]);
        assert!(shown.contains("status=252"), "{shown}");
        assert!(!shown.contains(PROMPT), "{shown}");
    }
}
