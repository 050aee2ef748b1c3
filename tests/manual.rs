//! The manual page against the program: every subcommand, option, column, key and setting has its paragraph in
//! man/ipcx.1, and the page has none that the program does not know.
//!
//! The program is asked as a person would ask it (`--help`, `ls --list-columns`), the page is read as groff reads it,
//! as far as fonts and escapes of hyphens go. An option that is only mentioned in running text is not described: it has
//! to head a tagged paragraph (`.TP`).
#![allow(clippy::unwrap_used)] // a test that cannot read the page should fail

use std::collections::BTreeSet;
use std::process::Command;

const PAGE: &str = include_str!("../man/ipcx.1");

fn ipcx(arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_ipcx")).args(arguments).env_clear().output().unwrap();
    assert!(output.status.success(), "ipcx {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// Names of the subcommands: the first words of the list below `Commands:`.
fn subcommands() -> Vec<String> {
    let help = ipcx(&["--help"]);
    let list = help.lines().skip_while(|line| *line != "Commands:").skip(1).take_while(|line| !line.is_empty());
    let names: Vec<String> = list.map(|line| line.split_whitespace().next().unwrap().to_owned()).collect();
    assert!(names.iter().any(|name| name == "ls"), "{names:?}");
    names
}

/// The options of a help text, each as it is to be typed: `-q, --queues`, `--watch`.
fn options(help: &str) -> BTreeSet<String> {
    let lines = help.lines().map(str::trim).filter(|line| line.starts_with("--") || is_short(line));
    lines.map(|line| forms(line.split("  ").next().unwrap()).join(", ")).collect()
}

/// Whether a text begins with `-x` and not with `- `, which is an item of a list.
fn is_short(text: &str) -> bool {
    text.strip_prefix('-').is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_alphanumeric()))
}

/// The words of a text that are options, without what follows them: `--watch[=<SECONDS>]` is `--watch`.
fn forms(text: &str) -> Vec<String> {
    let words = text.split([' ', ',']).filter(|word| word.starts_with("--") || is_short(word));
    words.map(|word| word.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '-').collect()).collect()
}

/// Options of all commands together.
fn all_options() -> BTreeSet<String> {
    let mut all = options(&ipcx(&["--help"]));
    for name in subcommands().iter().filter(|name| *name != "help") {
        let own = options(&ipcx(&[name, "--help"]));
        assert!(own.contains("-h, --help"), "the help of {name} was read: {own:?}");
        all.extend(own);
    }
    all
}

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

/// A line of the page as it is shown: without its font macro, with fonts and escapes resolved.
fn shown(line: &str) -> String {
    let (name, rest) = line.strip_prefix('.').map_or(("", line), |line| line.split_once(' ').unwrap_or((line, "")));
    let text = match name {
        "" => rest.to_owned(),
        "BR" | "RB" | "BI" | "IB" | "IR" | "RI" => arguments(rest).concat(),
        _ => arguments(rest).join(" "),
    };
    let fonts = ["\\fB", "\\fI", "\\fR", "\\fP", "\\|", "\\&"];
    let plain = fonts.iter().fold(text, |text, font| text.replace(font, ""));
    plain.replace("\\-", "-").replace("\\(aq", "'").replace("\\(dq", "\"").replace("\\e", "\\")
}

/// The lines of a section.
fn section(name: &str) -> impl Iterator<Item = &'static str> {
    let heading = format!(".SH {name}");
    let lines = PAGE.lines().skip_while(move |line| line.replace('"', "") != heading).skip(1);
    lines.take_while(|line| !line.starts_with(".SH "))
}

/// What heads the tagged paragraphs among these lines.
fn tags<'a>(lines: impl Iterator<Item = &'a str>) -> Vec<String> {
    let lines: Vec<&str> = lines.collect();
    lines.windows(2).filter(|pair| pair[0] == ".TP").map(|pair| shown(pair[1])).collect()
}

/// The options that head paragraphs, spelled as [`options`] spells them.
fn described_options() -> BTreeSet<String> {
    let tags = tags(PAGE.lines());
    let options = tags.iter().filter(|tag| tag.starts_with("--") || is_short(tag));
    options.map(|tag| forms(tag).join(", ")).collect()
}

/// The columns that head paragraphs, other names in parentheses.
fn described_columns() -> BTreeSet<String> {
    tags(section("COLUMNS")).into_iter().collect()
}

fn missing(from: &BTreeSet<String>, of: &BTreeSet<String>) -> Vec<String> {
    of.difference(from).cloned().collect()
}

#[test]
fn every_subcommand_has_its_part() {
    let parts: Vec<String> = section("COMMANDS").filter(|line| line.starts_with(".SS ")).map(shown).collect();
    for name in subcommands() {
        let begins = |part: &String| part.split_whitespace().take(2).eq(["ipcx", name.as_str()]);
        assert!(parts.iter().any(begins), "man/ipcx.1, COMMANDS: no `.SS \"ipcx {name} ...\"` in {parts:?}");
    }
}

#[test]
fn every_option_is_described() {
    let missing = missing(&described_options(), &all_options());
    assert!(missing.is_empty(), "man/ipcx.1 has no paragraph for {missing:?}");
}

#[test]
fn no_option_is_made_up() {
    let made_up = missing(&all_options(), &described_options());
    assert!(made_up.is_empty(), "man/ipcx.1 describes {made_up:?}, which no command has");
}

#[test]
fn every_column_is_described_and_none_is_made_up() {
    let registry: BTreeSet<String> = ipcx::query::columns::ALL
        .iter()
        .map(|column| match column.aliases {
            [] => column.name.to_owned(),
            aliases => format!("{} ({})", column.name, aliases.join(", ")),
        })
        .collect();
    let listed: BTreeSet<String> =
        ipcx(&["ls", "--list-columns"]).lines().map(|line| line.split(' ').next().unwrap().to_owned()).collect();
    let names: BTreeSet<String> = registry.iter().map(|column| column.split(' ').next().unwrap().to_owned()).collect();
    assert_eq!(listed, names, "what `ipcx ls --list-columns` prints is the registry");
    let described = described_columns();
    let absent = missing(&described, &registry);
    assert!(absent.is_empty(), "man/ipcx.1, COLUMNS: no paragraph is headed {absent:?}");
    let made_up = missing(&registry, &described);
    assert!(made_up.is_empty(), "man/ipcx.1, COLUMNS: {made_up:?} is no column with these other names");
}

/// The first line of each tagged paragraph of a section, with what heads it.
fn paragraphs(name: &str) -> Vec<(String, String)> {
    let lines: Vec<&str> = section(name).collect();
    lines.windows(3).filter(|three| three[0] == ".TP").map(|three| (shown(three[1]), shown(three[2]))).collect()
}

#[test]
fn the_keys_are_those_of_the_table() {
    use ipcx::config::keys::{Group, Keymap};
    let groups: Vec<String> = section("KEYS").filter(|line| line.starts_with(".SS ")).map(shown).collect();
    assert_eq!(groups, Group::ALL.map(Group::title));
    let help = ipcx(&["help", "keys"]);
    let mut table = Vec::new();
    for (binding, keys) in Keymap::default().rows() {
        let keys = keys.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
        let row = words(&format!("{keys} {} {}", binding.name, binding.about));
        assert!(help.lines().any(|line| words(line) == row), "`ipcx help keys` has no line {row:?}");
        let (first, rest) = binding.about.split_at(1);
        table.push((format!("{keys} ({})", binding.name), format!("{}{rest}.", first.to_uppercase())));
    }
    assert_eq!(paragraphs("KEYS"), table);
}

#[test]
fn the_settings_are_those_of_the_template() {
    let mut described: Vec<String> =
        tags(section("SETTINGS")).iter().flat_map(|tag| tag.split(", ")).map(str::to_owned).collect();
    let template: toml::Table = toml::from_str(&ipcx(&["config", "print"])).unwrap();
    let mut settings: Vec<String> = Vec::new();
    for (name, value) in &template {
        match value.as_table() {
            Some(_) if name == "keys" => settings.push("keys.command".to_owned()),
            Some(table) => settings.extend(table.keys().map(|inner| format!("{name}.{inner}"))),
            None => settings.push(name.clone()),
        }
    }
    described.sort();
    settings.sort();
    assert_eq!(described, settings);
}

#[test]
fn the_verdicts_are_the_states() {
    let states: BTreeSet<String> = ipcx::query::filter::STATES.iter().map(|state| (*state).to_owned()).collect();
    assert_eq!(tags(section("VERDICTS")).into_iter().collect::<BTreeSet<_>>(), states);
}

#[test]
fn the_page_is_of_this_version() {
    let heading = PAGE.lines().find(|line| line.starts_with(".TH ")).unwrap();
    let version = concat!("\"ipcx ", env!("CARGO_PKG_VERSION"), "\"");
    assert!(heading.contains(version), "{heading} does not say {version}");
}

#[test]
fn help_and_page_are_read_rightly() {
    let help = "Options:\n  -q, --queue <VALUE>  A --thing\n      --watch[=<SECONDS>]\n          - auto: x\n  -n\n";
    assert_eq!(options(help).into_iter().collect::<Vec<_>>(), ["--watch", "-n", "-q, --queue"]);
    assert_eq!(shown(r#".BR \-q ", " \-\-queue " \fIVALUE\fR""#), "-q, --queue VALUE");
    assert_eq!(shown(".B \\-\\-no\\-header"), "--no-header");
    let page = ["text", ".TP", ".BR \\-\\-watch [=\\fIN\\fR]", "body", ".TP", ".B key"];
    assert_eq!(tags(page.into_iter()), ["--watch[=N]", "key"]);
}
