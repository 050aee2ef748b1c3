//! `config.toml`: read strictly, so that a slip is told and not passed over. assets/config.toml has every setting with its
//! default. ipcx never writes it.
//!
//! What one value may be is in `values`; `[keys]`, whose settings depend on each other, is checked in [`keys`](super::keys).

use super::keys::{Keymap, Override};
use super::theme::ThemeName;
use super::values::{self, Words};
use crate::model::{Kinds, escape};
use crate::query::columns::{self, Column};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::time::Duration;
use toml::Spanned;

/// The file with every setting, its default, and what it is for.
pub const TEMPLATE: &str = include_str!("../../assets/config.toml");

/// All settings.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// Every action that changes something is refused.
    pub read_only: bool,
    /// How often the terminal interface looks again: a quarter of a second to an hour.
    #[serde(deserialize_with = "values::interval")]
    pub refresh: Duration,
    /// The terminal interface's colours.
    #[serde(deserialize_with = "values::theme")]
    pub theme: ThemeName,
    /// The terminal interface takes the mouse.
    pub mouse: bool,
    /// It draws with ASCII characters alone, whatever the locale.
    pub ascii: bool,
    /// `[columns]`.
    pub columns: Columns,
    /// `[keys]`, over the table.
    #[serde(deserialize_with = "values::later")]
    pub keys: Keymap,
    /// `[backup]`.
    pub backup: Backup,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            read_only: false,
            refresh: Duration::from_secs(2),
            theme: ThemeName::default(),
            mouse: true,
            ascii: false,
            columns: Columns::default(),
            keys: Keymap::default(),
            backup: Backup::default(),
        }
    }
}

/// The columns of the terminal interface's tables, the address always the first.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Columns {
    /// Message queues.
    #[serde(deserialize_with = "values::columns")]
    pub queues: Vec<&'static Column>,
    /// Shared memory.
    #[serde(deserialize_with = "values::columns")]
    pub memory: Vec<&'static Column>,
    /// Semaphores.
    #[serde(deserialize_with = "values::columns")]
    pub semaphores: Vec<&'static Column>,
    /// Pipes and FIFOs.
    #[serde(deserialize_with = "values::columns")]
    pub pipes: Vec<&'static Column>,
    /// Unix and internet sockets.
    #[serde(deserialize_with = "values::columns")]
    pub sockets: Vec<&'static Column>,
}

impl Default for Columns {
    fn default() -> Self {
        let of = |kinds| columns::for_kinds(kinds, false);
        Self {
            queues: of(Kinds::QUEUES),
            memory: of(Kinds::MEMORY),
            semaphores: of(Kinds::SEMS),
            pipes: of(Kinds::PIPES | Kinds::FIFOS),
            // An internet socket has all of these as well.
            sockets: of(Kinds::UNIX),
        }
    }
}

/// How much is kept of what is removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Backup {
    /// Most bytes of contents in one backup.
    #[serde(deserialize_with = "values::size")]
    pub max_size: u64,
    /// Seconds for which one can be undone.
    #[serde(deserialize_with = "values::span")]
    pub keep: u64,
    /// Most bytes of all together.
    #[serde(deserialize_with = "values::size")]
    pub total: u64,
}

impl Default for Backup {
    fn default() -> Self {
        Self { max_size: 64 << 20, keep: 7 * 24 * 60 * 60, total: 1 << 30 }
    }
}

/// `[keys]` alone, with the places that its errors name.
#[derive(Default, Deserialize)]
#[serde(default)]
struct KeysOnly {
    keys: BTreeMap<Spanned<String>, Spanned<Words>>,
}

impl KeysOnly {
    /// In the order of the file.
    fn overrides(self) -> Vec<Override> {
        let mut overrides: Vec<Override> = self
            .keys
            .into_iter()
            .map(|(name, words)| {
                let (at, around) = (name.span().start, words.span().start);
                let keys = words.into_inner().0.into_iter().map(|(at, word)| (at.unwrap_or(around), word)).collect();
                Override { name: name.into_inner(), keys, at }
            })
            .collect();
        overrides.sort_by_key(|setting| setting.at);
        overrides
    }
}

/// What is wrong with the file, and where. One line, fit for a terminal.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{place}:{line}: {what}; `ipcx config print` has every setting")]
pub struct ConfigError {
    place: String,
    line: usize,
    what: String,
}

impl Settings {
    /// Reads the file's text; `place` names it in errors.
    pub fn parse(place: &str, text: &[u8]) -> Result<Self, ConfigError> {
        let fail = |at: usize, what: &str| ConfigError {
            place: place.to_owned(),
            line: text[..at.min(text.len())].split(|byte| *byte == b'\n').count(),
            what: what.to_owned(),
        };
        let wrong = |error: &toml::de::Error| {
            // It repeats names out of the file as they are; what is escaped in it already stays so.
            let first = error.message().lines().next().unwrap_or_default();
            fail(error.span().map_or(0, |span| span.start), &escape(first.as_bytes()).replace("\\\\", "\\"))
        };
        let text = std::str::from_utf8(text).map_err(|error| fail(error.valid_up_to(), "this is not UTF-8"))?;
        let mut settings: Self = toml::from_str(text).map_err(|error| wrong(&error))?;
        let keys: KeysOnly = toml::from_str(text).map_err(|error| wrong(&error))?;
        settings.keys = Keymap::with(&keys.overrides()).map_err(|error| fail(error.at, &error.what))?;
        Ok(settings)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::config::keys::{BINDINGS, Command, Key};

    fn parse(text: &str) -> Settings {
        Settings::parse("c.toml", text.as_bytes()).unwrap()
    }

    fn told(text: &str) -> String {
        Settings::parse("c.toml", text.as_bytes()).unwrap_err().to_string()
    }

    fn names(columns: &[&'static Column]) -> Vec<&'static str> {
        columns.iter().map(|column| column.name).collect()
    }

    #[test]
    fn the_template_has_the_defaults() {
        assert_eq!(parse(TEMPLATE), Settings::default());
        assert_eq!(parse(""), Settings::default());
    }

    #[test]
    fn the_template_has_every_setting() {
        /// A table's settings, by table and name.
        fn settings(table: &toml::Table, prefix: &str, all: &mut Vec<String>) {
            for (name, value) in table {
                match value {
                    toml::Value::Table(inner) => settings(inner, &format!("{prefix}{name}."), all),
                    _ => all.push(format!("{prefix}{name}")),
                }
            }
        }
        let mut written = Vec::new();
        settings(&toml::from_str(TEMPLATE).unwrap(), "", &mut written);
        // What the program knows it says itself, when it is asked for what it does not.
        let mut known: Vec<String> = BINDINGS.iter().map(|binding| format!("keys.{}", binding.name)).collect();
        for (heading, prefix) in [("", ""), ("[columns]\n", "columns."), ("[backup]\n", "backup.")] {
            let told = told(&format!("{heading}nonsense = 1\n"));
            let (_, list) = told.split_once("expected one of ").unwrap();
            let list =
                list.split(';').next().unwrap().split(", ").map(|name| format!("{prefix}{}", name.trim_matches('`')));
            known.extend(list.filter(|name| !["columns", "keys", "backup"].contains(&name.as_str())));
        }
        written.sort();
        known.sort();
        assert_eq!(written, known);
    }

    #[test]
    fn settings_are_what_the_file_says() {
        let settings = parse(
            "read_only = true\nrefresh = \"0.5s\"\ntheme = \"light\"\nmouse = false\nascii = true\n\
             [columns]\nqueues = [\"KEY\", \"messages\"]\nmemory = []\npipes = [\"user\", \"address\", \"owner\"]\n\
             [keys]\nremove = \"Alt-d\"\nundo = []\n[backup]\nkeep = \"1h\"\n",
        );
        assert_eq!((settings.read_only, settings.mouse, settings.ascii), (true, false, true));
        assert_eq!((settings.refresh, settings.theme), (Duration::from_millis(500), ThemeName::Light));
        assert_eq!(names(&settings.columns.queues), ["address", "key", "messages"]);
        assert_eq!(names(&settings.columns.memory), ["address"]);
        assert_eq!(names(&settings.columns.pipes), ["address", "owner"]);
        assert_eq!(settings.columns.sockets, Columns::default().sockets);
        assert_eq!(settings.keys.keys(Command::Remove), [Key::parse("Alt-d").unwrap()]);
        assert_eq!(settings.keys.keys(Command::Undo), []);
        assert_eq!(settings.backup, Backup { keep: 3600, ..Backup::default() });
    }

    #[test]
    fn what_is_wrong_is_told_with_its_line() {
        for (text, line, word) in [
            ("[backup]\nmax_size = \"64M\"\nkeeep = \"7d\"\n", "c.toml:3:", "keeep"),
            ("[bakup]\n", "c.toml:1:", "bakup"),
            ("\n[backup]\nmax_size = \"lots\"\n", "c.toml:3:", "size"),
            ("[backup]\nkeep = 7\n", "c.toml:2:", "span of time"),
            ("[backup\n", "c.toml:1:", ""),
            ("\nread_only = \"yes\"\n", "c.toml:2:", "boolean"),
            ("\nread-only = true\n", "c.toml:2:", "read-only"),
            ("mouse = true\nrefresh = \"0.1s\"\n", "c.toml:2:", "0.25s"),
            ("\n\nrefresh = \"2h\"\n", "c.toml:3:", "1h"),
            ("refresh = 2\n", "c.toml:1:", "\"2s\""),
            ("\ntheme = \"purple\"\n", "c.toml:2:", "ansi, dark, light, mono"),
            ("theme = 1\n", "c.toml:1:", "ansi, dark, light, mono"),
            ("mouse = true\nmouse = false\n", "c.toml:2:", "duplicate"),
            ("[columns]\nqueue = []\n", "c.toml:2:", "queue"),
            ("[columns]\nqueues = [\n\"key\",\n\"colour\"]\n", "c.toml:4:", "no column is named"),
            ("[columns]\nqueues = \"key\"\n", "c.toml:2:", "list"),
            ("[columns]\nqueues = [\"key\", 3]\n", "c.toml:2:", "name"),
            ("[keys]\nup = [\"Up\"]\nremov = \"d\"\n", "c.toml:3:", "no command is named"),
            ("[keys]\nremove = [\n\"d\",\n\"Ctrl-M\"]\n", "c.toml:4:", "Ctrl-M"),
            ("[keys]\nremove = \"Ctrl-M\"\n", "c.toml:2:", "no key"),
            ("[keys]\nremove = [\n\"d\",\n1]\n", "c.toml:4:", "key"),
            ("[keys]\nremove = true\n", "c.toml:2:", "key"),
            ("[keys]\nsignal = \"o\"\n\npeek = \"z\"\n", "c.toml:2:", "o means both jump and signal"),
            ("[keys]\nquit = \"q\"\n", "c.toml:2:", "Ctrl-C"),
            ("keys = 1\n", "c.toml:1:", ""),
            ("[\"\\u001b[31m\"]\n", "c.toml:1:", "\\x1b"),
        ] {
            let told = told(text);
            assert!(told.starts_with(line) && told.contains(word), "{text}: {told}");
            assert!(!told.chars().any(char::is_control), "{told:?}");
        }
        assert!(Settings::parse("c.toml", b"\n\xff").unwrap_err().to_string().starts_with("c.toml:2:"));
    }
}
