//! How quickly the terminal interface answers, and what it costs while nobody does anything: on a pseudo-terminal, with an
//! emulator that tells when a key is really to be seen. It reports and judges nothing.
//!
//! `cargo bench --bench terminal` measures all; `-- start`, `keys`, `idle`, `memory` or `load` one of them:
//!
//! - `start`   from exec to the first picture, and to the first one with the machine's objects
//! - `keys`    from a key to the cursor's new place on the screen, beside the same for `cat` on the same terminal
//! - `load`    the same while 127,000 fds are looked at again and again (benches/load.c; needs a C compiler)
//! - `idle`    processor time with the usual refresh, over 30 seconds
//! - `memory`  over as many refreshes as an hour has, while queues and pipes come and go
//!
//! `IPCX=FILE` measures that program instead of the one that was built for it. Everything is made by this process and goes
//! with it.
#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "a measurement prints, and may fail loudly")]

use nix::mqueue::{MQ_OFlag, MqAttr, MqdT, mq_close, mq_open, mq_unlink};
use nix::sys::stat::Mode;
use nix::unistd::pipe;
use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};
use std::ffi::CString;
use std::fs;
use std::io::{Read, Write};
use std::num::NonZeroU16;
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::process::Command;
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::{Duration, Instant};

const COLUMNS: u16 = 120;
const LINES: u16 = 40;
/// As a person types quickly.
const BETWEEN_KEYS: Duration = Duration::from_millis(25);
const KEYS: usize = 300;
/// Refreshes of an hour, one in two seconds.
const REFRESHES: usize = 1800;
const LONGEST: Duration = Duration::from_secs(60);

fn main() {
    // Cargo adds `--bench`.
    let wanted: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with("--")).collect();
    let all: [(&str, fn()); 5] = [("start", start), ("keys", keys), ("load", load), ("idle", idle), ("memory", memory)];
    for (name, measure) in all {
        if wanted.is_empty() || wanted.iter().any(|word| word == name) {
            measure();
        }
    }
    if wanted.iter().any(|word| word == "loaded") {
        loaded();
    }
}

/// A program on a terminal.
struct Terminal {
    child: Box<dyn Child + Send + Sync>,
    master: Box<dyn MasterPty + Send>,
    writer: Box<dyn Write + Send>,
    output: Receiver<(Instant, Vec<u8>)>,
    parser: vt100::Parser,
}

impl Terminal {
    fn start(words: &[&str]) -> Self {
        let size = PtySize { rows: LINES, cols: COLUMNS, ..PtySize::default() };
        let pair = native_pty_system().openpty(size).unwrap();
        let mut command = CommandBuilder::from_argv(words.iter().map(Into::into).collect());
        command.env_clear();
        command.cwd("/");
        let state = std::env::temp_dir().join("ipcx-bench-state");
        for (name, value) in [("TERM", "xterm-256color"), ("LANG", "C.UTF-8"), ("PATH", "/usr/bin:/bin")] {
            command.env(name, value);
        }
        command.env("XDG_STATE_HOME", &state);
        command.env("XDG_CONFIG_HOME", &state);
        let child = pair.slave.spawn_command(command).unwrap();
        let (mut reader, writer) = (pair.master.try_clone_reader().unwrap(), pair.master.take_writer().unwrap());
        let (tell, output) = mpsc::channel();
        thread::spawn(move || {
            let mut buffer = vec![0; 65536];
            while let Ok(length @ 1..) = reader.read(&mut buffer) {
                if tell.send((Instant::now(), buffer[..length].to_vec())).is_err() {
                    return;
                }
            }
        });
        let cells = |count| NonZeroU16::new(count).unwrap();
        let parser = vt100::Parser::new(cells(LINES), cells(COLUMNS), 0);
        Self { child, master: pair.master, writer, output, parser }
    }

    /// The interface, in a view.
    fn ipcx(view: &str, arguments: &[&str]) -> Self {
        let program = program();
        let mut words = vec![program.to_str().unwrap(), "tui", "--view", view];
        words.extend(arguments);
        Self::start(&words)
    }

    fn keys(&mut self, keys: &str) {
        self.writer.write_all(keys.as_bytes()).unwrap();
    }

    /// Waits until it is so on the screen, and tells when what made it so was read.
    fn wait(&mut self, what: &str, is_so: impl Fn(&vt100::Screen) -> bool) -> Instant {
        let mut at = Instant::now();
        while !is_so(self.parser.screen()) {
            let Ok((read, bytes)) = self.output.recv_timeout(LONGEST) else {
                panic!("{what} was never seen:\n{}", self.parser.screen().contents())
            };
            self.parser.process(&bytes);
            at = read;
        }
        at
    }

    fn wait_text(&mut self, text: &str) -> Instant {
        self.wait(text, |screen| screen.contents().contains(text))
    }

    /// Takes in what comes for a while.
    fn rest(&mut self, time: Duration) {
        let end = Instant::now() + time;
        while let Ok((_, bytes)) = self.output.recv_timeout(end.saturating_duration_since(Instant::now())) {
            self.parser.process(&bytes);
        }
    }

    /// A field of `/proc/PID/stat` after the name, from 0.
    fn stat(&self, field: usize) -> u64 {
        let text = fs::read_to_string(format!("/proc/{}/stat", self.child.process_id().unwrap())).unwrap();
        text.rsplit(')').next().unwrap().split_whitespace().nth(field).unwrap().parse().unwrap()
    }

    /// Processor time so far, of clock ticks of 10 ms.
    fn cpu(&self) -> Duration {
        Duration::from_millis((self.stat(11) + self.stat(12)) * 10)
    }

    /// Resident memory in KiB.
    fn memory(&self) -> u64 {
        self.stat(21) * 4
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = self.master.get_size();
    }
}

fn program() -> PathBuf {
    std::env::var_os("IPCX").map_or_else(|| env!("CARGO_BIN_EXE_ipcx").into(), PathBuf::from)
}

/// Median, 95th of a hundred, and worst.
fn three(times: &[Duration]) -> [Duration; 3] {
    let mut times = times.to_vec();
    times.sort_unstable();
    [times[times.len() / 2], times[times.len() * 95 / 100], times[times.len() - 1]]
}

fn print(what: &str, times: &[Duration]) -> Duration {
    let [median, most, worst] = three(times).map(|time| time.as_secs_f64() * 1e3);
    println!("{what:<44} median {median:8.2} ms   95% {most:8.2} ms   worst {worst:8.2} ms");
    three(times)[0]
}

/// Something to list: pipes of this process.
fn pipes(count: usize) -> Vec<(OwnedFd, OwnedFd)> {
    (0..count).map(|_| pipe().unwrap()).collect()
}

fn start() {
    let _pipes = pipes(100);
    let (mut frame, mut objects) = (Vec::new(), Vec::new());
    for _ in 0..20 {
        let begin = Instant::now();
        let mut terminal = Terminal::ipcx("pipes", &[]);
        frame.push(terminal.wait_text("5 Pipes") - begin);
        objects.push(terminal.wait_text("pipe:[") - begin);
    }
    print("start: exec to the first picture", &frame);
    print("start: exec to the first objects", &objects);
}

/// Times of keys that move the cursor down and up again.
fn moves(terminal: &mut Terminal, mut before_key: impl FnMut(usize, &mut Terminal)) -> Vec<Duration> {
    let first = terminal.parser.screen().cursor_position().0;
    let mut times = Vec::new();
    for at in 0..KEYS {
        before_key(at, terminal);
        terminal.rest(BETWEEN_KEYS);
        let step = (at % 40) as u16;
        let (key, row) = if step < 20 { ("j", step + 1) } else { ("k", 39 - step) };
        let begin = Instant::now();
        terminal.keys(key);
        times.push(terminal.wait("the cursor's new place", |screen| screen.cursor_position().0 == first + row) - begin);
    }
    times
}

/// What the terminal itself takes: a key to a program that writes it back.
fn floor() -> Vec<Duration> {
    let mut terminal = Terminal::start(&["sh", "-c", "stty raw -echo; echo ready; exec cat"]);
    terminal.wait_text("ready");
    terminal.rest(Duration::from_millis(200));
    let mut times = Vec::new();
    for at in 0..KEYS {
        terminal.rest(BETWEEN_KEYS);
        let (row, begin) = (3 + at as u16 % 20, Instant::now());
        terminal.keys(&format!("\x1b[{};1Hx", row + 1));
        times.push(terminal.wait("the key", |screen| screen.cursor_position() == (row, 1)) - begin);
    }
    times
}

fn keys() {
    let _pipes = pipes(100);
    let floor = print("keys: cat, which writes them back", &floor());
    let mut terminal = Terminal::ipcx("pipes", &[]);
    terminal.wait_text("pipe:[");
    terminal.rest(Duration::from_millis(500));
    let median = print("keys: idle", &moves(&mut terminal, |_, _| ()));
    println!("keys: {:.1} times as long as cat takes", median.as_secs_f64() / floor.as_secs_f64());
}

/// Makes the load, and runs this program beside it.
fn load() {
    let place = std::env::temp_dir().join(format!("ipcx-bench-load-{}", std::process::id()));
    let source = concat!(env!("CARGO_MANIFEST_DIR"), "/benches");
    let mut compiler = Command::new(std::env::var_os("CC").unwrap_or_else(|| "cc".into()));
    compiler.current_dir(source).args(["-std=c11", "-O2", "-o"]).arg(&place);
    let built = compiler.args(["load.c", "load_queues.c", "load_fds.c"]).status();
    if built.is_ok_and(|status| status.success()) {
        let own = std::env::current_exe().unwrap();
        let ran = Command::new(&place).args(["fds", "--"]).arg(own).arg("loaded").status().unwrap();
        if !ran.success() {
            println!("SKIPPED  load: {ran}: see above");
        }
    } else {
        println!("SKIPPED  load: it needs a C compiler");
    }
    let _ = fs::remove_file(place);
}

fn loaded() {
    let floor = print("load: cat, which writes them back", &floor());
    let begin = Instant::now();
    let mut terminal = Terminal::ipcx("pipes", &[]);
    let frame = terminal.wait_text("5 Pipes") - begin;
    let objects = terminal.wait_text("pipe:[") - begin;
    println!("load: first picture {:.1} ms, first objects {:.1} ms", ms(frame), ms(objects));
    terminal.rest(Duration::from_secs(2));
    // Every tenth key there is one more look to be taken, so that one always is.
    let again = |at: usize, terminal: &mut Terminal| {
        if at.is_multiple_of(10) {
            terminal.keys("\x12");
        }
    };
    let (cpu, begin) = (terminal.cpu(), Instant::now());
    let median = print("load: while 127,000 fds are looked at", &moves(&mut terminal, again));
    let share = terminal.cpu().checked_sub(cpu).unwrap().as_secs_f64() / begin.elapsed().as_secs_f64();
    println!("load: {:.1} times as long as cat takes; {share:.2} cores were used", ms(median) / ms(floor));
    println!("load: {} MB resident", terminal.memory() / 1000);
}

fn idle() {
    let mut terminal = Terminal::ipcx("overview", &[]);
    terminal.wait_text("1 Overview");
    terminal.rest(Duration::from_secs(3));
    let (cpu, begin) = (terminal.cpu(), Instant::now());
    terminal.rest(Duration::from_secs(30));
    let share = terminal.cpu().checked_sub(cpu).unwrap().as_secs_f64() / begin.elapsed().as_secs_f64();
    println!("idle: {:.2} % of a core, looking every 2 s", share * 100.0);
}

/// A queue, closed and taken away also when a measurement fails.
struct Queue(CString, Option<MqdT>);

impl Drop for Queue {
    fn drop(&mut self) {
        let _ = self.1.take().map(mq_close);
        let _ = mq_unlink(&*self.0);
    }
}

fn memory() {
    let name = |at: usize| CString::new(format!("/ipcx-bench-{}-{at}", std::process::id())).unwrap();
    let mut terminal = Terminal::ipcx("queues", &[]);
    terminal.wait_text("2 Queues");
    terminal.keys(&format!("/bench-{}\r", std::process::id()));
    terminal.rest(Duration::from_millis(500));
    let mut resident = Vec::new();
    for at in 0..REFRESHES {
        // The queue is open, and pipes beside it are new, too.
        let flags = MQ_OFlag::O_CREAT | MQ_OFlag::O_RDWR;
        let _queue = match mq_open(&*name(at), flags, Mode::S_IRUSR | Mode::S_IWUSR, Some(&MqAttr::new(0, 2, 64, 0))) {
            Ok(queue) => Queue(name(at), Some(queue)),
            Err(errno) => return println!("SKIPPED  memory: no POSIX queue: {errno}"),
        };
        let _pipes = pipes(20);
        terminal.keys("\x12");
        let shown = format!("-{at} ");
        terminal.wait("the new queue", |screen| screen.contents().contains(&shown));
        resident.push(terminal.memory());
    }
    let quarter = |from: usize| {
        let part = &resident[from * REFRESHES / 4..(from + 1) * REFRESHES / 4];
        part.iter().sum::<u64>() / part.len() as u64
    };
    let most = resident.iter().max().unwrap();
    println!(
        "memory: {} KB after the first of {REFRESHES} refreshes; first quarter {} KB, second {}, third {}, last {}; most {most}",
        resident[0],
        quarter(0),
        quarter(1),
        quarter(2),
        quarter(3)
    );
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}
