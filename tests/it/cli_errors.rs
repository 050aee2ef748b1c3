//! Wrong command lines: exit 2, one line on stderr, and nothing was done.

use crate::support::cli::{ipcx, place};
use crate::support::{isolated, look, posix, sysv};
use ipcx::model::Kinds;
use nix::sys::stat::Mode;

/// What is neither id, key nor name.
const BAD: [&str; 26] = [
    "",
    "-1",
    "+5",
    " 5",
    "5 ",
    "4294967297",
    "4294967296",
    "18446744073709551616",
    "99999999999999999999999",
    "0x",
    "0X",
    "0x0",
    "0x00000000",
    "0x1ffffffff",
    "0xg",
    "0x-1",
    "12abc",
    "1e3",
    "1.5",
    "1,2",
    "010",
    "٥",
    "0b1",
    "/",
    "/a/b",
    "/..",
];

/// Makes objects that a careless reading of the above could hit, checks that the commands fail, and that all is there.
fn fails_and_removes_nothing(commands: &[Vec<&str>]) {
    // Ids 0 to 9, with keys 1 to 10 and others.
    for key in 1..=10 {
        sysv::queue(key, 0o600);
        sysv::segment(key, 1, 0o600);
        sysv::semaphores(key, 1, 0o600);
    }
    sysv::queue(-1, 0o600);
    sysv::queue(0, 0o600);
    drop(posix::segment(c"/a", 1, 0o600));
    for command in commands {
        let ran = ipcx(command);
        assert_eq!((ran.status, &*ran.out), (2, ""), "{command:?}: {}", ran.err);
        assert!(ran.err.starts_with("ipcx: ") && ran.err.lines().count() == 1, "{command:?}: {}", ran.err);
        assert!(!ran.err.chars().any(|c| c.is_control() && c != '\n'), "{command:?}: {}", ran.err);
    }
    assert_eq!(look(Kinds::SYSV | Kinds::POSIX).objects.len(), 33);
}

#[test]
fn bad_values_remove_nothing() {
    isolated(|| {
        let options = ["-q", "-m", "-s", "-Q", "-M", "-S", "--queue", "--queue-key"];
        let each = options.iter().flat_map(|option| BAD.map(|bad| vec!["rm", "-f", option, bad]));
        fails_and_removes_nothing(&each.collect::<Vec<_>>());
    });
}

#[test]
fn one_bad_target_stops_the_good_ones() {
    isolated(|| {
        fails_and_removes_nothing(&[
            vec!["rm", "-q", "0", "-q", "0x"],
            vec!["rm", "-q", "0x", "-q", "0"],
            vec!["rm", "-q", "0", "-m", "12abc"],
            vec!["rm", "queue:0", "queue:-1"],
            vec!["rm", "-q", "0", "nonsense"],
        ]);
    });
}

#[test]
fn key_zero_is_no_key() {
    isolated(|| {
        let each = [["-Q", "0"], ["-M", "0"], ["-S", "0"], ["-Q", "0x0"]];
        fails_and_removes_nothing(&each.map(|[option, key]| vec!["rm", "-f", option, key]));
    });
}

#[test]
fn bad_addresses() {
    isolated(|| {
        let addresses = [
            "",
            "5",
            "queue",
            "queue:",
            "queue: 5",
            "queue:5 ",
            "queue:0x",
            "queue:0x0",
            "queue:4294967297",
            "queue:+5",
            "shm:12abc",
            "sem:/a/b",
            "pipe:5",
            "pipe:[x]",
            "pipe:[-1]",
            "socket:[",
            "unix:",
            "unix:@",
            "tcp:1",
            "pid:0",
            "pid:-1",
            "pid:x",
            "que:5",
            "Queue:5",
            "fifo:",
            "\u{1b}[31m",
        ];
        let commands = addresses.iter().flat_map(|address| [vec!["rm", "-f", address], vec!["show", address]]);
        fails_and_removes_nothing(&commands.collect::<Vec<_>>());
    });
}

#[test]
fn options_before_an_old_name() {
    isolated(|| {
        let file = place("settings");
        std::fs::write(&file, "").unwrap();
        for name in ["ipcs", "ipcrm", "ipcmk", "lsipc"] {
            let ran = ipcx(&["--config", file.to_str().unwrap(), name, "-q"]);
            assert_eq!((ran.status, &*ran.out, ran.err.lines().count()), (2, "", 1), "{name}");
            assert!(ran.err.contains("--read-only"), "{}", ran.err);
        }
        assert!(ipcx(&["nonsense"]).err.contains("unrecognized"));
    });
}

#[test]
fn bad_options() {
    isolated(|| {
        fails_and_removes_nothing(&[
            vec!["rm"],
            vec!["rm", "-q"],
            vec!["rm", "--nonsense"],
            vec!["rm", "pid:1"],
            vec!["show"],
            vec!["nonsense"],
            vec!["ls", "--nonsense"],
            vec!["ls", "-o", "NONSENSE"],
            vec!["ls", "-o", ""],
            vec!["ls", "--sort", "nonsense"],
            vec!["ls", "--json", "--csv"],
            vec!["ls", "--watch=x"],
            vec!["ls", "--watch=0"],
            vec!["leaks", "--watch=86401"],
            vec!["leaks", "--watch", "--exit-code"],
            vec!["ls", "--color=maybe"],
            vec!["ls", "nonsense:5"],
            vec!["ls", "size>x"],
            vec!["ls", "messages>"],
        ]);
    });
}

#[test]
fn an_unknown_field_lists_those_that_there_are() {
    isolated(|| {
        let ran = ipcx(&["ls", "colour:red"]);
        assert_eq!(ran.status, 2);
        for field in ["owner", "pid", "key", "state", "size", "messages"] {
            assert!(ran.err.contains(field), "no {field} in {}", ran.err);
        }
    });
}

#[test]
fn what_is_not_there_is_exit_1() {
    isolated(|| {
        sysv::queue(0x7fff_0000, 0o600);
        let path = place("none").display().to_string();
        let absent = [
            ["-q", "5"],
            ["-q", "0x5"],
            ["-q", "/none"],
            ["-m", "0"],
            ["-s", "2147483647"],
            ["-Q", "0xffffffff"],
            ["-M", "7"],
            ["-S", "7"],
            ["-m", "4294967295"],
            ["--", "queue:5"],
            ["--", "sem:/none"],
            ["--", "fifo:/none"],
            ["--", &path],
        ];
        for arguments in absent {
            let ran = ipcx(&["rm", arguments[0], arguments[1]]);
            assert_eq!((ran.status, &*ran.out), (1, ""), "{arguments:?}: {}", ran.err);
            assert_eq!(ran.err.lines().count(), 1, "{arguments:?}: {}", ran.err);
        }
        assert_eq!(look(Kinds::SYSV).objects.len(), 1);
    });
}

#[test]
fn help_and_version_are_no_errors() {
    isolated(|| {
        for arguments in [&["--help"][..], &["ls", "--help"], &["rm", "-h"], &["show", "--help"], &["--version"]] {
            let ran = ipcx(arguments);
            assert_eq!((ran.status, &*ran.err), (0, ""), "{arguments:?}");
            assert!(ran.out.contains("ipcx"));
        }
    });
}

#[test]
fn a_file_in_the_way_is_no_fifo() {
    isolated(|| {
        std::fs::write(place("plain"), "text").unwrap();
        std::fs::create_dir(place("directory")).unwrap();
        nix::unistd::mkfifo(&place("fifo"), Mode::S_IRWXU).unwrap();
        std::os::unix::fs::symlink(place("fifo"), place("link")).unwrap();
        for name in ["plain", "directory", "link"] {
            let ran = ipcx(&["rm", "-f", &format!("fifo:{}", place(name).display())]);
            assert_eq!(ran.status, 1, "{name}: {}{}", ran.out, ran.err);
            assert!(place(name).symlink_metadata().is_ok(), "{name} is still there");
        }
        assert!(place("fifo").exists());
    });
}
