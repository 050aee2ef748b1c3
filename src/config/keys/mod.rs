//! Keys: the table of what they mean, and what `[keys]` in config.toml changes about it.

mod key;
mod table;

pub use key::Key;
pub use table::{BINDINGS, Binding, Command, Group, named};

use crate::model::quoted;

/// Which key means what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Keymap {
    /// For each row of [`BINDINGS`], its keys.
    keys: Vec<Vec<Key>>,
}

/// A setting in `[keys]`: a command, and all of its keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Override {
    /// The command's name.
    pub(super) name: String,
    /// Its keys as they were written, each with where that is in the file, in bytes.
    pub(super) keys: Vec<(usize, String)>,
    /// Where the setting is, likewise.
    pub(super) at: usize,
}

/// What is wrong in `[keys]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct KeysError {
    /// Where, in bytes from the beginning of the file.
    pub(super) at: usize,
    /// What, in one line.
    pub(super) what: String,
}

impl Default for Keymap {
    fn default() -> Self {
        Self { keys: BINDINGS.iter().map(|binding| binding.keys.to_vec()).collect() }
    }
}

impl Keymap {
    /// What the key means.
    pub fn command(&self, key: Key) -> Option<Command> {
        self.rows().find(|(_, keys)| keys.contains(&key)).map(|(binding, _)| binding.command)
    }

    /// The keys that mean it; none, if the settings took them away.
    pub fn keys(&self, command: Command) -> &[Key] {
        self.rows().find(|(binding, _)| binding.command == command).map_or(&[], |(_, keys)| keys)
    }

    /// Its first key, as the footer shows it; empty, if it has none.
    pub fn shown(&self, command: Command) -> String {
        self.keys(command).first().map(Key::to_string).unwrap_or_default()
    }

    /// Every command with its keys, in the order of help.
    pub fn rows(&self) -> impl Iterator<Item = (&'static Binding, &[Key])> {
        BINDINGS.iter().zip(self.keys.iter().map(Vec::as_slice))
    }

    /// The table with these changes. Each replaces all keys of its command.
    pub(super) fn with(overrides: &[Override]) -> Result<Self, KeysError> {
        let mut keymap = Self::default();
        // Where each command's keys come from, for the place of an error; `None` is the table.
        let mut written: Vec<Option<usize>> = vec![None; BINDINGS.len()];
        for Override { name, keys, at } in overrides {
            let row = BINDINGS.iter().position(|binding| binding.name == name).ok_or_else(|| unknown(*at, name))?;
            let keys: Result<Vec<Key>, KeysError> = keys.iter().map(|(at, text)| read(*at, text)).collect();
            keymap.keys[row] = keys?;
            written[row] = Some(*at);
        }
        keymap.keep_fixed(&written)?;
        keymap.refuse_twice(&written)?;
        Ok(keymap)
    }

    /// Refuses other meanings for the keys that text fields and dialogs are worked with.
    fn keep_fixed(&self, written: &[Option<usize>]) -> Result<(), KeysError> {
        for (row, (binding, keys)) in self.rows().enumerate() {
            let Some(at) = written[row] else { continue };
            for key in table::FIXED {
                let fault = match (binding.keys.contains(&key), keys.contains(&key)) {
                    (true, false) => format!("{} has to keep {key}", binding.name),
                    (false, true) => format!("{key} cannot mean {}", binding.name),
                    _ => continue,
                };
                return Err(KeysError { at, what: format!("{fault}: text fields and dialogs need that key") });
            }
        }
        Ok(())
    }

    /// Refuses a key for two commands.
    fn refuse_twice(&self, written: &[Option<usize>]) -> Result<(), KeysError> {
        for (row, (binding, keys)) in self.rows().enumerate() {
            for (other_row, (other, other_keys)) in self.rows().enumerate().skip(row + 1) {
                let Some(key) = keys.iter().find(|key| other_keys.contains(key)) else { continue };
                // At the second one that was written; the table alone has no such key.
                let at = written[row].max(written[other_row]).unwrap_or(0);
                let what = format!("{key} means both {} and {}: give one of them other keys", binding.name, other.name);
                return Err(KeysError { at, what });
            }
        }
        Ok(())
    }
}

fn read(at: usize, text: &str) -> Result<Key, KeysError> {
    let fault = || KeysError {
        at,
        what: format!(
            "{} is no key that a terminal sends: write e.g. \"d\", \"G\", \"Space\", \"Ctrl-R\", \"Alt-x\", \"F5\", \"PgUp\", \
             \"Delete\"",
            quoted(text.as_bytes())
        ),
    };
    Key::parse(text).ok_or_else(fault)
}

fn unknown(at: usize, name: &str) -> KeysError {
    let names: Vec<&str> = BINDINGS.iter().map(|binding| binding.name).collect();
    KeysError { at, what: format!("no command is named {}; there are {}", quoted(name.as_bytes()), names.join(", ")) }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    /// Overrides, one after the other, each at its place in the list.
    fn with(settings: &[(&str, &[&str])]) -> Result<Keymap, KeysError> {
        let overrides: Vec<Override> = settings
            .iter()
            .enumerate()
            .map(|(at, (name, keys))| Override {
                name: (*name).to_owned(),
                keys: keys.iter().map(|key| (at, (*key).to_owned())).collect(),
                at,
            })
            .collect();
        Keymap::with(&overrides)
    }

    fn key(text: &str) -> Key {
        Key::parse(text).unwrap()
    }

    #[test]
    fn without_settings_it_is_the_table() {
        let keymap = with(&[]).unwrap();
        assert_eq!(keymap, Keymap::default());
        for (text, command) in [
            ("d", Command::Remove),
            ("Delete", Command::Remove),
            ("Ctrl-C", Command::Quit),
            ("G", Command::Last),
            ("Space", Command::Select),
            ("3", Command::View(3)),
            ("Shift-Tab", Command::PreviousView),
        ] {
            assert_eq!(keymap.command(key(text)), Some(command), "{text}");
        }
        assert_eq!(keymap.command(key("Alt-d")), None);
        assert_eq!(keymap.shown(Command::Remove), "d");
        assert_eq!(keymap.shown(Command::SelectRange), "Ctrl-Space");
        assert_eq!(keymap.keys(Command::View(77)), []);
    }

    #[test]
    fn a_setting_replaces_all_keys_of_its_command() {
        let keymap = with(&[("remove", &["Alt-d"]), ("undo", &[]), ("signal", &["u"])]).unwrap();
        assert_eq!(keymap.keys(Command::Remove), [key("Alt-d")]);
        assert_eq!(keymap.command(key("d")), None);
        assert_eq!((keymap.keys(Command::Undo), keymap.shown(Command::Undo)), (&[][..], String::new()));
        assert_eq!(keymap.command(key("u")), Some(Command::Signal));
    }

    #[test]
    fn commands_can_swap_their_keys() {
        let keymap = with(&[("peek", &["o"]), ("jump", &["p"])]).unwrap();
        assert_eq!(keymap.command(key("o")), Some(Command::Peek));
        assert_eq!(keymap.command(key("p")), Some(Command::Jump));
    }

    #[test]
    fn a_key_for_two_commands_is_refused() {
        let error = with(&[("undo", &["Alt-u"]), ("peek", &["d"])]).unwrap_err();
        assert_eq!(error.at, 1);
        assert!(["d means", "remove", "peek"].iter().all(|word| error.what.contains(word)), "{}", error.what);
        let error = with(&[("undo", &["Alt-x"]), ("peek", &["Alt-X", "Alt-x"])]).unwrap_err();
        assert!(error.what.contains("Alt-x means both peek and undo"), "{}", error.what);
    }

    #[test]
    fn keys_of_text_fields_stay() {
        for (settings, words) in [
            (("open", &["O"][..]), ["open", "Enter"]),
            (("remove", &["Enter"]), ["remove", "Enter"]),
            (("quit", &["q"]), ["quit", "Ctrl-C"]),
            (("back", &[]), ["back", "Esc"]),
            (("down", &["j"]), ["down", "Down"]),
            (("peek", &["Shift-Tab"]), ["peek", "Shift-Tab"]),
        ] {
            let error = with(&[settings]).unwrap_err();
            assert!(words.iter().all(|word| error.what.contains(word)), "{}", error.what);
            assert!(error.what.contains("text fields"), "{}", error.what);
        }
        assert!(with(&[("open", &["Enter", "O"]), ("quit", &["Ctrl-C"])]).is_ok());
    }

    #[test]
    fn what_there_is_not_is_told() {
        let error = with(&[("up", &["Up"]), ("remov", &["d"])]).unwrap_err();
        assert_eq!(error.at, 1);
        for binding in BINDINGS {
            assert!(error.what.contains(binding.name), "{}", error.what);
        }
        let error = with(&[("remove", &["d", "Ctrl-\u{1b}[31m"])]).unwrap_err();
        assert!(!error.what.contains('\u{1b}') && error.what.contains("is no key"), "{}", error.what);
    }
}
