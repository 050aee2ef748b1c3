//! Actions as a person takes them, key by key, and what the kernel says then. A dialog means what it meant when it was
//! opened: rows that move, objects that go, and others that take their place change nothing about that.

use crate::support::pty::{ESC, Ended, Setup, Terminal};
use crate::support::signals::next_pid;
use crate::support::{Child, eventually, isolated, look, scratch, sysv};
use ipcx::model::{Identity, Kinds};
use nix::sys::signal::Signal;
use nix::sys::wait::WaitStatus;
use std::os::unix::fs::FileTypeExt;

fn view(name: &str, shown: &str) -> Terminal {
    let mut terminal = Setup::ipcx(&["tui", "--view", name, "--interval", "0.25"]).start();
    terminal.wait_text(shown);
    terminal
}

/// The ids of the queues that there are.
fn queues() -> Vec<i32> {
    let id = |object: &ipcx::model::Object| match object.identity {
        Identity::SysV { id, .. } => Some(id),
        _ => None,
    };
    let mut ids: Vec<i32> = look(Kinds::SYSV_QUEUES).objects.iter().filter_map(id).collect();
    ids.sort_unstable();
    ids
}

/// Presses the button behind Cancel in a dialog that has said this.
fn confirm(terminal: &mut Terminal, said: &str) {
    terminal.wait_text(said);
    terminal.keys("\t\r");
}

#[test]
fn a_queue_is_removed_and_brought_back() {
    isolated(|| {
        let (kept, gone) = (sysv::queue(0x4d1, 0o600), sysv::queue(0x4d2, 0o640));
        sysv::send(gone, 7, b"order 17");
        let mut terminal = view("queues", &format!("queue:{gone}"));
        terminal.keys(&format!("G{}", "d"));
        terminal.wait_text(&format!("Remove queue:{gone}"));
        terminal.wait_text("same as: ipcx rm");
        // It starts on Cancel.
        terminal.keys("\r");
        terminal.wait_no_text("same as:");
        assert_eq!(queues(), [kept, gone]);
        terminal.keys("d");
        confirm(&mut terminal, "same as: ipcx rm");
        eventually("the kernel has it no more", || queues() == [kept]);
        terminal.wait_text("[2 Queues:1]");
        terminal.keys_until("L", &format!("removed queue:{gone}"));
        terminal.keys("q");
        terminal.keys_until("u", "Bring back");
        if !terminal.text().contains("Bring back 1") {
            terminal.keys_until(" ", "Bring back 1");
        }
        confirm(&mut terminal, "Bring back 1");
        eventually("it is there again", || queues().len() == 2);
        terminal.wait_text("[2 Queues:2]");
        let back = *queues().iter().find(|id| **id != kept).unwrap();
        assert_eq!(sysv::take(back), Some((7, b"order 17".to_vec())));
        terminal.keys("q");
        assert_eq!(terminal.end(), Ended::Code(0));
        assert!(terminal.is_restored());
    });
}

#[test]
fn the_selected_ones_are_removed_together() {
    isolated(|| {
        let ids: Vec<i32> = (1..5).map(|key| sysv::queue(key, 0o600)).collect();
        let mut terminal = view("queues", &format!("queue:{}", ids[3]));
        terminal.keys_until("gj  ", "2 selected");
        terminal.keys("d");
        terminal.wait_text("Remove 2 objects");
        confirm(&mut terminal, "same as: ipcx rm");
        eventually("two are gone", || queues() == [ids[0], ids[3]]);
    });
}

#[test]
fn what_is_removed_is_what_the_dialog_was_opened_for() {
    isolated(|| {
        let ids: Vec<i32> = (1..4).map(|key| sysv::queue(key, 0o600)).collect();
        let mut terminal = view("queues", &format!("queue:{}", ids[2]));
        terminal.keys(":sort -messages\r");
        terminal.wait_text("▼");
        // The first row is what is meant; then others come before it.
        terminal.keys("gd");
        terminal.wait_text(&format!("Remove queue:{}", ids[0]));
        sysv::send(ids[2], 1, b"x");
        sysv::send(ids[2], 1, b"x");
        sysv::send(ids[1], 1, b"x");
        let row = |terminal: &Terminal, id: i32| terminal.line_with(&format!("  queue:{id} "));
        terminal.wait_for("the rows have moved", |terminal| row(terminal, ids[2]) == Some(2));
        confirm(&mut terminal, "same as: ipcx rm");
        eventually("it is gone", || queues() == [ids[1], ids[2]]);
    });
}

#[test]
fn what_has_taken_its_place_is_not_removed() {
    isolated(|| {
        let first = sysv::queue(0x4d2, 0o600);
        let mut terminal = view("queues", &format!("queue:{first}"));
        terminal.keys("d");
        terminal.wait_text("same as: ipcx rm");
        sysv::remove_queue(first);
        let second = sysv::queue(0x4d2, 0o600);
        confirm(&mut terminal, &format!("Remove queue:{first}"));
        terminal.wait_no_text("same as:");
        terminal.keys_until("L", "Messages");
        terminal.wait_text(&format!("queue:{first}"));
        assert!(!terminal.text().contains("removed"), "{}", terminal.text());
        assert_eq!(queues(), [second]);
    });
}

#[test]
fn a_fifo_is_made() {
    isolated(|| {
        let place = scratch().join("made.fifo");
        let mut terminal = view("pipes", "[5 Pipes");
        terminal.keys_until("n", "FIFO");
        terminal.keys_until("\r", "path");
        terminal.keys(&format!("\x15{}", place.display()));
        terminal.wait_text("made.fifo");
        // Over the mode to the buttons, which begin with Cancel.
        terminal.keys("\r\r\t\r");
        eventually("it is there", || place.exists());
        assert!(std::fs::metadata(&place).unwrap().file_type().is_fifo());
        terminal.keys_until("L", "made.fifo");
    });
}

/// A child that waits for a message.
fn receiver(queue: i32) -> Child {
    Child::sleeping_in(&[libc::SYS_msgrcv], &[], || sysv::receive(queue, 0))
}

#[test]
fn a_signal_reaches_the_holder_that_is_named() {
    isolated(|| {
        let queue = sysv::queue(1, 0o600);
        let child = receiver(queue);
        let pid = child.pid();
        let mut terminal = view("queues", &format!("({pid})"));
        terminal.keys_until("x", "SIGTERM");
        // Enter chooses the signal, and then there is a question that starts on Cancel.
        terminal.keys_until("\r", "Send SIGTERM");
        terminal.keys("\r");
        terminal.wait_no_text("Send SIGTERM");
        assert!(child.is_running());
        terminal.keys_until("x", "SIGTERM");
        terminal.keys("\r");
        confirm(&mut terminal, "Send SIGTERM");
        assert!(matches!(child.wait(), WaitStatus::Signaled(_, Signal::SIGTERM, _)));
        terminal.wait_no_text(&format!("({pid})"));
    });
}

#[test]
fn another_process_with_the_same_pid_is_not_hit() {
    isolated(|| {
        let queue = sysv::queue(1, 0o600);
        let child = receiver(queue);
        let pid = child.pid();
        let mut terminal = view("queues", &format!("({pid})"));
        terminal.keys_until("x", "SIGTERM");
        terminal.keys_until("\r", "Send SIGTERM");
        let started = look(Kinds::SYSV_QUEUES).process(pid).unwrap().start_ticks;
        child.end();
        crate::support::signals::tick_after(started);
        next_pid(pid);
        let other = receiver(queue);
        assert_eq!(other.pid(), pid, "the same pid");
        confirm(&mut terminal, "Send SIGTERM");
        terminal.wait_no_text("Send SIGTERM");
        terminal.keys_until("L", &pid.to_string());
        assert!(other.is_running());
    });
}

#[test]
fn read_only_refuses_every_action_and_says_why() {
    isolated(|| {
        let queue = sysv::queue(1, 0o600);
        let child = receiver(queue);
        let arguments = ["--read-only", "tui", "--view", "queues"];
        let mut terminal = Setup::ipcx(&arguments).start();
        terminal.wait_text(&format!("({})", child.pid()));
        for key in ["d", "x", "n", "w", "u"] {
            terminal.keys_until(key, "read-only");
            terminal.keys(ESC);
            terminal.wait_no_text("read-only");
        }
        assert_eq!(queues(), [queue]);
        assert!(child.is_running());
    });
}

#[test]
fn a_dialog_fits_every_size() {
    isolated(|| {
        sysv::queue(1, 0o600);
        for key in ["d", "x", "n", "w", "u"] {
            let mut terminal = view("queues", "queue:");
            terminal.keys(key);
            for (columns, lines) in [(1, 1), (5, 1), (20, 5), (40, 15), (80, 24), (300, 100), (20, 5)] {
                terminal.resize(columns, lines);
                terminal.wait_output();
            }
            terminal.keys("\t\t\x03");
            assert_eq!(terminal.end(), Ended::Code(0), "{key}");
            assert!(terminal.is_restored(), "{key}");
        }
    });
}
