//! What the filter asks of the table it filters: which fields there are, and what a row has in them.
//!
//! The column registry implements both traits. A row hands its values to a test one by one and stops at the first
//! that passes, so that nothing is collected or allocated for rows that do not match.

/// The words that mean a state when they stand alone.
pub const STATES: [&str; 5] = ["in-use", "idle", "leaked", "suspect", "unknown"];

/// Canonical name of the field that `leaked` and the like are about.
pub(super) const STATE: &str = "state";
/// Canonical name of the field that `queue:5` and the like are about.
pub(super) const ADDRESS: &str = "address";

/// What a field holds, and so how it is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FieldType {
    /// A word (user, kind, state): equal as a whole, upper and lower case alike.
    Text,
    /// A name, path, command or sentence: `:` finds it anywhere in the text.
    FreeText,
    /// A count.
    Number,
    /// Bytes; written with suffixes in powers of 1024.
    Size,
    /// Seconds since something happened; written with units.
    Age,
    /// A process id. It has no order.
    Pid,
    /// A System V key: 32 bits, written in hexadecimal or decimal. It has no order.
    Key,
}

/// A field as the schema describes it.
#[derive(Debug, Clone, Copy)]
pub struct Field {
    /// The schema's own number for the field (say, the column's index), so that a row need not search by name.
    pub id: usize,
    /// Canonical name, lower case.
    pub name: &'static str,
    /// What it holds.
    pub kind: FieldType,
    /// For [`FieldType::Text`]: the only values it can have, so that a slip of the hand is an error instead of a
    /// filter that never (or, inverted, always) matches. Empty when any text is possible.
    pub choices: &'static [&'static str],
}

/// The fields of a table.
///
/// Bare states need a field named `state`, and bare addresses one named `address`; without `state`, a bare `leaked` is
/// a word like any other.
pub trait Schema {
    /// The field with this name or synonym. The name comes in lower case.
    fn field(&self, name: &str) -> Option<Field>;

    /// Canonical names of all fields, as an error message should list them.
    fn names(&self) -> Vec<&'static str>;
}

/// One value in a field of a row.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Value<'a> {
    /// Nothing: no term matches it. Handing over no value at all says the same.
    Absent,
    /// Text as it is shown: names escaped.
    Text(&'a str),
    /// A count, bytes, a pid, seconds, or a key as the unsigned form of its 32 bits.
    Number(i128),
    /// Seconds with a fraction, for ages; it is rounded down.
    Seconds(f64),
}

/// A row of a table.
pub trait Row {
    /// Hands each value the row has in `field` to `test` until one passes; whether one did.
    fn any_value(&self, field: Field, test: &mut dyn FnMut(Value<'_>) -> bool) -> bool;

    /// Hands every text of the row, as it is shown, to `test` until one passes; whether one did.
    fn any_text(&self, test: &mut dyn FnMut(&str) -> bool) -> bool;
}
