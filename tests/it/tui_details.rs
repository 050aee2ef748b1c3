//! Details and contents on the terminal: the way through them and back, what stays of what is gone, and looks that take
//! nothing and leave nothing that was not agreed to.

use crate::support::pty::{ESC, Setup, Terminal};
use crate::support::undo::{Held, entries};
use crate::support::{Child, isolated, look, posix, sysv};
use ipcx::kernel::mqueue::{self, Access};
use ipcx::model::{Body, Kinds};
use nix::sys::stat::fstat;
use std::io::{Read, Write};
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;

/// The interface on a terminal with room for much, at this view, with the cursor on the row with this text.
fn on_row(view: &str, text: &str) -> Terminal {
    on_row_of(Setup::ipcx(&["tui", "--view", view, "--interval", "0.25"]), text)
}

fn on_row_of(setup: Setup, text: &str) -> Terminal {
    let mut terminal = setup.size(120, 50).start();
    terminal.wait_full_look();
    terminal.walk_to(text);
    terminal
}

/// Waits until the way that led here ends so.
fn wait_title(terminal: &mut Terminal, end: &str) {
    terminal.wait_for(&format!("{end:?} is open"), |terminal| terminal.lines()[1].trim_end().ends_with(end));
}

/// Leaves one row in the list: others may name this one as their peer.
fn only(terminal: &mut Terminal, inode: u64) {
    terminal.keys(&format!("/inode:{inode}"));
    terminal.wait_text("1 of ");
    terminal.keys_until("\r", "Esc clears");
}

fn inode(file: impl AsFd) -> u64 {
    fstat(file).unwrap().st_ino
}

#[test]
fn from_a_queue_to_its_receiver_to_its_parent_and_back() {
    isolated(|| {
        let ids: Vec<i32> = (1..4).map(|key| sysv::queue(0x4d0 + key, 0o600)).collect();
        let queue = ids[1];
        let child = Child::sleeping_in(&[libc::SYS_msgrcv], &[], || sysv::receive(queue, 0));
        let pid = child.pid();
        let row = format!("queue:{queue} ");
        let mut terminal = on_row("queues", &row);
        terminal.keys_until("\r", &format!("Queues › queue:{queue}"));
        terminal.walk_to("waiting-receive");
        terminal.keys("\r");
        wait_title(&mut terminal, &format!("({pid})"));
        terminal.wait_text(&format!("Queues › queue:{queue} › "));
        terminal.walk_to("parent ");
        terminal.keys("\r");
        wait_title(&mut terminal, "(1)");
        for back in [format!("({pid})"), format!("Queues › queue:{queue}")] {
            terminal.keys("\x1b");
            wait_title(&mut terminal, &back);
        }
        assert!(terminal.cursor_line().contains("waiting-receive"), "where it was left: {}", terminal.cursor_line());
        terminal.keys("\x1b");
        terminal.wait_for("the list, and its cursor", |terminal| {
            !terminal.text().contains('›') && terminal.cursor_line().contains(&row)
        });
    });
}

#[test]
fn what_goes_while_its_details_are_open_stays_to_be_read_and_has_no_contents() {
    isolated(|| {
        let queue = sysv::queue(0x4d1, 0o600);
        let mut terminal = on_row("queues", "queue:");
        terminal.keys_until("\r", "Queues › queue:");
        sysv::remove_queue(queue);
        terminal.wait_for("gone", |terminal| terminal.lines()[1].contains("gone"));
        terminal.keys_until("p", "it has vanished: there is nothing to look at");
        assert!(terminal.text().contains("0x000004d1"), "{}", terminal.text());
    });
}

#[test]
fn a_process_that_ends_while_its_details_are_open() {
    isolated(|| {
        let queue = sysv::queue(0x4d1, 0o600);
        let child = Child::sleeping_in(&[libc::SYS_msgrcv], &[], || sysv::receive(queue, 0));
        let mut terminal = on_row("processes", &format!("waiting-receive queue:{queue}"));
        terminal.keys_until("\r", &format!("({})", child.pid()));
        child.end();
        terminal.wait_for("gone", |terminal| terminal.lines()[1].contains("gone"));
        terminal.keys("\x1b");
        terminal.wait_no_text("›");
    });
}

#[test]
fn messages_are_shown_and_none_is_taken() {
    isolated(|| {
        let queue = sysv::queue(0x4d1, 0o600);
        let empty = sysv::queue(0x4d2, 0o600);
        sysv::send(queue, 5, b"\x1b[31mred\x07");
        sysv::send(queue, 6, b"plain");
        let record = sysv::queue_record(queue);
        let mut terminal = on_row("queues", &format!("queue:{queue} "));
        terminal.keys_until("p", "[0] type 5, 9 bytes");
        terminal.wait_text("[1] type 6, 5 bytes");
        terminal.wait_text("plain");
        terminal.keys_until("v", "1b 5b 33 31 6d 72 65 64");
        terminal.wait_text("70 6c 61 69 6e");
        terminal.keys("v");
        // What is no text stays in hexadecimal.
        terminal.wait_no_text("70 6c 61 69 6e");
        let raw = String::from_utf8_lossy(terminal.raw()).into_owned();
        assert!(!raw.contains("\x1b[31mred") && !raw.contains('\x07'), "nothing in a message acts on the terminal");
        assert!(sysv::queue_record(queue) == record, "nothing was taken, and no time was stamped");
        assert_eq!(sysv::take(queue), Some((5, b"\x1b[31mred\x07".to_vec())));
        terminal.keys(ESC);
        terminal.wait_no_text("type 6");
        terminal.walk_to(&format!("queue:{empty} "));
        terminal.keys_until("p", &format!("queue:{empty} is empty"));
    });
}

#[test]
fn a_posix_queue_tells_how_much_it_holds_and_keeps_it() {
    isolated(|| {
        let queue = posix::queue(c"/orders", 4, 64);
        nix::mqueue::mq_send(&queue, b"secret", 3).unwrap();
        let mut terminal = on_row("queues", "queue:/orders");
        terminal.keys_until("p", "1 message; it takes at most 4 messages of 64 bytes each");
        terminal.wait_text("cannot be copied without taking them out");
        let queue = mqueue::open_queue(b"orders", Access::Both).unwrap();
        assert_eq!(queue.depth().unwrap().messages, 1);
        assert_eq!(queue.receive(&mut [0; 64]).unwrap(), Some((3, 6)));
    });
}

#[test]
fn bytes_in_a_pipe_and_in_a_socket_stay_there() {
    isolated(|| {
        let (mut from, mut to) = std::io::pipe().unwrap();
        to.write_all(b"in the pipe \x1b[31").unwrap();
        let (mut one, mut other) = UnixStream::pair().unwrap();
        one.write_all(b"in the socket \x1b]0;x\x07").unwrap();
        let mut terminal = on_row("pipes", &format!("pipe:[{}]", inode(&from)));
        terminal.keys_until("p", "in the pipe");
        terminal.keys(ESC);
        terminal.wait_no_text("in the pipe");
        terminal.keys_until("6", "[6 Sockets");
        only(&mut terminal, inode(&other));
        terminal.keys_until("p", "in the socket");
        let raw = String::from_utf8_lossy(terminal.raw()).into_owned();
        assert!(!raw.contains("pipe \x1b[31") && !raw.contains("\x1b]0;x"));
        let mut read = [0; 16];
        from.read_exact(&mut read).unwrap();
        assert_eq!(&read, b"in the pipe \x1b[31");
        let mut read = [0; 20];
        other.read_exact(&mut read).unwrap();
        assert_eq!(&read, b"in the socket \x1b]0;x\x07");
    });
}

#[test]
fn a_semaphore_set_shows_its_values() {
    isolated(|| {
        let set = sysv::semaphores(0x1f, 2, 0o600);
        sysv::set_values(set, &[3, 0]);
        let _waiter = Child::sleeping_in(&sysv::OPERATE, &[], || sysv::operate(set, 1, -1));
        let mut terminal = on_row("semaphores", &format!("sem:{set}"));
        terminal.keys_until("p", "[0] value 3, 0 waiting for more");
        terminal.wait_text("[1] value 0, 1 waiting for more");
    });
}

#[test]
fn a_look_that_leaves_a_trace_asks_and_begins_with_no() {
    isolated(|| {
        let segment = sysv::segment(0x52e2, 4096, 0o600);
        sysv::attach(segment).write(0, b"kept in memory");
        let record = sysv::segment_record(segment);
        let mut terminal = on_row("memory", &format!("shm:{segment} "));
        terminal.keys_until("p", "This look would leave a trace");
        terminal.keys_until("\r", "it was not looked at");
        terminal.wait_no_text("This look");
        assert!(sysv::segment_record(segment) == record, "lpid and atime are as before");
        terminal.keys_until("p", "This look would leave a trace");
        terminal.keys("\t\r");
        terminal.wait_text("attached for the look");
        terminal.wait_text("kept in memory");
        assert!(sysv::segment_record(segment) != record, "what was asked about is true");

        let record = sysv::segment_record(segment);
        let setup = Setup::ipcx(&["--read-only", "tui", "--view", "memory"]);
        let mut terminal = on_row_of(setup, &format!("shm:{segment} "));
        terminal.keys_until("p", "refused in read-only mode");
        assert!(!terminal.text().contains("This look"), "{}", terminal.text());
        assert!(sysv::segment_record(segment) == record);
    });
}

#[test]
fn shared_memory_of_several_windows_is_paged() {
    isolated(|| {
        let mut file = posix::segment(c"/cache", 0, 0o600);
        (0..20_000).for_each(|line| writeln!(file, "line {line:04}").unwrap());
        let mut terminal = on_row("memory", "shm:/cache");
        terminal.keys_until("p", "line 0000");
        terminal.wait_text("0–65535 of ");
        terminal.keys("\x1b[6~");
        terminal.wait_no_text("line 0000");
        terminal.keys_until("G", "line 19999");
        terminal.wait_text("196608–");
        // Over the beginning of the last window into the one before.
        while !terminal.text().contains("131072–196607 of ") {
            terminal.keys("\x1b[5~");
            terminal.wait_output();
        }
        terminal.keys_until("g", "line 0000");
        terminal.wait_text("0–65535 of ");
        // What is looked at anew is what is there now, in the same place.
        nix::sys::uio::pwrite(&file, b"LINE", 0).unwrap();
        terminal.keys_until("p", "LINE 0000");
    });
}

#[test]
fn the_other_end_is_a_key_away() {
    isolated(|| {
        let (one, other) = UnixStream::pair().unwrap();
        let mut terminal = on_row("sockets", &format!("socket:[{}]", inode(&one)));
        only(&mut terminal, inode(&one));
        terminal.keys_until("o", &format!("Sockets › socket:[{}]", inode(&other)));

        let (from, to) = nix::unistd::pipe().unwrap();
        let reader = Child::new(&[&from], || ());
        let writer = Child::new(&[&to], || ());
        let pipe = inode(&from);
        drop((from, to));
        let mut terminal = on_row("pipes", &format!("pipe:[{pipe}]"));
        terminal.keys_until("o", "several processes have it");
        terminal.wait_text(&format!("Pipes & FIFOs › pipe:[{pipe}]"));
        let named = |terminal: &Terminal, child: &Child| terminal.cursor_line().contains(&format!("{}", child.pid()));
        terminal.wait_for("the cursor on one of them", |terminal| named(terminal, &reader) || named(terminal, &writer));
        let (first, second) = if named(&terminal, &reader) { (&reader, &writer) } else { (&writer, &reader) };
        terminal.keys("\r");
        wait_title(&mut terminal, &format!("({})", first.pid()));
        // From one of the two over the pipe to the other.
        terminal.walk_to(&format!("pipe:[{pipe}]"));
        terminal.keys("\r");
        wait_title(&mut terminal, &format!("pipe:[{pipe}]"));
        terminal.keys("o");
        wait_title(&mut terminal, &format!("({})", second.pid()));

        let queue = sysv::queue(0x4d1, 0o600);
        let _receiver = Child::sleeping_in(&[libc::SYS_msgrcv], &[], || sysv::receive(queue, 0));
        let mut terminal = on_row("processes", &format!("waiting-receive queue:{queue}"));
        terminal.keys_until("o", &format!("Processes › queue:{queue}"));
    });
}

#[test]
fn contents_are_left_while_a_removal_goes_on_and_it_goes_on() {
    isolated(|| {
        let ids: Vec<i32> = (1..20).map(|key| sysv::queue(key, 0o600)).collect();
        let kept = sysv::queue(0x4d2, 0o600);
        sysv::send(kept, 1, b"kept");
        let held = Held::lock();
        let mut terminal = on_row("queues", &format!("queue:{} ", ids[0]));
        terminal.walk_to(&format!("queue:{} ", ids[0]));
        terminal.keys_until(" ", "1 selected");
        terminal.walk_to(&format!("queue:{} ", ids[18]));
        terminal.keys_until("\0", "19 selected");
        terminal.keys_until("d", "same as: ipcx rm");
        terminal.keys("\t\r");
        terminal.wait_text("Esc cancels");
        terminal.walk_to(&format!("queue:{kept} "));
        terminal.keys_until("p", &format!("queue:{kept} › contents"));
        terminal.wait_text("looking…");
        terminal.keys(ESC);
        terminal.wait_no_text("›");
        drop(held);
        terminal.wait_text("19 of 19 removed");
        let left = look(Kinds::SYSV_QUEUES).objects;
        assert!(
            left.len() == 1 && matches!(&left[0].body, Body::Queue(queue) if queue.messages == Some(1)),
            "{left:#?}"
        );
        assert_eq!(entries().len(), 19);
    });
}
