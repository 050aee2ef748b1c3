//! Keys in, jobs out: what needs no objects. The rest is in `tests/it/tui_jobs.rs`.

use super::*;
use crate::actions::{Naming, Policy, Receivers, Start, What};
use crate::tui::jobs::{Deed, Planning, Reaction};

fn key(name: &str) -> Key {
    Key::parse(name).unwrap_or_else(|| panic!("{name} is no key"))
}

fn press(dialog: &mut Dialog, names: &[&str]) -> Next {
    let keymap = crate::config::keys::Keymap::default();
    let mut last = Next::Stays;
    for name in names {
        let key = key(name);
        last = dialog.key(key, keymap.command(key));
    }
    last
}

fn create(kind: usize) -> Dialog {
    let mut dialog = Dialog { ticket: 1, page: Page::Create(Create::new(Policy::default(), "120000".to_owned())) };
    (0..kind).for_each(|_| drop(press(&mut dialog, &["Down"])));
    press(&mut dialog, &["Enter"]);
    dialog
}

/// What the dialog would make.
fn made(dialog: &mut Dialog) -> Option<What> {
    match dialog.press(Press::Go) {
        Next::Does(Job::Do(deed)) => match *deed {
            Deed::Create(making) => Some(making.new.what),
            _ => None,
        },
        _ => None,
    }
}

#[test]
fn every_kind_is_made_as_it_is_typed() {
    assert_eq!(made(&mut create(0)), Some(What::Fifo { path: b"/tmp/ipcx-120000.fifo".as_slice().into() }));
    let queue = |naming| What::Queue { naming, limit: None, depth: None, message_size: None };
    assert_eq!(made(&mut create(1)), Some(queue(Naming::Random)));
    let mut dialog = create(1);
    dialog.paste("/orders");
    assert_eq!(made(&mut dialog), Some(queue(Naming::Name(b"/orders".as_slice().into()))));
    let mut dialog = create(2);
    dialog.paste("0x4d2");
    assert_eq!(made(&mut dialog), Some(What::Shm { naming: Naming::Key(crate::model::Key(0x4d2)), size: 65536 }));
    let mut dialog = create(3);
    press(&mut dialog, &["Tab", "Tab", "Ctrl-u"]);
    dialog.paste("1,0");
    let start = Start::Each(vec![1, 0]);
    assert_eq!(made(&mut dialog), Some(What::Semaphore { naming: Naming::Random, count: None, start }));
}

#[test]
fn what_cannot_be_made_has_no_button_and_says_why() {
    for (kind, keys, text) in
        [(0, &["Ctrl-u"][..], "relative"), (1, &[], "orders"), (2, &["Tab", "Ctrl-u"], "0"), (3, &["Tab", "Tab"], "x")]
    {
        let mut dialog = create(kind);
        press(&mut dialog, keys);
        dialog.paste(text);
        assert_eq!(made(&mut dialog), None, "{text}");
        let Page::Create(page) = &dialog.page else { panic!("another page") };
        assert_eq!((page.lines[0].tone, page.buttons().len()), (Tone::Error, 1), "{text}");
    }
}

#[test]
fn enter_alone_makes_nothing() {
    for kind in 0..4 {
        let mut dialog = create(kind);
        let ended = (0..20).find_map(|_| match press(&mut dialog, &["Enter"]) {
            Next::Stays => None,
            other => Some(other),
        });
        assert!(matches!(ended, Some(Next::Closes)), "{ended:?}");
    }
}

fn candidate(pid: u32) -> Candidate {
    Candidate { pid, start_ticks: u64::from(pid) * 7, comm: "orders".to_owned(), roles: "reader".to_owned() }
}

fn reactions() -> Vec<Reaction> {
    let known = crate::kernel::signals::known();
    known.all().map(|signal| Reaction { words: signal.meaning.to_owned(), signal }).collect()
}

#[test]
fn the_menu_begins_with_term_and_is_searched() {
    let (page, job) = Signal::new(vec![candidate(812)], Policy::default());
    let Job::Plan { planning, .. } = job else { panic!("no plan") };
    let expected = [Receivers::Process { pid: 812, start_ticks: Some(812 * 7) }];
    assert!(matches!(*planning, Planning::Reactions(receivers) if receivers == expected));
    let mut dialog = Dialog { ticket: 1, page: Page::Signal(page) };
    dialog.take(1, Planned::Reactions(reactions()));
    let chosen = |dialog: &Dialog| match &dialog.page {
        Page::Signal(Signal { step: Step::Menu(menu), .. }) => menu.shown().nth(menu.row).map(|one| one.signal.number),
        _ => None,
    };
    assert_eq!(chosen(&dialog), Some(15));
    press(&mut dialog, &["1"]);
    assert_eq!(chosen(&dialog), Some(1));
    press(&mut dialog, &["0"]);
    assert_eq!(chosen(&dialog), Some(10));
    press(&mut dialog, &["Ctrl-u", "k", "i"]);
    assert_eq!(chosen(&dialog), Some(9));
    press(&mut dialog, &["z"]);
    assert_eq!(chosen(&dialog), None);
    assert!(matches!(press(&mut dialog, &["Enter"]), Next::Stays));
    let next = press(&mut dialog, &["Ctrl-u", "i", "n", "t", "Enter"]);
    let Next::Asks(Job::Plan { planning, .. }) = next else { panic!("no plan") };
    assert!(matches!(*planning, Planning::Signals { receivers, message }
        if receivers == expected && message.signal.name == "SIGINT"));
    // Until it is known what it would do there is nothing to press but Cancel.
    assert!(matches!(press(&mut dialog, &["Tab", "Enter"]), Next::Closes));
}

#[test]
fn holders_are_chosen_by_mark_or_by_cursor() {
    let chosen = |keys: &[&str]| -> Vec<u32> {
        let page = Holders::new("queue:5".to_owned(), (1..4).map(candidate).collect(), Policy::default());
        let mut dialog = Dialog { ticket: 1, page: Page::Holders(page) };
        let Next::Turns(_, Job::Plan { planning, .. }) = press(&mut dialog, keys) else { return Vec::new() };
        let Planning::Reactions(receivers) = *planning else { return Vec::new() };
        let pid = |receiver| match receiver {
            Receivers::Process { pid, .. } => pid,
            Receivers::Holders { .. } => 0,
        };
        receivers.into_iter().map(pid).collect()
    };
    assert_eq!(chosen(&["Enter"]), [1]);
    assert_eq!(chosen(&["Down", "Down", "Down", "Enter"]), [3]);
    assert_eq!(chosen(&["Down", "Space", "Down", "Space", "Up", "Up", "Enter"]), [2, 3]);
    assert!(chosen(&["Esc"]).is_empty());
    assert!(chosen(&["Tab", "Enter"]).is_empty());
}

#[test]
fn a_plan_for_another_dialog_is_not_taken() {
    let (page, _) = Signal::new(vec![candidate(812)], Policy::default());
    let mut dialog = Dialog { ticket: 2, page: Page::Signal(page) };
    dialog.take(1, Planned::Reactions(reactions()));
    let Page::Signal(Signal { step: Step::Menu(menu), .. }) = &dialog.page else { panic!("no menu") };
    assert!(menu.all.is_empty());
}
