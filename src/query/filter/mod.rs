//! The filter language, the same in `ls`, `leaks`, `clean` and behind `/` in the terminal interface.
//!
//! A filter is a list of terms that must all match a row. It is parsed once against a [`Schema`], which knows the
//! fields, and then asked about many [`Row`]s. It knows nothing about objects: the column registry offers both.
//!
//! | term | matches a row |
//! |---|---|
//! | `word`, `"two words"` | that has the text somewhere, upper and lower case alike |
//! | `!term` | that the term does not match |
//! | `field:value` | whose field equals the value; a name, path or sentence need only contain it |
//! | `field:a,b` | whose field matches one of the values |
//! | `field:a*z` | whose whole text has this beginning and end; `*` in quotes is an asterisk |
//! | `field=value`, `field!=value` | whose field equals the value wholly; has values and none that equals |
//! | `field>value`, `>=`, `<`, `<=` | whose number, size (`1.5M`, powers of 1024) or age (`1h30m`) compares so |
//! | `leaked`, `suspect`, `in-use`, `idle`, `unknown` | whose state is this one |
//! | `queue:32769`, `unix:/run/x` | whose address is exactly this one |
//!
//! A row without a value in a field matches no term about it, and so every inverted one.

mod error;
mod lex;
mod parse;
mod pattern;
mod quantity;
mod schema;
mod term;

pub use error::FilterError;
pub use quantity::{parse_bytes, parse_milliseconds, parse_seconds};
pub use schema::{Field, FieldType, Row, STATES, Schema, Value};

use term::{Term, Test};

/// A parsed filter. The default one has no terms and matches every row.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    terms: Vec<Term>,
}

impl Filter {
    /// From words of the command line, each of which is one term: blanks in a word need no quotes.
    pub fn parse<S: AsRef<str>>(words: &[S], schema: &dyn Schema) -> Result<Self, FilterError> {
        let terms = words.iter().map(|word| parse::term(&lex::word(word.as_ref())?, schema));
        Ok(Self { terms: terms.collect::<Result<_, _>>()? })
    }

    /// From one line of text, in which blanks outside quotes separate the terms.
    pub fn parse_text(text: &str, schema: &dyn Schema) -> Result<Self, FilterError> {
        let terms = lex::line(text)?;
        Ok(Self { terms: terms.iter().map(|word| parse::term(word, schema)).collect::<Result<_, _>>()? })
    }

    /// Whether every term matches the row.
    pub fn matches(&self, row: &dyn Row) -> bool {
        self.terms.iter().all(|term| term.matches(row))
    }

    /// Whether there are no terms.
    pub fn is_empty(&self) -> bool {
        self.terms.is_empty()
    }

    /// The fields that terms name, `state` for a bare `leaked` and `address` for a bare address among them; one may
    /// come twice. With [`needs_all`](Self::needs_all) they are not all that is looked at.
    pub fn fields(&self) -> impl Iterator<Item = Field> {
        self.terms.iter().filter_map(|term| term.test.field())
    }

    /// Whether a bare word looks at every text of a row.
    pub fn needs_all(&self) -> bool {
        self.terms.iter().any(|term| matches!(term.test, Test::Word(_)))
    }

    /// Whether a term, inverted or not, is about the field of this canonical name.
    pub fn mentions(&self, field: &str) -> bool {
        self.fields().any(|f| f.name == field)
    }

    /// Those of [`STATES`] that the terms about the state let through, when there are such terms.
    ///
    /// `ls` may skip work for the others; `leaks` knows from it that its own choice of states was overruled.
    pub fn states(&self) -> Option<Vec<&'static str>> {
        if !self.mentions(schema::STATE) {
            return None;
        }
        let about_state = |term: &&Term| term.test.field().is_some_and(|field| field.name == schema::STATE);
        let passes = |state: &&str| self.terms.iter().filter(about_state).all(|term| term.matches(&OnlyState(state)));
        Some(STATES.into_iter().filter(|state| passes(state)).collect())
    }
}

/// A row of which nothing but the state is known.
struct OnlyState<'a>(&'a str);

impl Row for OnlyState<'_> {
    fn any_value(&self, _: Field, test: &mut dyn FnMut(Value<'_>) -> bool) -> bool {
        test(Value::Text(self.0))
    }

    fn any_text(&self, test: &mut dyn FnMut(&str) -> bool) -> bool {
        test(self.0)
    }
}

#[cfg(test)]
mod tests;
