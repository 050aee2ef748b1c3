//! What Tab offers: asked of ipcx as the scripts ask it, and of bash, zsh and fish themselves with those scripts.

use crate::support::cli::{Ran, command, command_as, finish, ipcx};
use crate::support::isolated::skip;
use crate::support::pty::{Setup, Terminal};
use crate::support::users::NOBODY;
use crate::support::{isolated, isolated_with_users, posix, scratch, sysv};
use std::ffi::{CString, OsStr};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::{SocketAddr, UnixListener};
use std::path::Path;
use std::process::{Command, Stdio};

/// What bash has in `COMP_WORDBREAKS`.
const BREAKS: &str = " \t\n\"'@><=;|&(:";

/// A name in which a shell would find commands, variables, quotes and words.
const HOSTILE: &str = "/a b'\"$(touch HACKED)`touch HACKED`$HOME;!*?~#\\&";

/// Candidates with what is said about them, as fish is told.
fn offered(words: &[&str]) -> Vec<(String, String)> {
    pairs(&asked(command(&[&["__complete", "fish", "ipcx"][..], words].concat())))
}

fn asked(mut command: Command) -> String {
    let Ran { status, out, err } = finish(&mut command);
    assert_eq!((status, err.as_str()), (0, ""), "{out}");
    out
}

fn pairs(answer: &str) -> Vec<(String, String)> {
    let pair = |line: &str| {
        let (value, about) = line.split_once('\t').unwrap();
        (value.to_owned(), about.to_owned())
    };
    answer.lines().skip(1).map(pair).collect()
}

fn values(words: &[&str]) -> Vec<String> {
    offered(words).into_iter().map(|(value, _)| value).collect()
}

fn pair(value: &(impl ToString + ?Sized), about: &str) -> (String, String) {
    (value.to_string(), about.to_owned())
}

/// A shell that can be run, or a word about that it cannot.
fn shell(name: &str) -> bool {
    let found = Path::new("/usr/bin").join(name).exists() || Path::new("/bin").join(name).exists();
    if !found {
        skip(std::thread::current().name().unwrap(), &format!("{name} is not installed"));
    }
    found
}

/// A directory for `PATH` in which ipcx is the one to be tested, and its scripts as they are printed.
fn with_scripts() -> String {
    let place = scratch().join("bin");
    if !place.exists() {
        std::fs::create_dir(&place).unwrap();
        std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_ipcx"), place.join("ipcx")).unwrap();
        for shell in ["bash", "zsh", "fish"] {
            let script = ipcx(&["completions", shell]).out;
            std::fs::write(scratch().join(format!("script.{shell}")), script).unwrap();
        }
    }
    format!("{}:/usr/bin:/bin", place.display())
}

/// Runs a shell's program with the script sourced, and returns what it prints.
fn run(shell: &[&str], program: &str) -> String {
    let path = with_scripts();
    let mut command = Command::new(shell[0]);
    command.args(&shell[1..]).arg("-c").arg(program).env_clear().env("PATH", path).env("HOME", scratch());
    command.env("LANG", "C.UTF-8").env("SCRIPTS", scratch()).current_dir(scratch()).stdin(Stdio::null());
    asked(command)
}

/// What the function of bash leaves in `COMPREPLY` for a line, `kind` being `COMP_TYPE`.
fn in_bash(line: &str, kind: u8) -> Vec<String> {
    let program = "source $SCRIPTS/script.bash
        read -r _ _ _ _ function _ <<<\"$(complete -p ipcx)\"
        $function ipcx; printf '%s\\n' \"${COMPREPLY[@]}\"";
    let path = with_scripts();
    let mut command = Command::new("bash");
    command.args(["--norc", "-c", program]).env_clear().env("PATH", path).env("SCRIPTS", scratch());
    command.env("COMP_LINE", line).env("COMP_POINT", line.len().to_string()).env("COMP_TYPE", kind.to_string());
    command.env("COMP_WORDBREAKS", BREAKS).env("COLUMNS", "80").current_dir(scratch()).stdin(Stdio::null());
    asked(command).lines().map(str::to_owned).filter(|line| !line.is_empty()).collect()
}

/// What fish offers for a line.
fn in_fish(line: &str) -> Vec<String> {
    let line = line.replace('\\', "\\\\").replace('\'', "\\'");
    let shell = ["fish", "--no-config"];
    run(&shell, &format!("source $SCRIPTS/script.fish; complete -C '{line}'")).lines().map(str::to_owned).collect()
}

/// A shell that a person types into, with the script sourced.
fn typed_into(shell: &[&str], begin: &str) -> Terminal {
    let path = with_scripts();
    let setup = Setup::program(shell).env("PATH", &path).env("HOME", scratch().to_str().unwrap()).size(80, 30);
    let mut terminal = setup.start();
    // The answer is not in what was typed.
    terminal.keys(&format!("cd {}; {begin}; echo rea''dy\r", scratch().display()));
    terminal.wait_text("ready");
    terminal.keys("clear\r");
    terminal.wait_no_text("ready");
    terminal
}

/// Queues, segments and semaphores of both families: key, id or name of each.
fn objects() -> (i32, i32, i32, i32) {
    let queue = sysv::queue(0x4d2, 0o600);
    sysv::send(queue, 1, b"hello");
    sysv::send(queue, 1, b"hello again");
    let unkeyed = sysv::queue(libc::IPC_PRIVATE, 0o600);
    let segment = sysv::segment(0x77, 4096, 0o600);
    let set = sysv::semaphores(0x9, 3, 0o600);
    drop(posix::segment(c"/cache", 100, 0o600));
    posix::semaphore(c"/lock", 0o600, 2);
    (queue, unkeyed, segment, set)
}

#[test]
fn the_scripts_are_those_in_assets() {
    isolated(|| {
        for (shell, file) in [("bash", "ipcx.bash"), ("zsh", "_ipcx"), ("fish", "ipcx.fish")] {
            let Ran { status, out, err } = ipcx(&["completions", shell]);
            let script =
                std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/completions").join(file));
            assert_eq!((status, out, err.as_str()), (0, script.unwrap(), ""), "{shell}");
        }
        let Ran { status, out, err } = ipcx(&["completions", "tcsh"]);
        assert_eq!((status, out.as_str()), (2, ""));
        assert!(err.contains("'tcsh'") && err.contains("bash, zsh, fish"), "{err}");
        assert_eq!(ipcx(&["completions"]).status, 2);
        // Where the script goes, for each.
        let help = ipcx(&["completions", "--help"]).out;
        for place in ["bash-completion/completions/ipcx", "_ipcx", "fish/completions/ipcx.fish"] {
            assert!(help.contains(place), "{place} in {help}");
        }
        assert!(help.lines().all(|line| line.len() <= 100), "{help}");
    });
}

#[test]
fn values_are_the_keys_ids_and_names_that_exist() {
    isolated(|| {
        assert_eq!(values(&["rm", "-q", ""]), [""; 0]);
        let (queue, unkeyed, segment, set) = objects();
        posix::queue(c"/orders", 3, 64);
        let keyed = format!("id {queue}, root, 2 messages of 16 bytes");
        let (private, named) = ("no key, root, 0 messages of 0 bytes", "root, 0 messages of 0 bytes");
        let all = [pair("0x000004d2", &keyed), pair(&unkeyed, private), pair("/orders", named)];
        assert_eq!(offered(&["rm", "-q", ""]), all);
        assert_eq!(offered(&["rm", "--queue", ""]), all);
        assert_eq!(values(&["rm", "-q0x4"]), ["-q0x4d2"]);
        assert_eq!(values(&["rm", "--queue=/o"]), ["--queue=/orders"]);
        assert_eq!(values(&["rm", "-q", "0x0"]), ["0x000004d2"]);
        assert_eq!(offered(&["rm", "-Q", ""]), all[..1], "-Q takes keys");
        // Who begins a number may mean the id of what has a key, too.
        let id = queue.to_string();
        assert!(values(&["rm", "-q", &id]).contains(&id));
        let keyed = format!("id {segment}, root, 4096 bytes, 0 attached");
        assert_eq!(offered(&["rm", "-m", ""]), [pair("0x00000077", &keyed), pair("/cache", "root, 100 bytes")]);
        let keyed = format!("id {set}, root, 3 semaphores");
        assert_eq!(offered(&["rm", "-s", ""]), [pair("0x00000009", &keyed), pair("/lock", "root, value 2")]);
        assert_eq!(values(&["rm", "-m", "/cache", "-m", ""]), ["0x00000077"], "named once is enough");
        // What was only asked for is all there still.
        assert_eq!(ipcx(&["ls", "--sysv", "--posix", "--no-header", "-o", "address"]).out.lines().count(), 7);
    });
}

#[test]
fn old_names_take_what_there_is() {
    isolated(|| {
        let (queue, unkeyed, segment, set) = objects();
        let keyed = "key 0x000004d2, root, 2 messages of 16 bytes";
        let ids = [pair(&queue, keyed), pair(&unkeyed, "no key, root, 0 messages of 0 bytes")];
        assert_eq!(offered(&["ipcrm", "-q", ""]), ids);
        assert_eq!(offered(&["ipcrm", "msg", ""]), ids);
        assert_eq!(values(&["ipcrm", "msg", &queue.to_string(), ""]), [unkeyed.to_string()], "named once is enough");
        assert_eq!(offered(&["ipcs", "-q", "-i", ""]), ids);
        assert_eq!(values(&["ipcs", "-mi", ""]), [segment.to_string()]);
        assert_eq!(values(&["lsipc", "--semaphores", "--id", ""]), [set.to_string()]);
        assert_eq!(values(&["ipcrm", "-Q", ""]), ["0x000004d2"]);
        assert_eq!(values(&["ipcrm", "--posix-shmem", ""]), ["/cache"]);
        assert_eq!(values(&["lsipc", "-N", ""]), ["/lock", "/cache"]);
    });
}

/// The options are listed once more for the completions, whose layer does not know the tools.
#[test]
fn old_names_have_the_options_of_their_help() {
    isolated(|| {
        for tool in ["ipcs", "ipcrm", "ipcmk", "lsipc"] {
            let help = ipcx(&[tool, "--help"]).out;
            let lines = help.lines().map(str::trim_start).filter(|line| line.starts_with('-'));
            let words = |line: &str| -> Vec<String> {
                let spelled = line.split("  ").next().unwrap();
                spelled.split([' ', ',', '[']).filter(|word| word.starts_with('-')).map(str::to_owned).collect()
            };
            let mut listed: Vec<String> = lines.flat_map(words).collect();
            listed.sort();
            let offered = [values(&[tool, "-"]), values(&[tool, "--"])].concat();
            // One is offered with its equals sign, too, for its value.
            let mut offered: Vec<&str> = offered.iter().map(|word| word.trim_end_matches('=')).collect();
            offered.sort_unstable();
            offered.dedup();
            assert!(listed.len() > 10, "{tool}: {help}");
            assert_eq!(offered, listed, "{tool}");
        }
    });
}

#[test]
fn addresses_go_on_behind_their_kind() {
    isolated(|| {
        let (queue, unkeyed, segment, set) = objects();
        posix::queue(c"/orders", 3, 64);
        let queues = [format!("queue:{queue}"), format!("queue:{unkeyed}"), "queue:/orders".to_owned()];
        assert_eq!(values(&["peek", "queue:"]), queues);
        assert_eq!(values(&["peek", "q"]), queues);
        let about = "key 0x000004d2, root, 2 messages of 16 bytes";
        assert_eq!(offered(&["show", "queue:"])[0], pair(&queues[0], about));
        assert_eq!(values(&["show", "queue:0x"]), ["queue:0x000004d2"]);
        assert_eq!(values(&["show", "queue:/"]), ["queue:/orders"]);
        let others = [format!("shm:{segment}"), "shm:/cache".to_owned(), format!("sem:{set}"), "sem:/lock".to_owned()];
        let all = [&queues[..], &others].concat();
        assert_eq!(
            values(&["show", ""]),
            [&all[..], &["memfd:", "fifo:", "unix:", "pid:"].map(str::to_owned)].concat()
        );
        assert_eq!(values(&["rm", ""]), [&all[..], &["fifo:", "unix:"].map(str::to_owned)].concat());
        // What nothing can be received from is not offered.
        assert_eq!(values(&["recv", ""]), [&queues[..], &["fifo:".to_owned()]].concat());
        assert_eq!(values(&["recv", "shm:"]), [""; 0]);
        assert_eq!(values(&["ls", "shm:"]), others[..2]);
        assert_eq!(values(&["kill", "--holders", "sem:"]), others[2..]);
        assert_eq!(values(&["show", &queues[0], "queue:0x"]), ["queue:0x000004d2"]);
        assert!(!values(&["show", &queues[0], "queue:"]).contains(&queues[0]));
    });
}

#[test]
fn memory_without_a_name_is_offered_where_its_kind_was_begun() {
    isolated(|| {
        use nix::sys::memfd::{MFdFlags, memfd_create};
        let file = memfd_create(c"ca\nche", MFdFlags::MFD_CLOEXEC).unwrap();
        let segment = posix::segment(c"/gone", 4096, 0o600);
        posix::unlink_segment(c"/gone");
        let inode = |fd: &dyn std::os::fd::AsFd| nix::sys::stat::fstat(fd.as_fd()).unwrap().st_ino;
        let me = std::fs::read_to_string("/proc/self/comm").unwrap();
        let who = format!("{}(1), root", me.trim_end());
        let memfd = pair(&format!("memfd:[{}]", inode(&file)), &format!(r"ca\nche, {who}, 0 bytes"));
        let gone = pair(&format!("shm:[{}]", inode(&segment)), &format!("/gone, {who}, 4096 bytes"));
        let memfds = [memfd];
        for words in [&["show", "memfd:"][..], &["peek", "memfd:["], &["kill", "--holders", "memfd:"]] {
            assert_eq!(offered(words), memfds, "{words:?}");
        }
        assert_eq!(offered(&["graph", "shm:["]), [gone]);
        assert_eq!(values(&["rm", "memfd:"]), [""; 0], "there is nothing to remove");
    });
}

#[test]
fn sockets_fifos_processes_and_users() {
    isolated(|| {
        let path = scratch().join("a fifo");
        nix::unistd::mkfifo(&path, nix::sys::stat::Mode::S_IRWXU).unwrap();
        std::fs::write(scratch().join("a file"), "").unwrap();
        let begun = format!("fifo:{}/a", scratch().display());
        assert_eq!(values(&["show", &begun]), [format!("fifo:{}", path.display())]);
        let socket = scratch().join("x.sock");
        let _bound = UnixListener::bind(&socket).unwrap();
        let address = SocketAddr::from_abstract_name("hidden");
        let _hidden = UnixListener::bind_addr(&address.unwrap()).unwrap();
        let named = pair(&format!("unix:{}", socket.display()), "stream listening");
        assert_eq!(offered(&["show", "unix:"]), [named.clone(), pair("unix:@hidden", "stream listening")]);
        assert_eq!(offered(&["rm", "unix:"]), [named], "an abstract name is no file to remove");
        // This process is the first of its namespace; the one that answers is not offered.
        let me = std::fs::read_to_string("/proc/self/comm").unwrap();
        let about = format!("{}, root", me.trim_end());
        assert_eq!(offered(&["show", "pid:"]), [pair("pid:1", &about)]);
        assert_eq!(offered(&["kill", ""]), [pair(&1, &about)]);
        assert!(offered(&["set", "queue:1", "--owner", "roo"]).contains(&pair("root", "0")));
        assert!(offered(&["create", "queue", "--group", "roo"]).contains(&pair("root", "0")));
    });
}

#[test]
fn backups_come_newest_first() {
    isolated(|| {
        assert!(values(&["undo", ""]).iter().all(|word| word.starts_with('-')));
        for key in [0x4d2, 0x4d3] {
            sysv::queue(key, 0o600);
            assert_eq!(ipcx(&["rm", "-q", &format!("{key:#x}")]).status, 0);
        }
        let list = offered(&["undo", ""]);
        assert_eq!(list.iter().map(|(number, _)| number.as_str()).collect::<Vec<_>>(), ["2", "1"]);
        assert!(list[0].1.contains("key 0x000004d3"), "{list:?}");
        assert_eq!(values(&["undo", "--show", ""]), ["2", "1"]);
        assert_eq!(values(&["undo", "2", ""]), ["1"]);
    });
}

#[test]
fn another_user_sees_what_there_is() {
    isolated_with_users(|| {
        let (queue, ..) = objects();
        let as_nobody =
            |words: &[&str]| pairs(&asked(command_as(NOBODY, &[&["__complete", "fish", "ipcx"][..], words].concat())));
        let keyed = format!("id {queue}, root, 2 messages of 16 bytes");
        assert_eq!(as_nobody(&["rm", "-q", "0x"]), [pair("0x000004d2", &keyed)]);
        // What a semaphore that is closed to this user holds is not known.
        assert_eq!(as_nobody(&["rm", "-s", "/"]), [pair("/lock", "root")]);
        let others = as_nobody(&["kill", ""]);
        assert!(others.iter().all(|(pid, _)| pid != "1"), "it may not signal root's: {others:?}");
    });
}

#[test]
fn of_many_objects_the_kinds_come_first() {
    isolated(|| {
        for key in 1..=1000 {
            sysv::queue(key, 0o600);
        }
        sysv::segment(1, 10, 0o600);
        let kinds = [pair("queue:", "1000 message queues"), pair("shm:", "1 shared memory segments")];
        assert_eq!(offered(&["peek", ""])[..2], kinds);
        assert_eq!(values(&["peek", "queue:"]).len(), 1000);
        assert_eq!(values(&["rm", "-q", ""]).len(), 1000);
        let begun: Vec<String> = [0x3e].into_iter().chain(0x3e0..=0x3e8).map(|key| format!("{key:#x}")).collect();
        assert_eq!(values(&["rm", "-q", "0x3e"]), begun);
    });
}

#[test]
fn questions_that_make_no_sense_have_no_answer() {
    isolated(|| {
        let bytes = OsStr::from_bytes(b"\xff\xfe");
        for words in [
            &["__complete"][..],
            &["__complete", "tcsh", "ipcx", ""],
            &["__complete", "bash", "ipcx "],
            &["__complete", "zsh"],
            &["__complete", "zsh", "ipcx"],
            &["__complete", "fish", "ipcx", "nonsense", ""],
            &["__complete", "fish", "ipcx", "rm", "-q", "\u{1b}[31m"],
        ] {
            let mut words: Vec<&OsStr> = words.iter().map(OsStr::new).collect();
            assert_eq!(pairs(&asked(command(&words))), [], "{words:?}");
            words.push(bytes);
            asked(command(&words));
        }
    });
}

#[test]
fn bash_types_and_lists() {
    isolated(|| {
        if !shell("bash") {
            return;
        }
        let (queue, unkeyed, ..) = objects();
        assert_eq!(in_bash("ipcx rm -q ", 9), ["0x000004d2".to_owned(), unkeyed.to_string()]);
        let list = in_bash("ipcx rm -q ", 63);
        assert_eq!(list[0].trim_end(), format!("0x000004d2  -- id {queue}, root, 2 messages of 16 bytes"));
        assert_eq!(list.len(), 2);
        // Only what stands behind the colon is replaced.
        assert_eq!(in_bash("ipcx show queue:", 9), [queue.to_string(), unkeyed.to_string()]);
        assert_eq!(in_bash("ipcx show queue:0x", 63), ["0x000004d2"], "the only one is typed, and so not described");
        assert_eq!(in_bash("ipcx show 'queue:0x", 9), ["queue:0x000004d2"]);
        assert_eq!(in_bash("ipcx kill --signal=TE", 9), ["TERM"]);
        assert_eq!(in_bash("ipcx --config x", 9), [""; 0], "bash completes files itself");
        // By hand, with the words alone.
        let program = "source $SCRIPTS/script.bash; COMP_WORDS=(ipcx rm -q ''); COMP_CWORD=3; _ipcx
            printf '%s\\n' \"${COMPREPLY[@]}\"";
        assert_eq!(run(&["bash", "--norc"], program).lines().next(), Some("0x000004d2"));
        // A program that is named by its path needs no other in PATH.
        let program = "source $SCRIPTS/script.bash; PATH=/nowhere HOME=$SCRIPTS
            COMP_LINE='~/bin/ipcx completions f' COMP_POINT=99; _ipcx '~/bin/ipcx'; echo ${COMPREPLY[*]}";
        assert_eq!(run(&["bash", "--norc"], program), "fish\n");
    });
}

#[test]
fn bash_on_a_terminal() {
    isolated(|| {
        if !shell("bash") {
            return;
        }
        objects();
        let hostile = CString::new(HOSTILE).unwrap();
        posix::queue(&hostile, 1, 64);
        let mut terminal = typed_into(&["bash", "--norc", "--noprofile"], "source ./script.bash; PS1='> '");
        terminal.keys("ipcx rm -q \t\t");
        terminal.wait_text("0x000004d2  -- id 0, root, 2 messages of 16 bytes\n");
        terminal.keys("\x15ipcx show queue:/a\t\r");
        terminal.wait_text("capacity");
        is_shown(&mut terminal);
        terminal.keys("clear\ripcx --config=/etc/pass\t\t");
        terminal.wait_text("ipcx --config=/etc/passwd");
    });
}

#[test]
fn zsh_on_a_terminal() {
    isolated(|| {
        if !shell("zsh") {
            return;
        }
        objects();
        let hostile = CString::new(HOSTILE).unwrap();
        posix::queue(&hostile, 1, 64);
        let begin = "autoload -Uz compinit; compinit -u -D; source ./script.zsh; PS1='> '";
        let mut terminal = typed_into(&["zsh", "-f", "-i"], begin);
        terminal.keys("ipcx rm -q \t");
        terminal.wait_for("the keys with what they are", |terminal| {
            let lines = terminal.lines();
            let has = |line: &String| line.starts_with("0x000004d2") && line.contains("-- id 0, root, 2 messages");
            lines.iter().any(has)
        });
        terminal.keys("\x15ipcx show queue:/a\t\r");
        terminal.wait_text("capacity");
        is_shown(&mut terminal);
        terminal.keys("clear\ripcx --config=/etc/passw\t");
        terminal.wait_text("ipcx --config=/etc/passwd");
        terminal.keys("\x15ipcx show fif\tx");
        // No blank stands behind what has to go on.
        terminal.wait_text("ipcx show fifo:x");
    });
}

/// The queue with the hostile name was typed and found, and nothing in its name was run.
fn is_shown(terminal: &mut Terminal) {
    let escaped = HOSTILE.replace('\\', "\\\\");
    terminal.wait_text(&format!("name         {escaped}"));
    assert!(!scratch().join("HACKED").exists());
}

#[test]
fn fish_describes() {
    isolated(|| {
        if !shell("fish") {
            return;
        }
        let (queue, unkeyed, ..) = objects();
        let keyed = format!("0x000004d2\tid {queue}, root, 2 messages of 16 bytes");
        let private = format!("{unkeyed}\tno key, root, 0 messages of 0 bytes");
        assert_eq!(in_fish("ipcx rm -q "), [keyed.clone(), private]);
        assert_eq!(in_fish("ipcx rm -q 0x00").concat(), keyed);
        assert_eq!(in_fish("ipcx rm -q '0x00"), [keyed]);
        posix::queue(&CString::new(HOSTILE).unwrap(), 1, 64);
        let hostile = in_fish("ipcx show 'queue:/a b");
        assert_eq!(hostile.len(), 1, "{hostile:?}");
        assert!(!scratch().join("HACKED").exists());
        assert_eq!(in_fish("ipcx --config=/etc/passw").first().map(String::as_str), Some("--config=/etc/passwd"));
        assert!(in_fish("ipcx ls /et").contains(&"/etc/\tDirectory".to_owned()));
    });
}
