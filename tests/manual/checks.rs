//! What the pages say against what the program says when it is asked as a person asks it: `--help`, `--list-columns`,
//! `help keys`, `config print`. It stands whoever wrote a part, and whatever happens to its markers.

use crate::page::folder;
use crate::shown::{forms, is_short, paragraphs, section, shown, tags};
use crate::{page, page_of, pages};
use std::collections::BTreeSet;
use std::io::Write;
use std::process::Command;

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
    names.into_iter().filter(|name| name != "help" && !crate::OLD_NAMES.contains(&name.as_str())).collect()
}

/// The options of a help text, each as it is to be typed: `-q, --queues`, `--watch`.
fn options(help: &str) -> BTreeSet<String> {
    let lines = help.lines().map(str::trim).filter(|line| line.starts_with("--") || is_short(line));
    lines.map(|line| forms(line.split("  ").next().unwrap()).join(", ")).collect()
}

/// The options that head paragraphs, spelled as [`options`] spells them.
fn described<'a>(lines: impl Iterator<Item = &'a str>) -> BTreeSet<String> {
    let options = tags(lines).into_iter().filter(|tag| tag.starts_with("--") || is_short(tag));
    options.map(|tag| forms(&tag).join(", ")).collect()
}

#[test]
fn every_option_is_described_and_none_is_made_up() {
    // What every command has is described once, in ipcx(1); what opens the interface, in ipcx-tui(1).
    let everywhere = described(section(page("ipcx.1"), "OPTIONS"));
    let of_ipcx = options(&ipcx(&["-h"]));
    let of_tui = options(&ipcx(&["tui", "-h"]));
    assert_eq!(
        everywhere,
        &(&of_ipcx - &of_tui) | &(&of_ipcx & &options(&ipcx(&["keys", "-h"]))),
        "man/ipcx.1, OPTIONS"
    );
    for name in subcommands() {
        let known = options(&ipcx(&[&name, "-h"]));
        assert!(known.contains("-h, --help"), "the help of {name} was read: {known:?}");
        let described = described(page(&page_of(&name)).lines());
        assert_eq!(described, &known - &everywhere, "man/{} and `ipcx {name} -h`", page_of(&name));
    }
}

#[test]
fn help_is_read_rightly() {
    let help = "Options:\n  -q, --queue <VALUE>  A --thing\n      --watch[=<SECONDS>]\n          - auto: x\n  -n\n";
    assert_eq!(options(help).into_iter().collect::<Vec<_>>(), ["--watch", "-n", "-q, --queue"]);
}

#[test]
fn every_page_has_what_a_page_has() {
    for name in subcommands() {
        let page = page(&page_of(&name));
        for heading in ["NAME", "SYNOPSIS", "DESCRIPTION", "SEE ALSO"] {
            assert!(
                section(page, heading)
                    .any(|line| !line.starts_with('.') || line.starts_with(".BR ") || line.starts_with(".SY ")),
                "{name}: {heading}"
            );
        }
        let has_examples = ipcx(&[&name, "--help"]).contains("Examples:");
        assert_eq!(section(page, "EXAMPLES").next().is_some(), has_examples, "{name}: EXAMPLES");
        let line = section(page, "NAME").map(shown).find(|line| line.contains(" - ")).unwrap();
        assert!(line.starts_with(&format!("ipcx-{name}")), "{name}: {line}");
    }
    for heading in ["COMMANDS", "EXAMPLES", "FILES", "ENVIRONMENT", "EXIT STATUS", "SECURITY", "SEE ALSO"] {
        assert!(section(page("ipcx.1"), heading).count() > 2, "man/ipcx.1: {heading}");
    }
}

#[test]
fn ipcx_lists_its_commands() {
    let listed: BTreeSet<String> = tags(section(page("ipcx.1"), "COMMANDS")).into_iter().collect();
    let old = crate::OLD_NAMES.map(str::to_owned);
    assert_eq!(&listed - &BTreeSet::from(old), subcommands().into_iter().collect());
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
    assert_eq!(tags(section(page("ipcx.1"), "COLUMNS")).into_iter().collect::<BTreeSet<_>>(), registry);
}

#[test]
fn the_keys_are_those_of_the_table() {
    use ipcx::config::keys::{Group, Keymap};
    let section = || section(page("ipcx.1"), "KEYS");
    let groups: Vec<String> = section().filter(|line| line.starts_with(".SS ")).map(shown).collect();
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
    assert_eq!(paragraphs(section()), table);
}

#[test]
fn the_settings_are_those_of_the_template() {
    let template: toml::Table = toml::from_str(&ipcx(&["config", "print"])).unwrap();
    let mut settings = BTreeSet::new();
    for (name, value) in &template {
        match value.as_table() {
            // Each is a command: ipcx(1), KEYS, has them.
            Some(_) if name == "keys" => {}
            Some(table) => settings.extend(table.keys().map(|inner| format!("{name}.{inner}"))),
            None => {
                settings.insert(name.clone());
            }
        }
    }
    let section = || section(page("ipcx.toml.5"), "SETTINGS");
    assert_eq!(tags(section()).into_iter().collect::<BTreeSet<_>>(), settings);
    assert!(section().any(|line| shown(line) == "[keys]"));
}

#[test]
fn the_example_of_settings_is_right() {
    let lines: Vec<String> = section(page("ipcx.toml.5"), "EXAMPLES")
        .skip_while(|line| *line != ".EX")
        .skip(1)
        .take_while(|line| *line != ".EE")
        .map(shown)
        .collect();
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(lines.join("\n").as_bytes()).unwrap();
    assert!(lines.len() > 5 && ipcx(&["config", "check", file.path().to_str().unwrap()]).ends_with(": fine\n"));
}

#[test]
fn the_verdicts_are_the_states() {
    let states: BTreeSet<String> = ipcx::query::filter::STATES.iter().map(|state| (*state).to_owned()).collect();
    assert_eq!(tags(section(page("ipcx.1"), "VERDICTS")).into_iter().collect::<BTreeSet<_>>(), states);
}

#[test]
fn pages_are_of_this_version_and_point_to_pages_that_are_there() {
    let version = concat!("\"ipcx ", env!("CARGO_PKG_VERSION"), "\"");
    for (name, text) in pages() {
        let heading = text.lines().find(|line| line.starts_with(".TH ")).unwrap();
        let (page, section) = name.rsplit_once('.').unwrap();
        let begins = format!(".TH {} {section} ", page.to_uppercase().replace('-', "\\-"));
        assert!(heading.starts_with(&begins) && heading.contains(version), "man/{name}: {heading}");
        for word in
            text.lines().map(shown).flat_map(|line| line.split_whitespace().map(str::to_owned).collect::<Vec<_>>())
        {
            let Some((other, section)) = word.trim_start_matches('(').split_once('(') else { continue };
            let is_page = other == "ipcx" || other.starts_with("ipcx-") || other.starts_with("ipcx.");
            let section = section.chars().next().unwrap_or_default();
            if is_page && section.is_ascii_digit() {
                let file = format!("{other}.{section}");
                assert!(pages().iter().any(|(page, _)| *page == file), "man/{name} points to {file}");
            }
        }
    }
}

/// Runs a formatter over every page; nothing may be said about any. `None` if it is not installed.
fn said(program: &str, arguments: &[&str], environment: &[(&str, &str)]) -> Option<String> {
    let mut all = Vec::new();
    for (name, _) in pages() {
        let mut command = Command::new(program);
        command.args(arguments).arg(folder().join(name)).envs(environment.iter().copied());
        match command.output() {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return None,
            output => {
                let output = output.unwrap();
                let told = [&output.stderr[..], if program == "mandoc" { &output.stdout } else { &[] }].concat();
                let told = String::from_utf8_lossy(&told);
                if !told.is_empty() || !output.status.success() {
                    all.push(format!("man/{name}: {}\n{told}", output.status));
                }
            }
        }
    }
    Some(all.concat())
}

#[test]
fn formatters_have_nothing_to_say() {
    let wide = [("MANWIDTH", "80"), ("LC_ALL", "C.UTF-8"), ("MANROFFSEQ", "")];
    let formatters: [(&str, &[&str]); 4] = [
        ("groff", &["-man", "-Tutf8", "-ww", "-z"]),
        ("groff", &["-man", "-Tascii", "-ww", "-z"]),
        ("man", &["--warnings", "-l"]),
        ("mandoc", &["-T", "lint", "-W", "style"]),
    ];
    for (program, arguments) in formatters {
        match said(program, arguments, &wide) {
            Some(said) => assert_eq!(said, "", "{program} {arguments:?}"),
            // Not by `eprintln!`, which a passing test keeps for itself.
            None => writeln!(std::io::stderr(), "SKIPPED formatters_have_nothing_to_say: {program} is not installed")
                .unwrap(),
        }
    }
}
