//! Pictures of every view, compared with those in `snapshots/`: what they should look like is best judged by looking.
//!
//! A change that is meant is taken over with `INSTA_UPDATE=always cargo test --lib draw::`, and then read in the diff.
#![allow(clippy::unwrap_used, reason = "a test may fail loudly")]

mod scene;
mod styles;
mod views;

use super::draw;
use crate::config::keys::Key;
use crate::config::theme::ThemeName;
use crate::model::Time;
use crate::snapshot::testing::{self, Scene};
use crate::tui::app::{App, Settings};
use crate::tui::effect::Effect;
use crate::tui::event::Event;
use crate::tui::look::{Depth, Look};
use crate::tui::present::{Memory, present};
use crate::tui::view::View;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::buffer::Buffer;
use std::fmt::Write;
use std::sync::Arc;
use std::time::Duration;
use unicode_width::UnicodeWidthStr;

/// The sizes that pictures are compared at.
const SIZES: [(u16, u16); 4] = [(20, 5), (40, 15), (80, 24), (120, 40)];

/// An interface with its presenter, and nothing else.
struct Desk {
    app: App,
    memory: Memory,
}

impl Desk {
    /// After the first look at a scene.
    fn new(scene: &Scene, view: View, size: (u16, u16), theme: ThemeName) -> Self {
        let settings = Settings { theme, ..Settings::for_tests(view) };
        let mut desk = Self { app: App::new(settings, size, testing::NOW), memory: Memory::default() };
        desk.look(scene);
        desk
    }

    /// Looks at a scene.
    fn look(&mut self, scene: &Scene) {
        self.feed(Event::Looked(Arc::new(Look::new(Depth::Full, scene.picture(), Duration::from_millis(7)))));
    }

    fn feed(&mut self, event: Event) {
        let mut events = vec![event];
        while let Some(event) = events.pop() {
            for effect in self.app.update(event) {
                if let Effect::Present(asked) = effect {
                    events.push(Event::Presented(Box::new(present(&asked.1, &asked.0, &mut self.memory))));
                }
            }
        }
        self.paint();
    }

    /// Presses keys, written as in the configuration and with a blank between.
    fn keys(&mut self, keys: &str) -> &mut Self {
        for key in keys.split(' ') {
            self.feed(Event::Key(Key::parse(key).unwrap()));
        }
        self
    }

    fn paint(&mut self) -> Buffer {
        let mut terminal = Terminal::new(TestBackend::new(self.app.area.0, self.app.area.1)).unwrap();
        let mut painted = None;
        terminal.draw(|frame| painted = Some(draw(frame, &self.app))).unwrap();
        self.app.take_painted(painted.unwrap());
        terminal.backend().buffer().clone()
    }

    /// What is to be seen, in a frame.
    fn text(&mut self) -> String {
        let buffer = self.paint();
        let lines: Vec<String> = rows(&buffer).map(|row| row.map(|(_, symbol)| symbol).collect()).collect();
        framed(self.app.area, &lines)
    }

    /// Which cells have which style: a letter for each, and what the letters mean. A blank is the ground.
    fn styles(&mut self) -> String {
        let buffer = self.paint();
        let mut known = vec![self.app.theme.text];
        let mut lines = Vec::new();
        for row in rows(&buffer) {
            let mut line = String::new();
            for (at, symbol) in row {
                let style = buffer.content[at].style();
                let plain = ratatui::style::Style::reset().patch(style);
                let place = known.iter().position(|other| ratatui::style::Style::reset().patch(*other) == plain);
                let place = place.unwrap_or_else(|| {
                    known.push(style);
                    known.len() - 1
                });
                let letter = if place == 0 { ' ' } else { char::from(b'a' + place as u8 - 1) };
                line.extend(std::iter::repeat_n(letter, symbol.width().max(1)));
            }
            lines.push(line);
        }
        let mut text = framed(self.app.area, &lines);
        for (style, letter) in known.iter().skip(1).zip('a'..) {
            writeln!(text, "{letter}: {style:?}").unwrap();
        }
        text
    }
}

/// The cells of each row, without those that a wide character before them covers.
fn rows(buffer: &Buffer) -> impl Iterator<Item = impl Iterator<Item = (usize, &str)>> {
    let width = usize::from(buffer.area.width);
    (0..usize::from(buffer.area.height)).map(move |row| {
        let mut next = row * width;
        std::iter::from_fn(move || {
            let at = next;
            let symbol = (at < (row + 1) * width).then(|| buffer.content[at].symbol())?;
            next += symbol.width().max(1);
            Some((at, symbol))
        })
    })
}

/// Lines with what shows where they end. The time of day depends on the place of the machine.
fn framed((width, height): (u16, u16), lines: &[String]) -> String {
    let mut text = format!("{width}x{height}\n");
    for line in lines {
        let clocks = (0..9).map(|later| super::footer::clock(Time { secs: testing::NOW.secs + later, nanos: 0 }));
        let line = clocks.fold(line.clone(), |line, clock| line.replace(&format!(" {clock} "), " HH:MM:SS "));
        writeln!(text, "|{line}|").unwrap();
    }
    text
}
