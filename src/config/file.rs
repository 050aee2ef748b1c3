//! `config.toml`: read strictly, so that a slip is told and not passed over. assets/config.toml has every setting with its
//! default. ipcx never writes it.

use crate::query::filter::{parse_bytes, parse_seconds};
use serde::Deserialize;
use serde::de::{Deserializer, Error};

/// All settings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// `[backup]`.
    pub backup: Backup,
}

/// How much is kept of what is removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Backup {
    /// Most bytes of contents in one backup.
    #[serde(deserialize_with = "size")]
    pub max_size: u64,
    /// Seconds for which one can be undone.
    #[serde(deserialize_with = "span")]
    pub keep: u64,
    /// Most bytes of all together.
    #[serde(deserialize_with = "size")]
    pub total: u64,
}

impl Default for Backup {
    fn default() -> Self {
        Self { max_size: 64 << 20, keep: 7 * 24 * 60 * 60, total: 1 << 30 }
    }
}

/// What is wrong with the file, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{place}:{line}: {what}; ipcx(1), FILES, has the settings")]
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
            what: what.lines().next().unwrap_or_default().to_owned(),
        };
        let text = std::str::from_utf8(text).map_err(|error| fail(error.valid_up_to(), "this is not UTF-8"))?;
        toml::from_str(text).map_err(|error| fail(error.span().map_or(0, |span| span.start), error.message()))
    }
}

/// A number, or a text with a unit.
#[derive(Deserialize)]
#[serde(untagged)]
enum Amount {
    Number(u64),
    Text(String),
}

fn size<'a, D: Deserializer<'a>>(deserializer: D) -> Result<u64, D::Error> {
    match Amount::deserialize(deserializer) {
        Ok(Amount::Number(number)) => Ok(number),
        Ok(Amount::Text(text)) => {
            parse_bytes(&text).ok_or_else(|| D::Error::custom("this is no size, e.g. 65536 or \"64M\""))
        }
        Err(_) => Err(D::Error::custom("this is no size, e.g. 65536 or \"64M\"")),
    }
}

fn span<'a, D: Deserializer<'a>>(deserializer: D) -> Result<u64, D::Error> {
    match Amount::deserialize(deserializer) {
        Ok(Amount::Text(text)) => {
            parse_seconds(&text).ok_or_else(|| D::Error::custom("this is no span of time, e.g. \"7d\" or \"12h\""))
        }
        _ => Err(D::Error::custom("this is no span of time, e.g. \"7d\" or \"12h\"")),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn the_file_in_assets_has_the_defaults() {
        let text = include_bytes!("../../assets/config.toml");
        assert_eq!(Settings::parse("config.toml", text).unwrap(), Settings::default());
        assert_eq!(Settings::parse("config.toml", b"").unwrap(), Settings::default());
    }

    #[test]
    fn what_is_wrong_is_told_with_its_line() {
        let told = |text: &str| Settings::parse("c.toml", text.as_bytes()).unwrap_err().to_string();
        for (text, line, word) in [
            ("[backup]\nmax_size = \"64M\"\nkeeep = \"7d\"\n", "c.toml:3:", "keeep"),
            ("[bakup]\n", "c.toml:1:", "bakup"),
            ("\n[backup]\nmax_size = \"lots\"\n", "c.toml:3:", "size"),
            ("[backup]\nkeep = 7\n", "c.toml:2:", "span of time"),
            ("[backup\n", "c.toml:1:", ""),
        ] {
            let told = told(text);
            assert!(told.starts_with(line) && told.contains(word), "{told}");
            assert_eq!(told.lines().count(), 1);
        }
        assert!(Settings::parse("c.toml", b"\n\xff").unwrap_err().to_string().starts_with("c.toml:2:"));
    }
}
