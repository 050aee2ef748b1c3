//! What the terminal interface remembers from one run to the next: `state.toml` in the state directory (XDG Base Directory
//! Specification). It is ipcx's own file, so it is read leniently: nothing in it is worth an error.

use super::keys::{self, Command};
use super::theme::ThemeName;
use crate::query::Sort;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// The file's name in the state directory.
pub const STATE_FILE: &str = "state.toml";

/// What was chosen last; `None` where nothing was.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct State {
    /// The theme.
    pub theme: Option<ThemeName>,
    /// For each view, by the name that its key has in the table, its order: `COL` or `-COL`.
    pub sort: BTreeMap<String, String>,
}

/// The file's form. What it does not know another version wrote.
#[derive(Default, Deserialize)]
#[serde(default)]
struct File {
    theme: Option<String>,
    sort: BTreeMap<String, String>,
}

impl State {
    /// Reads the file's bytes. One that is damaged, or is something else, counts as none; a name that means nothing here
    /// is passed over alone.
    pub fn parse(text: &[u8]) -> Self {
        let file: File = std::str::from_utf8(text).ok().and_then(|text| toml::from_str(text).ok()).unwrap_or_default();
        Self {
            theme: file.theme.and_then(|name| name.parse().ok()),
            sort: file.sort.into_iter().filter(|(view, order)| is_view(view) && Sort::parse(order).is_ok()).collect(),
        }
    }

    /// The file's text.
    pub fn to_text(&self) -> String {
        let mut text =
            "# What ipcx remembers. It is written anew at every end; settings go into config.toml.\n".to_owned();
        let mut line = |name: &str, value: &str| {
            // Writing to a string does not fail.
            let _ = writeln!(text, "{name} = {}", quoted(value));
        };
        if let Some(theme) = self.theme {
            line("theme", &theme.to_string());
        }
        if !self.sort.is_empty() {
            text.push_str("\n[sort]\n");
            for (view, order) in &self.sort {
                let _ = writeln!(text, "{} = {}", quoted(view), quoted(order));
            }
        }
        text
    }
}

fn is_view(name: &str) -> bool {
    keys::named(name).is_some_and(|binding| matches!(binding.command, Command::View(_)))
}

/// A basic string of TOML 1.0.
fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            c if c.is_control() => {
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn some() -> State {
        State {
            theme: Some(ThemeName::Light),
            sort: [("queues", "-messages"), ("sockets", "peer")]
                .map(|(view, order)| (view.to_owned(), order.to_owned()))
                .into(),
        }
    }

    #[test]
    fn what_is_written_is_read() {
        assert_eq!(State::parse(some().to_text().as_bytes()), some());
        assert_eq!(State::parse(State::default().to_text().as_bytes()), State::default());
    }

    #[test]
    fn a_damaged_file_counts_as_none() {
        let text = some().to_text();
        for damaged in [
            text.as_bytes()[..text.len() - 4].to_vec(),
            [text.as_bytes(), b"\xff"].concat(),
            [text.as_bytes(), b"theme = "].concat(),
            text.replace("\"light\"", "5").into_bytes(),
            b"\0\0\0\0".to_vec(),
            b"\x7fELF".to_vec(),
        ] {
            assert_eq!(State::parse(&damaged), State::default(), "{}", String::from_utf8_lossy(&damaged));
        }
    }

    #[test]
    fn names_of_other_versions_are_passed_over() {
        let text = "theme = \"purple\"\nview = \"remove\"\ninterval = \"0.001s\"\nsize = 3\n\
                    [sort]\nqueues = \"-messages\"\nmemory = \"colour\"\nnonsense = \"key\"\n";
        let expected = State { sort: [("queues".to_owned(), "-messages".to_owned())].into(), ..State::default() };
        assert_eq!(State::parse(text.as_bytes()), expected);
    }

    proptest! {
        #[test]
        fn never_panics(bytes: Vec<u8>) {
            let _ = State::parse(&bytes);
        }

        #[test]
        fn any_text_is_quoted(text: String) {
            let table: toml::Table = toml::from_str(&format!("{} = {}", quoted(&text), quoted(&text))).expect("TOML");
            prop_assert_eq!(table.get(&text).and_then(|value| value.as_str()), Some(&*text));
        }
    }
}
