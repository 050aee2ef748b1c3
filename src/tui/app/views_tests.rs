//! The overview, the processes and the problems over sequences of keys, at several sizes.
#![allow(clippy::unwrap_used)]

use super::details_tests::Desk;
use super::*;
use crate::model::limit::MSGMNI;
use crate::model::{Role, Usage};
use crate::snapshot::Hidden;
use crate::snapshot::testing::{self, Scene};
use crate::tui::draw::Hit;
use crate::tui::event::Mouse;

/// A leaked segment, a process that sleeps on a queue, and few queues left.
fn scene() -> Scene {
    let mut scene = Scene { users: vec![(0, "root")], ..Scene::default() };
    let segment = scene.add(testing::segment(7, 1, 4096, 0));
    scene.gone(segment, 900, Role::Creator);
    scene.add(testing::segment(8, 2, 1 << 20, 1));
    scene.process(812, "orders", 0);
    scene.hold(1, 812, Role::Attached);
    let queue = scene.add(testing::queue(5, 0x4d2, 3, 96));
    scene.hold(queue, 812, Role::WaitingReceive);
    scene.room = vec![Usage::new(&MSGMNI, 99, Some(100))];
    scene
}

fn line(desk: &mut Desk, text: &str) -> String {
    desk.screen().into_iter().find(|line| line.contains(text)).unwrap_or_else(|| panic!("no {text}"))
}

/// Puts the cursor on what shows this text, as a press does.
fn press(desk: &mut Desk, text: &str) {
    let screen = desk.screen();
    let y = screen.iter().position(|line| line.contains(text)).unwrap();
    let x = screen[y].split(text).next().unwrap().chars().count();
    assert!(matches!(desk.app.painted.at(x as u16, y as u16), Some(Hit::Row(..))), "{text} can be pressed");
    desk.feed(Event::Mouse(Mouse::Press(x as u16, y as u16)));
}

#[test]
fn the_overview_shows_gauges_counts_and_problems() {
    let mut desk = Desk::new(&scene(), View::Overview, false);
    for text in ["99/100", "99%", "1 leaked", "1 severe", "!! MSGMNI", "!  shm:7", "1M in 2 segments"] {
        assert!(desk.shows(text), "{text}: {:#?}", desk.screen());
    }
    assert!(line(&mut desk, "99/100").contains('█'));
}

#[test]
fn enter_goes_to_the_rows_behind_a_number() {
    let mut desk = Desk::new(&scene(), View::Overview, false);
    press(&mut desk, "1 leaked");
    desk.keys("Enter");
    assert_eq!((desk.app.view, desk.app.list().field.text()), (View::Memory, "leaked"));
    assert!(desk.shows("shm:7") && !desk.shows("shm:8"));
}

#[test]
fn the_cursor_walks_over_lines_and_numbers() {
    let mut desk = Desk::new(&scene(), View::Overview, false);
    desk.keys("Down Down");
    assert_eq!(desk.app.list().at, 2, "from the gauge over the title to the second count");
    desk.keys("Right Enter");
    assert_eq!((desk.app.view, desk.app.list().field.text()), (View::Memory, "leaked"));
    desk.keys("1 Left Enter");
    assert_eq!((desk.app.view, desk.app.list().field.text()), (View::Memory, ""), "the cursor was kept");
    assert!(desk.shows("shm:7") && desk.shows("shm:8"));
}

#[test]
fn a_problem_of_the_overview_leads_to_its_details_and_back() {
    let mut desk = Desk::new(&scene(), View::Overview, false);
    press(&mut desk, "!  shm:7");
    let segment = desk.app.subject();
    assert!(matches!(segment, Some(Id::Object(_))), "actions reach the object");
    desk.keys("Enter");
    assert_eq!(desk.app.trail.last().map(|crumb| crumb.id), segment);
    assert!(desk.shows("Overview › shm:7") && desk.shows("leaked, warning"));
    desk.keys("Esc");
    assert!(desk.shows("Limits"));
}

#[test]
fn two_columns_are_walked_from_one_to_the_other() {
    let mut desk = Desk::new(&scene(), View::Overview, false);
    desk.feed(Event::Resize(120, 40));
    desk.keys("Right");
    assert!(desk.app.list().at > 5, "to the right column: {}", desk.app.list().at);
    desk.keys("Left");
    assert_eq!(desk.app.list().at, 0);
}

#[test]
fn processes_tell_what_they_hold_and_sleep_on() {
    let mut desk = Desk::new(&scene(), View::Processes, false);
    let row = line(&mut desk, "orders");
    assert!(row.contains("waiting ") && row.contains("waiting-receive queue:5"), "{row}");
    desk.keys("/ k e y : 1");
    assert!(desk.app.list().fault.is_some(), "the fields are those of processes");
    desk.keys("Esc / s t a t e : w a i t i n g Enter");
    assert!(desk.shows("orders"));
    assert_eq!(desk.app.subject(), desk.app.list().cursor, "x reaches the process");
    desk.keys("Enter");
    assert!(desk.shows("pid:812") || desk.shows("orders(812)"));
}

#[test]
fn problems_are_rows_of_their_objects() {
    let mut desk = Desk::new(&scene(), View::Problems, false);
    assert!(line(&mut desk, "MSGMNI").contains("severe"));
    assert!(line(&mut desk, "shm:7").contains("d remove"), "with the key");
    assert!(line(&mut desk, "[8").contains("Problems"));
    desk.keys("/ c l a s s : l e a k e d Enter");
    assert!(!desk.shows("MSGMNI") && matches!(desk.app.subject(), Some(Id::Object(_))));
}

#[test]
fn empty_views_tell_what_that_means() {
    let hidden = Hidden { pid: 5, descriptors: true, maps: true, waits: true };
    let mut scene = Scene::default();
    let mut desk = Desk::new(&scene, View::Problems, false);
    assert!(desk.shows("nothing is wrong") && !desk.shows("root"));
    scene.visibility.hidden = vec![hidden];
    scene.later = 2;
    desk.look(&scene);
    assert!(desk.shows("1 process"), "{:#?}", desk.screen());
    desk.keys("7");
    assert!(desk.shows("no process has an IPC object"), "{:#?}", desk.screen());
}

#[test]
fn every_size_holds_and_keeps_the_cursor_on_the_screen() {
    let mut desk = Desk::new(&scene(), View::Overview, false);
    for (width, height) in [(1, 1), (20, 5), (40, 15), (80, 24), (110, 8), (300, 100)] {
        desk.feed(Event::Resize(width, height));
        for view in ["1", "7", "8"] {
            desk.keys(view);
            for step in ["G", "g", "Down", "Right", "PgDn"] {
                desk.keys(step);
                let at = desk.app.list().at;
                let seen = (0..height).any(|y| {
                    (0..width).any(|x| matches!(desk.app.painted.at(x, y), Some(Hit::Row(row, _)) if row == at))
                });
                assert!(seen || width < 20, "{width}x{height}, view {view}, {step}, row {at}");
            }
        }
    }
}
