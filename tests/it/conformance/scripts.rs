//! Cleanup scripts that were written for `aws ec2` select the same images with this program.

use std::env;
use std::path::Path;
use std::process::Command as Program;
use std::time::Duration;

use amiusage::emulator::{Settings, State};

use super::{WHY, aws_environment};
use crate::support::{Act, IMAGE, Run, Server};

const USED: [&str; 2] = [IMAGE, "ami-1a2b3c4d"];
const UNUSED: [&str; 2] = ["ami-0123456789abcdef0", "ami-05f6e7d8c9b0a1928"];

/// The lines that a script of `tests/it/conformance/scripts` prints, with the AWS CLI and with this program.
fn selected(script: &str, arguments: &[&str]) -> [Vec<String>; 2] {
    let aws_cli = env::var("AMIUSAGE_AWS_CLI").expect(WHY);
    let amiusage = snapbox::cmd::cargo_bin!("amiusage").display().to_string();
    let settings = Settings {
        report_delay: Duration::from_secs(1),
        ..Settings::default()
    };
    let server = Server::with_settings(State::sample(), settings, |_, reply| Act::Reply(reply));
    let scripts = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/conformance/scripts");
    [format!("{aws_cli} ec2"), amiusage].map(|ec2| {
        let directory = tempfile::tempdir().unwrap();
        let output = aws_environment(Program::new("bash"))
            .env("EC2", &ec2)
            .envs(server.environment())
            .current_dir(&directory)
            .arg(scripts.join(script))
            .args(arguments)
            .output()
            .unwrap();
        let run = Run::of(output, 0);
        assert_eq!(run.stderr, "", "{ec2}");
        run.stdout.lines().map(str::to_owned).collect()
    })
}

#[test]
#[ignore = "needs the AWS CLI: .ci/run runs it"]
fn conformance_of_a_script_with_new_reports() {
    let [theirs, ours] = selected("reports.sh", &[USED, UNUSED].concat());
    assert_eq!(theirs, UNUSED);
    assert_eq!(ours, UNUSED);
}

#[test]
#[ignore = "needs the AWS CLI: .ci/run runs it"]
fn conformance_of_a_script_with_a_list_of_images() {
    let [theirs, ours] = selected("images.sh", &[]);
    assert_eq!(theirs[..2], UNUSED);
    assert_eq!(ours, theirs);
}
