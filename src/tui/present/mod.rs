//! From pictures of the machine to what can be painted: lists as text, details, sums. All of it happens in a thread of its
//! own, so that the one that listens to keys never works through 100,000 rows.
//!
//! [`present`] answers a [`Question`] about a [`Picture`]; the only thing it remembers is [`Memory`]: what was there
//! before, for marks and sparklines.

mod details;
mod flow;
mod listing;
mod memory;
mod spark;
mod summary;

pub use details::{Details, Jump, Line, Link};
pub use flow::{Flow, Part};
pub use listing::{ListRow, Listing, Mark};
pub use memory::{Memory, Sample};
pub use spark::History;
pub use summary::{Cost, Summary};

use super::id::Id;
use super::look::Picture;
use super::view::View;
use crate::query::columns::Column;
use crate::query::filter::Filter;
use std::sync::Arc;

/// What is to be shown.
#[derive(Debug, Clone)]
pub struct Question {
    /// Answers to older questions are late, and are told by it.
    pub number: u64,
    /// Which view.
    pub view: View,
    /// Which rows.
    pub filter: Filter,
    /// In which order: a column's name, and whether the largest comes first.
    pub sort: Option<(&'static str, bool)>,
    /// Columns of the view's table.
    pub columns: Vec<&'static Column>,
    /// The row under the cursor: it stays when it vanishes, until the cursor leaves it.
    pub keep: Option<Id>,
    /// Whose details are open, or beside the list.
    pub details: Option<Id>,
}

/// What can be painted.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The question's number.
    pub number: u64,
    /// Its view.
    pub view: View,
    /// The rows of the view; none in the overview.
    pub listing: Arc<Listing>,
    /// Whose details were asked for.
    pub of: Option<Id>,
    /// These details; `None` when there is no such thing any more.
    pub details: Option<Details>,
    /// What the header tells.
    pub summary: Summary,
}

/// Answers a question about a picture.
pub fn present(picture: &Picture, question: &Question, memory: &mut Memory) -> Answer {
    memory.learn(picture);
    let listing = listing::list(picture, question, memory);
    let details = question.details.and_then(|id| details::details(picture, id, memory));
    Answer {
        number: question.number,
        view: question.view,
        listing,
        of: question.details,
        details,
        summary: summary::sum(picture),
    }
}
