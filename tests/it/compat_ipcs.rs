//! `ipcs` beside util-linux's: the same objects, the same words.

use crate::support::old_objects::{self, NAMELESS};
use crate::support::users::NOBODY;
use crate::support::util_linux::{Case, Difference, Said, case, compare, installed};
use crate::support::{isolated, isolated_with_users, sysv};

const KINDS: [&str; 5] = ["", "-q", "-m", "-s", "-a"];
const VIEWS: [&str; 6] = ["", "-t", "-p", "-c", "-l", "-u"];
const SIZES: [&str; 4] = ["", "-b", "--human", "--human -b"];

/// A case from a line of words.
fn line(words: &str) -> Case {
    case("ipcs", &words.split_whitespace().collect::<Vec<_>>())
}

/// Every kind, view and size.
fn views() -> Vec<String> {
    let mut lines = Vec::new();
    for kind in KINDS {
        for view in VIEWS {
            lines.extend(SIZES.iter().map(|size| format!("{kind} {view} {size}")));
        }
    }
    lines
}

/// Whether a case asks for one object, and of which kind and id.
fn of_one(case: &Case) -> Option<(&str, &str)> {
    match &*case.arguments {
        [kind, option, id, ..] if option == "-i" => Some((kind, id)),
        _ => None,
    }
}

const LIMIT: Difference = Difference {
    when: |case, theirs| matches!(of_one(case), Some(("-q", _))) && theirs.out.contains("\tqbytes=0\t"),
    why: "util-linux shows a limit of 0 without read permission; MSG_STAT_ANY tells it to everyone",
};

const NEGATIVE: Difference = Difference {
    when: |case, _| of_one(case).is_some_and(|(_, id)| id.starts_with('-')),
    why: "a negative id names nothing; util-linux shows another object under it, or crashes",
};

const VERSION: Difference =
    Difference { when: |_, theirs| theirs.out.contains(" from util-linux "), why: "ours names ipcx too" };

const HELP: Difference =
    Difference { when: |_, theirs| theirs.out.contains("\nUsage:\n"), why: "the help is in words of our own" };

#[test]
fn every_view() {
    isolated_with_users(|| {
        if installed("ipcs").is_none() {
            return;
        }
        let _scene = old_objects::scene();
        let mut cases: Vec<Case> = views().iter().map(|words| line(words)).collect();
        cases.extend(views().iter().map(|words| line(words).by(NOBODY).with(&["LC_ALL=C.UTF-8"])));
        cases.extend(VIEWS.map(|view| line(view).by(NAMELESS)));
        compare(&cases, &[]);
    });
}

#[test]
fn one_object() {
    isolated_with_users(|| {
        if installed("ipcs").is_none() {
            return;
        }
        let scene = old_objects::scene();
        let mut cases = Vec::new();
        for (kind, ids) in [("-q", &scene.queues), ("-m", &scene.segments), ("-s", &scene.sets)] {
            for id in ids.iter().copied().chain([8, 99, 32768, i32::MAX, -1, -5, i32::MIN]) {
                for rest in ["", "-b", "--human", "-t", "-l --human", "-u", "-p -c"] {
                    cases.push(line(&format!("{kind} -i {id} {rest}")));
                }
                cases.push(line(&format!("{kind} -i {id}")).by(NOBODY));
                cases.push(line(&format!("{kind} -i {id}")).by(NAMELESS).with(&["LC_ALL=C.UTF-8"]));
            }
        }
        compare(&cases, &[LIMIT, NEGATIVE]);
    });
}

#[test]
fn spellings() {
    isolated(|| {
        if installed("ipcs").is_none() {
            return;
        }
        sysv::queue(1, 0o600);
        sysv::segment(2, 100, 0o600);
        sysv::semaphores(3, 1, 0o600);
        let kinds = [
            "-qm",
            "-sq",
            "-qms",
            "-aq",
            "-q -q",
            "--queues",
            "--shmems",
            "--semaphores",
            "--all",
            "--q",
            "--sh",
            "--sem",
            "--a",
            "-s --queues",
        ];
        let views = [
            "-t",
            "-tl",
            "-lt",
            "-lu",
            "-pc",
            "--time",
            "--pid",
            "--creator",
            "--limits",
            "--summary",
            "--t",
            "--p",
            "--c",
            "--l",
            "--su",
            "-u --time",
            "-b",
            "--bytes",
            "--human",
            "--hu",
            "-b --human",
            "--by",
        ];
        let mut lines = Vec::new();
        for kind in kinds {
            for view in views {
                lines.extend([format!("{kind} {view}"), format!("{view} {kind}")]);
            }
        }
        lines.extend(
            [
                "-qt",
                "-tq",
                "-qltb",
                "-bqlu",
                "foo",
                "foo -q bar",
                "-q -- -m",
                "-q foo -t",
                "-- -q",
                "-",
                "- -q",
                "-qi0",
                "-qi 0",
                "-i0 -q",
                "-i 0 -q",
                "--id 0 -q",
                "--id=0 -m",
                "--i=0 -s",
                "--i 0 -s -b",
                "-mi 0 foo",
                "-q -q -i 0",
            ]
            .map(str::to_owned),
        );
        let mut cases: Vec<Case> = lines.iter().map(|words| line(words)).collect();
        let strict = ["LC_ALL=C", "POSIXLY_CORRECT=1"];
        let ends = ["foo -q", "-q foo -t", "-t -q", "-i 0 foo -q", "-q -i 0 foo", "foo -z", "-q -- -z"];
        cases.extend(ends.map(|words| line(words).with(&strict)));
        compare(&cases, &[]);
    });
}

#[test]
fn what_cannot_be() {
    isolated(|| {
        if installed("ipcs").is_none() {
            return;
        }
        sysv::queue(1, 0o600);
        let mut cases = Vec::new();
        for words in [
            "-z",
            "-qz",
            "-q -z",
            "-z -q",
            "-qzt",
            "-1",
            "-H",
            "-:",
            "-?",
            "--zork",
            "--zork=1",
            "--s",
            "--h",
            "--",
            "--=x",
            "--human=1",
            "--queues=",
            "-i",
            "-qi",
            "--id",
            "-q --i",
            "-i 0",
            "-i 0 -qm",
            "-i 0 -a",
            "-a -i 0",
            "-qms -i 0",
            "-i abc -z",
            "-z -i abc",
            "-i 0 -z",
            "-i abc -h",
            "-i abc -V",
            "-q -i -h",
            "-q -i -- -z",
            "-q -i 0 -i 1x",
            "-q -i 5 -i 0",
            "-h",
            "--help",
            "-qh",
            "-h -z",
            "-z -h",
            "-V",
            "--version",
            "-qV",
            "-V -z",
            "--ver",
            "-h -V",
        ] {
            cases.push(line(words));
        }
        for id in [
            "",
            " ",
            "x",
            "0x0",
            "0x",
            "1x",
            "1 ",
            " 1",
            "+0",
            "+",
            "-",
            "--",
            "++1",
            "- 1",
            "00",
            "007",
            "1.5",
            "1e3",
            "\t0",
            "\n0",
            "0\n",
            "2147483647",
            "2147483648",
            "4294967296",
            "99999999999",
            "9223372036854775807",
            "9223372036854775808",
            "-9223372036854775809",
            "-2147483649",
            "0b1",
            "é",
            "a'b",
        ] {
            for kind in ["-q", "-m", "-s"] {
                cases.push(case("ipcs", &[kind, "-i", id]));
                cases.push(case("ipcs", &[kind, &format!("--id={id}")]).with(&["LC_ALL=C.UTF-8"]));
            }
        }
        cases.push(case("ipcs", &["-é"]));
        cases.push(case("ipcs", &["--é"]).with(&["LC_ALL=C.UTF-8"]));
        cases.push(case("ipcs", &["-q", ""]));
        compare(&cases, &[VERSION, HELP]);
    });
}

#[test]
fn nothing_there() {
    isolated(|| {
        if installed("ipcs").is_none() {
            return;
        }
        let mut cases: Vec<Case> = views().iter().map(|words| line(words)).collect();
        for kind in ["-q", "-m", "-s"] {
            cases.extend(["0", "1"].map(|id| line(&format!("{kind} -i {id}"))));
        }
        compare(&cases, &[]);
    });
}

#[test]
fn times_in_every_zone() {
    isolated_with_users(|| {
        if installed("ipcs").is_none() {
            return;
        }
        let scene = old_objects::scene();
        let mut cases = Vec::new();
        for zone in [
            "",
            "UTC",
            "Europe/Berlin",
            ":America/St_Johns",
            "Asia/Kathmandu",
            "Pacific/Apia",
            "XYZ+3:30ABC,J60,J300",
            "<+13>-13",
            "no/where",
            "/etc/passwd",
            "UTC0UTC",
        ] {
            let zone = format!("TZ={zone}");
            let lines = [
                "-t".to_owned(),
                format!("-q -i {}", scene.queues[1]),
                format!("-m -i {}", scene.segments[1]),
                format!("-s -i {}", scene.sets[1]),
            ];
            cases.extend(lines.map(|words| line(&words).with(&["LC_ALL=C", &zone])));
        }
        compare(&cases, &[]);
    });
}

#[test]
fn thousands() {
    isolated(|| {
        if installed("ipcs").is_none() {
            return;
        }
        for number in 0..3000 {
            let queue = sysv::queue(0, 0o600 + number % 0o100);
            if number % 3 == 0 {
                sysv::remove_queue(queue);
            }
            sysv::segment(0, 1 + number as usize * 77, 0o600);
            sysv::semaphores(0, 1 + number % 5, 0o644);
        }
        let mut cases: Vec<Case> = VIEWS.map(line).into();
        cases.extend(["-q --human", "-m -i 2999", "-q -i 2999", "-s -i 2500"].map(line));
        compare(&cases, &[]);
    });
}

/// What differs on purpose, and how.
#[test]
fn where_it_is_better() {
    isolated_with_users(|| {
        let scene = old_objects::scene();
        let says = |case: Case, expected: &str| {
            let Said { status, out, err } = case.ours();
            assert!(out.contains(expected) && err.is_empty() && status == "exit 0", "{case:?}: {out}{err}");
        };
        says(line(&format!("-q -i {}", scene.queues[2])).by(NOBODY), "\tqbytes=15800\tqnum=2\t");
        says(line(&format!("-q --human -i {}", scene.queues[2])).by(NOBODY), "\tqsize=15.4K\t");
        for kind in ["-q", "-m", "-s"] {
            for id in ["-1", "-5", "-2147483648"] {
                let expected =
                    Said { status: "exit 0".to_owned(), out: String::new(), err: format!("ipcs: id {id} not found\n") };
                assert_eq!(case("ipcs", &[kind, "-i", id]).ours(), expected);
            }
        }
        says(case("ipcs", &["-V"]), "ipcs from util-linux 2.38.1 (ipcx ");
        for word in ["-h", "--help"] {
            says(case("ipcs", &[word, "-z"]), "\nUsage:\n ipcs ");
        }
    });
}
