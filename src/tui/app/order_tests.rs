//! What comes in another order than it was meant in: late answers, rows that move below a press, things that vanish below the
//! cursor. Nothing that moved into the place of another may be taken for it.
#![allow(clippy::unwrap_used)]

use super::details_tests::Desk;
use super::*;
use crate::model::{Identity, Kind, Role};
use crate::snapshot::testing::{self, Scene};
use crate::snapshot::{Hidden, Visibility};
use crate::tui::event::Mouse;
use crate::tui::jobs::peek::{Found, View as Seen};
use crate::tui::jobs::{Ended, Report};
use crate::tui::present::{Memory, present};

fn queue(id: i32) -> Id {
    let namespace = crate::kernel::namespace::INITIAL_IPC;
    Id::Object(Identity::SysV { namespace, kind: Kind::Queue, id })
}

/// Queues of these ids; the first one has these processes waiting on it.
fn queues(ids: &[i32], waiting: &[u32]) -> Scene {
    let mut scene = Scene { users: vec![(0, "root")], ..Scene::default() };
    for id in ids {
        scene.add(testing::queue(*id, *id, 0, 0));
    }
    for pid in waiting {
        scene.process(*pid, "orders", 0);
        scene.hold(0, *pid, Role::WaitingReceive);
    }
    scene
}

fn key(name: &str) -> Event {
    Event::Key(Key::parse(name).unwrap())
}

fn question(effects: Vec<Effect>) -> Option<Box<(Question, Picture)>> {
    let asked =
        effects.into_iter().filter_map(|effect| if let Effect::Present(asked) = effect { Some(asked) } else { None });
    asked.last()
}

/// Presses where this text was painted, after a look that nobody has painted yet.
fn press_after(desk: &mut Desk, text: &str, scene: &Scene) {
    let screen = desk.screen();
    let y = screen.iter().position(|line| line.contains(text)).unwrap();
    let x = screen[y].split(text).next().unwrap().chars().count();
    let painted = desk.app.painted.clone();
    desk.look(scene);
    desk.app.painted = painted;
    desk.feed(Event::Mouse(Mouse::Press(x as u16, y as u16)));
}

#[test]
fn a_place_of_the_overview_is_never_marked() {
    let mut scene = queues(&[5], &[]);
    let segment = scene.add(testing::segment(7, 1, 4096, 0));
    scene.gone(segment, 900, Role::Creator);
    let mut desk = Desk::new(&scene, View::Overview, false);
    for keys in ["Ctrl-Space", "End Ctrl-Space", "Space"] {
        desk.keys(keys);
        assert!(desk.app.list().selected.is_empty(), "an action would mean it, and nobody would see that");
    }
}

#[test]
fn a_press_means_the_row_that_was_painted_there() {
    let mut desk = Desk::new(&queues(&[5, 6], &[]), View::Queues, false);
    press_after(&mut desk, "queue:6", &queues(&[4, 5, 6], &[]));
    assert_eq!(desk.app.list().cursor, Some(queue(6)));
    // Rows that stay as gone for a while are no longer there.
    press_after(&mut desk, "queue:4", &queues(&[3, 5, 6], &[]));
    for _ in 0..4 {
        desk.look(&queues(&[3, 5, 6], &[]));
    }
    desk.keys("End");
    press_after(&mut desk, "queue:3", &queues(&[5, 6], &[]));
    assert!(desk.app.trail.crumbs().is_empty(), "the row under the cursor was not pressed twice");
}

#[test]
fn nothing_painted_can_be_pressed_once_something_else_is_open() {
    let mut desk = Desk::new(&queues(&[5, 6], &[]), View::Queues, false);
    let screen = desk.screen();
    let y = screen.iter().position(|line| line.contains("queue:6")).unwrap() as u16;
    // No picture between the two.
    drop(desk.app.update(key("d")));
    drop(desk.app.update(Event::Mouse(Mouse::Press(4, y))));
    assert_eq!(desk.app.list().cursor, Some(queue(5)));
    drop(desk.app.update(key("Esc")));
    drop(desk.app.update(key("3")));
    drop(desk.app.update(Event::Mouse(Mouse::Press(4, y))));
    assert_eq!((desk.app.view, desk.app.trail.crumbs().len()), (View::Memory, 0));
}

#[test]
fn late_details_of_another_thing_name_no_target() {
    let scene = queues(&[5, 6], &[812]);
    let mut desk = Desk::new(&scene, View::Queues, false);
    let late = question(desk.app.update(key("Enter"))).unwrap();
    drop(desk.app.update(key("Esc")));
    desk.feed(key("Down"));
    drop(desk.app.update(key("Enter")));
    assert_eq!(desk.app.trail.last().map(|crumb| crumb.id), Some(queue(6)));
    let answer = present(&late.1, &late.0, &mut Memory::default());
    let line = answer.details.as_ref().unwrap().lines.iter().position(|line| line.link.is_some()).unwrap();
    drop(desk.app.update(Event::Presented(Box::new(answer))));
    desk.app.trail.last_mut().unwrap().line = line;
    drop(desk.app.update(key("x")));
    assert!(desk.app.overlay.is_none(), "queue:6 is nobody's, and 812 has another queue");
    assert!(desk.app.log.entries().next_back().unwrap().text.contains("no living process"));
}

#[test]
fn the_line_of_a_process_that_has_gone_is_not_the_next_one() {
    let mut desk = Desk::new(&queues(&[5], &[812, 900]), View::Queues, false);
    desk.keys("Enter");
    while !matches!(desk.app.linked(), Some(Id::Process { pid: 812, .. })) {
        desk.keys("Down");
    }
    // Lines that come above move nothing, either.
    desk.look(&queues(&[5], &[700, 812, 900]));
    assert!(matches!(desk.app.linked(), Some(Id::Process { pid: 812, .. })));
    desk.look(&queues(&[5], &[900]));
    assert_eq!(desk.app.linked(), None);
}

#[test]
fn a_line_that_leads_nowhere_is_found_again() {
    let mut desk = Desk::new(&queues(&[5], &[900]), View::Queues, false);
    desk.keys("Enter End");
    let label = |desk: &Desk| {
        let line = desk.app.trail.last().unwrap().line;
        desk.app.open_now().unwrap().lines[line].label.clone()
    };
    let before = label(&desk);
    desk.look(&queues(&[5], &[700, 800, 812, 900]));
    assert_eq!(label(&desk), before);
}

#[test]
fn of_however_many_that_vanish_the_one_under_the_cursor_stays() {
    let all: Vec<i32> = (0..150).collect();
    let mut desk = Desk::new(&queues(&all, &[]), View::Queues, false);
    desk.keys("End");
    let on = desk.app.list().cursor;
    for _ in 0..5 {
        desk.look(&queues(&all[..1], &[]));
        assert_eq!(desk.app.list().cursor, on);
    }
    desk.keys("d");
    assert!(desk.app.overlay.is_none(), "it is gone already");
}

#[test]
fn what_was_made_does_not_lead_away_who_goes_on_with_something_else() {
    let made = |desk: &mut Desk| {
        let ended = Ended { made: Address::parse(std::ffi::OsStr::new("queue:6")).ok(), ..Ended::default() };
        assert!(ended.made.is_some());
        desk.feed(Event::Report(Box::new(Report::Ended(ended))));
    };
    let mut desk = Desk::new(&queues(&[5], &[]), View::Memory, false);
    desk.keys("/ d");
    made(&mut desk);
    desk.look(&queues(&[5, 6], &[]));
    assert_eq!((desk.app.view, desk.app.filtering, desk.app.list().field.text()), (View::Memory, true, "d"));
    desk.keys("Enter");
    made(&mut desk);
    desk.keys("Down");
    desk.look(&queues(&[5, 6], &[]));
    assert_eq!(desk.app.view, View::Memory);
    made(&mut desk);
    desk.look(&queues(&[5, 6], &[]));
    assert_eq!((desk.app.view, desk.app.list().cursor), (View::Queues, Some(queue(6))));
}

#[test]
fn contents_that_come_while_other_details_lie_above_are_taken_in() {
    let mut desk = Desk::new(&queues(&[5], &[812]), View::Queues, false);
    desk.keys("Enter p o");
    assert_eq!(desk.app.trail.crumbs().len(), 2);
    desk.found(Found::Seen(Box::default()));
    desk.keys("Esc");
    let pane = desk.app.pane().unwrap();
    assert!(pane.looking.is_none() && pane.seen == Some(Seen::default()));
    // Looked at again; who does not want to wait leaves with a second press.
    desk.keys("p Esc");
    assert!(desk.app.pane().is_some());
    desk.keys("Esc");
    assert!(desk.app.pane().is_none());
}

#[test]
fn what_could_not_be_seen_is_told_once_though_its_numbers_change() {
    let scene = |count: u32| {
        let hidden = (0..count).map(|pid| Hidden { pid, descriptors: true, maps: true, waits: true }).collect();
        let notes =
            vec![format!("{count} of 300 processes could not be looked into, pid {count} (a{count}) and others")];
        Scene { visibility: Visibility { hidden, notes, ..Visibility::default() }, ..queues(&[5], &[]) }
    };
    let mut desk = Desk::new(&scene(1), View::Queues, false);
    (2..100).for_each(|count| desk.look(&scene(count)));
    assert_eq!(desk.app.log.len(), 1);
    assert_eq!(desk.app.unseen.len(), 1);
}

#[test]
fn who_leaves_and_insists_does_not_wait() {
    let desk = Desk::new(&queues(&[5], &[]), View::Queues, false);
    assert!(desk.app.leaves_at_once(&key("Ctrl-C")) && desk.app.leaves_at_once(&Event::EndAsked(Ending::Terminate)));
    // A terminal that closes is told twice: by the kernel and by the shell.
    assert!(!desk.app.leaves_at_once(&key("q")) && !desk.app.leaves_at_once(&Event::EndAsked(Ending::HangUp)));
}
