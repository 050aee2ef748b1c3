//! What one value of config.toml may be: sizes, spans of time, themes, lists of columns and of keys. What is wrong is said
//! in words; where it stands, serde and toml keep.

use super::keys::Keymap;
use super::theme::{NoTheme, ThemeName};
use crate::query::columns::{self, Column, ColumnError};
use crate::query::filter::{parse_bytes, parse_milliseconds, parse_seconds};
use serde::Deserialize;
use serde::de::{Deserializer, Error, IgnoredAny, SeqAccess, Visitor};
use std::fmt;
use std::time::Duration;
use toml::Spanned;

/// A number, or a text with a unit.
#[derive(Deserialize)]
#[serde(untagged)]
enum Amount {
    Number(u64),
    Text(String),
}

pub(super) fn size<'a, D: Deserializer<'a>>(deserializer: D) -> Result<u64, D::Error> {
    let bytes = match Amount::deserialize(deserializer) {
        Ok(Amount::Number(number)) => Some(number),
        Ok(Amount::Text(text)) => parse_bytes(&text),
        Err(_) => None,
    };
    bytes.ok_or_else(|| D::Error::custom("this is no size, e.g. 65536 or \"64M\""))
}

pub(super) fn span<'a, D: Deserializer<'a>>(deserializer: D) -> Result<u64, D::Error> {
    let seconds = String::deserialize(deserializer).ok().and_then(|text| parse_seconds(&text));
    seconds.ok_or_else(|| D::Error::custom("this is no span of time, e.g. \"7d\" or \"12h\""))
}

/// What the time between two looks may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this is no time between two looks: write e.g. \"2s\" or \"0.5s\", at least \"0.25s\" and at most \"1h\"")]
pub struct NoInterval;

/// The shortest time between two looks.
pub const SHORTEST_INTERVAL: Duration = Duration::from_millis(250);
/// The longest.
pub const LONGEST_INTERVAL: Duration = Duration::from_secs(60 * 60);

/// Reads a time between two looks, exact to the millisecond.
pub fn parse_interval(text: &str) -> Result<Duration, NoInterval> {
    let interval = parse_milliseconds(text).map(Duration::from_millis);
    interval.filter(|interval| (SHORTEST_INTERVAL..=LONGEST_INTERVAL).contains(interval)).ok_or(NoInterval)
}

pub(super) fn interval<'a, D: Deserializer<'a>>(deserializer: D) -> Result<Duration, D::Error> {
    let text = String::deserialize(deserializer).map_err(|_| D::Error::custom(NoInterval))?;
    parse_interval(&text).map_err(D::Error::custom)
}

pub(super) fn theme<'a, D: Deserializer<'a>>(deserializer: D) -> Result<ThemeName, D::Error> {
    let text = String::deserialize(deserializer).map_err(|_| D::Error::custom(NoTheme))?;
    text.parse().map_err(D::Error::custom)
}

/// Reads a text inside of the deserializer, which then knows where its error stands.
struct FromText<T> {
    expecting: &'static str,
    read: fn(&str) -> Result<T, ColumnError>,
}

impl<T> Visitor<'_> for FromText<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.expecting)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<T, E> {
        (self.read)(text).map_err(E::custom)
    }
}

/// A column by its name.
struct Named(&'static Column);

impl<'a> Deserialize<'a> for Named {
    fn deserialize<D: Deserializer<'a>>(deserializer: D) -> Result<Self, D::Error> {
        let read = |name: &str| columns::find(name).map(Self);
        deserializer.deserialize_str(FromText { expecting: "the name of a column", read })
    }
}

pub(super) fn columns<'a, D: Deserializer<'a>>(deserializer: D) -> Result<Vec<&'static Column>, D::Error> {
    struct List;
    impl<'a> Visitor<'a> for List {
        type Value = Vec<&'static Column>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a list of columns, e.g. [\"key\", \"messages\"]")
        }

        /// The address is what everything is named by.
        fn visit_seq<A: SeqAccess<'a>>(self, mut names: A) -> Result<Self::Value, A::Error> {
            let mut list: Vec<&'static Column> = columns::find("address").into_iter().collect();
            while let Some(Named(column)) = names.next_element()? {
                if !list.contains(&column) {
                    list.push(column);
                }
            }
            Ok(list)
        }
    }
    deserializer.deserialize_any(List)
}

/// One text or a list of them, each of a list with its place in the file, in bytes.
#[derive(Debug)]
pub(super) struct Words(pub(super) Vec<(Option<usize>, String)>);

impl<'a> Deserialize<'a> for Words {
    fn deserialize<D: Deserializer<'a>>(deserializer: D) -> Result<Self, D::Error> {
        struct List;
        impl<'a> Visitor<'a> for List {
            type Value = Words;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a key, e.g. \"d\", or a list of keys")
            }

            fn visit_str<E: Error>(self, word: &str) -> Result<Words, E> {
                Ok(Words(vec![(None, word.to_owned())]))
            }

            fn visit_seq<A: SeqAccess<'a>>(self, mut words: A) -> Result<Words, A::Error> {
                let mut list = Vec::new();
                while let Some(word) = words.next_element::<Spanned<OneKey>>()? {
                    list.push((Some(word.span().start), word.into_inner().0));
                }
                Ok(Words(list))
            }
        }
        deserializer.deserialize_any(List)
    }
}

/// A text that is to name a key.
struct OneKey(String);

impl<'a> Deserialize<'a> for OneKey {
    fn deserialize<D: Deserializer<'a>>(deserializer: D) -> Result<Self, D::Error> {
        let read = |text: &str| Ok(Self(text.to_owned()));
        deserializer.deserialize_str(FromText { expecting: "a key, e.g. \"d\"", read })
    }
}

/// Leaves `[keys]` to be read with its places.
pub(super) fn later<'a, D: Deserializer<'a>>(deserializer: D) -> Result<Keymap, D::Error> {
    IgnoredAny::deserialize(deserializer).map(|_| Keymap::default())
}
