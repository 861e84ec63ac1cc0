//! Corporate networks: private certificate authorities and proxies, with real TLS on the loopback interface.

mod wire;

use std::fs;
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process;
use std::thread;
use std::time::Duration;

use rcgen::{BasicConstraints, IsCa};
use snapbox::cmd::Command;
use tempfile::TempDir;

use self::wire::{Authority, Manner, Proxy, Seen, replies, self_signed, service};
use crate::support::{IMAGE, amiusage};

/// The SDK's default host for EC2.
const EC2: &str = "ec2.us-east-1.amazonaws.com";
const STS: &str = "sts.us-east-1.amazonaws.com";

/// What `curl` and the AWS CLI send for `http://user:s3cr%23t@…`: base64 of `user:s3cr#t`.
const AUTHORIZATION: &str = "Basic dXNlcjpzM2NyI3Q=";

/// `amiusage` with static credentials, without the system's authorities.
fn entries(directory: &TempDir) -> Command {
    let none = write(directory, "other.pem", &Authority::new("Other").pem);
    amiusage(["entries", "--image-ids", IMAGE, "--output", "text"])
        .env("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE")
        .env("AWS_SECRET_ACCESS_KEY", "secret")
        .env("AWS_REGION", "us-east-1")
        .env("SSL_CERT_FILE", none)
}

fn write(directory: &TempDir, name: &str, contents: &str) -> PathBuf {
    let path = directory.path().join(name);
    fs::write(&path, contents).unwrap();
    path
}

fn directory() -> TempDir {
    tempfile::tempdir().unwrap()
}

/// Checks the exit status, and the sample's entries on success. Returns stderr.
#[track_caller]
fn ends(command: Command, status: i32) -> String {
    let output = command.output().unwrap();
    let stdout = String::from_utf8(output.stdout).unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(status), "{stdout}{stderr}");
    assert_eq!(stdout.lines().count(), if status == 0 { 3 } else { 0 });
    assert!(!stderr.contains("s3cr"), "{stderr}");
    stderr
}

/// Checks that the run fails with all of these words.
#[track_caller]
fn fails(command: Command, status: i32, words: &[&str]) {
    let stderr = ends(command, status);
    for word in words {
        assert!(stderr.contains(word), "no {word:?} in {stderr}");
    }
}

/// A port without a listener.
fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

#[test]
fn a_ca_bundle_comes_from_the_flag_the_environment_or_the_profile() {
    let directory = directory();
    let ca = Authority::new("Right");
    let url = format!(
        "https://localhost:{}",
        service(Some(ca.certify(&["localhost"])))
    );
    // A bundle with several certificates and text between them.
    let both = format!("Other\n{}\nRight\n{}", Authority::new("Third").pem, ca.pem);
    let right = write(&directory, "right.pem", &both);
    let wrong = write(&directory, "wrong.pem", &Authority::new("Wrong").pem);
    let profile = |path: &PathBuf| {
        let config = format!("[default]\nca_bundle = {}\n", path.display());
        write(&directory, "config", &config)
    };
    let asking = || entries(&directory).args(["--endpoint-url", &url]);

    ends(asking().arg("--ca-bundle").arg(&right), 0);
    ends(asking().env("AWS_CA_BUNDLE", &right), 0);
    ends(asking().env("AWS_CONFIG_FILE", profile(&right)), 0);
    // An empty variable counts as unset.
    let empty = asking().env("AWS_CA_BUNDLE", "");
    ends(empty.env("AWS_CONFIG_FILE", profile(&right)), 0);

    let flag = asking().env("AWS_CA_BUNDLE", &wrong);
    ends(flag.arg("--ca-bundle").arg(&right), 0);
    let flag = asking().env("AWS_CA_BUNDLE", &right);
    let flag = flag.arg("--ca-bundle").arg(&wrong);
    fails(flag, 255, &["unknown authority", "wrong.pem (--ca-bundle)"]);

    let variable = asking().env("AWS_CONFIG_FILE", profile(&wrong));
    ends(variable.env("AWS_CA_BUNDLE", &right), 0);
    let variable = asking().env("AWS_CONFIG_FILE", profile(&right));
    let variable = variable.env("AWS_CA_BUNDLE", &wrong);
    fails(
        variable,
        255,
        &["unknown authority", "wrong.pem (AWS_CA_BUNDLE)"],
    );

    let setting = asking().env("AWS_CONFIG_FILE", profile(&wrong));
    fails(setting, 255, &["wrong.pem (the profile's ca_bundle)"]);
}

#[test]
fn a_ca_bundle_replaces_the_system_authorities() {
    let directory = directory();
    let ca = Authority::new("The system's");
    let url = format!(
        "https://localhost:{}",
        service(Some(ca.certify(&["localhost"])))
    );
    let system = write(&directory, "system.pem", &ca.pem);
    let wrong = write(&directory, "wrong.pem", &Authority::new("Wrong").pem);
    let asking = || {
        entries(&directory)
            .args(["--endpoint-url", &url])
            .env("SSL_CERT_FILE", &system)
    };

    ends(asking(), 0);
    let replaced = asking().env("AWS_CA_BUNDLE", wrong);
    fails(replaced, 255, &["signed by an unknown authority"]);
}

#[test]
fn all_system_authorities_verify_aws_endpoints_but_those_of_aws_are_tried_first() {
    let directory = directory();
    let [amazon, inspection, unknown] =
        ["Amazon Root CA 1", "Inspection", "Unknown"].map(Authority::new);
    let damaged = amazon.pem.replacen("\n-----END", "!\n-----END", 1);
    let both = format!("{}{}", inspection.pem, amazon.pem);
    let folder = directory.path().join("folder");
    fs::create_dir(&folder).unwrap();
    fs::write(folder.join("ca.pem"), &inspection.pem).unwrap();
    let check = |ca: &Authority, system: &str, folder: Option<&PathBuf>, connections: usize| {
        let proxy = Proxy::new(service(Some(ca.certify(&[EC2]))), Manner::Open);
        let mut command = entries(&directory)
            .env("SSL_CERT_FILE", write(&directory, "system.pem", system))
            .env("HTTPS_PROXY", format!("http://127.0.0.1:{}", proxy.port));
        if let Some(folder) = folder {
            command = command.env("SSL_CERT_DIR", folder);
        }
        let is_known = ca.pem != unknown.pem;
        let stderr = ends(command, if is_known { 0 } else { 255 });
        assert!(is_known || stderr.contains("unknown authority"), "{stderr}");
        assert_eq!(proxy.seen().len(), connections);
    };
    check(&amazon, &both, None, 1);
    check(&inspection, &both, None, 2);
    check(&unknown, &both, None, 2);
    // Without authorities of AWS, or with damaged ones, all are used at once.
    check(&inspection, &inspection.pem, None, 1);
    check(
        &inspection,
        &format!("{damaged}{}", inspection.pem),
        None,
        1,
    );
    // SSL_CERT_DIR adds to SSL_CERT_FILE.
    check(&amazon, &amazon.pem, Some(&folder), 1);
    check(&inspection, &amazon.pem, Some(&folder), 2);
}

#[test]
fn an_untrusted_certificate_is_rejected_with_the_reason() {
    let directory = directory();
    let ca = Authority::new("CA");
    let bundle = write(&directory, "ca.pem", &ca.pem);
    let asking = |port: u16| {
        entries(&directory)
            .arg("--endpoint-url")
            .arg(format!("https://localhost:{port}"))
            .arg("--debug")
    };
    let check = |port: u16, words: &[&str]| {
        let stderr = ends(asking(port).env("AWS_CA_BUNDLE", &bundle), 255);
        for word in words {
            assert!(stderr.contains(word), "no {word:?} in {stderr}");
        }
        // It is not retried.
        assert!(!stderr.contains("attempt 2"), "{stderr}");
    };

    let port = service(Some(ca.certify(&["localhost"])));
    fails(
        asking(port),
        255,
        &[
            &format!("the certificate of localhost:{port} is signed by an unknown authority"),
            "the system's certificate store",
            "--ca-bundle",
        ],
    );
    let same_name = Authority::new("CA").certify(&["localhost"]);
    let words = [
        "has a signature that matches no authority in",
        "--ca-bundle",
    ];
    check(service(Some(same_name)), &words);
    check(
        service(Some(ca.expired("localhost"))),
        &["expired at 2021-01-01T00:00:00Z", "clock"],
    );
    check(
        service(Some(ca.not_yet_valid("localhost"))),
        &["is not valid before 2100-01-01T00:00:00Z", "clock"],
    );
    check(
        service(Some(ca.certify(&["elsewhere.test", "b.test"]))),
        &[
            "is for another host name",
            ": elsewhere.test and 1 more",
            "--endpoint-url",
        ],
    );
}

#[test]
fn a_ca_certificate_of_a_server_is_rejected_with_the_way_out() {
    let directory = directory();
    let run = |is_ca: IsCa| {
        let (config, pem) = self_signed("localhost", is_ca);
        entries(&directory)
            .arg("--endpoint-url")
            .arg(format!("https://localhost:{}", service(Some(config))))
            .env("AWS_CA_BUNDLE", write(&directory, "server.pem", &pem))
    };
    let words = ["is that of a CA, not of a server", "CA:FALSE"];
    fails(run(IsCa::Ca(BasicConstraints::Unconstrained)), 255, &words);
    ends(run(IsCa::ExplicitNoCa), 0);
    ends(run(IsCa::NoCa), 0);
}

/// An HTTP server's response to TLS.
const BAD_REQUEST: &[u8] = b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n";

/// A fatal TLS alert.
fn alert(number: u8) -> [u8; 7] {
    [0x15, 3, 3, 0, 2, 2, number]
}

/// The `ServerHello` of a server that knows no version after TLS 1.0.
fn hello_of_tls_1_0() -> Vec<u8> {
    let mut hello = vec![0x16, 3, 1, 0, 42, 2, 0, 0, 38, 3, 1];
    hello.extend([7; 32]);
    hello.extend([0, 0xc0, 0x2f, 0]);
    hello
}

#[test]
fn tls_errors_are_explained_without_rust_identifiers() {
    let directory = directory();
    let ca = Authority::new("CA");
    let bundle = write(&directory, "ca.pem", &ca.pem);
    for (port, problem) in [
        (
            replies(BAD_REQUEST),
            "the response is not valid TLS\nhint: check that the address serves https, not http",
        ),
        (replies("no TLS"), "the response is not valid TLS"),
        (
            replies(alert(40)),
            "the peer sent alert 40, handshake failure",
        ),
        (
            replies(alert(70)),
            "the peer sent alert 70, protocol version",
        ),
        (replies(alert(116)), "alert 116, certificate required"),
        (replies(alert(48)), "the peer sent alert 48, unknown CA"),
        (replies(alert(200)), "the peer sent alert 200, unknown"),
        (
            replies(hello_of_tls_1_0()),
            "the server supports neither TLS 1.2 nor TLS 1.3",
        ),
        (replies(""), "tls handshake eof"),
        (
            service(Some(ca.for_clients("localhost"))),
            "is not for TLS servers",
        ),
        (service(Some(ca.expired("localhost"))), "expired at 2021"),
        (
            service(Some(ca.certify(&["a.test"]))),
            "another host name: a.test",
        ),
    ] {
        let command = entries(&directory)
            .args(["--debug", "--max-attempts", "1", "--endpoint-url"])
            .arg(format!("https://localhost:{port}"))
            .env("AWS_CA_BUNDLE", &bundle);
        let stderr = ends(command, 255);
        assert!(stderr.contains(problem), "no {problem:?} in {stderr}");
        assert_plain(&stderr, &directory);
    }
}

#[test]
fn network_errors_have_no_rust_identifiers() {
    let directory = directory();
    let run = |url: String| {
        entries(&directory).args([
            "--debug",
            "--max-attempts=1",
            "--read-timeout=1",
            "--endpoint-url",
            &url,
        ])
    };
    for url in [
        format!("http://localhost:{}", free_port()),
        "http://nonexistent.invalid".to_owned(),
        format!(
            "http://localhost:{}",
            service(Some(Authority::new("CA").certify(&["a"])))
        ),
    ] {
        assert_plain(&ends(run(url), 255), &directory);
    }
    for reply in [
        "",
        "no HTTP\r\n\r\n",
        "HTTP/9.9 200 OK\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n<a>",
        "HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",
        "HTTP/1.1 200 OK\r\na b: c\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 503 No\r\nContent-Length: 3\r\n\r\n<a>",
    ] {
        let stderr = ends(run(format!("http://localhost:{}", replies(reply))), 255);
        assert_plain(&stderr, &directory);

        for endpoint in ["http://ec2.test", "https://ec2.test"] {
            let proxy = format!("http://localhost:{}", replies(reply));
            let stderr = ends(run(endpoint.to_owned()).env("ALL_PROXY", proxy), 255);
            assert_plain(&stderr, &directory);
        }
    }
}

/// Checks that no text is the `Debug` form of a Rust value.
#[track_caller]
fn assert_plain(stderr: &str, directory: &TempDir) {
    let text = stderr.replace(directory.path().to_str().unwrap(), "DIRECTORY");
    let text: String = (text.lines())
        .filter(|line| !line.starts_with("debug: attempt "))
        .map(|line| format!("{line}\n"))
        .collect();
    let identifier = text.split(|c: char| !c.is_alphanumeric()).find(|word| {
        let letters: Vec<char> = word.chars().collect();
        (letters.windows(2)).any(|pair| pair[0].is_lowercase() && pair[1].is_uppercase())
    });
    assert_eq!(identifier, None, "{text}");
    for syntax in ["::", "(\"", "{ ", "Some(", "Error(", "Other(", "["] {
        assert!(!text.contains(syntax), "{syntax} in {text}");
    }
}

#[test]
fn an_invalid_ca_bundle_is_rejected_before_a_request() {
    let directory = directory();
    let good = Authority::new("CA").pem;
    let cut = &good[..good.len() / 2];
    let hollow = "-----BEGIN CERTIFICATE-----\naGVsbG8=\n-----END CERTIFICATE-----\n";
    let key = rcgen::KeyPair::generate().unwrap().serialize_pem();
    let damaged = good.replacen("MI", "M!", 1);
    let illegal = good.replace("CERTIFICATE-----", "CERTIFICATE");
    let proxy = Proxy::new(service(None), Manner::Open);
    for (contents, problem) in [
        ("", "the file is empty"),
        ("not a certificate\n", "no certificate in PEM format"),
        ("\0\u{1}\u{2}", "no certificate in PEM format"),
        (&key, "no certificate in PEM format"),
        (cut, "certificate 1 is malformed: -----END CERTIFICATE-----"),
        (&damaged, "certificate 1 is malformed: invalid base64"),
        (
            &illegal,
            "certificate 1 is malformed: invalid -----BEGIN line",
        ),
        (&format!("{good}{cut}"), "certificate 2 is malformed"),
        (hollow, "certificate 1 is not an X.509 certificate"),
        (
            &format!("{good}{hollow}"),
            "certificate 2 is not an X.509 certificate",
        ),
    ] {
        let path = write(&directory, "ca.pem", contents);
        let command = entries(&directory)
            .arg("--ca-bundle")
            .arg(&path)
            .args(["--endpoint-url", "http://ec2.test"])
            .env("HTTP_PROXY", format!("http://127.0.0.1:{}", proxy.port));
        let place = format!("cannot use CA bundle {} (--ca-bundle): ", path.display());
        let stderr = ends(command, 253);
        for word in [&place, problem, "BEGIN CERTIFICATE"] {
            assert!(stderr.contains(word), "no {word:?} in {stderr}");
        }
        assert_plain(&stderr, &directory);
    }
    let missing = entries(&directory).env("AWS_CA_BUNDLE", "/nonexistent/ca.pem");
    let words = [
        "cannot use CA bundle /nonexistent/ca.pem (AWS_CA_BUNDLE): ",
        "No such file",
    ];
    fails(missing, 253, &words);
    let folder = entries(&directory).arg("--ca-bundle").arg(directory.path());
    fails(folder, 253, &["cannot use CA bundle", "Is a directory"]);
    assert_eq!(proxy.seen(), []);
}

#[test]
fn https_is_tunneled_with_the_proxy_credentials() {
    let directory = directory();
    let ca = Authority::new("CA");
    let bundle = write(&directory, "ca.pem", &ca.pem);
    let proxy = Proxy::new(
        service(Some(ca.certify(&[EC2]))),
        Manner::Wants(AUTHORIZATION),
    );
    let url = format!("http://user:s3cr%23t@127.0.0.1:{}", proxy.port);
    // Without an endpoint, this is the Region's host.
    for variable in ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"] {
        let command = entries(&directory)
            .arg("--debug")
            .env("AWS_CA_BUNDLE", &bundle)
            .env(variable, &url);
        ends(command, 0);
    }
    let tunnel = Seen {
        line: format!("CONNECT {EC2}:443"),
        authorization: Some(AUTHORIZATION.to_owned()),
    };
    assert_eq!(proxy.seen(), vec![tunnel; 4]);
}

#[test]
fn plain_http_is_forwarded_by_the_proxy() {
    let directory = directory();
    let proxy = Proxy::new(service(None), Manner::Wants(AUTHORIZATION));
    let command = entries(&directory)
        .args(["--endpoint-url", "http://ec2.test", "--debug"])
        // The proxy for https is not used, and the URL of a proxy needs no scheme.
        .env("HTTPS_PROXY", format!("http://127.0.0.1:{}", free_port()))
        .env(
            "HTTP_PROXY",
            format!("user:s3cr%23t@127.0.0.1:{}", proxy.port),
        );
    ends(command, 0);
    let request = Seen {
        line: "POST http://ec2.test/".to_owned(),
        authorization: Some(AUTHORIZATION.to_owned()),
    };
    assert_eq!(proxy.seen(), [request]);
}

#[test]
fn lower_case_proxy_variables_win_and_empty_ones_disable_the_proxy() {
    let directory = directory();
    let port = service(None);
    let proxy = Proxy::new(port, Manner::Open);
    let asking = || {
        entries(&directory)
            .arg("--endpoint-url")
            .arg(format!("http://127.0.0.1:{port}"))
    };
    let nobody = format!("http://127.0.0.1:{}", free_port());
    let url = format!("http://127.0.0.1:{}", proxy.port);

    ends(
        asking().env("HTTP_PROXY", &nobody).env("http_proxy", &url),
        0,
    );
    assert_eq!(proxy.lines(), [format!("POST http://127.0.0.1:{port}/")]);
    ends(asking().env("HTTP_PROXY", &nobody).env("http_proxy", ""), 0);
    ends(asking().env("ALL_PROXY", &nobody).env("HTTP_PROXY", ""), 0);
    assert_eq!(proxy.seen().len(), 1);
}

#[test]
fn no_proxy_hosts_bypass_the_proxy() {
    let directory = directory();
    let ca = Authority::new("CA");
    let bundle = write(&directory, "ca.pem", &ca.pem);
    let (plain, tls) = (service(None), service(Some(ca.certify(&["localhost"]))));
    let proxy = Proxy::new(plain, Manner::Open);
    let asking = |endpoint: String, no_proxy: &str| {
        entries(&directory)
            .args(["--endpoint-url", &endpoint])
            .env("AWS_CA_BUNDLE", &bundle)
            .env("ALL_PROXY", format!("http://127.0.0.1:{}", proxy.port))
            .env("NO_PROXY", no_proxy)
    };
    for no_proxy in ["localhost", "a.test, .localhost", "*"] {
        ends(asking(format!("https://localhost:{tls}"), no_proxy), 0);
        ends(asking(format!("http://localhost:{plain}"), no_proxy), 0);
    }
    ends(
        asking(format!("http://127.0.0.1:{plain}"), "127.0.0.0/8"),
        0,
    );
    assert_eq!(proxy.lines(), [""; 0]);

    ends(
        asking(format!("http://localhost:{plain}"), "ocalhost,a.test"),
        0,
    );
    assert_eq!(proxy.lines(), [format!("POST http://localhost:{plain}/")]);
}

#[test]
fn proxy_errors_omit_the_password() {
    let directory = directory();
    for (endpoint, host) in [
        ("https://ec2.test", "ec2.test"),
        ("http://ec2.test", "ec2.test"),
    ] {
        let asking = |port: u16| {
            entries(&directory)
                .args(["--debug", "--endpoint-url", endpoint])
                .env(
                    "ALL_PROXY",
                    format!("http://user:s3cr%23t@127.0.0.1:{port}"),
                )
        };
        let proxy = Proxy::new(free_port(), Manner::Wants("Basic other"));
        let name = format!("the proxy http://127.0.0.1:{}", proxy.port);
        let words = [
            "status 407",
            &name,
            "HTTPS_PROXY=http://USER:PASSWORD@HOST:PORT",
        ];
        fails(asking(proxy.port), 255, &words);
        assert_eq!(proxy.seen().len(), 1, "it would be the same the next time");

        let port = free_port();
        let name = format!("cannot connect to the proxy http://127.0.0.1:{port}: ");
        fails(asking(port), 255, &[&name, "refused", "NO_PROXY"]);

        let proxy = Proxy::new(free_port(), Manner::Refuses(403));
        let name = format!("http://127.0.0.1:{}", proxy.port);
        let stderr = ends(asking(proxy.port), 255);
        if endpoint.starts_with("https") {
            let words = format!("the proxy {name} refused to connect to {host}");
            assert!(stderr.contains(&words), "{stderr}");
        }
    }
}

#[test]
fn an_invalid_proxy_url_is_rejected_without_showing_it() {
    let directory = directory();
    for (value, problem) in [
        ("http://user:s3cr#t@127.0.0.1:1", "special character"),
        ("http://user:s3cr/t@127.0.0.1:1", "special character"),
        ("http://user:s3cr@t@127.0.0.1:1", "special character"),
        ("user:s3cr t@127.0.0.1:1", "not a URL"),
        (
            "socks5://user:s3cr@127.0.0.1:1",
            "expected http:// or https://",
        ),
        ("http://user:s3cr@127.0.0.1:port", "port"),
        ("http://user:s3cr@127.0.0.1:99999", "port"),
        ("http://user:s3cr@:80", ""),
        ("http://", ""),
    ] {
        for variable in ["HTTPS_PROXY", "http_proxy", "ALL_PROXY"] {
            let command = entries(&directory).arg("--debug").env(variable, value);
            let sentence = format!("invalid proxy URL in {variable}: ");
            fails(command, 253, &[&sentence, problem, "http://HOST:PORT"]);
        }
    }
}

#[test]
fn certificates_of_the_server_and_the_proxy_are_verified() {
    let directory = directory();
    let ca = Authority::new("CA");
    let bundle = write(&directory, "ca.pem", &ca.pem);
    let elsewhere = service(Some(ca.certify(&["elsewhere.test"])));
    let proxy = Proxy::new(elsewhere, Manner::Open);
    let name = format!("http://127.0.0.1:{}", proxy.port);
    let asking = || entries(&directory).env("AWS_CA_BUNDLE", &bundle);
    let command = asking().env("HTTPS_PROXY", &name);
    let subject = format!("the certificate of {EC2} (through the proxy {name})");
    fails(command, 255, &[&subject, "another host name"]);

    for endpoint in ["https://ec2.test", "http://ec2.test"] {
        let command = asking()
            .args(["--endpoint-url", endpoint])
            .env("ALL_PROXY", format!("https://localhost:{elsewhere}"));
        let subject = format!("the certificate of the proxy https://localhost:{elsewhere} is for");
        fails(command, 255, &[&subject, "another host name"]);
    }
}

#[test]
fn sts_uses_the_same_ca_bundle_and_proxy() {
    let directory = directory();
    let ca = Authority::new("CA");
    let bundle = write(&directory, "ca.pem", &ca.pem);
    let config = "[profile role]\n\
                  role_arn = arn:aws:iam::123456789012:role/r\n\
                  source_profile = keys\n\
                  region = us-east-1\n\
                  [profile keys]\n\
                  aws_access_key_id = AKIAEXAMPLE\n\
                  aws_secret_access_key = secret\n";
    let config = write(&directory, "config", config);
    let asking = |proxy: &Proxy| {
        entries(&directory)
            .args(["--profile", "role"])
            .env_remove("AWS_ACCESS_KEY_ID")
            .env_remove("AWS_SECRET_ACCESS_KEY")
            .env("AWS_CONFIG_FILE", &config)
            .env(
                "HTTPS_PROXY",
                format!("http://user:s3cr%23t@127.0.0.1:{}", proxy.port),
            )
    };
    let behind = service(Some(ca.certify(&[STS, EC2])));
    let proxy = Proxy::new(behind, Manner::Open);
    ends(asking(&proxy).env("AWS_CA_BUNDLE", &bundle), 0);
    let tunnels = [format!("CONNECT {STS}:443"), format!("CONNECT {EC2}:443")];
    assert_eq!(proxy.lines(), tunnels);

    // Connection errors are also explained for STS, and not attributed to the credentials.
    let untrusted = format!("the certificate of {STS} (through the proxy ");
    fails(
        asking(&proxy),
        255,
        &[&untrusted, "unknown authority", "--ca-bundle"],
    );
    let proxy = Proxy::new(behind, Manner::Wants("Basic other"));
    fails(asking(&proxy), 255, &["status 407", "USER:PASSWORD"]);
}

#[test]
#[ignore = "needs Debian's tinyproxy"]
fn tinyproxy_passes_https_and_http() {
    let directory = directory();
    let ca = Authority::new("CA");
    let bundle = write(&directory, "ca.pem", &ca.pem);
    let port = free_port();
    let config = format!("Port {port}\nListen 127.0.0.1\nBasicAuth user s3cret\n");
    let config = write(&directory, "tinyproxy.conf", &config);
    let mut tinyproxy = process::Command::new("tinyproxy")
        .arg("-d")
        .arg("-c")
        .arg(&config)
        .stdout(process::Stdio::null())
        .spawn()
        .unwrap();
    while TcpStream::connect(("127.0.0.1", port)).is_err() {
        assert_eq!(tinyproxy.try_wait().unwrap(), None);
        thread::sleep(Duration::from_millis(50));
    }
    let asking = |user: &str, scheme: &str, service: u16| {
        entries(&directory)
            .arg("--endpoint-url")
            .arg(format!("{scheme}://localhost:{service}"))
            .env("AWS_CA_BUNDLE", &bundle)
            .env("ALL_PROXY", format!("http://{user}127.0.0.1:{port}"))
    };
    let (http, https) = (service(None), service(Some(ca.certify(&["localhost"]))));
    let outcomes = [
        asking("user:s3cret@", "https", https),
        asking("user:s3cret@", "http", http),
        asking("", "https", https),
        asking("", "http", http),
        // It has no listener; a free port may be used by another test.
        asking("user:s3cret@", "https", 1),
    ]
    .map(|command| command.output().unwrap());
    tinyproxy.kill().unwrap();
    tinyproxy.wait().unwrap();

    let words = [
        "",
        "",
        "status 407",
        "status 407",
        "refused to connect to localhost",
    ];
    for (output, words) in outcomes.iter().zip(words) {
        let status = if words.is_empty() { 0 } else { 255 };
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(status), "{stderr}");
        assert!(stderr.contains(words), "{stderr}");
        assert!(!stderr.contains("s3cret"), "{stderr}");
    }
}

#[test]
fn metadata_services_bypass_the_proxy() {
    let directory = directory();
    let port = service(None);
    let proxy = Proxy::new(port, Manner::Open);
    let command = || {
        amiusage(["entries", "--image-ids", IMAGE, "--region", "us-east-1"])
            .args(["--endpoint-url", "http://ec2.test"])
            .env("HOME", directory.path())
            .env("HTTP_PROXY", format!("http://127.0.0.1:{}", proxy.port))
    };
    // That port has no listener: the error must be about it, and not about the proxy.
    let url = format!("http://127.0.0.1:{}/credentials", free_port());
    ends(
        command().env("AWS_CONTAINER_CREDENTIALS_FULL_URI", url),
        253,
    );
    assert_eq!(proxy.lines(), [""; 0]);
}
