//! `lsipc` beside util-linux's: the same objects, the same words, byte for byte. What differs on purpose is in the list of each
//! comparison, and that it is better that way in `compat_lsipc_better`.

use crate::support::pty::{Ended, Setup};
use crate::support::users::NOBODY;
use crate::support::util_linux::{Case, Difference, case, compare, installed, our};
use crate::support::{Child, eventually, isolated_with_users, scratch, sysv};
use nix::mount::{MsFlags, mount};
use std::ffi::CString;
use std::fs;

/// What keeps objects as they were made. Not this process: each program that it starts would count as the last to have
/// detached.
struct World {
    _attached: Child,
    _creator: Child,
}

/// Objects of all kinds with every property that is shown.
fn world() -> World {
    more_users();
    let queues = [(0x1234, 0o644), (-559_038_737, 0o600), (0, 0o777), (77, 0), (78, 0o600), (79, 0o604)];
    let queues = queues.map(|(key, mode)| sysv::queue(key, mode));
    sysv::send(queues[0], 1, &[b'x'; 1500]);
    sysv::send(queues[0], 2, b"y");
    sysv::send(queues[2], 1, &[b'z'; 1000]);
    sysv::receive(queues[2], 0);
    sysv::send(queues[3], 1, &[0; 1023]);
    let owners = [
        (1, 4_000_000_000, 65534, 0o666),
        (2, 12345, 54321, 0o640),
        (3, NOBODY, 0, 0),
        (4, 4242, 4242, 0o600),
        (5, 4243, 4243, 0o604),
    ];
    for (which, uid, gid, mode) in owners {
        sysv::set_queue(queues[which], |ds| {
            (ds.msg_perm.uid, ds.msg_perm.gid, ds.msg_perm.mode) = (uid, gid, mode);
        });
    }
    let sizes = [
        (0x55, 4096, 0o644),
        (5, 1536, 0o777),
        (6, 1, 0),
        (7, 12_345_678, 0o600),
        (8, 1 << 40, 0o600 | libc::SHM_NORESERVE),
    ];
    let segments = sizes.map(|(key, size, flags)| sysv::segment(key, size, flags));
    let attached = Child::new(&[], || [0, 0, 1, 3].map(|which: usize| sysv::attach(segments[which])));
    drop(sysv::attach(segments[2]));
    sysv::control_segment(segments[1], libc::IPC_RMID);
    sysv::control_segment(segments[3], libc::SHM_LOCK);
    sysv::control_segment(segments[3], libc::IPC_RMID);
    sysv::control_segment(segments[4], libc::SHM_LOCK);
    sysv::set_segment(segments[2], |ds| (ds.shm_perm.uid, ds.shm_perm.gid, ds.shm_perm.mode) = (1, 2, 0));
    let sets = [(9, 0o640), (0, 0), (-2, 0o777)].map(|(key, mode)| sysv::semaphores(key, 3, mode));
    sysv::set_values(sets[0], &[3, 0, 32767]);
    sysv::operate(sets[0], 1, 5);
    sysv::set_semaphores(sets[2], |ds| (ds.sem_perm.uid, ds.sem_perm.gid, ds.sem_perm.mode) = (1, 4_000_000_001, 6));
    World { _attached: attached, _creator: hostile_creator() }
}

/// Users with names that are long, or odd.
fn more_users() {
    let place = scratch().join("passwd");
    let before = fs::read("/etc/passwd").unwrap();
    let more = b"name-longer-than-ten:x:4242:4242::/:/bin/sh\nodd \x1b[1mname\\x:x:4243:4243::/:/bin/sh\n";
    fs::write(&place, [&before[..], more].concat()).unwrap();
    let nothing: Option<&str> = None;
    mount(Some(&place), "/etc/passwd", nothing, MsFlags::MS_BIND, nothing).unwrap();
}

/// A process whose command line holds what people and machines could stumble over, and that made a segment and a set.
fn hostile_creator() -> Child {
    const WORDS: &[u8] =
        b"a b \"q\" $x `y` \\ \\x41 's' / \x1b[31mred\ttab\nline\r\x08\x0c\x7f \xc3\xa9\xe4\xb8\xad \xc2\x85";
    let child = Child::start(&[], |ready| {
        sysv::segment(100, 5000, 0o600);
        let set = sysv::semaphores(101, 3, 0o600);
        sysv::operate(set, 2, 7);
        ready.tell();
        let words = [WORDS, b"1000"].map(|word| CString::new(word).unwrap());
        nix::unistd::execv(c"/bin/sleep", &words).unwrap();
    });
    let path = format!("/proc/{}/cmdline", child.pid());
    eventually("it is another program", || fs::read(&path).is_ok_and(|text| text.starts_with(WORDS)));
    child
}

/// Words of a command line, separated by blanks.
fn words(line: &str) -> Case {
    case("lsipc", &line.split_whitespace().collect::<Vec<_>>())
}

/// Command lines, or parts of them, separated by bars.
fn lines(text: &str) -> impl Iterator<Item = &str> + Clone {
    text.split('|').map(str::trim)
}

fn has(case: &Case, option: &str) -> bool {
    case.arguments.iter().any(|word| word == option)
}

const FACILITIES: [&str; 3] = ["-m", "-q", "-s"];
const SHAPES: [&str; 6] = ["", "-J", "-e", "-l", "-n", "-r"];
const LOCALES: [&str; 2] = ["LC_ALL=C", "LC_ALL=C.UTF-8"];

/// util-linux leaves PERMS of queues empty where it is asked for numbers.
const QUEUE_PERMS: Difference = Difference {
    when: |case, _| has(case, "-q") && has(case, "-P"),
    why: "2.38.1 leaves numeric permissions of queues out",
};

/// It drops the semaphores from JSON.
const ELEMENTS: Difference = Difference {
    when: |case, _| has(case, "-s") && has(case, "-J") && has(case, "-i"),
    why: "a set in JSON has its semaphores",
};

/// The comparison in namespaces of its own, if util-linux's tool is there.
fn compared(body: impl FnOnce()) {
    isolated_with_users(|| {
        if installed("lsipc").is_some() {
            body();
        }
    });
}

/// An empty array has no name there.
const EMPTY: Difference =
    Difference { when: |_, theirs| theirs.out.contains("\"\": ["), why: "an empty array has its name" };

#[test]
fn every_view_in_every_form() {
    compared(|| {
        let _world = world();
        let extras = lines(
            "| -t | -c | -t -c | -b | -P | -y | --noheadings | --notruncate | --time-format=full | --time-format=iso -t |
             --time-format=short | -b -P -c -y | -o +ID",
        );
        let mut cases = Vec::new();
        for facility in FACILITIES {
            for shape in SHAPES {
                for extra in extras.clone() {
                    let case = words(&format!("{facility} {shape} {extra}"));
                    cases.extend(LOCALES.map(|locale| case.clone().with(&[locale])));
                    cases.push(case.by(NOBODY));
                }
            }
        }
        compare(&cases, &[QUEUE_PERMS]);
    });
}

#[test]
fn one_object() {
    compared(|| {
        let _world = world();
        let extras = lines(
            "| -t | -c | -b | -P | -y | --noheadings | --time-format=iso | --time-format=short | -o KEY,CTIME | -o +CUSER",
        );
        let mut cases = Vec::new();
        for facility in FACILITIES {
            for id in 0..7 {
                for extra in extras.clone() {
                    let case = words(&format!("{facility} -i {id} {extra}"));
                    cases.extend([case.clone().with(&["LC_ALL=C.UTF-8"]), case.clone().by(NOBODY), case]);
                }
                cases.extend(SHAPES.map(|shape| words(&format!("-i {id} {facility} {shape}"))));
            }
            for id in ["99", "32768", "2147483647"] {
                cases.extend(["", "-e", "-r", "-l", "-n"].map(|shape| words(&format!("{facility} {shape} --id={id}"))));
            }
            for id in "x|99999999999|0x0|+1|1x|2147483648|00|-|--|| | 1|1 |\t2|\u{663}".split('|') {
                cases.push(case("lsipc", &[facility, "-i", id]));
            }
        }
        // Nothing to tell of it, and yet it is there.
        cases.extend(["-m -i 4 -o ATTACH", "-q -i 1 -o SEND,RECV", "-s -i 1 -o OTIME"].map(words));
        compare(&cases, &[QUEUE_PERMS, ELEMENTS, EMPTY]);
    });
}

#[test]
fn columns() {
    let all: Vec<&str> =
        "KEY ID OWNER PERMS CUID CUSER CGID CGROUP UID USER GID GROUP CTIME SIZE NATTCH STATUS ATTACH \
                          DETACH COMMAND CPID LPID USEDBYTES MSGS SEND RECV LSPID LRPID NSEMS OTIME RESOURCE \
                          DESCRIPTION LIMIT USED USE%"
            .split(' ')
            .collect();
    compared(|| {
        let _world = world();
        let mut cases = Vec::new();
        for facility in ["-m", "-q", "-s", ""] {
            for (place, column) in all.iter().enumerate() {
                // Alone, at the begin, in the middle.
                let (lower, other, next) = (column.to_lowercase(), all[place % 13], all[(place + 1) % all.len()]);
                for list in [(*column).to_owned(), format!("{lower},{other}"), format!("{other},{column},{next}")] {
                    cases.push(words(&format!("{facility} -o {list}")));
                }
                cases.extend(["-J", "-r"].map(|shape| words(&format!("{facility} {shape} -y --output={column}"))));
                cases.push(words(&format!("{facility} -o +{column}")));
            }
            for list in lines("|,|KEY,|,KEY|KEY,,ID|+|+,|++KEY|=KEY|KEY ID|foo|ID,foo,KEY|USE_PCT|SEMNUM|\u{e9}") {
                let facility = (!facility.is_empty()).then_some(facility);
                cases.push(case("lsipc", &facility.into_iter().chain(["-o", list]).collect::<Vec<_>>()));
            }
        }
        compare(&cases, &[]);
    });
}

#[test]
fn limits() {
    compared(|| {
        let _world = world();
        let extras = lines(
            "| -b | -y | --noheadings | --notruncate | -P | --time-format=iso | -o RESOURCE,USED | -o KEY,USE% | -o +LIMIT |
             -y -o USE%,LIMIT",
        );
        let mut cases = Vec::new();
        for global in ["", "-g", "--global"] {
            for shape in SHAPES {
                for extra in extras.clone() {
                    let case = words(&format!("{global} {shape} {extra}"));
                    cases.extend([case.clone().with(&["LC_ALL=C.UTF-8"]), case.clone().by(NOBODY), case]);
                }
            }
        }
        for facility in FACILITIES {
            cases.extend(SHAPES.map(|shape| words(&format!("-g {facility} {shape} -o RESOURCE,LIMIT,USED,USE%"))));
            cases.push(words(&format!("{facility} -g -o ID,RESOURCE")));
        }
        compare(&cases, &[]);
        for setting in lines("msgmni=3|shmmni=100|shmall=1|shmmax=1025|msgmnb=10240|msgmni=0") {
            let (name, value) = setting.split_once('=').unwrap();
            fs::write(format!("/proc/sys/kernel/{name}"), value).unwrap();
            compare(&[words(""), words("-J"), words("-b -r")], &[]);
        }
    });
}

#[test]
fn spellings_and_mistakes() {
    compared(|| {
        let _world = world();
        let mut cases: Vec<Case> = lines(
            "-qt | -tq | -bq | -mbJ | -i0 -q | -qi0 | -qi 0 | --queues | --que | --sh | --shm --noh | --sem --cre | --js -m |
             --raw -s | --exp -q | --newl -q | --list -q --id 0 | --num -m | --byt -m | -q --time | -q --time-f full |
             -q --time-format iso | -q --time-format | -q -o | -q --output | -q --outp=KEY | -i | -q --id | foo | -q foo |
             foo -q bar | -q -- -m | -- -q | -q - | -z | -zq | -qz | --zork | --zork=1 | -q --json=x | --s | --t | --no |
             --l=3 | -q -q | -q -q -t | -m -m | -m -m -t -c | -J -J | -g -g | -q --time-format=x | -q --time-format= |
             -q --time-format=SHORT | -q --time-format=isos | -o foo -J -e | -o foo -m -i x | -c -o foo | -m -z -J -e |
             -m -t -o ID | -m -t -o +ID | -m -c -o ID | -m -o ID -c | -q -o ID -o KEY | -q -o +ID -o +KEY |
             -q -o ID -o +KEY | -i 0 | -i 99 -J | --=x -q | --n",
        )
        .map(words)
        .collect();
        let strict = ["LC_ALL=C", "POSIXLY_CORRECT=1"];
        cases.extend(["foo -q", "-q foo -t", "-q -i 0 x -t"].map(|line| words(line).with(&strict)));
        let options = lines("-g|-m|-q|-s|-J|-e|-l|-n|-r|-c|-t|-b|-y|-i0|-oKEY|--noheadings|--time-format=iso");
        for first in options.clone() {
            for second in options.clone().filter(|second| *second != first) {
                cases.push(words(&format!("{first} {second}")));
                cases.push(words(&format!("{first} {second} -s")));
            }
        }
        let differences = [
            Difference {
                when: |case, _| has(case, "-g") && FACILITIES.iter().any(|option| has(case, option)),
                why: "limits have the columns of limits alone",
            },
            Difference { when: |case, _| has(case, "-i0") && has(case, "-J"), why: "a set in JSON has its semaphores" },
            Difference {
                when: |_, theirs| {
                    theirs.err.contains("'--=x' is ambiguous") || theirs.err.contains("'--n' is ambiguous")
                },
                why: "there are later releases' options too",
            },
        ];
        compare(&cases, &differences);
    });
}

#[test]
fn times_in_several_zones() {
    compared(|| {
        let _world = world();
        let mut cases = Vec::new();
        for zone in lines("UTC|Asia/Kathmandu|America/New_York|XYZ+5:30|<-03>3|UTC-13|UTC+11|no/where|:|") {
            let zone = format!("TZ={zone}");
            for line in
                lines("-q -t|-m -t --time-format=full|-s -t --time-format=iso|-q -i 0|-m -i 0 --time-format iso")
            {
                cases.push(words(line).with(&[&zone, "LC_ALL=C"]));
            }
        }
        compare(&cases, &[]);
    });
}

#[test]
fn sizes() {
    compared(|| {
        let units = [1usize, 1 << 10, 1 << 20, 1 << 30, 1 << 40];
        let near = [1usize, 2, 51, 52, 100, 512, 999, 1000, 1023];
        let parts = [51, 52, 53, 512, 972, 973, 1023];
        let edges = [(1 << 20) + 52_428, (1 << 20) + 52_429, 12_259_572_780_632, (1 << 20) - 1, (1 << 20) - 52];
        for unit in units {
            let whole = near.into_iter().map(|number| number * unit);
            for size in whole.chain(parts.map(|part| unit * 7 + unit * part / 1024)).chain(edges) {
                sysv::segment(0, size, libc::SHM_NORESERVE | 0o600);
            }
        }
        let cases = lines("-m -o ID,SIZE|-m -b -o ID,SIZE|-m -i 17|-b -m -i 17||-b").map(words);
        compare(&cases.collect::<Vec<_>>(), &[]);
    });
}

#[test]
fn thousands_of_objects() {
    compared(|| {
        for key in 1..=3000 {
            sysv::queue(key, 0o600);
        }
        let cases = lines("-q|-q -t -c|-q -J|-q -r|-q -i 2999|-q -i 3000||-g").map(words);
        compare(&cases.collect::<Vec<_>>(), &[]);
    });
}

/// What a program writes to a terminal of so many columns.
fn on_terminal(program: &str, line: &str, columns: u16, variable: (&str, &str)) -> String {
    let words: Vec<&str> = std::iter::once(program).chain(line.split_whitespace()).collect();
    let mut terminal = Setup::program(&words).env(variable.0, variable.1).size(columns, 30).start();
    assert_eq!(terminal.end(), Ended::Code(0), "{words:?}");
    String::from_utf8_lossy(terminal.raw()).into_owned()
}

#[test]
fn on_a_terminal_command_lines_are_cut() {
    isolated_with_users(|| {
        let Some(theirs) = installed("lsipc") else { return };
        let _creator = hostile_creator();
        sysv::queue(7, 0o640);
        for (key, size) in [(0x55, 4096), (0x56, 12_345_678), (-1, 1536)] {
            sysv::segment(key, size, 0o640);
        }
        let ours = our("lsipc");
        let terminals = [
            (40, ("LC_ALL", "C")),
            (66, ("LC_ALL", "C")),
            (80, ("LC_ALL", "C.UTF-8")),
            (120, ("COLUMNS", "70")),
            (200, ("LC_ALL", "C.UTF-8")),
        ];
        for line in lines("-m|-m -c|-m -t|-m --notruncate|-m -o COMMAND|-m -o COMMAND,ID|-m -r|-q -J|-q -t -c||-s -i 0")
        {
            for (columns, variable) in terminals {
                let [theirs, ours] =
                    [&theirs, &ours].map(|program| on_terminal(program.to_str().unwrap(), line, columns, variable));
                assert_eq!(theirs, ours, "{line} on {columns} columns with {variable:?}");
            }
        }
    });
}
