//! Decodes entries in the service's usual form directly from the bytes.
//!
//! A million entries are hundreds of megabytes of XML, and decoding them by XML events took most of a listing's time. The
//! usual form is narrow: known members without attributes and with plain text. Any other form is left to the
//! event-based decoder of a page.

use aws_sdk_ec2::types::ImageUsageReportEntry;
use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;

/// Decodes the entries in the usual form at the start of `input`, which is within a list of entries. Returns their length
/// in bytes, including the white space before each.
pub(super) fn decode_entries(
    input: &[u8],
    entries: &mut Vec<ImageUsageReportEntry>,
    times: &mut TimeCache,
) -> usize {
    let mut rest = input;
    while let Some((entry, after)) = decode_entry(rest, times) {
        entries.push(entry);
        rest = after;
    }
    input.len() - rest.len()
}

/// The entry at the start of `input`, if it has the usual form, and what follows it.
fn decode_entry<'a>(
    input: &'a [u8],
    times: &mut TimeCache,
) -> Option<(ImageUsageReportEntry, &'a [u8])> {
    let mut rest = input.trim_ascii_start().strip_prefix(b"<item>")?;
    let mut entry = empty_entry();
    loop {
        rest = rest.trim_ascii_start();
        if let Some(after) = rest.strip_prefix(b"</item>") {
            return Some((entry, after));
        }
        let (member, end, after) = MEMBERS
            .iter()
            .find_map(|(member, start, end)| Some((member, end, rest.strip_prefix(*start)?)))?;
        let (value, after) = after.split_at(after.iter().position(|&byte| !is_plain(byte))?);
        member.set(&mut entry, str::from_utf8(value).ok()?, times)?;
        rest = after.strip_prefix(*end)?;
    }
}

/// Whether a byte in text means itself: no markup, no reference, nothing to normalize.
fn is_plain(byte: u8) -> bool {
    const PLAIN: [bool; 256] = {
        let mut plain = [false; 256];
        let mut byte = b' ';
        while byte <= b'~' {
            plain[byte as usize] = !matches!(byte, b'<' | b'>' | b'&');
            byte += 1;
        }
        plain
    };
    PLAIN[byte as usize]
}

/// Each member with its tags.
const MEMBERS: [(Member, &[u8], &[u8]); 6] = [
    (Member::ResourceType, b"<resourceType>", b"</resourceType>"),
    (Member::ReportId, b"<reportId>", b"</reportId>"),
    (Member::UsageCount, b"<usageCount>", b"</usageCount>"),
    (Member::AccountId, b"<accountId>", b"</accountId>"),
    (Member::ImageId, b"<imageId>", b"</imageId>"),
    (
        Member::ReportCreationTime,
        b"<reportCreationTime>",
        b"</reportCreationTime>",
    ),
];

/// A member of an entry.
#[derive(Clone, Copy)]
pub(super) enum Member {
    ResourceType,
    ReportId,
    UsageCount,
    AccountId,
    ImageId,
    ReportCreationTime,
}

impl Member {
    pub(super) fn from_name(name: &str) -> Option<Self> {
        Some(match name {
            "resourceType" => Self::ResourceType,
            "reportId" => Self::ReportId,
            "usageCount" => Self::UsageCount,
            "accountId" => Self::AccountId,
            "imageId" => Self::ImageId,
            "reportCreationTime" => Self::ReportCreationTime,
            _ => return None,
        })
    }

    /// Sets this member of `entry`; `None` if the SDK would reject `text`.
    pub(super) fn set(
        self,
        entry: &mut ImageUsageReportEntry,
        text: &str,
        times: &mut TimeCache,
    ) -> Option<()> {
        match self {
            Self::ResourceType => entry.resource_type = Some(text.to_owned()),
            Self::ReportId => entry.report_id = Some(text.to_owned()),
            Self::AccountId => entry.account_id = Some(text.to_owned()),
            Self::ImageId => entry.image_id = Some(text.to_owned()),
            Self::UsageCount => entry.usage_count = Some(text.parse().ok()?),
            Self::ReportCreationTime => entry.report_creation_time = Some(times.parse(text)?),
        }
        Some(())
    }
}

/// The last time and its text: all entries of a report have the same.
#[derive(Default)]
pub(super) struct TimeCache(Option<(String, DateTime)>);

impl TimeCache {
    fn parse(&mut self, text: &str) -> Option<DateTime> {
        match &self.0 {
            Some((same, time)) if same == text => Some(*time),
            _ => {
                let time = DateTime::from_str(text, Format::DateTimeWithOffset).ok()?;
                self.0 = Some((text.to_owned(), time));
                Some(time)
            }
        }
    }
}

/// An entry without members.
pub(super) fn empty_entry() -> ImageUsageReportEntry {
    ImageUsageReportEntry::builder().build()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The number of decoded entries, and the rest of the input.
    fn decode(input: &str) -> (usize, &str) {
        let mut entries = Vec::new();
        let length = decode_entries(input.as_bytes(), &mut entries, &mut TimeCache::default());
        (entries.len(), &input[length..])
    }

    const ITEM: &str = "<item>\n    <resourceType>ec2:Instance</resourceType>\n    <reportId>amiur-1</reportId>\n    \
        <usageCount>15</usageCount>\n    <accountId>001100110011</accountId>\n    <imageId>ami-1</imageId>\n    \
        <reportCreationTime>2025-09-29T13:27:12.322Z</reportCreationTime>\n</item>";

    #[test]
    fn the_usual_form_is_decoded() {
        let compact = ITEM.replace("\n", "").replace("    ", "");
        let input = format!("\n {ITEM}\n {ITEM}{compact}{compact}<item></item>\n</set>");
        assert_eq!(decode(&input), (5, "\n</set>"));
    }

    #[test]
    fn other_forms_are_left() {
        for (usual, other) in [
            ("<item>", "<item >"),
            ("<item>", "<ec2:item>"),
            ("<item>", "<other>"),
            ("<item>", "text<item>"),
            ("</item>", "</item >"),
            ("</item>", "text</item>"),
            ("ami-1<", "&lt;<"),
            ("ami-1<", "a<!-- c -->b<"),
            ("ami-1<", "<b/><"),
            ("ami-1<", "a\rb<"),
            ("ami-1<", "\u{1}<"),
            ("ami-1<", "é<"),
            ("<imageId>", "<imageId a=''>"),
            ("</imageId>", "</imageID>"),
            ("imageId>", "image>"),
            ("15", "fifteen"),
            ("15", ""),
            ("2025", "MMXXV"),
        ] {
            let left = ITEM.replace(usual, other);
            assert_ne!(left, ITEM);
            let input = format!("{ITEM}{left}");
            assert_eq!(decode(&input), (1, left.as_str()));
        }
        for end in 0..ITEM.len() {
            assert_eq!(decode(&ITEM[..end]), (0, &ITEM[..end]));
        }
    }
}
