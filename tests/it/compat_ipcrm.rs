//! `ipcrm` beside util-linux's: the same command line on the same objects, what was said and what is left; and what ours
//! does better, or has from later releases.

use crate::support::anew::{anew, compare_anew, done, left};
use crate::support::users::NOBODY;
use crate::support::util_linux::{Case, Difference, case};
use crate::support::{Child, cli, isolated_with_users, posix, sysv, trace};
use ipcx::actions::{Policy, Refusal, ValueKind, outright};
use ipcx::model::Key;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

/// Ids 0 to 4 of each kind: with keys 5 and -5, without a key, one that only its owner `NOBODY` may read, one that nobody
/// else may; a segment that is attached.
fn objects() -> sysv::Attachment {
    for (key, mode) in [(5, 0o644), (-5, 0o600), (0, 0o644), (7, 0o600), (9, 0)] {
        let queue = sysv::queue(key, mode);
        let segment = sysv::segment(key, 4096, mode);
        let set = sysv::semaphores(key, 2, mode);
        if [7, 9].contains(&key) {
            sysv::set_queue(queue, |ds| ds.msg_perm.uid = NOBODY);
            sysv::set_segment(segment, |ds| ds.shm_perm.uid = NOBODY);
            sysv::set_semaphores(set, |ds| ds.sem_perm.uid = NOBODY);
        }
    }
    sysv::send(0, 1, b"text");
    sysv::attach(0)
}

/// Keys with a sign, and without.
fn extreme_keys() {
    for key in [-1, -99_999, 99_999] {
        sysv::queue(key, 0o600);
        sysv::segment(key, 1, 0o600);
        sysv::semaphores(key, 1, 0o600);
    }
}

const IDS: [(&str, &str, &str); 3] =
    [("-m", "--shmem-id", "shm"), ("-q", "--queue-id", "msg"), ("-s", "--semaphore-id", "sem")];
const KEYS: [(&str, &str); 3] = [("-M", "--shmem-key"), ("-Q", "--queue-key"), ("-S", "--semaphore-key")];

/// Texts that all releases read in the same way as ours.
const NUMBERS: [&str; 16] =
    ["0", "1", "2", "+1", " 3", "\t3", "01", "-0", "99", "2147483647", "zz", "0x", "1 ", "1x", "1e3", "é"];
/// Numbers that ours reads and refuses.
const BEYOND: [&str; 9] = [
    "-1",
    "-2147483648",
    "-2147483649",
    "2147483648",
    "4294967296",
    "4294967297",
    "-4294967295",
    "99999999999999999999",
    "-99999999999999999999",
];

fn ipcrm(arguments: &[&str]) -> Case {
    case("ipcrm", arguments)
}

/// What is no number is said to be none, and not what the last call before it failed with.
const STALE: Difference = Difference {
    when: |case, theirs| case.arguments.iter().any(String::is_empty) && theirs.err.contains("parse argument: '':"),
    why: "behind an empty key theirs prints whatever error number was left from before",
};

const MODE_0: Difference = Difference {
    when: |case, _| {
        let all = |word: &String| ["-a", "--al", "-va"].iter().any(|option| word.starts_with(option));
        case.uid == NOBODY && case.arguments.iter().any(all)
    },
    why: "theirs does not see an object of the caller's own whose mode lets nobody read it; ours removes it too",
};

const NEGATIVE: Difference = Difference {
    when: |_, theirs| theirs.err.contains("invalid id (-"),
    why: "an id is never negative: theirs asks the kernel for one, ours refuses it as no id",
};

#[test]
fn ids_are_read_alike() {
    isolated_with_users(|| {
        let mut cases = Vec::new();
        for (short, long, _) in IDS {
            for number in NUMBERS.iter().chain(&BEYOND).chain(&[""]) {
                cases.push(ipcrm(&[short, number, "-q", "2"]));
                cases.push(ipcrm(&["-v", &format!("{long}={number}"), short, "1"]).by(NOBODY));
            }
        }
        compare_anew(objects, &cases, &[NEGATIVE]);
    });
}

#[test]
fn keys_are_read_alike() {
    isolated_with_users(|| {
        let beyond = Difference {
            when: |case, theirs| {
                let all = case.arguments.iter().filter_map(|text| text.rsplit('=').next());
                let number =
                    |text: &str| text.strip_prefix("0x").map_or(text.parse(), |hex| i128::from_str_radix(hex, 16));
                let mut numbers = all.filter_map(|text| number(text).ok());
                let outside = numbers.any(|number| !(-(1 << 31)..1 << 32).contains(&number));
                outside && !theirs.err.contains("parse argument")
            },
            why: "theirs cuts a key to 32 bits and may remove another one's object",
        };
        let mut cases = Vec::new();
        let numbers =
            ["5", "-5", "05", "0x5", "0X5", "-0x5", "0xfffffffb", "4294967291", "9", "11", "011", "08", "0x0"];
        let far = ["0x100000005", "18446744073709551615", "18446744073709551616", "4294967301", "-4294967291"];
        for (short, long) in KEYS {
            for number in NUMBERS.iter().chain(&BEYOND).chain(&numbers).chain(&far).chain(&[""]) {
                cases.push(ipcrm(&[short, number, "-v", "-q", "2"]));
                cases.push(ipcrm(&["-v", &format!("{long}={number}"), short, "7"]).by(NOBODY));
            }
        }
        cases.push(ipcrm(&["-q", "99", "-Q", ""]));
        compare_anew(objects, &cases, &[STALE, beyond]);
        let extremes = ["0xffffffff", "-1", "4294967295", "4294867297", "-99999", "0x1869f", "0303237"];
        let cases: Vec<Case> = KEYS.iter().flat_map(|(short, _)| extremes.map(|key| ipcrm(&[short, key]))).collect();
        compare_anew(extreme_keys, &cases, &[]);
    });
}

#[test]
fn the_old_syntax() {
    isolated_with_users(|| {
        let mut cases = Vec::new();
        for (_, _, word) in IDS {
            cases.push(ipcrm(&[word]));
            for number in NUMBERS.iter().chain(&BEYOND).chain(&["", "-q", "--help", "--", "-v"]) {
                cases.push(ipcrm(&[word, number]));
                cases.push(ipcrm(&[word, "1", number, "2"]).by(NOBODY));
                cases.push(ipcrm(&[word, number, "3"]));
            }
            cases.push(ipcrm(&[word, "0", "1", "2", "3", "4"]));
            cases.push(ipcrm(&[word, "0", "0"]));
            cases.push(ipcrm(&["-v", word, "0"]));
            cases.push(ipcrm(&["--", word, "0"]));
            cases.push(ipcrm(&[word, "-q", "0"]).with(&["POSIXLY_CORRECT=1"]));
        }
        for word in ["", "ms", "shmem", "q", "SHM", "é\u{1b}[1m"] {
            cases.extend([ipcrm(&[word]), ipcrm(&[word, "0"]), ipcrm(&[word, "-q", "0"])]);
        }
        let cut = Difference {
            when: |case, theirs| {
                let beyond = |text: &String| text.is_empty() || BEYOND.contains(&text.as_str());
                case.arguments[1..].iter().any(beyond) && !theirs.err.contains("invalid id: ")
                    || theirs.err.contains("invalid id (-")
            },
            why: "theirs takes an empty word for id 0, and cuts ids to 32 bits: it removes what nobody named",
        };
        compare_anew(objects, &cases, &[cut]);
    });
}

#[test]
fn an_id_that_was_not_named_is_not_removed() {
    isolated_with_users(|| {
        let before = anew(|| {
            let _kept = objects();
            left()
        });
        for text in ["", " ", "-1", "4294967296", "4294967297", "18446744073709551616", "-4294967295"] {
            for arguments in [&["shm", text][..], &["msg", text], &["sem", text], &["-m", text], &["-s", text]] {
                let done = done(objects, || ipcrm(arguments).ours());
                assert_eq!((&*done.said.status, &*done.said.out), ("exit 1", ""), "{arguments:?}");
                let word = if arguments[0].starts_with('-') { "failed to parse argument: " } else { "invalid id: " };
                assert!(done.said.err.starts_with(&format!("ipcrm: {word}")), "{arguments:?}: {}", done.said.err);
                assert_eq!(done.left, before, "{arguments:?}");
            }
        }
    });
}

#[test]
fn options_act_in_their_order() {
    isolated_with_users(|| {
        let mut cases: Vec<Case> = [
            &[][..],
            &["-v"],
            &["-q", "0", "-q", "0"],
            &["-q", "0", "-z", "-q", "1"],
            &["-q0", "-q", "zz", "-q1"],
            &["-q0", "-Q", "zz", "-q1"],
            &["-q0", "-Q0", "-q1"],
            &["-q0", "-Q0x7b", "-M", "5", "-S-5"],
            &["-q", "0", "foo", "-q", "1", "bar"],
            &["-q", "0", "--", "-q", "1"],
            &["foo", "-q", "0", "-v", "-m1"],
            &["-q1", "-v", "-q2", "-vv", "-s1", "-S", "5", "-M5"],
            &["-vq1"],
            &["-vvq", "1"],
            &["-v", "-Q", "5", "-Q", "6", "-Q", "0", "-q", "77"],
            &["-q1", "-a=foo"],
            &["-q1", "-afoo", "-q2"],
            &["-q1", "--all=", "-q2"],
            &["-a", "-q", "0", "-q", "77"],
            &["-a", "-q", "zz"],
            &["-q", "0", "-z", "-a"],
            &["-a", "-z"],
            &["-q"],
            &["-a", "-q"],
            &["--queue-id"],
            &["--q=3"],
            &["--s", "3"],
            &["--shmem", "3"],
            &["--shmem-i", "3", "--shmem-k", "5", "--queue-k=5", "--semaphore-i=1"],
            &["--verb", "--queue-i", "1"],
            &["--verbose=1", "-q", "1"],
            &["--foo", "-q", "1"],
            &["-é"],
            &["-q", "1", "-"],
        ]
        .iter()
        .map(|arguments| ipcrm(arguments))
        .collect();
        cases.extend(cases.clone().into_iter().map(|case| case.by(NOBODY)));
        cases.extend(cases.clone().into_iter().map(|case| case.with(&["LC_ALL=C.UTF-8", "POSIXLY_CORRECT="])));
        compare_anew(objects, &cases, &[MODE_0]);
    });
}

#[test]
fn all_of_a_kind() {
    isolated_with_users(|| {
        let mut cases = Vec::new();
        for arguments in [
            &["-a"][..],
            &["--all"],
            &["-va"],
            &["-a", "-v"],
            &["-ashm"],
            &["-amsg"],
            &["-asem"],
            &["-v", "--all=shm"],
            &["-v", "--all=msg"],
            &["-v", "--all=sem"],
            &["--al=sem", "--all=msg"],
            &["-amsg", "-a", "-v"],
            &["-a", "-amsg", "-v"],
            &["-amsg", "foo"],
            &["-a", "msg"],
            &["--all=SHM"],
            &["--all=shm="],
            &["--all=sh"],
        ] {
            cases.extend([ipcrm(arguments), ipcrm(arguments).by(NOBODY), ipcrm(arguments).by(1000)]);
        }
        compare_anew(objects, &cases, &[MODE_0]);
        compare_anew(|| {}, &[ipcrm(&["-a"]), ipcrm(&["-va"]), ipcrm(&["-amsg"])], &[]);
    });
}

#[test]
fn all_removes_what_the_caller_may() {
    isolated_with_users(|| {
        let done = done(objects, || ipcrm(&["-va"]).by(NOBODY).ours());
        let denied =
            ["permission denied for id (0)\n", "permission denied for id (2)\n"].map(|text| format!("ipcrm: {text}"));
        assert_eq!(done.said.err, denied.concat().repeat(3));
        let lines = |noun: &str| [0, 2, 3, 4].map(|id| format!("removing {noun} id `{id}'\n")).concat();
        let said = [lines("shared memory segment"), lines("semaphore"), lines("message queue")].concat();
        assert_eq!((&*done.said.out, &*done.said.status), (&*said, "exit 1"));
        assert_eq!(done.left.len(), 9, "{:?}", done.left);
    });
}

#[test]
fn thousands() {
    isolated_with_users(|| {
        fn many() {
            for _ in 0..1000 {
                sysv::queue(0, 0o600);
            }
        }
        let ids: Vec<String> = (0..1000).map(|id| format!("-q{id}")).collect();
        let one_by_one = Case { arguments: ids, ..ipcrm(&[]) };
        let old: Vec<String> = std::iter::once("msg".to_owned()).chain((0..1001).map(|id| id.to_string())).collect();
        compare_anew(many, &[one_by_one, ipcrm(&["-vamsg"]), Case { arguments: old, ..ipcrm(&[]) }], &[]);
    });
}

#[test]
fn a_removal_takes_a_few_calls_whoever_is_there() {
    isolated_with_users(|| {
        let calls = |count: i32| {
            anew(|| {
                let ids: Vec<String> = (0..count).map(|_| format!("-q{}", sysv::queue(0, 0o600))).collect();
                let words: Vec<String> = std::iter::once("ipcrm".to_owned()).chain(ids).collect();
                let calls = trace::calls(&mut cli::command(&words));
                assert_eq!(left(), [""; 0]);
                calls
            })
        };
        let (one, few, many) = (calls(1), calls(101), calls(1001));
        assert!(few - one <= 100 * 2 && many - few <= 900 * 2, "{one}, {few}, {many}");
        let processes: Vec<Child> = (0..50).map(|_| Child::new(&[], || {})).collect();
        assert!(calls(1).abs_diff(one) < processes.len(), "{one}");
    });
}

#[test]
fn a_key_is_compared_with_what_its_id_leads_to() {
    isolated_with_users(|| {
        anew(|| {
            let policy = Policy::default();
            let ids = [sysv::queue(5, 0o600), sysv::segment(5, 1, 0o600), sysv::semaphores(5, 1, 0o600)];
            let kinds = [ValueKind::Queue, ValueKind::Shm, ValueKind::Semaphore];
            for (kind, id) in kinds.into_iter().zip(ids) {
                assert_eq!(outright::id_of_key(kind, Key(5)), Ok(id));
                let before = left();
                for (key, id) in [(7, id), (5, id + 1)] {
                    let refused = outright::remove_sysv(kind, id, Some(Key(key)), policy);
                    assert!(matches!(refused, Err(Refusal::Changed { .. })), "{refused:?}");
                }
                assert_eq!(left(), before);
                assert_eq!(outright::remove_sysv(kind, id, Some(Key(5)), policy), Ok(()));
                assert_eq!(left().len(), before.len() - 1);
            }
        });
    });
}

#[test]
fn help_and_version() {
    isolated_with_users(|| {
        let words = Difference {
            when: |_, theirs| theirs.out.contains("Usage:") || theirs.out.contains("util-linux 2"),
            why: "the help is in our own words, and the version names ipcx too",
        };
        let cases = [&["-h"][..], &["-V"], &["-q1", "--help", "-z"], &["-q1", "-V", "-q2"], &["--hel", "msg"]];
        compare_anew(objects, &cases.map(ipcrm), &[words]);
        let help = done(objects, || ipcrm(&["-q0", "-h", "-q1"]).ours());
        assert_eq!((&*help.said.status, &*help.said.err, help.left.len()), ("exit 0", "", 14));
        assert!(
            help.said.out.starts_with("\nUsage:\n ipcrm [options]\n ipcrm shm|msg|sem <id>...\n"),
            "{}",
            help.said.out
        );
        for word in ["no POSIX object", "and keeps a backup", "--all[=shm|msg|sem|pshm|pmsg|psem]"] {
            assert!(help.said.out.contains(word), "{}", help.said.out);
        }
    });
}

/// POSIX objects beside System V ones, a directory, a FIFO, a link and a file that is no semaphore.
fn posix_objects() -> sysv::Attachment {
    drop((posix::segment(c"/one", 1, 0o644), posix::segment(c"/two", 2, 0o600)));
    drop((posix::semaphore(c"/one", 0o644, 1), posix::queue(c"/one", 1, 1), posix::queue(c"/two", 1, 1)));
    fs::create_dir(Path::new("/dev/shm/directory")).unwrap();
    fs::write("/dev/shm/directory/within", "").unwrap();
    fs::write("/dev/shm/sem.empty", "").unwrap();
    std::os::unix::fs::symlink("one", "/dev/shm/link").unwrap();
    objects()
}

/// What ours says and leaves of [`posix_objects`], the System V ones counted.
fn with_posix(case: &Case) -> (String, String, String, usize, Vec<String>) {
    let done = done(posix_objects, || case.ours());
    let (sysv, files): (Vec<String>, Vec<String>) = done.left.into_iter().partition(|line| !line.starts_with('/'));
    let names = files.iter().map(|line| line.split(' ').next().unwrap().trim_start_matches("/dev/").to_owned());
    (done.said.out, done.said.err, done.said.status, sysv.len(), names.collect())
}

const POSIX: [&str; 8] =
    ["shm/directory", "shm/link", "shm/one", "shm/sem.empty", "shm/sem.one", "shm/two", "mqueue/one", "mqueue/two"];

/// All of [`POSIX`] but these.
fn without(gone: &[&str]) -> Vec<String> {
    POSIX.iter().filter(|name| !gone.contains(name)).map(|name| (*name).to_owned()).collect()
}

#[test]
fn posix_objects_go_by_name() {
    isolated_with_users(|| {
        let denied = "ipcrm: permission denied for name `";
        for (arguments, out, err, gone) in [
            (&["--posix-shmem", "one"][..], "", "", &["shm/one"][..]),
            (&["-v", "--posix-shmem=/one"], "removing POSIX shared memory `/one'\n", "", &["shm/one"]),
            (&["--posix-shmem", "//two", "--posix-shmem=link"], "", "", &["shm/two", "shm/link"]),
            (&["-v", "--posix-semaphore", "one"], "removing POSIX semaphore `one'\n", "", &["shm/sem.one"]),
            (&["--posix-sem", "/empty"], "", "", &["shm/sem.empty"]),
            (&["-v", "--posix-m", "/two"], "removing POSIX message queue `/two'\n", "", &["mqueue/two"]),
            (&["--posix-mqueue", "/nine"], "", "ipcrm: name `/nine' not found\n", &[]),
            (&["--posix-mqueue", "/"], "", "ipcrm: name `/' not found\n", &[]),
            (&["--posix-mqueue", "/a/b"], "", &format!("{denied}/a/b'\n"), &[]),
            (&["--posix-mqueue", "one", "--posix-mqueue=/one"], "", "ipcrm: name failed: Invalid argument\n", &[]),
            (&["--posix-shmem", "directory", "--posix-shmem=one"], "", "ipcrm: name failed: Is a directory\n", &[]),
            (&["--posix-shmem", ""], "", "ipcrm: name `' not found\n", &[]),
            (&["--posix-shmem", "directory/within"], "", "ipcrm: name `directory/within' not found\n", &[]),
            (&["--posix-shmem", "../shm/one"], "", "ipcrm: name `../shm/one' not found\n", &[]),
            (&["--posix-semaphore", "two", "--posix-shmem=two"], "", "ipcrm: name `two' not found\n", &["shm/two"]),
            (&["--posix-shmem=one", "--posix-shmem=one"], "", "ipcrm: name `one' not found\n", &["shm/one"]),
        ] {
            let status = if err.is_empty() { "exit 0" } else { "exit 1" };
            let expected = (out.to_owned(), err.to_owned(), status.to_owned(), 15, without(gone));
            assert_eq!(with_posix(&ipcrm(arguments)), expected, "{arguments:?}");
        }
        let theirs = ipcrm(&["--posix-shmem=one", "--posix-semaphore=one", "--posix-mqueue=/one"]).by(NOBODY);
        let err = ["one", "one", "/one"].map(|name| format!("{denied}{name}'\n")).concat();
        assert_eq!(with_posix(&theirs), (String::new(), err, "exit 1".into(), 15, without(&[])));
        let long = "n".repeat(300);
        for (option, name, why) in [
            ("shmem", long.clone(), "not found"),
            ("semaphore", long.clone(), "not found"),
            ("mqueue", format!("/{long}"), "too long"),
        ] {
            let (_, err, ..) = with_posix(&ipcrm(&[&format!("--posix-{option}={name}")]));
            assert_eq!(err, format!("ipcrm: name `{name}' {why}\n"));
        }
    });
}

#[test]
fn all_without_a_kind_leaves_posix_objects() {
    isolated_with_users(|| {
        for arguments in [&["-a"][..], &["--all"], &["--all=psem", "-va"]] {
            let (_, err, status, sysv, files) = with_posix(&ipcrm(arguments));
            // The attached segment stays as long as it is.
            assert_eq!((&*err, &*status, sysv, files), ("", "exit 0", 1, without(&[])), "{arguments:?}");
        }
    });
}

#[test]
fn all_posix_objects_of_a_kind() {
    isolated_with_users(|| {
        let lines = |noun: &str, names: &[&str]| -> Vec<String> {
            names.iter().map(|name| format!("removing POSIX {noun} `{name}'")).collect()
        };
        let semaphores = lines("semaphore", &["empty", "one"]);
        for (argument, said, gone) in [
            // Neither the directory nor what is no file stands in the way, and each is said once.
            ("--all=pshm", lines("shared memory", &["one", "two"]), &["shm/one", "shm/two"][..]),
            ("--all=psem", semaphores.clone(), &["shm/sem.one", "shm/sem.empty"]),
            ("-apsem", semaphores.clone(), &["shm/sem.one", "shm/sem.empty"]),
            ("-a=psem", semaphores, &["shm/sem.one", "shm/sem.empty"]),
            ("-apmsg", lines("message queue", &["/one", "/two"]), &["mqueue/one", "mqueue/two"]),
        ] {
            let (out, err, status, sysv, files) = with_posix(&ipcrm(&["-v", argument]));
            let mut out: Vec<&str> = out.lines().collect();
            out.sort_unstable();
            assert_eq!(
                (out, &*err, &*status, sysv),
                (said.iter().map(|s| &**s).collect(), "", "exit 0", 15),
                "{argument}"
            );
            assert_eq!(files, without(gone), "{argument}");
        }
        let (out, err, status, _, files) = with_posix(&ipcrm(&["--all=pshm"]).by(NOBODY));
        assert_eq!((&*out, err.lines().count(), &*status, files), ("", 2, "exit 1", without(&[])), "{err}");
        let (_, _, status, sysv, _) = with_posix(&ipcrm(&["-a=msg"]));
        assert_eq!((&*status, sysv), ("exit 0", 10), "-a=KIND is from later releases");
    });
}

#[test]
fn hostile_names_do_not_reach_a_terminal() {
    isolated_with_users(|| {
        fs::write("/dev/shm/\u{1b}[31mred", "").unwrap();
        let shown = cli::on_terminal(80, &["ipcrm", "-v", "--all=pshm"], &[]);
        assert!(shown.contains(r"removing POSIX shared memory `\x1b[31mred'"), "{shown:?}");
        assert!(!shown.contains('\u{1b}'), "{shown:?}");
    });
}

/// Settings that ours finds under this directory.
fn settings(text: &str) -> String {
    let place = cli::place("settings");
    fs::create_dir_all(place.join("ipcx")).unwrap();
    fs::write(place.join("ipcx/config.toml"), text).unwrap();
    fs::set_permissions(&place, fs::Permissions::from_mode(0o755)).unwrap();
    format!("XDG_CONFIG_HOME={}", place.display())
}

#[test]
fn read_only_holds() {
    isolated_with_users(|| {
        let before = anew(|| {
            let _kept = posix_objects();
            left()
        });
        let read_only = settings("read_only = true\n");
        for environment in [&["IPCX_READ_ONLY=1"][..], &[&read_only]] {
            for (arguments, what) in [
                (&["-q", "1"][..], &["queue:1"][..]),
                (&["-v", "-M5", "-S", "5"], &["shm:0", "sem:0"]),
                (&["sem", "1", "0"], &["sem:1", "sem:0"]),
                (&["--posix-shmem", "one"], &["shm:/one"]),
                (&["--posix-mqueue=/one", "-m0"], &["queue:/one", "shm:0"]),
                (&["-a"], &["--all"]),
                (&["-apshm"], &["--all"]),
            ] {
                let done = done(posix_objects, || ipcrm(arguments).with(environment).ours());
                let why = "refused in read-only mode (--read-only, IPCX_READ_ONLY or config.toml)";
                let lines = what.iter().map(|what| format!("ipcrm: {what}: {why}\n")).collect::<Vec<_>>().concat();
                assert_eq!((done.said.err, &*done.said.status), (lines, "exit 1"), "{arguments:?}");
                assert_eq!(done.left, before, "{arguments:?}");
            }
        }
        anew(|| {
            let _kept = objects();
            let ran = cli::ipcx(&["--read-only", "ipcrm", "-q", "1"]);
            assert_eq!((ran.status, ran.err.contains("read-only")), (1, true), "{}", ran.err);
            assert_eq!(cli::ipcx(&["ipcrm", "-q", "1"]).status, 0);
            assert_eq!(cli::ipcx(&["ipcrm", "-q", "1"]).err, "ipcrm: invalid id (1)\n");
        });
    });
}

#[test]
fn nothing_is_removed_where_the_settings_are_wrong() {
    isolated_with_users(|| {
        let wrong = settings("read_onyl = true\n");
        for arguments in [&["-q", "1"][..], &["-a"], &["msg", "0"], &["--posix-shmem", "one"]] {
            let done = done(posix_objects, || ipcrm(arguments).with(&[&wrong]).ours());
            assert!(done.said.err.starts_with("ipcrm: ") && done.said.err.contains("read_onyl"), "{}", done.said.err);
            assert_eq!((&*done.said.status, done.left.len()), ("exit 1", 23), "{arguments:?}");
        }
        // What removes nothing needs none.
        for arguments in [&["-V"][..], &["--help"], &[]] {
            assert_eq!(done(objects, || ipcrm(arguments).with(&[&wrong]).ours()).said.status, "exit 0");
        }
    });
}

#[test]
fn what_cannot_be_written_is_told() {
    isolated_with_users(|| {
        anew(|| {
            let _kept = objects();
            for (arguments, before) in
                [(&["ipcrm", "-v", "-q", "1"][..], ""), (&["ipcrm", "-h"], ""), (&["ipcrm", "msg", "2"], "")]
                    .into_iter()
                    .chain([(&["ipcrm", "-v", "-q", "3", "-q", "zz"][..], "ipcrm: failed to parse argument: 'zz'\n")])
            {
                let full = fs::File::options().write(true).open("/dev/full").unwrap();
                let output = cli::command(arguments).stdout(full).output().unwrap();
                let err = String::from_utf8(output.stderr).unwrap();
                assert_eq!(err, format!("{before}ipcrm: write error: No space left on device\n"), "{arguments:?}");
                assert_eq!(output.status.code(), Some(1));
            }
        });
    });
}
