//! One key with its modifiers, as a terminal sends it and as people write it: `d`, `Ctrl-R`, `F5`, `PgUp`.
//!
//! A terminal tells the same key in several ways (Shift with a letter that is a capital already, Tab with Shift), and
//! some keys not at all (Ctrl-M is Enter). A [`Key`] is always in the one form that [`Key::of`] and [`Key::parse`] share.

use crate::model::escape;
use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use std::fmt;

/// A key with its modifiers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Key {
    code: KeyCode,
    modifiers: KeyModifiers,
}

/// Names of keys that are no characters; the first of those for one key is the one that is shown.
const NAMES: [(&str, KeyCode); 23] = [
    ("Up", KeyCode::Up),
    ("Down", KeyCode::Down),
    ("Left", KeyCode::Left),
    ("Right", KeyCode::Right),
    ("Home", KeyCode::Home),
    ("End", KeyCode::End),
    ("PgUp", KeyCode::PageUp),
    ("PageUp", KeyCode::PageUp),
    ("PgDn", KeyCode::PageDown),
    ("PageDown", KeyCode::PageDown),
    ("Enter", KeyCode::Enter),
    ("Return", KeyCode::Enter),
    ("Esc", KeyCode::Esc),
    ("Escape", KeyCode::Esc),
    ("Tab", KeyCode::Tab),
    ("Shift-Tab", KeyCode::BackTab),
    ("BackTab", KeyCode::BackTab),
    ("Backspace", KeyCode::Backspace),
    ("Delete", KeyCode::Delete),
    ("Del", KeyCode::Delete),
    ("Insert", KeyCode::Insert),
    ("Ins", KeyCode::Insert),
    ("Space", KeyCode::Char(' ')),
];

const MODIFIERS: [(&str, KeyModifiers); 3] =
    [("Ctrl-", KeyModifiers::CONTROL), ("Alt-", KeyModifiers::ALT), ("Shift-", KeyModifiers::SHIFT)];

/// The most function keys that a terminal knows to send.
const LAST_FUNCTION_KEY: u8 = 35;

impl Key {
    /// A key without modifiers, for the table. The character of a shifted key is the shifted one.
    pub const fn plain(code: KeyCode) -> Self {
        Self { code, modifiers: KeyModifiers::NONE }
    }

    /// A key with Ctrl, for the table; of a letter, the small one.
    pub const fn ctrl(character: char) -> Self {
        Self { code: KeyCode::Char(character), modifiers: KeyModifiers::CONTROL }
    }

    /// The key that an event tells of. `None` for the release of a key, for a modifier alone, and for what has no name
    /// here, such as media keys.
    pub fn of(event: KeyEvent) -> Option<Self> {
        if event.kind == KeyEventKind::Release { None } else { Self::normal(event.code, event.modifiers) }
    }

    /// The one form of a key; `None` for what is none, or cannot be named.
    fn normal(code: KeyCode, modifiers: KeyModifiers) -> Option<Self> {
        let named = KeyModifiers::CONTROL | KeyModifiers::ALT | KeyModifiers::SHIFT;
        if !named.contains(modifiers) {
            return None;
        }
        let unshifted = modifiers - KeyModifiers::SHIFT;
        let (code, modifiers) = match code {
            KeyCode::Tab if modifiers.contains(KeyModifiers::SHIFT) => (KeyCode::BackTab, unshifted),
            KeyCode::BackTab => (code, unshifted),
            // Ctrl with a letter is one control character, whatever Shift says.
            KeyCode::Char(c) if modifiers.contains(KeyModifiers::CONTROL) => {
                (KeyCode::Char(c.to_ascii_lowercase()), unshifted)
            }
            // The character says what Shift did to it.
            KeyCode::Char(c) if c != ' ' => (KeyCode::Char(c), unshifted),
            code => (code, modifiers),
        };
        let known = match code {
            KeyCode::Char(c) => visible(c),
            KeyCode::F(number) => (1..=LAST_FUNCTION_KEY).contains(&number),
            code => NAMES.iter().any(|(_, known)| *known == code),
        };
        known.then_some(Self { code, modifiers })
    }

    /// Reads what [`Display`](fmt::Display) writes; names and modifiers in any case, and with their other names (`Del`,
    /// `PageUp`, `Escape`). `None` for what no key is called, or no terminal can send: `Ctrl-M` is Enter, `Shift-1`
    /// another character.
    pub fn parse(text: &str) -> Option<Self> {
        let named = |text: &str| NAMES.iter().find(|(name, _)| name.eq_ignore_ascii_case(text)).map(|(_, code)| *code);
        let (mut rest, mut modifiers) = (text, KeyModifiers::NONE);
        // `Shift-Tab` is a name, and `-` alone is a key.
        let code = loop {
            if let Some(code) = named(rest) {
                break code;
            }
            let prefix = |(name, _): &&(&str, KeyModifiers)| {
                rest.len() > name.len() && rest.get(..name.len()).is_some_and(|text| name.eq_ignore_ascii_case(text))
            };
            let Some((name, modifier)) = MODIFIERS.iter().find(prefix) else { break character(rest)? };
            if modifiers.contains(*modifier) {
                return None;
            }
            modifiers |= *modifier;
            rest = &rest[name.len()..];
        };
        match code {
            // These control characters are Tab, Enter and Esc to a terminal.
            KeyCode::Char('i' | 'I' | 'm' | 'M' | '[') if modifiers.contains(KeyModifiers::CONTROL) => None,
            KeyCode::Char(c) if c != ' ' && modifiers.contains(KeyModifiers::SHIFT) => {
                let letter = c.is_ascii_alphabetic() && !modifiers.contains(KeyModifiers::CONTROL);
                letter.then(|| Self::normal(KeyCode::Char(c.to_ascii_uppercase()), modifiers)).flatten()
            }
            code => Self::normal(code, modifiers),
        }
    }

    /// Which key, without its modifiers. Shift-Tab is [`KeyCode::BackTab`].
    pub const fn code(self) -> KeyCode {
        self.code
    }

    /// What is held down with it; never Shift with a character, which says that itself.
    pub const fn modifiers(self) -> KeyModifiers {
        self.modifiers
    }

    /// The character that a text field takes from it.
    pub fn character(self) -> Option<char> {
        match self.code {
            KeyCode::Char(c) if (self.modifiers - KeyModifiers::SHIFT).is_empty() => Some(c),
            _ => None,
        }
    }
}

/// A function key or a character alone.
fn character(text: &str) -> Option<KeyCode> {
    if let Some(number) = text.strip_prefix(['F', 'f'])
        && !number.is_empty()
    {
        let number =
            number.parse().ok().filter(|_| number.bytes().all(|b| b.is_ascii_digit()) && !number.starts_with('0'));
        return number.map(KeyCode::F);
    }
    let mut characters = text.chars();
    let first = characters.next()?;
    (characters.next().is_none() && first != ' ').then_some(KeyCode::Char(first))
}

/// Whether a character shows as itself, and changes nothing around it.
fn visible(c: char) -> bool {
    c == '\\' || escape(c.encode_utf8(&mut [0; 4]).as_bytes()).chars().eq([c])
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, modifier) in MODIFIERS {
            if self.modifiers.contains(modifier) {
                f.write_str(name)?;
            }
        }
        match self.code {
            KeyCode::F(number) => write!(f, "F{number}"),
            KeyCode::Char(c) if c != ' ' && self.modifiers.contains(KeyModifiers::CONTROL) => {
                write!(f, "{}", c.to_ascii_uppercase())
            }
            KeyCode::Char(c) if c != ' ' => write!(f, "{c}"),
            code => f.write_str(NAMES.iter().find(|(_, known)| *known == code).map_or("?", |(name, _)| *name)),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn event(code: KeyCode, modifiers: KeyModifiers) -> Option<String> {
        Key::of(KeyEvent::new(code, modifiers)).map(|key| key.to_string())
    }

    #[test]
    fn what_terminals_send_has_one_form() {
        let (none, shift, ctrl) = (KeyModifiers::NONE, KeyModifiers::SHIFT, KeyModifiers::CONTROL);
        for (code, modifiers, shown) in [
            (KeyCode::Char('d'), none, "d"),
            (KeyCode::Char('G'), shift, "G"),
            (KeyCode::Char('G'), none, "G"),
            (KeyCode::Char('?'), shift, "?"),
            (KeyCode::Char('r'), ctrl, "Ctrl-R"),
            (KeyCode::Char('R'), ctrl | shift, "Ctrl-R"),
            (KeyCode::Char(' '), none, "Space"),
            (KeyCode::Char(' '), ctrl, "Ctrl-Space"),
            (KeyCode::Char('x'), KeyModifiers::ALT, "Alt-x"),
            (KeyCode::BackTab, shift, "Shift-Tab"),
            (KeyCode::BackTab, none, "Shift-Tab"),
            (KeyCode::Tab, shift, "Shift-Tab"),
            (KeyCode::Tab, none, "Tab"),
            (KeyCode::Up, shift, "Shift-Up"),
            (KeyCode::F(10), none, "F10"),
            (KeyCode::PageDown, none, "PgDn"),
            (KeyCode::Char('é'), none, "é"),
        ] {
            assert_eq!(event(code, modifiers).as_deref(), Some(shown));
        }
        assert_eq!(Key::parse("Ctrl-R"), Key::of(KeyEvent::new(KeyCode::Char('r'), ctrl)));
    }

    #[test]
    fn what_is_no_key_is_none() {
        let release = KeyEvent::new_with_kind(KeyCode::Char('d'), KeyModifiers::NONE, KeyEventKind::Release);
        assert_eq!(Key::of(release), None);
        let repeat = KeyEvent::new_with_kind(KeyCode::Char('d'), KeyModifiers::NONE, KeyEventKind::Repeat);
        assert_eq!(Key::of(repeat), Key::parse("d"));
        assert_eq!(event(KeyCode::CapsLock, KeyModifiers::NONE), None);
        assert_eq!(event(KeyCode::Char('d'), KeyModifiers::SUPER), None);
        assert_eq!(event(KeyCode::Char('\u{202e}'), KeyModifiers::NONE), None);
        assert_eq!(event(KeyCode::F(0), KeyModifiers::NONE), None);
    }

    #[test]
    fn names_are_read_in_any_case() {
        for (text, shown) in [
            ("ctrl-r", "Ctrl-R"),
            ("CTRL-ALT-x", "Ctrl-Alt-X"),
            ("alt-X", "Alt-X"),
            ("del", "Delete"),
            ("pageup", "PgUp"),
            ("escape", "Esc"),
            ("backtab", "Shift-Tab"),
            ("shift-tab", "Shift-Tab"),
            ("shift-g", "G"),
            ("f5", "F5"),
            ("f", "f"),
            ("F", "F"),
            ("-", "-"),
            ("Ctrl--", "Ctrl--"),
            ("\\", "\\"),
            ("ctrl-space", "Ctrl-Space"),
        ] {
            assert_eq!(Key::parse(text).unwrap().to_string(), shown, "{text}");
        }
    }

    #[test]
    fn what_no_terminal_sends_is_refused() {
        for text in [
            "",
            " ",
            "Ctrl-",
            "Ctrl",
            "dd",
            "Ctrl-Ctrl-r",
            "Ctrl-M",
            "Ctrl-i",
            "Ctrl-[",
            "Shift-1",
            "Ctrl-Shift-r",
            "F0",
            "F36",
            "F05",
            "F+5",
            "F300",
            "Super-x",
            "\n",
            "\u{202e}",
            "\u{200b}",
            "Ctrl-R ",
            "Hyper",
        ] {
            assert_eq!(Key::parse(text), None, "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn parse_is_the_inverse_of_display(c: char, f in 1..=35u8, named in 0..NAMES.len(), modifiers in 0..8u8, which in 0..3) {
            let code = [KeyCode::Char(c), KeyCode::F(f), NAMES[named].1][which as usize];
            let event = KeyEvent::new(code, KeyModifiers::from_bits_truncate(modifiers));
            // What a terminal cannot send is not read either.
            let ctrl = event.modifiers.contains(KeyModifiers::CONTROL);
            let ambiguous = ctrl && matches!(event.code, KeyCode::Char('i' | 'I' | 'm' | 'M' | '['));
            if let Some(key) = Key::of(event).filter(|_| !ambiguous) {
                prop_assert_eq!(Key::parse(&key.to_string()), Some(key));
            }
        }

        #[test]
        fn never_panics(text: String) {
            let _ = Key::parse(&text);
        }
    }
}
