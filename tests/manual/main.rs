//! The manual pages against the program. Each page in man/ is one file: parts between markers come from the command
//! line's definition, the columns, the keys, the exit codes and the settings, the rest is written by hand.
//!
//! `IPCX_RENEW_MAN=1 cargo test --test manual` makes the generated parts anew, and a page for a command that has none.
#![allow(clippy::unwrap_used)] // a test that cannot read a page should fail

mod checks;
mod page;
mod parts;
mod roff;
mod settings;
mod shown;

const RENEW: &str = "IPCX_RENEW_MAN=1 cargo test --test manual";

/// The names under which ipcx is what util-linux has; one page is about all of them.
const OLD_NAMES: [&str; 4] = ["ipcs", "ipcrm", "ipcmk", "lsipc"];

/// The page that is about a command.
fn page_of(command: &str) -> String {
    if OLD_NAMES.contains(&command) { "ipcx-ipcs.1".to_owned() } else { format!("ipcx-{command}.1") }
}

/// The pages as they are checked in; made anew first, once, where that is asked for.
fn pages() -> &'static [(String, String)] {
    static PAGES: std::sync::OnceLock<Vec<(String, String)>> = std::sync::OnceLock::new();
    PAGES.get_or_init(|| {
        if std::env::var_os("IPCX_RENEW_MAN").is_some() {
            for command in parts::subcommands(&ipcx::cli::command()) {
                let file = page::folder().join(page_of(command.get_name()));
                if !file.exists() {
                    std::fs::write(file, page::begun(command.get_name())).unwrap();
                }
            }
            for (name, text) in page::all() {
                std::fs::write(page::folder().join(&name), page::renewed(&name, &text)).unwrap();
            }
        }
        page::all()
    })
}

/// The text of a page.
fn page(name: &str) -> &'static str {
    let found = pages().iter().find(|(page, _)| page == name);
    found.map_or_else(|| panic!("man/{name} is not there"), |(_, text)| text)
}

#[test]
fn generated_parts_are_in_step() {
    for (name, text) in pages() {
        let wanted = page::renewed(name, text);
        let differs = text.lines().zip(wanted.lines()).position(|(is, should)| is != should);
        if let Some(at) = differs {
            let (is, should) = (text.lines().nth(at).unwrap(), wanted.lines().nth(at).unwrap());
            panic!("man/{name}, line {}, is\n  {is}\nand should be\n  {should}\nTo renew all pages: {RENEW}", at + 1);
        }
        assert_eq!(text.len(), wanted.len(), "man/{name} is longer or shorter than it should be; to renew: {RENEW}");
    }
}

#[test]
fn every_command_has_its_page_and_no_page_is_made_up() {
    let command = ipcx::cli::command();
    let mut wanted: Vec<String> = parts::subcommands(&command).map(|inner| page_of(inner.get_name())).collect();
    for name in &wanted {
        assert!(
            pages().iter().any(|(page, _)| page == name),
            "man/{name} is missing. To begin it: {RENEW}; then write its prose, and list it in src/cli/man.rs"
        );
    }
    wanted.extend(["ipcx.1", "ipcx.toml.5", "ipcx-ipcs.1"].map(str::to_owned));
    for (name, _) in pages() {
        assert!(wanted.contains(name), "man/{name} is about a command that ipcx does not have");
    }
}

#[test]
fn the_program_has_every_page() {
    let mut known: Vec<(String, String)> =
        ipcx::cli::PAGES.iter().map(|page| (page.name.to_owned(), page.text.to_owned())).collect();
    known.sort();
    let names = |pages: &[(String, String)]| pages.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>();
    assert_eq!(names(&known), names(pages()), "PAGES in src/cli/man.rs and the files in man/ are not the same");
    for (name, text) in pages() {
        let mut first = text.lines();
        assert_eq!(first.next(), Some(page::FIRST), "man/{name}: `ipcx man` knows its pages by their first line");
        assert_eq!(first.next(), Some(page::SECOND), "man/{name}");
    }
}
