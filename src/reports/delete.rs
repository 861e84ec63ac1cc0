//! Deletes reports.

use tokio::task::JoinSet;

use crate::aws::{Ec2, Failure};

/// How many requests go out at once, as for a creation.
const AT_ONCE: usize = 4;

/// Deletes these reports, or only asks whether they could be, and tells what became of each, in the order of the IDs.
///
/// `observe` hears of each as it ends, by its place in the list. Dropped before its end, this sends nothing more; what
/// it has sent may have been done.
pub async fn delete(
    ec2: &Ec2,
    report_ids: &[String],
    dry_run: bool,
    mut observe: impl FnMut(usize, &Result<(), Failure>),
) -> Vec<Result<(), Failure>> {
    let mut done: Vec<Option<Result<(), Failure>>> = report_ids.iter().map(|_| None).collect();
    let mut queue = report_ids.iter().enumerate();
    let mut running = JoinSet::new();
    loop {
        while running.len() < AT_ONCE
            && let Some((index, id)) = queue.next()
        {
            let (ec2, id) = (ec2.clone(), id.clone());
            running.spawn(async move { (index, delete_one(&ec2, &id, dry_run).await) });
        }
        let Some(joined) = running.join_next().await else {
            break;
        };
        let (index, deleted) = joined.expect("a request neither panics nor is cancelled");
        observe(index, done[index].insert(deleted));
    }
    done.into_iter()
        .map(|deleted| deleted.expect("every deletion came to its end"))
        .collect()
}

async fn delete_one(ec2: &Ec2, id: &str, dry_run: bool) -> Result<(), Failure> {
    let call = ec2.client.delete_image_usage_report().report_id(id);
    if dry_run {
        return Failure::unless_dry_run(call.dry_run(true).send().await, ec2);
    }
    let answer = call.send().await;
    let answer = answer.map_err(|error| Failure::from_sdk(error, ec2))?;
    if answer.r#return == Some(false) {
        return Err(Failure::Response {
            endpoint: ec2.endpoint(),
            problem: "it says that the report was not deleted, and not why".to_owned(),
        });
    }
    Ok(())
}
