//! Reads entries in the form in which the service sends them, straight from the bytes.
//!
//! A million entries are hundreds of megabytes of XML, and taking them apart event by event was most of a listing's time. The
//! service's own form is narrow: known members without attributes around plain text. That is read here; at anything
//! else this room says so, and [`super::page`] reads the item by its events.

use aws_sdk_ec2::types::ImageUsageReportEntry;

use super::page::{Member, Times, empty};

/// Reads the plain items that `rest`, what follows in a list of entries, begins with, and tells how many bytes they
/// take, with the white space before each.
pub(super) fn plain(
    rest: &[u8],
    entries: &mut Vec<ImageUsageReportEntry>,
    times: &mut Times,
) -> usize {
    let mut left = rest;
    while let Some((entry, after)) = item(left, times) {
        entries.push(entry);
        left = after;
    }
    rest.len() - left.len()
}

/// The item that `rest` begins with, if it is a plain one, and what follows it.
fn item<'a>(rest: &'a [u8], times: &mut Times) -> Option<(ImageUsageReportEntry, &'a [u8])> {
    let mut rest = rest.trim_ascii_start().strip_prefix(b"<item>")?;
    let mut entry = empty();
    loop {
        rest = rest.trim_ascii_start();
        if let Some(after) = rest.strip_prefix(b"</item>") {
            return Some((entry, after));
        }
        let (member, end, after) = MEMBERS
            .iter()
            .find_map(|(member, start, end)| Some((member, end, rest.strip_prefix(*start)?)))?;
        let (value, after) = after.split_at(after.iter().position(|&byte| !plain_byte(byte))?);
        member.set(&mut entry, str::from_utf8(value).ok()?, times)?;
        rest = after.strip_prefix(*end)?;
    }
}

/// What may stand in plain text: no markup, no reference, nothing to normalise.
fn plain_byte(byte: u8) -> bool {
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

/// The members, each with its tags.
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

#[cfg(test)]
mod tests {
    use super::*;

    /// How many entries are read, and what is left.
    fn read(rest: &str) -> (usize, &str) {
        let mut entries = Vec::new();
        let read = plain(rest.as_bytes(), &mut entries, &mut Times::default());
        (entries.len(), &rest[read..])
    }

    const ITEM: &str = "<item>\n    <resourceType>ec2:Instance</resourceType>\n    <reportId>amiur-1</reportId>\n    \
        <usageCount>15</usageCount>\n    <accountId>001100110011</accountId>\n    <imageId>ami-1</imageId>\n    \
        <reportCreationTime>2025-09-29T13:27:12.322Z</reportCreationTime>\n</item>";

    #[test]
    fn the_services_form_is_read() {
        let compact = ITEM.replace("\n", "").replace("    ", "");
        let rest = format!("\n {ITEM}\n {ITEM}{compact}{compact}<item></item>\n</set>");
        assert_eq!(read(&rest), (5, "\n</set>"));
    }

    #[test]
    fn anything_else_is_left() {
        for (plain, other) in [
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
            let left = ITEM.replace(plain, other);
            assert_ne!(left, ITEM);
            let rest = format!("{ITEM}{left}");
            assert_eq!(read(&rest), (1, left.as_str()));
        }
        for end in 0..ITEM.len() {
            assert_eq!(read(&ITEM[..end]), (0, &ITEM[..end]));
        }
    }
}
