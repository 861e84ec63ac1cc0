//! Reads lists about many images or reports, so that what is wrong with one of them costs the others nothing.

use std::collections::{HashMap, HashSet, VecDeque};
use std::num::NonZeroUsize;

use super::evidence::Reading;
use super::reason::Reason;
use crate::aws::{Ec2, RequestError};
use crate::listing::{ListError, PaginatedOperation, Paginator, ResumeToken};

/// Whom to ask.
#[derive(Clone, Debug)]
pub struct Source {
    /// The client.
    pub ec2: Ec2,
    /// How many requests may go out at the same time.
    pub concurrency: NonZeroUsize,
}

/// How a list about certain IDs is asked for.
pub(super) struct By<Q: PaginatedOperation> {
    /// The action.
    pub action: &'static str,
    /// The question about these IDs.
    pub ask: Box<dyn Fn(Vec<String>) -> Q>,
    /// The IDs that a question is about.
    pub ids: fn(&Q) -> &[String],
    /// Which of them an item belongs to.
    pub id: fn(&Q::Item) -> Option<&str>,
}

/// What was read about each ID.
pub(super) type Readings<T> = HashMap<String, Reading<T>>;

/// Reads the lists about `ids`, of which each comes once. Each ID has a reading, and it has a gap unless its list was
/// read to the end. `seen` hears of each part as it ends: how many IDs, and what was found.
///
/// # Errors
/// What stands in the way of every request: no credentials, no network.
pub(super) async fn read<Q: PaginatedOperation>(
    Source { ec2, concurrency }: &Source,
    by: &By<Q>,
    ids: Vec<String>,
    seen: &dyn Fn(usize, &[Q::Item]),
) -> Result<Readings<Q::Item>, ListError> {
    let mut readings = Readings::new();
    let mut queue = VecDeque::from([ids]);
    while let Some(ids) = queue.pop_front() {
        if ids.is_empty() {
            continue;
        }
        let operation = (by.ask)(ids);
        let parts: Vec<Vec<String>> = (operation.parts().iter())
            .map(|part| (by.ids)(part).to_vec())
            .collect();
        let mut listing = Paginator::new(
            vec![ec2.clone()],
            operation,
            ResumeToken::default(),
            None,
            *concurrency,
        )
        .expect("a listing from its beginning has no token that could be wrong");
        let mut end = |ids: &[String], items: Vec<Q::Item>, gap: Option<Reason>| {
            seen(ids.len(), &items);
            sort(by, ids, items, gap, &mut readings);
        };
        let mut part = 0;
        let mut found = Vec::new();
        let mut gap = None;
        let error = loop {
            match listing.next().await {
                Ok(None) => break None,
                Err(error) => break Some(error),
                Ok(Some(page)) => {
                    found.extend(page.items);
                    if page.listless {
                        gap = Some(Reason::NotAnswered {
                            action: by.action,
                            problem: "a page came without its list".to_owned(),
                        });
                    }
                    let next = match page.next {
                        Some(token) => token.batch.map_or(0, |mark| mark.index),
                        None => parts.len(),
                    };
                    if next != part {
                        end(&parts[part], std::mem::take(&mut found), gap.take());
                        part = next;
                    }
                }
            }
        };
        let Some(error) = error else {
            continue;
        };
        let gap = || Some(reason(by.action, &error));
        let unread = &parts[part];
        let rest = parts[part + 1..].concat();
        match ErrorScope::of(&error, unread) {
            ErrorScope::Run => return Err(error),
            ErrorScope::Action => {
                end(unread, found, gap());
                end(&rest, Vec::new(), gap());
                for ids in queue.drain(..) {
                    end(&ids, Vec::new(), gap());
                }
            }
            // The request is refused for one of them: the others are asked for without it.
            ErrorScope::Id if unread.len() > 1 => {
                let (one, other) = unread.split_at(unread.len() / 2);
                queue.extend([one.to_vec(), other.to_vec(), rest]);
            }
            ErrorScope::Id | ErrorScope::Part => {
                end(unread, found, gap());
                queue.push_back(rest);
            }
        }
    }
    Ok(readings)
}

/// Gives each ID what belongs to it. What belongs to none casts doubt on all of them.
fn sort<Q: PaginatedOperation>(
    by: &By<Q>,
    ids: &[String],
    items: Vec<Q::Item>,
    mut gap: Option<Reason>,
    readings: &mut Readings<Q::Item>,
) {
    let known: HashSet<&str> = ids.iter().map(String::as_str).collect();
    let belongs = |item: &Q::Item| (by.id)(item).is_some_and(|id| known.contains(id));
    let (items, stray): (Vec<_>, Vec<_>) = items.into_iter().partition(belongs);
    if !stray.is_empty() {
        gap.get_or_insert(Reason::UnexpectedItem { action: by.action });
    }
    for id in ids {
        let reading = Reading {
            found: Vec::new(),
            gap: gap.clone(),
        };
        readings.insert(id.clone(), reading);
    }
    for item in items {
        let reading = (by.id)(&item).and_then(|id| readings.get_mut(id));
        if let Some(reading) = reading {
            reading.found.push(item);
        }
    }
}

/// How far an error reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ErrorScope {
    /// To one of the IDs in the request.
    Id,
    /// To all IDs in the request.
    Part,
    /// To all requests of this action.
    Action,
    /// To all requests.
    Run,
}

impl ErrorScope {
    fn of(error: &ListError, ids: &[String]) -> Self {
        match error {
            ListError::RequestError(failure) => match failure {
                _ if stops_the_run(failure) => Self::Run,
                _ if is_denied(failure) => Self::Action,
                RequestError::Service { code, message, .. }
                    if code.starts_with("InvalidAMIID")
                        || code.starts_with("Invalid")
                            && ids.iter().any(|id| message.contains(id.as_str())) =>
                {
                    Self::Id
                }
                _ => Self::Part,
            },
            ListError::RepeatedToken(_) | ListError::BeyondEnd { .. } => Self::Part,
        }
    }
}

/// Whether a failure would come to any other request too.
pub(super) fn stops_the_run(failure: &RequestError) -> bool {
    const CREDENTIALS: [&str; 8] = [
        "AuthFailure",
        "ExpiredToken",
        "ExpiredTokenException",
        "InvalidClientTokenId",
        "OptInRequired",
        "RequestExpired",
        "SignatureDoesNotMatch",
        "UnrecognizedClientException",
    ];
    match failure {
        RequestError::Configuration { .. }
        | RequestError::Credentials { .. }
        | RequestError::Network { .. }
        | RequestError::ConnectError { .. } => true,
        RequestError::Service { code, .. } => CREDENTIALS.contains(&code.as_str()),
        RequestError::Response { .. } => false,
    }
}

/// Whether a permission is missing.
pub(super) fn is_denied(failure: &RequestError) -> bool {
    const CODES: [&str; 3] = [
        "UnauthorizedOperation",
        "AccessDenied",
        "AccessDeniedException",
    ];
    failure.code().is_some_and(|code| CODES.contains(&code))
}

/// What to say of an error.
fn reason(action: &'static str, error: &ListError) -> Reason {
    match error {
        ListError::RequestError(failure) => refused(action, failure),
        other => Reason::NotAnswered {
            action,
            problem: other.to_string(),
        },
    }
}

/// What to say of a failure.
pub(super) fn refused(action: &'static str, failure: &RequestError) -> Reason {
    match failure {
        failure if is_denied(failure) => Reason::PermissionMissing {
            action,
            problem: failure.to_string(),
        },
        failure => Reason::NotAnswered {
            action,
            problem: failure.to_string(),
        },
    }
}
