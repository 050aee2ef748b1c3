//! Tables of something other than objects: processes, problems. Each has a registry of columns as objects have theirs in
//! [`columns`](super::columns), and the same filter language and order.
//!
//! The registries are apart because what they are about is: a process has no key and no mode, and a filter about one
//! should say so.

use super::Cell;
use super::cell::Style;
use super::filter::{Field, FieldType, Filter, Row, Schema, Value};

/// A column of a table whose rows are `R`s.
pub struct Column<R: 'static> {
    /// Its name, in lower case; tables print it in capitals.
    pub name: &'static str,
    /// Other names that people may use.
    pub aliases: &'static [&'static str],
    /// What it tells, in one line of help.
    pub about: &'static str,
    /// How a filter compares it.
    pub field: FieldType,
    /// The only words it can have; empty when any text is possible.
    pub choices: &'static [&'static str],
    /// Numbers stand at the right.
    pub right: bool,
    /// How long a table keeps it when it gets narrow: the lowest goes first; 100 stays.
    pub weight: u8,
    /// Its text may be cut in a narrow table.
    pub cut: bool,
    /// Tables show it; otherwise it is there to be filtered by.
    pub shown: bool,
    /// The value of a row.
    pub cell: for<'r> fn(&'r R) -> Cell<'r>,
    /// What else a filter finds the row by in this field.
    pub also: fn(&R) -> Vec<String>,
    /// What rows are sorted by where the order of the words is not theirs by the alphabet.
    pub rank: Option<fn(&R) -> u8>,
}

impl<R> Column<R> {
    /// A column of text, at the left.
    pub(super) const fn text(
        name: &'static str,
        about: &'static str,
        weight: u8,
        cell: for<'r> fn(&'r R) -> Cell<'r>,
    ) -> Self {
        Self {
            name,
            aliases: &[],
            about,
            field: FieldType::FreeText,
            choices: &[],
            right: false,
            weight,
            cut: false,
            shown: true,
            cell,
            also: |_| Vec::new(),
            rank: None,
        }
    }

    /// A column of counts, at the right.
    pub(super) const fn number(
        name: &'static str,
        about: &'static str,
        weight: u8,
        cell: for<'r> fn(&'r R) -> Cell<'r>,
    ) -> Self {
        Self { field: FieldType::Number, right: true, ..Self::text(name, about, weight, cell) }
    }

    fn is_named(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name) || self.aliases.iter().any(|alias| alias.eq_ignore_ascii_case(name))
    }
}

/// All columns of a table: also its fields, as a filter sees them.
pub struct Sheet<R: 'static>(pub &'static [Column<R>]);

impl<R> Sheet<R> {
    /// The column of this name or synonym, whatever the case.
    pub fn column(&self, name: &str) -> Option<&'static Column<R>> {
        self.0.iter().find(|column| column.is_named(name))
    }

    /// The columns of a table.
    pub fn shown(&self) -> impl Iterator<Item = &'static Column<R>> + use<R> {
        self.0.iter().filter(|column| column.shown)
    }

    /// Whether a filter that was parsed with these fields lets a row pass.
    pub fn passes(&self, filter: &Filter, row: &R) -> bool {
        filter.is_empty() || filter.matches(&Record { columns: self.0, row })
    }

    /// Sorts rows by a column; absent values stay last, equal rows keep their order.
    pub fn sort(&self, rows: &mut [&R], column: &str, descending: bool) {
        let Some(column) = self.column(column) else { return };
        rows.sort_by(|a, b| {
            if let Some(rank) = column.rank {
                let order = rank(a).cmp(&rank(b));
                return if descending { order.reverse() } else { order };
            }
            let (a, b) = ((column.cell)(a), (column.cell)(b));
            let order = a.order(&b);
            let absent = a == Cell::Absent || b == Cell::Absent;
            if descending && !absent { order.reverse() } else { order }
        });
    }
}

impl<R> Schema for Sheet<R> {
    fn field(&self, name: &str) -> Option<Field> {
        let id = self.0.iter().position(|column| column.is_named(name))?;
        let column = &self.0[id];
        Some(Field { id, name: column.name, kind: column.field, choices: column.choices })
    }

    fn names(&self) -> Vec<&'static str> {
        self.0.iter().flat_map(|column| std::iter::once(column.name).chain(column.aliases.iter().copied())).collect()
    }
}

/// A row as a filter sees it.
struct Record<'a, R: 'static> {
    columns: &'static [Column<R>],
    row: &'a R,
}

impl<R> Row for Record<'_, R> {
    fn any_value(&self, field: Field, test: &mut dyn FnMut(Value<'_>) -> bool) -> bool {
        let Some(column) = self.columns.get(field.id) else { return false };
        let hit = match (column.cell)(self.row) {
            Cell::Absent => false,
            Cell::Text(word) => test(Value::Text(&word)),
            Cell::Number(number) => test(Value::Number(number)),
            Cell::Size(bytes) => test(Value::Number(i128::from(bytes))),
            Cell::Age(seconds) => test(Value::Seconds(seconds)),
            cell @ (Cell::Mode(_) | Cell::Key(_) | Cell::Time(_)) => {
                let mut shown = String::new();
                cell.print(&mut shown, Style::default());
                test(Value::Text(&shown))
            }
        };
        hit || (column.also)(self.row).iter().any(|word| test(Value::Text(word)))
    }

    fn any_text(&self, test: &mut dyn FnMut(&str) -> bool) -> bool {
        let mut shown = String::new();
        self.columns.iter().any(|column| {
            let cell = (column.cell)(self.row);
            shown.clear();
            // An age changes as one types, and nobody looks for it by its text.
            if !matches!(cell, Cell::Absent | Cell::Age(_)) {
                cell.print(&mut shown, Style::default());
            }
            !shown.is_empty() && test(&shown)
        })
    }
}
