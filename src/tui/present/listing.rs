//! The rows of a view as text, in order, with a mark on what is new, changed or gone.

use super::memory::Memory;
use super::{Question, tables};
use crate::model::Object;
use crate::output::grid::{Extent, Grid, Head};
use crate::query::filter::Filter;
use crate::query::{Row, Sort, Style, columns};
use crate::tui::id::Id;
use crate::tui::look::Picture;
use crate::tui::view::View;
use rustc_hash::FxHashSet;
use std::sync::Arc;

/// What has become of a row since the looks before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Mark {
    /// Nothing.
    #[default]
    None,
    /// It came.
    New,
    /// Its number changed.
    Changed,
    /// It is there no more.
    Gone,
}

/// One row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ListRow {
    /// What it stands for.
    pub id: Id,
    /// What has become of it.
    pub mark: Mark,
    /// Looks since it vanished.
    gone_for: u8,
}

/// The rows of a view.
#[derive(Debug, Clone, Default)]
pub struct Listing {
    /// The columns.
    pub heads: Vec<Head>,
    /// How much room they want.
    pub extents: Vec<Extent>,
    /// Text of the cells.
    pub grid: Grid,
    /// The rows.
    pub rows: Vec<ListRow>,
    /// Rows without the filter.
    pub total: usize,
    /// Rows are there only because they were.
    pub has_gone: bool,
    /// What is said when there is no row, if that is more than that.
    pub empty: String,
}

/// Looks for which a vanished row that nobody is on stays.
const LINGER: u8 = 2;
/// So many vanished rows are shown at the most.
const MOST_GONE: usize = 100;

/// The list of a question's view.
pub(super) fn list(picture: &Picture, question: &Question, memory: &mut Memory) -> Arc<Listing> {
    let mut listing = match question.view {
        View::Overview => Listing::default(),
        View::Processes => tables::processes(picture, question),
        View::Problems => tables::problems(picture, question),
        view => objects(picture, question, memory, |object| View::of(object) == view),
    };
    let before = memory.lists.remove(&question.view).unwrap_or_default();
    if before.heads == listing.heads {
        listing.keep_gone(&before, question, picture);
    }
    listing.extents = listing.grid.extents(&listing.heads);
    let listing = Arc::new(listing);
    memory.lists.insert(question.view, Arc::clone(&listing));
    listing
}

fn objects(picture: &Picture, question: &Question, memory: &Memory, wanted: impl Fn(&Object) -> bool) -> Listing {
    let mut rows = picture.rows(wanted);
    let total = rows.len();
    keep_matching(&mut rows, &question.filter);
    if let Some((name, descending)) = question.sort
        && let Ok(column) = columns::find(name)
    {
        Sort { column, descending }.apply(&mut rows);
    }
    let grid = Grid::of_rows(&question.columns, &mut rows, Style::default());
    let heads = question.columns.iter().map(|column| Head::from(*column)).collect();
    let mark = |row: &Row<'_>| {
        let identity = row.object().identity;
        match (memory.is_new(identity), memory.is_changed(identity)) {
            (true, _) => Mark::New,
            (_, true) => Mark::Changed,
            _ => Mark::None,
        }
    };
    let rows = rows.iter().map(|row| ListRow::new(Id::Object(row.object().identity), mark(row))).collect();
    Listing { heads, grid, rows, total, ..Listing::default() }
}

fn keep_matching(rows: &mut Vec<Row<'_>>, filter: &Filter) {
    if !filter.is_empty() {
        rows.retain(|row| filter.matches(row));
    }
}

impl ListRow {
    pub(super) const fn new(id: Id, mark: Mark) -> Self {
        Self { id, mark, gone_for: 0 }
    }
}

impl Listing {
    /// The row of this, if it is listed.
    pub fn position(&self, id: Id) -> Option<usize> {
        self.rows.iter().position(|row| row.id == id)
    }

    /// Whether a row is of this.
    pub fn is_at(&self, row: usize, id: Id) -> bool {
        self.rows.get(row).is_some_and(|row| row.id == id)
    }

    /// Puts what has vanished since the list before back where it was: what the cursor is on as long as it stays there,
    /// all else for a look or two.
    fn keep_gone(&mut self, before: &Self, question: &Question, picture: &Picture) {
        let listed: FxHashSet<Id> = self.rows.iter().map(|row| row.id).collect();
        let gone = before.rows.iter().enumerate().filter(|(_, row)| !listed.contains(&row.id)).filter(|(_, row)| {
            // What a filter hides, or sorts elsewhere, has not vanished.
            !picture.has(row.id) && (question.keep == Some(row.id) || row.gone_for < LINGER)
        });
        // However many they are, the one under the cursor is among them.
        let mut others = 0;
        let fits = |(_, row): &(usize, &ListRow)| {
            others += usize::from(question.keep != Some(row.id));
            question.keep == Some(row.id) || others <= MOST_GONE
        };
        let gone: Vec<(usize, ListRow)> = gone.filter(fits).map(|(at, row)| (at, *row)).collect();
        if gone.is_empty() {
            return;
        }
        self.has_gone = true;
        let (mut grid, mut rows) = (Grid::new(self.heads.len()), Vec::with_capacity(self.rows.len() + gone.len()));
        let copy = |grid: &mut Grid, from: &Grid, row: usize| {
            for column in 0..before.heads.len() {
                grid.push(from.cell(row, column).0);
            }
        };
        let mut gone = gone.into_iter().peekable();
        for at in 0..=self.rows.len() {
            while let Some((was, row)) = gone.next_if(|(was, _)| *was <= rows.len() || at == self.rows.len()) {
                copy(&mut grid, &before.grid, was);
                rows.push(ListRow { mark: Mark::Gone, gone_for: row.gone_for.saturating_add(1), ..row });
            }
            if let Some(row) = self.rows.get(at) {
                copy(&mut grid, &self.grid, at);
                rows.push(*row);
            }
        }
        (self.grid, self.rows) = (grid, rows);
    }
}
