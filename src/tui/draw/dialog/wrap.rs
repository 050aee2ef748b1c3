//! Folds text into lines that fit, at blanks where there are any.

use unicode_width::UnicodeWidthChar;

/// The lines of a text; at least one.
pub(super) fn wrap(text: &str, width: usize) -> impl Iterator<Item = &str> {
    let mut rest = Some(text);
    std::iter::from_fn(move || {
        let text = rest.take()?;
        let (line, left) = split(text, width.max(1));
        rest = (!left.is_empty()).then_some(left);
        Some(line)
    })
}

fn split(text: &str, width: usize) -> (&str, &str) {
    let (mut used, mut blank) = (0, None);
    for (at, c) in text.char_indices() {
        used += c.width().unwrap_or(0);
        if used > width {
            // A blank at which the line would be nearly empty is no good place: the word is longer than that.
            let at = if at == 0 { c.len_utf8() } else { at };
            let end = if c == ' ' { at } else { blank.filter(|blank| *blank * 3 > at).unwrap_or(at) };
            let (line, left) = text.split_at(end);
            return (line, left.strip_prefix(' ').unwrap_or(left));
        }
        if c == ' ' {
            blank = Some(at);
        }
    }
    (text, "")
}

#[cfg(test)]
mod tests {
    use super::*;
    use unicode_width::UnicodeWidthStr;

    fn lines(text: &str, width: usize) -> Vec<&str> {
        wrap(text, width).collect()
    }

    #[test]
    fn at_blanks_where_there_are_any() {
        assert_eq!(lines("", 5), [""]);
        assert_eq!(lines("a line of words", 9), ["a line of", "words"]);
        assert_eq!(lines("a line of words", 8), ["a line", "of words"]);
        assert_eq!(lines("/averylongpath", 5), ["/aver", "ylong", "path"]);
        assert_eq!(lines("a /averylongpath", 8), ["a /avery", "longpath"]);
    }

    #[test]
    fn nothing_is_lost_and_all_fits() {
        let text = "漢字漢字 combining e\u{301} 漢字漢字漢字漢字漢字x and  two blanks";
        for width in 2..40 {
            let lines = lines(text, width);
            assert!(lines.iter().all(|line| line.width() <= width), "{lines:?}");
            let bare = |text: &str| text.replace(' ', "");
            assert_eq!(bare(&lines.concat()), bare(text));
        }
        assert_eq!(lines("漢字", 1), ["漢", "字"]);
    }
}
