//! The first view: use against each limit, how much there is of each kind, what is wrong, who has most. Every part that
//! the cursor can be on leads to the rows behind it.

use super::Summary;
use super::listing::{ListRow, Listing, Mark};
use super::tables::nothing_wrong;
use crate::diagnose::{Class, Severity, State};
use crate::model::limit::Limit;
use crate::model::{Of, Unit, Usage};
use crate::query::problems::{ProblemRow, Subject};
use crate::query::{Cell, Style};
use crate::tui::id::{Id, Item};
use crate::tui::insight::{Insight, Measure, Most, Who};
use crate::tui::look::Picture;
use crate::tui::view::View;
use rustc_hash::FxHashMap;

/// The overview as lines, and where its parts lead.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Overview {
    /// The lines, block by block.
    pub lines: Vec<OverviewLine>,
    /// Where each part leads that the cursor can be on, in the order of the lines; the rows of the view's listing.
    pub goals: Vec<Go>,
}

/// One line.
#[derive(Debug, Clone, PartialEq)]
pub struct OverviewLine {
    /// What it belongs to.
    pub block: Block,
    /// What it tells.
    pub what: What,
    /// The first of its parts, as an index into [`Overview::goals`].
    pub first: usize,
    /// How many parts it has; none if the cursor passes it by.
    pub parts: usize,
}

/// What lines are about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Block {
    /// Use against limits.
    Limits,
    /// Counts of each kind.
    Objects,
    /// What is wrong.
    Problems,
    /// Who has most.
    Most,
}

/// What a line tells.
#[derive(Debug, Clone, PartialEq)]
pub enum What {
    /// The title of a block.
    Heading(&'static str),
    /// Use against a limit.
    Gauge {
        /// What is limited, in a word or two.
        label: String,
        /// How much is used.
        used: String,
        /// Of how much.
        limit: Option<String>,
        /// Per cent; `None` without a limit.
        percent: Option<f64>,
    },
    /// How many there are: a part for each number.
    Counts {
        /// Of what.
        label: &'static str,
        /// The same where there is little room.
        short: &'static str,
        /// The numbers in words, each with how bad it is.
        cells: Vec<(String, Tone)>,
        /// It is the title of a block.
        heading: bool,
    },
    /// Something is wrong.
    Problem {
        /// How bad.
        severity: Severity,
        /// With what.
        address: String,
        /// Why.
        reason: String,
    },
    /// Somebody has much of something.
    Most {
        /// Of what; empty where the line above says it.
        label: &'static str,
        /// Who.
        name: String,
        /// How much.
        amount: String,
    },
    /// A sentence.
    Text(String),
}

/// How bad a number is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// Nothing to see.
    Plain,
    /// Leaked.
    Leaked,
    /// Suspect.
    Suspect,
    /// Severe.
    Severe,
}

/// Where Enter leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Go {
    /// To a view, with this filter; an empty one shows all rows.
    View(View, String),
    /// To the details of this.
    Details(Id),
}

/// Problems that are named, and how many of one sort: a thousand leaked queues must not hide the rest. The view has all.
const NAMED: usize = 12;
const ALIKE: usize = 4;

/// The overview, and its parts as the rows of a listing.
pub(super) fn overview(picture: &Picture, summary: &Summary) -> (Overview, Listing) {
    let mut builder = Builder::default();
    let Some(full) = &picture.full else { return (builder.overview, Listing::default()) };
    let newest = picture.tables.as_ref().unwrap_or(full);
    let fallback = [&newest.snapshot.room, &full.snapshot.room].into_iter().find(|room| !room.is_empty());
    builder.limits(fallback.map_or(&[][..], |room| room));
    if let Some(insight) = &full.insight {
        builder.counts(insight, summary);
        builder.problems(insight, nothing_wrong(Some(&full.snapshot.visibility)));
        builder.most(&insight.most);
    }
    let rows: Vec<ListRow> = builder.items.iter().map(|item| ListRow::new(Id::Item(*item), Mark::None)).collect();
    let total = rows.len();
    (builder.overview, Listing { rows, total, ..Listing::default() })
}

impl Overview {
    /// The part that so many lines on has, from a part on; the ends hold it.
    pub fn step(&self, from: usize, by: isize) -> usize {
        let lines: Vec<&OverviewLine> = self.lines.iter().filter(|line| line.parts > 0).collect();
        let Some(at) = lines.iter().rposition(|line| line.first <= from) else { return 0 };
        let to = lines[at.saturating_add_signed(by).min(lines.len() - 1)];
        to.first + (from - lines[at].first).min(to.parts - 1)
    }
}

/// The view that lists what a limit is on, with the filter for it.
fn behind(limit: &str) -> Go {
    let (view, family) = match limit {
        "SHMMNI" | "SHMALL" => (View::Memory, "sysv"),
        "SEMMNI" | "SEMMNS" => (View::Semaphores, "sysv"),
        "queues_max" => (View::Queues, "posix"),
        "/dev/shm" => (View::Memory, "posix"),
        _ => (View::Queues, "sysv"),
    };
    Go::View(view, format!("family:{family}"))
}

/// A limit in a word or two, if it has a place in the overview: those that what is leaked fills.
fn word(limit: &Limit) -> Option<&'static str> {
    Some(match limit.name {
        "MSGMNI" => "message queues",
        "MSGMNB" => "fullest queue",
        "SHMMNI" => "segments",
        "SHMALL" => "shared memory",
        "SEMMNI" => "semaphore sets",
        "SEMMNS" => "semaphores",
        "queues_max" => "POSIX queues",
        "/dev/shm" => "/dev/shm",
        _ => return None,
    })
}

fn size(bytes: u64) -> String {
    let mut text = String::new();
    Cell::Size(bytes).print(&mut text, Style::default());
    text
}

/// `1 queue`, `3 queues`.
fn number(count: u64, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

#[derive(Default)]
struct Builder {
    overview: Overview,
    items: Vec<Item>,
}

impl Builder {
    fn line(&mut self, block: Block, what: What, parts: Vec<(Item, Go)>) {
        let (first, count) = (self.items.len(), parts.len());
        for (item, go) in parts {
            self.items.push(item);
            self.overview.goals.push(go);
        }
        self.overview.lines.push(OverviewLine { block, what, first, parts: count });
    }

    fn limits(&mut self, room: &[Usage]) {
        self.line(Block::Limits, What::Heading("Limits"), Vec::new());
        let shown = room.iter().filter_map(|usage| Some((usage, word(usage.what)?)));
        // Without a queue none is the fullest.
        for (usage, word) in shown.filter(|(usage, _)| usage.used.is_some() || usage.unknown.is_some()) {
            let shown = |amount: u64| match usage.what.unit {
                Unit::Bytes => size(amount),
                Unit::Count | Unit::Pages => amount.to_string(),
            };
            let what = What::Gauge {
                label: word.to_owned(),
                used: match (usage.what.unit, usage.used, usage.bound()) {
                    (_, None, _) => "unknown".to_owned(),
                    (Unit::Pages, Some(used), None) => number(used, "page", "pages"),
                    (_, Some(used), _) => shown(used),
                },
                limit: usage.bound().map(shown),
                percent: usage.bound().and(usage.percent()),
            };
            let go = match usage.of {
                Some(Of::Object(object)) => Go::Details(Id::Object(object)),
                _ => behind(usage.what.name),
            };
            self.line(Block::Limits, what, vec![(Item::Limit(usage.what.name), go)]);
        }
    }

    fn counts(&mut self, insight: &Insight, summary: &Summary) {
        self.line(Block::Objects, What::Heading("Objects"), Vec::new());
        for view in View::ALL.into_iter().filter(|view| !matches!(view, View::Overview | View::Problems)) {
            let total = summary.counts[view.index()].unwrap_or(0);
            let mut cells = vec![(total.to_string(), Tone::Plain)];
            let mut parts = vec![(Item::Count(view, None), Go::View(view, String::new()))];
            let states = insight.states[view.index()];
            let bad = [(states.leaked, State::Leaked, Tone::Leaked), (states.suspect, State::Suspect, Tone::Suspect)];
            for (count, state, tone) in bad.into_iter().filter(|(count, ..)| *count > 0) {
                cells.push((format!("{count} {}", state.name()), tone));
                parts.push((Item::Count(view, Some(state)), Go::View(view, state.name().to_owned())));
            }
            self.line(
                Block::Objects,
                What::Counts { label: view.title(), short: view.short_title(), cells, heading: false },
                parts,
            );
        }
    }

    fn problems(&mut self, insight: &Insight, nothing: String) {
        let (counted, severe) = (insight.counted(), insight.severe());
        let (all, suspect) = (insight.problems.len(), insight.problems.len() - counted);
        let mut cells = vec![(all.to_string(), Tone::Plain)];
        let mut parts = vec![(Item::Problems { severe: false }, Go::View(View::Problems, String::new()))];
        if severe > 0 {
            cells.push((format!("{severe} severe"), Tone::Severe));
            parts.push((Item::Problems { severe: true }, Go::View(View::Problems, "severity:severe".to_owned())));
        }
        if suspect > 0 {
            cells.push((format!("{suspect} suspect"), Tone::Suspect));
            parts.push((
                Item::Count(View::Problems, Some(State::Suspect)),
                Go::View(View::Problems, "class:suspect".to_owned()),
            ));
        }
        self.line(Block::Problems, What::Counts { label: "Problems", short: "Problems", cells, heading: true }, parts);
        if counted == 0 {
            self.line(Block::Problems, What::Text(nothing), Vec::new());
        }
        let mut alike: FxHashMap<Class, usize> = FxHashMap::default();
        let named = insight.problems.iter().filter(|problem| problem.counts()).filter(|problem| {
            let before = alike.entry(problem.class).or_default();
            *before += 1;
            *before <= ALIKE
        });
        for problem in named.take(NAMED) {
            let (item, of) = match problem.subject {
                Subject::Object(identity) => (Item::Object(identity), Id::Object(identity)),
                Subject::Limit(name) => (Item::Near(name), Id::Limit(name)),
            };
            let ProblemRow { severity, address, reason, .. } = problem.clone();
            self.line(Block::Problems, What::Problem { severity, address, reason }, vec![(item, Go::Details(of))]);
        }
    }

    fn most(&mut self, most: &[Most]) {
        self.line(Block::Most, What::Heading("Largest users"), Vec::new());
        let mut last = None;
        for one in most {
            let label = if last.replace(one.measure) == Some(one.measure) { "" } else { title(one.measure) };
            let go = match one.who {
                Who::User(uid) => {
                    let view = match one.measure {
                        Measure::Queues => View::Queues,
                        Measure::Semaphores => View::Semaphores,
                        _ => View::Memory,
                    };
                    Go::View(view, format!("uid:{uid}"))
                }
                Who::Process { pid, start_ticks } => Go::Details(Id::Process { pid, start_ticks }),
            };
            let what = What::Most { label, name: one.name.clone(), amount: amount(one) };
            self.line(Block::Most, what, vec![(Item::Most(one.measure, one.who), go)]);
        }
        if most.is_empty() {
            self.line(Block::Most, What::Text("nobody has any".to_owned()), Vec::new());
        }
    }
}

const fn title(measure: Measure) -> &'static str {
    match measure {
        Measure::Memory => "shared memory",
        Measure::Queues => "queues",
        Measure::Semaphores => "semaphores",
        Measure::Attached => "attached",
        Measure::Ends => "pipes, sockets",
    }
}

fn amount(most: &Most) -> String {
    let (objects, amount) = (most.objects, most.amount);
    match most.measure {
        Measure::Memory | Measure::Attached => {
            format!("{} in {}", size(amount), number(objects, "segment", "segments"))
        }
        Measure::Queues => {
            format!("{}, {}", number(objects, "queue", "queues"), number(amount, "message", "messages"))
        }
        Measure::Semaphores => {
            format!("{}, {}", number(objects, "set", "sets"), number(amount, "semaphore", "semaphores"))
        }
        Measure::Ends => {
            let pipes = objects.saturating_sub(amount);
            format!("{}, {}", number(pipes, "pipe", "pipes"), number(amount, "socket", "sockets"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Identity, Kind, Role, limit};
    use crate::snapshot::testing::{self, Scene};
    use crate::tui::look::{Depth, Look};
    use std::sync::Arc;
    use std::time::Duration;

    fn scene() -> Scene {
        let mut scene = Scene { users: vec![(0, "root")], ..Scene::default() };
        let segment = scene.add(testing::segment(7, 1, 4096, 0));
        scene.gone(segment, 900, Role::Creator);
        let queue = scene.add(testing::queue(5, 1, 3, 30));
        scene.process(812, "orders", 0);
        scene.hold(queue, 812, Role::WaitingReceive);
        let fullest = Some(Of::Object(scene.objects[queue].identity));
        scene.room = vec![
            Usage::new(&limit::MSGMNI, 31, Some(32)),
            Usage { of: fullest, ..Usage::new(&limit::MSGMNB, 30, Some(16_384)) },
            Usage::new(&limit::SHMALL, 30, None),
        ];
        scene
    }

    fn made(scene: &Scene) -> (Overview, Listing) {
        let look = Look::new(Depth::Full, scene.picture(), Duration::ZERO);
        let picture = Picture { full: Some(Arc::new(look)), tables: None };
        overview(&picture, &super::super::summary::sum(&picture))
    }

    fn goal(made: &(Overview, Listing), item: Item) -> Option<Go> {
        made.1.position(Id::Item(item)).map(|at| made.0.goals[at].clone())
    }

    #[test]
    fn every_part_leads_to_its_rows() {
        let scene = scene();
        let made = made(&scene);
        assert_eq!(made.1.rows.len(), made.0.goals.len());
        let view = |view, filter: &str| Some(Go::View(view, filter.to_owned()));
        let segment = scene.objects[0].identity;
        let queue = Id::Object(scene.objects[1].identity);
        assert_eq!(goal(&made, Item::Limit("MSGMNI")), view(View::Queues, "family:sysv"));
        assert_eq!(goal(&made, Item::Limit("MSGMNB")), Some(Go::Details(queue)));
        assert_eq!(goal(&made, Item::Count(View::Queues, None)), view(View::Queues, ""));
        assert_eq!(goal(&made, Item::Count(View::Memory, Some(State::Leaked))), view(View::Memory, "leaked"));
        assert_eq!(goal(&made, Item::Count(View::Memory, Some(State::Suspect))), None, "there is none");
        assert_eq!(goal(&made, Item::Object(segment)), Some(Go::Details(Id::Object(segment))));
        assert_eq!(goal(&made, Item::Near("MSGMNI")), Some(Go::Details(Id::Limit("MSGMNI"))));
        assert_eq!(goal(&made, Item::Problems { severe: true }), view(View::Problems, "severity:severe"));
        assert_eq!(goal(&made, Item::Most(Measure::Memory, Who::User(0))), view(View::Memory, "uid:0"));
        assert_eq!(Id::Item(Item::Object(segment)).subject(), Some(Id::Object(segment)));
        assert_eq!(Id::Item(Item::Count(View::Memory, None)).subject(), None);
    }

    #[test]
    fn filters_are_ones_that_their_view_understands() {
        use crate::query::filter::Filter;
        for go in made(&scene()).0.goals {
            if let Go::View(view, filter) = go {
                let parsed = Filter::parse_text(&filter, view.fields());
                assert!(parsed.is_ok(), "{filter}: {parsed:?}");
            }
        }
    }

    #[test]
    fn the_cursor_goes_from_line_to_line() {
        let made = made(&scene());
        let overview = &made.0;
        let at = |item| made.1.position(Id::Item(item)).unwrap_or_default();
        assert_eq!(overview.step(0, -1), 0);
        assert_eq!(
            overview.step(at(Item::Limit("SHMALL")), 1),
            at(Item::Count(View::Queues, None)),
            "over the heading"
        );
        let leaked = at(Item::Count(View::Memory, Some(State::Leaked)));
        assert_eq!(overview.step(leaked, 1), at(Item::Count(View::Semaphores, None)), "over all parts of its line");
        assert_eq!(overview.step(leaked, -1), at(Item::Count(View::Queues, None)));
        assert_eq!(overview.step(0, isize::MAX), overview.lines.last().map_or(0, |line| line.first));
        assert_eq!(overview.step(leaked, isize::MIN), 0);
        assert_eq!(Overview::default().step(3, 1), 0);
    }

    #[test]
    fn nothing_wrong_is_said_and_holes_are_told() {
        let mut scene = Scene::default();
        let text = |scene: &Scene| {
            let lines = made(scene).0.lines;
            lines.into_iter().find_map(|line| match line.what {
                What::Text(text) if line.block == Block::Problems => Some(text),
                _ => None,
            })
        };
        assert!(text(&scene).is_some_and(|text| text.starts_with("nothing is wrong") && !text.contains("root")));
        let hidden = crate::snapshot::Hidden { pid: 5, descriptors: true, maps: true, waits: true };
        scene.visibility.hidden = vec![hidden, hidden];
        assert!(text(&scene).is_some_and(|text| text.contains("but 2 processes could not be looked into")));
        let object = Identity::SysV { namespace: 1, kind: Kind::Queue, id: 1 };
        assert!(!made(&scene).1.rows.iter().any(|row| row.id == Id::Item(Item::Object(object))));
    }
}
