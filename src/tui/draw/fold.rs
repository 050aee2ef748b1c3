//! Sentences that are longer than there is room.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// A text in lines of so many columns, broken at blanks where that can be. Not more lines than `most`: the last one then
/// ends with `…`. Never empty.
pub(super) fn folded(text: &str, width: usize, most: usize) -> Vec<String> {
    let width = width.max(2);
    let mut lines = vec![String::new()];
    let mut used = 0;
    for word in text.split_inclusive(' ') {
        if used > 0 && used + word.trim_end().width() > width {
            lines.push(String::new());
            used = 0;
        }
        for c in word.chars() {
            let wide = c.width().unwrap_or(0);
            if used + wide > width {
                // A blank at the end of a line needs no room.
                if c == ' ' {
                    continue;
                }
                lines.push(String::new());
                used = 0;
            }
            if let Some(line) = lines.last_mut() {
                line.push(c);
            }
            used += wide;
        }
        if lines.len() > most {
            lines.truncate(most);
            if let Some(last) = lines.last_mut() {
                let whole = std::mem::take(last);
                crate::output::grid::cut(last, &format!("{} ", whole.trim_end()), width);
            }
            break;
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences_are_broken_at_blanks_and_words_where_they_must() {
        assert_eq!(folded("it is attached for a moment", 12, 9), ["it is ", "attached for", "a moment"]);
        assert_eq!(folded("unbreakable", 4, 9), ["unbr", "eaka", "ble"]);
        assert_eq!(folded("", 4, 9), [""]);
        // Blanks have a meaning: holders are laid out with them.
        assert_eq!(folded("writer    cat(1)", 40, 9), ["writer    cat(1)"]);
    }

    #[test]
    fn neither_lines_nor_columns_are_exceeded() {
        for width in 2..30 {
            let lines = folded("\u{6f22}\u{5b57} of a thousand words and unbreakablewordsinbetween, and on", width, 3);
            assert!(lines.len() <= 3 && lines.iter().all(|line| line.trim_end().width() <= width), "{width} {lines:?}");
        }
        assert_eq!(folded("one two three four", 5, 2), ["one ", "two …"]);
    }
}
