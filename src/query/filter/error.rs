//! Why a filter cannot be understood: one line that quotes the text and shows the way out.

use super::schema::{FieldType, Schema};
use crate::model::quoted;

/// Why a filter cannot be understood.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FilterError {
    /// A word with nothing in it, or `!` alone.
    #[error("{0} is an empty filter word: write a word to look for, or field:value")]
    Empty(String),
    /// An operator alone.
    #[error(
        "{0} lacks a field and a value: write them without blanks, e.g. size>1M; in quotes, it is a word to look for"
    )]
    NoField(String),
    /// A quote is opened and not closed.
    #[error("the quote in {0} is not closed: add a \" (inside quotes, \\\" is a quote itself)")]
    Unclosed(String),
    /// No such field.
    #[error("{field} is no field{}: the fields are {names}; in quotes, {term} is a word to look for", did_you_mean(*.near))]
    UnknownField {
        /// The word before the operator.
        field: String,
        /// The whole term.
        term: String,
        /// A field with a similar name.
        near: Option<&'static str>,
        /// All fields.
        names: String,
    },
    /// Nothing behind the operator, or between two commas.
    #[error("{term} lacks a value: write {example}")]
    NoValue {
        /// The whole term.
        term: String,
        /// The field with a value.
        example: String,
    },
    /// The value is not of the field's type.
    #[error("{value} is no {what} for {field}: write {example}")]
    BadValue {
        /// The value.
        value: String,
        /// What the field takes.
        what: &'static str,
        /// The field.
        field: &'static str,
        /// Terms that would do.
        example: String,
    },
    /// The field takes only some words.
    #[error("{value} is no {field}{}: it is one of {choices}", did_you_mean(*.near))]
    NoChoice {
        /// The value.
        value: String,
        /// The field.
        field: &'static str,
        /// A similar word.
        near: Option<&'static str>,
        /// All words.
        choices: String,
    },
    /// `<`, `>` and the like with something that has no order.
    #[error("{term} compares what has no order: {field} takes only {field}:value, {field}=value and {field}!=value")]
    NoOrder {
        /// The whole term.
        term: String,
        /// The field.
        field: &'static str,
    },
}

impl FilterError {
    /// No field of this name, with a guess at what was meant.
    pub(super) fn unknown_field(field: &str, term: &str, schema: &dyn Schema) -> Self {
        let names = schema.names();
        Self::UnknownField {
            field: quoted(field.as_bytes()),
            term: quoted(term.as_bytes()),
            near: nearest(&field.to_lowercase(), &names),
            names: names.join(", "),
        }
    }

    /// None of the words that the field takes.
    pub(super) fn no_choice(value: &str, field: &'static str, choices: &[&'static str]) -> Self {
        Self::NoChoice {
            value: quoted(value.as_bytes()),
            field,
            near: nearest(&value.to_lowercase(), choices),
            choices: choices.join(", "),
        }
    }
}

/// A value that a field of this type could have.
pub(super) fn example(kind: FieldType) -> &'static str {
    match kind {
        FieldType::Text | FieldType::FreeText => "value",
        FieldType::Number => "10",
        FieldType::Size => "1.5M",
        FieldType::Age => "1h30m",
        FieldType::Pid => "812",
        FieldType::Key => "0x4d2",
    }
}

fn did_you_mean(near: Option<&str>) -> String {
    near.map(|name| format!(" (did you mean {name}?)")).unwrap_or_default()
}

/// The word that is at most two slips away, the closest first.
fn nearest(word: &str, words: &[&'static str]) -> Option<&'static str> {
    // Beyond this no field is near, and the distance of a huge word would take long.
    if word.len() > 40 {
        return None;
    }
    let distances = words.iter().map(|name| (distance(word, name), *name));
    // A name of two letters is two slips away from everything short.
    distances.filter(|(d, name)| *d <= 2 && *d < name.len().min(word.len())).min_by_key(|(d, _)| *d).map(|(_, n)| n)
}

/// Levenshtein distance in characters, with two exchanged neighbours counted as one slip.
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut rows = vec![vec![0; b.len() + 1]; a.len() + 1];
    for i in 0..=a.len() {
        for j in 0..=b.len() {
            rows[i][j] = if i == 0 || j == 0 {
                i + j
            } else {
                let replaced = rows[i - 1][j - 1] + usize::from(a[i - 1] != b[j - 1]);
                let best = replaced.min(rows[i - 1][j] + 1).min(rows[i][j - 1] + 1);
                let exchanged = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
                if exchanged { best.min(rows[i - 2][j - 2] + 1) } else { best }
            };
        }
    }
    rows[a.len()][b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_are_counted() {
        for (a, b, slips) in [("size", "size", 0), ("siez", "size", 1), ("", "abc", 3), ("user", "owner", 3)] {
            assert_eq!(distance(a, b), slips, "{a} {b}");
        }
        assert_eq!(nearest("mesages", &["messages", "size"]), Some("messages"));
        assert_eq!(nearest("x", &["id", "key"]), None);
        assert_eq!(nearest(&"x".repeat(100_000), &["id"]), None);
    }
}
