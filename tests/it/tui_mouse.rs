//! The mouse, as terminals report it (SGR), and the terminal left to itself with `--no-mouse`.

use crate::support::pty::{Ended, Setup, Terminal};
use crate::support::{isolated, sysv};

/// The left button pressed and let go.
fn click(terminal: &mut Terminal, (line, column): (u16, u16)) {
    let (x, y) = (column + 1, line + 1);
    terminal.keys(&format!("\x1b[<0;{x};{y}M\x1b[<0;{x};{y}m"));
}

fn wheel(terminal: &mut Terminal, down: bool) {
    terminal.keys(&format!("\x1b[<{};20;10M", 64 + u8::from(down)));
}

#[test]
fn tabs_rows_headings_and_keys_can_be_pressed() {
    isolated(|| {
        let ids: Vec<i32> = (1..30).map(|key| sysv::queue(key, 0o600)).collect();
        sysv::semaphores(1, 1, 0o600);
        let name = |at: usize| format!("queue:{} ", ids[at]);
        let mut terminal = Setup::ipcx(&["tui", "--view", "semaphores"]).start();
        terminal.wait_text("sem:");
        let place = terminal.place_of("2 Queues");
        click(&mut terminal, place);
        terminal.wait_text(&name(0));
        let place = terminal.place_of(&name(4));
        click(&mut terminal, place);
        terminal.wait_for("the cursor is on the row", |terminal| terminal.cursor_line().contains(&name(4)));
        wheel(&mut terminal, true);
        terminal.wait_for("the wheel moves it", |terminal| terminal.cursor_line().contains(&name(7)));
        wheel(&mut terminal, false);
        terminal.wait_for("and back", |terminal| terminal.cursor_line().contains(&name(4)));
        // A row that has the cursor already opens.
        click(&mut terminal, place);
        terminal.wait_text(&format!("› {}", name(4).trim()));
        terminal.keys("\x1b");
        terminal.wait_text(&name(0));
        let heading = terminal.place_of("KEY");
        click(&mut terminal, heading);
        terminal.wait_text("KEY▲");
        click(&mut terminal, heading);
        terminal.wait_text("KEY▼");
        let (line, column) = terminal.place_of("filter");
        click(&mut terminal, (line, column));
        terminal.keys_until("messages>7", "0 of 29");
    });
}

#[test]
fn what_is_pasted_is_text() {
    isolated(|| {
        sysv::queue(1, 0o600);
        let mut terminal = Setup::ipcx(&["tui", "--view", "queues"]).start();
        terminal.wait_text("queue:");
        // No key is meant outside of a field, least of all `q`.
        terminal.keys("\x1b[200~qdq\x1b[201~");
        terminal.keys("/\x1b[200~q\nd\x1b[201~");
        terminal.wait_text("/q d");
        terminal.keys("\x03");
        assert_eq!(terminal.end(), Ended::Code(0));
    });
}

#[test]
fn without_it_the_terminal_is_not_asked_for_any() {
    isolated(|| {
        let mut terminal = Setup::ipcx(&["tui", "--no-mouse"]).start();
        terminal.wait_text("Overview");
        terminal.wait_no_text("looking…");
        terminal.keys("q");
        assert_eq!(terminal.end(), Ended::Code(0));
        let text = String::from_utf8_lossy(terminal.raw());
        for mode in [9, 1000, 1002, 1003, 1005, 1006, 1015] {
            assert!(!text.contains(&format!("\x1b[?{mode}h")), "{mode}");
        }
    });
}
