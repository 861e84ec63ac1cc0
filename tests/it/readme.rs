//! Runs the console examples of the README.

#[test]
fn readme_examples_work() {
    trycmd::TestCases::new()
        .register_bin("amiusage", snapbox::cmd::cargo_bin!("amiusage"))
        .env("AMIUSAGE_OUTPUT", "auto")
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .env("AWS_CONFIG_FILE", "/nonexistent/config")
        .env("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent/credentials")
        .case("README.md");
}
