//! What stands out, and by what: the cursor, the selection, what is new or gone, what is wrong.

use super::Desk;
use super::scene::everything;
use crate::config::theme::ThemeName;
use crate::tui::view::View;
use ratatui::style::{Color, Modifier};

/// Rows in every state: the second is selected, the third under the cursor and gone, one new.
fn rows(theme: ThemeName) -> Desk {
    let mut scene = everything();
    let mut desk = Desk::new(&scene, View::Queues, (80, 10), theme);
    desk.keys("j Space");
    scene.objects.remove(2);
    scene.holders.retain(|(place, _)| *place < 2);
    scene.add(crate::snapshot::testing::queue(65_545, 0x99, 1, 1));
    scene.later = 2;
    desk.look(&scene);
    desk
}

#[test]
fn rows_in_every_theme() {
    for theme in ThemeName::ALL {
        let mut desk = rows(theme);
        insta::assert_snapshot!(format!("rows-{theme}"), format!("{}\n{}", desk.text(), desk.styles()));
    }
}

#[test]
fn what_lies_above_in_colour() {
    let mut desk = Desk::new(&everything(), View::Queues, (60, 16), ThemeName::Ansi);
    desk.keys("s j");
    insta::assert_snapshot!("sort-ansi", format!("{}\n{}", desk.text(), desk.styles()));
}

#[test]
fn the_theme_without_colours_has_none() {
    for view in View::ALL {
        for keys in ["Space", "Enter", "?", "s", ": s o", "/ x : y", "L"] {
            let mut desk = Desk::new(&everything(), view, (120, 40), ThemeName::Mono);
            let buffer = desk.keys(keys).paint();
            for cell in &buffer.content {
                assert_eq!((cell.fg, cell.bg), (Color::Reset, Color::Reset), "{view:?} {keys}");
            }
        }
    }
}

#[test]
fn the_cursors_row_stands_out_in_every_cell() {
    for theme in ThemeName::ALL {
        let mut desk = Desk::new(&everything(), View::Queues, (80, 24), theme);
        let buffer = desk.paint();
        let ground = buffer[(0, 3)].style();
        for x in 0..80 {
            let style = buffer[(x, 2)].style();
            assert!(style.add_modifier.contains(Modifier::REVERSED) || style.bg != ground.bg, "{theme}, column {x}");
        }
    }
}
