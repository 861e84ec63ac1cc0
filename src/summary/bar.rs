//! The bar of a number, for a terminal.

/// A bar of at most `width` characters, for `part` of `largest`. With `unicode` its steps are eighths of a character.
pub fn bar(part: i64, largest: i64, width: usize, unicode: bool) -> String {
    const EIGHTHS: [&str; 8] = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];
    if part <= 0 || largest <= 0 {
        return String::new();
    }
    let steps = if unicode { 8 } else { 1 };
    let length = part as f64 / largest as f64 * (width * steps) as f64;
    // A use is never invisible.
    let length = (length.round() as usize).max(1);
    match unicode {
        false => "#".repeat(length),
        true => "█".repeat(length / steps) + EIGHTHS[length % steps],
    }
}

#[cfg(test)]
mod tests {
    use super::bar;

    #[test]
    fn bars_are_in_proportion_and_never_invisible() {
        for (part, unicode, expected) in [
            (0, true, ""),
            (1, true, "▏"),
            (40, true, "██"),
            (45, true, "██▎"),
            (80, true, "████"),
            (1, false, "#"),
            (45, false, "##"),
            (80, false, "####"),
        ] {
            assert_eq!(bar(part, 80, 4, unicode), expected, "{part}");
        }
        assert_eq!(bar(i64::MAX, i64::MAX, 4, false), "####");
    }
}
