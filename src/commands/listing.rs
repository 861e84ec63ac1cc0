//! From a question to a listing that is written whole, or that says where it stopped.

use std::num::NonZeroU64;
use std::pin::pin;

use super::connection::connect;
use super::form::Form;
use super::mfa;
use super::progress::{self, Progress};
use super::signals::Signals;
use super::terminal::Terminal;
use crate::cli::Connection;
use crate::cli::error::ArgumentError;
use crate::cli::paging::Paging;
use crate::listing::{Listing, Question, Token, dry_run};
use crate::output::{Answer, Destination, Record};

/// Why a listing came to no end, and where a later run goes on. The cause is the error below it.
#[derive(Debug, thiserror::Error)]
#[error("stopped after {entries} entries{}", if *.torn { " and a part of one, to be removed" } else { "" })]
pub struct Stopped {
    /// How many entries this run wrote, whole.
    pub entries: u64,
    /// Whether a part of the next one stands after them.
    pub torn: bool,
    /// Before the first entry that is not written.
    pub resume: Option<Token>,
}

/// What the arguments of a listing come to, once checked: nothing after this asks whether a flag was given.
pub(super) struct Plan<Q> {
    question: Q,
    start: Token,
    limit: Option<NonZeroU64>,
    one_page: bool,
    dry_run: bool,
    form: Form,
    /// What to say when nothing was found from the beginning.
    nothing_found: &'static str,
}

/// Lists what `plan` asks for.
pub(super) async fn run<Q>(
    plan: Plan<Q>,
    connection: Connection,
    terminal: &Terminal,
) -> anyhow::Result<()>
where
    Q: Question,
    Q::Item: Record,
{
    let concurrency = connection.concurrency;
    let mut signals = Signals::listen(terminal)?;
    let ec2 = signals.or(connect(connection, terminal.debug)).await?;
    if plan.dry_run {
        signals
            .or(async { Ok(dry_run(&ec2, &plan.question).await?) })
            .await?;
        terminal.note("the request would have succeeded (DryRunOperation)");
        return Ok(());
    }

    let resumed = plan.start != Token::default();
    let mut progress = Progress::new(ec2.retries());
    let listing = if plan.one_page {
        Listing::of_one_page(ec2, plan.question, plan.start)
    } else {
        Listing::new(
            vec![ec2],
            plan.question,
            plan.start,
            plan.limit,
            concurrency,
        )
        .map_err(|error| ArgumentError::new("--starting-token", error))?
    };
    let Form { options, out_file } = plan.form;
    let destination = Destination::open(out_file.as_deref())?;
    let to_terminal = options.terminal;
    let sink = destination.sink(|out| match to_terminal {
        true => progress.beside(out),
        false => out,
    })?;
    let mut copy = Copy {
        page: listing.place(),
        before: 0,
        listing,
        answer: Answer::new(options, sink),
    };
    let line = progress.handle();
    let outcome = {
        let mut shown = !terminal.shows_progress();
        let mut copying = pin!(signals.or(copy.run(&mut progress, plan.one_page)));
        loop {
            tokio::select! {
                outcome = &mut copying => break outcome,
                () = tokio::time::sleep(progress::A_MOMENT), if !shown => {
                    shown = !mfa::is_asking();
                    if shown {
                        progress::show(&line);
                    }
                }
            }
        }
    };
    let found = progress.entries();
    drop(progress);
    match outcome {
        Ok(_) => destination.commit()?,
        Err(error) if destination.is_atomic() => {
            let path = out_file.unwrap_or_default();
            return Err(error.context(format!("{} is left as it was", path.display())));
        }
        Err(error) => return Err(copy.stopped(error)),
    }
    if let Ok(Some(token)) = outcome {
        terminal.resume("more follow; go on with the same arguments and", &token);
    } else if found == 0 {
        terminal.note(if resumed {
            "nothing was left to list after the starting token"
        } else {
            plan.nothing_found
        });
    }
    Ok(())
}

/// From the service to the reader.
struct Copy<Q: Question> {
    listing: Listing<Q>,
    answer: Answer<Q::Item>,
    /// Where the page begins that is being written, and how many entries are written before it.
    page: Option<Token>,
    before: u64,
}

impl<Q> Copy<Q>
where
    Q: Question,
    Q::Item: Record,
{
    /// Copies pages until the answer ends, and gives the token for more when it is cut there.
    async fn run(
        &mut self,
        progress: &mut Progress,
        one_page: bool,
    ) -> anyhow::Result<Option<String>> {
        while let Some(page) = self.listing.next().await? {
            self.answer.page(&page.items).await?;
            self.page = page.next;
            self.before = self.answer.rows();
            progress.page(page.items.len());
            if one_page {
                break;
            }
        }
        let token = self.page.as_ref().map(|token| match &token.page {
            // As the service gave it; but what is to be skipped beyond this page it cannot say.
            Some(page) if one_page && token.skip == 0 => page.clone(),
            _ => token.to_string(),
        });
        self.answer.finish(token.as_deref()).await?;
        Ok(token)
    }

    /// An error, with what was written before it.
    fn stopped(mut self, error: anyhow::Error) -> anyhow::Error {
        let torn = self.answer.mend();
        let entries = self.answer.rows();
        if entries == 0 {
            // A run that wrote nothing is simply made again.
            return error;
        }
        let resume = self.page.map(|token| Token {
            skip: token.skip + (entries - self.before),
            ..token
        });
        error.context(Stopped {
            entries,
            torn,
            resume,
        })
    }
}

impl<Q: Question> Plan<Q> {
    /// Checks the flags that all listings have.
    pub(super) fn check(
        question: Q,
        paging: &Paging,
        dry_run: bool,
        form: impl FnOnce(bool) -> Result<Form, ArgumentError>,
        nothing_found: &'static str,
    ) -> Result<Self, ArgumentError> {
        if paging.no_paginate && !question.is_one_request() {
            return Err(ArgumentError::new(
                "--no-paginate",
                "one request names at most 200 images and 200 reports; leave the flag away, or name fewer",
            ));
        }
        let start = match &paging.starting_token {
            Some(token) => Token::parse(token)
                .map_err(|error| ArgumentError::new("--starting-token", error))?,
            None => Token::default(),
        };
        let resumed = start != Token::default();
        Ok(Self {
            question,
            start,
            limit: paging.max_items,
            one_page: paging.no_paginate,
            dry_run,
            form: form(resumed)?,
            nothing_found,
        })
    }
}
