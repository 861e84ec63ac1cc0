//! Reads lists about many images or reports, so that an error about one of them does not affect the others.

use std::collections::{HashMap, HashSet, VecDeque};
use std::num::NonZeroUsize;

use futures_util::stream::{FuturesUnordered, StreamExt};

use super::evidence::PartialList;
use super::reason::Reason;
use crate::aws::{Ec2, RequestError};
use crate::listing::{ListError, PaginatedOperation, Paginator};

/// The service to query.
#[derive(Clone, Debug)]
pub struct Source {
    /// The client.
    pub ec2: Ec2,
    /// The maximum number of concurrent requests.
    pub concurrency: NonZeroUsize,
}

/// A list whose items are selected by IDs.
pub(crate) struct BatchedList<Q: PaginatedOperation> {
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
pub(crate) type PartialLists<T> = HashMap<String, PartialList<T>>;

/// Reads the lists of `ids`, which must be distinct. Every ID gets a list, with a gap unless it is complete. `observe` is
/// called for each batch, with the number of its IDs and its items.
///
/// # Errors
/// As for [`fold`].
pub(crate) async fn read<Q: PaginatedOperation>(
    source: &Source,
    list: &BatchedList<Q>,
    ids: Vec<String>,
    observe: &dyn Fn(usize, &[Q::Item]),
) -> Result<PartialLists<Q::Item>, ListError> {
    let mut lists = PartialLists::new();
    let add = |found: &mut Vec<Q::Item>, items| found.extend(items);
    fold(source, list, ids, &add, &mut |ids, found, gap| {
        observe(ids.len(), &found);
        distribute(list, ids, found, gap, &mut lists);
    })
    .await?;
    Ok(lists)
}

/// Takes the IDs of a batch, what was added, and why that is incomplete, if it is.
pub(crate) type EndBatch<'a, A> = dyn FnMut(&[String], A, Option<Reason>) + 'a;

/// Reads the lists of `ids`, which must be distinct, in batches. `add` is called with each page of a batch, and `end` once
/// for each ID.
///
/// # Errors
/// Errors that every request would get, such as missing credentials.
pub(crate) async fn fold<Q: PaginatedOperation, A: Default>(
    Source { ec2, concurrency }: &Source,
    list: &BatchedList<Q>,
    ids: Vec<String>,
    add: &dyn Fn(&mut A, Vec<Q::Item>),
    end: &mut EndBatch<'_, A>,
) -> Result<(), ListError> {
    let mut queue = match ids.is_empty() {
        true => VecDeque::new(),
        false => VecDeque::from((list.operation_for)(ids).batches()),
    };
    let mut running = FuturesUnordered::new();
    let mut refused = None;
    loop {
        while running.len() < concurrency.get()
            && let Some(batch) = queue.pop_front()
        {
            match &refused {
                None => running.push(read_batch(ec2, list, batch, add)),
                gap => end((list.ids)(&batch), A::default(), gap.clone()),
            }
        }
        let Some((batch, found, read)) = running.next().await else {
            return Ok(());
        };
        let ids = (list.ids)(&batch);
        let error = match read {
            Ok(gap) => {
                end(ids, found, gap);
                continue;
            }
            Err(error) => error,
        };
        let gap = reason(list.action, &error);
        match ErrorScope::of(&error, ids) {
            ErrorScope::Run => return Err(error),
            // The request failed because of one ID: query the others without it.
            ErrorScope::Id if ids.len() > 1 => {
                let (one, other) = ids.split_at(ids.len() / 2);
                let half = |ids: &[String]| (list.operation_for)(ids.to_vec());
                queue.extend([half(one), half(other)]);
            }
            ErrorScope::Action => {
                refused = Some(gap.clone());
                end(ids, found, Some(gap));
            }
            ErrorScope::Id | ErrorScope::Batch => end(ids, found, Some(gap)),
        }
    }
}

/// Reads the pages of a batch. Returns it with what was added, and why that is incomplete.
async fn read_batch<Q: PaginatedOperation, A: Default>(
    ec2: &Ec2,
    list: &BatchedList<Q>,
    batch: Q,
    add: &dyn Fn(&mut A, Vec<Q::Item>),
) -> (Q, A, Result<Option<Reason>, ListError>) {
    let mut pages = Paginator::of_batch(ec2.clone(), batch.clone());
    let mut found = A::default();
    let mut gap = None;
    let read = loop {
        match pages.next().await {
            Ok(None) => break Ok(gap),
            Err(error) => break Err(error),
            Ok(Some(page)) => {
                add(&mut found, page.items);
                if page.is_list_missing {
                    gap = Some(Reason::ListMissing {
                        action: list.action,
                    });
                }
            }
        }
    };
    (batch, found, read)
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
