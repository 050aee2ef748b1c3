//! Plain text of the program (help, tables, comments of the settings) as source of a manual page, after `man 7 man` and
//! `man 7 groff_char`: one sentence a line, what is typed in bold, values in italics, nothing read as a macro.

/// How wide a line of the source gets, in bytes.
const WIDTH: usize = 80;

/// Characters that groff would draw as something else, or read as its own.
fn escaped(c: char, typed: bool) -> String {
    match c {
        '\\' => "\\e".to_owned(),
        '-' if typed => "\\-".to_owned(),
        '\'' => "\\(aq".to_owned(),
        '"' => "\\(dq".to_owned(),
        '`' => "\\(ga".to_owned(),
        '^' => "\\(ha".to_owned(),
        '~' => "\\(ti".to_owned(),
        '…' => ".\\|.\\|.".to_owned(),
        c => c.to_string(),
    }
}

fn plain(text: &str) -> String {
    text.chars().map(|c| escaped(c, false)).collect()
}

/// Text as it is to be typed, hyphens and all.
pub(crate) fn typed(text: &str) -> String {
    text.chars().map(|c| escaped(c, true)).collect()
}

/// The same in bold.
pub(crate) fn bold(text: &str) -> String {
    format!("\\fB{}\\fR", typed(text))
}

/// The name of a value, in italics.
pub(crate) fn italic(text: &str) -> String {
    format!("\\fI{}\\fR", typed(text))
}

/// A line that is not taken for a macro, whatever it begins with.
pub(crate) fn line(text: &str) -> String {
    if text.starts_with(['.', '\'']) { format!("\\&{text}") } else { text.to_owned() }
}

/// Text with a full stop at its end, and a capital at its beginning if that is a word of the language.
pub(crate) fn sentence(text: &str) -> String {
    let is_word = text
        .split_whitespace()
        .next()
        .is_some_and(|word| word.trim_end_matches([',', ';', ':']).chars().all(char::is_alphabetic));
    let mut rest = text.trim().chars();
    let first = rest.next().map(|c| if is_word { c.to_uppercase().to_string() } else { c.to_string() });
    let first = first.unwrap_or_default();
    let stop = if text.trim_end().ends_with(['.', '!', '?', ':']) { "" } else { "." };
    format!("{first}{}{stop}", rest.as_str())
}

/// A paragraph, one sentence a line. What stands in backquotes, options, constants and other manual pages are set in
/// bold, the names in `values` in italics.
pub(crate) fn paragraph(text: &str, values: &[String]) -> String {
    let mut lines = vec![String::new()];
    let mut wide = 0;
    let mut ended = false;
    for word in words(text) {
        let set = set(&word, values);
        let begins = word.trim_start_matches(['(', '`', '"']).starts_with(|c: char| !c.is_lowercase());
        if wide > 0 && (ended && begins || wide + 1 + set.len() > WIDTH) {
            lines.push(String::new());
            wide = 0;
        }
        if let Some(last) = lines.last_mut() {
            if wide > 0 {
                last.push(' ');
                wide += 1;
            }
            let set = if wide == 0 { line(&set) } else { set };
            last.push_str(&set);
            wide += set.len();
        }
        ended = word.trim_end_matches([')', '"']).ends_with(['.', '?', '!']) && !is_short_form(&word);
    }
    lines.join("\n") + "\n"
}

/// Abbreviations that end no sentence.
fn is_short_form(word: &str) -> bool {
    ["e.g.", "i.e."].contains(&word.trim_start_matches('('))
}

/// Words at blanks, but what stands in backquotes stays together with what touches it.
fn words(text: &str) -> Vec<String> {
    let (mut words, mut word, mut quoted) = (Vec::new(), String::new(), false);
    for c in text.chars() {
        quoted ^= c == '`';
        if c.is_whitespace() && !quoted {
            if !word.is_empty() {
                words.push(std::mem::take(&mut word));
            }
        } else {
            word.push(c);
        }
    }
    assert!(!quoted, "a backquote has no partner in {text:?}");
    words.extend(Some(word).filter(|word| !word.is_empty()));
    words
}

/// A word with its fonts.
fn set(word: &str, values: &[String]) -> String {
    let parts = word.split('`').enumerate();
    parts.map(|(at, part)| if at % 2 == 1 { bold(part) } else { set_bare(part, values) }).collect()
}

/// A word, or a part of one, without backquotes.
fn set_bare(word: &str, values: &[String]) -> String {
    if is_short_form(word) {
        return format!("{}\\&", plain(word));
    }
    let core =
        word.trim_start_matches(['(', '"', '\'']).trim_end_matches(['.', ',', ';', ':', ')', '"', '\'', '?', '!', '…']);
    let Some((before, behind)) = word.split_once(core).filter(|_| !core.is_empty()) else { return plain(word) };
    let set = if values.iter().any(|value| value == core) {
        italic(core)
    } else if is_option(core) || is_constant(core) {
        bold(core)
    } else {
        plain(core)
    };
    // `tee(2)` has lost its parenthesis to what stands around it.
    if let Some((name, section)) = core.split_once('(')
        && !name.is_empty()
        && section.len() == 1
        && section.starts_with(|c: char| c.is_ascii_digit())
        && behind.starts_with(')')
    {
        return format!("{}{}({section}{}", plain(before), bold(name), plain(behind));
    }
    format!("{}{set}{}", plain(before), plain(behind))
}

/// Whether a word is typed as an option: `--raw`, `-O`, `--wait=5`.
fn is_option(word: &str) -> bool {
    let rest = word.strip_prefix("--").or_else(|| word.strip_prefix('-'));
    rest.is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_alphabetic()))
}

/// `CAP_FOWNER`, `NO_COLOR`.
fn is_constant(word: &str) -> bool {
    word.contains('_') && word.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_becomes_source() {
        let values = ["FILE".to_owned()];
        let source = |text: &str| paragraph(text, &values);
        assert_eq!(
            source("See tee(2) or (ftok(3)). Read-only: --read-only."),
            "See \\fBtee\\fR(2) or (\\fBftok\\fR(3)).\nRead-only: \\fB\\-\\-read\\-only\\fR.\n"
        );
        assert_eq!(
            source("Into FILE, e.g. `a b`; (--wait=5)"),
            "Into \\fIFILE\\fR, e.g.\\& \\fBa b\\fR; (\\fB\\-\\-wait=5\\fR)\n"
        );
        assert_eq!(source("CAP_KILL is ~ 'it' \\ -"), "\\fBCAP_KILL\\fR is \\(ti \\(aqit\\(aq \\e -\n");
        assert_eq!(source(".TH is no macro"), "\\&.TH is no macro\n");
        assert_eq!(sentence("up by a row"), "Up by a row.");
        assert_eq!(sentence("kind:which or so"), "kind:which or so.");
    }

    #[test]
    fn lines_stay_short_and_never_begin_a_macro() {
        let text = "word ".repeat(60) + &".x 'y ".repeat(40);
        for line in paragraph(&text, &[]).lines() {
            assert!(line.len() <= WIDTH + 2 && !line.starts_with(['.', '\'']), "{line}");
        }
    }
}
