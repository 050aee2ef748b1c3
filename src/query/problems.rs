//! The table of what is wrong: problems as rows that outlive the picture they were found in, and the columns of that.

use super::Cell;
use super::filter::FieldType;
use super::sheet::{Column, Sheet};
use crate::diagnose::{About, Action, Class, Problem, Severity, problems};
use crate::model::{Identity, escape};
use crate::snapshot::Snapshot;

/// Something is wrong. All text in it is escaped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProblemRow {
    /// With what.
    pub subject: Subject,
    /// Its address; for a limit, its name.
    pub address: String,
    /// Its owner, by name or number.
    pub user: Option<String>,
    /// Of which sort.
    pub class: Class,
    /// How bad it is.
    pub severity: Severity,
    /// Who, since when, how it is known.
    pub reason: String,
    /// The action that helps.
    pub action: Action,
    /// The same in words.
    pub help: String,
}

/// What a problem is about, in a form that means the same in the next picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subject {
    /// An object.
    Object(Identity),
    /// A limit, by its name.
    Limit(&'static str),
}

impl ProblemRow {
    /// The problems of a picture that was taken with everything and `room`, the worst first.
    pub fn all(snapshot: &Snapshot) -> Vec<Self> {
        problems(snapshot).into_iter().map(|problem| Self::new(snapshot, problem)).collect()
    }

    fn new(snapshot: &Snapshot, problem: Problem) -> Self {
        let Problem { about, class, severity, reason, help } = problem;
        let (subject, address, user) = match about {
            About::Limit(place) => {
                let name = snapshot.room[place].what.name;
                (Subject::Limit(name), name.to_owned(), None)
            }
            About::Object(place) => {
                let object = &snapshot.objects[place];
                let name = |uid: u32| match snapshot.user_name(uid) {
                    Some(name) => escape(name.as_bytes()).into_owned(),
                    None => uid.to_string(),
                };
                let user = object.owner.map(|ids| name(ids.uid));
                (Subject::Object(object.identity), snapshot.address(place).to_string(), user)
            }
        };
        Self { subject, address, user, class, severity, reason, action: help.action, help: help.words }
    }

    /// Whether it counts: what is suspect may be in use, and is no more than worth a look.
    pub fn counts(&self) -> bool {
        self.class != Class::Suspect
    }

    /// The action that helps, in a word or two.
    pub fn action_words(&self) -> String {
        match self.action {
            Action::Remove => "remove it".to_owned(),
            Action::Signal(pid) => format!("signal pid {pid}"),
            Action::Show => "look at it".to_owned(),
            Action::Clean(_) => "make room".to_owned(),
        }
    }
}

const SEVERITIES: &[&str] = &[Severity::Severe.name(), Severity::Warning.name(), Severity::Note.name()];

const CLASSES: &[&str] = &[
    Class::Full.name(),
    Class::Blocked.name(),
    Class::Backlog.name(),
    Class::NearLimit.name(),
    Class::NoReader.name(),
    Class::NoWriter.name(),
    Class::NoPartner.name(),
    Class::HalfClosed.name(),
    Class::Unread.name(),
    Class::Leaked.name(),
    Class::MarkedForRemoval.name(),
    Class::Suspect.name(),
];

/// The columns, in the order of the table.
pub static PROBLEMS: Sheet<ProblemRow> = Sheet(&[
    Column {
        field: FieldType::Text,
        choices: SEVERITIES,
        rank: Some(|row| row.severity as u8),
        ..Column::text("severity", "severe, warning or note", 90, |row: &ProblemRow| Cell::text(row.severity.name()))
    },
    Column {
        aliases: &["what"],
        field: FieldType::Text,
        choices: CLASSES,
        rank: Some(|row| row.class as u8),
        ..Column::text("class", "what is wrong, in a word", 85, |row: &ProblemRow| Cell::text(row.class.name()))
    },
    Column {
        field: FieldType::Text,
        ..Column::text("address", "of what", 100, |row: &ProblemRow| Cell::text(row.address.as_str()))
    },
    Column {
        aliases: &["owner"],
        shown: false,
        field: FieldType::Text,
        ..Column::text("user", "whose that is", 40, |row: &ProblemRow| match &row.user {
            Some(user) => Cell::text(user.as_str()),
            None => Cell::Absent,
        })
    },
    Column {
        aliases: &["why"],
        cut: true,
        ..Column::text("reason", "who, since when, how it is known", 80, |row: &ProblemRow| {
            Cell::text(row.reason.as_str())
        })
    },
    Column {
        // The whole words name the command, which can be looked for too.
        also: |row| vec![row.help.clone()],
        ..Column::text("help", "the action that helps", 70, |row: &ProblemRow| Cell::text(row.action_words()))
    },
]);

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::model::limit::SHMMNI;
    use crate::model::{Role, Usage};
    use crate::query::filter::Filter;
    use crate::snapshot::testing::{self, Scene};

    fn rows() -> Vec<ProblemRow> {
        let mut scene = Scene { users: vec![(0, "root")], ..Scene::default() };
        scene.process(812, "cat", 0);
        let segment = scene.add(testing::segment(7, 1, 4096, 0));
        scene.gone(segment, 900, Role::Creator);
        let fifo = scene.add(testing::fifo(42, "/run/x.fifo", 0, 0));
        scene.hold(fifo, 812, Role::WaitingOpen);
        scene.room = vec![Usage::new(&SHMMNI, 99, Some(100))];
        ProblemRow::all(&scene.picture())
    }

    fn found(filter: &str) -> Vec<String> {
        let filter = Filter::parse_text(filter, &PROBLEMS).unwrap();
        rows().into_iter().filter(|row| PROBLEMS.passes(&filter, row)).map(|row| row.address).collect()
    }

    #[test]
    fn the_worst_comes_first_and_filters_find_each() {
        let all = ["SHMMNI", "shm:7", "fifo:/run/x.fifo"];
        assert_eq!(found(""), all);
        for (filter, index) in [
            ("severe", 0),
            ("severity:severe", 0),
            ("class:near-limit", 0),
            ("leaked", 1),
            ("shm:7", 1),
            ("severity:warning", 1),
            ("what:no-partner", 2),
            ("pid cat", 2),
            ("help:send", 2),
        ] {
            assert_eq!(found(filter), [all[index]], "{filter}");
        }
        assert_eq!(found("user:root !fifo"), ["shm:7"]);
    }

    #[test]
    fn severities_are_sorted_by_what_they_mean() {
        let rows = rows();
        let mut order: Vec<&ProblemRow> = rows.iter().rev().collect();
        PROBLEMS.sort(&mut order, "severity", false);
        let names: Vec<&str> = order.iter().map(|row| row.severity.name()).collect();
        assert_eq!(names, SEVERITIES);
    }

    #[test]
    fn a_class_that_is_none_is_a_fault() {
        let fault = Filter::parse_text("class:leeked", &PROBLEMS).unwrap_err().to_string();
        assert!(fault.contains("leaked"), "{fault}");
        // The last one is known too: the list has all of them.
        assert_eq!(CLASSES.len(), Class::Suspect as usize + 1);
    }
}
