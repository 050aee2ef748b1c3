//! A page in man/: what stands between a line `.\" generated: options` and the line that ends it is made from the program,
//! about the command that the page is called after; the rest is written by hand.

use crate::parts;
use std::path::{Path, PathBuf};

/// Begins a generated part; the part's name follows.
pub(crate) const BEGIN: &str = r#".\" generated: "#;
/// Ends it.
pub(crate) const END: &str = r#".\" end of what is generated"#;
/// The first line of every page: by it `ipcx man` knows its own.
pub(crate) const FIRST: &str =
    r#".\" Manual page of ipcx. What stands below a line "generated" comes from the program:"#;
/// The second.
pub(crate) const SECOND: &str =
    r#".\" IPCX_RENEW_MAN=1 cargo test --test manual makes it anew. The rest is written by hand."#;

/// The folder of the pages.
pub(crate) fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("man")
}

/// Every page there is, by its file's name, sorted.
pub(crate) fn all() -> Vec<(String, String)> {
    let entries = std::fs::read_dir(folder()).unwrap();
    let mut pages: Vec<(String, String)> = entries
        .map(|entry| {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            (name, std::fs::read_to_string(&path).unwrap())
        })
        .collect();
    pages.sort();
    pages
}

/// The command that a page is called after: `ipcx-ls.1` is about `ls`.
fn command_of(page: &str) -> Option<&str> {
    page.strip_prefix("ipcx-")?.strip_suffix(".1")
}

/// The page with all its generated parts, and the version in its heading, made anew.
pub(crate) fn renewed(name: &str, text: &str) -> String {
    let mut made = String::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        if line.starts_with(".TH ") {
            made += &heading(line);
        } else {
            made += line;
        }
        made.push('\n');
        let Some(what) = line.strip_prefix(BEGIN) else { continue };
        made += &parts::part(what, command_of(name)).unwrap_or_else(|| panic!("man/{name}: there is no part `{what}`"));
        made += END;
        made.push('\n');
        lines.find(|line| *line == END).unwrap_or_else(|| panic!("man/{name}: `{what}` does not end"));
    }
    made
}

/// `.TH` with this version.
fn heading(line: &str) -> String {
    let (before, rest) = line.split_once("\"ipcx ").unwrap_or_else(|| panic!("no version in {line}"));
    let (_, behind) = rest.split_once('"').unwrap();
    format!("{before}\"ipcx {}\"{behind}", env!("CARGO_PKG_VERSION"))
}

/// A page for a command that has none yet: all that can be generated, and no word by hand.
pub(crate) fn begun(command: &str) -> String {
    let part = |name: &str| format!("{BEGIN}{name}\n{END}\n");
    let sections = [("OPTIONS", "options"), ("COMMANDS", "commands"), ("EXAMPLES", "examples")];
    let sections = sections.map(|(heading, name)| match parts::part(name, Some(command)) {
        Some(text) if !text.is_empty() => format!(".SH {heading}\n{}", part(name)),
        _ => String::new(),
    });
    format!(
        "{FIRST}\n{SECOND}\n.TH IPCX\\-{} 1 {} \"ipcx \" \"User Commands\"\n.nh\n.ad l\n{}.SH SYNOPSIS\n{}\
         .SH DESCRIPTION\n{}{}.SH \"SEE ALSO\"\n.BR ipcx (1)\n",
        command.to_uppercase(),
        date(),
        part("name"),
        part("synopsis"),
        part("description"),
        sections.concat(),
    )
}

/// The date of the page ipcx.1, which the others share.
fn date() -> String {
    let page = std::fs::read_to_string(folder().join("ipcx.1")).unwrap();
    let heading = page.lines().find(|line| line.starts_with(".TH ")).unwrap();
    heading.split(' ').nth(3).unwrap().to_owned()
}
