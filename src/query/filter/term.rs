//! One term of a filter and whether it matches a row.

use super::pattern::{Needle, Pattern};
use super::quantity::Quantity;
use super::schema::{Field, Row, Value};
use std::cmp::Ordering;

/// How a field is compared with a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operator {
    /// `:`, equal or containing.
    Has,
    /// `=`.
    Equal,
    /// `!=`.
    NotEqual,
    /// `<`.
    Less,
    /// `<=`.
    AtMost,
    /// `>`.
    Greater,
    /// `>=`.
    AtLeast,
}

impl Operator {
    /// Whether it needs values that have an order.
    pub(super) fn is_order(self) -> bool {
        matches!(self, Self::Less | Self::AtMost | Self::Greater | Self::AtLeast)
    }

    /// Whether a value that compares so with the term's passes. `NotEqual` asks for equality too: the term inverts it.
    fn accepts(self, order: Ordering) -> bool {
        match self {
            Self::Has | Self::Equal | Self::NotEqual => order.is_eq(),
            Self::Less => order.is_lt(),
            Self::AtMost => order.is_le(),
            Self::Greater => order.is_gt(),
            Self::AtLeast => order.is_ge(),
        }
    }
}

/// What a term asks.
#[derive(Debug, Clone)]
pub(super) enum Test {
    /// A word anywhere in the row.
    Word(Needle),
    /// A text field against one or more patterns, any of which will do.
    Text { field: Field, operator: Operator, any: Vec<Pattern> },
    /// A field of numbers against one or more, any of which will do.
    Number { field: Field, operator: Operator, any: Vec<Quantity> },
    /// An address, in one or two spellings.
    Address { field: Field, any: Vec<String> },
}

impl Test {
    /// The field it is about.
    pub(super) fn field(&self) -> Option<Field> {
        match self {
            Self::Word(_) => None,
            Self::Text { field, .. } | Self::Number { field, .. } | Self::Address { field, .. } => Some(*field),
        }
    }

    fn matches(&self, row: &dyn Row) -> bool {
        match self {
            Self::Word(needle) => row.any_text(&mut |text| needle.is_in(text)),
            Self::Text { field, operator, any } => compare(row, *field, *operator, |value| match value {
                Value::Text(text) => any.iter().any(|pattern| pattern.matches(text)),
                // A uid in a column of users.
                Value::Number(number) => any.iter().any(|pattern| pattern.matches(&number.to_string())),
                Value::Absent | Value::Seconds(_) => false,
            }),
            Self::Number { field, operator, any } => compare(row, *field, *operator, |value| {
                any.iter().any(|quantity| quantity.compare(value).is_some_and(|order| operator.accepts(order)))
            }),
            Self::Address { field, any } => row.any_value(*field, &mut |value| match value {
                Value::Text(address) => any.iter().any(|wanted| wanted == address),
                _ => false,
            }),
        }
    }
}

/// Whether a value of the field passes; for `!=`, whether there are values and none is equal.
fn compare(row: &dyn Row, field: Field, operator: Operator, passes: impl Fn(Value<'_>) -> bool) -> bool {
    let mut present = false;
    let hit = row.any_value(field, &mut |value| {
        present |= value != Value::Absent;
        passes(value)
    });
    if operator == Operator::NotEqual { present && !hit } else { hit }
}

/// A test, perhaps inverted by `!`.
#[derive(Debug, Clone)]
pub(super) struct Term {
    pub(super) inverted: bool,
    pub(super) test: Test,
}

impl Term {
    pub(super) fn matches(&self, row: &dyn Row) -> bool {
        self.test.matches(row) != self.inverted
    }
}
