//! Name patterns that match no image.

/// The patterns that match no name of an image. `names` are those in all requested Regions.
pub fn unmatched_names<'a>(
    patterns: &[String],
    names: impl Iterator<Item = &'a str> + Clone,
) -> impl Iterator<Item = &String> {
    let is_unmatched = move |pattern: &&String| !names.clone().any(|name| matches(pattern, name));
    patterns.iter().filter(is_unmatched)
}

/// Whether a name matches a value of a filter: `*` stands for any characters, `?` for at most one, and `\` escapes the
/// next character.
fn matches(pattern: &str, name: &str) -> bool {
    let name: Vec<char> = name.chars().collect();
    // How many characters of the name the pattern so far can match.
    let mut lengths = vec![false; name.len() + 1];
    lengths[0] = true;
    let mut pattern = pattern.chars();
    while let Some(character) = pattern.next() {
        if character == '*' {
            let first = lengths.iter().position(|&matched| matched);
            lengths[first.unwrap_or(name.len())..].fill(first.is_some());
            continue;
        }
        let literal = match character {
            '\\' => pattern.next().unwrap_or('\\'),
            character => character,
        };
        for end in (1..=name.len()).rev() {
            lengths[end] = match character {
                '?' => lengths[end] || lengths[end - 1],
                _ => lengths[end - 1] && name[end - 1] == literal,
            };
        }
        lengths[0] &= character == '?';
    }
    lengths[name.len()]
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn patterns_have_wildcards_and_escapes() {
        for (pattern, name, expected) in [
            ("golden", "golden", true),
            ("golden", "Golden", false),
            ("golden", "golden-1", false),
            ("golden-1", "golden", false),
            ("golden-*", "golden-1", true),
            ("golden-*", "golden-", true),
            ("golden-*", "base-1", false),
            ("*", "", true),
            ("*-1", "golden-1-1", true),
            ("*o*d*", "golden", true),
            ("*d*o*", "golden", false),
            ("golden-?", "golden-1", true),
            ("golden-?", "golden-", true),
            ("golden-?", "golden-12", false),
            ("?olden", "golden", true),
            (r"\*", "*", true),
            (r"\*", "x", false),
            (r"\?", "", false),
            (r"a\", r"a\", true),
            ("é?", "éé", true),
        ] {
            assert_eq!(matches(pattern, name), expected, "{pattern} on {name}");
        }
    }
}
