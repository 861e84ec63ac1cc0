//! Random documents, and sums over them that share no code with the program.

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use amiusage::emulator::{Emulator, Response, State};
use amiusage::summary::{Keys, Names, Reports, Row, Sort, Summary, SummaryOptions, summarize};
use amiusage::verdict::{Images, Source};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::support::{action, offline, refusal, scripted};

const TYPES: [&str; 4] = [
    "ec2:Instance",
    "ec2:LaunchTemplate",
    "imagebuilder:ImageRecipe",
    "imagebuilder:ContainerRecipe",
];
const REGIONS: [&str; 2] = ["us-east-1", "eu-west-1"];

/// A report: region, image, state, covered types, whether it covers all accounts, whether it has expired, and entries
/// of an account, a type and a count.
#[derive(Clone, Debug)]
struct Sketch {
    region: usize,
    image: usize,
    state: &'static str,
    types: usize,
    all_accounts: bool,
    expired: bool,
    entries: BTreeMap<(u32, usize), u32>,
}

fn sketch() -> impl Strategy<Value = Sketch> {
    let state = prop_oneof![6 => Just("available"), 1 => Just("pending"), 1 => Just("error")];
    let types = prop_oneof![4 => Just(4_usize), 1 => Just(2_usize)];
    let entries = prop::collection::btree_map((0..6_u32, 0..4_usize), 0..9_u32, 0..20);
    let often = prop::bool::weighted(0.9);
    (0..2_usize, 0..4_usize, state, types, often, often, entries).prop_map(
        |(region, image, state, types, all_accounts, lives, entries)| Sketch {
            region,
            image,
            state,
            types,
            all_accounts,
            expired: !lives,
            entries: entries
                .into_iter()
                .filter(|((_, kind), _)| *kind < types)
                .collect(),
        },
    )
}

impl Sketch {
    fn image_id(&self) -> String {
        format!("ami-{}{}", self.region, self.image)
    }

    /// Whether it may be counted.
    fn counts(&self) -> bool {
        self.state == "available" && self.types == 4 && self.all_accounts && !self.expired
    }
}

/// The document of the reports, which are from old to new.
fn document(sketches: &[Sketch]) -> Value {
    let mut reports = Vec::new();
    let mut entries = Vec::new();
    for (number, sketch) in sketches.iter().enumerate() {
        let types = TYPES[..sketch.types]
            .iter()
            .map(|name| json!({ "ResourceType": name }));
        let accounts: &[&str] = if sketch.all_accounts {
            &[]
        } else {
            &["000000000001"]
        };
        reports.push(json!({
            "Region": REGIONS[sketch.region], "ImageId": sketch.image_id(), "ReportId": format!("amiur-{number}"),
            "State": sketch.state, "ResourceTypes": types.collect::<Vec<_>>(), "AccountIds": accounts,
            "CreationTime": format!("2025-10-{:02}T00:00:00Z", number + 1),
            "ExpirationTime": if sketch.expired { "2025-11-01T00:00:00Z" } else { "2125-11-01T00:00:00Z" },
        }));
        entries.extend(sketch.entries.iter().map(|((account, kind), count)| json!({
            "Region": REGIONS[sketch.region], "ImageId": sketch.image_id(), "ReportId": format!("amiur-{number}"),
            "AccountId": format!("{account:012}"), "ResourceType": TYPES[*kind], "UsageCount": count,
        })));
    }
    let images = (0..2).flat_map(|region| (0..4).map(move |image| json!({
        "Region": REGIONS[region], "ImageId": format!("ami-{region}{image}"), "OwnerId": "123456789012",
    })));
    json!({
        "ImageUsageReports": reports, "ImageUsageReportEntries": entries, "Images": images.collect::<Vec<_>>(),
    })
}

/// The reports that count, by Region and image.
fn counted(sketches: &[Sketch]) -> BTreeMap<String, &Sketch> {
    let candidates = sketches.iter().filter(|sketch| sketch.counts());
    candidates
        .map(|sketch| (sketch.image_id(), sketch))
        .collect()
}

type Key = (
    Option<String>,
    Option<String>,
    Option<String>,
    Option<String>,
);
/// Images, accounts, uses, and uses by each type.
type Numbers = (usize, usize, i64, [i64; 4]);

/// The images, accounts and uses by type of a group.
type Members = (BTreeSet<String>, BTreeSet<u32>, [i64; 4]);

/// The sum of each group.
fn sums<'s>(reports: impl Iterator<Item = &'s Sketch>, keys: Keys) -> BTreeMap<Key, Numbers> {
    let mut members: BTreeMap<Key, Members> = BTreeMap::new();
    for sketch in reports {
        let region = (keys.region || keys.image).then(|| REGIONS[sketch.region].to_owned());
        let image = keys.image.then(|| sketch.image_id());
        if !keys.account && !keys.resource_type {
            members
                .entry((region.clone(), image.clone(), None, None))
                .or_default();
        }
        for ((account, kind), count) in sketch.entries.iter().filter(|(_, count)| **count > 0) {
            let key = (
                region.clone(),
                image.clone(),
                keys.account.then(|| format!("{account:012}")),
                keys.resource_type.then(|| TYPES[*kind].to_owned()),
            );
            let group = members.entry(key).or_default();
            group.0.insert(sketch.image_id());
            group.1.insert(*account);
            group.2[*kind] += i64::from(*count);
        }
    }
    let numbers = |(images, accounts, types): Members| {
        (images.len(), accounts.len(), types.iter().sum(), types)
    };
    members
        .into_iter()
        .map(|(key, group)| (key, numbers(group)))
        .collect()
}

fn key_of(row: &Row) -> Key {
    (
        row.region.as_deref().map(str::to_owned),
        row.image_id.clone(),
        row.account_id.clone(),
        row.resource_type.clone(),
    )
}

fn numbers_of(row: &Row) -> Numbers {
    let types = [
        row.instances,
        row.launch_templates,
        row.image_recipes,
        row.container_recipes,
    ];
    (
        row.images.unwrap() as usize,
        row.accounts.unwrap() as usize,
        row.uses.unwrap(),
        types.map(Option::unwrap_or_default),
    )
}

/// Sums up both Regions, with pages of this size. The request with the number `fault` fails.
fn summary(
    sketches: &[Sketch],
    keys: Keys,
    page_size: u32,
    fault: Option<(usize, u16)>,
) -> Option<Summary> {
    let state = State::from_json(&document(sketches).to_string()).unwrap();
    let emulator = Arc::new(Emulator::new(state));
    let requests = Arc::new(AtomicUsize::new(0));
    let answer = move |region: &'static str| {
        let (emulator, requests) = (Arc::clone(&emulator), Arc::clone(&requests));
        scripted(move |form| -> Response {
            let mut form = String::from_utf8(form.to_vec()).unwrap();
            if action(&form) == "DescribeImageUsageReportEntries" {
                form += &format!("&MaxResults={page_size}");
            }
            let reply = emulator.respond(Some(region), form.as_bytes());
            match fault {
                Some((number, status)) if requests.fetch_add(1, Relaxed) == number => {
                    match status {
                        200 => Response {
                            body: reply.body[..reply.body.len() / 2].to_owned(),
                            ..reply
                        },
                        // The service rejects a batch because of one of its reports.
                        404 => refusal(
                            400,
                            "InvalidImageUsageReportId.NotFound",
                            "The report 'amiur-0' does not exist",
                        ),
                        status => {
                            refusal(status, "InternalError", "An internal error has occurred")
                        }
                    }
                }
                _ => reply,
            }
        })
    };
    let options = SummaryOptions {
        reports: Reports::Newest(Images::Owned { names: Vec::new() }),
        resource_types: TYPES.map(str::to_owned).into(),
        is_limited: false,
        version_depth: None,
        keys,
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let names = Names::default();
    let regions = runtime.block_on(async {
        let mut regions = Vec::new();
        for (index, name) in REGIONS.into_iter().enumerate() {
            let source = Source {
                ec2: offline(Some(name), answer(name)).await,
                concurrency: NonZeroUsize::new(3).unwrap(),
            };
            let region = summarize(&source, &options, &names, index as u32, &|_| {})
                .await
                .ok()?;
            regions.push((Arc::from(name), Some(region)));
        }
        Some(regions)
    })?;
    Some(Summary::new(&options, names, None, regions))
}

fn keys() -> impl Strategy<Value = Keys> {
    (any::<bool>(), any::<bool>(), any::<bool>(), any::<bool>())
        .prop_filter("at least one key", |keys| {
            *keys != (false, false, false, false)
        })
        .prop_map(|(image, account, resource_type, region)| Keys {
            image,
            account,
            resource_type,
            region,
        })
}

/// Compares all rows with the sums over these reports.
fn compare(summary: &Summary, reports: &[&Sketch], keys: Keys) -> Result<(), TestCaseError> {
    let expected = sums(reports.iter().copied(), keys);
    let rows: Vec<Row> = summary.rows(Sort::Uses, None).collect();
    let actual: BTreeMap<Key, Numbers> = rows
        .iter()
        .map(|row| (key_of(row), numbers_of(row)))
        .collect();
    prop_assert_eq!(actual.len(), rows.len());
    prop_assert_eq!(&actual, &expected);
    prop_assert!(rows.is_sorted_by_key(|row| -row.uses.unwrap()));

    let all = sums(reports.iter().copied(), Keys::default());
    let none = (0, 0, 0, [0; 4]);
    let total = all.values().next().copied().unwrap_or(none);
    prop_assert_eq!(numbers_of(&summary.total_row()), total);
    // The rest after the first rows completes the total.
    for top in 0..3 {
        let rows: Vec<Row> = summary.rows(Sort::Name, Some(top)).collect();
        let uses: i64 = rows.iter().filter_map(|row| row.uses).sum();
        prop_assert_eq!(uses, total.2);
        prop_assert_eq!(rows.len(), expected.len().min(top + 1));
        if let Some(rest) = rows.last().filter(|row| row.other_groups.is_some()) {
            prop_assert_eq!(rest.other_groups.unwrap() as usize, expected.len() - top);
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(96) })]

    #[test]
    fn every_number_is_an_independent_sum(
        sketches in prop::collection::vec(sketch(), 0..12),
        keys in keys(),
        page_size in 1..9_u32,
    ) {
        let summary = summary(&sketches, keys, page_size, None).unwrap();
        let counted = counted(&sketches);
        let reports: Vec<_> = counted.values().copied().collect();
        compare(&summary, &reports, keys)?;
        prop_assert_eq!(summary.totals().left_out, 8 - counted.len());
    }

    /// Whatever fails, the sums are those of complete reports, and the others are left out.
    #[test]
    fn a_fault_leaves_out_reports_and_never_a_part_of_one(
        sketches in prop::collection::vec(sketch(), 1..12),
        keys in keys(),
        page_size in 1..9_u32,
        number in 0..24_usize,
        status in prop_oneof![Just(400_u16), Just(404), Just(500), Just(200)],
    ) {
        if let Some(summary) = summary(&sketches, keys, page_size, Some((number, status))) {
            let expected = counted(&sketches);
            let mut reports = Vec::new();
            for report in summary.reports() {
                let sketch = expected.get(&report.image_id).copied();
                prop_assert!(sketch.is_some(), "{report:?} does not count");
                reports.extend(sketch);
            }
            compare(&summary, &reports, keys)?;
            prop_assert_eq!(summary.totals().left_out, 8 - reports.len());
        }
    }
}

const IMAGES: u64 = 100;
const ACCOUNTS: u64 = 50_000;
const ENTRIES_PER_IMAGE: u64 = 10_000;
const PAGE: u64 = 1_000;

/// The uses of [`large_page`]s.
pub const LARGE_USES: u64 = IMAGES * ENTRIES_PER_IMAGE * 3;

/// One report of each image.
pub fn large() -> State {
    let reports = (0..IMAGES).map(|image| json!({
        "ImageId": format!("ami-{image:017}"), "ReportId": format!("amiur-{image:017}"), "State": "available",
        "ResourceTypes": TYPES.map(|name| json!({ "ResourceType": name })),
        "CreationTime": "2025-10-01T00:00:00Z", "ExpirationTime": "2125-10-01T00:00:00Z",
    }));
    State::from_json(&json!({ "ImageUsageReports": reports.collect::<Vec<_>>() }).to_string())
        .unwrap()
}

/// The page of entries that a form requests: all pairs of an image and an account differ.
pub fn large_page(form: &str) -> Response {
    let mut reports = Vec::new();
    let mut start = 0;
    for (name, value) in form_urlencoded::parse(form.as_bytes()) {
        match name.as_ref() {
            "NextToken" => start = value.parse().unwrap(),
            name if name.starts_with("ReportId") => {
                reports.push(value[6..].parse::<u64>().unwrap())
            }
            _ => {}
        }
    }
    let end = (start + PAGE).min(reports.len() as u64 * ENTRIES_PER_IMAGE);
    let items: String = (start..end)
        .map(|position| {
            let image = reports[(position / ENTRIES_PER_IMAGE) as usize];
            let number = position % ENTRIES_PER_IMAGE;
            let account = (image * ENTRIES_PER_IMAGE + number) % ACCOUNTS;
            let kind = TYPES[(number % 2) as usize];
            format!(
                "<item><resourceType>{kind}</resourceType><reportId>amiur-{image:017}</reportId><usageCount>3</usageCount>\
                 <accountId>{account:012}</accountId><imageId>ami-{image:017}</imageId>\
                 <reportCreationTime>2025-10-01T00:00:00.000Z</reportCreationTime></item>"
            )
        })
        .collect();
    let token = match end < reports.len() as u64 * ENTRIES_PER_IMAGE {
        true => format!("<nextToken>{end}</nextToken>"),
        false => String::new(),
    };
    crate::support::reply(
        200,
        &format!(
            "<DescribeImageUsageReportEntriesResponse xmlns=\"http://ec2.amazonaws.com/doc/2016-11-15/\">\
             <requestId>r</requestId><imageUsageReportEntrySet>{items}</imageUsageReportEntrySet>{token}\
             </DescribeImageUsageReportEntriesResponse>"
        ),
    )
}
