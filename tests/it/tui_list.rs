//! The lists as they are seen: filtered, sorted, walked through, and while objects come and go.

use crate::support::pty::{Setup, Terminal};
use crate::support::{isolated, sysv};

/// The queues' view, looked at four times a second.
fn queues(count: usize) -> Terminal {
    let mut terminal = Setup::ipcx(&["tui", "--view", "queues", "--interval", "0.25"]).start();
    terminal.wait_text(&format!("[2 Queues:{count}]"));
    terminal
}

/// The ids of the queues that are listed, from the top.
fn listed(terminal: &Terminal) -> Vec<i32> {
    let id = |line: &String| line.split_once("queue:")?.1.split(' ').next()?.parse().ok();
    terminal.lines().iter().filter_map(id).collect()
}

fn listed_ends_as(terminal: &mut Terminal, expected: &[i32]) {
    terminal.wait_for(&format!("the queues {expected:?}"), |terminal| listed(terminal) == expected);
}

/// Puts the cursor on the line with this text, in a list whose first line has that one.
fn walk_to(terminal: &mut Terminal, first: &str, text: &str) {
    let line = |text| terminal.line_with(text).unwrap_or_else(|| panic!("no {text:?}:\n{}", terminal.text()));
    let down = usize::from(line(text) - line(first));
    terminal.keys(&format!("g{}", "j".repeat(down)));
    terminal.wait_for(&format!("the cursor on {text}"), |terminal| terminal.cursor_line().contains(text));
}

#[test]
fn filters_as_it_is_typed_and_tells_how_many_are_left() {
    isolated(|| {
        let all: Vec<i32> = (0..340).map(|_| sysv::queue(0, 0o600)).collect();
        let full = &all[100..112];
        for queue in full {
            sysv::send(*queue, 1, b"x");
        }
        let mut terminal = queues(340);
        terminal.keys_until("/", "/");
        terminal.keys("messages>=1");
        terminal.wait_text("12 of 340");
        listed_ends_as(&mut terminal, full);
        // What makes no sense yet is told, and what was listed stays.
        terminal.keys_until("\x1b[200~ nosuch:1\x1b[201~", "no field");
        terminal.wait_text("12 of 340");
        terminal.keys("\x17");
        terminal.keys_until("\r", "Esc clears");
        assert!(terminal.text().contains("/messages>=1"), "the filter stays on:\n{}", terminal.text());
        sysv::send(all[5], 1, b"x");
        terminal.wait_text("13 of 340");
        terminal.keys("\x1b");
        terminal.wait_no_text("13 of 340");
        terminal.wait_no_text("messages>=1");
        terminal.wait_for("all again", |terminal| listed(terminal).len() > 20);
    });
}

#[test]
fn sorts_by_the_column_that_is_chosen() {
    isolated(|| {
        let ids: Vec<i32> = (1..4).map(|key| sysv::queue(key, 0o600)).collect();
        for (queue, messages) in ids.iter().zip([1, 3, 2]) {
            (0..messages).for_each(|_| sysv::send(*queue, 1, b"x"));
        }
        let mut terminal = queues(3);
        terminal.keys_until("s", "Sort by");
        walk_to(&mut terminal, "address", "messages");
        terminal.keys("\r");
        terminal.wait_text("MESSAGE▼");
        listed_ends_as(&mut terminal, &[ids[1], ids[2], ids[0]]);
        terminal.keys_until("I", "MESSAGE▲");
        listed_ends_as(&mut terminal, &[ids[0], ids[2], ids[1]]);
        // The order is kept up while numbers change.
        (0..5).for_each(|_| sysv::send(ids[0], 1, b"x"));
        listed_ends_as(&mut terminal, &[ids[2], ids[1], ids[0]]);
        terminal.keys(":sort -key\r");
        terminal.wait_text("KEY▼");
        listed_ends_as(&mut terminal, &[ids[2], ids[1], ids[0]]);
        terminal.keys_until(":sort nosuch\r", "no such column");
    });
}

#[test]
fn the_cursor_stays_on_its_object_while_rows_move() {
    isolated(|| {
        let ids: Vec<i32> = (1..5).map(|key| sysv::queue(key, 0o600)).collect();
        let mut terminal = queues(4);
        terminal.keys(":sort messages\r");
        terminal.wait_text("MESSAGE▲");
        terminal.keys_until("I", "MESSAGE▼");
        walk_to(&mut terminal, "queue:0 ", &format!("queue:{} ", ids[2]));
        sysv::send(ids[2], 1, b"x");
        listed_ends_as(&mut terminal, &[ids[2], ids[0], ids[1], ids[3]]);
        terminal.wait_for("the cursor on the same", |terminal| {
            terminal.cursor_line().contains(&format!("queue:{} ", ids[2]))
        });
    });
}

#[test]
fn what_comes_is_marked_and_what_goes_is_dimmed_until_the_cursor_leaves() {
    isolated(|| {
        let ids: Vec<i32> = (1..4).map(|key| sysv::queue(key, 0o600)).collect();
        let mut terminal = queues(3);
        let line_of = |id: i32| format!("queue:{id} ");
        let new = sysv::queue(9, 0o600);
        terminal.wait_text(&line_of(new));
        let line = terminal.lines()[usize::from(terminal.line_with(&line_of(new)).unwrap())].clone();
        assert!(line.starts_with(" +"), "{line}");

        walk_to(&mut terminal, "queue:0 ", &line_of(ids[1]));
        let at = terminal.line_with(&line_of(ids[1])).unwrap();
        sysv::remove_queue(ids[1]);
        terminal.wait_text(" gone ");
        terminal.wait_text("[2 Queues:3]");
        // Several looks later it is still there: a look has seen what came after it.
        let later = sysv::queue(10, 0o600);
        terminal.wait_text(&line_of(later));
        assert_eq!(terminal.line_with(&line_of(ids[1])), Some(at), "{}", terminal.text());
        terminal.wait_for("the cursor is still on it", |terminal| terminal.screen().cursor_position().0 == at);
        assert!(terminal.whole_line(at, vt100::Cell::inverse), "it is the row under the cursor");
        let (_, column) = terminal.place_of(&line_of(ids[1]));
        assert!(terminal.screen().cell(at, column).unwrap().dim(), "and dimmed");
        terminal.keys("j");
        terminal.wait_no_text(" gone ");
        listed_ends_as(&mut terminal, &[ids[0], ids[2], new, later]);
    });
}

#[test]
fn details_open_follow_and_close() {
    isolated(|| {
        let ids: Vec<i32> = (1..4).map(|key| sysv::queue(0x4d0 + key, 0o600)).collect();
        let mut terminal = queues(3);
        walk_to(&mut terminal, "queue:0 ", &format!("queue:{} ", ids[1]));
        terminal.keys_until("\r", &format!("Queues › queue:{}", ids[1]));
        terminal.wait_text("0x000004d2");
        terminal.wait_no_text(&format!("queue:{} ", ids[0]));
        sysv::remove_queue(ids[1]);
        terminal.wait_text("gone");
        assert!(terminal.text().contains("0x000004d2"), "what was known is still there:\n{}", terminal.text());
        terminal.keys("\x1b");
        terminal.wait_text(&format!("queue:{} ", ids[2]));
        assert!(!terminal.text().contains('›'));
        // Beside the list on a wide terminal, for the row under the cursor.
        walk_to(&mut terminal, "queue:0 ", &format!("queue:{} ", ids[0]));
        terminal.resize(160, 30);
        terminal.wait_for("details of the first beside the list", |terminal| {
            terminal
                .lines()
                .iter()
                .any(|line| line.split_once('│').is_some_and(|(_, side)| side.contains("0x000004d1")))
        });
    });
}

#[test]
fn help_and_the_log_tell_and_close() {
    isolated(|| {
        sysv::queue(1, 0o600);
        let mut terminal = queues(1);
        terminal.keys_until("?", "Keys");
        terminal.keys_until("/suspend\r", "Ctrl-Z");
        assert!(!terminal.text().contains("up by a row"), "{}", terminal.text());
        terminal.keys("q");
        terminal.wait_no_text("Ctrl-Z");
        terminal.keys_until(":nosuch\r", "no such command");
        terminal.keys_until("L", "Messages");
        terminal.wait_text("no such command");
        terminal.keys("q");
        terminal.wait_no_text("Messages");
    });
}
