//! `ipcx peek` on pipes and FIFOs: a copy of what is in them, and nobody who waits is let go.

use crate::support::cli::{ipcx, ipcx_as, ipcx_bytes, json, place};
use crate::support::users::NOBODY;
use crate::support::{Child, isolated, isolated_with_users};
use ipcx::actions::{Care, PeekRequest, Refusal, Target, plan_peek};
use ipcx::model::Address;
use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::sys::stat::{Mode, fstat};
use nix::unistd::{mkfifo, pipe2, read, write};
use serde_json::{Value, json};
use std::fs::File;
use std::os::fd::{AsFd, OwnedFd};

fn address(end: impl AsFd) -> String {
    format!("pipe:[{}]", fstat(end).unwrap().st_ino)
}

fn pipe() -> (OwnedFd, OwnedFd) {
    pipe2(OFlag::O_CLOEXEC).unwrap()
}

fn flags(document: &Value) -> [&Value; 4] {
    [&document["full"], &document["packet_mode"], &document["no_writer"], &document["no_reader"]]
}

#[test]
fn the_bytes_are_shown_and_the_reader_still_gets_them() {
    isolated(|| {
        let (reader, writer) = pipe();
        write(&writer, b"some \x1b[31mbytes\n").unwrap();
        let address = address(&reader);
        let ran = ipcx(&["peek", &address]);
        assert_eq!((ran.status, &*ran.err), (0, ""));
        assert!(ran.out.contains("16 bytes in it") && ran.out.contains("|some .[31mbytes.|"), "{}", ran.out);
        assert!(!ran.out.contains('\x1b'));
        let document = json(&["peek", "--json", &address]);
        assert_eq!((&document["schema"], &document["data"]), (&json!("ipcx.peek/1"), &json!("some \u{1b}[31mbytes\n")));
        assert_eq!((&document["buffered"], &document["capacity"]), (&json!(16), &json!(65_536)));
        assert_eq!(flags(&document), [false, false, false, false]);
        assert_eq!(ipcx_bytes(&["peek", "--raw", &address]).1, b"some \x1b[31mbytes\n");
        let mut bytes = [0; 100];
        assert_eq!(read(&reader, &mut bytes).unwrap(), 16);
        let ran = ipcx(&["peek", &address]);
        assert!(ran.status == 0 && ran.out.starts_with(&format!("{address} is empty")), "{}", ran.out);
        assert_eq!(json(&["peek", "-J", &address])["data"], "");
    });
}

#[test]
fn full_of_a_large_pipe() {
    isolated(|| {
        let (reader, writer) = pipe();
        fcntl(&writer, FcntlArg::F_SETPIPE_SZ(1 << 20)).unwrap();
        fcntl(&writer, FcntlArg::F_SETFL(OFlag::O_NONBLOCK)).unwrap();
        let mut sent = Vec::new();
        while let Ok(length) = write(&writer, &[sent.len().to_le_bytes()[0]; 4096]) {
            sent.extend(vec![sent.len().to_le_bytes()[0]; length]);
        }
        assert_eq!(sent.len(), 1 << 20);
        let address = address(&reader);
        assert_eq!(flags(&json(&["peek", "-J", &address])), [true, false, false, false]);
        assert!(ipcx_bytes(&["peek", "--raw", &address]).1 == sent, "all of it, in its order");
        let mut all = vec![0; sent.len()];
        assert_eq!(read(&reader, &mut all).unwrap(), sent.len());
    });
}

#[test]
fn packets_stay_apart_and_fill_a_pipe_with_few_bytes() {
    isolated(|| {
        let (reader, writer) = pipe2(OFlag::O_CLOEXEC | OFlag::O_DIRECT | OFlag::O_NONBLOCK).unwrap();
        for packet in [&b"one"[..], b"three\n", b"\x07"] {
            write(&writer, packet).unwrap();
        }
        let address = address(&reader);
        let document = json(&["peek", "-J", &address]);
        assert_eq!((&document["data"], &document["packets"]), (&json!("onethree\n\u{7}"), &json!([3, 6, 1])));
        assert_eq!(flags(&document), [false, true, false, false]);
        let ran = ipcx(&["peek", &address]);
        assert!(ran.out.contains("packet mode") && ran.out.contains("[1] 6 bytes\n  three\n"), "{}", ran.out);
        while write(&writer, b"x").is_ok() {}
        let document = json(&["peek", "-J", &address]);
        assert_eq!((&document["full"], &document["buffered"]), (&json!(true), &json!(10 + 13)));
        let mut bytes = [0; 100];
        assert_eq!(read(&reader, &mut bytes).unwrap(), 3, "the reader gets packet for packet");
    });
}

#[test]
fn an_end_without_the_other() {
    isolated(|| {
        let (reader, writer) = pipe();
        write(&writer, b"left").unwrap();
        let address = address(&reader);
        drop(writer);
        let document = json(&["peek", "-J", &address]);
        assert_eq!(
            (&document["data"], flags(&document)),
            (&json!("left"), [&json!(null), &json!(null), &json!(true), &json!(null)])
        );
        let ran = ipcx(&["peek", &address]);
        assert!(ran.out.contains("no writer") && ran.out.ends_with("left\n"), "{}", ran.out);

        let (reader, writer) = pipe();
        write(&writer, b"unread").unwrap();
        drop(reader);
        let address = self::address(&writer);
        let document = json(&["peek", "-J", &address]);
        assert_eq!(
            (&document["data"], &document["buffered"], &document["no_reader"]),
            (&json!(null), &json!(6), &json!(true))
        );
        let ran = ipcx(&["peek", &address]);
        assert_eq!(ran.status, 0);
        assert!(
            ran.out.contains("no reader") && ran.err.contains("no process that is seen has a read end open"),
            "{}",
            ran.err
        );
    });
}

#[test]
fn a_fifo_is_not_opened() {
    isolated(|| {
        let path = place("f\n");
        mkfifo(&path, Mode::S_IRUSR | Mode::S_IWUSR).unwrap();
        let name = path.to_str().unwrap();
        let ran = ipcx(&["peek", name]);
        assert!(ran.status == 0 && ran.out.contains("is empty"), "{}{}", ran.out, ran.err);
        assert!(ran.err.contains("no process has it open") && ran.err.contains(r"f\n:"), "{}", ran.err);
        let open = |child: &str| {
            let path = place("f\n");
            let (read, write) = (child == "reader", child == "writer");
            Child::sleeping_in(&[libc::SYS_openat, libc::SYS_openat2], &[], move || {
                File::options().read(read).write(write).open(&path).unwrap();
            })
        };
        for end in ["reader", "writer"] {
            let waiting = open(end);
            assert_eq!(ipcx(&["peek", "-J", name]).status, 0);
            assert!(
                waiting.is_running() && waiting.call(waiting.pid()).is_some(),
                "the {end} still waits for its other"
            );
            waiting.end();
        }
        let both = File::options().read(true).write(true).open(&path).unwrap();
        write(&both, b"through a fifo").unwrap();
        let document = json(&["peek", "-J", name]);
        assert_eq!(
            (&document["data"], flags(&document)),
            (&json!("through a fifo"), [false; 4].map(Value::from).each_ref())
        );
        let mut bytes = [0; 100];
        assert_eq!(read(&both, &mut bytes).unwrap(), 14);
    });
}

#[test]
fn a_process_that_only_knows_the_path_cannot_lend_it() {
    isolated(|| {
        let path = place("f");
        mkfifo(&path, Mode::S_IRUSR | Mode::S_IWUSR).unwrap();
        let _path_only = nix::fcntl::open(&path, OFlag::O_PATH | OFlag::O_CLOEXEC, Mode::empty()).unwrap();
        let ran = ipcx(&["peek", path.to_str().unwrap()]);
        assert!(ran.status == 0 && ran.out.contains("is empty"), "{}{}", ran.out, ran.err);
    });
}

#[test]
fn the_end_is_not_kept_open() {
    isolated(|| {
        let (reader, writer) = pipe();
        write(&writer, b"x").unwrap();
        let address = address(&reader);
        let child = Child::new(&[&writer], || ());
        drop(writer);
        assert_eq!(ipcx(&["peek", &address]).status, 0);
        child.end();
        let mut bytes = [0; 2];
        assert_eq!((read(&reader, &mut bytes).unwrap(), read(&reader, &mut bytes).unwrap()), (1, 0), "its end is seen");
    });
}

#[test]
fn an_ordinary_user_is_told_what_he_cannot_see() {
    isolated_with_users(|| {
        let path = place("f");
        mkfifo(&path, Mode::S_IRUSR | Mode::S_IWUSR).unwrap();
        let _both = File::options().read(true).write(true).open(&path).unwrap();
        let ran = ipcx_as(NOBODY, &["peek", path.to_str().unwrap()]);
        assert_eq!((ran.status, &*ran.out), (3, ""), "{}", ran.err);
        let (reader, _writer) = pipe();
        let ran = ipcx_as(NOBODY, &["peek", &address(&reader)]);
        assert!(ran.status == 1 && ran.err.contains("could not be"), "{}", ran.err);
        let own = crate::support::users::child_of(NOBODY, &[], || {
            let (reader, writer) = pipe();
            write(&writer, b"mine").unwrap();
            std::fs::write("/dev/shm/address", address(&reader)).unwrap();
            (reader, writer)
        });
        let ran = ipcx_as(NOBODY, &["peek", &std::fs::read_to_string("/dev/shm/address").unwrap()]);
        assert!(ran.status == 0 && ran.out.ends_with("mine\n"), "{}", ran.err);
        own.end();
    });
}

#[test]
fn another_file_under_the_same_number_is_not_read() {
    isolated(|| {
        let (reader, writer) = pipe();
        let plan = plan_peek(&Target::Address(Address::parse(&address(&reader)).unwrap())).unwrap();
        // The same descriptors, now of another pipe.
        let (other_reader, other_writer) = pipe();
        write(&other_writer, b"not this").unwrap();
        let (mut reader, mut writer) = (reader, writer);
        nix::unistd::dup2(&other_reader, &mut reader).unwrap();
        nix::unistd::dup2(&other_writer, &mut writer).unwrap();
        let refused = plan.run(&PeekRequest::default(), Care::default()).unwrap_err();
        assert!(matches!(refused, Refusal::Changed { .. }), "{refused:?}");

        let path = place("f");
        mkfifo(&path, Mode::S_IRUSR | Mode::S_IWUSR).unwrap();
        let plan = plan_peek(&Target::Address(Address::parse(path.to_str().unwrap()).unwrap())).unwrap();
        std::fs::remove_file(&path).unwrap();
        mkfifo(&path, Mode::S_IRUSR | Mode::S_IWUSR).unwrap();
        let refused = plan.run(&PeekRequest::default(), Care::default());
        // The file system may give the new one the old one's number.
        assert!(matches!(refused, Err(Refusal::Changed { .. }) | Ok(_)), "{refused:?}");
    });
}
