//! Every view, and what lies above one, at every size.

use super::scene::everything;
use super::{Desk, SIZES};
use crate::config::theme::ThemeName;
use crate::tui::view::View;

/// The pictures of all sizes after some keys, one below the other.
fn pictures(view: View, keys: &str) -> String {
    let picture = |size| {
        let mut desk = Desk::new(&everything(), view, size, ThemeName::Mono);
        if !keys.is_empty() {
            desk.keys(keys);
        }
        desk.text()
    };
    SIZES.map(picture).join("\n")
}

#[test]
fn every_view() {
    for view in View::ALL {
        insta::assert_snapshot!(view.name(), pictures(view, ""));
    }
}

#[test]
fn details_of_each_kind() {
    for (name, view) in [
        ("details-queue", View::Queues),
        ("details-segment", View::Memory),
        ("details-semaphores", View::Semaphores),
        ("details-pipe", View::Pipes),
        ("details-socket", View::Sockets),
    ] {
        insta::assert_snapshot!(name, pictures(view, "Enter"));
    }
}

#[test]
fn what_lies_above() {
    insta::assert_snapshot!("help", pictures(View::Queues, "?"));
    insta::assert_snapshot!("sort", pictures(View::Queues, "s j j"));
    insta::assert_snapshot!("filter", pictures(View::Queues, "/ 4 d"));
    insta::assert_snapshot!("filter-fault", pictures(View::Queues, "/ x y : 1"));
    insta::assert_snapshot!("palette", pictures(View::Queues, ": s o"));
    insta::assert_snapshot!("log", pictures(View::Queues, ": n o p e Enter L"));
}

/// What dialogs tell of real objects is in `tests/it/tui_jobs.rs` and `tui_actions.rs`.
#[test]
fn dialogs() {
    insta::assert_snapshot!("dialog-new", pictures(View::Pipes, "n"));
    insta::assert_snapshot!("dialog-new-queue", pictures(View::Pipes, "n Down Enter"));
    insta::assert_snapshot!("dialog-holders", pictures(View::Pipes, "x Down Space"));
    insta::assert_snapshot!("dialog-remove", pictures(View::Queues, "Space Space d"));
    insta::assert_snapshot!("dialog-send", pictures(View::Queues, "w"));
}

#[test]
fn sorted_selected_and_scrolled() {
    insta::assert_snapshot!("sorted", pictures(View::Queues, "s j j j j j Enter Space G l l l"));
}

#[test]
fn in_ascii() {
    let mut desk = Desk::new(&everything(), View::Pipes, (80, 24), ThemeName::Mono);
    desk.app.settings.ascii = true;
    desk.keys("s");
    insta::assert_snapshot!("ascii", desk.text());
    assert!(desk.text().is_ascii());
}

#[test]
fn where_there_is_no_room_it_says_how_much_is_needed() {
    for size in [(1, 1), (2, 2), (5, 1), (19, 4), (19, 40), (120, 4)] {
        for view in View::ALL {
            let text = Desk::new(&everything(), view, size, ThemeName::Mono).text();
            let said = format!("need 20x5, have {}x{}", size.0, size.1);
            let said: String = said.chars().take(size.0.into()).collect();
            assert!(text.lines().nth(1).is_some_and(|line| line.starts_with(&format!("|{said}"))), "{text}");
        }
    }
}
