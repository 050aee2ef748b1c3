//! A page as a reader meets it: sections, what heads a tagged paragraph, text without fonts and escapes.

/// The arguments of a macro: words, or what stands in double quotes.
fn arguments(text: &str) -> Vec<String> {
    let (mut arguments, mut rest) = (Vec::new(), text.trim_start());
    while !rest.is_empty() {
        let (argument, behind) = match rest.strip_prefix('"') {
            Some(quoted) => quoted.split_once('"').unwrap_or((quoted, "")),
            None => rest.split_once(' ').unwrap_or((rest, "")),
        };
        arguments.push(argument.to_owned());
        rest = behind.trim_start();
    }
    arguments
}

/// A line of a page as it is shown: without its font macro, with fonts and escapes resolved.
pub(crate) fn shown(line: &str) -> String {
    let (name, rest) = line.strip_prefix('.').map_or(("", line), |line| line.split_once(' ').unwrap_or((line, "")));
    let text = match name {
        "" => rest.to_owned(),
        "BR" | "RB" | "BI" | "IB" | "IR" | "RI" => arguments(rest).concat(),
        _ => arguments(rest).join(" "),
    };
    let fonts = ["\\fB", "\\fI", "\\fR", "\\fP", "\\|", "\\&"];
    let plain = fonts.iter().fold(text, |text, font| text.replace(font, ""));
    let signs =
        [("\\-", "-"), ("\\(aq", "'"), ("\\(dq", "\""), ("\\(ti", "~"), ("\\(ha", "^"), ("\\(ga", "`"), ("\\e", "\\")];
    signs.iter().fold(plain, |text, (escape, sign)| text.replace(escape, sign))
}

/// The lines of a section.
pub(crate) fn section<'a>(page: &'a str, name: &str) -> impl Iterator<Item = &'a str> + use<'a> {
    let heading = format!(".SH {name}");
    let lines = page.lines().skip_while(move |line| line.replace('"', "") != heading).skip(1);
    lines.take_while(|line| !line.starts_with(".SH "))
}

/// What heads the tagged paragraphs among these lines, with the first line below.
pub(crate) fn paragraphs<'a>(lines: impl Iterator<Item = &'a str>) -> Vec<(String, String)> {
    let lines: Vec<&str> = lines.collect();
    let tagged = lines.windows(3).filter(|three| three[0] == ".TP" || three[0].starts_with(".TP "));
    tagged.map(|three| (shown(three[1]), shown(three[2]))).collect()
}

/// What heads the tagged paragraphs.
pub(crate) fn tags<'a>(lines: impl Iterator<Item = &'a str>) -> Vec<String> {
    paragraphs(lines).into_iter().map(|(tag, _)| tag).collect()
}

/// Whether a text begins with `-x` and not with `- `, which is an item of a list.
pub(crate) fn is_short(text: &str) -> bool {
    text.strip_prefix('-').is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_alphanumeric()))
}

/// The words of a text that are options, without what follows them: `--watch[=<SECONDS>]` is `--watch`.
pub(crate) fn forms(text: &str) -> Vec<String> {
    let words = text.split([' ', ',']).filter(|word| word.starts_with("--") || is_short(word));
    words.map(|word| word.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '-').collect()).collect()
}

#[test]
fn pages_are_read_rightly() {
    assert_eq!(shown(r#".BR \-q ", " \-\-queue " \fIVALUE\fR""#), "-q, --queue VALUE");
    assert_eq!(shown(".B \\-\\-no\\-header"), "--no-header");
    let page = ["text", ".TP", ".BR \\-\\-watch [=\\fIN\\fR]", "body", ".TP 20n", ".B key", "what"];
    assert_eq!(tags(page.into_iter()), ["--watch[=N]", "key"]);
    assert_eq!(section(".SH A\n.SH \"B C\"\none\n.SH D\ntwo", "B C").collect::<Vec<_>>(), ["one"]);
}
