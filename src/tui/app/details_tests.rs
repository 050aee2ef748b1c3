//! Details, jumps and contents over sequences of keys: each event goes through `update`, each question through the
//! presenter, and the screen is painted for what is seen on it.
#![allow(clippy::unwrap_used)]

use super::*;
use crate::model::{Identity, Kind, Role, SocketState};
use crate::snapshot::testing::{self, Scene};
use crate::tui::draw;
use crate::tui::jobs::Job;
use crate::tui::jobs::Report;
use crate::tui::jobs::peek::{self, Found, View as Seen, WINDOW, Window};
use crate::tui::present::{Memory, present};
use ratatui::Terminal;
use ratatui::backend::TestBackend;

/// An interface with its presenter, and what it wanted of the worker.
pub(super) struct Desk {
    pub(super) app: App,
    memory: Memory,
    jobs: Vec<peek::Job>,
    cancelled: usize,
}

impl Desk {
    pub(super) fn new(scene: &Scene, view: View, read_only: bool) -> Self {
        let policy = Policy { read_only, force: false };
        let settings = Settings { policy, ..Settings::for_tests(view) };
        let app = App::new(settings, (80, 24), testing::NOW);
        let mut desk = Self { app, memory: Memory::default(), jobs: Vec::new(), cancelled: 0 };
        desk.look(scene);
        desk
    }

    pub(super) fn look(&mut self, scene: &Scene) {
        let look = Look::new(Depth::Full, scene.picture(), Duration::ZERO);
        self.feed(Event::Looked(Arc::new(look)));
    }

    pub(super) fn feed(&mut self, event: Event) {
        let mut events = vec![event];
        while let Some(event) = events.pop() {
            for effect in self.app.update(event) {
                match effect {
                    Effect::Present(asked) => {
                        let answer = present(&asked.1, &asked.0, &mut self.memory);
                        events.push(Event::Presented(Box::new(answer)));
                    }
                    Effect::Work(job) => {
                        if let Job::Peek(job) = *job {
                            self.jobs.push(job);
                        }
                    }
                    Effect::Cancel => self.cancelled += 1,
                    _ => {}
                }
            }
        }
        self.screen();
    }

    pub(super) fn keys(&mut self, keys: &str) {
        for key in keys.split(' ') {
            let key = Key::parse(key).unwrap_or_else(|| panic!("{key}"));
            self.feed(Event::Key(key));
        }
    }

    /// What is painted, a line each without the blanks at its end.
    pub(super) fn screen(&mut self) -> Vec<String> {
        let (width, height) = self.app.area;
        let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
        let mut painted = Painted::default();
        terminal.draw(|frame| painted = draw::draw(frame, &self.app)).unwrap();
        self.app.take_painted(painted);
        let buffer = terminal.backend().buffer().clone();
        let cells: Vec<&str> = buffer.content.iter().map(ratatui::buffer::Cell::symbol).collect();
        cells.chunks(usize::from(width)).map(|line| line.concat().trim_end().to_owned()).collect()
    }

    pub(super) fn shows(&mut self, text: &str) -> bool {
        self.screen().iter().any(|line| line.contains(text))
    }

    /// The worker's answer to the last look that it was asked for.
    pub(super) fn found(&mut self, found: Found) {
        let number = self.jobs.last().unwrap().number;
        self.feed(Event::Report(Box::new(Report::Peeked { number, found })));
    }

    fn ids(&self) -> Vec<Id> {
        self.app.trail.crumbs().iter().map(|crumb| crumb.id).collect()
    }
}

/// Two queues: the first one between two living processes, of which one sleeps; the second one nobody's.
fn queues() -> Scene {
    let mut scene = Scene { users: vec![(0, "root")], ..Scene::default() };
    let queue = scene.add(testing::queue(5, 0x4d2, 3, 96));
    scene.add(testing::queue(6, 0x4d3, 0, 0));
    scene.process(1, "init", 0);
    scene.process(812, "orders", 0);
    scene.process(900, "feeder", 0);
    scene.hold(queue, 812, Role::LastSender);
    scene.hold(queue, 900, Role::WaitingReceive);
    scene
}

fn queue(id: i32) -> Id {
    let namespace = crate::kernel::namespace::INITIAL_IPC;
    Id::Object(Identity::SysV { namespace, kind: Kind::Queue, id })
}

fn process(scene: &Scene, pid: u32) -> Id {
    let process = scene.processes.iter().find(|process| process.pid == pid).unwrap();
    Id::Process { pid, start_ticks: process.start_ticks }
}

#[test]
fn from_a_queue_to_its_receiver_to_its_parent_and_back() {
    let scene = queues();
    let mut desk = Desk::new(&scene, View::Queues, false);
    desk.keys("Enter");
    assert!(desk.shows("orders(812) ─▶ [queue 0x4d2  3 msgs, 96/16K] ─▶ feeder(900) waits"), "{:#?}", desk.screen());
    // A line that names nobody leads nowhere, and says so.
    desk.keys("Enter");
    assert!(desk.shows("this line leads nowhere"));
    while desk.app.linked() != Some(process(&scene, 900)) {
        desk.keys("Down");
    }
    desk.keys("Enter");
    assert_eq!(desk.ids(), [queue(5), process(&scene, 900)]);
    assert!(desk.shows("Queues › queue:5 › feeder(900)"));
    assert!(desk.shows("waits on     waiting-receive queue:5"), "{:#?}", desk.screen());
    while desk.app.linked() != Some(process(&scene, 1)) {
        desk.keys("Down");
    }
    desk.keys("Enter");
    assert_eq!(desk.ids().len(), 3);
    desk.keys("Esc Esc");
    assert_eq!(desk.app.linked(), Some(process(&scene, 900)), "the cursor is where it was left");
    desk.keys("q");
    assert_eq!((desk.ids(), desk.app.list().cursor), (vec![], Some(queue(5))));
}

#[test]
fn the_cursor_stays_on_its_link_when_lines_come_above() {
    let mut scene = queues();
    let mut desk = Desk::new(&scene, View::Queues, false);
    desk.keys("Enter");
    while desk.app.linked() != Some(process(&scene, 900)) {
        desk.keys("Down");
    }
    let before = desk.app.trail.last().unwrap().line;
    scene.process(700, "early", 0);
    scene.hold(0, 700, Role::WaitingSend);
    scene.later = 2;
    desk.look(&scene);
    assert_eq!(desk.app.linked(), Some(process(&scene, 900)));
    assert_ne!(desk.app.trail.last().unwrap().line, before);
}

#[test]
fn details_of_what_vanishes_stay_and_say_so() {
    let mut scene = queues();
    let mut desk = Desk::new(&scene, View::Queues, false);
    desk.keys("Enter");
    scene.objects.remove(0);
    scene.holders.clear();
    scene.later = 2;
    desk.look(&scene);
    let details = desk.app.answer.as_ref().unwrap().details.as_ref().unwrap();
    assert!(details.gone && details.id == queue(5));
    assert!(desk.shows("Queues › queue:5 gone") && desk.shows("feeder(900) waits"), "{:#?}", desk.screen());
    desk.keys("p");
    assert!(desk.shows("it has vanished") && desk.jobs.is_empty());
}

#[test]
fn a_process_whose_pid_was_reused_is_gone() {
    let mut scene = queues();
    let mut desk = Desk::new(&scene, View::Queues, false);
    let old = process(&scene, 900);
    desk.app.open_details(old);
    desk.look(&scene);
    assert!(!desk.shows("gone"));
    for process in scene.processes.iter_mut().filter(|process| process.pid == 900) {
        process.start_ticks += 1;
    }
    scene.later = 2;
    desk.look(&scene);
    assert!(desk.shows("feeder(900) gone"), "{:#?}", desk.screen());
}

#[test]
fn what_vanished_before_it_was_opened_says_so() {
    let mut desk = Desk::new(&queues(), View::Queues, false);
    desk.app.open_details(queue(77));
    desk.feed(Event::Resize(80, 24));
    assert!(desk.shows("it has vanished"), "{:#?}", desk.screen());
}

#[test]
fn a_jump_goes_to_the_only_process_or_to_the_first_of_several() {
    let mut scene = queues();
    scene.hold(1, 812, Role::LastSender);
    let mut desk = Desk::new(&scene, View::Queues, false);
    desk.keys("Down o");
    assert_eq!(desk.ids(), [process(&scene, 812)]);
    // From a process to what it has; from there on to the other end.
    desk.keys("o");
    assert_eq!(desk.ids().len(), 2);
    desk.keys("Esc Esc Up o");
    assert_eq!(desk.ids(), [queue(5)]);
    let first = desk.app.linked().unwrap();
    assert!(first == process(&scene, 812) || first == process(&scene, 900));
    assert!(desk.shows("several processes"));
}

#[test]
fn a_jump_from_a_process_goes_to_what_it_waits_on() {
    let mut scene = queues();
    let pipe = scene.add(testing::pipe(7, 1, 1));
    scene.hold(pipe, 900, Role::Reader);
    let mut desk = Desk::new(&scene, View::Pipes, false);
    desk.keys("o o");
    assert_eq!(desk.ids(), [process(&scene, 900), queue(5)]);
    // Two have the queue: the one at the other end is meant.
    desk.keys("o");
    assert_eq!(desk.ids().last(), Some(&process(&scene, 812)));
}

#[test]
fn a_question_does_not_take_the_place_of_what_is_open() {
    let mut desk = Desk::new(&queues(), View::Queues, false);
    desk.keys("p ?");
    desk.found(Found::Asks(vec!["a trace".to_owned()]));
    assert!(matches!(desk.app.overlay, Some(Overlay::Help(_))));
    desk.keys("Esc p");
    assert_eq!(desk.jobs.len(), 2);
    assert!(desk.jobs[0].wanted.strong_count() == 0 && desk.jobs[1].wanted.strong_count() == 1);
}

#[test]
fn a_jump_from_a_socket_goes_to_its_other_end_and_from_nobodys_nowhere() {
    let mut scene = Scene::default();
    let near = scene.add(testing::unix(41, None, SocketState::Connected, Some(42)));
    let far = scene.add(testing::unix(42, Some("@x"), SocketState::Connected, Some(41)));
    scene.process(7, "client", 0);
    scene.hold(near, 7, Role::Connected);
    let far = Id::Object(scene.objects[far].identity);
    let mut desk = Desk::new(&scene, View::Sockets, false);
    desk.keys("o");
    assert_eq!(desk.ids(), [far]);
    let mut desk = Desk::new(&queues(), View::Queues, false);
    desk.keys("Down o");
    assert!(desk.ids().is_empty() && desk.shows("queue:6: no living process is known to have it"));
}

#[test]
fn a_key_in_between_calls_a_jump_off() {
    let mut desk = Desk::new(&queues(), View::Queues, false);
    // The answer is still on its way.
    let effects = desk.app.update(Event::Key(Key::parse("o").unwrap()));
    desk.app.update(Event::Key(Key::parse("Down").unwrap()));
    let asked =
        effects.into_iter().find_map(|effect| if let Effect::Present(asked) = effect { Some(asked) } else { None });
    let answer = asked.map(|asked| present(&asked.1, &asked.0, &mut desk.memory)).unwrap();
    desk.feed(Event::Presented(Box::new(answer)));
    assert!(desk.ids().is_empty());
}

fn seen(lines: usize, window: Option<Window>) -> Found {
    let text: Vec<String> = (0..lines).map(|line| format!("line {line}")).collect();
    let hex = text.iter().map(|line| format!("hex of {line}")).collect();
    Found::Seen(Box::new(Seen { at: Some(testing::NOW), text, hex, window, ..Seen::default() }))
}

#[test]
fn contents_are_looked_at_out_of_the_list_and_one_esc_leads_back() {
    let mut desk = Desk::new(&queues(), View::Queues, false);
    desk.keys("p");
    let job = desk.jobs.last().unwrap();
    assert_eq!((job.target.name(), job.offset, job.agreed.len()), ("queue:5".to_owned(), 0, 0));
    assert!(desk.shows("looking…"));
    desk.found(Found::Progress(500, 2000));
    assert!(desk.shows("500 of 2000"));
    desk.found(seen(50, None));
    assert!(desk.shows("line 0") && desk.shows("Queues › queue:5 › contents") && desk.shows("seen at"));
    desk.keys("G");
    assert!(desk.shows("line 49") && !desk.shows("line 0"));
    desk.keys("g v");
    assert!(desk.shows("hex of line 0"));
    // The same object is looked at again, not what the cursor may be on by then.
    desk.keys("p");
    assert_eq!((desk.jobs.len(), desk.jobs[1].target.name()), (2, "queue:5".to_owned()));
    desk.found(seen(1, None));
    desk.keys("Esc");
    assert!(desk.ids().is_empty());
}

#[test]
fn contents_looked_at_out_of_details_lead_back_to_them() {
    let mut desk = Desk::new(&queues(), View::Queues, false);
    desk.keys("Enter p");
    desk.found(seen(3, None));
    desk.keys("Esc");
    assert!(desk.ids() == [queue(5)] && desk.app.pane().is_none() && desk.shows("holders"));
}

#[test]
fn a_look_that_is_under_way_is_cancelled_and_its_late_answer_is_nobodys() {
    let mut desk = Desk::new(&queues(), View::Queues, false);
    desk.keys("p Esc");
    assert_eq!((desk.jobs[0].wanted.strong_count(), desk.ids().len()), (0, 0));
    // Not by stopping what else the worker does.
    assert_eq!(desk.cancelled, 0);
    desk.found(seen(3, None));
    assert!(desk.ids().is_empty() && !desk.shows("line 0"));
}

#[test]
fn a_trace_is_asked_about_and_no_comes_first() {
    let mut scene = Scene::default();
    scene.add(testing::segment(7, 0x7d1, 1 << 20, 0));
    let trace = vec!["shm:7: its last pid changes".to_owned()];
    let mut desk = Desk::new(&scene, View::Memory, false);
    desk.keys("p");
    desk.found(Found::Asks(trace.clone()));
    assert!(desk.shows("its last pid changes"));
    desk.keys("Enter");
    assert!(desk.jobs.len() == 1 && desk.ids().is_empty() && desk.shows("it was not looked at"));
    desk.keys("p");
    desk.found(Found::Asks(trace.clone()));
    desk.keys("Right Enter");
    assert_eq!((desk.jobs.len(), &desk.jobs[2].agreed), (3, &trace));
    desk.found(seen(2, None));
    assert!(desk.shows("line 1"));
}

#[test]
fn read_only_is_told_to_the_job_and_its_refusal_is_shown_and_logged() {
    let mut desk = Desk::new(&queues(), View::Queues, true);
    desk.keys("p");
    assert!(desk.jobs[0].policy.read_only);
    desk.found(Found::Refused("queue:5: refused in read-only mode".to_owned()));
    assert!(desk.shows("queue:5: refused in read-only mode"));
    let last = desk.app.log.entries().next_back().unwrap();
    assert_eq!((last.severity, &*last.text), (Severity::Error, "queue:5: refused in read-only mode"));
}

#[test]
fn a_segment_is_paged_window_by_window() {
    let mut scene = Scene::default();
    scene.add(testing::segment(7, 0x7d1, 3 * WINDOW, 0));
    let window = |number: u64| Some(Window { offset: number * WINDOW, length: WINDOW, size: 3 * WINDOW });
    let mut desk = Desk::new(&scene, View::Memory, false);
    desk.keys("p");
    desk.found(seen(40, window(0)));
    desk.keys("PgDn PgDn PgDn");
    assert_eq!(desk.jobs.len(), 2, "within a window nothing is fetched");
    assert_eq!(desk.jobs[1].offset, WINDOW);
    desk.found(seen(40, window(1)));
    assert!(desk.shows("line 0") && desk.shows("65536–131071 of 196608"), "{:#?}", desk.screen());
    desk.keys("Up");
    assert_eq!(desk.jobs[2].offset, 0);
    desk.found(seen(40, window(0)));
    assert!(desk.shows("line 39"), "back at the end of the window before");
    desk.keys("G");
    assert_eq!(desk.jobs[3].offset, u64::MAX);
    desk.found(seen(40, window(2)));
    desk.keys("Down PgDn");
    assert!(desk.jobs.len() == 4 && desk.shows("line 39"), "behind the end there is nothing");
    desk.keys("g");
    assert_eq!(desk.jobs[4].offset, 0);
}

#[test]
fn beside_a_wide_list_stand_the_details_of_its_row_from_the_first_picture_on() {
    let mut desk = Desk::new(&queues(), View::Queues, false);
    desk.feed(Event::Resize(160, 40));
    assert!(desk.shows("│ queue:5") && desk.shows("feeder(900) waits"), "{:#?}", desk.screen());
    desk.keys("Down");
    assert!(desk.shows("│ queue:6") && !desk.shows("│ queue:5"));
    desk.keys("2 Enter");
    assert!(!desk.shows("│ queue") && desk.shows("Queues › queue:6"));
}

#[test]
fn nothing_panics_at_any_size() {
    let mut desk = Desk::new(&queues(), View::Queues, false);
    desk.keys("Enter");
    for (width, height) in [(1, 1), (20, 5), (21, 6), (40, 8), (40, 15), (160, 40), (300, 100)] {
        desk.feed(Event::Resize(width, height));
        desk.keys("Down p");
        desk.found(seen(9, None));
        desk.keys("v Right Esc G");
    }
}

#[test]
fn narrow_details_fold_their_lines_and_keep_the_cursor_in_sight() {
    let mut desk = Desk::new(&queues(), View::Queues, false);
    desk.feed(Event::Resize(40, 12));
    desk.keys("Enter G");
    let screen = desk.screen();
    let last = desk.app.answer.as_ref().unwrap().details.as_ref().unwrap().lines.last().unwrap().label.clone();
    assert!(screen.iter().any(|line| line.starts_with(&last)), "{screen:#?}");
    desk.keys("g");
    assert!(desk.shows("state "), "{:#?}", desk.screen());
}

#[test]
fn hostile_names_do_not_reach_the_screen() {
    let mut scene = Scene::default();
    let socket = scene.add(testing::unix(41, Some("@\x1b[2J\u{202e}"), SocketState::Listening, None));
    scene.process(7, "\x1b]0;x\x07", 0);
    scene.hold(socket, 7, Role::Listener);
    let mut desk = Desk::new(&scene, View::Sockets, false);
    desk.keys("Enter");
    assert!(desk.shows("\\x1b]0;x\\x07(7)"), "{:#?}", desk.screen());
    desk.keys("o");
    let screen = desk.screen();
    assert!(!screen.iter().any(|line| line.chars().any(|c| c.is_control() || c == '\u{202e}')), "{screen:#?}");
}

#[test]
fn ctrl_c_leaves_from_details_and_contents_where_q_goes_back() {
    let mut desk = Desk::new(&queues(), View::Queues, false);
    let quits = |desk: &mut Desk, key| {
        let effects = desk.app.update(Event::Key(Key::parse(key).unwrap()));
        effects.iter().any(|effect| matches!(effect, Effect::Quit))
    };
    desk.keys("Enter p");
    assert!(quits(&mut desk, "Ctrl-C"));
    desk.found(seen(1, None));
    assert!(!quits(&mut desk, "q") && desk.app.pane().is_none());
    assert!(quits(&mut desk, "Ctrl-C"));
    assert!(!quits(&mut desk, "q") && quits(&mut desk, "q"));
}

#[test]
fn a_graph_is_walked_and_acted_on_by_its_lines() {
    let mut scene = Scene::default();
    scene.process(812, "orders", 0);
    scene.process(900, "feeder", 0);
    let queue = scene.add(testing::queue(5, 0x4d2, 3, 96));
    scene.hold(queue, 812, Role::LastSender);
    scene.hold(queue, 900, Role::WaitingReceive);
    let pipe = scene.add(testing::pipe(9, 1, 1));
    scene.hold(pipe, 900, Role::Writer);
    let mut desk = Desk::new(&scene, View::Queues, false);
    desk.keys("c");
    let screen = desk.screen().join("\n");
    for text in
        ["graph of queue:5", "◀─ orders(812)  last-sender", "─▶ feeder(900)  waiting-receive, blocked", "pipe:[9]"]
    {
        assert!(screen.contains(text), "{text} in\n{screen}");
    }
    assert!(
        desk.screen().iter().any(|line| line.starts_with("├◀─ orders")),
        "no room for labels, of which there are none"
    );
    // To the feeder, on to its own graph, and back to the first.
    desk.keys("j j c");
    assert!(desk.screen().join("\n").contains("graph of pid:900"));
    desk.keys("q");
    assert!(desk.screen().join("\n").contains("graph of queue:5"));
    desk.keys("Enter");
    assert!(desk.screen()[1].contains("feeder(900)"), "{:#?}", desk.screen());
    desk.keys("q");
    // On a process nothing is removed; on the object's own line that is.
    desk.keys("d");
    assert!(desk.app.overlay.is_none());
    desk.keys("g d");
    assert!(matches!(desk.app.overlay, Some(Overlay::Dialog(_))));
}
