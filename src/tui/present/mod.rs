//! From pictures of the machine to what can be painted: lists as text, details, sums. All of it happens in a thread of its
//! own, so that the one that listens to keys never works through 100,000 rows.
//!
//! [`present`] answers a [`Question`] about a [`Picture`]; the only thing it remembers is [`Memory`]: what was there
//! before, for marks and sparklines.

mod details;
mod flow;
mod listing;
mod memory;
mod overview;
mod spark;
mod summary;
mod tables;

pub use details::{Details, Jump, Line, Link};
pub use flow::{Flow, Part};
pub use listing::{ListRow, Listing, Mark};
pub use memory::{Memory, Sample};
pub use overview::{Block, Go, Overview, OverviewLine, Tone, What};
pub use spark::History;
pub use summary::{Cost, Summary};
pub use tables::{HelpKeys, problem_id, wrapped};

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
    /// Keys for what helps.
    pub keys: HelpKeys,
}

/// What can be painted.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The question's number.
    pub number: u64,
    /// Its view.
    pub view: View,
    /// The rows of the view; in the overview, its parts that the cursor can be on.
    pub listing: Arc<Listing>,
    /// The overview, in its view.
    pub overview: Option<Overview>,
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
    let summary = summary::sum(picture);
    let (overview, listing) = if question.view == View::Overview {
        let (overview, listing) = overview::overview(picture, &summary);
        (Some(overview), Arc::new(listing))
    } else {
        (None, listing::list(picture, question, memory))
    };
    let details = question.details.and_then(|id| details::details(picture, id, memory));
    // What is wrong with it comes first.
    let details = details.map(|mut details| {
        details.put_first(tables::told(picture, details.id));
        details
    });
    Answer { number: question.number, view: question.view, listing, overview, of: question.details, details, summary }
}
