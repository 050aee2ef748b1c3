//! Runs a program on a pseudo-terminal, presses keys, and writes what is to be seen as an SVG: characters and colours of the
//! real program, cell by cell. For assets/screenshot.sh.
//!
//! `screenshot FILE.svg COLUMNS LINES [WAIT=TEXT | KEYS=TEXT]… -- PROGRAM ARGUMENT…`; each WAIT is for a text on the screen.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a tool of this repository may fail loudly")]

use portable_pty::{CommandBuilder, PtySize, native_pty_system};
use std::fmt::Write as _;
use std::io::{Read, Write};
use std::num::NonZeroU16;
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::{Duration, Instant};
use vt100::{Cell, Color, Parser};

const LONGEST: Duration = Duration::from_secs(30);
/// Pixels of a cell.
const CELL: (f32, f32) = (8.4, 18.0);
const GROUND: &str = "#16181d";
const INK: &str = "#d7dae0";
/// The sixteen colours of a terminal.
const ANSI: [&str; 16] = [
    "#16181d", "#e06c75", "#98c379", "#e5c07b", "#61afef", "#c678dd", "#56b6c2", "#d7dae0", "#5c6370", "#e06c75",
    "#98c379", "#e5c07b", "#61afef", "#c678dd", "#56b6c2", "#ffffff",
];

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let end = words.iter().position(|word| word == "--").unwrap();
    let (columns, lines): (u16, u16) = (words[1].parse().unwrap(), words[2].parse().unwrap());
    let size = PtySize { rows: lines, cols: columns, ..PtySize::default() };
    let pair = native_pty_system().openpty(size).unwrap();
    let mut command = CommandBuilder::from_argv(words[end + 1..].iter().map(Into::into).collect());
    command.env("TERM", "xterm-256color");
    command.env("LANG", "C.UTF-8");
    command.env_remove("NO_COLOR");
    let mut child = pair.slave.spawn_command(command).unwrap();
    let (mut reader, mut writer) = (pair.master.try_clone_reader().unwrap(), pair.master.take_writer().unwrap());
    let (tell, output) = mpsc::channel();
    thread::spawn(move || {
        let mut buffer = vec![0; 65536];
        while let Ok(length @ 1..) = reader.read(&mut buffer) {
            if tell.send(buffer[..length].to_vec()).is_err() {
                return;
            }
        }
    });
    let mut parser = Parser::new(NonZeroU16::new(lines).unwrap(), NonZeroU16::new(columns).unwrap(), 0);
    for step in &words[3..end] {
        match step.split_once('=').unwrap() {
            ("WAIT", text) => wait(&mut parser, &output, text),
            ("KEYS", keys) => writer.write_all(keys.replace("\\r", "\r").as_bytes()).unwrap(),
            (other, _) => panic!("{other} is no step"),
        }
    }
    // What follows the last text of a picture.
    while let Ok(bytes) = output.recv_timeout(Duration::from_millis(500)) {
        parser.process(&bytes);
    }
    std::fs::write(&words[0], svg(&parser)).unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
}

fn wait(parser: &mut Parser, output: &Receiver<Vec<u8>>, text: &str) {
    let begin = Instant::now();
    while !parser.screen().contents().contains(text) {
        let left = LONGEST.saturating_sub(begin.elapsed());
        let bytes = output.recv_timeout(left).unwrap_or_else(|_| panic!("no {text}:\n{}", parser.screen().contents()));
        parser.process(&bytes);
    }
}

/// A colour as SVG has it; `None` for the terminal's own.
fn colour(color: Color) -> Option<String> {
    match color {
        Color::Default => None,
        Color::Rgb(r, g, b) => Some(format!("#{r:02x}{g:02x}{b:02x}")),
        Color::Idx(index @ 0..16) => Some(ANSI[usize::from(index)].to_owned()),
        Color::Idx(index @ 16..232) => {
            let level = |part: u8| if part == 0 { 0 } else { 55 + 40 * part };
            let (r, g, b) = ((index - 16) / 36, (index - 16) / 6 % 6, (index - 16) % 6);
            Some(format!("#{:02x}{:02x}{:02x}", level(r), level(g), level(b)))
        }
        Color::Idx(index) => Some(format!("#{0:02x}{0:02x}{0:02x}", 8 + 10 * (index - 232))),
    }
}

/// Ink, ground, and what else a run of cells has in common.
fn look(cell: &Cell) -> (String, Option<String>, String) {
    let (ink, ground) = (colour(cell.fgcolor()), colour(cell.bgcolor()));
    let (ink, ground) = if cell.inverse() {
        (ground.unwrap_or_else(|| GROUND.to_owned()), Some(ink.unwrap_or_else(|| INK.to_owned())))
    } else {
        (ink.unwrap_or_else(|| INK.to_owned()), ground)
    };
    let mut more = String::new();
    for (has, text) in [
        (cell.bold(), " font-weight=\"bold\""),
        (cell.dim(), " opacity=\"0.6\""),
        (cell.underline(), " text-decoration=\"underline\""),
        (cell.italic(), " font-style=\"italic\""),
    ] {
        if has {
            more.push_str(text);
        }
    }
    (ink, ground, more)
}

fn svg(parser: &Parser) -> String {
    let screen = parser.screen();
    let (lines, columns) = (screen.size().0.get(), screen.size().1.get());
    let (width, height) = (f32::from(columns) * CELL.0 + 24.0, f32::from(lines) * CELL.1 + 24.0);
    let mut text = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width:.1} {height:.1}\" \
         font-family=\"DejaVu Sans Mono, Menlo, Consolas, monospace\" font-size=\"14\" xml:space=\"preserve\">\n\
         <rect width=\"100%\" height=\"100%\" rx=\"8\" fill=\"{GROUND}\"/>\n"
    );
    for line in 0..lines {
        let mut column = 0;
        while column < columns {
            let from = column;
            let (ink, ground, more) = look(screen.cell(line, from).unwrap());
            let mut run = String::new();
            while column < columns
                && look(screen.cell(line, column).unwrap()) == (ink.clone(), ground.clone(), more.clone())
            {
                let cell = screen.cell(line, column).unwrap();
                if !cell.is_wide_continuation() {
                    run.push_str(if cell.has_contents() { cell.contents() } else { " " });
                }
                column += 1;
            }
            let (x, y) = (12.0 + f32::from(from) * CELL.0, 12.0 + f32::from(line) * CELL.1);
            let wide = f32::from(column - from) * CELL.0;
            if let Some(ground) = ground {
                let _ = writeln!(
                    text,
                    "<rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{wide:.1}\" height=\"{}\" fill=\"{ground}\"/>",
                    CELL.1
                );
            }
            if !run.trim().is_empty() {
                let run = run.replace('&', "&amp;").replace('<', "&lt;").replace(' ', "\u{a0}");
                let _ = writeln!(
                    text,
                    "<text x=\"{x:.1}\" y=\"{:.1}\" textLength=\"{wide:.1}\" fill=\"{ink}\"{more}>{run}</text>",
                    y + 13.5
                );
            }
        }
    }
    text.push_str("</svg>\n");
    text
}
