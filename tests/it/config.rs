//! Settings: where they are read, who needs them, what is said of mistakes in them, and that read-only holds.

use crate::support::cli::{self, Ran, place};
use crate::support::{isolated, look, sysv};
use ipcx::config::{STATE_FILE, Settings, State, TEMPLATE};
use ipcx::kernel::state_dir::StateDir;
use ipcx::model::Kinds;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::Command;

/// Writes these settings where `run` finds them, and says where that is.
fn settings(text: &str) -> PathBuf {
    let path = place("settings/ipcx/config.toml");
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(&path, text).unwrap();
    path
}

fn command(arguments: &[&str]) -> Command {
    let mut command = cli::command(arguments);
    command.env("XDG_CONFIG_HOME", place("settings"));
    command
}

fn run(arguments: &[&str]) -> Ran {
    cli::finish(&mut command(arguments))
}

/// That it ended so, and said nothing but a line with these words.
#[track_caller]
fn says(ran: &Ran, status: i32, words: &[&str]) {
    let text = if status == 0 { &ran.out } else { &ran.err };
    let other = if status == 0 { &ran.err } else { &ran.out };
    assert_eq!((ran.status, &**other, text.lines().count()), (status, "", 1), "{}{}", ran.out, ran.err);
    for word in words {
        assert!(text.contains(word), "no {word} in {text}");
    }
}

/// Command lines that act, each on `queue:0`, and what is left unchanged when they do not.
const ACTING: [&[&str]; 7] = [
    &["rm", "-f", "queue:0"],
    &["rm", "--no-backup", "queue:0"],
    &["send", "queue:0", "x"],
    &["recv", "queue:0"],
    &["set", "queue:0", "--mode", "0666"],
    &["create", "queue", "--key", "9"],
    &["undo", "--thaw"],
];

/// That nothing of [`ACTING`] was done to the one queue, which has one message.
fn nothing_was_done() {
    let seen = look(Kinds::SYSV).objects;
    assert_eq!(seen.len(), 1);
    let messages = cli::json(&["ls", "-q", "--json"])["objects"][0]["queue"]["messages"].clone();
    assert_eq!((seen[0].mode, messages), (Some(0o600), 1.into()));
}

fn one_queue() {
    let id = sysv::queue(7, 0o600);
    assert_eq!((id, cli::ipcx(&["send", "-q", "queue:0", "first"]).status), (0, 0));
}

#[test]
fn print_gives_a_file_that_check_finds_fine() {
    isolated(|| {
        let printed = run(&["config", "print"]);
        assert_eq!((printed.status, &*printed.err, &*printed.out), (0, "", TEMPLATE));
        assert_eq!(Settings::parse("x", printed.out.as_bytes()).unwrap(), Settings::default());
        let path = settings(&printed.out);
        says(&run(&["config", "check"]), 0, &[&format!("{}: fine", path.display())]);
        assert_eq!(fs::read_to_string(&path).unwrap(), TEMPLATE);
    });
}

#[test]
fn path_is_where_it_is_looked_for() {
    isolated(|| {
        let expected = format!("{}\n", place("settings/ipcx/config.toml").display());
        assert_eq!(run(&["config", "path"]).out, expected);
        let ran = cli::finish(command(&["config", "path"]).env_remove("XDG_CONFIG_HOME").env("HOME", "/home/x"));
        assert_eq!((ran.status, &*ran.out), (0, "/home/x/.config/ipcx/config.toml\n"));
        assert_eq!(run(&["--config", "/tmp/other", "config", "path"]).out, "/tmp/other\n");
        assert_eq!(run(&["config", "path", "--config", "/tmp/o\u{1b}[1m"]).out, "/tmp/o\\x1b[1m\n");
        assert!(!place("settings").exists(), "nothing was made");
    });
}

#[test]
fn check_tells_what_is_wrong_and_where() {
    isolated(|| {
        says(&run(&["config", "check"]), 0, &["not there", "defaults"]);
        let path = settings("read_only = true\ntheme = \"purple\"\n");
        let place_and_line = format!("ipcx: {}:2: ", path.display());
        says(&run(&["config", "check"]), 2, &[&place_and_line, "ansi, dark, light, mono"]);
        let other = place("other.toml").display().to_string();
        says(&run(&["config", "check", &other]), 2, &["other.toml", "not found"]);
        fs::write(&other, "[keys]\nremove = \"x\"\n").unwrap();
        for arguments in [&["config", "check", &other][..], &["--config", &other, "config", "check"]] {
            says(&run(arguments), 2, &["other.toml:2: ", "signal", "remove"]);
        }
        fs::write(&other, "\n[keys]\nremov\u{e8} = \"x\"\n\u{1b}").unwrap();
        let ran = run(&["config", "check", &other]);
        assert_eq!(ran.status, 2);
        assert!(!ran.err.contains('\u{1b}'), "{:?}", ran.err);
        says(&run(&["config"]), 2, &["subcommand"]);
        says(&run(&["config", "show"]), 2, &["show"]);
    });
}

#[test]
fn read_only_settings_refuse_every_action() {
    isolated(|| {
        one_queue();
        let path = settings("read_only = true\n");
        let elsewhere = place("elsewhere.toml");
        fs::rename(&path, &elsewhere).unwrap();
        let elsewhere = elsewhere.display().to_string();
        for action in ACTING {
            says(&run(&[&["--config", &elsewhere], action].concat()), 4, &["read-only", "config.toml"]);
        }
        fs::rename(&elsewhere, &path).unwrap();
        for action in ACTING {
            says(&run(action), 4, &["read-only", "config.toml"]);
            // No variable allows what the settings refuse.
            assert_eq!(cli::finish(command(action).env("IPCX_READ_ONLY", "0")).status, 4, "{action:?}");
        }
        let pid = std::process::id().to_string();
        assert_eq!(run(&["kill", "-f", &pid]).status, 4);
        assert_eq!((run(&["ls", "-q"]).status, run(&["peek", "queue:0"]).status), (0, 0));
        nothing_was_done();
        settings("read_only = false\n");
        assert_eq!(cli::finish(command(ACTING[0]).env("IPCX_READ_ONLY", "1")).status, 4);
        nothing_was_done();
        assert_eq!(run(ACTING[0]).status, 0);
    });
}

#[test]
fn what_acts_does_nothing_with_settings_that_it_cannot_read() {
    isolated(|| {
        one_queue();
        let path = settings("\nread_only = yes\n");
        for action in ACTING {
            says(&run(action), 2, &["config.toml:2: "]);
        }
        // What looks goes on, unless the file was asked for.
        for looking in [&["ls", "-q"][..], &["show", "queue:0"], &[]] {
            assert_eq!(run(looking).status, 0, "{looking:?}");
            let asked = [&["--config", path.to_str().unwrap()], looking].concat();
            says(&run(&asked), 2, &["config.toml:2: "]);
        }
        let none = place("none").display().to_string();
        for words in [ACTING[0], &["ls"], &["keys"], &["config", "check"]] {
            says(&run(&[&["--config", &none], words].concat()), 2, &["cannot be read", "none"]);
        }
        fs::remove_file(&path).unwrap();
        fs::create_dir(&path).unwrap();
        says(&run(ACTING[0]), 2, &["cannot be read", "config.toml"]);
        nothing_was_done();
    });
}

#[test]
fn own_settings_that_may_not_be_read_stop_what_acts_and_others_do_not() {
    const NOBODY: u32 = 65534;
    isolated(|| {
        one_queue();
        fs::set_permissions(place(""), fs::Permissions::from_mode(0o755)).unwrap();
        let path = settings("read_only = true\n");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o0)).unwrap();
        let run = |arguments: &[&str]| {
            cli::finish(cli::command_as(NOBODY, arguments).env("XDG_CONFIG_HOME", place("settings")))
        };
        // Another's, as after a change of user that kept HOME.
        says(&run(&["send", "queue:0", "x"]), 3, &["queue:0"]);
        std::os::unix::fs::chown(&path, Some(NOBODY), Some(NOBODY)).unwrap();
        says(&run(&["send", "queue:0", "x"]), 2, &["cannot be read", "config.toml", "permission"]);
        nothing_was_done();
    });
}

#[test]
fn keys_are_those_in_force() {
    isolated(|| {
        let line = |text: &str, name: &str| {
            let mut lines = text.lines().filter(|line| line.split_whitespace().any(|word| word == name));
            lines.next().unwrap_or_else(|| panic!("no {name} in {text}")).trim().to_owned()
        };
        let plain = run(&["keys"]).out;
        assert!(line(&plain, "remove").starts_with("d, Delete, F8 "), "{plain}");
        settings("[keys]\nremove = \"Alt-d\"\nundo = []\n");
        let changed = run(&["keys"]).out;
        assert!(line(&changed, "remove").starts_with("Alt-d "), "{changed}");
        assert!(line(&changed, "undo").starts_with("undo "), "{changed}");
        let help = run(&["help", "keys"]).out;
        assert!(help.contains(plain.trim_end()), "help has those that hold without settings: {help}");
        settings("[keys]\nremove = 1\n");
        says(&run(&["keys"]), 2, &["config.toml:2: "]);
        assert_eq!(run(&["help", "keys"]).status, 0);
    });
}

#[test]
fn an_option_with_a_value_hides_no_command() {
    isolated(|| {
        let path = settings("read_only = true\n").display().to_string();
        // `--config FILE` before `kill` does not hide it from the short form of its signal.
        let pid = std::process::id().to_string();
        says(&run(&["--config", &path, "kill", "-9", &pid]), 4, &["read-only"]);
        says(&run(&["--config", &path, "rm", "--nonsense"]), 2, &["`ipcx rm --help`"]);
    });
}

#[test]
fn what_is_remembered_is_kept_whole_and_private() {
    isolated(|| {
        let home = place("state");
        let state = State { sort: [("queues".to_owned(), "-messages".to_owned())].into(), ..State::default() };
        let dir = StateDir::make(&home.join("ipcx")).unwrap();
        dir.write(STATE_FILE, state.to_text().as_bytes()).unwrap();
        assert_eq!(State::parse(&dir.read(STATE_FILE).unwrap()), state);
        let mode = |path: &str| fs::metadata(home.join(path)).unwrap().permissions().mode() & 0o7777;
        assert_eq!((mode("ipcx"), mode("ipcx/state.toml")), (0o700, 0o600));
    });
}
