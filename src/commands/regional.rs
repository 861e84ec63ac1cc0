//! Work in all requested Regions at the same time, whose results are written only when all of it ended.

use std::cell::Cell;
use std::iter::Sum;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::SystemTime;

use futures_util::future::join_all;

use super::account_names::NameSource;
use super::connection::connect_all;
use super::progress;
use super::regions::{Failures, Regions};
use super::signals::Signals;
use super::terminal::Terminal;
use crate::accounts::AccountNames;
use crate::aws::Ec2;
use crate::cli::Connection;
use crate::error::Error;
use crate::listing::ListError;
use crate::verdict::Source;

/// The clients of all Regions, and what they share.
pub(super) struct Regional<'a> {
    pub(super) clients: Vec<Ec2>,
    /// The Regions of the clients.
    pub(super) names: Vec<Arc<str>>,
    pub(super) signals: Signals,
    pub(super) terminal: &'a Terminal,
    pub(super) concurrency: NonZeroUsize,
}

/// How work with the progress `P` is described.
pub(super) struct Messages<P> {
    /// The progress, in one line.
    pub(super) progress: fn(P) -> String,
    /// What an interruption means.
    pub(super) interrupted: &'static str,
    /// What to do after an interruption.
    pub(super) hint: &'static str,
}

impl<'a> Regional<'a> {
    /// Creates the clients.
    pub(super) async fn connect(
        connection: Connection,
        regions: Regions,
        terminal: &'a Terminal,
    ) -> Result<Self, Error> {
        let concurrency = connection.concurrency;
        let mut signals = Signals::listen(terminal)?;
        let clients = signals
            .or(connect_all(connection, regions, terminal.debug))
            .await??;
        Ok(Self {
            names: clients.iter().map(|ec2| ec2.region().into()).collect(),
            clients,
            signals,
            terminal,
            concurrency,
        })
    }

    /// No Region, for a run that does not query the service.
    pub(super) fn without_service(terminal: &'a Terminal) -> Result<Self, Error> {
        Ok(Self {
            names: Vec::new(),
            clients: Vec::new(),
            signals: Signals::listen(terminal)?,
            terminal,
            concurrency: NonZeroUsize::MIN,
        })
    }

    /// The time, on the service's clock if there is a Region.
    pub(super) fn now(&self) -> SystemTime {
        self.clients.first().map_or_else(SystemTime::now, Ec2::now)
    }

    /// Loads the names of accounts, if they are requested.
    pub(super) async fn load_names(
        &mut self,
        source: Option<NameSource>,
    ) -> Result<Option<AccountNames>, Error> {
        match source {
            None => Ok(None),
            Some(NameSource::File(names)) => Ok(Some(names)),
            Some(source) => {
                let names = source.load(&self.clients[0], false, self.terminal);
                Ok(Some(self.signals.or(names).await??))
            }
        }
    }

    /// Runs `work` with the index of each Region. Returns the results by that index, and the Regions that failed; if all
    /// did, that is an error.
    pub(super) async fn run<P: Copy + Default + Sum, T>(
        &mut self,
        messages: Messages<P>,
        work: impl AsyncFn(usize, &Source, &dyn Fn(P)) -> Result<T, ListError>,
    ) -> Result<(Vec<(usize, T)>, Failures), Error> {
        let bar = progress::line(self.clients[0].retries());
        let by_region: Vec<Cell<P>> = self.clients.iter().map(|_| Cell::default()).collect();
        let line = || (messages.progress)(by_region.iter().map(Cell::get).sum());
        let tasks =
            (self.clients.iter().zip(&by_region).enumerate()).map(|(index, (ec2, progress))| {
                let source = Source {
                    ec2: ec2.clone(),
                    concurrency: self.concurrency,
                };
                let (work, bar, line) = (&work, &bar, &line);
                async move {
                    let report_progress = |now| {
                        progress.set(now);
                        bar.set_message(line());
                    };
                    work(index, &source, &report_progress).await
                }
            });
        let tasks = self.signals.or(join_all(tasks));
        let results = progress::with_progress(&bar, self.terminal, tasks).await;
        let results = results.map_err(|interrupted| {
            Error::from(interrupted)
                .context(format_args!("{} ({})", messages.interrupted, line()))
                .with_hint(messages.hint)
        })?;

        let mut failures = Failures::of(self.clients.len());
        let mut done = Vec::new();
        for (index, result) in results.into_iter().enumerate() {
            match result {
                Ok(result) => done.push((index, result)),
                Err(error) if error.concerns_all_regions() => return Err(error.into()),
                Err(error) => failures.add(&self.names[index], 0, None, error)?,
            }
        }
        if done.is_empty() {
            failures.print(false, self.terminal)?;
        }
        Ok((done, failures))
    }
}
