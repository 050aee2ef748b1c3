//! `ipcx keys`: what the keys of the terminal interface mean, out of the one table, with what the settings change.

use super::exit::Exit;
use super::print::to_stdout;
use crate::config::keys::{Group, Key, Keymap};
use clap::Args;
use std::fmt::Write as _;
use std::io::Write as _;

/// List the keys of the terminal interface
///
/// Each with the name by which config.toml and the command line of the terminal interface know what it does. These are
/// the keys in force; the help of this command has the ones that hold without settings.
#[derive(Debug, Args)]
#[command(after_help = table(&Keymap::default()))]
pub(super) struct Keys;

impl Keys {
    /// Prints the keys in force.
    pub(super) fn run(keys: &Keymap) -> anyhow::Result<Exit> {
        to_stdout(|out| out.write_all(table(keys).as_bytes()))?;
        Ok(Exit::Done)
    }
}

/// A part for each group: keys, the command's name, what it does.
fn table(keymap: &Keymap) -> String {
    let shown = |keys: &[Key]| keys.iter().map(Key::to_string).collect::<Vec<_>>().join(", ");
    let width = keymap.rows().map(|(_, keys)| shown(keys).chars().count()).max().unwrap_or_default();
    let names = keymap.rows().map(|(binding, _)| binding.name.len()).max().unwrap_or_default();
    let mut text = String::new();
    for group in Group::ALL {
        // Writing to a string does not fail.
        let _ = writeln!(text, "{}{}:", if text.is_empty() { "" } else { "\n" }, group.title());
        for (binding, keys) in keymap.rows().filter(|(binding, _)| binding.group == group) {
            let _ = writeln!(text, "  {:width$}  {:names$}  {}", shown(keys), binding.name, binding.about);
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::keys::BINDINGS;

    #[test]
    fn every_command_is_listed_within_80_columns() {
        let text = table(&Keymap::default());
        for binding in BINDINGS {
            let line = text.lines().find(|line| line.contains(&format!("  {}  ", binding.name))).unwrap_or_default();
            assert!(line.ends_with(binding.about) && line.starts_with("  "), "{}: {line:?}", binding.name);
            assert!(binding.keys.iter().all(|key| line.contains(&key.to_string())), "{line}");
        }
        assert!(text.lines().all(|line| line.len() <= 80), "{text}");
    }
}
