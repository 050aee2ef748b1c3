//! `ipcmk` beside util-linux's: the same command line, what was said and what was made; and what ours does better, or has
//! from later releases.

use crate::support::anew::{anew, compare_anew, done, left};
use crate::support::users::NOBODY;
use crate::support::util_linux::{Case, Difference, case};
use crate::support::{cli, isolated_with_users, posix, sysv};
use std::fs;
use std::os::unix::fs::PermissionsExt;

fn ipcmk(arguments: &[&str]) -> Case {
    case("ipcmk", arguments)
}

fn nothing() {}

/// That nothing else may be made.
fn limits() {
    for (name, limit) in [("msgmni", "0"), ("shmmni", "0"), ("sem", "250 32000 32 0")] {
        fs::write(format!("/proc/sys/kernel/{name}"), limit).unwrap();
    }
}

/// Sizes, separated by bars.
const SIZES: &str = concat!(
    "1|0|| | 1|\t1|1 |-1| -1|+1|+-1|007|08|010|010K|0x10|0x10K|0x1E|0x1B|0x|0xK|0b1|1K|1k|1KB|1kB|1Kb|",
    "1kb|1KiB|1kib|1Kib|1kiB|1KIB|1Ki|1KiBB|1iB|1B|1b|1KK|1K5|1 K|K|1M|1MB|1MiB|1m|1G|1GB|1g|1T|1TB|1P|",
    "1E|1EB|1EiB|8E|15E|16E|1e|1e3|1Z|1ZiB|1z|1Y|1YB|0K|0Z|0Y|1.5K|1.5KB|1.5KiB|1.5M|2.5G|1.5|1.|1.K|",
    "1.KB|.5K|1,5K|1.5.5K|1.-5K|1.+5K|1. 5K|1.5 K|1.5x|1.x|1.0K|1.00K|1.0|1.05K|1.005K|0.1K|0.0001K|0.0K|",
    "1.2KB|1.5Z|1.99999999999999999999K|1.00000000000000000000K|1X|1e|abc|é|inf|1_000|",
    "18446744073709551615|18446744073709551616|99999999999999999999|99999999999999999999x|",
    "99999999999999999999K|18014398509481984K|17592186044416K|1.75K|0.9K|1.10K|1.25G|1.15M",
);

/// Numbers of semaphores, likewise.
const COUNTS: &str = concat!(
    "1|2|0|| | 1|1 |-1|+1|1K|0x2|010|32000|32001|65536|65537|131073|2147483647|2147483648|4294967295|",
    "4294967296|4294967297|-2147483648|-2147483649|-4294967295|99999999999999999999|",
    "-99999999999999999999|x|2x|1.5|é",
);

/// Modes, likewise.
const MODES: &str = concat!(
    "0|644|0644|600|777|1|| |8|zz|0x1|600x|600 | 600|+600|u+x|7777|1000|6755|10000|100644|-1|-600|",
    "40000000600|1777777777777777777777|2000000000000000000000|99999999999999999999999",
);

#[test]
fn sizes_are_read_alike() {
    isolated_with_users(|| {
        let mut cases: Vec<Case> = SIZES.split('|').map(|size| ipcmk(&["-M", size])).collect();
        cases.extend(["1K", "x", "1.5K"].map(|size| ipcmk(&[&format!("--shmem={size}")]).with(&["LC_ALL=C.UTF-8"])));
        let fraction = Difference {
            when: |case, theirs| {
                ["1.75K", "0.9K", "1.10K", "1.25G", "1.15M"].contains(&&*case.arguments[1]) && theirs.err.is_empty()
            },
            why: "theirs divides by each digit of a fraction and drops what is left of that: 1.75K comes out as 2099 bytes",
        };
        compare_anew(nothing, &cases, &[fraction]);
    });
}

#[test]
fn a_fraction_is_what_it_says() {
    isolated_with_users(|| {
        for (size, bytes) in
            [("1.75K", 1792), ("0.9K", 921), ("1.10K", 1126), ("1.25G", 1_342_177_280_u64), ("0.5KB", 500)]
        {
            let done = done(nothing, || ipcmk(&["-M", size]).ours());
            assert_eq!(done.said.out, "Shared memory id: 0\n");
            assert_eq!(done.left, [format!("shm random 0 644 {bytes} 0 0 0 0 0")]);
        }
    });
}

#[test]
fn counts_and_modes_are_read_alike() {
    isolated_with_users(|| {
        let mut cases: Vec<Case> = COUNTS.split('|').map(|count| ipcmk(&["-S", count])).collect();
        for mode in MODES.split('|') {
            cases
                .extend([ipcmk(&["-Q", "-p", mode]), ipcmk(&[&format!("--mode={mode}"), "-S", "2", "-M1"]).by(NOBODY)]);
        }
        let cut = Difference {
            when: |case, _| {
                let mode = |text: &String| i128::from_str_radix(text.strip_prefix("--mode=").unwrap_or(text).trim(), 8);
                case.arguments.iter().any(|text| mode(text).is_ok_and(|mode| !(0..=0o777).contains(&mode)))
            },
            why: "theirs cuts a mode of more than 07777 to its lowest bits, so that 10000 makes an object that nobody may open, \
                  and hands bits above 0777 to shmget, where they mean other things: 4000 asks for huge pages",
        };
        compare_anew(nothing, &cases, &[cut]);
        for mode in ["10000", "100644", "-1", "40000000600"] {
            let done = done(nothing, || ipcmk(&["-Q", "-p", mode]).ours());
            assert_eq!(done.said.err, "ipcmk: failed to parse mode: Numerical result out of range\n", "{mode}");
            assert_eq!((&*done.said.status, done.left.len()), ("exit 1", 0));
        }
        let done = done(nothing, || ipcmk(&["-M1", "-p", "6755"]).by(NOBODY).ours());
        assert_eq!(done.left, ["shm random 0 755 1 0 65534 65534 65534 65534"]);
    });
}

#[test]
fn options_are_read_alike() {
    isolated_with_users(|| {
        let lines = [
            &[][..],
            &["-Q"],
            &["-Q", "-Q"],
            &["-M", "1", "-M", "2", "-S", "3", "-Q", "-S", "4"],
            &["-S3", "-Q", "-M5", "-p600"],
            &["-QS3"],
            &["-QS3M5"],
            &["-QM5"],
            &["-p", "600", "-Q", "-p", "400"],
            &["-p", "600"],
            &["--shmem=5", "--sem", "2", "--q"],
            &["--shm=x", "--queue", "--semaphore=x"],
            &["--mode", "600", "--queue"],
            &["--mo=600", "-Q"],
            &["--queue=1"],
            &["--foo", "-Q"],
            &["-é", "-Q"],
            &["-z", "-p", "zz"],
            &["-p", "zz", "-z"],
            &["-Q", "-S", "x", "-M", "y"],
            &["-M"],
            &["-Q", "-p"],
            &["--shmem"],
            &["foo"],
            &["foo", "-Q"],
            &["-Q", "foo", "bar"],
            &["--", "-Q"],
            &["-Q", "--", "-M", "5"],
            &["-Q", "-"],
            &[""],
        ];
        let mut cases: Vec<Case> = lines.iter().map(|arguments| ipcmk(arguments)).collect();
        cases.extend(cases.clone().into_iter().map(|case| case.by(NOBODY).with(&["LC_ALL=C.UTF-8"])));
        cases.extend(cases.clone().into_iter().map(|case| case.with(&["POSIXLY_CORRECT=1"])));
        compare_anew(nothing, &cases, &[]);
        let cases = [&["-Q"][..], &["-M1"], &["-S1"], &["-S1", "-M1", "-Q"], &["-S1", "-Q"]].map(ipcmk);
        compare_anew(limits, &cases, &[]);
    });
}

#[test]
fn help_and_version() {
    isolated_with_users(|| {
        let words = Difference {
            when: |_, theirs| theirs.out.contains("Usage:") || theirs.out.contains("util-linux 2"),
            why: "the help is in our own words, and the version names ipcx too",
        };
        let cases = [&["-h"][..], &["-V"], &["-Q", "--help", "-z"], &["-Q", "-V"]].map(ipcmk);
        compare_anew(nothing, &cases, &[words]);
        let help = done(nothing, || ipcmk(&["-Q", "-h"]).ours());
        assert_eq!((&*help.said.status, &*help.said.err, help.left.len()), ("exit 0", "", 0));
        assert!(help.said.out.starts_with("\nUsage:\n ipcmk [options]\n"), "{}", help.said.out);
    });
}

#[test]
fn posix_objects() {
    isolated_with_users(|| {
        let (shm, sem, queue) = ("POSIX shared memory name: ", "POSIX semaphore name: ", "POSIX message queue name: ");
        for (arguments, out, made) in [
            (&["-m", "7", "-n", "new"][..], format!("{shm}new\n"), &["/dev/shm/new 100644 7"][..]),
            (&["-m0", "-n//new"], format!("{shm}//new\n"), &["/dev/shm/new 100644 0"]),
            (&["-m1.5K", "-n", "/new", "-p", "666"], format!("{shm}/new\n"), &["/dev/shm/new 100644 1536"]),
            (&["--posix-sh=1", "--na=x", "-p6710"], format!("{shm}x\n"), &["/dev/shm/x 106710 1"]),
            (&["-s", "-n", "new"], format!("{sem}new\n"), &["/dev/shm/sem.new 100644 32"]),
            (&["-q", "-n/new", "-p622"], format!("{queue}/new\n"), &["/dev/mqueue/new 100600 80"]),
            (
                &["-sq", "-n", "/new", "-m", "4K", "-p", "0600"],
                format!("{shm}/new\n{queue}/new\n{sem}/new\n"),
                &["/dev/shm/new 100600 4096", "/dev/shm/sem.new 100600 32", "/dev/mqueue/new 100600 80"],
            ),
            (
                &["-Qs", "-n", "n", "-M2"],
                format!("Shared memory id: 0\nMessage queue id: 0\n{sem}n\n"),
                &["msg random 0 644 0 0 0 0 0 0", "shm random 0 644 2 0 0 0 0 0", "/dev/shm/sem.n 100644 32"],
            ),
            (&["-Q", "-n", "unused"], "Message queue id: 0\n".into(), &["msg random 0 644 0 0 0 0 0 0"]),
        ] {
            nix::sys::stat::umask(nix::sys::stat::Mode::from_bits_truncate(0o022));
            let done = done(nothing, || ipcmk(arguments).ours());
            assert_eq!(
                (&*done.said.err, done.said.out, done.left),
                ("", out, made.iter().map(|s| (*s).into()).collect::<Vec<String>>()),
                "{arguments:?}"
            );
        }
    });
}

#[test]
fn posix_objects_that_cannot_be() {
    isolated_with_users(|| {
        let no_name = "name is required for POSIX IPC\nTry 'ipcmk --help' for more information.\n";
        let invalid = |what: &str| format!("create POSIX {what} failed: Invalid argument\n");
        for (arguments, err) in [
            (&["-s"][..], no_name.to_owned()),
            (&["-q", "-Q"], no_name.to_owned()),
            (&["-m", "5"], no_name.to_owned()),
            (&["-n", "x"], "bad usage\nTry 'ipcmk --help' for more information.\n".to_owned()),
            (&["-m", "x", "-n", "y"], "failed to parse size: 'x': Invalid argument\n".to_owned()),
            (&["-m1", "-n", ""], invalid("shared memory")),
            (&["-m1", "-n/"], invalid("shared memory")),
            (&["-m1", "-na/b"], invalid("shared memory")),
            (&["-m1", "-n.."], invalid("shared memory")),
            (&["-m8E", "-nbig"], invalid("shared memory")),
            (&["-s", "-n/a/b"], invalid("semaphore")),
            (&["-q", "-nx"], invalid("message queue")),
            (&["-q", "-n/a/b"], "create POSIX message queue failed: Permission denied\n".to_owned()),
            (
                &["-q", &format!("-n/{}", "n".repeat(300))],
                "create POSIX message queue failed: File name too long\n".to_owned(),
            ),
            (
                &["-m1", &format!("-n{}", "n".repeat(300))],
                "create POSIX shared memory failed: File name too long\n".to_owned(),
            ),
        ] {
            let done = done(nothing, || ipcmk(arguments).ours());
            assert_eq!((done.said.err, &*done.said.out), (format!("ipcmk: {err}"), ""), "{arguments:?}");
            assert_eq!((&*done.said.status, done.left.len()), ("exit 1", 0), "{arguments:?}");
        }
    });
}

#[test]
fn what_is_there_is_not_opened_and_told_as_made() {
    fn scene() {
        drop((
            posix::segment(c"/there", 5, 0o600),
            posix::semaphore(c"/there", 0o600, 3),
            posix::queue(c"/there", 1, 1),
        ));
        sysv::queue(0, 0o600);
    }
    isolated_with_users(|| {
        let before = anew(|| {
            scene();
            left()
        });
        for (option, what) in
            [("-m1", "shared memory"), ("-m9", "shared memory"), ("-s", "semaphore"), ("-q", "message queue")]
        {
            for arguments in [&[option, "-n/there"][..], &[option, "-n", "/there", "-p", "666"]] {
                let done = done(scene, || ipcmk(arguments).ours());
                assert_eq!(done.said.err, format!("ipcmk: create POSIX {what} failed: File exists\n"));
                assert_eq!((&*done.said.status, done.left), ("exit 1", before.clone()), "{arguments:?}");
            }
        }
        // What was made before the one that cannot be is told.
        let done = done(scene, || ipcmk(&["-s", "-n/there", "-Q"]).ours());
        assert_eq!((&*done.said.out, done.left.len()), ("Message queue id: 1\n", before.len() + 1));
    });
}

#[test]
fn read_only_holds() {
    isolated_with_users(|| {
        let place = cli::place("settings");
        let file = place.join("ipcx/config.toml");
        fs::create_dir_all(place.join("ipcx")).unwrap();
        fs::set_permissions(&place, fs::Permissions::from_mode(0o755)).unwrap();
        let settings = format!("XDG_CONFIG_HOME={}", place.display());
        fs::write(&file, "read_only = true\n").unwrap();
        for environment in [&["IPCX_READ_ONLY=1"][..], &[&settings]] {
            for arguments in [&["-Q"][..], &["-M1"], &["-S1", "-Q"], &["-m1", "-n/x"], &["-s", "-nx"], &["-q", "-n/x"]]
            {
                let done = done(nothing, || ipcmk(arguments).with(environment).ours());
                assert!(done.said.err.contains("refused in read-only mode"), "{arguments:?}: {}", done.said.err);
                assert_eq!((&*done.said.status, &*done.said.out, done.left.len()), ("exit 1", "", 0), "{arguments:?}");
            }
        }
        fs::write(&file, "read_onyl = true\n").unwrap();
        let wrong = done(nothing, || ipcmk(&["-Q"]).with(&[&settings]).ours());
        assert!(wrong.said.err.starts_with("ipcmk: ") && wrong.said.err.contains("read_onyl"), "{}", wrong.said.err);
        assert_eq!((&*wrong.said.status, wrong.left.len()), ("exit 1", 0));
        let made = done(nothing, || ipcmk(&["-Q"]).with(&["IPCX_READ_ONLY=0"]).ours());
        assert_eq!((&*made.said.status, made.left.len()), ("exit 0", 1));
        anew(|| assert_eq!(cli::ipcx(&["--read-only", "ipcmk", "-Q"]).status, 1));
    });
}

#[test]
fn what_cannot_be_written_is_told() {
    isolated_with_users(|| {
        anew(|| {
            for arguments in [&["ipcmk", "-Q"][..], &["ipcmk", "-h"], &["ipcmk", "-V"]] {
                let full = fs::File::options().write(true).open("/dev/full").unwrap();
                let output = cli::command(arguments).stdout(full).output().unwrap();
                let err = String::from_utf8(output.stderr).unwrap();
                assert_eq!(err, "ipcmk: write error: No space left on device\n", "{arguments:?}");
                assert_eq!(output.status.code(), Some(1));
            }
        });
    });
}
