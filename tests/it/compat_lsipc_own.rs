//! `lsipc` where util-linux of the release that is compared with has nothing to compare, and where ours is meant to be better:
//! POSIX objects, valid JSON, numbers that are right, nothing that a terminal would act on.

use crate::support::pty::{Ended, Setup};
use crate::support::users::NOBODY;
use crate::support::util_linux::{Said, case, our};
use crate::support::{Child, eventually, isolated, isolated_with_users, mounts, posix, sysv};
use nix::mount::{MsFlags, mount};
use nix::mqueue::mq_send;
use serde_json::{Value, json};
use std::ffi::CString;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

/// What ours says to words separated by blanks.
fn said(line: &str) -> Said {
    case("lsipc", &line.split_whitespace().collect::<Vec<_>>()).ours()
}

/// The same, to another user.
fn said_to(uid: u32, line: &str) -> Said {
    case("lsipc", &line.split_whitespace().collect::<Vec<_>>()).by(uid).ours()
}

/// What it says when all is well.
fn out(line: &str) -> String {
    let said = said(line);
    assert_eq!((&*said.status, &*said.err), ("exit 0", ""), "{line}");
    said.out
}

fn document(line: &str) -> Value {
    serde_json::from_str(&out(line)).unwrap()
}

/// Its complaint, and how it ended.
fn complaint(line: &str) -> (String, String) {
    let said = said(line);
    assert_eq!(said.out, "", "{line}");
    (said.err, said.status)
}

fn refused(line: &str, message: &str) {
    assert_eq!(complaint(line), (format!("lsipc: {message}\n"), "exit 1".to_owned()), "{line}");
}

#[test]
fn without_objects_json_is_whole() {
    isolated(|| {
        let _mounted = mounts::mqueue();
        for (facility, array) in [
            ("-m", "sharedmemory"),
            ("-q", "messages"),
            ("-s", "semaphores"),
            ("-M", "posix-sharedmemory"),
            ("-Q", "posix-messages"),
            ("-S", "posix-semaphores"),
        ] {
            assert_eq!(document(&format!("{facility} -J")), json!({ array: [] }));
            for shape in ["", "-e", "-l", "-n", "-r"] {
                assert_eq!(out(&format!("{facility} {shape}")), "");
            }
        }
        let missing = said("-q -i 3 -J");
        assert_eq!((&*missing.err, &*missing.status), ("lsipc: id 3 not found\n", "exit 0"));
        assert_eq!(serde_json::from_str::<Value>(&missing.out).unwrap(), json!({ "messages": [] }));
    });
}

#[test]
fn numbers_are_those_of_the_kernel() {
    isolated(|| {
        sysv::queue(1, 0o640);
        sysv::queue(2, 0);
        assert_eq!(out("-q -P -o ID,PERMS"), "ID PERMS\n0   0640\n1      0\n");
        for (key, count) in [(1, 3), (2, 1), (3, 500)] {
            sysv::semaphores(key, count, 0o600);
        }
        assert_eq!(out("-r --noheadings -g -s -o RESOURCE,USED").lines().nth(1), Some("SEMMNS 504"));
        fs::write("/proc/sys/kernel/shmmni", "0").unwrap();
        assert!(out("-g -m -r -o RESOURCE,USED,USE%").contains("SHMMNI 0 -\n"));
    });
}

#[test]
fn limits_of_one_kind_have_the_columns_of_limits() {
    isolated(|| {
        let text = out("-g -q -r -b");
        assert!(
            text.starts_with("RESOURCE DESCRIPTION LIMIT USED USE%\nMSGMNI ") && text.lines().count() == 4,
            "{text}"
        );
        let rows = document("-J -g -s")["ipclimits"].as_array().unwrap().clone();
        let names: Vec<&str> = rows.iter().map(|row| row["resource"].as_str().unwrap()).collect();
        assert_eq!(names, ["SEMMNI", "SEMMNS", "SEMMSL", "SEMOPM", "SEMVMX"]);
        assert_eq!(rows[0].as_object().unwrap().len(), 5);
        for facility in ["-M", "-S"] {
            let said = said(&format!("-g {facility} -J"));
            assert_eq!(said.err, "lsipc: the specified IPC has no limits of its own\n");
            assert_eq!(serde_json::from_str::<Value>(&said.out).unwrap(), json!({ "ipclimits": [] }));
        }
    });
}

#[test]
fn negative_ids_name_nothing() {
    isolated(|| {
        sysv::queue(1, 0o600);
        for id in ["-1", "-5", "-2147483648"] {
            refused(&format!("-q -i {id}"), &format!("failed to parse IPC identifier: '{id}'"));
        }
    });
}

#[test]
fn a_set_in_json_has_its_semaphores() {
    isolated_with_users(|| {
        let set = sysv::semaphores(7, 2, 0o600);
        sysv::set_values(set, &[3, 0]);
        let waiting = Child::sleeping_in(&sysv::OPERATE, &[], || sysv::operate(set, 1, -1));
        let rows = document(&format!("-s -J -i {set} -o ID,NSEMS"));
        let pid = "1";
        let command = rows["semaphores"][0]["elements"][0]["command"].clone();
        assert!(command.as_str().unwrap().contains("compat_lsipc_own"), "{command}");
        let element = |number: &str, value: &str, waiting: &str| json!({ "semnum": number, "value": value, "ncount": waiting, "zcount": "0", "pid": pid, "command": command });
        let elements = [element("0", "3", "0"), element("1", "0", "1")];
        assert_eq!(rows, json!({ "semaphores": [{ "id": "0", "nsems": "2", "elements": elements }] }));
        waiting.end();
        for shape in ["", "-J"] {
            let denied = said_to(NOBODY, &format!("-s -i {set} {shape}"));
            let message = "lsipc: semctl(GETVAL) failed: Permission denied\n";
            assert_eq!((&*denied.out, &*denied.err, &*denied.status), ("", message, "exit 1"));
        }
    });
}

/// A process with a segment and this word for its name.
fn named_process(word: &[u8]) -> Child {
    let child = Child::start(&[], |ready| {
        sysv::segment(0, 1, 0o600);
        ready.tell();
        let words = [word, b"1000"].map(|word| CString::new(word).unwrap());
        nix::unistd::execv(c"/bin/sleep", &words).unwrap();
    });
    let path = format!("/proc/{}/cmdline", child.pid());
    eventually("it is another program", || fs::read(&path).is_ok_and(|text| text.starts_with(word)));
    child
}

#[test]
fn bytes_that_are_no_text_leave_json_valid() {
    isolated(|| {
        let _odd = named_process(b"\xff\xfe \xc3\xa9 \x80\"");
        assert_eq!(document("-m -J -o COMMAND")["sharedmemory"][0]["command"], "\\xff\\xfe \u{e9} \\x80\" 1000");
    });
}

#[test]
fn a_terminal_is_not_told_what_to_do() {
    isolated(|| {
        // Colours, a title, a C1 control, text turned around, one that is hidden.
        let _odd = named_process("\x1b[31m\x1b]0;x\x07 \u{9b}1m \u{202e}abc \u{200b}\r".as_bytes());
        for line in ["-m", "-m -i 0", "-m -J", "-m -e", "-m -r", "-m -n"] {
            let program = our("lsipc");
            let words: Vec<&str> = std::iter::once(program.to_str().unwrap()).chain(line.split(' ')).collect();
            let mut terminal = Setup::program(&words).env("LC_ALL", "C.UTF-8").size(300, 50).start();
            assert_eq!(terminal.end(), Ended::Code(0));
            let text = String::from_utf8(terminal.raw().to_vec()).unwrap().replace("\r\n", "\n");
            let hostile = |c: char| c != '\n' && c.is_control() || "\u{202e}\u{200b}".contains(c);
            assert!(!text.contains(hostile), "{line}: {text:?}");
            assert!(text.contains("31m"), "{line}: {text:?}");
        }
    });
}

/// POSIX objects of each kind, one of each that only root may open, and what is none.
fn posix_objects() {
    let file = |name: &str, mode| {
        let path = format!("/dev/shm/{name}");
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    };
    posix::segment(c"/seg", 5000, 0o644);
    posix::segment(c"/two words", 10, 0o600);
    posix::semaphore(c"/one", 0o644, 3);
    posix::semaphore(c"/mine", 0o600, 7);
    for (name, mode) in [("seg", 0o644), ("two words", 0o600), ("sem.one", 0o644), ("sem.mine", 0o600)] {
        file(name, mode);
    }
    fs::write("/dev/shm/sem.empty", b"").unwrap();
    fs::create_dir("/dev/shm/directory").unwrap();
    symlink("seg", "/dev/shm/link").unwrap();
    symlink("nowhere", "/dev/shm/sem.link").unwrap();
}

/// The rows of a raw listing, sorted: a directory has no order.
fn rows(said: &Said) -> Vec<&str> {
    assert_eq!((&*said.status, &*said.err), ("exit 0", ""));
    let mut rows: Vec<&str> = said.out.lines().skip(1).collect();
    rows.sort_unstable();
    rows
}

#[test]
fn posix_files() {
    isolated_with_users(|| {
        posix_objects();
        let segments = ["seg 0644 root 5000", r"two\x20words 0600 root 10"];
        assert_eq!(rows(&said("-M -r -P -b -o NAME,PERMS,OWNER,SIZE")), segments);
        assert_eq!(rows(&said_to(NOBODY, "-M -r -P -b -o NAME,PERMS,OWNER,SIZE")), segments);
        // A file that is no semaphore has no value, and does no harm.
        assert_eq!(rows(&said("-S -r -o NAME,SVAL")), ["empty ", "mine 7", "one 3"]);
        assert_eq!(rows(&said_to(NOBODY, "-S -r -o NAME,SVAL")), ["empty ", "mine ", "one 3"]);
        assert!(out("-M -r").starts_with("NAME PERMS OWNER SIZE MTIME\n"));
        assert!(out("-S -c -r").starts_with("NAME PERMS OWNER MTIME SVAL CUID CGID\n"));
        for name in ["seg", "/seg"] {
            let text = out(&format!("-M -b -N {name}"));
            let labels: Vec<&str> = text.lines().map(|line| line[..36].trim_end()).collect();
            assert_eq!(
                labels.join(" "),
                "Owner: Permissions: Creator UID: Creator user: Creator GID: Creator group: Name: Last action: Segment size:"
            );
            assert!(text.ends_with(&format!("{:36}{:36}\n", "Segment size:", "5000")), "{text}");
            assert_eq!(out(&format!("-M -r -o NAME,UID,USER -N {name}")), "NAME UID USER\nseg 0 root\n");
        }
        assert_eq!(
            document("-S -J -N /one -o NAME,SVAL"),
            json!({ "posix-semaphores": [{ "name": "one", "sval": "3" }] })
        );
        assert!(out("-S -N one").contains("\nValue:") && !out("-S -N empty").contains("\nValue:"));
        for (line, message) in [
            ("-M -N nothing", "shared memory segment nothing not found"),
            ("-S -N /nothing", "semaphore /nothing not found"),
            ("-S -N sem.one", "semaphore sem.one not found"),
        ] {
            assert_eq!(complaint(line), (format!("lsipc: {message}\n"), "exit 0".to_owned()));
        }
    });
}

#[test]
fn posix_queues() {
    isolated_with_users(|| {
        let queue = posix::queue(c"/queue", 10, 2048);
        mq_send(&queue, &[b'x'; 1600], 1).unwrap();
        mq_send(&queue, b"yy", 2).unwrap();
        posix::queue(c"/other", 10, 16);
        // Root is shown those of its namespace, mounted or not.
        assert_eq!(
            rows(&said("-Q -r -o NAME,PERMS,USEDBYTES,MSGS")),
            ["/other rw-r----- 0B 0", "/queue rw-r----- 1.6K 2"]
        );
        assert!(out("-Q -P -r").starts_with("NAME PERMS OWNER MTIME USEDBYTES MSGS\n"));
        for name in ["queue", "/queue"] {
            assert_eq!(out(&format!("-Q -e -b -N {name} -o NAME,USEDBYTES")), "NAME=\"/queue\" USEDBYTES=\"1602\"\n");
        }
        assert_eq!(complaint("-Q -N x"), ("lsipc: message queue x not found\n".to_owned(), "exit 0".to_owned()));
        let limits = out("-g -Q -b -r -o RESOURCE,LIMIT,USED");
        let setting = |name: &str| fs::read_to_string(format!("/proc/sys/fs/mqueue/{name}")).unwrap().trim().to_owned();
        let [most, size, depth] = ["queues_max", "msgsize_max", "msg_max"].map(setting);
        assert_eq!(limits, format!("RESOURCE LIMIT USED\nMQUMNI {most} 2\nMQUMAX {size} -\nMQUMNB {depth} -\n"));
        if !Path::new("/dev/mqueue").is_dir() {
            return;
        }
        let nothing: Option<&str> = None;
        mount(Some("none"), "/dev/mqueue", Some("tmpfs"), MsFlags::empty(), nothing).unwrap();
        let message =
            "lsipc: /dev/mqueue does not seem to be mounted. Use 'mount -t mqueue none /dev/mqueue' to mount it.";
        let plain = said_to(NOBODY, "-Q");
        assert_eq!((&*plain.out, plain.err.trim_end(), &*plain.status), ("", message, "exit 1"));
        assert!(mounts::mqueue());
        let seen = said_to(NOBODY, "-Q -r -o NAME,PERMS,USEDBYTES,MSGS");
        assert_eq!(rows(&seen), ["/other rw-r----- ", "/queue rw-r----- "].map(|row| format!("{row} ")));
    });
}

#[test]
fn what_does_not_go_together() {
    isolated(|| {
        refused("-m -M", "options --shmems and --posix-shmems cannot be combined");
        refused("-S -Q", "options --posix-semaphores and --posix-mqueues cannot be combined");
        refused("-g -N x", "options --global and --name cannot be combined");
        refused("-N x -i 1", "options --name and --id cannot be combined");
        refused("-M -i 1", "--id is for System V IPC only");
        refused("-q -N x", "--name is for POSIX IPC only");
        refused("-N x", "--global is mutually exclusive with --creator, --id, --name and --time");
        refused("-M -o KEY", "column KEY does not apply to the specified IPC");
        refused("-Q -o SVAL", "column SVAL does not apply to the specified IPC");
        refused("-q -o NAME", "column NAME does not apply to the specified IPC");
    });
}

#[test]
fn help_names_every_option_and_column() {
    isolated(|| {
        let help = out("--help");
        for option in
            "-m --shmems -q --queues -s --semaphores -M --posix-shmems -Q --posix-mqueues -S --posix-semaphores -g \
                       --global -i --id -N --name -J --json -e --export -l --list -n --newline -r --raw -o --output -c \
                       --creator -t --time -b --bytes -P --numeric-perms -y --shell --noheadings --notruncate \
                       --time-format -h --help -V --version"
                .split_whitespace()
        {
            assert!(help.split([' ', ',', '\n']).any(|word| word == option), "{option} is missing");
        }
        for column in "KEY ID OWNER PERMS CUID CUSER CGID CGROUP UID USER GID GROUP CTIME NAME MTIME SIZE NATTCH STATUS ATTACH \
                       DETACH COMMAND CPID LPID USEDBYTES MSGS SEND RECV LSPID LRPID NSEMS OTIME SVAL RESOURCE DESCRIPTION \
                       LIMIT USED USE%"
            .split_whitespace()
        {
            assert!(help.lines().any(|line| line.split_whitespace().next() == Some(column)), "{column} is missing");
        }
        assert_eq!(out("-h -z"), help);
        assert!(help.lines().all(|line| line.len() <= 80), "{help}");
    });
}
