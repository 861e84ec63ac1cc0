//! The lower bound of the time: a minimal client without SDK, retries or checks. It posts a form, reads the XML in one pass
//! and writes CSV.
//!
//! The pages of one list are sequential. With several images, lists run concurrently, one thread each.

use std::borrow::Cow;
use std::io::{self, Write};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use anyhow::{Context, bail};
use quick_xml::Reader;
use quick_xml::events::Event;

use crate::check::COLUMNS;
use crate::http::Connection;

/// The default concurrency of `amiusage`.
const CONCURRENCY: usize = 8;

/// The service's limit.
const MAX_IDS_PER_REQUEST: usize = 200;

/// The elements of an entry, in the order of [`COLUMNS`].
const ELEMENTS: [&str; COLUMNS.len()] = [
    "resourceType",
    "reportId",
    "usageCount",
    "accountId",
    "imageId",
    "reportCreationTime",
];

/// Lists the entries of images as CSV. Arguments: address, page size, image IDs.
pub fn main(arguments: &[String]) -> anyhow::Result<()> {
    let [address, page_size, images @ ..] = arguments else {
        bail!("floor takes an address, a page size and image IDs");
    };
    let address: SocketAddr = address.parse()?;
    let batches: Vec<&[String]> = images
        .chunks(
            images
                .len()
                .div_ceil(CONCURRENCY)
                .clamp(1, MAX_IDS_PER_REQUEST),
        )
        .collect();
    let mut stdout = io::stdout().lock();
    writeln!(stdout, "{}", COLUMNS.join(","))?;
    if let [batch] = batches[..] {
        return list(address, page_size, batch, &mut stdout);
    }

    let next = AtomicUsize::new(0);
    let work = || -> anyhow::Result<Vec<(usize, Vec<u8>)>> {
        let mut finished = Vec::new();
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            let Some(batch) = batches.get(number) else {
                return Ok(finished);
            };
            let mut rows = Vec::new();
            list(address, page_size, batch, &mut rows)?;
            finished.push((number, rows));
        }
    };
    let mut done = Vec::new();
    thread::scope(|scope| {
        let workers: Vec<_> = (0..CONCURRENCY).map(|_| scope.spawn(work)).collect();
        for worker in workers {
            done.extend(worker.join().expect("a worker returns its errors")?);
        }
        anyhow::Ok(())
    })?;
    done.sort_unstable_by_key(|&(number, _)| number);
    for (_, rows) in done {
        stdout.write_all(&rows)?;
    }
    Ok(())
}

/// Writes the rows of one paginated list.
fn list(
    address: SocketAddr,
    page_size: &str,
    images: &[String],
    out: &mut impl Write,
) -> anyhow::Result<()> {
    let mut connection = Connection::open(address)?;
    let mut body = String::new();
    let mut token = String::new();
    loop {
        let ids = (1..).zip(images);
        let parameters = ids
            .map(|(n, id)| (format!("ImageId.{n}"), id.as_str()))
            .chain([("MaxResults".to_owned(), page_size)])
            .chain((!token.is_empty()).then(|| ("NextToken".to_owned(), token.as_str())));
        connection.post("DescribeImageUsageReportEntries", parameters, &mut body)?;
        match page(&body, out)? {
            Some(next) => token = next,
            None => return Ok(()),
        }
    }
}

/// Writes the rows of one page and returns the token of the next.
fn page(body: &str, out: &mut impl Write) -> anyhow::Result<Option<String>> {
    let mut csv = csv::Writer::from_writer(out);
    let mut reader = Reader::from_str(body);
    let mut row: [Cow<str>; COLUMNS.len()] = Default::default();
    let mut token = None;
    let mut column = None;
    let mut in_token = false;
    loop {
        match reader.read_event()? {
            Event::Start(tag) => {
                let name = tag.name();
                column = ELEMENTS.iter().position(|e| *e == name.as_ref());
                in_token = name.as_ref() == "nextToken";
            }
            Event::Text(text) => {
                let text = text.into_inner();
                match column {
                    Some(column) => row[column] = text,
                    None if in_token => token = Some(text.into_owned()),
                    None => {}
                }
            }
            Event::End(tag) => {
                if tag.name().as_ref() == "item" {
                    csv.write_record(row.iter().map(|text| text.as_bytes()))?;
                }
                column = None;
                in_token = false;
            }
            Event::GeneralRef(_) => bail!("generated data has no references"),
            Event::Eof => break,
            _ => {}
        }
    }
    csv.flush().context("stdout")?;
    Ok(token)
}
