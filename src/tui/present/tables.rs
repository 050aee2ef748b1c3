//! Lists of processes and of problems, which were worked out when the look was taken.

use super::listing::{ListRow, Listing, Mark};
use super::{Line, Question};
use crate::diagnose::Action;
use crate::output::grid::{Grid, Head};
use crate::query::Style;
use crate::query::problems::{PROBLEMS, ProblemRow, Subject};
use crate::query::processes::{PROCESSES, ProcessRow};
use crate::query::sheet::{Column, Sheet};
use crate::snapshot::Visibility;
use crate::tui::id::Id;
use crate::tui::insight::Insight;
use crate::tui::look::Picture;
use unicode_width::UnicodeWidthStr;

/// Keys of the commands that problems name as help.
#[derive(Debug, Clone, Default)]
pub struct HelpKeys {
    /// Removes.
    pub remove: String,
    /// Sends a signal.
    pub signal: String,
    /// Opens details.
    pub open: String,
}

/// Columns in which a problem is told: as many as details have beside a list.
const TOLD: usize = 48;

/// The processes that have objects.
pub(super) fn processes(picture: &Picture, question: &Question) -> Listing {
    let (insight, seen) = parts(picture);
    let rows = insight.map_or(&[][..], |insight| &insight.processes);
    let id = |row: &ProcessRow| Id::Process { pid: row.pid, start_ticks: row.start_ticks };
    let mut listing = listing(&PROCESSES, rows, question, id, print);
    listing.empty = with_holes("no process has an IPC object", seen);
    listing
}

/// What is wrong.
pub(super) fn problems(picture: &Picture, question: &Question) -> Listing {
    let (insight, seen) = parts(picture);
    let rows = insight.map_or(&[][..], |insight| &insight.problems);
    let mut listing = listing(&PROBLEMS, rows, question, problem_id, |column, row, text| match column.name {
        "help" => text.push_str(&help(row, &question.keys)),
        _ => print(column, row, text),
    });
    listing.empty = nothing_wrong(seen);
    listing
}

/// The sentence for when nothing is wrong, as far as that could be seen.
pub(super) fn nothing_wrong(seen: Option<&Visibility>) -> String {
    with_holes("nothing is wrong: no leaked object, no stuck process, no limit near", seen)
}

/// Lines about the problems of a thing, for the top of its details.
pub(super) fn told(picture: &Picture, id: Id) -> Vec<Line> {
    let Some(insight) = parts(picture).0 else { return Vec::new() };
    let mut lines = Vec::new();
    for problem in insight.problems.iter().filter(|problem| problem_id(problem) == id) {
        let what = format!("{}, {}", problem.class.name(), problem.severity.name());
        lines.push(Line { label: "problem".to_owned(), text: what, link: None });
        let mut add = |label: &str, sentence: &str| {
            let labels = std::iter::once(label).chain(std::iter::repeat(""));
            for (text, label) in sentence.split("; ").flat_map(|part| wrapped(part, TOLD)).zip(labels) {
                lines.push(Line { label: label.to_owned(), text, link: None });
            }
        };
        add("", &problem.reason);
        add("help", &problem.help);
    }
    lines
}

/// What a problem is about.
pub const fn problem_id(row: &ProblemRow) -> Id {
    match row.subject {
        Subject::Object(identity) => Id::Object(identity),
        Subject::Limit(name) => Id::Limit(name),
    }
}

/// The action that helps, behind the key that begins it.
fn help(row: &ProblemRow, keys: &HelpKeys) -> String {
    let key = match row.action {
        Action::Remove => &keys.remove,
        Action::Signal(_) => &keys.signal,
        Action::Show | Action::Clean(_) => &keys.open,
    };
    let gap = if key.is_empty() { "" } else { " " };
    format!("{key}{gap}{}", row.action_words())
}

fn parts(picture: &Picture) -> (Option<&Insight>, Option<&Visibility>) {
    let full = picture.full.as_ref();
    (full.and_then(|full| full.insight.as_ref()), full.map(|full| &full.snapshot.visibility))
}

/// A sentence that holds only as far as could be seen.
fn with_holes(sentence: &str, seen: Option<&Visibility>) -> String {
    let Some(seen) = seen else { return sentence.to_owned() };
    let hidden = seen.hidden.len();
    if hidden > 0 {
        let processes = if hidden == 1 { "1 process".to_owned() } else { format!("{hidden} processes") };
        format!("{sentence}, but {processes} could not be looked into; run as root to see all")
    } else if seen.hides_processes {
        format!("{sentence}, but /proc does not show all processes; run as root to see all")
    } else {
        sentence.to_owned()
    }
}

fn print<R>(column: &Column<R>, row: &R, text: &mut String) {
    (column.cell)(row).print(text, Style::default());
}

fn listing<R>(
    sheet: &Sheet<R>,
    all: &[R],
    question: &Question,
    id: impl Fn(&R) -> Id,
    print: impl Fn(&Column<R>, &R, &mut String),
) -> Listing {
    let mut rows: Vec<&R> = all.iter().filter(|row| sheet.passes(&question.filter, row)).collect();
    if let Some((column, descending)) = question.sort {
        sheet.sort(&mut rows, column, descending);
    }
    let mut grid = Grid::new(sheet.shown().count());
    let mut text = String::new();
    for row in &rows {
        for column in sheet.shown() {
            text.clear();
            print(column, row, &mut text);
            grid.push(&text);
        }
    }
    let heads = sheet.shown().map(|column| Head {
        name: column.name,
        right: column.right,
        weight: column.weight,
        cut: column.cut,
    });
    Listing {
        heads: heads.collect(),
        grid,
        rows: rows.iter().map(|row| ListRow::new(id(row), Mark::None)).collect(),
        total: all.len(),
        ..Listing::default()
    }
}

/// Text in lines of at most so many columns, broken at blanks.
pub fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split(' ') {
        match lines.last_mut() {
            Some(line) if line.width() + 1 + word.width() <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_broken_at_blanks() {
        assert_eq!(wrapped("a bc def g", 4), ["a bc", "def", "g"]);
        assert_eq!(wrapped("abcdef g", 3), ["abcdef", "g"], "what cannot be broken is cut where it is drawn");
    }
}
