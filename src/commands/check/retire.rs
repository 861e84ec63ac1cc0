//! The commands of the AWS CLI that retire unused images, step by step.

use std::time::{Duration, SystemTime};

use crate::aws::Time;

/// More IDs would not fit on a screen.
const MAX_IDS: usize = 20;

/// The time to deprecate an image. The service rejects one that has passed.
fn deprecation_time(now: SystemTime) -> String {
    const DAY: u64 = 24 * 60 * 60;
    let since = now.duration_since(SystemTime::UNIX_EPOCH);
    let day = since.unwrap_or_default().as_secs() / DAY + 2;
    let time = SystemTime::UNIX_EPOCH + Duration::from_secs(day * DAY);
    Time::from(time).as_str().replace(".000Z", "Z")
}

/// The commands for the images of one Region.
pub(super) fn retirement(region: &str, image_ids: &[&str], now: SystemTime) -> String {
    let deprecate = format!(
        "enable-image-deprecation --deprecate-at {}",
        deprecation_time(now)
    );
    let (save, disable, deregister) = (
        "describe-image-attribute --attribute launchPermission",
        "disable-image",
        "deregister-image",
    );
    let ids = match image_ids.len() {
        0..=MAX_IDS => image_ids.join(" "),
        _ => "$(cat unused.txt)".to_owned(),
    };
    let command = |action: &str, output: &str| {
        let region = format!("--region {region} --image-id");
        match image_ids {
            [id] => format!(
                "aws ec2 {action} {region} {id}{}",
                output.replace("$id", id)
            ),
            _ => format!("for id in {ids}; do aws ec2 {action} {region} $id{output}; done"),
        }
    };
    let heading = match image_ids.len() {
        0..=MAX_IDS => String::new(),
        count => format!(
            "; unused.txt needs the {count} IDs: -o text --query \"ImageVerdicts[?Verdict == 'unused'].[ImageId]\""
        ),
    };
    [
        format!(
            "to retire what is unused in {region}, run one step at a time, some days apart: deprecate, save the launch \
             permissions, disable (which removes them for good), deregister{heading}"
        ),
        command(&deprecate, ""),
        command(save, " > $id.json"),
        command(disable, ""),
        command(deregister, ""),
    ]
    .join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_step_is_a_command() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_761_091_199);
        let one = retirement("eu-west-1", &["ami-1"], now);
        let lines: Vec<_> = one.lines().skip(1).collect();
        assert_eq!(
            lines,
            [
                "aws ec2 enable-image-deprecation --deprecate-at 2025-10-23T00:00:00Z --region eu-west-1 --image-id ami-1",
                "aws ec2 describe-image-attribute --attribute launchPermission --region eu-west-1 --image-id ami-1 > ami-1.json",
                "aws ec2 disable-image --region eu-west-1 --image-id ami-1",
                "aws ec2 deregister-image --region eu-west-1 --image-id ami-1",
            ]
        );
        let two = retirement("eu-west-1", &["ami-1", "ami-2"], now);
        assert!(two.ends_with(
            "for id in ami-1 ami-2; do aws ec2 deregister-image --region eu-west-1 --image-id $id; done"
        ));
        assert!(two.contains("$id > $id.json; done"), "{two}");
        let many = retirement("eu-west-1", &["ami-1"; MAX_IDS + 1], now);
        assert!(many.contains("for id in $(cat unused.txt); do"), "{many}");
        assert!(many.contains("the 21 IDs"), "{many}");
    }
}
