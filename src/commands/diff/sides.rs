//! What is compared: two reports or documents, or the two newest reports of each image.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::Path;

use crate::commands::progress;
use crate::commands::regional::{Messages, Regional};
use crate::commands::regions::Failures;
use crate::diff::{
    Document, DocumentError, ImageKey, Reading, ReportInfo, Source, Use, read, reports, two_newest,
};
use crate::error::{Category, Error, UserError};
use crate::reports::{ReportSpec, ResourceType};
use crate::verdict;

/// What the progress line shows.
const READING: &str = "reading reports";

/// What is compared.
pub(super) enum Sides {
    /// Two reports or documents.
    Two([Input; 2]),
    /// The two newest reports of each image.
    Newest {
        image_ids: Vec<String>,
        resource_types: Vec<ResourceType>,
    },
}

/// A report or a document.
pub(super) enum Input {
    Report(String),
    File(String),
}

/// What was read.
pub(super) struct Comparison {
    pub(super) sides: [Side; 2],
    /// The images that cannot be compared, with the reason.
    pub(super) not_compared: Vec<(ImageKey, &'static str)>,
    /// The Regions that could not be read.
    pub(super) failures: Failures,
}

/// One side of the comparison.
pub(super) struct Side {
    pub(super) reports: BTreeMap<ImageKey, ReportInfo>,
    /// Whether it has reports that are not compared.
    pub(super) has_older_reports: bool,
    pub(super) uses: Box<dyn Iterator<Item = Result<Use, NotComparable>>>,
}

/// Why two sides cannot be compared.
#[derive(Debug, thiserror::Error)]
pub(super) enum NotComparable {
    #[error("report {0} does not exist, or is of another account or Region")]
    NoReport(String),
    #[error("report {0} is not available: its state is {1}")]
    NotAvailable(String, String),
    #[error("the reports are of different images: {0} and {1}")]
    Images(String, String),
    #[error("the reports of {0} cover different things: {1}, and {2}")]
    Scopes(String, String, String),
    #[error("cannot read {0}")]
    Document(String, #[source] DocumentError),
}

impl UserError for NotComparable {
    fn category(&self) -> Category {
        Category::Other
    }

    fn hint(&self) -> Option<Cow<'_, str>> {
        let hint = match self {
            Self::NoReport(_) => {
                "check the IDs, --region and --profile; EC2 deletes reports after 30 days"
            }
            Self::NotAvailable(..) => "wait for it with `amiusage reports wait`",
            Self::Images(..) | Self::Scopes(..) => {
                "compare two reports of one image with the same scope"
            }
            Self::Document(_, DocumentError::Io(_)) => {
                "name two report IDs (amiur-…) or files, or use --image-ids"
            }
            Self::Document(..) => "save it with `amiusage entries --output json`",
        };
        Some(hint.into())
    }
}

impl Sides {
    /// Reads both sides.
    pub(super) async fn read(
        &self,
        regional: &mut Regional<'_>,
        several: bool,
    ) -> Result<Comparison, Error> {
        match self {
            Self::Two(inputs) => {
                let sides = read_two(inputs, regional).await?;
                Ok(Comparison {
                    sides,
                    not_compared: Vec::new(),
                    failures: Failures::of(1),
                })
            }
            Self::Newest {
                image_ids,
                resource_types,
            } => read_newest(image_ids, resource_types, regional, several).await,
        }
    }
}

/// Reads two reports or documents.
async fn read_two(
    [old, new]: &[Input; 2],
    regional: &mut Regional<'_>,
) -> Result<[Side; 2], Error> {
    let source = regional.clients.first().map(|ec2| Source {
        ec2,
        concurrency: regional.concurrency,
        region: None,
    });
    let reading = (regional.signals)
        .or(async { Ok::<_, Error>([old.read(source).await?, new.read(source).await?]) });
    let mut sides = match source {
        None => reading.await??,
        Some(source) => {
            let bar = progress::line(source.ec2.retries()).with_message(READING);
            progress::with_progress(&bar, regional.terminal, reading).await??
        }
    };
    if let (Input::Report(_), Input::Report(_)) = (old, new) {
        let image = |side: &Side| side.reports.keys().next().cloned();
        if let [Some(one), Some(other)] = sides.each_ref().map(image)
            && one != other
        {
            return Err(NotComparable::Images(one.image_id, other.image_id).into());
        }
    }
    // A report is compared with its image in a file.
    for (index, input) in [old, new].into_iter().enumerate() {
        if let Input::Report(_) = input {
            let image = sides[index].reports.keys().next().cloned();
            sides[1 - index].retain(image);
        }
    }
    Ok(sides)
}

/// Reads the two newest reports of each image in each Region.
async fn read_newest(
    image_ids: &[String],
    resource_types: &[ResourceType],
    regional: &mut Regional<'_>,
    several: bool,
) -> Result<Comparison, Error> {
    let messages = Messages {
        progress: |_: usize| READING.to_owned(),
        interrupted: "the comparison did not finish, and nothing was written",
        hint: "rerun it",
    };
    let spec = |image_id: &str| ReportSpec {
        image_id: image_id.to_owned(),
        resource_types: resource_types.to_vec(),
        ..ReportSpec::default()
    };
    let work = async |_, source: &verdict::Source, _: &dyn Fn(usize)| {
        let source = Source {
            ec2: &source.ec2,
            concurrency: source.concurrency,
            region: several.then(|| source.ec2.region()),
        };
        let (pairs, not_compared) = two_newest(source, image_ids, spec).await?;
        let (old, new): (Vec<_>, Vec<_>) = pairs.into_iter().map(|[old, new]| (old, new)).unzip();
        Ok((
            [read(source, &old).await?, read(source, &new).await?],
            not_compared,
        ))
    };
    let (done, failures) = regional.run(messages, work).await?;
    let mut sides = [Reading::default(), Reading::default()];
    let mut all_not_compared = Vec::new();
    for (_, (readings, not_compared)) in done {
        for (side, reading) in sides.iter_mut().zip(readings) {
            side.add(reading);
        }
        all_not_compared.extend(not_compared);
    }
    Ok(Comparison {
        sides: sides.map(Side::from),
        not_compared: all_not_compared,
        failures,
    })
}

impl Input {
    /// A report ID, or the path of a file.
    pub(super) fn parse(text: String) -> Self {
        match text.strip_prefix("amiur-") {
            Some(digits) if digits.bytes().all(|byte| byte.is_ascii_hexdigit()) => {
                Self::Report(text)
            }
            _ => Self::File(text),
        }
    }

    async fn read(&self, source: Option<Source<'_>>) -> Result<Side, Error> {
        let report_id = match (self, source) {
            (Self::Report(id), Some(_)) => id,
            (Self::File(name) | Self::Report(name), _) => {
                let path = name.clone();
                let unreadable = move |error| NotComparable::Document(path.clone(), error);
                let document = Document::open(Path::new(name)).map_err(&unreadable)?;
                return Ok(Side {
                    reports: document.reports.clone(),
                    has_older_reports: document.has_older_reports,
                    uses: Box::new(
                        (document.into_uses().map_err(&unreadable)?)
                            .map(move |used| used.map_err(&unreadable)),
                    ),
                });
            }
        };
        let source = source.expect("a report has a client");
        let report = reports(source, std::slice::from_ref(report_id))
            .await?
            .pop();
        match report.flatten() {
            None => Err(NotComparable::NoReport(report_id.clone()).into()),
            Some(report) if !report.is_available() => {
                let state = report.state.unwrap_or_default();
                Err(NotComparable::NotAvailable(report_id.clone(), state).into())
            }
            Some(report) => Ok(read(source, &[report]).await?.into()),
        }
    }
}

impl From<Reading> for Side {
    fn from(reading: Reading) -> Self {
        Self {
            reports: reading.reports,
            has_older_reports: false,
            uses: Box::new(reading.uses.into_iter().map(Ok)),
        }
    }
}

impl Side {
    /// Keeps only this image.
    fn retain(&mut self, image: Option<ImageKey>) {
        let is_kept = move |other: &ImageKey| Some(other) == image.as_ref();
        self.reports.retain(|image, _| is_kept(image));
        let uses = std::mem::replace(&mut self.uses, Box::new(std::iter::empty()));
        let is_kept =
            move |used: &Result<Use, _>| used.as_ref().map_or(true, |used| is_kept(&used.image));
        self.uses = Box::new(uses.filter(is_kept));
    }
}
