//! Reads lists about many images or reports, so that an error about one of them does not affect the others.

use std::collections::{HashMap, HashSet, VecDeque};
use std::num::NonZeroUsize;

use super::evidence::PartialList;
use super::reason::Reason;
use crate::aws::{Ec2, RequestError};
use crate::listing::{ListError, PaginatedOperation, Paginator, ResumeToken};

/// The service to query.
#[derive(Clone, Debug)]
pub struct Source {
    /// The client.
    pub ec2: Ec2,
    /// The maximum number of concurrent requests.
    pub concurrency: NonZeroUsize,
}

/// A list whose items are selected by IDs.
pub(super) struct BatchedList<Q: PaginatedOperation> {
    /// The action.
    pub action: &'static str,
    /// Makes the operation for these IDs.
    pub operation_for: Box<dyn Fn(Vec<String>) -> Q>,
    /// The IDs of an operation.
    pub ids: fn(&Q) -> &[String],
    /// The ID that an item belongs to.
    pub id: fn(&Q::Item) -> Option<&str>,
}

impl<Q: PaginatedOperation> BatchedList<Q> {
    /// The minimum number of requests for the lists of `ids`.
    pub(super) fn requests(&self, ids: &[String]) -> usize {
        match ids {
            [] => 0,
            ids => (self.operation_for)(ids.to_vec()).batches().len(),
        }
    }
}

/// The list of each ID.
pub(super) type PartialLists<T> = HashMap<String, PartialList<T>>;

/// Reads the lists of `ids`, which must be distinct. Every ID gets a list, with a gap unless it is complete. `observe` is
/// called for each batch, with the number of its IDs and its items.
///
/// # Errors
/// Errors that every request would get, such as missing credentials.
// Longer than other functions: the position within a listing decides what an error means for which IDs.
pub(super) async fn read<Q: PaginatedOperation>(
    Source { ec2, concurrency }: &Source,
    list: &BatchedList<Q>,
    ids: Vec<String>,
    observe: &dyn Fn(usize, &[Q::Item]),
) -> Result<PartialLists<Q::Item>, ListError> {
    let mut lists = PartialLists::new();
    let mut queue = VecDeque::from([ids]);
    while let Some(ids) = queue.pop_front() {
        if ids.is_empty() {
            continue;
        }
        let operation = (list.operation_for)(ids);
        let batches: Vec<Vec<String>> = (operation.batches().iter())
            .map(|batch| (list.ids)(batch).to_vec())
            .collect();
        let mut listing = Paginator::new(
            vec![ec2.clone()],
            operation,
            ResumeToken::default(),
            None,
            *concurrency,
        )
        .expect("a listing without a starting token");
        let mut end = |ids: &[String], items: Vec<Q::Item>, gap: Option<Reason>| {
            observe(ids.len(), &items);
            distribute(list, ids, items, gap, &mut lists);
        };
        let mut batch = 0;
        let mut found = Vec::new();
        let mut gap = None;
        let error = loop {
            match listing.next().await {
                Ok(None) => break None,
                Err(error) => break Some(error),
                Ok(Some(page)) => {
                    found.extend(page.items);
                    if page.is_list_missing {
                        gap = Some(Reason::ListMissing {
                            action: list.action,
                        });
                    }
                    let next = match page.next {
                        Some(token) => token.batch.map_or(0, |mark| mark.index),
                        None => batches.len(),
                    };
                    if next != batch {
                        end(&batches[batch], std::mem::take(&mut found), gap.take());
                        batch = next;
                    }
                }
            }
        };
        let Some(error) = error else {
            continue;
        };
        let gap = || Some(reason(list.action, &error));
        let unread_list = &batches[batch];
        let rest = batches[batch + 1..].concat();
        match ErrorScope::of(&error, unread_list) {
            ErrorScope::Run => return Err(error),
            ErrorScope::Action => {
                end(unread_list, found, gap());
                end(&rest, Vec::new(), gap());
                for ids in queue.drain(..) {
                    end(&ids, Vec::new(), gap());
                }
            }
            // The request failed because of one ID: query the others without it.
            ErrorScope::Id if unread_list.len() > 1 => {
                let (one, other) = unread_list.split_at(unread_list.len() / 2);
                queue.extend([one.to_vec(), other.to_vec(), rest]);
            }
            ErrorScope::Id | ErrorScope::Batch => {
                end(unread_list, found, gap());
                queue.push_back(rest);
            }
        }
    }
    Ok(lists)
}

/// Distributes items to their IDs. An item that belongs to none makes all lists doubtful.
fn distribute<Q: PaginatedOperation>(
    list: &BatchedList<Q>,
    ids: &[String],
    items: Vec<Q::Item>,
    mut gap: Option<Reason>,
    lists: &mut PartialLists<Q::Item>,
) {
    let known: HashSet<&str> = ids.iter().map(String::as_str).collect();
    let belongs = |item: &Q::Item| (list.id)(item).is_some_and(|id| known.contains(id));
    let (items, unexpected): (Vec<_>, Vec<_>) = items.into_iter().partition(belongs);
    if !unexpected.is_empty() {
        gap.get_or_insert(Reason::UnexpectedItem {
            action: list.action,
        });
    }
    for id in ids {
        let list = PartialList {
            found: Vec::new(),
            gap: gap.clone(),
        };
        lists.insert(id.clone(), list);
    }
    for item in items {
        let list = (list.id)(&item).and_then(|id| lists.get_mut(id));
        if let Some(list) = list {
            list.found.push(item);
        }
    }
}

/// The scope of an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ErrorScope {
    /// One ID of the request.
    Id,
    /// All IDs of the request.
    Batch,
    /// All requests of this action.
    Action,
    /// All requests.
    Run,
}

impl ErrorScope {
    fn of(error: &ListError, ids: &[String]) -> Self {
        match error {
            ListError::RequestError(error) => match error {
                _ if error.concerns_one_of(ids) => Self::Id,
                _ if stops_the_run(error, ids) => Self::Run,
                _ if is_denied(error) => Self::Action,
                _ => Self::Batch,
            },
            ListError::RepeatedToken(_) | ListError::BeyondEnd { .. } => Self::Batch,
        }
    }
}

/// Whether any other request would get the error of a request about these IDs too.
pub(super) fn stops_the_run(error: &RequestError, ids: &[String]) -> bool {
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
    match error {
        RequestError::Configuration { .. }
        | RequestError::Credentials { .. }
        | RequestError::Network { .. }
        | RequestError::ConnectError { .. } => true,
        RequestError::Service { code, .. } => {
            CREDENTIALS.contains(&code.as_str()) && !error.concerns_one_of(ids)
        }
        RequestError::Response { .. } => false,
    }
}

/// Whether a permission is missing.
pub(super) fn is_denied(error: &RequestError) -> bool {
    const CODES: [&str; 3] = [
        "UnauthorizedOperation",
        "AccessDenied",
        "AccessDeniedException",
    ];
    error.code().is_some_and(|code| CODES.contains(&code))
}

/// The reason for an error of a list.
fn reason(action: &'static str, error: &ListError) -> Reason {
    match error {
        ListError::RequestError(error) => request_failed(action, error),
        other => Reason::RequestFailed {
            action,
            problem: other.to_string(),
        },
    }
}

/// The reason for a failed request.
pub(super) fn request_failed(action: &'static str, error: &RequestError) -> Reason {
    match error {
        error if is_denied(error) => Reason::PermissionMissing {
            action,
            problem: error.to_string(),
        },
        error => Reason::RequestFailed {
            action,
            problem: error.to_string(),
        },
    }
}
