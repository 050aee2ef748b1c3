//! Dialogs on the terminal, and what becomes of what they were about: interrupted, cancelled, refused, or no longer there.

use crate::support::cli::{self, ipcx};
use crate::support::pty::{ESC, Ended, Setup, Terminal};
use crate::support::trace::killed_at;
use crate::support::undo::{Held, entries};
use crate::support::{Child, eventually, isolated, scratch, state_of, sysv};
use ipcx::kernel::msgctl;
use nix::sys::signal::Signal;
use nix::sys::stat::Mode;
use nix::unistd::mkfifo;
use std::collections::BTreeSet;
use std::process::Stdio;

/// The list of a view, with the cursor on the row with this text.
fn on_row(view: &str, text: &str) -> Terminal {
    let mut terminal = Setup::ipcx(&["tui", "--view", view, "--interval", "0.25"]).size(120, 40).start();
    terminal.wait_full_look();
    terminal.walk_to(text);
    terminal
}

fn exists(queue: i32) -> bool {
    msgctl::stat(queue).is_ok()
}

#[test]
fn a_removal_that_was_killed_is_told_at_the_start() {
    isolated(|| {
        let queue = sysv::queue(0x51, 0o600);
        sysv::send(queue, 1, b"x");
        let address = format!("queue:{queue}");
        let frozen = (0..1000).any(|stop| {
            let mut command = cli::command(&["rm", &address]);
            assert!(killed_at(command.stdout(Stdio::null()).stderr(Stdio::null()), stop).is_some());
            msgctl::stat(queue).unwrap().limit_bytes == 0
        });
        assert!(frozen);
        let mut terminal = on_row("queues", &address);
        terminal.keys_until("L", &format!("a removal of {address} was interrupted"));
        terminal.wait_text("ipcx undo --thaw");
        assert_eq!(msgctl::stat(queue).unwrap().limit_bytes, 0, "telling changes nothing");
    });
}

/// So many queues with a message each.
const MANY: i32 = 300;

/// The removal of [`MANY`] queues in its middle: some are gone, one is under way and waits, most are left.
fn in_the_middle() -> (Terminal, Vec<i32>, Held) {
    let ids: Vec<i32> = (1..=MANY).map(|key| sysv::queue(key, 0o600)).collect();
    for id in &ids {
        sysv::send(*id, 7, id.to_string().as_bytes());
    }
    let mut held = Held::lock();
    let mut terminal = on_row("queues", &format!("queue:{} ", ids[0]));
    terminal.wait_text(&format!("[2 Queues:{MANY}]"));
    terminal.keys(" G\0");
    terminal.wait_text(&format!("{MANY} selected"));
    terminal.keys_until("d", "same as: ipcx rm");
    terminal.keys("\t\r");
    terminal.wait_text("Esc cancels");
    // The lock goes to and fro: each time one goes, or a few.
    while ids.iter().filter(|id| !exists(**id)).count() < 3 {
        drop(held);
        held = Held::lock();
    }
    terminal.wait_for("how far it is", |terminal| {
        let text = terminal.text();
        text.contains(&format!(" of {MANY}  Esc")) && !text.contains("removing 0 of")
    });
    (terminal, ids, held)
}

/// Each is there as before, or gone and in a backup; some are each.
fn whole(ids: &[i32]) {
    let kept: BTreeSet<String> = entries().into_iter().map(|entry| entry.header.about.address).collect();
    let (there, gone): (Vec<i32>, Vec<i32>) = ids.iter().partition(|id| exists(**id));
    assert!(there.len() > 1 && gone.len() > 1, "{} there, {} gone", there.len(), gone.len());
    let addresses: BTreeSet<String> = gone.iter().map(|id| format!("queue:{id}")).collect();
    assert_eq!(kept, addresses, "what is gone has a backup, and nothing else has");
    for id in there {
        assert!(msgctl::stat(id).unwrap().limit_bytes > 0, "anybody can send to {id}");
        assert_eq!(sysv::take(id), Some((7, id.to_string().into_bytes())));
    }
    assert!(!ipcx(&["ls"]).err.contains("interrupted"));
}

#[test]
fn leaving_in_the_middle_of_a_removal_ends_the_one_under_way_whole() {
    isolated(|| {
        for (name, key, code) in [("q", "q", 0), ("Ctrl-C", "\x03", 0), ("SIGTERM", "", 143)] {
            let _ = std::fs::remove_dir_all(cli::state_home());
            let (mut terminal, ids, held) = in_the_middle();
            if key.is_empty() {
                terminal.signal(Signal::SIGTERM);
            } else {
                terminal.keys(key);
            }
            drop(held);
            assert_eq!(terminal.end(), Ended::Code(code), "{name}");
            assert!(terminal.is_restored(), "{name}");
            whole(&ids);
            ids.into_iter().filter(|id| exists(*id)).for_each(sysv::remove_queue);
        }
    });
}

#[test]
fn esc_stops_a_removal_in_the_middle() {
    isolated(|| {
        let (mut terminal, ids, held) = in_the_middle();
        terminal.keys(ESC);
        terminal.keys_until("L", "what is under way is brought to its end");
        terminal.keys_until("q", "Esc cancels");
        drop(held);
        terminal.wait_no_text("Esc cancels");
        let gone = ids.iter().filter(|id| !exists(**id)).count();
        terminal.wait_text(&format!("[2 Queues:{}]", ids.len() - gone));
        whole(&ids);
        terminal.keys_until("L", &format!("{gone} "));
        terminal.wait_text("interrupted");
    });
}

#[test]
fn what_is_pasted_into_a_field_is_sent_as_it_is() {
    isolated(|| {
        let queue = sysv::queue(0x51, 0o600);
        let mut terminal = on_row("queues", "queue:");
        terminal.keys_until("w", "Send to queue:");
        terminal.wait_text("[Send]");
        terminal.keys("\x1b[200~dq and more\x1b[201~");
        terminal.wait_text("dq and more");
        // Over the other fields to the buttons, which begin with Cancel.
        terminal.keys("\r\r\r\t\r");
        terminal.wait_no_text("Send to queue:");
        eventually("it is in the queue", || msgctl::stat(queue).unwrap().messages == 1);
        assert_eq!(sysv::take(queue), Some((1, b"dq and more".to_vec())));
        assert!(exists(queue));
    });
}

/// The left button pressed and let go in the middle of a text.
fn click(terminal: &mut Terminal, text: &str) {
    let (line, column) = terminal.place_of(text);
    let (x, y) = (column + 2, line + 1);
    terminal.keys(&format!("\x1b[<0;{x};{y}M\x1b[<0;{x};{y}m"));
}

#[test]
fn buttons_are_pressed_with_the_mouse() {
    isolated(|| {
        let queue = sysv::queue(0x51, 0o600);
        let mut terminal = on_row("queues", "queue:");
        terminal.keys_until("d", "same as: ipcx rm");
        click(&mut terminal, "[Cancel]");
        terminal.wait_no_text("same as:");
        assert!(exists(queue));
        terminal.keys_until("d", "same as: ipcx rm");
        click(&mut terminal, "[ ] no backup");
        terminal.wait_text("this cannot be undone");
        click(&mut terminal, "[x] no backup");
        terminal.wait_text("undo brings it back");
        // Beside the dialog is the list, which must not get it.
        terminal.keys("\x1b[<0;2;2M\x1b[<0;2;2m");
        click(&mut terminal, "[Remove]");
        eventually("it is gone", || !exists(queue));
        terminal.wait_text("removed queue:");
        assert_eq!(entries().len(), 1);
    });
}

#[test]
fn a_dialog_outlives_another_size_and_a_stop() {
    isolated(|| {
        let queue = sysv::queue(0x51, 0o600);
        let shell = ["bash", "--norc", "--noprofile", "--noediting", "-i"];
        let mut terminal = Setup::program(&shell).env("PS1", "shell> ").start();
        terminal.wait_text("shell>");
        terminal.keys(&format!("{} tui --view queues\n", env!("CARGO_BIN_EXE_ipcx")));
        terminal.wait_text("queue:0");
        let children = std::fs::read_to_string(format!("/proc/{0}/task/{0}/children", terminal.pid())).unwrap();
        let pid: u32 = children.split_whitespace().next().unwrap().parse().unwrap();
        terminal.keys_until("d", "same as: ipcx rm");
        terminal.keys("\x1a");
        eventually("it has stopped", || state_of(pid) == 'T');
        terminal.wait_for("the terminal is the shell's", Terminal::is_restored);
        terminal.resize(60, 16);
        terminal.keys("fg\n");
        terminal.wait_for("the dialog is there again", |terminal| {
            terminal.screen().alternate_screen() && terminal.text().contains("same as: ipcx rm")
        });
        assert!(exists(queue));
        for size in [(20, 5), (100, 30)] {
            terminal.resize(size.0, size.1);
            terminal.wait_text("[Cancel]");
        }
        terminal.wait_text("same as: ipcx rm");
        terminal.keys("\t\r");
        eventually("it is gone", || !exists(queue));
        terminal.keys("\x03");
        terminal.wait_for("the shell's prompt", |terminal| {
            terminal.is_restored() && terminal.text().trim_end().ends_with("shell>")
        });
    });
}

#[test]
fn a_key_that_is_taken_meanwhile_stays_with_who_has_it() {
    isolated(|| {
        let old = sysv::queue(0x51, 0o600);
        sysv::send(old, 1, b"old");
        assert_eq!(ipcx(&["rm", &format!("queue:{old}")]).status, 0);
        let mut terminal = Setup::ipcx(&["tui", "--view", "queues", "--interval", "0.25"]).size(120, 40).start();
        terminal.wait_text("[2 Queues:0]");
        terminal.keys_until("u", "Bring back 1");
        // Under the open dialog somebody makes one with this key.
        let new = sysv::queue(0x51, 0o640);
        sysv::send(new, 1, b"new");
        terminal.wait_text("[2 Queues:1]");
        terminal.keys("\t\r");
        terminal.wait_no_text("Bring back 1");
        terminal.keys_until("L", &format!("its key 0x00000051 is that of queue:{new}"));
        assert!(!terminal.text().contains("brought back"), "{}", terminal.text());
        assert_eq!(sysv::take(new), Some((1, b"new".to_vec())));
        assert_eq!(entries().len(), 1, "the backup is kept");
        // Asked again, the dialog says so beforehand.
        terminal.keys("q");
        terminal.wait_no_text("Messages");
        terminal.keys_until("u", "Bring back 1");
        terminal.wait_text(&format!("is that of queue:{new}"));
    });
}

#[test]
fn where_nothing_can_be_put_in_the_reason_is_said() {
    isolated(|| {
        let queue = sysv::queue(0x51, 0o600);
        sysv::set_queue(queue, |ds| ds.msg_qbytes = 4);
        sysv::send(queue, 1, b"full");
        let mut terminal = on_row("queues", "queue:");
        terminal.keys_until("w", "Send to queue:");
        terminal.wait_text("[Send]");
        terminal.keys("x\r\r\r\t\r");
        terminal.wait_no_text("[Send]");
        terminal.keys_until("L", "full");
        assert_eq!(msgctl::stat(queue).unwrap().messages, 1);

        // Held open for writing alone.
        let place = scratch().join("quiet.fifo");
        mkfifo(&place, Mode::S_IRUSR | Mode::S_IWUSR).unwrap();
        let both = std::fs::File::options().read(true).write(true).open(&place).unwrap();
        let _writer = std::fs::File::options().write(true).open(&place).unwrap();
        drop(both);
        let mut terminal = on_row("pipes", "quiet.fifo");
        terminal.keys_until("w", "Send to fifo:");
        terminal.wait_text("[Send]");
        terminal.keys("x\r\r\t\r");
        terminal.wait_no_text("[Send]");
        terminal.keys_until("L", "quiet.fifo: no");
    });
}

#[test]
fn what_is_marked_and_hidden_by_a_filter_is_named_before_it_goes() {
    isolated(|| {
        let ids: Vec<i32> = (1..5).map(|key| sysv::queue(key, 0o600)).collect();
        sysv::send(ids[3], 1, b"x");
        let mut terminal = on_row("queues", &format!("queue:{} ", ids[0]));
        terminal.keys_until("  ", "2 selected");
        terminal.keys("/messages>0");
        terminal.wait_text("1 of 4");
        terminal.keys("\r");
        terminal.wait_text("Esc clears");
        assert!(terminal.text().contains("2 selected"), "{}", terminal.text());
        terminal.keys_until("d", "Remove 2 objects");
        terminal.wait_text("same as: ipcx rm");
        for id in &ids[..2] {
            terminal.wait_text(&format!("queue:{id} ("));
        }
        assert!(!terminal.text().contains(&format!("queue:{} (", ids[3])), "{}", terminal.text());
        terminal.keys("\t\r");
        eventually("the marked ones are gone", || !exists(ids[0]) && !exists(ids[1]));
        terminal.wait_text("2 of 2 removed");
        assert!(exists(ids[2]) && exists(ids[3]), "the one that was seen was not marked");
    });
}

#[test]
fn a_process_that_has_ended_meanwhile_gets_no_signal() {
    isolated(|| {
        let queue = sysv::queue(0x51, 0o600);
        let child = Child::sleeping_in(&[libc::SYS_msgrcv], &[], || sysv::receive(queue, 0));
        let pid = child.pid();
        let mut terminal = on_row("processes", &format!("waiting-receive queue:{queue}"));
        terminal.keys_until("x", "SIGTERM");
        child.end();
        terminal.keys("\r");
        terminal.wait_for("that it has ended", |terminal| {
            let text = terminal.text();
            text.contains(&format!("pid:{pid}")) && (text.contains("gone") || text.contains("ended"))
        });
        assert!(!terminal.text().contains("[Send SIGTERM]"), "{}", terminal.text());
        terminal.keys("\t\r");
        terminal.wait_no_text("[Cancel]");
    });
}

#[test]
fn another_with_the_same_key_that_takes_the_cursor_is_not_hit() {
    isolated(|| {
        let first = sysv::queue(0x4d2, 0o600);
        let other = sysv::queue(0x4d3, 0o600);
        sysv::send(first, 1, b"first");
        let mut terminal = on_row("queues", &format!("queue:{first} "));
        terminal.keys(":sort -messages\r");
        terminal.wait_text("▼");
        terminal.keys("g");
        terminal.keys_until("d", &format!("Remove queue:{first}"));
        terminal.wait_text("same as: ipcx rm");
        sysv::remove_queue(first);
        let second = sysv::queue(0x4d2, 0o600);
        (0..3).for_each(|_| sysv::send(second, 1, b"second"));
        terminal.wait_for("the rows have moved", |terminal| {
            let line = |id: i32| terminal.line_with(&format!("queue:{id} "));
            line(second).is_some() && line(second) < line(other)
        });
        terminal.keys("\t\r");
        terminal.wait_no_text("same as:");
        terminal.keys_until("L", &format!("queue:{first}: gone or replaced"));
        assert!(exists(second) && exists(other));
        assert_eq!(msgctl::stat(second).unwrap().messages, 3);
        assert!(entries().is_empty(), "nothing was removed");
    });
}
