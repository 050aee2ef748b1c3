//! A program on a terminal, as a person has it: keys go in, and a terminal emulator (vt100) keeps what is to be seen.
//!
//! [`Setup`] starts it on a pseudo-terminal of its own as the leader of a session, with nothing of the test's environment.
//! [`Terminal`] sends keys and signals, and waits for what is seen to be as it should, with a bound and never for a time.

use super::cli;
use super::isolated::{is_inside, scratch};
use super::wait::until;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, SlavePty, native_pty_system};
use std::ffi::OsString;
use std::fs::File;
use std::io::{Read, Write};
use std::num::NonZeroU16;
use std::os::fd::{AsFd, BorrowedFd};
use std::time::{Duration, Instant};

/// Longest wait for something that ought to happen at once, with much room for a busy machine.
const LONGEST: Duration = Duration::from_secs(30);

/// The Esc key as newer terminals can send it. The byte that all send is taken for the begin of a sequence when another
/// key comes at its heels, so it has to stand at the end of what is typed.
pub const ESC: &str = "\x1b[27u";

/// How long one look at the terminal waits for more before the question is asked again, milliseconds.
const SLICE: u8 = 20;

/// What is to be started, and on what kind of terminal.
pub struct Setup {
    program: Vec<OsString>,
    environment: Vec<(String, OsString)>,
    size: (u16, u16),
}

impl Setup {
    /// `ipcx` with these arguments, as root, on a terminal of 100 columns and 30 lines that knows colours and UTF-8.
    pub fn ipcx(arguments: &[&str]) -> Self {
        let mut setup = Self::program(&[env!("CARGO_BIN_EXE_ipcx")]);
        setup.program.extend(arguments.iter().map(OsString::from));
        setup
    }

    /// The same as another user.
    pub fn ipcx_as(uid: u32, arguments: &[&str]) -> Self {
        let copy = cli::command_as(uid, arguments).get_program().to_owned();
        let mut setup = Self::program(&["setpriv", "--clear-groups"]);
        setup.program.extend([format!("--reuid={uid}"), format!("--regid={uid}"), "--".to_owned()].map(OsString::from));
        setup.program.push(copy);
        setup.program.extend(arguments.iter().map(OsString::from));
        setup.env("XDG_STATE_HOME", cli::state_home_of(uid).to_str().unwrap())
    }

    /// Any program.
    pub fn program(words: &[&str]) -> Self {
        let environment = [("TERM", "xterm-256color"), ("LANG", "C.UTF-8"), ("TZ", "UTC"), ("PATH", "/usr/bin:/bin")];
        let mut environment: Vec<_> =
            environment.iter().map(|(name, value)| ((*name).to_owned(), OsString::from(value))).collect();
        environment.push(("XDG_STATE_HOME".to_owned(), cli::state_home().into()));
        environment.push(("XDG_CONFIG_HOME".to_owned(), scratch().join(".config").into()));
        Self { program: words.iter().map(OsString::from).collect(), environment, size: (100, 30) }
    }

    /// With a variable in its environment, in place of what it would have.
    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.environment.retain(|(before, _)| before != name);
        self.environment.push((name.to_owned(), value.into()));
        self
    }

    /// Columns and lines of the terminal.
    pub const fn size(mut self, columns: u16, lines: u16) -> Self {
        self.size = (columns, lines);
        self
    }

    /// Starts it.
    pub fn start(self) -> Terminal {
        assert!(is_inside(), "it runs within `isolated`, where it cannot outlive the test");
        let pair = native_pty_system().openpty(pty_size(self.size)).unwrap();
        let mut command = CommandBuilder::from_argv(self.program);
        command.env_clear();
        command.cwd("/");
        for (name, value) in self.environment {
            command.env(name, value);
        }
        let before = settings(&*pair.master);
        let child = pair.slave.spawn_command(command).unwrap();
        // SAFETY: the descriptor is the terminal's, which is open here; it is only borrowed to be duplicated.
        let fd = unsafe { BorrowedFd::borrow_raw(pair.master.as_raw_fd().unwrap()) };
        let io = File::from(fd.try_clone_to_owned().unwrap());
        let (columns, lines) = cells(self.size);
        let parser = vt100::Parser::new(lines, columns, 0);
        Terminal { child, ends: Some((pair.master, pair.slave, io)), parser, raw: Vec::new(), before, ended: None }
    }
}

/// How a program ended: its exit code, or the signal's name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ended {
    Code(u32),
    Signal(String),
}

/// Our end, the program's end (kept so that its settings outlive the program), and our end to read and write.
type Ends = (Box<dyn MasterPty + Send>, Box<dyn SlavePty + Send>, File);

/// A running program and its terminal. The program is killed and reaped when this is dropped.
pub struct Terminal {
    child: Box<dyn Child + Send + Sync>,
    ends: Option<Ends>,
    parser: vt100::Parser,
    raw: Vec<u8>,
    before: String,
    ended: Option<Ended>,
}

impl Terminal {
    /// What is to be seen now.
    pub fn screen(&self) -> &vt100::Screen {
        self.parser.screen()
    }

    /// The same as text.
    pub fn text(&self) -> String {
        self.screen().contents()
    }

    /// Its lines from the top.
    pub fn lines(&self) -> Vec<String> {
        self.screen().rows(0, self.screen().size().1.get()).collect()
    }

    /// The line that the terminal's cursor is on, which is the one that counts.
    pub fn cursor_line(&self) -> String {
        self.lines()[usize::from(self.screen().cursor_position().0)].clone()
    }

    /// Whether all of a line has this.
    pub fn whole_line(&self, line: u16, has: impl Fn(&vt100::Cell) -> bool) -> bool {
        (0..self.screen().size().1.get()).all(|column| has(self.screen().cell(line, column).unwrap()))
    }

    /// Every byte that the program has written.
    pub fn raw(&self) -> &[u8] {
        &self.raw
    }

    /// The first line with this text: its number from 0.
    pub fn line_with(&self, text: &str) -> Option<u16> {
        self.lines().iter().position(|line| line.contains(text)).map(|at| at as u16)
    }

    /// Line and column, in cells, of a text.
    pub fn place_of(&self, text: &str) -> (u16, u16) {
        let line = self.line_with(text).unwrap_or_else(|| panic!("{text:?} is not on the screen:\n{}", self.text()));
        let columns = self.screen().size().1.get();
        let begins = |from: &u16| self.screen().rows(*from, columns - from).nth(line.into()).unwrap().starts_with(text);
        (line, (0..columns).find(begins).unwrap())
    }

    /// Types, or sends whatever else these bytes are.
    pub fn keys(&mut self, keys: &str) {
        let (.., io) = self.ends.as_mut().unwrap();
        io.write_all(keys.as_bytes()).unwrap();
    }

    /// What stands at the terminal's cursor and behind it on its line.
    pub fn at_cursor(&self) -> String {
        let (line, column) = self.screen().cursor_position();
        let columns = self.screen().size().1.get();
        self.screen().rows(column, columns - column).nth(line.into()).unwrap()
    }

    /// Moves the cursor, a key at a time, to the line on the screen with this text.
    pub fn walk_to(&mut self, text: &str) {
        self.wait_text(text);
        while !self.cursor_line().contains(text) {
            let (at, to) = (self.screen().cursor_position().0, self.line_with(text));
            let Some(to) = to else {
                self.wait_text(text);
                continue;
            };
            self.keys(if to > at { "j" } else { "k" });
            self.wait_for("the cursor moves", |terminal| terminal.screen().cursor_position().0 != at);
        }
    }

    /// Waits until everything was looked at once, not the tables alone: processes are counted in their tab then.
    pub fn wait_full_look(&mut self) {
        self.wait_for("a full look", |terminal| {
            let tabs = terminal.lines()[0].clone();
            let (_, behind) = tabs.split_once("7 Processes").unwrap_or_default();
            behind.trim_start_matches(':').starts_with(|c: char| c.is_ascii_digit())
        });
    }

    /// Types, and waits until what is seen is so.
    pub fn keys_until(&mut self, keys: &str, text: &str) {
        self.keys(keys);
        self.wait_text(text);
    }

    /// Waits until what is seen is so; fails when it never is, or the program ends.
    pub fn wait_for(&mut self, what: &str, mut is_so: impl FnMut(&Self) -> bool) {
        let start = Instant::now();
        // Half a picture may show what is nowhere in the whole one, least of all its cursor.
        let mut whole = self.is_whole();
        while !(whole && is_so(self)) {
            if let Some(ended) = &self.ended {
                panic!("it ended with {ended:?} before this was seen: {what}\n{}", self.text());
            }
            assert!(start.elapsed() < LONGEST, "in {LONGEST:?} this was not seen: {what}\n{}", self.text());
            self.ended = self.ended();
            let before = self.raw.len();
            self.read();
            whole = self.is_whole() || self.raw.len() == before;
        }
    }

    /// Whether what was written last ends as a picture does: with the cursor put into its place, or hidden.
    fn is_whole(&self) -> bool {
        self.raw.ends_with(b"H") || self.raw.ends_with(b"\x1b[?25l") || !self.screen().alternate_screen()
    }

    /// Waits until this text is to be seen.
    pub fn wait_text(&mut self, text: &str) {
        self.wait_for(text, |terminal| terminal.text().contains(text));
    }

    /// Waits until this text is to be seen no more.
    pub fn wait_no_text(&mut self, text: &str) {
        self.wait_for(&format!("{text:?} is gone"), |terminal| !terminal.text().contains(text));
    }

    /// Waits until it has written something more.
    pub fn wait_output(&mut self) {
        let before = self.raw.len();
        self.wait_for("it writes something", |terminal| terminal.raw.len() > before);
    }

    /// Takes in what it has written, or waits a moment for it.
    fn read(&mut self) {
        let Some((.., io)) = &mut self.ends else { return };
        let mut fds = [PollFd::new(io.as_fd(), PollFlags::POLLIN)];
        poll(&mut fds, SLICE).unwrap();
        while fds[0].revents().unwrap().contains(PollFlags::POLLIN) {
            let mut buffer = [0; 4096];
            let length = io.read(&mut buffer).unwrap();
            self.raw.extend_from_slice(&buffer[..length]);
            self.parser.process(&buffer[..length]);
            fds = [PollFd::new(io.as_fd(), PollFlags::POLLIN)];
            poll(&mut fds, PollTimeout::ZERO).unwrap();
        }
    }

    /// Makes the terminal so many columns and lines large.
    pub fn resize(&mut self, columns: u16, lines: u16) {
        // What was painted for the old size is taken in at the old size.
        self.read();
        let (master, ..) = self.ends.as_ref().unwrap();
        master.resize(pty_size((columns, lines))).unwrap();
        let (columns, lines) = cells((columns, lines));
        self.parser.set_size(lines, columns);
    }

    /// The program's pid.
    pub fn pid(&self) -> u32 {
        self.child.process_id().unwrap()
    }

    /// Sends the program a signal.
    pub fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(self.pid().cast_signed()), signal).unwrap();
    }

    /// Takes the terminal away, as a closed window or a lost connection does.
    pub fn hang_up(&mut self) {
        self.ends = None;
    }

    /// Waits for the program's end, and takes in all that it has written.
    pub fn end(&mut self) -> Ended {
        let start = Instant::now();
        let ended = loop {
            self.read();
            if let Some(ended) = self.ended() {
                break ended;
            }
            assert!(start.elapsed() < LONGEST, "in {LONGEST:?} it did not end:\n{}", self.text());
        };
        self.read();
        ended
    }

    /// How it ended, if it has.
    fn ended(&mut self) -> Option<Ended> {
        if self.ended.is_none() {
            let status = if self.ends.is_some() {
                self.child.try_wait().unwrap()
            } else {
                until(LONGEST, || self.child.try_wait().unwrap())
            };
            self.ended = status.map(|status| match status.signal() {
                Some(signal) => Ended::Signal(signal.to_owned()),
                None => Ended::Code(status.exit_code()),
            });
        }
        self.ended.clone()
    }

    /// Whether the terminal is as it was before the program: its settings, the main screen, the cursor, the mouse, pasting.
    pub fn is_restored(&self) -> bool {
        self.has_old_settings() && !self.is_taken()
    }

    /// Whether lines are edited and echoed as before.
    pub fn has_old_settings(&self) -> bool {
        let (master, ..) = self.ends.as_ref().unwrap();
        settings(&**master) == self.before
    }

    /// Whether a program has made any of the terminal its own.
    pub fn is_taken(&self) -> bool {
        let screen = self.screen();
        screen.alternate_screen()
            || screen.hide_cursor()
            || screen.bracketed_paste()
            || screen.mouse_protocol_mode() != vt100::MouseProtocolMode::None
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        if self.ended.is_none() && !matches!(self.child.try_wait(), Ok(Some(_))) {
            self.signal(Signal::SIGKILL);
            let _ = self.child.wait();
        }
    }
}

fn pty_size((cols, rows): (u16, u16)) -> PtySize {
    PtySize { rows, cols, pixel_width: 0, pixel_height: 0 }
}

fn cells((columns, lines): (u16, u16)) -> (NonZeroU16, NonZeroU16) {
    (NonZeroU16::new(columns).unwrap(), NonZeroU16::new(lines).unwrap())
}

/// The terminal's settings (`man 3 termios`), to be compared.
fn settings(master: &dyn MasterPty) -> String {
    format!("{:?}", master.get_termios().unwrap())
}
