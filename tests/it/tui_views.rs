//! The overview, processes and problems on the terminal: what is wrong is seen, leads to what helps, and goes when it is
//! mended.

use crate::support::pty::{Setup, Terminal};
use crate::support::users::NOBODY;
use crate::support::{Child, as_user, eventually, isolated, isolated_with_users, look, one, sysv};
use ipcx::diagnose::verdict;
use ipcx::kernel::msgctl;
use ipcx::model::Kinds;
use nix::sys::signal::Signal;
use nix::sys::wait::WaitStatus;
use std::os::unix::net::UnixStream;

/// A user of whom no process runs.
const ALONE: u32 = 4000;

fn at_view(view: &str) -> Terminal {
    let mut terminal = Setup::ipcx(&["tui", "--view", view, "--interval", "0.25"]).size(138, 45).start();
    terminal.wait_full_look();
    terminal
}

/// The row with this text, or nothing.
fn row(terminal: &Terminal, text: &str) -> String {
    terminal.lines().into_iter().find(|line| line.contains(text)).unwrap_or_default()
}

/// Presses a key until the cursor is where it ought to be, and moves at each.
fn step_until(terminal: &mut Terminal, key: &str, is_there: impl Fn(&Terminal) -> bool) {
    while !is_there(terminal) {
        let before = terminal.screen().cursor_position();
        terminal.keys(key);
        terminal.wait_for("the cursor moves", |terminal| terminal.screen().cursor_position() != before);
    }
}

#[test]
fn what_is_left_behind_is_counted_listed_and_removed() {
    isolated_with_users(|| {
        as_user(ALONE, &[], || {
            sysv::send(sysv::queue(0x51, 0o600), 1, b"x");
            sysv::queue(0x52, 0o600);
        });
        let _mine = Child::new(&[], || sysv::send(sysv::queue(0x53, 0o600), 1, b"y"));
        let snapshot = look(Kinds::SYSV_QUEUES);
        // Whether somebody outside may know them depends on how the namespaces came to be numbered.
        let state = verdict(&snapshot, one(&snapshot, "queue:0x51")).state.name();
        let mut terminal = at_view("overview");
        terminal.wait_text(&format!("2 {state}"));
        step_until(&mut terminal, "j", |terminal| terminal.cursor_line().trim_start().starts_with("Queues"));
        step_until(&mut terminal, "\x1b[C", |terminal| terminal.at_cursor().starts_with(&format!("2 {state}")));
        terminal.keys_until("\r", &format!("/{state}"));
        terminal.wait_text("2 of 3");
        let rows = |terminal: &Terminal| terminal.lines().iter().filter(|line| line.contains(" queue:")).count();
        terminal.wait_for("as many rows as were counted", |terminal| rows(terminal) == 2);

        terminal.keys_until("8", "[8 Problems");
        terminal.wait_text(&format!("{state}  "));
        terminal.walk_to("queue:0 ");
        assert!(terminal.cursor_line().contains("d remove it"), "{}", terminal.cursor_line());
        terminal.keys_until("d", "Remove queue:0");
        terminal.wait_text("same as: ipcx rm");
        terminal.keys("\t\r");
        eventually("the kernel has it no more", || msgctl::stat(0).is_err());
        assert!(msgctl::stat(1).is_ok());
        terminal.wait_text("removed queue:0");
        terminal.walk_to("queue:1 ");
        terminal.wait_for("its problem is gone", |terminal| row(terminal, "queue:0 ").is_empty());
    });
}

#[test]
fn a_limit_that_is_near_is_told_and_opened() {
    isolated(|| {
        // Of this IPC namespace alone.
        std::fs::write("/proc/sys/kernel/msgmni", "5").unwrap();
        (1..5).for_each(|key| assert!(sysv::queue(key, 0o600) >= 0));
        let mut terminal = at_view("overview");
        terminal.wait_for("a gauge of 80 %", |terminal| row(terminal, "message queues").contains("80"));
        terminal.keys_until("8", "near-limit");
        terminal.walk_to("MSGMNI");
        terminal.keys_until("\r", "Problems › MSGMNI");
        for text in ["4 of 5, 80.0 %", "kernel.msgmni", "ENOSPC"] {
            terminal.wait_text(text);
        }
        // Room is made from outside.
        sysv::remove_queue(0);
        terminal.wait_text("3 of 5");
        terminal.keys("\x1b");
        terminal.wait_for("the problem is gone", |terminal| {
            terminal.text().contains("[8 Problems") && !terminal.text().contains("near-limit")
        });
    });
}

#[test]
fn a_stuck_sender_is_seen_until_somebody_receives() {
    isolated(|| {
        let queue = sysv::queue(0x51, 0o600);
        sysv::set_queue(queue, |ds| ds.msg_qbytes = 16);
        sysv::send(queue, 1, &[b'x'; 16]);
        let sender = Child::sleeping_in(&[libc::SYS_msgsnd], &[], || sysv::send(queue, 2, b"more"));
        let mut terminal = at_view("problems");
        terminal.walk_to(&format!("queue:{queue} "));
        assert!(terminal.cursor_line().contains("severe"), "{}", terminal.text());
        terminal.wait_text(&format!("pid {}", sender.pid()));
        terminal.keys_until("7", "[7 Processes");
        let blocked = format!("waiting-send queue:{queue}");
        terminal.wait_for("blocked", |terminal| row(terminal, &blocked).contains("blocked"));
        assert_eq!(sysv::receive(queue, 1), 16);
        assert!(matches!(sender.wait(), WaitStatus::Exited(_, 0)));
        terminal.wait_no_text(&blocked);
        terminal.keys_until("8", "[8 Problems");
        terminal.wait_for("nothing severe", |terminal| !terminal.text().contains("severe "));
    });
}

#[test]
fn a_half_closed_socket_is_told_and_its_holder_reached() {
    isolated(|| {
        let (one, other) = UnixStream::pair().unwrap();
        let holder = Child::new(&[&one], || ());
        drop((one, other));
        let mut terminal = at_view("problems");
        terminal.walk_to("half-closed");
        terminal.keys_until("x", "SIGTERM");
        terminal.wait_text(&format!("pid:{}", holder.pid()));
        terminal.keys_until("\r", "Send SIGTERM");
        terminal.wait_text("same as: ipcx kill");
        terminal.keys("\t\r");
        assert!(matches!(holder.wait(), WaitStatus::Signaled(_, Signal::SIGTERM, _)));
        terminal.wait_text("[8 Problems:0]");
        // The row that the cursor is on stays, as one that is gone.
        terminal.wait_for("gone", |terminal| row(terminal, "half-closed").starts_with(" -"));
    });
}

#[test]
fn an_ordinary_user_is_told_how_far_nothing_is_wrong() {
    isolated_with_users(|| {
        let arguments = ["tui", "--view", "problems", "--interval", "0.25"];
        let mut terminal = Setup::ipcx_as(NOBODY, &arguments).size(138, 45).start();
        // This test's own process is root's.
        terminal.wait_text("nothing is wrong");
        terminal.wait_text("could not be looked into");
    });
}

#[test]
fn a_wrong_field_names_the_right_ones() {
    isolated(|| {
        let mut terminal = at_view("problems");
        for (view, fields) in [("8", ["severity", "class"]), ("7", ["pid", "state"]), ("2", ["family", "key"])] {
            terminal.keys_until(view, &format!("[{view}"));
            terminal.keys_until("/", "/");
            terminal.keys("nosuch:1");
            terminal.wait_text("no field");
            for field in fields {
                terminal.wait_text(field);
            }
            terminal.keys("\x1b");
            terminal.wait_no_text("no field");
        }
    });
}

#[test]
fn memory_without_a_name_is_listed_with_who_has_it_and_cannot_be_removed() {
    isolated(|| {
        use nix::sys::memfd::{MFdFlags, memfd_create};
        let file = memfd_create(c"frame\x1b[31m", MFdFlags::MFD_CLOEXEC).unwrap();
        nix::unistd::ftruncate(&file, 1 << 20).unwrap();
        let holder = Child::new(&[&file], || ());
        let address = format!("memfd:[{}]", nix::sys::stat::fstat(&file).unwrap().st_ino);
        let mut terminal = at_view("memory");
        terminal.wait_text(&address);
        let line = row(&terminal, &address);
        let has = format!("({})", holder.pid());
        assert!([r"frame\x1b[31m", "1M", &has, "in-use"].iter().all(|text| line.contains(text)), "{line}");
        // Looks at the tables alone, in between, leave it there.
        terminal.keys_until("d", "no name to remove");
        terminal.keys("\x1b");
        terminal.wait_text(&address);
    });
}
