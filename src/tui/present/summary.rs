//! What the header tells whatever the view: how much there is of each, what could not be seen, what a look costs.

use crate::model::Time;
use crate::tui::insight::Insight;
use crate::tui::look::Picture;
use crate::tui::view::View;
use std::time::Duration;

/// What a look took.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Cost {
    /// Processor time.
    pub cpu: Duration,
}

/// What the header tells.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Summary {
    /// The machine's name.
    pub host: String,
    /// Rows of each view, by [`View::index`]; `None` where they are not counted.
    pub counts: [Option<usize>; View::ALL.len()],
    /// Problems that are severe.
    pub severe: usize,
    /// When the newest look was taken.
    pub taken_at: Option<Time>,
    /// What the last full look took.
    pub cost: Cost,
    /// Processes that could not be looked into.
    pub hidden: usize,
    /// Sentences about what could not be seen.
    pub notes: Vec<String>,
}

/// Sums a picture up.
pub(super) fn sum(picture: &Picture) -> Summary {
    let Some(full) = &picture.full else { return Summary::default() };
    let newest = picture.tables.as_ref().unwrap_or(full);
    let visibility = &full.snapshot.visibility;
    let mut counts = View::ALL.map(|view| {
        let look = if view.in_tables() { newest } else { full };
        // Memory without a name only the full look has seen.
        let unseen = if view == View::Memory && picture.tables.is_some() { full.unnamed } else { 0 };
        (!view.kinds().is_empty()).then_some(look.counts[view.index()] + unseen)
    });
    if let Some(insight) = &full.insight {
        counts[View::Processes.index()] = Some(insight.processes.len());
        counts[View::Problems.index()] = Some(insight.problems.len());
    }
    Summary {
        severe: full.insight.as_ref().map_or(0, Insight::severe),
        host: full.snapshot.host.name.clone(),
        counts,
        taken_at: Some(newest.snapshot.taken_at),
        cost: Cost { cpu: full.cpu },
        hidden: visibility.hidden.len(),
        notes: visibility.notes.clone(),
    }
}
