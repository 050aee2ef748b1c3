//! The command line that an action tells of itself does the same, pasted into a shell.

use crate::support::cli::{Ran, finish, state_home};
use crate::support::look as sight;
use crate::support::{Child, isolated, look, one, posix, scratch, sysv, undo};
use ipcx::actions::backup::Restoration;
use ipcx::actions::{
    Backups, Go, Mark, Message, Naming, NewObject, NewOwner, Patience, Policy, Receivers, Removal, Start, Target, What,
    command, plan_peek, plan_removals, plan_send, plan_signals, remove_all,
};
use ipcx::kernel::mqueue::{self, Access};
use ipcx::kernel::signals;
use ipcx::model::{Key, Kinds};
use ipcx::snapshot::{Want, collect};
use nix::mqueue::mq_close;
use nix::sys::stat::Mode;
use nix::unistd::mkfifo;
use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

/// What a shell makes of a command line.
fn paste(line: &str) -> Ran {
    let mut path = PathBuf::from(env!("CARGO_BIN_EXE_ipcx")).parent().unwrap().as_os_str().to_owned();
    path.push(":");
    path.push(std::env::var_os("PATH").unwrap());
    let mut shell = Command::new("bash");
    shell.args(["-c", line]).env("PATH", path).env("XDG_STATE_HOME", state_home());
    finish(&mut shell)
}

/// The same as a dry run.
fn rehearse(line: &str) -> Ran {
    let (program, rest) = line.split_once(' ').unwrap();
    let (command, rest) = rest.split_once(' ').unwrap();
    paste(&format!("{program} {command} -n {rest}"))
}

/// Names that a shell, a terminal or ipcx itself could take for something else.
const STRANGE: [&[u8]; 6] = [b"a b", b"it's", b"$(x)`y`", b"back\\slash\\n", b"\x1b[31m\n", b"\xff\xfe"];

#[test]
fn removals_and_undos() {
    isolated(|| {
        sysv::queue(1, 0o600);
        drop(posix::segment(c"/a b'c", 10, 0o600));
        let mut want = Want::everything(Kinds::all());
        for name in STRANGE {
            let path = scratch().join(OsStr::from_bytes(name));
            mkfifo(&path, Mode::S_IRUSR).unwrap();
            want.files.push(path.as_os_str().as_bytes().into());
        }
        let snapshot = collect(&want).unwrap();
        let targets: Vec<Target> = (0..snapshot.objects.len())
            .filter(|place| {
                !matches!(snapshot.objects[*place].kind(), ipcx::model::Kind::Pipe | ipcx::model::Kind::Socket)
            })
            .map(|place| Target::object(&snapshot, place))
            .collect();
        let plans = plan_removals(&targets).unwrap();
        let removals: Vec<&Removal> = plans.iter().map(|(_, plan)| plan.as_ref().unwrap()).collect();
        assert_eq!(removals.len(), 8);
        for removal in &removals {
            let line = removal.command(Policy::default(), true);
            assert!(!line.chars().any(char::is_control), "{line:?}");
            let ran = rehearse(&line);
            assert_eq!((ran.status, ran.out, &*ran.err), (0, format!("{}\n", removal.would(true)), ""), "{line}");
        }
        let force = Policy { force: true, ..Policy::default() };
        let line = command::remove(removals.iter().copied(), force, false);
        assert!(line.starts_with("ipcx rm -f --no-backup queue:"), "{line}");
        let said: String = removals.iter().map(|removal| removal.would(false) + "\n").collect();
        assert_eq!(rehearse(&line).out, said);

        remove_all(plans, Policy::default(), Backups::In(&undo::store()), &mut |_| Go::On);
        let restorations: Vec<Restoration> = undo::entries().into_iter().map(|entry| Restoration { entry }).collect();
        assert_eq!(restorations.len(), 8);
        let said: String = restorations.iter().map(|one| one.would() + "\n").collect();
        let line = command::undo(&restorations, Policy::default());
        assert_eq!((rehearse(&line).out, &*line), (said, "ipcx undo 1 2 3 4 5 6 7 8"));
        let one = &restorations[3];
        assert_eq!(rehearse(&one.command(force)).out, one.would() + "\n");
        // And in earnest.
        assert_eq!((paste(&line).status, look(Kinds::SYSV | Kinds::POSIX).objects.len()), (0, 2));
        assert!(STRANGE.iter().all(|name| scratch().join(OsStr::from_bytes(name)).exists()));
    });
}

#[test]
fn signals_to_processes() {
    isolated(|| {
        let children = [Child::new(&[], || ()), Child::new(&[], || ())];
        let receivers = children.each_ref().map(|child| Receivers::Process { pid: child.pid(), start_ticks: None });
        for (name, value) in [("TERM", None), ("0", None), ("RTMIN+2", Some(-7)), ("RTMAX", Some(1)), ("KILL", None)] {
            let message = Message { signal: signals::known().parse(name).unwrap(), value };
            let planned = plan_signals(&receivers, &message).unwrap();
            let planned: Vec<_> = planned.into_iter().map(|planned| planned.plan.unwrap()).collect();
            let ran = rehearse(&planned[0].command(Policy::default()));
            assert_eq!((ran.status, ran.out), (0, planned[0].would() + "\n"), "{}", ran.err);
            let line = command::signal(&planned, Policy { force: true, ..Policy::default() });
            let said: String = planned.iter().map(|delivery| delivery.would() + "\n").collect();
            assert_eq!(rehearse(&line).out, said, "{line}");
        }
    });
}

#[test]
fn data_of_any_kind() {
    isolated(|| {
        let id = sysv::queue(1, 0o600);
        mq_close(posix::queue(c"/it's", 10, 100)).unwrap();
        let target = |address: &str| {
            let snapshot = look(Kinds::SYSV | Kinds::POSIX);
            Target::object(&snapshot, one(&snapshot, address))
        };
        let plan = plan_send(&target("queue:0x1")).unwrap();
        let posix = plan_send(&target("queue:/it's")).unwrap();
        let all = STRANGE.into_iter().chain([&b""[..], b"-", b"-5", b"--help", b"hello", b"'", "\u{202e}".as_bytes()]);
        for (data, kind) in all.zip(1..) {
            let mark = Mark { kind, priority: 3 };
            let line = plan.command(mark, Patience::Left(Duration::from_millis(2500)), data);
            assert!(!line.chars().any(char::is_control), "{line:?}");
            let rehearsed = rehearse(&line);
            assert_eq!(rehearsed.status, 0, "{line}: {}", rehearsed.err);
            assert!(rehearsed.out.starts_with(&plan.would(mark, Some(data.len() as u64), None)), "{}", rehearsed.out);
            assert_eq!(paste(&line).status, 0, "{line}");
            assert_eq!(sysv::take(id), Some((kind, data.to_vec())), "{line}");
            assert_eq!(paste(&posix.command(mark, Patience::None, data)).status, 0);
            let mut room = [0; 100];
            let queue = mqueue::open_queue(b"it's", Access::Both).unwrap();
            let (priority, length) = queue.receive(&mut room).unwrap().unwrap();
            assert_eq!((priority, &room[..length]), (3, data));
        }
        assert_eq!(plan.question(Mark::default(), 1), "send 1 byte to queue:0 (type 1)?");
        let peeked = paste(&plan_peek(&target("queue:/it's")).unwrap().command());
        assert_eq!(
            (peeked.status, peeked.out.lines().next().unwrap_or_default().starts_with("queue:/it's is empty")),
            (0, true)
        );
    });
}

#[test]
fn new_objects() {
    isolated(|| {
        let mine = NewOwner { user: Some(7), group: Some(8) };
        for name in STRANGE {
            let path = scratch().join(OsStr::from_bytes(name));
            let what = What::Fifo { path: path.as_os_str().as_bytes().into() };
            let line = NewObject { what, mode: 0o640, owner: mine, or_open: false }.command();
            let ran = paste(&line);
            assert_eq!(ran.status, 0, "{line}: {}", ran.err);
            let stat = fs::symlink_metadata(&path).unwrap();
            assert!(stat.file_type().is_fifo() && stat.permissions().mode() & 0o7777 == 0o640, "{line}");
            assert_eq!((std::os::unix::fs::MetadataExt::uid(&stat), stat.len()), (7, 0));

            let name = Naming::Name([b"/", name].concat().into());
            let what = What::Queue { naming: name, limit: None, depth: Some(3), message_size: Some(9) };
            let ran = paste(&NewObject { what, mode: 0o600, owner: NewOwner::default(), or_open: false }.command());
            assert_eq!(ran.status, 0, "{}", ran.err);
        }
        let posix = look(Kinds::POSIX_QUEUES);
        let mut names: Vec<Vec<u8>> =
            posix.objects.iter().map(|queue| queue.name.clone().unwrap()[1..].to_vec()).collect();
        names.sort();
        let mut expected = STRANGE.map(<[u8]>::to_vec);
        expected.sort();
        assert_eq!(names, expected);
        let start = Start::Each(vec![1, 0, 3]);
        let ftok = Naming::Ftok { path: b"/proc".as_slice().into(), id: b'A' };
        let whats = [
            What::Queue { naming: Naming::Key(Key(-5)), limit: Some(100), depth: None, message_size: None },
            What::Shm { naming: Naming::Private, size: 5000 },
            What::Semaphore { naming: ftok, count: None, start },
            What::Semaphore { naming: Naming::Random, count: Some(2), start: Start::All(4) },
        ];
        for what in whats {
            let new = NewObject { what, mode: 0o604, owner: mine, or_open: false };
            let ran = paste(&new.command());
            assert_eq!(ran.status, 0, "{}: {}", new.command(), ran.err);
        }
        let made = look(Kinds::SYSV);
        assert!(made.objects.iter().all(|object| object.mode == Some(0o604) && object.owner.unwrap().uid == 7));
        let place = one(&made, "queue:0xfffffffb");
        assert_eq!(sight::queue(&made.objects[place]).limit_bytes, Some(100));
        let counts: Vec<u64> = made
            .objects
            .iter()
            .filter_map(|object| match &object.body {
                ipcx::model::Body::Semaphore(set) => Some(set.count),
                _ => None,
            })
            .collect();
        assert_eq!(counts, [3, 2]);
    });
}
