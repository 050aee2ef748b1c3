//! `ipcx create fifo --hold` and `--feed`: the ends of a test FIFO, with real readers and writers at the other end.

use crate::support::cli::{self, place};
use crate::support::{isolated, look};
use ipcx::actions::{NewObject, NewOwner, Policy, Refusal, TestEnd, What};
use ipcx::model::{Address, Kinds};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::process::{Child, Stdio};

/// A running `create fifo`, killed when dropped.
struct Running(Child, BufReader<std::process::ChildStderr>);

impl Running {
    fn new(arguments: &[&str], stdin: Stdio) -> Self {
        let mut command = cli::command(&[&["create", "fifo"][..], arguments].concat());
        let mut child = command.stdin(stdin).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let errors = BufReader::new(child.stderr.take().unwrap());
        Self(child, errors)
    }

    /// Waits for a line on stderr that has this text.
    fn says(&mut self, text: &str) -> String {
        for _ in 0..50 {
            let mut line = String::new();
            assert_ne!(self.1.read_line(&mut line).unwrap(), 0, "it ended without saying {text}");
            if line.contains(text) {
                return line;
            }
        }
        panic!("it never said {text}");
    }

    fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(self.0.id().cast_signed()), signal).unwrap();
    }

    fn status(&mut self) -> Option<i32> {
        self.0.wait().unwrap().code()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn ends(address: &str) -> (u32, u32) {
    let snapshot = look(Kinds::FIFOS);
    let found: Vec<_> = snapshot.find(&Address::parse(address).unwrap()).collect();
    found.first().map_or((0, 0), |place| look::ends(&snapshot.objects[*place]))
}

#[test]
fn a_held_read_end_lets_a_writer_fill_it() {
    isolated(|| {
        let path = place("f").display().to_string();
        let address = format!("fifo:{path}");
        let mut held = Running::new(&[&path, "--hold", "read"], Stdio::null());
        let line = held.says("holding the read end");
        assert!(
            line.contains(&address) && line.contains(&held.0.id().to_string()) && line.contains("Ctrl-C"),
            "{line}"
        );
        assert_eq!(ends(&address), (1, 0));
        let mut writer = File::options().write(true).custom_flags(libc::O_NONBLOCK).open(&path).unwrap();
        let mut written = 0;
        while let Ok(length) = writer.write(&[b'x'; 4096]) {
            written += length;
            assert!(written < 10 << 20, "nobody reads");
        }
        assert!(written >= 4096);
        held.signal(Signal::SIGINT);
        assert_eq!(held.status(), Some(130));
        assert!(place("f").exists(), "it stays");
    });
}

#[test]
fn a_held_write_end_waits_for_its_reader() {
    isolated(|| {
        let path = place("f").display().to_string();
        let mut held = Running::new(&[&path, "--hold", "write", "--remove-after"], Stdio::null());
        held.says("no reader; waiting");
        // Opening it would wait for ever without the other end.
        let reader = File::open(&path).unwrap();
        held.says("holding the write end");
        assert_eq!(ends(&format!("fifo:{path}")), (1, 1));
        held.signal(Signal::SIGTERM);
        assert_eq!(held.status(), Some(143));
        drop(reader);
        assert!(!place("f").exists(), "removed, as was asked");

        let mut waiting = Running::new(&[&path, "--hold", "write"], Stdio::null());
        waiting.says("no reader; waiting");
        waiting.signal(Signal::SIGINT);
        assert_eq!(waiting.status(), Some(130), "a signal ends the waiting, too");

        let mut both = Running::new(&[&path, "--or-open", "--hold", "both", "--remove-after"], Stdio::null());
        both.says("holding both ends");
        assert_eq!(ends(&format!("fifo:{path}")), (1, 1));
        both.signal(Signal::SIGHUP);
        assert_eq!(both.status(), Some(129));
        assert!(place("f").exists(), "it was there before");
    });
}

#[test]
fn what_writers_write_is_printed() {
    isolated(|| {
        let path = place("f").display().to_string();
        let mut reading = Running::new(&[&path, "--hold", "read", "--print"], Stdio::null());
        reading.says("holding the read end");
        for text in ["one\n", "two \x1b[31m"] {
            fs::write(&path, text).unwrap();
            reading.says("the writer is gone");
        }
        reading.signal(Signal::SIGINT);
        assert_eq!(reading.status(), Some(130));
        let mut printed = String::new();
        reading.0.stdout.take().unwrap().read_to_string(&mut printed).unwrap();
        assert_eq!(printed, format!("created FIFO: fifo:{path}\none\ntwo \x1b[31m"));
    });
}

#[test]
fn nohup_is_respected_and_a_closed_output_is_no_reason_to_let_go() {
    isolated(|| {
        let path = place("f").display().to_string();
        let mut command = std::process::Command::new("/bin/sh");
        command.args(["-c", "trap '' HUP; exec \"$0\" create fifo \"$1\" --hold read >/dev/full"]);
        command.args([env!("CARGO_BIN_EXE_ipcx"), &path]).stdin(Stdio::null()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let errors = BufReader::new(child.stderr.take().unwrap());
        let mut held = Running(child, errors);
        held.says("cannot write");
        held.says("holding");
        held.signal(Signal::SIGHUP);
        held.signal(Signal::SIGTERM);
        assert_eq!(held.status(), Some(143), "of two signals the lower number comes first, unless it is ignored");
    });
}

#[test]
fn lines_are_fed_to_one_reader_after_another() {
    isolated(|| {
        let path = place("f").display().to_string();
        let mut feeding = Running::new(&[&path, "--feed", "ping", "--interval", "0.001"], Stdio::null());
        feeding.says("no reader; waiting");
        for _ in 0..2 {
            let mut reader = BufReader::new(File::open(&path).unwrap());
            for _ in 0..3 {
                let mut line = String::new();
                reader.read_line(&mut line).unwrap();
                assert_eq!(line, "ping\n");
            }
            drop(reader);
            feeding.says("no reader; waiting");
        }
        feeding.signal(Signal::SIGINT);
        assert_eq!(feeding.status(), Some(130));
        let mut counted =
            Running::new(&[&path, "--or-open", "--feed", "x", "--count", "3", "--interval", "0"], Stdio::null());
        let mut text = String::new();
        File::open(&path).unwrap().read_to_string(&mut text).unwrap();
        assert_eq!((&*text, counted.status()), ("x\nx\nx\n", Some(0)));
    });
}

#[test]
fn lines_of_standard_input_are_fed() {
    isolated(|| {
        let path = place("f").display().to_string();
        let mut feeding = Running::new(&[&path, "--feed", "-", "--interval", "0"], Stdio::piped());
        feeding.says("feeding");
        let mut input = feeding.0.stdin.take().unwrap();
        let long = "y".repeat(100_000);
        let sent = format!("first\n\n{long}\nlast");
        let expected = sent.clone();
        let reader = std::thread::spawn({
            let path = path.clone();
            move || {
                let mut text = String::new();
                File::open(&path).unwrap().read_to_string(&mut text).unwrap();
                text
            }
        });
        input.write_all(sent.as_bytes()).unwrap();
        drop(input);
        assert_eq!(feeding.status(), Some(0));
        assert!(reader.join().unwrap() == expected, "every byte came");
        let mut idle = Running::new(&[&path, "--or-open", "--feed", "-"], Stdio::piped());
        idle.says("feeding");
        idle.signal(Signal::SIGTERM);
        assert_eq!(idle.status(), Some(143), "while it waits for input");
    });
}

#[test]
fn a_full_fifo_is_said() {
    isolated(|| {
        let path = place("f").display().to_string();
        let mut feeding =
            Running::new(&[&path, "--feed", &"z".repeat(4095), "--interval", "0", "--count", "40"], Stdio::null());
        feeding.says("no reader");
        let mut reader = File::open(&path).unwrap();
        feeding.says("full; waiting");
        let mut bytes = Vec::new();
        reader.read_to_end(&mut bytes).unwrap();
        assert_eq!((bytes.len(), feeding.status()), (40 * 4096, Some(0)));
    });
}

#[test]
fn a_swapped_fifo_is_not_held() {
    isolated(|| {
        let path = place("f");
        let what = What::Fifo { path: path.to_str().unwrap().as_bytes().into() };
        let new = NewObject { what, mode: 0o600, owner: NewOwner::default(), or_open: false };
        let created = new.run(Policy::default()).unwrap();
        fs::rename(&path, place("g")).unwrap();
        assert!(matches!(TestEnd::new(&created), Err(Refusal::Changed { .. })));
        nix::unistd::mkfifo(&path, nix::sys::stat::Mode::S_IRWXU).unwrap();
        assert!(matches!(TestEnd::new(&created), Err(Refusal::Changed { .. })));
        assert!(matches!(created.remove_fifo(), Err(Refusal::Changed { .. })));
        assert!(path.exists(), "another's file is not removed");
    });
}
