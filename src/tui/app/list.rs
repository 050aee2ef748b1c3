//! Where the cursor is in a view's list, what is selected, how it is sorted and filtered.

use crate::query::filter::{Filter, FilterError};
use crate::tui::field::Field;
use crate::tui::id::Id;
use crate::tui::present::Listing;
use crate::tui::view::View;
use rustc_hash::FxHashSet;

/// State of one view's list.
#[derive(Debug)]
pub struct List {
    /// Whose it is.
    view: View,
    /// What the cursor is on.
    pub cursor: Option<Id>,
    /// At which row that was; when it is listed no more, what is there now is next.
    pub at: usize,
    /// First row on the screen.
    pub offset: usize,
    /// First column on the screen, for narrow terminals.
    pub column: usize,
    /// What Space has marked.
    pub selected: FxHashSet<Id>,
    /// Column to sort by, and whether the largest comes first.
    pub sort: Option<(&'static str, bool)>,
    /// The filter as it was typed.
    pub field: Field,
    /// The filter that holds: the last one typed that has no fault.
    pub filter: Filter,
    /// What is wrong with what is typed.
    pub fault: Option<FilterError>,
}

impl List {
    /// That of a view, before anything was seen.
    pub fn new(view: View) -> Self {
        Self {
            view,
            cursor: None,
            at: 0,
            offset: 0,
            column: 0,
            selected: FxHashSet::default(),
            sort: None,
            field: Field::default(),
            filter: Filter::default(),
            fault: None,
        }
    }

    /// Puts the cursor on a row.
    pub fn go(&mut self, listing: &Listing, row: usize) {
        self.at = row.min(listing.rows.len().saturating_sub(1));
        self.cursor = listing.rows.get(self.at).map(|row| row.id);
    }

    /// Moves it by so many rows; the ends hold it.
    pub fn step(&mut self, listing: &Listing, by: isize) {
        self.go(listing, self.at.saturating_add_signed(by));
    }

    /// Finds the cursor's row in a new list.
    pub fn settle(&mut self, listing: &Listing) {
        // Two rows may be about the same.
        let stays = |id: Id| if listing.is_at(self.at, id) { Some(self.at) } else { listing.position(id) };
        let found = self.cursor.and_then(stays);
        self.go(listing, found.unwrap_or(self.at));
    }

    /// Reads the filter as it is typed now.
    pub fn read_filter(&mut self) {
        match Filter::parse_text(self.field.text(), self.view.fields()) {
            Ok(filter) => (self.filter, self.fault) = (filter, None),
            Err(fault) => self.fault = Some(fault),
        }
    }

    /// Takes the filter away.
    pub fn clear_filter(&mut self) {
        self.field = Field::default();
        self.read_filter();
    }

    /// Marks a row, or takes the mark away.
    pub fn toggle(&mut self, id: Id) {
        if !self.selected.remove(&id) {
            self.selected.insert(id);
        }
    }
}
